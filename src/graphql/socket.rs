//! The websocket of the doorbell, opened with the HTTP client, so that TLS,
//! proxies and certificates are the same as for other requests.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{StatusCode, Upgraded, Url};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::auth::access::AccessToken;
use crate::graphql::live::{Conversation, FrameEvent, LiveError, PROTOCOL};
use crate::http::{self, RequestFailure};
use crate::text::sanitize;

/// The time limit for opening the connection, up to the acknowledgement.
/// Hasura rejects a token after three seconds.
const OPEN_LIMIT: Duration = Duration::from_secs(15);
/// The time limit between messages. Hasura sends a ping every five seconds.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// The size limit of a message, in bytes; a ring has a few dozen.
const MESSAGE_LIMIT: usize = 64 << 10;
/// The size limit of the send buffer, in bytes.
const WRITE_LIMIT: usize = 4 * MESSAGE_LIMIT;
/// The time limit for sending a message.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// The rate limit of received messages. Hasura sends one or two per second.
const MESSAGES_PER_SECOND: u32 = 50;

/// A live connection that rings after each change of the user's todos.
///
/// A ring means: pull once. It also rings once at the start, since changes may
/// have come before.
#[derive(Debug)]
pub struct Doorbell {
    socket: WebSocketStream<Upgraded>,
    conversation: Conversation,
    last_message: Instant,
    throttle: Throttle,
    renew: Option<Instant>,
}

/// Limits the rate of received messages.
#[derive(Debug)]
struct Throttle {
    since: Instant,
    received: u32,
}

impl Throttle {
    const SECOND: Duration = Duration::from_secs(1);

    /// Waits until another message may be read.
    async fn ready(&self) {
        if self.received >= MESSAGES_PER_SECOND {
            sleep_until(self.since + Self::SECOND).await;
        }
    }

    fn count(&mut self, now: Instant) {
        if now >= self.since + Self::SECOND {
            self.since = now;
            self.received = 0;
        }
        self.received += 1;
    }
}

impl Doorbell {
    pub(super) async fn open(endpoint: &Url, token: &AccessToken) -> Result<Self, LiveError> {
        timeout(OPEN_LIMIT, Self::connect(endpoint, token))
            .await
            .unwrap_or_else(|_| {
                Err(LiveError::Unreachable {
                    message: "timed out".to_owned(),
                })
            })
    }

    async fn connect(endpoint: &Url, token: &AccessToken) -> Result<Self, LiveError> {
        let mut config = WebSocketConfig::default();
        config.read_buffer_size = 4 << 10;
        config.write_buffer_size = 0;
        config.max_write_buffer_size = WRITE_LIMIT;
        config.max_message_size = Some(MESSAGE_LIMIT);
        config.max_frame_size = Some(MESSAGE_LIMIT);
        let stream = upgrade(endpoint).await?;
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        let (conversation, init) = Conversation::open(token.secret.expose_secret());
        let now = Instant::now();
        let mut doorbell = Self {
            socket,
            conversation,
            last_message: now,
            throttle: Throttle {
                since: now,
                received: 0,
            },
            renew: renewal(token, Timestamp::now()).map(|wait| now + wait),
        };
        doorbell.send(init).await?;
        while !doorbell.conversation.is_listening() {
            doorbell.next().await?;
        }
        Ok(doorbell)
    }

    /// Waits for the next change. Cancel-safe: no ring is lost.
    ///
    /// # Errors
    ///
    /// When the connection has ended; after [`LiveError::Renew`] a new one should
    /// be opened at once.
    pub async fn ring(&mut self) -> Result<(), LiveError> {
        loop {
            if self.next().await? == FrameEvent::Rang {
                return Ok(());
            }
        }
    }

    /// Closes the connection, within 500 ms.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_millis(500), self.socket.close(None)).await;
    }

    /// Receives one message and answers it.
    async fn next(&mut self) -> Result<FrameEvent, LiveError> {
        self.throttle.ready().await;
        let idle_deadline = self.last_message + IDLE_LIMIT;
        let deadline = self
            .renew
            .map_or(idle_deadline, |renew| renew.min(idle_deadline));
        let Ok(message) = timeout_at(deadline, self.socket.next()).await else {
            return Err(if self.renew.is_some_and(|renew| renew <= deadline) {
                LiveError::Renew
            } else {
                lost("the server sent nothing for 30 s")
            });
        };
        self.last_message = Instant::now();
        self.throttle.count(self.last_message);
        let event = match message {
            Some(Ok(Message::Text(text))) => self.conversation.received(&text)?,
            Some(Ok(Message::Close(frame))) => {
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                let reason = frame.as_ref().map_or("", |frame| frame.reason.as_str());
                return Err(self.conversation.closed(code, reason));
            }
            Some(Ok(Message::Ping(_))) => {
                // The pong is already queued.
                with_send_limit(self.socket.flush()).await?;
                FrameEvent::Nothing
            }
            Some(Ok(Message::Binary(_) | Message::Pong(_) | Message::Frame(_))) => {
                FrameEvent::Nothing
            }
            Some(Err(error)) => return Err(lost(&error.to_string())),
            None => return Err(self.conversation.closed(None, "")),
        };
        if let FrameEvent::Send(text) = &event {
            self.send(text.clone()).await?;
        }
        Ok(event)
    }

    async fn send(&mut self, text: String) -> Result<(), LiveError> {
        with_send_limit(self.socket.send(Message::Text(text.into()))).await
    }
}

/// Applies the time limit to `sending`.
async fn with_send_limit(
    sending: impl Future<Output = Result<(), Error>>,
) -> Result<(), LiveError> {
    match timeout(SEND_LIMIT, sending).await {
        Ok(sent) => sent.map_err(|error| lost(&error.to_string())),
        Err(_) => Err(lost("the server does not read messages")),
    }
}

fn lost(message: &str) -> LiveError {
    LiveError::ConnectionLost {
        message: sanitize::message(message),
    }
}

/// The time until the token must be replaced.
fn renewal(token: &AccessToken, now: Timestamp) -> Option<Duration> {
    Some(Duration::try_from(token.renew_at?.duration_since(now)).unwrap_or_default())
}

/// Opens an upgraded connection to `endpoint`.
async fn upgrade(endpoint: &Url) -> Result<Upgraded, LiveError> {
    let unreachable = |error: reqwest::Error| LiveError::Unreachable {
        message: RequestFailure::of(&error).to_string(),
    };
    let client = http::socket_client(endpoint).map_err(|error| LiveError::Unreachable {
        message: error.to_string(),
    })?;
    let key = generate_key();
    let request = client
        .get(endpoint.clone())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .header(SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
    let response = http::send(request).await.map_err(unreachable)?;
    let is = |name: HeaderName, value: &str| header(response.headers(), &name) == Some(value);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(LiveError::NoUpgrade {
            status: response.status().as_u16(),
        });
    }
    if !is(SEC_WEBSOCKET_ACCEPT, &derive_accept_key(key.as_bytes())) {
        return Err(LiveError::InvalidResponse {
            message: "the handshake is invalid".to_owned(),
        });
    }
    if !is(SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(LiveError::InvalidResponse {
            message: format!("the server does not support {PROTOCOL}"),
        });
    }
    response.upgrade().await.map_err(unreachable)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
