//! An HTTP proxy that tunnels (`CONNECT`) and notes what it is asked for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::support::Checked;

/// A running proxy; it ends with the test's process.
pub(crate) struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

/// What a proxy answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Opens every tunnel.
    Open,
    /// Refuses every tunnel: HTTP 403.
    Refuse,
    /// Opens every tunnel, and lets nothing through.
    Silence,
}

impl Proxy {
    pub(crate) fn start(policy: Policy) -> Checked<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&heads);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || tunnel(client, policy, &noted));
            }
        });
        Ok(Self { port, heads })
    }

    /// Its address, with `user:password@` before the host if there is one.
    pub(crate) fn url(&self, credentials: &str) -> String {
        format!("http://{credentials}127.0.0.1:{}", self.port)
    }

    /// The heads of the requests since the last call.
    pub(crate) fn heads(&self) -> Vec<String> {
        std::mem::take(&mut self.heads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn tunnel(client: TcpStream, policy: Policy, noted: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let is_tunnel = head.starts_with("CONNECT ");
    noted
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(head);

    let mut client = client;
    if policy == Policy::Refuse || !is_tunnel {
        return client.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    }
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    if policy == Policy::Silence {
        return std::io::copy(&mut reader, &mut std::io::sink()).map(drop);
    }
    let server = TcpStream::connect(target)?;
    let mut to_client = client;
    let mut from_server = server.try_clone()?;
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut to_server = server;
    let _ = std::io::copy(&mut reader, &mut to_server);
    to_server.shutdown(Shutdown::Both)
}
