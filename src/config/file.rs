//! `config.toml`, read so that everything wrong with it is found at once.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::app::action::TABLE;
use crate::app::keymap::{Keymap, KeymapError};
use crate::config::address::address;
use crate::config::error::{Place, Problem};
use crate::config::{CREDENTIAL_STORES, Theme, Ui, nearest};

const TOP: [&str; 4] = ["default_profile", "profiles", "ui", "keys"];
const PROFILE: [&str; 6] = [
    "issuer",
    "client_id",
    "audience",
    "endpoint",
    "credential_store",
    "credential_command",
];
const UI: [&str; 2] = ["theme", "mouse"];

/// A value and the line it stands on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot<T> {
    /// The value.
    pub value: T,
    /// The line.
    pub line: usize,
}

/// What a file says. Every part may be absent: variables can supply it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// The profile to use when nobody names one.
    pub default_profile: Option<Spot<String>>,
    /// By name.
    pub profiles: BTreeMap<String, FileProfile>,
    /// How the screens look and behave.
    pub ui: Ui,
    /// Action name to key, unchecked.
    pub keys: BTreeMap<String, String>,
}

/// A profile as a file says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileProfile {
    /// The OIDC issuer: an address that passed the check.
    pub issuer: Option<Spot<String>>,
    /// The public client's id.
    pub client_id: Option<Spot<String>>,
    /// The API's identifier.
    pub audience: Option<Spot<String>>,
    /// The GraphQL endpoint: an address that passed the check.
    pub endpoint: Option<Spot<String>>,
    /// One of the names in [`CREDENTIAL_STORES`].
    pub credential_store: Option<Spot<String>>,
    /// Program and arguments, not empty.
    pub credential_command: Option<Spot<Vec<String>>>,
}

/// Reads `text`, the contents of the file at `path` (for messages only).
///
/// # Errors
///
/// Every problem found, in the order of the lines; never none.
pub fn parse(text: &str, path: &Path) -> Result<File, Vec<Problem>> {
    let mut walk = Walk {
        text,
        path,
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        walk.problem(at, error.message().to_owned(), None);
    }
    let file = walk.file(table.get_ref());
    let mut problems = walk.problems;
    if problems.is_empty() {
        return Ok(file);
    }
    problems.sort_by_key(|problem| match &problem.place {
        Place::Line { line, .. } => *line,
        Place::Variable(_) | Place::Flag(_) | Place::Profile(_) => 0,
    });
    problems.dedup();
    Err(problems)
}

/// A walk over a parsed file that collects problems.
struct Walk<'a> {
    text: &'a str,
    path: &'a Path,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "default_profile" => file.default_profile = self.string(key.get_ref(), value),
                "profiles" => file.profiles = self.profiles(value),
                "ui" => file.ui = self.ui(value),
                "keys" => file.keys = self.keys(value),
                _ => self.unknown(key, &TOP),
            }
        }
        if let Some(chosen) = &file.default_profile
            && !file.profiles.contains_key(&chosen.value)
        {
            let near = nearest(&chosen.value, file.profiles.keys().map(String::as_str));
            self.problems.push(Problem {
                place: self.place(chosen.line),
                message: format!("there is no profile `{}`", chosen.value),
                nearest: near.map(str::to_owned),
            });
        }
        file
    }

    fn profiles(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, FileProfile> {
        let mut profiles = BTreeMap::new();
        for (name, value) in self.table("profiles", value).into_iter().flatten() {
            let profile = self.profile(name.get_ref(), value);
            profiles.insert(name.get_ref().to_string(), profile);
        }
        profiles
    }

    fn profile(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> FileProfile {
        let mut profile = FileProfile::default();
        let place = format!("profiles.{name}");
        for (key, value) in self.table(&place, value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "issuer" => profile.issuer = self.address("issuer", value),
                "client_id" => profile.client_id = self.filled("client_id", value),
                "audience" => profile.audience = self.filled("audience", value),
                "endpoint" => profile.endpoint = self.address("endpoint", value),
                "credential_store" => {
                    let names = CREDENTIAL_STORES.map(|(name, _)| name);
                    profile.credential_store = self.one_of("credential_store", value, &names);
                }
                "credential_command" => profile.credential_command = self.command(value),
                _ => self.unknown(key, &PROFILE),
            }
        }
        profile
    }

    fn ui(&mut self, value: &Spanned<DeValue<'_>>) -> Ui {
        let mut ui = Ui::default();
        for (key, value) in self.table("ui", value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "theme" => {
                    let words = Theme::NAMED.map(|(word, _)| word);
                    if let Some(chosen) = self.one_of("theme", value, &words) {
                        let theme = Theme::NAMED.iter().find(|it| it.0 == chosen.value);
                        ui.theme = theme.map_or(ui.theme, |it| it.1);
                    }
                }
                "mouse" => match value.get_ref().as_bool() {
                    Some(mouse) => ui.mouse = mouse,
                    None => self.wrong("mouse", "true or false", value),
                },
                _ => self.unknown(key, &UI),
            }
        }
        ui
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
            self.problems.push(Problem {
                place: self.place(lines.get(error.name()).copied().unwrap_or(1)),
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

    fn string(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Spot<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong(name, "text in quotes", value);
            return None;
        };
        Some(Spot {
            value: text.to_owned(),
            line: self.line(value.span().start),
        })
    }

    fn filled(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Spot<String>> {
        let found = self.string(name, value)?;
        if found.value.trim().is_empty() {
            self.problem(value.span().start, format!("`{name}` is empty"), None);
            return None;
        }
        Some(found)
    }

    fn address(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Spot<String>> {
        let found = self.filled(name, value)?;
        match address(&found.value) {
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
    ) -> Option<Spot<String>> {
        let found = self.string(name, value)?;
        if names.contains(&found.value.as_str()) {
            return Some(found);
        }
        let message = format!(
            "`{name}` cannot be `{}`: it is one of {}",
            found.value,
            names.join(", ")
        );
        let near = nearest(&found.value, names.iter().copied());
        self.problem(value.span().start, message, near);
        None
    }

    fn command(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Spot<Vec<String>>> {
        let words: Option<Vec<String>> = value.get_ref().as_array().and_then(|words| {
            let text = |word: &Spanned<DeValue<'_>>| Some(word.get_ref().as_str()?.to_owned());
            words.iter().map(text).collect()
        });
        match words {
            Some(words) if words.first().is_some_and(|program| !program.is_empty()) => Some(Spot {
                value: words,
                line: self.line(value.span().start),
            }),
            Some(_) | None => {
                let wanted = "a list of texts, the program first";
                self.wrong("credential_command", wanted, value);
                None
            }
        }
    }

    fn wrong(&mut self, name: &str, wanted: &str, value: &Spanned<DeValue<'_>>) {
        let found = value.get_ref().type_str();
        let message = format!("`{name}` must be {wanted}, not this {found}");
        self.problem(value.span().start, message, None);
    }

    fn unknown(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, names: &[&str]) {
        let message = format!("there is no setting `{}` here", key.get_ref());
        let near = nearest(key.get_ref(), names.iter().copied());
        self.problem(key.span().start, message, near);
    }

    fn problem(&mut self, at: usize, message: String, near: Option<&str>) {
        let place = self.place(self.line(at));
        self.problems.push(Problem {
            place,
            message,
            nearest: near.map(str::to_owned),
        });
    }

    fn place(&self, line: usize) -> Place {
        Place::Line {
            file: self.path.to_owned(),
            line,
        }
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match parse(text, Path::new("c.toml")) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_the_nearest_name() {
        let text = "default_profile = \"hom\"\nthem = 1\n\n[profiles.home]\nisuer = \"x\"\n\
                    endpoint = \"http://hasura.example/\"\nclient_id = 7\ncredential_store = \"keyrin\"\n\
                    [ui]\ntheme = \"drak\"\nmouse = \"yes\"\n[keys]\nquit = 3\n";

        let found = problems(text);

        let expected = [
            "c.toml:1: there is no profile `hom`; did you mean `home`?",
            "c.toml:2: there is no setting `them` here",
            "c.toml:5: there is no setting `isuer` here; did you mean `issuer`?",
            "c.toml:6: `endpoint` must begin with https:// (plain http is for this machine only)",
            "c.toml:7: `client_id` must be text in quotes, not this integer",
            "c.toml:8: `credential_store` cannot be `keyrin`: it is one of keyring, file, command, memory; did you mean `keyring`?",
            "c.toml:10: `theme` cannot be `drak`: it is one of terminal, dark, light; did you mean `dark`?",
            "c.toml:11: `mouse` must be true or false, not this string",
            "c.toml:13: `quit` must be text in quotes, not this integer",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_slip_in_the_syntax_does_not_hide_what_comes_after_it() {
        let found = problems("default_profile = \n\n[profiles.home]\nisuer = \"x\"\n");

        assert!(found.iter().any(|line| line.starts_with("c.toml:1: ")));
        assert!(found.iter().any(|line| line.contains("`issuer`")));
    }

    #[test]
    fn the_default_file_has_no_problem() -> Result<(), Box<dyn std::error::Error>> {
        let file = parse(crate::config::DEFAULT_FILE, Path::new("config.toml"))
            .map_err(|problems| format!("{problems:?}"))?;

        let home = file.profiles.get("home").ok_or("no profile home")?;
        assert!(home.issuer.is_some() && home.endpoint.is_some());
        assert_eq!(file.ui, Ui::default());
        Ok(())
    }

    #[test]
    fn any_text_is_read_without_panic() {
        for text in [
            "",
            "\u{feff}",
            "[",
            "a.b.c = {",
            "[[profiles]]\nx=1",
            "\0",
            "profiles = 3",
        ] {
            let _ = problems(text);
        }
    }
}
