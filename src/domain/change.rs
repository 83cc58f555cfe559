//! A person's act, and how far it has come on its way to the server.

use jiff::Timestamp;

use crate::domain::key::{ChangeId, Key};

/// What a person did to one todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its identity.
    pub id: ChangeId,
    /// The todo it is about.
    pub todo: Key,
    /// What was done.
    pub act: Act,
    /// When.
    pub at: Timestamp,
}

/// What was done. Completing and reopening are edits: of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A new todo.
    Add {
        /// Its text.
        text: String,
    },
    /// Another text.
    Edit {
        /// The text that was seen when the edit was made.
        before: String,
        /// The text wanted.
        after: String,
    },
    /// Away with it.
    Remove {
        /// The text that was seen when it was removed.
        before: String,
    },
}

/// One change in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the outbox: entries of one todo are sent in this order.
    pub seq: i64,
    /// The change. Later changes of a todo fold into it while it is pending.
    pub change: Change,
    /// The server's revision the edit is made on; `None` until it is known
    /// (the todo's add, or an earlier edit, is unanswered), and on adds.
    pub revision: Option<i64>,
    /// The greatest server id known when an add was first sent to a bare
    /// backend: its row, if it arrived, has a greater one.
    pub high_water: Option<i64>,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a change has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Waits to be sent.
    Pending,
    /// Marked before the request left; its answer has not been seen.
    Sent {
        /// 1 after it was sent once, 2 after it was sent again: an earlier try
        /// may then have arrived unseen. Each answer that the server itself
        /// failed counts one more from there, whatever a network lost does not.
        tries: u32,
    },
    /// The server took it. It leaves the outbox with the first complete pull
    /// begun after the answer, and is never sent again.
    Answered,
    /// The server refused it, or it lost a race. Kept until a person decides.
    Rejected(Rejection),
}

impl Progress {
    /// How often the server answered that it failed at it.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        match self {
            Self::Sent { tries } => tries.saturating_sub(2),
            Self::Pending | Self::Answered | Self::Rejected(_) => 0,
        }
    }
}

/// The code of a change whose todo was removed elsewhere meanwhile.
pub const REMOVED_ELSEWHERE: &str = "removed-elsewhere";

/// The code of an add to a bare backend that may have arrived: a newer row may
/// be its, with another text by now.
pub const MAY_BE_ADDED: &str = "may-be-added";

/// Why a change was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// A stable word: Hasura's `extensions.code`, or one of ours
    /// (`conflict`, `removed-elsewhere`, `reset`, `may-be-added`).
    pub code: String,
    /// What to tell the person.
    pub message: String,
    /// The server's text, where both exist.
    pub theirs: Option<String>,
}
