//! The Hasura client as an implementation of `Remote`.

use secrecy::SecretString;
use serde_json::json;
use tudone::auth::access::AccessToken;
use tudone::auth::session::AuthSession;
use tudone::domain::feed::{Capabilities, FeedRow};
use tudone::sync::remote::{
    BareRow, Batch, KeyedEdit, PageRequest, PushAnswer, Remote, RemoteError,
};

use crate::bench::{ADA, Bench, Checked, key_of};

const EVERYTHING: Capabilities = Capabilities {
    full: true,
    insert: true,
    update: true,
    delete: true,
    single_operations: false,
};

fn is_row(answer: Option<&PushAnswer>) -> bool {
    matches!(answer, Some(PushAnswer::Row { .. }))
}

fn after(since: i64, limit: usize) -> PageRequest {
    PageRequest {
        since,
        limit,
        single_operations: false,
    }
}

fn adds(texts: &[&str]) -> Batch {
    let add = |(n, text): (u128, &&str)| (key_of(n), (*text).to_owned());
    Batch::Add((1..).zip(texts).map(add).collect())
}

#[tokio::test]
async fn permissions_are_read_from_the_schema_of_the_role() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    assert_eq!(hasura.capabilities().await?, EVERYTHING);
    bench
        .configure(json!({"update": false, "delete": false}))
        .await?;
    let some = Capabilities {
        update: false,
        delete: false,
        ..EVERYTHING
    };
    assert_eq!(hasura.capabilities().await?, some);
    let bare = Bench::bare().await?;
    let hasura = bare.hasura(ADA).await?;
    let everything_bare = Capabilities {
        full: false,
        ..EVERYTHING
    };
    assert_eq!(hasura.capabilities().await?, everything_bare);
    bare.configure(json!({"insert": false, "update": false, "delete": false}))
        .await?;
    let nothing = Capabilities {
        full: false,
        insert: false,
        update: false,
        delete: false,
        single_operations: false,
    };
    assert_eq!(hasura.capabilities().await?, nothing);
    Ok(())
}

#[tokio::test]
async fn with_a_hidden_schema_permissions_are_probed_without_changes() -> Checked {
    for bare in [false, true] {
        let bench = if bare {
            Bench::bare().await?
        } else {
            Bench::full().await?
        };
        bench
            .load(json!([{"id": 1, "text": "a"}, {"id": 2, "text": null}]))
            .await?;
        let hasura = bench.hasura(ADA).await?;
        let before = bench.sandbox.backend().todos(None)?;
        bench.configure(json!({"introspection": false})).await?;
        let all = Capabilities {
            full: !bare,
            ..EVERYTHING
        };
        assert_eq!(hasura.capabilities().await?, all, "bare: {bare}");
        bench.configure(json!({"insert": false})).await?;
        assert_eq!(
            hasura.capabilities().await?,
            Capabilities {
                insert: false,
                ..all
            }
        );
        bench
            .configure(json!({"insert": true, "update": false, "delete": false}))
            .await?;
        assert_eq!(
            hasura.capabilities().await?,
            Capabilities {
                update: false,
                delete: false,
                ..all
            }
        );
        assert_eq!(bench.sandbox.backend().todos(None)?, before);
    }
    Ok(())
}

#[tokio::test]
async fn writes_are_answered_and_their_repetition_changes_nothing() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    let batch = adds(&["a", "b \u{1b}[31m\nç 👩‍👩‍👧"]);
    let first = hasura.push(&batch).await?;
    assert!(is_row(first.first()) && is_row(first.get(1)), "{first:?}");
    let again = hasura.push(&batch).await?;
    assert_eq!(again, [PushAnswer::NoRow, PushAnswer::NoRow]);

    let Some(PushAnswer::Row { revision, .. }) = first.first().copied() else {
        return Err("no row".into());
    };
    let edit = |revision| {
        Batch::Edit(vec![KeyedEdit {
            key: key_of(1),
            revision,
            before: "a".to_owned(),
            after: "x a".to_owned(),
        }])
    };
    assert!(is_row(hasura.push(&edit(revision)).await?.first()));
    assert_eq!(hasura.push(&edit(revision)).await?, [PushAnswer::NoRow]);

    let remove = Batch::Remove(vec![key_of(1), key_of(9)]);
    let removed = hasura.push(&remove).await?;
    assert!(is_row(removed.first()) && removed.get(1) == Some(&PushAnswer::NoRow));
    assert_eq!(
        hasura.push(&batch).await?,
        [PushAnswer::NoRow, PushAnswer::NoRow]
    );

    let both = Batch::AddAndRemove(key_of(3), "never".to_owned());
    assert!(is_row(hasura.push(&both).await?.first()));
    assert_eq!(hasura.push(&both).await?, [PushAnswer::NoRow]);
    assert_eq!(bench.texts(ADA)?, ["b \u{1b}[31m\nç 👩‍👩‍👧"]);
    Ok(())
}

#[tokio::test]
async fn the_feed_contains_rows_and_deletions_page_by_page() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    hasura.push(&adds(&["a", "b", "c"])).await?;
    hasura.push(&Batch::Remove(vec![key_of(1)])).await?;
    let mut cursor = 0;
    let mut told = Vec::new();
    let revision = loop {
        let page = hasura.page(after(cursor, 2)).await?;
        let (page, mark) = (page.changes, page.mark);
        let Some(last) = page.last() else {
            break mark.revision;
        };
        cursor = match last {
            FeedRow::Present(row) => row.revision,
            FeedRow::Removed { revision, .. } => *revision,
        };
        assert!(page.len() <= 2);
        told.extend(page);
    };
    let told: Vec<_> = told
        .iter()
        .map(|row| match row {
            FeedRow::Present(row) => (row.key, Some(row.text.as_str())),
            FeedRow::Removed { key, .. } => (*key, None),
        })
        .collect();
    assert_eq!(
        told,
        [
            (key_of(2), Some("b")),
            (key_of(3), Some("c")),
            (key_of(1), None)
        ]
    );
    assert_eq!(revision, cursor);
    Ok(())
}

#[tokio::test]
async fn a_bare_backend_is_read_and_written_by_id_and_text() -> Checked {
    let bench = Bench::bare().await?;
    bench
        .load(json!([
            {"id": 1, "text": "a"}, {"id": 2, "text": null}, {"id": 3, "text": null},
        ]))
        .await?;
    let hasura = bench.hasura(ADA).await?;
    let rows = hasura.rows(1, 10).await?;
    let blank = |id| BareRow {
        id,
        text: String::new(),
    };
    assert_eq!(rows, [blank(2), blank(3)]);

    let edit = |id, before: &str| Batch::BareEdit {
        id,
        before: before.to_owned(),
        after: "new".to_owned(),
    };
    let remove = |id, before: &str| Batch::BareRemove {
        id,
        before: before.to_owned(),
    };
    assert!(is_row(hasura.push(&edit(2, "")).await?.first()));
    assert!(is_row(hasura.push(&remove(3, "")).await?.first()));
    assert_eq!(hasura.push(&edit(1, "other")).await?, [PushAnswer::NoRow]);
    assert_eq!(hasura.push(&remove(1, "")).await?, [PushAnswer::NoRow]);
    let added = hasura.push(&Batch::BareAdd(vec!["b".to_owned()])).await?;
    assert!(is_row(added.first()));
    assert_eq!(bench.texts(ADA)?, ["a", "new", "b"]);
    Ok(())
}

#[tokio::test]
async fn every_fault_shows_whether_the_request_may_have_arrived() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    for (n, (order, arrived)) in [
        (json!({"fault": "drop_before"}), true),
        (json!({"fault": "drop_after"}), true),
        (json!({"fault": "truncate"}), true),
        (json!({"fault": "html", "status": 200}), true),
        (json!({"fault": "status", "status": 503}), true),
        (
            json!({"fault": "status", "status": 429, "retry_after": 7}),
            false,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut order = order;
        order["route"] = json!("graphql");
        order["times"] = json!(1);
        bench.faults(order.clone()).await?;
        let batch = adds(&[&format!("todo {n}")]);
        let error = hasura.push(&batch).await.err().ok_or("no error")?;
        assert_eq!(error.may_have_arrived(), arrived, "{order}: {error:?}");
        assert!(error.retryable(), "{order}: {error:?}");
        if order["status"] == 429 {
            assert_eq!(error.retry_after().map(|t| t.as_secs()), Some(7));
        }
    }
    Ok(())
}

#[tokio::test]
async fn without_a_server_nothing_can_have_arrived() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    bench.sandbox.stop().await;
    let error = hasura.push(&adds(&["a"])).await.err().ok_or("no error")?;
    assert!(
        matches!(&error, RemoteError::Unreachable { host, .. } if host.starts_with("127.0.0.1:")),
        "{error:?}"
    );
    assert!(!error.may_have_arrived());
    Ok(())
}

#[tokio::test]
async fn a_rejected_token_is_reported_with_hasuras_code() -> Checked {
    let bench = Bench::full().await?;
    let claims = json!({"https://hasura.io/jwt/claims": {"x-hasura-user-id": 7}});
    for (order, code) in [
        (json!({"key": "other"}), "invalid-jwt"),
        (json!({"key": "none"}), "invalid-jwt"),
        (json!({"claims": {"exp": 1}}), "invalid-jwt"),
        (
            json!({"claims": {"https://hasura.io/jwt/claims": null}}),
            "jwt-invalid-claims",
        ),
        (json!({"claims": claims}), "jwt-invalid-claims"),
    ] {
        let secret = bench.token(ADA, order.clone()).await?;
        let hasura = bench.hasura(ADA).await?;
        let token = AccessToken {
            secret,
            expires_at: None,
            renew_at: None,
        };
        let error = hasura.verify(&token).await.err().ok_or("accepted")?;
        assert!(
            matches!(&error, RemoteError::Unauthorized { code: c, .. } if c == code),
            "{order}: {error:?}"
        );
        assert!(
            !format!("{hasura:?} {error:?}").contains("eyJ"),
            "no token is printed"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_good_token_is_verified_on_either_backend() -> Checked {
    for bench in [Bench::full().await?, Bench::bare().await?] {
        let secret = bench.token(ADA, json!({})).await?;
        let token = AccessToken {
            secret,
            expires_at: None,
            renew_at: None,
        };
        bench.hasura(ADA).await?.verify(&token).await?;
        bench.configure(json!({"select": false})).await?;
        let refused = bench.hasura(ADA).await?.verify(&token).await;
        assert!(
            matches!(&refused, Err(RemoteError::Rejected { code, .. }) if code == "validation-failed"),
            "{refused:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_no_valid_header_is_never_sent() -> Checked {
    let bench = Bench::full().await?;
    let token: SecretString = "two\nlines".to_owned().into();
    let hasura = bench.hasura_with(AuthSession::fixed(token))?;
    let error = hasura.page(after(0, 1)).await.err().ok_or("sent")?;
    assert!(matches!(error, RemoteError::NoToken { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_too_large_can_be_requested_again_in_parts() -> Checked {
    let bench = Bench::full().await?;
    let hasura = bench.hasura(ADA).await?;
    let large = "a".repeat(5 << 20);
    for n in 1..=2 {
        let batch = Batch::Add(vec![(key_of(n), large.clone())]);
        hasura.push(&batch).await?;
    }
    let error = hasura.page(after(0, 10)).await.err().ok_or("read whole")?;
    assert!(matches!(error, RemoteError::TooLarge { .. }), "{error:?}");
    assert_eq!(hasura.page(after(0, 1)).await?.changes.len(), 1);
    Ok(())
}
