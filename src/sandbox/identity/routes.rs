//! The provider's HTTP routes.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::grants::FormFields;
use super::rate::Allowance;
use super::refusal::uncached;
use super::{IdentityProvider, TokenRefusal, pages};

type SubmittedForm = Result<Form<Vec<(String, String)>>, FormRejection>;

/// Every route of the provider.
pub(in super::super) fn router(identity: IdentityProvider) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/oauth-authorization-server", get(discovery))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/oauth/device/code", post(device_code))
        .route("/oauth/token", post(token))
        .route("/oauth/revoke", post(revoke))
        .route("/userinfo", get(userinfo))
        .route("/activate", get(show_activation).post(settle))
        .route("/authorize", get(async || pages::no_browser_login()))
        .with_state(identity)
}

async fn discovery(State(identity): State<IdentityProvider>) -> Response {
    Json(identity.discovery()).into_response()
}

async fn jwks(State(identity): State<IdentityProvider>) -> Response {
    match tokio::task::spawn_blocking(move || identity.jwks()).await {
        Ok(Ok(keys)) => Json(keys).into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn device_code(
    State(identity): State<IdentityProvider>,
    headers: HeaderMap,
    form: SubmittedForm,
) -> Response {
    endpoint(identity, headers, form, |identity, fields| {
        identity.authorize_device(fields).map(Some)
    })
    .await
}

async fn token(
    State(identity): State<IdentityProvider>,
    headers: HeaderMap,
    form: SubmittedForm,
) -> Response {
    endpoint(identity, headers, form, |identity, fields| {
        identity.token(fields).map(Some)
    })
    .await
}

async fn revoke(
    State(identity): State<IdentityProvider>,
    headers: HeaderMap,
    form: SubmittedForm,
) -> Response {
    endpoint(identity, headers, form, |identity, fields| {
        identity.revoke(fields).map(|()| None)
    })
    .await
}

/// One of the OAuth endpoints: rate limit, form, then `answer`, which may
/// compute and write files. `None` is an empty 200.
async fn endpoint(
    identity: IdentityProvider,
    headers: HeaderMap,
    form: SubmittedForm,
    answer: fn(&IdentityProvider, &FormFields) -> Result<Option<Value>, TokenRefusal>,
) -> Response {
    let allowance = identity.count_request();
    if let Some(allowance) = allowance.filter(|allowance| !allowance.allowed()) {
        return limited(allowance);
    }
    let dialect = identity.settings().dialect;
    let outcome = match form {
        Err(rejection) => Err(TokenRefusal::NoForm(rejection.body_text())),
        Ok(_) if headers.contains_key(header::AUTHORIZATION) => Err(TokenRefusal::SecretSent),
        Ok(Form(pairs)) => tokio::task::spawn_blocking(move || {
            let fields = FormFields::read(pairs)?;
            answer(&identity, &fields)
        })
        .await
        .unwrap_or(Err(TokenRefusal::Broken)),
    };
    let mut response = match outcome {
        Ok(Some(body)) => uncached(Json(body).into_response()),
        Ok(None) => uncached(StatusCode::OK.into_response()),
        Err(refusal) => refusal.response(dialect),
    };
    if let Some(allowance) = allowance {
        allowance.write(response.headers_mut());
    }
    response
}

impl IdentityProvider {
    fn count_request(&self) -> Option<Allowance> {
        let (settings, now_s) = (self.settings(), self.0.parts.clock.now_s());
        self.books().window.count(&settings, now_s)
    }
}

fn limited(allowance: Allowance) -> Response {
    let body = json!({
        "error": "too_many_requests",
        "error_description": "Global limit has been reached",
    });
    let mut response = uncached((StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response());
    allowance.write(response.headers_mut());
    response
}

async fn userinfo(State(identity): State<IdentityProvider>, headers: HeaderMap) -> Response {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match bearer.and_then(|bearer| identity.userinfo(bearer)) {
        Some(profile) => uncached(Json(profile).into_response()),
        None => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")],
            "Unauthorized",
        )
            .into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Prefilled {
    user_code: Option<String>,
}

async fn show_activation(
    State(identity): State<IdentityProvider>,
    query: Result<Query<Prefilled>, QueryRejection>,
) -> Response {
    let typed = query.ok().and_then(|Query(prefilled)| prefilled.user_code);
    identity.activation_page(typed.as_deref()).into_response()
}

async fn settle(State(identity): State<IdentityProvider>, form: SubmittedForm) -> Response {
    match form {
        Err(rejection) => pages::bad_form(&rejection.body_text()).into_response(),
        Ok(Form(pairs)) => tokio::task::spawn_blocking(move || identity.settle(&pairs))
            .await
            .unwrap_or_else(|_| pages::broken())
            .into_response(),
    }
}
