//! The device flow.

use std::error::Error;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tudone::auth::device::{DeviceFlow, Grant, PollEvent, Prompt};
use tudone::auth::discovery::DiscoveryError;
use tudone::auth::error::{AuthError, AuthErrorKind};
use tudone::auth::time_scale::TimeScale;
use tudone::auth::transport_error::TransportError;

use crate::issuer::{
    DEVICE, DIALECTS, DISCOVERY, Dialect, Issuer, REVOKE, Reply, TOKEN, Tested, document, jwt,
};

/// A second takes a millisecond.
const FAST: TimeScale = TimeScale::faster(1000);
const SUB: &str = "auth0|eve";

async fn start(issuer: &Issuer) -> Result<(Prompt, SecretString), Box<dyn Error>> {
    Ok(start_or_not(issuer).await??)
}

async fn start_or_not(
    issuer: &Issuer,
) -> Result<Result<(Prompt, SecretString), AuthError>, Box<dyn Error>> {
    let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await?;
    Ok(flow.start().await)
}

/// Starts, then polls through `replies`; returns the result and the events.
async fn login(
    issuer: &Issuer,
    replies: impl IntoIterator<Item = Reply>,
) -> Result<(Result<Grant, AuthError>, Vec<PollEvent>), Box<dyn Error>> {
    issuer.script(DEVICE, [issuer.code()]);
    issuer.script(TOKEN, replies);
    let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await?;
    let (prompt, device) = flow.start().await?;
    let mut events = Vec::new();
    let grant = flow
        .wait(&prompt, &device, None, |progress| events.push(progress))
        .await;
    Ok((grant, events))
}

fn seconds(progress: &PollEvent) -> u64 {
    match progress {
        PollEvent::Pending { next_poll_in }
        | PollEvent::SlowDown { next_poll_in }
        | PollEvent::Failed { next_poll_in, .. } => next_poll_in.as_secs(),
    }
}

fn trouble(progress: &PollEvent) -> &str {
    match progress {
        PollEvent::Failed { message, .. } => message,
        PollEvent::Pending { .. } | PollEvent::SlowDown { .. } => "",
    }
}

#[tokio::test]
async fn the_start_names_application_audience_and_scopes_and_no_secret() -> Tested {
    let issuer = Issuer::start()?;
    issuer.script(DEVICE, [issuer.code()]);

    let (prompt, device) = start(&issuer).await?;

    assert_eq!(prompt.user_code, "BCDF-GHJK");
    assert_eq!((prompt.expires_in, prompt.interval), (900, 5));
    assert_eq!(device.expose_secret(), "secret-device-code");
    assert!(prompt.openable(&issuer.url()).is_some());
    let asked = issuer.asked(DEVICE);
    let asked = asked.first().ok_or("never asked")?;
    assert_eq!(asked.field("client_id"), "client");
    assert_eq!(asked.field("audience"), "https://todos.example");
    assert_eq!(asked.field("scope"), "openid profile email offline_access");
    assert_eq!(asked.form.len(), 3, "{asked:?}");
    assert!(!asked.headers.contains("authorization"), "{asked:?}");
    Ok(())
}

#[tokio::test]
async fn an_approved_login_gives_tokens_and_says_who_it_is() -> Tested {
    for dialect in DIALECTS {
        let issuer = Issuer::start()?;
        let replies = [dialect.pending(), dialect.pending(), issuer.granted(SUB, 1)];

        let (grant, events) = login(&issuer, replies).await?;

        let grant = grant?;
        assert_eq!(grant.identity.sub, SUB);
        assert_eq!(grant.identity.email.as_deref(), Some("eve@example.com"));
        assert!(grant.access.expires_at.is_some());
        let refresh = grant.refresh.as_ref().map(ExposeSecret::expose_secret);
        assert_eq!(refresh, Some("refresh-1"));
        let next_poll_in = Duration::from_secs(5);
        assert_eq!(events, vec![PollEvent::Pending { next_poll_in }; 2]);
        let asked = issuer.asked(TOKEN);
        assert!(asked.iter().all(|asked| {
            asked.field("grant_type") == "urn:ietf:params:oauth:grant-type:device_code"
                && asked.field("device_code") == "secret-device-code"
                && asked.field("client_id") == "client"
        }));
    }
    Ok(())
}

#[tokio::test]
async fn slow_down_adds_five_seconds_for_good() -> Tested {
    for dialect in DIALECTS {
        let issuer = Issuer::start()?;
        let slow_down = || {
            dialect.error(
                "slow_down",
                "You are polling faster than the specified interval of 5 seconds.",
            )
        };
        let replies = [
            dialect.pending(),
            slow_down(),
            dialect.pending(),
            slow_down(),
            dialect.pending(),
            issuer.granted(SUB, 1),
        ];

        let (grant, events) = login(&issuer, replies).await?;

        grant?;
        let waits: Vec<u64> = events.iter().map(seconds).collect();
        assert_eq!(waits, [5, 10, 10, 15, 15], "{dialect:?}");
        assert!(matches!(events.get(1), Some(PollEvent::SlowDown { .. })));
    }
    Ok(())
}

#[tokio::test]
async fn errors_sent_with_status_200_are_errors() -> Tested {
    let issuer = Issuer::start()?;
    let error = |code: &str| Reply::json(200, &json!({"error": code}));
    let replies = [
        error("authorization_pending"),
        error("slow_down"),
        error("access_denied"),
    ];

    let (grant, events) = login(&issuer, replies).await?;

    assert!(matches!(grant, Err(AuthError::Denied { .. })), "{grant:?}");
    assert_eq!(events.len(), 2);
    Ok(())
}

#[tokio::test]
async fn every_refusal_ends_the_login_at_once_with_words_of_its_own() -> Tested {
    let refusals = [
        (
            "access_denied",
            "User cancelled the confirmation prompt.",
            "denied",
        ),
        ("expired_token", "", "code-expired"),
        (
            "invalid_grant",
            "Invalid or expired device code.",
            "code-expired",
        ),
        (
            "unauthorized_client",
            "Grant type not allowed",
            "grant-not-allowed",
        ),
        ("unsupported_grant_type", "", "grant-not-allowed"),
        ("invalid_client", "", "client-unknown"),
        (
            "access_denied",
            "Service not found: https://todos.example",
            "audience-unknown",
        ),
        ("invalid_request", "", "issuer-refused"),
        ("something_new", "", "issuer-refused"),
    ];
    for dialect in DIALECTS {
        for (code, description, expected) in refusals {
            let issuer = Issuer::start()?;
            let replies = [dialect.pending(), dialect.error(code, description)];

            let (grant, events) = login(&issuer, replies).await?;

            let error = grant.err().ok_or("it was granted")?;
            assert_eq!(error.code(), expected, "{dialect:?} {code}");
            assert_eq!(events.len(), 1, "{dialect:?} {code}");
            assert!(error.help().ends_with('.'), "{}", error.help());
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_invalid_answer_is_retried_until_the_limit() -> Tested {
    for dialect in DIALECTS {
        let issuer = Issuer::start()?;
        let rate_limit = json!({"error": "too_many_requests", "error_description": "Global limit"});
        let replies = [
            Reply::page(502),
            Reply::page(200),
            Reply::page(429),
            Reply::json(429, &rate_limit),
            Reply::json(500, &json!({"error": "server_error"})),
            Reply::json(400, &json!({"error": "temporarily_unavailable"})),
            Reply::Cut,
            Reply::Truncated,
            Reply::Send(200, vec![], vec![]),
            Reply::Send(200, vec![], vec![b'x'; 300 * 1024]),
            Reply::Send(
                302,
                vec![("location", "https://evil.example/".to_owned())],
                vec![],
            ),
            dialect.pending(),
            issuer.granted(SUB, 1),
        ];

        let (grant, events) = login(&issuer, replies).await?;

        grant?;
        let (last, troubles) = events.split_last().ok_or("no event")?;
        assert_eq!(seconds(last), 5, "an answer ends the backing off");
        assert!(
            troubles.iter().all(|event| !trouble(event).is_empty()),
            "{events:?}"
        );
        let waits: Vec<u64> = troubles.iter().map(seconds).collect();
        assert_eq!(waits.get(..4), Some(&[10, 20, 30, 30][..]));
        assert_eq!(issuer.unused(TOKEN), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_to_an_approved_code_is_not_called_an_expired_code() -> Tested {
    for dialect in DIALECTS {
        let used = || dialect.error("invalid_grant", "Invalid or expired device code.");
        let code = async |replies: Vec<Reply>| -> Result<_, Box<dyn Error>> {
            let issuer = Issuer::start()?;
            let (grant, _) = login(&issuer, replies).await?;
            Ok(grant.err().ok_or("it was granted")?.code())
        };
        assert_eq!(code(vec![Reply::Cut, used()]).await?, "approval-lost");
        let since_answered = vec![Reply::Cut, dialect.pending(), used()];
        assert_eq!(code(since_answered).await?, "code-expired");
    }
    Ok(())
}

#[tokio::test]
async fn the_wait_an_issuer_asks_for_is_kept() -> Tested {
    let issuer = Issuer::start()?;
    let limited = Reply::Send(429, vec![("retry-after", "77".to_owned())], vec![]);

    let (grant, events) = login(&issuer, [limited, issuer.granted(SUB, 1)]).await?;

    grant?;
    assert_eq!(events.iter().map(seconds).collect::<Vec<_>>(), [77]);
    Ok(())
}

#[tokio::test]
async fn a_network_that_comes_back_goes_on_with_the_same_code() -> Tested {
    let issuer = Issuer::start()?;
    issuer.script(DEVICE, [issuer.code()]);
    issuer.script(TOKEN, [issuer.granted(SUB, 1)]);
    let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await?;
    let (prompt, device) = flow.start().await?;
    issuer.close();
    let mut events = Vec::new();

    let grant = flow
        .wait(&prompt, &device, None, |progress| {
            events.push(progress);
            if events.len() == 3 {
                issuer.reopen().expect("the address is still ours");
            }
        })
        .await?;

    assert_eq!(grant.identity.sub, SUB);
    assert!(trouble(events.first().ok_or("no event")?).contains("cannot reach"));
    Ok(())
}

#[tokio::test]
async fn a_code_that_is_not_approved_expires_and_no_poll_follows() -> Tested {
    let issuer = Issuer::start()?;
    let pending = std::iter::repeat_with(|| Dialect::Auth0.pending()).take(5000);

    let (grant, events) = login(&issuer, pending).await?;

    assert!(matches!(grant, Err(AuthError::CodeExpired)), "{grant:?}");
    assert!(events.len() > 1, "{}", events.len());
    assert!(events.len() <= 181, "900 s at 5 s a poll: {}", events.len());
    Ok(())
}

#[tokio::test]
async fn a_time_limit_ends_the_wait_before_the_code_does() -> Tested {
    let issuer = Issuer::start()?;
    issuer.script(DEVICE, [issuer.code()]);
    issuer.script(TOKEN, std::iter::repeat_with(|| Reply::page(502)).take(500));
    let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await?;
    let (prompt, device) = flow.start().await?;
    let limit = Duration::from_mins(1);

    let began = Instant::now();
    let grant = flow.wait(&prompt, &device, Some(limit), |_| ()).await;

    assert!(
        matches!(grant, Err(AuthError::TimedOut { after }) if after == limit),
        "{grant:?}"
    );
    assert_eq!(grant.err().map(|e| e.kind()), Some(AuthErrorKind::Login));
    assert!(began.elapsed() < Duration::from_secs(5));
    Ok(())
}

#[tokio::test]
async fn every_refusal_of_the_start_names_its_cause() -> Tested {
    let refusals = [
        (
            "access_denied",
            "Service not found: https://todos.example",
            "audience-unknown",
        ),
        ("invalid_target", "", "audience-unknown"),
        (
            "unauthorized_client",
            "Grant type not allowed for the client.",
            "grant-not-allowed",
        ),
        ("invalid_client", "", "client-unknown"),
        ("invalid_request", "", "issuer-refused"),
        ("access_denied", "by policy", "issuer-refused"),
    ];
    for dialect in DIALECTS {
        for (code, description, expected) in refusals {
            let issuer = Issuer::start()?;
            issuer.script(DEVICE, [dialect.error(code, description)]);
            let error = start_or_not(&issuer).await?.err().ok_or("it started")?;
            assert_eq!(error.code(), expected, "{dialect:?} {code}");
            assert!(!error.retryable());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_start_without_an_answer_may_be_tried_again() -> Tested {
    let replies: [fn() -> Reply; 4] = [
        || Reply::page(502),
        || Reply::page(200),
        || Reply::Cut,
        || Reply::json(429, &json!({"error": "too_many_requests"})),
    ];
    for reply in replies {
        let issuer = Issuer::start()?;
        issuer.script(DEVICE, [reply()]);
        let error = start_or_not(&issuer).await?.err().ok_or("it started")?;
        assert!(error.retryable(), "{error:?}");
        assert_eq!(error.kind(), AuthErrorKind::Unreachable);
        assert_eq!(issuer.asked(DEVICE).len(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn unusable_answers_are_refused_without_repeating_their_contents() -> Tested {
    let code = |change: fn(&mut Value)| {
        let mut code = json!({
            "device_code": "secret-device-code", "user_code": "B", "expires_in": 900,
            "verification_uri": "https://t.example/activate",
        });
        change(&mut code);
        Reply::json(200, &code)
    };
    let replies = [
        code(|c| c["device_code"] = Value::Null),
        code(|c| c["device_code"] = json!("")),
        code(|c| c["user_code"] = json!("\u{1b}\u{7}")),
        code(|c| c["expires_in"] = json!("secret-device-code")),
        Reply::json(200, &json!({})),
    ];
    for reply in replies {
        let issuer = Issuer::start()?;
        issuer.script(DEVICE, [reply]);
        let error = start_or_not(&issuer).await?.err().ok_or("it started")?;
        assert!(matches!(error, AuthError::Malformed { .. }), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("secret-device-code"));
    }

    let issuer = Issuer::start()?;
    issuer.script(DEVICE, [Reply::json(200, &json!({"device_code": "d"}))]);
    let error = start_or_not(&issuer).await?.err().ok_or("it started")?;
    assert!(
        error.to_string().contains("`user_code` is missing"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn numbers_in_quotes_and_a_list_of_scopes_lose_no_login() -> Tested {
    let issuer = Issuer::start()?;
    let code = json!({
        "device_code": "secret-device-code",
        "user_code": "BCDF-GHJK",
        "verification_uri": format!("{}activate", issuer.url()),
        "expires_in": "900",
        "interval": "1",
    });
    let pending = json!({"error": "authorization_pending", "error_description": {"en": "wait"}});
    let mut tokens = issuer.tokens(SUB, 1);
    tokens["expires_in"] = json!("60");
    tokens["scope"] = json!(["openid", "profile"]);
    issuer.script(DEVICE, [Reply::json(200, &code)]);
    let marked = ["\u{feff}", &tokens.to_string()].concat().into_bytes();
    let replies = [Reply::json(400, &pending), Reply::Send(200, vec![], marked)];
    issuer.script(TOKEN, replies);

    let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await?;
    let (prompt, device) = flow.start().await?;
    assert_eq!((prompt.expires_in, prompt.interval), (900, 1));
    let grant = flow.wait(&prompt, &device, None, |_| ()).await?;

    let end = grant.access.expires_at.ok_or("no end")?;
    assert!(end < jiff::Timestamp::now() + Duration::from_secs(61));
    assert!(grant.refresh.is_some());
    Ok(())
}

#[tokio::test]
async fn an_invalid_address_with_the_code_is_not_shown() -> Tested {
    for unusable in ["", "/activate?user_code=BCDF-GHJK", "\u{1b}"] {
        let issuer = Issuer::start()?;
        let page = format!("{}activate", issuer.url());
        let code = json!({
            "device_code": "secret-device-code",
            "user_code": "BCDF-GHJK",
            "verification_uri": page,
            "verification_uri_complete": unusable,
            "expires_in": 900,
        });
        issuer.script(DEVICE, [Reply::json(200, &code)]);

        let (prompt, _) = start(&issuer).await?;

        assert_eq!(prompt.page(), page, "{unusable:?}");
        assert!(prompt.code_instruction().contains("enter"));
    }
    Ok(())
}

#[tokio::test]
async fn tokens_of_another_issuer_or_for_another_audience_are_rejected() -> Tested {
    let issuer = Issuer::start()?;
    let url = issuer.url();
    let with = |name: &str, value: Value| {
        let mut tokens = issuer.tokens(SUB, 1);
        tokens[name] = value;
        tokens
    };
    let id_token = |claims: Value| with("id_token", json!(jwt(&claims)));
    let wrong = [
        id_token(json!({"iss": "https://evil.example/", "sub": SUB, "aud": "client"})),
        id_token(json!({"iss": url, "sub": SUB, "aud": "another"})),
        id_token(json!({"iss": url, "sub": "auth0|adam", "aud": "client"})),
        id_token(json!({"iss": url, "aud": "client"})),
        with("id_token", json!("rubbish")),
        with("access_token", json!("")),
        with("access_token", Value::Null),
    ];
    for tokens in wrong {
        let (grant, _) = login(&issuer, [Reply::json(200, &tokens)]).await?;
        assert!(
            matches!(grant, Err(AuthError::Malformed { .. })),
            "{grant:?}"
        );
        assert!(!format!("{grant:?}").contains("refresh-1"));
        let revoked = issuer.asked(REVOKE);
        let token = revoked.last().map(|asked| asked.field("token"));
        assert_eq!(token, Some("refresh-1"), "{tokens}");
    }
    assert_eq!(issuer.asked(REVOKE).len(), 7);
    Ok(())
}

#[tokio::test]
async fn a_missing_refresh_token_is_no_error() -> Tested {
    let issuer = Issuer::start()?;
    let mut tokens = issuer.tokens(SUB, 1);
    tokens["refresh_token"] = Value::Null;
    let (grant, _) = login(&issuer, [Reply::json(200, &tokens)]).await?;
    assert!(grant?.refresh.is_none());
    Ok(())
}

#[tokio::test]
async fn text_of_the_issuer_cannot_steer_a_terminal() -> Tested {
    let issuer = Issuer::start()?;
    let denied = Dialect::Auth0.error("access_denied", "no\u{1b}[2J\u{202e}way\nout");
    let (grant, _) = login(&issuer, [denied]).await?;
    let error = grant.err().ok_or("it was granted")?;
    assert_eq!(error.to_string(), "the login was refused: no[2Jway out");
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_repeats_the_device_code_is_not_quoted_so() -> Tested {
    let issuer = Issuer::start()?;
    for code in ["access_denied", "invalid_grant", "something_new"] {
        let echo = Dialect::Auth0.error(code, "what is `secret-device-code`?");

        let (grant, _) = login(&issuer, [echo]).await?;

        let error = grant.err().ok_or("it was granted")?;
        assert!(error.to_string().contains("what is `***`?"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_secret_is_in_debug_output() -> Tested {
    let issuer = Issuer::start()?;
    let (grant, _) = login(&issuer, [issuer.granted(SUB, 1)]).await?;
    let shown = format!("{:?}", grant?);
    assert!(!shown.contains("refresh-1"), "{shown}");
    assert!(!shown.contains("eyJ"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn an_issuer_of_another_name_is_refused() -> Tested {
    for change in [
        |url: &str| url.trim_end_matches('/').to_owned(),
        |url: &str| url.replace("127.0.0.1", "localhost"),
        |_: &str| "https://evil.example/".to_owned(),
    ] {
        let issuer = Issuer::start()?;
        let mut document = document(&issuer.url());
        document["issuer"] = json!(change(&issuer.url()));
        issuer.script(DISCOVERY, [Reply::json(200, &document)]);

        let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await;

        assert!(
            matches!(
                flow,
                Err(AuthError::Discovery(DiscoveryError::OtherIssuer { .. }))
            ),
            "{flow:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn endpoints_on_another_host_are_refused() -> Tested {
    for name in [
        "token_endpoint",
        "device_authorization_endpoint",
        "revocation_endpoint",
    ] {
        let issuer = Issuer::start()?;
        let mut document = document(&issuer.url());
        document[name] = json!("https://evil.example/oauth");
        issuer.script(DISCOVERY, [Reply::json(200, &document)]);
        let flow = DeviceFlow::discover(&issuer.connection()?, FAST).await;
        assert!(
            matches!(
                &flow,
                Err(AuthError::Discovery(DiscoveryError::Foreign { endpoint, .. })) if *endpoint == name
            ),
            "{flow:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_discovery_document_is_named() -> Tested {
    let cases: [(Reply, bool); 6] = [
        (Reply::page(404), false),
        (Reply::page(200), false),
        (Reply::page(503), true),
        (Reply::Cut, true),
        (Reply::Send(200, vec![], vec![b' '; 300 * 1024]), false),
        (
            Reply::Send(301, vec![("location", "/elsewhere".to_owned())], vec![]),
            false,
        ),
    ];
    for (reply, retryable) in cases {
        let issuer = Issuer::start()?;
        issuer.script(DISCOVERY, [reply]);
        let error = DeviceFlow::discover(&issuer.connection()?, FAST)
            .await
            .err()
            .ok_or("it was taken")?;
        assert_eq!(error.retryable(), retryable, "{error:?}");
        assert_eq!(
            error.kind() == AuthErrorKind::Unreachable,
            retryable,
            "{error:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_unreachable() -> Tested {
    let issuer = Issuer::start()?;
    issuer.close();
    let error = DeviceFlow::discover(&issuer.connection()?, FAST)
        .await
        .err()
        .ok_or("it answered")?;
    assert!(
        matches!(
            error,
            AuthError::Discovery(DiscoveryError::NoAnswer {
                error: TransportError::Unreachable { .. }
            })
        ),
        "{error:?}"
    );
    assert_eq!(error.kind(), AuthErrorKind::Unreachable);
    Ok(())
}

#[tokio::test]
async fn an_issuer_without_device_flow_is_named() -> Tested {
    let issuer = Issuer::start()?;
    let mut document = document(&issuer.url());
    document["device_authorization_endpoint"] = Value::Null;
    issuer.script(DISCOVERY, [Reply::json(200, &document)]);
    let started = start_or_not(&issuer).await?;
    assert!(
        matches!(started, Err(AuthError::NoDeviceFlow)),
        "{started:?}"
    );
    Ok(())
}
