//! The prompt of a device login.

use std::time::Duration;

use jiff::Timestamp;
use oauth2::{DeviceAuthorizationResponse, EmptyExtraDeviceAuthorizationFields};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::discovery;
use crate::auth::error::AuthError;
use crate::auth::oauth;
use crate::text::sanitize::one_line;

/// The longest accepted lifetime of a code, in seconds.
const LONGEST_LIFE: u64 = 24 * 60 * 60;
/// The longest accepted pause between polls, in seconds.
const LONGEST_INTERVAL: u64 = 300;

/// The device authorization response (RFC 8628, section 3.2).
pub(super) type DeviceResponse = DeviceAuthorizationResponse<EmptyExtraDeviceAuthorizationFields>;

/// The prompt of a device login: URL, code and lifetime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The code to compare with, or type on, the page. Verbatim: may contain
    /// hyphens and spaces.
    pub user_code: String,
    /// The page.
    pub verification_uri: String,
    /// The page with the code filled in.
    pub verification_uri_complete: Option<String>,
    /// The expiry of the code.
    pub expires_at: Timestamp,
    /// The lifetime of the code, in seconds.
    pub expires_in: u64,
    /// The initial pause between polls, in seconds.
    pub interval: u64,
}

impl Prompt {
    /// Reads a response that arrived at `now`, with limits on its numbers.
    /// Returns the device code, which is a secret, beside the prompt.
    pub(super) fn read(
        response: &DeviceResponse,
        now: Timestamp,
    ) -> Result<(Self, SecretString), AuthError> {
        let expires_in = response.expires_in().as_secs().min(LONGEST_LIFE);
        let prompt = Self {
            user_code: one_line(response.user_code().secret()),
            verification_uri: one_line(response.verification_uri()),
            verification_uri_complete: response
                .verification_uri_complete()
                .map(|uri| one_line(uri.secret()))
                .filter(|uri| Url::parse(uri).is_ok()),
            expires_at: oauth::after(now, Duration::from_secs(expires_in)).unwrap_or(now),
            expires_in,
            interval: response.interval().as_secs().clamp(1, LONGEST_INTERVAL),
        };
        if prompt.user_code.is_empty() || response.device_code().secret().is_empty() {
            return Err(oauth::malformed("the code is empty"));
        }
        let device = SecretString::from(response.device_code().secret().clone());
        Ok((prompt, device))
    }

    /// The response that `oauth2` polls with.
    pub(super) fn response(&self, device: &SecretString) -> Result<DeviceResponse, AuthError> {
        serde_json::from_value(json!({
            "device_code": device.expose_secret(),
            "user_code": self.user_code,
            "verification_uri": self.verification_uri,
            "expires_in": self.expires_in,
            "interval": self.interval,
        }))
        .map_err(|_| oauth::malformed("the verification page has no valid address"))
    }

    /// The page to show: with the code filled in where the issuer offers that.
    #[must_use]
    pub fn page(&self) -> &str {
        self.verification_uri_complete
            .as_deref()
            .unwrap_or(&self.verification_uri)
    }

    /// The instruction between page and code.
    #[must_use]
    pub const fn code_instruction(&self) -> &'static str {
        if self.verification_uri_complete.is_some() {
            "and check that it shows this code:"
        } else {
            "and enter this code there:"
        }
    }

    /// The page that may be opened in a browser: `https` or loopback, and on the
    /// host of `issuer`. Any other page is only shown.
    #[must_use]
    pub fn openable(&self, issuer: &str) -> Option<Url> {
        let issuer = discovery::address(issuer).ok()?;
        discovery::address(self.page())
            .ok()
            .filter(|page| page.host() == issuer.host())
    }

    /// The remaining lifetime of the code at `now`: at most
    /// [`Prompt::expires_in`], also after the clock was set back.
    #[must_use]
    pub fn life_left(&self, now: Timestamp) -> Duration {
        let left = Duration::try_from(self.expires_at.duration_since(now)).unwrap_or_default();
        left.min(Duration::from_secs(self.expires_in))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(page: &str, complete: Option<&str>) -> Prompt {
        Prompt {
            user_code: "BCDF-GHJK".to_owned(),
            verification_uri: page.to_owned(),
            verification_uri_complete: complete.map(str::to_owned),
            expires_at: Timestamp::UNIX_EPOCH,
            expires_in: 900,
            interval: 5,
        }
    }

    #[test]
    fn only_pages_on_the_issuers_host_are_opened() {
        let issuer = "https://t.example/";
        let own = "https://t.example/activate";
        let open = |page, complete| prompt(page, complete).openable(issuer);
        assert!(open(own, None).is_some());
        assert!(open(own, Some("https://t.example/activate?user_code=B")).is_some());
        for bad in [
            "https://evil.example/activate",
            "http://t.example/activate",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "--help",
        ] {
            assert_eq!(open(bad, None), None, "{bad}");
            assert_eq!(open(own, Some(bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_code_is_to_be_entered_where_the_page_does_not_know_it() {
        let page = "https://t.example/activate";
        let complete = "https://t.example/activate?user_code=B";

        let without = prompt(page, None);
        assert_eq!(without.page(), page);
        assert!(without.code_instruction().contains("enter"));
        let with = prompt(page, Some(complete));
        assert_eq!(with.page(), complete);
        assert!(with.code_instruction().contains("check"));
    }

    #[test]
    fn a_clock_set_back_does_not_prolong_a_code() -> Result<(), jiff::Error> {
        let mut prompt = prompt("https://t.example/", None);
        prompt.expires_at = Timestamp::from_second(10_000)?;
        let left = |now| Timestamp::from_second(now).map(|now| prompt.life_left(now).as_secs());
        assert_eq!(left(9_900)?, 100);
        assert_eq!(left(0)?, 900);
        assert_eq!(left(20_000)?, 0);
        Ok(())
    }
}
