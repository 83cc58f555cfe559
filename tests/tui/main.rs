//! The terminal program from keys to screens: one thread, no time, no network.

#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::type_complexity,
    clippy::format_push_string,
    clippy::redundant_closure_for_method_calls,
    reason = "the stage picks the effects it plays, and writes screens as text"
)]

mod accounts;
mod acts;
mod behind;
mod device;
mod finding;
mod fixtures;
mod header;
mod lists;
mod looping;
mod messages;
mod mouse;
mod remapped;
mod repeating;
mod screens;
mod stage;
mod states;
mod typing;
mod welcome;
