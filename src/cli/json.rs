//! Todos as JSON. Fields are only ever added.

mod iso;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::str::FromStr;

use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::cli::json::iso::{append_date, append_instant};
use crate::domain::line::Line;
use crate::domain::todo::{Handle, Todo};
use crate::text::suggest::nearest;

/// The size of the object of a todo with a text of usual length, in bytes.
const USUAL_SIZE: usize = 512;

/// One field of a todo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Handle,
    Key,
    Text,
    Done,
    Priority,
    Projects,
    Contexts,
    Due,
    Tags,
    CompletedOn,
    State,
    CreatedAt,
    UpdatedAt,
    Recurs,
    Starts,
}

impl Field {
    /// All fields, in the order of the output.
    pub(crate) const ALL: [Self; 16] = [
        Self::Id,
        Self::Handle,
        Self::Key,
        Self::Text,
        Self::Done,
        Self::Priority,
        Self::Projects,
        Self::Contexts,
        Self::Due,
        Self::Tags,
        Self::CompletedOn,
        Self::State,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::Recurs,
        Self::Starts,
    ];

    /// Returns its name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Handle => "handle",
            Self::Key => "key",
            Self::Text => "text",
            Self::Done => "done",
            Self::Priority => "priority",
            Self::Projects => "projects",
            Self::Contexts => "contexts",
            Self::Due => "due",
            Self::Tags => "tags",
            Self::CompletedOn => "completed_on",
            Self::State => "state",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Recurs => "recurs",
            Self::Starts => "starts",
        }
    }

    /// Parses `id,text`; an empty text means every field. A field named twice counts
    /// once.
    ///
    /// # Errors
    ///
    /// The first unknown name, with the nearest field.
    pub(crate) fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        if text.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let one = |name: &str| {
            let found = Self::ALL.iter().find(|field| field.name() == name);
            found.copied().ok_or_else(|| {
                match nearest(name, Self::ALL.iter().map(|field| field.name())) {
                    Some(near) => format!("unknown field `{name}`; did you mean `{near}`?"),
                    None => format!(
                        "unknown field `{name}`; expected one of {}",
                        Self::ALL.map(Self::name).join(", ")
                    ),
                }
            })
        };
        let mut fields = Vec::new();
        for field in text.split(',').map(str::trim).map(one) {
            let field = field?;
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Ok(fields)
    }

    /// Returns whether every part of `word` between commas is the name of a field.
    pub(crate) fn are_named_by(word: &str) -> bool {
        let is_name = |name: &str| Self::ALL.iter().any(|field| field.name() == name);
        word.split(',').all(is_name)
    }
}

/// The fields that `--json=FIELDS` selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields(pub(crate) Vec<Field>);

impl FromStr for Fields {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Field::parse_list(text).map(Self)
    }
}

/// Some fields of a todo, as JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    todo: &'a Todo,
    fields: &'a [Field],
}

impl<'a> Shown<'a> {
    /// Selects all fields.
    pub(crate) const fn whole(todo: &'a Todo) -> Self {
        Self {
            todo,
            fields: &Field::ALL,
        }
    }

    /// Selects `fields`.
    pub(crate) const fn part(todo: &'a Todo, fields: &'a [Field]) -> Self {
        Self { todo, fields }
    }
}

impl Shown<'_> {
    /// Writes the object.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub(crate) fn write(self, out: &mut impl Write) -> io::Result<()> {
        let mut json = Vec::with_capacity(USUAL_SIZE);
        self.append_to(&mut json)?;
        out.write_all(&json)
    }

    /// Appends the object. Only texts of users are escaped: nothing else needs it.
    fn append_to(self, json: &mut Vec<u8>) -> serde_json::Result<()> {
        let Self { todo, fields } = self;
        let line = Line::new(&todo.text);
        let parts = line.parts();
        json.push(b'{');
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            append_quoted(json, field.name());
            json.push(b':');
            match field {
                Field::Id => append_integer(json, todo.id)?,
                Field::Handle => append_handle(json, &todo.handle())?,
                Field::Key => {
                    let mut digits = Uuid::encode_buffer();
                    let key = todo.key.uuid();
                    append_quoted(json, key.hyphenated().encode_lower(&mut digits));
                }
                Field::Text => serde_json::to_writer(&mut *json, &todo.text)?,
                Field::Done => append(json, if line.is_done() { "true" } else { "false" }),
                Field::Priority => append_some(json, line.priority(), |json, priority| {
                    append_quoted(json, priority.letter().encode_utf8(&mut [0; 4]));
                }),
                Field::Projects => serde_json::to_writer(&mut *json, &parts.projects)?,
                Field::Contexts => serde_json::to_writer(&mut *json, &parts.contexts)?,
                Field::Due => append_some(json, parts.due, append_date),
                Field::Tags => serde_json::to_writer(&mut *json, &KeyValues(&parts.tags))?,
                Field::CompletedOn => append_some(json, line.completed_on(), append_date),
                Field::State => append_quoted(json, todo.state.word()),
                Field::CreatedAt => append_some(json, todo.created_at, append_instant),
                Field::UpdatedAt => append_some(json, todo.updated_at, append_instant),
                Field::Recurs => append_some(json, parts.recurrence, |json, rule| {
                    append_quoted(json, &rule.to_string());
                }),
                Field::Starts => append_some(json, parts.start, append_date),
            }
        }
        json.push(b'}');
        Ok(())
    }
}

/// Appends a value, or `null`.
fn append_some<T>(json: &mut Vec<u8>, value: Option<T>, append_value: impl Fn(&mut Vec<u8>, T)) {
    match value {
        Some(value) => append_value(json, value),
        None => append(json, "null"),
    }
}

fn append(json: &mut Vec<u8>, text: &str) {
    json.extend_from_slice(text.as_bytes());
}

/// Appends a text without characters to escape.
fn append_quoted(json: &mut Vec<u8>, text: &str) {
    json.push(b'"');
    append(json, text);
    json.push(b'"');
}

fn append_integer(json: &mut Vec<u8>, number: Option<i64>) -> serde_json::Result<()> {
    serde_json::to_writer(json, &number)
}

fn append_handle(json: &mut Vec<u8>, handle: &Handle) -> serde_json::Result<()> {
    let Handle::Id(id) = handle else {
        append_quoted(json, &handle.to_string());
        return Ok(());
    };
    json.push(b'"');
    append_integer(json, Some(*id))?;
    json.push(b'"');
    Ok(())
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = Vec::with_capacity(USUAL_SIZE);
        self.append_to(&mut json).map_err(S::Error::custom)?;
        let json: &RawValue = serde_json::from_slice(&json).map_err(S::Error::custom)?;
        json.serialize(serializer)
    }
}

/// Several todos, with these fields of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownAll<'a>(pub(crate) &'a [Todo], pub(crate) &'a [Field]);

impl Serialize for ShownAll<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let part = |todo| Shown::part(todo, self.1);
        serializer.collect_seq(self.0.iter().map(part))
    }
}

/// The `key:value` words; the first value of a repeated key counts.
struct KeyValues<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for KeyValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let several = self.0.len() > 1;
        let mut seen = BTreeSet::new();
        let tags = self.0.iter().copied();
        serializer.collect_map(tags.filter(|(key, _)| !several || seen.insert(*key)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Field, Shown};
    use crate::domain::key::Key;
    use crate::domain::line::{Line, Priority};
    use crate::domain::todo::{SyncState, Todo};

    fn expected(todo: &Todo) -> Value {
        let line = Line::new(&todo.text);
        let mut tags = serde_json::Map::new();
        for (key, value) in line.tags() {
            tags.entry(key).or_insert_with(|| value.into());
        }
        json!({
            "id": todo.id,
            "handle": todo.handle().to_string(),
            "key": todo.key.to_string(),
            "text": todo.text,
            "done": line.is_done(),
            "priority": line.priority().map(Priority::letter),
            "projects": line.projects().collect::<Vec<_>>(),
            "contexts": line.contexts().collect::<Vec<_>>(),
            "due": line.due(),
            "tags": tags,
            "completed_on": line.completed_on(),
            "state": todo.state.word(),
            "created_at": todo.created_at,
            "updated_at": todo.updated_at,
            "recurs": line.recurrence().map(|rule| rule.to_string()),
            "starts": line.start(),
        })
    }

    proptest! {
        #[test]
        fn an_object_has_every_part_of_any_todo(
            words in prop::collection::vec(
                prop_oneof![
                    "x|\\(A\\)|pri:B|2026-11-01|(due|t):2026-12-0[1-3]|rec:\\+?[1-3][dwmyb]",
                    "[+@\"\\\\k:é]{0,4}",
                    any::<String>(),
                ],
                0..6,
            ),
            (id, local) in (prop::option::of(any::<i64>()), prop::option::of(1..9_i64)),
            (key, micros) in (any::<u128>(), prop::option::of(0..4_000_000_000_000_000_i64)),
            state in prop::sample::select(&SyncState::ALL[..]),
        ) {
            let at = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
            let todo = Todo {
                key: Key::new(uuid::Uuid::from_u128(key)),
                id,
                local,
                text: words.join(" "),
                state,
                created_at: at,
                updated_at: at,
            };
            let mut written = Vec::new();
            Shown::whole(&todo).write(&mut written)?;
            prop_assert_eq!(serde_json::from_slice::<Value>(&written)?, expected(&todo));
            prop_assert_eq!(serde_json::to_vec(&Shown::whole(&todo))?, written);
        }
    }

    #[test]
    fn an_unknown_field_is_rejected_with_the_nearest_name() {
        assert_eq!(
            Field::parse_list("id,text"),
            Ok(vec![Field::Id, Field::Text])
        );
        assert_eq!(
            Field::parse_list("id,text,id"),
            Ok(vec![Field::Id, Field::Text])
        );
        assert_eq!(Field::parse_list(""), Ok(Field::ALL.to_vec()));
        let rejected = Field::parse_list("id,txt");
        assert_eq!(
            rejected,
            Err("unknown field `txt`; did you mean `text`?".to_owned())
        );
    }
}
