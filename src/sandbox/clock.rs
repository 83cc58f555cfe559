//! The clock of the sandbox: the machine's with an offset.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Time in Unix milliseconds, with an offset that tests set.
///
/// Clones share the offset. Moving it forward makes codes and tokens expire
/// without a wait.
#[derive(Debug, Clone, Default)]
pub(super) struct AdjustableClock {
    offset_ms: Arc<AtomicI64>,
}

impl AdjustableClock {
    /// Now, in Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        let machine = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis());
        i64::try_from(machine)
            .unwrap_or(i64::MAX)
            .saturating_add(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Now, in Unix seconds, rounded down.
    pub(super) fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Sets the clock `seconds` ahead of the machine's (behind, if negative).
    pub(super) fn set_offset_s(&self, seconds: i64) {
        self.offset_ms
            .store(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::AdjustableClock;

    #[test]
    fn a_moved_clock_is_moved_for_all_its_clones() {
        let clock = AdjustableClock::default();
        let clone = clock.clone();
        let before = clone.now_s();

        clock.set_offset_s(3600);

        assert!(clone.now_s() >= before + 3600);
    }
}
