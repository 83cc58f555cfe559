//! Pauses between polls of the token endpoint.

use std::time::Duration;

use crate::auth::oauth_http::Reply;

/// What `slow_down` adds (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause that failures alone lead to. Ours: the RFC sets none.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// The pauses of one login.
///
/// | reply | next pause |
/// | --- | --- |
/// | `authorization_pending` | the interval |
/// | `slow_down` | the interval, which is 5 s longer from now on |
/// | trouble | the interval doubled with each failure in a row, at most 30 s, or what the server asks for |
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
            Reply::TransportError(trouble) => {
                self.failures = self.failures.saturating_add(1);
                let doubled = self.interval * 2_u32.saturating_pow(self.failures.min(8));
                let longest = LONGEST_BACKOFF.max(self.interval);
                trouble
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

    fn broken(retry_after: Option<Duration>) -> Reply {
        Reply::TransportError(TransportError::Broken {
            host: "h".to_owned(),
            status: 502,
            retry_after,
        })
    }

    #[test]
    fn slow_down_counts_for_good() {
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
        let trouble = broken(None);
        let waits = [&trouble, &trouble, &trouble, &trouble, &pending, &trouble]
            .map(|reply| seconds(&mut pauses, reply));
        assert_eq!(waits, [10, 20, 30, 30, 5, 10]);
    }

    #[test]
    fn backing_off_never_shortens_a_long_interval() {
        let mut pauses = Pauses::new(Duration::from_secs(45));
        assert_eq!(seconds(&mut pauses, &broken(None)), 45);
    }

    #[test]
    fn the_wait_a_server_asks_for_is_kept_but_never_shorter_than_the_interval() {
        let mut pauses = Pauses::new(Duration::from_secs(5));
        assert_eq!(
            seconds(&mut pauses, &broken(Some(Duration::from_secs(90)))),
            90
        );
        assert_eq!(
            seconds(&mut pauses, &broken(Some(Duration::from_secs(1)))),
            5
        );
    }
}
