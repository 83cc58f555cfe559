//! `tudone setup hasura`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;
use serde_json::json;

use super::RepairOptions;
use super::secret::{self, SecretSource};
use crate::cli::color::Role;
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::network;
use crate::cli::output::{self, Out, count_of_changes};
use crate::setup::StepKind;
use crate::setup::hasura::{BackendPart, BackendPlan, HasuraAddress, HasuraSetup, PartKind};
use crate::text::sanitize::plain;

/// The arguments of `setup hasura`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is one flag")]
pub(crate) struct Arguments {
    /// Address of Hasura, with or without /v1/graphql
    #[arg(long, value_name = "URL")]
    endpoint: HasuraAddress,

    /// Read the admin secret from standard input
    #[arg(long, conflicts_with = "admin_secret_file")]
    admin_secret_stdin: bool,

    /// Read the admin secret from a file
    #[arg(long, value_name = "FILE")]
    admin_secret_file: Option<PathBuf>,

    /// The PostgreSQL source with the tables
    #[arg(long, value_name = "NAME", default_value = "default")]
    source: String,

    /// Show the plan and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Apply the plan without asking
    #[arg(short, long)]
    yes: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Arguments for a Hasura at `address`; asks before changes.
    pub(super) fn at(address: HasuraAddress) -> Self {
        Self {
            endpoint: address,
            admin_secret_stdin: false,
            admin_secret_file: None,
            source: "default".to_owned(),
            dry_run: false,
            yes: false,
            json: false,
        }
    }

    /// As [`Arguments::at`], for a repair.
    pub(super) fn repairing(address: HasuraAddress, options: &RepairOptions) -> Self {
        Self {
            admin_secret_file: options.admin_secret_file.clone(),
            yes: options.yes,
            ..Self::at(address)
        }
    }
}

/// Shows what is missing in Hasura, and creates it.
pub(super) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    if context.flags.offline {
        return Err(CliError::usage(
            "setup hasura needs the network",
            "Run it without --offline.",
        ));
    }
    let file = arguments.admin_secret_file.as_deref();
    let source = SecretSource::new(arguments.admin_secret_stdin, file);
    let secret = secret::read(context, source, "admin secret", "--admin-secret-stdin")?;
    run_with(context, arguments, secret)
}

/// As [`run`], with a secret that was read before.
pub(super) fn run_with(
    context: &CommandContext,
    arguments: &Arguments,
    secret: SecretString,
) -> Result<(), CliError> {
    let setup = HasuraSetup::new(&arguments.endpoint, secret, arguments.source.as_str())?;
    let planned = online(setup.plan())??;
    let plan = planned.plan();
    let mut out = output::stdout();
    if !arguments.json {
        show(context, &mut out, &arguments.endpoint, plan)?;
        out.flush()?;
    }
    let changes = plan.changes();
    let is_due = changes > 0 && !arguments.dry_run;
    if is_due && !arguments.yes {
        context.confirm(&format!("Apply {} to Hasura?", count_of_changes(changes)))?;
    }
    let applied = is_due
        .then(|| online(setup.apply(&planned)))
        .transpose()?
        .transpose()?;
    if arguments.json {
        let answer = json!({
            "endpoint": arguments.endpoint.endpoint().as_str(),
            "hasura": plan.hasura,
            "source": plan.source,
            "changes": changes,
            "applied": applied.is_some(),
            "plan": plan.parts,
            "notes": applied.as_ref().map_or(&plan.notes, |after| &after.notes),
        });
        output::json(&mut out, &answer)?;
        return Ok(out.flush()?);
    }
    match &applied {
        Some(after) => {
            let new = after.notes.iter().filter(|note| !plan.notes.contains(note));
            for note in new {
                writeln!(out, "! {}", plain(note))?;
            }
            writeln!(
                out,
                "applied {}; checked as role user",
                count_of_changes(changes)
            )?;
        }
        None if changes == 0 => writeln!(out, "no changes")?,
        None => writeln!(out, "{} to apply (--dry-run)", count_of_changes(changes))?,
    }
    if changes == 0 || applied.is_some() {
        let endpoint = arguments.endpoint.endpoint();
        writeln!(out, "endpoint = \"{}\"", plain(endpoint.as_str()))?;
    }
    Ok(out.flush()?)
}

/// Waits for Hasura; Ctrl-C ends it.
fn online<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    network::wait(None, work)?.ok_or(CliError::Interrupted)
}

fn show(
    context: &CommandContext,
    out: &mut Out,
    address: &HasuraAddress,
    plan: &BackendPlan,
) -> Result<(), CliError> {
    let paint = context.paint();
    let (version, source) = (plain(&plan.hasura), plain(&plan.source));
    writeln!(
        out,
        "Hasura {version} at {}, source `{source}`",
        plain(&address.to_string())
    )?;
    for part in plan.parts.iter().filter(|part| is_shown(plan, part)) {
        let role = match part.mark {
            StepKind::Keep => Role::Muted,
            StepKind::Create | StepKind::Change => Role::Strong,
        };
        let (on, off) = (paint.on(role), paint.off());
        let (sign, word, name) = (part.mark.sign(), part.kind.word(), plain(&part.name));
        write!(out, "  {on}{sign} {word:<10} {name}{off}")?;
        match &part.detail {
            Some(detail) => writeln!(out, ": {}", plain(detail))?,
            None => writeln!(out)?,
        }
    }
    for note in &plan.notes {
        writeln!(out, "! {}", plain(note))?;
    }
    Ok(())
}

/// Returns whether to show a part: not the columns of a new table, nor small parts that
/// exist already.
fn is_shown(plan: &BackendPlan, part: &BackendPart) -> bool {
    match (part.mark, part.kind) {
        (StepKind::Create, PartKind::Column) => {
            let table = part.name.split('.').next().unwrap_or_default();
            !plan.parts.iter().any(|other| {
                other.kind == PartKind::Table && other.is_change() && other.name == table
            })
        }
        (StepKind::Create | StepKind::Change, _)
        | (
            StepKind::Keep,
            PartKind::Table | PartKind::View | PartKind::Tracked | PartKind::Permission,
        ) => true,
        (StepKind::Keep, _) => false,
    }
}
