//! The preview of a line: what Enter would save.

use jiff::civil::Date;

use crate::app::tags::TagCounts;
use crate::domain::line::Line;
use crate::domain::typed::{Notice, Rules, TypedError};

/// A typed line as Enter would save it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its parts, in the order they are shown.
    pub parts: Vec<PreviewPart>,
    /// Hints at what may be a mistake.
    pub notices: Vec<Notice>,
}

/// A recognised part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewPart {
    /// It is done.
    Done,
    /// Its priority.
    Priority(char),
    /// When it is due.
    Due(Date),
    /// The day until which it is hidden.
    Start(Date),
    /// How it repeats: the value of `rec:`, and when the todo that follows is due if
    /// this one is completed today.
    Repeats(String, Option<Date>),
    /// A project, and how many open todos it has.
    Project(String, Option<u64>),
    /// A context, and how many open todos it has.
    Context(String, Option<u64>),
}

/// Checks `text` as Enter would, and splits it into parts. `before` is the text
/// that is edited, if there is one.
///
/// # Errors
///
/// Why Enter would reject it.
pub fn preview(
    text: &str,
    before: Option<&str>,
    rules: Rules,
    tags: &TagCounts,
) -> Result<Preview, TypedError> {
    let typed = match before {
        Some(before) => rules.check_edit(before, text)?,
        None => rules.check(text)?,
    };
    let line = Line::new(&typed.text);
    let mut parts = Vec::new();
    if line.is_done() {
        parts.push(PreviewPart::Done);
    }
    if let Some(priority) = line.priority() {
        parts.push(PreviewPart::Priority(priority.letter()));
    }
    if let Some(due) = line.due() {
        parts.push(PreviewPart::Due(due));
    }
    for (key, value) in line.tags() {
        match (key, value.parse::<Date>()) {
            ("t", Ok(date)) => parts.push(PreviewPart::Start(date)),
            ("rec", _) => {
                let rule = line.recurrence();
                let next = rule.and_then(|rule| rule.next(line, rules.today));
                let due = next.and_then(|next| next.due.or(next.start));
                parts.push(PreviewPart::Repeats(value.to_owned(), due));
            }
            _ => {}
        }
    }
    for project in line.projects() {
        parts.push(PreviewPart::Project(
            project.to_owned(),
            tags.count('+', project),
        ));
    }
    for context in line.contexts() {
        parts.push(PreviewPart::Context(
            context.to_owned(),
            tags.count('@', context),
        ));
    }
    Ok(Preview {
        parts,
        notices: typed.notices,
    })
}
