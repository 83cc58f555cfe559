//! Lines that were typed and not saved when the program ended or their account was left.

use crate::app::editor::{Editor, Purpose};
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::domain::key::Key;

/// A line that was typed and not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedLine {
    /// What was typed.
    pub text: String,
    /// The edited todo and its text before; `None` for a new todo.
    pub edits: Option<(Key, String)>,
}

impl UnfinishedLine {
    fn of(editor: &Editor) -> Option<Self> {
        let text = editor.input.value();
        if text.trim().is_empty() || editor.before() == Some(text) {
            return None;
        }
        let edits = match &editor.purpose {
            Purpose::Add => None,
            Purpose::Edit { key, before } => Some((*key, before.clone())),
            Purpose::Merge { key, theirs, .. } => Some((*key, theirs.clone())),
            Purpose::Day { .. } => return None,
        };
        let text = text.to_owned();
        Some(Self { text, edits })
    }

    fn editor(self) -> Editor {
        let purpose = match self.edits {
            Some((key, before)) => Purpose::Edit { key, before },
            None => Purpose::Add,
        };
        Editor::new(purpose, &self.text)
    }
}

impl Model {
    /// The lines that would be lost if the program ended now: the open one, and
    /// those whose write failed.
    #[must_use]
    pub fn unfinished_lines(&self) -> Vec<UnfinishedLine> {
        let pasted = match &self.screen {
            Screen::Paste { lines, .. } => lines.join(" "),
            Screen::List
            | Screen::Editor(_)
            | Screen::Sidebar(_)
            | Screen::Search(_)
            | Screen::Queue(_)
            | Screen::Confirm { .. }
            | Screen::Picker(_)
            | Screen::Login(_) => String::new(),
        };
        let open = match &self.screen {
            Screen::Editor(editor) | Screen::Paste { editor, .. } => Some(editor),
            Screen::List
            | Screen::Sidebar(_)
            | Screen::Search(_)
            | Screen::Queue(_)
            | Screen::Confirm { .. }
            | Screen::Picker(_)
            | Screen::Login(_) => None,
        };
        let pasted = Some(Editor::add(&pasted));
        let editors = open.into_iter().chain(&pasted).chain(&self.returned);
        editors.filter_map(UnfinishedLine::of).collect()
    }

    /// Opens these lines of the last time again, one after another, when the list is in
    /// front.
    pub(crate) fn offer(&mut self, lines: Vec<UnfinishedLine>) {
        self.offered.clone_from(&lines);
        self.returned
            .extend(lines.into_iter().rev().map(UnfinishedLine::editor));
    }

    /// Opens these lines of the last time again, one after another.
    pub fn reopen(&mut self, lines: Vec<UnfinishedLine>) {
        self.offer(lines);
        if matches!(self.screen, Screen::List) && !self.returned.is_empty() {
            self.leave();
            self.say("the line you were typing is open again");
            self.touch();
        }
    }
}
