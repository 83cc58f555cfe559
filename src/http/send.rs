//! Sends requests and logs them.

use std::time::Instant;

use reqwest::{Client, Request, RequestBuilder, Response, StatusCode};

use super::{RequestFailure, authority};

/// Sends `request` and logs its method, host, path, status and time: never its query,
/// headers or body.
///
/// # Errors
///
/// reqwest's.
pub async fn send(request: RequestBuilder) -> reqwest::Result<Response> {
    let (client, request) = request.build_split();
    execute(&client, request?).await
}

/// As [`send`], for a request that is built already.
///
/// # Errors
///
/// reqwest's.
pub async fn execute(client: &Client, request: Request) -> reqwest::Result<Response> {
    let mut log = RequestLog::new(&request);
    let answer = client.execute(request).await;
    log.outcome = Some(match &answer {
        Ok(response) => Ok(response.status()),
        Err(error) => Err(RequestFailure::of(error)),
    });
    answer
}

/// Writes the record of a request when it is dropped: answered, failed or given up.
struct RequestLog {
    request: String,
    started: Instant,
    outcome: Option<Result<StatusCode, RequestFailure>>,
}

impl RequestLog {
    fn new(request: &Request) -> Self {
        let (method, url) = (request.method(), request.url());
        let request = format!("{method} {}{}", authority(url), url.path());
        tracing::debug!("{request}: sending");
        Self {
            request,
            started: Instant::now(),
            outcome: None,
        }
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let Self {
            request, started, ..
        } = self;
        let after = started.elapsed().as_millis();
        match &self.outcome {
            Some(Ok(status)) => tracing::info!("{request}: {} in {after} ms", status.as_u16()),
            Some(Err(failure)) => tracing::info!("{request}: {failure}, after {after} ms"),
            None => tracing::info!("{request}: no answer within {after} ms"),
        }
    }
}
