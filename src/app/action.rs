//! Every action of the terminal program, in one table: it makes the key bindings,
//! the hints, the help, the palette and the names that the configuration uses.

use Action as A;
use Day as D;
use Layer as L;

/// What a key can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Select the next row.
    Down,
    /// Select the previous row.
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
    /// Open the text in `$EDITOR`.
    EditExternally,
    /// Complete the selected todo, or reopen it.
    ToggleDone,
    /// Delete the selected todo.
    Delete,
    /// Set the due date.
    SetDue(Day),
    /// Ask for the day until which a todo is hidden.
    AskStart,
    /// Set the priority, or clear it.
    SetPriority(Option<char>),
    /// Undo the last action of this session.
    Undo,
    /// Redo what was undone.
    Redo,
    /// Copy the text of the selected todo.
    CopyText,
    /// Mark the selected row, or clear its mark.
    Mark,
    /// Mark all rows of the list, or clear all marks.
    MarkAll,
    /// Open the search line.
    Search,
    /// Leave the innermost of search, marks and view.
    Back,
    /// Next view.
    NextView,
    /// Previous view.
    PreviousView,
    /// The view with this number, counted from 1.
    ChooseView(u8),
    /// Go into the sidebar, or back to the list.
    Sidebar,
    /// Next order of the list.
    CycleSort,
    /// The opposite order of the list.
    ReverseSort,
    /// Show or hide the details of the selected todo.
    Details,
    /// Scroll the details down.
    DetailsDown,
    /// Scroll the details up.
    DetailsUp,
    /// Open the changes that are not on the server.
    Queue,
    /// Send the rejected change again.
    RetryChange,
    /// Send all rejected changes again.
    RetryAll,
    /// Edit both texts of a conflict into one.
    Merge,
    /// Put this device's text over the server's.
    KeepMine,
    /// Add this device's text as a new todo.
    AddAsNew,
    /// Drop this device's change.
    DropChange,
    /// Send and fetch now.
    Sync,
    /// Log in.
    Login,
    /// Open the palette of commands.
    Palette,
    /// Open the list of keys.
    Help,
    /// Accept what the line holds.
    Submit,
    /// Save the line as typed.
    SubmitLiteral,
    /// Leave without doing anything.
    Cancel,
    /// Complete the word at the cursor.
    Complete,
    /// Recall an earlier line.
    RecallOlder,
    /// Recall a later line.
    RecallNewer,
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
    /// Answer a question with yes.
    Confirm,
    /// Make every pasted line a todo.
    PasteSeveral,
    /// Make one todo of the pasted lines.
    PasteOne,
    /// Open the login page in the browser.
    OpenBrowser,
    /// Copy the login code.
    CopyCode,
    /// Show or hide the QR code.
    ToggleQr,
    /// Request a new code.
    Retry,
    /// Try the demo.
    TryDemo,
    /// Set up a backend of one's own.
    SetUp,
    /// Explain how it works.
    HowItWorks,
    /// Redraw the screen.
    Redraw,
    /// Put the program in the background.
    Suspend,
    /// Leave the program.
    Quit,
}

/// A day that a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Day {
    /// Today.
    Today,
    /// Tomorrow.
    Tomorrow,
    /// Monday of next week.
    NextWeek,
    /// The next day of the week, 1 for Monday to 7 for Sunday.
    Weekday(i8),
    /// One that is asked for.
    Ask,
    /// None.
    None,
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
    /// A question with yes and no.
    Confirm,
    /// The question what several pasted lines are.
    Paste,
    /// The changes that are not on the server.
    Queue,
    /// The sidebar.
    Sidebar,
    /// The palette and the help.
    Picker,
    /// The login screen.
    Login,
    /// The welcome screen.
    Welcome,
}

impl Layer {
    /// All layers, in the order that the help shows them.
    pub const ALL: [Self; 12] = [
        L::List,
        L::Global,
        L::Editor,
        L::Search,
        L::Line,
        L::Queue,
        L::Sidebar,
        L::Confirm,
        L::Paste,
        L::Login,
        L::Picker,
        L::Welcome,
    ];

    /// Its heading in the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::List => "List",
            Self::Line => "Any line of text",
            Self::Editor => "Adding and editing",
            Self::Search => "Searching",
            Self::Confirm => "Questions",
            Self::Paste => "Several lines pasted",
            Self::Queue => "Queue",
            Self::Sidebar => "Sidebar",
            Self::Picker => "Commands and keys",
            Self::Login => "Logging in",
            Self::Welcome => "Nothing configured yet",
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
    row(L::List, A::Up, "up", &["k", "up"], "previous todo"),
    row(L::List, A::First, "first", &["g g", "home"], "first todo"),
    row(L::List, A::Last, "last", &["G", "end"], "last todo"),
    row(L::List, A::PageDown, "page-down", &["pgdn", "ctrl-f"], "a screen down"),
    row(L::List, A::PageUp, "page-up", &["pgup", "ctrl-b"], "a screen up"),
    row(L::List, A::HalfPageDown, "half-page-down", &["ctrl-d"], "half a screen down"),
    row(L::List, A::HalfPageUp, "half-page-up", &["ctrl-u"], "half a screen up"),
    row(L::List, A::Add, "add", &["a"], "add a todo"),
    row(L::List, A::Edit, "edit", &["e", "enter"], "edit"),
    row(L::List, A::EditExternally, "edit-externally", &["E"], "edit in $EDITOR"),
    row(L::List, A::ToggleDone, "toggle-done", &["space", "x"], "done, reopen"),
    row(L::List, A::Delete, "delete", &["d"], "delete"),
    row(L::List, A::SetDue(D::Today), "due-today", &["t t"], "due today"),
    row(L::List, A::SetDue(D::Tomorrow), "due-tomorrow", &["t m"], "due tomorrow"),
    row(L::List, A::SetDue(D::NextWeek), "due-next-week", &["t w"], "due next Monday"),
    row(L::List, A::SetDue(D::Weekday(1)), "due-monday", &["t 1"], "due on Monday"),
    row(L::List, A::SetDue(D::Weekday(2)), "due-tuesday", &["t 2"], "due on Tuesday"),
    row(L::List, A::SetDue(D::Weekday(3)), "due-wednesday", &["t 3"], "due on Wednesday"),
    row(L::List, A::SetDue(D::Weekday(4)), "due-thursday", &["t 4"], "due on Thursday"),
    row(L::List, A::SetDue(D::Weekday(5)), "due-friday", &["t 5"], "due on Friday"),
    row(L::List, A::SetDue(D::Weekday(6)), "due-saturday", &["t 6"], "due on Saturday"),
    row(L::List, A::SetDue(D::Weekday(7)), "due-sunday", &["t 7"], "due on Sunday"),
    row(L::List, A::SetDue(D::Ask), "due", &["t ."], "due on a day you type"),
    row(L::List, A::SetDue(D::None), "due-none", &["t -"], "no due date"),
    row(L::List, A::AskStart, "hide-until", &["t h"], "hide until a day you type"),
    row(L::List, A::SetPriority(Some('A')), "priority-a", &["p a"], "priority A"),
    row(L::List, A::SetPriority(Some('B')), "priority-b", &["p b"], "priority B"),
    row(L::List, A::SetPriority(Some('C')), "priority-c", &["p c"], "priority C"),
    row(L::List, A::SetPriority(Some('D')), "priority-d", &["p d"], "priority D"),
    row(L::List, A::SetPriority(Some('E')), "priority-e", &["p e"], "priority E"),
    row(L::List, A::SetPriority(Some('F')), "priority-f", &["p f"], "priority F"),
    row(L::List, A::SetPriority(Some('G')), "priority-g", &["p g"], "priority G"),
    row(L::List, A::SetPriority(Some('H')), "priority-h", &["p h"], "priority H"),
    row(L::List, A::SetPriority(Some('I')), "priority-i", &["p i"], "priority I"),
    row(L::List, A::SetPriority(Some('J')), "priority-j", &["p j"], "priority J"),
    row(L::List, A::SetPriority(Some('K')), "priority-k", &["p k"], "priority K"),
    row(L::List, A::SetPriority(Some('L')), "priority-l", &["p l"], "priority L"),
    row(L::List, A::SetPriority(Some('M')), "priority-m", &["p m"], "priority M"),
    row(L::List, A::SetPriority(Some('N')), "priority-n", &["p n"], "priority N"),
    row(L::List, A::SetPriority(Some('O')), "priority-o", &["p o"], "priority O"),
    row(L::List, A::SetPriority(Some('P')), "priority-p", &["p p"], "priority P"),
    row(L::List, A::SetPriority(Some('Q')), "priority-q", &["p q"], "priority Q"),
    row(L::List, A::SetPriority(Some('R')), "priority-r", &["p r"], "priority R"),
    row(L::List, A::SetPriority(Some('S')), "priority-s", &["p s"], "priority S"),
    row(L::List, A::SetPriority(Some('T')), "priority-t", &["p t"], "priority T"),
    row(L::List, A::SetPriority(Some('U')), "priority-u", &["p u"], "priority U"),
    row(L::List, A::SetPriority(Some('V')), "priority-v", &["p v"], "priority V"),
    row(L::List, A::SetPriority(Some('W')), "priority-w", &["p w"], "priority W"),
    row(L::List, A::SetPriority(Some('X')), "priority-x", &["p x"], "priority X"),
    row(L::List, A::SetPriority(Some('Y')), "priority-y", &["p y"], "priority Y"),
    row(L::List, A::SetPriority(Some('Z')), "priority-z", &["p z"], "priority Z"),
    row(L::List, A::SetPriority(None), "priority-none", &["p -"], "no priority"),
    row(L::List, A::Undo, "undo", &["u"], "undo"),
    row(L::List, A::Redo, "redo", &["U"], "redo"),
    row(L::List, A::CopyText, "copy-text", &["y"], "copy the text"),
    row(L::List, A::Mark, "mark", &["v"], "mark, clear the mark"),
    row(L::List, A::MarkAll, "mark-all", &["V"], "mark all shown"),
    row(L::List, A::Search, "search", &["/"], "search as you type"),
    row(L::List, A::Back, "back", &["esc"], "leave search, marks, view"),
    row(L::List, A::NextView, "next-view", &["f"], "next view"),
    row(L::List, A::PreviousView, "previous-view", &["F"], "previous view"),
    row(L::List, A::ChooseView(1), "view-1", &["1"], "view 1"),
    row(L::List, A::ChooseView(2), "view-2", &["2"], "view 2"),
    row(L::List, A::ChooseView(3), "view-3", &["3"], "view 3"),
    row(L::List, A::ChooseView(4), "view-4", &["4"], "view 4"),
    row(L::List, A::ChooseView(5), "view-5", &["5"], "view 5"),
    row(L::List, A::ChooseView(6), "view-6", &["6"], "view 6"),
    row(L::List, A::ChooseView(7), "view-7", &["7"], "view 7"),
    row(L::List, A::ChooseView(8), "view-8", &["8"], "view 8"),
    row(L::List, A::ChooseView(9), "view-9", &["9"], "view 9"),
    row(L::List, A::Sidebar, "sidebar", &["b", "shift-tab"], "into the sidebar"),
    row(L::List, A::CycleSort, "cycle-sort", &["o"], "next order: due, priority, …"),
    row(L::List, A::ReverseSort, "reverse-sort", &["O"], "opposite order"),
    row(L::List, A::Details, "details", &["tab"], "details"),
    row(L::List, A::DetailsDown, "details-down", &["J"], "scroll the details down"),
    row(L::List, A::DetailsUp, "details-up", &["K"], "scroll the details up"),
    row(L::List, A::Queue, "queue", &["Q"], "changes not on the server"),
    row(L::List, A::RetryChange, "retry", &["r"], "rejected: retry (merge)"),
    row(L::List, A::Merge, "merge", &["m"], "rejected: edit both into one"),
    row(L::List, A::KeepMine, "keep-mine", &["M"], "rejected: keep mine"),
    row(L::List, A::AddAsNew, "add-as-new", &["n"], "rejected: add mine as new"),
    row(L::List, A::DropChange, "drop", &["D"], "rejected: drop mine"),
    row(L::List, A::Sync, "sync", &["s"], "sync now"),
    row(L::List, A::Login, "login", &["L"], "log in"),
    row(L::List, A::Palette, "palette", &[":", "ctrl-p"], "commands"),
    row(L::List, A::Help, "help", &["?", "f1"], "this help"),
    row(L::List, A::Quit, "quit", &["q"], "quit"),
    row(L::Editor, A::Submit, "submit", &["enter"], "save"),
    row(L::Editor, A::Complete, "complete", &["tab"], "complete the word"),
    row(L::Editor, A::SubmitLiteral, "submit-literal", &["ctrl-v"], "save as typed, no dates resolved"),
    row(L::Editor, A::RecallOlder, "recall-older", &["up"], "earlier line"),
    row(L::Editor, A::RecallNewer, "recall-newer", &["down"], "later line"),
    row(L::Editor, A::EditExternally, "line-externally", &["ctrl-x ctrl-e"], "edit in $EDITOR"),
    row(L::Editor, A::Cancel, "cancel", &["esc", "ctrl-c"], "leave, kept as a draft"),
    row(L::Search, A::Submit, "keep-search", &["enter"], "keep what was found"),
    row(L::Search, A::Cancel, "drop-search", &["esc", "ctrl-c"], "back to the whole list"),
    row(L::Search, A::Complete, "complete-term", &["tab"], "complete the term"),
    row(L::Search, A::Down, "next-found", &["down", "ctrl-n"], "next todo"),
    row(L::Search, A::Up, "previous-found", &["up", "ctrl-p"], "previous todo"),
    row(L::Line, A::CursorLeft, "cursor-left", &["left"], "character left"),
    row(L::Line, A::CursorRight, "cursor-right", &["right"], "character right"),
    row(L::Line, A::WordLeft, "word-left", &["ctrl-left", "alt-b"], "word left"),
    row(L::Line, A::WordRight, "word-right", &["ctrl-right", "alt-f"], "word right"),
    row(L::Line, A::LineStart, "line-start", &["home", "ctrl-a"], "start of the line"),
    row(L::Line, A::LineEnd, "line-end", &["end", "ctrl-e"], "end of the line"),
    row(L::Line, A::DeleteBack, "delete-back", &["backspace", "ctrl-h"], "delete the previous character"),
    row(L::Line, A::DeleteForward, "delete-forward", &["delete", "ctrl-d"], "delete the next character"),
    row(L::Line, A::DeleteWord, "delete-word", &["ctrl-w", "alt-backspace"], "delete the previous word"),
    row(L::Line, A::DeleteToStart, "delete-to-start", &["ctrl-u"], "delete to the start"),
    row(L::Line, A::DeleteToEnd, "delete-to-end", &["ctrl-k"], "delete to the end"),
    row(L::Confirm, A::Confirm, "confirm", &["y", "enter"], "yes"),
    row(L::Confirm, A::Cancel, "decline", &["n", "esc", "ctrl-c"], "no"),
    row(L::Paste, A::PasteSeveral, "paste-several", &["s"], "one todo a line"),
    row(L::Paste, A::PasteOne, "paste-one", &["o"], "one todo"),
    row(L::Paste, A::Cancel, "drop-paste", &["esc", "ctrl-c"], "none"),
    row(L::Queue, A::Down, "queue-down", &["j", "down"], "next change"),
    row(L::Queue, A::Up, "queue-up", &["k", "up"], "previous change"),
    row(L::Queue, A::First, "queue-first", &["g g", "home"], "first change"),
    row(L::Queue, A::Last, "queue-last", &["G", "end"], "last change"),
    row(L::Queue, A::RetryChange, "queue-retry", &["r"], "retry (merge)"),
    row(L::Queue, A::RetryAll, "queue-retry-all", &["R"], "retry all"),
    row(L::Queue, A::Merge, "queue-merge", &["m", "e", "enter"], "edit both into one"),
    row(L::Queue, A::KeepMine, "queue-keep-mine", &["M"], "keep mine"),
    row(L::Queue, A::AddAsNew, "queue-add-as-new", &["n"], "add mine as new"),
    row(L::Queue, A::DropChange, "queue-drop", &["D"], "drop mine"),
    row(L::Queue, A::Undo, "queue-undo", &["u"], "undo"),
    row(L::Queue, A::Sync, "queue-sync", &["s"], "sync now"),
    row(L::Queue, A::Help, "queue-help", &["?", "f1"], "this help"),
    row(L::Queue, A::Cancel, "leave-queue", &["esc", "q", "Q", "ctrl-c"], "back to the list"),
    row(L::Sidebar, A::Down, "sidebar-down", &["j", "down"], "next entry"),
    row(L::Sidebar, A::Up, "sidebar-up", &["k", "up"], "previous entry"),
    row(L::Sidebar, A::First, "sidebar-first", &["g g", "home"], "first entry"),
    row(L::Sidebar, A::Last, "sidebar-last", &["G", "end"], "last entry"),
    row(L::Sidebar, A::Submit, "sidebar-choose", &["enter", "space"], "show it"),
    row(L::Sidebar, A::Help, "sidebar-help", &["?", "f1"], "this help"),
    row(L::Sidebar, A::Cancel, "leave-sidebar", &["esc", "b", "shift-tab", "q"], "back to the list"),
    row(L::Login, A::OpenBrowser, "open-browser", &["enter"], "open the page in the browser"),
    row(L::Login, A::CopyCode, "copy-code", &["c"], "copy the code"),
    row(L::Login, A::ToggleQr, "toggle-qr", &["g"], "show or hide a QR code"),
    row(L::Login, A::Retry, "new-code", &["r"], "request a new code"),
    row(L::Login, A::Cancel, "leave-login", &["esc"], "back to the list"),
    row(L::Login, A::Quit, "quit-login", &["q"], "quit"),
    row(L::Picker, A::Submit, "pick", &["enter"], "choose"),
    row(L::Picker, A::Down, "help-down", &["down", "ctrl-n"], "next entry"),
    row(L::Picker, A::Up, "help-up", &["up", "ctrl-p"], "previous entry"),
    row(L::Picker, A::PageDown, "help-page-down", &["pgdn"], "page down"),
    row(L::Picker, A::PageUp, "help-page-up", &["pgup"], "page up"),
    row(L::Picker, A::Cancel, "leave-help", &["esc", "ctrl-c"], "back"),
    row(L::Welcome, A::TryDemo, "try-demo", &["d"], "try the demo"),
    row(L::Welcome, A::SetUp, "set-up", &["c"], "set up your own Auth0 and Hasura"),
    row(L::Welcome, A::HowItWorks, "how-it-works", &["h", "?", "f1"], "how it works"),
    row(L::Welcome, A::Cancel, "leave-explanation", &["esc"], "back"),
    row(L::Welcome, A::Quit, "quit-welcome", &["q"], "quit"),
    row(L::Global, A::Redraw, "redraw", &["ctrl-l"], "redraw"),
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
