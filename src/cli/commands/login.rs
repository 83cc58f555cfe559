//! `tudone login`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;

use crate::auth::credential_store::CredentialStoreKind;
use crate::auth::error::AuthError;
use crate::browser;
use crate::cli::commands::logout;
use crate::cli::context::CommandContext;
use crate::cli::duration::duration;
use crate::cli::error::CliError;
use crate::cli::sync_skipped::WITHOUT_OFFLINE;
use crate::cli::{network, output};
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;
use crate::profile::login::{LoggedIn, PendingLogin};
use crate::profile::verify::verify;

mod keys;
mod printer;

use printer::{LoginPrinter, OutputMode};

/// What `login` takes.
#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct Arguments {
    /// Ask nothing and open nothing: print the address and the code, and wait
    #[arg(long)]
    device_code: bool,

    /// Do not open a browser
    #[arg(long)]
    no_browser: bool,

    /// Show the address as a QR code too
    #[arg(long)]
    qr: bool,

    /// Tell what happens as JSON, one event a line
    #[arg(long)]
    json: bool,

    /// Give up after this long
    #[arg(long, value_name = "D", value_parser = duration)]
    timeout: Option<Duration>,

    /// Print the address and the code, and end; `--resume` finishes
    #[arg(long, conflicts_with = "resume")]
    start: bool,

    /// Finish a login begun with `--start`, from any shell
    #[arg(long)]
    resume: bool,
}

impl Arguments {
    /// As `tudone --device-code` means it.
    pub(crate) fn by_device_code(json: bool) -> Self {
        Self {
            device_code: true,
            no_browser: false,
            qr: false,
            json,
            timeout: None,
            start: false,
            resume: false,
        }
    }

    /// With `--device-code`.
    pub(crate) fn with_device_code(self) -> Self {
        Self {
            device_code: true,
            ..self
        }
    }
}

/// How long the credential store may wait for a user to unlock it.
const UNLOCKING: Duration = Duration::from_mins(1);
/// As [`UNLOCKING`], where nobody is there to do it.
const NOBODY: Duration = Duration::from_secs(3);

/// Logs in: shows a code, waits until it is approved elsewhere, keeps the login.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let profile = context.profile()?;
    if context.flags.offline {
        return Err(CliError::Unreachable {
            what: "a login needs the issuer".to_owned(),
            why: "--offline".to_owned(),
            help: WITHOUT_OFFLINE.to_owned(),
        });
    }
    let voice = if arguments.json {
        OutputMode::Json
    } else if !arguments.device_code && !arguments.start && context.can_ask() {
        OutputMode::Person
    } else {
        OutputMode::Plain
    };
    let opens = !arguments.no_browser && browser::expected().is_ok();
    let issuer = profile.config.connection.issuer.clone();
    let printer = Mutex::new(LoginPrinter::new(
        voice,
        arguments.qr,
        opens,
        issuer,
        context.paint(),
    ));
    // Without a limit of time there is always an end.
    let ended = network::wait(None, log_in(context, &profile, arguments, &printer))
        .and_then(|ended| ended.unwrap_or(Err(CliError::Interrupted)));
    let mut printer = printer.into_inner().unwrap_or_else(PoisonError::into_inner);
    match ended {
        Ok(Some(done)) => {
            for warning in &done.warnings {
                context.notice(format!("warning: {warning}"));
            }
            printer.done(&done)?;
            tell_what_stays(context, &profile, &done);
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => {
            let error = if matches!(error, CliError::Interrupted) {
                LoginError::Interrupted.into()
            } else {
                error
            };
            printer.failed(&error)?;
            Err(error)
        }
    }
}

/// What another user has not sent is theirs, and easily forgotten.
fn tell_what_stays(context: &CommandContext, profile: &ActiveProfile, done: &LoggedIn) {
    let Some(before) = &done.switched_from else {
        return;
    };
    // A store that cannot be read says so to whoever opens it.
    let unsent = logout::totals(profile, before)
        .map(|totals| totals.pending + totals.sent)
        .unwrap_or_default();
    if unsent > 0 {
        context.notice(format!(
            "{}; what {} changed stays here until that person logs in again",
            logout::never_sent(unsent),
            before.sub
        ));
    }
}

/// Goes through the login; `None` when it was only begun.
async fn log_in(
    context: &CommandContext,
    profile: &ActiveProfile,
    arguments: &Arguments,
    printer: &Mutex<LoginPrinter>,
) -> Result<Option<LoggedIn>, CliError> {
    let began = Instant::now();
    let start = begin(context, profile, arguments.resume);
    let pending = match arguments.timeout {
        Some(after) => tokio::time::timeout(after, start)
            .await
            .unwrap_or(Err(AuthError::NoCode { after }.into()))?,
        None => start.await?,
    };
    let limit = (arguments.timeout).map(|after| after.saturating_sub(began.elapsed()));
    let teller_now = || printer.lock().unwrap_or_else(PoisonError::into_inner);
    if arguments.start {
        let prompt = pending.park().await?;
        teller_now().code(&prompt)?;
        if !arguments.json {
            context.notice("`tudone login --resume` finishes this login, once it is approved");
        }
        return Ok(None);
    }
    // Before the keys are offered: one pressed earlier would be lost as a line.
    let is_for_a_person = teller_now().is_for_a_person();
    let raw = is_for_a_person.then(keys::Raw::enter).transpose()?;
    teller_now().code(pending.prompt())?;
    let endpoint = profile.config.connection.endpoint.clone();
    let login = pending.finish(
        limit,
        |progress| teller_now().progress(progress),
        |token| verify(endpoint, token),
    );
    let login = async {
        login
            .await
            .map_err(|error| in_all(error, arguments.timeout))
    };
    if raw.is_none() {
        return Ok(Some(login.await?));
    }
    tokio::select! {
        ended = login => Ok(Some(ended?)),
        stopped = keys::listen(printer) => Err(stopped),
    }
}

/// Gets a code, or takes up the login that waits to be finished.
async fn begin(
    context: &CommandContext,
    profile: &ActiveProfile,
    resume: bool,
) -> Result<PendingLogin, LoginError> {
    if resume {
        return profile.resume_login().await;
    }
    let patience = if context.can_ask() { UNLOCKING } else { NOBODY };
    let waiting = || output::notice(waiting_for(profile.config.credential_store));
    profile.begin_login(patience, waiting).await
}

const fn waiting_for(store: CredentialStoreKind) -> &'static str {
    match store {
        CredentialStoreKind::Keyring | CredentialStoreKind::Memory => {
            "waiting for your keyring to be unlocked"
        }
        CredentialStoreKind::File => "waiting for another tudone to leave the credential file",
        CredentialStoreKind::Command => "waiting for your credential helper",
    }
}

/// A login that ran out of time had all of it, not only what the code took.
fn in_all(error: LoginError, timeout: Option<Duration>) -> LoginError {
    match (error, timeout) {
        (LoginError::Auth(AuthError::TimedOut { .. }), Some(after)) => {
            AuthError::TimedOut { after }.into()
        }
        (other, _) => other,
    }
}
