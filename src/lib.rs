//! tudone: a todo list for the terminal.
//!
//! This page is the architecture document.
//!
//! # One idea
//!
//! Two things are stored: **base**, what the server last said, and the
//! **outbox**, changes it has not answered, in order. What is shown is always
//! base with the outbox replayed on it. So offline is no mode, only an outbox
//! that grows; a refusal is an entry that the next replay leaves out.
//!
//! # Layers
//!
//! ```text
//! 6   cli   runtime     the programs: one command at a time; a loop with workers
//!     doctor            checks a profile from its configuration to live updates
//! 5   ui   profile      draws the model, decides nothing; a profile made ready to work
//!     setup             provisions a backend from the files in `assets`
//! 4   config            file, environment and flags, as plain values
//! 3   app               Model, Msg, Effect, update: pure
//!     graphql           Hasura: implements the port `Remote`
//! 2   sync              plans and carries out one round; declares `Remote`
//! 1   store  auth  http SQLite; identity and secrets; how HTTP clients are made
//! 0   domain            todos, todo.txt lines, changes: no I/O, no async, no clock
//!     finding           what a check found: for doctor, login and setup
//!     browser           the person's browser
//! ·   os   text         beneath all: locks, private files, a runtime; text made
//!                       harmless for a terminal, redacted, cut
//! ·   sandbox           a development Auth0 and Hasura: imports only `os` and
//!                       `text`, and nothing of ours but `cli` imports it
//! ```
//!
//! A layer imports from lower ones only; `tests/layers.rs` reads every
//! `use crate::` and fails with file and line. `domain` and `app` never see
//! tokio, ratatui, crossterm, reqwest, rusqlite or keyring. Only
//! `graphql/convert.rs` knows the generated GraphQL types, only
//! `runtime/input.rs` knows crossterm's events.

pub mod app;
pub mod auth;
pub mod browser;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod finding;
pub mod graphql;
pub mod http;
pub mod os;
pub mod profile;
pub mod runtime;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod setup;
pub mod store;
pub mod sync;
pub mod text;
pub mod ui;
