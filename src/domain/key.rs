//! Keys of todos and ids of changes, both made by the client.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

/// The identity of a todo: a UUID of version 7 made by the client.
///
/// Rows of a bare backend have no key; [`Key::of_row`] derives a stable one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Uuid);

impl Key {
    /// Returns the key with this UUID.
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Returns the key of row `id` of a bare backend: the UUIDv5 of the endpoint's
    /// address and the id, the same on every device.
    #[must_use]
    pub fn of_row(endpoint: &str, id: i64) -> Self {
        let name = format!("{endpoint}#{id}");
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
    }

    /// Returns the key of the successor when an edit that replaced `revision` (0 if the
    /// todo was never sent) completed this todo: the same on every device, and
    /// different for each completion.
    #[must_use]
    pub fn successor(self, revision: i64) -> Self {
        Self(Uuid::new_v5(&self.0, revision.to_string().as_bytes()))
    }

    /// Returns the successor's key until the change that completed this todo is
    /// answered. On a bare backend the successor keeps it.
    #[must_use]
    pub fn successor_by(self, change: ChangeId) -> Self {
        Self(Uuid::new_v5(&self.0, change.0.as_bytes()))
    }

    /// Returns whether another device may add a todo with this key too: it was derived
    /// from a name or chosen by a user. Only keys of version 7 are certainly unique.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self.0.get_version_num() != 7
    }

    /// Returns whether the key was derived from a name, as those of successors are.
    #[must_use]
    pub fn is_derived(self) -> bool {
        self.0.get_version_num() == 5
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

/// The id of a change: a UUIDv7, so changes sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub Uuid);

/// Returns the UUIDv7 of an instant (not before 1970) and a random number.
#[must_use]
pub fn time_ordered(now: Timestamp, random: u128) -> Uuid {
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(random.to_be_bytes()) {
        *to = from;
    }
    let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_has_one_key_for_each_completion() {
        let (one, other) = (Key::new(Uuid::from_u128(1)), Key::new(Uuid::from_u128(2)));
        assert_eq!(one.successor(7), one.successor(7));
        assert_ne!(one.successor(7), one.successor(8));
        assert_ne!(one.successor(7), other.successor(7));
        assert_ne!(one.successor(0), one);
        assert_eq!(one.successor(0).uuid().get_version_num(), 5);
    }

    #[test]
    fn only_a_random_key_is_certainly_unique() {
        let own = Key::new(time_ordered(Timestamp::UNIX_EPOCH, 1));
        assert!(!own.is_shared());
        assert!(own.successor(1).is_shared());
        assert!(own.successor_by(ChangeId(Uuid::from_u128(1))).is_shared());
    }

    #[test]
    fn ids_are_ordered_by_time_and_an_early_clock_counts_as_1970() {
        let later = Timestamp::constant(1_000, 0);
        let first = time_ordered(Timestamp::UNIX_EPOCH, u128::MAX);
        assert!(first < time_ordered(later, 0));
        assert_eq!(first.get_version_num(), 7);
        let early = time_ordered(Timestamp::MIN, 5);
        assert_eq!(early, time_ordered(Timestamp::UNIX_EPOCH, 5));
    }
}
