//! The admin API over HTTP.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::HasuraError;
use crate::http::{self, RequestFailure};
use crate::text::redact::text_without;
use crate::text::sanitize;

/// The size limit of an answer; metadata of large projects is a few megabytes.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// The time limit of SQL; a migration may wait 30 s for a lock, then rewrite a large table.
const SQL_LIMIT: Duration = Duration::from_mins(30);

/// Hasura's admin API.
#[derive(Debug)]
pub(super) struct Admin {
    client: Client,
    base: Url,
    host: String,
    secret: SecretString,
}

/// A path of the admin API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AdminPath {
    Version,
    Metadata,
    Query,
    Graphql,
}

impl AdminPath {
    const fn path(self) -> &'static str {
        match self {
            Self::Version => "v1/version",
            Self::Metadata => "v1/metadata",
            Self::Query => "v2/query",
            Self::Graphql => "v1/graphql",
        }
    }

    /// Its name in `HASURA_GRAPHQL_ENABLED_APIS`.
    const fn api(self) -> &'static str {
        match self {
            Self::Version | Self::Metadata | Self::Query => "metadata",
            Self::Graphql => "graphql",
        }
    }
}

/// The identity of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Admin,
    /// The administrator in the role `user`, with an id that no user has.
    User,
}

/// A JSON answer.
#[derive(Debug)]
pub(super) struct AdminAnswer {
    pub(super) status: u16,
    pub(super) body: Box<RawValue>,
}

/// An error of the admin API. `internal` stays a value that is never printed.
#[derive(Debug, Deserialize)]
pub(super) struct ApiError {
    pub(super) code: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    pub(super) internal: Value,
}

/// Rows of a query, without the header.
pub(super) type Rows = Vec<Vec<String>>;

impl Admin {
    /// Creates a client for the Hasura at `base`.
    pub(super) fn new(base: Url, secret: SecretString) -> Result<Self, HasuraError> {
        let client = http::client(&base).map_err(|_| HasuraError::Tls)?;
        let host = http::authority(&base);
        Ok(Self {
            client,
            base,
            host,
            secret,
        })
    }

    /// Host and port.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Hasura's version.
    pub(super) async fn version(&self) -> Result<String, HasuraError> {
        #[derive(Deserialize)]
        struct Version {
            version: String,
        }
        let answer = self
            .send(AdminPath::Version, Caller::Anonymous, None::<&()>)
            .await?;
        let version: Option<Version> = serde_json::from_str(answer.body.get()).ok();
        let version = version.filter(|_| answer.status == 200);
        version
            .map(|found| self.printable(&found.version))
            .ok_or_else(|| HasuraError::NotHasura {
                url: self.url(AdminPath::Version).to_string(),
                found: "other JSON",
            })
    }

    /// Returns whether a request without the secret has admin rights.
    pub(super) async fn is_open(&self) -> Result<bool, HasuraError> {
        let command = json!({"type": "get_catalog_state", "args": {}});
        let answer = self
            .send(AdminPath::Metadata, Caller::Anonymous, Some(&command))
            .await?;
        Ok(answer.status == 200)
    }

    /// Sends a command to `/v1/metadata`; a refusal is the inner error.
    pub(super) async fn metadata(
        &self,
        command: &impl Serialize,
    ) -> Result<Result<Box<RawValue>, ApiError>, HasuraError> {
        let answer = self
            .send(AdminPath::Metadata, Caller::Admin, Some(command))
            .await?;
        self.accepted(answer, AdminPath::Metadata)
    }

    /// Like [`Self::metadata`], where no refusal is expected.
    pub(super) async fn ask(
        &self,
        what: &'static str,
        command: &impl Serialize,
    ) -> Result<Box<RawValue>, HasuraError> {
        let answer = self.metadata(command).await?;
        answer.map_err(|error| self.refused(what, &error))
    }

    /// Runs SQL in one transaction; returns the rows of its last statement.
    pub(super) async fn sql(
        &self,
        source: &str,
        step: &str,
        sql: &str,
        read_only: bool,
    ) -> Result<Rows, HasuraError> {
        #[derive(Deserialize)]
        struct SqlResult {
            #[serde(default)]
            result: Option<Rows>,
        }
        let args = json!({"source": source, "sql": sql, "cascade": false, "read_only": read_only});
        let command = json!({"type": "run_sql", "args": args});
        let answer = self
            .send(AdminPath::Query, Caller::Admin, Some(&command))
            .await?;
        let body = self
            .accepted(answer, AdminPath::Query)?
            .map_err(|error| self.failed_sql(step, &error))?;
        let done: SqlResult =
            serde_json::from_str(body.get()).map_err(|_| self.invalid("a query"))?;
        Ok(done.result.into_iter().flatten().skip(1).collect())
    }

    /// Runs a GraphQL query as role `user`, for a user that does not exist.
    pub(super) async fn query_as_user(&self, query: &str) -> Result<Value, HasuraError> {
        let request = json!({"query": query});
        let answer = self
            .send(AdminPath::Graphql, Caller::User, Some(&request))
            .await?;
        if answer.status == 404 {
            return Err(self.disabled(AdminPath::Graphql));
        }
        serde_json::from_str(answer.body.get()).map_err(|_| self.invalid("a GraphQL query"))
    }

    async fn send<B: Serialize>(
        &self,
        path: AdminPath,
        caller: Caller,
        body: Option<&B>,
    ) -> Result<AdminAnswer, HasuraError> {
        let url = self.url(path);
        let method = if body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut request = self.client.request(method, url.clone());
        if path == AdminPath::Query {
            request = request.timeout(SQL_LIMIT);
        }
        request = request.headers(self.headers(caller)?);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = http::send(request)
            .await
            .map_err(|error| self.unreachable(RequestFailure::of(&error)))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(HasuraError::Redirect {
                host: self.host.clone(),
                status: status.as_u16(),
            });
        }
        let header = response.headers().get(CONTENT_TYPE);
        let is_html = header
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/html"));
        let bytes = http::body(response, ANSWER_LIMIT)
            .await
            .map_err(|error| self.unreachable(RequestFailure::Other(error.to_string())))?;
        match serde_json::from_slice(&bytes) {
            Ok(body) => Ok(AdminAnswer {
                status: status.as_u16(),
                body,
            }),
            Err(_) if status.is_server_error() || status.as_u16() == 429 => {
                Err(HasuraError::ServerError {
                    host: self.host.clone(),
                    status: status.as_u16(),
                })
            }
            Err(_) => Err(HasuraError::NotHasura {
                url: url.to_string(),
                found: found(is_html, &bytes),
            }),
        }
    }

    fn headers(&self, caller: Caller) -> Result<HeaderMap, HasuraError> {
        let mut headers = HeaderMap::new();
        if caller == Caller::Anonymous {
            return Ok(headers);
        }
        // A secret that cannot be sent in a header is wrong.
        let mut secret =
            HeaderValue::from_str(self.secret.expose_secret()).map_err(|_| self.wrong_secret())?;
        secret.set_sensitive(true);
        headers.insert("x-hasura-admin-secret", secret);
        if caller == Caller::User {
            headers.insert("x-hasura-role", HeaderValue::from_static("user"));
            headers.insert("x-hasura-user-id", HeaderValue::from_static("0"));
        }
        Ok(headers)
    }

    fn accepted(
        &self,
        answer: AdminAnswer,
        path: AdminPath,
    ) -> Result<Result<Box<RawValue>, ApiError>, HasuraError> {
        if answer.status == 200 {
            return Ok(Ok(answer.body));
        }
        let error: ApiError = match serde_json::from_str(answer.body.get()) {
            Ok(error) => error,
            Err(_) if answer.status >= 500 => {
                return Err(HasuraError::ServerError {
                    host: self.host.clone(),
                    status: answer.status,
                });
            }
            Err(_) => {
                return Err(HasuraError::NotHasura {
                    url: self.url(path).to_string(),
                    found: "other JSON",
                });
            }
        };
        match (answer.status, error.code.as_str()) {
            (404, _) => Err(self.disabled(path)),
            (401, _) | (_, "access-denied" | "invalid-headers") => Err(self.wrong_secret()),
            _ => Ok(Err(error)),
        }
    }

    fn url(&self, path: AdminPath) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path(), path.path()));
        url
    }

    fn failed_sql(&self, step: &str, error: &ApiError) -> HasuraError {
        let text = |name: &str| {
            let found = error.internal.pointer("/error")?.get(name)?.as_str()?;
            Some(self.printable(found))
        };
        match (text("status_code"), text("message")) {
            (Some(state), Some(message)) => HasuraError::Sql {
                step: step.to_owned(),
                message,
                state,
            },
            _ => self.refused("run SQL", error),
        }
    }

    pub(super) fn refused(&self, what: &'static str, error: &ApiError) -> HasuraError {
        HasuraError::Refused {
            host: self.host.clone(),
            what,
            code: self.printable(&error.code),
            message: self.printable(&error.error),
        }
    }

    /// Sanitises a server's message, without the admin secret.
    pub(super) fn printable(&self, text: &str) -> String {
        printable(&text_without(text, &self.secret))
    }

    pub(super) fn invalid(&self, what: &'static str) -> HasuraError {
        HasuraError::InvalidResponse {
            host: self.host.clone(),
            what,
        }
    }

    fn unreachable(&self, reason: RequestFailure) -> HasuraError {
        HasuraError::Unreachable {
            host: self.host.clone(),
            reason,
        }
    }

    fn disabled(&self, path: AdminPath) -> HasuraError {
        HasuraError::ApiDisabled {
            host: self.host.clone(),
            api: path.api(),
        }
    }

    fn wrong_secret(&self) -> HasuraError {
        HasuraError::WrongSecret {
            host: self.host.clone(),
        }
    }
}

fn found(is_html: bool, bytes: &[u8]) -> &'static str {
    let start = bytes.trim_ascii_start().first();
    match start {
        _ if is_html => "an HTML page",
        Some(b'<') => "an HTML page",
        Some(_) => "text that is not JSON",
        None => "an empty body",
    }
}

/// Sanitises a server's message. One with an address is suppressed, since database
/// addresses contain passwords.
fn printable(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if lower.contains("://") || lower.contains("password=") {
        return "its message is not shown: it contains an address".to_owned();
    }
    sanitize::message(text)
}

#[cfg(test)]
mod tests;
