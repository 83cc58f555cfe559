//! Styles by role. Every difference that matters is told by a word or a
//! symbol too, so a terminal without colours loses nothing.

use ratatui::style::{Color, Modifier, Style};

/// What each part of the screen looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// What is there for those who look for it.
    pub muted: Style,
    /// Headings.
    pub heading: Style,
    /// The view in force, among others.
    pub current: Style,
    /// The selected row.
    pub selected: Style,
    /// A todo that is done.
    pub done: Style,
    /// `(A)`.
    pub priority: Style,
    /// `+project`.
    pub project: Style,
    /// `@context`.
    pub context: Style,
    /// `due:…`, later than today.
    pub due: Style,
    /// `due:…`, today.
    pub due_today: Style,
    /// `due:…`, past.
    pub overdue: Style,
    /// A key in a hint.
    pub key: Style,
    /// Something to read and type elsewhere.
    pub code: Style,
    /// What waits.
    pub waiting: Style,
    /// What went wrong.
    pub alert: Style,
    /// What went well.
    pub good: Style,
    /// A cell that stands for something that cannot be shown.
    pub placeholder: Style,
}

impl Theme {
    /// The terminal's own colours, or none at all (`NO_COLOR`).
    #[must_use]
    pub const fn new(colours: bool) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        let theme = Self {
            text: plain,
            muted: dim,
            heading: bold,
            current: plain.add_modifier(Modifier::REVERSED),
            selected: plain.add_modifier(Modifier::REVERSED),
            done: dim,
            priority: bold,
            project: plain,
            context: plain,
            due: plain,
            due_today: bold,
            overdue: bold.add_modifier(Modifier::UNDERLINED),
            key: bold,
            code: bold,
            waiting: plain,
            alert: bold,
            good: plain,
            placeholder: dim,
        };
        if !colours {
            return theme;
        }
        Self {
            priority: bold.fg(Color::Yellow),
            project: plain.fg(Color::Magenta),
            context: plain.fg(Color::Cyan),
            due: plain.fg(Color::Green),
            due_today: bold.fg(Color::Yellow),
            overdue: bold.fg(Color::Red),
            key: plain.fg(Color::Cyan),
            code: bold.fg(Color::Yellow),
            waiting: plain.fg(Color::Yellow),
            alert: bold.fg(Color::Red),
            good: plain.fg(Color::Green),
            ..theme
        }
    }
}
