//! Who the person is: the device login, tokens and where they are kept.
//!
//! [`device`] gets a grant, [`kept`] keeps it in a [`vault`], [`session`] uses
//! it and refreshes it. [`inspect`] reads what a token says and [`diagnosis`]
//! names what is wrong with it; neither decides whether it is good.

pub mod access;
pub mod connection;
pub mod device;
pub mod diagnosis;
pub mod discovery;
pub mod error;
pub mod inspect;
pub mod kept;
mod lenient;
pub mod lock;
mod oauth;
mod oauth_http;
pub mod pace;
pub mod plain;
mod refresh;
pub mod revoke;
pub mod session;
pub mod trouble;
pub mod vault;
