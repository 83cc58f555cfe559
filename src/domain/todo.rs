//! Todos: rows of the server, and todos as shown.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::domain::key::Key;

/// The server's last known row of a todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its identity.
    pub key: Key,
    /// The server's integer id.
    pub id: i64,
    /// One todo.txt line; unchecked, since other programs write it too.
    pub text: String,
    /// The server's revision of this row; 0 on a bare backend.
    pub revision: i64,
    /// When the server created it; unknown on a bare backend.
    pub created_at: Option<Timestamp>,
    /// When the server last changed it; unknown on a bare backend.
    pub updated_at: Option<Timestamp>,
}

/// A todo as shown: base with the outbox replayed on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    /// Its identity.
    pub key: Key,
    /// The server's integer id; `None` until the add is answered.
    pub id: Option<i64>,
    /// This device's number for a todo it added (`n3`); kept after syncing.
    pub local: Option<i64>,
    /// One todo.txt line, byte for byte.
    pub text: String,
    /// The state of its changes.
    pub state: SyncState,
    /// When the server created it.
    pub created_at: Option<Timestamp>,
    /// When the server last changed it.
    pub updated_at: Option<Timestamp>,
}

impl Todo {
    /// Returns its handle: the server's id, or `n3` until that is known.
    #[must_use]
    pub fn handle(&self) -> Handle {
        match (self.id, self.local) {
            (Some(id), _) => Handle::Id(id),
            (None, Some(local)) => Handle::Local(local),
            (None, None) => Handle::Key(self.key),
        }
    }
}

/// The state of a todo's changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SyncState {
    /// No change is waiting.
    Synced,
    /// A change is not sent yet.
    Pending,
    /// A change was sent and not answered yet.
    Sent,
    /// A change was rejected by the server or is in conflict; its text is kept.
    Rejected,
}

impl SyncState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Synced, Self::Pending, Self::Sent, Self::Rejected];

    /// Returns its name in output and in `state:` filters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Synced => "synced",
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Rejected => "rejected",
        }
    }

    /// Reads its [`word`](Self::word), upper or lower case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|state| word.eq_ignore_ascii_case(state.word()))
    }
}

/// A name of a todo as users type it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handle {
    /// The server's integer id: `42`.
    Id(i64),
    /// The local number of a todo added on this device: `n3`. Still resolves after it
    /// was sent.
    Local(i64),
    /// The whole key.
    Key(Key),
    /// At least eight characters of the key, lower case.
    Prefix(String),
}

/// A word that is not a handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{word}` is not a handle: expected an id (42), a local number (n3) or 8 characters of a key"
)]
pub struct HandleError {
    /// The word as typed.
    pub word: String,
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Local(n) => write!(f, "n{n}"),
            Self::Key(key) => write!(f, "{key}"),
            Self::Prefix(prefix) => f.write_str(prefix),
        }
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    /// Reads a handle. Decimal digits are an id, written without a sign and without
    /// leading zeros; the store also tries eight or more of them as a prefix.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let invalid = || HandleError {
            word: word.to_owned(),
        };
        if let Some(id) = number(word) {
            return Ok(Self::Id(id));
        }
        if let Some(n) = word.strip_prefix(['n', 'N']).and_then(number) {
            return Ok(Self::Local(n));
        }
        let looks_like_key = word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if !looks_like_key || word.len() < 8 || word.len() > 36 {
            return Err(invalid());
        }
        Ok(match word.parse::<Key>() {
            Ok(key) => Self::Key(key),
            Err(_) => Self::Prefix(word.to_ascii_lowercase()),
        })
    }
}

/// Reads a number of plain digits, 1 or more, without leading zeros.
fn number(word: &str) -> Option<i64> {
    let plain = !word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| word.parse().ok()).flatten()
}
