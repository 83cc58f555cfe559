//! A program without store and terminal: the test gives the answers of the store.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use tudone::app::effect::WindowId;
use tudone::app::keys;
use tudone::app::model::{Size, StartOptions};
use tudone::app::tags::{Tag, TagCounts};
use tudone::app::views::RememberedList;
use tudone::app::{Effect, Keymap, Model, Msg, Stamp, update};
use tudone::domain::account::Identity;
use tudone::domain::due::{DueGroup, DueGroups};
use tudone::domain::key::Key;
use tudone::domain::line::Line;
use tudone::domain::list::{DueCounts, Freshness, Totals, ViewCounts, Window};
use tudone::domain::todo::{SyncState, Todo};
use tudone::domain::view::OwnView;
use tudone::domain::when::Calendar;
use tudone::ui::{self, ColorDepth, Theme, ThemeName};
use unicode_width::UnicodeWidthStr;
use uuid::Uuid;

/// The program in front of a test.
pub(crate) struct Stage {
    pub(crate) model: Model,
    /// Effects that the test has not read.
    pub(crate) effects: Vec<Effect>,
    /// The theme it is drawn in.
    pub(crate) theme: Theme,
    /// When the messages arrive.
    pub(crate) now: Timestamp,
    /// The day then.
    pub(crate) today: Date,
    acts: u128,
    totals: Totals,
}

/// Noon of 24 November 2026, UTC.
pub(crate) const NOON: &str = "2026-11-24T12:00:00Z";

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn key(n: u128) -> Key {
    Key::new(Uuid::from_u128(n))
}

/// A todo as the store shows it.
pub(crate) fn todo(n: u128, text: &str, state: SyncState) -> Todo {
    Todo {
        key: key(n),
        id: i64::try_from(n).ok(),
        local: None,
        text: text.to_owned(),
        state,
        created_at: None,
        updated_at: None,
    }
}

pub(crate) fn ada() -> Identity {
    Identity {
        sub: "auth0|ada".to_owned(),
        email: Some("ada@example.org".to_owned()),
        name: None,
    }
}

pub(crate) fn options((width, height): (u16, u16), who: Option<Identity>) -> StartOptions {
    StartOptions {
        who,
        size: Size { width, height },
        keymap: Keymap::default(),
        now: instant(NOON),
        today: Date::constant(2026, 11, 24),
        zone: TimeZone::UTC,
        offline: false,
        views: Vec::new(),
        week_start: jiff::civil::Weekday::Monday,
        groups: true,
        demo: false,
        theme: ThemeName::Terminal,
        no_themes: None,
        remembered: None,
    }
}

impl Stage {
    pub(crate) fn new(width: u16, height: u16, who: Option<Identity>) -> Self {
        Self::with_views(width, height, who, &[])
    }

    /// A program with views of the user's own, by name and definition.
    pub(crate) fn with_views(
        width: u16,
        height: u16,
        who: Option<Identity>,
        views: &[(&str, &str)],
    ) -> Self {
        let calendar = Calendar::new(Date::constant(2026, 11, 24));
        let views = views
            .iter()
            .filter_map(|(name, definition)| OwnView::parse(name, definition, calendar).ok());
        Self::start(StartOptions {
            views: views.collect(),
            ..options((width, height), who)
        })
    }

    /// A program with these keys instead of the default ones.
    pub(crate) fn with_keys(width: u16, height: u16, keys: &[(&str, &str)]) -> Self {
        Self::start(StartOptions {
            keymap: Keymap::configured(keys.iter().copied()).unwrap_or_default(),
            ..options((width, height), Some(ada()))
        })
    }

    /// The demo, with these keys instead of the default ones.
    pub(crate) fn demo(size: (u16, u16), who: Option<Identity>, keys: &[(&str, &str)]) -> Self {
        Self::start(StartOptions {
            demo: true,
            keymap: Keymap::configured(keys.iter().copied()).unwrap_or_default(),
            ..options(size, who)
        })
    }

    /// As started after a program that ended with this list.
    pub(crate) fn remembering(width: u16, height: u16, list: RememberedList) -> Self {
        Self::start(StartOptions {
            remembered: Some(list),
            ..options((width, height), Some(ada()))
        })
    }

    /// As started with `--offline`, without an account.
    pub(crate) fn offline(width: u16, height: u16) -> Self {
        Self::start(StartOptions {
            offline: true,
            ..options((width, height), None)
        })
    }

    pub(crate) fn start(options: StartOptions) -> Self {
        let (model, effects) = Model::new(options);
        Self {
            model,
            effects,
            theme: Theme::new(ThemeName::Terminal, ColorDepth::Ansi16),
            now: instant(NOON),
            today: Date::constant(2026, 11, 24),
            acts: 0,
            totals: Totals::default(),
        }
    }

    /// Sends a message to the program.
    pub(crate) fn say(&mut self, msg: Msg) -> &mut Self {
        self.acts += 1;
        let stamp = Stamp {
            now: self.now,
            today: self.today,
            fresh: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0000 + (self.acts << 8)),
        };
        let effects = update(&mut self.model, msg, stamp);
        self.effects.extend(effects);
        self
    }

    /// Presses keys, written as in the configuration: `g g`, `ctrl-d`.
    pub(crate) fn press(&mut self, sequence: &str) -> &mut Self {
        for key in keys::sequence(sequence).unwrap_or_default() {
            self.say(Msg::Pressed(key));
        }
        self
    }

    /// Types text, character by character.
    pub(crate) fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let key = keys::KeyPress::plain(keys::Code::Char(c));
            self.say(Msg::Pressed(key));
        }
        self
    }

    /// Lets the time pass after which the keys of a sequence are shown.
    pub(crate) fn wait_for_keys(&mut self) -> &mut Self {
        self.now += std::time::Duration::from_millis(300);
        self.say(Msg::Ticked)
    }

    /// The id of the last request for rows.
    pub(crate) fn asked(&self) -> WindowId {
        let asked = |effect: &Effect| match effect {
            Effect::Window { id, .. } => Some(*id),
            _ => None,
        };
        self.effects
            .iter()
            .filter_map(asked)
            .next_back()
            .unwrap_or_default()
    }

    /// Answers the last request for rows with the whole list.
    pub(crate) fn answer(&mut self, rows: Vec<Todo>) -> &mut Self {
        let done = rows.iter().filter(|row| row.text.starts_with("x ")).count() as u64;
        let waiting = |state| rows.iter().filter(|row| row.state == state).count() as u64;
        let totals = Totals {
            open: rows.len() as u64 - done,
            done,
            pending: waiting(SyncState::Pending),
            sent: waiting(SyncState::Sent),
            rejected: waiting(SyncState::Rejected),
        };
        self.totals = totals;
        let id = self.asked();
        let freshness = Freshness {
            as_of: Some(instant("2026-11-24T11:58:00Z")),
            ..Freshness::default()
        };
        let counted = Msg::Counted {
            views: counts(&rows),
            due_groups: due_groups(&rows),
        };
        let tags = Msg::TagsRead(tags(&rows));
        let window = Window {
            rows,
            more_above: false,
            more_below: false,
        };
        self.say(Msg::Windowed {
            id,
            window,
            totals,
            freshness,
            capabilities: None,
        })
        .say(counted)
        .say(tags)
    }

    /// Answers the last request for rows with these; the counts stay as they are.
    pub(crate) fn answer_rows(&mut self, rows: Vec<Todo>) -> &mut Self {
        let id = self.asked();
        let window = Window {
            rows,
            more_above: false,
            more_below: false,
        };
        self.say(Msg::Windowed {
            id,
            window,
            totals: self.totals,
            freshness: Freshness {
                as_of: Some(instant("2026-11-24T11:58:00Z")),
                ..Freshness::default()
            },
            capabilities: None,
        })
    }

    fn drawn(&self, width: u16, height: u16) -> (Buffer, Option<(u16, u16)>) {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        let cursor = ui::screen(&self.model, &self.theme, area, &mut buf);
        (buf, cursor.map(|at| (at.x, at.y)))
    }

    /// The screen as text, line by line after a bar; the cursor below.
    pub(crate) fn screen(&self) -> String {
        let size = self.size();
        let (buf, cursor) = self.drawn(size.0, size.1);
        let mut text = String::new();
        for y in 0..size.1 {
            text.push_str(format!("│{}", line(&buf, y)).trim_end());
            text.push('\n');
        }
        if let Some((x, y)) = cursor {
            text.push_str(&format!("(cursor at {x},{y})\n"));
        }
        text
    }

    /// The screen with what each run of cells looks like.
    pub(crate) fn styled(&self) -> String {
        let size = self.size();
        styled(&self.drawn(size.0, size.1).0)
    }

    fn size(&self) -> (u16, u16) {
        self.model.screen_size()
    }
}

/// The counters of these rows, as the store keeps them.
fn counts(rows: &[Todo]) -> ViewCounts {
    let today = Date::constant(2026, 11, 24);
    let mut counts = ViewCounts::default();
    for row in rows {
        let line = Line::new(&row.text);
        if line.is_done() {
            counts.done += 1;
            continue;
        }
        counts.open += 1;
        match line.due() {
            None => counts.no_date += 1,
            Some(due) if due < today => counts.overdue += 1,
            Some(due) => {
                counts.due_today += u64::from(due == today);
                counts.upcoming += u64::from((due - today).get_days() <= 6);
            }
        }
    }
    counts
}

/// The counters of the groups by due date, as the store keeps them.
fn due_groups(rows: &[Todo]) -> DueCounts {
    let calendar = Calendar::new(Date::constant(2026, 11, 24));
    let lines = rows.iter().map(|row| Line::new(&row.text));
    let open: Vec<_> = lines.filter(|line| !line.is_done()).collect();
    DueGroup::ALL.map(|group| {
        let is_in = |line: &&Line<'_>| DueGroups::of(calendar).group(line.due()) == group;
        open.iter().filter(is_in).count() as u64
    })
}

/// The projects and contexts with their counts, as the store keeps them.
fn tags(rows: &[Todo]) -> TagCounts {
    let mut tags = TagCounts::default();
    for row in rows {
        let line = Line::new(&row.text);
        let open = u64::from(!line.is_done());
        for project in line.projects() {
            count(&mut tags.projects, project, open);
        }
        for context in line.contexts() {
            count(&mut tags.contexts, context, open);
        }
    }
    tags
}

fn count(tags: &mut Vec<Tag>, name: &str, open: u64) {
    match tags.iter_mut().find(|tag| tag.name == name) {
        Some(tag) => tag.open += open,
        None => tags.push(Tag {
            name: name.to_owned(),
            open,
        }),
    }
}

/// The lines that are not empty, each with what its runs of cells look like.
pub(crate) fn styled(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buf.area.height {
        let line = line(buf, y);
        if line.trim().is_empty() {
            continue;
        }
        text.push_str(format!("│{line}").trim_end());
        text.push('\n');
        text.push_str(&runs(buf, y));
    }
    text
}

fn line(buf: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let mut x = 0;
    while x < buf.area.width {
        let symbol = buf.cell((x, y)).map_or(" ", |cell| cell.symbol());
        text.push_str(symbol);
        x += u16::try_from(symbol.width().max(1)).unwrap_or(1);
    }
    text
}

/// `    ^ 4..9 red+bold` for each run of cells that is not plain.
fn runs(buf: &Buffer, y: u16) -> String {
    let mut text = String::new();
    let style = |x: u16| buf.cell((x, y)).map_or(Style::new(), |cell| cell.style());
    let mut start = 0;
    for x in 1..=buf.area.width {
        if x < buf.area.width && style(x) == style(start) {
            continue;
        }
        let name = name(style(start));
        if !name.is_empty() {
            text.push_str(&format!("    ^ {start}..{x} {name}\n"));
        }
        start = x;
    }
    text
}

fn name(style: Style) -> String {
    let mut names = Vec::new();
    for (what, colour) in [("", style.fg), ("on ", style.bg)] {
        if let Some(colour) = colour.filter(|colour| *colour != Color::Reset) {
            names.push(format!("{what}{colour}").to_lowercase());
        }
    }
    for (modifier, name) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ] {
        if style.add_modifier.contains(modifier) {
            names.push(name.to_owned());
        }
    }
    names.join("+")
}
