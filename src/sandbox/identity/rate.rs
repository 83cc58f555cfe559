//! The tenant's rate limit.

use axum::http::HeaderMap;

use super::super::settings::Settings;

/// Requests counted since the window began. Windows begin at multiples of
/// their length.
#[derive(Debug, Default)]
pub(super) struct RateWindow {
    start_s: i64,
    used: u32,
}

/// The state of the rate limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    limit: u32,
    /// Requests left after this one; `None` when there was none left for it.
    left: Option<u32>,
    /// The start of the next window, in Unix seconds.
    reset_s: i64,
    /// Seconds until then.
    wait_s: i64,
}

impl RateWindow {
    /// Counts one request; `None` when there is no limit.
    pub(super) fn count(&mut self, settings: &Settings, now_s: i64) -> Option<Allowance> {
        let limit = settings.rate_limit?;
        let length = i64::from(settings.rate_limit_window_s.max(1));
        let start_s = now_s - now_s.rem_euclid(length);
        if start_s != self.start_s {
            *self = Self { start_s, used: 0 };
        }
        self.used = self.used.saturating_add(1);
        let reset_s = start_s + length;
        Some(Allowance {
            limit,
            left: limit.checked_sub(self.used),
            reset_s,
            wait_s: reset_s - now_s,
        })
    }
}

impl Allowance {
    /// Returns whether the request is within the limit.
    pub(super) fn allowed(self) -> bool {
        self.left.is_some()
    }

    /// Writes the `X-RateLimit` headers: the reset is an instant in Unix
    /// seconds, `Retry-After` a wait in seconds.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", self.limit.into());
        headers.insert("x-ratelimit-remaining", self.left.unwrap_or(0).into());
        headers.insert("x-ratelimit-reset", self.reset_s.into());
        if !self.allowed() {
            headers.insert("retry-after", self.wait_s.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::SandboxOptions;
    use super::{RateWindow, Settings};

    #[test]
    fn a_window_allows_its_number_of_requests_and_the_next_one_starts_at_zero() {
        let settings = Settings {
            rate_limit: Some(2),
            rate_limit_window_s: 10,
            ..Settings::new(&SandboxOptions::default())
        };
        let mut window = RateWindow::default();
        let mut at = |now| {
            window
                .count(&settings, now)
                .is_some_and(super::Allowance::allowed)
        };
        assert_eq!(
            [at(100), at(105), at(109), at(110)],
            [true, true, false, true]
        );
    }
}
