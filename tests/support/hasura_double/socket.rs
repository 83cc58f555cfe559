//! Subscriptions over a websocket, as `graphql-transport-ws`: each is answered once.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use serde_json::{Value, json};

use super::graphql::{Session, first_answer, session};
use super::{Shared, lock, not_found};

pub(super) async fn upgrade(
    State(state): State<Arc<Mutex<Shared>>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response<Body> {
    let Ok(upgrade) = upgrade else {
        return not_found();
    };
    let upgrade = upgrade.protocols(["graphql-transport-ws"]);
    upgrade.on_upgrade(move |socket| async move {
        // The end of the connection is the client's affair.
        let _ = talk(socket, state).await;
    })
}

async fn talk(mut socket: WebSocket, state: Arc<Mutex<Shared>>) -> Result<(), axum::Error> {
    let mut known: Option<Session> = None;
    while let Some(message) = socket.recv().await {
        let Message::Text(text) = message? else {
            continue;
        };
        let frame: Value = serde_json::from_str(&text).unwrap_or_default();
        let state = Arc::clone(&state);
        let answer = match (frame["type"].as_str(), &known) {
            (Some("connection_init"), _) => {
                let headers = headers(&frame["payload"]["headers"]);
                let asked = tokio::task::spawn_blocking(move || session(&lock(&state), &headers));
                let Ok(Ok(session)) = asked.await else {
                    return Ok(());
                };
                known = Some(session);
                json!({"type": "connection_ack"})
            }
            (Some("subscribe"), Some(session)) => {
                let (session, request) = (session.clone(), frame["payload"].clone());
                let asked = tokio::task::spawn_blocking(move || {
                    first_answer(&lock(&state), &session, &request)
                });
                let payload = asked.await.unwrap_or_default();
                json!({"type": "next", "id": frame["id"], "payload": payload})
            }
            (Some("ping"), _) => json!({"type": "pong"}),
            _ => continue,
        };
        socket
            .send(Message::Text(answer.to_string().into()))
            .await?;
    }
    Ok(())
}

fn headers(sent: &Value) -> HeaderMap {
    let pairs = sent.as_object().into_iter().flatten();
    let pairs = pairs.filter_map(|(name, value)| {
        let name: HeaderName = name.to_lowercase().parse().ok()?;
        let value: HeaderValue = value.as_str()?.parse().ok()?;
        Some((name, value))
    });
    pairs.collect()
}
