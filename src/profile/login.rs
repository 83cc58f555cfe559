//! Logging in: the same for the TUI and for commands.
//!
//! [`ActiveProfile::begin_login`] tries the credential store and gets a code;
//! the caller shows it; [`PendingLogin::finish`] waits for the user, asks the
//! backend one query and keeps the login. Dropping either leaves nothing.

mod examine;
mod keep;

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
use crate::auth::device::{DeviceFlow, Grant, Progress, Prompt};
use crate::auth::diagnosis::{Diagnosis, concerns_token};
use crate::auth::error::AuthError;
use crate::auth::revoke::revoke_unused;
use crate::auth::stored_login::{StoredDeviceLogin, StoredLogin};
use crate::domain::account::{Account, Identity};
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;
use crate::text::sanitize;

/// After which a user is told that the keyring may be waiting for them.
const KEYRING_PATIENCE: Duration = Duration::from_secs(1);

/// What the backend made of a new token, asked one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It answered.
    Accepted,
    /// It refused.
    Refused {
        /// Hasura's `extensions.code`.
        code: String,
        /// Its message.
        message: String,
    },
    /// It could not be asked.
    Unreachable {
        /// The reason.
        message: String,
    },
}

/// What is worth a word though the login came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginWarning {
    /// The login ends with the access token.
    NoRefreshToken,
    /// The backend could not be asked whether it takes the token.
    Unverified {
        /// The reason.
        message: String,
    },
}

impl fmt::Display for LoginWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRefreshToken => f.write_str(
                "no refresh token came, so this login ends with its access token; switch on \
                 Allow Offline Access for the API, the Refresh Token grant for the application, \
                 and allow it the scope offline_access, then log in again",
            ),
            Self::Unverified { message } => {
                write!(
                    f,
                    "the login is kept, but the backend did not confirm it: {message}"
                )
            }
        }
    }
}

/// A login that came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The account.
    pub account: Account,
    /// The user.
    pub identity: Identity,
    /// Where it is kept, as `status` says it.
    pub store: String,
    /// What is worth a word.
    pub warnings: Vec<LoginWarning>,
    /// The account the profile was logged in to before, if it was another.
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
    /// Tries the credential store, then asks for a code. One call to the store
    /// may wait `limit` for a user to unlock it (3 s where nobody is there,
    /// 60 s on a terminal); `on_waiting` is called once when it takes longer
    /// than a second.
    ///
    /// # Errors
    ///
    /// [`AuthError::CredentialStore`] when the store cannot be used: there is no other
    /// place the login would silently go to. Others from the issuer.
    pub async fn begin_login(
        &self,
        limit: Duration,
        on_waiting: impl FnOnce() + Send,
    ) -> Result<PendingLogin, LoginError> {
        self.may_log_in()?;
        self.probe(limit, on_waiting).await?;
        let flow = DeviceFlow::discover(&self.config.connection, self.pace).await?;
        let (prompt, device) = flow.start().await?;
        Ok(PendingLogin {
            profile: self.clone(),
            flow,
            prompt,
            device,
        })
    }

    /// Takes up a login that [`PendingLogin::park`] left, also in another
    /// process.
    ///
    /// # Errors
    ///
    /// [`LoginError::NothingToResume`] when none was left.
    pub async fn resume_login(&self) -> Result<PendingLogin, LoginError> {
        self.may_log_in()?;
        let kept = self.ask_vault(StoredLogin::device).await?;
        let StoredDeviceLogin { prompt, device } = kept.ok_or(LoginError::NothingToResume)?;
        let flow = DeviceFlow::discover(&self.config.connection, self.pace).await?;
        Ok(PendingLogin {
            profile: self.clone(),
            flow,
            prompt,
            device,
        })
    }

    fn may_log_in(&self) -> Result<(), LoginError> {
        if self.config.access_token.is_some() {
            return Err(LoginError::TokenGiven);
        }
        if self.config.credential_store == CredentialStoreKind::Memory && !self.external {
            return Err(LoginError::MemoryStore);
        }
        Ok(())
    }

    /// Tries the store on a thread of its own, which is left behind if this is
    /// given up: it may wait for a user.
    async fn probe(&self, limit: Duration, on_waiting: impl FnOnce()) -> Result<(), AuthError> {
        let (sender, mut answer) = oneshot::channel();
        let credential_store = Arc::clone(&self.credential_store);
        thread::spawn(move || {
            // Nobody may be waiting any more.
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

    /// Asks the vault on a thread that may block.
    pub(super) async fn ask_vault<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&StoredLogin) -> Result<T, CredentialStoreError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let kept = self.kept();
        match spawn_blocking(move || ask(&kept)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(AuthError::Ending),
        }
    }
}

impl PendingLogin {
    /// The prompt to show.
    #[must_use]
    pub const fn prompt(&self) -> &Prompt {
        &self.prompt
    }

    /// Leaves the login in the credential store for [`ActiveProfile::resume_login`].
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn park(self) -> Result<Prompt, LoginError> {
        let kept = StoredDeviceLogin {
            prompt: self.prompt.clone(),
            device: self.device,
        };
        self.profile
            .ask_vault(move |entries| entries.set_device(&kept))
            .await?;
        Ok(self.prompt)
    }

    /// Waits for the user until the code ends or `limit` has passed, asks
    /// the backend through `verify`, and keeps the login.
    ///
    /// # Errors
    ///
    /// When the user refuses or time is up; when the backend refuses the
    /// token (then nothing is kept); when the store fails.
    pub async fn finish<Verify, Answer>(
        self,
        limit: Option<Duration>,
        on_progress: impl FnMut(Progress) + Send,
        verify: Verify,
    ) -> Result<LoggedIn, LoginError>
    where
        Verify: FnOnce(AccessToken) -> Answer + Send,
        Answer: Future<Output = Verification> + Send,
    {
        let waited = self
            .flow
            .wait(&self.prompt, &self.device, limit, on_progress)
            .await;
        let grant = match waited {
            Ok(grant) => grant,
            Err(error) => return Err(self.given_up(error).await.into()),
        };
        let mut warnings = Vec::new();
        match verify(grant.access.clone()).await {
            Verification::Accepted => {}
            Verification::Refused { code, message } => {
                return Err(self.refused(&grant, &code, &message).await);
            }
            Verification::Unreachable { message } => {
                let message = sanitize::message(&message);
                warnings.push(LoginWarning::Unverified { message });
            }
        }
        if grant.refresh.is_none() {
            warnings.push(LoginWarning::NoRefreshToken);
        }
        let refresh = grant.refresh.clone();
        let done = self.profile.keep(grant, warnings).await;
        self.forget_parked().await;
        if let (Err(_), Some(token)) = (&done, refresh) {
            revoke_unused(&self.profile.config.connection, &token).await;
        }
        done
    }

    /// Forgets a parked login whose code is of no more use.
    async fn given_up(&self, error: AuthError) -> AuthError {
        let code_is_over = matches!(
            error,
            AuthError::Denied { .. }
                | AuthError::CodeExpired
                | AuthError::CodeSpent { .. }
                | AuthError::ApprovalLost { .. }
        );
        if code_is_over {
            self.forget_parked().await;
        }
        error
    }

    /// Says why the backend refuses, and makes the tokens, which nobody keeps,
    /// useless as far as that goes.
    async fn refused(&self, grant: &Grant, code: &str, message: &str) -> LoginError {
        let connection = &self.profile.config.connection;
        self.forget_parked().await;
        if let Some(token) = &grant.refresh {
            revoke_unused(connection, token).await;
        }
        let (code, message) = (sanitize::message(code), sanitize::message(message));
        let token = &grant.access.secret;
        let diagnosis = if concerns_token(&code) {
            let diagnosis = Diagnosis::of(token, connection, Timestamp::now());
            Some(if diagnosis == Diagnosis::LooksRight {
                Diagnosis::of_refusal(&message)
            } else {
                diagnosis
            })
        } else {
            Diagnosis::of_the_user_id(token)
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

    /// Best effort: an entry that stays is refused by the issuer later.
    async fn forget_parked(&self) {
        let device = self.device.clone();
        let own = move |kept: &StoredLogin| kept.forget_device_of(&device);
        if let Err(error) = self.profile.ask_vault(own).await {
            tracing::warn!(%error, "a finished device login was not removed");
        }
    }
}
