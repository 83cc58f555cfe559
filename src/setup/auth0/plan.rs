//! Comparison of a tenant with the required objects: pure.

use serde_json::{Map, Value, json};

use crate::setup::StepKind;
use crate::setup::auth0::state::is;
use crate::setup::auth0::{
    ACTION_CODE, ACTION_NAME, ACTION_RUNTIME, ACTION_SECRETS, TenantState, Wanted,
};

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// An object of the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantObject {
    /// The API.
    Api,
    /// The Native application.
    Application,
    /// The Action.
    Action,
    /// The binding of the Action to the Login flow.
    Binding,
}

impl TenantObject {
    /// Its name in plans.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::Application => "application",
            Self::Action => "Action",
            Self::Binding => "binding",
        }
    }
}

/// One step of a plan. Contains no secret: those of the Action are added when it is applied.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantStep {
    /// The object.
    pub part: TenantObject,
    /// The effect.
    pub kind: StepKind,
    /// The description of object and changes, for the user.
    pub text: String,
    /// The request's body; null where nothing is sent.
    pub body: Value,
    /// Whether the Action's secrets are part of the request.
    pub sets_secrets: bool,
}

impl TenantStep {
    fn keep(part: TenantObject, text: String) -> Self {
        Self::new(part, StepKind::Keep, text, Value::Null)
    }

    fn new(part: TenantObject, kind: StepKind, text: String, body: Value) -> Self {
        Self {
            part,
            kind,
            text,
            body,
            sets_secrets: false,
        }
    }
}

/// The steps of a setup, in order of execution.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantPlan {
    /// One step per object.
    pub steps: Vec<TenantStep>,
}

impl TenantPlan {
    /// Compares the tenant with the required objects.
    #[must_use]
    pub fn of(state: &TenantState, wanted: &Wanted) -> Self {
        Self {
            steps: vec![
                api(state.api.as_ref(), wanted),
                application(state.application.as_ref(), wanted),
                action(state.action.as_ref(), wanted),
                binding(&state.bindings),
            ],
        }
    }

    /// The number of steps that change something.
    #[must_use]
    pub fn changes(&self) -> usize {
        let changes = self.steps.iter().filter(|it| it.kind != StepKind::Keep);
        changes.count()
    }

    /// Returns whether a step needs the Action's secrets.
    #[must_use]
    pub fn sets_secrets(&self) -> bool {
        self.steps.iter().any(|step| step.sets_secrets)
    }
}

fn api(found: Option<&Value>, wanted: &Wanted) -> TenantStep {
    let audience = &wanted.audience;
    let Some(found) = found else {
        let body = json!({
            "name": wanted.name,
            "identifier": audience,
            "signing_alg": "RS256",
            "allow_offline_access": true,
            "token_lifetime": 3600,
            "token_dialect": "access_token",
            "skip_consent_for_verifiable_first_party_clients": true,
        });
        return TenantStep::new(TenantObject::Api, StepKind::Create, audience.clone(), body);
    };
    let mut body = Map::new();
    if !is(found, "signing_alg", "RS256") {
        body.insert("signing_alg".to_owned(), json!("RS256"));
    }
    if found.get("allow_offline_access") != Some(&json!(true)) {
        body.insert("allow_offline_access".to_owned(), json!(true));
    }
    if found
        .get("token_encryption")
        .is_some_and(|it| !it.is_null())
    {
        body.insert("token_encryption".to_owned(), Value::Null);
    }
    changed(TenantObject::Api, audience, body)
}

/// Creates the step of a changed object, or of an unchanged one where `body` is empty.
fn changed(part: TenantObject, text: &str, body: Map<String, Value>) -> TenantStep {
    if body.is_empty() {
        return TenantStep::keep(part, text.to_owned());
    }
    let names: Vec<&str> = body.keys().map(String::as_str).collect();
    let text = format!("{text}: {}", names.join(", "));
    TenantStep::new(part, StepKind::Change, text, Value::Object(body))
}

fn refresh_token() -> Value {
    json!({
        "rotation_type": "rotating",
        "expiration_type": "expiring",
        "leeway": 30,
        "token_lifetime": 2_592_000,
        "infinite_token_lifetime": false,
        "idle_token_lifetime": 1_296_000,
        "infinite_idle_token_lifetime": false,
    })
}

fn application(found: Option<&Value>, wanted: &Wanted) -> TenantStep {
    let Some(found) = found else {
        let body = json!({
            "name": wanted.name,
            "app_type": "native",
            "oidc_conformant": true,
            "is_first_party": true,
            "token_endpoint_auth_method": "none",
            "grant_types": [DEVICE_GRANT, "refresh_token"],
            "jwt_configuration": {"alg": "RS256"},
            "refresh_token": refresh_token(),
        });
        return TenantStep::new(
            TenantObject::Application,
            StepKind::Create,
            wanted.name.clone(),
            body,
        );
    };
    let mut body = Map::new();
    if found.get("oidc_conformant") != Some(&json!(true)) {
        body.insert("oidc_conformant".to_owned(), json!(true));
    }
    let grants = with_grants(found);
    let is_public = is(found, "token_endpoint_auth_method", "none");
    if !is_public || grants.is_some() {
        // Auth0 accepts the device grant only together with this method.
        body.insert("token_endpoint_auth_method".to_owned(), json!("none"));
    }
    if let Some(grants) = grants {
        body.insert("grant_types".to_owned(), grants);
    }
    let algorithm = found.pointer("/jwt_configuration/alg");
    if algorithm.is_some_and(|it| *it != "RS256") {
        body.insert("jwt_configuration".to_owned(), json!({"alg": "RS256"}));
    }
    if !rotates_with_leeway(found) {
        body.insert("refresh_token".to_owned(), refresh_token());
    }
    let name = found
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or(&wanted.name);
    changed(
        TenantObject::Application,
        &crate::text::sanitize::message(name),
        body,
    )
}

/// Adds the two required grants to the application's; `None` where it has both.
fn with_grants(found: &Value) -> Option<Value> {
    let grants = found.get("grant_types").and_then(Value::as_array);
    let mut grants: Vec<Value> = grants.cloned().unwrap_or_default();
    let count = grants.len();
    for needed in [DEVICE_GRANT, "refresh_token"] {
        if !grants.iter().any(|grant| *grant == needed) {
            grants.push(json!(needed));
        }
    }
    (grants.len() > count).then_some(Value::Array(grants))
}

/// Returns whether refresh tokens rotate with a leeway; their lifetimes are not checked.
fn rotates_with_leeway(found: &Value) -> bool {
    let Some(tokens) = found.get("refresh_token") else {
        return false;
    };
    is(tokens, "rotation_type", "rotating")
        && tokens
            .get("leeway")
            .and_then(Value::as_u64)
            .is_some_and(|it| it > 0)
}

fn trigger() -> Value {
    json!([{"id": "post-login", "version": "v3"}])
}

fn action(found: Option<&Value>, wanted: &Wanted) -> TenantStep {
    let Some(found) = found else {
        let body = json!({
            "name": ACTION_NAME,
            "supported_triggers": trigger(),
            "code": ACTION_CODE,
            "runtime": ACTION_RUNTIME,
            "dependencies": [],
        });
        let step = TenantStep::new(
            TenantObject::Action,
            StepKind::Create,
            ACTION_NAME.to_owned(),
            body,
        );
        return TenantStep {
            sets_secrets: true,
            ..step
        };
    };
    let mut body = Map::new();
    if !is(found, "code", ACTION_CODE) {
        body.insert("code".to_owned(), json!(ACTION_CODE));
    }
    if !is(found, "runtime", ACTION_RUNTIME) {
        body.insert("runtime".to_owned(), json!(ACTION_RUNTIME));
    }
    let sets_secrets = wanted.update_secrets || !has_secrets(found);
    let is_deployed = found.get("all_changes_deployed") == Some(&json!(true));
    let mut names: Vec<&str> = body.keys().map(String::as_str).collect();
    if sets_secrets {
        names.push("secrets");
    }
    if !is_deployed {
        names.push("deploy");
    }
    if names.is_empty() {
        return TenantStep::keep(TenantObject::Action, ACTION_NAME.to_owned());
    }
    let text = format!("{ACTION_NAME}: {}", names.join(", "));
    let body = Value::Object(body);
    TenantStep {
        sets_secrets,
        ..TenantStep::new(TenantObject::Action, StepKind::Change, text, body)
    }
}

/// Returns whether the Action has the secrets it reads. Their values cannot be read.
fn has_secrets(found: &Value) -> bool {
    let secrets = found.get("secrets").and_then(Value::as_array);
    ACTION_SECRETS.iter().all(|name| {
        let mut secrets = secrets.into_iter().flatten();
        secrets.any(|secret| is(secret, "name", name))
    })
}

/// Appends the Action to the bindings: the request replaces the complete list.
fn binding(found: &[Value]) -> TenantStep {
    let is_ours = |binding: &Value| {
        binding
            .get("action")
            .is_some_and(|action| is(action, "name", ACTION_NAME))
    };
    if found.iter().any(is_ours) {
        return TenantStep::keep(
            TenantObject::Binding,
            format!("{ACTION_NAME} in the Login flow"),
        );
    }
    let kept = found.iter().map(|binding| {
        json!({
            "ref": {"type": "binding_id", "value": binding["id"]},
            "display_name": binding["display_name"],
        })
    });
    let ours = json!({
        "ref": {"type": "action_name", "value": ACTION_NAME},
        "display_name": ACTION_NAME,
    });
    let bindings: Vec<Value> = kept.chain([ours]).collect();
    let text = match found.len() {
        0 => format!("{ACTION_NAME} in the Login flow"),
        1 => format!("{ACTION_NAME} in the Login flow, after the Action bound there"),
        count => format!("{ACTION_NAME} in the Login flow, after the {count} Actions bound there"),
    };
    let body = json!({"bindings": bindings});
    TenantStep::new(TenantObject::Binding, StepKind::Create, text, body)
}

#[cfg(test)]
mod tests;
