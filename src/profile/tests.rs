use std::collections::HashSet;
use std::error::Error;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::auth::connection::Connection;

type Tested = Result<(), Box<dyn Error>>;

fn profile(name: &str, data: &Path) -> Result<ActiveProfile, Box<dyn Error>> {
    let profile = Profile {
        name: name.to_owned(),
        connection: Connection {
            issuer: "https://t.example/".to_owned(),
            client_id: "client".to_owned(),
            audience: "api".to_owned(),
            endpoint: Url::parse("https://h.example/v1/graphql")?,
        },
        credential_store: CredentialStoreKind::Memory,
        credential_command: None,
        access_token: None,
    };
    let paths = Paths {
        config: data.to_owned(),
        data: data.to_owned(),
        state: data.to_owned(),
    };
    Ok(ActiveProfile::new(profile, paths))
}

fn eve() -> Identity {
    Identity {
        sub: "auth0|eve".to_owned(),
        email: Some("eve@example.com".to_owned()),
        name: None,
    }
}

#[test]
fn names_of_logins_never_coincide() -> Tested {
    let data = Path::new("/d");
    let mut prefixes = HashSet::new();
    for name in ["home", "Home", "ho me", "ho/me", "ho_me", "", "..", "größe"] {
        let profile = profile(name, data)?;
        assert!(prefixes.insert(profile.prefix()), "{name}");
        let file = profile.account_file();
        assert_eq!(file.parent(), Some(Path::new("/d/profiles")), "{name}");
    }
    let base = profile("home", data)?;
    let changes: [fn(&mut Connection); 3] = [
        |c| c.issuer.push('x'),
        |c| c.client_id.push('x'),
        |c| c.audience.push('x'),
    ];
    for change in changes {
        let mut other = base.clone();
        change(&mut other.config.connection);
        assert!(prefixes.insert(other.prefix()));
    }
    let mut other = base;
    other.config.connection.endpoint = Url::parse("https://h2.example/v1/graphql")?;
    assert!(prefixes.insert(other.prefix()));
    Ok(())
}

#[test]
fn an_account_is_known_only_with_the_connection_it_was_logged_in_with() -> Tested {
    let home = tempfile::tempdir()?;
    let profile = profile("home", home.path())?;
    assert_eq!(profile.known_account(), None);

    accounts::remember(&profile.account_file(), &profile.config.connection, &eve())?;
    let known = profile.known_account().ok_or("no account is known")?;
    assert_eq!(known.identity, eve());
    assert_eq!(known.account.issuer, "https://t.example/");

    let mut other = profile.clone();
    other.config.connection.endpoint = Url::parse("https://h2.example/v1/graphql")?;
    assert_eq!(other.known_account(), None, "another backend");
    let mut other = profile;
    other.config.connection.client_id = "another".to_owned();
    assert_eq!(other.known_account(), None, "another application");
    Ok(())
}

#[test]
fn a_damaged_account_file_is_as_good_as_none() -> Tested {
    let home = tempfile::tempdir()?;
    let profile = profile("home", home.path())?;
    let file = profile.account_file();
    accounts::remember(&file, &profile.config.connection, &eve())?;
    let whole = std::fs::read(&file)?;
    for damaged in [
        &b""[..],
        b"{}",
        b"\xff",
        whole.get(..whole.len() / 2).unwrap_or(b""),
    ] {
        std::fs::write(&file, damaged)?;
        assert_eq!(profile.known_account(), None);
    }
    Ok(())
}

#[test]
fn a_token_given_from_outside_names_the_account_a_login_would() -> Tested {
    let home = tempfile::tempdir()?;
    let mut profile = profile("home", home.path())?;
    let connection = profile.config.connection.clone();
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": "https://t.example/", "sub": "auth0|eve"});
    let token = format!("{}.{}.sig", part(&json!({"alg": "RS256"})), part(&claims));
    profile.config.access_token = Some(SecretString::from(token));

    let known = profile.known_account().ok_or("no account is known")?;
    assert_eq!(known.account, accounts::account(&connection, &eve()));

    profile.config.access_token = Some(SecretString::from("opaque"));
    assert_eq!(profile.known_account(), None);
    Ok(())
}
