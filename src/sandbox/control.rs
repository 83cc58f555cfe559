//! The control routes, with which tests inject faults, set wrong settings and
//! read internal state. Requests and answers are JSON; an invalid request gets a
//! 400 with `{"error": …}` and changes nothing.
//!
//! | route | body or query | answer |
//! | --- | --- | --- |
//! | `POST faults` | `{"route", "fault", "status", "ms", "retry_after", "skip", "times"}` | `{"waiting": n}` for that route |
//! | `DELETE faults` | | `{"cleared": n}` |
//! | `POST token` | `{"sub", "claims", "header", "key"}` | `{"token"}` |
//! | `POST revoke-all` | | `{"revoked": n}` |
//! | `POST expire-codes` | | `{"expired": n}` |
//! | `POST cut-sockets` | | `{"cut": n}` |
//! | `POST reset` | nothing or `{"fixture"}` | `{}` |
//! | `GET`, `POST`, `DELETE config` | settings to change | all settings |
//! | `GET`, `DELETE log` | | the requests; `{"cleared": n}` |
//! | `GET tally` | | `{"requests", "faults": {name: n}, "unanswered_commits"}` since the start |
//! | `GET todos` | `?sub=` | the rows |

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::faults::FaultOrder;
use super::frame::SandboxState;
use super::identity::{merge, unsigned};
use super::settings::SettingsError;

use crate::text::causes;

/// Every control route.
pub(super) fn router(frame: Arc<SandboxState>) -> Router {
    Router::new()
        .route("/faults", post(order_fault).delete(clear_faults))
        .route("/token", post(token))
        .route("/revoke-all", post(revoke_all))
        .route("/expire-codes", post(expire_codes))
        .route("/cut-sockets", post(cut_sockets))
        .route("/reset", post(reset))
        .route(
            "/config",
            get(configuration).post(configure).delete(unconfigure),
        )
        .route("/log", get(log).delete(clear_log))
        .route("/tally", get(tally))
        .route("/todos", get(todos))
        .with_state(frame)
}

/// Why a control request is refused.
#[derive(Debug)]
enum ControlError {
    /// The request is invalid.
    Request(String),
    /// The sandbox failed.
    Failure(String),
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Request(message) => (StatusCode::BAD_REQUEST, message),
            Self::Failure(message) => (StatusCode::INTERNAL_SERVER_ERROR, message),
        };
        (status, Json(json!({"error": message}))).into_response()
    }
}

type ControlResult = Result<Json<Value>, ControlError>;

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    serde_json::from_slice(body).map_err(|error| ControlError::Request(error.to_string()))
}

fn failed(error: impl std::fmt::Display) -> ControlError {
    ControlError::Failure(error.to_string())
}

/// Runs blocking work.
async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, ControlError> + Send + 'static,
) -> Result<T, ControlError> {
    tokio::task::spawn_blocking(job).await.map_err(failed)?
}

async fn order_fault(State(frame): State<Arc<SandboxState>>, body: Bytes) -> ControlResult {
    let order: FaultOrder = parsed(&body)?;
    let waiting = frame.faults.order(&order).map_err(ControlError::Request)?;
    Ok(Json(json!({"waiting": waiting})))
}

async fn clear_faults(State(frame): State<Arc<SandboxState>>) -> Json<Value> {
    Json(json!({"cleared": frame.faults.clear()}))
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SigningChoice {
    /// The signature is valid.
    #[default]
    Ours,
    /// The header names the published key, but another one signed.
    Other,
    /// `alg` is `none` and the signature empty.
    None,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    sub: String,
    #[serde(default)]
    claims: Map<String, Value>,
    #[serde(default)]
    header: Map<String, Value>,
    #[serde(default)]
    key: SigningChoice,
}

/// Issues a token of `sub` with altered claims and header: objects merge, `null`
/// removes.
async fn token(State(frame): State<Arc<SandboxState>>, body: Bytes) -> ControlResult {
    let order: TokenOrder = parsed(&body)?;
    let token = blocking(move || {
        let (mut header, mut claims) = frame.identity.good_token(&order.sub).map_err(failed)?;
        if matches!(order.key, SigningChoice::None) {
            merge(&mut header, &json!({"alg": "none", "kid": null}));
        }
        merge(&mut header, &Value::Object(order.header));
        merge(&mut claims, &Value::Object(order.claims));
        Ok(match order.key {
            SigningChoice::Ours => frame.identity.key().sign(&header, &claims),
            SigningChoice::Other => {
                let other = frame.identity.other_key().map_err(failed)?;
                other.sign(&header, &claims)
            }
            SigningChoice::None => format!("{}.", unsigned(&header, &claims)),
        })
    })
    .await?;
    Ok(Json(json!({"token": token})))
}

async fn revoke_all(State(frame): State<Arc<SandboxState>>) -> ControlResult {
    let revoked = blocking(move || frame.identity.revoke_all().map_err(failed)).await?;
    Ok(Json(json!({"revoked": revoked})))
}

async fn expire_codes(State(frame): State<Arc<SandboxState>>) -> Json<Value> {
    Json(json!({"expired": frame.identity.expire_codes()}))
}

/// Cuts the connections themselves, so no close frame is sent.
async fn cut_sockets(State(frame): State<Arc<SandboxState>>) -> Json<Value> {
    let cut = frame.sockets.cut_all();
    frame.cut.send_modify(|times| *times += 1);
    Json(json!({"cut": cut}))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    fixture: Option<Value>,
}

/// Empties the backend. Logins, settings and faults stay as they are.
async fn reset(State(frame): State<Arc<SandboxState>>, body: Bytes) -> ControlResult {
    let order: Reset = if body.trim_ascii().is_empty() {
        Reset::default()
    } else {
        parsed(&body)?
    };
    blocking(move || {
        frame
            .backend
            .reset(order.fixture.as_ref())
            .map_err(|error| ControlError::Request(causes::on_one_line(&error)))
    })
    .await?;
    Ok(Json(json!({})))
}

async fn configuration(State(frame): State<Arc<SandboxState>>) -> ControlResult {
    let shown = frame.configuration().shown().map_err(failed)?;
    Ok(Json(shown))
}

async fn configure(State(frame): State<Arc<SandboxState>>, body: Bytes) -> ControlResult {
    let patch: Map<String, Value> = parsed(&body)?;
    blocking(move || {
        frame
            .configure(&patch)
            .map_err(|error| invalid_setting(&error))
    })
    .await
    .map(Json)
}

async fn unconfigure(State(frame): State<Arc<SandboxState>>) -> ControlResult {
    blocking(move || frame.unconfigure().map_err(|error| invalid_setting(&error)))
        .await
        .map(Json)
}

fn invalid_setting(error: &SettingsError) -> ControlError {
    ControlError::Request(error.to_string())
}

async fn log(State(frame): State<Arc<SandboxState>>) -> Response {
    Json(frame.log.requests()).into_response()
}

async fn clear_log(State(frame): State<Arc<SandboxState>>) -> Json<Value> {
    Json(json!({"cleared": frame.log.clear()}))
}

async fn tally(State(frame): State<Arc<SandboxState>>) -> Response {
    Json(frame.log.tally()).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    sub: Option<String>,
}

async fn todos(
    State(frame): State<Arc<SandboxState>>,
    whose: Result<Query<Whose>, QueryRejection>,
) -> ControlResult {
    let Query(whose) = whose.map_err(|rejection| ControlError::Request(rejection.body_text()))?;
    let rows = blocking(move || frame.backend.todos(whose.sub.as_deref()).map_err(failed)).await?;
    Ok(Json(rows))
}
