//! The files that `setup` applies, written to a directory instead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One file of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its path below the export directory, with `/` between the parts.
    pub path: &'static str,
    /// Its content.
    pub text: &'static str,
}

macro_rules! assets {
    ($($path:literal),* $(,)?) => {
        &[$(Asset { path: $path, text: include_str!(concat!("../../assets/", $path)) }),*]
    };
}

/// Every file of an export: a Hasura CLI project, the Auth0 Action with a
/// deploy-cli tenant file, and a compose file.
pub const ASSETS: &[Asset] = assets![
    "auth0/actions/hasura-sync/code.js",
    "auth0/tenant.yaml",
    "compose.yaml",
    "env.example",
    "hasura/config.yaml",
    "hasura/metadata/actions.graphql",
    "hasura/metadata/actions.yaml",
    "hasura/metadata/databases/databases.yaml",
    "hasura/metadata/databases/default/tables/public_todo_changes.yaml",
    "hasura/metadata/databases/default/tables/public_todos.yaml",
    "hasura/metadata/databases/default/tables/public_users.yaml",
    "hasura/metadata/databases/default/tables/tables.yaml",
    "hasura/metadata/version.yaml",
    "hasura/migrations/default/1795478400000_bare/down.sql",
    "hasura/migrations/default/1795478400000_bare/up.sql",
    "hasura/migrations/default/1795478401000_full/down.sql",
    "hasura/migrations/default/1795478401000_full/up.sql",
];

/// The state of an asset's file in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// There is no such file.
    Missing,
    /// The file equals the asset.
    Unchanged,
    /// The file has another content.
    Different,
}

/// An asset with the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The asset to write.
    pub asset: Asset,
    /// Its file.
    pub path: PathBuf,
    /// The state of the file.
    pub state: FileState,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
pub struct ExportError {
    /// The file or directory.
    pub path: PathBuf,
    /// The system's error.
    #[source]
    pub source: io::Error,
}

/// Compares every asset with its file below `directory`.
///
/// # Errors
///
/// When a file that exists cannot be read.
pub fn compare(directory: &Path) -> Result<Vec<Target>, ExportError> {
    let one = |asset: &Asset| {
        let path = asset
            .path
            .split('/')
            .fold(directory.to_owned(), |path, part| path.join(part));
        let state = match fs::read(&path) {
            Ok(bytes) if bytes == asset.text.as_bytes() => FileState::Unchanged,
            Ok(_) => FileState::Different,
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::Missing,
            Err(source) => return Err(ExportError { path, source }),
        };
        Ok(Target {
            asset: *asset,
            path,
            state,
        })
    };
    ASSETS.iter().map(one).collect()
}

/// Writes the targets that are missing or different.
///
/// # Errors
///
/// The first file or directory that cannot be written.
pub fn write(targets: &[Target]) -> Result<(), ExportError> {
    let stale = targets
        .iter()
        .filter(|target| target.state != FileState::Unchanged);
    for target in stale {
        let error = |source| ExportError {
            path: target.path.clone(),
            source,
        };
        if let Some(parent) = target.path.parent() {
            fs::create_dir_all(parent).map_err(error)?;
        }
        fs::write(&target.path, target.asset.text).map_err(error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn files(directory: &Path, root: &Path, found: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                files(&path, root, found)?;
            } else if let Ok(inside) = path.strip_prefix(root) {
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
                found.push(parts.join("/"));
            }
        }
        Ok(())
    }

    #[test]
    fn an_export_has_every_file_of_the_backend() -> Result<(), Box<dyn Error>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let mut found = vec!["compose.yaml".to_owned(), "env.example".to_owned()];
        for folder in ["hasura", "auth0"] {
            if root.join(folder).exists() {
                files(&root.join(folder), &root, &mut found)?;
            }
        }
        found.sort();
        let mut exported: Vec<&str> = ASSETS.iter().map(|asset| asset.path).collect();
        exported.sort_unstable();

        assert_eq!(exported, found);
        Ok(())
    }
}
