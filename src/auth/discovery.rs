//! Discovery of an issuer's endpoints.
//!
//! Source: `OpenID` Connect Discovery 1.0. Stricter than it in one point: every
//! endpoint must be on the issuer's own origin, since tokens are sent there.

use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;

use crate::auth::normalize::without_mark;
use crate::auth::oauth_http::{LARGEST_ANSWER, lost};
use crate::auth::transport_error::TransportError;
use crate::http::{self, BodyError};
use crate::text::sanitize::{message, one_line};

/// The endpoints of an issuer. All are `https`, or on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Where a device login starts; `None` where the issuer has no such flow.
    pub device_authorization: Option<Url>,
    /// The source of tokens.
    pub token: Url,
    /// The revocation endpoint.
    pub revocation: Option<Url>,
    /// Where the session in the browser ends.
    pub end_session: Option<Url>,
    /// Where the keys are that sign its tokens.
    pub jwks: Option<Url>,
}

/// Why the endpoints of an issuer are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The configured issuer is no address that may be used.
    #[error("the issuer `{issuer}` is not an https address")]
    Insecure {
        /// As configured.
        issuer: String,
    },
    /// No answer.
    #[error("no discovery document: {trouble}")]
    NoAnswer {
        /// The reason.
        #[source]
        trouble: TransportError,
    },
    /// There is no discovery document, or it is not one.
    #[error("{url} is not a discovery document ({found})")]
    NotFound {
        /// Where it should be.
        url: String,
        /// The previous value.
        found: String,
    },
    /// The document is another issuer's.
    #[error("the issuer calls itself `{found}`, configured is `{configured}`")]
    OtherIssuer {
        /// As configured.
        configured: String,
        /// As the document says.
        found: String,
    },
    /// An endpoint on another origin, or not `https`.
    #[error("the {endpoint} is not on the issuer's own host: {url}")]
    Foreign {
        /// Its name in the document.
        endpoint: &'static str,
        /// What the document says.
        url: String,
    },
}

impl DiscoveryError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Insecure { .. } => {
                "Set `issuer` to an https address such as https://TENANT.eu.auth0.com/.".to_owned()
            }
            Self::NoAnswer { trouble } => trouble.help(),
            Self::NotFound { .. } => {
                "Check `issuer`: it is the tenant's domain with https:// and a slash at the end."
                    .to_owned()
            }
            Self::OtherIssuer { found, .. } if found.is_empty() => {
                "Check `issuer`: the discovery document there names no issuer.".to_owned()
            }
            Self::OtherIssuer { found, .. } => {
                format!("Set `issuer = \"{found}\"`, exactly so, if that is your tenant.")
            }
            Self::Foreign { .. } => {
                "Use the issuer's own domain in `issuer`; nothing is sent to another host."
                    .to_owned()
            }
        }
    }

    /// A stable word for scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Insecure { .. } => "issuer-insecure",
            Self::NoAnswer { .. } => "issuer-unreachable",
            Self::NotFound { .. } => "issuer-not-found",
            Self::OtherIssuer { .. } => "issuer-mismatch",
            Self::Foreign { .. } => "issuer-foreign-endpoint",
        }
    }

    /// Returns whether trying again later may help.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::NoAnswer { trouble } => trouble.retryable(),
            Self::Insecure { .. }
            | Self::NotFound { .. }
            | Self::OtherIssuer { .. }
            | Self::Foreign { .. } => false,
        }
    }
}

/// The parts of the document that are used.
#[derive(Debug, Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    jwks_uri: Option<String>,
}

impl Issuer {
    /// Asks `issuer` where its endpoints are. The document must name the
    /// issuer byte for byte as it is configured, slash and all.
    ///
    /// # Errors
    ///
    /// See [`DiscoveryError`].
    pub async fn discover(client: &Client, issuer: &str) -> Result<Self, DiscoveryError> {
        let base = address(issuer)?;
        let url = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let document = fetch(client, &base, &url).await?;
        if document.issuer != issuer {
            return Err(DiscoveryError::OtherIssuer {
                configured: issuer.to_owned(),
                found: one_line(&document.issuer),
            });
        }
        let own = |endpoint: &'static str, url: &str| own_endpoint(&base, endpoint, url);
        let optional =
            |endpoint, url: Option<String>| url.map(|url| own(endpoint, &url)).transpose();
        Ok(Self {
            token: own("token_endpoint", &document.token_endpoint)?,
            device_authorization: optional(
                "device_authorization_endpoint",
                document.device_authorization_endpoint,
            )?,
            revocation: optional("revocation_endpoint", document.revocation_endpoint)?,
            end_session: document
                .end_session_endpoint
                .and_then(|url| own("end_session_endpoint", &url).ok()),
            jwks: optional("jwks_uri", document.jwks_uri)?,
        })
    }
}

/// The address of a configured issuer, for making its HTTP client.
///
/// # Errors
///
/// [`DiscoveryError::Insecure`] unless it is `https` or on this machine.
pub fn address(issuer: &str) -> Result<Url, DiscoveryError> {
    Url::parse(issuer)
        .ok()
        .filter(is_safe)
        .ok_or_else(|| DiscoveryError::Insecure {
            issuer: one_line(issuer),
        })
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && http::is_loopback(url))
}

fn own_endpoint(base: &Url, endpoint: &'static str, url: &str) -> Result<Url, DiscoveryError> {
    Url::parse(url)
        .ok()
        .filter(|url| is_safe(url) && url.origin() == base.origin())
        .ok_or_else(|| DiscoveryError::Foreign {
            endpoint,
            url: one_line(url),
        })
}

async fn fetch(client: &Client, base: &Url, url: &str) -> Result<Document, DiscoveryError> {
    let host = authority(base);
    let no_answer = |trouble| DiscoveryError::NoAnswer { trouble };
    let not_found = |found: String| DiscoveryError::NotFound {
        url: one_line(url),
        found,
    };
    let response = client
        .get(url)
        .send()
        .await
        .map_err(|e| no_answer(lost(&host, &e)))?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(no_answer(TransportError::Broken {
            host,
            status: status.as_u16(),
            retry_after: None,
        }));
    }
    if status != StatusCode::OK {
        return Err(not_found(format!("HTTP {}", status.as_u16())));
    }
    let bytes = http::body(response, LARGEST_ANSWER)
        .await
        .map_err(|e| match e {
            BodyError::Broken(e) => no_answer(lost(&host, &e)),
            BodyError::TooLarge { limit } => no_answer(TransportError::TooLarge {
                host: host.clone(),
                limit,
            }),
        })?;
    serde_json::from_slice(without_mark(&bytes)).map_err(|e| not_found(message(&e.to_string())))
}

/// Host and port, for messages.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the issuer");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_only() {
        for good in [
            "https://t.eu.auth0.com/",
            "http://127.0.0.1:1/",
            "http://localhost:2/x/",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://t.eu.auth0.com/",
            "ftp://localhost/",
            "t.eu.auth0.com",
            "",
            "file:///x",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_empty_issuer_is_not_proposed() {
        let other = |found: &str| DiscoveryError::OtherIssuer {
            configured: "https://t.example/".to_owned(),
            found: found.to_owned(),
        };
        assert!(!other("").help().contains("issuer = "));
        assert!(
            other("https://t.example")
                .help()
                .contains("issuer = \"https://t.example\"")
        );
    }

    #[test]
    fn an_endpoint_elsewhere_is_refused() -> Result<(), DiscoveryError> {
        let base = address("https://t.example/")?;
        let own = |url| own_endpoint(&base, "token_endpoint", url).is_ok();
        assert!(own("https://t.example/oauth/token"));
        assert!(own("https://t.example:443/oauth/token"));
        for bad in [
            "https://evil.example/oauth/token",
            "http://t.example/oauth/token",
            "https://t.example:8443/oauth/token",
            "https://t.example@evil.example/",
            "/oauth/token",
        ] {
            assert!(!own(bad), "{bad}");
        }
        Ok(())
    }
}
