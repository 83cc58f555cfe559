//! Keeps the view, the order, the selection and the theme for the next start: one file an
//! account.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::app::theme::ThemeName;
use crate::app::views::{ChosenTheme, RememberedList, SortOrder};
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theme: Option<StoredTheme>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTheme {
    chosen: String,
    configured: String,
}

/// Reads the list in `path`; `None` if there is no file, or an unreadable one.
pub(super) fn load(path: &Path) -> Option<RememberedList> {
    let bytes = private_file::read_at_most(path, MOST).ok()?;
    let stored: Stored = serde_json::from_slice(&bytes).ok()?;
    let sort = stored.sort.as_deref().and_then(Sort::parse);
    Some(RememberedList {
        view: stored.view,
        order: sort.map(|sort| SortOrder {
            sort,
            reverse: stored.reverse,
        }),
        selected: stored.selected.and_then(|key| key.parse().ok()),
        theme: stored.theme.and_then(|theme| {
            Some(ChosenTheme {
                chosen: ThemeName::parse(&theme.chosen)?,
                configured: ThemeName::parse(&theme.configured)?,
            })
        }),
    })
}

/// Replaces the list in `path` by a different one. A failure costs the next start its
/// view, no todo.
pub(super) fn keep(path: &Path, list: &RememberedList) {
    if load(path).as_ref() == Some(list) {
        return;
    }
    let stored = Stored {
        view: list.view.clone(),
        sort: list.order.map(|order| order.sort.word().to_owned()),
        reverse: list.order.is_some_and(|order| order.reverse),
        selected: list.selected.map(|key| key.to_string()),
        theme: list.theme.map(|theme| StoredTheme {
            chosen: theme.chosen.name().to_owned(),
            configured: theme.configured.name().to_owned(),
        }),
    };
    if let Ok(bytes) = serde_json::to_vec(&stored) {
        let _ = private_file::replace(path, &bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
            theme: Some(ChosenTheme {
                chosen: ThemeName::Light,
                configured: ThemeName::Terminal,
            }),
        };
        keep(&path, &list);
        assert_eq!(load(&path), Some(list));
        fs::write(&path, b"{\"view\":1}")?;
        assert_eq!(load(&path), None);
        Ok(())
    }

    #[test]
    fn a_list_that_is_kept_already_is_not_written_again() -> Result<(), Box<dyn std::error::Error>>
    {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("list.json");
        let spaced = br#"{ "view": "Done" }"#;
        fs::write(&path, spaced)?;
        let mut list = load(&path).ok_or("not loaded")?;

        keep(&path, &list);
        assert_eq!(fs::read(&path)?, spaced);
        list.view = "Open".to_owned();
        keep(&path, &list);
        assert_eq!(load(&path), Some(list));
        Ok(())
    }
}
