//! Keeps the view, the order and the selection for the next start: one file an
//! account.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::app::views::{RememberedList, SortOrder};
use crate::domain::query::Sort;
use crate::os::private_file;

/// The largest file that is read, in bytes.
const MOST: u64 = 1 << 16;

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    view: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sort: Option<String>,
    #[serde(default)]
    reverse: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selected: Option<String>,
}

/// Reads the list in `path`; `None` if there is no file, or an unreadable one.
pub(super) fn load(path: &Path) -> Option<RememberedList> {
    if fs::metadata(path).ok()?.len() > MOST {
        return None;
    }
    let stored: Stored = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let sort = stored.sort.as_deref().and_then(Sort::parse);
    Some(RememberedList {
        view: stored.view,
        order: sort.map(|sort| SortOrder {
            sort,
            reverse: stored.reverse,
        }),
        selected: stored.selected.and_then(|key| key.parse().ok()),
    })
}

/// Replaces the list in `path`. A failure costs the next start its view, no todo.
pub(super) fn keep(path: &Path, list: &RememberedList) {
    let stored = Stored {
        view: list.view.clone(),
        sort: list.order.map(|order| order.sort.word().to_owned()),
        reverse: list.order.is_some_and(|order| order.reverse),
        selected: list.selected.map(|key| key.to_string()),
    };
    if let Ok(bytes) = serde_json::to_vec(&stored) {
        let _ = private_file::replace(path, &bytes);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::key::Key;

    #[test]
    fn what_was_kept_is_loaded_and_a_damaged_file_is_ignored()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("list.json");
        assert_eq!(load(&path), None);
        let list = RememberedList {
            view: "Work, this week".to_owned(),
            order: Some(SortOrder {
                sort: Sort::Priority,
                reverse: true,
            }),
            selected: Some(Key::new(Uuid::from_u128(7))),
        };
        keep(&path, &list);
        assert_eq!(load(&path), Some(list));
        fs::write(&path, b"{\"view\":1}")?;
        assert_eq!(load(&path), None);
        Ok(())
    }
}
