//! The candidates for the value of an argument.

use std::ffi::{OsStr, OsString};
use std::mem::ManuallyDrop;

use clap::Arg;
use clap_complete::engine::CompletionCandidate;

use crate::cli::clock::Clock;
use crate::cli::examples;
use crate::cli::json::Field;
use crate::cli::topics;
use crate::config::{self, Config, environment};
use crate::domain::casefold::tag_key;
use crate::domain::list::Around;
use crate::domain::query::{LinePart, Options, Query};
use crate::domain::terms::TERM_HELP;
use crate::domain::todo::SyncState;
use crate::domain::view::View;
use crate::domain::when::{Calendar, DAY_HELP, HelpEntry, RANGE_HELP};
use crate::finding::codes;
use crate::profile::ActiveProfile;
use crate::store::Store;

/// The most todos and tags that are offered.
const MOST: usize = 100;

/// The values that an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueSource {
    /// Handles of open todos.
    Open,
    /// Handles of done todos.
    Done,
    /// Handles of todos with changes that are not on the server.
    Queued,
    /// Terms of a filter.
    Terms,
    /// The text of a todo: its tags and dates.
    Text,
    /// Tags with their sign.
    Tags,
    /// Dates.
    Dates,
    /// Priorities.
    Priorities,
    /// Views.
    Views,
    /// Profiles of the configuration.
    Profiles,
    /// Fields of JSON, separated by commas.
    Fields,
    /// Topics of the help.
    Topics,
    /// Codes of `doctor`.
    Codes,
}

impl ValueSource {
    /// Returns the source of an argument of a command; `None` if clap
    /// knows its values.
    pub(super) fn of(command: &str, arg: &Arg) -> Option<Self> {
        let name = arg.get_value_names().and_then(<[_]>::first);
        Some(match (command, arg.get_id().as_str()) {
            ("reopen", "handles") => Self::Done,
            ("queue", "handle") => Self::Queued,
            (_, "handles") => Self::Open,
            (_, "terms" | "filter") => Self::Terms,
            ("add", "text") => Self::Text,
            (_, "add_tag" | "remove_tag") => Self::Tags,
            ("add" | "edit", "due") => Self::Dates,
            ("add" | "edit", "pri") => Self::Priorities,
            (_, "view") => Self::Views,
            (_, "profile") => Self::Profiles,
            (_, "json") if name.is_some_and(|name| name == "FIELDS") => Self::Fields,
            ("help", "topic") => Self::Topics,
            ("help", "code") => Self::Codes,
            _ => return None,
        })
    }
}

/// Reads candidates from the configuration and the store that the line selects.
#[derive(Debug)]
pub(super) struct CompletionSources {
    flags: config::Flags,
}

/// Candidates with their descriptions.
pub(super) type Candidates = Vec<(String, String)>;

impl CompletionSources {
    /// The sources for a line whose last word is being typed.
    pub(super) fn new(line: &[OsString]) -> Self {
        let value = |flag: &str| {
            let after = line.windows(2).rev().skip(1).find_map(|pair| match pair {
                [name, value] if name == flag => Some(value.clone()),
                _ => None,
            });
            let glued = || {
                let prefix = format!("{flag}=");
                let words = line.iter().filter_map(|word| word.to_str());
                words
                    .filter_map(|word| word.strip_prefix(&prefix))
                    .next_back()
            };
            after.or_else(|| glued().map(OsString::from))
        };
        Self {
            flags: config::Flags {
                profile: value("--profile").and_then(|name| name.into_string().ok()),
                file: value("--config").map(Into::into),
            },
        }
    }

    /// The candidates for a word, as the argument parser wants them.
    pub(super) fn complete(&self, source: ValueSource, word: &OsStr) -> Vec<CompletionCandidate> {
        let candidate = |(value, description): (String, String)| {
            let help = (!description.is_empty()).then(|| description.into());
            CompletionCandidate::new(value).help(help)
        };
        self.values(source, word)
            .into_iter()
            .map(candidate)
            .collect()
    }

    /// The candidates for a word; none if the configuration or store is unreadable.
    pub(super) fn values(&self, source: ValueSource, word: &OsStr) -> Candidates {
        let Some(word) = word.to_str() else {
            return Candidates::new();
        };
        let found = match source {
            ValueSource::Open => self.handles(word, false),
            ValueSource::Done => self.handles(word, true),
            ValueSource::Queued => self.queued(word),
            ValueSource::Terms => self.term(word),
            ValueSource::Text => self.text(word),
            ValueSource::Tags => self.tags(word),
            ValueSource::Dates => Some(days(word, "", &[DAY_HELP])),
            ValueSource::Priorities => Some(priorities(word)),
            ValueSource::Views => self.views(word),
            ValueSource::Profiles => self.profiles(word),
            ValueSource::Fields => Some(fields(word)),
            ValueSource::Topics => Some(topics(word)),
            ValueSource::Codes => Some(doctor_codes(word)),
        };
        found.unwrap_or_default()
    }

    fn config(&self) -> Option<Config> {
        config::load(&self.flags, &environment::process()).ok()
    }

    /// Opens the store. The process ends once the candidates are printed: closing would
    /// only cost time.
    fn store(&self) -> Option<ManuallyDrop<Store>> {
        let config = self.config()?;
        let profile = ActiveProfile::new(config.profile, config.paths);
        let account = profile.known_account()?.account;
        let path = profile.database(&account);
        let store = Store::open_to_read(&path, &account.endpoint).ok()?;
        store.map(ManuallyDrop::new)
    }

    fn handles(&self, word: &str, done: bool) -> Option<Candidates> {
        if word.starts_with('n') {
            return self.queued(word);
        }
        let store = self.store()?;
        let todos = if word.is_empty() {
            let options = Options {
                done,
                ..Options::default()
            };
            let query = Query::list(Vec::new(), options, calendar());
            store.window(&query, Around::Top, MOST).ok()?.rows
        } else {
            store.with_id_prefix(word, done, MOST).ok()?
        };
        let todos = todos.into_iter();
        Some(todos.map(|it| (it.handle().to_string(), it.text)).collect())
    }

    fn queued(&self, word: &str) -> Option<Candidates> {
        let store = self.store()?;
        let mut found = Candidates::new();
        for queued in store.outbox().ok()? {
            if found.len() == MOST {
                break;
            }
            let Some(todo) = store.todo(queued.entry.change.todo).ok()? else {
                continue;
            };
            let handle = todo.handle().to_string();
            if handle.starts_with(word) && !found.iter().any(|(known, _)| *known == handle) {
                found.push((handle, todo.text));
            }
        }
        Some(found)
    }

    /// Tags that start with the word in any case, most used first.
    fn tags(&self, word: &str) -> Option<Candidates> {
        let signs: &[char] = match word.chars().next() {
            Some('+') => &['+'],
            Some('@') => &['@'],
            Some(_) => return None,
            None => &['+', '@'],
        };
        let store = self.store()?;
        let (key, today) = (tag_key(word), calendar().today);
        let mut found = Candidates::new();
        for sign in signs {
            for tag in store.tags(*sign, today, usize::MAX).ok()? {
                if tag_key(&tag.tag).starts_with(key.as_ref()) && found.len() < MOST {
                    found.push((tag.tag, format!("{} open", tag.open)));
                }
            }
        }
        Some(found)
    }

    fn text(&self, word: &str) -> Option<Candidates> {
        match word.split_once(':') {
            Some((key @ ("due" | "t"), value)) => {
                Some(days(value, &format!("{key}:"), &[DAY_HELP]))
            }
            _ if word.is_empty() => None,
            _ => self.tags(word),
        }
    }

    fn term(&self, word: &str) -> Option<Candidates> {
        if let Some(inner) = word.strip_prefix("not:") {
            return Some(prefixed("not:", self.term(inner)?));
        }
        if word.starts_with(['+', '@']) {
            // `+a,+b`: the last part is being typed.
            let typed = word.rfind(',').map_or(0, |comma| comma + 1);
            let (before, part) = word.split_at_checked(typed)?;
            return Some(prefixed(before, self.tags(part)?));
        }
        let Some((key, value)) = word.split_once(':') else {
            return Some(heads(word));
        };
        let typed = value.rfind(',').map_or(0, |comma| comma + 1);
        let (before, part) = value.split_at_checked(typed)?;
        let before = format!("{key}:{before}");
        Some(match key {
            "due" | "t" | "done" | "changed" => {
                let (range, part) = match part.rsplit_once("..") {
                    Some((from, to)) => (format!("{before}{from}.."), to),
                    None => (before, part),
                };
                let mut found = days(part, &range, &[DAY_HELP, RANGE_HELP]);
                found.retain(|(value, _)| key == "due" || !value.ends_with("overdue"));
                found
            }
            "state" => matching(part, &before, SyncState::ALL.map(SyncState::word)),
            "no" => matching(part, &before, LinePart::ALL.map(LinePart::word)),
            "rec" => matching(part, &before, ["any"]),
            "pri" => prefixed(&before, priorities(part)),
            _ => Candidates::new(),
        })
    }

    fn views(&self, word: &str) -> Option<Candidates> {
        let config = self.config()?;
        let views = View::all(&config.views);
        let lower = word.to_lowercase();
        let named = views.iter().filter_map(|view| {
            let name = view.name();
            let found = name.to_lowercase().starts_with(&lower);
            found.then(|| (name.to_owned(), view.definition().to_owned()))
        });
        Some(named.collect())
    }

    fn profiles(&self, word: &str) -> Option<Candidates> {
        let config = self.config()?;
        let names = config.profiles.iter().map(String::as_str);
        Some(matching(word, "", names))
    }
}

fn calendar() -> Calendar {
    Calendar::new(Clock::from_environment().today())
}

/// The values that start with `word`, after `before`.
fn matching<'a>(word: &str, before: &str, values: impl IntoIterator<Item = &'a str>) -> Candidates {
    let values = values.into_iter().filter(|value| value.starts_with(word));
    values
        .map(|value| (format!("{before}{value}"), String::new()))
        .collect()
}

fn prefixed(before: &str, found: Candidates) -> Candidates {
    let longer = |(value, description)| (format!("{before}{value}"), description);
    found.into_iter().map(longer).collect()
}

/// Words for dates, with their meanings.
fn days(word: &str, before: &str, tables: &[&[HelpEntry]]) -> Candidates {
    let lower = word.to_lowercase();
    let entries = tables.iter().copied().flatten();
    let examples =
        entries.flat_map(|entry| entry.examples.iter().map(move |it| (*it, entry.meaning)));
    examples
        .filter(|(example, _)| example.starts_with(&lower) && !example.contains(".."))
        .filter(|(example, _)| !example.starts_with(|it: char| it.is_ascii_digit()))
        .map(|(example, meaning)| (format!("{before}{example}"), meaning.to_owned()))
        .collect()
}

fn priorities(word: &str) -> Candidates {
    let letters = 'A'..='Z';
    let upper = word.to_uppercase();
    letters
        .map(String::from)
        .filter(|letter| letter.starts_with(&upper))
        .map(|letter| (letter, String::new()))
        .collect()
}

/// The starts of terms: `due:`, `no:` …
fn heads(word: &str) -> Candidates {
    let mut found = Candidates::new();
    for entry in TERM_HELP {
        let Some((head, _)) = entry.form.split_once(':') else {
            continue;
        };
        let head = format!("{head}:");
        let is_key = head.chars().all(|it| it.is_ascii_lowercase() || it == ':');
        if is_key && head.starts_with(word) && !found.iter().any(|(known, _)| *known == head) {
            found.push((head, entry.meaning.to_owned()));
        }
    }
    found
}

fn fields(word: &str) -> Candidates {
    let typed = word.rfind(',').map_or(0, |comma| comma + 1);
    let (before, part) = word.split_at_checked(typed).unwrap_or(("", word));
    matching(part, before, Field::ALL.iter().map(|field| field.name()))
}

fn topics(word: &str) -> Candidates {
    let topics = topics::TOPICS.iter().map(|topic| (topic.name, topic.about));
    let commands = examples::names().map(|name| (name, ""));
    let found = topics
        .chain(commands)
        .filter(|(name, _)| name.starts_with(word));
    found
        .map(|(name, about)| (name.to_owned(), about.to_owned()))
        .collect()
}

fn doctor_codes(word: &str) -> Candidates {
    matching(word, "", codes::CODES.iter().map(|known| known.code))
}
