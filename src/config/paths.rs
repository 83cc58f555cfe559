//! The directories of tudone's files.

use std::path::PathBuf;

use directories::ProjectDirs;

use crate::config::environment::{CONFIG_DIR, DATA_DIR, Environment};
use crate::config::{ConfigError, Paths};

impl Paths {
    /// Returns the platform's directories (XDG on Linux), unless `TUDONE_CONFIG_DIR` or
    /// `TUDONE_DATA_DIR` name others. Does not access the disk.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NoHomeDirectory`] when neither the system nor a variable names them.
    pub fn find(environment: &Environment<'_>) -> Result<Self, ConfigError> {
        let usual = ProjectDirs::from("", "", "tudone");
        let named = |name| environment.raw(name).map(PathBuf::from);
        let config = named(CONFIG_DIR)
            .or_else(|| Some(usual.as_ref()?.config_dir().to_owned()))
            .ok_or(ConfigError::NoHomeDirectory)?;
        let data = named(DATA_DIR)
            .or_else(|| Some(usual.as_ref()?.data_local_dir().to_owned()))
            .ok_or(ConfigError::NoHomeDirectory)?;
        let state = usual
            .as_ref()
            .and_then(|usual| usual.state_dir().map(PathBuf::from))
            .unwrap_or_else(|| data.join("logs"));
        Ok(Self {
            config,
            data,
            state,
        })
    }

    /// Returns the default path of the configuration file.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}
