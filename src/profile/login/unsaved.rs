//! Revokes what an abandoned login was given.

use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use secrecy::SecretString;

use crate::auth::connection::Connection;
use crate::auth::revoke::revoke_unused;
use crate::os::runtime;

/// How long an abandoned login waits for a credential store that is being written.
const STORE_LIMIT: Duration = Duration::from_secs(5);

/// The refresh token of a login that is not stored yet. If it is dropped, as by Ctrl-C,
/// the token is revoked, unless it was being stored: then that is awaited.
#[derive(Debug)]
pub(super) struct UnsavedGrant {
    connection: Connection,
    token: Option<SecretString>,
    is_stored: Option<Receiver<bool>>,
}

impl UnsavedGrant {
    pub(super) fn new(connection: Connection, token: Option<SecretString>) -> Self {
        Self {
            connection,
            token,
            is_stored: None,
        }
    }

    /// Notes that the token is being stored; `is_stored` receives whether it was.
    pub(super) fn storing(&mut self, is_stored: Receiver<bool>) {
        self.is_stored = Some(is_stored);
    }

    /// Notes that the token is stored or revoked.
    pub(super) fn settle(&mut self) {
        self.token = None;
    }
}

impl Drop for UnsavedGrant {
    fn drop(&mut self) {
        let Some(token) = self.token.take() else {
            return;
        };
        let is_stored = self.is_stored.take();
        if is_stored.is_some_and(|it| it.recv_timeout(STORE_LIMIT) == Ok(true)) {
            return;
        }
        let connection = self.connection.clone();
        // The runtime that was dropped with the login runs nothing more.
        let revoking = thread::spawn(move || {
            if let Ok(runtime) = runtime::current_thread() {
                runtime.block_on(revoke_unused(&connection, &token));
            }
        });
        let _ = revoking.join();
    }
}
