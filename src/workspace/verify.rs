//! Asking the backend whether it takes a new token.

use reqwest::Url;

use crate::auth::session::{AccessToken, Session};
use crate::graphql::Hasura;
use crate::sync::remote::RemoteError;
use crate::workspace::login::Verification;

/// Asks `endpoint` one query with `token`, as
/// [`PendingLogin::finish`](crate::workspace::login::PendingLogin::finish) wants it.
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
    match hasura.verify(&token).await {
        Ok(()) => Verification::Accepted,
        Err(
            RemoteError::Unauthorized { code, message } | RemoteError::Refused { code, message },
        ) => Verification::Refused { code, message },
        Err(
            error @ (RemoteError::Unreachable { .. }
            | RemoteError::Lost { .. }
            | RemoteError::Trouble { .. }
            | RemoteError::NoToken { .. }
            | RemoteError::Garbled { .. }
            | RemoteError::TooLarge { .. }),
        ) => Verification::Unreachable {
            message: error.to_string(),
        },
    }
}
