//! Identities: of a todo and of a change. Both are made by the client.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A todo's identity: a UUID made by the client, version 7.
///
/// Rows of a bare backend have no key of their own; [`Key::of_row`] gives them
/// a stable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Uuid);

impl Key {
    /// Takes a UUID as a key.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The key of row `id` of a backend whose rows carry none: the UUIDv5 of
    /// the endpoint's address and the id, so every device gives the same.
    #[must_use]
    pub fn of_row(endpoint: &str, id: i64) -> Self {
        let name = format!("{endpoint}#{id}");
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
    }

    /// The UUID itself.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for Key {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// The identity of one change: a UUIDv7, so changes sort by when they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub Uuid);
