//! `tudone setup` alone: the whole way as questions, each step checked by `doctor`.

use std::io::{self, BufRead as _, Write as _};
use std::str::FromStr;

use secrecy::SecretString;

use super::secret::{self, SecretSource};
use super::steps::Steps;
use super::{auth0, hasura};
use crate::auth::diagnosis::jwt_secret_line;
use crate::cli::commands::{doctor, login};
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::finding::Finding;
use crate::setup::hasura::HasuraAddress;

/// Leads from nothing to a login. What is right already is left out, so a run that was
/// interrupted is continued by the next.
pub(crate) fn run(context: &CommandContext) -> Result<(), CliError> {
    if !context.can_ask() {
        return Err(CliError::usage(
            "`setup` alone asks questions, and this is not a terminal",
            "Run `tudone setup hasura` and `tudone setup auth0`; `tudone help setup` lists both.",
        ));
    }
    say(
        "tudone needs a Hasura, which stores your todos, and an Auth0 tenant, which logs you in.\n\
         Each step shows its plan and asks before it changes anything. Ctrl-C stops; the next run\n\
         continues here. Secrets are asked for without showing them, and are not stored.\n",
    )?;
    let steps = Steps::of(&doctor::findings(context, &mut |_| {})?);
    if steps.is_any() {
        let mut admin_secret = None;
        if steps.hasura {
            hasura_step(context, &mut admin_secret)?;
        } else {
            say("1. Hasura is ready.")?;
        }
        if steps.auth0 {
            auth0_step(context, admin_secret)?;
        } else {
            say("2. Auth0 is ready.")?;
        }
        if steps.jwt_secret {
            jwt_secret_step(context)?;
        } else {
            say("3. Hasura takes the tokens.")?;
        }
        if steps.login {
            say("\n4. Log in.")?;
            login::run(context, &login::Arguments::default())?;
        }
    }
    say("\nThe whole way, checked:")?;
    doctor::print_findings(context).map(|_: Vec<Finding>| ())
}

/// Makes tables and permissions, and keeps the admin secret for the Action.
fn hasura_step(
    context: &CommandContext,
    admin_secret: &mut Option<SecretString>,
) -> Result<(), CliError> {
    say("\n1. Hasura: tables and permissions.\n\
         Auth0 calls it at each login, so its address must be reachable from the internet.")?;
    let configured = context.config().ok();
    let configured = configured.map(|it| it.profile.connection.endpoint.to_string());
    let address: HasuraAddress = ask("Address of Hasura", configured.as_deref())?;
    let source = SecretSource::Prompt;
    let secret = secret::read(context, source, "admin secret", "--admin-secret-stdin")?;
    hasura::run_with(context, &hasura::Arguments::at(address), secret.clone())?;
    *admin_secret = Some(secret);
    Ok(())
}

/// Makes API, application and Action, and writes the profile.
fn auth0_step(
    context: &CommandContext,
    admin_secret: Option<SecretString>,
) -> Result<(), CliError> {
    say(&format!(
        "\n2. Auth0: API, application and Action.\n{}",
        crate::setup::auth0::error::where_to_get_the_token()
    ))?;
    let configured = context.config().ok().map(|it| it.profile.connection);
    let domain = configured.as_ref().and_then(|connection| {
        let issuer = reqwest::Url::parse(&connection.issuer).ok()?;
        Some(crate::http::authority(&issuer))
    });
    let domain: String = ask("Domain of the tenant", domain.as_deref())?;
    let endpoint = configured.map(|connection| connection.endpoint.to_string());
    let endpoint: HasuraAddress = ask("Address of Hasura", endpoint.as_deref())?;
    let source = SecretSource::Prompt;
    let token = secret::read(
        context,
        source,
        "token for Auth0's Management API",
        "--token-stdin",
    )?;
    let arguments = auth0::Arguments::for_tenant(domain, endpoint);
    auth0::run_with(context, &arguments, token, admin_secret)
}

/// Shows the line for Hasura's environment and waits until it is there.
fn jwt_secret_step(context: &CommandContext) -> Result<(), CliError> {
    let connection = context.config()?.profile.connection;
    let line = jwt_secret_line(&connection.issuer, &connection.audience, None);
    say(&format!(
        "\n3. Hasura's environment: set this line and restart Hasura.\n{line}"
    ))?;
    let _: String = ask("Press Enter when it is done", Some("done"))?;
    Ok(())
}

fn say(text: &str) -> Result<(), CliError> {
    let mut out = output::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Asks until the answer can be used; Enter alone takes what is configured.
fn ask<T: FromStr>(question: &str, configured: Option<&str>) -> Result<T, CliError>
where
    T::Err: std::fmt::Display,
{
    loop {
        let shown = configured.map_or_else(String::new, |text| format!(" [{text}]"));
        let mut stderr = io::stderr().lock();
        write!(stderr, "{question}{shown}: ")
            .and_then(|()| stderr.flush())
            .map_err(CliError::io("ask on the terminal"))?;
        drop(stderr);
        let mut answer = String::new();
        let read = io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(CliError::io("read the answer"))?;
        if read == 0 {
            return Err(CliError::Cancelled);
        }
        let answer = match answer.trim() {
            "" => configured.unwrap_or(""),
            text => text,
        };
        if answer.is_empty() {
            continue;
        }
        match answer.parse() {
            Ok(parsed) => return Ok(parsed),
            Err(error) => output::notice(format!("the answer {error}")),
        }
    }
}
