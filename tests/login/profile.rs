//! A whole login and logout.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use tudone::auth::access::AccessToken;
use tudone::auth::credential_store::file::FileStore;
use tudone::auth::credential_store::memory::MemoryStore;
use tudone::auth::credential_store::{CredentialStore, CredentialStoreError, CredentialStoreKind};
use tudone::auth::diagnosis::{Diagnosis, TutorialStep};
use tudone::auth::error::{AuthError, AuthErrorKind};
use tudone::auth::revoke::Revocation;
use tudone::auth::time_scale::TimeScale;
use tudone::config::{Paths, Profile};
use tudone::profile::ActiveProfile;
use tudone::profile::error::LoginError;
use tudone::profile::login::{LoggedIn, LoginWarning, Verification};
use tudone::profile::logout::LogoutOptions;

use crate::issuer::{
    DEVICE, DIALECTS, DISCOVERY, Dialect, Issuer, REVOKE, Reply, TOKEN, Tested, document, jwt,
};

pub(crate) const EVE: &str = "auth0|eve";
pub(crate) const ADAM: &str = "auth0|adam";
pub(crate) const SOON: Duration = Duration::from_secs(3);

pub(crate) struct Scene {
    pub(crate) issuer: Issuer,
    home: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            issuer: Issuer::start()?,
            home: tempfile::tempdir()?,
        })
    }

    pub(crate) fn profile(&self) -> Result<Profile, Box<dyn Error>> {
        Ok(Profile {
            name: "home".to_owned(),
            connection: self.issuer.connection()?,
            credential_store: CredentialStoreKind::File,
            credential_command: None,
            access_token: None,
        })
    }

    pub(crate) fn paths(&self) -> Paths {
        let home = self.home.path();
        Paths {
            config: home.join("config"),
            data: home.join("data"),
            state: home.join("state"),
        }
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn active(&self) -> Result<ActiveProfile, Box<dyn Error>> {
        Ok(ActiveProfile::new(self.profile()?, self.paths())
            .with_time_scale(TimeScale::faster(1000)))
    }

    /// The contents of the credential file.
    pub(crate) fn credentials(&self) -> String {
        fs::read_to_string(self.data().join("credentials.json")).unwrap_or_default()
    }

    pub(crate) fn approve(&self, sub: &str, serial: u32) {
        self.answer_login(self.issuer.granted(sub, serial));
    }

    fn answer_login(&self, reply: Reply) {
        self.issuer.script(DEVICE, [self.issuer.code()]);
        self.issuer.script(TOKEN, [Dialect::Auth0.pending(), reply]);
    }

    /// Logs in; the backend answers `verification`.
    pub(crate) async fn login(
        &self,
        verification: Verification,
    ) -> Result<Result<LoggedIn, LoginError>, Box<dyn Error>> {
        let pending = self.active()?.begin_login(SOON, || ()).await?;
        Ok(pending
            .finish(None, |_| (), |_| std::future::ready(verification))
            .await)
    }

    /// Logs in as `sub`; the backend accepts the token.
    pub(crate) async fn log_in(&self, sub: &str, serial: u32) -> Result<LoggedIn, Box<dyn Error>> {
        self.approve(sub, serial);
        Ok(self.login(Verification::Accepted).await??)
    }

    /// The error of a login that must fail.
    async fn rejected_login(
        &self,
        verification: Verification,
    ) -> Result<LoginError, Box<dyn Error>> {
        Ok(self.login(verification).await?.err().ok_or("stored")?)
    }

    /// A profile whose credential store fails to store `entry`.
    fn failing_at(&self, entry: &'static str) -> Result<ActiveProfile, Box<dyn Error>> {
        let inner = MemoryStore::new();
        let store = Arc::new(Failing { inner, entry });
        Ok(ActiveProfile::with_credential_store(
            self.profile()?,
            self.paths(),
            store,
        ))
    }
}

/// The backend accepts the token.
pub(crate) fn accept(_: AccessToken) -> std::future::Ready<Verification> {
    std::future::ready(Verification::Accepted)
}

/// The error of a login that does not begin.
async fn begin_error(active: &ActiveProfile) -> Result<LoginError, Box<dyn Error>> {
    let begun = active.begin_login(SOON, || ()).await;
    Ok(begun.err().ok_or("it began")?)
}

fn refused(code: &str) -> Verification {
    Verification::Refused {
        code: code.to_owned(),
        message: "no".to_owned(),
    }
}

#[tokio::test]
async fn a_login_is_kept_and_used_by_the_next_process() -> Tested {
    let scene = Scene::new()?;
    scene.approve(EVE, 1);
    let active = scene.active()?;
    assert_eq!(active.known_account(), None);

    let pending = active.begin_login(SOON, || ()).await?;
    assert_eq!(pending.prompt().user_code, "BCDF-GHJK");
    let mut asked_with = None;
    let verify = |token: AccessToken| {
        asked_with = Some(token);
        std::future::ready(Verification::Accepted)
    };
    let logged_in = pending.finish(None, |_| (), verify).await?;

    assert_eq!(logged_in.identity.name.as_deref(), Some("Eve"));
    assert_eq!(logged_in.account.sub, EVE);
    assert_eq!(logged_in.warnings, []);
    assert_eq!(logged_in.switched_from, None);
    assert!(
        logged_in.store.contains("credentials.json (0600)"),
        "{}",
        logged_in.store
    );
    let asked_with = asked_with.ok_or("the backend was never asked")?;

    let next = scene.active()?;
    let known = next.known_account().ok_or("no account is known")?;
    assert_eq!(known.account, logged_in.account);
    let bearer = next.session().bearer().await?;
    assert_eq!(
        bearer.secret.expose_secret(),
        asked_with.secret.expose_secret()
    );
    assert_eq!(scene.issuer.asked(TOKEN).len(), 2, "no refresh");
    assert!(
        next.database(&known.account)
            .starts_with(scene.data().join("accounts"))
    );
    Ok(())
}

#[tokio::test]
async fn a_rejected_token_is_not_stored_and_its_cause_is_named() -> Tested {
    let scene = Scene::new()?;
    let mut tokens = scene.issuer.tokens(EVE, 1);
    tokens["access_token"] = json!(jwt(&json!({
        "iss": scene.issuer.url(), "sub": EVE, "aud": "https://todos.example"
    })));
    scene.answer_login(Reply::json(200, &tokens));

    let error = scene.rejected_login(refused("invalid-jwt")).await?;

    assert!(
        matches!(
            &error,
            LoginError::TokenRefused { diagnosis: Diagnosis::NoClaim, code, .. } if code == "invalid-jwt"
        ),
        "{error:?}"
    );
    assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
    assert!(
        error.help().contains(&TutorialStep::Action.to_string()),
        "{}",
        error.help()
    );
    assert!(!scene.credentials().contains("refresh-1"));
    assert_eq!(scene.active()?.known_account(), None);
    let revoked = scene.issuer.asked(REVOKE);
    assert_eq!(
        revoked.first().map(|asked| asked.field("token")),
        Some("refresh-1")
    );
    Ok(())
}

#[tokio::test]
async fn a_good_token_that_is_rejected_points_at_the_backend() -> Tested {
    for (code, expected) in [
        ("invalid-jwt", "jwt-secret"),
        ("jwt-invalid-claims", "jwt-secret"),
        ("validation-failed", "backend-refused"),
    ] {
        let scene = Scene::new()?;
        scene.approve(EVE, 1);
        let error = scene.rejected_login(refused(code)).await?;
        assert_eq!(error.code(), expected, "{error:?}");
        assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
    }
    Ok(())
}

#[tokio::test]
async fn a_rejected_query_is_blamed_on_the_token_only_for_the_id_that_rows_are_filtered_by()
-> Tested {
    let with_id = |id: &str| {
        json!({
            "x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"],
            "x-hasura-user-id": id,
        })
    };
    for (claim, expected) in [
        // For another audience and by another name: a backend may well take it.
        (Value::Null, "backend-refused"),
        (with_id("7"), "backend-refused"),
        (with_id(EVE), "token-claim-shape"),
    ] {
        let scene = Scene::new()?;
        let mut tokens = scene.issuer.tokens(EVE, 1);
        tokens["access_token"] = json!(jwt(&json!({
            "iss": scene.issuer.url(), "sub": EVE, "aud": "https://another.example",
            "https://hasura.io/jwt/claims": claim,
        })));
        scene.answer_login(Reply::json(200, &tokens));

        let outcome = refused("validation-failed");
        let error = scene.rejected_login(outcome).await?;

        assert_eq!(error.code(), expected, "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_unreachable_backend_leaves_the_login_unverified() -> Tested {
    let scene = Scene::new()?;
    scene.approve(EVE, 1);
    let message = "connection refused".to_owned();
    let unreachable = Verification::Unreachable {
        message: message.clone(),
    };

    let logged_in = scene.login(unreachable).await??;

    assert_eq!(logged_in.warnings, [LoginWarning::Unverified { message }]);
    assert!(scene.credentials().contains("refresh-1"));
    Ok(())
}

#[tokio::test]
async fn a_login_without_refresh_token_names_the_switches() -> Tested {
    let scene = Scene::new()?;
    let mut tokens = scene.issuer.tokens(EVE, 1);
    tokens["refresh_token"] = Value::Null;
    scene.answer_login(Reply::json(200, &tokens));

    let logged_in = scene.login(Verification::Accepted).await??;

    let warning = logged_in.warnings.first().ok_or("no warning")?.to_string();
    for switch in [
        "Allow Offline Access",
        "Refresh Token grant",
        "offline_access",
    ] {
        assert!(warning.contains(switch), "{warning}");
    }
    scene.active()?.session().bearer().await?;
    Ok(())
}

#[tokio::test]
async fn denied_or_given_up_nothing_is_stored() -> Tested {
    for dialect in DIALECTS {
        let scene = Scene::new()?;
        scene.answer_login(dialect.error("access_denied", "User cancelled"));
        let error = scene.rejected_login(Verification::Accepted).await?;
        assert_eq!(
            (error.kind(), error.code()),
            (AuthErrorKind::Login, "denied")
        );

        scene.issuer.script(DEVICE, [scene.issuer.code()]);
        drop(scene.active()?.begin_login(SOON, || ()).await?);

        assert_eq!(scene.credentials().trim(), "{}");
        assert_eq!(scene.active()?.known_account(), None);
    }
    Ok(())
}

#[tokio::test]
async fn a_login_begun_in_one_process_is_finished_in_another() -> Tested {
    let scene = Scene::new()?;
    scene.issuer.script(DEVICE, [scene.issuer.code()]);
    let pending = scene.active()?.begin_login(SOON, || ()).await?;
    let prompt = pending.park().await?;
    assert!(scene.credentials().contains("secret-device-code"));

    scene.issuer.script(TOKEN, [scene.issuer.granted(EVE, 1)]);
    let resumed = scene.active()?.resume_login().await?;
    assert_eq!(resumed.prompt(), &prompt);
    let logged_in = resumed.finish(None, |_| (), accept).await?;

    assert_eq!(logged_in.account.sub, EVE);
    assert!(!scene.credentials().contains("secret-device-code"));
    let again = scene.active()?.resume_login().await;
    assert!(
        matches!(again, Err(LoginError::NothingToResume)),
        "{again:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_parked_login_outlives_a_time_limit_but_not_a_refusal() -> Tested {
    let scene = Scene::new()?;
    scene.issuer.script(DEVICE, [scene.issuer.code()]);
    scene
        .active()?
        .begin_login(SOON, || ())
        .await?
        .park()
        .await?;

    scene.issuer.script(TOKEN, [Dialect::Auth0.pending()]);
    let resumed = scene.active()?.resume_login().await?;
    let limit = Some(Duration::ZERO);
    let error = resumed
        .finish(limit, |_| (), accept)
        .await
        .err()
        .ok_or("granted")?;
    assert_eq!(error.code(), "timed-out");

    scene
        .issuer
        .script(TOKEN, [Dialect::Auth0.error("expired_token", "")]);
    let resumed = scene.active()?.resume_login().await?;
    let error = resumed
        .finish(None, |_| (), accept)
        .await
        .err()
        .ok_or("granted")?;
    assert_eq!(error.code(), "code-expired");
    assert!(!scene.credentials().contains("secret-device-code"));
    Ok(())
}

#[tokio::test]
async fn a_login_as_another_user_never_mixes_two_users() -> Tested {
    let scene = Scene::new()?;
    let eve = scene.log_in(EVE, 1).await?;
    let eves_session = scene.active()?.session();
    let adam = scene.log_in(ADAM, 2).await?;

    assert_eq!(adam.switched_from, Some(eve.account.clone()));
    assert_eq!(
        scene.active()?.known_account().map(|k| k.account),
        Some(adam.account.clone())
    );
    let active = scene.active()?;
    assert_ne!(
        active.database(&eve.account),
        active.database(&adam.account)
    );
    let bearer = eves_session.bearer().await;
    assert!(matches!(bearer, Err(AuthError::OtherAccount)), "{bearer:?}");
    Ok(())
}

/// The refresh tokens that the issuer was asked to revoke, sorted: those of one call are
/// sent at the same time.
pub(crate) fn revoked(scene: &Scene) -> Vec<String> {
    let asked = scene.issuer.asked(REVOKE);
    let tokens = asked.iter().map(|it| it.field("token").to_owned());
    let mut tokens: Vec<_> = tokens.collect();
    tokens.sort();
    tokens
}

#[tokio::test]
async fn a_login_that_cannot_be_stored_is_revoked() -> Tested {
    let scene = Scene::new()?;
    // A directory where the file is to be that names the account.
    fs::create_dir_all(scene.data().join("profiles/home.json/full"))?;
    scene.approve(EVE, 1);

    let failed = scene.login(Verification::Accepted).await?;

    assert!(
        matches!(failed, Err(LoginError::Files { .. })),
        "{failed:?}"
    );
    assert_eq!(revoked(&scene), ["refresh-1"]);
    assert!(!scene.credentials().contains("refresh-1"));
    Ok(())
}

#[tokio::test]
async fn the_replaced_login_of_another_user_is_revoked_at_the_issuer() -> Tested {
    let scene = Scene::new()?;
    for (sub, serial) in [(EVE, 1), (EVE, 2), (ADAM, 3)] {
        scene.log_in(sub, serial).await?;
    }

    // Not before: for the same user, revoking could end the new login.
    assert_eq!(revoked(&scene), ["refresh-1", "refresh-2"]);
    assert!(scene.credentials().contains("refresh-3"));
    Ok(())
}

#[tokio::test]
async fn an_issuer_that_revokes_nothing_does_not_fail_the_login_of_the_next() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    scene.approve(ADAM, 2);
    scene.issuer.script(REVOKE, [Reply::page(502)]);

    let adam = scene.login(Verification::Accepted).await??;

    assert_eq!(adam.account.sub, ADAM);
    assert_eq!(revoked(&scene), ["refresh-1"]);
    scene.active()?.session().bearer().await?;
    Ok(())
}

#[tokio::test]
async fn a_login_that_waits_elsewhere_outlives_the_end_of_another() -> Tested {
    let scene = Scene::new()?;
    for ends in [true, false] {
        scene.issuer.script(DEVICE, [scene.issuer.code()]);
        let other = scene.active()?.begin_login(SOON, || ()).await?;
        let mut code: Value = json!({
            "user_code": "LMNP-QRST",
            "verification_uri": format!("{}activate", scene.issuer.url()),
            "expires_in": 900,
        });
        code["device_code"] = json!("another-device-code");
        scene.issuer.script(DEVICE, [Reply::json(200, &code)]);
        let parked = scene.active()?.begin_login(SOON, || ()).await?;
        parked.park().await?;

        let answer = if ends {
            Dialect::Auth0.error("access_denied", "no")
        } else {
            scene.issuer.granted(EVE, 1)
        };
        scene.issuer.script(TOKEN, [answer]);
        let ended = other.finish(None, |_| (), accept).await;
        assert_eq!(ended.is_err(), ends, "{ended:?}");

        let resumed = scene.active()?.resume_login().await?;
        assert_eq!(resumed.prompt().user_code, "LMNP-QRST");
    }
    Ok(())
}

/// A credential store that fails to store one entry.
#[derive(Debug)]
struct Failing {
    inner: MemoryStore,
    entry: &'static str,
}

impl CredentialStore for Failing {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        if name.contains(self.entry) {
            return Err(CredentialStoreError::Locked {
                reason: "it was not unlocked".to_owned(),
            });
        }
        self.inner.set(name, secret)
    }
    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.inner.delete(name)
    }
    fn describe(&self) -> String {
        "failing".to_owned()
    }
}

#[tokio::test]
async fn an_unusable_store_is_detected_before_a_code_is_requested() -> Tested {
    let scene = Scene::new()?;
    let active = scene.failing_at("probe")?;
    let error = begin_error(&active).await?;
    assert_eq!(error.kind(), AuthErrorKind::Misconfigured);
    assert!(
        error.help().contains("credential_store"),
        "{}",
        error.help()
    );
    assert!(scene.issuer.asked(DISCOVERY).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_store_that_fails_at_the_end_leaves_no_half_login() -> Tested {
    let scene = Scene::new()?;
    scene.approve(EVE, 1);
    let active = scene.failing_at(".refresh")?;
    let pending = active
        .with_time_scale(TimeScale::faster(1000))
        .begin_login(SOON, || ())
        .await?;
    let error = pending
        .finish(None, |_| (), accept)
        .await
        .err()
        .ok_or("kept")?;
    assert!(
        matches!(error, LoginError::Auth(AuthError::CredentialStore(_))),
        "{error:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_store_that_rejects_the_access_token_still_keeps_the_login() -> Tested {
    let scene = Scene::new()?;
    scene.approve(EVE, 1);
    let active = scene.failing_at(".access")?;
    let pending = active
        .clone()
        .with_time_scale(TimeScale::faster(1000))
        .begin_login(SOON, || ())
        .await?;

    let logged_in = pending.finish(None, |_| (), accept).await?;

    assert_eq!(logged_in.account.sub, EVE);
    assert!(active.is_logged_in()?);
    Ok(())
}

#[tokio::test]
async fn a_login_that_would_be_lost_or_unused_is_rejected() -> Tested {
    let scene = Scene::new()?;
    let mut profile = scene.profile()?;
    profile.credential_store = CredentialStoreKind::Memory;
    let active = ActiveProfile::new(profile.clone(), scene.paths());
    let error = begin_error(&active).await?;
    assert!(matches!(error, LoginError::MemoryStore), "{error:?}");
    assert_eq!(error.kind(), AuthErrorKind::Misconfigured);

    profile.access_token = Some(SecretString::from("opaque"));
    let active = ActiveProfile::new(profile.clone(), scene.paths());
    let error = begin_error(&active).await?;
    assert!(matches!(error, LoginError::ExternalToken), "{error:?}");

    profile.access_token = None;
    scene.issuer.script(DEVICE, [scene.issuer.code()]);
    let demo =
        ActiveProfile::with_credential_store(profile, scene.paths(), Arc::new(MemoryStore::new()));
    demo.begin_login(SOON, || ()).await?;
    Ok(())
}

#[tokio::test]
async fn logging_out_revokes_and_deletes_the_login_and_keeps_the_account() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    let active = scene.active()?;

    let logged_out = active.logout(LogoutOptions::default()).await?;

    assert!(matches!(logged_out.revocation, Ok(Revocation::Revoked)));
    assert_eq!(logged_out.warning(), None);
    let revoked = scene.issuer.asked(REVOKE);
    let revoked = revoked.first().ok_or("never revoked")?;
    assert_eq!(revoked.field("token"), "refresh-1");
    assert_eq!(revoked.field("client_id"), "client");
    assert_eq!(scene.credentials().trim(), "{}");
    assert!(active.known_account().is_some());
    let bearer = scene.active()?.session().bearer().await;
    assert!(matches!(bearer, Err(AuthError::LoggedOut)), "{bearer:?}");

    let again = active.logout(LogoutOptions::default()).await?;
    assert!(matches!(again.revocation, Ok(Revocation::NothingToRevoke)));
    Ok(())
}

#[tokio::test]
async fn logging_out_offline_deletes_the_login_and_warns_what_stays_valid() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    scene.issuer.close();

    let logged_out = scene.active()?.logout(LogoutOptions::default()).await?;

    assert!(logged_out.revocation.is_err());
    let warning = logged_out.warning().ok_or("no warning")?;
    assert!(warning.contains("stays valid"), "{warning}");
    assert_eq!(scene.credentials().trim(), "{}");
    Ok(())
}

#[tokio::test]
async fn a_logout_in_the_browser_names_the_page_of_the_issuer() -> Tested {
    let scene = Scene::new()?;
    let logout = async || -> Result<_, Box<dyn Error>> {
        let leaving = LogoutOptions {
            browser: true,
            ..LogoutOptions::default()
        };
        let page = scene.active()?.logout(leaving).await?.page;
        Ok(page.ok_or("no page")?.to_string())
    };
    let url = scene.issuer.url();
    assert_eq!(logout().await?, format!("{url}v2/logout?client_id=client"));

    let mut own = document(&url);
    own["end_session_endpoint"] = json!(format!("{url}oidc/logout"));
    scene.issuer.script(DISCOVERY, [Reply::json(200, &own)]);
    assert_eq!(
        logout().await?,
        format!("{url}oidc/logout?client_id=client")
    );
    Ok(())
}

#[tokio::test]
async fn purging_deletes_this_accounts_data_and_no_other() -> Tested {
    let scene = Scene::new()?;
    let eve = scene.log_in(EVE, 1).await?;
    let active = scene.active()?;
    let folder = |path: &Path| path.parent().map(Path::to_owned).ok_or("no folder");
    let own = folder(&active.database(&eve.account))?;
    let other = own.with_file_name("another-account");
    fs::create_dir_all(&own)?;
    fs::create_dir_all(&other)?;
    // The outcome of the last refresh names the issuer.
    let outcome = active.refresh_lock().with_extension("refresh.json");
    fs::write(&outcome, "{}")?;

    let logged_out = active
        .logout(LogoutOptions {
            purge: true,
            ..LogoutOptions::default()
        })
        .await?;

    assert_eq!(logged_out.purged, Some(eve.account));
    assert!(!outcome.exists());
    assert!(!own.exists());
    assert!(other.exists());
    assert_eq!(active.known_account(), None);
    Ok(())
}

#[tokio::test]
async fn a_damaged_entry_does_not_prevent_logging_out_and_in() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    let credential_store = FileStore::new(scene.data().join("credentials.json"));
    let text = scene.credentials();
    let names: std::collections::BTreeMap<String, String> = serde_json::from_str(&text)?;
    for name in names.keys() {
        credential_store.set(name, &SecretString::from("rubbish"))?;
    }

    scene.active()?.logout(LogoutOptions::default()).await?;

    assert_eq!(scene.credentials().trim(), "{}");
    scene.log_in(EVE, 2).await?;
    Ok(())
}

#[tokio::test]
async fn a_login_can_wait_in_a_task_of_its_own() -> Tested {
    let scene = Scene::new()?;
    scene.approve(EVE, 1);
    let active = scene.active()?;
    let login = tokio::spawn(async move {
        let pending = active.begin_login(SOON, || ()).await?;
        pending.finish(None, |_| (), accept).await
    });
    assert_eq!(login.await??.account.sub, EVE);
    Ok(())
}
