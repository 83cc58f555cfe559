//! `tudone rm`.

use clap::Args;

use crate::cli::bulk::{Bulk, Verb, carry_out};
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::domain::change::Act;

/// The arguments of `rm`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    bulk: Bulk,
}

/// Deletes todos, after asking.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let verb = Verb {
        imperative: "Delete",
        participle: "removed",
        already: "already deleted",
        scope: None,
        asks: true,
    };
    carry_out(context, &arguments.bulk, verb, |todo| {
        Ok(Some(Act::Remove {
            before: todo.text.clone(),
        }))
    })
}
