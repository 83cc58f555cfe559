//! The token endpoints: a device code, tokens for it, new tokens for a
//! refresh token, and the end of a login.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::settings::{AccessTokens, Dialect, Settings};
use super::device::{self, Polled, RequestedGrant};
use super::mint::Mint;
use super::user::User;
use super::{
    AUDIENCE, Books, CLIENT_ID, IdentityProvider, Opaque, TokenRefusal, random, refresh, unsigned,
};

/// RFC 8628.
pub(super) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 6749, section 6.
pub(super) const REFRESH_GRANT: &str = "refresh_token";
/// The known scopes; others are not granted.
pub(super) const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The tenant's Management API.
const OTHER_AUDIENCE: &str = "https://tenant.example/api/v2/";

/// The fields of a form.
#[derive(Debug)]
pub(super) struct FormFields(HashMap<String, String>);

impl FormFields {
    /// Reads a form, in which nothing may stand twice (RFC 6749, section 3.2).
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Self, TokenRefusal> {
        let mut fields = HashMap::new();
        for (name, value) in pairs {
            if fields.contains_key(&name) {
                return Err(TokenRefusal::Repeated(name));
            }
            fields.insert(name, value);
        }
        Ok(Self(fields))
    }

    /// A field without a value counts as missing (RFC 6749, section 3.1).
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn need(&self, name: &'static str) -> Result<&str, TokenRefusal> {
        self.get(name).ok_or(TokenRefusal::Missing(name))
    }

    /// Lets only the one client pass, and only without a secret: a native
    /// application cannot keep one.
    fn check_client(&self) -> Result<(), TokenRefusal> {
        let secrets = ["client_secret", "client_assertion", "client_assertion_type"];
        if secrets.iter().any(|name| self.get(name).is_some()) {
            return Err(TokenRefusal::SecretSent);
        }
        if self.need("client_id")? == CLIENT_ID {
            Ok(())
        } else {
            Err(TokenRefusal::UnknownClient)
        }
    }
}

impl IdentityProvider {
    /// `POST /oauth/device/code` (RFC 8628, section 3.1).
    pub(super) fn authorize_device(&self, form: &FormFields) -> Result<Value, TokenRefusal> {
        let settings = self.settings();
        form.check_client()?;
        if !settings.device_grant {
            return Err(TokenRefusal::GrantOff(DEVICE_GRANT));
        }
        let asked = self.asked(form, &settings)?;
        let issued = self.books().devices.issue(
            asked,
            millis(settings.interval_s),
            millis(settings.code_ttl_s),
            self.now_ms(),
        );
        let page = format!("{}/activate", self.0.parts.base);
        let mut answer = json!({
            "device_code": issued.device_code,
            "user_code": issued.user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={}", issued.user_code),
            "expires_in": settings.code_ttl_s,
        });
        if settings.dialect == Dialect::Auth0 {
            super::merge(&mut answer, &json!({"interval": settings.interval_s}));
        }
        self.note_secrets(&answer);
        Ok(answer)
    }

    /// `POST /oauth/token`.
    pub(super) fn token(&self, form: &FormFields) -> Result<Value, TokenRefusal> {
        let settings = self.settings();
        form.check_client()?;
        match form.need("grant_type")? {
            DEVICE_GRANT if settings.device_grant => self.poll(form, &settings),
            DEVICE_GRANT => Err(TokenRefusal::GrantOff(DEVICE_GRANT)),
            REFRESH_GRANT if settings.refresh_grant => self.refresh(form, &settings),
            REFRESH_GRANT => Err(TokenRefusal::GrantOff(REFRESH_GRANT)),
            other => Err(TokenRefusal::UnknownGrant(other.to_owned())),
        }
    }

    /// `POST /oauth/revoke` (RFC 7009): the login of that refresh token ends;
    /// an unknown token is no error.
    pub(super) fn revoke(&self, form: &FormFields) -> Result<(), TokenRefusal> {
        form.check_client()?;
        let token = form.need("token")?;
        let mut books = self.books();
        books.logins.refresh.revoke(token);
        self.keep(&books).map_err(|_| TokenRefusal::Broken)
    }

    fn asked(
        &self,
        form: &FormFields,
        settings: &Settings,
    ) -> Result<RequestedGrant, TokenRefusal> {
        let wanted = form.get("audience").or_else(|| {
            let resource = (settings.dialect == Dialect::Rfc).then_some("resource")?;
            form.get(resource)
        });
        let userinfo = format!("{}/userinfo", self.0.parts.base);
        // Registered in every tenant.
        let management = format!("{}/api/v2/", self.0.parts.base);
        let audience = match wanted {
            None => None,
            Some(audience) if audience == userinfo => None,
            Some(audience) if audience == management => Some(management),
            Some(AUDIENCE) if settings.audience_registered => Some(AUDIENCE.to_owned()),
            Some(other) => return Err(TokenRefusal::UnknownAudience(other.to_owned())),
        };
        let scope = form.get("scope").unwrap_or_default();
        Ok(RequestedGrant {
            scope: narrowed(scope, |scope| SCOPES.contains(&scope)),
            audience,
        })
    }

    fn poll(&self, form: &FormFields, settings: &Settings) -> Result<Value, TokenRefusal> {
        let device_code = form.need("device_code")?;
        let rules = device::PollRules {
            expired_repeats: settings.dialect == Dialect::Rfc,
            interval_grows: settings.interval_grows,
        };
        let mut books = self.books();
        let (sub, asked) = match books.devices.poll(device_code, rules, self.now_ms()) {
            Polled::Granted { sub, asked } => (sub, asked),
            Polled::Pending => return Err(TokenRefusal::Pending),
            Polled::TooFast { interval_s } => return Err(TokenRefusal::SlowDown { interval_s }),
            Polled::Refused { reason } => return Err(TokenRefusal::Denied(reason)),
            Polled::Expired => return Err(TokenRefusal::Expired),
            Polled::Unknown => return Err(TokenRefusal::DeadCode),
        };
        let person = person(&books, &sub)?;
        let user_id = self.action(&person).map_err(TokenRefusal::Denied)?;
        let asked = offered(asked, settings);
        let refresh_token = asked
            .has("offline_access")
            .then(|| (books.logins.refresh).start(&sub, &asked, self.now_ms()));
        let answer = self.answer(
            &mut books,
            settings,
            &person,
            user_id,
            &asked,
            refresh_token,
        );
        self.keep(&books).map_err(|_| TokenRefusal::Broken)?;
        Ok(answer)
    }

    /// Runs the Action before the token is spent: a refusal there costs the
    /// login nothing.
    fn refresh(&self, form: &FormFields, settings: &Settings) -> Result<Value, TokenRefusal> {
        let token = form.need("refresh_token")?;
        let rules = refresh::RotationRules {
            rotating: settings.rotation,
            leeway_ms: millis(settings.leeway_s),
            absolute_ms: millis(settings.refresh_ttl_s),
            idle_ms: millis(settings.refresh_idle_s),
        };
        let mut books = self.books();
        let now_ms = self.now_ms();
        let Some(presented) = books.logins.refresh.present(token, rules, now_ms) else {
            self.keep(&books).map_err(|_| TokenRefusal::Broken)?;
            return Err(TokenRefusal::DeadToken);
        };
        let person = person(&books, &presented.sub)?;
        let user_id = self.action(&person).map_err(TokenRefusal::Denied)?;
        let next = books.logins.refresh.exchange(token, rules, now_ms);
        let mut asked = presented.asked;
        if let Some(wanted) = form.get("scope") {
            asked.scope = narrowed(&asked.scope, |scope| wanted.split(' ').any(|w| w == scope));
        }
        let answer = self.answer(&mut books, settings, &person, user_id, &asked, next);
        self.keep(&books).map_err(|_| TokenRefusal::Broken)?;
        Ok(answer)
    }

    fn answer(
        &self,
        books: &mut Books,
        settings: &Settings,
        person: &User,
        user_id: i64,
        asked: &RequestedGrant,
        refresh_token: Option<String>,
    ) -> Value {
        let issuer = self.issuer(settings);
        let mint = self.mint(settings, &issuer);
        let access_token = self.access_token(books, settings, &mint, &person.sub, user_id, asked);
        let mut answer = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": settings.access_ttl_s,
            "scope": asked.scope,
        });
        if asked.has("openid") {
            let claims = mint.id_claims(person, user_id, asked);
            let id_token = self.key().sign(&mint.id_header(), &claims);
            super::merge(&mut answer, &json!({"id_token": id_token}));
        }
        if let Some(token) = refresh_token {
            super::merge(&mut answer, &json!({"refresh_token": token}));
        }
        self.note_secrets(&answer);
        answer
    }

    fn access_token(
        &self,
        books: &mut Books,
        settings: &Settings,
        mint: &Mint<'_>,
        sub: &str,
        user_id: i64,
        asked: &RequestedGrant,
    ) -> String {
        let audience = match settings.access_tokens {
            AccessTokens::Opaque => None,
            AccessTokens::OtherAudience => Some(OTHER_AUDIENCE),
            AccessTokens::Jwt | AccessTokens::Encrypted | AccessTokens::Hs256 => {
                asked.audience.as_deref()
            }
        };
        let Some(audience) = audience else {
            let token = mint.opaque();
            let opaque = Opaque {
                sub: sub.to_owned(),
                asked: asked.clone(),
                expires_s: mint.now_s.saturating_add(mint.ttl_s),
            };
            books.opaque.retain(|_, known| known.expires_s > mint.now_s);
            books.opaque.insert(random::hashed(&token), opaque);
            return token;
        };
        let claims = mint.access_claims(sub, user_id, audience, asked);
        match settings.access_tokens {
            AccessTokens::Encrypted => mint.encrypted(),
            AccessTokens::Hs256 => {
                let header = json!({"alg": "HS256", "typ": "JWT"});
                // The API's secret is unknown here, so any signature serves.
                format!("{}.{}", unsigned(&header, &claims), random::text(32))
            }
            AccessTokens::Jwt | AccessTokens::Opaque | AccessTokens::OtherAudience => {
                self.key().sign(&mint.access_header(), &claims)
            }
        }
    }

    fn note_secrets(&self, answer: &Value) {
        if let Some(witness) = &self.0.parts.witness {
            witness.note(answer);
        }
    }
}

/// Without the API's Allow Offline Access that scope is silently not granted.
fn offered(mut asked: RequestedGrant, settings: &Settings) -> RequestedGrant {
    if asked.audience.is_some() && !settings.offline_access {
        asked.scope = narrowed(&asked.scope, |scope| scope != "offline_access");
    }
    asked
}

fn narrowed(scope: &str, keep: impl Fn(&str) -> bool) -> String {
    let kept: Vec<&str> = scope.split_whitespace().filter(|one| keep(one)).collect();
    kept.join(" ")
}

fn person(books: &Books, sub: &str) -> Result<User, TokenRefusal> {
    (books.logins.users.get(sub).cloned()).ok_or(TokenRefusal::UserDeleted)
}

fn millis(seconds: u32) -> i64 {
    i64::from(seconds) * 1000
}
