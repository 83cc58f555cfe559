//! The entries of the sidebar.

use crate::app::header::view_key;
use crate::app::model::Model;
use crate::app::tags::Tag;

/// A line of the sidebar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SidebarEntry {
    /// An empty line.
    Blank,
    /// A heading.
    Title(&'static str),
    /// A view.
    View {
        /// The key that chooses it.
        key: String,
        /// Its name.
        name: String,
        /// How many todos it has, once that is known.
        count: Option<u64>,
        /// Whether it is the current one.
        current: bool,
    },
    /// A project or context.
    Tag {
        /// `+` or `@`.
        sign: char,
        /// Its name without the sign.
        name: String,
        /// How many open todos have it, once that is known.
        count: Option<u64>,
        /// Whether the list is filtered by it.
        current: bool,
    },
}

impl SidebarEntry {
    /// Returns whether it can be chosen.
    #[must_use]
    pub const fn is_selectable(&self) -> bool {
        matches!(self, Self::View { .. } | Self::Tag { .. })
    }
}

/// The lines of the sidebar.
#[must_use]
pub fn entries(model: &Model) -> Vec<SidebarEntry> {
    let mut entries = vec![SidebarEntry::Title("Views")];
    let filtered = !model.search.is_empty();
    for (index, view) in model.views.all().iter().enumerate() {
        entries.push(SidebarEntry::View {
            key: view_key(model, index).unwrap_or_default(),
            name: view.name().to_owned(),
            count: model.view_count(index),
            current: !filtered && index == model.views.current(),
        });
    }
    for (title, sign, tags) in [
        ("Projects", '+', &model.tags.projects),
        ("Contexts", '@', &model.tags.contexts),
    ] {
        let mut used = tags.iter().filter(|tag| tag.open > 0).peekable();
        if used.peek().is_none() {
            continue;
        }
        entries.push(SidebarEntry::Blank);
        entries.push(SidebarEntry::Title(title));
        entries.extend(used.map(|tag| entry(sign, tag, &model.search)));
    }
    entries
}

fn entry(sign: char, tag: &Tag, search: &str) -> SidebarEntry {
    SidebarEntry::Tag {
        sign,
        name: tag.name.clone(),
        count: Some(tag.open),
        current: search == format!("{sign}{}", tag.name),
    }
}

/// Lines above the entries.
pub const HEAD: usize = 2;

/// The first entry on a screen of `height` rows that shows the focused one.
#[must_use]
pub fn top(entries: &[SidebarEntry], focus: Option<usize>, height: usize) -> usize {
    let row = focus.and_then(|at| row_of(entries, at)).unwrap_or(0);
    (row + 1).saturating_sub(height.saturating_sub(HEAD))
}

/// How many entries before line `row` can be chosen.
#[must_use]
pub fn selectable(entries: &[SidebarEntry], row: usize) -> usize {
    entries
        .iter()
        .take(row)
        .filter(|entry| entry.is_selectable())
        .count()
}

/// The line of the `at`-th entry that can be chosen.
#[must_use]
pub fn row_of(entries: &[SidebarEntry], at: usize) -> Option<usize> {
    entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.is_selectable())
        .nth(at)
        .map(|(row, _)| row)
}
