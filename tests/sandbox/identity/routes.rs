//! Every fault on every route, as a client meets it.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio_tungstenite::tungstenite;

use super::bench::*;

const ROUTES: [&str; 7] = [
    "graphql",
    "token",
    "device",
    "discovery",
    "jwks",
    "revoke",
    "socket",
];

/// Fault, and the status a client sees instead, if any comes.
const FAULTS: [(&str, Option<u16>); 7] = [
    ("refuse", None),
    ("delay", None),
    ("drop_before", None),
    ("drop_after", None),
    ("status", Some(503)),
    ("html", Some(503)),
    ("truncate", None),
];

const DELAY: Duration = Duration::from_millis(50);

#[tokio::test]
async fn every_fault_happens_on_every_route_until_it_is_cleared() -> Checked {
    let bench = Bench::start().await?;
    for route in ROUTES {
        let well = bench.knock(route).await?;
        assert!(
            matches!(well, Some((200 | 101 | 403, _))),
            "{route}: {well:?}"
        );
        for (fault, wanted) in FAULTS {
            let order = json!({"route": route, "fault": fault, "status": 503, "ms": 50});
            let ordered = bench.control(Method::POST, "faults", order).await?;
            if (route, fault) == ("socket", "truncate") {
                assert_eq!(ordered.status, StatusCode::BAD_REQUEST);
                continue;
            }
            assert_eq!(ordered.status, StatusCode::OK, "{route} {fault}");
            for _ in 0..2 {
                let began = Instant::now();
                let met = bench.knock(route).await?;
                match (fault, wanted) {
                    ("delay", _) => {
                        assert_eq!(met, well, "{route} {fault}");
                        assert!(began.elapsed() >= DELAY, "{route} {fault}");
                    }
                    // It is lost only once it is open.
                    ("drop_after", _) if route == "socket" => assert_eq!(met, well),
                    (_, None) => assert_eq!(met, None, "{route} {fault}"),
                    (_, Some(status)) => {
                        let (found, text) = met.ok_or("no answer")?;
                        assert_eq!(found, status, "{route} {fault}");
                        assert_eq!(text.contains("<html>"), fault == "html", "{route} {text}");
                    }
                }
            }
            let cleared = bench.control(Method::DELETE, "faults", json!(null)).await?;
            assert_eq!(cleared.json(), json!({"cleared": 1}));
            assert_eq!(bench.knock(route).await?, well, "{route} after {fault}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_page_in_place_of_json_may_come_with_a_good_status() -> Checked {
    let bench = Bench::start().await?;
    let order = json!({"route": "discovery", "fault": "html", "status": 200, "times": 1});
    bench.order("faults", order).await?;
    let (status, text) = bench.knock("discovery").await?.ok_or("no answer")?;
    assert_eq!(status, 200);
    assert!(text.starts_with("<html>"), "{text}");
    Ok(())
}

impl Bench {
    /// Status and text of the route's answer to a plain request; `None` if
    /// none comes, or not all of it.
    async fn knock(&self, route: &str) -> Checked<Option<(u16, String)>> {
        let reply = match route {
            "graphql" => {
                let query = json!({"query": "{ __typename }"});
                let secret = ("x-hasura-admin-secret", self.at.admin_secret.as_str());
                let request = self.http.post(&self.at.endpoint).json(&query);
                match request.header(secret.0, secret.1).send().await {
                    Ok(reply) => Some((reply.status().as_u16(), reply.text().await.ok())),
                    Err(_) => None,
                }
            }
            "token" => met(self.refresh("nosuch").await),
            "device" => met(self.ask_for(&[("audience", "nosuch")]).await),
            "discovery" => met(self
                .get(&self.url("/.well-known/openid-configuration"))
                .await),
            "jwks" => met(self.get(&self.url("/.well-known/jwks.json")).await),
            "revoke" => met(self.revoke("nosuch").await),
            _ => return self.handshake().await,
        };
        Ok(reply.and_then(|(status, text)| Some((status, text?))))
    }

    async fn handshake(&self) -> Checked<Option<(u16, String)>> {
        Ok(match self.socket("graphql-transport-ws").await {
            Ok(_) => Some((101, String::new())),
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Some((response.status().as_u16(), String::from_utf8(body)?))
            }
            Err(_) => None,
        })
    }
}

fn met(reply: Checked<Reply>) -> Option<(u16, Option<String>)> {
    reply
        .ok()
        .map(|reply| (reply.status.as_u16(), Some(reply.text)))
}
