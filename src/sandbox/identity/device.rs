//! Device codes: from the first request to the one exchange they are good for.

use std::collections::HashMap;

use super::random;

/// The grant that a client requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestedGrant {
    /// Space separated, as granted.
    pub(super) scope: String,
    /// The API wanted; `None` gives an opaque token.
    pub(super) audience: Option<String>,
}

impl RequestedGrant {
    /// Returns whether `scope` is granted.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == scope)
    }
}

/// A new device code.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    /// The client's half.
    pub(super) device_code: String,
    /// The user code, as `XXXX-XXXX`.
    pub(super) user_code: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum CodeState {
    Waiting,
    Approved { sub: String },
    Refused { reason: String },
    Closed,
}

#[derive(Debug)]
struct DeviceCode {
    user_code: String,
    asked: RequestedGrant,
    interval_ms: i64,
    expires_ms: i64,
    answered_ms: Option<i64>,
    state: CodeState,
}

/// The result of a poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Polled {
    /// The code is not answered yet.
    Pending,
    /// Sooner after the previous answer than agreed.
    TooFast {
        /// The wait agreed on, in seconds.
        interval_s: i64,
    },
    /// The user or the Action denied it.
    Refused {
        /// The answer.
        reason: String,
    },
    /// The code expired.
    Expired,
    /// Never handed out, used already, or said to be over already.
    Unknown,
    /// The user approved. This answer uses the code up.
    Granted {
        /// The user.
        sub: String,
        /// The grant.
        asked: RequestedGrant,
    },
}

/// The rules of polling.
#[derive(Debug, Clone, Copy)]
pub(super) struct PollRules {
    /// Say `expired_token` every time instead of once.
    pub(super) expired_repeats: bool,
    /// Let a poll that is too fast raise the agreed wait by 5 s.
    pub(super) interval_grows: bool,
}

/// Why a code typed on the page is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClosedCode {
    /// Answered before.
    Answered,
    /// Too late.
    Expired,
    /// Never handed out, or long gone.
    Unknown,
}

/// Every code handed out, by device code. In memory only: a restart ends
/// logins that were not finished.
#[derive(Debug, Default)]
pub(super) struct DeviceCodes(HashMap<String, DeviceCode>);

/// How long an expired code is remembered, in milliseconds.
const REMEMBERED_MS: i64 = 3_600_000;

impl DeviceCodes {
    /// Hands out a new code that lives `ttl_ms`.
    pub(super) fn issue(
        &mut self,
        asked: RequestedGrant,
        interval_ms: i64,
        ttl_ms: i64,
        now_ms: i64,
    ) -> Issued {
        self.0
            .retain(|_, code| now_ms.saturating_sub(code.expires_ms) < REMEMBERED_MS);
        let mut user_code = random::user_code();
        while self.find(&user_code).is_some() {
            user_code = random::user_code();
        }
        let device_code = random::text(32);
        let code = DeviceCode {
            user_code: user_code.clone(),
            asked,
            interval_ms,
            expires_ms: now_ms.saturating_add(ttl_ms),
            answered_ms: None,
            state: CodeState::Waiting,
        };
        self.0.insert(device_code.clone(), code);
        Issued {
            device_code,
            user_code,
        }
    }

    /// Answers one poll. The wait counts from the previous answer; the first
    /// poll may come at once (RFC 8628, section 3.5).
    pub(super) fn poll(&mut self, device_code: &str, rules: PollRules, now_ms: i64) -> Polled {
        let Some(code) = self.0.get_mut(device_code) else {
            return Polled::Unknown;
        };
        if code.state == CodeState::Closed {
            return Polled::Unknown;
        }
        if now_ms >= code.expires_ms {
            if !rules.expired_repeats {
                code.state = CodeState::Closed;
            }
            return Polled::Expired;
        }
        if let CodeState::Refused { reason } = &code.state {
            let reason = reason.clone();
            code.state = CodeState::Closed;
            return Polled::Refused { reason };
        }
        let since = code.answered_ms.map(|at| now_ms.saturating_sub(at));
        code.answered_ms = Some(now_ms);
        if since.is_some_and(|since| since < code.interval_ms) {
            let interval_s = code.interval_ms / 1000;
            if rules.interval_grows {
                code.interval_ms = code.interval_ms.saturating_add(5000);
            }
            return Polled::TooFast { interval_s };
        }
        if let CodeState::Approved { sub } = &code.state {
            let sub = sub.clone();
            code.state = CodeState::Closed;
            return Polled::Granted {
                sub,
                asked: code.asked.clone(),
            };
        }
        Polled::Pending
    }

    /// The code typed on the page, as it was handed out, if it may still be
    /// answered.
    pub(super) fn open(&self, typed: &str, now_ms: i64) -> Result<String, ClosedCode> {
        match self.find(typed).and_then(|key| self.0.get(&key)) {
            None => Err(ClosedCode::Unknown),
            Some(code) if code.state != CodeState::Waiting => Err(ClosedCode::Answered),
            Some(code) if now_ms >= code.expires_ms => Err(ClosedCode::Expired),
            Some(code) => Ok(code.user_code.clone()),
        }
    }

    /// Returns the grant of the typed code.
    pub(super) fn asked(&self, typed: &str) -> Option<&RequestedGrant> {
        let key = self.find(typed)?;
        self.0.get(&key).map(|code| &code.asked)
    }

    /// Approves the code. Only an open code changes.
    pub(super) fn approve(&mut self, typed: &str, sub: &str) {
        self.settle(
            typed,
            CodeState::Approved {
                sub: sub.to_owned(),
            },
        );
    }

    /// Denies the code. Only an open code changes.
    pub(super) fn refuse(&mut self, typed: &str, reason: &str) {
        self.settle(
            typed,
            CodeState::Refused {
                reason: reason.to_owned(),
            },
        );
    }

    /// Ends every code now and says how many were open.
    pub(super) fn expire_all(&mut self, now_ms: i64) -> usize {
        let mut open = 0;
        for code in self.0.values_mut() {
            if code.state != CodeState::Closed && now_ms < code.expires_ms {
                open += 1;
                code.expires_ms = now_ms;
            }
        }
        open
    }

    fn settle(&mut self, typed: &str, state: CodeState) {
        if let Some(key) = self.find(typed)
            && let Some(code) = self.0.get_mut(&key)
            && code.state == CodeState::Waiting
        {
            code.state = state;
        }
    }

    fn find(&self, typed: &str) -> Option<String> {
        let wanted = random::folded(typed);
        self.0
            .iter()
            .find(|(_, code)| random::folded(&code.user_code) == wanted)
            .map(|(key, _)| key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{ClosedCode, DeviceCodes, Issued, PollRules, Polled, RequestedGrant};

    const AUTH0: PollRules = PollRules {
        expired_repeats: false,
        interval_grows: false,
    };
    const RFC: PollRules = PollRules {
        expired_repeats: true,
        interval_grows: false,
    };

    fn one_code() -> (DeviceCodes, Issued) {
        let mut codes = DeviceCodes::default();
        let asked = RequestedGrant {
            scope: "openid".to_owned(),
            audience: None,
        };
        let issued = codes.issue(asked, 5000, 900_000, 0);
        (codes, issued)
    }

    #[test]
    fn the_wait_counts_from_the_previous_answer_even_a_slow_down() {
        let (mut codes, issued) = one_code();
        let slow = Polled::TooFast { interval_s: 5 };
        assert_eq!(codes.poll(&issued.device_code, AUTH0, 0), Polled::Pending);
        assert_eq!(codes.poll(&issued.device_code, AUTH0, 4999), slow);
        assert_eq!(codes.poll(&issued.device_code, AUTH0, 9998), slow);
        assert_eq!(
            codes.poll(&issued.device_code, AUTH0, 14_998),
            Polled::Pending
        );
    }

    #[test]
    fn a_growing_interval_punishes_who_does_not_slow_down() {
        let (mut codes, issued) = one_code();
        let rules = PollRules {
            interval_grows: true,
            ..AUTH0
        };
        codes.poll(&issued.device_code, rules, 0);
        let poll = |codes: &mut DeviceCodes, now| codes.poll(&issued.device_code, rules, now);
        assert_eq!(poll(&mut codes, 1000), Polled::TooFast { interval_s: 5 });
        assert_eq!(poll(&mut codes, 6000), Polled::TooFast { interval_s: 10 });
        assert_eq!(poll(&mut codes, 21_000), Polled::Pending);
    }

    #[test]
    fn an_approved_code_is_good_for_one_exchange() {
        let (mut codes, issued) = one_code();
        codes.approve(&issued.user_code.to_lowercase().replace('-', ""), "me");
        assert!(matches!(
            codes.poll(&issued.device_code, AUTH0, 1),
            Polled::Granted { sub, .. } if sub == "me"
        ));
        assert_eq!(
            codes.poll(&issued.device_code, AUTH0, 6000),
            Polled::Unknown
        );
    }

    #[test]
    fn an_expired_code_says_so_once_or_every_time() {
        let (mut codes, issued) = one_code();
        let at = 900_000;
        assert_eq!(codes.poll(&issued.device_code, RFC, at), Polled::Expired);
        assert_eq!(codes.poll(&issued.device_code, RFC, at), Polled::Expired);
        assert_eq!(codes.poll(&issued.device_code, AUTH0, at), Polled::Expired);
        assert_eq!(codes.poll(&issued.device_code, AUTH0, at), Polled::Unknown);
    }

    #[test]
    fn a_no_cannot_be_turned_into_a_yes() {
        let (mut codes, issued) = one_code();
        codes.refuse(&issued.user_code, "no");
        codes.approve(&issued.user_code, "me");
        assert_eq!(codes.open(&issued.user_code, 0), Err(ClosedCode::Answered));
        assert_eq!(
            codes.poll(&issued.device_code, AUTH0, 1),
            Polled::Refused {
                reason: "no".to_owned()
            }
        );
        assert_eq!(codes.poll(&issued.device_code, AUTH0, 2), Polled::Unknown);
    }

    #[test]
    fn codes_ended_by_hand_are_expired_for_page_and_client() {
        let (mut codes, issued) = one_code();
        assert_eq!(codes.expire_all(10), 1);
        assert_eq!(codes.open(&issued.user_code, 10), Err(ClosedCode::Expired));
        assert_eq!(codes.poll(&issued.device_code, AUTH0, 10), Polled::Expired);
        assert_eq!(codes.open("BBBB-BBBB", 10), Err(ClosedCode::Unknown));
    }
}
