//! The operating system: locks, private files, an async runtime, fresh ids,
//! the size of the terminal, the time zone.
//!
//! Every module may import this one, the sandbox too; it imports no other module.

pub mod file_lock;
pub mod fresh_id;
pub mod private_file;
pub mod runtime;
pub mod session;
pub mod terminal_size;
pub mod time_zone;
