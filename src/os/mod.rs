//! What the operating system gives: locks, private files, a runtime.
//!
//! Every module may import this one, the sandbox too; it imports nothing of
//! ours.

pub mod file_lock;
pub mod private_file;
pub mod runtime;
