//! tudone: a todo list for the terminal.
//!
//! This page describes the architecture.
//!
//! # One idea
//!
//! Two things are stored: **base**, the last known rows of the server, and the
//! **outbox**, the changes that it has not answered, in order. What is shown is always
//! base with the outbox replayed on it. So offline is not a mode, only an
//! outbox that grows; a rejected change is an entry that the next replay leaves
//! out.
//!
//! # Layers
//!
//! ```text
//! 9   cli                the commands; opens the TUI
//! 8   runtime            the event loop of the TUI and its threads
//! 7   sync_driver        keeps an account in sync: rounds, live connection
//!     doctor             checks a profile from its configuration to live updates
//! 6   ui   profile       draws the model, decides nothing; a profile with its login
//!     setup              provisions a backend from the files in `assets`
//! 5   config             file, environment and flags, as plain values
//! 4   app                Model, Msg, Effect, update: pure
//!     graphql            Hasura: implements the port `Remote`
//! 3   sync               plans and runs one round; declares the port `Remote`
//! 2   store   auth       SQLite; identity and secrets
//! 1   http               HTTP clients, bounded bodies, `Retry-After`
//! 0   domain             todos, todo.txt lines, changes: no I/O, no async, no clock
//!     finding  browser   the findings of checks; the user's browser
//! ·   os   text          file locks, private files, the async runtime; text for terminals
//! ·   sandbox            a development Auth0 and Hasura: imports only `os` and `text`,
//!                        and only `cli` imports it
//! ```
//!
//! A layer imports from lower ones only; `tests/layers.rs` reads every
//! `use crate::` and fails with file and line. `domain` and `app` never see
//! tokio, ratatui, crossterm, reqwest, rusqlite or keyring. Only
//! `graphql/convert.rs` knows the generated GraphQL types, only
//! `runtime/input.rs` knows crossterm's events.
//!
//! # Four paths
//!
//! ```text
//! key → row on the server
//!     runtime::input → app::keymap → app::update → Effect::Commit → store::commit (fsync)
//!     → Effect::Sync → sync_driver → sync::plan → sync::round → graphql → Hasura
//!
//! server row → cell
//!     graphql::convert → store (base, shown and counters in one transaction)
//!     → store::window → Msg::Windowed → app::model → ui::list → ui::row
//!
//! `tudone add` → exit code
//!     cli::arguments → cli::commands::add → domain (text checked, dates resolved)
//!     → store::commit → cli::network (one round within 2 s) → cli::output → cli::exit
//!
//! error → help
//!     the module's error (text, `help`) → cli::error (code, exit code) → cli::report;
//!     in the TUI → Msg → a toast or the status line
//! ```

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
pub mod sync_driver;
pub mod text;
pub mod ui;
