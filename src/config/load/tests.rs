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
fn all_missing_settings_are_reported_together() -> Result<(), Box<dyn Error>> {
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
        error.contains("--profile: no profile is called `wrok`; did you mean `work`?"),
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
fn a_file_named_by_a_flag_must_exist() -> Result<(), Box<dyn Error>> {
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
fn invalid_utf8_names_its_line() -> Result<(), Box<dyn Error>> {
    let machine = Machine::new(None)?;
    std::fs::write(machine.folder.path().join("config.toml"), b"# a\n# \xff\n")?;

    let error = machine
        .load(&Flags::default())
        .err()
        .ok_or("loaded")?
        .to_string();

    assert!(error.contains("config.toml:2: invalid UTF-8"), "{error}");
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
