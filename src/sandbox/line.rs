//! TCP connections that can be cut in the middle of an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Default)]
struct Switch {
    cut: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

/// Handle that cuts one connection from anywhere.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionCutter(Arc<Switch>);

impl ConnectionCutter {
    /// Closes the connection: buffered data is discarded, and pending reads and
    /// writes return an error.
    pub(super) fn cut(&self) {
        self.0.cut.store(true, Ordering::SeqCst);
        self.0.reader.wake();
        self.0.writer.wake();
    }

    fn is_cut(&self) -> bool {
        self.0.cut.load(Ordering::SeqCst)
    }
}

/// The open connections of one kind.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenConnections(Arc<Mutex<Vec<Weak<Switch>>>>);

impl OpenConnections {
    /// Counts `line` in until it closes.
    pub(super) fn add(&self, line: &ConnectionCutter) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|known| known.strong_count() > 0);
        lines.push(Arc::downgrade(&line.0));
    }

    /// Cuts all connections and returns their number.
    pub(super) fn cut_all(&self) -> usize {
        let lines = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let open: Vec<_> = lines.iter().filter_map(Weak::upgrade).collect();
        for switch in &open {
            ConnectionCutter(Arc::clone(switch)).cut();
        }
        open.len()
    }
}

/// Accepts connections that can be cut.
#[derive(Debug)]
pub(super) struct CuttableListener {
    tcp: TcpListener,
    lines: OpenConnections,
}

impl CuttableListener {
    /// Listens with `tcp`; what it accepts is counted in `lines`.
    pub(super) fn new(tcp: TcpListener, lines: OpenConnections) -> Self {
        Self { tcp, lines }
    }
}

impl axum::serve::Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (CuttableStream, SocketAddr) {
        let (tcp, peer) = axum::serve::Listener::accept(&mut self.tcp).await;
        // A delayed small packet would only make tests slower.
        let _ = tcp.set_nodelay(true);
        let line = ConnectionCutter::default();
        self.lines.add(&line);
        (CuttableStream { tcp, line }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for ConnectionCutter {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().line.clone()
    }
}

/// An accepted connection.
#[derive(Debug)]
pub(super) struct CuttableStream {
    tcp: TcpStream,
    line: ConnectionCutter,
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose")
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.line.0.reader.register(cx.waker());
        if self.line.is_cut() {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.line.0.writer.register(cx.waker());
        if self.line.is_cut() {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.line.is_cut() {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.line.0.writer.register(cx.waker());
        if self.line.is_cut() {
            return Poll::Ready(Err(gone()));
        }
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
}
