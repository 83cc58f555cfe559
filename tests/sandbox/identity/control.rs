//! Tokens made to order, wrong settings, log and frame.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tudone::sandbox::DEVELOPMENT_ONLY;

use super::bench::*;

async fn token(bench: &Bench, order: Value) -> Checked<String> {
    let made = bench.order("token", order).await?;
    Ok(made["token"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_to_order_is_good_but_for_what_was_spoilt() -> Checked {
    let bench = Bench::start().await?;
    let jwks = bench
        .get(&bench.url("/.well-known/jwks.json"))
        .await?
        .json();
    let good = token(&bench, json!({"sub": "auth0|aaa"})).await?;
    assert!(is_signed_by(&jwks, &good)?);
    let (_, claims) = opened(&good)?;
    assert_eq!(claims["sub"], "auth0|aaa");
    assert_eq!(claims["iss"], json!(bench.at.issuer));

    let namespace = "https://hasura.io/jwt/claims";
    let order = json!({
        "sub": "auth0|aaa",
        "claims": {"exp": 1, "iat": null, namespace: {"x-hasura-user-id": 7}},
        "header": {"typ": "odd"},
    });
    let (header, spoilt) = opened(&token(&bench, order).await?)?;
    assert_eq!(header["typ"], "odd");
    assert_eq!((&spoilt["exp"], spoilt.get("iat")), (&json!(1), None));
    assert_eq!(spoilt[namespace]["x-hasura-user-id"], 7);
    assert_eq!(spoilt[namespace]["x-hasura-default-role"], "user");
    Ok(())
}

#[tokio::test]
async fn a_token_can_be_signed_by_another_key_or_not_at_all() -> Checked {
    let bench = Bench::start().await?;
    let jwks = bench
        .get(&bench.url("/.well-known/jwks.json"))
        .await?
        .json();
    let forged = token(&bench, json!({"sub": "a", "key": "other"})).await?;
    assert!(!is_signed_by(&jwks, &forged)?);
    assert_eq!(opened(&forged)?.0["kid"], jwks["keys"][0]["kid"]);

    let bare = token(&bench, json!({"sub": "a", "key": "none"})).await?;
    assert!(bare.ends_with('.'), "{bare}");
    assert_eq!(opened(&bare)?.0["alg"], "none");
    Ok(())
}

#[tokio::test]
async fn each_wrong_claim_shape_reaches_the_access_token() -> Checked {
    let bench = Bench::start().await?;
    let refreshing = |shape: &'static str| {
        let bench = &bench;
        async move {
            bench.configure(json!({"claims": shape})).await?;
            let tokens = bench.log_in().await?;
            let id = hasura_claims(&tokens.field("id_token"))?;
            Checked::Ok((hasura_claims(&tokens.field("access_token"))?, id))
        }
    };
    assert_eq!(refreshing("missing").await?.0, Value::Null);
    let (access, id) = refreshing("on_id_token").await?;
    assert_eq!(access, Value::Null);
    assert_eq!(id["x-hasura-user-id"], "1");
    assert_eq!(refreshing("number_id").await?.0["x-hasura-user-id"], 1);
    assert!(refreshing("as_string").await?.0.is_string());
    let roles = &refreshing("roles_as_string").await?.0["x-hasura-allowed-roles"];
    assert_eq!(roles, "user");
    let none = refreshing("no_roles").await?.0;
    assert_eq!(none.get("x-hasura-allowed-roles"), None);
    assert_eq!(refreshing("no_id").await?.0.get("x-hasura-user-id"), None);
    let sub = refreshing("sub_as_id").await?.0;
    assert!(
        sub["x-hasura-user-id"].to_string().contains("auth0|"),
        "{sub}"
    );
    assert_eq!(refreshing("good").await?.0["x-hasura-user-id"], "1");
    Ok(())
}

#[tokio::test]
async fn an_issuer_without_its_slash_shows_in_discovery_and_tokens() -> Checked {
    let bench = Bench::start().await?;
    bench.configure(json!({"issuer_slash": false})).await?;
    let bare = bench.at.issuer.trim_end_matches('/');
    let found = bench
        .get(&bench.url("/.well-known/openid-configuration"))
        .await?;
    assert_eq!(found.field("issuer"), bare);
    let (_, claims) = opened(&bench.log_in().await?.field("access_token"))?;
    assert_eq!(claims["iss"], json!(bare));
    Ok(())
}

#[tokio::test]
async fn settings_are_merged_shown_and_undone() -> Checked {
    let bench = Bench::start().await?;
    let before = bench
        .control(Method::GET, "config", json!(null))
        .await?
        .json();
    let after = bench
        .configure(json!({"access_ttl_s": 5, "introspection": false, "wrong_secret": true}))
        .await?;
    assert_eq!(
        (&after["access_ttl_s"], &after["introspection"]),
        (&json!(5), &json!(false))
    );
    assert_eq!(after["interval_s"], before["interval_s"]);
    assert!(!bench.sandbox.backend().policy().introspection);
    assert_eq!(bench.log_in().await?.json()["expires_in"], 5);

    let back = bench
        .control(Method::DELETE, "config", json!(null))
        .await?
        .json();
    assert_eq!(back, before);
    assert!(bench.sandbox.backend().policy().introspection);
    Ok(())
}

#[tokio::test]
async fn an_unknown_setting_changes_nothing_and_names_the_known_ones() -> Checked {
    let bench = Bench::start().await?;
    let before = bench
        .control(Method::GET, "config", json!(null))
        .await?
        .json();
    for (patch, hint) in [
        (json!({"leeway_s": 9, "issuer_slsh": false}), "issuer_slash"),
        (json!({"leeway_s": 9, "claims": "odd"}), "number_id"),
        (json!({"leeway_s": -1}), "-1"),
        (json!({"hasura_clock_s": i64::MAX}), "9223372036854775807"),
        (json!([]), "map"),
    ] {
        let refused = bench.control(Method::POST, "config", patch.clone()).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{patch}");
        assert!(refused.field("error").contains(hint), "{refused:?}");
    }
    let after = bench
        .control(Method::GET, "config", json!(null))
        .await?
        .json();
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn each_half_uses_its_own_clock() -> Checked {
    let bench = Bench::start().await?;
    let day = 86_400;
    bench
        .configure(json!({"clock_s": day, "hasura_clock_s": -day}))
        .await?;
    let identity = bench.get(&bench.url("/.well-known/jwks.json")).await?;
    let hasura = bench.get(&bench.url("/healthz")).await?;
    let at = |reply: &Reply| -> Checked<i64> {
        let date = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S GMT", reply.header("date"))?;
        Ok(date
            .to_datetime()?
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)?
            .timestamp()
            .as_second())
    };
    let apart = at(&identity)? - at(&hasura)?;
    assert!((2 * day - 5..=2 * day + 5).contains(&apart), "{apart}");
    let (_, claims) = opened(&bench.log_in().await?.field("access_token"))?;
    let now = jiff::Timestamp::now().as_second();
    assert!(
        claims["iat"]
            .as_i64()
            .is_some_and(|iat| iat > now + day - 60)
    );
    Ok(())
}

#[tokio::test]
async fn the_log_has_route_status_and_sizes_and_no_secret() -> Checked {
    let bench = Bench::start().await?;
    let tokens = bench.log_in().await?;
    let refresh_token = tokens.field("refresh_token");
    bench.revoke(&refresh_token).await?;
    let log = bench.control(Method::GET, "log", json!(null)).await?;
    let entries = log.json();
    let logged: Vec<(&str, u64)> = entries
        .as_array()
        .map(|all| {
            all.iter()
                .map(|e| {
                    (
                        e["route"].as_str().unwrap_or(""),
                        e["status"].as_u64().unwrap_or(0),
                    )
                })
                .collect()
        })
        .unwrap_or_default();
    assert_eq!(logged, [("device", 200), ("token", 200), ("revoke", 200)]);
    assert_eq!(entries[1]["response_bytes"], json!(tokens.text.len()));
    assert!(entries[0]["request_bytes"].as_u64().is_some_and(|n| n > 0));
    entries[0]["at"]
        .as_str()
        .unwrap_or("")
        .parse::<jiff::Timestamp>()?;
    assert!(!log.text.contains(&refresh_token) && !log.text.contains("eyJ"));

    let cleared = bench.control(Method::DELETE, "log", json!(null)).await?;
    assert_eq!(cleared.json(), json!({"cleared": 3}));
    let empty = bench.control(Method::GET, "log", json!(null)).await?;
    assert_eq!(empty.json(), json!([]));
    Ok(())
}

#[tokio::test]
async fn rows_can_be_seen_and_reset_but_not_with_nonsense() -> Checked {
    let bench = Bench::start().await?;
    let rows = bench
        .control(Method::GET, "todos?sub=auth0%7Caaa", json!(null))
        .await?;
    assert_eq!((rows.status, rows.json()), (StatusCode::OK, json!([])));
    bench
        .order("reset", json!({"fixture": {"users": [], "todos": []}}))
        .await?;
    let user = json!({"id": 1, "auth0_id": "auth0|aaa"});
    let todo = json!({"id": 5, "user_id": 1, "text": "kept"});
    bench
        .order(
            "reset",
            json!({"fixture": {"users": [user], "todos": [todo]}}),
        )
        .await?;
    let rows = bench
        .control(Method::GET, "todos", json!(null))
        .await?
        .json();
    for (wrong, hint) in [
        (json!({"fixtures": {}}), "fixtures"),
        (json!({"fixture": 7}), "7"),
        (json!({"fixture": {"user": []}}), "user"),
        (json!({"fixture": {"todos": [{"client_id": "no"}]}}), "UUID"),
        (
            json!({"fixture": {"todos": [{"id": 1, "done": true}]}}),
            "done",
        ),
        (
            json!({"fixture": {"todos": [todo], "then_deleted": [6]}}),
            "6",
        ),
        (
            json!({"fixture": {"todos": [todo], "then_deleted": [5, 5]}}),
            "5",
        ),
        (json!({"fixture": {"todos": [todo, todo]}}), "todos.id"),
        (
            json!({"fixture": {"todos": [{"id": 1_u64 << 40}]}}),
            "1099511627776",
        ),
        (
            json!({"fixture": {"next_ids": {"todos": i64::MIN}}}),
            "-9223372036854775808",
        ),
    ] {
        let refused = bench.control(Method::POST, "reset", wrong.clone()).await?;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(refused.field("error").contains(hint), "{refused:?}");
    }
    let after = bench
        .control(Method::GET, "todos", json!(null))
        .await?
        .json();
    assert_eq!(after, rows, "nothing is half done");
    Ok(())
}

#[tokio::test]
async fn health_version_and_unknown_paths_answer_as_hasura_does() -> Checked {
    let bench = Bench::start().await?;
    let health = bench.get(&bench.url("/healthz")).await?;
    assert_eq!(
        (health.status, health.text.as_str()),
        (StatusCode::OK, "OK")
    );
    let version = bench.get(&bench.url("/v1/version")).await?;
    assert!(version.field("version").starts_with("v2."), "{version:?}");
    let nowhere = bench.get(&bench.url("/v1/nowhere")).await?;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
    assert_eq!(
        nowhere.json(),
        json!({"path": "$", "error": "resource does not exist", "code": "not-found"})
    );
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let other = bench
            .http
            .request(method, &bench.at.endpoint)
            .send()
            .await?;
        assert_eq!(other.status(), StatusCode::NOT_FOUND);
        let body: Value = other.json().await?;
        assert_eq!(body, nowhere.json());
    }
    let page = bench.get(&bench.at.endpoint).await?;
    assert_eq!(
        page.status,
        StatusCode::NOT_FOUND,
        "no socket was asked for"
    );
    assert!(DEVELOPMENT_ONLY.starts_with("DEVELOPMENT ONLY"));
    Ok(())
}

#[tokio::test]
async fn the_addresses_are_seven_and_their_json_has_those_names() -> Checked {
    let bench = Bench::start().await?;
    let json = serde_json::to_value(&bench.at)?;
    let names: Vec<&String> = json
        .as_object()
        .map(|o| o.keys().collect())
        .unwrap_or_default();
    assert_eq!(
        names,
        [
            "activate",
            "admin_secret",
            "audience",
            "client_id",
            "control",
            "endpoint",
            "issuer"
        ]
    );
    assert!(bench.at.issuer.starts_with("http://127.0.0.1:"), "{json}");
    assert!(bench.at.issuer.ends_with('/'), "{json}");
    assert_ne!(json!(bench.at.admin_secret), json!(""));
    Ok(())
}

#[tokio::test]
async fn long_answers_are_compressed_for_who_takes_gzip_and_refusals_never() -> Checked {
    let bench = Bench::start().await?;
    let token = token(&bench, json!({"sub": "auth0|zip"})).await?;
    let plain = Client::builder().no_gzip().no_proxy().build()?;
    let long = "{ __schema { types { name description } } }";
    let refused = format!("{{ {} }}", "x".repeat(900));
    for (query, accepted, wanted) in [
        (long, "gzip, deflate, br", Some("gzip")),
        (long, "br, gzip;q=0.5", Some("gzip")),
        (long, "gzip;q=0, br", None),
        (long, "deflate", None),
        ("{ users { id } }", "gzip", None),
        (&refused, "gzip", None),
    ] {
        let ask = |client: &Client| {
            let request = client.post(&bench.at.endpoint).bearer_auth(&token);
            request.json(&json!({ "query": query }))
        };
        let answer = ask(&plain).header("accept-encoding", accepted);
        let answer = answer.send().await?;
        let encoding = answer.headers().get("content-encoding");
        let encoding = encoding.map(|name| name.to_str()).transpose()?;
        assert_eq!(encoding, wanted, "{query} {accepted}");
        let sent = answer.bytes().await?;
        let read = ask(&bench.http).send().await?.bytes().await?;
        assert_eq!(sent == read, wanted.is_none(), "{query} {accepted}");
        assert!(serde_json::from_slice::<Value>(&read)?.is_object());
    }
    Ok(())
}
