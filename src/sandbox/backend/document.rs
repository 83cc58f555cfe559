//! Parses a request: its operation and its fragments.

use std::collections::HashMap;

use async_graphql_parser::{
    Error as ParserError, Positioned,
    types::{
        Directive, DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition,
        OperationType, Selection, SelectionSet,
    },
};
use async_graphql_value::Name;
use serde_json::{Map, Value};

use super::{
    answer::{ErrorCode, ErrorPath, RequestError, is_name},
    grammar::{self, Unreadable},
    variables::{self, Variable},
};

const ONE_OPERATION: &str =
    "exactly one operation has to be present in the document when operationName is not specified";

const ANONYMOUS: &str =
    "operationName cannot be used when an anonymous operation exists in the document";

/// A GraphQL request: `{query, variables, operationName}`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GraphqlRequest {
    query: String,
    operation: Option<String>,
    variables: Map<String, Value>,
}

impl GraphqlRequest {
    /// Reads a body: one request, or a list of them that is refused as a
    /// whole if one of its members is none.
    pub(super) fn read_all(body: &Value) -> Result<Vec<Self>, RequestError> {
        let mut path = ErrorPath::default();
        match body.as_array() {
            Some(members) => members
                .iter()
                .enumerate()
                .map(|(index, member)| path.index(index, |path| Self::read(member, path)))
                .collect(),
            None => Ok(vec![Self::read(body, &mut path)?]),
        }
    }

    /// Reads one request; keys that are not known are ignored.
    pub(super) fn read(body: &Value, path: &mut ErrorPath) -> Result<Self, RequestError> {
        let refuse = |path: &ErrorPath, text: String| {
            let shape = "parsing Hasura.GraphQL.Transport.HTTP.Protocol.GQLReq(GQLReq) failed, ";
            Err(RequestError::at(
                path,
                ErrorCode::ParseFailed,
                format!("{shape}{text}"),
            ))
        };
        let Value::Object(fields) = body else {
            let found = json_name(body);
            return refuse(path, format!("expected Object, but encountered {found}"));
        };
        let extensions = fields.get("extensions");
        if extensions.is_some_and(|found| found.get("persistedQuery").is_some()) {
            let message = "Automatic persisted queries are not supported in this edition";
            return Err(RequestError::new(ErrorCode::NotSupported, message));
        }
        let given = |name| fields.get(name).filter(|value| !value.is_null());
        let Some(query) = fields.get("query") else {
            return refuse(path, "key \"query\" not found".to_owned());
        };
        let query = path.key("query", |path| {
            let text = query.as_str().map(str::to_owned);
            text.ok_or_else(|| misfit(path, "Text", "String", query))
        })?;
        let variables = path.key("variables", |path| match given("variables") {
            None => Ok(Map::new()),
            Some(Value::Object(variables)) => {
                let mut names = variables.keys();
                names.try_for_each(|name| path.key(name, |path| check_name(path, name)))?;
                Ok(variables.clone())
            }
            Some(other) => Err(misfit(path, "HashMap", "Object", other)),
        })?;
        let operation = path.key("operationName", |path| match given("operationName") {
            None => Ok(None),
            Some(Value::String(name)) => check_name(path, name).map(|()| Some(name.clone())),
            Some(other) => Err(misfit(path, "Name", "String", other)),
        })?;
        Ok(Self {
            query,
            operation,
            variables,
        })
    }
}

fn check_name(path: &ErrorPath, text: &str) -> Result<(), RequestError> {
    if is_name(text) {
        return Ok(());
    }
    let message = format!("{text} is not valid GraphQL name");
    Err(RequestError::at(path, ErrorCode::ParseFailed, message))
}

fn misfit(path: &ErrorPath, what: &str, wanted: &str, given: &Value) -> RequestError {
    let found = json_name(given);
    let message = format!("parsing {what} failed, expected {wanted}, but encountered {found}");
    RequestError::at(path, ErrorCode::ParseFailed, message)
}

/// Names the type of a JSON value as aeson's messages do.
pub(super) fn json_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

/// The operation to run.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) kind: OperationType,
    pub(super) directives: Vec<Positioned<Directive>>,
    pub(super) selection: SelectionSet,
    pub(super) fragments: HashMap<Name, Positioned<FragmentDefinition>>,
    pub(super) variables: HashMap<String, Variable>,
}

/// Parses a request's document, chooses its operation, follows its fragments
/// and resolves its variables.
pub(super) fn operation(request: &GraphqlRequest) -> Result<Operation, RequestError> {
    let document = grammar::parsed(&request.query)
        .map_err(|error| refusal(&error, request.operation.as_deref()))?;
    let ExecutableDocument {
        operations,
        fragments,
    } = document;
    let chosen = choose(operations, request.operation.as_deref())?;
    let mut spreads = Spreads {
        fragments: &fragments,
        open: Vec::new(),
        depth: 0,
    };
    spreads.selection(&chosen.selection_set.node, &mut ErrorPath::default())?;
    let variables = variables::resolve(&chosen, &fragments, &request.variables)?;
    Ok(Operation {
        kind: chosen.ty,
        directives: chosen.directives,
        selection: chosen.selection_set.node,
        fragments,
        variables,
    })
}

fn refusal(unreadable: &Unreadable, name: Option<&str>) -> RequestError {
    match (unreadable, name) {
        (Unreadable::Parser(ParserError::MultipleOperations { .. }), Some(_)) => {
            RequestError::new(ErrorCode::ValidationFailed, ANONYMOUS)
        }
        (
            Unreadable::Parser(
                ParserError::MultipleOperations { .. }
                | ParserError::OperationDuplicated { .. }
                | ParserError::MissingOperation,
            ),
            _,
        ) => RequestError::new(ErrorCode::ValidationFailed, ONE_OPERATION),
        (Unreadable::Parser(ParserError::FragmentDuplicated { fragment, .. }), _) => {
            let message = format!("multiple definitions for fragment \"{fragment}\"");
            RequestError::new(ErrorCode::ParseFailed, message)
        }
        (Unreadable::Syntax | Unreadable::Parser(_), _) => no_query(),
    }
}

fn no_query() -> RequestError {
    ErrorPath::default().key("query", |path| {
        RequestError::validation(path, "not a valid graphql query")
    })
}

fn choose(
    operations: DocumentOperations,
    name: Option<&str>,
) -> Result<OperationDefinition, RequestError> {
    let refuse = |message: String| RequestError::new(ErrorCode::ValidationFailed, message);
    match (operations, name) {
        (DocumentOperations::Single(only), None) => Ok(only.node),
        (DocumentOperations::Single(_), Some(_)) => Err(refuse(ANONYMOUS.to_owned())),
        (DocumentOperations::Multiple(mut all), Some(name)) => {
            all.remove(name).map(|found| found.node).ok_or_else(|| {
                refuse(format!(
                    "no such operation found in the document: \"{name}\""
                ))
            })
        }
        (DocumentOperations::Multiple(all), None) => {
            let mut all = all.into_values();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(only.node),
                (_, _) => Err(refuse(ONE_OPERATION.to_owned())),
            }
        }
    }
}

/// Follows every fragment that is used, before anything else is checked.
struct Spreads<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// The fragments being followed, to find cycles.
    open: Vec<&'a str>,
    /// Selections inside each other, which end where brackets do.
    depth: usize,
}

impl<'a> Spreads<'a> {
    fn selection(
        &mut self,
        set: &'a SelectionSet,
        path: &mut ErrorPath,
    ) -> Result<(), RequestError> {
        self.depth += 1;
        if self.depth > grammar::DEEPEST {
            return Err(no_query());
        }
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => path.key("selectionSet", |path| {
                    path.key(&field.node.name.node, |path| {
                        self.selection(&field.node.selection_set.node, path)
                    })
                })?,
                Selection::InlineFragment(inline) => {
                    self.selection(&inline.node.selection_set.node, path)?;
                }
                Selection::FragmentSpread(spread) => path.key("selectionSet", |path| {
                    self.fragment(&spread.node.fragment_name.node, path)
                })?,
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn fragment(&mut self, name: &'a Name, path: &mut ErrorPath) -> Result<(), RequestError> {
        if let Some(start) = self.open.iter().position(|open| *open == name.as_str()) {
            let cycle = english_list(self.open.get(start..).unwrap_or_default());
            let message = format!("the fragment definition(s) {cycle} form a cycle");
            return Err(RequestError::validation(path, message));
        }
        let Some(fragment) = self.fragments.get(name) else {
            let message = format!("reference to undefined fragment \"{name}\"");
            return Err(RequestError::validation(path, message));
        };
        self.open.push(name);
        path.key(name, |path| {
            self.selection(&fragment.node.selection_set.node, path)
        })?;
        self.open.pop();
        Ok(())
    }
}

/// `A`, `A and B`, `A, B, and C`.
fn english_list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one} and {two}"),
        [initials @ .., last] => format!("{}, and {last}", initials.join(", ")),
    }
}
