//! The server: Hasura's answers, and operations of its administrator.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use tudone::sandbox::backend::{Backend, Policy, Shape};

use crate::Checked;

/// The length of short pages, which hardly any list fits into.
pub(crate) const SHORT_PAGE: u32 = 2;

/// A todo as the server has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServerRow {
    pub(crate) id: i64,
    pub(crate) key: String,
    pub(crate) text: String,
}

/// A Hasura with one user.
pub(crate) trait Server {
    /// Answers the body of one `POST /v1/graphql` of a user.
    fn answer(&mut self, user: i64, body: &[u8]) -> Checked<Vec<u8>>;
    /// Purges all tombstones.
    fn purge(&mut self) -> Checked;
    /// Deletes everything, and creates the user's row with this id.
    fn reset(&mut self, user: i64) -> Checked;
    /// Makes a bare backend full.
    fn upgrade(&mut self) -> Checked;
    /// Returns every todo in id order.
    fn rows(&mut self) -> Checked<Vec<ServerRow>>;
    /// Returns the revision of every todo by its id; empty on a bare backend.
    fn revisions(&mut self) -> Checked<BTreeMap<i64, i64>>;
}

/// The sandbox's backend without HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox(Backend);

impl Sandbox {
    /// Creates a full backend whose pages have at most `row_limit` rows.
    pub(crate) fn full(row_limit: Option<u32>) -> Checked<Self> {
        let backend = Backend::open(None, Shape::Full)?;
        backend.set_policy(Policy {
            row_limit,
            ..Policy::default()
        });
        Ok(Self(backend))
    }

    pub(crate) fn bare() -> Checked<Self> {
        Ok(Self(Backend::open(None, Shape::Bare)?))
    }

    /// The headers of a request with the user's session variables.
    fn headers(&self, user: i64) -> Checked<HeaderMap> {
        let user = user.to_string();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-hasura-admin-secret", self.0.admin_secret()),
            ("x-hasura-role", "user"),
            ("x-hasura-user-id", &user),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        Ok(headers)
    }
}

impl Server for Sandbox {
    fn answer(&mut self, user: i64, body: &[u8]) -> Checked<Vec<u8>> {
        let answer = self.0.answer(&self.headers(user)?, body);
        Ok(serde_json::to_vec(&answer.body)?)
    }

    fn purge(&mut self) -> Checked {
        self.0.purge_tombstones()?;
        Ok(())
    }

    fn reset(&mut self, user: i64) -> Checked {
        let users = json!([{"id": user, "auth0_id": "auth0|ada"}]);
        self.0.reset(Some(&json!({ "users": users })))?;
        Ok(())
    }

    fn upgrade(&mut self) -> Checked {
        self.0.upgrade()?;
        Ok(())
    }

    fn rows(&mut self) -> Checked<Vec<ServerRow>> {
        let rows = self.0.todos(None)?;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let row = |row: &Value| ServerRow {
            id: row["id"].as_i64().unwrap_or_default(),
            key: text(row, "client_id"),
            text: text(row, "text"),
        };
        Ok(rows.as_array().into_iter().flatten().map(row).collect())
    }

    fn revisions(&mut self) -> Checked<BTreeMap<i64, i64>> {
        let rows = self.0.todos(None)?;
        let number = |row: &Value, name: &str| row[name].as_i64().unwrap_or_default();
        let rows = rows.as_array().into_iter().flatten();
        Ok(rows
            .map(|row| (number(row, "id"), number(row, "revision")))
            .collect())
    }
}
