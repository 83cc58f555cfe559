//! A development identity provider that behaves like Auth0: device login,
//! rotating refresh tokens, RS256 access tokens that Hasura understands.

mod activation;
mod device;
mod grants;
mod key;
mod mint;
mod pages;
mod random;
mod rate;
mod refresh;
mod refusal;
mod routes;
mod user;
mod witness;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::backend::Backend;
use super::clock::AdjustableClock;
use super::disk::DataDirectory;
use super::settings::{Configuration, Dialect, Discovery, PublishedKeys, Settings};
use device::{DeviceCodes, RequestedGrant};
pub(super) use key::unsigned;
pub use key::{SigningKey, SigningKeyError};
use mint::Mint;
pub(super) use mint::merge;
use rate::RateWindow;
use refresh::RefreshTokens;
use refusal::TokenRefusal;
pub(super) use routes::router;
use user::User;
pub use witness::Witness;

/// The one client: a Native application without a secret.
pub(super) const CLIENT_ID: &str = "tudone-development-client";
/// The one API.
pub(super) const AUDIENCE: &str = "https://todos.example/api";
/// The host named by a wrong discovery document.
const ELSEWHERE: &str = "https://elsewhere.example";
/// The file with users and refresh tokens.
const LOGINS: &str = "logins.json";

/// The state that survives a restart.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logins {
    #[serde(rename = "people")]
    users: BTreeMap<String, User>,
    refresh: RefreshTokens,
}

impl Logins {
    /// Loads the state from `disk`.
    pub(super) fn read(disk: &DataDirectory) -> Result<Self, super::SandboxError> {
        let path = disk.path(LOGINS);
        match disk.read(LOGINS) {
            Ok(None) => Ok(Self::default()),
            Ok(Some(text)) => serde_json::from_str(&text)
                .map_err(|source| super::SandboxError::Damaged { path, source }),
            Err(source) => Err(super::SandboxError::File { path, source }),
        }
    }
}

/// An opaque access token.
#[derive(Debug)]
struct Opaque {
    sub: String,
    asked: RequestedGrant,
    expires_s: i64,
}

#[derive(Debug, Default)]
struct Books {
    logins: Logins,
    devices: DeviceCodes,
    opaque: HashMap<String, Opaque>,
    window: RateWindow,
}

/// The parts of a provider.
#[derive(Debug)]
pub(super) struct ProviderParts {
    pub(super) key: SigningKey,
    pub(super) backend: Backend,
    pub(super) clock: AdjustableClock,
    pub(super) configuration: Arc<Mutex<Configuration>>,
    pub(super) logins: Logins,
    pub(super) disk: Option<DataDirectory>,
    pub(super) witness: Option<Witness>,
    /// The address that clients use (`http://127.0.0.1:port`), without a slash.
    pub(super) base: String,
}

/// The identity provider. Cheap to clone; its methods compute and write
/// files, so call them where blocking is allowed.
#[derive(Debug, Clone)]
pub(super) struct IdentityProvider(Arc<Provider>);

#[derive(Debug)]
struct Provider {
    parts: ProviderParts,
    other: OnceLock<SigningKey>,
    books: Mutex<Books>,
}

impl IdentityProvider {
    /// Creates a provider from its parts.
    pub(super) fn new(mut parts: ProviderParts) -> Self {
        let books = Books {
            logins: std::mem::take(&mut parts.logins),
            ..Books::default()
        };
        Self(Arc::new(Provider {
            parts,
            other: OnceLock::new(),
            books: Mutex::new(books),
        }))
    }

    /// A key that signs nothing: for forged tokens and wrong JWT secrets.
    /// Generated at the first use, which takes half a second.
    pub(super) fn other_key(&self) -> Result<SigningKey, SigningKeyError> {
        if let Some(key) = self.0.other.get() {
            return Ok(key.clone());
        }
        let key = SigningKey::generate()?;
        Ok(self.0.other.get_or_init(|| key).clone())
    }

    /// The key that signs.
    pub(super) fn key(&self) -> &SigningKey {
        &self.0.parts.key
    }

    /// Returns a valid access token of `sub` as header and claims, to be altered.
    /// Creates the user's row if it does not exist.
    ///
    /// # Errors
    ///
    /// The backend's, when it cannot create that row.
    pub(super) fn good_token(
        &self,
        sub: &str,
    ) -> Result<(Value, Value), super::backend::BackendError> {
        let mut settings = self.settings();
        settings.claims = super::settings::Claims::Good;
        let email = self
            .books()
            .logins
            .users
            .get(sub)
            .map(|person| person.email.clone());
        let user_id = self.0.parts.backend.upsert_user(sub, email.as_deref())?;
        let issuer = self.issuer(&settings);
        let mint = self.mint(&settings, &issuer);
        let asked = RequestedGrant {
            scope: "openid profile email offline_access".to_owned(),
            audience: Some(AUDIENCE.to_owned()),
        };
        let claims = mint.access_claims(sub, user_id, AUDIENCE, &asked);
        Ok((mint.access_header(), claims))
    }

    /// Ends every login; access tokens live on. Says how many there were.
    pub(super) fn revoke_all(&self) -> Result<usize, std::io::Error> {
        let mut books = self.books();
        let ended = books.logins.refresh.revoke_all();
        self.keep(&books)?;
        Ok(ended)
    }

    /// Ends every open device code. Says how many there were.
    pub(super) fn expire_codes(&self) -> usize {
        self.books().devices.expire_all(self.now_ms())
    }

    /// The discovery document, in the shape Auth0 gives it.
    fn discovery(&self) -> Value {
        let settings = self.settings();
        let base = &self.0.parts.base;
        let mut document = json!({
            "issuer": self.issuer(&settings),
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/oauth/token"),
            "device_authorization_endpoint": format!("{base}/oauth/device/code"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/.well-known/jwks.json"),
            "revocation_endpoint": format!("{base}/oauth/revoke"),
            "scopes_supported": grants::SCOPES,
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256", "plain"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "claims_supported": ["aud", "auth_time", "created_at", "email", "email_verified",
                "exp", "family_name", "given_name", "iat", "identities", "iss", "name",
                "nickname", "phone_number", "picture", "sub"],
            "request_uri_parameter_supported": false,
            "request_parameter_supported": false,
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256"],
        });
        if settings.dialect == Dialect::Rfc {
            merge(
                &mut document,
                &json!({
                    "grant_types_supported": [grants::DEVICE_GRANT, grants::REFRESH_GRANT],
                    "token_endpoint_auth_methods_supported": ["none"],
                }),
            );
        }
        let wrong = match settings.discovery {
            Discovery::Good => json!({}),
            Discovery::OtherIssuer => json!({"issuer": format!("{ELSEWHERE}/")}),
            Discovery::OtherSite => json!({"token_endpoint": format!("{ELSEWHERE}/oauth/token")}),
            Discovery::NoDeviceEndpoint => json!({"device_authorization_endpoint": null}),
            Discovery::NoJwks => json!({"jwks_uri": null}),
        };
        merge(&mut document, &wrong);
        document
    }

    /// The public keys. Blocks while the first wrong one is being made.
    fn jwks(&self) -> Result<Value, SigningKeyError> {
        let key = self.key().jwk();
        let keys = match self.settings().jwks {
            PublishedKeys::Good => vec![key],
            PublishedKeys::Empty => Vec::new(),
            PublishedKeys::OtherKey => {
                let mut other = self.other_key()?.jwk();
                merge(&mut other, &json!({"kid": self.key().kid()}));
                vec![other]
            }
        };
        Ok(json!({ "keys": keys }))
    }

    /// Who `bearer` belongs to, as far as its scope tells: an access token
    /// with `openid`, a JWT of ours or an opaque one.
    fn userinfo(&self, bearer: &str) -> Option<Value> {
        let now_s = self.0.parts.clock.now_s();
        let books = self.books();
        if let Some(opaque) = books.opaque.get(&random::hashed(bearer)) {
            let person = books.logins.users.get(&opaque.sub)?;
            let good = opaque.asked.has("openid") && now_s < opaque.expires_s;
            return good.then(|| Value::Object(mint::profile(person, &opaque.asked)));
        }
        let claims = self.key().verified(bearer)?;
        let asked = RequestedGrant {
            scope: claims.get("scope")?.as_str()?.to_owned(),
            audience: None,
        };
        let person = books.logins.users.get(claims.get("sub")?.as_str()?)?;
        let good = asked.has("openid") && now_s < claims.get("exp")?.as_i64()?;
        good.then(|| Value::Object(mint::profile(person, &asked)))
    }

    /// The post-login Action: makes sure of the user's row and says its id.
    fn action(&self, person: &User) -> Result<i64, String> {
        let failed = "Your todo list could not be prepared. Try again later.";
        if self.settings().action_fails {
            return Err(failed.to_owned());
        }
        self.0
            .parts
            .backend
            .upsert_user(&person.sub, Some(&person.email))
            .map_err(|_| failed.to_owned())
    }

    fn mint<'a>(&'a self, settings: &Settings, issuer: &'a str) -> Mint<'a> {
        Mint {
            dialect: settings.dialect,
            claims: settings.claims,
            issuer,
            client_id: CLIENT_ID,
            kid: self.key().kid(),
            now_s: self.0.parts.clock.now_s(),
            ttl_s: i64::from(settings.access_ttl_s),
        }
    }

    fn issuer(&self, settings: &Settings) -> String {
        let slash = if settings.issuer_slash { "/" } else { "" };
        format!("{}{slash}", self.0.parts.base)
    }

    fn settings(&self) -> Settings {
        let configuration = self.0.parts.configuration.lock();
        configuration
            .unwrap_or_else(PoisonError::into_inner)
            .settings
            .clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> i64 {
        self.0.parts.clock.now_ms()
    }

    /// Writes down what outlives a restart.
    fn keep(&self, books: &Books) -> std::io::Result<()> {
        match &self.0.parts.disk {
            None => Ok(()),
            Some(disk) => disk.write(LOGINS, &serde_json::to_string(&books.logins)?),
        }
    }
}
