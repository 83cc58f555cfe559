//! `tudone done` and `tudone reopen`.

use clap::Args;

use crate::cli::bulk::{Bulk, Verb, carry_out};
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::domain::change::Act;
use crate::domain::line::Line;
use crate::domain::query::Scope;

/// The arguments of `done` and `reopen`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    bulk: Bulk,
}

/// Completes todos; done ones stay as they are.
pub(crate) fn done(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let verb = Verb {
        imperative: "Complete",
        participle: "completed",
        already: "already done",
        scope: Some(Scope::Open),
        asks: false,
    };
    let today = context.clock.today();
    carry_out(context, &arguments.bulk, verb, |todo| {
        let line = Line::new(&todo.text);
        Ok((!line.is_done()).then(|| Act::Edit {
            before: todo.text.clone(),
            after: line.completed(today),
        }))
    })
}

/// Reopens todos; open ones stay as they are.
pub(crate) fn reopen(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let verb = Verb {
        imperative: "Reopen",
        participle: "reopened",
        already: "already open",
        scope: Some(Scope::Done),
        asks: false,
    };
    carry_out(context, &arguments.bulk, verb, |todo| {
        let line = Line::new(&todo.text);
        if !line.is_done() {
            return Ok(None);
        }
        let after = line.reopened().map_err(|source| CliError::Line {
            handle: todo.handle().to_string(),
            source,
        })?;
        Ok(Some(Act::Edit {
            before: todo.text.clone(),
            after,
        }))
    })
}
