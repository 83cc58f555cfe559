//! Refresh tokens: rotation, reuse, and the end of a family.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::device::RequestedGrant;
use super::random;

/// The most logins of one user; the oldest ends silently.
const ACTIVE_LOGINS: usize = 200;

/// Lifetimes and rotation of refresh tokens, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct RotationRules {
    /// Whether refresh tokens rotate.
    pub(super) rotating: bool,
    /// For how long after its exchange the previous token is still accepted.
    pub(super) leeway_ms: i64,
    /// From login to the end, however active.
    pub(super) absolute_ms: i64,
    /// From one use to the next.
    pub(super) idle_ms: i64,
}

/// A login: the family of all refresh tokens that descend from its first.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Family {
    sub: String,
    scope: String,
    audience: Option<String>,
    born_ms: i64,
    used_ms: i64,
    generation: u64,
}

/// A refresh token, stored as a hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    family: u64,
    generation: u64,
    spent_ms: Option<i64>,
}

/// Every refresh token handed out. Revoking a family forgets its tokens, so
/// an unknown token and a revoked one are the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshTokens {
    families: BTreeMap<u64, Family>,
    tokens: BTreeMap<String, Token>,
    next: u64,
}

/// A valid refresh token before its exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Presented {
    /// The user.
    pub(super) sub: String,
    /// The grant of the login.
    pub(super) asked: RequestedGrant,
}

impl RefreshTokens {
    /// The first token of a new login.
    pub(super) fn start(&mut self, sub: &str, asked: &RequestedGrant, now_ms: i64) -> String {
        self.make_room(sub);
        self.next += 1;
        let family = Family {
            sub: sub.to_owned(),
            scope: asked.scope.clone(),
            audience: asked.audience.clone(),
            born_ms: now_ms,
            used_ms: now_ms,
            generation: 0,
        };
        self.families.insert(self.next, family);
        self.hand_out(self.next, 0)
    }

    /// Judges `token` without spending it. A token that was spent before and
    /// is not forgiven revokes its whole family.
    ///
    /// Forgiven is only the token exchanged immediately before, within the
    /// leeway: one whose successors were not exchanged themselves.
    pub(super) fn present(
        &mut self,
        token: &str,
        rules: RotationRules,
        now_ms: i64,
    ) -> Option<Presented> {
        let token = self.tokens.get(&random::hashed(token))?.clone();
        let family = self.families.get(&token.family)?.clone();
        let too_old = now_ms.saturating_sub(family.born_ms) >= rules.absolute_ms
            || now_ms.saturating_sub(family.used_ms) >= rules.idle_ms;
        let good = match token.spent_ms {
            None => token.generation == family.generation,
            Some(spent_ms) => {
                token.generation + 1 == family.generation
                    && now_ms.saturating_sub(spent_ms) < rules.leeway_ms
            }
        };
        if too_old || !good {
            self.end(token.family);
            return None;
        }
        Some(Presented {
            sub: family.sub,
            asked: RequestedGrant {
                scope: family.scope,
                audience: family.audience,
            },
        })
    }

    /// Spends a token that [`present`](Self::present) found good and gives its
    /// successor; `None` when tokens do not rotate: the old one stays good.
    pub(super) fn exchange(
        &mut self,
        token: &str,
        rules: RotationRules,
        now_ms: i64,
    ) -> Option<String> {
        let token = self.tokens.get_mut(&random::hashed(token))?;
        let family = self.families.get_mut(&token.family)?;
        family.used_ms = now_ms;
        if !rules.rotating {
            return None;
        }
        token.spent_ms.get_or_insert(now_ms);
        family.generation = token.generation + 1;
        let (id, generation) = (token.family, family.generation);
        Some(self.hand_out(id, generation))
    }

    /// Ends the login `token` belongs to; an unknown one changes nothing.
    pub(super) fn revoke(&mut self, token: &str) {
        if let Some(family) = self.tokens.get(&random::hashed(token)).map(|t| t.family) {
            self.end(family);
        }
    }

    /// Ends every login and says how many there were.
    pub(super) fn revoke_all(&mut self) -> usize {
        self.tokens.clear();
        std::mem::take(&mut self.families).len()
    }

    fn hand_out(&mut self, family: u64, generation: u64) -> String {
        let secret = random::text(32);
        let token = Token {
            family,
            generation,
            spent_ms: None,
        };
        self.tokens.insert(random::hashed(&secret), token);
        secret
    }

    fn end(&mut self, family: u64) {
        self.families.remove(&family);
        self.tokens.retain(|_, token| token.family != family);
    }

    fn make_room(&mut self, sub: &str) {
        let logins: Vec<u64> = self
            .families
            .iter()
            .filter(|(_, family)| family.sub == sub)
            .map(|(id, _)| *id)
            .collect();
        let surplus = (logins.len() + 1).saturating_sub(ACTIVE_LOGINS);
        for id in logins.into_iter().take(surplus) {
            self.end(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ACTIVE_LOGINS, RefreshTokens, RequestedGrant, RotationRules};

    const STRICT: RotationRules = RotationRules {
        rotating: true,
        leeway_ms: 0,
        absolute_ms: 1_000_000,
        idle_ms: 500_000,
    };
    const LENIENT: RotationRules = RotationRules {
        leeway_ms: 3000,
        ..STRICT
    };

    fn asked() -> RequestedGrant {
        RequestedGrant {
            scope: "openid offline_access".to_owned(),
            audience: None,
        }
    }

    fn refresh(
        tokens: &mut RefreshTokens,
        token: &str,
        rules: RotationRules,
        now: i64,
    ) -> Option<String> {
        tokens.present(token, rules, now)?;
        tokens.exchange(token, rules, now)
    }

    #[test]
    fn without_leeway_the_loser_of_a_race_ends_the_winners_login() {
        let mut tokens = RefreshTokens::default();
        let first = tokens.start("me", &asked(), 0);
        let winner = refresh(&mut tokens, &first, STRICT, 1).unwrap_or_default();
        assert_eq!(refresh(&mut tokens, &first, STRICT, 1), None);
        assert_eq!(refresh(&mut tokens, &winner, STRICT, 2), None);
    }

    #[test]
    fn within_the_leeway_both_racers_get_tokens_of_their_own_and_one_goes_on() {
        let mut tokens = RefreshTokens::default();
        let first = tokens.start("me", &asked(), 0);
        let one = refresh(&mut tokens, &first, LENIENT, 1).unwrap_or_default();
        let other = refresh(&mut tokens, &first, LENIENT, 2).unwrap_or_default();
        assert_ne!(one, other);

        assert!(refresh(&mut tokens, &other, LENIENT, 3).is_some());
        assert_eq!(
            refresh(&mut tokens, &one, LENIENT, 4),
            None,
            "the other fork went on"
        );
    }

    #[test]
    fn the_token_before_the_previous_one_is_reuse_whatever_the_leeway() {
        let mut tokens = RefreshTokens::default();
        let first = tokens.start("me", &asked(), 0);
        let second = refresh(&mut tokens, &first, LENIENT, 1).unwrap_or_default();
        let third = refresh(&mut tokens, &second, LENIENT, 2).unwrap_or_default();
        assert_eq!(refresh(&mut tokens, &first, LENIENT, 3), None);
        assert_eq!(refresh(&mut tokens, &third, LENIENT, 3), None);
    }

    #[test]
    fn the_leeway_counts_from_the_first_exchange_and_ends() {
        let mut tokens = RefreshTokens::default();
        let first = tokens.start("me", &asked(), 0);
        assert!(refresh(&mut tokens, &first, LENIENT, 0).is_some());
        assert!(refresh(&mut tokens, &first, LENIENT, 2999).is_some());
        assert_eq!(refresh(&mut tokens, &first, LENIENT, 3000), None);
    }

    #[test]
    fn rotation_extends_the_idle_lifetime_and_not_the_absolute_one() {
        let mut tokens = RefreshTokens::default();
        let mut token = tokens.start("me", &asked(), 0);
        for now in [499_999, 999_998] {
            token = refresh(&mut tokens, &token, STRICT, now).unwrap_or_default();
            assert_ne!(token, "", "alive at {now}");
        }
        assert_eq!(refresh(&mut tokens, &token, STRICT, 1_000_000), None);

        let idle = tokens.start("me", &asked(), 0);
        assert_eq!(refresh(&mut tokens, &idle, STRICT, 500_000), None);
    }

    #[test]
    fn a_token_that_does_not_rotate_stays_good() {
        let mut tokens = RefreshTokens::default();
        let rules = RotationRules {
            rotating: false,
            ..STRICT
        };
        let token = tokens.start("me", &asked(), 0);
        for now in 1..4 {
            assert!(tokens.present(&token, rules, now).is_some());
            assert_eq!(tokens.exchange(&token, rules, now), None);
        }
    }

    #[test]
    fn the_oldest_login_of_a_person_falls_out_beyond_two_hundred() {
        let mut tokens = RefreshTokens::default();
        let first = tokens.start("me", &asked(), 0);
        let stranger = tokens.start("you", &asked(), 0);
        for _ in 1..ACTIVE_LOGINS {
            tokens.start("me", &asked(), 1);
        }
        assert!(tokens.present(&first, STRICT, 2).is_some());
        tokens.start("me", &asked(), 1);
        assert!(tokens.present(&first, STRICT, 2).is_none());
        assert!(tokens.present(&stranger, STRICT, 2).is_some());
    }
}
