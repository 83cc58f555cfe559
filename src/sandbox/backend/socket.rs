//! A websocket connection: its timers and its subscriptions.

use std::{collections::BTreeMap, future::pending, time::Duration};

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket},
    http::HeaderMap,
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    Backend,
    answer::{ErrorCode, RequestError},
    document::GraphqlRequest,
    execute::{self, Prepared},
    jwt::{Headers, RequestSession},
    live::RunningSubscription,
    protocol::{Closing, Protocol, ProtocolStep, ServerConversation},
};

/// `connection_init` must arrive in this time.
const INIT_TIME: Duration = Duration::from_secs(3);
/// Keep-alives come this often.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// From a `subscribe` to its first result: the way to the database and back,
/// in which a client's next message overtakes the result.
const FIRST_RESULT: Duration = Duration::from_millis(10);
/// From a commit to the results that changed. Hasura polls every second; this
/// is quicker, and still gathers the commits of a burst.
const AFTER_COMMIT: Duration = Duration::from_millis(100);
/// How long a client may take to close its side.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why the connection ended.
enum ConnectionEnd {
    /// Say so with a close frame.
    Close(Closing),
    /// Drop the connection: the client sees an abnormal closure.
    Drop,
}

impl Backend {
    /// The subprotocol that Hasura chooses for a handshake. Offer exactly this
    /// one to the client, and pass it to [`Backend::serve_socket`].
    #[must_use]
    pub fn subprotocol(headers: &HeaderMap) -> &'static str {
        let offered = headers.get("sec-websocket-protocol");
        let offered = offered.and_then(|value| value.to_str().ok());
        Protocol::negotiated(offered).name()
    }

    /// Serves an accepted websocket until one side ends it. A change of `cut`
    /// drops the connection without a close frame, as does the token's expiry.
    pub async fn serve_socket(
        &self,
        socket: WebSocket,
        subprotocol: Option<String>,
        headers: HeaderMap,
        cut: watch::Receiver<u64>,
    ) {
        let protocol = Protocol::negotiated(subprotocol.as_deref());
        let connection = SocketConnection {
            backend: self.clone(),
            socket,
            headers: Headers::from(&headers),
            talk: ServerConversation::new(protocol),
            session: None,
            expiry: None,
            live: BTreeMap::new(),
            due: None,
        };
        connection.serve(cut).await;
    }
}

struct SocketConnection {
    backend: Backend,
    socket: WebSocket,
    headers: Headers,
    talk: ServerConversation,
    session: Option<RequestSession>,
    /// The earliest expiry of a token.
    expiry: Option<Instant>,
    live: BTreeMap<String, RunningSubscription>,
    /// The time of the next poll.
    due: Option<Instant>,
}

impl SocketConnection {
    async fn serve(mut self, cut: watch::Receiver<u64>) {
        match self.converse(cut).await {
            ConnectionEnd::Drop => {}
            ConnectionEnd::Close(closing) => self.close(closing).await,
        }
    }

    async fn converse(&mut self, mut cut: watch::Receiver<u64>) -> ConnectionEnd {
        let mut commits = self.backend.inner.commits.subscribe();
        let mut configurations = self.backend.inner.configurations.subscribe();
        cut.mark_unchanged();
        let init_time_over = Instant::now() + INIT_TIME;
        let mut keep_alive = interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                biased;
                () = changed(&mut cut) => Err(ConnectionEnd::Drop),
                () = moment(self.expiry) => Err(ConnectionEnd::Drop),
                () = changed(&mut configurations) => Err(ConnectionEnd::Close(Closing::restart())),
                _ = keep_alive.tick() => {
                    let message = self.talk.keep_alive();
                    self.send(&message).await
                }
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.received(message).await,
                    Some(Err(_)) | None => Err(ConnectionEnd::Drop),
                },
                () = sleep_until(init_time_over), if !self.talk.is_ready() => {
                    match self.talk.init_time_over() {
                        Some(closing) => Err(ConnectionEnd::Close(closing)),
                        None => Ok(()),
                    }
                }
                () = changed(&mut commits) => {
                    self.look_in(AFTER_COMMIT);
                    Ok(())
                }
                () = moment(self.due) => self.tell_news().await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn received(&mut self, message: Message) -> Result<(), ConnectionEnd> {
        let steps = match message {
            Message::Text(text) => self.talk.received(text.as_str()),
            Message::Binary(bytes) => self.talk.received(&String::from_utf8_lossy(&bytes)),
            // The next read sends what they are answered with.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Vec::new(),
        };
        for step in steps {
            match step {
                ProtocolStep::Send(message) => self.send(&message).await?,
                ProtocolStep::Authenticate(payload) => self.authenticate(payload.as_ref()).await?,
                ProtocolStep::Start { id, request } => self.start(id, request).await?,
                ProtocolStep::Stop { id } => drop(self.live.remove(&id)),
                ProtocolStep::Close(closing) => return Err(ConnectionEnd::Close(closing)),
            }
        }
        Ok(())
    }

    async fn authenticate(&mut self, payload: Option<&Value>) -> Result<(), ConnectionEnd> {
        // The handshake's headers count once.
        let headers = std::mem::take(&mut self.headers).with_payload(payload);
        match self.backend.authenticate(&headers) {
            Ok(session) => {
                let now = self.backend.now();
                let expires = session.expires;
                let expiry = expires.map(|expires| Instant::now() + until(now, expires));
                self.expiry = self.expiry.or(expiry);
                self.session = Some(session);
                let messages = self.talk.accepted();
                self.send_all(&messages).await
            }
            Err(fault) => {
                let (messages, closing) = self.talk.refused(&fault);
                self.send_all(&messages).await?;
                closing.map_or(Ok(()), |closing| Err(ConnectionEnd::Close(closing)))
            }
        }
    }

    async fn start(&mut self, id: String, request: GraphqlRequest) -> Result<(), ConnectionEnd> {
        let Some(session) = self.session.clone() else {
            return Ok(());
        };
        let backend = self.backend.clone();
        let begun = on_database(move || {
            let types = backend.types(&session.role);
            let prepared = execute::prepare(&types, &request).map_err(|fault| (fault, false))?;
            if let Prepared::Subscription(fields) = prepared {
                if fields.is_empty() {
                    return Ok(Begun::Over);
                }
                let live = RunningSubscription::new(&backend, session, fields);
                return live
                    .map(Begun::RunningSubscription)
                    .map_err(|fault| (fault, false));
            }
            let answered = backend.answered_by(&types, &session, &prepared);
            answered
                .map(|answer| Begun::Answered(answer.text))
                .map_err(|fault| (fault, true))
        });
        let messages = match begun.await {
            Ok(Ok(Begun::RunningSubscription(live))) => {
                self.live.insert(id, live);
                self.look_in(FIRST_RESULT);
                return Ok(());
            }
            Ok(Ok(Begun::Over)) => vec![self.talk.completed(&id)],
            Ok(Ok(Begun::Answered(payload))) => {
                let result = self.talk.next(&id, &payload);
                self.send_text(result).await?;
                vec![self.talk.completed(&id)]
            }
            Ok(Err((fault, ran))) => self.talk.failed(&id, &fault, ran),
            Err(fault) => self.talk.failed(&id, &fault, true),
        };
        self.send_all(&messages).await
    }

    /// Lets every subscription look at the database once.
    async fn tell_news(&mut self) -> Result<(), ConnectionEnd> {
        self.due = None;
        for (id, mut live) in std::mem::take(&mut self.live) {
            let backend = self.backend.clone();
            let looked = on_database(move || {
                let news = live.news(&backend);
                (live, news)
            });
            let messages = match looked.await {
                Ok((live, Ok(news))) => {
                    let more = live.reads_on(news.is_some());
                    self.live.insert(id.clone(), live);
                    if more {
                        self.look_in(AFTER_COMMIT);
                    }
                    if let Some(payload) = news {
                        let result = self.talk.next(&id, &payload);
                        self.send_text(result).await?;
                    }
                    Vec::new()
                }
                Ok((_, Err(fault))) | Err(fault) => self.talk.failed(&id, &fault, true),
            };
            self.send_all(&messages).await?;
        }
        Ok(())
    }

    fn look_in(&mut self, delay: Duration) {
        let at = Instant::now() + delay;
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    async fn send_all(&mut self, messages: &[Value]) -> Result<(), ConnectionEnd> {
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> Result<(), ConnectionEnd> {
        self.send_text(message.to_string()).await
    }

    async fn send_text(&mut self, text: String) -> Result<(), ConnectionEnd> {
        let frame = Message::Text(text.into());
        self.socket
            .send(frame)
            .await
            .map_err(|_| ConnectionEnd::Drop)
    }

    /// Sends the close frame and waits for the client's.
    async fn close(mut self, closing: Closing) {
        let frame = CloseFrame {
            code: closing.code,
            reason: closing.reason.into(),
        };
        if self.socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        let farewell = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        drop(timeout(FAREWELL, farewell).await);
    }
}

/// The result of a `subscribe`.
enum Begun {
    RunningSubscription(RunningSubscription),
    /// Nothing to subscribe to.
    Over,
    /// Its whole payload.
    Answered(String),
}

/// Statements block; this moves them off the tasks' threads.
async fn on_database<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RequestError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| RequestError::new(ErrorCode::Unexpected, "internal error"))
}

/// Resolves when the value changes; never once its sender is gone.
async fn changed(watched: &mut watch::Receiver<u64>) {
    if watched.changed().await.is_err() {
        pending::<()>().await;
    }
}

async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

/// The time left until a second of the wall clock.
fn until(now: Timestamp, second: i64) -> Duration {
    let left = second
        .saturating_mul(1000)
        .saturating_sub(now.as_millisecond());
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}
