//! Parses `config.toml`; reports every problem of the file at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::bindings::TABLE;
use crate::app::keymap::{Keymap, KeymapError};
use crate::app::theme::{ROLES, RoleStyle};
use crate::config::address::parse_url;
use crate::config::error::{ConfigProblem, Location};
use crate::config::settings::{self, DEFAULT_PROFILE, Section, Setting, ValueForm};
use crate::domain::view::OwnView;
use crate::domain::when::Calendar;
use crate::text::causes;
use crate::text::suggest::nearest;

/// A value and the line it stands on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The line.
    pub line: usize,
}

/// A checked value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of every form but a command.
    Text(String),
    /// A program and its arguments; not empty.
    Command(Vec<String>),
}

/// The contents of a file. Every part may be absent: variables can supply it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// The profile to use when no flag or variable names one.
    pub default_profile: Option<Located<String>>,
    /// By name.
    pub profiles: BTreeMap<String, Values>,
    /// The settings of the TUI.
    pub ui: Values,
    /// The user's own views.
    pub views: Vec<OwnView>,
    /// Styles of roles, over the chosen theme.
    pub theme: Vec<(String, RoleStyle)>,
    /// Action name to key, checked against the key map.
    pub keys: BTreeMap<String, String>,
}

/// The values of one table of the file, each of its setting's form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<&'static str, Located<Value>>);

impl Values {
    /// Returns the text of `setting` and its line.
    #[must_use]
    pub fn text(&self, setting: &Setting) -> Option<(&str, usize)> {
        match self.0.get(setting.name)? {
            Located {
                value: Value::Text(text),
                line,
            } => Some((text, *line)),
            Located {
                value: Value::Command(_),
                ..
            } => None,
        }
    }

    /// Returns the program and arguments of `setting`.
    #[must_use]
    pub fn command(&self, setting: &Setting) -> Option<&[String]> {
        match &self.0.get(setting.name)?.value {
            Value::Command(words) => Some(words),
            Value::Text(_) => None,
        }
    }
}

/// Reads `text`, the contents of the file at `path` (for messages only).
///
/// # Errors
///
/// Every problem found, in the order of the lines; never none.
pub fn parse(text: &str, path: &Path) -> Result<File, Vec<ConfigProblem>> {
    let mut reader = FileReader {
        text,
        path,
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.problem(at, error.message().to_owned(), None);
    }
    let file = reader.file(table.get_ref());
    let mut problems = reader.problems;
    if problems.is_empty() {
        return Ok(file);
    }
    problems.sort_by_key(|problem| match &problem.location {
        Location::Line { line, .. } => *line,
        Location::Variable(_) | Location::Flag(_) | Location::Profile(_) => 0,
    });
    problems.dedup();
    Err(problems)
}

/// Reads a parsed file and collects its problems.
struct FileReader<'a> {
    text: &'a str,
    path: &'a Path,
    problems: Vec<ConfigProblem>,
}

impl FileReader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "profiles" => file.profiles = self.profiles(value),
                "keys" => file.keys = self.keys(value),
                "ui" => file.ui = self.section("ui", Section::Ui, value),
                "views" => file.views = self.views(value),
                "theme" => file.theme = self.theme(value),
                name if name == DEFAULT_PROFILE.name => {
                    file.default_profile = self.string(name, value);
                }
                _ => {
                    let top = settings::in_section(Section::Top).map(|setting| setting.name);
                    self.unknown(key, top.chain(settings::TABLES));
                }
            }
        }
        if let Some(chosen) = &file.default_profile
            && !file.profiles.contains_key(&chosen.value)
        {
            let near = nearest(&chosen.value, file.profiles.keys().map(String::as_str));
            self.problems.push(ConfigProblem {
                location: self.location(chosen.line),
                message: format!("no profile is called `{}`", chosen.value),
                nearest: near.map(str::to_owned),
            });
        }
        file
    }

    fn profiles(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, Values> {
        let mut profiles = BTreeMap::new();
        for (name, value) in self.table("profiles", value).into_iter().flatten() {
            let table = format!("profiles.{}", name.get_ref());
            let values = self.section(&table, Section::Profile, value);
            profiles.insert(name.get_ref().to_string(), values);
        }
        profiles
    }

    fn section(&mut self, table: &str, section: Section, value: &Spanned<DeValue<'_>>) -> Values {
        let mut values = Values::default();
        for (key, value) in self.table(table, value).into_iter().flatten() {
            let Some(setting) = settings::find(section, key.get_ref()) else {
                let names = settings::in_section(section).map(|setting| setting.name);
                self.unknown(key, names);
                continue;
            };
            let parsed = match setting.form {
                ValueForm::Text => self.filled(setting.name, value).map(text),
                ValueForm::Url => self.url(setting.name, value).map(text),
                ValueForm::OneOf(words) => self.one_of(setting.name, value, words).map(text),
                ValueForm::Command => self.command(setting.name, value),
                ValueForm::Switch => self.switch(setting.name, value),
            };
            if let Some(parsed) = parsed {
                values.0.insert(setting.name, parsed);
            }
        }
        values
    }

    /// Views are checked as of today; their dates are read again every day.
    fn views(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<OwnView> {
        let calendar = Calendar::new(jiff::ZonedDateTime::now().date());
        let mut views = Vec::new();
        for (name, value) in self.table("views", value).into_iter().flatten() {
            let Some(written) = self.string(name.get_ref(), value) else {
                continue;
            };
            match OwnView::parse(name.get_ref(), &written.value, calendar) {
                Ok(view) => views.push((written.line, view)),
                Err(error) => {
                    let message = causes::on_one_line(&error);
                    self.problem(value.span().start, message, None);
                }
            }
        }
        views.sort_by_key(|(line, _)| *line);
        views.into_iter().map(|(_, view)| view).collect()
    }

    fn theme(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(String, RoleStyle)> {
        let mut styles = Vec::new();
        for (role, value) in self.table("theme", value).into_iter().flatten() {
            let name = role.get_ref().as_ref();
            if !ROLES.contains(&name) {
                self.unknown(role, ROLES);
                continue;
            }
            let Some(written) = self.string(name, value) else {
                continue;
            };
            match RoleStyle::parse(&written.value) {
                Ok(style) => styles.push((name.to_owned(), style)),
                Err(error) => self.problem(value.span().start, error.to_string(), None),
            }
        }
        styles
    }

    fn switch(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<Value>> {
        let Some(on) = value.get_ref().as_bool() else {
            self.wrong(name, "true or false", value);
            return None;
        };
        Some(Located {
            value: Value::Text(on.to_string()),
            line: self.line(value.span().start),
        })
    }

    fn keys(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, String> {
        let mut keys = BTreeMap::new();
        let mut lines = BTreeMap::new();
        for (action, value) in self.table("keys", value).into_iter().flatten() {
            if let Some(key) = self.string(action.get_ref(), value) {
                lines.insert(action.get_ref().to_string(), key.line);
                keys.insert(action.get_ref().to_string(), key.value);
            }
        }
        let bindings = keys
            .iter()
            .map(|(name, keys)| (name.as_str(), keys.as_str()));
        for error in Keymap::configured(bindings).err().unwrap_or_default() {
            let near = match &error {
                KeymapError::UnknownAction { name } => {
                    nearest(name, TABLE.iter().map(|row| row.name))
                }
                KeymapError::Key { .. } | KeymapError::Taken { .. } => None,
            };
            self.problems.push(ConfigProblem {
                location: self.location(lines.get(error.name()).copied().unwrap_or(1)),
                message: error.to_string(),
                nearest: near.map(str::to_owned),
            });
        }
        keys
    }

    fn table<'v, 'i>(
        &mut self,
        name: &str,
        value: &'v Spanned<DeValue<'i>>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong(name, "a table", value);
        }
        table
    }

    fn string(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(name, "text in quotes", value);
            return None;
        };
        Some(Located {
            value: text.to_owned(),
            line: self.line(value.span().start),
        })
    }

    fn filled(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<String>> {
        let found = self.string(name, value)?;
        if found.value.trim().is_empty() {
            self.problem(value.span().start, format!("`{name}` is empty"), None);
            return None;
        }
        Some(found)
    }

    fn url(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<String>> {
        let found = self.filled(name, value)?;
        match parse_url(&found.value) {
            Ok(_) => Some(found),
            Err(why) => {
                self.problem(value.span().start, format!("`{name}` {why}"), None);
                None
            }
        }
    }

    fn one_of(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        names: &[&str],
    ) -> Option<Located<String>> {
        let found = self.string(name, value)?;
        if names.contains(&found.value.as_str()) {
            return Some(found);
        }
        let message = format!(
            "`{name}` is `{}`, but must be one of {}",
            found.value,
            names.join(", ")
        );
        let near = nearest(&found.value, names.iter().copied());
        self.problem(value.span().start, message, near);
        None
    }

    fn command(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<Value>> {
        let words: Option<Vec<String>> = value.get_ref().as_array().and_then(|words| {
            let text = |word: &Spanned<DeValue<'_>>| Some(word.get_ref().as_str()?.to_owned());
            words.iter().map(text).collect()
        });
        match words {
            Some(words) if words.first().is_some_and(|program| !program.is_empty()) => {
                Some(Located {
                    value: Value::Command(words),
                    line: self.line(value.span().start),
                })
            }
            Some(_) | None => {
                self.wrong(name, "a list of strings, the program first", value);
                None
            }
        }
    }

    fn wrong(&mut self, name: &str, expected: &str, value: &Spanned<DeValue<'_>>) {
        let found = value.get_ref().type_str();
        let message = format!("`{name}` must be {expected}, not this {found}");
        self.problem(value.span().start, message, None);
    }

    fn unknown<'n>(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        let message = format!("unknown setting `{}`", key.get_ref());
        let near = nearest(key.get_ref(), names);
        self.problem(key.span().start, message, near);
    }

    fn problem(&mut self, at: usize, message: String, near: Option<&str>) {
        let location = self.location(self.line(at));
        self.problems.push(ConfigProblem {
            location,
            message,
            nearest: near.map(str::to_owned),
        });
    }

    fn location(&self, line: usize) -> Location {
        Location::Line {
            file: self.path.to_owned(),
            line,
        }
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}

fn text(found: Located<String>) -> Located<Value> {
    Located {
        value: Value::Text(found.value),
        line: found.line,
    }
}

#[cfg(test)]
mod tests;
