//! The operations of `queries/`, typed with `schema.graphql` by a derive.
//!
//! The derive checks fields and type names; `tests/queries.rs` validates whole
//! documents. One operation per file, since the derive sends the whole file.

use ::uuid::Uuid;
use graphql_client::GraphQLQuery;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::sync::remote::KeyedEdit;

/// Rebuilds the derives after an edit of the schema; they track only the queries.
const _: &str = include_str!("../../schema.graphql");

/// The introspection query. Not derived: the schema does not describe
/// introspection.
pub(super) const CAPABILITIES: &str = include_str!("../../queries/capabilities.graphql");

#[expect(
    non_camel_case_types,
    reason = "the derive finds scalars by their GraphQL name"
)]
type uuid = Uuid;

/// Text, since `PostgreSQL` has instants outside the calendar (`infinity`).
#[expect(
    non_camel_case_types,
    reason = "the derive finds scalars by their GraphQL name"
)]
type timestamptz = String;

#[expect(
    non_camel_case_types,
    reason = "the derive finds scalars by their GraphQL name"
)]
type bigint = Big;

/// A 64-bit integer: sent as a number, read as a number or, from servers that
/// write large numbers as text, as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Big(pub(super) i64);

impl Serialize for Big {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Big {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum NumberOrText {
            Number(i64),
            Text(String),
        }
        match NumberOrText::deserialize(deserializer)? {
            NumberOrText::Number(number) => Ok(Self(number)),
            NumberOrText::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

/// One entry of `update_todos_many`: the only input that contains a filter.
///
/// An empty filter would edit every todo, so the only constructor always sets a
/// key and a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ConditionalEdit {
    #[serde(rename = "where")]
    filter: KeyRevisionFilter,
    #[serde(rename = "_set")]
    set: SetText,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct KeyRevisionFilter {
    client_id: Equals<Uuid>,
    revision: Equals<Big>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Equals<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Equals<T> {
    #[serde(rename = "_eq")]
    value: T,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SetText {
    text: String,
}

impl ConditionalEdit {
    /// Edits a todo if it still has the revision and the text that the edit is based on.
    /// An empty text may be null, which no comparison with a text matches, so it is not
    /// compared.
    pub(super) fn new(edit: &KeyedEdit) -> Self {
        let before = edit.before.as_str();
        Self {
            filter: KeyRevisionFilter {
                client_id: Equals {
                    value: edit.key.uuid(),
                },
                revision: Equals {
                    value: Big(edit.revision),
                },
                text: (!before.is_empty()).then(|| Equals {
                    value: before.to_owned(),
                }),
            },
            set: SetText {
                text: edit.after.clone(),
            },
        }
    }
}

macro_rules! operations {
    ($($name:ident = $file:tt;)*) => {$(
        #[derive(GraphQLQuery)]
        #[graphql(
            schema_path = "schema.graphql",
            query_path = $file,
            response_derives = "Debug",
            skip_serializing_none
        )]
        pub(super) struct $name;
    )*};
}

operations! {
    Pull = "queries/pull.graphql";
    Mark = "queries/mark.graphql";
    AddTodos = "queries/add_todos.graphql";
    RemoveTodos = "queries/remove_todos.graphql";
    AddAndRemove = "queries/add_and_remove.graphql";
    Snapshot = "queries/snapshot.graphql";
    BareAdd = "queries/bare_add.graphql";
    BareEdit = "queries/bare_edit.graphql";
    BareEditBlank = "queries/bare_edit_blank.graphql";
    BareRemove = "queries/bare_remove.graphql";
    BareRemoveBlank = "queries/bare_remove_blank.graphql";
    Doorbell = "queries/doorbell.graphql";
    Verify = "queries/verify.graphql";
}

/// The conditional edits; its variable is a list of [`ConditionalEdit`].
#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema.graphql",
    query_path = "queries/edit_todos.graphql",
    response_derives = "Debug",
    variable_types("ConditionalEdit"),
    skip_serializing_none
)]
pub(super) struct EditTodos;

#[cfg(test)]
mod tests {
    use std::error::Error;

    use serde_json::json;

    use super::*;
    use crate::domain::key::Key;

    #[test]
    fn an_edit_always_names_its_key_and_revision() -> Result<(), Box<dyn Error>> {
        let key: Key = "00000000-0000-7000-8000-000000000001".parse()?;
        let edit = ConditionalEdit::new(&KeyedEdit {
            key,
            revision: 7,
            before: "buy milk".to_owned(),
            after: "x buy milk".to_owned(),
        });
        let body = EditTodos::build_query(edit_todos::Variables {
            updates: vec![edit],
        });
        assert_eq!(
            serde_json::to_value(&body)?["variables"],
            json!({"updates": [{
                "where": {
                    "client_id": {"_eq": "00000000-0000-7000-8000-000000000001"},
                    "revision": {"_eq": 7},
                    "text": {"_eq": "buy milk"},
                },
                "_set": {"text": "x buy milk"},
            }]}),
        );
        assert_eq!(body.operation_name, "EditTodos");
        Ok(())
    }

    #[test]
    fn absent_values_are_not_sent_as_null() -> Result<(), Box<dyn Error>> {
        let body = BareAdd::build_query(bare_add::Variables {
            objects: vec![bare_add::todos_insert_input {
                client_id: None,
                text: Some("buy milk".to_owned()),
            }],
        });
        assert_eq!(
            serde_json::to_value(&body)?["variables"],
            json!({"objects": [{"text": "buy milk"}]}),
        );
        Ok(())
    }

    #[test]
    fn a_large_number_may_be_written_as_text() -> Result<(), Box<dyn Error>> {
        let number: Big = serde_json::from_str("9007199254740993")?;
        let text: Big = serde_json::from_str("\"9007199254740993\"")?;
        assert_eq!(number, text);
        assert!(serde_json::from_str::<Big>("\"many\"").is_err());
        assert!(serde_json::from_str::<Big>("1.5").is_err());
        Ok(())
    }
}
