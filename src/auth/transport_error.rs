//! Errors between sending a request to the issuer and receiving its
//! answer.

use std::time::Duration;

/// No answer of the issuer that says yes or no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection was made: nothing arrived.
    #[error("cannot reach {host}: {reason}")]
    Unreachable {
        /// The issuer's host.
        host: String,
        /// The network's error.
        reason: String,
    },
    /// The connection was lost or timed out after the request left: it may
    /// have arrived.
    #[error("the connection to {host} was lost: {reason}")]
    ConnectionLost {
        /// The issuer's host.
        host: String,
        /// The network's error.
        reason: String,
    },
    /// A server error (5xx).
    #[error("{host} is in trouble (HTTP {status})")]
    Broken {
        /// The issuer's host.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The pause it asked for.
        retry_after: Option<Duration>,
    },
    /// The tenant's rate limit: nothing was done.
    #[error("{host} limits how often it may be asked")]
    RateLimited {
        /// The issuer's host.
        host: String,
        /// The pause it asked for.
        retry_after: Option<Duration>,
    },
    /// A body that is no JSON object: a proxy's or captive portal's page, or a
    /// redirect, which is not followed.
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
        /// The most that is read.
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
            Self::Unreachable { host, reason } if reason.contains("certificate") => {
                format!(
                    "Set SSL_CERT_FILE to the certificate authority that {host} is to be trusted \
                     by, if it is yours or your proxy's."
                )
            }
            Self::Unreachable { host, .. } => {
                format!(
                    "Check the network connection, the proxy settings and that {host} is right."
                )
            }
            Self::ConnectionLost { .. } | Self::Broken { .. } | Self::RateLimited { .. } => {
                "Try again in a minute.".to_owned()
            }
            Self::InvalidResponse { host, .. } => format!(
                "Check that {host} is the issuer and that no network login page stands in between."
            ),
            Self::TooLarge { host, .. } => format!("Check that {host} is the issuer."),
        }
    }

    /// Returns whether the same request may get an answer later.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Broken { .. }
            | Self::RateLimited { .. } => true,
            Self::InvalidResponse { status, .. } => !matches!(status, 400..=499),
            Self::TooLarge { .. } => false,
        }
    }

    /// Returns whether the issuer may have done what was asked.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::RateLimited { .. } => false,
            Self::ConnectionLost { .. }
            | Self::Broken { .. }
            | Self::InvalidResponse { .. }
            | Self::TooLarge { .. } => true,
        }
    }

    /// The pause the issuer asked for.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Broken { retry_after, .. } | Self::RateLimited { retry_after, .. } => {
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

    #[test]
    fn a_certificate_that_nobody_vouches_for_names_the_variable() {
        let unreachable = |reason: &str| TransportError::Unreachable {
            host: "t.example".to_owned(),
            reason: reason.to_owned(),
        };
        let help = unreachable("invalid peer certificate: UnknownIssuer").help();
        assert!(help.contains("SSL_CERT_FILE"), "{help}");
        let help = unreachable("Connection refused").help();
        assert!(!help.contains("SSL_CERT_FILE"), "{help}");
    }

    #[test]
    fn a_redirect_is_no_page() {
        let sent = |status| {
            let host = "t.example".to_owned();
            TransportError::InvalidResponse { host, status }.to_string()
        };
        assert!(sent(302).contains("a redirect instead of JSON"));
        assert!(sent(200).contains("a page instead of JSON"));
    }
}
