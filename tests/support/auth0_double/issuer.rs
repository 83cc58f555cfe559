//! The tenant's public half: discovery, keys, device codes, tokens. A token holds what the API,
//! the application and the Action say, as they were set up.

use std::sync::OnceLock;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, rand_core::OsRng};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{DEVICE_GRANT, Tenant, parameter, reply};

/// A login that was begun.
#[derive(Debug, Clone, Default)]
pub(super) struct Login {
    user_code: String,
    device_code: String,
    client: String,
    audience: String,
    email: Option<String>,
    refresh_token: Option<String>,
}

const KID: &str = "the-only-key";
const DENIED: &str = "The todo list is not available right now. Try again in a minute.";

/// One key for all tenants of a test program: it takes half a second to make.
fn key() -> Option<&'static RsaPrivateKey> {
    static KEY: OnceLock<Option<RsaPrivateKey>> = OnceLock::new();
    KEY.get_or_init(|| RsaPrivateKey::new(&mut OsRng, 2048).ok())
        .as_ref()
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(claims: &Value) -> Option<String> {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": KID});
    let text = format!(
        "{}.{}",
        encoded(header.to_string()),
        encoded(claims.to_string())
    );
    let signature = SigningKey::<Sha256>::new(key()?.clone()).sign(text.as_bytes());
    Some(format!("{text}.{}", encoded(signature.to_bytes())))
}

/// A refusal: `error` and `error_description`.
fn refused(error: &str, description: impl Into<String>) -> Response {
    let body = json!({"error": error, "error_description": description.into()});
    reply(403, &body, false)
}

pub(super) async fn answer(tenant: &Tenant, path: &str, body: &[u8]) -> Response {
    let base = tenant.base();
    let form = String::from_utf8_lossy(body);
    match path {
        "/.well-known/openid-configuration" => axum::Json(json!({
            "issuer": base,
            "token_endpoint": format!("{base}oauth/token"),
            "device_authorization_endpoint": format!("{base}oauth/device/code"),
            "revocation_endpoint": format!("{base}oauth/revoke"),
            "jwks_uri": format!("{base}.well-known/jwks.json"),
        }))
        .into_response(),
        "/.well-known/jwks.json" => {
            let Some(key) = key() else {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            };
            axum::Json(json!({"keys": [{
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KID,
                "n": encoded(key.n().to_bytes_be()), "e": encoded(key.e().to_bytes_be()),
            }]}))
            .into_response()
        }
        "/oauth/device/code" => device_code(tenant, &form),
        "/oauth/token" => token(tenant, &form).await,
        "/oauth/revoke" => StatusCode::OK.into_response(),
        _ => (StatusCode::NOT_FOUND, "Not found.").into_response(),
    }
}

fn field(form: &str, name: &str) -> String {
    parameter(form, name).unwrap_or_default()
}

fn device_code(tenant: &Tenant, form: &str) -> Response {
    let (client, audience) = (field(form, "client_id"), field(form, "audience"));
    let mut books = tenant.books();
    if !books.may(&client, DEVICE_GRANT) {
        let description = format!("Grant type '{DEVICE_GRANT}' not allowed for the client.");
        return refused("unauthorized_client", description);
    }
    if !books.apis.iter().any(|api| api["identifier"] == audience) {
        return refused("access_denied", format!("Service not found: {audience}"));
    }
    let number = books.logins.len();
    let login = Login {
        user_code: format!(
            "BCDF-GHJ{}",
            char::from(b'B' + u8::try_from(number % 20).unwrap_or(0))
        ),
        device_code: format!("device-code-{number}"),
        client,
        audience,
        ..Login::default()
    };
    books.logins.push(login.clone());
    let page = format!("{}activate", tenant.base());
    axum::Json(json!({
        "device_code": login.device_code, "user_code": login.user_code,
        "expires_in": 900, "interval": 1, "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", login.user_code),
    }))
    .into_response()
}

async fn token(tenant: &Tenant, form: &str) -> Response {
    let login = {
        let books = tenant.books();
        let code = field(form, "device_code");
        let refresh = Some(field(form, "refresh_token")).filter(|token| !token.is_empty());
        let mut logins = books.logins.iter();
        let found = match &refresh {
            Some(_) => logins.find(|it| it.refresh_token == refresh),
            None => logins.find(|it| it.device_code == code),
        };
        match found.cloned() {
            Some(login) if refresh.is_some() && !books.may(&login.client, "refresh_token") => {
                let description = "Grant type 'refresh_token' not allowed for the client.";
                return refused("unauthorized_client", description);
            }
            Some(login) => login,
            None => return refused("invalid_grant", "Unknown or invalid refresh token."),
        }
    };
    let Some(email) = &login.email else {
        return refused(
            "authorization_pending",
            "User has yet to authorize device code.",
        );
    };
    let sub = format!("auth0|{email}");
    let Ok(claim) = run_action(tenant, &login.audience, &sub, email).await else {
        return refused("access_denied", DENIED);
    };
    issue(tenant, &login, &sub, email, claim)
}

/// The tokens of a login that was approved.
fn issue(tenant: &Tenant, login: &Login, sub: &str, email: &str, claim: Option<Value>) -> Response {
    let base = tenant.base();
    let now = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": base, "sub": sub, "aud": [login.audience, format!("{base}userinfo")],
        "azp": login.client, "iat": now, "exp": now + 3600, "scope": "openid profile email",
    });
    if let Some(claim) = claim {
        claims["https://hasura.io/jwt/claims"] = claim;
    }
    let identity = json!({
        "iss": base, "sub": sub, "aud": login.client, "email": email, "name": email,
        "iat": now, "exp": now + 3600,
    });
    let mut answer = json!({
        "access_token": signed(&claims), "id_token": signed(&identity),
        "token_type": "Bearer", "expires_in": 3600,
    });
    let mut books = tenant.books();
    let offline = (books.apis.iter())
        .any(|api| api["identifier"] == login.audience && api["allow_offline_access"] == true);
    if offline && books.may(&login.client, "refresh_token") {
        let token = format!("refresh-token-{}", uuid::Uuid::now_v7().simple());
        answer["refresh_token"] = json!(token);
        let same = |it: &&mut Login| it.device_code == login.device_code;
        if let Some(login) = books.logins.iter_mut().find(same) {
            login.refresh_token = Some(token);
        }
    }
    axum::Json(answer).into_response()
}

/// What the Action does once it is deployed and bound: its own request to Hasura, and the claim.
async fn run_action(
    tenant: &Tenant,
    audience: &str,
    sub: &str,
    email: &str,
) -> Result<Option<Value>, ()> {
    let (secrets, query) = {
        let books = tenant.books();
        let bound = (books.bindings.iter()).any(|it| it["action"]["name"] == "hasura-sync");
        let action = (books.actions.iter())
            .find(|it| it["name"] == "hasura-sync" && it["all_changes_deployed"] == true);
        let (true, Some(action)) = (bound, action) else {
            return Ok(None);
        };
        let code = action["code"].as_str().unwrap_or_default();
        let query = code.split("const ENSURE_USER = `").nth(1);
        let query = query.and_then(|rest| rest.split('`').next());
        (books.secrets.clone(), query.ok_or(())?.to_owned())
    };
    let secret = |name: &str| {
        let found = secrets.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    if secret("API_AUDIENCE") != audience {
        return Ok(None);
    }
    let url: reqwest::Url = secret("HASURA_URL").parse().map_err(|_| ())?;
    let variables = json!({"auth0_id": sub, "email": email, "update": ["email"]});
    let request = tudone::http::client(&url)
        .map_err(|_| ())?
        .post(url)
        .header("x-hasura-admin-secret", secret("HASURA_ADMIN_SECRET"))
        .json(&json!({"query": query, "operationName": "EnsureUser", "variables": variables}));
    let answer: Value = match request.send().await {
        Ok(answer) => answer.json().await.map_err(|_| ())?,
        Err(_) => return Err(()),
    };
    let id = answer.pointer("/data/insert_users_one/id");
    let id = id.and_then(Value::as_i64).ok_or(())?;
    Ok(Some(json!({
        "x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"],
        "x-hasura-user-id": id.to_string(), "x-auth0-user-id": sub,
    })))
}

impl Tenant {
    /// The tenant's address, as its tokens name it.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/", self.domain)
    }

    /// Approves a login on the activation page.
    pub(crate) fn approve(&self, user_code: &str, email: &str) -> bool {
        let mut books = self.books();
        let login = books.logins.iter_mut().find(|it| it.user_code == user_code);
        login
            .map(|login| login.email = Some(email.to_owned()))
            .is_some()
    }
}

impl super::Books {
    /// Returns whether the application has a grant.
    fn may(&self, client: &str, grant: &str) -> bool {
        let client = self.clients.iter().find(|it| it["client_id"] == client);
        let grants = client.and_then(|client| client["grant_types"].as_array());
        grants.is_some_and(|all| all.iter().any(|it| it == grant))
    }
}
