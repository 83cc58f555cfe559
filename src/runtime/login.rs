//! Carries out a login, from the code to the stored token.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::Msg;
use crate::app::login::{LoginEvent, LoginId};
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;
use crate::profile::login::LoggedIn;
use crate::profile::verify::verify;
use crate::text::causes;

/// How long a user may take to unlock the credential store.
const UNLOCK_LIMIT: Duration = Duration::from_mins(1);

/// Carries out a login and returns its outcome; sends its progress as messages.
/// Dropping the future cancels the login.
pub(super) async fn run(
    profile: ActiveProfile,
    id: LoginId,
    messages: mpsc::Sender<Msg>,
) -> LoginEvent {
    match log_in(&profile, id, &messages).await {
        Ok(done) => LoginEvent::Done {
            account: done.account,
            identity: done.identity,
            warning: done.warnings.first().map(ToString::to_string),
        },
        Err(error) => LoginEvent::Failed {
            message: causes::on_one_line(&error),
            help: error.help(),
        },
    }
}

async fn log_in(
    profile: &ActiveProfile,
    id: LoginId,
    messages: &mpsc::Sender<Msg>,
) -> Result<LoggedIn, LoginError> {
    // A full channel means that the screen is behind: progress may be dropped.
    let report = |event| drop(messages.try_send(Msg::Login { id, event }));
    let connection = &profile.config.connection;
    let login = profile
        .begin_login(UNLOCK_LIMIT, || report(LoginEvent::Unlocking))
        .await?;
    let prompt = login.prompt().clone();
    let openable = prompt.openable(&connection.issuer).is_some();
    let code = LoginEvent::Code { prompt, openable };
    // The code must not get lost. The end of the loop cancels the login.
    let _ = messages.send(Msg::Login { id, event: code }).await;
    let endpoint = connection.endpoint.clone();
    login
        .finish(
            None,
            |progress| report(LoginEvent::Progress(progress)),
            |token| {
                report(LoginEvent::Verifying);
                verify(endpoint, token)
            },
        )
        .await
}
