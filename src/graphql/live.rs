//! The client's side of `graphql-transport-ws` for one subscription: pure.
//!
//! Frames go in, frames to send and rings come out. Hasura's habits are part
//! of it: keep-alive pings begin before the acknowledgement, an `error` is
//! followed by `complete`, and its payload may be a list, an object or a bare
//! text.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::graphql::convert::doorbell;
use crate::text::sanitize;

/// The name of the protocol, to be offered alone: Hasura answers a list of
/// several with an older one.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";

/// The only subscription on a connection.
const ID: &str = "doorbell";

/// Why the doorbell is silent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// No connection was made.
    #[error("cannot open a live connection: {message}")]
    Unreachable {
        /// The network's error.
        message: String,
    },
    /// The server answers, but opens no websocket.
    #[error("the server opens no live connection (HTTP status {status})")]
    NoUpgrade {
        /// Its HTTP status.
        status: u16,
    },
    /// No token could be had.
    #[error("no access token: {message}")]
    NoToken {
        /// The reason.
        message: String,
        /// Whether logging in again is what helps.
        logged_out: bool,
    },
    /// The token was not accepted; the protocol does not tell why.
    #[error("the server did not accept the login for live updates: {message}")]
    Unauthorized {
        /// Its message.
        message: String,
    },
    /// The role may not subscribe.
    #[error("the server refused live updates: {message}")]
    Refused {
        /// Hasura's code, where it told one.
        code: String,
        /// Its message.
        message: String,
    },
    /// The connection ended: an ordinary event, also when a token expires.
    #[error("the live connection ended: {message}")]
    ConnectionLost {
        /// The way.
        message: String,
    },
    /// The token will end soon: connect again, with the next one.
    #[error("the live connection's token is about to end")]
    Renew,
    /// A frame that is no message of the protocol.
    #[error("the server sent something that is no live message: {message}")]
    InvalidResponse {
        /// The problem.
        message: String,
    },
}

impl LiveError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NoToken {
                logged_out: true, ..
            } => "Run `tudone login`.",
            Self::Unreachable { .. }
            | Self::NoToken { .. }
            | Self::ConnectionLost { .. }
            | Self::Renew => {
                "Wait; the connection is opened again, and todos are synced meanwhile."
            }
            Self::NoUpgrade { .. } | Self::InvalidResponse { .. } => {
                "Let the proxy in front of Hasura pass websockets; todos are synced without."
            }
            Self::Unauthorized { .. } | Self::Refused { .. } => {
                "Run `tudone login`, which names the wrong setting."
            }
        }
    }

    /// Returns whether trying again later may help, with nobody doing anything.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Renew
            | Self::InvalidResponse { .. }
            // The keys may just have been rotated.
            | Self::Unauthorized { .. } => true,
            // A proxy that is starting answers so, too.
            Self::NoUpgrade { status } => *status >= 500 || *status == 429,
            Self::NoToken { logged_out, .. } => !*logged_out,
            Self::Refused { .. } => false,
        }
    }
}

/// What a frame asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// Send this.
    Send(String),
    /// Something changed.
    Rang,
    /// Nothing.
    Nothing,
}

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// `connection_init` was sent.
    Opening,
    /// `subscribe` was sent.
    Listening,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    stage: Stage,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    payload: Value,
}

impl Conversation {
    /// A conversation and its first message, which carries the token.
    pub(super) fn open(token: &str) -> (Self, String) {
        let init = json!({
            "type": "connection_init",
            "payload": {"headers": {"Authorization": format!("Bearer {token}")}},
        });
        let stage = Stage::Opening;
        (Self { stage }, init.to_string())
    }

    /// Returns whether the server has accepted the token.
    pub(super) fn is_listening(&self) -> bool {
        self.stage == Stage::Listening
    }

    /// Takes a text frame.
    ///
    /// # Errors
    ///
    /// When it ends the conversation.
    pub(super) fn received(&mut self, text: &str) -> Result<Event, LiveError> {
        let frame: Frame =
            serde_json::from_str(text).map_err(|error| LiveError::InvalidResponse {
                message: sanitize::message(&error.to_string()),
            })?;
        let ours = frame.id.as_deref() == Some(ID);
        match frame.kind.as_str() {
            "ping" => Ok(Event::Send(pong(&frame.payload))),
            "connection_ack" if self.stage == Stage::Opening => {
                self.stage = Stage::Listening;
                Ok(Event::Send(subscribe()))
            }
            // Sent by servers before v2.30.
            "connection_error" => Err(LiveError::Unauthorized {
                message: first_message(&frame.payload),
            }),
            "next" if ours => match frame.payload.get("errors") {
                None | Some(Value::Null) => Ok(Event::Rang),
                Some(errors) => Err(refused(errors)),
            },
            "error" if ours => Err(refused(&frame.payload)),
            "complete" if ours => Err(LiveError::ConnectionLost {
                message: "the server ended the subscription".to_owned(),
            }),
            _ => Ok(Event::Nothing),
        }
    }

    /// What the end of the connection means. Without a close frame there is
    /// no code.
    pub(super) fn closed(&self, code: Option<u16>, reason: &str) -> LiveError {
        let message = match (code, sanitize::message(reason)) {
            (None, _) => "without a word".to_owned(),
            (Some(code), reason) if reason.is_empty() => format!("close code {code}"),
            (Some(code), reason) => format!("close code {code}, {reason}"),
        };
        let refused = match self.stage {
            Stage::Opening => matches!(code, Some(4400 | 4401 | 4403)),
            Stage::Listening => matches!(code, Some(4401 | 4403)),
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
        _ => LiveError::Refused { code, message },
    }
}

/// The message of a payload that is a list of errors, one, or a text.
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
        assert_eq!(conversation.received(ping)?, Event::Send(answer.clone()));
        assert!(!conversation.is_listening());
        let Event::Send(subscribe) = conversation.received(r#"{"type":"connection_ack"}"#)? else {
            unreachable!("an acknowledgement is answered");
        };
        let subscribe: Value = serde_json::from_str(&subscribe).unwrap_or_default();
        assert_eq!(subscribe["type"], "subscribe");
        assert_eq!(subscribe["payload"]["operationName"], "Doorbell");
        assert!(conversation.is_listening());
        assert_eq!(conversation.received(ping)?, Event::Send(answer));
        Ok(())
    }

    #[test]
    fn every_result_of_its_subscription_rings() -> Result<(), LiveError> {
        let mut conversation = listening()?;
        let next = json!({"type": "next", "id": ID, "payload": {"data": {"users": []}}});
        assert_eq!(conversation.received(&next.to_string())?, Event::Rang);
        let other = json!({"type": "next", "id": "other", "payload": {"data": {}}});
        assert_eq!(conversation.received(&other.to_string())?, Event::Nothing);
        Ok(())
    }

    #[test]
    fn a_refusal_is_understood_in_all_its_shapes() -> Result<(), LiveError> {
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
                matches!(&error, Err(LiveError::Refused { code: c, message: m })
                    if c == code && m.starts_with(message)),
                "{frame}: {error:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_login_that_is_not_accepted_is_told_from_a_lost_connection() -> Result<(), LiveError> {
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
        assert_eq!(
            old.received(frame),
            Err(LiveError::Unauthorized {
                message: "JWTExpired".to_owned()
            })
        );
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
        assert_eq!(listening()?.received(unknown)?, Event::Nothing);
        Ok(())
    }
}
