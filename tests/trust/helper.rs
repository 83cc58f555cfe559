//! A credential helper, as `credential_store = "command"` runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::Checked;

/// Keeps entries as files beside itself, and notes the words of each call in
/// `words`. While there is a file `hold`, a `store` of an entry that ends in
/// what it says writes the entry's name and its caller's process id into the pipe
/// `held`, waits until the pipe `gate` is opened, and fails.
const SCRIPT: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 9
echo "helper $*" >> words
case "$1" in
  get) [ -e "$2" ] || exit 0; cat "$2" ;;
  store)
    if [ -e hold ] && [ "${2##*.}" = "$(cat hold)" ]; then
      echo "$2 $PPID" > held; cat gate; exit 1
    fi
    cat > "$2.new" && mv "$2.new" "$2" ;;
  erase) rm -f "$2" ;;
  *) exit 2 ;;
esac
"#;

/// An installed helper.
pub(crate) struct Helper {
    folder: PathBuf,
}

impl Helper {
    /// Installs one in `folder`.
    pub(crate) fn install(folder: PathBuf) -> Checked<Self> {
        program(&folder.join("helper"), SCRIPT)?;
        for pipe in ["held", "gate"] {
            let made = Command::new("mkfifo").arg(folder.join(pipe)).status()?;
            assert!(made.success());
        }
        Ok(Self { folder })
    }

    /// The lines of a profile that use it.
    pub(crate) fn lines(&self) -> String {
        let program = self.path("helper").display().to_string();
        format!("credential_store = \"command\"\ncredential_command = [{program:?}]\n")
    }

    /// A file in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Writes a program.
pub(crate) fn program(path: &Path, script: &str) -> Checked {
    fs::create_dir_all(path.parent().ok_or("no folder")?)?;
    fs::write(path, script)?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o700),
    )?)
}
