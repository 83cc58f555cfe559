//! What a user sees on the activation page.

use reqwest::StatusCode;
use serde_json::json;

use super::bench::*;

#[tokio::test]
async fn the_page_shows_the_code_asks_to_compare_and_changes_nothing_by_itself() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    let page = bench.get(&code.field("verification_uri_complete")).await?;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    for part in [
        "<html lang=\"en\">",
        "<title>",
        "Compare this code",
        "<label for=\"email\">",
        "method=\"post\" action=\"/activate\"",
        "name=\"action\" value=\"approve\"",
        "name=\"action\" value=\"deny\"",
        &code.field("user_code"),
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("<script"), "{}", page.text);
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert_eq!(page.header("x-frame-options"), "DENY");

    let url = format!(
        "{}&email=ada%40example.test&action=approve",
        code.field("verification_uri_complete")
    );
    assert_eq!(bench.get(&url).await?.status, StatusCode::OK);
    assert_eq!(
        bench.poll(&code).await?.field("error"),
        "authorization_pending"
    );
    Ok(())
}

#[tokio::test]
async fn without_a_code_the_page_asks_for_one() -> Checked {
    let bench = Bench::start().await?;
    let page = bench.get(&bench.at.activate).await?;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("<label for=\"user_code\">"), "{page:?}");
    Ok(())
}

#[tokio::test]
async fn the_code_may_be_typed_in_lower_case_without_its_hyphen() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    let typed = code.field("user_code").to_lowercase().replace('-', "");
    let page = bench.settle_typed(&typed, "approve").await?;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Device connected"), "{page:?}");
    assert_eq!(bench.poll(&code).await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_code_that_cannot_be_answered_says_why() -> Checked {
    let bench = Bench::start().await?;
    let unknown = bench.settle_typed("BBBB-BBBB", "approve").await?;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.text.contains("Unknown code"), "{unknown:?}");

    let code = bench.ask().await?;
    bench.settle(&code, "deny").await?;
    let again = bench.settle(&code, "approve").await?;
    assert_eq!(again.status, StatusCode::GONE);
    assert!(again.text.contains("answered before"), "{again:?}");

    let code = bench.ask().await?;
    bench.order("expire-codes", json!(null)).await?;
    for page in [
        bench.settle(&code, "approve").await?,
        bench.get(&code.field("verification_uri_complete")).await?,
    ] {
        assert_eq!(page.status, StatusCode::GONE);
        assert!(page.text.contains("has expired"), "{page:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_form_filled_in_wrong_leaves_the_code_open() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    let user_code = code.field("user_code");
    let nobody = [
        ("user_code", user_code.as_str()),
        ("action", "approve"),
        ("email", "<b>"),
    ];
    let page = bench.form("/activate", &nobody).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("aria-invalid=\"true\""), "{page:?}");
    assert!(
        page.text.contains("&lt;b&gt;") && !page.text.contains("<b>"),
        "{page:?}"
    );

    let vague = bench.settle(&code, "perhaps").await?;
    assert_eq!(vague.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bench.settle(&code, "approve").await?.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn another_sites_page_can_neither_approve_nor_use_a_name_of_its_own() -> Checked {
    let bench = Bench::start().await?;
    let code = bench.ask().await?;
    let fields = [
        ("user_code", code.field("user_code")),
        ("email", "ada@example.test".to_owned()),
        ("action", "approve".to_owned()),
    ];
    let post = || bench.http.post(&bench.at.activate).form(&fields);
    let foreign = post().header("origin", "https://evil.test").send().await?;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let rebound = post().header("host", "evil.test").send().await?;
    assert_eq!(rebound.status(), StatusCode::MISDIRECTED_REQUEST);
    let control = bench
        .http
        .post(format!("{}/reset", bench.at.control))
        .header("origin", "null");
    assert_eq!(control.send().await?.status(), StatusCode::FORBIDDEN);

    let own = bench.at.issuer.trim_end_matches('/');
    let own = post().header("origin", own).send().await?;
    assert_eq!(own.status(), StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn the_same_address_is_the_same_user_and_another_is_not() -> Checked {
    let bench = Bench::start().await?;
    let mut seen = Vec::new();
    for email in ["ada@example.test", "ADA@example.test", "bob@example.test"] {
        let code = bench.ask().await?;
        let user_code = code.field("user_code");
        let fields = [
            ("user_code", user_code.as_str()),
            ("email", email),
            ("action", "approve"),
        ];
        bench.form("/activate", &fields).await?;
        let (_, claims) = opened(&bench.poll(&code).await?.field("access_token"))?;
        let id = claims["https://hasura.io/jwt/claims"]["x-hasura-user-id"].clone();
        seen.push((claims["sub"].clone(), id));
    }
    assert_eq!(seen.first(), seen.get(1));
    assert_ne!(seen.first(), seen.get(2));
    Ok(())
}
