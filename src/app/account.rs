//! What is kept of an account for the next time that it is opened.

use crate::app::model::Model;
use crate::app::unfinished::UnfinishedLine;
use crate::app::views::RememberedList;

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
        LeftAccount {
            list: list.filter(|_| !self.opening),
            lines: self.unfinished_lines(),
            offered: self.offered.clone(),
        }
    }
}
