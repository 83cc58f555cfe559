//! A line of text being typed.

use tui_input::{Input, InputRequest};

use crate::app::action::Action;
use crate::app::tags::TagCounts;
use crate::domain::key::Key;

/// The add and edit line.
#[derive(Debug, Clone)]
pub struct Editor {
    /// What it is for.
    pub purpose: Purpose,
    /// What is typed.
    pub input: Input,
    /// Why it was not accepted, shown beside it.
    pub error: Option<String>,
    /// Which earlier line is recalled, counted from the newest.
    recalled: Option<usize>,
    /// What was typed before an earlier line was recalled.
    typed: String,
    completing: Option<Completing>,
}

/// Completions being cycled through.
#[derive(Debug, Clone)]
struct Completing {
    /// Where the word starts, in characters.
    start: usize,
    words: Vec<String>,
    /// The one in the line.
    at: usize,
}

/// What a line of text becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A new todo.
    Add,
    /// A new text for a todo.
    Edit {
        /// The todo.
        key: Key,
        /// The text it had when the line was opened.
        before: String,
    },
    /// One text that replaces two conflicting ones.
    Merge {
        /// The todo.
        key: Key,
        /// The rejected change, by its place in the outbox.
        seq: i64,
        /// The text of this device.
        mine: String,
        /// The text of the server.
        theirs: String,
    },
    /// A day on which todos are due, or until which they are hidden.
    Day {
        /// What the day is for.
        field: DayField,
    },
}

/// The tag that a typed day is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayField {
    /// `due:`.
    Due,
    /// `t:`.
    Start,
}

impl DayField {
    /// The key in front of the date.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Start => "t",
        }
    }
}

impl Editor {
    /// A line for `purpose` with `text` in it, the cursor at its end.
    #[must_use]
    pub fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            input: Input::new(text.to_owned()),
            error: None,
            recalled: None,
            typed: String::new(),
            completing: None,
        }
    }

    /// A line for a new todo, with `text` in it.
    #[must_use]
    pub fn add(text: &str) -> Self {
        Self::new(Purpose::Add, text)
    }

    /// A line that edits the todo `key`.
    #[must_use]
    pub fn edit(key: Key, before: String) -> Self {
        let text = before.clone();
        Self::new(Purpose::Edit { key, before }, &text)
    }

    /// A line that is open again with `text` in it, and why.
    #[must_use]
    pub fn returned(purpose: Purpose, text: &str, error: String) -> Self {
        Self {
            error: Some(error),
            ..Self::new(purpose, text)
        }
    }

    /// Puts the cursor at the start of the line.
    #[must_use]
    pub fn at_start(mut self) -> Self {
        self.input = self.input.with_cursor(0);
        self
    }

    /// The text that is edited; `None` for a new todo or a day.
    #[must_use]
    pub fn before(&self) -> Option<&str> {
        match &self.purpose {
            Purpose::Edit { before, .. } => Some(before),
            Purpose::Merge { mine, .. } => Some(mine),
            Purpose::Add | Purpose::Day { .. } => None,
        }
    }

    /// Applies an editing action.
    pub fn edited(&mut self, action: Action) {
        if edited(&mut self.input, action) {
            self.error = None;
        }
        self.completing = None;
    }

    /// Types `text` at the cursor.
    pub fn insert(&mut self, text: &str) {
        insert(&mut self.input, text);
        self.error = None;
        self.completing = None;
    }

    /// Recalls the next older or newer one of `lines`, newest last. Newer than the
    /// newest is what was typed before.
    pub fn recall(&mut self, lines: &[String], older: bool) {
        let next = match (self.recalled, older) {
            (None, true) => Some(0),
            (None | Some(0), false) => None,
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => Some(at - 1),
        };
        if self.recalled.is_none() {
            if next.is_none() {
                return;
            }
            self.input.value().clone_into(&mut self.typed);
        }
        let text = match next {
            None => self.typed.clone(),
            Some(at) => match lines.iter().rev().nth(at) {
                Some(line) => line.clone(),
                None => return,
            },
        };
        self.input = Input::new(text);
        self.recalled = next;
        self.completing = None;
        self.error = None;
    }

    /// The rest of the word at the cursor, as completing would add it.
    #[must_use]
    pub fn ghost(&self, tags: &TagCounts) -> Option<String> {
        let (before, after) = split(&self.input);
        if self.completing.is_some() || after.chars().next().is_some_and(|c| c != ' ') {
            return None;
        }
        let word = before.rsplit(' ').next().unwrap_or_default();
        let best = tags
            .completions(before)
            .into_iter()
            .find(|candidate| candidate.len() > word.len())?;
        best.get(word.len()..).map(str::to_owned)
    }

    /// Completes the word at the cursor; called again, takes the next candidate.
    /// Returns false if there is none.
    pub fn complete(&mut self, tags: &TagCounts) -> bool {
        let mut completing = if let Some(completing) = self.completing.take() {
            Completing {
                at: (completing.at + 1) % completing.words.len().max(1),
                ..completing
            }
        } else {
            let (before, _) = split(&self.input);
            let words = tags.completions(before);
            let word = before.rsplit(' ').next().unwrap_or_default();
            Completing {
                start: self.input.cursor().saturating_sub(word.chars().count()),
                words,
                at: 0,
            }
        };
        let Some(word) = completing.words.get(completing.at) else {
            return false;
        };
        let (before, after) = split(&self.input);
        let head: String = before.chars().take(completing.start).collect();
        let cursor = completing.start + word.chars().count();
        self.input = Input::new(format!("{head}{word}{after}")).with_cursor(cursor);
        completing.start = head.chars().count();
        self.completing = Some(completing);
        self.error = None;
        true
    }
}

/// Applies an editing action. Returns whether the text changed.
pub fn edited(input: &mut Input, action: Action) -> bool {
    let Some(request) = request(action) else {
        return false;
    };
    input.handle(request).is_some_and(|changed| changed.value)
}

/// Types `text` at the cursor. Line breaks and tabs become spaces.
pub fn insert(input: &mut Input, text: &str) {
    // Inserting one character at a time copies the whole text each time.
    let (before, after) = split(input);
    let typed: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c => c,
        })
        .collect();
    let cursor = input.cursor() + typed.chars().count();
    let whole = format!("{before}{typed}{after}");
    *input = Input::new(whole).with_cursor(cursor);
}

/// The text before and after the cursor.
#[must_use]
pub fn split(input: &Input) -> (&str, &str) {
    let text = input.value();
    let at = text
        .char_indices()
        .nth(input.cursor())
        .map_or(text.len(), |(at, _)| at);
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other actions edit nothing"
)]
const fn request(action: Action) -> Option<InputRequest> {
    Some(match action {
        Action::CursorLeft => InputRequest::GoToPrevChar,
        Action::CursorRight => InputRequest::GoToNextChar,
        Action::WordLeft => InputRequest::GoToPrevWord,
        Action::WordRight => InputRequest::GoToNextWord,
        Action::LineStart => InputRequest::GoToStart,
        Action::LineEnd => InputRequest::GoToEnd,
        Action::DeleteBack => InputRequest::DeletePrevChar,
        Action::DeleteForward => InputRequest::DeleteNextChar,
        Action::DeleteWord => InputRequest::DeletePrevWord,
        Action::DeleteToStart => InputRequest::DeleteFromStart,
        Action::DeleteToEnd => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> TagCounts {
        TagCounts::named(&[], &["phone", "photo"])
    }

    #[test]
    fn the_cursor_steps_over_whole_graphemes() {
        let mut input = Input::new("a👩‍👩‍👧e\u{301}".to_owned());
        edited(&mut input, Action::CursorLeft);
        assert_eq!(split(&input), ("a👩‍👩‍👧", "e\u{301}"));
        assert!(edited(&mut input, Action::DeleteBack));
        assert_eq!(input.value(), "ae\u{301}");
    }

    #[test]
    fn pasted_text_goes_in_at_the_cursor_on_one_line() {
        let mut input = Input::new("ad".to_owned()).with_cursor(1);
        insert(&mut input, "b\tc\n");
        assert_eq!(split(&input), ("ab c ", "d"));
    }

    #[test]
    fn completing_again_takes_the_next_candidate() {
        let mut line = Editor::add("call @p");
        assert_eq!(line.ghost(&tags()).as_deref(), Some("hone"));
        assert!(line.complete(&tags()));
        assert_eq!(line.input.value(), "call @phone");
        assert!(line.complete(&tags()));
        assert_eq!(line.input.value(), "call @photo");
        assert!(line.complete(&tags()));
        assert_eq!(line.input.value(), "call @phone");
        line.insert(" now");
        assert!(!line.complete(&tags()), "nothing to complete");
    }

    #[test]
    fn earlier_lines_are_recalled_and_what_was_typed_comes_back() {
        let lines = ["one".to_owned(), "two".to_owned()];
        let mut line = Editor::add("thr");
        line.recall(&lines, true);
        assert_eq!(line.input.value(), "two");
        line.recall(&lines, true);
        line.recall(&lines, true);
        assert_eq!(line.input.value(), "one", "there is no older one");
        line.recall(&lines, false);
        line.recall(&lines, false);
        assert_eq!(line.input.value(), "thr");
    }
}
