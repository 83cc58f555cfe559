//! The variables of an operation.

use std::collections::{BTreeSet, HashMap};

use async_graphql_parser::{
    Positioned,
    types::{
        Directive, FragmentDefinition, OperationDefinition, Selection, SelectionSet, Type,
        VariableDefinition,
    },
};
use async_graphql_value::{ConstValue, Name, Value as Literal};
use serde_json::{Map, Value};

use super::answer::{ErrorCode, RequestError};

/// The value of a variable.
#[derive(Debug)]
pub(super) enum Held {
    /// The value sent with the request.
    Sent(Value),
    /// The declaration's default; `null` for a nullable one without.
    Default(Literal),
}

/// A declared variable.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) of: Type,
    /// Whether the declaration names a default other than `null`.
    pub(super) has_default: bool,
    pub(super) held: Held,
}

/// Resolves every variable that the operation declares, used or not, then
/// checks that those used are declared and those sent are used.
pub(super) fn resolve(
    operation: &OperationDefinition,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
    sent: &Map<String, Value>,
) -> Result<HashMap<String, Variable>, RequestError> {
    let declared = operation
        .variable_definitions
        .iter()
        .map(|definition| {
            let name = definition.node.name.node.to_string();
            Ok((name, variable(&definition.node, sent)?))
        })
        .collect::<Result<Vec<_>, RequestError>>()?;
    let mut variables = HashMap::new();
    for (name, variable) in declared {
        if variables.contains_key(&name) {
            let message = format!("multiple definitions for variable \"{name}\"");
            return Err(RequestError::new(ErrorCode::ParseFailed, message));
        }
        variables.insert(name, variable);
    }
    let mut used = Used {
        fragments,
        names: BTreeSet::new(),
    };
    used.directives(&operation.directives);
    used.selection(&operation.selection_set.node);
    let refuse = |message| Err(RequestError::new(ErrorCode::ValidationFailed, message));
    if let Some(name) = used
        .names
        .iter()
        .find(|name| !variables.contains_key(**name))
    {
        return refuse(format!("unbound variable \"{name}\""));
    }
    let unused: BTreeSet<&str> = sent
        .keys()
        .map(String::as_str)
        .filter(|name| !used.names.contains(name))
        .collect();
    if unused.is_empty() {
        return Ok(variables);
    }
    let names = unused.into_iter().collect::<Vec<_>>().join(", ");
    refuse(format!("unexpected variables in variableValues: {names}"))
}

fn variable(
    definition: &VariableDefinition,
    sent: &Map<String, Value>,
) -> Result<Variable, RequestError> {
    let refuse = |message| Err(RequestError::new(ErrorCode::ValidationFailed, message));
    let name = definition.name.node.as_str();
    let of = &definition.var_type.node;
    let default = definition.default_value.as_ref().map(|value| &value.node);
    let held = match (sent.get(name), default) {
        (Some(Value::Null), _) if !of.nullable => {
            return refuse(format!("null value found for non-nullable type: \"{of}\""));
        }
        (Some(sent), _) => Held::Sent(sent.clone()),
        (None, Some(default)) => Held::Default(default.clone().into_value()),
        (None, None) if of.nullable => Held::Default(Literal::Null),
        (None, None) => {
            return refuse(format!(
                "expecting a value for non-nullable variable: \"{name}\""
            ));
        }
    };
    Ok(Variable {
        of: of.clone(),
        has_default: default.is_some_and(|value| *value != ConstValue::Null),
        held,
    })
}

/// The variables that a selection names, fragments opened. There is no cycle
/// among them any more.
struct Used<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    names: BTreeSet<&'a str>,
}

impl<'a> Used<'a> {
    fn selection(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => {
                    for (_, value) in &field.node.arguments {
                        self.literal(&value.node);
                    }
                    self.selection(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    self.selection(&inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.selection(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives {
            for (_, value) in &directive.node.arguments {
                self.literal(&value.node);
            }
        }
    }

    fn literal(&mut self, value: &'a Literal) {
        match value {
            Literal::Variable(name) => {
                self.names.insert(name);
            }
            Literal::List(members) => members.iter().for_each(|member| self.literal(member)),
            Literal::Object(fields) => fields.values().for_each(|field| self.literal(field)),
            Literal::Null
            | Literal::Number(_)
            | Literal::String(_)
            | Literal::Boolean(_)
            | Literal::Binary(_)
            | Literal::Enum(_) => {}
        }
    }
}
