//! State of an account, kept for the next time that it is opened.

use crate::app::model::Model;
use crate::app::unfinished::UnfinishedLine;
use crate::app::views::{ChosenTheme, RememberedList};

/// An account as the program leaves it, for another one or at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAccount {
    /// The list; `None` if it was never shown.
    pub list: Option<RememberedList>,
    /// The lines that were typed and not saved.
    pub lines: Vec<UnfinishedLine>,
    /// The lines that were offered again when the account was opened.
    pub offered: Vec<UnfinishedLine>,
}

impl Model {
    /// Returns what to keep of the account.
    #[must_use]
    pub fn left_account(&self) -> LeftAccount {
        let selected = self.list.selected().map(|row| row.todo.key);
        let list = self.views.remembered(selected);
        let theme = (self.theme != self.configured_theme).then_some(ChosenTheme {
            chosen: self.theme,
            configured: self.configured_theme,
        });
        let list = list.map(|list| RememberedList { theme, ..list });
        LeftAccount {
            list: list.filter(|_| !self.opening),
            lines: self.unfinished_lines(),
            offered: self.offered.clone(),
        }
    }
}
