//! Every setting, in one table: where it stands in the file, the variable that
//! overrides it, its default and its form.

use crate::config::environment;

/// A setting of the configuration file.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file.
    pub name: &'static str,
    /// The table of the file it belongs to.
    pub section: Section,
    /// The variable that overrides the file.
    pub variable: Option<&'static str>,
    /// The value in force when nothing sets it; `None` where a value is required
    /// or the setting is optional.
    pub default: Option<&'static str>,
    /// The values it takes.
    pub form: ValueForm,
    /// The field of [`Config`](crate::config::Config) that the program reads it from.
    pub field: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
}

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The top level.
    Top,
    /// `[profiles.NAME]`.
    Profile,
    /// `[ui]`.
    Ui,
}

/// The values that a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueForm {
    /// Any text that is not blank.
    Text,
    /// An `https` URL; plain `http` for loopback addresses.
    Url,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A program and its arguments.
    Command,
    /// `true` or `false`.
    Switch,
}

/// The profile that is used when no flag or variable names one.
pub static DEFAULT_PROFILE: Setting = Setting {
    name: "default_profile",
    section: Section::Top,
    variable: Some(environment::PROFILE),
    default: None,
    form: ValueForm::Text,
    field: "config.name",
    doc: "the profile that is used when neither --profile nor TUDONE_PROFILE names one",
};
/// The OIDC issuer.
pub static ISSUER: Setting = Setting {
    name: "issuer",
    section: Section::Profile,
    variable: Some(environment::ISSUER),
    default: None,
    form: ValueForm::Url,
    field: "connection.issuer",
    doc: "the OIDC issuer, exactly as its tokens name it (Auth0's ends with a slash)",
};
/// The public client's id.
pub static CLIENT_ID: Setting = Setting {
    name: "client_id",
    section: Section::Profile,
    variable: Some(environment::CLIENT_ID),
    default: None,
    form: ValueForm::Text,
    field: "connection.client_id",
    doc: "the id of a Native application with the device-code grant",
};
/// The API's identifier.
pub static AUDIENCE: Setting = Setting {
    name: "audience",
    section: Section::Profile,
    variable: Some(environment::AUDIENCE),
    default: None,
    form: ValueForm::Text,
    field: "connection.audience",
    doc: "the API's identifier",
};
/// The GraphQL endpoint.
pub static ENDPOINT: Setting = Setting {
    name: "endpoint",
    section: Section::Profile,
    variable: Some(environment::ENDPOINT),
    default: None,
    form: ValueForm::Url,
    field: "connection.endpoint",
    doc: "Hasura's GraphQL endpoint; it ends with /v1/graphql",
};
/// The store of tokens.
pub static CREDENTIAL_STORE: Setting = Setting {
    name: "credential_store",
    section: Section::Profile,
    variable: Some(environment::CREDENTIAL_STORE),
    default: Some("keyring"),
    form: ValueForm::OneOf(&["keyring", "file", "command", "memory"]),
    field: "config.credential_store",
    doc: "where the login is stored",
};
/// The helper program of `credential_store = "command"`.
pub static CREDENTIAL_COMMAND: Setting = Setting {
    name: "credential_command",
    section: Section::Profile,
    variable: None,
    default: None,
    form: ValueForm::Command,
    field: "config.credential_command",
    doc: "the program, and its arguments, that stores the login with `credential_store = \"command\"`",
};

/// The colours of the TUI.
pub static THEME: Setting = Setting {
    name: "theme",
    section: Section::Ui,
    variable: None,
    default: Some("terminal"),
    form: ValueForm::OneOf(&["terminal", "dark", "light"]),
    field: "ui.theme",
    doc: "the colours of the TUI: those of the terminal, or dark or light ones of its own",
};
/// Whether the TUI uses the mouse.
pub static MOUSE: Setting = Setting {
    name: "mouse",
    section: Section::Ui,
    variable: None,
    default: Some("false"),
    form: ValueForm::Switch,
    field: "ui.mouse",
    doc: "whether the TUI uses the mouse; selecting text then needs shift in most terminals",
};
/// Whether ordered lists of the TUI have headings.
pub static GROUP: Setting = Setting {
    name: "group",
    section: Section::Ui,
    variable: None,
    default: Some("true"),
    form: ValueForm::Switch,
    field: "ui.group",
    doc: "whether lists by due date or priority have headings",
};
/// The first day of the week.
pub static WEEK_START: Setting = Setting {
    name: "week_start",
    section: Section::Ui,
    variable: None,
    default: Some("monday"),
    form: ValueForm::OneOf(&[
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ]),
    field: "ui.week_start",
    doc: "the first day of the week",
};

/// All settings, in the order of the default file.
pub static SETTINGS: [&Setting; 11] = [
    &DEFAULT_PROFILE,
    &ISSUER,
    &CLIENT_ID,
    &AUDIENCE,
    &ENDPOINT,
    &CREDENTIAL_STORE,
    &CREDENTIAL_COMMAND,
    &THEME,
    &MOUSE,
    &GROUP,
    &WEEK_START,
];

/// The tables of the file.
pub const TABLES: [&str; 5] = ["profiles", "ui", "views", "theme", "keys"];

/// Returns the setting called `name` in `section`.
#[must_use]
pub fn find(section: Section, name: &str) -> Option<&'static Setting> {
    in_section(section).find(|setting| setting.name == name)
}

/// Returns the settings of `section`, in the table's order.
pub fn in_section(section: Section) -> impl Iterator<Item = &'static Setting> {
    let all = SETTINGS.iter().copied();
    all.filter(move |setting| setting.section == section)
}
