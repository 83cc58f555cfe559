//! Discovery of an issuer's endpoints.
//!
//! Source: `OpenID` Connect Discovery 1.0. Stricter in one point: every endpoint
//! must be on the issuer's origin, since tokens are sent there.

use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;

use crate::auth::normalize::without_mark;
use crate::auth::oauth_http::{LARGEST_ANSWER, transport_error};
use crate::auth::transport_error::TransportError;
use crate::http::{self, BodyError};
use crate::text::sanitize::{message, one_line};

/// The endpoints of an issuer. All are `https` or loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The device authorization endpoint; `None` without a device flow.
    pub device_authorization: Option<Url>,
    /// The token endpoint.
    pub token: Url,
    /// The revocation endpoint.
    pub revocation: Option<Url>,
    /// The page that ends the session in the browser.
    pub end_session: Option<Url>,
    /// The JWKS with the signing keys.
    pub jwks: Option<Url>,
}

/// Why the discovery of an issuer failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The configured issuer is not an `https` or loopback address.
    #[error("the issuer `{issuer}` is not an https address")]
    Insecure {
        /// As configured.
        issuer: String,
    },
    /// The issuer did not answer.
    #[error("cannot load the discovery document: {error}")]
    NoAnswer {
        /// The reason.
        #[source]
        error: TransportError,
    },
    /// There is no valid discovery document.
    #[error("{url} is not a discovery document ({found})")]
    NotFound {
        /// Its address.
        url: String,
        /// The HTTP status or parse error.
        found: String,
    },
    /// The document belongs to another issuer.
    #[error("the discovery document is for issuer `{found}`, the configured one is `{configured}`")]
    OtherIssuer {
        /// As configured.
        configured: String,
        /// The document's issuer.
        found: String,
    },
    /// An endpoint on another origin, or not `https`.
    #[error("the {endpoint} is not on the issuer's host: {url}")]
    Foreign {
        /// Its name in the document.
        endpoint: &'static str,
        /// Its address in the document.
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
            Self::NoAnswer { error } => error.help(),
            Self::NotFound { .. } => {
                "Check `issuer`: it is the tenant's domain with https:// and a slash at the end."
                    .to_owned()
            }
            Self::OtherIssuer { found, .. } if found.is_empty() => {
                "Check `issuer`: the discovery document there contains no issuer.".to_owned()
            }
            Self::OtherIssuer { found, .. } => {
                format!(
                    "Set `issuer = \"{found}\"`, exactly as written here, if that is your tenant."
                )
            }
            Self::Foreign { .. } => {
                "Set `issuer` to the domain of its endpoints; no token is sent to another host."
                    .to_owned()
            }
        }
    }

    /// The stable code for scripts.
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

    /// Returns whether a later retry may succeed.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::NoAnswer { error } => error.retryable(),
            Self::Insecure { .. }
            | Self::NotFound { .. }
            | Self::OtherIssuer { .. }
            | Self::Foreign { .. } => false,
        }
    }
}

/// The members of the discovery document that are used.
#[derive(Debug, Deserialize)]
struct DiscoveryDocument {
    issuer: String,
    token_endpoint: String,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    jwks_uri: Option<String>,
}

impl Issuer {
    /// Discovers the endpoints of `issuer`. The document must contain the issuer
    /// byte for byte as configured, including the trailing slash.
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

/// Parses the address of an issuer, for building its HTTP client.
///
/// # Errors
///
/// [`DiscoveryError::Insecure`] unless it is `https` or loopback.
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

async fn fetch(
    client: &Client,
    base: &Url,
    url: &str,
) -> Result<DiscoveryDocument, DiscoveryError> {
    let host = http::authority(base);
    let no_answer = |error| DiscoveryError::NoAnswer { error };
    let not_found = |found: String| DiscoveryError::NotFound {
        url: one_line(url),
        found,
    };
    let response = http::send(client.get(url))
        .await
        .map_err(|e| no_answer(transport_error(&host, &e)))?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(no_answer(TransportError::ServerError {
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
            BodyError::Broken(e) => no_answer(transport_error(&host, &e)),
            BodyError::TooLarge { limit } => no_answer(TransportError::TooLarge {
                host: host.clone(),
                limit,
            }),
        })?;
    serde_json::from_slice(without_mark(&bytes)).map_err(|e| not_found(message(&e.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_accepted_on_loopback_only() {
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
    fn an_empty_issuer_is_not_suggested() {
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
