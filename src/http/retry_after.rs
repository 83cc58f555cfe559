//! The `Retry-After` header.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::domain::list::LONGEST_REST;

/// Reads the pause that a server asks for: `Retry-After` in seconds or as a date,
/// else `X-RateLimit-Reset` in seconds since 1970 (Auth0). At most an hour.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until =
        |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    let pause = if let Some(asked) = text(RETRY_AFTER.as_str()) {
        asked.parse().map(Duration::from_secs).ok().or_else(|| {
            let date = jiff::fmt::rfc2822::parse(asked).ok()?;
            Some(until(date.timestamp()))
        })
    } else {
        let at: i64 = text("x-ratelimit-reset")?.parse().ok()?;
        Some(until(Timestamp::from_second(at).ok()?))
    };
    pause.map(|pause| pause.min(LONGEST_REST))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn a_pause_is_read_from_either_header() -> Result<(), Box<dyn Error>> {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse()?;
        let with = |name: &'static str, value: &str| -> Result<_, Box<dyn Error>> {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value)?);
            Ok(retry_after(&headers, now))
        };
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(with("retry-after", "120")?, seconds(120));
        assert_eq!(
            with("retry-after", "Mon, 23 Nov 2026 12:00:30 GMT")?,
            seconds(30)
        );
        assert_eq!(
            with("retry-after", "Mon, 23 Nov 2026 11:00:00 GMT")?,
            seconds(0)
        );
        assert_eq!(with("retry-after", "soon")?, None);
        assert_eq!(with("retry-after", "99999999")?, seconds(3600));
        let reset = (now.as_second() + 9).to_string();
        assert_eq!(with("x-ratelimit-reset", &reset)?, seconds(9));
        assert_eq!(with("x-ratelimit-reset", "-9")?, seconds(0));
        assert_eq!(with("x-ratelimit-reset", "-99999999999999999")?, None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
        Ok(())
    }
}
