//! The routes of the Hasura half.

use std::io::Write as _;
use std::sync::Arc;

use async_graphql_parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use uuid::Uuid;

use super::backend::{self, GraphqlAnswer};
use super::frame::{Committed, CutMark, SandboxState};
use super::line::ConnectionCutter;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bodies below this are not compressed, in bytes.
const COMPRESSED_FROM: usize = 700;

/// `POST /v1/graphql`. Runs to its end even if the client goes away.
pub(super) async fn answer(
    State(frame): State<Arc<SandboxState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let id = headers.get(REQUEST_ID).cloned();
    let gzip = takes_gzip(&headers);
    let backend = frame.backend.clone();
    let job = move || {
        let answered = backend.answer(&headers, &body);
        let worth_it = gzip && !is_refusal(&answered) && answered.text.len() >= COMPRESSED_FROM;
        let compressed = worth_it.then(|| compressed(&answered.text)).flatten();
        (answered, compressed)
    };
    let Ok((answered, compressed)) = tokio::task::spawn_blocking(job).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let refused = is_refusal(&answered);
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::OK);
    let mut response = match compressed {
        Some(bytes) => {
            let mut response = hasura_json(status, bytes);
            let gzip = HeaderValue::from_static("gzip");
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, gzip);
            response
        }
        None => hasura_json(status, answered.text),
    };
    if !refused
        && let Some(id) = id.or_else(|| HeaderValue::try_from(Uuid::now_v7().to_string()).ok())
    {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if answered.committed {
        response.extensions_mut().insert(Committed);
    }
    response
}

/// Returns whether the whole batch is refused: Hasura neither names nor compresses that.
fn is_refusal(answer: &GraphqlAnswer) -> bool {
    answer.body.get("errors").is_some()
}

/// Returns whether `Accept-Encoding` allows gzip, the only supported encoding.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=").parse::<f32>();
        matches!(name.trim(), "gzip" | "*") && weight.unwrap_or(1.0) > 0.0
    })
}

fn compressed(text: &str) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).ok()?;
    encoder.finish().ok()
}

/// Whether a request, or one of a list, holds a mutation.
pub(super) fn is_mutation(body: &[u8]) -> bool {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let requests = request
        .as_array()
        .map_or(std::slice::from_ref(&request), Vec::as_slice);
    requests.iter().any(|request| {
        let query = request["query"].as_str().unwrap_or_default();
        let Ok(document) = backend::parsed(query) else {
            return false;
        };
        let mut operations = document.operations.iter();
        operations.any(|(_, operation)| operation.node.ty == OperationType::Mutation)
    })
}

/// The websocket on `/v1/graphql`. Exactly `graphql-transport-ws` is the
/// modern protocol; anything else is Apollo's, and its name is sent back even
/// if the client named none.
pub(super) async fn socket(
    State(frame): State<Arc<SandboxState>>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    headers: HeaderMap,
    cut_when_open: CutMark,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return not_found();
    };
    let protocol = subprotocol(&headers);
    let mut response = upgrade.on_upgrade(async move |socket| {
        if cut_when_open.is_some() {
            line.cut();
            return;
        }
        frame.sockets.add(&line);
        let cut = frame.cut.subscribe();
        frame
            .backend
            .serve_socket(socket, Some(protocol.to_owned()), headers, cut)
            .await;
    });
    response.headers_mut().insert(
        header::SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(protocol),
    );
    response
}

fn subprotocol(headers: &HeaderMap) -> &'static str {
    let mut asked = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    match (asked.next(), asked.next()) {
        (Some(name), None) if name == "graphql-transport-ws" => "graphql-transport-ws",
        _ => "graphql-ws",
    }
}

/// Hasura's answer for an unknown path.
pub(super) fn not_found() -> Response {
    let body = r#"{"path":"$","error":"resource does not exist","code":"not-found"}"#;
    hasura_json(StatusCode::NOT_FOUND, body)
}

fn hasura_json(status: StatusCode, body: impl IntoResponse) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}
