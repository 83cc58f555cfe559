//! The terminal program as a value: a [`Model`], the messages that change it
//! ([`Msg`]), and the effects to run outside it ([`Effect`]).
//!
//! Pure: no terminal, no disk, no network, no clock. Time and fresh ids come
//! in with each message, as a [`Stamp`].

pub mod account;
pub mod action;
pub mod bindings;
pub mod connection;
pub mod counts;
pub mod details;
pub mod editor;
pub mod effect;
pub mod groups;
pub mod header;
pub mod hints;
pub mod keymap;
pub mod keys;
pub mod layout;
pub mod list;
pub mod login;
pub mod model;
pub mod msg;
pub mod picker;
pub mod preview;
pub mod queue;
pub mod screen;
pub mod search;
pub mod sidebar;
pub mod stamp;
pub mod tags;
pub mod theme;
pub mod toast;
pub mod tour;
pub mod unfinished;
pub mod update;
pub mod views;
pub mod welcome;

pub use action::{Action, Layer};
pub use effect::Effect;
pub use keymap::Keymap;
pub use keys::KeyPress;
pub use model::Model;
pub use msg::Msg;
pub use stamp::Stamp;
pub use update::update;
