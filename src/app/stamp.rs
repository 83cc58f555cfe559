//! Time and fresh ids, as pure functions receive them.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// The time at which a message was received, and fresh ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When the message was received.
    pub now: Timestamp,
    /// The same instant's day where the user is.
    pub today: Date,
    /// A fresh UUIDv7; [`Stamp::id`] makes as many more as a message needs.
    pub fresh: Uuid,
}

impl Stamp {
    /// The `n`-th id of this stamp, counted from 0. Later ones sort
    /// after earlier ones, and all are UUIDv7.
    ///
    /// The last 62 bits of a UUIDv7 are random, so the ids that follow a fresh
    /// one are as unlikely to be taken as the fresh one itself.
    #[must_use]
    pub const fn id(&self, n: u64) -> Uuid {
        const RANDOM: u128 = (1 << 62) - 1;
        let fresh = self.fresh.as_u128();
        // The lowest bits stay free for the count: wrapping there would break the order.
        let start = fresh & RANDOM & !(1 << 61);
        Uuid::from_u128((fresh & !RANDOM) | (start + n as u128))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_stamp_differ_sort_and_stay_version_7() {
        let stamp = Stamp {
            now: Timestamp::UNIX_EPOCH,
            today: Date::constant(2026, 11, 24),
            fresh: Uuid::from_u128(0x019a_0000_0000_7000_bfff_ffff_ffff_ffff),
        };

        let ids: Vec<Uuid> = (0..1000).map(|n| stamp.id(n)).collect();

        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert!(
            ids.iter()
                .all(|id| id.get_variant() == uuid::Variant::RFC4122)
        );
    }
}
