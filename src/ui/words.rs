//! The text of a todo in cells, with its parts in different colours.

use jiff::civil::Date;
use ratatui::style::{Modifier, Style};

use super::due;
use super::pen::{Pen, Run};
use super::theme::Theme;
use crate::domain::casefold::search_key;
use crate::domain::due::in_words;
use crate::domain::line::Line;
use crate::domain::recurrence::Recurrence;

/// How a text is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'t> {
    pub(super) theme: &'t Theme,
    /// Due dates before it are late.
    pub(super) today: Date,
    /// Whether priority, due date and completion have columns of their own.
    pub(super) lifted: bool,
    /// The words of the search, case-folded.
    pub(super) needles: &'t [String],
}

/// Writes `text` as far as there is room.
pub(super) fn words(text: &str, look: Look<'_>, pen: &mut Pen<'_>) {
    let line = Line::new(text);
    let base = if line.is_done() {
        look.theme.done
    } else {
        look.theme.text
    };
    let base = Style { bg: None, ..base };
    let mut lift = Lift::new(line, look.lifted);
    let mut gap = "";
    let mut started = false;
    let mut rest = text;
    while !rest.is_empty() && !pen.is_cut() {
        let end = rest.find(' ').unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let spaces = after.len() - after.trim_start_matches(' ').len();
        let (space, after) = after.split_at_checked(spaces).unwrap_or((after, ""));
        rest = after;
        if lift.takes(word) {
            continue;
        }
        if started {
            pen.write(gap, base);
        }
        let style = if line.is_done() {
            base
        } else {
            word_style(word, !started, look).unwrap_or(base)
        };
        let style = if is_found(word, look) {
            style.patch(look.theme.found)
        } else {
            style
        };
        match shown(word, look) {
            Some(words) => pen.write(&words, look.theme.muted),
            None => pen.write(word, style),
        };
        started = true;
        gap = space;
    }
}

fn is_found(word: &str, look: Look<'_>) -> bool {
    !look.needles.is_empty() && {
        let word = search_key(word);
        look.needles
            .iter()
            .any(|needle| word.contains(needle.as_str()))
    }
}

/// Which words of a line have a column of their own.
struct Lift {
    mark: bool,
    priority: Option<String>,
    due: Option<String>,
    completed: Option<String>,
}

impl Lift {
    fn new(line: Line<'_>, lifted: bool) -> Self {
        let done = line.is_done();
        let priority = line.priority().filter(|_| lifted).map(|priority| {
            if done {
                format!("pri:{}", priority.letter())
            } else {
                format!("({})", priority.letter())
            }
        });
        let due = line.due().filter(|_| lifted && !done);
        Self {
            mark: done,
            priority,
            due: due.map(|due| format!("due:{due}")),
            completed: line
                .completed_on()
                .filter(|_| done)
                .map(|date| date.to_string()),
        }
    }

    /// Returns whether to leave `word` out of the text; each only once.
    fn takes(&mut self, word: &str) -> bool {
        if self.mark {
            self.mark = false;
            return word == "x";
        }
        [&mut self.completed, &mut self.priority, &mut self.due]
            .into_iter()
            .any(|lifted| lifted.take_if(|text| text == word).is_some())
    }
}

/// The words shown instead of a machine-readable one.
fn shown(word: &str, look: Look<'_>) -> Option<String> {
    let (key, value) = word.split_once(':')?;
    match key {
        "rec" => {
            let rule = Recurrence::parse(value)?;
            Some(format!("{} {}", look.theme.symbols.repeats, rule.words()))
        }
        "t" => {
            let start: Date = value.parse().ok().filter(|_| value.len() == 10)?;
            Some(format!("from {}", in_words(start, look.today)))
        }
        _ => None,
    }
}

fn word_style(word: &str, first: bool, look: Look<'_>) -> Option<Style> {
    let theme = look.theme;
    match word.as_bytes() {
        [b'(', letter @ b'A'..=b'Z', b')'] if first => Some(theme.priority_of(char::from(*letter))),
        [b'+', _, ..] => Some(theme.project),
        [b'@', _, ..] => Some(theme.context),
        [b'd', b'u', b'e', b':', ..] => {
            let due = Line::new(word).due()?;
            Some(due::style(due, look.today, theme))
        }
        _ => None,
    }
}

/// Writes a text being typed, with tags and dates in their colours.
pub(super) fn typed(text: &str, base: Style, theme: &Theme, pen: &mut Pen<'_>) {
    for (n, word) in text.split_inclusive(' ').enumerate() {
        let visible = word.trim_end_matches(' ');
        let style = match visible.as_bytes() {
            [b'(', letter @ b'A'..=b'Z', b')'] if n == 0 => theme.priority_of(char::from(*letter)),
            [b'+', _, ..] => theme.project,
            [b'@', _, ..] => theme.context,
            [b'd', b'u', b'e', b':', _, ..] | [b't', b':', _, ..] => theme.soon,
            _ => Style::new(),
        };
        pen.write(visible, base.patch(style));
        let spaces = word.get(visible.len()..).unwrap_or_default();
        pen.write(spaces, base);
    }
}

/// Splits `text` into runs, with the words marked that `other` does not have.
pub(super) fn compared(text: &str, other: &str, style: Style, theme: &Theme) -> Vec<Run<'static>> {
    let known: Vec<&str> = other.split_whitespace().collect();
    let marked = style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    let mut runs = Vec::new();
    for word in text.split_inclusive(' ') {
        let visible = word.trim_end_matches(' ');
        let style = if known.contains(&visible) {
            style
        } else {
            marked
        };
        runs.push(Run::new(visible.to_owned(), style));
        let spaces = word.get(visible.len()..).unwrap_or_default();
        runs.push(Run::new(spaces.to_owned(), theme.muted));
    }
    runs
}
