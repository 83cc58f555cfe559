//! A double of an Auth0 tenant. Its Management API has fields, scopes, paging, limits and states
//! as Auth0 has them, and refuses what Auth0 refuses, unknown members first of all. Its issuer
//! logs users in with what was set up there.

mod issuer;
mod members;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tudone::setup::auth0::{ACTION_CODE, ACTION_NAME, ACTION_RUNTIME, ACTION_SECRETS};

use issuer::Login;
use members::{MEMBERS, REFRESH_TOKEN};

pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The token for the Management API, which opens everything.
pub(crate) const TOKEN: &str = "a.management.token-58";

/// One request, without its token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) body: Value,
    pub(crate) at: Instant,
}

/// What the tenant has and how it behaves.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) apis: Vec<Value>,
    pub(crate) clients: Vec<Value>,
    pub(crate) actions: Vec<Value>,
    pub(crate) bindings: Vec<Value>,
    /// The values of the Action's secrets, which no answer holds.
    pub(crate) secrets: Vec<(String, String)>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) token: String,
    pub(crate) scopes: BTreeSet<String>,
    /// Whether it refuses an Action and repeats the request in its message.
    pub(crate) repeats: bool,
    /// How many of the next requests the rate limit refuses.
    pub(crate) refuse_next: u32,
    /// Carries out the request after this many more that change something, and cuts the
    /// connection instead of answering.
    pub(crate) cut_after: Option<usize>,
    /// Carries out the request after this many more, says so, and never answers it.
    silent_after: Option<(usize, mpsc::Sender<()>)>,
    /// How often an Action is read until it is built.
    pub(crate) builds_after: usize,
    /// Requests that were refused by the rate limit though none was ordered.
    pub(crate) limited: usize,
    logins: Vec<Login>,
    window: Vec<Instant>,
    next_id: usize,
}

/// A running tenant.
#[derive(Clone)]
pub(crate) struct Tenant {
    books: Arc<Mutex<Books>>,
    pub(crate) domain: String,
}

/// A refusal as Auth0 writes it.
struct Refusal(u16, &'static str, String);

type Outcome = Result<(u16, Value), Refusal>;

fn refuse<T>(status: u16, code: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(status, code, message.into()))
}

impl Tenant {
    /// Starts one on a thread of its own, empty but for what every tenant has.
    pub(crate) fn start(scopes: &[&str]) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let domain = listener.local_addr()?.to_string();
        let management = json!({
            "id": "rs_system", "name": "Auth0 Management API", "is_system": true,
            "identifier": format!("http://{domain}/api/v2/"), "signing_alg": "RS256",
        });
        let global = json!({"client_id": "global", "name": "All Applications", "global": true});
        let tenant = Self {
            books: Arc::new(Mutex::new(Books {
                apis: vec![management],
                clients: vec![global],
                actions: Vec::new(),
                bindings: Vec::new(),
                secrets: Vec::new(),
                seen: Vec::new(),
                token: TOKEN.to_owned(),
                scopes: scopes.iter().map(|&it| it.to_owned()).collect(),
                repeats: false,
                refuse_next: 0,
                cut_after: None,
                silent_after: None,
                builds_after: 2,
                limited: 0,
                logins: Vec::new(),
                window: Vec::new(),
                next_id: 0,
            })),
            domain,
        };
        let state = tenant.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            if let Ok(runtime) = runtime {
                let _ = runtime.block_on(async move {
                    let router = Router::new().fallback(answer).with_state(state);
                    axum::serve(TcpListener::from_std(listener)?, router).await
                });
            }
        });
        Ok(tenant)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `setup auth0` makes, made before: with an application `id_app`.
    pub(crate) fn furnish(&self, audience: &str, endpoint: &str, admin_secret: &str) {
        let mut books = self.books();
        let named = |name: &str| json!({"name": name, "updated_at": "2026-11-27T00:00:00Z"});
        books.apis.push(json!({
            "id": "id_api", "name": "tudone", "identifier": audience, "signing_alg": "RS256",
            "allow_offline_access": true,
        }));
        books.clients.push(json!({
            "client_id": "id_app", "name": "tudone", "app_type": "native", "oidc_conformant": true,
            "token_endpoint_auth_method": "none", "grant_types": [DEVICE_GRANT, "refresh_token"],
            "jwt_configuration": {"alg": "RS256"},
            "refresh_token": {"rotation_type": "rotating", "leeway": 30},
        }));
        let action = json!({
            "id": "id_action", "name": ACTION_NAME, "code": ACTION_CODE, "runtime": ACTION_RUNTIME,
            "status": "built", "all_changes_deployed": true, "reads": 9,
            "secrets": ACTION_SECRETS.map(named),
        });
        books.bindings.push(json!({
            "id": "bind_us", "display_name": ACTION_NAME, "trigger_id": "post-login",
            "action": {"id": "id_action", "name": ACTION_NAME, "all_changes_deployed": true},
        }));
        books.actions.push(action);
        let values = [endpoint, admin_secret, audience].map(str::to_owned);
        books.secrets = ACTION_SECRETS
            .map(str::to_owned)
            .into_iter()
            .zip(values)
            .collect();
    }

    /// Carries out the n-th request from now on and does not answer it; says when.
    pub(crate) fn be_silent_after(&self, requests: usize) -> mpsc::Receiver<()> {
        let (sender, receiver) = mpsc::channel();
        self.books().silent_after = Some((requests, sender));
        receiver
    }

    /// The requests that change something, as `METHOD path`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let books = self.books();
        let changes = books.seen.iter().filter(|seen| seen.method != "GET");
        changes
            .map(|seen| format!("{} {}", seen.method, seen.path))
            .collect()
    }
}

async fn answer(State(tenant): State<Tenant>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let path = parts.uri.path().strip_prefix("/api/v2/").map(str::to_owned);
    let Some(path) = path else {
        return issuer::answer(&tenant, parts.uri.path(), &body).await;
    };
    let (outcome, is_cut, silent) = {
        let mut books = tenant.books();
        let is_cut = parts.method != Method::GET && books.cut_after == Some(0);
        if parts.method != Method::GET {
            books.cut_after = books.cut_after.map(|left| left.saturating_sub(1));
        }
        let query = parts.uri.query().unwrap_or("").to_owned();
        let outcome = books.answer(&parts.method, &path, &query, &parts.headers, &body);
        (outcome, is_cut, books.falls_silent())
    };
    if let Some(sender) = silent {
        let _ = sender.send(());
        return std::future::pending().await;
    }
    if is_cut {
        return cut();
    }
    match outcome {
        Ok((204, _)) => StatusCode::NO_CONTENT.into_response(),
        Ok((status, body)) => reply(status, &body, false),
        Err(Refusal(status, code, message)) => {
            let body = json!({
                "statusCode": status, "error": "refused", "message": message, "errorCode": code,
            });
            reply(status, &body, status == 429)
        }
    }
}

fn reply(status: u16, body: &Value, is_limited: bool) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    if is_limited {
        let reset = jiff::Timestamp::now().as_second() + 1;
        response
            .headers_mut()
            .insert("x-ratelimit-reset", reset.into());
    }
    response
}

/// A body that ends early: a cut connection to the client.
fn cut() -> Response {
    let body = futures_util::stream::once(async {
        Err::<Bytes, _>(std::io::Error::other("cut on purpose"))
    });
    axum::body::Body::from_stream(body).into_response()
}

/// A path with its ids replaced by `ID`.
fn pattern(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [kind @ ("resource-servers" | "clients"), _] => format!("{kind}/ID"),
        ["actions", "actions", _] => "actions/actions/ID".to_owned(),
        ["actions", "actions", _, "deploy"] => "actions/actions/ID/deploy".to_owned(),
        _ => path.to_owned(),
    }
}

/// The scopes of which one is needed.
fn scope(method: &Method, pattern: &str) -> &'static str {
    let is_get = *method == Method::GET;
    let is_patch = *method == Method::PATCH;
    match pattern.split('/').next() {
        Some("resource-servers") if is_get => "read:resource_servers",
        Some("resource-servers") if is_patch => "update:resource_servers",
        Some("resource-servers") => "create:resource_servers",
        Some("clients") if is_get => "read:clients",
        Some("clients") if is_patch => "update:clients",
        Some("clients") => "create:clients",
        _ if is_get => "read:actions",
        _ if is_patch => "update:actions",
        _ => "create:actions",
    }
}

fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => refuse(
            400,
            "invalid_body",
            format!("Payload validation error: 'Additional properties not allowed: {name}'."),
        ),
    }
}

impl Books {
    fn answer(
        &mut self,
        method: &Method,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Outcome {
        let parsed: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        self.seen.push(Seen {
            method: method.to_string(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: parsed.clone(),
            at: Instant::now(),
        });
        self.check_limit()?;
        let bearer = headers.get("authorization").and_then(|it| it.to_str().ok());
        if bearer != Some(&format!("Bearer {}", self.token)) {
            return refuse(401, "invalid_token", "Invalid token");
        }
        let pattern = pattern(path);
        let scope = scope(method, &pattern);
        if !self.scopes.contains(scope) {
            let message = format!("Insufficient scope, expected any of: {scope}");
            return refuse(403, "insufficient_scope", message);
        }
        if *method != Method::GET {
            check_body(method, &pattern, &parsed)?;
        }
        let id = path.split('/').find(|part| part.starts_with("id_"));
        match (method.as_str(), pattern.as_str(), id) {
            ("GET", "resource-servers", _) => paged(&self.apis, query, "resource_servers", true),
            ("GET", "clients", _) => paged(&self.clients, query, "clients", true),
            ("GET", "actions/actions", _) => {
                let named = named_actions(&self.actions, query);
                paged(&named, query, "actions", false)
            }
            ("GET", "actions/triggers/post-login/bindings", _) => {
                paged(&self.bindings, query, "bindings", false)
            }
            ("GET", "actions/actions/ID", Some(id)) => self.read_action(id),
            ("POST", "resource-servers", _) => self.make_api(parsed),
            ("POST", "clients", _) => self.make_client(parsed),
            ("POST", "actions/actions", _) => self.make_action(parsed),
            ("POST", "actions/actions/ID/deploy", Some(id)) => self.deploy(id),
            ("PATCH", "resource-servers/ID", Some(id)) => {
                patched(&mut self.apis, "id", id, &parsed)
            }
            ("PATCH", "clients/ID", Some(id)) => self.patch_client(id, &parsed),
            ("PATCH", "actions/actions/ID", Some(id)) => self.patch_action(id, parsed),
            ("PATCH", "actions/triggers/post-login/bindings", _) => self.bind(&parsed),
            _ => refuse(404, "not_found", "Not Found"),
        }
    }

    /// Whom to tell that this request is not answered, if it is not.
    fn falls_silent(&mut self) -> Option<mpsc::Sender<()>> {
        let (left, _) = self.silent_after.as_mut()?;
        *left = left.saturating_sub(1);
        let is_now = *left == 0;
        self.silent_after
            .take_if(|_| is_now)
            .map(|(_, sender)| sender)
    }

    /// Two requests a second with a burst of two, as on the free plan.
    fn check_limit(&mut self) -> Result<(), Refusal> {
        let limited = || refuse(429, "too_many_requests", "Global limit has been reached");
        if self.refuse_next > 0 {
            self.refuse_next -= 1;
            return limited();
        }
        let now = Instant::now();
        self.window
            .retain(|at| now.duration_since(*at) < Duration::from_secs(1));
        self.window.push(now);
        if self.window.len() > 2 {
            self.limited += 1;
            return limited();
        }
        Ok(())
    }

    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("id_{}", self.next_id)
    }

    fn make_api(&mut self, body: Value) -> Outcome {
        if self
            .apis
            .iter()
            .any(|api| api["identifier"] == body["identifier"])
        {
            return refuse(
                409,
                "conflict",
                "A resource server with this identifier exists.",
            );
        }
        let mut api = body;
        api["id"] = json!(self.id());
        self.apis.push(api.clone());
        Ok((201, api))
    }

    fn make_client(&mut self, body: Value) -> Outcome {
        check_client(&body)?;
        let mut client = body;
        client["client_id"] = json!(self.id());
        client["client_secret"] = json!("never looked at");
        self.clients.push(client.clone());
        Ok((201, client))
    }

    fn patch_client(&mut self, id: &str, body: &Value) -> Outcome {
        let found = self
            .clients
            .iter()
            .find(|it| it["client_id"] == id)
            .cloned();
        let mut merged = found.ok_or(Refusal(404, "inexistent_client", "no client".to_owned()))?;
        for (name, value) in body.as_object().into_iter().flatten() {
            merged[name] = value.clone();
        }
        check_client(&merged)?;
        patched(&mut self.clients, "client_id", id, body)
    }

    fn make_action(&mut self, body: Value) -> Outcome {
        if self.repeats {
            let message = format!("Payload validation error: {}", body["secrets"]);
            return refuse(400, "invalid_body", message);
        }
        if self
            .actions
            .iter()
            .any(|action| action["name"] == body["name"])
        {
            return refuse(409, "conflict", "An action with that name already exists.");
        }
        let mut action = body;
        self.take_secrets(&mut action);
        action["id"] = json!(self.id());
        action["status"] = json!("pending");
        action["reads"] = json!(0);
        action["all_changes_deployed"] = json!(false);
        self.actions.push(action.clone());
        Ok((201, shown(&action)))
    }

    fn patch_action(&mut self, id: &str, body: Value) -> Outcome {
        let mut body = body;
        self.take_secrets(&mut body);
        body["status"] = json!("pending");
        body["reads"] = json!(0);
        body["all_changes_deployed"] = json!(false);
        let (status, action) = patched(&mut self.actions, "id", id, &body)?;
        Ok((status, shown(&action)))
    }

    /// Keeps the values; the Action itself holds names only.
    fn take_secrets(&mut self, action: &mut Value) {
        let Some(secrets) = action.get_mut("secrets").and_then(Value::as_array_mut) else {
            return;
        };
        self.secrets.clear();
        for secret in secrets {
            let text = |name: &str| secret[name].as_str().unwrap_or("").to_owned();
            self.secrets.push((text("name"), text("value")));
            *secret = json!({"name": secret["name"], "updated_at": "2026-11-27T00:00:00Z"});
        }
    }

    fn read_action(&mut self, id: &str) -> Outcome {
        let builds_after = self.builds_after;
        let Some(action) = self.actions.iter_mut().find(|it| it["id"] == id) else {
            return refuse(404, "not_found", "no action");
        };
        let reads = action["reads"].as_u64().unwrap_or(0) + 1;
        action["reads"] = json!(reads);
        if action["status"] != "built" && reads >= builds_after as u64 {
            action["status"] = json!("built");
        }
        if action["deploying"] == true {
            action["deploying"] = json!(false);
            action["all_changes_deployed"] = json!(true);
        }
        Ok((200, shown(action)))
    }

    fn deploy(&mut self, id: &str) -> Outcome {
        let Some(action) = self.actions.iter_mut().find(|it| it["id"] == id) else {
            return refuse(404, "not_found", "no action");
        };
        if action["status"] != "built" {
            return refuse(
                400,
                "bad_request",
                "An action must be built before it is deployed.",
            );
        }
        action["deploying"] = json!(true);
        Ok((
            202,
            json!({"id": "v1", "action_id": id, "status": "pending"}),
        ))
    }

    fn bind(&mut self, body: &Value) -> Outcome {
        let mut bound = Vec::new();
        for (at, wanted) in body["bindings"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            only(
                wanted.as_object().unwrap_or(&Map::new()),
                &["ref", "display_name", "secrets"],
            )?;
            let value = &wanted["ref"]["value"];
            let action = match wanted["ref"]["type"].as_str() {
                Some("binding_id") => {
                    let known = self.bindings.iter().find(|it| it["id"] == *value);
                    known.map(|it| it["action"].clone())
                }
                Some("action_name") => self.actions.iter().find(|it| it["name"] == *value).cloned(),
                Some("action_id") => self.actions.iter().find(|it| it["id"] == *value).cloned(),
                _ => return refuse(400, "invalid_body", "Payload validation error: ref.type"),
            };
            let Some(action) = action else {
                return refuse(404, "not_found", format!("no binding or action {value}"));
            };
            if action["all_changes_deployed"] == false {
                return refuse(400, "bad_request", "The action is not deployed.");
            }
            bound.push(json!({
                "id": format!("bind_{at}_{}", action["name"].as_str().unwrap_or("")),
                "trigger_id": "post-login",
                "display_name": wanted["display_name"],
                "action": {"id": action["id"], "name": action["name"],
                           "all_changes_deployed": true},
            }));
        }
        self.bindings = bound;
        Ok((200, json!({"bindings": self.bindings})))
    }
}

fn shown(action: &Value) -> Value {
    let mut action = action.clone();
    if let Some(object) = action.as_object_mut() {
        object.remove("reads");
        object.remove("deploying");
    }
    action
}

fn patched(rows: &mut [Value], key: &str, id: &str, body: &Value) -> Outcome {
    let Some(row) = rows.iter_mut().find(|row| row[key] == id) else {
        return refuse(404, "not_found", "no such object");
    };
    for (name, value) in body.as_object().into_iter().flatten() {
        row[name] = value.clone();
    }
    Ok((200, row.clone()))
}

fn check_body(method: &Method, pattern: &str, body: &Value) -> Result<(), Refusal> {
    let mut rules = MEMBERS.iter();
    let rule = rules.find(|(verb, path, _)| *verb == method.as_str() && *path == pattern);
    let Some((_, _, known)) = rule else {
        return Ok(());
    };
    let empty = Map::new();
    only(body.as_object().unwrap_or(&empty), known)?;
    if let Some(settings) = body.get("refresh_token").and_then(Value::as_object) {
        only(settings, &REFRESH_TOKEN)?;
        if settings["rotation_type"] == "rotating" && settings["expiration_type"] != "expiring" {
            return refuse(400, "invalid_body", "Rotating refresh tokens must expire.");
        }
    }
    for secret in body
        .get("secrets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        only(secret.as_object().unwrap_or(&empty), &["name", "value"])?;
    }
    Ok(())
}

fn check_client(client: &Value) -> Result<(), Refusal> {
    let grants = client["grant_types"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if !grants.iter().any(|grant| grant == DEVICE_GRANT) {
        return Ok(());
    }
    if client["token_endpoint_auth_method"] != "none" {
        return refuse(
            400,
            "invalid_body",
            "Application must have Token Endpoint Authentication Method set to \"none\" to use \
             the device code grant",
        );
    }
    if client["app_type"] == "native" && client["oidc_conformant"] == true {
        return Ok(());
    }
    refuse(
        400,
        "invalid_body",
        "The device code grant needs an OIDC-conformant native app.",
    )
}

fn named_actions(actions: &[Value], query: &str) -> Vec<Value> {
    let name = parameter(query, "actionName");
    let is_named = |action: &&Value| name.as_deref().is_none_or(|name| action["name"] == name);
    actions.iter().filter(is_named).map(shown).collect()
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let url = reqwest::Url::parse(&format!("http://x/?{query}")).ok()?;
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// One page; lists that give totals only when asked give a bare list else.
fn paged(rows: &[Value], query: &str, name: &str, only_asked: bool) -> Outcome {
    let number = |name| parameter(query, name).and_then(|it| it.parse::<usize>().ok());
    let per_page = number("per_page").unwrap_or(50);
    if per_page > 100 {
        return refuse(400, "invalid_query_string", "per_page is larger than 100");
    }
    let page = number("page").unwrap_or(0);
    let part: Vec<&Value> = rows.iter().skip(page * per_page).take(per_page).collect();
    if only_asked && parameter(query, "include_totals").as_deref() != Some("true") {
        return Ok((200, json!(part)));
    }
    Ok((
        200,
        json!({
            "start": page * per_page, "limit": per_page, "page": page, "per_page": per_page,
            "total": rows.len(), name: part,
        }),
    ))
}
