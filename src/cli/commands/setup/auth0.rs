//! `tudone setup auth0`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::secret::{self, SecretSource};
use super::{RepairOptions, profile_file};
use crate::auth::connection::Connection;
use crate::auth::diagnosis::{jwt_secret, jwt_secret_line};
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::network;
use crate::cli::output::{self, count_of_changes};
use crate::config::Config;
use crate::config::write::ProfileValues;
use crate::setup::StepKind;
use crate::setup::auth0::{
    ActionSecrets, Applied, Auth0Error, DEFAULT_AUDIENCE, DEFAULT_NAME, Management, TenantPlan,
    TenantState, TenantStep, Wanted, apply, tenant,
};
use crate::setup::hasura::HasuraAddress;
use crate::text::sanitize::plain;

/// The arguments of `setup auth0`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct Arguments {
    /// The tenant's domain, such as TENANT.eu.auth0.com
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: String,

    /// Read the token for the Management API from standard input
    #[arg(long, conflicts_with = "token_file")]
    pub(crate) token_stdin: bool,

    /// Read the token for the Management API from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Address of Hasura, which the Action calls [default: the profile's]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<HasuraAddress>,

    /// Read Hasura's admin secret from standard input
    #[arg(long, conflicts_with_all = ["admin_secret_file", "token_stdin"])]
    pub(crate) admin_secret_stdin: bool,

    /// Read Hasura's admin secret from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) admin_secret_file: Option<PathBuf>,

    /// The API's identifier [default: the profile's, else one of `todos.example`]
    #[arg(long, value_name = "ID")]
    pub(crate) audience: Option<String>,

    /// The application's name
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    pub(crate) name: String,

    /// Use this native application, whatever its name
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// Set the Action's secrets again, after Hasura's address or admin secret changed
    #[arg(long)]
    pub(crate) update_secrets: bool,

    /// Show the plan and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Apply the plan and write the profile without asking
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// Do not write the profile into config.toml
    #[arg(long)]
    pub(crate) no_config: bool,

    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Arguments {
    /// Arguments for the tenant `domain` and a Hasura at `endpoint`; asks before changes.
    pub(super) fn for_tenant(domain: String, endpoint: HasuraAddress) -> Self {
        Self {
            domain,
            token_stdin: false,
            token_file: None,
            endpoint: Some(endpoint),
            admin_secret_stdin: false,
            admin_secret_file: None,
            audience: None,
            name: DEFAULT_NAME.to_owned(),
            client_id: None,
            update_secrets: false,
            dry_run: false,
            yes: false,
            no_config: false,
            json: false,
        }
    }

    /// Arguments for a repair of `connection`; `update_secrets` if those of the Action are
    /// wrong.
    pub(super) fn repairing(
        connection: &Connection,
        endpoint: HasuraAddress,
        options: &RepairOptions,
        update_secrets: bool,
    ) -> Self {
        let domain = connection.issuer.clone();
        Self {
            token_file: options.token_file.clone(),
            admin_secret_file: options.admin_secret_file.clone(),
            audience: Some(connection.audience.clone()),
            client_id: Some(connection.client_id.clone()),
            yes: options.yes,
            update_secrets,
            ..Self::for_tenant(domain, endpoint)
        }
    }
}

/// Prepares the tenant: API, application, Action, binding; then writes the profile.
pub(super) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let source = SecretSource::new(arguments.token_stdin, arguments.token_file.as_deref());
    // A wrong domain is reported before a secret is requested.
    tenant(&arguments.domain)?;
    let token = secret::read(
        context,
        source,
        "token for Auth0's Management API",
        "--token-stdin",
    )?;
    run_with(context, arguments, token, None)
}

/// As [`run`], with a token and perhaps an admin secret that were read before.
pub(super) fn run_with(
    context: &CommandContext,
    arguments: &Arguments,
    token: SecretString,
    admin_secret: Option<SecretString>,
) -> Result<(), CliError> {
    let tenant = tenant(&arguments.domain)?;
    let known = known_profile(context, &tenant);
    let endpoint = (arguments.endpoint.as_ref())
        .map(HasuraAddress::endpoint)
        .or_else(|| {
            known
                .as_ref()
                .map(|it| it.profile.connection.endpoint.clone())
        });
    let wanted = wanted(arguments, known.as_ref());
    let mut management = Management::new(tenant, token)?;
    let state = waited(TenantState::read(&management, &wanted))?;
    let plan = TenantPlan::of(&state, &wanted);
    if !arguments.json {
        show_plan(&management, &plan)?;
    }
    if arguments.dry_run {
        return if arguments.json {
            answer_json(&management, &wanted, &plan, None, None)
        } else {
            Ok(())
        };
    }
    let applied = if plan.changes() == 0 {
        Applied {
            client_id: state.client_id().unwrap_or_default().to_owned(),
        }
    } else {
        if !arguments.yes {
            let question = format!(
                "Apply {} to {}?",
                count_of_changes(plan.changes()),
                management.host()
            );
            context.confirm(&question)?;
        }
        let secrets = action_secrets(context, arguments, &plan, endpoint.as_ref(), admin_secret)?;
        if let Some(secrets) = &secrets {
            management.hide(secrets.admin_secret.clone());
        }
        let on_step = |step: &TenantStep| {
            context.notice(format!(
                "{} {}: {}",
                step.kind.sign(),
                step.part.name(),
                step.text
            ));
        };
        waited(apply(
            &management,
            &state,
            &plan,
            &wanted,
            secrets.as_ref(),
            on_step,
        ))?
    };
    if !arguments.json {
        show_outcome(&management, &wanted, &applied)?;
    }
    let file = write_profile(context, arguments, &management, &wanted, &applied, endpoint)?;
    if arguments.json {
        answer_json(&management, &wanted, &plan, Some(&applied), file.as_deref())?;
    }
    Ok(())
}

/// Waits for the tenant until it answers or Ctrl-C.
fn waited<T>(work: impl Future<Output = Result<T, Auth0Error>>) -> Result<T, CliError> {
    let ended = network::wait(None, work)?;
    Ok(ended.ok_or(CliError::Interrupted)??)
}

/// The current profile, if it belongs to this tenant.
fn known_profile(context: &CommandContext, tenant: &Url) -> Option<Config> {
    let config = context.config().ok()?;
    (config.profile.connection.issuer == tenant.as_str()).then_some(config)
}

fn wanted(arguments: &Arguments, known: Option<&Config>) -> Wanted {
    let connection = known.map(|config| &config.profile.connection);
    let configured = connection.map(|connection| connection.audience.clone());
    Wanted {
        audience: (arguments.audience.clone())
            .or(configured)
            .unwrap_or_else(|| DEFAULT_AUDIENCE.to_owned()),
        name: arguments.name.clone(),
        client_id: (arguments.client_id.clone())
            .or_else(|| connection.map(|connection| connection.client_id.clone())),
        update_secrets: arguments.update_secrets,
    }
}

fn action_secrets(
    context: &CommandContext,
    arguments: &Arguments,
    plan: &TenantPlan,
    endpoint: Option<&Url>,
    admin_secret: Option<SecretString>,
) -> Result<Option<ActionSecrets>, CliError> {
    if !plan.sets_secrets() {
        return Ok(None);
    }
    let file = arguments.admin_secret_file.as_deref();
    let source = SecretSource::new(arguments.admin_secret_stdin, file);
    let endpoint = endpoint.cloned().ok_or(Auth0Error::SecretsMissing)?;
    if crate::http::is_loopback(&endpoint) {
        context.notice(
            "warning: Auth0 calls Hasura from the internet and cannot reach a loopback address; \
             use a tunnel",
        );
    }
    let read = || {
        secret::read(
            context,
            source,
            "admin secret of Hasura",
            "--admin-secret-file",
        )
    };
    Ok(Some(ActionSecrets {
        admin_secret: admin_secret.map_or_else(read, Ok)?,
        endpoint,
    }))
}

fn show_plan(management: &Management, plan: &TenantPlan) -> Result<(), CliError> {
    let mut out = output::stdout();
    writeln!(out, "{}:", management.host())?;
    for step in &plan.steps {
        let (sign, part) = (step.kind.sign(), step.part.name());
        writeln!(out, "{sign} {part:<12} {}", plain(&step.text))?;
    }
    if plan.changes() == 0 {
        writeln!(out, "no changes")?;
    }
    Ok(out.flush()?)
}

fn show_outcome(
    management: &Management,
    wanted: &Wanted,
    applied: &Applied,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    let line = jwt_secret_line(management.issuer(), &wanted.audience, None);
    let (client_id, audience) = (plain(&applied.client_id), plain(&wanted.audience));
    writeln!(
        out,
        "\nclient id   {client_id}\naudience    {audience}\nissuer      {}\n\n\
         For Hasura's environment:\n{line}\n\n\
         For the tutorial's React page (in the options of its Auth0 client):\n\
         audience: \"{audience}\",",
        management.issuer(),
    )?;
    Ok(out.flush()?)
}

/// Writes the profile unless `--no-config` is given; returns the file.
fn write_profile(
    context: &CommandContext,
    arguments: &Arguments,
    management: &Management,
    wanted: &Wanted,
    applied: &Applied,
    endpoint: Option<Url>,
) -> Result<Option<PathBuf>, CliError> {
    if arguments.no_config {
        return Ok(None);
    }
    let Some(endpoint) = endpoint else {
        context.notice("no profile written: add --endpoint URL to write one");
        return Ok(None);
    };
    let values = ProfileValues {
        issuer: management.issuer().to_owned(),
        client_id: applied.client_id.clone(),
        audience: wanted.audience.clone(),
        endpoint: endpoint.to_string(),
    };
    profile_file::write(context, &values, arguments.yes)
}

fn answer_json(
    management: &Management,
    wanted: &Wanted,
    plan: &TenantPlan,
    applied: Option<&Applied>,
    file: Option<&Path>,
) -> Result<(), CliError> {
    let steps: Vec<Value> = plan
        .steps
        .iter()
        .map(
            |step| json!({"part": step.part.name(), "action": step.kind.name(), "text": step.text}),
        )
        .collect();
    let is_changed = plan.steps.iter().any(|step| step.kind != StepKind::Keep);
    let answer = json!({
        "plan": steps,
        "applied": applied.is_some() && is_changed,
        "client_id": applied.map(|applied| &applied.client_id),
        "audience": wanted.audience,
        "issuer": management.issuer(),
        "jwt_secret": jwt_secret(management.issuer(), &wanted.audience, None),
        "config": file,
    });
    let mut out = output::stdout();
    output::json(&mut out, &answer)?;
    Ok(out.flush()?)
}
