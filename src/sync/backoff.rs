//! Exponential backoff with jitter. Pure.

use std::time::Duration;

use crate::domain::list::LONGEST_REST;

/// The shortest wait.
const SHORTEST: Duration = Duration::from_millis(500);
/// The longest wait; a server can ask for more.
const LONGEST: Duration = Duration::from_mins(1);

/// Exponential waits with full jitter, so that devices cut off together do not
/// come back together.
///
/// The n-th failure in a row waits a random time between 0.5 s and
/// 0.5 s · 2ⁿ, at most 60 s; a server that asks for more
/// (`Retry-After`, `X-RateLimit-Reset`) gets it, up to an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

impl Backoff {
    /// Returns a backoff without failures.
    #[must_use]
    pub const fn new() -> Self {
        Self::up_to(LONGEST)
    }

    /// As [`Backoff::new`], with another longest wait than 60 s.
    #[must_use]
    pub const fn up_to(longest: Duration) -> Self {
        let failures = 0;
        Self { failures, longest }
    }

    /// Records a success: the next failure waits as the first one does.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Records a failure and returns how long to wait; `requested` is the pause
    /// that the server asked for.
    pub fn failed(&mut self, requested: Option<Duration>, rng: &mut fastrand::Rng) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let ceiling = SHORTEST
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(self.longest);
        let wait = SHORTEST + ceiling.saturating_sub(SHORTEST).mul_f64(rng.f64());
        requested.map_or(wait, |pause| wait.max(pause.min(LONGEST_REST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(backoff: &mut Backoff, asked: Option<Duration>, seed: u64) -> Vec<Duration> {
        let mut rng = fastrand::Rng::with_seed(seed);
        (0..12).map(|_| backoff.failed(asked, &mut rng)).collect()
    }

    #[test]
    fn pauses_grow_up_to_a_minute_and_stay_within_bounds() {
        let mut longest = Duration::ZERO;
        for seed in 0..200 {
            for (n, wait) in (1_u32..).zip(waits(&mut Backoff::new(), None, seed)) {
                let ceiling = Duration::from_millis(500 * 2_u64.pow(n)).min(LONGEST);
                assert!(wait >= SHORTEST && wait <= ceiling, "{n}: {wait:?}");
                longest = longest.max(wait);
            }
        }
        assert!(longest > Duration::from_secs(55), "{longest:?}");
    }

    #[test]
    fn two_devices_retry_at_different_times() {
        let (one, other) = (
            waits(&mut Backoff::new(), None, 1),
            waits(&mut Backoff::new(), None, 2),
        );
        assert_ne!(one, other);
    }

    #[test]
    fn a_success_resets_the_pause() {
        let mut backoff = Backoff::new();
        waits(&mut backoff, None, 1);
        backoff.succeeded();
        let next = backoff.failed(None, &mut fastrand::Rng::with_seed(3));
        assert!(next <= Duration::from_secs(1), "{next:?}");
    }

    #[test]
    fn a_requested_pause_is_kept_up_to_an_hour() {
        let asked = |seconds| Some(Duration::from_secs(seconds));
        let mut rng = fastrand::Rng::with_seed(4);
        assert_eq!(
            Backoff::new().failed(asked(90), &mut rng),
            Duration::from_secs(90)
        );
        assert!(Backoff::new().failed(asked(0), &mut rng) >= SHORTEST);
        assert_eq!(
            Backoff::new().failed(asked(u64::MAX), &mut rng),
            LONGEST_REST
        );
    }

    #[test]
    fn counting_failures_never_overflows() {
        let mut backoff = Backoff {
            failures: u32::MAX,
            ..Backoff::new()
        };
        let wait = backoff.failed(None, &mut fastrand::Rng::with_seed(5));
        assert!(wait <= LONGEST);
    }
}
