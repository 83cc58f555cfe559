//! Changes of todos, and their progress towards the server.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::key::{ChangeId, Key};

/// One user action on one todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its identity.
    pub id: ChangeId,
    /// The todo changed.
    pub todo: Key,
    /// The kind of change.
    pub act: Act,
    /// The time.
    pub at: Timestamp,
}

/// The kind of change. Completing and reopening are edits of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Adds a todo.
    Add {
        /// Its text.
        text: String,
    },
    /// Replaces the text.
    Edit {
        /// The text shown when the edit was made.
        before: String,
        /// The new text.
        after: String,
    },
    /// Deletes the todo.
    Remove {
        /// The text shown when it was deleted.
        before: String,
    },
}

/// One change in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Position in the outbox: entries of one todo are sent in this order.
    pub seq: i64,
    /// The change. Later changes of a todo fold into it while it is pending.
    pub change: Change,
    /// The server's revision that the edit is based on; `None` on adds, and while
    /// the todo's add or an earlier edit is unanswered.
    pub revision: Option<i64>,
    /// The greatest server id known when an add was first sent to a bare backend. If
    /// the add arrived, its row has a greater id.
    pub high_water: Option<i64>,
    /// Its progress.
    pub progress: Progress,
}

/// The progress of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Not sent yet.
    Pending,
    /// Marked before the request left; not answered yet.
    Sent {
        /// 1 after the first request, 2 after a second: an earlier one may then
        /// have arrived unanswered. Each server error adds one; a lost connection
        /// does not.
        tries: u32,
    },
    /// Accepted by the server. Leaves the outbox with the first complete pull
    /// begun after the answer; never sent again.
    Answered,
    /// Rejected by the server, or in conflict. Kept until the user decides.
    Rejected(Rejection),
}

impl Progress {
    /// Returns the number of server errors in answer to the change.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        match self {
            Self::Sent { tries } => tries.saturating_sub(2),
            Self::Pending | Self::Answered | Self::Rejected(_) => 0,
        }
    }
}

/// The code of a change whose todo was deleted elsewhere.
pub const REMOVED_ELSEWHERE: &str = "removed-elsewhere";

/// The code of an add to a bare backend that may have arrived: one of the newer
/// rows may be its row, edited since.
pub const MAY_BE_ADDED: &str = "may-be-added";

/// The code of a successor's add whose completing edit was rejected: the user decides
/// both together.
pub const COMPLETION_REJECTED: &str = "completion-rejected";

/// Returns whether `code` is one of tudone's own: the server did not reject the change,
/// the user decides what becomes of it.
#[must_use]
pub fn is_local_rejection(code: &str) -> bool {
    matches!(
        code,
        "conflict" | "reset" | REMOVED_ELSEWHERE | MAY_BE_ADDED | COMPLETION_REJECTED
    )
}

/// The reason why a change was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// A stable code: Hasura's `extensions.code`, or one of tudone's
    /// (`conflict`, `removed-elsewhere`, `reset`, `may-be-added`,
    /// `completion-rejected`).
    pub code: String,
    /// The reason, for the user.
    pub message: String,
    /// The server's text, if the conflict is with one.
    pub theirs: Option<String>,
}
