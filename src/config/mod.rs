//! Reads the configuration: file, environment and flags, as plain values.
//!
//! Flags beat `TUDONE_*` variables beat the file. With the four connection
//! variables set, no file is needed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Weekday;
use secrecy::SecretString;

use crate::app::theme::RoleStyle;
use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreKind;
use crate::domain::view::OwnView;

mod address;
pub mod environment;
pub mod error;
pub mod file;
pub mod load;
pub mod paths;
pub mod settings;
pub mod write;

pub use address::parse_url;
pub use error::{ConfigError, ConfigProblem, Location};
pub use load::{Flags, load};

/// The commented default file, as `tudone config default` prints it.
pub const DEFAULT_FILE: &str = include_str!("../../assets/config.toml");

/// The configuration of the profile in use.
#[derive(Debug, Clone)]
pub struct Config {
    /// The profile in use.
    pub profile: Profile,
    /// The names of the file's profiles.
    pub profiles: Vec<String>,
    /// The directories in use.
    pub paths: Paths,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// The settings of the TUI.
    pub ui: UiSettings,
    /// The user's own views.
    pub views: Vec<OwnView>,
    /// Styles of roles, over the chosen theme.
    pub theme: Vec<(String, RoleStyle)>,
    /// Key bindings as written: action name to key.
    pub keys: BTreeMap<String, String>,
    /// The origin of each setting of the profile, in the order of the default file.
    pub origins: Vec<Origin>,
}

/// The settings of the TUI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UiSettings {
    /// The name of a theme.
    pub theme: String,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether lists by due date or priority have headings.
    pub group: bool,
    /// The first day of the week.
    pub week_start: Weekday,
}

impl UiSettings {
    fn new(values: &file::Values) -> Self {
        let text = |setting: &settings::Setting| {
            let written = values.text(setting).map(|(text, _)| text);
            written.or(setting.default).unwrap_or_default().to_owned()
        };
        Self {
            theme: text(&settings::THEME),
            mouse: text(&settings::MOUSE) == "true",
            group: text(&settings::GROUP) == "true",
            week_start: match text(&settings::WEEK_START).as_str() {
                "tuesday" => Weekday::Tuesday,
                "wednesday" => Weekday::Wednesday,
                "thursday" => Weekday::Thursday,
                "friday" => Weekday::Friday,
                "saturday" => Weekday::Saturday,
                "sunday" => Weekday::Sunday,
                _ => Weekday::Monday,
            },
        }
    }
}

/// The origin of one setting's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The setting's name in the file.
    pub setting: &'static str,
    /// Its value as text. No setting of the file is a secret.
    pub value: String,
    /// Its origin: `TUDONE_ISSUER`, `/path/config.toml:3`, `default`.
    pub from: String,
}

/// A profile as configured.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The issuer and the endpoint.
    pub connection: Connection,
    /// The store of its login.
    pub credential_store: CredentialStoreKind,
    /// The helper program of `credential_store = "command"`.
    pub credential_command: Option<Vec<String>>,
    /// A short-lived access token made elsewhere (`TUDONE_ACCESS_TOKEN`).
    pub access_token: Option<SecretString>,
}

/// The directories in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Where `config.toml` is.
    pub config: PathBuf,
    /// Where databases and lock files are.
    pub data: PathBuf,
    /// Where logs are.
    pub state: PathBuf,
}

/// The credential stores, with their names in the file.
pub const CREDENTIAL_STORES: [(&str, CredentialStoreKind); 4] = [
    ("keyring", CredentialStoreKind::Keyring),
    ("file", CredentialStoreKind::File),
    ("command", CredentialStoreKind::Command),
    ("memory", CredentialStoreKind::Memory),
];
