//! Tokens that a login or a logout leaves unused are revoked at the issuer.

use std::future::pending;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, pin};

use secrecy::SecretString;
use tokio::sync::oneshot;
use tudone::auth::credential_store::file::FileStore;
use tudone::auth::credential_store::{CredentialStore, CredentialStoreError};
use tudone::auth::revoke::Revocation;
use tudone::auth::time_scale::TimeScale;
use tudone::os::file_lock::FileLock;
use tudone::profile::ActiveProfile;
use tudone::profile::error::LoginError;
use tudone::profile::login::Verification;
use tudone::profile::logout::LogoutOptions;

use crate::issuer::{DISCOVERY, REVOKE, Reply, Tested};
use crate::profile::{ADAM, EVE, SOON, Scene, accept, revoked};

fn done() -> Reply {
    Reply::Send(200, vec![], vec![])
}

/// Deletes the tokens of the stored login, as a refresh does that the issuer refuses.
fn end_login(scene: &Scene) -> Tested {
    let credential_store = FileStore::new(scene.data().join("credentials.json"));
    let entries: serde_json::Map<_, _> = serde_json::from_str(&scene.credentials())?;
    let is_token = |name: &&String| name.ends_with(".access") || name.ends_with(".refresh");
    for name in entries.keys().filter(is_token) {
        credential_store.delete(name)?;
    }
    Ok(())
}

#[tokio::test]
async fn the_replaced_login_is_revoked_too_where_the_new_one_cannot_be_stored() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    // A directory where the file is to be that names the account.
    let account = scene.data().join("profiles/home.json");
    fs::remove_file(&account)?;
    fs::create_dir_all(account.join("full"))?;
    scene.approve(ADAM, 2);

    let failed = scene.login(Verification::Accepted).await?;

    assert!(
        matches!(failed, Err(LoginError::Files { .. })),
        "{failed:?}"
    );
    assert_eq!(revoked(&scene), ["refresh-1", "refresh-2"]);
    assert!(!scene.credentials().contains("refresh-"));
    Ok(())
}

#[tokio::test]
async fn earlier_logins_of_another_user_are_revoked_also_when_the_last_has_ended() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    scene.log_in(EVE, 2).await?;
    end_login(&scene)?;

    scene.log_in(ADAM, 3).await?;

    assert_eq!(revoked(&scene), ["refresh-1"]);
    assert!(!scene.credentials().contains("refresh-1"));
    Ok(())
}

#[tokio::test]
async fn earlier_logins_of_the_same_user_wait_for_the_logout_also_when_the_last_has_ended() -> Tested
{
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    scene.log_in(EVE, 2).await?;
    end_login(&scene)?;

    scene.log_in(EVE, 3).await?;
    assert!(revoked(&scene).is_empty());

    scene.active()?.logout(LogoutOptions::default()).await?;
    assert_eq!(revoked(&scene), ["refresh-1", "refresh-3"]);
    Ok(())
}

#[tokio::test]
async fn a_logout_revokes_all_logins_at_the_same_time_and_asks_for_the_address_once() -> Tested {
    let scene = Scene::new()?;
    for serial in 1..=3 {
        scene.log_in(EVE, serial).await?;
    }
    // The first answer waits until all have been asked for.
    let (all_are_there, wait) = mpsc::channel();
    let last = move || {
        let _ = all_are_there.send(());
    };
    scene.issuer.script(
        REVOKE,
        [
            Reply::When(wait, Box::new(done())),
            done(),
            Reply::After(Box::new(last), Box::new(done())),
        ],
    );
    let discovered = scene.issuer.asked(DISCOVERY).len();

    let logged_out = scene.active()?.logout(LogoutOptions::default()).await?;

    assert!(
        matches!(logged_out.revocation, Ok(Revocation::Revoked)),
        "{logged_out:?}"
    );
    assert_eq!(revoked(&scene), ["refresh-1", "refresh-2", "refresh-3"]);
    assert_eq!(scene.issuer.asked(DISCOVERY).len(), discovered + 1);
    Ok(())
}

#[tokio::test]
async fn one_failed_revocation_does_not_prevent_the_others() -> Tested {
    let scene = Scene::new()?;
    for serial in 1..=3 {
        scene.log_in(EVE, serial).await?;
    }
    scene.issuer.script(REVOKE, [Reply::page(502)]);

    let logged_out = scene.active()?.logout(LogoutOptions::default()).await?;

    assert!(logged_out.revocation.is_err(), "{logged_out:?}");
    assert_eq!(revoked(&scene).len(), 3);
    Ok(())
}

#[tokio::test]
async fn dropping_a_login_waits_for_nothing_and_the_profile_waits_for_the_revocation() -> Tested {
    let scene = Scene::new()?;
    scene.approve(EVE, 1);
    let (answer, wait) = mpsc::channel();
    scene
        .issuer
        .script(REVOKE, [Reply::When(wait, Box::new(done()))]);
    let active = scene.active()?;
    let (granted, was_granted) = oneshot::channel();
    let login = active.begin_login(SOON, || ()).await?.finish(
        None,
        |_| (),
        async move |_| {
            let _ = granted.send(());
            pending().await
        },
    );
    tokio::select! {
        ended = login => return Err(format!("{ended:?}").into()),
        granted = was_granted => granted?,
    }

    // The issuer does not answer before it is told to.
    assert!(active.is_revoking());
    answer.send(())?;
    active.finish_revoking().await;

    assert_eq!(revoked(&scene), ["refresh-1"]);
    assert!(!active.is_revoking());
    Ok(())
}

/// A credential file that, once, does not store a refresh token before it is told to.
#[derive(Debug)]
struct Slow {
    inner: FileStore,
    stores: Mutex<Option<(oneshot::Sender<()>, Receiver<()>)>>,
}

impl Slow {
    fn new(inner: FileStore) -> (Self, oneshot::Receiver<()>, Sender<()>) {
        let (begins, has_begun) = oneshot::channel();
        let (go_on, wait) = mpsc::channel();
        let stores = Mutex::new(Some((begins, wait)));
        (Self { inner, stores }, has_begun, go_on)
    }
}

impl CredentialStore for Slow {
    fn get(&self, name: &str) -> Result<Option<SecretString>, CredentialStoreError> {
        self.inner.get(name)
    }
    fn set(&self, name: &str, secret: &SecretString) -> Result<(), CredentialStoreError> {
        if name.ends_with(".refresh") {
            let stores = self.stores.lock();
            let stores = stores.unwrap_or_else(PoisonError::into_inner).take();
            if let Some((begins, wait)) = stores {
                let _ = begins.send(());
                let _ = wait.recv();
            }
        }
        self.inner.set(name, secret)
    }
    fn delete(&self, name: &str) -> Result<(), CredentialStoreError> {
        self.inner.delete(name)
    }
    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[tokio::test]
async fn a_login_dropped_while_it_is_being_stored_stays_and_keeps_its_lock_until_then() -> Tested {
    let scene = Scene::new()?;
    scene.log_in(EVE, 1).await?;
    scene.approve(ADAM, 2);
    let file = FileStore::new(scene.data().join("credentials.json"));
    let (store, has_begun, go_on) = Slow::new(file);
    let active =
        ActiveProfile::with_credential_store(scene.profile()?, scene.paths(), Arc::new(store))
            .with_time_scale(TimeScale::faster(1000));
    let pending = active.begin_login(SOON, || ()).await?;
    {
        let login = pin::pin!(pending.finish(None, |_| (), accept));
        tokio::select! {
            ended = login => return Err(format!("{ended:?}").into()),
            begun = has_begun => begun?,
        }
    }

    assert!(FileLock::is_taken(&active.refresh_lock()));
    go_on.send(())?;
    active.finish_revoking().await;

    assert_eq!(revoked(&scene), ["refresh-1"]);
    assert!(scene.credentials().contains("refresh-2"));
    let known = scene.active()?.known_account().ok_or("no account")?;
    assert_eq!(known.account.sub, ADAM);
    Ok(())
}
