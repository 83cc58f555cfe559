//! The commands, as scripts use them: the real program in a clean place.

mod support;

#[path = "cli/usage.rs"]
mod usage;

#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/answers.rs"]
mod answers;
#[cfg(feature = "sandbox")]
#[path = "cli/backoff.rs"]
mod backoff;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/chaos.rs"]
mod chaos;
#[cfg(feature = "sandbox")]
#[path = "cli/commands.rs"]
mod commands;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/completion.rs"]
mod completion;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/demo.rs"]
mod demo;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/endings.rs"]
mod endings;
#[cfg(feature = "sandbox")]
#[path = "cli/external_token.rs"]
mod external_token;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/follow.rs"]
mod follow;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/live.rs"]
mod live;
#[cfg(feature = "sandbox")]
#[path = "cli/login.rs"]
mod login;
#[cfg(feature = "sandbox")]
#[path = "cli/main_job.rs"]
mod main_job;
#[cfg(feature = "sandbox")]
#[path = "cli/offline.rs"]
mod offline;
#[cfg(feature = "sandbox")]
#[path = "cli/online.rs"]
mod online;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/programs.rs"]
mod programs;
#[cfg(feature = "sandbox")]
#[path = "cli/queue.rs"]
mod queue;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/recipes.rs"]
mod recipes;
#[cfg(feature = "sandbox")]
#[path = "cli/repeating.rs"]
mod repeating;
#[cfg(feature = "sandbox")]
#[path = "cli/schema.rs"]
mod schema;
#[cfg(feature = "sandbox")]
#[path = "cli/selection.rs"]
mod selection;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/surroundings.rs"]
mod surroundings;
#[cfg(all(feature = "sandbox", unix))]
#[path = "cli/terminal.rs"]
mod terminal;
#[cfg(feature = "sandbox")]
#[path = "cli/texts.rs"]
mod texts;
#[cfg(feature = "sandbox")]
#[path = "cli/transfer.rs"]
mod transfer;
#[cfg(feature = "sandbox")]
#[path = "cli/undo.rs"]
mod undo;
#[cfg(feature = "sandbox")]
#[path = "cli/verbose.rs"]
mod verbose;
#[cfg(feature = "sandbox")]
#[path = "cli/views.rs"]
mod views;
#[cfg(feature = "sandbox")]
#[path = "cli/wire.rs"]
mod wire;
