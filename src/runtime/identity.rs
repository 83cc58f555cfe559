//! Identities nobody else has, in the order of time.

use jiff::Timestamp;
use uuid::Uuid;

/// A new identity. A clock that was never set tells of a time before 1970, which
/// an identity cannot hold: it then says 1970.
pub(crate) fn fresh(now: Timestamp) -> Uuid {
    if now < Timestamp::UNIX_EPOCH {
        made_of(now, fastrand::u128(..))
    } else {
        Uuid::now_v7()
    }
}

/// The identity made of an instant, 1970 at least, and a random number.
pub(crate) fn made_of(now: Timestamp, random: u128) -> Uuid {
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
    fn a_clock_before_1970_makes_identities_all_the_same() {
        let (one, other) = (fresh(Timestamp::MIN), fresh(Timestamp::MIN));
        assert_ne!(one, other);
        assert_eq!(one.get_version_num(), 7);
    }
}
