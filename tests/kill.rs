//! The real program under `kill -9`: nothing acknowledged is lost, nothing is
//! there twice.
//!
//! `TUDONE_TEST_KILL_SECONDS` is how long the adds are under fire (5).
#![cfg(all(feature = "sandbox", unix))]

mod support;

#[path = "kill/adds.rs"]
mod adds;
#[path = "kill/books.rs"]
mod books;
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
