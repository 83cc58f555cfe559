//! Everything a person can ask for, in one table: it makes the key bindings,
//! the help screen and the names that the configuration uses.

use Action as A;
use Layer as L;

/// What a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Select the next row.
    Down,
    /// Select the row before.
    Up,
    /// Select the first row.
    First,
    /// Select the last row.
    Last,
    /// Move down by a screen.
    PageDown,
    /// Move up by a screen.
    PageUp,
    /// Move down by half a screen.
    HalfPageDown,
    /// Move up by half a screen.
    HalfPageUp,
    /// Open the line for a new todo.
    Add,
    /// Open the line with the selected todo.
    Edit,
    /// Complete the selected todo, or reopen it.
    ToggleDone,
    /// Delete the selected todo.
    Delete,
    /// Take back the last act of this session.
    Undo,
    /// Do again what was taken back.
    Redo,
    /// Open the search line.
    Search,
    /// Forget the search.
    ClearSearch,
    /// Next of open, all, done.
    CycleScope,
    /// Next order of the list.
    CycleSort,
    /// Send and fetch now.
    Sync,
    /// Log in.
    Login,
    /// Open the list of keys.
    Help,
    /// Take what the line holds.
    Submit,
    /// Leave without doing anything.
    Cancel,
    /// Cursor one character left.
    CursorLeft,
    /// Cursor one character right.
    CursorRight,
    /// Cursor one word left.
    WordLeft,
    /// Cursor one word right.
    WordRight,
    /// Cursor to the start of the line.
    LineStart,
    /// Cursor to the end of the line.
    LineEnd,
    /// Delete the character before the cursor.
    DeleteBack,
    /// Delete the character under the cursor.
    DeleteForward,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Delete from the start of the line to the cursor.
    DeleteToStart,
    /// Delete from the cursor to the end of the line.
    DeleteToEnd,
    /// Every pasted line becomes a todo.
    PasteSeveral,
    /// The pasted lines become one todo.
    PasteOne,
    /// Open the login page in the browser.
    OpenBrowser,
    /// Copy the login code.
    CopyCode,
    /// Show or hide the QR code.
    ToggleQr,
    /// Ask for a new code.
    Retry,
    /// Draw everything anew.
    Redraw,
    /// Put the program in the background.
    Suspend,
    /// Leave the program.
    Quit,
}

/// Which screen or line receives the keys. A key that a layer does not bind
/// falls through to [`Layer::Line`] where text is typed, then to
/// [`Layer::Global`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Everywhere.
    Global,
    /// The list.
    List,
    /// Every line that takes text.
    Line,
    /// The add and edit line.
    Editor,
    /// The search line.
    Search,
    /// The question what several pasted lines are.
    Paste,
    /// The list of keys.
    Help,
    /// The login screen.
    Login,
}

impl Layer {
    /// All layers, in the order that help shows them.
    pub const ALL: [Self; 8] = [
        L::List,
        L::Global,
        L::Editor,
        L::Search,
        L::Line,
        L::Paste,
        L::Login,
        L::Help,
    ];

    /// Its heading on the help screen.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::List => "List",
            Self::Line => "Any line of text",
            Self::Editor => "Adding and editing",
            Self::Search => "Searching",
            Self::Paste => "Several lines pasted",
            Self::Help => "Help",
            Self::Login => "Logging in",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Where its keys work.
    pub layer: Layer,
    /// What they ask for.
    pub action: Action,
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its keys when nothing is configured; several in a sequence are parted by a space.
    pub keys: &'static [&'static str],
    /// What help says it does.
    pub help: &'static str,
}

const fn row(
    layer: Layer,
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
) -> Binding {
    Binding {
        layer,
        action,
        name,
        keys,
        help,
    }
}

/// The table. An action may stand in several layers; its name says which.
#[rustfmt::skip] // One line an action.
pub const TABLE: &[Binding] = &[
    row(L::List, A::Down, "down", &["j", "down"], "next todo"),
    row(L::List, A::Up, "up", &["k", "up"], "todo before"),
    row(L::List, A::First, "first", &["g g", "home"], "first todo"),
    row(L::List, A::Last, "last", &["G", "end"], "last todo"),
    row(L::List, A::PageDown, "page-down", &["pgdn", "ctrl-f"], "a screen down"),
    row(L::List, A::PageUp, "page-up", &["pgup", "ctrl-b"], "a screen up"),
    row(L::List, A::HalfPageDown, "half-page-down", &["ctrl-d"], "half a screen down"),
    row(L::List, A::HalfPageUp, "half-page-up", &["ctrl-u"], "half a screen up"),
    row(L::List, A::Add, "add", &["a"], "add a todo"),
    row(L::List, A::Edit, "edit", &["e", "enter"], "edit it"),
    row(L::List, A::ToggleDone, "toggle-done", &["space", "x"], "done, reopen"),
    row(L::List, A::Delete, "delete", &["d"], "delete it"),
    row(L::List, A::Undo, "undo", &["u"], "take back what you did last"),
    row(L::List, A::Redo, "redo", &["U"], "do it again"),
    row(L::List, A::Search, "search", &["/"], "search as you type"),
    row(L::List, A::ClearSearch, "clear-search", &["esc"], "forget the search"),
    row(L::List, A::CycleScope, "cycle-view", &["f"], "show open, all or done"),
    row(L::List, A::CycleSort, "cycle-sort", &["o"], "next order: due, priority, …"),
    row(L::List, A::Sync, "sync", &["s"], "sync now"),
    row(L::List, A::Login, "login", &["L"], "log in"),
    row(L::List, A::Help, "help", &["?", "f1"], "this help"),
    row(L::List, A::Quit, "quit", &["q"], "quit"),
    row(L::Editor, A::Submit, "submit", &["enter"], "save"),
    row(L::Editor, A::Cancel, "cancel", &["esc", "ctrl-c"], "leave without saving"),
    row(L::Search, A::Submit, "keep-search", &["enter"], "keep what was found"),
    row(L::Search, A::Cancel, "drop-search", &["esc", "ctrl-c"], "back to the whole list"),
    row(L::Search, A::Down, "next-found", &["down", "ctrl-n"], "next todo"),
    row(L::Search, A::Up, "previous-found", &["up", "ctrl-p"], "todo before"),
    row(L::Line, A::CursorLeft, "cursor-left", &["left"], "character left"),
    row(L::Line, A::CursorRight, "cursor-right", &["right"], "character right"),
    row(L::Line, A::WordLeft, "word-left", &["ctrl-left", "alt-b"], "word left"),
    row(L::Line, A::WordRight, "word-right", &["ctrl-right", "alt-f"], "word right"),
    row(L::Line, A::LineStart, "line-start", &["home", "ctrl-a"], "start of the line"),
    row(L::Line, A::LineEnd, "line-end", &["end", "ctrl-e"], "end of the line"),
    row(L::Line, A::DeleteBack, "delete-back", &["backspace", "ctrl-h"], "delete the character before it"),
    row(L::Line, A::DeleteForward, "delete-forward", &["delete", "ctrl-d"], "delete the character under it"),
    row(L::Line, A::DeleteWord, "delete-word", &["ctrl-w", "alt-backspace"], "delete the word before"),
    row(L::Line, A::DeleteToStart, "delete-to-start", &["ctrl-u"], "delete to the start"),
    row(L::Line, A::DeleteToEnd, "delete-to-end", &["ctrl-k"], "delete to the end"),
    row(L::Paste, A::PasteSeveral, "paste-several", &["s"], "one todo a line"),
    row(L::Paste, A::PasteOne, "paste-one", &["o"], "one todo"),
    row(L::Paste, A::Cancel, "drop-paste", &["esc", "ctrl-c"], "none"),
    row(L::Login, A::OpenBrowser, "open-browser", &["enter"], "open the page in the browser"),
    row(L::Login, A::CopyCode, "copy-code", &["c"], "copy the code"),
    row(L::Login, A::ToggleQr, "toggle-qr", &["q"], "show or hide a QR code"),
    row(L::Login, A::Retry, "new-code", &["r"], "ask for a new code"),
    row(L::Login, A::Cancel, "leave-login", &["esc"], "back to the list"),
    row(L::Help, A::Down, "help-down", &["j", "down"], "line down"),
    row(L::Help, A::Up, "help-up", &["k", "up"], "line up"),
    row(L::Help, A::PageDown, "help-page-down", &["pgdn", "space", "ctrl-d"], "page down"),
    row(L::Help, A::PageUp, "help-page-up", &["pgup", "ctrl-u"], "page up"),
    row(L::Help, A::Cancel, "leave-help", &["esc", "q", "?", "f1"], "back"),
    row(L::Global, A::Redraw, "redraw", &["ctrl-l"], "draw everything anew"),
    row(L::Global, A::Suspend, "suspend", &["ctrl-z"], "into the background"),
    row(L::Global, A::Quit, "quit-now", &["ctrl-c"], "quit"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    }
}
