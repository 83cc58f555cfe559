//! File, environment and flags, as plain values.
//!
//! Flags beat `TUDONE_*` variables beat the file. With the four connection
//! variables set, no file is needed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreKind;

mod address;
pub mod environment;
pub mod error;
pub mod file;
pub mod load;
mod nearest;
pub mod paths;

pub use error::{ConfigError, Place, Problem};
pub use load::{Flags, load};
pub use nearest::nearest;

/// The commented default file, as `tudone config default` prints it.
pub const DEFAULT_FILE: &str = include_str!("../../assets/config.toml");

/// Everything that is configured, for the profile in use.
#[derive(Debug, Clone)]
pub struct Config {
    /// The profile in use.
    pub profile: Profile,
    /// The folders in use.
    pub paths: Paths,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// How the screens look and behave.
    pub ui: Ui,
    /// Key bindings as written: action name to key. The key map checks them.
    pub keys: BTreeMap<String, String>,
    /// Where each setting of the profile comes from, in the order of the file's
    /// documentation.
    pub origins: Vec<Origin>,
}

/// Where one setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The setting's name in the file.
    pub setting: &'static str,
    /// Its value as text. No setting of the file is a secret.
    pub value: String,
    /// Who set it: `TUDONE_ISSUER`, `/path/config.toml:3`, `default`.
    pub from: String,
}

/// A profile as configured.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where to log in and where the todos are.
    pub connection: Connection,
    /// Where its login is kept.
    pub credential_store: CredentialStoreKind,
    /// The helper program of `credential_store = "command"`.
    pub credential_command: Option<Vec<String>>,
    /// A short-lived token made elsewhere (`TUDONE_ACCESS_TOKEN`).
    pub access_token: Option<SecretString>,
}

/// The folders in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Where `config.toml` is.
    pub config: PathBuf,
    /// Where databases and lock files are.
    pub data: PathBuf,
    /// Where logs are.
    pub state: PathBuf,
}

/// How the screens look and behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ui {
    /// Which colours.
    pub theme: Theme,
    /// Whether the mouse is listened to; the terminal's own selection then
    /// needs Shift.
    pub mouse: bool,
}

/// Which colours the screens use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The terminal's own sixteen.
    #[default]
    Terminal,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
}

impl Theme {
    /// All of them, with their names in the file.
    pub const NAMED: [(&'static str, Self); 3] = [
        ("terminal", Self::Terminal),
        ("dark", Self::Dark),
        ("light", Self::Light),
    ];
}

/// The credential stores, with their names in the file.
pub const CREDENTIAL_STORES: [(&str, CredentialStoreKind); 4] = [
    ("keyring", CredentialStoreKind::Keyring),
    ("file", CredentialStoreKind::File),
    ("command", CredentialStoreKind::Command),
    ("memory", CredentialStoreKind::Memory),
];
