//! Edits a text in `$VISUAL` or `$EDITOR`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::error::CliError;
use crate::os::private_file;

/// A text in a file with mode 0600, deleted when dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Draft {
    /// Writes `text` into a new file; `name` makes the file's name unique.
    ///
    /// # Errors
    ///
    /// The disk's.
    pub(crate) fn new(text: &str, name: &str) -> Result<Self, CliError> {
        write_draft(text, name).map_err(CliError::io("write the draft to edit"))
    }

    /// Opens the draft in `$VISUAL` or `$EDITOR` and returns the saved text without
    /// the line break that editors add.
    ///
    /// # Errors
    ///
    /// Wrong usage when neither is set; [`CliError::Cancelled`] when the editor
    /// fails; the disk's errors.
    pub(crate) fn edit(&self) -> Result<String, CliError> {
        let (program, options) = command()?;
        let status = Command::new(&program)
            .args(options)
            .arg(&self.path)
            .status()
            .map_err(CliError::io(format!("start the editor `{program}`")))?;
        if !status.success() {
            return Err(CliError::Cancelled);
        }
        read(&self.path)
    }

    /// Leaves the file where it is, and returns its path.
    pub(crate) fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.path)
    }
}

/// Returns the editor and its options, split as a shell splits words.
fn command() -> Result<(String, Vec<String>), CliError> {
    let found = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.trim().is_empty()).then_some((name, value))
    });
    let Some((name, value)) = found else {
        return Err(CliError::usage(
            "no new text, and no editor is set",
            "Type the new text, or set VISUAL or EDITOR.",
        ));
    };
    let words = shell_words::split(&value).map_err(|error| {
        CliError::usage(
            format!("{name} cannot be split into words: {error}"),
            format!("Close the quotes in {name}, as in a shell."),
        )
    })?;
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    Ok((program, words.collect()))
}

fn write_draft(text: &str, name: &str) -> std::io::Result<Draft> {
    let path = std::env::temp_dir().join(format!("tudone-{name}.txt"));
    let mut file = private_file::create_new(&path)?;
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
