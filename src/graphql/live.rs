//! The client side of `graphql-transport-ws` for one subscription: pure.
//!
//! The input is frames, the output frames to send and rings. Covers Hasura's
//! deviations: pings begin before the acknowledgement, an `error` is followed by
//! `complete`, and its payload may be a list, an object or a string.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::error::AuthError;
use crate::graphql::convert::doorbell;
use crate::text::sanitize;

/// The name of the protocol. It is the only one offered: Hasura answers a list
/// with an older protocol.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";

/// The id of the only subscription of a connection.
const ID: &str = "doorbell";

/// Why the live connection is unavailable.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// No connection was made.
    #[error("cannot open a live connection: {message}")]
    Unreachable {
        /// The network's error.
        message: String,
    },
    /// The server does not open a websocket.
    #[error("the server does not open a live connection (HTTP status {status})")]
    NoUpgrade {
        /// Its HTTP status.
        status: u16,
    },
    /// No access token was available.
    #[error("no access token: {source}")]
    NoToken {
        /// The reason.
        source: Arc<AuthError>,
    },
    /// The token was rejected; the protocol does not say why.
    #[error("the server rejected the login for live updates: {message}")]
    Unauthorized {
        /// Its message.
        message: String,
    },
    /// The role may not subscribe.
    #[error("the server rejected the subscription: {message}")]
    Rejected {
        /// Hasura's code; `unknown` without one.
        code: String,
        /// Its message.
        message: String,
    },
    /// The connection ended: a normal event, also when a token expires.
    #[error("the live connection ended: {message}")]
    ConnectionLost {
        /// The reason.
        message: String,
    },
    /// The token expires soon: connect again with a new one.
    #[error("the token of the live connection expires soon")]
    Renew,
    /// A frame that is not a message of the protocol.
    #[error("the server sent an invalid live message: {message}")]
    InvalidResponse {
        /// The problem.
        message: String,
    },
}

impl LiveError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoToken { source } if source.needs_login() => "Run `tudone login`.",
            Self::Unreachable { .. }
            | Self::NoToken { .. }
            | Self::ConnectionLost { .. }
            | Self::Renew => "Wait: tudone reconnects, and syncs in the meantime.",
            Self::NoUpgrade { .. } | Self::InvalidResponse { .. } => {
                "Configure the proxy in front of Hasura to pass websockets; until then tudone polls."
            }
            Self::Unauthorized { .. } | Self::Rejected { .. } => {
                "Run `tudone login` to find the wrong setting."
            }
        }
    }

    /// Returns whether a later retry, without any change, may succeed.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Renew
            | Self::InvalidResponse { .. }
            // The keys may just have been rotated.
            | Self::Unauthorized { .. } => true,
            // A starting proxy answers like this too.
            Self::NoUpgrade { status } => *status >= 500 || *status == 429,
            Self::NoToken { source } => !source.needs_login(),
            Self::Rejected { .. } => false,
        }
    }
}

/// The effect of a received frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FrameEvent {
    /// Send this frame.
    Send(String),
    /// A change happened.
    Rang,
    /// No effect.
    Nothing,
}

/// The stages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConversationStage {
    /// `connection_init` was sent.
    Opening,
    /// `subscribe` was sent.
    Listening,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Conversation {
    stage: ConversationStage,
}

#[derive(Deserialize)]
struct LiveFrame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    payload: Value,
}

impl Conversation {
    /// Starts a conversation. Returns its first message, which contains the token.
    pub(super) fn open(token: &str) -> (Self, String) {
        let init = json!({
            "type": "connection_init",
            "payload": {"headers": {"Authorization": format!("Bearer {token}")}},
        });
        let stage = ConversationStage::Opening;
        (Self { stage }, init.to_string())
    }

    /// Returns whether the server has accepted the token.
    pub(super) fn is_listening(&self) -> bool {
        self.stage == ConversationStage::Listening
    }

    /// Handles a text frame.
    ///
    /// # Errors
    ///
    /// When it ends the conversation.
    pub(super) fn received(&mut self, text: &str) -> Result<FrameEvent, LiveError> {
        let frame: LiveFrame =
            serde_json::from_str(text).map_err(|error| LiveError::InvalidResponse {
                message: sanitize::message(&error.to_string()),
            })?;
        let ours = frame.id.as_deref() == Some(ID);
        match frame.kind.as_str() {
            "ping" => Ok(FrameEvent::Send(pong(&frame.payload))),
            "connection_ack" if self.stage == ConversationStage::Opening => {
                self.stage = ConversationStage::Listening;
                Ok(FrameEvent::Send(subscribe()))
            }
            // Sent by servers before v2.30.
            "connection_error" => Err(LiveError::Unauthorized {
                message: first_message(&frame.payload),
            }),
            "next" if ours => match frame.payload.get("errors") {
                None | Some(Value::Null) => Ok(FrameEvent::Rang),
                Some(errors) => Err(refused(errors)),
            },
            "error" if ours => Err(refused(&frame.payload)),
            "complete" if ours => Err(LiveError::ConnectionLost {
                message: "the server ended the subscription".to_owned(),
            }),
            _ => Ok(FrameEvent::Nothing),
        }
    }

    /// Maps the end of the connection. `code` is `None` without a close frame.
    pub(super) fn closed(&self, code: Option<u16>, reason: &str) -> LiveError {
        let message = match (code, sanitize::message(reason)) {
            (None, _) => "without a close frame".to_owned(),
            (Some(code), reason) if reason.is_empty() => format!("close code {code}"),
            (Some(code), reason) => format!("close code {code}, {reason}"),
        };
        let refused = match self.stage {
            ConversationStage::Opening => matches!(code, Some(4400 | 4401 | 4403)),
            ConversationStage::Listening => matches!(code, Some(4401 | 4403)),
        };
        if refused {
            LiveError::Unauthorized { message }
        } else {
            LiveError::ConnectionLost { message }
        }
    }
}

fn pong(payload: &Value) -> String {
    let frame = if payload.is_null() {
        json!({"type": "pong"})
    } else {
        json!({"type": "pong", "payload": payload})
    };
    frame.to_string()
}

fn subscribe() -> String {
    let body = doorbell();
    json!({
        "type": "subscribe",
        "id": ID,
        "payload": {"query": body.query, "operationName": body.operation_name},
    })
    .to_string()
}

fn refused(payload: &Value) -> LiveError {
    let first = payload.get(0).unwrap_or(payload);
    let code = first.pointer("/extensions/code").and_then(Value::as_str);
    let (code, message) = (
        sanitize::message(code.unwrap_or("unknown")),
        first_message(payload),
    );
    match code.as_str() {
        "invalid-jwt" | "access-denied" => LiveError::Unauthorized { message },
        "unexpected" | "postgres-error" | "postgres-max-connections-error" => {
            LiveError::ConnectionLost { message }
        }
        other if other.starts_with("jwt-") => LiveError::Unauthorized { message },
        _ => LiveError::Rejected { code, message },
    }
}

/// Reads the message of a payload: a list of errors, one error, or a string.
fn first_message(payload: &Value) -> String {
    let first = payload.get(0).unwrap_or(payload);
    let text = first.get("message").unwrap_or(first).as_str();
    sanitize::message(text.unwrap_or("no reason given"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening() -> Result<Conversation, LiveError> {
        let (mut conversation, _) = Conversation::open("token");
        conversation.received(r#"{"type":"connection_ack"}"#)?;
        Ok(conversation)
    }

    #[test]
    fn it_begins_with_the_token_and_subscribes_when_that_was_accepted() -> Result<(), LiveError> {
        let (mut conversation, init) = Conversation::open("abc");
        let init: Value = serde_json::from_str(&init).unwrap_or_default();
        assert_eq!(init["payload"]["headers"]["Authorization"], "Bearer abc");

        // The usual order: ping, ack, ping.
        let ping = r#"{"type":"ping","payload":{"message":"keepalive"}}"#;
        let answer = json!({"type": "pong", "payload": {"message": "keepalive"}}).to_string();
        assert_eq!(
            conversation.received(ping)?,
            FrameEvent::Send(answer.clone())
        );
        assert!(!conversation.is_listening());
        let FrameEvent::Send(subscribe) = conversation.received(r#"{"type":"connection_ack"}"#)?
        else {
            unreachable!("an acknowledgement is answered");
        };
        let subscribe: Value = serde_json::from_str(&subscribe).unwrap_or_default();
        assert_eq!(subscribe["type"], "subscribe");
        assert_eq!(subscribe["payload"]["operationName"], "Doorbell");
        assert!(conversation.is_listening());
        assert_eq!(conversation.received(ping)?, FrameEvent::Send(answer));
        Ok(())
    }

    #[test]
    fn every_result_of_its_subscription_rings() -> Result<(), LiveError> {
        let mut conversation = listening()?;
        let next = json!({"type": "next", "id": ID, "payload": {"data": {"users": []}}});
        assert_eq!(conversation.received(&next.to_string())?, FrameEvent::Rang);
        let other = json!({"type": "next", "id": "other", "payload": {"data": {}}});
        assert_eq!(
            conversation.received(&other.to_string())?,
            FrameEvent::Nothing
        );
        Ok(())
    }

    #[test]
    fn a_rejection_is_recognised_in_all_its_shapes() -> Result<(), LiveError> {
        let unknown = json!({"message": "field 'users' not found in type: 'subscription_root'",
            "extensions": {"path": "$", "code": "validation-failed"}});
        for (payload, code, message) in [
            (json!([unknown]), "validation-failed", "field 'users' not"),
            (unknown.clone(), "validation-failed", "field 'users' not"),
            (
                json!("an operation already exists"),
                "unknown",
                "an operation",
            ),
            (json!([]), "unknown", "no reason given"),
            (json!(null), "unknown", "no reason given"),
        ] {
            let frame = json!({"type": "error", "id": ID, "payload": payload}).to_string();
            let error = listening()?.received(&frame);
            assert!(
                matches!(&error, Err(LiveError::Rejected { code: c, message: m })
                    if c == code && m.starts_with(message)),
                "{frame}: {error:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_rejected_login_differs_from_a_lost_connection() -> Result<(), LiveError> {
        let (conversation, _) = Conversation::open("token");
        let reason = r#"{"server_error_msg":"4403: Forbidden"}"#;
        let unauthorized = |error| matches!(error, LiveError::Unauthorized { .. });
        assert!(unauthorized(conversation.closed(Some(4403), reason)));
        assert!(unauthorized(conversation.closed(Some(4400), "")));
        assert!(!unauthorized(conversation.closed(Some(4408), "")));
        assert!(!unauthorized(listening()?.closed(Some(1000), "")));
        assert!(!unauthorized(listening()?.closed(None, "")));
        let (mut old, _) = Conversation::open("token");
        let frame = r#"{"type":"connection_error","payload":"JWTExpired"}"#;
        assert!(matches!(
            old.received(frame),
            Err(LiveError::Unauthorized { message }) if message == "JWTExpired"
        ));
        Ok(())
    }

    #[test]
    fn hostile_frames_end_the_conversation_and_never_the_program() -> Result<(), LiveError> {
        for frame in [
            "",
            "nonsense",
            "[]",
            "{}",
            r#"{"type":1}"#,
            &"[".repeat(9999),
        ] {
            let answer = listening()?.received(frame);
            assert!(
                matches!(answer, Err(LiveError::InvalidResponse { .. })),
                "{answer:?}"
            );
        }
        let unknown = r#"{"type":"of next year","payload":{"id":7}}"#;
        assert_eq!(listening()?.received(unknown)?, FrameEvent::Nothing);
        Ok(())
    }
}
