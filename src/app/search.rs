//! What the word at the cursor of a search may become. A search finds whole names, so
//! the start of one finds nothing until it is completed.

use crate::app::editor;
use crate::app::model::Model;
use crate::app::screen::{Screen, Search};
use crate::app::tags::TagCounts;

/// The start of a term, and the whole term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermCompletion {
    /// What is typed of it.
    pub typed: String,
    /// The whole.
    pub term: String,
}

impl TermCompletion {
    fn of(word: &str, tags: &TagCounts) -> Option<Self> {
        // Any other word is more likely a word of a todo.
        if !word.contains(['+', '@', ':']) {
            return None;
        }
        let term = tags.terms(word).into_iter().next()?;
        let typed = word.to_owned();
        Some(Self { typed, term })
    }

    /// The rest of the term, as completing adds it.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.term.get(self.typed.len()..).unwrap_or_default()
    }
}

impl Search {
    /// The term that completing the word at the cursor gives.
    #[must_use]
    pub fn completion(&self, tags: &TagCounts) -> Option<TermCompletion> {
        let (before, after) = editor::split(&self.input);
        if !(after.is_empty() || after.starts_with(' ')) {
            return None;
        }
        TermCompletion::of(before.rsplit(' ').next()?, tags)
    }
}

impl Model {
    /// The term that the last word of the search may be meant as.
    #[must_use]
    pub fn search_completion(&self) -> Option<TermCompletion> {
        match self.main_screen() {
            Screen::Search(search) => search.completion(&self.tags),
            Screen::List
            | Screen::Sidebar(_)
            | Screen::Editor(_)
            | Screen::Queue(_)
            | Screen::Confirm { .. }
            | Screen::Paste { .. }
            | Screen::Picker(_)
            | Screen::Login(_) => TermCompletion::of(self.search.rsplit(' ').next()?, &self.tags),
        }
    }
}
