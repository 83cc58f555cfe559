//! The first check of every request: only programs and pages of this machine are
//! served. Sets `Date` by the clock of each half.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::frame::SandboxState;

/// Refuses names that are not loopback (a web page could point its own name
/// here) and forms or control requests sent by other sites' pages. Sets `Date`.
pub(super) async fn guard(
    State(frame): State<Arc<SandboxState>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let hasura = path.starts_with("/v1/") || path.ends_with("/healthz");
    let clock = if hasura {
        frame.clocks.hasura.clone()
    } else {
        frame.clocks.identity.clone()
    };
    let private =
        path.starts_with("/control") || (path == "/activate" && request.method() == Method::POST);
    let mut response = if !is_loopback(request.headers()) {
        (
            StatusCode::MISDIRECTED_REQUEST,
            "This development server answers to 127.0.0.1 and localhost only.\n",
        )
            .into_response()
    } else if private && is_foreign(request.headers(), &frame.base) {
        (
            StatusCode::FORBIDDEN,
            "This development server rejects requests from other sites' pages.\n",
        )
            .into_response()
    } else {
        next.run(request).await
    };
    if let Some(date) = http_date(clock.now_ms()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else {
        return true;
    };
    let host = host.to_str().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

fn is_foreign(headers: &HeaderMap, base: &str) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let local = base.replace("127.0.0.1", "localhost");
    origin != base && *origin != *local
}

/// `Tue, 24 Nov 2026 00:05:10 GMT`.
fn http_date(now_ms: i64) -> Option<HeaderValue> {
    let instant = jiff::Timestamp::from_millisecond(now_ms).ok()?;
    let text = instant.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn a_date_reads_as_http_wants_it() {
        let date = http_date(1_795_478_710_999);
        assert_eq!(
            date.as_ref().and_then(|date| date.to_str().ok()),
            Some("Tue, 24 Nov 2026 00:05:10 GMT")
        );
    }
}
