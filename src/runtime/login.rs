//! A login, from the code to the kept token.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::Msg;
use crate::app::login::{LoginId, LoginNews};
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;
use crate::profile::login::LoggedIn;
use crate::profile::verify::verify;
use crate::text::causes;

/// How long a user may take to unlock the credential store.
const UNLOCKING: Duration = Duration::from_mins(1);

/// Goes through a login and says how it ended; what the user must see on the
/// way is told as it happens. Dropping it cancels the login.
pub(super) async fn run(
    profile: ActiveProfile,
    id: LoginId,
    facts: mpsc::Sender<Msg>,
) -> LoginNews {
    match log_in(&profile, id, &facts).await {
        Ok(done) => LoginNews::Done {
            account: done.account,
            identity: done.identity,
            warning: done.warnings.first().map(ToString::to_string),
        },
        Err(error) => LoginNews::Failed {
            message: causes::on_one_line(&error),
            help: error.help(),
        },
    }
}

async fn log_in(
    profile: &ActiveProfile,
    id: LoginId,
    facts: &mpsc::Sender<Msg>,
) -> Result<LoggedIn, LoginError> {
    // Where the channel is full the screen is behind anyway: what is dropped
    // here is told again, or overtaken.
    let tell = |news| drop(facts.try_send(Msg::Login { id, news }));
    let connection = &profile.config.connection;
    let login = profile
        .begin_login(UNLOCKING, || tell(LoginNews::Unlocking))
        .await?;
    let prompt = login.prompt().clone();
    let openable = prompt.openable(&connection.issuer).is_some();
    let code = LoginNews::Code { prompt, openable };
    // This one must not get lost. A loop that is gone cancels the login.
    let _ = facts.send(Msg::Login { id, news: code }).await;
    let endpoint = connection.endpoint.clone();
    login
        .finish(
            None,
            |progress| tell(LoginNews::Progress(progress)),
            |token| {
                tell(LoginNews::Verifying);
                verify(endpoint, token)
            },
        )
        .await
}
