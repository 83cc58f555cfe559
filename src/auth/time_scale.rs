//! Scaling of pauses, for tests.

use std::time::Duration;

/// Scale of pauses: real time, or a number of times faster, so that a test of a
/// five-minute wait takes three seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeScale {
    times: u32,
}

impl TimeScale {
    /// A second takes a second.
    pub const REAL: Self = Self { times: 1 };

    /// A second takes `1 / times` of a second.
    #[must_use]
    pub const fn faster(times: u32) -> Self {
        Self {
            times: if times == 0 { 1 } else { times },
        }
    }

    /// The real duration of `wait`.
    #[must_use]
    pub fn real(self, wait: Duration) -> Duration {
        wait / self.times
    }

    /// Sleeps for the real duration of `wait`.
    pub async fn sleep(self, wait: Duration) {
        tokio::time::sleep(self.real(wait)).await;
    }
}

impl Default for TimeScale {
    fn default() -> Self {
        Self::REAL
    }
}
