//! `tudone setup` alone: the whole setup as questions, each step checked by `doctor`.

use std::collections::BTreeSet;

use secrecy::SecretString;

use super::answers::Answers;
use super::secret::{self, SecretSource};
use super::steps::SetupStep;
use super::{auth0, hasura};
use crate::auth::diagnosis::jwt_secret_line;
use crate::cli::commands::{doctor, login};
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::report::{self, ErrorFormat};
use crate::cli::{output, prompt};
use crate::finding::{Finding, Status};
use crate::http::authority;
use crate::setup::FailureKind;
use crate::setup::auth0::tenant;
use crate::setup::hasura::HasuraAddress;

const INTRODUCTION: &str = "\
tudone needs two services: your own Hasura, which stores your todos, and an
Auth0 tenant, which logs you in. Free plans are enough. You need Hasura's
address and admin secret, and a token for Auth0's Management API.

Each step shows its plan and asks before it changes anything. Ctrl-C stops;
`tudone setup` then continues where you stopped. Secrets are neither shown nor
stored.";

const HASURA: &str = "\
Auth0 calls Hasura at each login, so it needs an address that is reachable from
the internet. No Hasura yet? Hasura Cloud offers one, or `tudone setup export
DIR` writes a compose file.";

/// Guides from no configuration to a login. Skips what is right already, so the next run
/// continues an interrupted one.
pub(crate) fn run(context: &CommandContext) -> Result<(), CliError> {
    if !context.can_ask() {
        return Err(CliError::usage(
            "`setup` alone asks questions, and this is not a terminal",
            "Run `tudone setup hasura` and `tudone setup auth0`; `tudone help setup` lists both.",
        ));
    }
    output::line(INTRODUCTION)?;
    let mut guide = Guide::new(context);
    let mut findings = doctor::findings(context, &mut |_| {})?;
    while let Some(step) = guide.next(&findings) {
        guide.take(step)?;
        findings = doctor::findings(context, &mut |_| {})?;
        doctor::print_some(context, &checked(step, &findings))?;
    }
    output::line("\nFinal check of everything:")?;
    let findings = doctor::print_findings(context)?;
    doctor::outcome(&findings)?;
    Answers::forget();
    output::line("\nYour todos are ready: run `tudone`.")
}

/// The findings of `doctor` about a step; those about Hasura were shown before.
fn checked(step: SetupStep, findings: &[Finding]) -> Vec<Finding> {
    let of_step = |it: &&Finding| {
        step != SetupStep::Hasura
            && step.checks().contains(&it.check)
            && it.status != Status::Skipped
    };
    findings.iter().filter(of_step).cloned().collect()
}

/// State of the guided setup.
struct Guide<'a> {
    context: &'a CommandContext,
    answers: Answers,
    admin_secret: Option<SecretString>,
    done: BTreeSet<SetupStep>,
}

impl<'a> Guide<'a> {
    fn new(context: &'a CommandContext) -> Self {
        Self {
            context,
            answers: Answers::load(),
            admin_secret: None,
            done: BTreeSet::new(),
        }
    }

    /// The next step that `findings` need; none is taken twice.
    fn next(&self, findings: &[Finding]) -> Option<SetupStep> {
        let mut due = SetupStep::due(findings);
        if self.done.contains(&SetupStep::Auth0) {
            // Hasura may not accept the tokens of the new API yet.
            due.insert(SetupStep::JwtSecret);
        }
        due.difference(&self.done).next().copied()
    }

    fn take(&mut self, step: SetupStep) -> Result<(), CliError> {
        self.announce(step)?;
        self.done.insert(step);
        match step {
            SetupStep::Hasura => self.repeat_until_right(Self::hasura),
            SetupStep::Auth0 => self.repeat_until_right(Self::auth0),
            SetupStep::JwtSecret => self.jwt_secret(),
            SetupStep::Login => self.login(),
        }
    }

    fn announce(&self, step: SetupStep) -> Result<(), CliError> {
        let numbered = || (1..).zip(SetupStep::ALL);
        if self.done.is_empty() {
            for (number, earlier) in numbered().filter(|(_, it)| *it < step) {
                output::line(&format!(
                    "\nStep {number} of 4 looks right: {}",
                    earlier.title()
                ))?;
            }
        }
        let number = numbered().find(|(_, it)| *it == step).map_or(0, |it| it.0);
        output::line(&format!("\nStep {number} of 4. {}", step.title()))
    }

    /// Repeats a step while it fails because of its answers.
    fn repeat_until_right(
        &mut self,
        step: impl Fn(&mut Self) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        loop {
            match step(self) {
                Err(error) if can_be_corrected(&error) => {
                    let format = ErrorFormat::Text(output::error_paint(self.context.flags.color));
                    report::report(&error, format);
                    output::line("\nPlease answer again; Ctrl-C stops.")?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Creates tables and permissions, and keeps the admin secret for the Action.
    fn hasura(&mut self) -> Result<(), CliError> {
        output::line(HASURA)?;
        let known = self.configured(|connection| connection.endpoint.to_string());
        let known = known.or_else(|| self.answers.hasura.clone());
        let address = ask("Address of Hasura", known.as_deref(), address_of)?;
        self.answers.hasura = Some(address.to_string());
        self.answers.keep();
        let source = SecretSource::Prompt;
        let secret = secret::read(self.context, source, "admin secret", "--admin-secret-stdin")?;
        let endpoint = address.endpoint();
        hasura::run_with(
            self.context,
            &hasura::Arguments::at(address),
            secret.clone(),
        )?;
        self.admin_secret = Some(secret);
        doctor::outcome(&doctor::print_endpoint(self.context, &endpoint)?)
    }

    /// Creates API, application and Action, and writes the profile.
    fn auth0(&mut self) -> Result<(), CliError> {
        output::line(&crate::setup::auth0::error::token_help())?;
        let known = self.configured(|connection| {
            let issuer = reqwest::Url::parse(&connection.issuer);
            issuer.map(|it| authority(&it)).unwrap_or_default()
        });
        let known = known.or_else(|| self.answers.domain.clone());
        let domain = ask("Domain of the tenant", known.as_deref(), |text| {
            tenant(text).map_err(|error| format!("{error}. {}", error.help()))?;
            Ok(text.to_owned())
        })?;
        self.answers.domain = Some(domain.clone());
        self.answers.keep();
        let known = self.configured(|connection| connection.endpoint.to_string());
        let known = known.or_else(|| self.answers.hasura.clone());
        let address = known.and_then(|address| address.parse().ok());
        let address = match address {
            Some(address) => address,
            None => ask("Address of Hasura", None, address_of)?,
        };
        let name = "token for Auth0's Management API";
        let token = secret::read(self.context, SecretSource::Prompt, name, "--token-stdin")?;
        let arguments = auth0::Arguments::for_tenant(domain, address);
        let admin_secret = self.admin_secret.clone();
        auth0::run_with(self.context, &arguments, token, admin_secret)?;
        // Without a profile the setup cannot continue.
        self.context.config().map(|_| ())
    }

    /// Shows the line for Hasura's environment and waits until Hasura has it.
    fn jwt_secret(&self) -> Result<(), CliError> {
        let connection = self.context.config()?.profile.connection;
        let line = jwt_secret_line(&connection.issuer, &connection.audience, None);
        loop {
            output::line(&format!("Set this line and restart Hasura:\n\n{line}\n"))?;
            let answer = prompt::line("Press Enter when it is done: ")?;
            if answer.is_none() {
                return Err(CliError::Cancelled);
            }
            let findings = doctor::findings(self.context, &mut |_| {})?;
            let wrong = checked(SetupStep::JwtSecret, &findings);
            let wrong: Vec<Finding> = wrong
                .into_iter()
                .filter(|it| it.status == Status::Failed)
                .collect();
            if wrong.is_empty() {
                return Ok(());
            }
            doctor::print_some(self.context, &wrong)?;
        }
    }

    /// Logs in. If Hasura rejects the token, repeats the step of the JWT secret first.
    fn login(&mut self) -> Result<(), CliError> {
        let error = match login::run(self.context, &login::Arguments::default()) {
            Err(error @ CliError::Login(_)) => error,
            outcome => return outcome,
        };
        let rejected = error
            .finding()
            .filter(|finding| finding.check == "accepted");
        if rejected.is_none() {
            return Err(error);
        }
        report::report(
            &error,
            ErrorFormat::Text(output::error_paint(self.context.flags.color)),
        );
        self.jwt_secret()?;
        login::run(self.context, &login::Arguments::default())
    }

    /// A value of the profile, if there is one.
    fn configured(
        &self,
        value: impl Fn(&crate::auth::connection::Connection) -> String,
    ) -> Option<String> {
        let config = self.context.config().ok()?;
        Some(value(&config.profile.connection))
    }
}

/// Returns whether other answers may help.
fn can_be_corrected(error: &CliError) -> bool {
    let kind = if let CliError::Hasura(error) = error {
        error.kind()
    } else if let CliError::Auth0(error) = error {
        error.kind()
    } else {
        // An empty secret.
        return matches!(error, CliError::Usage { .. });
    };
    matches!(kind, FailureKind::Misconfigured | FailureKind::Unreachable)
}

fn address_of(text: &str) -> Result<HasuraAddress, String> {
    text.parse().map_err(|error| format!("the address {error}"))
}

/// Asks until the answer is valid; Enter alone takes the known value.
fn ask<T>(
    question: &str,
    known: Option<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, CliError> {
    let shown = known.map_or_else(String::new, |text| format!(" [{text}]"));
    loop {
        let typed = prompt::line(&format!("{question}{shown}: "))?.ok_or(CliError::Cancelled)?;
        let answer = match typed.trim() {
            "" => known.unwrap_or(""),
            text => text,
        };
        if answer.is_empty() {
            continue;
        }
        match parse(answer) {
            Ok(parsed) => return Ok(parsed),
            Err(problem) => output::notice(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanations_fit_80_columns() {
        for line in INTRODUCTION.lines().chain(HASURA.lines()) {
            assert!(line.len() <= 80, "{line}");
        }
    }
}
