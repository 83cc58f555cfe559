//! Verification of a new token by the backend.

use std::time::Duration;

use reqwest::Url;

use crate::auth::access::AccessToken;
use crate::auth::diagnosis::is_not_yet_valid;
use crate::auth::session::AuthSession;
use crate::graphql::Hasura;
use crate::profile::login::Verification;
use crate::sync::remote::RemoteError;

/// The pauses before retries with a new token, for a backend whose clock is a
/// little behind the issuer's.
const CLOCK_RETRIES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Sends `endpoint` one query with `token`, for
/// [`PendingLogin::finish`](crate::profile::login::PendingLogin::finish).
pub async fn verify(endpoint: Url, token: AccessToken) -> Verification {
    let session = AuthSession::fixed(token.secret.clone());
    let hasura = match Hasura::new(endpoint, session) {
        Ok(hasura) => hasura,
        Err(error) => {
            return Verification::Unreachable {
                message: error.to_string(),
            };
        }
    };
    let mut pauses = CLOCK_RETRIES.into_iter();
    loop {
        let verification = query(&hasura, &token).await;
        match pauses.next() {
            Some(pause) if is_too_early(&verification) => tokio::time::sleep(pause).await,
            Some(_) | None => return verification,
        }
    }
}

/// Returns whether the token is not valid yet by the backend's clock.
fn is_too_early(verification: &Verification) -> bool {
    matches!(verification, Verification::Refused { message, .. } if is_not_yet_valid(message))
}

async fn query(hasura: &Hasura, token: &AccessToken) -> Verification {
    match hasura.verify(token).await {
        Ok(()) => Verification::Accepted,
        Err(
            RemoteError::Unauthorized { code, message } | RemoteError::Rejected { code, message },
        ) => Verification::Refused { code, message },
        Err(
            error @ (RemoteError::Unreachable { .. }
            | RemoteError::ConnectionLost { .. }
            | RemoteError::ServerError { .. }
            | RemoteError::NoToken { .. }
            | RemoteError::InvalidResponse { .. }
            | RemoteError::TooLarge { .. }),
        ) => Verification::Unreachable {
            message: format!("{error}. {}", error.help()),
        },
    }
}
