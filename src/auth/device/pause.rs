//! Pauses between polls of the token endpoint.

use std::time::Duration;

use crate::auth::oauth_http::Reply;

/// The increase of the interval after `slow_down` (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause after repeated failures; the RFC sets no limit.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// The pauses of one login.
///
/// | reply | next pause |
/// | --- | --- |
/// | `authorization_pending` | the interval |
/// | `slow_down` | the interval, which is 5 s longer from now on |
/// | a failure | the interval, doubled with each failure in a row, at most 30 s; or the server's `Retry-After` |
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pauses {
    interval: Duration,
    failures: u32,
}

impl Pauses {
    /// Starts with the server's `interval`.
    pub(crate) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            failures: 0,
        }
    }

    /// The pause after `reply`.
    pub(crate) fn after(&mut self, reply: &Reply) -> Duration {
        match reply {
            Reply::Failed(error) => {
                self.failures = self.failures.saturating_add(1);
                let doubled = self.interval * 2_u32.saturating_pow(self.failures.min(8));
                let longest = LONGEST_BACKOFF.max(self.interval);
                error
                    .retry_after()
                    .map_or(doubled.min(longest), |asked| asked.max(self.interval))
            }
            Reply::Error(error) => {
                self.failures = 0;
                if error == "slow_down" {
                    self.interval += SLOWER;
                }
                self.interval
            }
            Reply::None | Reply::Success => self.interval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::transport_error::TransportError;

    fn seconds(pauses: &mut Pauses, reply: &Reply) -> u64 {
        pauses.after(reply).as_secs()
    }

    fn server_error(retry_after: Option<Duration>) -> Reply {
        Reply::Failed(TransportError::ServerError {
            host: "h".to_owned(),
            status: 502,
            retry_after,
        })
    }

    #[test]
    fn slow_down_lengthens_every_later_pause() {
        let mut pauses = Pauses::new(Duration::from_secs(5));
        let pending = Reply::Error("authorization_pending".to_owned());
        let slow_down = Reply::Error("slow_down".to_owned());
        let waits = [&pending, &slow_down, &pending, &slow_down, &pending]
            .map(|reply| seconds(&mut pauses, reply));
        assert_eq!(waits, [5, 10, 10, 15, 15]);
    }

    #[test]
    fn failures_double_the_pause_until_an_answer_comes() {
        let mut pauses = Pauses::new(Duration::from_secs(5));
        let pending = Reply::Error("authorization_pending".to_owned());
        let failure = server_error(None);
        let waits = [&failure, &failure, &failure, &failure, &pending, &failure]
            .map(|reply| seconds(&mut pauses, reply));
        assert_eq!(waits, [10, 20, 30, 30, 5, 10]);
    }

    #[test]
    fn backing_off_never_shortens_a_long_interval() {
        let mut pauses = Pauses::new(Duration::from_secs(45));
        assert_eq!(seconds(&mut pauses, &server_error(None)), 45);
    }

    #[test]
    fn the_wait_a_server_asks_for_is_kept_but_never_shorter_than_the_interval() {
        let mut pauses = Pauses::new(Duration::from_secs(5));
        assert_eq!(
            seconds(&mut pauses, &server_error(Some(Duration::from_secs(90)))),
            90
        );
        assert_eq!(
            seconds(&mut pauses, &server_error(Some(Duration::from_secs(1)))),
            5
        );
    }
}
