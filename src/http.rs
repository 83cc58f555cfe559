//! Construction of HTTP clients: TLS, proxies, time limits and redirects.

mod failure;
mod retry_after;
mod send;

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};

pub use failure::RequestFailure;
pub use retry_after::retry_after;
pub use send::{execute, send};

/// The time limit of a request, from start to last byte.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// The time limit for opening a connection.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Why no HTTP client could be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS")]
pub struct HttpError(#[from] reqwest::Error);

impl HttpError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        "Install your system's CA certificates (Debian: `ca-certificates`), or set SSL_CERT_FILE."
    }
}

/// Builds the client for requests to `origin`.
///
/// Redirects are never followed, since requests contain credentials. A loopback
/// address needs neither proxy nor CA certificates, so the demo runs on a
/// machine without them.
///
/// # Errors
///
/// When the system's certificates cannot be loaded.
pub fn client(origin: &Url) -> Result<Client, HttpError> {
    client_within(origin, REQUEST_LIMIT)
}

/// Like [`client`], with the time limit `limit` per request.
///
/// # Errors
///
/// When the system's certificates cannot be loaded.
pub fn client_within(origin: &Url, limit: Duration) -> Result<Client, HttpError> {
    Ok(builder(origin).timeout(limit).build()?)
}

/// Like [`client`], for a websocket to `origin`: HTTP/1.1 only, as an upgrade
/// requires, and without a time limit.
///
/// # Errors
///
/// When the system's certificates cannot be loaded.
pub fn socket_client(origin: &Url) -> Result<Client, HttpError> {
    Ok(builder(origin).http1_only().build()?)
}

/// Returns whether `url` is a loopback address, the only one allowed with `http`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// Why the body of a response could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The connection broke before the last byte.
    #[error("the connection was lost before the end of the answer")]
    Broken(#[source] reqwest::Error),
    /// The body is larger than the limit.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
}

/// Reads the body of `response`, at most `limit` bytes after decompression.
///
/// # Errors
///
/// When the connection breaks or the body is larger. At most `limit` bytes are
/// held in memory.
pub async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if bytes.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Formats host and port of `url`, for messages.
#[must_use]
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("the server");
    url.port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn builder(origin: &Url) -> reqwest::ClientBuilder {
    // Fails when a provider is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .user_agent(concat!("tudone/", env!("CARGO_PKG_VERSION")));
    if is_loopback(origin) && origin.scheme() == "http" {
        builder
            .no_proxy()
            .tls_certs_only(std::iter::empty::<Certificate>())
    } else {
        builder
    }
}
