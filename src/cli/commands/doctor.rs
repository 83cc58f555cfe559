//! `tudone doctor`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use reqwest::Url;
use serde_json::json;

use crate::cli::color::{Paint, Role};
use crate::cli::commands::setup::{self, RepairOptions};
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::{network, output};
use crate::doctor::{self, DoctorOptions, DoctorReport};
use crate::finding::{Finding, Status, has_failed};
use crate::profile::ActiveProfile;
use crate::text::sanitize::plain;

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,

    /// Fix what `setup` can fix, after asking, then check again
    #[arg(long, conflicts_with = "json")]
    fix: bool,

    /// With --fix: apply the plans without asking
    #[arg(short, long, requires = "fix")]
    yes: bool,

    /// With --fix: read Hasura's admin secret from this file
    #[arg(long, value_name = "FILE", requires = "fix")]
    admin_secret_file: Option<PathBuf>,

    /// With --fix: read the token for Auth0's Management API from this file
    #[arg(long, value_name = "FILE", requires = "fix")]
    token_file: Option<PathBuf>,
}

/// How long the user may take to unlock the credential store.
const UNLOCKING: Duration = Duration::from_mins(1);
/// As [`UNLOCKING`], without a terminal.
const UNATTENDED: Duration = Duration::from_secs(3);
/// The width of the column of checks.
const CHECK_WIDTH: usize = 16;

/// Checks everything from the configuration to live updates.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    if arguments.json {
        let findings = findings(context, &mut |_| {})?;
        let mut out = output::stdout();
        let document = json!({"ok": !has_failed(&findings), "checks": findings});
        output::json(&mut out, &document)?;
        out.flush()?;
        return outcome(&findings);
    }
    let mut findings = print_findings(context)?;
    if arguments.fix && findings.iter().any(needs_attention) {
        let options = RepairOptions {
            admin_secret_file: arguments.admin_secret_file.clone(),
            token_file: arguments.token_file.clone(),
            yes: arguments.yes,
        };
        if setup::repair(context, &findings, &options)? {
            findings = print_findings(context)?;
        } else {
            context.notice("setup cannot fix any of this");
        }
    }
    outcome(&findings)
}

/// Prints each finding as it comes.
pub(crate) fn print_findings(context: &CommandContext) -> Result<Vec<Finding>, CliError> {
    let mut printer = Printer::new(context.paint());
    let findings = findings(context, &mut |finding| printer.print(finding))?;
    printer.outcome?;
    Ok(findings)
}

/// Prints these findings.
pub(crate) fn print_some(context: &CommandContext, findings: &[Finding]) -> Result<(), CliError> {
    let mut printer = Printer::new(context.paint());
    for finding in findings {
        printer.print(finding);
    }
    Ok(printer.outcome?)
}

/// Runs the checks of an endpoint that need no profile, and prints them.
pub(crate) fn print_endpoint(
    context: &CommandContext,
    endpoint: &Url,
) -> Result<Vec<Finding>, CliError> {
    let mut printer = Printer::new(context.paint());
    let mut print = |finding: &Finding| printer.print(finding);
    let mut report = DoctorReport::new(&mut print);
    network::wait(None, doctor::examine_endpoint(endpoint, &mut report))?;
    let findings = report.into_findings();
    printer.outcome?;
    Ok(findings)
}

/// Returns an error if a check failed.
pub(crate) fn outcome(findings: &[Finding]) -> Result<(), CliError> {
    let failed: Vec<&Finding> = findings
        .iter()
        .filter(|it| it.status == Status::Failed)
        .collect();
    match failed.first() {
        None => Ok(()),
        Some(first) => Err(CliError::Doctor {
            failed: failed.len(),
            code: first.code,
        }),
    }
}

const fn needs_attention(finding: &Finding) -> bool {
    matches!(finding.status, Status::Failed | Status::Warning)
}

/// Runs every check and passes each finding to `on_finding` as it comes.
pub(crate) fn findings(
    context: &CommandContext,
    on_finding: &mut dyn FnMut(&Finding),
) -> Result<Vec<Finding>, CliError> {
    let mut report = DoctorReport::new(on_finding);
    let config = match context.config() {
        Ok(config) => config,
        Err(CliError::Config(error)) => {
            doctor::without_config(&error, &mut report);
            return Ok(report.into_findings());
        }
        Err(error) => return Err(error),
    };
    let profile = ActiveProfile::new(config.profile, config.paths);
    let options = DoctorOptions {
        offline: context.flags.offline,
        unlock_limit: if context.can_ask() {
            UNLOCKING
        } else {
            UNATTENDED
        },
    };
    let session = profile.session();
    let examined = doctor::examine(&profile, &session, &options, &mut report);
    network::wait_using(context, &session, examined)?;
    Ok(report.into_findings())
}

/// Prints findings as lines: highlights the first failure, dims what follows.
#[derive(Debug)]
pub(crate) struct Printer {
    paint: Paint,
    has_failed: bool,
    outcome: io::Result<()>,
}

impl Printer {
    /// A printer with these colours.
    pub(crate) const fn new(paint: Paint) -> Self {
        Self {
            paint,
            has_failed: false,
            outcome: Ok(()),
        }
    }

    /// Prints one finding; the first error of the output is kept.
    pub(crate) fn print(&mut self, finding: &Finding) {
        if self.outcome.is_ok() {
            let mut out = output::stdout();
            self.outcome = self.write(&mut out, finding).and_then(|()| out.flush());
        }
        self.has_failed |= finding.status == Status::Failed;
    }

    fn write(&self, out: &mut impl Write, finding: &Finding) -> io::Result<()> {
        let role = match finding.status {
            Status::Failed if !self.has_failed => Some(Role::Error),
            Status::Skipped => Some(Role::Muted),
            _ if self.has_failed => Some(Role::Muted),
            Status::Ok | Status::Warning | Status::Failed => None,
        };
        let (on, off) = match role {
            Some(role) => (self.paint.on(role), self.paint.off()),
            None => ("", ""),
        };
        let (sign, check) = (finding.status.sign(), finding.check);
        let message = lines(&finding.message, 2 + CHECK_WIDTH + 2);
        writeln!(out, "{on}{sign} {check:<CHECK_WIDTH$}  {message}{off}")?;
        if !matches!(finding.status, Status::Failed | Status::Warning) {
            return Ok(());
        }
        let muted = if self.has_failed {
            (self.paint.on(Role::Muted), self.paint.off())
        } else {
            ("", "")
        };
        let code = format!("`tudone help doctor {}` explains it", finding.code);
        let details = [
            ("sent", finding.sent.as_deref()),
            ("received", finding.received.as_deref()),
            ("fix", finding.help.as_deref()),
            ("paste", finding.fix.as_deref()),
            ("more", Some(code.as_str())),
        ];
        for (name, text) in details {
            if let Some(text) = text {
                let text = lines(text, 14);
                writeln!(out, "{}    {name:<8}  {text}{}", muted.0, muted.1)?;
            }
        }
        Ok(())
    }
}

/// Sanitises text of several lines, and indents each after the first by `indent`.
fn lines(text: &str, indent: usize) -> String {
    let separator = format!("\n{:indent$}", "");
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.join(&separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(findings: &[Finding]) -> Result<String, Box<dyn std::error::Error>> {
        let mut printer = Printer::new(Paint::none());
        let mut out = Vec::new();
        for finding in findings {
            printer.write(&mut out, finding)?;
            printer.has_failed |= finding.status == Status::Failed;
        }
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn a_failed_check_says_what_was_sent_what_came_back_and_what_to_paste()
    -> Result<(), Box<dyn std::error::Error>> {
        let text = printed(&[
            Finding::ok("config", "profile `home`"),
            Finding::failed("endpoint-path", "not GraphQL")
                .exchange("POST https://h/", "HTTP 404, \u{1b}[2Jtext")
                .help("Set `endpoint`.")
                .fix("endpoint = \"https://h/v1/graphql\""),
            Finding::skipped("anonymous", "needs the endpoint"),
        ])?;

        assert_eq!(
            text,
            "✓ config            profile `home`\n\
             ✗ endpoint          not GraphQL\n    \
                 sent      POST https://h/\n    \
                 received  HTTP 404, ␛[2Jtext\n    \
                 fix       Set `endpoint`.\n    \
                 paste     endpoint = \"https://h/v1/graphql\"\n    \
                 more      `tudone help doctor endpoint-path` explains it\n\
             · anonymous         needs the endpoint\n"
        );
        Ok(())
    }
}
