//! The effects that the loop runs outside the model.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::app::account::LeftAccount;
use crate::app::counts::Uncounted;
use crate::app::login::LoginId;
use crate::domain::account::Account;
use crate::domain::change::Change;
use crate::domain::key::Key;
use crate::domain::list::Around;
use crate::domain::query::Query;
use crate::domain::when::Calendar;

/// Id of a request for rows; the answer to an older one is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct WindowId(pub u64);

/// Id of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CommitId(pub u64);

/// An effect to run outside the model. Plain data: nothing here can fail or
/// wait; the result is a [`Msg`](crate::app::msg::Msg).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read some rows. Only the latest request counts, so earlier ones need no
    /// answer.
    Window {
        /// The id of the request.
        id: WindowId,
        /// The list.
        query: Query,
        /// The position in the list.
        around: Around,
        /// The most rows to read.
        size: usize,
    },
    /// Put changes into the outbox in this order, all or none.
    Commit {
        /// The id of the write.
        id: CommitId,
        /// The action, as a participle: `completed`.
        verb: &'static str,
        /// What to write.
        changes: Vec<Change>,
    },
    /// Undo the last action of this session, by changes made at `at`.
    Undo {
        /// The time.
        at: Timestamp,
    },
    /// Redo what was undone last.
    Redo {
        /// The time.
        at: Timestamp,
    },
    /// Send rejected changes again.
    Retry {
        /// Their numbers in the outbox.
        seqs: Vec<i64>,
    },
    /// Drop a change that is not on the server.
    Drop {
        /// Its number in the outbox.
        seq: i64,
    },
    /// Add the text of a rejected change as a new todo, in place of the change.
    AddAsNew {
        /// Its number in the outbox.
        seq: i64,
        /// The text.
        text: String,
    },
    /// Read the changes of a todo.
    Details {
        /// The todo.
        key: Key,
    },
    /// Read the outbox.
    Queue,
    /// Read how many todos the built-in views and the groups by due date have.
    Counts {
        /// The day, and when the week begins.
        calendar: Calendar,
    },
    /// Read the projects and contexts, and how many open todos they have.
    Tags {
        /// The day.
        today: Date,
    },
    /// Count rows that the store has no counter for. Other reads go first.
    Count(Uncounted),
    /// Read every row of a list.
    ReadAll {
        /// The list.
        query: Query,
    },
    /// Open a text in the user's editor, with the terminal restored until it ends.
    EditExternally {
        /// The text.
        text: String,
    },
    /// Sync soon. Several requests start one round.
    Sync {
        /// Whether to show the round: the user asked for it.
        shown: bool,
    },
    /// Start a login.
    StartLogin(LoginId),
    /// Stop a login; its later events are ignored.
    CancelLogin(LoginId),
    /// Switch to the store of another account.
    Open {
        /// The account.
        account: Account,
        /// What to keep of the one before, if that is another one.
        left: Option<LeftAccount>,
    },
    /// Open a page in the browser.
    OpenBrowser(String),
    /// Put a text on the clipboard of the terminal.
    Copy(String),
    /// Redraw everything.
    Redraw,
    /// Restore the terminal and suspend the process.
    Suspend,
    /// Quit the loop.
    Quit,
}
