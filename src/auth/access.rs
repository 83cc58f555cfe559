//! An access token and its lifetime.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

/// The longest time before its expiry at which a token is replaced.
const LONGEST_MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The shortest such time, since servers count whole seconds.
const SHORTEST_MARGIN: SignedDuration = SignedDuration::from_secs(2);

/// An access token and its expiry.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The bearer token.
    pub secret: SecretString,
    /// The expiry, where it is known.
    pub expires_at: Option<Timestamp>,
    /// The time from which it is replaced: a minute before its expiry, or the
    /// last tenth of a short life.
    pub renew_at: Option<Timestamp>,
}

impl AccessToken {
    /// Creates a token that was issued at `now`.
    #[must_use]
    pub fn issued(secret: SecretString, now: Timestamp, expires_at: Option<Timestamp>) -> Self {
        let renew_at = expires_at.and_then(|end| {
            let life = end.duration_since(now);
            let margin = (life / 10)
                .clamp(SHORTEST_MARGIN, LONGEST_MARGIN)
                .min(life / 2);
            end.checked_sub(margin).ok()
        });
        Self {
            secret,
            expires_at,
            renew_at,
        }
    }

    /// Returns whether the token may be used at `now`. A token of unknown expiry
    /// may, until it is refused.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.renew_at
            .or(self.expires_at)
            .is_none_or(|end| now < end)
    }

    pub(super) fn is(&self, other: &SecretString) -> bool {
        self.secret.expose_secret() == other.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_for_most_of_its_life_and_replaced_before_it_ends() {
        let now = Timestamp::UNIX_EPOCH;
        let used_for = |life| {
            let end = now + SignedDuration::from_secs(life);
            let token = AccessToken::issued("token".to_owned().into(), now, Some(end));
            let used = (-10..=life).filter(|s| token.is_fresh(now + SignedDuration::from_secs(*s)));
            used.max().map(|second| second + 1)
        };
        assert_eq!(used_for(86_400), Some(86_400 - 60));
        assert_eq!(used_for(60), Some(60 - 6));
        assert_eq!(used_for(5), Some(5 - 2));
        assert_eq!(used_for(2), Some(1));
    }

    #[test]
    fn a_token_without_an_expiry_is_used_until_it_is_refused() {
        let token = AccessToken::issued("token".to_owned().into(), Timestamp::UNIX_EPOCH, None);
        assert!(token.is_fresh(Timestamp::MAX));
    }
}
