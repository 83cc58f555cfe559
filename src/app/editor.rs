//! A line of text being typed.

use tui_input::{Input, InputRequest};

use crate::app::action::Action;
use crate::domain::key::Key;

/// The add and edit line.
#[derive(Debug, Clone)]
pub struct Editor {
    /// What it is for.
    pub purpose: Purpose,
    /// What is typed.
    pub input: Input,
    /// Why it was not taken, shown beside it.
    pub error: Option<String>,
}

/// What a line of text becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A new todo.
    Add,
    /// Another text of a todo.
    Edit {
        /// Which.
        key: Key,
        /// The text it had when the line was opened.
        before: String,
    },
}

impl Editor {
    /// A line for a new todo, with `text` in it.
    #[must_use]
    pub fn add(text: &str) -> Self {
        Self {
            purpose: Purpose::Add,
            input: Input::new(text.to_owned()),
            error: None,
        }
    }

    /// A line for another text of the todo `key`.
    #[must_use]
    pub fn edit(key: Key, before: String) -> Self {
        Self {
            input: Input::new(before.clone()),
            purpose: Purpose::Edit { key, before },
            error: None,
        }
    }

    /// The same line with other words in it, and why it is open again.
    #[must_use]
    pub fn returned(purpose: Purpose, text: String, error: String) -> Self {
        Self {
            purpose,
            input: Input::new(text),
            error: Some(error),
        }
    }
}

/// Carries out an action of a line of text; whether the text is another now.
pub fn edited(input: &mut Input, action: Action) -> bool {
    let Some(request) = request(action) else {
        return false;
    };
    input.handle(request).is_some_and(|changed| changed.value)
}

/// Types `text` at the cursor. Line breaks and tabs become spaces.
pub fn insert(input: &mut Input, text: &str) {
    // One by one costs the whole text each time; a long paste is put in at once.
    let (before, after) = split(input);
    let typed: String = text
        .chars()
        .map(|c| {
            if matches!(c, '\n' | '\r' | '\t') {
                ' '
            } else {
                c
            }
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
        Action::Down
        | Action::Up
        | Action::First
        | Action::Last
        | Action::PageDown
        | Action::PageUp
        | Action::HalfPageDown
        | Action::HalfPageUp
        | Action::Add
        | Action::Edit
        | Action::ToggleDone
        | Action::Delete
        | Action::Undo
        | Action::Redo
        | Action::Search
        | Action::ClearSearch
        | Action::CycleScope
        | Action::CycleSort
        | Action::Sync
        | Action::Login
        | Action::Help
        | Action::Submit
        | Action::Cancel
        | Action::PasteSeveral
        | Action::PasteOne
        | Action::OpenBrowser
        | Action::CopyCode
        | Action::ToggleQr
        | Action::Retry
        | Action::Redraw
        | Action::Suspend
        | Action::Quit => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
