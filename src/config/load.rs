//! Merges flags, variables and the file, in this order of precedence.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reqwest::Url;
use secrecy::SecretString;

use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreKind;
use crate::config::address::parse_url;
use crate::config::environment::{self, Environment};
use crate::config::error::{ConfigError, ConfigProblem, Location};
use crate::config::file::{File, Values, parse};
use crate::config::settings::{
    AUDIENCE, CLIENT_ID, CREDENTIAL_COMMAND, CREDENTIAL_STORE, ENDPOINT, ISSUER, Setting,
};
use crate::config::{CREDENTIAL_STORES, Config, Origin, Paths, Profile, UiSettings};
use crate::text::suggest::nearest;

/// The configuration flags of the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--config`.
    pub file: Option<PathBuf>,
}

/// Finds, reads and merges the configuration. Reads one file; writes nothing.
///
/// # Errors
///
/// [`ConfigError::Absent`] when nothing at all is configured; otherwise all
/// problems together.
pub fn load(flags: &Flags, environment: &Environment<'_>) -> Result<Config, ConfigError> {
    let paths = Paths::find(environment)?;
    let path = flags.file.clone().unwrap_or_else(|| paths.config_file());
    let text = match std::fs::read(&path) {
        Ok(bytes) => Some(utf8(bytes, &path)?),
        // A home such as /dev/null has no file either.
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
                && flags.file.is_none() =>
        {
            None
        }
        Err(source) => return Err(ConfigError::Unreadable { path, source }),
    };
    let file = match &text {
        Some(text) => parse(text, &path).map_err(|problems| ConfigError::Problems { problems })?,
        None => File::default(),
    };
    let mut merge = Merge {
        environment,
        path: &path,
        problems: Vec::new(),
        origins: Vec::new(),
    };
    let profile = merge.profile(flags, &file);
    let Merge {
        mut problems,
        origins,
        ..
    } = merge;
    problems.dedup();
    let untouched = text.is_none()
        && !environment::CONNECTION
            .iter()
            .any(|name| environment.raw(name).is_some());
    match profile {
        Some(profile) if problems.is_empty() => Ok(Config {
            profile,
            profiles: file.profiles.into_keys().collect(),
            paths,
            file: text.map(|_| path),
            ui: UiSettings::new(&file.ui),
            views: file.views,
            theme: file.theme,
            keys: file.keys,
            origins,
        }),
        Some(_) | None if untouched => Err(ConfigError::Absent { file: path }),
        Some(_) | None => Err(ConfigError::Problems { problems }),
    }
}

fn utf8(bytes: Vec<u8>, path: &Path) -> Result<String, ConfigError> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(valid);
        let problem = ConfigProblem {
            location: Location::Line {
                file: path.to_owned(),
                line: 1 + before.filter(|byte| **byte == b'\n').count(),
            },
            message: "invalid UTF-8".to_owned(),
            nearest: None,
        };
        ConfigError::Problems {
            problems: vec![problem],
        }
    })
}

/// The state of looking up the settings of one profile.
struct Merge<'a> {
    environment: &'a Environment<'a>,
    path: &'a Path,
    problems: Vec<ConfigProblem>,
    origins: Vec<Origin>,
}

impl Merge<'_> {
    fn profile(&mut self, flags: &Flags, file: &File) -> Option<Profile> {
        let name = self.name(flags, file);
        let absent = Values::default();
        let written = file.profiles.get(&name).unwrap_or(&absent);
        if self.is_unknown(&name, file) {
            return None;
        }
        let issuer = self.required_url(&name, &ISSUER, written);
        let client_id = self.required(&name, &CLIENT_ID, written);
        let audience = self.required(&name, &AUDIENCE, written);
        let endpoint = self.required_url(&name, &ENDPOINT, written);
        let (credential_store, credential_command) = self.credentials(&name, written);
        // A token read from a file ends with a line break, which no header may hold.
        let access_token = self
            .variable(environment::ACCESS_TOKEN)
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty());
        Some(Profile {
            connection: Connection {
                issuer: issuer?.0,
                client_id: client_id?,
                audience: audience?,
                endpoint: endpoint?.1,
            },
            credential_store,
            credential_command,
            access_token: access_token.map(SecretString::from),
            name,
        })
    }

    /// Returns the profile's name: the flag's, the variable's, the file's default,
    /// its only one, else `default`.
    fn name(&mut self, flags: &Flags, file: &File) -> String {
        let (value, from) = if let Some(name) = &flags.profile {
            (name.clone(), "--profile".to_owned())
        } else if let Some(name) = self.variable(environment::PROFILE) {
            (name, environment::PROFILE.to_owned())
        } else if let Some(name) = &file.default_profile {
            (name.value.clone(), self.at(name.line))
        } else {
            let mut names = file.profiles.keys();
            match (names.next(), names.next()) {
                (Some(only), None) => (only.clone(), self.path.display().to_string()),
                (Some(_) | None, _) => ("default".to_owned(), "default".to_owned()),
            }
        };
        self.origins.push(Origin {
            setting: "profile",
            value: value.clone(),
            from,
        });
        value
    }

    /// Returns whether neither the file nor the variables define the profile `name`.
    fn is_unknown(&mut self, name: &str, file: &File) -> bool {
        let from_variables = environment::CONNECTION
            .iter()
            .all(|variable| self.environment.raw(variable).is_some());
        if from_variables || file.profiles.is_empty() || file.profiles.contains_key(name) {
            return false;
        }
        let from = self.origins.first().map(|origin| origin.from.as_str());
        let location = match from {
            Some("--profile") => Location::Flag("--profile"),
            Some(environment::PROFILE) => Location::Variable(environment::PROFILE),
            Some(_) | None => {
                self.problems.push(ConfigProblem {
                    location: Location::Line {
                        file: self.path.to_owned(),
                        line: 1,
                    },
                    message: "the file has several profiles and no `default_profile`".to_owned(),
                    nearest: None,
                });
                return true;
            }
        };
        let near = nearest(name, file.profiles.keys().map(String::as_str));
        self.problems.push(ConfigProblem {
            location,
            message: format!("no profile is called `{name}`"),
            nearest: near.map(str::to_owned),
        });
        true
    }

    /// Returns the value in force and its origin: the variable's, the file's, the default.
    fn value(&mut self, setting: &Setting, written: &Values) -> Option<(String, String)> {
        if let Some(name) = setting.variable
            && let Some(value) = self.variable(name)
        {
            return Some((value, name.to_owned()));
        }
        if let Some((value, line)) = written.text(setting) {
            return Some((value.to_owned(), self.at(line)));
        }
        let default = setting.default?;
        Some((default.to_owned(), "default".to_owned()))
    }

    fn required(
        &mut self,
        profile: &str,
        setting: &'static Setting,
        written: &Values,
    ) -> Option<String> {
        let Some((value, from)) = self.value(setting, written) else {
            let name = setting.name;
            let variable = setting.variable.unwrap_or_default();
            self.problems.push(ConfigProblem {
                location: Location::Profile(profile.to_owned()),
                message: format!("`{name}` is missing; set it in the file or as {variable}"),
                nearest: None,
            });
            return None;
        };
        self.origins.push(Origin {
            setting: setting.name,
            value: value.clone(),
            from,
        });
        Some(value)
    }

    /// As [`Merge::required`], a URL: as written, and parsed.
    fn required_url(
        &mut self,
        profile: &str,
        setting: &'static Setting,
        written: &Values,
    ) -> Option<(String, Url)> {
        let value = self.required(profile, setting, written)?;
        match parse_url(&value) {
            Ok(url) => Some((value, url)),
            Err(why) => {
                self.problems.push(ConfigProblem {
                    location: Location::Variable(setting.variable.unwrap_or_default()),
                    message: format!("`{value}` {why}"),
                    nearest: None,
                });
                None
            }
        }
    }

    fn credentials(
        &mut self,
        profile: &str,
        written: &Values,
    ) -> (CredentialStoreKind, Option<Vec<String>>) {
        let command = written.command(&CREDENTIAL_COMMAND);
        let word = self.required(profile, &CREDENTIAL_STORE, written);
        let word = word.unwrap_or_default();
        let found = CREDENTIAL_STORES.iter().find(|(name, _)| *name == word);
        let Some((_, kind)) = found else {
            let names = CREDENTIAL_STORES.map(|(name, _)| name);
            self.problems.push(ConfigProblem {
                location: Location::Variable(environment::CREDENTIAL_STORE),
                message: format!("`{word}` must be one of {}", names.join(", ")),
                nearest: nearest(&word, names).map(str::to_owned),
            });
            return (CredentialStoreKind::Keyring, None);
        };
        if *kind == CredentialStoreKind::Command && command.is_none() {
            self.problems.push(ConfigProblem {
                location: Location::Profile(profile.to_owned()),
                message: "`credential_store = \"command\"` needs `credential_command`".to_owned(),
                nearest: None,
            });
        }
        (*kind, command.map(<[String]>::to_vec))
    }

    fn variable(&mut self, name: &'static str) -> Option<String> {
        let Ok(text) = self.environment.text(name) else {
            self.problems.push(ConfigProblem {
                location: Location::Variable(name),
                message: "invalid UTF-8".to_owned(),
                nearest: None,
            });
            return None;
        };
        text
    }

    fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

#[cfg(test)]
mod tests;
