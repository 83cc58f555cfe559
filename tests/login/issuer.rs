//! An issuer on loopback that answers from a script and writes down what it
//! was asked.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use tudone::auth::connection::Connection;

/// What a test returns.
pub(crate) type Tested = Result<(), Box<dyn Error>>;

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const DEVICE: &str = "/oauth/device/code";
pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const REVOKE: &str = "/oauth/revoke";

/// How an issuer phrases its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// 401, 403 and 429, and `Service not found`.
    Auth0,
    /// 400 for everything, as RFC 6749 says.
    Rfc,
}

pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::Auth0, Dialect::Rfc];

impl Dialect {
    /// The OAuth error `code`.
    pub(crate) fn error(self, code: &str, description: &str) -> Reply {
        let status = match (self, code) {
            (Self::Rfc, _) => 400,
            (Self::Auth0, "slow_down") => 429,
            (Self::Auth0, "invalid_client") => 401,
            (Self::Auth0, _) => 403,
        };
        Reply::json(
            status,
            &json!({"error": code, "error_description": description}),
        )
    }

    /// Not approved yet.
    pub(crate) fn pending(self) -> Reply {
        self.error(
            "authorization_pending",
            "User has yet to authorize device code.",
        )
    }
}

/// One scripted answer.
pub(crate) enum Reply {
    /// Status, headers, body.
    Send(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Reads the request, then cuts the connection.
    Cut,
    /// Announces more than it sends, then cuts the connection.
    Truncated,
    /// Runs a closure, then answers.
    After(Box<dyn FnOnce() + Send>, Box<Reply>),
    /// Answers when the test sends the signal.
    When(Receiver<()>, Box<Reply>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Send(
            status,
            vec![("content-type", "application/json".to_owned())],
            body.to_string().into_bytes(),
        )
    }

    pub(crate) fn page(status: u16) -> Self {
        Self::Send(
            status,
            vec![("content-type", "text/html".to_owned())],
            b"<html><body>Bad gateway</body></html>".to_vec(),
        )
    }
}

/// A request that the issuer received.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) form: HashMap<String, String>,
    pub(crate) headers: String,
}

impl Asked {
    pub(crate) fn field(&self, name: &str) -> &str {
        self.form.get(name).map_or("", String::as_str)
    }
}

#[derive(Default)]
struct Script {
    replies: HashMap<&'static str, VecDeque<Reply>>,
    log: Vec<Asked>,
}

/// A running issuer; ends when dropped.
pub(crate) struct Issuer {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    accepting: Mutex<Option<Accepting>>,
}

struct Accepting {
    closing: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Issuer {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let issuer = Self {
            address: listener.local_addr()?,
            script: Arc::default(),
            accepting: Mutex::default(),
        };
        issuer.accept(listener);
        Ok(issuer)
    }

    /// Its name, slash and all.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn connection(&self) -> Result<Connection, Box<dyn Error>> {
        Ok(Connection {
            issuer: self.url(),
            client_id: "client".to_owned(),
            audience: "https://todos.example".to_owned(),
            endpoint: Url::parse("https://hasura.example/v1/graphql")?,
        })
    }

    /// Adds to what `path` answers. When the script is over, discovery and
    /// revocation answer as they should and everything else cuts the connection.
    pub(crate) fn script(&self, path: &'static str, replies: impl IntoIterator<Item = Reply>) {
        self.locked()
            .replies
            .entry(path)
            .or_default()
            .extend(replies);
    }

    /// What was asked of `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let script = self.locked();
        let asked = script.log.iter().filter(|asked| asked.path == path);
        asked.cloned().collect()
    }

    /// How many scripted answers of `path` were not requested.
    pub(crate) fn unused(&self, path: &str) -> usize {
        self.locked().replies.get(path).map_or(0, VecDeque::len)
    }

    /// Refuses connections from now on.
    pub(crate) fn close(&self) {
        let accepting = self.accepting.lock();
        let accepting = accepting.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.closing.store(true, Ordering::SeqCst);
            drop(TcpStream::connect(self.address));
            drop(accepting.thread.join());
        }
    }

    /// Accepts connections again, at the same address.
    pub(crate) fn reopen(&self) -> io::Result<()> {
        self.accept(TcpListener::bind(self.address)?);
        Ok(())
    }

    /// A code to log in with.
    pub(crate) fn code(&self) -> Reply {
        Reply::json(
            200,
            &json!({
                "device_code": "secret-device-code",
                "user_code": "BCDF-GHJK",
                "verification_uri": format!("{}activate", self.url()),
                "verification_uri_complete": format!("{}activate?user_code=BCDF-GHJK", self.url()),
                "expires_in": 900,
                "interval": 5,
            }),
        )
    }

    /// An access token for `sub` that Hasura would take.
    pub(crate) fn access_token(&self, sub: &str, serial: u32) -> String {
        let now = Timestamp::now().as_second();
        jwt(&json!({
            "iss": self.url(), "sub": sub, "iat": now, "exp": now + 3600, "jti": serial,
            "aud": ["https://todos.example", format!("{}userinfo", self.url())],
            "https://hasura.io/jwt/claims": {
                "x-hasura-allowed-roles": ["user"],
                "x-hasura-default-role": "user",
                "x-hasura-user-id": "1",
            },
        }))
    }

    /// The members of a token answer for `sub`.
    pub(crate) fn tokens(&self, sub: &str, serial: u32) -> Value {
        json!({
            "access_token": self.access_token(sub, serial),
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": format!("refresh-{serial}"),
            "id_token": jwt(&json!({
                "iss": self.url(), "sub": sub, "aud": "client",
                "email": "eve@example.com", "name": "Eve",
            })),
        })
    }

    /// A successful login or refresh.
    pub(crate) fn granted(&self, sub: &str, serial: u32) -> Reply {
        Reply::json(200, &self.tokens(sub, serial))
    }

    fn locked(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(&self, listener: TcpListener) {
        let closing = Arc::new(AtomicBool::new(false));
        let (stop, script, url) = (Arc::clone(&closing), Arc::clone(&self.script), self.url());
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(stream) = stream {
                    let (script, url) = (Arc::clone(&script), url.clone());
                    thread::spawn(move || answer(stream, &script, &url));
                }
            }
        });
        *self
            .accepting
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Accepting { closing, thread });
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.close();
    }
}

/// A token with these claims and a signature that is none.
pub(crate) fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
}

/// The discovery document of the issuer at `url`.
pub(crate) fn document(url: &str) -> Value {
    json!({
        "issuer": url,
        "token_endpoint": format!("{url}oauth/token"),
        "device_authorization_endpoint": format!("{url}oauth/device/code"),
        "revocation_endpoint": format!("{url}oauth/revoke"),
        "jwks_uri": format!("{url}.well-known/jwks.json"),
    })
}

fn answer(stream: TcpStream, script: &Mutex<Script>, url: &str) {
    let Ok(asked) = read(&stream) else { return };
    let path = asked.path.clone();
    let reply = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.log.push(asked);
        script
            .replies
            .get_mut(path.as_str())
            .and_then(VecDeque::pop_front)
    };
    let reply = reply.unwrap_or_else(|| match path.as_str() {
        DISCOVERY => Reply::json(200, &document(url)),
        REVOKE => Reply::Send(200, vec![], vec![]),
        _ => Reply::Cut,
    });
    carry_out(stream, reply);
}

fn carry_out(mut stream: TcpStream, reply: Reply) {
    match reply {
        Reply::Cut => {}
        Reply::Truncated => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"access";
            drop(stream.write_all(head));
        }
        Reply::After(act, reply) => {
            act();
            carry_out(stream, *reply);
        }
        Reply::When(signal, reply) => {
            let _ = signal.recv();
            carry_out(stream, *reply);
        }
        Reply::Send(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status} Scripted\r\nconnection: close\r\ncontent-length: {}\r\n",
                body.len()
            );
            for (name, value) in headers {
                head.extend([name, ": ", &value, "\r\n"]);
            }
            head.push_str("\r\n");
            // A client that has gone away misses nothing.
            drop(stream.write_all(head.as_bytes()));
            drop(stream.write_all(&body));
        }
    }
}

fn read(stream: &TcpStream) -> Result<Asked, Box<dyn Error>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).ok_or("no path")?.to_owned();
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        headers.push_str(&lower);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let query = format!("http://form/?{}", String::from_utf8(body)?);
    let form = Url::parse(&query)?
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    Ok(Asked {
        path,
        form,
        headers,
    })
}
