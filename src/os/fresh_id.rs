//! Fresh ids (UUIDv7), ordered by time.

use jiff::Timestamp;
use uuid::{NoContext, Uuid};

/// Returns a new id. A clock before 1970 counts as 1970, since an id cannot
/// hold an earlier time.
#[must_use]
pub fn fresh(now: Timestamp) -> Uuid {
    if now < Timestamp::UNIX_EPOCH {
        Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, 0, 0))
    } else {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_makes_distinct_ids() {
        let (one, other) = (fresh(Timestamp::MIN), fresh(Timestamp::MIN));
        assert_ne!(one, other);
        assert_eq!(one.get_version_num(), 7);
    }
}
