//! The state of the terminal program.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use tui_input::Input;

use crate::app::action::{Action, Layer};
use crate::app::counts::Counted;
use crate::app::details::DetailsPane;
use crate::app::editor::{Editor, Purpose};
use crate::app::effect::{CommitId, Effect};
use crate::app::keymap::Keymap;
use crate::app::keys::Key as Press;
use crate::app::layout::{Layout, Parts, SearchPart};
use crate::app::link::Link;
use crate::app::list::List;
use crate::app::login::{Login, LoginId};
use crate::app::picker::Picker;
use crate::app::queue::QueueScreen;
use crate::app::tags::Tags;
use crate::app::theme::ThemeName;
use crate::app::toast::Toast;
use crate::app::update::mouse::Click;
use crate::app::views::Views;
use crate::domain::account::Identity;
use crate::domain::feed::Capabilities;
use crate::domain::key::Key;
use crate::domain::list::{DueCounts, Freshness, Totals, ViewCounts};
use crate::domain::push_outcome::Queued;
use crate::domain::todo::Todo;
use crate::domain::view::OwnView;
use crate::domain::when::Calendar;

/// Everything the screens show and everything that decides what a key means.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that hold independently of each other"
)]
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) list: List,
    pub(crate) screen: Screen,
    /// The search as typed and kept; empty when there is none.
    pub(crate) search: String,
    pub(crate) link: Link,
    /// Whether the server tells of changes as they happen.
    pub(crate) live: bool,
    /// Whose todos are shown; nobody's before the first login.
    pub(crate) who: Option<Identity>,
    pub(crate) totals: Totals,
    pub(crate) freshness: Freshness,
    pub(crate) toast: Option<Toast>,
    pub(crate) keymap: Keymap,
    /// The keys of a sequence that is not complete yet.
    pub(crate) pressed: Vec<Press>,
    /// When the last of them was pressed.
    pub(crate) pressed_at: Timestamp,
    /// The last click.
    pub(crate) clicked: Option<Click>,
    /// Marked todos, with their texts as last seen.
    pub(crate) marks: BTreeMap<Key, Todo>,
    /// Whether all rows of the list are being read to be marked.
    pub(crate) marking: bool,
    /// The details of the selected todo.
    pub(crate) pane: DetailsPane,
    /// What is to be decided about a rejected change once it is read.
    pub(crate) deciding: Option<(Key, Action)>,
    /// What the role may do, once that is known.
    pub(crate) capabilities: Option<Capabilities>,
    /// The views, and which is current.
    pub(crate) views: Views,
    /// How many todos the views have, once that is known.
    pub(crate) counts: Option<ViewCounts>,
    /// How many open todos each group by due date has, once that is known.
    pub(crate) due_groups: Option<DueCounts>,
    /// What was counted row by row.
    pub(crate) counted: Counted,
    /// The first day of the week.
    pub(crate) week_start: Weekday,
    /// Whether ordered lists have headings.
    pub(crate) groups: bool,
    /// Whether this is the demo.
    pub(crate) demo: bool,
    /// Whether the network is left alone.
    pub(crate) offline: bool,
    /// The theme that the screens are drawn in.
    pub(crate) theme: ThemeName,
    /// Why changes wait that the role may not make, if there are such.
    pub(crate) blocked: Option<String>,
    /// The projects and contexts in use.
    pub(crate) tags: Tags,
    /// Lines that can be recalled, newest last.
    pub(crate) lines: Vec<String>,
    /// Lines whose write failed while another line was open.
    pub(crate) returned: Vec<Editor>,
    /// What is to be said again when the screens are gone, in full.
    pub(crate) exit_notices: Vec<String>,
    pub(crate) size: Size,
    /// When the last message was received.
    pub(crate) now: Timestamp,
    pub(crate) today: Date,
    pub(crate) zone: TimeZone,
    pub(crate) loaded: bool,
    last_commit: CommitId,
    last_login: LoginId,
    stale: bool,
}

/// The terminal, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What is in front, and so what receives the keys.
#[derive(Debug, Clone)]
pub enum Screen {
    /// The list.
    List,
    /// The add or edit line, under the list.
    Editor(Editor),
    /// The sidebar; which of its entries has the focus.
    Sidebar(usize),
    /// The search line, under the header.
    Search(Search),
    /// The changes that are not on the server.
    Queue(QueueScreen),
    /// A question before something that cannot be undone.
    Confirm {
        /// The question.
        question: Question,
        /// The change it is about.
        queued: Box<Queued>,
        /// Whether it was asked from the queue.
        from_queue: bool,
    },
    /// The question what several pasted lines are.
    Paste {
        /// The lines that are not blank.
        lines: Vec<String>,
        /// The line that was open when they came.
        editor: Editor,
    },
    /// The palette or the help.
    Picker(Picker),
    /// The login.
    Login(Login),
}

/// A question before something that cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether to drop this device's change.
    Drop,
    /// Whether this device's text replaces the server's.
    KeepMine,
}

/// The search line.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is typed.
    pub input: Input,
    /// Why a term is not understood; the list is the one found before it.
    pub error: Option<String>,
    /// What was selected when the search began.
    pub came_from: Option<Key>,
}

/// After how long a pending sequence lists the keys that complete it.
const CONTINUATIONS_AFTER: Duration = Duration::from_millis(300);

/// What a program knows before its first frame.
#[derive(Debug, Clone)]
pub struct Start {
    /// Whose todos are in the store.
    pub who: Option<Identity>,
    /// The terminal.
    pub size: Size,
    /// Which keys ask for what.
    pub keymap: Keymap,
    /// The time.
    pub now: Timestamp,
    /// The day where the user is.
    pub today: Date,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// Whether the network is to be left alone.
    pub offline: bool,
    /// The user's own views.
    pub views: Vec<OwnView>,
    /// The first day of the week.
    pub week_start: Weekday,
    /// Whether ordered lists have headings.
    pub groups: bool,
    /// Whether this is the demo.
    pub demo: bool,
    /// The theme.
    pub theme: ThemeName,
}

impl Model {
    /// The model before the store has answered, and what to ask it. Without an
    /// account it opens with the login screen.
    #[must_use]
    pub fn new(start: Start) -> (Self, Vec<Effect>) {
        let mut model = Self {
            list: List::new(usize::from(
                Layout::new(start.size, Parts::default()).list.height,
            )),
            screen: Screen::List,
            search: String::new(),
            link: if start.offline {
                Link::Off
            } else {
                Link::Connecting
            },
            live: false,
            totals: Totals::default(),
            freshness: Freshness::default(),
            toast: None,
            keymap: start.keymap,
            pressed: Vec::new(),
            pressed_at: start.now,
            clicked: None,
            marks: BTreeMap::new(),
            marking: false,
            pane: DetailsPane::default(),
            deciding: None,
            capabilities: None,
            views: Views::new(&start.views),
            counts: None,
            due_groups: None,
            counted: Counted::default(),
            week_start: start.week_start,
            groups: start.groups,
            demo: start.demo,
            offline: start.offline,
            theme: start.theme,
            blocked: None,
            tags: Tags::default(),
            lines: Vec::new(),
            returned: Vec::new(),
            exit_notices: Vec::new(),
            size: start.size,
            now: start.now,
            today: start.today,
            zone: start.zone,
            loaded: false,
            last_commit: CommitId::default(),
            last_login: LoginId(0),
            stale: true,
            who: start.who,
        };
        let query = model.views.query(model.calendar());
        let effects = match (&model.who, &model.link) {
            (Some(_), _) => model.list.show_first(query),
            (None, Link::Off) => {
                model.link = Link::LoggedOut;
                Vec::new()
            }
            (None, _) => {
                model.link = Link::LoggedOut;
                let id = model.next_login();
                model.screen = Screen::Login(Login::new(id));
                vec![Effect::StartLogin(id)]
            }
        };
        (model, effects)
    }

    /// The terminal as last told: columns and rows.
    #[must_use]
    pub const fn screen_size(&self) -> (u16, u16) {
        (self.size.width, self.size.height)
    }

    /// Which layer receives the keys.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        match self.screen {
            Screen::List => Layer::List,
            Screen::Editor(_) => Layer::Editor,
            Screen::Search(_) => Layer::Search,
            Screen::Paste { .. } => Layer::Paste,
            Screen::Queue(_) => Layer::Queue,
            Screen::Sidebar(_) => Layer::Sidebar,
            Screen::Confirm { .. } => Layer::Confirm,
            Screen::Picker(_) => Layer::Picker,
            Screen::Login(_) => Layer::Login,
        }
    }

    /// After how long the screen changes by itself, so that
    /// [`Msg::Ticked`](crate::app::Msg::Ticked) is wanted then.
    #[must_use]
    pub fn next_tick(&self) -> Option<Duration> {
        if !self.pressed.is_empty() && !self.shows_continuations() {
            return Some(CONTINUATIONS_AFTER);
        }
        let login = matches!(&self.screen, Screen::Login(login) if login.counts_down());
        let next_try = matches!(
            self.link,
            Link::Offline {
                next_try: Some(_),
                ..
            }
        );
        let toast = matches!(&self.toast, Some(toast) if toast.until.is_some());
        (login || next_try || toast).then_some(Duration::from_secs(1))
    }

    /// Returns whether the keys that complete a sequence are listed: it has been waiting
    /// for a moment.
    #[must_use]
    pub fn shows_continuations(&self) -> bool {
        let waited = self.now.duration_since(self.pressed_at);
        !self.pressed.is_empty() && waited.unsigned_abs() >= CONTINUATIONS_AFTER
    }

    /// The day, and when the week begins.
    #[must_use]
    pub const fn calendar(&self) -> Calendar {
        Calendar {
            today: self.today,
            week_start: self.week_start,
        }
    }

    /// Which entry of the sidebar has the focus, if it is there.
    #[must_use]
    pub fn sidebar_focus(&self) -> Option<usize> {
        if let Screen::Sidebar(at) = self.main_screen() {
            Some(*at)
        } else {
            None
        }
    }

    /// The screen in front, or the one behind the picker.
    #[must_use]
    pub fn main_screen(&self) -> &Screen {
        if let Screen::Picker(picker) = &self.screen {
            &picker.behind
        } else {
            &self.screen
        }
    }

    /// The parts of the main screen.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let screen = self.main_screen();
        let mut search = SearchPart::Hidden;
        let line = match screen {
            // Their text stands above the line.
            Screen::Editor(line) if matches!(line.purpose, Purpose::Merge { .. }) => Some(3),
            Screen::Editor(_) | Screen::Paste { .. } | Screen::Confirm { .. } => Some(2),
            Screen::Search(_) if !Layout::has_search_line(self.size) => Some(0),
            Screen::Search(line) if line.input.value().is_empty() || line.error.is_some() => {
                search = SearchPart::Terms;
                None
            }
            Screen::Search(_) => {
                search = SearchPart::Line;
                None
            }
            Screen::List
            | Screen::Sidebar(_)
            | Screen::Queue(_)
            | Screen::Picker(_)
            | Screen::Login(_) => None,
        };
        if !self.search.is_empty() && matches!(screen, Screen::List | Screen::Sidebar(_)) {
            search = SearchPart::Line;
        }
        let parts = Parts {
            details: self.pane.open && !matches!(screen, Screen::Queue(_)),
            search,
            line,
        };
        Layout::new(self.size, parts)
    }

    /// What is drawn in: may be changed while the program runs.
    #[must_use]
    pub const fn theme(&self) -> ThemeName {
        self.theme
    }

    /// What is to be said once the terminal is given back.
    #[must_use]
    pub fn into_exit_notices(self) -> Vec<String> {
        self.exit_notices
    }

    /// Returns whether the screen shows something older than the model; asking makes it new.
    #[must_use]
    pub const fn take_stale(&mut self) -> bool {
        std::mem::replace(&mut self.stale, false)
    }

    pub(crate) const fn touch(&mut self) {
        self.stale = true;
    }

    /// Shows a message for a few seconds.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast::info(text.into(), self.now));
    }

    /// Shows a message until a key is pressed.
    pub(crate) fn alert(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast::alert(text.into()));
    }

    /// Takes an alert away: the user has seen it.
    pub(crate) fn dismiss_alert(&mut self) {
        self.toast.take_if(|toast| toast.until.is_none());
    }

    /// Shows what was done to `subject`, and that it can be undone.
    pub(crate) fn report(&mut self, what: &str, subject: &str) {
        let toast = Toast::change(what, subject, self.now);
        self.toast = Some(match &self.toast {
            Some(shown) => toast.after(shown, self.now),
            None => toast,
        });
    }

    /// Back to the list, or to a line whose write failed meanwhile.
    pub(crate) fn leave(&mut self) {
        self.screen = self.returned.pop().map_or(Screen::List, Screen::Editor);
    }

    pub(crate) const fn next_commit(&mut self) -> CommitId {
        self.last_commit = CommitId(self.last_commit.0 + 1);
        self.last_commit
    }

    pub(crate) fn is_last_commit(&self, id: CommitId) -> bool {
        self.last_commit == id
    }

    pub(crate) const fn next_login(&mut self) -> LoginId {
        self.last_login = LoginId(self.last_login.0 + 1);
        self.last_login
    }
}
