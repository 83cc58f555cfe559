//! The real program under `kill -9`: nothing acknowledged is lost or duplicated.
//!
//! `TUDONE_TEST_KILL_SECONDS` is how long adds are killed (default 5).
#![cfg(all(feature = "sandbox", unix))]

mod support;

#[path = "kill/adds.rs"]
mod adds;
#[path = "kill/consistency.rs"]
mod consistency;
#[path = "kill/migration.rs"]
mod migration;
#[path = "kill/repeating.rs"]
mod repeating;
#[path = "kill/rounds.rs"]
mod rounds;
#[path = "kill/screens.rs"]
mod screens;
#[path = "kill/watch.rs"]
mod watch;
