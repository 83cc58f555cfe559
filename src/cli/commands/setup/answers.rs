//! The answers of an unfinished guided setup, which the next one offers again.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::{Paths, environment};
use crate::os::private_file;

/// Answers that are not secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answers {
    /// Address of Hasura.
    #[serde(default)]
    pub(super) hasura: Option<String>,
    /// Domain of the tenant.
    #[serde(default)]
    pub(super) domain: Option<String>,
}

impl Answers {
    fn path() -> Option<PathBuf> {
        let paths = Paths::find(&environment::process()).ok()?;
        Some(paths.data.join("setup.json"))
    }

    /// Reads the answers of an earlier run; empty if there are none.
    pub(super) fn load() -> Self {
        let read = Self::path().and_then(|path| fs::read(path).ok());
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Keeps the answers. A failure costs typing them again, so it is not reported.
    pub(super) fn keep(&self) {
        if let (Some(path), Ok(text)) = (Self::path(), serde_json::to_string(self))
            && let Some(folder) = path.parent()
            && private_file::create_directory(folder).is_ok()
        {
            let _ = private_file::replace(&path, text.as_bytes());
        }
    }

    /// Deletes them, once the profile holds them.
    pub(super) fn forget() {
        if let Some(path) = Self::path() {
            let _ = fs::remove_file(path);
        }
    }
}
