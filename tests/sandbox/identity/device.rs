//! The device flow in both dialects.

use reqwest::StatusCode;
use serde_json::json;
use tudone::sandbox::{Dialect, SandboxOptions};

use super::bench::*;

async fn rfc() -> Checked<Bench> {
    Bench::with(SandboxOptions {
        dialect: Dialect::Rfc,
        ..quick()?
    })
    .await
}

#[tokio::test]
async fn discovery_names_the_issuer_with_a_slash_and_endpoints_that_answer() -> Checked {
    let bench = Bench::start().await?;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let found = bench.get(&bench.url(path)).await?.json();
        assert_eq!(found["issuer"], json!(bench.at.issuer));
        for (name, path) in [
            ("device_authorization_endpoint", "/oauth/device/code"),
            ("token_endpoint", "/oauth/token"),
            ("revocation_endpoint", "/oauth/revoke"),
            ("userinfo_endpoint", "/userinfo"),
            ("jwks_uri", "/.well-known/jwks.json"),
        ] {
            assert_eq!(found[name], json!(bench.url(path)), "{name}");
            assert_ne!(bench.get(&bench.url(path)).await?.status, 404, "{name}");
        }
        let methods = &found["token_endpoint_auth_methods_supported"];
        assert!(!methods.to_string().contains("none"), "{methods}");
        assert!(found.get("grant_types_supported").is_none());
    }
    Ok(())
}

#[tokio::test]
async fn a_login_goes_from_code_to_tokens_that_the_published_key_signed() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    assert_eq!(code.status, StatusCode::OK);
    assert_eq!(code.json()["expires_in"], 900);
    assert_eq!(code.json()["interval"], 0);
    assert_eq!(code.field("verification_uri"), bench.at.activate);
    let complete = format!(
        "{}?user_code={}",
        bench.at.activate,
        code.field("user_code")
    );
    assert_eq!(code.field("verification_uri_complete"), complete);

    let pending = bench.poll(&code).await?;
    assert_eq!(pending.refusal(), (403, "authorization_pending".to_owned()));
    assert_eq!(
        pending.field("error_description"),
        "User has yet to authorize device code."
    );

    let settled = bench.settle(&code, "approve").await?;
    assert_eq!(settled.status, StatusCode::OK, "{settled:?}");
    let tokens = bench.poll(&code).await?;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    assert_eq!(tokens.json()["token_type"], "Bearer");
    assert_eq!(tokens.json()["expires_in"], 3600);
    assert_eq!(tokens.field("scope"), SCOPE);
    assert_eq!(tokens.header("cache-control"), "no-store");

    let jwks = bench
        .get(&bench.url("/.well-known/jwks.json"))
        .await?
        .json();
    let (header, claims) = opened(&tokens.field("access_token"))?;
    assert_eq!(header["kid"], jwks["keys"][0]["kid"]);
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("RS256"), &json!("JWT"))
    );
    assert!(is_signed_by(&jwks, &tokens.field("access_token"))?);
    assert!(is_signed_by(&jwks, &tokens.field("id_token"))?);
    assert_eq!(claims["iss"], json!(bench.at.issuer));
    assert_eq!(
        claims["aud"],
        json!([bench.at.audience, bench.url("/userinfo")])
    );
    assert_eq!(claims["azp"], json!(bench.at.client_id));
    assert_eq!(claims["scope"], json!(SCOPE));
    let lifetime = claims["exp"].as_i64().zip(claims["iat"].as_i64());
    assert_eq!(lifetime.map(|(exp, iat)| exp - iat), Some(3600));
    assert_eq!(
        claims["https://hasura.io/jwt/claims"],
        json!({
            "x-hasura-default-role": "user",
            "x-hasura-allowed-roles": ["user"],
            "x-hasura-user-id": "1",
        })
    );

    let (_, id) = opened(&tokens.field("id_token"))?;
    assert_eq!(id["aud"], json!(bench.at.client_id));
    assert_eq!(id["sub"], claims["sub"]);
    assert_eq!(id["name"], "Ada Lovelace");
    assert_eq!(id["email"], "ada.lovelace@example.test");
    Ok(())
}

#[tokio::test]
async fn a_device_code_is_good_for_one_exchange() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    bench.settle(&code, "approve").await?;
    assert_eq!(bench.poll(&code).await?.status, StatusCode::OK);
    let again = bench.poll(&code).await?;
    assert_eq!(again.refusal(), (403, "invalid_grant".to_owned()));
    Ok(())
}

#[tokio::test]
async fn two_polls_at_once_get_one_login() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    bench.settle(&code, "approve").await?;
    let (one, other) = tokio::join!(bench.poll(&code), bench.poll(&code));
    let mut statuses = [one?.status.as_u16(), other?.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    Ok(())
}

#[tokio::test]
async fn polling_too_fast_is_answered_429_until_the_interval_has_passed() -> Checked {
    let bench = Bench::with(SandboxOptions {
        interval_s: 5,
        ..quick()?
    })
    .await?;
    let code = bench.ask().await?;
    assert_eq!(
        bench.poll(&code).await?.field("error"),
        "authorization_pending"
    );
    let fast = bench.poll(&code).await?;
    assert_eq!(fast.refusal(), (429, "slow_down".to_owned()));
    assert_eq!(
        fast.field("error_description"),
        "You are polling faster than the specified interval of 5 seconds."
    );
    bench.configure(json!({"clock_s": 6})).await?;
    assert_eq!(
        bench.poll(&code).await?.field("error"),
        "authorization_pending"
    );
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_told_once_and_leaves_a_dead_code() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    let page = bench.settle(&code, "deny").await?;
    assert!(page.text.contains("was not connected"), "{page:?}");
    let denied = bench.poll(&code).await?;
    assert_eq!(denied.refusal(), (403, "access_denied".to_owned()));
    assert_eq!(
        denied.field("error_description"),
        "User cancelled the confirmation prompt."
    );
    let later = bench.poll(&code).await?;
    assert_eq!(later.refusal(), (403, "invalid_grant".to_owned()));
    Ok(())
}

#[tokio::test]
async fn an_expired_code_is_reported_once_by_auth0_and_every_time_by_the_rfc() -> Checked {
    let auth0 = Bench::start().await?;
    let code = auth0.ask().await?;
    auth0.configure(json!({"clock_s": 901})).await?;
    assert_eq!(
        auth0.poll(&code).await?.refusal(),
        (403, "expired_token".to_owned())
    );
    assert_eq!(
        auth0.poll(&code).await?.refusal(),
        (403, "invalid_grant".to_owned())
    );

    let rfc = rfc().await?;
    let code = rfc.ask().await?;
    assert_eq!(
        rfc.order("expire-codes", json!(null)).await?,
        json!({"expired": 1})
    );
    for _ in 0..3 {
        let expired = rfc.poll(&code).await?;
        assert_eq!(expired.refusal(), (400, "expired_token".to_owned()));
    }
    Ok(())
}

#[tokio::test]
async fn a_secret_is_refused_wherever_it_is_sent() -> Checked {
    let bench = Bench::start().await?;
    let with_secret = bench.ask_for(&[("client_secret", "s")]).await?;
    assert_eq!(
        with_secret.refusal(),
        (403, "unauthorized_client".to_owned())
    );
    let basic = bench
        .http
        .post(bench.url("/oauth/token"))
        .basic_auth(&bench.at.client_id, Some("s"))
        .form(&[("grant_type", DEVICE_GRANT)])
        .send()
        .await?;
    assert_eq!(basic.status(), StatusCode::FORBIDDEN);

    let empty = bench.ask_for(&[("client_secret", "")]).await?;
    assert_eq!(empty.status, StatusCode::OK, "as good as left out");
    bench.configure(json!({"dialect": "rfc"})).await?;
    let with_secret = bench.ask_for(&[("client_secret", "s")]).await?;
    assert_eq!(with_secret.refusal(), (401, "invalid_client".to_owned()));
    assert!(with_secret.header("www-authenticate").starts_with("Basic"));
    Ok(())
}

#[tokio::test]
async fn an_unknown_audience_or_a_disabled_grant_is_reported_at_once() -> Checked {
    let bench = Bench::start().await?;
    let unknown = bench
        .ask_for(&[("audience", "https://nobody.test")])
        .await?;
    assert_eq!(unknown.refusal(), (403, "access_denied".to_owned()));
    assert_eq!(
        unknown.field("error_description"),
        "Service not found: https://nobody.test"
    );
    bench.configure(json!({"device_grant": false})).await?;
    let off = bench.ask().await?;
    assert_eq!(off.refusal(), (403, "unauthorized_client".to_owned()));
    assert_eq!(
        off.field("error_description"),
        format!("Grant type '{DEVICE_GRANT}' not allowed for the client.")
    );
    let polled = bench.poll(&off).await?;
    assert_eq!(polled.refusal(), (403, "unauthorized_client".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_request_that_lacks_something_says_what() -> Checked {
    let bench = Bench::start().await?;
    let nobody = bench.form("/oauth/device/code", &[]).await?;
    assert_eq!(nobody.refusal(), (400, "invalid_request".to_owned()));
    assert!(nobody.text.contains("client_id"), "{nobody:?}");
    let stranger = bench
        .form("/oauth/device/code", &[("client_id", "stranger")])
        .await?;
    assert_eq!(stranger.refusal(), (401, "invalid_client".to_owned()));
    let fields = [
        ("client_id", bench.at.client_id.as_str()),
        ("grant_type", "password"),
    ];
    let other = bench.form("/oauth/token", &fields).await?;
    assert_eq!(other.refusal(), (403, "unsupported_grant_type".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_parameter_sent_twice_is_refused_and_hands_nothing_out() -> Checked {
    let bench = Bench::start().await?;
    let twice = bench
        .ask_for(&[("scope", SCOPE), ("scope", "openid")])
        .await?;
    assert_eq!(twice.refusal(), (400, "invalid_request".to_owned()));
    assert!(twice.text.contains("scope"), "{twice:?}");

    let token = bench.log_in().await?.field("refresh_token");
    let fields = [
        ("client_id", bench.at.client_id.as_str()),
        ("token", &token),
        ("token", "other"),
    ];
    let kept = bench.form("/oauth/revoke", &fields).await?;
    assert_eq!(kept.refusal(), (400, "invalid_request".to_owned()));
    assert_eq!(bench.refresh(&token).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn without_an_audience_comes_an_opaque_token_good_for_userinfo_only() -> Checked {
    let bench = Bench::start().await?;
    let tokens = bench.log_in_for(&[("scope", "openid email")]).await?;
    let token = tokens.field("access_token");
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!((parts.len(), parts.get(1)), (5, Some(&"")), "{token}");
    let sealed = format!("{}.e30.x", parts.first().unwrap_or(&""));
    assert_eq!(
        opened(&sealed)?.0,
        json!({"alg": "dir", "enc": "A256GCM", "iss": bench.at.issuer})
    );
    assert_eq!(tokens.json().get("refresh_token"), None);

    let asked = bench.http.get(bench.url("/userinfo")).bearer_auth(&token);
    let profile: serde_json::Value = asked.send().await?.json().await?;
    assert_eq!(profile["email"], "ada.lovelace@example.test");
    assert_eq!(profile.get("name"), None, "profile was not asked for");
    Ok(())
}

#[tokio::test]
async fn a_signed_access_token_works_for_userinfo_until_it_expires() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("access_token");
    let ask = async || {
        let url = bench.url("/userinfo");
        bench.http.get(url).bearer_auth(&token).send().await
    };
    let profile: serde_json::Value = ask().await?.json().await?;
    assert_eq!(profile["name"], "Ada Lovelace");
    bench.configure(json!({"clock_s": 3601})).await?;
    assert_eq!(ask().await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn without_openid_there_is_no_id_token_and_the_audience_is_a_string() -> Checked {
    let bench = Bench::start().await?;
    let tokens = bench
        .log_in_for(&[("audience", &bench.at.audience)])
        .await?;
    assert_eq!(tokens.json().get("id_token"), None);
    let (_, claims) = opened(&tokens.field("access_token"))?;
    assert_eq!(claims["aud"], json!(bench.at.audience));
    Ok(())
}

#[tokio::test]
async fn the_rfc_dialect_says_400_names_no_interval_and_signs_at_jwt() -> Checked {
    let bench = rfc().await?;
    let unknown = bench
        .ask_for(&[("audience", "https://nobody.test")])
        .await?;
    assert_eq!(unknown.refusal(), (400, "invalid_target".to_owned()));

    let code = bench.ask().await?;
    assert_eq!(code.json().get("interval"), None);
    let pending = bench.poll(&code).await?;
    assert_eq!(pending.refusal(), (400, "authorization_pending".to_owned()));
    bench.configure(json!({"interval_s": 60})).await?;
    let slow = bench.ask().await?;
    bench.poll(&slow).await?;
    assert_eq!(
        bench.poll(&slow).await?.refusal(),
        (400, "slow_down".to_owned())
    );

    bench.settle(&code, "approve").await?;
    let tokens = bench.poll(&code).await?;
    let (header, claims) = opened(&tokens.field("access_token"))?;
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(claims["client_id"], json!(bench.at.client_id));
    assert_eq!(claims.get("azp"), None);

    let opaque = bench.log_in_for(&[("scope", "openid")]).await?;
    let token = opaque.field("access_token");
    assert_eq!((token.len(), token.contains('.')), (43, false), "{token}");
    bench.configure(json!({"device_grant": false})).await?;
    assert_eq!(
        bench.ask().await?.refusal(),
        (400, "invalid_request".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn an_action_that_fails_denies_the_activation_and_the_poller() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    bench.configure(json!({"action_fails": true})).await?;
    let page = bench.settle(&code, "approve").await?;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("Activation denied"), "{page:?}");
    assert_eq!(
        bench.poll(&code).await?.refusal(),
        (403, "access_denied".to_owned())
    );
    Ok(())
}

#[tokio::test]
async fn the_rate_limit_answers_429_with_the_instant_it_ends() -> Checked {
    let bench = Bench::start().await?;
    bench
        .configure(json!({"rate_limit": 2, "rate_limit_window_s": 600}))
        .await?;
    let first = bench.ask().await?;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header("x-ratelimit-remaining"), "1");
    bench.poll(&first).await?;
    let limited = bench.poll(&first).await?;
    assert_eq!(limited.refusal(), (429, "too_many_requests".to_owned()));
    assert_eq!(limited.header("x-ratelimit-limit"), "2");
    assert_eq!(limited.header("x-ratelimit-remaining"), "0");
    let reset: i64 = limited.header("x-ratelimit-reset").parse()?;
    let wait: i64 = limited.header("retry-after").parse()?;
    assert_eq!(reset % 600, 0, "an instant, not a wait");
    assert!((1..=600).contains(&wait), "{wait}");

    bench.configure(json!({"clock_s": wait})).await?;
    assert_eq!(
        bench.poll(&first).await?.field("error"),
        "authorization_pending"
    );
    Ok(())
}
