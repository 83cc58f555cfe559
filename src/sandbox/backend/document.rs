//! A request's document: which operation runs, and what its variables hold.

use std::collections::{BTreeSet, HashMap};

use async_graphql_parser::{
    Error as ParserError, Positioned, parse_query,
    types::{
        DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition,
        OperationType, Selection, SelectionSet, Type, VariableDefinition,
    },
};
use async_graphql_value::{Name, Value as Literal};
use serde_json::{Map, Value};

use super::answer::{Code, Fault, Path};

const ONE_OPERATION: &str =
    "exactly one operation has to be present in the document when operationName is not specified";

/// One `{query, variables, operationName}`.
#[derive(Debug)]
pub(super) struct Request {
    query: String,
    operation: Option<String>,
    variables: Map<String, Value>,
}

impl Request {
    /// Reads one element of a body; keys that are not known are ignored.
    pub(super) fn read(body: &Value) -> Result<Self, Fault> {
        let shape = "parsing Hasura.GraphQL.Transport.HTTP.Protocol.GQLReq(GQLReq) failed, ";
        let refuse = |text: &str| Fault::new(Code::ParseFailed, format!("{shape}{text}"));
        let Value::Object(fields) = body else {
            let found = json_name(body);
            return Err(refuse(&format!("expected Object, but encountered {found}")));
        };
        let extensions = fields.get("extensions");
        if extensions.is_some_and(|found| found.get("persistedQuery").is_some()) {
            let message = "Automatic persisted queries are not supported in this edition";
            return Err(Fault::new(Code::NotSupported, message));
        }
        let query = match fields.get("query") {
            Some(Value::String(query)) => query.clone(),
            Some(other) => {
                let found = json_name(other);
                return Err(refuse(&format!("expected String, but encountered {found}")));
            }
            None => return Err(refuse("key \"query\" not found")),
        };
        let variables = match fields.get("variables") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(variables)) => variables.clone(),
            Some(other) => {
                let found = json_name(other);
                return Err(refuse(&format!(
                    "expected HashMap, but encountered {found}"
                )));
            }
        };
        let operation = match fields.get("operationName") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()),
            Some(other) => {
                let found = json_name(other);
                return Err(refuse(&format!("expected String, but encountered {found}")));
            }
        };
        Ok(Self {
            query,
            operation,
            variables,
        })
    }
}

/// What a JSON value is, as aeson's messages call it.
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

/// What a variable holds.
#[derive(Debug)]
pub(super) enum Held {
    /// What the request sent.
    Sent(Value),
    /// The declaration's default; `null` for a nullable one without.
    Default(Literal),
}

/// A variable that the operation uses.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) of: Type,
    /// Whether the declaration names a default other than `null`.
    pub(super) has_default: bool,
    pub(super) held: Held,
}

/// The operation to run.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) kind: OperationType,
    pub(super) selection: SelectionSet,
    pub(super) fragments: HashMap<Name, Positioned<FragmentDefinition>>,
    pub(super) variables: HashMap<String, Variable>,
}

/// Parses a request's document, chooses its operation and resolves every
/// variable that is used.
pub(super) fn operation(request: &Request) -> Result<Operation, Fault> {
    let document = parse_query(&request.query).map_err(|error| refusal(&error))?;
    let ExecutableDocument {
        operations,
        fragments,
    } = document;
    let chosen = choose(operations, request.operation.as_deref())?;
    let mut resolver = Resolver {
        definitions: &chosen.variable_definitions,
        fragments: &fragments,
        sent: &request.variables,
        resolved: HashMap::new(),
        open: Vec::new(),
    };
    resolver.selection(&chosen.selection_set.node)?;
    let variables = resolver.resolved;
    let unused: BTreeSet<_> = request
        .variables
        .keys()
        .filter(|name| !variables.contains_key(*name))
        .map(String::as_str)
        .collect();
    if !unused.is_empty() {
        let names = unused.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Fault::new(
            Code::ValidationFailed,
            format!("unexpected variables in variableValues: {names}"),
        ));
    }
    Ok(Operation {
        kind: chosen.ty,
        selection: chosen.selection_set.node,
        fragments,
        variables,
    })
}

fn refusal(error: &ParserError) -> Fault {
    if let ParserError::MultipleOperations { .. } = error {
        return Fault::new(Code::ValidationFailed, ONE_OPERATION);
    }
    let mut path = Path::default();
    path.key("query", |path| {
        Fault::validation(path, "not a valid graphql query")
    })
}

fn choose(
    operations: DocumentOperations,
    name: Option<&str>,
) -> Result<OperationDefinition, Fault> {
    let refuse = |message: String| Fault::new(Code::ValidationFailed, message);
    match (operations, name) {
        (DocumentOperations::Single(only), None) => Ok(only.node),
        (DocumentOperations::Single(_), Some(name)) => Err(refuse(format!(
            "no such operation found in the document: \"{name}\""
        ))),
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

/// Walks a selection and resolves variables in the order of their use.
struct Resolver<'a> {
    definitions: &'a [Positioned<VariableDefinition>],
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    sent: &'a Map<String, Value>,
    resolved: HashMap<String, Variable>,
    /// The fragments being walked, to find cycles.
    open: Vec<&'a str>,
}

impl<'a> Resolver<'a> {
    fn selection(&mut self, set: &'a SelectionSet) -> Result<(), Fault> {
        for selection in &set.items {
            for directive in selection.node.directives() {
                for (_, value) in &directive.node.arguments {
                    self.literal(&value.node)?;
                }
            }
            match &selection.node {
                Selection::Field(field) => {
                    for (_, value) in &field.node.arguments {
                        self.literal(&value.node)?;
                    }
                    self.selection(&field.node.selection_set.node)?;
                }
                Selection::InlineFragment(inline) => {
                    self.selection(&inline.node.selection_set.node)?;
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node)?;
                }
            }
        }
        Ok(())
    }

    fn fragment(&mut self, name: &'a Name) -> Result<(), Fault> {
        let refuse = |message: String| Fault::new(Code::ValidationFailed, message);
        let Some(fragment) = self.fragments.get(name) else {
            return Err(refuse(format!(
                "reference to undefined fragment \"{name}\""
            )));
        };
        if self.open.contains(&name.as_str()) {
            let cycle = self.open.join(", ");
            return Err(refuse(format!(
                "the fragment definition(s) {cycle} form a cycle"
            )));
        }
        self.open.push(name);
        self.selection(&fragment.node.selection_set.node)?;
        self.open.pop();
        Ok(())
    }

    fn literal(&mut self, value: &Literal) -> Result<(), Fault> {
        match value {
            Literal::Variable(name) => self.variable(name),
            Literal::List(members) => members.iter().try_for_each(|member| self.literal(member)),
            Literal::Object(fields) => fields.values().try_for_each(|field| self.literal(field)),
            Literal::Null
            | Literal::Number(_)
            | Literal::String(_)
            | Literal::Boolean(_)
            | Literal::Binary(_)
            | Literal::Enum(_) => Ok(()),
        }
    }

    fn variable(&mut self, name: &Name) -> Result<(), Fault> {
        if self.resolved.contains_key(name.as_str()) {
            return Ok(());
        }
        let refuse = |code, message: String| Err(Fault::new(code, message));
        let mut same = self
            .definitions
            .iter()
            .filter(|definition| definition.node.name.node == *name);
        let Some(definition) = same.next() else {
            return refuse(
                Code::ValidationFailed,
                format!("unbound variable \"{name}\""),
            );
        };
        if same.next().is_some() {
            let message = format!("multiple definitions for variable \"{name}\"");
            return refuse(Code::ParseFailed, message);
        }
        let of = &definition.node.var_type.node;
        let default = definition.node.default_value.as_ref();
        let held = match (self.sent.get(name.as_str()), default) {
            (Some(Value::Null), _) if !of.nullable => {
                let message = format!("null value found for non-nullable type: \"{of}\"");
                return refuse(Code::ValidationFailed, message);
            }
            (Some(sent), _) => Held::Sent(sent.clone()),
            (None, Some(default)) => Held::Default(default.node.clone().into_value()),
            (None, None) if of.nullable => Held::Default(Literal::Null),
            (None, None) => {
                let message = format!("expecting a value for non-nullable variable: \"{name}\"");
                return refuse(Code::ValidationFailed, message);
            }
        };
        let has_default =
            default.is_some_and(|value| value.node != async_graphql_value::ConstValue::Null);
        let variable = Variable {
            of: of.clone(),
            has_default,
            held,
        };
        self.resolved.insert(name.to_string(), variable);
        Ok(())
    }
}
