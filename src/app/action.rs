//! The actions that keys trigger, and the layers that receive keys.

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
    /// Start or end the tour of the demo.
    Tour,
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
    /// Copy the address of the page.
    CopyLink,
    /// Show or hide the QR code.
    ToggleQr,
    /// Request a new code.
    Retry,
    /// Try the demo.
    TryDemo,
    /// Set up your own Auth0 and Hasura.
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
    /// A day that the user types.
    Ask,
    /// No day.
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
    /// The question how to add several pasted lines.
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
        Self::List,
        Self::Global,
        Self::Editor,
        Self::Search,
        Self::Line,
        Self::Queue,
        Self::Sidebar,
        Self::Confirm,
        Self::Paste,
        Self::Login,
        Self::Picker,
        Self::Welcome,
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
