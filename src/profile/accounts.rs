//! The account that a profile was last logged in to.
//!
//! A small file without secrets, so that cached todos open without network or
//! keyring. It is valid only for the connection it was written for.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::auth::connection::Connection;
use crate::domain::account::{Account, Identity};
use crate::os::private_file;
use crate::profile::KnownAccount;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RememberedAccount {
    issuer: String,
    client_id: String,
    audience: String,
    endpoint: String,
    identity: Identity,
}

impl RememberedAccount {
    fn new(connection: &Connection, identity: Identity) -> Self {
        Self {
            issuer: connection.issuer.clone(),
            client_id: connection.client_id.clone(),
            audience: connection.audience.clone(),
            endpoint: connection.endpoint.to_string(),
            identity,
        }
    }
}

/// Reads the account remembered in `path`, if it was remembered for
/// `connection`. An unreadable file counts as none.
#[must_use]
pub fn recall(path: &Path, connection: &Connection) -> Option<KnownAccount> {
    let remembered: RememberedAccount = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let identity = remembered.identity.clone();
    if identity.sub.is_empty() || remembered != RememberedAccount::new(connection, identity.clone())
    {
        return None;
    }
    Some(KnownAccount {
        account: account(connection, &identity),
        identity,
    })
}

/// Remembers in `path` that `identity` logged in with `connection`.
///
/// # Errors
///
/// The file system's; the file is then unchanged.
pub fn remember(path: &Path, connection: &Connection, identity: &Identity) -> io::Result<()> {
    let remembered = RememberedAccount::new(connection, identity.clone());
    private_file::replace(path, &serde_json::to_vec_pretty(&remembered)?)
}

/// The account of `identity` on `connection`.
#[must_use]
pub fn account(connection: &Connection, identity: &Identity) -> Account {
    Account {
        issuer: connection.issuer.clone(),
        sub: identity.sub.clone(),
        endpoint: connection.endpoint.to_string(),
    }
}
