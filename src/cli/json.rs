//! Todos as JSON. Fields are only ever added.

mod iso;

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::cli::json::iso::Iso;
use crate::domain::line::{Line, Priority};
use crate::domain::todo::Todo;
use crate::text::suggest::nearest;

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

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        let Self { todo, fields } = self;
        let line = Line::new(&todo.text);
        let parts = line.parts();
        for field in *fields {
            let name = field.name();
            match field {
                Field::Id => map.serialize_entry(name, &todo.id)?,
                Field::Handle => map.serialize_entry(name, &Displayed(todo.handle()))?,
                Field::Key => map.serialize_entry(name, &todo.key.uuid())?,
                Field::Text => map.serialize_entry(name, &todo.text)?,
                Field::Done => map.serialize_entry(name, &line.is_done())?,
                Field::Priority => {
                    map.serialize_entry(name, &line.priority().map(Priority::letter))?;
                }
                Field::Projects => map.serialize_entry(name, &parts.projects)?,
                Field::Contexts => map.serialize_entry(name, &parts.contexts)?,
                Field::Due => map.serialize_entry(name, &parts.due.map(Iso))?,
                Field::Tags => map.serialize_entry(name, &KeyValues(&parts.tags))?,
                Field::CompletedOn => {
                    map.serialize_entry(name, &line.completed_on().map(Iso))?;
                }
                Field::State => map.serialize_entry(name, todo.state.word())?,
                Field::CreatedAt => {
                    map.serialize_entry(name, &todo.created_at.map(Iso))?;
                }
                Field::UpdatedAt => {
                    map.serialize_entry(name, &todo.updated_at.map(Iso))?;
                }
                Field::Recurs => {
                    map.serialize_entry(name, &parts.recurrence.map(Displayed))?;
                }
                Field::Starts => map.serialize_entry(name, &parts.start.map(Iso))?,
            }
        }
        map.end()
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

struct Displayed<T>(T);

impl<T: std::fmt::Display> Serialize for Displayed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
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
    use super::Field;

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
