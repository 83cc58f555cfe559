//! Refresh tokens over HTTP.

use reqwest::StatusCode;
use serde_json::json;
use tudone::sandbox::SandboxOptions;

use super::bench::*;

fn dead() -> (u16, String) {
    (403, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_refresh_gives_new_tokens_and_spends_the_old_one() -> Checked {
    let bench = Bench::start().await?;
    let first = bench.log_in().await?.field("refresh_token");
    let answer = bench.refresh(&first).await?;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let second = answer.field("refresh_token");
    assert_ne!((first.as_str(), ""), (second.as_str(), second.as_str()));
    assert_eq!(
        hasura_claims(&answer.field("access_token"))?["x-hasura-user-id"],
        "1"
    );
    assert_ne!(answer.field("id_token"), "");

    let reused = bench.refresh(&first).await?;
    assert_eq!(reused.refusal(), dead());
    assert_eq!(
        reused.field("error_description"),
        "Unknown or invalid refresh token."
    );
    assert_eq!(
        bench.refresh(&second).await?.refusal(),
        dead(),
        "the family is revoked"
    );
    Ok(())
}

#[tokio::test]
async fn two_refreshes_at_once_without_leeway_end_the_login() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("refresh_token");
    let (one, other) = tokio::join!(bench.refresh(&token), bench.refresh(&token));
    let (one, other) = (one?, other?);
    let (winner, loser) = if one.status == StatusCode::OK {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(winner.status, StatusCode::OK);
    assert_eq!(loser.refusal(), dead());
    let next = bench.refresh(&winner.field("refresh_token")).await?;
    assert_eq!(next.refusal(), dead());
    Ok(())
}

#[tokio::test]
async fn the_leeway_forgives_the_token_before_and_not_the_one_before_that() -> Checked {
    let bench = Bench::with(SandboxOptions {
        leeway_s: 30,
        ..quick()?
    })
    .await?;
    let first = bench.log_in().await?.field("refresh_token");
    let second = bench.refresh(&first).await?.field("refresh_token");
    let again = bench.refresh(&first).await?;
    assert_eq!(again.status, StatusCode::OK);
    assert_ne!(again.field("refresh_token"), second);

    let third = bench.refresh(&again.field("refresh_token")).await?;
    assert_eq!(third.status, StatusCode::OK);
    assert_eq!(bench.refresh(&first).await?.refusal(), dead());
    let next = bench.refresh(&third.field("refresh_token")).await?;
    assert_eq!(next.refusal(), dead());

    let first = bench.log_in().await?.field("refresh_token");
    bench.refresh(&first).await?;
    bench.configure(json!({"clock_s": 31})).await?;
    assert_eq!(bench.refresh(&first).await?.refusal(), dead(), "too late");
    Ok(())
}

#[tokio::test]
async fn a_login_ends_after_its_absolute_and_its_idle_lifetime() -> Checked {
    let bench = Bench::start().await?;
    let day = 86_400;
    let mut token = bench.log_in().await?.field("refresh_token");
    for days in [14, 28] {
        bench.configure(json!({"clock_s": days * day})).await?;
        let answer = bench.refresh(&token).await?;
        assert_eq!(answer.status, StatusCode::OK, "after {days} days");
        token = answer.field("refresh_token");
    }
    bench.configure(json!({"clock_s": 30 * day + 1})).await?;
    assert_eq!(bench.refresh(&token).await?.refusal(), dead());

    let idle = bench.log_in().await?.field("refresh_token");
    bench.configure(json!({"clock_s": 46 * day})).await?;
    assert_eq!(bench.refresh(&idle).await?.refusal(), dead());
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_needs_the_scope_and_the_apis_consent() -> Checked {
    let bench = Bench::start().await?;
    let audience = bench.at.audience.clone();
    let asked = [("scope", "openid"), ("audience", audience.as_str())];
    let without = bench.log_in_for(&asked).await?;
    assert_eq!(without.json().get("refresh_token"), None);

    bench.configure(json!({"offline_access": false})).await?;
    let off = bench.log_in().await?;
    assert_eq!(off.json().get("refresh_token"), None);
    assert_eq!(off.field("scope"), "openid profile email");
    Ok(())
}

#[tokio::test]
async fn revoking_is_an_empty_200_every_time_and_ends_the_login() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("refresh_token");
    for token in [token.as_str(), token.as_str(), "never handed out"] {
        let answer = bench.revoke(token).await?;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    }
    assert_eq!(bench.refresh(&token).await?.refusal(), dead());
    let nothing = bench
        .form("/oauth/revoke", &[("client_id", &bench.at.client_id)])
        .await?;
    assert_eq!(nothing.refusal(), (400, "invalid_request".to_owned()));
    Ok(())
}

#[tokio::test]
async fn control_ends_every_login_at_once() -> Checked {
    let bench = Bench::start().await?;
    let one = bench.log_in().await?.field("refresh_token");
    let other = bench.log_in().await?.field("refresh_token");
    assert_eq!(
        bench.order("revoke-all", json!(null)).await?,
        json!({"revoked": 2})
    );
    for token in [one, other] {
        assert_eq!(bench.refresh(&token).await?.refusal(), dead());
    }
    Ok(())
}

#[tokio::test]
async fn the_action_runs_at_every_refresh_and_its_failure_spends_nothing() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("refresh_token");
    bench.configure(json!({"action_fails": true})).await?;
    let denied = bench.refresh(&token).await?;
    assert_eq!(denied.refusal(), (403, "access_denied".to_owned()));

    bench.configure(json!({"action_fails": false})).await?;
    bench.order("reset", json!(null)).await?;
    bench.order("token", json!({"sub": "auth0|else"})).await?;
    let access = bench.refresh(&token).await?.field("access_token");
    let (_, claims) = opened(&access)?;
    let sub = claims["sub"].as_str().unwrap_or_default();
    let row = bench.sandbox.backend().upsert_user(sub, None)?;
    assert_ne!(row, 1, "the row was made again, after that of another user");
    assert_eq!(
        hasura_claims(&access)?["x-hasura-user-id"],
        json!(row.to_string())
    );
    Ok(())
}

#[tokio::test]
async fn a_smaller_scope_can_be_asked_for_and_a_bigger_one_not_gained() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("refresh_token");
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.as_str()),
        ("client_id", bench.at.client_id.as_str()),
        ("scope", "email admin"),
    ];
    let answer = bench.form("/oauth/token", &fields).await?;
    assert_eq!(answer.field("scope"), "email");
    assert_eq!(answer.json().get("id_token"), None);
    Ok(())
}

#[tokio::test]
async fn the_refresh_grant_and_rotation_can_be_switched_off() -> Checked {
    let bench = Bench::start().await?;
    let token = bench.log_in().await?.field("refresh_token");
    bench.configure(json!({"rotation": false})).await?;
    for _ in 0..2 {
        let answer = bench.refresh(&token).await?;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json().get("refresh_token"), None);
    }
    bench.configure(json!({"refresh_grant": false})).await?;
    let off = bench.refresh(&token).await?;
    assert_eq!(off.refusal(), (403, "unauthorized_client".to_owned()));
    Ok(())
}
