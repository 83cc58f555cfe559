//! The credential store, the stored login and the claims of its token.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

use crate::auth::access::AccessToken;
use crate::auth::connection::Connection;
use crate::auth::diagnosis::Diagnosis;
use crate::auth::error::AuthError;
use crate::auth::inspect::{HASURA_CLAIM, Inspected};
use crate::auth::session::AuthSession;
use crate::doctor::DoctorOptions;
use crate::doctor::issuer::IssuerFacts;
use crate::doctor::report::DoctorReport;
use crate::finding::Finding;
use crate::profile::ActiveProfile;

/// Facts about the login that later checks use.
#[derive(Debug, Default)]
pub(super) struct LoginFacts {
    /// The access token.
    pub(super) token: Option<SecretString>,
    /// The ID token that came with it.
    pub(super) id_token: Option<SecretString>,
    /// The user's id in Hasura.
    pub(super) user_id: Option<i64>,
    /// Whether the token passed all checks made here.
    pub(super) is_valid: bool,
}

/// The checks of a token, in order.
const TOKEN_CHECKS: [&str; 3] = ["token", "signature", "claims"];

/// Tests the credential store.
pub(super) async fn credential_store(
    profile: &ActiveProfile,
    options: &DoctorOptions,
    report: &mut DoctorReport<'_>,
) {
    if profile.config.access_token.is_some() {
        report.skip(&["credential-store"], "TUDONE_ACCESS_TOKEN is used instead");
        return;
    }
    match profile.check_credential_store(options.unlock_limit).await {
        Ok(store) => report.add(Finding::ok("credential-store", store)),
        Err(error) => report.add(error.finding()),
    }
}

/// Finds the login and examines its token.
pub(super) async fn examine(
    profile: &ActiveProfile,
    session: &AuthSession,
    issuer: &IssuerFacts,
    options: &DoctorOptions,
    report: &mut DoctorReport<'_>,
) -> LoginFacts {
    let may_refresh = issuer.is_reachable && !options.offline;
    let token = if profile.config.access_token.is_some() {
        external(profile, session, report).await
    } else if report.has_failed("credential-store") {
        report.skip(&["login", "refresh-token"], "needs the credential store");
        None
    } else {
        stored(profile, session, may_refresh, report).await
    };
    let Some(token) = token else {
        report.skip(&TOKEN_CHECKS, "needs a login");
        return LoginFacts::default();
    };
    let id_token = session.id_token();
    let is_valid = token_checks(
        &token,
        id_token.as_ref(),
        &profile.config.connection,
        issuer,
        report,
    );
    LoginFacts {
        user_id: user_id(&token),
        token: Some(token),
        id_token,
        is_valid,
    }
}

async fn external(
    profile: &ActiveProfile,
    session: &AuthSession,
    report: &mut DoctorReport<'_>,
) -> Option<SecretString> {
    match profile.external_token() {
        Some(Err(error)) => report.add(error.finding()),
        Some(Ok(())) | None => {
            report.add(Finding::ok("login", "the token in TUDONE_ACCESS_TOKEN"));
        }
    }
    report.skip(&["refresh-token"], "TUDONE_ACCESS_TOKEN is not refreshed");
    let token = session.bearer().await.ok();
    let configured = profile.config.access_token.clone();
    token.map(|token| token.secret).or(configured)
}

/// Returns the token of the stored login, refreshed where possible.
async fn stored(
    profile: &ActiveProfile,
    session: &AuthSession,
    may_refresh: bool,
    report: &mut DoctorReport<'_>,
) -> Option<SecretString> {
    let (has_refresh, access) = match profile.stored_tokens().await {
        Ok(stored) => stored,
        Err(error) => {
            report.add_as("login", error.finding());
            report.skip(&["refresh-token"], "needs the credential store");
            return None;
        }
    };
    let now = Timestamp::now();
    let access = access.filter(|token| token.is_fresh(now));
    if !has_refresh {
        return without_refresh_token(access, report);
    }
    if !may_refresh {
        report.add(Finding::ok("login", "stored; not refreshed now"));
        report.add(Finding::ok("refresh-token", "stored"));
        return access.map(|token| token.secret);
    }
    let renewed = match &access {
        Some(access) => session.renewed(access).await,
        None => session.bearer().await,
    };
    match renewed {
        Ok(token) => {
            let who = Inspected::read(&token.secret).identity();
            let who = who.map_or_else(
                || "refreshed".to_owned(),
                |who| format!("{}, refreshed", who.sub),
            );
            report.add(Finding::ok("login", who));
            report.add(Finding::ok("refresh-token", "stored, and just exchanged"));
            Some(token.secret)
        }
        Err(error) => {
            not_refreshed(&error, report);
            access.map(|token| token.secret)
        }
    }
}

fn without_refresh_token(
    access: Option<AccessToken>,
    report: &mut DoctorReport<'_>,
) -> Option<SecretString> {
    let Some(access) = access else {
        let finding = Finding::warning("logged-out", "logged out");
        report.add(finding.help("Run `tudone login`, then `tudone doctor` again."));
        report.skip(&["refresh-token"], "needs a login");
        return None;
    };
    report.add(Finding::ok("login", "stored"));
    report.add(
        Finding::failed(
            "no-refresh-token",
            "the issuer sent no refresh token: the login expires with its access token",
        )
        .help(
            "Enable Allow Offline Access for the API and the grant Refresh Token for the \
             application, then log in again.",
        ),
    );
    Some(access.secret)
}

fn not_refreshed(error: &AuthError, report: &mut DoctorReport<'_>) {
    let finding = error.finding();
    if finding.check == "refresh-token" {
        report.add(Finding::ok("login", "stored"));
        report.add(finding);
        return;
    }
    report.add_as("login", denied(finding, error));
    report.skip(&["refresh-token"], "needs the login");
}

/// Explains a denial at a refresh: it comes from an Action, since no user is involved.
fn denied(finding: Finding, error: &AuthError) -> Finding {
    let AuthError::Refused { code, description } = error else {
        return finding;
    };
    if code != "access_denied" {
        return finding;
    }
    let message = format!("the issuer denied the refresh: {description}");
    Finding::failed("denied", message).help(
        "Read the log of the post-login Action (Auth0: Monitoring > Logs): it could not get the \
         user's row from Hasura.",
    )
}

/// Runs the checks of `token`. Returns whether all passed.
fn token_checks(
    token: &SecretString,
    id_token: Option<&SecretString>,
    connection: &Connection,
    issuer: &IssuerFacts,
    report: &mut DoctorReport<'_>,
) -> bool {
    let diagnosis = Diagnosis::of(token, connection, Timestamp::now());
    let finding = diagnosis.finding(connection, issuer.jwks.as_ref());
    let is_correct = diagnosis == Diagnosis::LooksRight;
    if !is_correct && finding.check != "claims" {
        report.add_as("token", finding);
        report.skip(&TOKEN_CHECKS[1..], "needs a valid token");
        return false;
    }
    let found = format!("a JWT for {}", connection.audience);
    report.add(Finding::ok("token", found));
    let is_signed = signature(token, issuer, report);
    if is_correct {
        let found = "role and user id as Hasura reads them";
        report.add(Finding::ok("claims", found));
    } else {
        report.add(with_id_token_hint(finding, &diagnosis, id_token));
    }
    is_correct && is_signed
}

/// Checks the signature. Returns `false` if it is invalid.
fn signature(token: &SecretString, issuer: &IssuerFacts, report: &mut DoctorReport<'_>) -> bool {
    let Some(keys) = &issuer.keys else {
        report.skip(&["signature"], "needs the issuer's keys");
        return true;
    };
    match keys.verify(token) {
        Ok(()) => {
            report.add(Finding::ok("signature", "verified here"));
            true
        }
        Err(error) => {
            let finding = Finding::failed("token-signature", error.to_string());
            report.add(finding.help(
                "Log in again; if it still fails, compare the tenant's signing keys with its key set.",
            ));
            false
        }
    }
}

/// Adds the most common mistake in the Action, where it is visible: the claim is on the ID token.
fn with_id_token_hint(
    finding: Finding,
    diagnosis: &Diagnosis,
    id_token: Option<&SecretString>,
) -> Finding {
    let is_there =
        id_token.is_some_and(|token| Inspected::read(token).claim(HASURA_CLAIM).is_some());
    if *diagnosis != Diagnosis::NoClaim || !is_there {
        return finding;
    }
    Finding {
        message: format!("{}, but the ID token has it", finding.message),
        ..finding
    }
    .help("Use `api.accessToken.setCustomClaim` in the Action, not `api.idToken`, and deploy it.")
}

fn user_id(token: &SecretString) -> Option<i64> {
    let read = Inspected::read(token);
    let claims = read.claim(HASURA_CLAIM)?.as_object()?;
    let mut claims = claims.iter();
    let (_, id) = claims.find(|(name, _)| name.eq_ignore_ascii_case("x-hasura-user-id"))?;
    id.as_str()
        .and_then(|id| id.parse().ok())
        .or_else(|| Value::as_i64(id))
}
