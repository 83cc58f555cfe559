//! The messages that change the model.

use jiff::tz::TimeZone;

use crate::app::action::Action;
use crate::app::counts::Counted;
use crate::app::details::Details;
use crate::app::effect::{CommitId, WindowId};
use crate::app::keys::KeyPress;
use crate::app::login::{LoginEvent, LoginId};
use crate::app::tags::TagCounts;
use crate::app::unfinished::UnfinishedLine;
use crate::app::views::RememberedList;
use crate::domain::feed::Capabilities;
use crate::domain::history::UndoReport;
use crate::domain::list::{DueCounts, Freshness, Totals, ViewCounts, Window};
use crate::domain::push_outcome::Queued;
use crate::domain::successors::SuccessorReport;
use crate::domain::todo::Todo;
use crate::sync::event::RoundEvent;

/// A message to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    /// A key was pressed.
    Pressed(KeyPress),
    /// Text was pasted into the terminal.
    Pasted(String),
    /// An action was requested by name.
    Act(Action),
    /// The left button of the mouse was pressed over a cell.
    Clicked {
        /// The column.
        x: u16,
        /// The row.
        y: u16,
    },
    /// The wheel of the mouse was turned over a cell.
    Wheeled {
        /// The column.
        x: u16,
        /// The row.
        y: u16,
        /// Whether towards the user.
        down: bool,
    },
    /// The size of the terminal changed, in cells.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The day or the time zone where the user is has changed.
    CalendarChanged {
        /// The time zone.
        zone: TimeZone,
    },
    /// A second has passed; only sent while the model needs it.
    Ticked,
    /// The store answered [`Effect::Window`](crate::app::Effect::Window).
    Windowed {
        /// The id of the request.
        id: WindowId,
        /// The rows.
        window: Window,
        /// How many there are in all.
        totals: Totals,
        /// How fresh they are.
        freshness: Freshness,
        /// What the role may do, once that is known.
        capabilities: Option<Capabilities>,
    },
    /// The store answered [`Effect::Details`](crate::app::Effect::Details).
    DetailsRead(Details),
    /// The store answered [`Effect::Queue`](crate::app::Effect::Queue).
    QueueRead(Vec<Queued>),
    /// The store answered [`Effect::Counts`](crate::app::Effect::Counts).
    Counted {
        /// How many todos the built-in views have.
        views: ViewCounts,
        /// How many open todos each group by due date has.
        due_groups: DueCounts,
    },
    /// The store answered [`Effect::Tags`](crate::app::Effect::Tags).
    TagsRead(TagCounts),
    /// The store answered [`Effect::Count`](crate::app::Effect::Count).
    CountedRows(Counted),
    /// The store answered [`Effect::ReadAll`](crate::app::Effect::ReadAll).
    AllRead(Vec<Todo>),
    /// The store undid or redid an action; `None` when there was none.
    Undone {
        /// Whether this was a redo.
        redo: bool,
        /// The result.
        report: Option<Box<UndoReport>>,
        /// What became of the todos that follow repeating ones.
        successors: SuccessorReport,
    },
    /// The outbox was changed as requested.
    QueueChanged,
    /// A read or a write of the store failed.
    StoreFailed {
        /// The reason.
        reason: String,
    },
    /// The user's editor was closed: the text, or why there is none.
    EditedExternally(Result<String, String>),
    /// The store could not be read.
    WindowFailed {
        /// The id of the request.
        id: WindowId,
        /// The reason.
        reason: String,
    },
    /// Another connection wrote to the store.
    StoreChanged,
    /// The store was replaced: it was quarantined as damaged, or a newer version
    /// uses it.
    StoreWarning {
        /// What happened, and what the user can do.
        reason: String,
    },
    /// Changes were saved.
    Committed {
        /// The id of the write.
        id: CommitId,
        /// The todos as shown now.
        todos: Vec<Todo>,
        /// What became of the todos that follow repeating ones.
        successors: SuccessorReport,
    },
    /// Changes could not be saved.
    CommitFailed {
        /// The id of the write.
        id: CommitId,
        /// The reason.
        reason: String,
    },
    /// A round reports an event.
    Round(RoundEvent),
    /// The live connection opened or closed; without it the server is polled.
    LiveChanged {
        /// Whether it is open.
        on: bool,
    },
    /// A login reports an event.
    Login {
        /// Its id.
        id: LoginId,
        /// The event.
        event: LoginEvent,
    },
    /// The store of the requested account is open.
    Opened {
        /// The list when the account was last left.
        remembered: Option<RememberedList>,
        /// The lines that were typed and not saved then.
        unfinished: Vec<UnfinishedLine>,
    },
    /// The store of the requested account cannot be opened.
    OpenFailed {
        /// The reason.
        reason: String,
    },
    /// The browser could not be opened.
    BrowserFailed {
        /// The reason.
        reason: String,
    },
}
