//! A session and its refreshes.

use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use tudone::auth::access::AccessToken;
use tudone::auth::credential_store::file::FileStore;
use tudone::auth::credential_store::memory::MemoryStore;
use tudone::auth::credential_store::{CredentialStore, CredentialStoreError};
use tudone::auth::error::{AuthError, AuthErrorKind};
use tudone::auth::session::AuthSession;
use tudone::auth::stored_login::{StoredAccessToken, StoredLogin, StoredRefreshToken};
use tudone::auth::time_scale::TimeScale;
use tudone::os::file_lock::FileLock;

use crate::issuer::{DIALECTS, DISCOVERY, Dialect, Issuer, Reply, TOKEN, Tested, jwt};

const FAST: TimeScale = TimeScale::faster(1000);
const EVE: &str = "auth0|eve";

/// An issuer, a credential store with the login of Eve, and a lock.
struct Scene {
    issuer: Issuer,
    credential_store: Arc<dyn CredentialStore>,
    home: TempDir,
}

impl Scene {
    fn new() -> Result<Self, Box<dyn Error>> {
        Self::with(Arc::new(MemoryStore::new()))
    }

    fn with(credential_store: Arc<dyn CredentialStore>) -> Result<Self, Box<dyn Error>> {
        let scene = Self {
            issuer: Issuer::start()?,
            credential_store,
            home: tempfile::tempdir()?,
        };
        scene.keep("refresh-0")?;
        Ok(scene)
    }

    fn kept(&self) -> StoredLogin {
        StoredLogin::new(Arc::clone(&self.credential_store), "p".to_owned())
    }

    fn keep(&self, token: &str) -> Result<(), CredentialStoreError> {
        self.kept().set_refresh(&refresh(token, EVE))
    }

    fn keep_access(&self, token: &str, sub: &str, left: i64) -> Tested {
        let now = Timestamp::now();
        let expires_at = now.checked_add(SignedDuration::from_secs(left))?;
        Ok(self
            .kept()
            .set_access(&StoredAccessToken {
                token: AccessToken {
                    secret: SecretString::from(token),
                    expires_at: Some(expires_at),
                    renew_at: Some(expires_at.checked_sub(SignedDuration::from_secs(60))?),
                },
                sub: sub.to_owned(),
            })
            .map(drop)?)
    }

    fn lock(&self) -> PathBuf {
        self.home.path().join("p.lock")
    }

    /// A session as another process would make it.
    fn session(&self) -> Result<AuthSession, Box<dyn Error>> {
        Ok(AuthSession::for_user(
            self.issuer.connection()?,
            self.kept(),
            self.lock(),
            Some(EVE.to_owned()),
            FAST,
        ))
    }

    /// The refresh token in the credential store.
    fn refresh_token(&self) -> Result<Option<String>, CredentialStoreError> {
        let kept = self.kept().refresh()?;
        Ok(kept.map(|kept| kept.token.expose_secret().to_owned()))
    }

    /// Which refresh tokens were sent, in order.
    fn sent(&self) -> Vec<String> {
        let asked = self.issuer.asked(TOKEN);
        asked
            .iter()
            .map(|asked| asked.field("refresh_token").to_owned())
            .collect()
    }
}

fn refresh(token: &str, sub: &str) -> StoredRefreshToken {
    StoredRefreshToken {
        token: SecretString::from(token),
        sub: sub.to_owned(),
    }
}

fn shown(token: &AccessToken) -> &str {
    token.secret.expose_secret()
}

#[tokio::test]
async fn a_fresh_token_in_the_store_needs_no_issuer() -> Tested {
    let scene = Scene::new()?;
    scene.keep_access("kept", EVE, 120)?;
    let session = scene.session()?;
    assert_eq!(shown(&session.bearer().await?), "kept");
    assert_eq!(shown(&session.bearer().await?), "kept");
    assert!(scene.issuer.asked(DISCOVERY).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_token_with_a_minute_left_is_refreshed_and_both_are_stored() -> Tested {
    let scene = Scene::new()?;
    scene.keep_access("old", EVE, 59)?;
    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);

    let token = scene.session()?.bearer().await?;

    assert_ne!(shown(&token), "old");
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-1"));
    let asked = scene.issuer.asked(TOKEN);
    let asked = asked.first().ok_or("never asked")?;
    assert_eq!(asked.field("grant_type"), "refresh_token");
    assert_eq!(asked.field("refresh_token"), "refresh-0");
    assert_eq!(asked.field("client_id"), "client");
    assert_eq!(asked.form.len(), 3, "{asked:?}");
    assert_eq!(
        shown(&scene.session()?.bearer().await?),
        shown(&token),
        "another process"
    );
    assert_eq!(scene.sent().len(), 1);
    Ok(())
}

#[tokio::test]
async fn without_rotation_the_old_refresh_token_stays() -> Tested {
    let scene = Scene::new()?;
    let mut tokens = scene.issuer.tokens(EVE, 1);
    tokens["refresh_token"] = Value::Null;
    scene.issuer.script(TOKEN, [Reply::json(200, &tokens)]);
    scene.session()?.bearer().await?;
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-0"));
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_repeats_the_refresh_token_is_not_quoted_so() -> Tested {
    for code in ["invalid_grant", "access_denied", "something_new"] {
        let scene = Scene::new()?;
        let echo = Dialect::Auth0.error(code, "what is `refresh-0`?");
        scene.issuer.script(TOKEN, [echo]);

        let error = scene.session()?.bearer().await.err().ok_or("refreshed")?;

        assert!(error.to_string().contains("what is `***`?"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_token() -> Tested {
    let losses: [fn() -> Reply; 5] = [
        || Reply::Cut,
        || Reply::Truncated,
        || Reply::page(502),
        || Reply::page(200),
        || Reply::json(500, &json!({"error": "server_error"})),
    ];
    for loss in losses {
        let scene = Scene::new()?;
        let granted = scene.issuer.granted(EVE, 1);
        scene.issuer.script(TOKEN, [loss(), loss(), granted]);
        scene.session()?.bearer().await?;
        assert_eq!(scene.sent(), ["refresh-0"; 3]);
        assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-1"));
    }
    Ok(())
}

#[tokio::test]
async fn answers_that_stay_lost_end_nothing() -> Tested {
    let scene = Scene::new()?;
    let session = scene.session()?;

    let error = session.bearer().await.err().ok_or("it was refreshed")?;

    assert!(error.retryable(), "{error:?}");
    assert!(!error.needs_login());
    assert_eq!(scene.sent(), ["refresh-0"; 4]);
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-0"));

    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);
    session.bearer().await?;
    Ok(())
}

#[tokio::test]
async fn a_token_spent_by_a_lost_answer_is_explained() -> Tested {
    for dialect in DIALECTS {
        let scene = Scene::new()?;
        let spent = dialect.error("invalid_grant", "Unknown or invalid refresh token.");
        scene.issuer.script(TOKEN, [Reply::Cut, spent]);

        let error = scene.session()?.bearer().await.err().ok_or("refreshed")?;

        assert!(
            matches!(
                error,
                AuthError::LoginEnded {
                    answer_was_lost: true,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(error.help().contains("overlap"), "{}", error.help());
    }
    Ok(())
}

#[tokio::test]
async fn only_invalid_grant_ends_the_login() -> Tested {
    for dialect in DIALECTS {
        let scene = Scene::new()?;
        scene.keep_access("old", EVE, 5)?;
        let spent = dialect.error("invalid_grant", "Unknown or invalid refresh token.");
        scene.issuer.script(TOKEN, [spent]);
        let session = scene.session()?;

        let error = session.bearer().await.err().ok_or("refreshed")?;

        assert!(
            matches!(
                error,
                AuthError::LoginEnded {
                    answer_was_lost: false,
                    ..
                }
            ),
            "{error:?}"
        );
        assert_eq!(error.kind(), AuthErrorKind::Login);
        assert_eq!(scene.refresh_token()?, None);
        assert!(scene.kept().access()?.is_none());
        let again = session.bearer().await;
        assert!(matches!(again, Err(AuthError::LoggedOut)), "{again:?}");

        for (code, needs_login) in [
            ("access_denied", true),
            ("mfa_required", true),
            ("invalid_client", false),
            ("unauthorized_client", false),
        ] {
            let scene = Scene::new()?;
            scene.issuer.script(TOKEN, [dialect.error(code, "no")]);
            let error = scene.session()?.bearer().await.err().ok_or("refreshed")?;
            assert_eq!(error.needs_login(), needs_login, "{error:?}");
            assert_eq!(
                scene.refresh_token()?.as_deref(),
                Some("refresh-0"),
                "{code}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_token_stored_by_another_process_is_used_and_not_cleared() -> Tested {
    let scene = Scene::new()?;
    let kept = scene.kept();
    let put = move || drop(kept.set_refresh(&refresh("refresh-7", EVE)));
    let spent = Dialect::Auth0.error("invalid_grant", "");
    let granted = scene.issuer.granted(EVE, 8);
    scene.issuer.script(
        TOKEN,
        [Reply::After(Box::new(put), Box::new(spent)), granted],
    );

    scene.session()?.bearer().await?;

    assert_eq!(scene.sent(), ["refresh-0", "refresh-7"]);
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-8"));
    Ok(())
}

#[tokio::test]
async fn many_askers_in_many_processes_make_one_refresh() -> Tested {
    let home = tempfile::tempdir()?;
    let credential_store = FileStore::new(home.path().join("credentials.json"));
    let scene = Scene::with(Arc::new(credential_store))?;
    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let session = scene.session()?;
        for _ in 0..4 {
            let session = session.clone();
            askers.spawn(async move { session.bearer().await });
        }
    }
    let mut tokens = Vec::new();
    while let Some(token) = askers.join_next().await {
        tokens.push(shown(&token??).to_owned());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(scene.sent(), ["refresh-0"]);
    Ok(())
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all_who_had_it() -> Tested {
    let scene = Scene::new()?;
    scene.keep_access("refused", EVE, 3000)?;
    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);
    let session = scene.session()?;
    let refused = session.bearer().await?;
    assert_eq!(shown(&refused), "refused");

    let (one, two) = tokio::join!(session.renewed(&refused), session.renewed(&refused));

    let one = one?;
    assert_ne!(shown(&one), "refused");
    assert_eq!(shown(&one), shown(&two?));
    assert_eq!(shown(&one), shown(&session.bearer().await?));
    assert_eq!(
        shown(&one),
        shown(&scene.session()?.renewed(&refused).await?),
        "another process"
    );
    assert_eq!(scene.sent(), ["refresh-0"]);
    Ok(())
}

#[tokio::test]
async fn a_refresh_whose_caller_is_gone_is_still_stored() -> Tested {
    let scene = Scene::new()?;
    let (answer, signal) = channel();
    let granted = scene.issuer.granted(EVE, 1);
    scene
        .issuer
        .script(TOKEN, [Reply::When(signal, Box::new(granted))]);
    let session = scene.session()?;
    let mut asking = Box::pin(session.bearer());
    let deadline = Instant::now() + Duration::from_secs(20);
    while scene.sent().is_empty() {
        assert!(Instant::now() < deadline, "the issuer is never asked");
        tokio::select! {
            token = &mut asking => return Err(format!("too early: {token:?}").into()),
            () = tokio::task::yield_now() => {}
        }
    }

    drop(asking);
    answer.send(())?;
    session.wait_for_refresh().await;

    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-1"));
    Ok(())
}

#[tokio::test]
async fn offline_the_login_stays_and_the_error_comes_soon() -> Tested {
    let scene = Scene::new()?;
    scene.issuer.close();
    let error = scene.session()?.bearer().await.err().ok_or("refreshed")?;
    assert_eq!(error.kind(), AuthErrorKind::Unreachable);
    assert!(error.retryable());
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-0"));
    Ok(())
}

#[tokio::test]
async fn a_rate_limit_is_not_hammered() -> Tested {
    let scene = Scene::new()?;
    scene.issuer.script(TOKEN, [Reply::page(429)]);
    let error = scene.session()?.bearer().await.err().ok_or("refreshed")?;
    assert!(error.retryable());
    assert_eq!(scene.sent().len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_login_of_another_user_is_never_used() -> Tested {
    let scene = Scene::new()?;
    let session = scene.session()?;
    scene.kept().set_refresh(&refresh("adams", "auth0|adam"))?;

    let error = session.bearer().await.err().ok_or("it was used")?;
    assert!(matches!(error, AuthError::OtherAccount), "{error:?}");
    scene.keep_access("adams", "auth0|adam", 3000)?;
    let error = session.bearer().await.err().ok_or("it was used")?;
    assert!(matches!(error, AuthError::OtherAccount), "{error:?}");

    assert!(scene.sent().is_empty());
    assert_eq!(
        scene.refresh_token()?.as_deref(),
        Some("adams"),
        "it is still there"
    );
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_returns_a_token_of_another_user_is_rejected() -> Tested {
    let scene = Scene::new()?;
    scene
        .issuer
        .script(TOKEN, [scene.issuer.granted("auth0|adam", 1)]);
    let error = scene.session()?.bearer().await.err().ok_or("it was used")?;
    assert!(matches!(error, AuthError::Malformed { .. }), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_lock_held_by_another_process_is_waited_for() -> Tested {
    let scene = Scene::new()?;
    let lock = FileLock::acquire(&scene.lock(), Duration::ZERO).await?;
    let session = scene.session()?;
    let mut asking = Box::pin(session.bearer());
    for _ in 0..50 {
        tokio::select! {
            biased;
            token = &mut asking => return Err(format!("too early: {token:?}").into()),
            () = tokio::task::yield_now() => {}
        }
    }
    // What the holder leaves is what the waiter finds.
    scene.keep_access("holders", EVE, 3000)?;
    drop(lock);
    assert_eq!(shown(&asking.await?), "holders");
    assert!(scene.sent().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_wrong_does_not_make_every_token_stale() -> Tested {
    let scene = Scene::new()?;
    let mut tokens = scene.issuer.tokens(EVE, 1);
    // As a clock two hours ahead sees a new token.
    let now = Timestamp::now().as_second();
    tokens["access_token"] = json!(jwt(&json!({"sub": EVE, "exp": now - 3600})));
    scene.issuer.script(TOKEN, [Reply::json(200, &tokens)]);
    let session = scene.session()?;
    session.bearer().await?;
    session.bearer().await?;
    assert_eq!(scene.sent().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_token_from_outside_is_used_as_long_as_it_lasts() -> Tested {
    let now = Timestamp::now().as_second();
    let token = |exp: i64| SecretString::from(jwt(&json!({"sub": EVE, "exp": exp})));

    let session = AuthSession::fixed(token(now + 10));
    let bearer = session.bearer().await?;
    let renewed = session.renewed(&bearer).await;
    assert!(matches!(renewed, Err(AuthError::FixedTokenExpired)));

    let ended = AuthSession::fixed(token(now - 10)).bearer().await;
    assert!(matches!(ended, Err(AuthError::FixedTokenExpired)));
    AuthSession::fixed(SecretString::from("opaque"))
        .bearer()
        .await?;
    Ok(())
}

/// A credential store that rejects some secrets.
#[derive(Debug, Default)]
struct Picky {
    inner: MemoryStore,
    /// The longest it takes, in bytes; 0 for any.
    longest: AtomicUsize,
    /// Whether it takes none.
    broken: AtomicBool,
    stored: Mutex<Vec<String>>,
}

impl CredentialStore for Picky {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(CredentialStoreError::Keyring {
                reason: "broken".to_owned(),
            });
        }
        let longest = self.longest.load(Ordering::SeqCst);
        if longest > 0 && secret.expose_secret().len() > longest {
            return Err(CredentialStoreError::TooLong { limit: 1280 });
        }
        self.stored
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(name.to_owned());
        self.inner.set(name, secret)
    }
    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.inner.delete(name)
    }
    fn describe(&self) -> String {
        "picky".to_owned()
    }
}

#[tokio::test]
async fn the_refresh_token_is_stored_first() -> Tested {
    let credential_store = Arc::new(Picky::default());
    let scene = Scene::with(Arc::clone(&credential_store) as Arc<dyn CredentialStore>)?;
    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);
    scene.session()?.bearer().await?;
    let stored = credential_store
        .stored
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let entries = stored.iter().filter(|name| name.starts_with("p."));
    let entries: Vec<&String> = entries.collect();
    assert_eq!(entries, ["p.refresh", "p.refresh", "p.access"]);
    Ok(())
}

#[tokio::test]
async fn an_access_token_too_long_for_the_store_stays_in_memory() -> Tested {
    let credential_store = Arc::new(Picky::default());
    credential_store.longest.store(100, Ordering::SeqCst);
    let scene = Scene::with(credential_store)?;
    let granted = [scene.issuer.granted(EVE, 1), scene.issuer.granted(EVE, 2)];
    scene.issuer.script(TOKEN, granted);
    let session = scene.session()?;
    session.bearer().await?;
    session.bearer().await?;
    assert_eq!(scene.sent(), ["refresh-0"]);
    scene.session()?.bearer().await?;
    assert_eq!(
        scene.sent(),
        ["refresh-0", "refresh-1"],
        "each process in turn"
    );
    Ok(())
}

#[tokio::test]
async fn a_rotated_token_the_store_did_not_take_is_stored_later_without_another_refresh() -> Tested
{
    let credential_store = Arc::new(Picky::default());
    let scene = Scene::with(Arc::clone(&credential_store) as Arc<dyn CredentialStore>)?;
    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);
    credential_store.broken.store(true, Ordering::SeqCst);
    let session = scene.session()?;

    for _ in 0..2 {
        let error = session.bearer().await.err().ok_or("used before stored")?;
        assert!(matches!(error, AuthError::CredentialStore(_)), "{error:?}");
    }
    credential_store.broken.store(false, Ordering::SeqCst);
    session.bearer().await?;

    assert_eq!(scene.sent(), ["refresh-0"]);
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-1"));
    Ok(())
}

#[tokio::test]
async fn an_unreadable_entry_is_named() -> Tested {
    let scene = Scene::new()?;
    scene
        .credential_store
        .set("p.refresh", &SecretString::from("not ours"))?;
    let error = scene.session()?.bearer().await.err().ok_or("refreshed")?;
    assert!(
        matches!(
            error,
            AuthError::CredentialStore(CredentialStoreError::InvalidResponse { .. })
        ),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("not ours"));
    Ok(())
}

#[tokio::test]
async fn a_login_without_a_refresh_token_lasts_as_long_as_its_access_token() -> Tested {
    let scene = Scene::new()?;
    scene.kept().delete_tokens()?;
    scene.keep_access("only", EVE, 3000)?;
    assert_eq!(shown(&scene.session()?.bearer().await?), "only");
    scene.keep_access("only", EVE, 10)?;
    let ended = scene.session()?.bearer().await;
    assert!(matches!(ended, Err(AuthError::LoggedOut)), "{ended:?}");
    Ok(())
}

#[tokio::test]
async fn a_store_that_cannot_be_written_spends_no_refresh_token() -> Tested {
    let store = Arc::new(Picky::default());
    let scene = Scene::with(Arc::clone(&store) as Arc<dyn CredentialStore>)?;
    store.broken.store(true, Ordering::SeqCst);

    let refused = scene.session()?.bearer().await;

    assert!(
        matches!(refused, Err(AuthError::CredentialStore(_))),
        "{refused:?}"
    );
    assert!(scene.issuer.asked(TOKEN).is_empty());
    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-0"));
    Ok(())
}

#[tokio::test]
async fn the_new_refresh_token_of_an_unusable_answer_is_kept() -> Tested {
    let token = jwt(&json!({"sub": EVE}));
    for answer in [
        json!({"access_token": token}),
        json!({"token_type": "Bearer"}),
        json!({"access_token": token, "token_type": 7}),
        json!({"access_token": [token], "token_type": "Bearer"}),
        json!({"access_token": "", "token_type": "Bearer"}),
        json!({"access_token": "a\r\nb: c", "token_type": "Bearer"}),
        json!({"access_token": token, "token_type": "DPoP"}),
        json!({"access_token": token, "token_type": "mac"}),
        json!({"access_token": jwt(&json!({"sub": "auth0|bob"})), "token_type": "Bearer"}),
    ] {
        let scene = Scene::new()?;
        let mut body = answer.clone();
        body["refresh_token"] = json!("refresh-1");
        scene.issuer.script(TOKEN, [Reply::json(200, &body)]);

        let refused = scene.session()?.bearer().await;

        assert!(
            matches!(refused, Err(AuthError::Malformed { .. })),
            "{answer}: {refused:?}"
        );
        assert_eq!(
            scene.refresh_token()?.as_deref(),
            Some("refresh-1"),
            "{answer}"
        );
        scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 2)]);
        scene.session()?.bearer().await?;
        assert_eq!(scene.sent(), ["refresh-0", "refresh-1"], "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_of_another_type_does_not_hide_the_access_token() -> Tested {
    let scene = Scene::new()?;
    let mut body = scene.issuer.tokens(EVE, 1);
    body["refresh_token"] = json!(["refresh-1"]);
    scene.issuer.script(TOKEN, [Reply::json(200, &body)]);

    scene.session()?.bearer().await?;

    assert_eq!(scene.refresh_token()?.as_deref(), Some("refresh-0"));
    Ok(())
}
