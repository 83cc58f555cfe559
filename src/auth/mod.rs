//! Identity: the device login, its tokens and their store.
//!
//! [`device`] obtains a grant, [`stored_login`] stores it in a [`credential_store`],
//! [`session`] uses and refreshes it. [`inspect`] reads a token's claims and
//! [`diagnosis`] finds their errors; neither decides whether a token is valid.

pub mod access;
pub mod connection;
pub mod credential_store;
pub mod device;
pub mod diagnosis;
pub mod discovery;
pub mod error;
pub mod inspect;
mod normalize;
mod oauth;
mod oauth_http;
mod refresh;
pub mod revoke;
pub mod session;
pub mod signature;
pub mod stored_login;
pub mod time_scale;
pub mod transport_error;
