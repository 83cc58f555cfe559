//! The doorbell's websocket: opened through the HTTP client, so TLS, proxies
//! and certificates are those of every other request.

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
use crate::graphql::live::{Conversation, Event, LiveError, PROTOCOL};
use crate::http;
use crate::text::sanitize;

/// How long opening the connection may take, up to the acknowledgement.
/// Hasura refuses a token after three seconds.
const OPENING: Duration = Duration::from_secs(15);
/// How long a server may be silent. Hasura sends a ping every five seconds.
const SILENCE: Duration = Duration::from_secs(30);
/// The largest message that is read, in bytes: a ring has a few dozen.
const MESSAGE_LIMIT: usize = 64 << 10;
/// The most bytes that wait to be sent: some of the largest messages, answered.
const WRITE_LIMIT: usize = 4 * MESSAGE_LIMIT;
/// How long the server may take to read what is sent.
const SENDING: Duration = Duration::from_secs(10);
/// The most messages that are read in a second. Hasura sends one or two; a
/// server that sends more has to wait.
const MESSAGES_A_SECOND: u32 = 50;

/// A live connection that rings when something of this user changed.
///
/// A ring means: pull once. It rings once at the beginning, too, since things
/// may have changed before anybody listened.
#[derive(Debug)]
pub struct Doorbell {
    socket: WebSocketStream<Upgraded>,
    conversation: Conversation,
    heard: Instant,
    throttle: Throttle,
    renew: Option<Instant>,
}

/// Counts the messages of the current second.
#[derive(Debug)]
struct Throttle {
    since: Instant,
    taken: u32,
}

impl Throttle {
    const SECOND: Duration = Duration::from_secs(1);

    /// Waits until another message may be read.
    async fn ready(&self) {
        if self.taken >= MESSAGES_A_SECOND {
            sleep_until(self.since + Self::SECOND).await;
        }
    }

    fn took_one(&mut self, now: Instant) {
        if now >= self.since + Self::SECOND {
            self.since = now;
            self.taken = 0;
        }
        self.taken += 1;
    }
}

impl Doorbell {
    pub(super) async fn open(endpoint: &Url, token: &AccessToken) -> Result<Self, LiveError> {
        timeout(OPENING, Self::opened(endpoint, token))
            .await
            .unwrap_or_else(|_| {
                Err(LiveError::Unreachable {
                    message: "timed out".to_owned(),
                })
            })
    }

    async fn opened(endpoint: &Url, token: &AccessToken) -> Result<Self, LiveError> {
        let mut config = WebSocketConfig::default();
        config.read_buffer_size = 4 << 10;
        config.write_buffer_size = 0;
        config.max_write_buffer_size = WRITE_LIMIT;
        config.max_message_size = Some(MESSAGE_LIMIT);
        config.max_frame_size = Some(MESSAGE_LIMIT);
        let stream = upgraded(endpoint).await?;
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        let (conversation, init) = Conversation::open(token.secret.expose_secret());
        let now = Instant::now();
        let mut doorbell = Self {
            socket,
            conversation,
            heard: now,
            throttle: Throttle {
                since: now,
                taken: 0,
            },
            renew: renewal(token, Timestamp::now()).map(|wait| now + wait),
        };
        doorbell.send(init).await?;
        while !doorbell.conversation.is_listening() {
            doorbell.next().await?;
        }
        Ok(doorbell)
    }

    /// Waits for the next change. May be dropped and called again: no ring is
    /// lost by that.
    ///
    /// # Errors
    ///
    /// The connection is of no use any more; [`LiveError::Renew`] means that a
    /// new one should be opened at once.
    pub async fn ring(&mut self) -> Result<(), LiveError> {
        loop {
            if self.next().await? == Event::Rang {
                return Ok(());
            }
        }
    }

    /// Says goodbye, as far as the network allows.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_millis(500), self.socket.close(None)).await;
    }

    /// Takes one message and answers it.
    async fn next(&mut self) -> Result<Event, LiveError> {
        self.throttle.ready().await;
        let silent = self.heard + SILENCE;
        let deadline = self.renew.map_or(silent, |renew| renew.min(silent));
        let Ok(message) = timeout_at(deadline, self.socket.next()).await else {
            return Err(if self.renew.is_some_and(|renew| renew <= deadline) {
                LiveError::Renew
            } else {
                lost("the server fell silent")
            });
        };
        self.heard = Instant::now();
        self.throttle.took_one(self.heard);
        let event = match message {
            Some(Ok(Message::Text(text))) => self.conversation.received(&text)?,
            Some(Ok(Message::Close(frame))) => {
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                let reason = frame.as_ref().map_or("", |frame| frame.reason.as_str());
                return Err(self.conversation.closed(code, reason));
            }
            Some(Ok(Message::Ping(_))) => {
                // Its pong is queued already.
                in_time(self.socket.flush()).await?;
                Event::Nothing
            }
            Some(Ok(Message::Binary(_) | Message::Pong(_) | Message::Frame(_))) => Event::Nothing,
            Some(Err(error)) => return Err(lost(&error.to_string())),
            None => return Err(self.conversation.closed(None, "")),
        };
        if let Event::Send(text) = &event {
            self.send(text.clone()).await?;
        }
        Ok(event)
    }

    async fn send(&mut self, text: String) -> Result<(), LiveError> {
        in_time(self.socket.send(Message::Text(text.into()))).await
    }
}

/// Waits for `sending`, but not for ever: a server that does not read would
/// have everything kept for it.
async fn in_time(sending: impl Future<Output = Result<(), Error>>) -> Result<(), LiveError> {
    match timeout(SENDING, sending).await {
        Ok(sent) => sent.map_err(|error| lost(&error.to_string())),
        Err(_) => Err(lost("the server does not read")),
    }
}

fn lost(message: &str) -> LiveError {
    LiveError::ConnectionLost {
        message: sanitize::message(message),
    }
}

/// When to connect again with the next token.
fn renewal(token: &AccessToken, now: Timestamp) -> Option<Duration> {
    Some(Duration::try_from(token.renew_at?.duration_since(now)).unwrap_or_default())
}

/// An upgraded connection to `endpoint`.
async fn upgraded(endpoint: &Url) -> Result<Upgraded, LiveError> {
    let unreachable = |error: reqwest::Error| LiveError::Unreachable {
        message: http::reason(&error),
    };
    let client = http::socket_client(endpoint).map_err(|error| LiveError::Unreachable {
        message: error.to_string(),
    })?;
    let key = generate_key();
    let response = client
        .get(endpoint.clone())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, &key)
        .header(SEC_WEBSOCKET_PROTOCOL, PROTOCOL)
        .send()
        .await
        .map_err(unreachable)?;
    let is = |name: HeaderName, value: &str| header(response.headers(), &name) == Some(value);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(LiveError::NoUpgrade {
            status: response.status().as_u16(),
        });
    }
    if !is(SEC_WEBSOCKET_ACCEPT, &derive_accept_key(key.as_bytes())) {
        return Err(LiveError::InvalidResponse {
            message: "the handshake was not answered by a websocket server".to_owned(),
        });
    }
    if !is(SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(LiveError::InvalidResponse {
            message: format!("it does not speak {PROTOCOL}"),
        });
    }
    response.upgrade().await.map_err(unreachable)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
