//! Writes a profile to a configuration file. Changes only the values that differ; comments, order
//! and everything else stay unchanged.

use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::config::DEFAULT_FILE;
use crate::config::settings::{AUDIENCE, CLIENT_ID, DEFAULT_PROFILE, ENDPOINT, ISSUER};

/// The connection of a profile, as written in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileValues {
    /// `issuer`.
    pub issuer: String,
    /// `client_id`.
    pub client_id: String,
    /// `audience`.
    pub audience: String,
    /// `endpoint`.
    pub endpoint: String,
}

impl ProfileValues {
    fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            (ISSUER.name, &self.issuer),
            (CLIENT_ID.name, &self.client_id),
            (AUDIENCE.name, &self.audience),
            (ENDPOINT.name, &self.endpoint),
        ]
    }
}

/// A file with a profile written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedFile {
    /// The file's new text.
    pub text: String,
    /// The settings of an existing profile that get another value: name, old, new.
    pub replaced: Vec<(&'static str, String, String)>,
}

/// Why a file cannot be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// It is not TOML.
    #[error("the configuration file is not valid TOML")]
    Syntax(#[from] toml_edit::TomlError),
    /// A part of it is not a table.
    #[error("`{name}` in the configuration file is not a table")]
    NotATable {
        /// The part.
        name: String,
    },
}

/// Writes the profile `name` to the text of a file. An absent file (`None`) starts from the
/// commented default; a file without a default profile gets this one.
///
/// # Errors
///
/// See [`WriteError`].
pub fn with_profile(
    text: Option<&str>,
    name: &str,
    values: &ProfileValues,
) -> Result<EditedFile, WriteError> {
    let is_new = text.is_none_or(|text| text.trim().is_empty());
    let start = match text {
        Some(text) if !is_new => text,
        // The default file shows a profile `home`, whose values are replaced here.
        _ if name == "home" => DEFAULT_FILE,
        _ => "",
    };
    let mut document: DocumentMut = start.parse()?;
    if document.get(DEFAULT_PROFILE.name).is_none() {
        document.insert(DEFAULT_PROFILE.name, value(name));
    }
    let profiles = table(document.as_table_mut(), "profiles", true)?;
    let profile = table(profiles, name, false)?;
    let mut replaced = Vec::new();
    for (setting, new) in values.pairs() {
        let old = profile.get(setting).and_then(Item::as_str);
        if old == Some(new) {
            continue;
        }
        if let Some(old) = old.filter(|_| !is_new) {
            replaced.push((setting, old.to_owned(), new.to_owned()));
        }
        set(profile, setting, new);
    }
    Ok(EditedFile {
        text: document.to_string(),
        replaced,
    })
}

/// Returns the table `name` of `parent`, creating it if necessary.
fn table<'a>(
    parent: &'a mut dyn TableLike,
    name: &str,
    is_implicit: bool,
) -> Result<&'a mut dyn TableLike, WriteError> {
    let made = || {
        let mut table = Table::new();
        table.set_implicit(is_implicit);
        Item::Table(table)
    };
    parent
        .entry(name)
        .or_insert_with(made)
        .as_table_like_mut()
        .ok_or_else(|| WriteError::NotATable {
            name: name.to_owned(),
        })
}

/// Sets a value and keeps the comments around it.
fn set(table: &mut dyn TableLike, name: &str, new: &str) {
    match table.get_mut(name) {
        Some(Item::Value(old)) => {
            let decor = old.decor().clone();
            *old = new.into();
            *old.decor_mut() = decor;
        }
        Some(_) | None => {
            table.insert(name, value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::file;

    type Checked = Result<(), Box<dyn std::error::Error>>;

    fn values() -> ProfileValues {
        ProfileValues {
            issuer: "https://t.eu.auth0.com/".to_owned(),
            client_id: "abc".to_owned(),
            audience: "https://todos.example/api".to_owned(),
            endpoint: "https://h.example/v1/graphql".to_owned(),
        }
    }

    #[test]
    fn a_new_file_is_the_commented_default_with_the_values_in_it() -> Checked {
        let written = with_profile(None, "home", &values())?;

        assert!(written.replaced.is_empty(), "{:?}", written.replaced);
        assert!(written.text.starts_with("# tudone's configuration."));
        assert!(
            written
                .text
                .contains("\nissuer = \"https://t.eu.auth0.com/\"\n")
        );
        assert!(!written.text.contains("CLIENT-ID"));
        let same = with_profile(Some(&written.text), "home", &values())?;
        assert_eq!(same.text, written.text);
        Ok(())
    }

    #[test]
    fn a_second_profile_leaves_the_first_and_every_comment_as_they_are() -> Checked {
        let before = "# mine\ndefault_profile = \"work\" # here\n\n[profiles.work]\n# a note\n\
                      issuer = \"https://w.example/\"   # odd   spaces\n\n[keys]\nquit = \"q\"\n";

        let written = with_profile(Some(before), "home", &values())?;

        assert!(written.replaced.is_empty());
        for line in before.lines().filter(|line| !line.is_empty()) {
            assert!(written.text.contains(line), "{line} in\n{}", written.text);
        }
        assert!(written.text.contains("[profiles.home]"), "{}", written.text);
        let read = file::parse(&written.text, Path::new("c.toml"));
        let read = read.map_err(|problems| format!("{problems:?}\n{}", written.text))?;
        assert_eq!(read.profiles.len(), 2);
        Ok(())
    }

    #[test]
    fn a_changed_value_keeps_its_comment_and_is_reported() -> Checked {
        let before = "default_profile = \"home\"\n[profiles.home]\n# the tenant\n\
                      issuer = \"https://old.example/\" # was moved\nclient_id = \"abc\"\n";

        let written = with_profile(Some(before), "home", &values())?;

        assert!(
            written
                .text
                .contains("# the tenant\nissuer = \"https://t.eu.auth0.com/\" # was moved\n"),
            "{}",
            written.text
        );
        let (old, new) = ("https://old.example/", "https://t.eu.auth0.com/");
        assert_eq!(
            written.replaced,
            [("issuer", old.to_owned(), new.to_owned())]
        );
        Ok(())
    }

    #[test]
    fn a_name_with_a_dot_or_a_quote_stays_one_name() -> Checked {
        for name in ["a.b", "a \"b\"", "ü"] {
            let written = with_profile(Some("# empty\n"), name, &values())?;
            let read = file::parse(&written.text, Path::new("c.toml"));
            let read = read.map_err(|problems| format!("{problems:?}\n{}", written.text))?;
            assert!(read.profiles.contains_key(name), "{}", written.text);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert!(with_profile(Some("profiles = 3\n"), "home", &values()).is_err());
        assert!(with_profile(Some("[profiles\n"), "home", &values()).is_err());
    }
}
