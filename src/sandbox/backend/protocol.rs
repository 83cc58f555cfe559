//! The two websocket protocols as rules: messages in, messages and closes out.
//! No socket, no clock.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    answer::{ErrorCode, ErrorPath, RequestError},
    document::GraphqlRequest,
};

/// The longest reason of a close frame, in bytes.
const REASON_BYTES: usize = 123;

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `graphql-transport-ws`.
    Modern,
    /// Apollo's `graphql-ws`.
    Apollo,
}

impl Protocol {
    /// The protocol of a `Sec-WebSocket-Protocol` header: the modern one only
    /// if it stands there alone.
    pub(super) fn negotiated(offered: Option<&str>) -> Self {
        match offered {
            Some("graphql-transport-ws") => Self::Modern,
            Some(_) | None => Self::Apollo,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Modern => "graphql-transport-ws",
            Self::Apollo => "graphql-ws",
        }
    }
}

/// The close codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Closing {
    pub(super) code: u16,
    /// At most as long as a close frame allows.
    pub(super) reason: String,
}

impl Closing {
    fn plain(code: u16, reason: &str) -> Self {
        let mut end = reason.len().min(REASON_BYTES);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let reason = reason.get(..end).unwrap_or_default().to_owned();
        Self { code, reason }
    }

    /// The code of the frame, and the error with a code of its own.
    fn error(code: u16, message: &str) -> Self {
        let reason = json!({ "server_error_msg": message }).to_string();
        Self::plain(code, &reason)
    }

    /// The configuration has changed: connect again.
    pub(super) fn restart() -> Self {
        Self::plain(
            1012,
            "Closing all websocket connections as the metadata has changed",
        )
    }
}

/// An action of the connection.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ProtocolStep {
    Send(Value),
    /// Check the headers of this `connection_init` payload, then call
    /// [`ServerConversation::accepted`] or [`ServerConversation::refused`].
    Authenticate(Option<Value>),
    Start {
        id: String,
        request: GraphqlRequest,
    },
    Stop {
        id: String,
    },
    Close(Closing),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// `connection_init` has not arrived.
    Waiting,
    /// The connection is over, but Hasura closes it only when the time for
    /// `connection_init` has passed.
    Doomed(Closing),
    Ready,
}

/// The protocol state of a connection.
#[derive(Debug)]
pub(super) struct ServerConversation {
    protocol: Protocol,
    phase: Phase,
    running: BTreeSet<String>,
}

impl ServerConversation {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            phase: Phase::Waiting,
            running: BTreeSet::new(),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Sent on connect, after the acknowledgement, and every five seconds.
    pub(super) fn keep_alive(&self) -> Value {
        match self.protocol {
            Protocol::Modern => json!({"type": "ping", "payload": {"message": "keepalive"}}),
            Protocol::Apollo => json!({"type": "ka"}),
        }
    }

    /// Handles a text frame from the client. Hasura lets either protocol use the
    /// other's names.
    pub(super) fn received(&mut self, text: &str) -> Vec<ProtocolStep> {
        if matches!(self.phase, Phase::Doomed(_)) {
            return Vec::new();
        }
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            return self.malformed("not valid JSON");
        };
        let Some(kind) = message.get("type").and_then(Value::as_str) else {
            return self.malformed("key \"type\" not found");
        };
        let id = message.get("id").and_then(Value::as_str);
        let payload = message.get("payload").filter(|given| !given.is_null());
        match (kind, id) {
            // Another one is checked as the first: who asks may change.
            ("connection_init", _) if is_init(payload) => {
                vec![ProtocolStep::Authenticate(payload.cloned())]
            }
            ("ping" | "pong", _) if !is_ping(payload) => self.malformed("the payload is no ping"),
            ("ping", _) => vec![ProtocolStep::Send(pong(payload))],
            ("pong", _) => Vec::new(),
            ("connection_terminate", _) => vec![ProtocolStep::Close(Closing::plain(
                1000,
                "GQL_CONNECTION_TERMINATE received",
            ))],
            ("complete" | "stop", Some(id)) => {
                self.running.remove(id);
                vec![ProtocolStep::Stop { id: id.to_owned() }]
            }
            ("subscribe" | "start", Some(id)) => {
                match GraphqlRequest::read(
                    payload.unwrap_or(&Value::Null),
                    &mut ErrorPath::default(),
                ) {
                    Ok(request) => self.start(id, request),
                    Err(fault) => self.malformed(&fault.message),
                }
            }
            ("connection_init", _) => self.malformed("the payload holds no headers"),
            ("subscribe" | "start" | "complete" | "stop", None) => {
                self.malformed("key \"id\" not found")
            }
            (other, _) => self.malformed(&format!("unexpected type for ClientMessage: {other}")),
        }
    }

    fn start(&mut self, id: &str, request: GraphqlRequest) -> Vec<ProtocolStep> {
        if self.phase == Phase::Waiting {
            let message = "start received before the connection is initialised";
            let mut steps = self.start_failed(id, message);
            // The close waits for the end of the time for `connection_init`.
            if let Some(ProtocolStep::Close(closing)) =
                steps.pop_if(|step| matches!(step, ProtocolStep::Close(_)))
            {
                self.phase = Phase::Doomed(closing);
            }
            return steps;
        }
        if !self.running.insert(id.to_owned()) {
            let message = format!("an operation already exists with this id: {id}");
            return self.start_failed(id, &message);
        }
        vec![ProtocolStep::Start {
            id: id.to_owned(),
            request,
        }]
    }

    fn start_failed(&self, id: &str, message: &str) -> Vec<ProtocolStep> {
        match self.protocol {
            Protocol::Modern => vec![
                ProtocolStep::Send(json!({"type": "error", "id": id, "payload": message})),
                ProtocolStep::Close(Closing::error(1000, &format!("4400: {message}"))),
            ],
            Protocol::Apollo => {
                let payload = RequestError::new(ErrorCode::StartFailed, message).json();
                [
                    json!({"type": "error", "id": id, "payload": payload}),
                    json!({"type": "complete", "id": id}),
                ]
                .map(ProtocolStep::Send)
                .into()
            }
        }
    }

    fn malformed(&self, detail: &str) -> Vec<ProtocolStep> {
        let message = format!("parsing ClientMessage failed: Error in $: {detail}");
        match self.protocol {
            Protocol::Modern => {
                let message = format!("4400: Parsing client message failed: {message}");
                vec![ProtocolStep::Close(Closing::error(4400, &message))]
            }
            Protocol::Apollo => vec![ProtocolStep::Send(
                json!({"type": "connection_error", "payload": message}),
            )],
        }
    }

    /// The headers were good.
    pub(super) fn accepted(&mut self) -> Vec<Value> {
        self.phase = Phase::Ready;
        vec![json!({"type": "connection_ack"}), self.keep_alive()]
    }

    /// The headers were not, which the modern protocol does not tell. Only a
    /// connection that was ready before closes at once.
    pub(super) fn refused(&mut self, fault: &RequestError) -> (Vec<Value>, Option<Closing>) {
        let (messages, closing) = match self.protocol {
            Protocol::Modern => (Vec::new(), Closing::error(4403, "4403: Forbidden")),
            Protocol::Apollo => {
                let message = &fault.message;
                let reason = format!("4400: Connection initialization failed: {message}");
                let told = json!({"type": "connection_error", "payload": message});
                (vec![told], Closing::error(4400, &reason))
            }
        };
        let at_once = self.is_ready().then(|| closing.clone());
        self.phase = Phase::Doomed(closing);
        (messages, at_once)
    }

    /// The time for `connection_init` has passed.
    pub(super) fn init_time_over(&self) -> Option<Closing> {
        match &self.phase {
            Phase::Ready => None,
            Phase::Doomed(closing) => Some(closing.clone()),
            Phase::Waiting => {
                let code = match self.protocol {
                    Protocol::Modern => 4408,
                    Protocol::Apollo => 1011,
                };
                Some(Closing::plain(code, "Connection initialisation timed out"))
            }
        }
    }

    /// A result with a serialised payload.
    pub(super) fn next(&self, id: &str, payload: &str) -> String {
        let kind = match self.protocol {
            Protocol::Modern => "next",
            Protocol::Apollo => "data",
        };
        let id = Value::from(id);
        format!(r#"{{"type":"{kind}","id":{id},"payload":{payload}}}"#)
    }

    /// The end of an operation that has answered.
    pub(super) fn completed(&mut self, id: &str) -> Value {
        self.running.remove(id);
        json!({"type": "complete", "id": id})
    }

    /// The end of an operation that failed: before it ran, or while running.
    pub(super) fn failed(&mut self, id: &str, fault: &RequestError, ran: bool) -> Vec<Value> {
        let errors = json!([fault.json()]);
        let error = match (self.protocol, ran) {
            (Protocol::Modern, _) => json!({"type": "error", "id": id, "payload": errors}),
            (Protocol::Apollo, false) => {
                json!({"type": "error", "id": id, "payload": {"errors": errors}})
            }
            (Protocol::Apollo, true) => {
                json!({"type": "data", "id": id, "payload": {"data": null, "errors": errors}})
            }
        };
        vec![error, self.completed(id)]
    }
}

/// `{"headers": {name: text}}`, or less.
fn is_init(payload: Option<&Value>) -> bool {
    let headers = match payload {
        None => return true,
        Some(Value::Object(payload)) => payload.get("headers"),
        Some(_) => return false,
    };
    match headers {
        None | Some(Value::Null) => true,
        Some(Value::Object(headers)) => headers.values().all(Value::is_string),
        Some(_) => false,
    }
}

/// `{"message": text}`, or less.
fn is_ping(payload: Option<&Value>) -> bool {
    match payload {
        None => true,
        Some(Value::Object(payload)) => payload
            .get("message")
            .is_none_or(|message| message.is_string() || message.is_null()),
        Some(_) => false,
    }
}

/// Of the payload only its message comes back.
fn pong(payload: Option<&Value>) -> Value {
    match payload {
        None => json!({"type": "pong"}),
        Some(payload) => json!({"type": "pong", "payload": {"message": payload.get("message")}}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_modern_name_alone_is_the_modern_protocol() {
        for (offered, wanted) in [
            (Some("graphql-transport-ws"), Protocol::Modern),
            (Some("graphql-transport-ws, graphql-ws"), Protocol::Apollo),
            (Some("graphql-ws"), Protocol::Apollo),
            (Some("other"), Protocol::Apollo),
            (None, Protocol::Apollo),
        ] {
            assert_eq!(Protocol::negotiated(offered), wanted);
        }
    }

    #[test]
    fn apollo_says_why_it_refuses_and_closes_later() {
        let mut talk = ServerConversation::new(Protocol::Apollo);
        let fault = RequestError::new(ErrorCode::InvalidJwt, "Could not verify JWT: JWTExpired");
        let (sent, at_once) = talk.refused(&fault);
        let wanted = json!({
            "type": "connection_error",
            "payload": "Could not verify JWT: JWTExpired",
        });
        assert_eq!((sent, at_once), (vec![wanted], None));
        assert_eq!(talk.received(r#"{"type":"start","id":"1"}"#), []);
        let code = talk.init_time_over().map(|closing| closing.code);
        assert_eq!(code, Some(4400));
    }

    #[test]
    fn apollo_tells_failures_before_and_while_running_apart() {
        let mut talk = ServerConversation::new(Protocol::Apollo);
        let fault = RequestError::new(ErrorCode::NotFound, "x");
        let kinds = |sent: Vec<Value>| -> Vec<Value> {
            sent.into_iter()
                .map(|message| message["type"].clone())
                .collect()
        };
        assert_eq!(
            kinds(talk.failed("1", &fault, false)),
            ["error", "complete"]
        );
        assert_eq!(kinds(talk.failed("1", &fault, true)), ["data", "complete"]);
    }

    #[test]
    fn a_reason_never_outgrows_a_close_frame() {
        let closing = Closing::error(4400, &"ä".repeat(200));
        assert!(closing.reason.len() <= REASON_BYTES);
        assert!(closing.reason.ends_with('ä'));
    }
}
