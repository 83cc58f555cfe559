//! The effects that the loop runs outside the model.

use jiff::Timestamp;

use crate::app::counts::Uncounted;
use crate::app::login::LoginId;
use crate::domain::account::Account;
use crate::domain::change::Change;
use crate::domain::key::Key;
use crate::domain::list::Around;
use crate::domain::query::Query;
use crate::domain::when::Calendar;

/// Names one question for a window; an answer to an older one is stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct WindowId(pub u64);

/// Names one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CommitId(pub u64);

/// An effect to run outside the model. Plain data: nothing here can fail or
/// wait; what comes of it is a [`Msg`](crate::app::msg::Msg).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read some rows. Only the answer to the latest question counts, so
    /// earlier ones need not be answered.
    Window {
        /// The id of the request.
        id: WindowId,
        /// Of which list.
        query: Query,
        /// Where in it.
        around: Around,
        /// At most how many rows.
        size: usize,
    },
    /// Put changes into the outbox, all or none, in the order asked for.
    Commit {
        /// The id of the write.
        id: CommitId,
        /// What was done, as a participle: `completed`.
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
        /// Which, by their places in the outbox.
        seqs: Vec<i64>,
    },
    /// Drop a change that is not on the server.
    Drop {
        /// Which, by its place in the outbox.
        seq: i64,
    },
    /// Add the text of a rejected change as a new todo, in place of the change.
    AddAsNew {
        /// Which, by its place in the outbox.
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
    /// Read how many todos the views, projects and contexts have.
    Counts {
        /// The day, and when the week begins.
        calendar: Calendar,
    },
    /// Count what no counter has. Everything else that is read goes first.
    Count(Uncounted),
    /// Read every row of a list.
    ReadAll {
        /// Of which list.
        query: Query,
    },
    /// Open a text in the user's editor, the terminal given back meanwhile.
    EditExternally {
        /// The text.
        text: String,
    },
    /// Send and fetch soon. Several ask for one round.
    Sync {
        /// Whether a user waits to see it.
        shown: bool,
    },
    /// Start a login.
    StartLogin(LoginId),
    /// Stop a login; news of it are ignored from now on.
    CancelLogin(LoginId),
    /// Open the store of another account from now on.
    Open(Account),
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
