//! A running sandbox with helpers.

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Method};
use secrecy::SecretString;
use serde_json::{Value, json};
use tudone::auth::connection::Connection;
use tudone::auth::credential_store::memory::MemoryStore;
use tudone::auth::session::AuthSession;
use tudone::auth::stored_login::{StoredLogin, StoredRefreshToken};
use tudone::auth::time_scale::TimeScale;
use tudone::domain::key::Key;
use tudone::graphql::Hasura;
use tudone::sandbox::{Sandbox, SandboxOptions, SigningKey};
use uuid::Uuid;

pub(crate) type Checked<T = ()> = Result<T, Box<dyn Error>>;

/// The time limit of every step.
const DEADLINE: Duration = Duration::from_secs(30);

/// The users of the sandbox.
pub(crate) const ADA: &str = "auth0|ada";

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    http: Client,
}

/// Returns the key of the test process: creating one takes a while.
fn key() -> Checked<SigningKey> {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key.clone());
    }
    let key = SigningKey::generate()?;
    Ok(KEY.get_or_init(|| key).clone())
}

impl Bench {
    pub(crate) async fn full() -> Checked<Self> {
        Self::start(false).await
    }

    pub(crate) async fn bare() -> Checked<Self> {
        Self::start(true).await
    }

    async fn start(bare: bool) -> Checked<Self> {
        let sandbox = Sandbox::start(SandboxOptions {
            bare,
            interval_s: 0,
            signing_key: Some(key()?),
            ..SandboxOptions::default()
        })
        .await?;
        let http = tudone::http::client(&sandbox.addresses().endpoint.parse()?)?;
        Ok(Self { sandbox, http })
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Checked<Value> {
        let url = format!("{}/{path}", self.sandbox.addresses().control);
        let mut request = self.http.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if status.is_success() {
            Ok(answer)
        } else {
            Err(format!("{path}: {answer}").into())
        }
    }

    pub(crate) async fn configure(&self, patch: Value) -> Checked {
        self.control(Method::POST, "config", patch).await?;
        Ok(())
    }

    pub(crate) async fn faults(&self, order: Value) -> Checked {
        self.control(Method::POST, "faults", order).await?;
        Ok(())
    }

    /// Returns a token of `sub`, made invalid by `order`.
    pub(crate) async fn token(&self, sub: &str, order: Value) -> Checked<SecretString> {
        let mut body = json!({"sub": sub});
        if let (Some(body), Some(order)) = (body.as_object_mut(), order.as_object()) {
            body.extend(order.clone());
        }
        let made = self.control(Method::POST, "token", body).await?;
        Ok(made["token"].as_str().ok_or("no token")?.to_owned().into())
    }

    /// Returns a client logged in as `sub`.
    pub(crate) async fn hasura(&self, sub: &str) -> Checked<Hasura> {
        let token = self.token(sub, json!({})).await?;
        self.hasura_with(AuthSession::fixed(token))
    }

    pub(crate) fn hasura_with(&self, session: AuthSession) -> Checked<Hasura> {
        let endpoint = self.sandbox.addresses().endpoint.parse()?;
        Ok(Hasura::new(endpoint, session)?)
    }

    /// Logs a user in with the device flow; returns the identity and the refresh token.
    async fn log_in(&self) -> Checked<(String, SecretString)> {
        let at = self.sandbox.addresses();
        let issuer = at.issuer.trim_end_matches('/');
        let client = ("client_id", at.client_id.as_str());
        let scope = ("scope", "openid profile email offline_access");
        let audience = ("audience", at.audience.as_str());
        let code = self
            .form(
                &format!("{issuer}/oauth/device/code"),
                &[client, scope, audience],
            )
            .await?;
        let field = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
        let user_code = field(&code, "user_code");
        let approval = [
            ("user_code", user_code.as_str()),
            ("email", "ada@example.test"),
            ("action", "approve"),
        ];
        self.http.post(&at.activate).form(&approval).send().await?;
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let device_code = field(&code, "device_code");
        let tokens = self
            .form(
                &format!("{issuer}/oauth/token"),
                &[client, ("grant_type", grant), ("device_code", &device_code)],
            )
            .await?;
        let access = field(&tokens, "access_token");
        let claims = access.split('.').nth(1).ok_or("no token")?;
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
        Ok((
            field(&claims, "sub"),
            field(&tokens, "refresh_token").into(),
        ))
    }

    /// Logs a user in; returns the identity and the stored login.
    pub(crate) async fn login(&self) -> Checked<(String, StoredLogin)> {
        let (sub, token) = self.log_in().await?;
        let kept = StoredLogin::new(Arc::new(MemoryStore::new()), "p".to_owned());
        kept.set_refresh(&StoredRefreshToken {
            token,
            sub: sub.clone(),
        })?;
        Ok((sub, kept))
    }

    /// Returns a session with its lock file in `home`.
    pub(crate) fn session(&self, kept: StoredLogin, home: &Path) -> Checked<AuthSession> {
        let at = self.sandbox.addresses();
        let connection = Connection {
            issuer: at.issuer.clone(),
            client_id: at.client_id.clone(),
            audience: at.audience.clone(),
            endpoint: at.endpoint.parse()?,
        };
        let lock = home.join("refresh.lock");
        Ok(AuthSession::for_user(
            connection,
            kept,
            lock,
            None,
            TimeScale::REAL,
        ))
    }

    async fn form(&self, url: &str, fields: &[(&str, &str)]) -> Checked<Value> {
        Ok(self
            .http
            .post(url)
            .form(fields)
            .send()
            .await?
            .json()
            .await?)
    }

    /// Returns the texts of a user's rows, in id order.
    pub(crate) fn texts(&self, sub: &str) -> Checked<Vec<String>> {
        let rows = self.sandbox.backend().todos(Some(sub))?;
        let rows = rows.as_array().ok_or("no rows")?;
        let text = |row: &Value| row["text"].as_str().unwrap_or_default().to_owned();
        Ok(rows.iter().map(text).collect())
    }

    /// Inserts todos of Ada: id, text.
    pub(crate) async fn load(&self, todos: Value) -> Checked {
        let mut rows = todos;
        for row in rows.as_array_mut().ok_or("a list")? {
            row["user_id"] = json!(1);
        }
        let users = json!([{"id": 1, "auth0_id": ADA, "email": "ada@example.test"}]);
        let fixture = json!({"fixture": {"users": users, "todos": rows}});
        self.control(Method::POST, "reset", fixture).await?;
        Ok(())
    }
}

pub(crate) fn key_of(n: u128) -> Key {
    Key::new(Uuid::from_u128(n))
}

/// Fails if `what` takes too long.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> Checked<T> {
    Ok(tokio::time::timeout(DEADLINE, what).await?)
}
