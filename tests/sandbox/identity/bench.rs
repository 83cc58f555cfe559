//! A running sandbox with a client, and verbs.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest as _};
use tudone::sandbox::{Addresses, Sandbox, SandboxOptions, SigningKey};

pub(crate) type Checked<T = ()> = Result<T, Box<dyn Error>>;

/// RFC 8628.
pub(crate) const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Everything tudone asks for.
pub(crate) const SCOPE: &str = "openid profile email offline_access";

/// One HTTP answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn field(&self, name: &str) -> String {
        let json = self.json();
        json[name].as_str().unwrap_or_default().to_owned()
    }

    /// Status and `error` member.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.field("error"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

/// A sandbox, its client, and who uses them.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) at: Addresses,
    pub(crate) http: Client,
}

/// A key for the whole test process: making one takes a while.
pub(crate) fn key() -> Checked<SigningKey> {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(key.clone());
    }
    let key = SigningKey::generate()?;
    Ok(KEY.get_or_init(|| key).clone())
}

/// No wait between polls, no leeway.
pub(crate) fn quick() -> Checked<SandboxOptions> {
    Ok(SandboxOptions {
        interval_s: 0,
        leeway_s: 0,
        signing_key: Some(key()?),
        ..SandboxOptions::default()
    })
}

pub(crate) fn client() -> Checked<Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder()
        .no_proxy()
        .tls_certs_only(std::iter::empty::<reqwest::Certificate>())
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()?)
}

impl Bench {
    pub(crate) async fn start() -> Checked<Self> {
        Self::with(quick()?).await
    }

    pub(crate) async fn with(options: SandboxOptions) -> Checked<Self> {
        let sandbox = Sandbox::start(options).await?;
        Ok(Self {
            at: sandbox.addresses().clone(),
            sandbox,
            http: client()?,
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.at.issuer.trim_end_matches('/'))
    }

    pub(crate) async fn get(&self, url: &str) -> Checked<Reply> {
        read(self.http.get(url).send().await?).await
    }

    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Checked<Reply> {
        read(self.http.post(self.url(path)).form(fields).send().await?).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Checked<Reply> {
        let url = format!("{}/{path}", self.at.control);
        let request = self.http.request(method, url);
        let request = if body.is_null() {
            request
        } else {
            request.json(&body)
        };
        read(request.send().await?).await
    }

    /// A control order that must succeed.
    pub(crate) async fn order(&self, path: &str, body: Value) -> Checked<Value> {
        let reply = self.control(Method::POST, path, body).await?;
        if reply.status == StatusCode::OK {
            Ok(reply.json())
        } else {
            Err(format!("{path}: {reply:?}").into())
        }
    }

    pub(crate) async fn configure(&self, patch: Value) -> Checked<Value> {
        self.order("config", patch).await
    }

    /// Asks for a device code with everything right.
    pub(crate) async fn ask(&self) -> Checked<Reply> {
        self.ask_for(&[("scope", SCOPE), ("audience", &self.at.audience)])
            .await
    }

    pub(crate) async fn ask_for(&self, more: &[(&str, &str)]) -> Checked<Reply> {
        let mut fields = vec![("client_id", self.at.client_id.as_str())];
        fields.extend(more);
        self.form("/oauth/device/code", &fields).await
    }

    pub(crate) async fn poll(&self, code: &Reply) -> Checked<Reply> {
        let device_code = code.field("device_code");
        let fields = [
            ("grant_type", DEVICE_GRANT),
            ("device_code", &device_code),
            ("client_id", &self.at.client_id),
        ];
        self.form("/oauth/token", &fields).await
    }

    pub(crate) async fn settle(&self, code: &Reply, action: &str) -> Checked<Reply> {
        self.settle_typed(&code.field("user_code"), action).await
    }

    pub(crate) async fn settle_typed(&self, user_code: &str, action: &str) -> Checked<Reply> {
        let fields = [
            ("user_code", user_code),
            ("email", "ada.lovelace@example.test"),
            ("action", action),
        ];
        self.form("/activate", &fields).await
    }

    /// The whole login of ada.lovelace@example.test.
    pub(crate) async fn log_in(&self) -> Checked<Reply> {
        self.log_in_for(&[("scope", SCOPE), ("audience", &self.at.audience)])
            .await
    }

    pub(crate) async fn log_in_for(&self, more: &[(&str, &str)]) -> Checked<Reply> {
        let code = self.ask_for(more).await?;
        self.settle(&code, "approve").await?;
        let tokens = self.poll(&code).await?;
        if tokens.status == StatusCode::OK {
            Ok(tokens)
        } else {
            Err(format!("{tokens:?}").into())
        }
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Checked<Reply> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", &self.at.client_id),
        ];
        self.form("/oauth/token", &fields).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Checked<Reply> {
        let fields = [("client_id", self.at.client_id.as_str()), ("token", token)];
        self.form("/oauth/revoke", &fields).await
    }

    /// Sends `request` as it is and gives back everything that comes until the
    /// server closes the connection.
    pub(crate) async fn raw(&self, request: String) -> Checked<String> {
        let host = self.host();
        let came = tokio::task::spawn_blocking(move || -> std::io::Result<Vec<u8>> {
            let mut tcp = TcpStream::connect(host)?;
            tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
            tcp.write_all(request.as_bytes())?;
            let mut came = Vec::new();
            match tcp.read_to_end(&mut came) {
                // A reset is as good an end as a close.
                Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => Err(error),
                Ok(_) | Err(_) => Ok(came),
            }
        })
        .await??;
        Ok(String::from_utf8(came)?)
    }

    pub(crate) fn host(&self) -> String {
        let base = self.at.issuer.trim_end_matches('/');
        base.trim_start_matches("http://").to_owned()
    }

    /// Opens a websocket and says which protocol the server chose.
    pub(crate) async fn socket(
        &self,
        protocol: &str,
    ) -> Result<(WebSocketStream<tokio::net::TcpStream>, String), tungstenite::Error> {
        let mut request = format!("ws://{}/v1/graphql", self.host()).into_client_request()?;
        if let Ok(protocol) = protocol.parse() {
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
        }
        let tcp = tokio::net::TcpStream::connect(self.host()).await?;
        let (socket, response) = tokio_tungstenite::client_async(request, tcp).await?;
        let chosen = response.headers().get("sec-websocket-protocol");
        let chosen = chosen
            .and_then(|name| name.to_str().ok())
            .unwrap_or_default();
        Ok((socket, chosen.to_owned()))
    }

    /// A raw keep-alive `POST` to GraphQL with a good token.
    pub(crate) async fn raw_graphql(&self, body: &str) -> Checked<String> {
        let made = self.order("token", json!({"sub": "auth0|raw"})).await?;
        Ok(format!(
            "POST /v1/graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.host(),
            made["token"].as_str().unwrap_or_default(),
            body.len()
        ))
    }
}

async fn read(response: reqwest::Response) -> Checked<Reply> {
    Ok(Reply {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await?,
    })
}

/// Header and claims of a JWT.
pub(crate) fn opened(token: &str) -> Checked<(Value, Value)> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts.as_slice() else {
        return Err(format!("{} parts", parts.len()).into());
    };
    let part = |text: &str| -> Checked<Value> {
        Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text)?)?)
    };
    Ok((part(header)?, part(claims)?))
}

/// Hasura's claims in an access token.
pub(crate) fn hasura_claims(token: &str) -> Checked<Value> {
    Ok(opened(token)?.1["https://hasura.io/jwt/claims"].clone())
}

/// Returns whether the key in `jwks` signed `token`.
pub(crate) fn is_signed_by(jwks: &Value, token: &str) -> Checked<bool> {
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::signature::Verifier as _;
    let number = |name: &str| -> Checked<rsa::BigUint> {
        let text = jwks["keys"][0][name].as_str().unwrap_or_default();
        Ok(rsa::BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(text)?))
    };
    let key = rsa::RsaPublicKey::new(number("n")?, number("e")?)?;
    let (signed, signature) = token.rsplit_once('.').ok_or("no signature")?;
    let signature = URL_SAFE_NO_PAD.decode(signature)?;
    let Ok(signature) = Signature::try_from(signature.as_slice()) else {
        return Ok(false);
    };
    let verifier = VerifyingKey::<sha2::Sha256>::new(key);
    Ok(verifier.verify(signed.as_bytes(), &signature).is_ok())
}
