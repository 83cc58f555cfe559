//! Edits a text in `$VISUAL` or `$EDITOR`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::error::CliError;

/// A file with mode 0600, deleted when dropped.
struct Draft {
    path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Opens `text` in `$VISUAL` or `$EDITOR` and returns the saved text without the
/// line break that editors add.
///
/// # Errors
///
/// Wrong usage when neither is set; [`CliError::Cancelled`] when the editor
/// fails; the disk's errors.
pub(crate) fn edited(text: &str, name: &str) -> Result<String, CliError> {
    let words = command()?;
    let draft = write_draft(text, name).map_err(CliError::io("write the draft to edit"))?;
    let mut words = words.split_whitespace();
    let program = words.next().unwrap_or_default();
    let status = Command::new(program)
        .args(words)
        .arg(&draft.path)
        .status()
        .map_err(CliError::io(format!("start the editor `{program}`")))?;
    if !status.success() {
        return Err(CliError::Cancelled);
    }
    read(&draft.path)
}

fn command() -> Result<String, CliError> {
    let variable = |name| std::env::var(name).ok().filter(|it| !it.trim().is_empty());
    variable("VISUAL")
        .or_else(|| variable("EDITOR"))
        .ok_or_else(|| {
            CliError::usage(
                "no new text, and no editor is set",
                "Type the new text, or set VISUAL or EDITOR.",
            )
        })
}

fn write_draft(text: &str, name: &str) -> std::io::Result<Draft> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = std::env::temp_dir().join(format!("tudone-{name}.txt"));
    let mut file = options.open(&path)?;
    let draft = Draft { path };
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    Ok(draft)
}

fn read(path: &Path) -> Result<String, CliError> {
    let mut text = std::fs::read_to_string(path).map_err(CliError::io("read the edited draft"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}
