//! Login, for the TUI and the commands.
//!
//! [`ActiveProfile::begin_login`] tests the credential store and obtains a code;
//! the caller shows it; [`PendingLogin::finish`] waits for the user, sends the
//! backend one query and stores the login. Dropping either stores nothing; tokens that
//! were issued are then revoked, see [`ActiveProfile::finish_revoking`].

mod checks;
mod save;
mod unused;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::auth::access::AccessToken;
use crate::auth::credential_store::{CredentialStoreError, CredentialStoreKind};
use crate::auth::device::{DeviceFlow, Grant, PollEvent, Prompt};
use crate::auth::diagnosis::{Diagnosis, is_token_error};
use crate::auth::error::AuthError;
use crate::auth::stored_login::{StoredDeviceLogin, StoredLogin};
use crate::domain::account::{Account, Identity};
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;
use crate::text::sanitize;

use unused::UnusedTokens;

pub(super) use unused::RevokingThreads;

/// The time after which the user is informed that the keyring may be locked.
const KEYRING_PATIENCE: Duration = Duration::from_secs(1);

/// The backend's answer to the first query with a new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// The backend answered.
    Accepted,
    /// The backend rejected the token or the query.
    Refused {
        /// Hasura's `extensions.code`.
        code: String,
        /// Its message.
        message: String,
    },
    /// The backend could not be reached.
    Unreachable {
        /// The reason.
        message: String,
    },
}

/// Warnings of a successful login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginWarning {
    /// The login expires with the access token.
    NoRefreshToken,
    /// The backend could not be reached to verify the token.
    Unverified {
        /// The reason.
        message: String,
    },
}

impl fmt::Display for LoginWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRefreshToken => f.write_str(
                "the issuer sent no refresh token, so this login expires with its access token; \
                 enable Allow Offline Access for the API and the Refresh Token grant and the scope \
                 offline_access for the application, then log in again",
            ),
            Self::Unverified { message } => {
                write!(
                    f,
                    "the login is stored, but the backend did not confirm it: {message}"
                )
            }
        }
    }
}

/// A successful login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The account.
    pub account: Account,
    /// The user.
    pub identity: Identity,
    /// The credential store, as `status` describes it.
    pub store: String,
    /// Warnings to print.
    pub warnings: Vec<LoginWarning>,
    /// The previous account of the profile, if it was another one.
    pub switched_from: Option<Account>,
}

/// A login that waits for approval.
#[derive(Debug)]
pub struct PendingLogin {
    profile: ActiveProfile,
    flow: DeviceFlow,
    prompt: Prompt,
    device: SecretString,
}

impl ActiveProfile {
    /// Tests the credential store, then requests a code. One call to the store may
    /// wait `limit` for the user to unlock it (60 s on a terminal, else 3 s);
    /// `on_waiting` is called once when it takes longer than a second.
    ///
    /// # Errors
    ///
    /// [`AuthError::CredentialStore`] when the store cannot be used: there is no
    /// silent fallback to another one. Others from the issuer.
    pub async fn begin_login(
        &self,
        limit: Duration,
        on_waiting: impl FnOnce() + Send,
    ) -> Result<PendingLogin, LoginError> {
        self.check_login_allowed()?;
        self.probe(limit, on_waiting).await?;
        let flow = DeviceFlow::discover(&self.config.connection, self.time_scale).await?;
        let (prompt, device) = flow.start().await?;
        Ok(PendingLogin {
            profile: self.clone(),
            flow,
            prompt,
            device,
        })
    }

    /// Resumes a login that [`PendingLogin::park`] stored, also in another process.
    ///
    /// # Errors
    ///
    /// [`LoginError::NothingToResume`] when none is stored.
    pub async fn resume_login(&self) -> Result<PendingLogin, LoginError> {
        self.check_login_allowed()?;
        let parked = self.with_stored_login(StoredLogin::device).await?;
        let StoredDeviceLogin { prompt, device } = parked.ok_or(LoginError::NothingToResume)?;
        let flow = DeviceFlow::discover(&self.config.connection, self.time_scale).await?;
        Ok(PendingLogin {
            profile: self.clone(),
            flow,
            prompt,
            device,
        })
    }

    fn check_login_allowed(&self) -> Result<(), LoginError> {
        if self.config.access_token.is_some() {
            return Err(LoginError::ExternalToken);
        }
        if self.config.credential_store == CredentialStoreKind::Memory && !self.external {
            return Err(LoginError::MemoryStore);
        }
        Ok(())
    }

    /// Tests the store on a separate thread, which outlives a dropped future: it
    /// may be waiting for the user.
    async fn probe(&self, limit: Duration, on_waiting: impl FnOnce()) -> Result<(), AuthError> {
        let (sender, mut answer) = oneshot::channel();
        let credential_store = Arc::clone(&self.credential_store);
        thread::spawn(move || {
            // The receiver may have been dropped.
            let _ = sender.send(credential_store.probe(limit));
        });
        let answer = tokio::select! {
            answer = &mut answer => answer,
            () = tokio::time::sleep(KEYRING_PATIENCE) => {
                on_waiting();
                answer.await
            }
        };
        Ok(answer.unwrap_or(Err(CredentialStoreError::RoundTripMismatch))?)
    }

    /// Calls the credential store on a blocking thread.
    pub(super) async fn with_stored_login<T: Send + 'static>(
        &self,
        call: impl FnOnce(&StoredLogin) -> Result<T, CredentialStoreError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let stored = self.stored_login();
        match spawn_blocking(move || call(&stored)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(AuthError::ShuttingDown),
        }
    }
}

impl PendingLogin {
    /// The prompt to show.
    #[must_use]
    pub const fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// Stores the unfinished login for [`ActiveProfile::resume_login`].
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn park(self) -> Result<Prompt, LoginError> {
        let parked = StoredDeviceLogin {
            prompt: self.prompt.clone(),
            device: self.device,
        };
        self.profile
            .with_stored_login(move |stored| stored.set_device(&parked))
            .await?;
        Ok(self.prompt)
    }

    /// Waits for the user until the code expires or `limit` has passed, queries the
    /// backend through `verify`, and stores the login.
    ///
    /// # Errors
    ///
    /// When the user denies the login or the time is up; when the backend rejects
    /// the token (then nothing is stored); when the store fails.
    pub async fn finish<Verify, Answer>(
        self,
        limit: Option<Duration>,
        on_event: impl FnMut(PollEvent) + Send,
        verify: Verify,
    ) -> Result<LoggedIn, LoginError>
    where
        Verify: FnOnce(AccessToken) -> Answer + Send,
        Answer: Future<Output = Verification> + Send,
    {
        let waited = self
            .flow
            .wait(&self.prompt, &self.device, limit, on_event)
            .await;
        let grant = match waited {
            Ok(grant) => grant,
            Err(error) => {
                if ends_code(&error) {
                    self.delete_parked().await;
                }
                return Err(error.into());
            }
        };
        let unused = UnusedTokens::new(&self.profile, grant.refresh.clone());
        let mut warnings = Vec::new();
        match verify(grant.access.clone()).await {
            Verification::Accepted => {}
            Verification::Refused { code, message } => {
                let error = self.rejected(&grant, &code, &message).await;
                unused.revoke().await;
                return Err(error);
            }
            Verification::Unreachable { message } => {
                let message = sanitize::message(&message);
                warnings.push(LoginWarning::Unverified { message });
            }
        }
        if grant.refresh.is_none() {
            warnings.push(LoginWarning::NoRefreshToken);
        }
        let saved = self.profile.save_login(grant, warnings, &unused).await;
        self.delete_parked().await;
        unused.revoke().await;
        saved
    }

    /// Diagnoses the rejection of a grant.
    async fn rejected(&self, grant: &Grant, code: &str, message: &str) -> LoginError {
        let connection = &self.profile.config.connection;
        self.delete_parked().await;
        let (code, message) = (sanitize::message(code), sanitize::message(message));
        let token = &grant.access.secret;
        let diagnosis = if is_token_error(&code) {
            let diagnosis = Diagnosis::of(token, connection, Timestamp::now());
            Some(if diagnosis == Diagnosis::LooksRight {
                Diagnosis::of_rejection(&message)
            } else {
                diagnosis
            })
        } else {
            Diagnosis::of_user_id(token)
        };
        match diagnosis {
            Some(diagnosis) => LoginError::TokenRefused {
                code,
                message,
                fix: diagnosis.finding(connection, None).fix.map(Into::into),
                diagnosis,
            },
            None => LoginError::QueryRefused { code, message },
        }
    }

    /// Deletes the parked login. Best effort: the issuer rejects a used code.
    async fn delete_parked(&self) {
        let device = self.device.clone();
        let delete = move |stored: &StoredLogin| stored.delete_device_if(&device);
        if let Err(error) = self.profile.with_stored_login(delete).await {
            tracing::warn!(%error, "a finished device login was not deleted");
        }
    }
}

/// Returns whether the code can no longer be used.
fn ends_code(error: &AuthError) -> bool {
    matches!(
        error,
        AuthError::Denied { .. }
            | AuthError::CodeExpired
            | AuthError::CodeUsed { .. }
            | AuthError::ApprovalLost { .. }
    )
}
