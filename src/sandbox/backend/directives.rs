//! Directives: which there are, where they may stand, and what they say.

use async_graphql_parser::{Positioned, types::Directive as Written};
use serde_json::{Map, Value, json};

use super::{
    answer::{ErrorPath, RequestError},
    coerce::Coercion,
    types::{InputField, Scalar, named, required},
};

/// The location of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DirectiveLocation {
    Query,
    Mutation,
    Subscription,
    Field,
    /// Also a fragment spread, which Hasura turns into one first.
    InlineFragment,
}

impl DirectiveLocation {
    /// Its name in the schema and in messages.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Query => ("QUERY", "a query"),
            Self::Mutation => ("MUTATION", "a mutation"),
            Self::Subscription => ("SUBSCRIPTION", "a subscription"),
            Self::Field => ("FIELD", "a field"),
            Self::InlineFragment => ("INLINE_FRAGMENT", "an inline fragment"),
        }
    }
}

/// Checks that a directive is allowed in its location.
#[derive(Debug)]
pub(super) struct ParsedDirectives {
    name: &'static str,
    arguments: Map<String, Value>,
}

/// The directives at one place.
pub(super) fn parsed<'a>(
    coercion: Coercion<'a>,
    written: &'a [Positioned<Written>],
    place: DirectiveLocation,
    path: &mut ErrorPath,
) -> Result<Vec<ParsedDirectives>, RequestError> {
    let refuse = |path: &ErrorPath, message: String| Err(RequestError::validation(path, message));
    let (location, described) = place.names();
    let mut parsed: Vec<ParsedDirectives> = Vec::new();
    let mut repeated = None;
    for directive in written {
        let name = directive.node.name.node.as_str();
        let Some(known) = known().into_iter().find(|known| known.name == name) else {
            return refuse(
                path,
                format!("directive '{name}' is not defined in the schema"),
            );
        };
        if !known.locations.contains(&location) {
            return refuse(
                path,
                format!("directive '{name}' is not allowed on {described}"),
            );
        }
        let arguments = path.key(known.name, |path| {
            coercion.arguments(name, &known.arguments, &directive.node.arguments, path)
        })?;
        if parsed.iter().any(|other| other.name == known.name) {
            repeated = Some(known.name);
        }
        parsed.push(ParsedDirectives {
            name: known.name,
            arguments,
        });
    }
    match repeated {
        Some(name) => refuse(
            path,
            format!("the following directives are used more than once: ['{name}']"),
        ),
        None => Ok(parsed),
    }
}

/// Returns whether `@include` and `@skip` keep a selection.
pub(super) fn included<'a>(
    coercion: Coercion<'a>,
    written: &'a [Positioned<Written>],
    place: DirectiveLocation,
    path: &mut ErrorPath,
) -> Result<bool, RequestError> {
    let directives = parsed(coercion, written, place, path)?;
    Ok(directives.iter().all(|directive| {
        let holds = directive.arguments.get("if") == Some(&Value::Bool(true));
        holds == (directive.name == "include")
    }))
}

/// A directive that documents may use.
#[derive(Debug)]
pub(super) struct Directive {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) arguments: Vec<InputField>,
    pub(super) locations: &'static [&'static str],
}

/// Every directive, in the order in which introspection lists them.
pub(super) fn known() -> [Directive; 3] {
    let condition =
        || vec![InputField::new("if", required(named("Boolean"))).scalar(Scalar::Strict)];
    let on_selections: &[&str] = &["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"];
    [
        Directive {
            name: "include",
            description: "whether this query should be included",
            arguments: condition(),
            locations: on_selections,
        },
        Directive {
            name: "skip",
            description: "whether this query should be skipped",
            arguments: condition(),
            locations: on_selections,
        },
        Directive {
            name: "cached",
            description: "whether this query should be cached (Hasura Cloud only)",
            arguments: vec![
                InputField::new("ttl", required(named("Int")))
                    .about("measured in seconds")
                    .scalar(Scalar::NonNegative)
                    .default(json!(60)),
                InputField::new("refresh", required(named("Boolean")))
                    .about("refresh the cache entry")
                    .scalar(Scalar::Strict)
                    .default(json!(false)),
            ],
            locations: &["QUERY"],
        },
    ]
}
