//! Every wrong setting that a diagnosis must be able to name: set over HTTP,
//! seen in what the sandbox then answers, and gone when undone.

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tudone::sandbox::SandboxOptions;

use super::bench::*;

/// Where a setting shows.
#[derive(Debug, Clone, Copy)]
enum Look {
    /// Issuer, endpoints and keys' address of the discovery document.
    Discovery,
    /// How many keys are published, and whether they verify a token.
    Keys,
    /// The answer to a request for a device code.
    Device,
    /// The access token of a fresh login: algorithm, audience, who may see it.
    Token,
    /// Hasura's claims in it.
    Claims,
    /// Which tokens a fresh login brings.
    Tokens,
    /// How many seconds the clocks of issuer and Hasura are ahead.
    Clocks,
    /// What Hasura says to a query with a fresh token.
    Query(&'static str),
    /// What it says to one without a token.
    Anonymous,
    /// What it says to one with the ID token.
    IdToken,
    /// The first message after a subscription over a websocket.
    Live,
}

const SELECT: Look = Look::Query("{ todos { text } }");
const FEED: Look = Look::Query("{ todo_changes { text } }");
const INSERT: Look =
    Look::Query("mutation { insert_todos(objects: {text: \"x\"}) { affected_rows } }");
const UPDATE: Look = Look::Query(
    "mutation { update_todos(where: {id: {_eq: 0}}, _set: {text: \"x\"}) { affected_rows } }",
);
const DELETE: Look =
    Look::Query("mutation { delete_todos(where: {id: {_eq: 0}}) { affected_rows } }");
const TYPES: Look = Look::Query("{ __type(name: \"todos\") { name } }");

const ANA: &str = "ada.lovelace@example.test";

/// Setting, where it shows, what is seen there.
const WRONG: &[(&str, Look, &str)] = &[
    (
        r#"{"issuer_slash": false}"#,
        Look::Discovery,
        "BASE | device here | tokens here | keys here",
    ),
    (
        r#"{"discovery": "other_issuer"}"#,
        Look::Discovery,
        "https://elsewhere.example/ | device here | tokens here | keys here",
    ),
    (
        r#"{"discovery": "other_site"}"#,
        Look::Discovery,
        "BASE/ | device here | tokens https://elsewhere.example/oauth/token | keys here",
    ),
    (
        r#"{"discovery": "no_device_endpoint"}"#,
        Look::Discovery,
        "BASE/ | device none | tokens here | keys here",
    ),
    (
        r#"{"discovery": "no_jwks"}"#,
        Look::Discovery,
        "BASE/ | device here | tokens here | keys none",
    ),
    (r#"{"jwks": "empty"}"#, Look::Keys, "0 keys"),
    (r#"{"jwks": "other_key"}"#, Look::Keys, "1 keys, forged"),
    (
        r#"{"device_grant": false}"#,
        Look::Device,
        "403 unauthorized_client",
    ),
    (
        r#"{"audience_registered": false}"#,
        Look::Device,
        "403 access_denied",
    ),
    (
        r#"{"rate_limit": 0}"#,
        Look::Device,
        "429 too_many_requests",
    ),
    (
        r#"{"access_tokens": "opaque"}"#,
        Look::Token,
        "dir in 5 parts, no key",
    ),
    (
        r#"{"access_tokens": "encrypted"}"#,
        Look::Token,
        "RSA-OAEP-256 in 5 parts",
    ),
    (
        r#"{"access_tokens": "hs256"}"#,
        Look::Token,
        "HS256 in 3 parts, for our API",
    ),
    (
        r#"{"access_tokens": "other_audience"}"#,
        Look::Token,
        "RS256 in 3 parts, for https://tenant.example/api/v2/",
    ),
    (
        r#"{"offline_access": false}"#,
        Look::Tokens,
        "access_token id_token",
    ),
    (r#"{"claims": "missing"}"#, Look::Claims, "null"),
    (r#"{"claims": "on_id_token"}"#, Look::Claims, "null"),
    (r#"{"claims": "other_namespace"}"#, Look::Claims, "null"),
    (
        r#"{"claims": "number_id"}"#,
        Look::Claims,
        r#"{"x-hasura-allowed-roles":["user"],"x-hasura-default-role":"user","x-hasura-user-id":1}"#,
    ),
    (
        r#"{"claims": "no_id"}"#,
        Look::Claims,
        r#"{"x-hasura-allowed-roles":["user"],"x-hasura-default-role":"user"}"#,
    ),
    (
        r#"{"claims": "sub_as_id"}"#,
        SELECT,
        "data-exception: invalid input syntax for type integer",
    ),
    (
        r#"{"claims": "as_string"}"#,
        SELECT,
        "jwt-invalid-claims: expecting a json object",
    ),
    (
        r#"{"claims": "roles_as_string"}"#,
        Look::Claims,
        r#"{"x-hasura-allowed-roles":"user","x-hasura-default-role":"user","x-hasura-user-id":"1"}"#,
    ),
    (
        r#"{"claims": "no_roles"}"#,
        Look::Claims,
        r#"{"x-hasura-user-id":"1"}"#,
    ),
    (
        r#"{"claims": "other_role"}"#,
        SELECT,
        "validation-failed: field 'todos' not found in type: 'query_root'",
    ),
    (
        r#"{"clock_s": 7200}"#,
        Look::Clocks,
        "issuer 7200, hasura 0",
    ),
    (
        r#"{"hasura_clock_s": -7200}"#,
        Look::Clocks,
        "issuer 0, hasura -7200",
    ),
    (
        r#"{"hasura_clock_s": -7200}"#,
        SELECT,
        "invalid-jwt: Could not verify JWT: JWTIssuedAtFuture",
    ),
    (
        r#"{"hasura_issuer_slash": false}"#,
        SELECT,
        "invalid-jwt: Could not verify JWT: JWTNotInIssuer",
    ),
    (
        r#"{"issuer": "https://other.example/"}"#,
        SELECT,
        "invalid-jwt: Could not verify JWT: JWTNotInIssuer",
    ),
    (
        r#"{"audience": "https://other.example/"}"#,
        SELECT,
        "invalid-jwt: Could not verify JWT: JWTNotInAudience",
    ),
    (
        r#"{"audience_checked": false}"#,
        Look::IdToken,
        "jwt-invalid-claims: claims key: 'https://hasura.io/jwt/claims' not found",
    ),
    (
        r#"{"claims": "role_not_allowed"}"#,
        SELECT,
        "access-denied: Your requested role is not in allowed roles",
    ),
    (
        r#"{"wrong_secret": true}"#,
        SELECT,
        "invalid-jwt: Could not verify JWT: JWSError JWSInvalidSignature",
    ),
    (
        r#"{"jwt_mode": false}"#,
        SELECT,
        "access-denied: \"x-hasura-admin-secret\"/\"x-hasura-access-key\" required",
    ),
    (
        r#"{"claims_namespace": "https://other.example/"}"#,
        SELECT,
        "jwt-invalid-claims: claims key: 'https://other.example/' not found",
    ),
    (
        r#"{"select": false}"#,
        SELECT,
        "validation-failed: field 'todos' not found in type: 'query_root'",
    ),
    (
        r#"{"hidden_tables": ["todo_changes"]}"#,
        FEED,
        "validation-failed: field 'todo_changes' not found in type: 'query_root'",
    ),
    (
        r#"{"insert": false}"#,
        INSERT,
        "validation-failed: field 'insert_todos' not found in type: 'mutation_root'",
    ),
    (
        r#"{"update": false}"#,
        UPDATE,
        "validation-failed: field 'update_todos' not found in type: 'mutation_root'",
    ),
    (
        r#"{"delete": false}"#,
        DELETE,
        "validation-failed: field 'delete_todos' not found in type: 'mutation_root'",
    ),
    (
        r#"{"insert": false, "update": false, "delete": false}"#,
        INSERT,
        "validation-failed: no mutations exist",
    ),
    (
        r#"{"rows_filtered": false}"#,
        SELECT,
        r#"{"todos":[{"text":"ana's"},{"text":"ana's too"},{"text":"bob's"}]}"#,
    ),
    (
        r#"{"row_limit": 1}"#,
        SELECT,
        r#"{"todos":[{"text":"ana's"}]}"#,
    ),
    (
        r#"{"introspection": false}"#,
        TYPES,
        "validation-failed: field '__type' not found in type: 'query_root'",
    ),
    (
        r#"{"unauthorized_role": "anonymous"}"#,
        Look::Anonymous,
        r#"{"todos":[{"id":1},{"id":2},{"id":3}]}"#,
    ),
    (
        r#"{"subscriptions": false}"#,
        Look::Live,
        "error no subscriptions exist",
    ),
];

#[tokio::test]
async fn every_wrong_setting_shows_in_the_answers_until_it_is_undone() -> Checked {
    let bench = Bench::start().await?;
    let mut seen_well = Vec::new();
    for &(patch, look, wanted) in WRONG {
        let patch: Value = serde_json::from_str(patch)?;
        bench.order("reset", fixture()).await?;
        let before = bench.seen(look).await?;
        assert_eq!(before, right(look), "{look:?} with nothing wrong");

        bench.configure(patch.clone()).await?;
        let seen = bench.seen(look).await?;
        assert!(seen.starts_with(wanted), "{patch}: {seen}");
        assert_ne!(seen, before, "{patch}");
        seen_well.push(patch);

        bench.control(Method::DELETE, "config", json!(null)).await?;
        bench.order("reset", fixture()).await?;
        assert_eq!(bench.seen(look).await?, before, "after {look:?}");
    }
    every_setting_is_covered(&bench, &seen_well).await
}

/// A setting that the table does not break fails here, so that the table stays whole.
async fn every_setting_is_covered(bench: &Bench, seen: &[Value]) -> Checked {
    /// What makes no diagnosis: speeds, lifetimes, and tests of their own.
    const ELSEWHERE: [&str; 13] = [
        "access_ttl_s",
        "action_fails",
        "allowed_skew_s",
        "code_ttl_s",
        "dialect",
        "interval_grows",
        "interval_s",
        "leeway_s",
        "rate_limit_window_s",
        "refresh_grant",
        "refresh_idle_s",
        "refresh_ttl_s",
        "rotation",
    ];
    let settings = bench.control(Method::GET, "config", json!(null)).await?;
    let policy = serde_json::to_value(tudone::sandbox::backend::Policy::default())?;
    for names in [settings.json(), policy] {
        for name in names.as_object().ok_or("no settings")?.keys() {
            let covered = seen.iter().any(|patch| patch.get(name).is_some());
            assert!(covered || ELSEWHERE.contains(&name.as_str()), "{name}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_bare_backend_shows_by_what_it_lacks() -> Checked {
    let full = Bench::start().await?;
    let bare = Bench::with(SandboxOptions {
        bare: true,
        ..quick()?
    })
    .await?;
    for bench in [&full, &bare] {
        bench.order("reset", fixture()).await?;
        assert_eq!(bench.seen(SELECT).await?, right(SELECT));
    }
    assert_eq!(full.seen(FEED).await?, right(FEED));
    assert_eq!(
        bare.seen(FEED).await?,
        "validation-failed: field 'todo_changes' not found in type: 'query_root'"
    );
    Ok(())
}

#[tokio::test]
async fn an_audience_left_out_or_userinfos_brings_an_opaque_token() -> Checked {
    let bench = Bench::start().await?;
    let userinfo = bench.url("/userinfo");
    for audience in [None, Some(userinfo.as_str())] {
        let mut fields = vec![("scope", SCOPE)];
        fields.extend(audience.map(|audience| ("audience", audience)));
        let token = bench.log_in_for(&fields).await?.field("access_token");
        assert!(described(&bench, &token)?.starts_with("dir in 5 parts, no key"));
    }
    Ok(())
}

/// Two users with three todos.
fn fixture() -> Value {
    // As the issuer makes it from the address.
    let sub = "auth0|3eb9ff6aeba9ec10cc46c040";
    json!({"fixture": {
        "users": [
            {"id": 1, "auth0_id": sub, "email": ANA},
            {"id": 2, "auth0_id": "auth0|bob", "email": "bob@example.test"},
        ],
        "todos": [
            {"id": 1, "user_id": 1, "text": "ana's"},
            {"id": 2, "user_id": 1, "text": "ana's too"},
            {"id": 3, "user_id": 2, "text": "bob's"},
        ],
    }})
}

/// What is seen with nothing wrong.
fn right(look: Look) -> &'static str {
    match look {
        Look::Discovery => "BASE/ | device here | tokens here | keys here",
        Look::Keys => "1 keys, verified",
        Look::Device => "200 ",
        Look::Token => "RS256 in 3 parts, for our API",
        Look::Claims => {
            r#"{"x-hasura-allowed-roles":["user"],"x-hasura-default-role":"user","x-hasura-user-id":"1"}"#
        }
        Look::Tokens => "access_token id_token refresh_token",
        Look::Clocks => "issuer 0, hasura 0",
        Look::Anonymous => {
            "invalid-headers: Missing 'Authorization' or 'Cookie' header in JWT authentication mode"
        }
        Look::IdToken => "invalid-jwt: Could not verify JWT: JWTNotInAudience",
        Look::Live => r#"next {"todos":[{"id":1},{"id":2}]}"#,
        Look::Query(query) => match query.split(['{', '(']).nth(1).map(str::trim) {
            Some("todos") => r#"{"todos":[{"text":"ana's"},{"text":"ana's too"}]}"#,
            Some("todo_changes") => r#"{"todo_changes":[{"text":"ana's"},{"text":"ana's too"}]}"#,
            Some("insert_todos") => r#"{"insert_todos":{"affected_rows":1}}"#,
            Some("update_todos") => r#"{"update_todos":{"affected_rows":0}}"#,
            Some("delete_todos") => r#"{"delete_todos":{"affected_rows":0}}"#,
            _ => r#"{"__type":{"name":"todos"}}"#,
        },
    }
}

/// Data, or code and message of the refusal.
fn outcome(answer: &Value) -> String {
    match answer.pointer("/errors/0") {
        Some(error) => format!(
            "{}: {}",
            error["extensions"]["code"].as_str().unwrap_or_default(),
            error["message"].as_str().unwrap_or_default()
        ),
        None => answer["data"].to_string(),
    }
}

fn described(bench: &Bench, token: &str) -> Checked<String> {
    use base64::Engine as _;
    let parts: Vec<&str> = token.split('.').collect();
    let header = parts.first().copied().unwrap_or_default();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header)?;
    let header: Value = serde_json::from_slice(&header)?;
    let algorithm = header["alg"].as_str().unwrap_or_default();
    let mut text = format!("{algorithm} in {} parts", parts.len());
    if parts.get(1) == Some(&"") {
        text.push_str(", no key");
    }
    if parts.len() == 3 {
        let (_, claims) = opened(token)?;
        let audience = claims["aud"][0].as_str().unwrap_or_default();
        let ours = audience == bench.at.audience;
        text.push_str(", for ");
        text.push_str(if ours { "our API" } else { audience });
    }
    Ok(text)
}

impl Bench {
    async fn seen(&self, look: Look) -> Checked<String> {
        Ok(match look {
            Look::Discovery => self.discovery_seen().await?,
            Look::Keys => self.keys_seen().await?,
            Look::Device => {
                let reply = self.ask().await?;
                let (status, error) = reply.refusal();
                format!("{status} {error}")
            }
            Look::Token => described(self, &self.log_in().await?.field("access_token"))?,
            Look::Claims => hasura_claims(&self.log_in().await?.field("access_token"))?.to_string(),
            Look::Tokens => {
                let tokens = self.log_in().await?.json();
                let names = tokens.as_object().ok_or("no tokens")?.keys();
                let names: Vec<_> = names
                    .filter(|name| name.ends_with("_token"))
                    .cloned()
                    .collect();
                names.join(" ")
            }
            Look::Clocks => {
                let issuer = self.ahead("/.well-known/jwks.json").await?;
                let hasura = self.ahead("/healthz").await?;
                format!("issuer {issuer}, hasura {hasura}")
            }
            Look::Query(query) => {
                let token = self.log_in().await?.field("access_token");
                outcome(&self.query(query, Some(&token)).await?)
            }
            Look::IdToken => {
                let token = self.log_in().await?.field("id_token");
                outcome(&self.query("{ todos { text } }", Some(&token)).await?)
            }
            Look::Anonymous => outcome(&self.query("{ todos { id } }", None).await?),
            Look::Live => self.subscribed().await?,
        })
    }

    async fn discovery_seen(&self) -> Checked<String> {
        let path = "/.well-known/openid-configuration";
        let document = self.get(&self.url(path)).await?;
        let base = self.at.issuer.trim_end_matches('/');
        let at = |name: &str| match document.field(name) {
            none if none.is_empty() => "none".to_owned(),
            ours if ours.starts_with(base) => "here".to_owned(),
            other => other,
        };
        Ok(format!(
            "{} | device {} | tokens {} | keys {}",
            document.field("issuer").replace(base, "BASE"),
            at("device_authorization_endpoint"),
            at("token_endpoint"),
            at("jwks_uri"),
        ))
    }

    async fn keys_seen(&self) -> Checked<String> {
        let keys = self.get(&self.url("/.well-known/jwks.json")).await?.json();
        let count = keys["keys"].as_array().map_or(0, Vec::len);
        if count == 0 {
            return Ok("0 keys".to_owned());
        }
        let token = self.log_in().await?.field("access_token");
        assert_eq!(opened(&token)?.0["kid"], keys["keys"][0]["kid"]);
        let verified = is_signed_by(&keys, &token)?;
        let word = if verified { "verified" } else { "forged" };
        Ok(format!("{count} keys, {word}"))
    }

    /// How far ahead a machine's clock is, to the nearest minute, in seconds.
    async fn ahead(&self, path: &str) -> Checked<i64> {
        let reply = self.get(&self.url(path)).await?;
        let date = jiff::fmt::rfc2822::parse(reply.header("date"))?;
        let ahead = date.timestamp().as_second() - jiff::Timestamp::now().as_second();
        Ok((ahead + 30).div_euclid(60) * 60)
    }

    async fn query(&self, query: &str, token: Option<&str>) -> Checked<Value> {
        let request = self
            .http
            .post(&self.at.endpoint)
            .json(&json!({"query": query}));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Ok(request.send().await?.json().await?)
    }

    /// The first answer to a subscription.
    async fn subscribed(&self) -> Checked<String> {
        let token = self.log_in().await?.field("access_token");
        let (mut socket, _) = self.socket("graphql-transport-ws").await?;
        let headers = json!({"headers": {"Authorization": format!("Bearer {token}")}});
        let query = json!({"query": "subscription { todos(order_by: {id: asc}) { id } }"});
        for message in [
            json!({"type": "connection_init", "payload": headers}),
            json!({"type": "subscribe", "id": "1", "payload": query}),
        ] {
            socket.send(Message::text(message.to_string())).await?;
        }
        while let Some(message) = socket.next().await {
            let message: Value = serde_json::from_str(message?.to_text()?)?;
            match message["type"].as_str() {
                Some("next") => return Ok(format!("next {}", message["payload"]["data"])),
                Some("error") => {
                    let text = message["payload"][0]["message"].as_str();
                    return Ok(format!("error {}", text.unwrap_or_default()));
                }
                _ => {}
            }
        }
        Err("the socket closed".into())
    }
}
