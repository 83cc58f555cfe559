//! Text on its way to a terminal or a log: sanitised, redacted, cut.
//!
//! Every module may import this one, the sandbox too; it imports nothing of
//! ours and does no I/O of its own.

pub mod causes;
pub mod redact;
pub mod sanitize;
pub mod suggest;
