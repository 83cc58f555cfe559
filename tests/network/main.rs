//! TLS, private certificate authorities, proxies and time limits: the program against a TLS
//! server and an HTTP proxy of the tests' own.

#![cfg(all(feature = "sandbox", unix))]

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod limits;
mod proxies;
mod proxy;
mod server;
