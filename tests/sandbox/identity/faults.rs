//! Faults, each seen by a raw client or a real one.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

use super::bench::*;

/// Leaves a row behind if it runs.
const QUERY: &str =
    r#"{"query":"mutation { insert_todos(objects: [{text: \"milk\"}]) { affected_rows } }"}"#;

async fn fault(bench: &Bench, route: &str, fault: &str) -> Checked {
    bench
        .order(
            "faults",
            json!({"route": route, "fault": fault, "times": 1}),
        )
        .await?;
    Ok(())
}

/// How many rows there are.
async fn rows(bench: &Bench) -> Checked<Option<usize>> {
    let rows = bench
        .control(Method::GET, "todos", json!(null))
        .await?
        .json();
    Ok(rows.as_array().map(Vec::len))
}

async fn last_logged(bench: &Bench) -> Checked<serde_json::Value> {
    let log = bench.control(Method::GET, "log", json!(null)).await?.json();
    Ok(log
        .as_array()
        .and_then(|all| all.last().cloned())
        .unwrap_or_default())
}

#[tokio::test]
async fn a_refused_connection_closes_before_the_body_is_even_sent() -> Checked {
    let bench = Bench::start().await?;
    fault(&bench, "graphql", "refuse").await?;
    let head = bench.raw_graphql(QUERY).await?.replace(QUERY, "");
    assert_eq!(bench.raw(head).await?, "", "nothing comes, and it closes");
    let entry = last_logged(&bench).await?;
    assert_eq!(
        (&entry["status"], &entry["request_bytes"]),
        (&json!(null), &json!(0))
    );
    Ok(())
}

#[tokio::test]
async fn dropped_before_reads_the_request_and_runs_nothing() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    bench.settle(&code, "approve").await?;
    fault(&bench, "token", "drop_before").await?;
    assert!(bench.poll(&code).await.is_err(), "the connection was cut");
    assert_eq!(
        bench.poll(&code).await?.status,
        StatusCode::OK,
        "the code is unspent"
    );

    fault(&bench, "graphql", "drop_before").await?;
    assert_eq!(bench.raw(bench.raw_graphql(QUERY).await?).await?, "");
    assert_eq!(rows(&bench).await?, Some(0), "nothing ran");
    let entry = last_logged(&bench).await?;
    assert_eq!(entry["request_bytes"], json!(QUERY.len()));
    Ok(())
}

#[tokio::test]
async fn dropped_after_commits_and_loses_the_answer() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("refresh_token");
    fault(&bench, "token", "drop_after").await?;
    assert!(
        bench.refresh(&token).await.is_err(),
        "the connection was cut"
    );
    let retried = bench.refresh(&token).await?;
    assert_eq!(
        retried.refusal(),
        (403, "invalid_grant".to_owned()),
        "it was spent"
    );

    fault(&bench, "graphql", "drop_after").await?;
    assert_eq!(bench.raw(bench.raw_graphql(QUERY).await?).await?, "");
    assert_eq!(rows(&bench).await?, Some(1), "it ran");
    assert_eq!(last_logged(&bench).await?["status"], json!(null));
    Ok(())
}

#[tokio::test]
async fn the_tally_counts_what_went_wrong_and_which_commits_were_never_answered() -> Checked {
    let bench = Bench::start().await?;
    let query = r#"{"query":"{ todos { id } }"}"#;
    for (kind, body) in [
        ("drop_before", QUERY),
        ("drop_after", query),
        ("drop_after", QUERY),
        ("truncate", QUERY),
    ] {
        fault(&bench, "graphql", kind).await?;
        bench.raw(bench.raw_graphql(body).await?).await?;
    }
    let answered = bench.raw_graphql(QUERY).await?;
    let answered = answered.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    bench.raw(answered).await?;
    bench.control(Method::DELETE, "log", json!(null)).await?;
    let tally = bench.control(Method::GET, "tally", json!(null)).await?;
    let faults = json!({"drop_before": 1, "drop_after": 2, "truncate": 1});
    assert_eq!(
        tally.json(),
        json!({"requests": 5, "faults": faults, "unanswered_commits": 2})
    );
    Ok(())
}

#[tokio::test]
async fn a_truncated_answer_ends_before_its_announced_length() -> Checked {
    let bench = Bench::start().await?;
    fault(&bench, "discovery", "truncate").await?;
    let came = bench
        .raw(format!(
            "GET /.well-known/openid-configuration HTTP/1.1\r\nHost: {}\r\n\r\n",
            bench.host()
        ))
        .await?;
    let (head, body) = came.split_once("\r\n\r\n").ok_or("no head")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .ok_or("no length")?
        .parse()?;
    assert!(
        !body.is_empty() && body.len() < length,
        "{} of {length}",
        body.len()
    );

    fault(&bench, "revoke", "truncate").await?;
    assert!(
        bench.revoke("x").await.is_err(),
        "even an empty answer breaks off"
    );
    Ok(())
}

#[tokio::test]
async fn a_status_or_a_proxys_page_comes_instead_of_the_answer() -> Checked {
    let bench = Bench::start().await?;
    bench
        .order(
            "faults",
            json!({"route": "device", "fault": "status", "status": 503, "retry_after": 7, "times": 1}),
        )
        .await?;
    let busy = bench.ask().await?;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(busy.header("retry-after"), "7");

    fault(&bench, "device", "html").await?;
    let page = bench.ask().await?;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("<h1>502 Bad Gateway</h1>"), "{page:?}");
    assert_eq!(bench.ask().await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_delayed_request_waits_and_then_runs() -> Checked {
    let bench = Bench::start().await?;
    let order = json!({"route": "jwks", "fault": "delay", "ms": 300, "times": 1});
    bench.order("faults", order).await?;
    let began = Instant::now();
    let jwks = bench.get(&bench.url("/.well-known/jwks.json")).await?;
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert_eq!(jwks.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_mutation_whose_client_goes_before_its_answer_has_run_and_is_logged_so() -> Checked {
    let bench = Bench::start().await?;
    let order = json!({"route": "mutation", "fault": "delay_after", "ms": 600_000});
    bench.order("faults", order).await?;
    let made = bench.order("token", json!({"sub": "auth0|raw"})).await?;
    let token = made["token"].as_str().unwrap_or_default();
    let ask = |body: &'static str| {
        let request = bench.http.post(&bench.at.endpoint).bearer_auth(token);
        request.body(body).send()
    };
    let read = ask(r#"{"query": "{ todos { id } }"}"#).await?;
    assert_eq!(read.status(), StatusCode::OK, "what only reads is answered");
    bench.control(Method::DELETE, "log", json!(null)).await?;

    tokio::select! {
        answer = ask(QUERY) => return Err(format!("{answer:?}").into()),
        ran = async { while rows(&bench).await? != Some(1) {} Checked::Ok(()) } => ran?,
    }

    let log = format!("{}/log", bench.at.control);
    let logged = loop {
        let log = bench.get(&log).await?.json();
        if log != json!([]) {
            break log;
        }
    };
    assert_eq!(logged[0]["route"], "graphql");
    assert_eq!(logged[0]["status"], json!(null));
    Ok(())
}

#[tokio::test]
async fn a_fault_without_a_number_stays_until_it_is_cleared() -> Checked {
    let bench = Bench::start().await?;
    let order = json!({"route": "device", "fault": "refuse", "times": null});
    bench.order("faults", order).await?;
    for _ in 0..3 {
        assert!(bench.ask().await.is_err());
    }
    let cleared = bench.control(Method::DELETE, "faults", json!(null)).await?;
    assert_eq!(cleared.json(), json!({"cleared": 1}));
    assert_eq!(bench.ask().await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn an_unknown_fault_is_rejected_with_the_known_ones() -> Checked {
    let bench = Bench::start().await?;
    for (order, hint) in [
        (json!({"route": "moon", "fault": "refuse"}), "graphql"),
        (json!({"route": "token", "fault": "explode"}), "drop_after"),
        (
            json!({"route": "token", "fault": "refuse", "often": 1}),
            "times",
        ),
        (json!({"route": "token", "fault": "delay"}), "ms"),
    ] {
        let refused = bench.control(Method::POST, "faults", order.clone()).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{order}");
        assert!(refused.field("error").contains(hint), "{refused:?}");
    }
    let url = format!("{}/faults", bench.at.control);
    let broken = bench.http.post(url).body("{").send().await?;
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

/// Reads until the connection ends; true if it ended without a close frame.
async fn ends_abruptly(mut socket: WebSocketStream<TcpStream>) -> bool {
    let end = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(_))) => return false,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return true,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), end)
        .await
        .unwrap_or(false)
}

#[tokio::test]
async fn exactly_one_name_chooses_the_modern_socket_protocol() -> Checked {
    let bench = Bench::start().await?;
    assert_eq!(
        bench.socket("graphql-transport-ws").await?.1,
        "graphql-transport-ws"
    );
    assert_eq!(bench.socket("graphql-ws").await?.1, "graphql-ws");
    let both = bench.socket("graphql-transport-ws, graphql-ws").await?;
    assert_eq!(both.1, "graphql-ws");
    Ok(())
}

#[tokio::test]
async fn sockets_cut_by_control_end_without_a_close_frame() -> Checked {
    let bench = Bench::start().await?;
    let (mut one, _) = bench.socket("graphql-transport-ws").await?;
    let (mut other, _) = bench.socket("graphql-transport-ws").await?;
    let init = r#"{"type":"ping"}"#;
    for socket in [&mut one, &mut other] {
        socket.send(Message::text(init)).await?;
        socket.next().await.ok_or("closed")??;
    }
    assert_eq!(
        bench.order("cut-sockets", json!(null)).await?,
        json!({"cut": 2})
    );
    assert!(ends_abruptly(one).await && ends_abruptly(other).await);
    let entry = last_logged(&bench).await?;
    assert_eq!(
        (&entry["route"], &entry["status"]),
        (&json!("socket"), &json!(101))
    );
    Ok(())
}

#[tokio::test]
async fn a_socket_can_be_refused_answered_wrong_or_lost_after_opening() -> Checked {
    let bench = Bench::start().await?;
    let modern = "graphql-transport-ws";
    for kind in ["refuse", "drop_before"] {
        fault(&bench, "socket", kind).await?;
        assert!(bench.socket(modern).await.is_err(), "{kind}");
    }
    fault(&bench, "socket", "html").await?;
    match bench.socket(modern).await {
        Err(tungstenite::Error::Http(page)) => assert_eq!(page.status(), 502),
        other => return Err(format!("{other:?}").into()),
    }
    fault(&bench, "socket", "drop_after").await?;
    let (opened, _) = bench.socket(modern).await?;
    assert!(ends_abruptly(opened).await);
    assert!(bench.socket(modern).await.is_ok());
    Ok(())
}
