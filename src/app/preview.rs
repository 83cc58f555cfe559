//! What a line being typed would be saved as.

use jiff::civil::Date;

use crate::app::tags::Tags;
use crate::domain::line::Line;
use crate::domain::typed::{Notice, Rules, TypedError};

/// What was understood of a line: what Enter saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its parts, in the order they are shown.
    pub parts: Vec<Part>,
    /// What the user may not have meant.
    pub notices: Vec<Notice>,
}

/// A part of a line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It is done.
    Done,
    /// Its priority.
    Priority(char),
    /// When it is due.
    Due(Date),
    /// Until when it is left out of the list.
    Start(Date),
    /// How it repeats: the value of `rec:`, and when the todo that follows is due if
    /// this one is completed today.
    Repeats(String, Option<Date>),
    /// A project, and how many open todos it has.
    Project(String, Option<u64>),
    /// A context, and how many open todos it has.
    Context(String, Option<u64>),
}

/// Checks `text` as Enter would, and takes it apart. `before` is the text that
/// is edited, if there is one.
///
/// # Errors
///
/// Why Enter would refuse it.
pub fn preview(
    text: &str,
    before: Option<&str>,
    rules: Rules,
    tags: &Tags,
) -> Result<Preview, TypedError> {
    let typed = match before {
        Some(before) => rules.check_edit(before, text)?,
        None => rules.check(text)?,
    };
    let line = Line::new(&typed.text);
    let mut parts = Vec::new();
    if line.is_done() {
        parts.push(Part::Done);
    }
    if let Some(priority) = line.priority() {
        parts.push(Part::Priority(priority.letter()));
    }
    if let Some(due) = line.due() {
        parts.push(Part::Due(due));
    }
    for (key, value) in line.tags() {
        match (key, value.parse::<Date>()) {
            ("t", Ok(date)) => parts.push(Part::Start(date)),
            ("rec", _) => {
                let rule = line.recurrence();
                let next = rule.and_then(|rule| rule.next(line, rules.today));
                let due = next.and_then(|next| next.due.or(next.start));
                parts.push(Part::Repeats(value.to_owned(), due));
            }
            _ => {}
        }
    }
    for project in line.projects() {
        parts.push(Part::Project(project.to_owned(), tags.count('+', project)));
    }
    for context in line.contexts() {
        parts.push(Part::Context(context.to_owned(), tags.count('@', context)));
    }
    Ok(Preview {
        parts,
        notices: typed.notices,
    })
}
