//! Settings of the sandbox: misconfigurations and timings.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SandboxOptions;
use super::backend::Policy;

/// The identity provider to imitate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// Auth0's: 403 and 429, `expired_token` once, tokens with `azp`.
    #[default]
    Auth0,
    /// RFC 6749, 8628 and 9068 to the letter: 400, no `interval`, `at+jwt`.
    Rfc,
}

/// The shape of the claims that Hasura reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Claims {
    /// Correct.
    #[default]
    Good,
    /// None: the Action is not deployed or not bound.
    Missing,
    /// On the ID token instead of the access token.
    OnIdToken,
    /// The user's id as a number.
    NumberId,
    /// No user's id.
    NoId,
    /// The user's `sub` where its integer id should be.
    SubAsId,
    /// The whole object as a JSON string.
    AsString,
    /// The allowed roles as one string.
    RolesAsString,
    /// No roles.
    NoRoles,
    /// Under another name than Hasura expects.
    OtherNamespace,
    /// With a default role that is not among the allowed ones.
    RoleNotAllowed,
    /// For a role without any permission.
    OtherRole,
}

/// The kind of access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccessTokens {
    /// A JWT for the requested API, signed with the published key.
    #[default]
    Jwt,
    /// An opaque token, as issued without an audience.
    Opaque,
    /// An encrypted token (JSON Web Encryption).
    Encrypted,
    /// A token signed with a shared secret instead of the published key.
    Hs256,
    /// A token for another API.
    OtherAudience,
}

/// The discovery document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Discovery {
    /// Correct.
    #[default]
    Good,
    /// The issuer is another one.
    OtherIssuer,
    /// The token endpoint is on another site.
    OtherSite,
    /// No device authorization endpoint.
    NoDeviceEndpoint,
    /// No `jwks_uri`.
    NoJwks,
}

/// The published keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PublishedKeys {
    /// The signing key.
    #[default]
    Good,
    /// No key.
    Empty,
    /// Another key with the id of the signing key.
    OtherKey,
}

/// Everything `control/config` sets, apart from the backend's own policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent switch of a real tenant, named in JSON"
)]
pub(super) struct Settings {
    /// The identity provider to imitate.
    pub(super) dialect: Dialect,
    /// Wait between polls, in seconds.
    pub(super) interval_s: u32,
    /// Whether polling too fast raises that wait by 5 s for this code.
    pub(super) interval_grows: bool,
    /// Lifetime of a device code, in seconds.
    pub(super) code_ttl_s: u32,
    /// Lifetime of an access token, in seconds.
    pub(super) access_ttl_s: u32,
    /// Lifetime of a login, in seconds, however active.
    pub(super) refresh_ttl_s: u32,
    /// Lifetime of an unused refresh token, in seconds.
    pub(super) refresh_idle_s: u32,
    /// The overlap of the previous refresh token, in seconds.
    pub(super) leeway_s: u32,
    /// Whether refresh tokens rotate.
    pub(super) rotation: bool,
    /// Whether the client may use the device grant.
    pub(super) device_grant: bool,
    /// Whether the client may use the refresh grant.
    pub(super) refresh_grant: bool,
    /// The API's Allow Offline Access.
    pub(super) offline_access: bool,
    /// Whether the audience is a registered API.
    pub(super) audience_registered: bool,
    /// Whether the provider's own issuer ends in a slash.
    pub(super) issuer_slash: bool,
    /// The discovery document.
    pub(super) discovery: Discovery,
    /// The published keys.
    pub(super) jwks: PublishedKeys,
    /// The kind of access tokens.
    pub(super) access_tokens: AccessTokens,
    /// The shape of Hasura's claims.
    pub(super) claims: Claims,
    /// Whether the Action fails.
    pub(super) action_fails: bool,
    /// Requests each window may hold; `null` for no limit.
    pub(super) rate_limit: Option<u32>,
    /// Length of a window, in seconds.
    pub(super) rate_limit_window_s: u32,
    /// The provider's clock offset, in seconds.
    pub(super) clock_s: i32,
    /// Whether the issuer in Hasura's JWT secret ends in a slash.
    pub(super) hasura_issuer_slash: bool,
    /// Hasura's clock offset, in seconds.
    pub(super) hasura_clock_s: i32,
}

impl Settings {
    /// Correct settings with the requested timings.
    pub(super) fn new(options: &SandboxOptions) -> Self {
        Self {
            dialect: options.dialect,
            interval_s: options.interval_s,
            interval_grows: false,
            code_ttl_s: options.code_ttl_s,
            access_ttl_s: options.access_ttl_s,
            refresh_ttl_s: 2_592_000,
            refresh_idle_s: 1_296_000,
            leeway_s: options.leeway_s,
            rotation: true,
            device_grant: true,
            refresh_grant: true,
            offline_access: true,
            audience_registered: true,
            issuer_slash: true,
            discovery: Discovery::Good,
            jwks: PublishedKeys::Good,
            access_tokens: AccessTokens::Jwt,
            claims: Claims::Good,
            action_fails: false,
            rate_limit: None,
            rate_limit_window_s: 1,
            clock_s: 0,
            hasura_issuer_slash: true,
            hasura_clock_s: 0,
        }
    }
}

/// Why a change of settings is refused; nothing is changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    /// Neither a setting nor part of the backend's policy.
    #[error("{source}; the other settings are {}", names.join(", "))]
    Policy {
        /// The policy's error.
        #[source]
        source: serde_json::Error,
        /// The names of the settings.
        names: Vec<String>,
    },
    /// A setting of the wrong type.
    #[error("{0}")]
    Value(#[source] serde_json::Error),
}

/// The current settings, and the changes of the backend's policy.
#[derive(Debug, Clone)]
pub(super) struct Configuration {
    /// Identity, clocks and JWT secret.
    pub(super) settings: Settings,
    /// The differences from the correct policy, by name.
    changed: Map<String, Value>,
}

impl Configuration {
    /// Correct settings with the requested timings.
    pub(super) fn new(options: &SandboxOptions) -> Self {
        Self {
            settings: Settings::new(options),
            changed: Map::new(),
        }
    }

    /// Merges `patch` into the configuration, atomically. A name that is not a
    /// setting belongs to the backend's policy, where `null` restores the correct
    /// value.
    ///
    /// # Errors
    ///
    /// Unknown names and wrong types, with the valid names.
    pub(super) fn merged(
        &self,
        patch: &Map<String, Value>,
    ) -> Result<(Self, Policy), SettingsError> {
        let mut settings = object(&self.settings)?;
        let mut changed = self.changed.clone();
        for (name, value) in patch {
            if let Some(setting) = settings.get_mut(name) {
                setting.clone_from(value);
            } else {
                changed.insert(name.clone(), value.clone());
            }
        }
        changed.retain(|_, value| !value.is_null());
        let names = settings.keys().cloned().collect();
        let policy = serde_json::from_value(Value::Object(changed.clone()))
            .map_err(|source| SettingsError::Policy { source, names })?;
        let settings =
            serde_json::from_value(Value::Object(settings)).map_err(SettingsError::Value)?;
        Ok((Self { settings, changed }, policy))
    }

    /// Returns every setting and the changed policy names as JSON.
    pub(super) fn shown(&self) -> Result<Value, SettingsError> {
        let mut shown = object(&self.settings)?;
        shown.extend(self.changed.clone());
        Ok(Value::Object(shown))
    }
}

fn object(settings: &Settings) -> Result<Map<String, Value>, SettingsError> {
    match serde_json::to_value(settings).map_err(SettingsError::Value)? {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Ok(Map::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use serde_json::{Map, Value, json};

    use super::super::SandboxOptions;
    use super::Configuration;

    fn patch(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() -> Result<(), Box<dyn Error>> {
        let before = Configuration::new(&SandboxOptions::default());
        let (after, _) = before.merged(&patch(&json!({"leeway_s": 7, "claims": "number_id"})))?;
        assert_eq!(after.settings.leeway_s, 7);
        assert_eq!(after.settings.interval_s, before.settings.interval_s);
        Ok(())
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_there_are() {
        let refused =
            Configuration::new(&SandboxOptions::default()).merged(&patch(&json!({"nosuch": 1})));
        let text = refused.err().map(|e| e.to_string()).unwrap_or_default();
        for name in ["nosuch", "introspection", "issuer_slash", "hasura_clock_s"] {
            assert!(text.contains(name), "{name} in: {text}");
        }
    }
}
