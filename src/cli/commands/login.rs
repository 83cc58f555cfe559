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
use crate::cli::prompt::RawMode;
use crate::cli::shutdown::Shutdown;
use crate::cli::sync_skipped::WITHOUT_OFFLINE;
use crate::cli::{network, output};
use crate::profile::ActiveProfile;
use crate::profile::error::LoginError;
use crate::profile::login::{LoggedIn, PendingLogin};
use crate::profile::verify::verify;

mod keys;
mod printer;

use printer::{LoginPrinter, OutputMode};

/// The arguments of `login`.
#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct Arguments {
    /// Print the address and the code and wait; open no browser, read no keys
    #[arg(long)]
    device_code: bool,

    /// Do not open a browser
    #[arg(long)]
    no_browser: bool,

    /// Show the address as a QR code too
    #[arg(long)]
    qr: bool,

    /// Print events as JSON, one per line
    #[arg(long)]
    json: bool,

    /// Give up after this long
    #[arg(long, value_name = "D", value_parser = duration)]
    timeout: Option<Duration>,

    /// Print the address and the code, and exit; finish with `--resume`
    #[arg(long, conflicts_with = "resume")]
    start: bool,

    /// Finish a login started with `--start`, from any shell
    #[arg(long)]
    resume: bool,
}

impl Arguments {
    /// The arguments that `tudone --device-code` stands for.
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

    /// Adds `--device-code`.
    pub(crate) fn with_device_code(self) -> Self {
        Self {
            device_code: true,
            ..self
        }
    }
}

/// The time for the user to unlock the credential store, on a terminal.
const UNLOCK_LIMIT: Duration = Duration::from_mins(1);
/// The time limit of the credential store without a terminal.
const NO_TERMINAL_LIMIT: Duration = Duration::from_secs(3);

/// How long to wait until the tokens of a login that was given up are revoked.
const REVOKE_LIMIT: Duration = Duration::from_secs(10);

/// Logs in: shows a code, waits until it is approved, stores the login.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let profile = context.profile()?;
    if context.flags.offline {
        return Err(CliError::Unreachable {
            what: "a login needs the issuer".to_owned(),
            why: "--offline".to_owned(),
            help: WITHOUT_OFFLINE.to_owned(),
        });
    }
    let mode = if arguments.json {
        OutputMode::Json
    } else if !arguments.device_code && !arguments.start && context.can_ask() {
        OutputMode::Interactive
    } else {
        OutputMode::Plain
    };
    let opens = !arguments.no_browser && browser::expected().is_ok();
    let issuer = profile.config.connection.issuer.clone();
    let printer = Mutex::new(LoginPrinter::new(
        mode,
        arguments.qr,
        opens,
        issuer,
        context.paint(),
    ));
    let result = network::wait(None, log_in(context, &profile, arguments, &printer))
        .and_then(|result| result.unwrap_or(Err(CliError::Interrupted)));
    let mut printer = printer.into_inner().unwrap_or_else(PoisonError::into_inner);
    match result {
        Ok(Some(logged_in)) => {
            for warning in &logged_in.warnings {
                context.notice(format!("warning: {warning}"));
            }
            printer.done(&logged_in)?;
            notice_unsent_changes(context, &profile, &logged_in);
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => {
            let error = if matches!(error, CliError::Interrupted) {
                LoginError::Interrupted.into()
            } else {
                error
            };
            let shown = printer.failed(&error);
            finish_revoking(context, &profile);
            shown?;
            Err(error)
        }
    }
}

/// Waits until the tokens of a login that was given up are revoked.
fn finish_revoking(context: &CommandContext, profile: &ActiveProfile) {
    if profile.is_revoking() {
        let revoked = async { tokio::time::timeout(REVOKE_LIMIT, profile.finish_revoking()).await };
        // Neither a timeout nor a second Ctrl-C changes how the login ended.
        let _ = network::wait_saying(context, "the issuer to revoke this login", revoked);
    }
}

/// Prints a notice if the previous user's changes are not sent.
fn notice_unsent_changes(context: &CommandContext, profile: &ActiveProfile, login: &LoggedIn) {
    let Some(previous) = &login.switched_from else {
        return;
    };
    // An unreadable store is reported when that user opens it.
    let unsent = logout::totals(profile, previous)
        .map(|totals| totals.pending + totals.sent)
        .unwrap_or_default();
    if unsent > 0 {
        context.notice(format!(
            "{}; the changes of {} stay here until that user logs in again",
            logout::never_sent(unsent),
            previous.sub
        ));
    }
}

/// Carries out the login; returns `None` when it was only started.
async fn log_in(
    context: &CommandContext,
    profile: &ActiveProfile,
    arguments: &Arguments,
    printer: &Mutex<LoginPrinter>,
) -> Result<Option<LoggedIn>, CliError> {
    let began = Instant::now();
    let pending = begin(context, profile, arguments.resume);
    let pending = match arguments.timeout {
        Some(after) => tokio::time::timeout(after, pending)
            .await
            .unwrap_or(Err(AuthError::NoCode { after }.into()))?,
        None => pending.await?,
    };
    let limit = (arguments.timeout).map(|after| after.saturating_sub(began.elapsed()));
    let lock = || printer.lock().unwrap_or_else(PoisonError::into_inner);
    if arguments.start {
        let prompt = pending.park().await?;
        lock().code(&prompt)?;
        if !arguments.json {
            context.notice("approve the login, then run `tudone login --resume`");
        }
        return Ok(None);
    }
    // Before the keys are shown: a key pressed earlier would be read as part of a line,
    // and a signal would end the program in raw mode.
    let is_interactive = lock().is_interactive();
    let shutdown = is_interactive.then(Shutdown::listen_at_a_terminal);
    let shutdown = shutdown.transpose()?;
    let _raw = is_interactive.then(RawMode::enter).transpose()?;
    lock().code(pending.prompt())?;
    let endpoint = profile.config.connection.endpoint.clone();
    let login = pending.finish(
        limit,
        |event| lock().progress(event),
        |token| verify(endpoint, token),
    );
    let login = async {
        login
            .await
            .map_err(|error| with_total_time(error, arguments.timeout))
    };
    let Some(shutdown) = shutdown else {
        return Ok(Some(login.await?));
    };
    tokio::select! {
        result = login => Ok(Some(result?)),
        stopped = keys::listen(printer, shutdown) => Err(stopped),
    }
}

/// Requests a code, or resumes the unfinished login.
async fn begin(
    context: &CommandContext,
    profile: &ActiveProfile,
    resume: bool,
) -> Result<PendingLogin, LoginError> {
    if resume {
        return profile.resume_login().await;
    }
    let limit = if context.can_ask() {
        UNLOCK_LIMIT
    } else {
        NO_TERMINAL_LIMIT
    };
    let waiting = || output::notice(waiting_for(profile.config.credential_store));
    profile.begin_login(limit, waiting).await
}

const fn waiting_for(store: CredentialStoreKind) -> &'static str {
    match store {
        CredentialStoreKind::Keyring | CredentialStoreKind::Memory => {
            "waiting for your keyring to be unlocked"
        }
        CredentialStoreKind::File => {
            "waiting for another tudone process to release the credential file"
        }
        CredentialStoreKind::Command => "waiting for your credential helper",
    }
}

/// Replaces the remaining time in a timeout error by the whole time limit.
fn with_total_time(error: LoginError, timeout: Option<Duration>) -> LoginError {
    match (error, timeout) {
        (LoginError::Auth(AuthError::TimedOut { .. }), Some(after)) => {
            AuthError::TimedOut { after }.into()
        }
        (other, _) => other,
    }
}
