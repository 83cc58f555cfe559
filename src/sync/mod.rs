//! Sync rounds: push the outbox, pull changes.
//!
//! `plan` is pure and decides; `round` carries out, under a file lock; `remote`
//! is the port to the server; `backoff` computes the pause after a failure.

pub mod backoff;
pub mod event;
pub mod plan;
pub mod remote;
pub mod round;
