//! The state of the terminal program.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::app::action::Action;
use crate::app::connection::ConnectionState;
use crate::app::counts::Counted;
use crate::app::details::DetailsPane;
use crate::app::editor::Editor;
use crate::app::effect::{CommitId, Effect};
use crate::app::keymap::Keymap;
use crate::app::keys::KeyPress;
use crate::app::layout::{Layout, LayoutParts};
use crate::app::list::TodoList;
use crate::app::login::{Login, LoginId};
use crate::app::screen::Screen;
use crate::app::tags::TagCounts;
use crate::app::theme::ThemeName;
use crate::app::toast::Toast;
use crate::app::tour::Tour;
use crate::app::unfinished::UnfinishedLine;
use crate::app::update::mouse::Click;
use crate::app::views::{RememberedList, Views};
use crate::domain::account::Identity;
use crate::domain::change::Change;
use crate::domain::feed::Capabilities;
use crate::domain::key::Key;
use crate::domain::list::{DueCounts, Freshness, Totals, ViewCounts};
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
    pub(crate) list: TodoList,
    pub(crate) screen: Screen,
    /// The search as typed and kept; empty when there is none.
    pub(crate) search: String,
    pub(crate) connection: ConnectionState,
    /// Whether the live connection is open.
    pub(crate) live: bool,
    /// The user whose todos are shown; `None` before the first login.
    pub(crate) who: Option<Identity>,
    pub(crate) totals: Totals,
    pub(crate) freshness: Freshness,
    pub(crate) toast: Option<Toast>,
    /// The tour of the demo, while it is under way.
    pub(crate) tour: Option<Tour>,
    pub(crate) keymap: Keymap,
    /// The keys of a sequence that is not complete yet.
    pub(crate) pressed: Vec<KeyPress>,
    /// When the last of them was pressed.
    pub(crate) pressed_at: Timestamp,
    /// The last click.
    pub(crate) clicked: Option<Click>,
    /// Marked todos, with their texts as last seen.
    pub(crate) marks: BTreeMap<Key, Todo>,
    /// Whether all rows of the list are being read in order to mark them.
    pub(crate) marking: bool,
    /// The details of the selected todo.
    pub(crate) pane: DetailsPane,
    /// The decision about a rejected change, until the change is read.
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
    /// Whether sorted lists have headings.
    pub(crate) groups: bool,
    /// Whether this is the demo.
    pub(crate) demo: bool,
    /// Whether `--offline` was given.
    pub(crate) offline: bool,
    /// The theme that the screens are drawn in.
    pub(crate) theme: ThemeName,
    /// The theme of the configuration.
    pub(crate) configured_theme: ThemeName,
    /// Why all themes look like `terminal`, if they do.
    pub(crate) no_themes: Option<&'static str>,
    /// Why changes that the role may not make wait, if there are any.
    pub(crate) blocked: Option<String>,
    /// The projects and contexts in use.
    pub(crate) tags: TagCounts,
    /// Lines that can be recalled, newest last.
    pub(crate) lines: Vec<String>,
    /// Lines whose write failed while the list was not in front.
    pub(crate) returned: Vec<Editor>,
    /// Lines of the last time that were offered again when the account was opened.
    pub(crate) offered: Vec<UnfinishedLine>,
    /// Changes that were not saved yet when their account was left.
    pub(crate) left_behind: Vec<(CommitId, Vec<Change>)>,
    /// Whether no account is open yet, or another one is being opened.
    pub(crate) opening: bool,
    /// Messages to print in full after the terminal is restored.
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

/// After how long a pending sequence lists the keys that complete it.
const CONTINUATIONS_AFTER: Duration = Duration::from_millis(300);

/// What the model starts with.
#[derive(Debug, Clone)]
pub struct StartOptions {
    /// The user whose todos are in the store.
    pub who: Option<Identity>,
    /// The terminal.
    pub size: Size,
    /// The key bindings.
    pub keymap: Keymap,
    /// The time.
    pub now: Timestamp,
    /// The day where the user is.
    pub today: Date,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// Whether `--offline` was given.
    pub offline: bool,
    /// The user's own views.
    pub views: Vec<OwnView>,
    /// The first day of the week.
    pub week_start: Weekday,
    /// Whether sorted lists have headings.
    pub groups: bool,
    /// Whether this is the demo.
    pub demo: bool,
    /// The theme of the configuration.
    pub theme: ThemeName,
    /// Why all themes look like `terminal`, if they do.
    pub no_themes: Option<&'static str>,
    /// The list when the program ended the last time.
    pub remembered: Option<RememberedList>,
}

impl Model {
    /// The model before the store has answered, and its first effects. Without an
    /// account it opens with the login screen.
    #[must_use]
    pub fn new(start: StartOptions) -> (Self, Vec<Effect>) {
        let mut model = Self {
            list: TodoList::new(usize::from(
                Layout::new(start.size, LayoutParts::default()).list.height,
            )),
            screen: Screen::List,
            search: String::new(),
            connection: if start.offline {
                ConnectionState::Off
            } else {
                ConnectionState::Connecting
            },
            live: false,
            totals: Totals::default(),
            freshness: Freshness::default(),
            toast: None,
            tour: None,
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
            configured_theme: start.theme,
            no_themes: start.no_themes,
            blocked: None,
            tags: TagCounts::default(),
            lines: Vec::new(),
            returned: Vec::new(),
            offered: Vec::new(),
            left_behind: Vec::new(),
            opening: start.who.is_none(),
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
        let selected = start.remembered.and_then(|list| model.restore(&list));
        let query = model.views.query(model.calendar());
        let effects = match (&model.who, &model.connection) {
            (Some(_), _) => model.list.show_at(query, selected),
            (None, ConnectionState::Off) => {
                model.connection = ConnectionState::LoggedOut;
                Vec::new()
            }
            (None, _) => {
                model.connection = ConnectionState::LoggedOut;
                let id = model.next_login();
                model.screen = Screen::Login(Login::new(id));
                vec![Effect::StartLogin(id)]
            }
        };
        (model, effects)
    }

    /// Restores the view, the order and the theme of a list. Returns the todo to select
    /// in it.
    pub(crate) fn restore(&mut self, list: &RememberedList) -> Option<Key> {
        let theme = list.theme;
        if let Some(theme) = theme.filter(|theme| theme.configured == self.configured_theme) {
            self.theme = theme.chosen;
        }
        let restored = self.views.restore(list);
        list.selected.filter(|_| restored)
    }

    /// The last known size of the terminal: columns and rows.
    #[must_use]
    pub const fn screen_size(&self) -> (u16, u16) {
        (self.size.width, self.size.height)
    }

    /// When to send the next [`Msg::Ticked`](crate::app::Msg::Ticked): after how
    /// long the screen changes by itself.
    #[must_use]
    pub fn next_tick(&self) -> Option<Duration> {
        if !self.pressed.is_empty() && !self.shows_continuations() {
            return Some(CONTINUATIONS_AFTER);
        }
        let login = matches!(&self.screen, Screen::Login(login) if login.counts_down());
        let next_try = matches!(
            self.connection,
            ConnectionState::Offline {
                next_try: Some(_),
                ..
            }
        );
        let toast = matches!(&self.toast, Some(toast) if toast.until.is_some());
        (login || next_try || toast).then_some(Duration::from_secs(1))
    }

    /// Returns whether the keys that complete a sequence are listed: it has waited
    /// long enough.
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

    /// The theme, which the palette can change.
    #[must_use]
    pub const fn theme(&self) -> ThemeName {
        self.theme
    }

    /// Returns whether the server can be reached only after a login.
    #[must_use]
    pub fn is_logged_out(&self) -> bool {
        self.connection == ConnectionState::LoggedOut
    }

    /// Returns whether a change may wait that is not on the server, as far as was read.
    #[must_use]
    pub const fn may_have_unsent(&self) -> bool {
        self.totals.pending > 0 || self.totals.sent > 0 || self.totals.rejected > 0
    }

    /// Why changes that the role may not make wait, if there are any.
    #[must_use]
    pub fn blocked(&self) -> Option<&str> {
        self.blocked.as_deref()
    }

    /// The messages to print after the terminal is restored.
    #[must_use]
    pub fn into_exit_notices(self) -> Vec<String> {
        self.exit_notices
    }

    /// Returns whether a redraw is due, and resets that.
    #[must_use]
    pub const fn take_stale(&mut self) -> bool {
        std::mem::replace(&mut self.stale, false)
    }

    pub(crate) const fn touch(&mut self) {
        self.stale = true;
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
