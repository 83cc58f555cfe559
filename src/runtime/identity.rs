//! Fresh ids, ordered by time.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::key::time_ordered;

/// Returns a new id. A clock that was never set may say a time before 1970, which
/// an id cannot hold: it then says 1970.
pub(crate) fn fresh(now: Timestamp) -> Uuid {
    if now < Timestamp::UNIX_EPOCH {
        time_ordered(now, fastrand::u128(..))
    } else {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_makes_identities_all_the_same() {
        let (one, other) = (fresh(Timestamp::MIN), fresh(Timestamp::MIN));
        assert_ne!(one, other);
        assert_eq!(one.get_version_num(), 7);
    }
}
