//! The current objects of a tenant.

use serde_json::Value;

use crate::setup::auth0::{ACTION_NAME, Auth0Error, Management, Wanted};

/// The objects of a tenant that tudone uses, as the Management API returns them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantState {
    /// The API with the audience.
    pub api: Option<Value>,
    /// The Native application.
    pub application: Option<Value>,
    /// The Action.
    pub action: Option<Value>,
    /// The bindings of the trigger post-login, in order.
    pub bindings: Vec<Value>,
}

/// The members of an application that are read; none is a secret.
const APPLICATION_FIELDS: &str = "client_id,name,app_type,oidc_conformant,is_first_party,\
                                  token_endpoint_auth_method,grant_types,jwt_configuration,\
                                  refresh_token";

impl TenantState {
    /// Reads the tenant.
    ///
    /// # Errors
    ///
    /// See [`Auth0Error`].
    pub async fn read(management: &Management, wanted: &Wanted) -> Result<Self, Auth0Error> {
        let totals = ("include_totals", "true");
        let apis = management
            .list("resource-servers", &[totals], "resource_servers")
            .await?;
        let fields = [
            totals,
            ("fields", APPLICATION_FIELDS),
            ("include_fields", "true"),
        ];
        let applications = management.list("clients", &fields, "clients").await?;
        let named = [("triggerId", "post-login"), ("actionName", ACTION_NAME)];
        let actions = management
            .list("actions/actions", &named, "actions")
            .await?;
        let bindings = management
            .list("actions/triggers/post-login/bindings", &[], "bindings")
            .await?;
        Ok(Self {
            api: apis
                .into_iter()
                .find(|api| is(api, "identifier", &wanted.audience)),
            application: application(applications, wanted)?,
            action: actions
                .into_iter()
                .find(|action| is(action, "name", ACTION_NAME)),
            bindings,
        })
    }

    /// The application's client id.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.application.as_ref()?.get("client_id")?.as_str()
    }
}

/// Returns whether the member `name` of `object` is `text`.
pub(super) fn is(object: &Value, name: &str, text: &str) -> bool {
    object.get(name).and_then(Value::as_str) == Some(text)
}

/// Finds the application by the requested id, else the only native one with the name. Ignores other
/// types: the application may be the tutorial's web page.
fn application(all: Vec<Value>, wanted: &Wanted) -> Result<Option<Value>, Auth0Error> {
    let native = all.into_iter().filter(|it| is(it, "app_type", "native"));
    let mut native: Vec<Value> = native.collect();
    if let Some(id) = &wanted.client_id
        && let Some(at) = native.iter().position(|it| is(it, "client_id", id))
    {
        return Ok(Some(native.swap_remove(at)));
    }
    native.retain(|it| is(it, "name", &wanted.name));
    match native.len() {
        0 | 1 => Ok(native.pop()),
        _ => Err(Auth0Error::Ambiguous {
            name: wanted.name.clone(),
            ids: native
                .iter()
                .filter_map(|it| it.get("client_id")?.as_str())
                .map(crate::text::sanitize::message)
                .collect(),
        }),
    }
}
