//! `tudone edit`.

use std::str::FromStr;

use clap::Args;

use crate::cli::bulk::{Bulk, Verb, carry_out};
use crate::cli::context::CommandContext;
use crate::cli::editor::Draft;
use crate::cli::error::CliError;
use crate::cli::pick::{Pick, Selection, by_handles};
use crate::cli::write::Writing;
use crate::domain::change::Act;
use crate::domain::line::Revision;
use crate::domain::todo::{Handle, Todo};
use crate::domain::typed::{Rules, Typed, TypedError};

/// The arguments of `edit`.
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

    /// The new due date: 2026-12-01, tomorrow, fri, +3d, none
    #[arg(long, value_name = "D")]
    due: Option<String>,

    /// The new priority: A to Z, none
    #[arg(long, value_name = "P")]
    pri: Option<String>,

    /// Take the text as typed: `due:tomorrow` is not resolved, and a text may be a
    /// handle
    #[arg(long)]
    literal: bool,

    /// Do not ask for confirmation
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

/// Edits one text, or tags, dates and priorities of many todos.
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
    reject_handles(arguments, handle, words)?;
    let text = words.join(" ");
    rules(context, arguments)
        .check(&text)
        .map_err(not_accepted)?;
    carry_out(
        context,
        &bulk(arguments, vec![handle.clone()]),
        VERB,
        |todo| {
            let typed = rules(context, arguments).check_edit(&todo.text, text.trim());
            let typed = typed.map_err(not_accepted)?;
            notify(context, &typed);
            Ok(edit(todo, typed.text))
        },
    )
}

/// Rejects a text that may be meant as more handles.
fn reject_handles(arguments: &Arguments, handle: &str, words: &[String]) -> Result<(), CliError> {
    if handle == "-" {
        return Err(CliError::usage(
            "`-` reads handles, and a text is for one todo",
            "Use --add-tag, --remove-tag, --due or --pri, or one handle.",
        ));
    }
    let is_handle = |word: &String| Handle::from_str(word).is_ok();
    if arguments.literal || !words.iter().all(is_handle) {
        return Ok(());
    }
    Err(CliError::usage(
        format!("the new text `{}` is a handle", words.join(" ")),
        "Use --literal to make it the text, or --add-tag, --remove-tag, --due or --pri.",
    ))
}

fn revise(
    context: &CommandContext,
    arguments: &Arguments,
    revisions: &[Revision],
) -> Result<(), CliError> {
    let from_stdin = matches!(arguments.handles.as_slice(), [dash] if dash == "-");
    let is_text = |word: &&String| !from_stdin && Handle::from_str(word).is_err();
    if let Some(word) = arguments.handles.iter().find(is_text) {
        return Err(CliError::usage(
            format!("`{word}` is not a handle"),
            "Edit the text, or tags, dates and priorities, but not both at once.",
        ));
    }
    carry_out(
        context,
        &bulk(arguments, arguments.handles.clone()),
        VERB,
        |todo| {
            let after = Revision::apply_all(revisions, &todo.text);
            let after = after.map_err(|source| CliError::Line {
                handle: todo.handle().to_string(),
                source,
            })?;
            Ok(edit(todo, after))
        },
    )
}

fn edit_in_editor(
    context: &CommandContext,
    arguments: &Arguments,
    handle: &str,
) -> Result<(), CliError> {
    if context.flags.no_input {
        return Err(CliError::usage(
            "no new text, and --no-input forbids the editor",
            "Type the new text.",
        ));
    }
    let known = context.known()?;
    let mut store = known.open()?;
    let picked = by_handles(context, &known, &mut store, &[handle.to_owned()])?;
    let [todo] = picked.found.as_slice() else {
        return picked.error().map_or(Ok(()), Err);
    };
    let (draft, typed) = type_in_editor(context, arguments, &todo.text)?;
    notify(context, &typed);
    let text = typed.text;
    // Based on the text in the editor, so that a concurrent change is not lost.
    let seen = todo.text.clone();
    let done = carry_out(
        context,
        &bulk(arguments, vec![handle.to_owned()]),
        VERB,
        |_| {
            Ok((seen != text).then(|| Act::Edit {
                before: seen.clone(),
                after: text.clone(),
            }))
        },
    );
    // A rejected change keeps its text in the queue.
    if done
        .as_ref()
        .is_err_and(|error| !matches!(error, CliError::Refused { .. }))
    {
        context.notice(format!(
            "the new text is kept in {}",
            draft.keep().display()
        ));
    }
    done
}

/// Opens the editor until its text is accepted. If it cannot ask, a rejected text is
/// kept in its file. The file is deleted when the draft is dropped.
fn type_in_editor(
    context: &CommandContext,
    arguments: &Arguments,
    before: &str,
) -> Result<(Draft, Typed), CliError> {
    let draft = Draft::new(before, &context.clock.key().to_string())?;
    loop {
        let text = draft.edit()?;
        let source = match rules(context, arguments).check_edit(before, &text) {
            Ok(typed) => return Ok((draft, typed)),
            Err(source) => source,
        };
        if context.can_ask() {
            context.notice(format!("the new text is not accepted: {source}"));
            if context.confirm("Edit it again?").is_ok() {
                continue;
            }
        }
        let place = format!(
            "the new text is not accepted and is kept in {}",
            draft.keep().display()
        );
        return Err(CliError::Typed { place, source });
    }
}

fn rules(context: &CommandContext, arguments: &Arguments) -> Rules {
    Rules {
        today: context.clock.today(),
        literal: arguments.literal,
    }
}

fn not_accepted(source: TypedError) -> CliError {
    CliError::Typed {
        place: "the new text is not accepted".to_owned(),
        source,
    }
}

fn notify(context: &CommandContext, typed: &Typed) {
    for notice in &typed.notices {
        context.notice(notice.to_string());
    }
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
    let rules = rules(context, arguments);
    let wrong = |source: TypedError| CliError::usage(source.to_string(), source.help());
    let mut revisions = Vec::new();
    for word in &arguments.remove_tag {
        let word = rules.check_old_tag(word).map_err(wrong)?;
        revisions.push(Revision::RemoveTag(word));
    }
    for word in &arguments.add_tag {
        let typed = rules.check_tag(word).map_err(wrong)?;
        notify(context, &typed);
        revisions.push(Revision::AddTag(typed.text));
    }
    if let Some(word) = &arguments.due {
        let found = rules.check_date(word).map_err(wrong)?;
        revisions.push(Revision::Due(found));
    }
    if let Some(word) = &arguments.pri {
        let found = rules.check_priority(word).map_err(wrong)?;
        revisions.push(Revision::Priority(found));
    }
    Ok(revisions)
}
