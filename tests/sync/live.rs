//! The live connection.

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use tudone::auth::session::AuthSession;
use tudone::graphql::Hasura;
use tudone::graphql::live::LiveError;
use tudone::graphql::socket::Doorbell;
use tudone::sync::remote::{Batch, Remote};

use crate::bench::{ADA, Bench, Checked, key_of, soon};

fn add(n: u128) -> Batch {
    Batch::Add(vec![(key_of(n), "a".to_owned())])
}

#[tokio::test]
async fn it_rings_at_once_and_then_when_something_changed() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    let mut doorbell = soon(hasura.doorbell()).await??;
    soon(doorbell.ring()).await??;
    for n in 1..=2 {
        hasura.push(&add(n)).await?;
        soon(doorbell.ring()).await??;
    }
    soon(doorbell.close()).await?;
    Ok(())
}

#[tokio::test]
async fn a_cut_connection_is_an_ordinary_end() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    let mut doorbell = soon(hasura.doorbell()).await??;
    soon(doorbell.ring()).await??;
    bench
        .control(Method::POST, "cut-sockets", Value::Null)
        .await?;
    let end = soon(doorbell.ring()).await?;
    assert!(
        matches!(end, Err(LiveError::ConnectionLost { .. })),
        "{end:?}"
    );
    assert!(end.is_err_and(|error| error.retryable()));
    let mut again = soon(hasura.doorbell()).await??;
    soon(again.ring()).await??;
    Ok(())
}

#[tokio::test]
async fn a_token_about_to_end_asks_for_a_new_connection() -> Checked {
    let bench = Bench::full().await?;
    let now = jiff::Timestamp::now().as_second();
    let short = json!({"claims": {"exp": now + 3}});
    let token = bench.token(ADA, short).await?;
    let hasura = bench.hasura_with(AuthSession::fixed(token))?;
    let mut doorbell = soon(hasura.doorbell()).await??;
    soon(doorbell.ring()).await??;
    let end = soon(doorbell.ring()).await?;
    assert!(matches!(end, Err(LiveError::Renew)), "{end:?}");
    Ok(())
}

/// Returns a doorbell that has rung once, and the server's end of the connection.
async fn rung() -> Checked<(Doorbell, WebSocketStream<TcpStream>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let endpoint = format!("http://{}/v1/graphql", listener.local_addr()?);
    let answering = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.ok()?;
        let mut socket = accept_hdr_async(stream, modern).await.ok()?;
        for answer in [json!({"type": "connection_ack"}), ring()] {
            socket.next().await?.ok()?;
            let frame = Message::text(answer.to_string());
            socket.send(frame).await.ok()?;
        }
        Some(socket)
    });
    let session = AuthSession::fixed("a token".to_owned().into());
    let hasura = Hasura::new(endpoint.parse()?, session)?;
    let mut doorbell = soon(hasura.doorbell()).await??;
    soon(doorbell.ring()).await??;
    Ok((doorbell, answering.await?.ok_or("the server gave up")?))
}

fn ring() -> Value {
    json!({"type": "next", "id": "doorbell", "payload": {"data": {"users": []}}})
}

/// Sends `message` endlessly and reads nothing.
fn flood(mut socket: WebSocketStream<TcpStream>, message: Message) -> JoinHandle<()> {
    tokio::spawn(async move { while socket.send(message.clone()).await.is_ok() {} })
}

#[tokio::test]
async fn a_server_that_sends_pings_and_does_not_read_is_a_lost_connection() -> Checked {
    let payload = "x".repeat(60 << 10);
    let pings = [
        Message::text(json!({"type": "ping", "payload": {"message": payload}}).to_string()),
        Message::Ping(vec![0; 125].into()),
    ];
    for ping in pings {
        let (mut doorbell, socket) = rung().await?;
        tokio::time::pause();
        let flooding = flood(socket, ping);
        let end = doorbell.ring().await;
        tokio::time::resume();
        flooding.abort();
        assert!(
            matches!(&end, Err(LiveError::ConnectionLost { message }) if message.contains("read")),
            "{end:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_rings_all_the_time_is_read_slowly() -> Checked {
    let (mut doorbell, socket) = rung().await?;
    tokio::time::pause();
    let flooding = flood(socket, Message::text(ring().to_string()));
    let began = Instant::now();
    for _ in 0..1000 {
        doorbell.ring().await?;
    }
    let took = began.elapsed().as_secs();
    flooding.abort();
    assert!(took >= 15, "1000 rings in {took} s");
    Ok(())
}

#[tokio::test]
async fn a_connection_that_died_silently_is_noticed() -> Checked {
    let (mut doorbell, _open) = rung().await?;

    tokio::time::pause();
    let began = Instant::now();
    let end = doorbell.ring().await;
    assert!(
        matches!(end, Err(LiveError::ConnectionLost { .. })),
        "{end:?}"
    );
    // Pings come every five seconds.
    let noticed = began.elapsed().as_secs();
    assert!((10..=60).contains(&noticed), "{noticed} s");
    Ok(())
}

#[expect(
    clippy::result_large_err,
    clippy::unnecessary_wraps,
    reason = "the shape of a handshake's callback"
)]
fn modern(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let name = HeaderValue::from_static("graphql-transport-ws");
    response
        .headers_mut()
        .insert("sec-websocket-protocol", name);
    Ok(response)
}

#[tokio::test]
async fn a_rejected_login_is_reported() -> Checked {
    let bench = Bench::full().await?;
    let token = bench.token(ADA, json!({"key": "other"})).await?;
    let hasura = bench.hasura_with(AuthSession::fixed(token))?;
    let refused = soon(hasura.doorbell()).await?.err();
    assert!(
        matches!(refused, Some(LiveError::Unauthorized { .. })),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_server_without_live_updates_is_not_retried() -> Checked {
    let bench = Bench::full().await?;
    bench.configure(json!({"subscriptions": false})).await?;
    let hasura = bench.hasura(ADA).await?;
    let mut doorbell = soon(hasura.doorbell()).await??;
    let refused = soon(doorbell.ring()).await?;
    assert!(
        matches!(&refused, Err(error @ LiveError::Rejected { .. }) if !error.retryable()),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_proxy_that_passes_no_websockets_is_reported() -> Checked {
    let bench = Bench::full().await?;
    let order = json!({"route": "socket", "fault": "status", "status": 400, "times": 1});
    bench.faults(order).await?;
    let hasura = bench.hasura(ADA).await?;
    let refused = soon(hasura.doorbell()).await?.err();
    assert!(
        matches!(refused, Some(LiveError::NoUpgrade { status: 400 })),
        "{refused:?}"
    );
    bench.sandbox.stop().await;
    let gone = soon(hasura.doorbell()).await?.err();
    assert!(
        matches!(gone, Some(LiveError::Unreachable { .. })),
        "{gone:?}"
    );
    Ok(())
}
