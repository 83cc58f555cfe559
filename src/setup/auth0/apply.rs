//! Application of a plan. Each step is idempotent: the next run completes an interrupted one.

use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::setup::StepKind;
use crate::setup::auth0::{
    Auth0Error, Management, TenantObject, TenantPlan, TenantState, TenantStep, Wanted,
};
use crate::text::sanitize::message as plain;

/// The time limit for building or deploying the Action.
const BUILD_LIMIT: Duration = Duration::from_secs(90);

/// The secrets with which the Action reaches Hasura.
#[derive(Debug, Clone)]
pub struct ActionSecrets {
    /// Hasura's GraphQL endpoint.
    pub endpoint: Url,
    /// Hasura's admin secret.
    pub admin_secret: SecretString,
}

/// The result of a setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The application's client id.
    pub client_id: String,
}

/// Applies `plan`, then reads the tenant again and requires that nothing is left to change.
///
/// # Errors
///
/// See [`Auth0Error`]. Applied steps are not undone.
pub async fn apply(
    management: &Management,
    state: &TenantState,
    plan: &TenantPlan,
    wanted: &Wanted,
    secrets: Option<&ActionSecrets>,
    mut on_step: impl FnMut(&TenantStep),
) -> Result<Applied, Auth0Error> {
    if plan.sets_secrets() && secrets.is_none() {
        return Err(Auth0Error::SecretsMissing);
    }
    for step in &plan.steps {
        if step.kind == StepKind::Keep {
            continue;
        }
        on_step(step);
        carry_out(management, state, step, wanted, secrets).await?;
    }
    let wanted = Wanted {
        update_secrets: false,
        ..wanted.clone()
    };
    let after = TenantState::read(management, &wanted).await?;
    let left = TenantPlan::of(&after, &wanted);
    if let (0, Some(client_id)) = (left.changes(), after.client_id()) {
        return Ok(Applied {
            client_id: client_id.to_owned(),
        });
    }
    let parts = left.steps.iter().filter(|it| it.kind != StepKind::Keep);
    let parts: Vec<&str> = parts.map(|step| step.text.as_str()).collect();
    Err(Auth0Error::NotDeployed {
        status: format!("still to change: {}", parts.join("; ")),
    })
}

async fn carry_out(
    management: &Management,
    state: &TenantState,
    step: &TenantStep,
    wanted: &Wanted,
    secrets: Option<&ActionSecrets>,
) -> Result<(), Auth0Error> {
    let existing = |object: Option<&Value>, name: &str| id(object, name);
    match (step.part, step.kind) {
        (_, StepKind::Keep) => {}
        (TenantObject::Api, StepKind::Create) => {
            management.post("resource-servers", &step.body).await?;
        }
        (TenantObject::Api, StepKind::Change) => {
            let id = existing(state.api.as_ref(), "id")?;
            let path = format!("resource-servers/{id}");
            management.patch(&path, &step.body).await?;
        }
        (TenantObject::Application, StepKind::Create) => {
            management.post("clients", &step.body).await?;
        }
        (TenantObject::Application, StepKind::Change) => {
            let id = existing(state.application.as_ref(), "client_id")?;
            management
                .patch(&format!("clients/{id}"), &step.body)
                .await?;
        }
        (TenantObject::Action, _) => action(management, state, step, wanted, secrets).await?,
        (TenantObject::Binding, _) => {
            let path = "actions/triggers/post-login/bindings";
            management.patch(path, &step.body).await?;
        }
    }
    Ok(())
}

/// Saves the Action, waits for its build, deploys it and waits for the deployment.
async fn action(
    management: &Management,
    state: &TenantState,
    step: &TenantStep,
    wanted: &Wanted,
    secrets: Option<&ActionSecrets>,
) -> Result<(), Auth0Error> {
    let mut body = step.body.as_object().cloned().unwrap_or_default();
    if step.sets_secrets {
        let secrets = secrets.ok_or(Auth0Error::SecretsMissing)?;
        add_secrets(&mut body, secrets, wanted);
    }
    let body = Value::Object(body);
    let id = if step.kind == StepKind::Create {
        let made = management.post("actions/actions", &body).await?;
        id(Some(&made), "id")?
    } else {
        let id = id(state.action.as_ref(), "id")?;
        if body.as_object().is_some_and(|body| !body.is_empty()) {
            management
                .patch(&format!("actions/actions/{id}"), &body)
                .await?;
        }
        id
    };
    wait_until(management, &id, is_built).await?;
    management.deploy(&id).await?;
    wait_until(management, &id, is_deployed).await
}

fn add_secrets(body: &mut Map<String, Value>, secrets: &ActionSecrets, wanted: &Wanted) {
    let secrets = json!([
        {"name": "HASURA_URL", "value": secrets.endpoint.as_str()},
        {"name": "HASURA_ADMIN_SECRET", "value": secrets.admin_secret.expose_secret()},
        {"name": "API_AUDIENCE", "value": wanted.audience},
    ]);
    body.insert("secrets".to_owned(), secrets);
}

fn is_built(action: &Value) -> Option<bool> {
    match action.get("status").and_then(Value::as_str) {
        Some("built") => Some(true),
        Some("failed") => Some(false),
        Some(_) | None => None,
    }
}

fn is_deployed(action: &Value) -> Option<bool> {
    match action.get("all_changes_deployed") {
        Some(Value::Bool(true)) => Some(true),
        Some(_) | None => None,
    }
}

/// Polls the Action until `is_done` decides.
async fn wait_until(
    management: &Management,
    id: &str,
    is_done: fn(&Value) -> Option<bool>,
) -> Result<(), Auth0Error> {
    let deadline = Instant::now() + BUILD_LIMIT;
    loop {
        let action = management.get(&format!("actions/actions/{id}")).await?;
        let status = action.get("status").and_then(Value::as_str).unwrap_or("?");
        let status = plain(status);
        match is_done(&action) {
            Some(true) => return Ok(()),
            Some(false) => return Err(Auth0Error::NotDeployed { status }),
            None if Instant::now() >= deadline => return Err(Auth0Error::NotDeployed { status }),
            None => {}
        }
    }
}

/// Returns the member `name` of an object, checked for use in a path.
fn id(object: Option<&Value>, name: &str) -> Result<String, Auth0Error> {
    let id = object
        .and_then(|object| object.get(name)?.as_str())
        .unwrap_or("");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.is_empty() || !id.chars().all(is_plain) {
        return Err(Auth0Error::Malformed {
            host: "the tenant".to_owned(),
            what: format!("`{name}`"),
            status: 200,
        });
    }
    Ok(id.to_owned())
}
