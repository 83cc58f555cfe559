//! Asking the backend whether it takes a new token.

use std::time::Duration;

use reqwest::Url;

use crate::auth::access::AccessToken;
use crate::auth::diagnosis::finds_too_new;
use crate::auth::session::Session;
use crate::graphql::Hasura;
use crate::profile::login::Verification;
use crate::sync::remote::RemoteError;

/// The pauses after which a token that was made a moment ago is shown again to
/// a backend whose clock is a little behind the issuer's.
const CATCHING_UP: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Asks `endpoint` one query with `token`, as
/// [`PendingLogin::finish`](crate::profile::login::PendingLogin::finish) wants it.
pub async fn verify(endpoint: Url, token: AccessToken) -> Verification {
    let session = Session::fixed(token.secret.clone());
    let hasura = match Hasura::new(endpoint, session) {
        Ok(hasura) => hasura,
        Err(error) => {
            return Verification::Unreachable {
                message: error.to_string(),
            };
        }
    };
    let mut pauses = CATCHING_UP.into_iter();
    loop {
        let verdict = asked(&hasura, &token).await;
        match pauses.next() {
            Some(pause) if comes_too_early(&verdict) => tokio::time::sleep(pause).await,
            Some(_) | None => return verdict,
        }
    }
}

/// Returns whether the backend's clock has not reached the token's time yet.
fn comes_too_early(verdict: &Verification) -> bool {
    matches!(verdict, Verification::Refused { message, .. } if finds_too_new(message))
}

async fn asked(hasura: &Hasura, token: &AccessToken) -> Verification {
    match hasura.verify(token).await {
        Ok(()) => Verification::Accepted,
        Err(
            RemoteError::Unauthorized { code, message } | RemoteError::Refused { code, message },
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
