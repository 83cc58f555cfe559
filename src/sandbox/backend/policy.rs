//! Wrong settings of a Hasura, switchable while it runs.

use serde::{Deserialize, Serialize};

/// The configuration of this backend. The default is correct; every field is one
/// mistake that is made with real servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of a configuration, independent of the others"
)]
pub struct Policy {
    /// Role `user` may select. Off: no query field at all.
    pub select: bool,
    /// Role `user` may insert todos.
    pub insert: bool,
    /// Role `user` may update todos.
    pub update: bool,
    /// Role `user` may delete todos.
    pub delete: bool,
    /// Tables that role `user` may not select although `select` is on.
    pub hidden_tables: Vec<String>,
    /// Role `user` sees and changes only its own rows. Off: all rows.
    pub rows_filtered: bool,
    /// `__schema` and `__type` exist.
    pub introspection: bool,
    /// Subscriptions exist.
    pub subscriptions: bool,
    /// The silent row limit of every select permission.
    pub row_limit: Option<u32>,
    /// The role of requests that bring no token. A role other than `user` may
    /// then select all rows.
    pub unauthorized_role: Option<String>,
    /// There is a JWT secret. Off: only the admin secret opens.
    pub jwt_mode: bool,
    /// The JWT secret holds keys that signed no token of ours.
    pub wrong_secret: bool,
    /// Replaces the configured audience.
    pub audience: Option<String>,
    /// The JWT secret names an audience. Off: any is taken.
    pub audience_checked: bool,
    /// Replaces the configured issuer (one without the last slash, say).
    pub issuer: Option<String>,
    /// The claim that is searched for roles and the user id.
    pub claims_namespace: String,
    /// Seconds of clock difference that are forgiven.
    pub allowed_skew_s: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            select: true,
            insert: true,
            update: true,
            delete: true,
            hidden_tables: Vec::new(),
            rows_filtered: true,
            introspection: true,
            subscriptions: true,
            row_limit: None,
            unauthorized_role: None,
            jwt_mode: true,
            wrong_secret: false,
            audience: None,
            audience_checked: true,
            issuer: None,
            claims_namespace: "https://hasura.io/jwt/claims".to_owned(),
            allowed_skew_s: 0,
        }
    }
}
