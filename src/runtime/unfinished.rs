//! Keeps typed lines that were not saved for the next start: one file an account.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::app::unfinished::UnfinishedLine;
use crate::domain::key::Key;
use crate::os::private_file;

/// The largest file that is read, in bytes.
const MOST: u64 = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edits: Option<Edited>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Edited {
    key: String,
    before: String,
}

/// Reads the lines in `path`; none if there is no file, or an unreadable one.
pub(super) fn load(path: &Path) -> Vec<UnfinishedLine> {
    let bytes = private_file::read_at_most(path, MOST).unwrap_or_default();
    let stored: Vec<Stored> = serde_json::from_slice(&bytes).unwrap_or_default();
    stored.into_iter().map(line).collect()
}

fn line(stored: Stored) -> UnfinishedLine {
    // Without a valid key it is a new todo: no text is lost.
    let edits = stored
        .edits
        .and_then(|edited| Some((edited.key.parse::<Key>().ok()?, edited.before)));
    UnfinishedLine {
        text: stored.text,
        edits,
    }
}

/// Replaces the lines in `path`, durably. If there are none, only the lines
/// `stored` by this process or offered at its start are deleted: another process may
/// have kept its own.
///
/// # Errors
///
/// The system's.
pub(super) fn keep(
    path: &Path,
    lines: &[UnfinishedLine],
    stored: &[UnfinishedLine],
) -> io::Result<()> {
    if lines.is_empty() {
        if stored.is_empty() || load(path) != stored {
            return Ok(());
        }
        return private_file::delete(path);
    }
    let lines: Vec<Stored> = lines
        .iter()
        .map(|line| Stored {
            text: line.text.clone(),
            edits: line.edits.as_ref().map(|(key, before)| Edited {
                key: key.to_string(),
                before: before.clone(),
            }),
        })
        .collect();
    private_file::replace(path, &serde_json::to_vec(&lines)?)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn lines() -> Vec<UnfinishedLine> {
        let key = Key::new(Uuid::from_u128(7));
        vec![
            UnfinishedLine {
                text: "  buy \u{1b} milk ".to_owned(),
                edits: None,
            },
            UnfinishedLine {
                text: "more".to_owned(),
                edits: Some((key, "less".to_owned())),
            },
        ]
    }

    #[test]
    fn kept_lines_come_back_as_they_were() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("unfinished.json");
        assert_eq!(load(&path), []);
        keep(&path, &lines(), &[])?;
        assert_eq!(load(&path), lines());
        keep(&path, &[], &lines())?;
        assert!(!path.exists());
        Ok(())
    }

    #[test]
    fn lines_of_another_process_stay() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("unfinished.json");
        keep(&path, &lines(), &[])?;
        keep(&path, &[], &[])?;
        keep(&path, &[], &lines()[1..])?;
        assert_eq!(load(&path), lines());
        Ok(())
    }

    #[test]
    fn a_damaged_file_has_no_lines() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("unfinished.json");
        std::fs::write(&path, b"[{\"text\": 1}]\0")?;
        assert_eq!(load(&path), []);
        Ok(())
    }
}
