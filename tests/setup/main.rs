//! `tudone setup` and `doctor --fix`, against doubles of Hasura's admin API over a real
//! `PostgreSQL` and of an Auth0 tenant.

#![cfg(feature = "sandbox")]

#[path = "../support/auth0_double/mod.rs"]
mod auth0_double;
#[path = "../postgres/database.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the migrations' own tests use the rest"
)]
mod database;
#[path = "../support/hasura_double/mod.rs"]
mod hasura_double;
#[path = "../support/mod.rs"]
mod support;

mod auth0;
mod bench;
mod export;
#[cfg(unix)]
mod guided;
mod hasura;
mod repair;
