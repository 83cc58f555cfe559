//! Why a request has no answer.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::text::causes;
use crate::text::sanitize::message;

/// The beginning of an error between client and proxy.
const TUNNEL: &str = "tunnel error: ";

/// Why a request has no answer, without the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFailure {
    /// A time limit passed.
    #[error("no answer in time")]
    Timeout,
    /// The server's certificate is from an authority that this machine does not
    /// know.
    #[error("its certificate is from an unknown authority")]
    UnknownAuthority,
    /// The server's certificate is expired, or not valid yet by this machine's
    /// clock.
    #[error("its certificate {0}")]
    CertificateDate(&'static str),
    /// The server's certificate has another name, or is invalid in itself.
    #[error("{0}")]
    Certificate(String),
    /// The proxy opens no connection.
    #[error("the proxy opens no connection: {0}")]
    Proxy(String),
    /// The innermost error: `Connection refused (os error 111)`.
    #[error("{0}")]
    Other(String),
}

impl RequestFailure {
    /// Classifies the error of a request.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let causes = causes(error);
        let tls = causes.iter().find_map(|it| it.downcast_ref());
        if let Some(rustls::Error::InvalidCertificate(problem)) = tls {
            return Self::of_certificate(problem);
        }
        let innermost = causes::innermost(error);
        let text = if innermost.is::<reqwest::Error>() {
            "the request could not be sent".to_owned()
        } else {
            message(&innermost.to_string())
        };
        // The type of this error is private to the library.
        let is_tunnel = |it: &&dyn Error| it.to_string().starts_with(TUNNEL);
        if causes.iter().any(is_tunnel) {
            return Self::Proxy(match text.strip_prefix(TUNNEL) {
                Some("unsuccessful") => "it refuses".to_owned(),
                Some(reason) => reason.to_owned(),
                None => text,
            });
        }
        Self::Other(text)
    }

    fn of_certificate(problem: &CertificateError) -> Self {
        use CertificateError as C;
        if matches!(problem, C::UnknownIssuer) {
            Self::UnknownAuthority
        } else if matches!(problem, C::Expired | C::ExpiredContext { .. }) {
            Self::CertificateDate("has expired")
        } else if matches!(problem, C::NotValidYet | C::NotValidYetContext { .. }) {
            Self::CertificateDate("is not valid yet")
        } else if matches!(
            problem,
            C::NotValidForName | C::NotValidForNameContext { .. }
        ) {
            Self::Certificate("its certificate is for another host".to_owned())
        } else {
            let problem = message(&problem.to_string());
            Self::Certificate(format!("its certificate is invalid: {problem}"))
        }
    }

    /// Returns whether the server's certificate is the reason.
    #[must_use]
    pub const fn is_certificate(&self) -> bool {
        matches!(
            self,
            Self::UnknownAuthority | Self::CertificateDate(_) | Self::Certificate(_)
        )
    }

    /// Suggests the next step for a request to `host`, as one imperative sentence;
    /// `None` where nothing but the network is known to be wrong.
    #[must_use]
    pub fn help(&self, host: &str) -> Option<String> {
        match self {
            Self::UnknownAuthority => Some(format!(
                "Set SSL_CERT_FILE to a file with the certificate authority of {host}, if it is your \
                 own or your proxy's."
            )),
            Self::CertificateDate(_) => Some(format!(
                "Check this machine's clock, and renew the certificate of {host}."
            )),
            Self::Certificate(_) => Some(format!(
                "Check the address {host}, and the certificate there."
            )),
            Self::Proxy(_) => Some(format!(
                "Check the proxy in HTTPS_PROXY, or name {host} in NO_PROXY."
            )),
            Self::Timeout | Self::Other(_) => None,
        }
    }
}

/// `error` and its causes, those inside an I/O error among them.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> Vec<&'e (dyn Error + 'static)> {
    let mut found = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        found.push(error);
        // `source` of an I/O error leaves out the error inside.
        let inner = error.downcast_ref().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    found
}
