//! Which settings are in force: flags over variables over the file.

use std::io;
use std::path::{Path, PathBuf};

use reqwest::Url;
use secrecy::SecretString;

use crate::auth::connection::Connection;
use crate::auth::credential_store::CredentialStoreKind;
use crate::config::address::address;
use crate::config::environment::{self, Environment};
use crate::config::error::{ConfigError, Place, Problem};
use crate::config::file::{File, FileProfile, Spot, parse};
use crate::config::{CREDENTIAL_STORES, Config, Origin, Paths, Profile, nearest};

/// What the command line says of the configuration.
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
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound && flags.file.is_none() => None,
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
            paths,
            file: text.map(|_| path),
            ui: file.ui,
            keys: file.keys,
            origins,
        }),
        Some(_) | None if untouched => Err(ConfigError::Absent { file: path }),
        Some(_) | None => Err(ConfigError::Problems { problems }),
    }
}

/// The settings of one profile while they are looked up.
struct Merge<'a> {
    environment: &'a Environment<'a>,
    path: &'a Path,
    problems: Vec<Problem>,
    origins: Vec<Origin>,
}

impl Merge<'_> {
    fn profile(&mut self, flags: &Flags, file: &File) -> Option<Profile> {
        let name = self.name(flags, file);
        let absent = FileProfile::default();
        let written = file.profiles.get(&name).unwrap_or(&absent);
        if self.names_nothing(&name, file) {
            return None;
        }
        let issuer = self.address(
            &name,
            environment::ISSUER,
            "issuer",
            written.issuer.as_ref(),
        );
        let client_id = self.needed(
            &name,
            environment::CLIENT_ID,
            "client_id",
            written.client_id.as_ref(),
        );
        let audience = self.needed(
            &name,
            environment::AUDIENCE,
            "audience",
            written.audience.as_ref(),
        );
        let endpoint = self.address(
            &name,
            environment::ENDPOINT,
            "endpoint",
            written.endpoint.as_ref(),
        );
        let (credential_store, credential_command) = self.credentials(&name, written);
        // Read from a file it has a line end, which no header may hold.
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

    /// The profile's name: asked for, the file's default, its only one, `default`.
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

    /// Whether `name` is in no file and the variables do not make it up either.
    fn names_nothing(&mut self, name: &str, file: &File) -> bool {
        let made_up = environment::CONNECTION
            .iter()
            .all(|variable| self.environment.raw(variable).is_some());
        if made_up || file.profiles.is_empty() || file.profiles.contains_key(name) {
            return false;
        }
        let from = self.origins.first().map(|origin| origin.from.as_str());
        let place = match from {
            Some("--profile") => Place::Flag("--profile"),
            Some(environment::PROFILE) => Place::Variable(environment::PROFILE),
            Some(_) | None => {
                self.problems.push(Problem {
                    place: Place::Line {
                        file: self.path.to_owned(),
                        line: 1,
                    },
                    message: "several profiles and no `default_profile`".to_owned(),
                    nearest: None,
                });
                return true;
            }
        };
        let near = nearest(name, file.profiles.keys().map(String::as_str));
        self.problems.push(Problem {
            place,
            message: format!("there is no profile `{name}`"),
            nearest: near.map(str::to_owned),
        });
        true
    }

    fn needed(
        &mut self,
        profile: &str,
        variable: &'static str,
        setting: &'static str,
        written: Option<&Spot<String>>,
    ) -> Option<String> {
        let (value, from) = if let Some(value) = self.variable(variable) {
            (value, variable.to_owned())
        } else if let Some(spot) = written {
            (spot.value.clone(), self.at(spot.line))
        } else {
            self.problems.push(Problem {
                place: Place::Profile(profile.to_owned()),
                message: format!("`{setting}` is missing (in the file, or as {variable})"),
                nearest: None,
            });
            return None;
        };
        self.origins.push(Origin {
            setting,
            value: value.clone(),
            from,
        });
        Some(value)
    }

    /// As [`Merge::needed`], an address: as written, and read.
    fn address(
        &mut self,
        profile: &str,
        variable: &'static str,
        setting: &'static str,
        written: Option<&Spot<String>>,
    ) -> Option<(String, Url)> {
        let value = self.needed(profile, variable, setting, written)?;
        match address(&value) {
            Ok(url) => Some((value, url)),
            Err(why) => {
                self.problems.push(Problem {
                    place: Place::Variable(variable),
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
        written: &FileProfile,
    ) -> (CredentialStoreKind, Option<Vec<String>>) {
        let command = written.credential_command.as_ref();
        let from_variable = self.variable(environment::CREDENTIAL_STORE);
        let (word, from) = match (&from_variable, &written.credential_store) {
            (Some(word), _) => (word.as_str(), environment::CREDENTIAL_STORE.to_owned()),
            (None, Some(spot)) => (spot.value.as_str(), self.at(spot.line)),
            (None, None) => ("keyring", "default".to_owned()),
        };
        let found = CREDENTIAL_STORES.iter().find(|(name, _)| *name == word);
        let Some((name, kind)) = found else {
            let names = CREDENTIAL_STORES.map(|(name, _)| name);
            self.problems.push(Problem {
                place: Place::Variable(environment::CREDENTIAL_STORE),
                message: format!("`{word}` is not one of {}", names.join(", ")),
                nearest: nearest(word, names).map(str::to_owned),
            });
            return (CredentialStoreKind::Keyring, None);
        };
        self.origins.push(Origin {
            setting: "credential_store",
            value: (*name).to_owned(),
            from,
        });
        if *kind == CredentialStoreKind::Command && command.is_none() {
            self.problems.push(Problem {
                place: Place::Profile(profile.to_owned()),
                message: "`credential_store = \"command\"` needs `credential_command`".to_owned(),
                nearest: None,
            });
        }
        (*kind, command.map(|spot| spot.value.clone()))
    }

    fn variable(&mut self, name: &'static str) -> Option<String> {
        let Ok(text) = self.environment.text(name) else {
            self.problems.push(Problem {
                place: Place::Variable(name),
                message: "is not UTF-8 text".to_owned(),
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
mod tests {
    use std::collections::HashMap;
    use std::error::Error;
    use std::ffi::OsString;

    use super::*;

    const FILE: &str = r#"
default_profile = "home"
[profiles.home]
issuer = "https://issuer.example/"
client_id = "from-file"
audience = "https://api.example"
endpoint = "https://hasura.example/v1/graphql"
[profiles.work]
issuer = "https://work.example/"
"#;

    struct Machine {
        folder: tempfile::TempDir,
        variables: HashMap<String, OsString>,
    }

    impl Machine {
        fn new(file: Option<&str>) -> Result<Self, Box<dyn Error>> {
            let folder = tempfile::tempdir()?;
            if let Some(text) = file {
                std::fs::write(folder.path().join("config.toml"), text)?;
            }
            let path = folder.path().as_os_str().to_owned();
            let variables = HashMap::from([
                ("TUDONE_CONFIG_DIR".to_owned(), path.clone()),
                ("TUDONE_DATA_DIR".to_owned(), path),
            ]);
            Ok(Self { folder, variables })
        }

        fn with(mut self, name: &str, value: &str) -> Self {
            self.variables.insert(name.to_owned(), value.into());
            self
        }

        fn load(&self, flags: &Flags) -> Result<Config, ConfigError> {
            let lookup = |name: &str| self.variables.get(name).cloned();
            load(flags, &Environment::new(&lookup))
        }
    }

    fn connected(machine: Machine) -> Machine {
        machine
            .with("TUDONE_ISSUER", "http://127.0.0.1:9/")
            .with("TUDONE_CLIENT_ID", "from-variable")
            .with("TUDONE_AUDIENCE", "aud")
            .with("TUDONE_ENDPOINT", "http://127.0.0.1:9/v1/graphql")
    }

    #[test]
    fn variables_alone_are_enough() -> Result<(), Box<dyn Error>> {
        let config = connected(Machine::new(None)?).load(&Flags::default())?;

        assert_eq!(config.profile.name, "default");
        assert_eq!(config.profile.connection.issuer, "http://127.0.0.1:9/");
        assert_eq!(config.file, None);
        Ok(())
    }

    #[test]
    fn a_variable_beats_the_file_and_says_so() -> Result<(), Box<dyn Error>> {
        let machine = Machine::new(Some(FILE))?.with("TUDONE_CLIENT_ID", "from-variable");

        let config = machine.load(&Flags::default())?;

        assert_eq!(config.profile.connection.client_id, "from-variable");
        let origin = |setting| {
            let found = config.origins.iter().find(|it| it.setting == setting);
            found.map(|it| it.from.clone())
        };
        assert_eq!(origin("client_id").as_deref(), Some("TUDONE_CLIENT_ID"));
        assert!(origin("issuer").is_some_and(|from| from.ends_with("config.toml:4")));
        Ok(())
    }

    #[test]
    fn a_flag_beats_a_variable() -> Result<(), Box<dyn Error>> {
        let machine = Machine::new(Some(FILE))?.with("TUDONE_PROFILE", "work");
        let flags = Flags {
            profile: Some("home".to_owned()),
            file: None,
        };

        assert_eq!(machine.load(&flags)?.profile.name, "home");
        Ok(())
    }

    #[test]
    fn everything_missing_is_told_together() -> Result<(), Box<dyn Error>> {
        let machine = Machine::new(Some(FILE))?
            .with("TUDONE_PROFILE", "work")
            .with("TUDONE_ENDPOINT", "http://hasura.example/")
            .with("TUDONE_CREDENTIAL_STORE", "fil");

        let Err(error) = machine.load(&Flags::default()) else {
            return Err("loaded".into());
        };

        let text = error.to_string();
        for part in [
            "`client_id` is missing",
            "`audience` is missing",
            "plain http",
            "did you mean `file`",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        Ok(())
    }

    #[test]
    fn an_unknown_profile_names_the_nearest_one() -> Result<(), Box<dyn Error>> {
        let machine = Machine::new(Some(FILE))?;
        let flags = Flags {
            profile: Some("wrok".to_owned()),
            file: None,
        };

        let error = machine.load(&flags).err().ok_or("loaded")?.to_string();

        assert!(
            error.contains("--profile: there is no profile `wrok`; did you mean `work`?"),
            "{error}"
        );
        Ok(())
    }

    #[test]
    fn nothing_configured_is_an_error_of_its_own() -> Result<(), Box<dyn Error>> {
        let machine = Machine::new(None)?;

        let error = machine.load(&Flags::default()).err().ok_or("loaded")?;

        assert!(
            matches!(error, ConfigError::Absent { file } if file.starts_with(machine.folder.path()))
        );
        Ok(())
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() -> Result<(), Box<dyn Error>> {
        let machine = connected(Machine::new(None)?);
        let flags = Flags {
            profile: None,
            file: Some(machine.folder.path().join("none.toml")),
        };

        let error = machine.load(&flags).err().ok_or("loaded")?;

        assert!(matches!(error, ConfigError::Unreadable { .. }));
        Ok(())
    }

    #[test]
    fn a_token_from_the_environment_is_never_printed() -> Result<(), Box<dyn Error>> {
        let machine = connected(Machine::new(None)?).with("TUDONE_ACCESS_TOKEN", "s3cret-token");

        let config = machine.load(&Flags::default())?;

        assert!(config.profile.access_token.is_some());
        assert!(!format!("{config:?}").contains("s3cret"));
        Ok(())
    }
}
