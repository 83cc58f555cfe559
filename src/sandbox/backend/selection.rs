//! Validates a selection against the types: finds fields, coerces arguments,
//! fragments merged.

use std::collections::HashMap;

use async_graphql_parser::{
    Positioned,
    types::{Field as Written, FragmentDefinition, Selection, SelectionSet},
};
use async_graphql_value::{Name, Value as Literal};
use serde_json::{Map, Value};

use super::{
    answer::{ErrorPath, RequestError},
    coerce::Coercion,
    directives::{self, DirectiveLocation},
    document::Operation,
    types::{FieldAction, Types, base_name},
};

/// A selected field, valid for its type.
#[derive(Debug, Clone)]
pub(super) struct Selected {
    /// The key of the response: the alias, or the name.
    pub(super) key: String,
    pub(super) name: String,
    /// The name of the type whose field this is.
    pub(super) parent: String,
    pub(super) action: Option<FieldAction>,
    pub(super) arguments: Map<String, Value>,
    pub(super) fields: Vec<Selected>,
}

impl Selected {
    pub(super) fn is_typename(&self) -> bool {
        self.name == "__typename"
    }
}

/// Validates an operation against a root type, then its own directives.
pub(super) fn select(
    types: &Types,
    operation: &Operation,
    root: &str,
    place: DirectiveLocation,
) -> Result<Vec<Selected>, RequestError> {
    let coercion = Coercion {
        types,
        variables: &operation.variables,
    };
    let selector = Selector {
        types,
        fragments: &operation.fragments,
        coercion,
    };
    let mut path = ErrorPath::default();
    let fields = selector.fields(root, &[&operation.selection], &mut path)?;
    directives::parsed(coercion, &operation.directives, place, &mut path)?;
    Ok(fields)
}

#[derive(Clone, Copy)]
struct Selector<'a> {
    types: &'a Types,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    coercion: Coercion<'a>,
}

/// The selections that share a response key.
struct MergedField<'a> {
    key: &'a str,
    first: &'a Written,
    sets: Vec<&'a SelectionSet>,
}

impl<'a> Selector<'a> {
    fn fields(
        self,
        parent: &str,
        sets: &[&'a SelectionSet],
        path: &mut ErrorPath,
    ) -> Result<Vec<Selected>, RequestError> {
        path.key("selectionSet", |path| {
            if sets.iter().all(|set| set.items.is_empty()) {
                let message = format!("missing selection set for '{parent}'");
                return Err(RequestError::validation(path, message));
            }
            let mut merged = Vec::new();
            for set in sets {
                self.collect(parent, set, &mut merged, path)?;
            }
            merged
                .iter()
                .map(|field| self.field(parent, field, path))
                .collect()
        })
    }

    /// Gathers fields by response key, fragments opened.
    fn collect(
        self,
        parent: &str,
        set: &'a SelectionSet,
        merged: &mut Vec<MergedField<'a>>,
        path: &mut ErrorPath,
    ) -> Result<(), RequestError> {
        for selection in &set.items {
            let place = match &selection.node {
                Selection::Field(_) => DirectiveLocation::Field,
                Selection::InlineFragment(_) | Selection::FragmentSpread(_) => {
                    DirectiveLocation::InlineFragment
                }
            };
            let written = selection.node.directives();
            if !directives::included(self.coercion, written, place, path)? {
                continue;
            }
            match &selection.node {
                Selection::Field(field) => merge(merged, &field.node, path)?,
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    if condition.is_none_or(|on| on.node.on.node == *parent) {
                        self.collect(parent, &inline.node.selection_set.node, merged, path)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = fragment
                        && fragment.node.type_condition.node.on.node == *parent
                    {
                        self.collect(parent, &fragment.node.selection_set.node, merged, path)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn field(
        self,
        parent: &str,
        merged: &MergedField<'a>,
        path: &mut ErrorPath,
    ) -> Result<Selected, RequestError> {
        let name = merged.first.name.node.as_str();
        let mut selected = Selected {
            key: merged.key.to_owned(),
            name: name.to_owned(),
            parent: parent.to_owned(),
            action: None,
            arguments: Map::new(),
            fields: Vec::new(),
        };
        if selected.is_typename() {
            return Ok(selected);
        }
        path.key(name, |path| {
            let fields = self.types.fields(parent);
            let Some(field) = fields.iter().find(|field| field.name == name) else {
                let message = format!("field '{name}' not found in type: '{parent}'");
                return Err(RequestError::validation(path, message));
            };
            selected.action = field.action;
            let of = base_name(&field.of);
            let object = self.types.is_object(of);
            if !object && merged.sets.iter().any(|set| !set.items.is_empty()) {
                let message = "unexpected subselection set for non-object field";
                return Err(RequestError::validation(path, message));
            }
            let given = &merged.first.arguments;
            selected.arguments = self
                .coercion
                .arguments(name, &field.arguments, given, path)?;
            path.key("args", |path| {
                check_distinct(&selected.arguments, path)?;
                check_cursor(&selected.arguments, path)
            })?;
            if object {
                selected.fields = self.fields(of, &merged.sets, path)?;
            }
            Ok(selected)
        })
    }
}

fn merge<'a>(
    merged: &mut Vec<MergedField<'a>>,
    field: &'a Written,
    path: &ErrorPath,
) -> Result<(), RequestError> {
    let key = field.response_key().node.as_str();
    let Some(same) = merged.iter_mut().find(|other| other.key == key) else {
        merged.push(MergedField {
            key,
            first: field,
            sets: vec![&field.selection_set.node],
        });
        return Ok(());
    };
    let (one, other) = (&same.first.name.node, &field.name.node);
    if one != other {
        let message = format!(
            "selection of both '{one}' and '{other}' specify the same response name, '{key}'"
        );
        return Err(RequestError::validation(path, message));
    }
    let arguments = |field: &Written| -> HashMap<String, Literal> {
        let pairs = field.arguments.iter();
        pairs
            .map(|(name, value)| (name.node.to_string(), value.node.clone()))
            .collect()
    };
    if arguments(same.first) != arguments(field) {
        let message =
            format!("inconsistent arguments between multiple selections of field '{one}'");
        return Err(RequestError::validation(path, message));
    }
    same.sets.push(&field.selection_set.node);
    Ok(())
}

/// `PostgreSQL` wants the distinct columns to lead the order.
fn check_distinct(arguments: &Map<String, Value>, path: &ErrorPath) -> Result<(), RequestError> {
    let (Some(Value::Array(distinct)), Some(Value::Array(order))) =
        (arguments.get("distinct_on"), arguments.get("order_by"))
    else {
        return Ok(());
    };
    let order: Vec<&str> = order
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|columns| columns.keys().map(String::as_str))
        .collect();
    let leads = order
        .iter()
        .take(distinct.len())
        .all(|column| distinct.iter().any(|name| name == column));
    if leads {
        return Ok(());
    }
    let message = "\"distinct_on\" columns must match initial \"order_by\" columns";
    Err(RequestError::validation(path, message))
}

/// A stream follows exactly one column.
fn check_cursor(arguments: &Map<String, Value>, path: &ErrorPath) -> Result<(), RequestError> {
    let Some(Value::Array(cursors)) = arguments.get("cursor") else {
        return Ok(());
    };
    let columns = cursors
        .iter()
        .filter_map(|cursor| cursor.get("initial_value")?.as_object());
    let message = match columns.map(Map::len).sum() {
        0_usize => "one streaming column field is expected",
        1 => return Ok(()),
        _ => "multiple column cursors are not supported yet",
    };
    Err(RequestError::validation(path, message))
}
