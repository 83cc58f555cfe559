//! Identity: the device login, its tokens and their store.
//!
//! [`device`] gets a grant, [`stored_login`] keeps it in a [`credential_store`], [`session`] uses
//! it and refreshes it. [`inspect`] reads what a token says and [`diagnosis`]
//! names what is wrong with it; neither decides whether it is good.

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
