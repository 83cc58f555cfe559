//! Recorded websocket conversations, replayed over real sockets.

use std::time::Duration;

use axum::{
    Router,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
    response::Response,
    routing::get,
};
use futures_util::{SinkExt as _, StreamExt as _, future::try_join_all};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};
use tudone::sandbox::backend::{Backend, Policy, Shape};

use crate::hasura::tokens::{self, Outcome};

/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(10);
const MODERN: &str = "graphql-transport-ws";

#[derive(Clone)]
struct Served {
    backend: Backend,
    cut: watch::Sender<u64>,
}

async fn upgrade(
    State(served): State<Served>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let chosen = Backend::subprotocol(&headers);
    let cut = served.cut.subscribe();
    upgrade.protocols([chosen]).on_upgrade(async move |socket| {
        let backend = served.backend;
        backend
            .serve_socket(socket, Some(chosen.to_owned()), headers, cut)
            .await;
    })
}

/// A backend with the recordings' rows, on a port of its own.
async fn serve() -> Outcome<(Served, u16)> {
    let recordings: Value = serde_json::from_str(include_str!("../../recordings/http.json"))?;
    let backend = Backend::open(None, Shape::Full)?;
    backend.set_jwt(tokens::config()?);
    backend.reset(recordings.get("fixture"))?;
    let served = Served {
        backend,
        cut: watch::Sender::new(0),
    };
    let router = Router::new()
        .route("/v1/graphql", get(upgrade))
        .with_state(served.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((served, port))
}

fn add(backend: &Backend) -> Outcome {
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", tokens::named("user1")?);
    headers.insert("authorization", HeaderValue::from_str(&bearer)?);
    let body = json!({"query": "mutation { insert_todos_one(object: {text: \"new\"}) { id } }"});
    let answer = backend.answer(&headers, body.to_string().as_bytes());
    assert!(answer.committed, "{}", answer.body);
    Ok(())
}

/// How a socket ended: code and reason; 1006 without a close frame.
type Closed = (u16, String);

struct Client {
    socket: WebSocketStream<TcpStream>,
    negotiated: Option<String>,
    /// Acknowledgements and keep-alives, whose order means nothing.
    greetings: Vec<Value>,
    opened: Instant,
}

impl Client {
    async fn open(port: u16, offered: &str) -> Outcome<Self> {
        let mut request = format!("ws://127.0.0.1:{port}/v1/graphql").into_client_request()?;
        let offered = HeaderValue::from_str(offered)?;
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, offered);
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let (socket, response) = client_async(request, stream).await?;
        let negotiated = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        Ok(Self {
            socket,
            negotiated: negotiated
                .map(|name| name.to_str().map(str::to_owned))
                .transpose()?,
            greetings: Vec::new(),
            opened: Instant::now(),
        })
    }

    /// A socket of user 1 that is initialised.
    async fn ready(port: u16) -> Outcome<Self> {
        Self::ready_in(port, MODERN).await
    }

    async fn ready_in(port: u16, protocol: &str) -> Outcome<Self> {
        let mut client = Self::open(port, protocol).await?;
        let bearer = format!("Bearer {}", tokens::named("user1")?);
        let payload = json!({"headers": {"Authorization": bearer}});
        client
            .send(&json!({"type": "connection_init", "payload": payload}))
            .await?;
        Ok(client)
    }

    async fn send(&mut self, message: &Value) -> Outcome {
        let frame = Message::text(message.to_string());
        Ok(timeout(PATIENCE, self.socket.send(frame)).await??)
    }

    /// The next message that is no greeting, or the end.
    async fn next(&mut self) -> Outcome<Result<Value, Closed>> {
        loop {
            let frame = timeout(PATIENCE, self.socket.next()).await?;
            let text = match frame {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Ok(Err((frame.code.into(), frame.reason.to_string())));
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => {
                    return Ok(Err((1006, "no close frame".to_owned())));
                }
                Some(Ok(_)) => continue,
            };
            let message: Value = serde_json::from_str(&text)?;
            if is_greeting(&message) {
                self.greetings.push(message);
            } else {
                return Ok(Ok(message));
            }
        }
    }

    async fn message(&mut self) -> Outcome<Value> {
        Ok(self
            .next()
            .await?
            .map_err(|end| format!("closed: {end:?}"))?)
    }

    async fn closed(&mut self) -> Outcome<Closed> {
        match self.next().await? {
            Ok(message) => Err(format!("a message instead of the end: {message}").into()),
            Err(closed) => Ok(closed),
        }
    }

    /// Reads until the recorded greetings have arrived too.
    async fn greeted(&mut self, recorded: &[Value]) -> Outcome {
        loop {
            let mut missing = recorded.to_vec();
            for greeting in &self.greetings {
                if let Some(at) = missing.iter().position(|one| one == greeting) {
                    missing.remove(at);
                }
            }
            if missing.is_empty() {
                return Ok(());
            }
            match timeout(PATIENCE, self.socket.next()).await? {
                Some(Ok(Message::Text(text))) => self.greetings.push(serde_json::from_str(&text)?),
                other => return Err(format!("{missing:?} are missing: {other:?}").into()),
            }
        }
    }
}

fn is_greeting(message: &Value) -> bool {
    let kind = message.get("type").and_then(Value::as_str);
    matches!(kind, Some("ping" | "ka" | "connection_ack"))
}

/// Puts real tokens where a recording names them.
fn with_tokens(message: &Value) -> Outcome<Value> {
    let mut text = message.to_string();
    while let (Some(start), Some(end)) = (text.find('<'), text.find('>')) {
        let name = text.get(start + 1..end).ok_or("no name")?;
        let token = tokens::named(name)?;
        text.replace_range(start..=end, &token);
    }
    Ok(serde_json::from_str(&text)?)
}

async fn replay(conversation: &Value, adds: usize) -> Outcome {
    let name = conversation.get("name").and_then(Value::as_str);
    let name = name.unwrap_or_default();
    let log = conversation.get("log").and_then(Value::as_array);
    let log = log.ok_or("no log")?;
    let (served, port) = serve().await?;
    for _ in 0..adds {
        add(&served.backend)?;
    }
    let negotiated = log.first().and_then(|first| first.get("negotiated"));
    let negotiated = negotiated.and_then(Value::as_str).ok_or("no protocol")?;
    let offered = if name == "two protocols offered" {
        "graphql-transport-ws, graphql-ws"
    } else {
        negotiated
    };
    let mut client = Client::open(port, offered).await?;
    assert_eq!(client.negotiated.as_deref(), Some(negotiated), "{name}");
    let mut greetings = Vec::new();
    for entry in log.iter().skip(1) {
        if let Some(message) = entry.get("client") {
            client.send(&with_tokens(message)?).await?;
        } else if entry.get("meanwhile").is_some() {
            add(&served.backend)?;
        } else if let Some(message) = entry.get("server") {
            if is_greeting(message) {
                greetings.push(message.clone());
            } else {
                assert_eq!(&client.message().await?, message, "{name}");
            }
        } else if let Some(closed) = entry.get("closed") {
            let (code, reason) = client.closed().await?;
            assert_eq!(closed.get("code"), Some(&Value::from(code)), "{name}");
            assert_eq!(closed.get("reason"), Some(&Value::from(reason)), "{name}");
            let at = entry
                .get("at_s")
                .and_then(Value::as_f64)
                .unwrap_or_default();
            let elapsed = client.opened.elapsed().as_secs_f64();
            assert!(elapsed > at - 0.8, "{name}: closed after {elapsed} s");
        }
    }
    client
        .greeted(&greetings)
        .await
        .map_err(|error| format!("{name}: {error}"))?;
    Ok(())
}

#[tokio::test]
async fn every_recorded_conversation_goes_as_it_went_with_hasura() -> Outcome {
    let recordings: Value = serde_json::from_str(include_str!("../../recordings/websocket.json"))?;
    let conversations = recordings.as_array().ok_or("no conversations")?;
    assert_eq!(conversations.len(), 15);
    // The first conversation adds a todo that all later ones see.
    let replays = conversations
        .iter()
        .enumerate()
        .map(|(index, conversation)| replay(conversation, index.min(1)));
    try_join_all(replays).await?;
    Ok(())
}

#[tokio::test]
async fn a_client_that_closes_is_answered_with_a_close_frame() -> Outcome {
    let (_served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    client.send(&doorbell("1")).await?;
    client.message().await?;
    let farewell = CloseFrame {
        code: CloseCode::Normal,
        reason: "enough".into(),
    };
    client.socket.close(Some(farewell)).await?;
    assert_eq!(client.closed().await?.0, 1000);
    Ok(())
}

#[tokio::test]
async fn a_cut_drops_the_socket_without_a_close_frame() -> Outcome {
    let (served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    client.send(&doorbell("1")).await?;
    client.message().await?;
    served.cut.send_modify(|cuts| *cuts += 1);
    assert_eq!(client.closed().await?.0, 1006);
    Ok(())
}

#[tokio::test]
async fn a_changed_configuration_asks_clients_to_connect_again() -> Outcome {
    let (served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    client.send(&doorbell("1")).await?;
    client.message().await?;
    served.backend.set_policy(Policy::default());
    assert_eq!(client.closed().await?.0, 1012);
    Ok(())
}

#[tokio::test]
async fn a_change_of_another_user_rings_no_doorbell() -> Outcome {
    let (served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    client.send(&doorbell("1")).await?;
    let first = client.message().await?;
    served.backend.upsert_user("auth0|new", None)?;
    add(&served.backend)?;
    let second = client.message().await?;
    let revision = |message: &Value| message.pointer("/payload/data/users/0/revision").cloned();
    assert_eq!(revision(&first), Some(json!(5)));
    assert_eq!(revision(&second), Some(json!(6)));
    Ok(())
}

#[tokio::test]
async fn a_stream_sends_batches_past_its_cursor() -> Outcome {
    let (served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    let query = "subscription { todos_stream(batch_size: 1, cursor: {initial_value: {id: 0}}) \
                 { id } }";
    let subscribe = json!({"type": "subscribe", "id": "s", "payload": {"query": query}});
    client.send(&subscribe).await?;
    for id in [1, 2, 5] {
        if id == 5 {
            add(&served.backend)?;
        }
        let message = client.message().await?;
        let rows = message.pointer("/payload/data/todos_stream");
        assert_eq!(rows, Some(&json!([{ "id": id }])));
    }
    Ok(())
}

#[tokio::test]
async fn a_subscription_is_one_field_of_the_database_and_a_stream_one_column() -> Outcome {
    let (_served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    let stream = |cursor: &str| {
        format!("subscription {{ todos_stream(batch_size: 1, cursor: {cursor}) {{ id }} }}")
    };
    let (arguments, validation) = ("$.selectionSet.todos_stream.args", "validation-failed");
    for (query, code, path) in [
        (
            "subscription { __typename }".to_owned(),
            "not-supported",
            "$",
        ),
        (
            "subscription { users { id } users { email } }".to_owned(),
            validation,
            "$",
        ),
        (stream("[]"), validation, arguments),
        (stream("{initial_value: {}}"), validation, arguments),
        (
            stream("{initial_value: {id: 0, revision: 0}}"),
            validation,
            arguments,
        ),
        (
            stream("[{initial_value: {id: 0}}, {initial_value: {revision: 0}}]"),
            validation,
            arguments,
        ),
        (
            stream("{initial_value: {id: null}}"),
            validation,
            "$.selectionSet.todos_stream.args.cursor[0].initial_value.id",
        ),
        (
            stream("{initial_value: {id: 0}, ordering: null}"),
            validation,
            "$.selectionSet.todos_stream.args.cursor[0].ordering",
        ),
    ] {
        let payload = json!({"query": query});
        client
            .send(&json!({"type": "subscribe", "id": "1", "payload": payload}))
            .await?;
        let message = client.message().await?;
        let extensions = json!({"code": code, "path": path});
        assert_eq!(
            message.pointer("/payload/0/extensions"),
            Some(&extensions),
            "{query}: {message}"
        );
        assert_eq!(client.message().await?["type"], "complete");
    }
    client
        .send(&json!({"type": "subscribe", "id": "s", "payload": {
            "query": stream("[null, {initial_value: {id: 1}}]"),
        }}))
        .await?;
    let rows = client.message().await?;
    let rows = rows.pointer("/payload/data/todos_stream");
    assert_eq!(rows, Some(&json!([{"id": 2}])));
    Ok(())
}

#[tokio::test]
async fn a_fragment_is_one_field_of_a_subscription_whatever_it_holds() -> Outcome {
    let (_served, port) = serve().await?;
    let mut client = Client::ready(port).await?;
    let stream = "todos_stream(batch_size: 1, cursor: {initial_value: {id: 0}}) { id }";
    for query in [
        format!("subscription {{ ... {{ a: {stream} b: {stream} }} }}"),
        format!("subscription {{ ... {{ users {{ id }} {stream} }} }}"),
        "subscription { ... { users { id } __typename } }".to_owned(),
    ] {
        let payload = json!({"query": query});
        client
            .send(&json!({"type": "subscribe", "id": "1", "payload": payload}))
            .await?;
        let message = client.message().await?;
        let code = message.pointer("/payload/0/extensions/code");
        assert_eq!(code, Some(&json!("not-supported")), "{query}: {message}");
        assert_eq!(client.message().await?["type"], "complete");
    }
    let two = "subscription { ...Two } \
               fragment Two on subscription_root { users { id } todos_by_pk(id: 1) { id } }";
    let skipped = "subscription { users @skip(if: true) { id } }";
    for (id, query) in [("2", two), ("3", skipped)] {
        let payload = json!({"query": query});
        client
            .send(&json!({"type": "subscribe", "id": id, "payload": payload}))
            .await?;
    }
    let mut messages = [client.message().await?, client.message().await?];
    messages.sort_by_key(|message| message["id"].to_string());
    let both = json!({"users": [{"id": 1}], "todos_by_pk": {"id": 1}});
    assert_eq!(messages[0].pointer("/payload/data"), Some(&both));
    assert_eq!(messages[1], json!({"type": "complete", "id": "3"}));
    Ok(())
}

#[tokio::test]
async fn apollo_hears_why_an_operation_can_not_start_and_that_it_is_over() -> Outcome {
    let (_served, port) = serve().await?;
    let mut client = Client::open(port, "graphql-ws").await?;
    let mut start = doorbell("1");
    start["type"] = json!("start");
    client.send(&start).await?;
    let message = "start received before the connection is initialised";
    let extensions = json!({"path": "$", "code": "start-failed"});
    let payload = json!({"message": message, "extensions": extensions});
    let wanted = json!({"type": "error", "id": "1", "payload": payload});
    assert_eq!(client.message().await?, wanted);
    let wanted = json!({"type": "complete", "id": "1"});
    assert_eq!(client.message().await?, wanted);
    Ok(())
}

#[tokio::test]
async fn values_that_the_database_can_not_read_are_refused_before_a_subscription_starts() -> Outcome
{
    let query = "subscription { todos(where: {client_id: {_eq: \"no\"}}) { id } }";
    let extensions = json!({"path": "$", "code": "data-exception"});
    for (protocol, at) in [
        (MODERN, "/payload/0/extensions"),
        ("graphql-ws", "/payload/errors/0/extensions"),
    ] {
        let (_served, port) = serve().await?;
        let mut client = Client::open(port, protocol).await?;
        let bearer = format!("Bearer {}", tokens::named("user1")?);
        let payload = json!({"headers": {"Authorization": bearer}});
        client
            .send(&json!({"type": "connection_init", "payload": payload}))
            .await?;
        client
            .send(&json!({"type": "start", "id": "1", "payload": {"query": query}}))
            .await?;
        let message = client.message().await?;
        assert_eq!(message["type"], "error", "{message}");
        assert_eq!(message.pointer(at), Some(&extensions), "{message}");
        assert_eq!(client.message().await?["type"], "complete");
    }
    Ok(())
}

#[tokio::test]
async fn subscriptions_that_are_switched_off_do_not_exist() -> Outcome {
    let (served, port) = serve().await?;
    served.backend.set_policy(Policy {
        subscriptions: false,
        ..Policy::default()
    });
    let mut client = Client::ready(port).await?;
    client.send(&doorbell("1")).await?;
    let message = client.message().await?;
    let text = message.pointer("/payload/0/message");
    assert_eq!(text, Some(&json!("no subscriptions exist")));
    Ok(())
}

/// What the client sends after its init, and how the connection ends.
async fn ends_after(protocol: &str, message: Value) -> Outcome<Closed> {
    let (_served, port) = serve().await?;
    let mut client = Client::open(port, protocol).await?;
    let bearer = format!("Bearer {}", tokens::named("user1")?);
    let payload = json!({"headers": {"Authorization": bearer}});
    client
        .send(&json!({"type": "connection_init", "payload": payload}))
        .await?;
    client.send(&message).await?;
    client.closed().await
}

#[tokio::test]
async fn a_message_that_is_none_ends_a_modern_connection() -> Outcome {
    for message in [
        json!(5),
        json!({"id": "1"}),
        json!({"type": "subscribe", "payload": {"query": "{ users { id } }"}}),
        json!({"type": "subscribe", "id": 1, "payload": {"query": "{ users { id } }"}}),
        json!({"type": "subscribe", "id": "1"}),
        json!({"type": "subscribe", "id": "1", "payload": {"query": 5}}),
        json!({"type": "complete"}),
        json!({"type": "ping", "payload": 5}),
        json!({"type": "connection_init", "payload": {"headers": {"x": 5}}}),
    ] {
        let (code, reason) = ends_after(MODERN, message.clone()).await?;
        assert_eq!(code, 4400, "{message}: {reason}");
        assert!(reason.contains("Parsing client message failed"), "{reason}");
    }
    Ok(())
}

#[tokio::test]
async fn another_init_is_checked_by_its_own_headers_and_changes_who_asks_from_then_on() -> Outcome {
    for protocol in [MODERN, "graphql-ws"] {
        let (served, port) = serve().await?;
        let mut client = Client::ready_in(port, protocol).await?;
        client.send(&doorbell("1")).await?;
        client.message().await?;

        let bearer = format!("Bearer {}", tokens::named("user2")?);
        let payload = json!({"headers": {"Authorization": bearer}});
        client
            .send(&json!({"type": "connection_init", "payload": payload}))
            .await?;
        let query = json!({"query": "{ users { id } }"});
        client
            .send(&json!({"type": "start", "id": "2", "payload": query}))
            .await?;
        let mary = client.message().await?;
        let users = mary.pointer("/payload/data/users");
        assert_eq!(users, Some(&json!([{"id": 2}])), "{mary}");
        assert_eq!(client.message().await?["type"], "complete");
        let acknowledged = json!({"type": "connection_ack"});
        client
            .greeted(&[acknowledged.clone(), acknowledged])
            .await?;

        add(&served.backend)?;
        let rung = client.message().await?;
        assert_eq!(rung["id"], "1", "the first user's: {rung}");

        client.send(&json!({"type": "connection_init"})).await?;
        if protocol == MODERN {
            assert_eq!(client.closed().await?.0, 4403);
        } else {
            assert_eq!(client.message().await?["type"], "connection_error");
            assert_eq!(client.closed().await?.0, 4400);
        }
    }
    Ok(())
}

#[tokio::test]
async fn either_protocol_takes_the_others_names_and_answers_with_its_own() -> Outcome {
    let query = json!({"query": "{ users { id } }"});
    for (protocol, start, answer) in [
        (MODERN, "start", "next"),
        ("graphql-ws", "subscribe", "data"),
    ] {
        let (_served, port) = serve().await?;
        let mut client = Client::open(port, protocol).await?;
        let bearer = format!("Bearer {}", tokens::named("user1")?);
        let payload = json!({"headers": {"authorization": bearer}});
        for message in [
            json!({"type": "connection_init", "payload": payload}),
            json!({"type": start, "id": "1", "payload": query}),
            json!({"type": "ping"}),
        ] {
            client.send(&message).await?;
        }
        let mut kinds = Vec::new();
        while kinds.len() < 3 {
            kinds.push(client.message().await?["type"].clone());
        }
        assert_eq!(kinds, [answer, "complete", "pong"], "{protocol}");
        client
            .send(&json!({"type": "connection_terminate"}))
            .await?;
        assert_eq!(client.closed().await?.0, 1000);
    }
    Ok(())
}

fn doorbell(id: &str) -> Value {
    let payload = json!({"query": "subscription { users { revision } }"});
    json!({"type": "subscribe", "id": id, "payload": payload})
}
