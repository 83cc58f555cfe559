//! Errors between sending a request to the issuer and receiving its answer.

use std::time::Duration;

use crate::http::RequestFailure;

/// Why a request to the issuer has no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection was made: the request did not arrive.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The issuer's host.
        host: String,
        /// The reason.
        reason: RequestFailure,
    },
    /// The connection was lost or timed out after the request was sent: it may
    /// have arrived.
    #[error("the connection to {host} was lost: {reason}")]
    ConnectionLost {
        /// The issuer's host.
        host: String,
        /// The reason.
        reason: RequestFailure,
    },
    /// A server error (5xx).
    #[error("{host} returned a server error (HTTP {status})")]
    ServerError {
        /// The issuer's host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The `Retry-After` of the answer.
        retry_after: Option<Duration>,
    },
    /// The tenant's rate limit: the request was not carried out.
    #[error("{host} is rate limiting requests")]
    RateLimited {
        /// The issuer's host.
        host: String,
        /// The `Retry-After` of the answer.
        retry_after: Option<Duration>,
    },
    /// A body that is not a JSON object: the page of a proxy or captive portal, or
    /// a redirect, which is not followed.
    #[error("{host} sent {} instead of JSON (HTTP {status})", instead(*status))]
    InvalidResponse {
        /// The issuer's host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// A body over the limit.
    #[error("{host} sent more than {limit} bytes")]
    TooLarge {
        /// The issuer's host.
        host: String,
        /// The limit, in bytes.
        limit: usize,
    },
}

const fn instead(status: u16) -> &'static str {
    match status {
        300..=399 => "a redirect",
        _ => "a page",
    }
}

impl TransportError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unreachable { host, reason } => reason.help(host).unwrap_or_else(|| {
                format!("Check the network connection, the proxy settings and the address {host}.")
            }),
            Self::ConnectionLost { .. } | Self::ServerError { .. } | Self::RateLimited { .. } => {
                "Try again in a minute.".to_owned()
            }
            Self::InvalidResponse { host, .. } => format!(
                "Check that {host} is the issuer and that no captive portal intercepts requests."
            ),
            Self::TooLarge { host, .. } => format!("Check that {host} is the issuer."),
        }
    }

    /// Returns whether a later retry may succeed.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::ServerError { .. }
            | Self::RateLimited { .. } => true,
            Self::InvalidResponse { status, .. } => !matches!(status, 400..=499),
            Self::TooLarge { .. } => false,
        }
    }

    /// Returns whether the issuer may have received the request.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::RateLimited { .. } => false,
            Self::ConnectionLost { .. }
            | Self::ServerError { .. }
            | Self::InvalidResponse { .. }
            | Self::TooLarge { .. } => true,
        }
    }

    /// The pause that the issuer asked for.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ServerError { retry_after, .. } | Self::RateLimited { retry_after, .. } => {
                *retry_after
            }
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::InvalidResponse { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TransportError;
    use crate::http::RequestFailure;

    #[test]
    fn an_untrusted_certificate_suggests_the_variable() {
        let unreachable = |reason| TransportError::Unreachable {
            host: "t.example".to_owned(),
            reason,
        };
        let help = unreachable(RequestFailure::UnknownAuthority).help();
        assert!(help.contains("SSL_CERT_FILE"), "{help}");
        let help = unreachable(RequestFailure::Timeout).help();
        assert!(!help.contains("SSL_CERT_FILE"), "{help}");
    }

    #[test]
    fn a_redirect_is_not_called_a_page() {
        let sent = |status| {
            let host = "t.example".to_owned();
            TransportError::InvalidResponse { host, status }.to_string()
        };
        assert!(sent(302).contains("a redirect instead of JSON"));
        assert!(sent(200).contains("a page instead of JSON"));
    }
}
