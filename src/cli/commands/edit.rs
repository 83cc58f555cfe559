//! `tudone edit`.

use std::str::FromStr;

use clap::Args;

use crate::cli::bulk::{Bulk, Verb, carry_out};
use crate::cli::context::CommandContext;
use crate::cli::editor::edited;
use crate::cli::error::CliError;
use crate::cli::pick::{Pick, Selection, by_handles};
use crate::cli::revise::{Revision, due, old_tag, priority, revised, tag};
use crate::cli::write::Writing;
use crate::domain::change::Act;
use crate::domain::todo::{Handle, Todo};
use crate::domain::when::typed;

/// What `edit` takes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The todo and its new text; without a text, your editor opens. With
    /// --add-tag, --remove-tag, --due or --pri: todos only
    #[arg(value_name = "HANDLE [TEXT]", required_unless_present_any = ["filter", "every"])]
    handles: Vec<String>,

    #[command(flatten)]
    selection: Selection,

    /// Add +project, @context or key:value
    #[arg(long, value_name = "T")]
    add_tag: Vec<String>,

    /// Remove a tag; `key:` removes every value of it
    #[arg(long, value_name = "T")]
    remove_tag: Vec<String>,

    /// Another due date: 2026-12-01, tomorrow, fri, +3d, none
    #[arg(long, value_name = "D")]
    due: Option<String>,

    /// Another priority: A to Z, none
    #[arg(long, value_name = "P")]
    pri: Option<String>,

    /// Do not turn `due:tomorrow` into a date
    #[arg(long)]
    literal: bool,

    /// Do it without being asked
    #[arg(short, long)]
    yes: bool,

    #[command(flatten)]
    writing: Writing,
}

const VERB: Verb = Verb {
    imperative: "Change",
    participle: "changed",
    already: "unchanged",
    scope: None,
    asks: false,
};

/// Changes one text, or tags, dates and priorities of many todos.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let revisions = revisions(context, arguments)?;
    if !revisions.is_empty() {
        return revise(context, arguments, &revisions);
    }
    let Some((handle, words)) = arguments.handles.split_first() else {
        return Err(CliError::usage(
            "--filter and --every change tags, dates and priorities only",
            "Add --add-tag, --remove-tag, --due or --pri.",
        ));
    };
    if words.is_empty() {
        return edit_in_editor(context, arguments, handle);
    }
    let text = check(context, arguments, &words.join(" "))?;
    carry_out(
        context,
        &bulk(arguments, vec![handle.clone()]),
        VERB,
        |todo| Ok(edit(todo, text.clone())),
    )
}

fn revise(
    context: &CommandContext,
    arguments: &Arguments,
    revisions: &[Revision],
) -> Result<(), CliError> {
    let stray = |word: &&String| Handle::from_str(word).is_err();
    if let Some(word) = arguments.handles.iter().find(stray) {
        return Err(CliError::usage(
            format!("`{word}` is no handle"),
            "Change the text, or tags, dates and priorities: not both at once.",
        ));
    }
    carry_out(
        context,
        &bulk(arguments, arguments.handles.clone()),
        VERB,
        |todo| Ok(edit(todo, revised(&todo.text, revisions))),
    )
}

fn edit_in_editor(
    context: &CommandContext,
    arguments: &Arguments,
    handle: &str,
) -> Result<(), CliError> {
    if context.flags.no_input {
        return Err(CliError::usage(
            "no new text, and --no-input forbids to ask for it",
            "Give the text.",
        ));
    }
    let known = context.known()?;
    let mut store = known.open()?;
    let picked = by_handles(context, &known, &mut store, &[handle.to_owned()])?;
    let [todo] = picked.found.as_slice() else {
        return picked.error().map_or(Ok(()), Err);
    };
    let text = edited(&todo.text, &context.clock.key().to_string())?;
    let text = if keeps_foreign(&todo.text, &text) {
        text
    } else {
        check(context, arguments, &text)?
    };
    // Made on the text that was seen: another change meanwhile is not lost.
    let seen = todo.text.clone();
    carry_out(
        context,
        &bulk(arguments, vec![handle.to_owned()]),
        VERB,
        |_| {
            Ok((seen != text).then(|| Act::Edit {
                before: seen.clone(),
                after: text.clone(),
            }))
        },
    )
}

/// Whether the control characters of `after` were all in `before`: what came
/// from elsewhere may stay.
fn keeps_foreign(before: &str, after: &str) -> bool {
    let mut control = after.chars().filter(|found| found.is_control()).peekable();
    control.peek().is_some() && control.all(|found| before.contains(found))
}

fn check(context: &CommandContext, arguments: &Arguments, text: &str) -> Result<String, CliError> {
    typed(text, context.clock.today(), arguments.literal).map_err(|source| CliError::Typed {
        place: "this is no todo".to_owned(),
        source,
    })
}

fn edit(todo: &Todo, after: String) -> Option<Act> {
    (after != todo.text).then(|| Act::Edit {
        before: todo.text.clone(),
        after,
    })
}

fn bulk(arguments: &Arguments, handles: Vec<String>) -> Bulk {
    Bulk {
        pick: Pick {
            handles,
            selection: arguments.selection.clone(),
        },
        yes: arguments.yes,
        writing: arguments.writing.clone(),
    }
}

fn revisions(context: &CommandContext, arguments: &Arguments) -> Result<Vec<Revision>, CliError> {
    let wrong = |why: String| CliError::usage(why, "Run `tudone help edit`.");
    let mut revisions = Vec::new();
    for word in &arguments.remove_tag {
        revisions.push(Revision::Without(old_tag(word).map_err(wrong)?));
    }
    for word in &arguments.add_tag {
        revisions.push(Revision::With(tag(word).map_err(wrong)?));
    }
    if let Some(word) = &arguments.due {
        let found = due(word, context.clock.today()).map_err(wrong)?;
        revisions.push(Revision::Due(found));
    }
    if let Some(word) = &arguments.pri {
        revisions.push(Revision::Priority(priority(word).map_err(wrong)?));
    }
    Ok(revisions)
}
