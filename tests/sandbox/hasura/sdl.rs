//! The schema that introspection shows, printed and compared with the one a
//! real Hasura shows to role `user`.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use tudone::sandbox::backend::{Backend, Policy, Shape};

use crate::hasura::{
    rules,
    tokens::{self, Outcome},
};

const INTROSPECTION: &str = "
query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType }
    directives { name description locations args { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description
  fields(includeDeprecated: true) {
    name description args { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
fragment TypeRef on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
}";

/// A definition's lines, without descriptions and with sorted members.
type Definitions = BTreeMap<String, Vec<String>>;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn type_name(of: &Value) -> String {
    let inner = || of.get("ofType").map(type_name).unwrap_or_default();
    match text(of, "kind") {
        "NON_NULL" => format!("{}!", inner()),
        "LIST" => format!("[{}]", inner()),
        _ => text(of, "name").to_owned(),
    }
}

fn input(value: &Value) -> String {
    let of = value.get("type").map(type_name).unwrap_or_default();
    let default = value.get("defaultValue").and_then(Value::as_str);
    let default = default
        .map(|value| format!(" = {value}"))
        .unwrap_or_default();
    format!(
        "{}: {of}{default} # {}",
        text(value, "name"),
        text(value, "description")
    )
}

fn shown(schema: &Value) -> Definitions {
    let mut definitions = Definitions::new();
    for of in list(schema, "types") {
        let name = text(of, "name");
        let builtin = ["Boolean", "Int", "String"].contains(&name);
        if name.starts_with("__") || builtin {
            continue;
        }
        let mut lines = vec![format!(
            "{} # {}",
            text(of, "kind"),
            text(of, "description")
        )];
        for field in list(of, "fields") {
            let result = field.get("type").map(type_name).unwrap_or_default();
            let about = text(field, "description");
            lines.push(format!("{}: {result} # {about}", text(field, "name")));
            let owner = text(field, "name");
            lines.extend(list(field, "args").map(|one| format!("{owner}({})", input(one))));
        }
        lines.extend(list(of, "inputFields").map(input));
        lines.extend(
            list(of, "enumValues")
                .map(|value| format!("{} # {}", text(value, "name"), text(value, "description"))),
        );
        lines.sort();
        definitions.insert(name.to_owned(), lines);
    }
    definitions
}

/// The recorded schema in the same form.
fn recorded(sdl: &str) -> Outcome<Definitions> {
    use async_graphql_parser::types::{TypeKind, TypeSystemDefinition};
    let document = async_graphql_parser::parse_schema(sdl)?;
    let mut definitions = Definitions::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(of) = definition else {
            continue;
        };
        let of = of.node;
        let about = |text: Option<async_graphql_parser::Positioned<String>>| {
            text.map(|text| text.node).unwrap_or_default()
        };
        let argument = |one: async_graphql_parser::types::InputValueDefinition| {
            let default = one.default_value.map(|value| format!(" = {}", value.node));
            format!(
                "{}: {}{} # {}",
                one.name.node,
                one.ty.node,
                default.unwrap_or_default(),
                about(one.description)
            )
        };
        let description = about(of.description);
        let (kind, mut lines) = match of.kind {
            TypeKind::Scalar => ("SCALAR", Vec::new()),
            TypeKind::Object(object) => {
                let mut lines = Vec::new();
                for field in object.fields {
                    let field = field.node;
                    let (name, about) = (field.name.node, about(field.description));
                    lines.push(format!("{name}: {} # {about}", field.ty.node));
                    let arguments = field.arguments.into_iter();
                    lines.extend(arguments.map(|one| format!("{name}({})", argument(one.node))));
                }
                ("OBJECT", lines)
            }
            TypeKind::InputObject(object) => {
                let fields = object.fields.into_iter();
                (
                    "INPUT_OBJECT",
                    fields.map(|field| argument(field.node)).collect(),
                )
            }
            TypeKind::Enum(values) => {
                let values = values.values.into_iter().map(|value| {
                    let value = value.node;
                    format!("{} # {}", value.value.node, about(value.description))
                });
                ("ENUM", values.collect())
            }
            TypeKind::Interface(_) | TypeKind::Union(_) => return Err("unexpected kind".into()),
        };
        lines.push(format!("{kind} # {description}"));
        lines.sort();
        definitions.insert(of.name.node.to_string(), lines);
    }
    Ok(definitions)
}

fn introspect(backend: &Backend) -> Outcome<Value> {
    backend.set_jwt(tokens::config()?);
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", tokens::named("user1")?);
    headers.insert("authorization", HeaderValue::from_str(&bearer)?);
    let body = json!({"query": INTROSPECTION});
    let answer = backend.answer(&headers, body.to_string().as_bytes());
    let schema = answer.body.pointer("/data/__schema");
    Ok(schema.ok_or_else(|| answer.body.to_string())?.clone())
}

#[test]
fn the_full_schema_is_the_one_hasura_shows() -> Outcome {
    let backend = Backend::open(None, Shape::Full)?;
    let wanted = recorded(include_str!("../../schemas/full-user.graphql"))?;
    let schema = introspect(&backend)?;
    let found = shown(&schema);
    for (name, lines) in &wanted {
        assert_eq!(found.get(name), Some(lines), "{name}");
    }
    let names = |all: &Definitions| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&wanted));
    for (key, name) in [
        ("queryType", "query_root"),
        ("mutationType", "mutation_root"),
        ("subscriptionType", "subscription_root"),
    ] {
        let root = schema.get(key).ok_or("no root")?;
        assert_eq!(text(root, "name"), name);
    }
    Ok(())
}

#[test]
fn every_type_a_field_names_is_in_the_schema() -> Outcome {
    let reading = Policy {
        insert: false,
        update: false,
        delete: false,
        ..Policy::default()
    };
    let writing = Policy {
        select: false,
        ..Policy::default()
    };
    for shape in [Shape::Full, Shape::Bare] {
        for policy in [Policy::default(), reading.clone(), writing.clone()] {
            let backend = Backend::open(None, shape)?;
            backend.set_policy(policy.clone());
            let schema = introspect(&backend)?;
            let known: Vec<&str> = list(&schema, "types").map(|of| text(of, "name")).collect();
            for of in list(&schema, "types") {
                let fields = list(of, "fields").chain(list(of, "inputFields"));
                let arguments = list(of, "fields").flat_map(|field| list(field, "args"));
                for member in fields.chain(arguments) {
                    let named = member.get("type").map(type_name).unwrap_or_default();
                    let named = named.replace(['[', ']', '!'], "");
                    assert!(known.contains(&named.as_str()), "{named} {policy:?}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn introspection_describes_itself_by_the_fields_that_hasura_has() -> Outcome {
    let backend = rules::backend(Shape::Full)?;
    let query = "{ __schema { directives { name } } i: __type(name: \"__InputValue\") { fields { \
                 name } } l: __type(name: \"__DirectiveLocation\") { name } }";
    let answer = rules::ask(&backend, query, &json!({}))?;
    let names =
        |names: &[&str]| -> Value { names.iter().map(|name| json!({"name": name})).collect() };
    let wanted = json!({
        "__schema": {"directives": names(&["include", "skip", "cached"])},
        "i": {"fields": names(&["defaultValue", "description", "name", "type"])},
        "l": null,
    });
    assert_eq!(answer["data"], wanted, "{answer}");
    for (fields, path) in [
        (
            "inputFields(includeDeprecated: true) { name }",
            "$.selectionSet.__type.selectionSet.inputFields",
        ),
        (
            "specifiedByURL",
            "$.selectionSet.__type.selectionSet.specifiedByURL",
        ),
        (
            "inputFields { isDeprecated }",
            "$.selectionSet.__type.selectionSet.inputFields.selectionSet.isDeprecated",
        ),
    ] {
        let query = format!("{{ __type(name: \"todos_bool_exp\") {{ {fields} }} }}");
        let answer = rules::ask(&backend, &query, &json!({}))?;
        assert_eq!(rules::refusal(&answer), ("validation-failed", path));
    }
    Ok(())
}
