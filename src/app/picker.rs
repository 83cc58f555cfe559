//! A list to choose from by typing: the palette of commands, and the help.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use crate::app::action::Action;
use crate::app::model::Model;
use crate::app::screen::Screen;
use crate::app::theme::ThemeName;
use crate::domain::key::Key;

mod entries;

/// An open list to choose from.
#[derive(Debug, Clone)]
pub struct Picker {
    /// What it lists.
    pub kind: PickerKind,
    /// What is typed.
    pub input: Input,
    /// Index of the selected match.
    pub at: usize,
    /// The entries that match, best first.
    pub matches: Vec<Match>,
    /// The screen that it was opened over.
    pub behind: Box<Screen>,
    entries: Vec<PickerEntry>,
}

/// What a picker lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickerKind {
    /// Everything that can be done or shown.
    Palette,
    /// The keys of every screen.
    Help,
}

/// An entry of a picker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickerEntry {
    /// Its group in the help.
    pub group: &'static str,
    /// What it does.
    pub label: String,
    /// More about it: a count, `current`, the name in the configuration.
    pub note: String,
    /// The keys that do the same.
    pub keys: String,
    /// What choosing it does.
    pub choice: Choice,
    /// Why it cannot be chosen now.
    pub obstacle: Option<String>,
    /// When it is listed.
    listed: Listed,
}

/// When an entry is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    /// If it matches; every entry matches an empty text.
    Always,
    /// If it matches a text that is not empty.
    Typed,
    /// With any text.
    WithText,
}

/// What choosing an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Carries out an action.
    Act(Action),
    /// Shows a view.
    View(usize),
    /// Shows what a search finds.
    Search(String),
    /// Shows what a search for the typed text finds.
    SearchTyped,
    /// Selects a todo.
    Todo(Key),
    /// Switches to this theme.
    Theme(ThemeName),
}

/// An entry that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Index of the entry.
    entry: usize,
    /// Which graphemes of its label were found, in order.
    pub found: Vec<u32>,
}

impl Picker {
    /// The palette or the help over the screen in front.
    #[must_use]
    pub fn new(kind: PickerKind, model: &Model) -> Self {
        let entries = match kind {
            PickerKind::Palette => entries::palette(model),
            PickerKind::Help => entries::help(model),
        };
        let mut picker = Self {
            kind,
            input: Input::default(),
            at: 0,
            matches: Vec::new(),
            behind: Box::new(model.screen.clone()),
            entries,
        };
        picker.filter();
        picker
    }

    /// The entry of a match.
    #[must_use]
    pub fn entry(&self, found: &Match) -> Option<&PickerEntry> {
        self.entries.get(found.entry)
    }

    /// The selected entry.
    #[must_use]
    pub fn selected(&self) -> Option<&PickerEntry> {
        self.entry(self.matches.get(self.at)?)
    }

    /// Returns whether entries are grouped under headings: nothing is typed.
    #[must_use]
    pub fn is_grouped(&self) -> bool {
        self.kind == PickerKind::Help && self.input.value().trim().is_empty()
    }

    /// Moves the selection by so many entries, no further than the ends.
    pub fn step(&mut self, by: isize) {
        let last = self.matches.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// Finds the entries that match what is typed; the best is selected.
    pub fn filter(&mut self) {
        self.at = 0;
        let typed = self.input.value().trim();
        if typed.is_empty() {
            self.matches = (0..self.entries.len())
                .zip(&self.entries)
                .filter(|(_, entry)| entry.listed == Listed::Always)
                .map(|(entry, _)| Match {
                    entry,
                    found: Vec::new(),
                })
                .collect();
            return;
        }
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let mut ranking = Ranking {
            pattern,
            matcher: Matcher::new(Config::DEFAULT),
        };
        let mut ranked: Vec<_> = self
            .entries
            .iter()
            .enumerate()
            .filter_map(|(at, entry)| {
                let (score, found) = ranking.rank(entry)?;
                let last = entry.listed == Listed::WithText;
                let order = (last, entry.obstacle.is_some(), Reverse(score), at);
                Some((order, Match { entry: at, found }))
            })
            .collect();
        ranked.sort_by_key(|(order, _)| *order);
        self.matches = ranked.into_iter().map(|(_, found)| found).collect();
    }
}

struct Ranking {
    pattern: Pattern,
    matcher: Matcher,
}

impl Ranking {
    /// How well an entry matches, and where in its label.
    fn rank(&mut self, entry: &PickerEntry) -> Option<(u32, Vec<u32>)> {
        if entry.listed == Listed::WithText {
            return Some((0, Vec::new()));
        }
        let mut chars = Vec::new();
        let mut found = Vec::new();
        let label = Utf32Str::new(&entry.label, &mut chars);
        if let Some(score) = self.pattern.indices(label, &mut self.matcher, &mut found) {
            found.sort_unstable();
            // A match in the label counts more than one beside it.
            return Some((score.saturating_mul(2), found));
        }
        let whole = format!("{} {} {}", entry.label, entry.note, entry.keys);
        let whole = Utf32Str::new(&whole, &mut chars);
        let score = self.pattern.score(whole, &mut self.matcher)?;
        Some((score, Vec::new()))
    }
}
