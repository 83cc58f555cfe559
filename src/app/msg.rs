//! What has happened.

use crate::app::action::Action;
use crate::app::effect::{CommitId, WindowId};
use crate::app::keys::Key;
use crate::app::link::RoundNews;
use crate::app::login::{LoginId, LoginNews};
use crate::domain::todo::Todo;
use crate::store::{Freshness, Totals, Window};

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    /// A key was pressed.
    Pressed(Key),
    /// The terminal handed over text as one piece.
    Pasted(String),
    /// Something was asked for by name.
    Act(Action),
    /// The terminal has another size, in cells.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// A second has passed; only sent while [`Model::ticks`](crate::app::Model::ticks).
    Ticked,
    /// The store answered [`Effect::Window`](crate::app::Effect::Window).
    Windowed {
        /// Which question.
        id: WindowId,
        /// The rows.
        window: Window,
        /// How many there are in all.
        totals: Totals,
        /// How fresh they are.
        freshness: Freshness,
    },
    /// The store could not be read.
    WindowFailed {
        /// Which question.
        id: WindowId,
        /// Why.
        reason: String,
    },
    /// Another connection wrote to the store.
    StoreChanged,
    /// The store is not what it was: it was set aside as damaged, or a newer
    /// program has it.
    StoreTroubled {
        /// What happened, and what the person can do.
        reason: String,
    },
    /// Changes are on the disk.
    Committed {
        /// Which write.
        id: CommitId,
        /// The todos as shown now.
        todos: Vec<Todo>,
    },
    /// Changes are not on the disk, and will not be.
    CommitFailed {
        /// Which write.
        id: CommitId,
        /// Why.
        reason: String,
    },
    /// How a round goes.
    Round(RoundNews),
    /// Whether the server tells of changes as they happen; else they are
    /// looked for.
    LiveTurned {
        /// Whether it does now.
        on: bool,
    },
    /// How a login goes.
    Login {
        /// Which.
        id: LoginId,
        /// What happened.
        news: LoginNews,
    },
    /// The store of the account asked for is open.
    Opened,
    /// The store of the account asked for cannot be opened.
    OpenFailed {
        /// Why.
        reason: String,
    },
    /// The browser did not open.
    BrowserFailed {
        /// Why.
        reason: String,
    },
}
