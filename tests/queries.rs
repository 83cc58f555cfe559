//! The documents in `queries/` are valid, whole, against the schemas they are
//! sent to, and cannot filter by accident.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use apollo_compiler::ast::{Type, Value};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};

type Outcome = Result<(), Box<dyn Error>>;

/// Sent to the tutorial's tables, too.
const BOTH: [&str; 9] = [
    "bare_add",
    "bare_edit",
    "bare_edit_blank",
    "bare_remove",
    "bare_remove_blank",
    "capabilities",
    "foreign_todos",
    "snapshot",
    "verify",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn schema(path: &str) -> Result<Valid<Schema>, Box<dyn Error>> {
    let text = fs::read_to_string(root().join(path))?;
    Schema::parse_and_validate(text, path).map_err(|invalid| invalid.to_string().into())
}

/// Every document, by the name of its file.
fn documents() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut documents = Vec::new();
    for entry in fs::read_dir(root().join("queries"))? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.ok_or("a file without name")?.to_owned();
        assert_eq!(
            path.extension().and_then(|e| e.to_str()),
            Some("graphql"),
            "{name}"
        );
        documents.push((name, fs::read_to_string(&path)?));
    }
    documents.sort();
    assert!(documents.len() >= 14, "only {} documents", documents.len());
    Ok(documents)
}

fn checked(
    schema: &Valid<Schema>,
    name: &str,
    text: &str,
) -> Result<Valid<ExecutableDocument>, Box<dyn Error>> {
    ExecutableDocument::parse_and_validate(schema, text, Path::new(name))
        .map_err(|invalid| format!("{name}:\n{invalid}").into())
}

fn only_operation(
    document: &ExecutableDocument,
    name: &str,
) -> Result<Node<Operation>, Box<dyn Error>> {
    let operations: Vec<_> = document.operations.iter().collect();
    match operations.as_slice() {
        [one] => Ok((*one).clone()),
        several => Err(format!("{name} holds {} operations", several.len()).into()),
    }
}

#[test]
fn every_document_is_valid_and_holds_one_operation_named_like_its_file() -> Outcome {
    let full = schema("schema.graphql")?;
    for (name, text) in documents()? {
        let document = checked(&full, &name, &text)?;
        let operation = only_operation(&document, &name)?;
        assert!(document.fragments.is_empty(), "{name} holds fragments");
        let named = operation.name.as_ref().map_or("", |named| named.as_str());
        assert_eq!(named.to_lowercase(), name.replace('_', ""), "{name}");
    }
    Ok(())
}

#[test]
fn documents_for_a_bare_backend_are_valid_on_the_tutorials_tables() -> Outcome {
    let bare = schema("tests/schemas/bare-user.graphql")?;
    let documents = documents()?;
    for name in BOTH {
        let (_, text) = documents
            .iter()
            .find(|(found, _)| found == name)
            .ok_or_else(|| format!("no {name}"))?;
        checked(&bare, name, text)?;
    }
    for (name, text) in &documents {
        let accepted = checked(&bare, name, text).is_ok();
        assert_eq!(accepted, BOTH.contains(&name.as_str()), "{name}");
    }
    Ok(())
}

#[test]
fn no_variable_is_nullable_or_has_a_default() -> Outcome {
    let full = schema("schema.graphql")?;
    for (name, text) in documents()? {
        for variable in &only_operation(&*checked(&full, &name, &text)?, &name)?.variables {
            let what = format!("{name}: ${}: {}", variable.name, variable.ty);
            assert!(variable.ty.is_non_null(), "{what}");
            assert!(variable.default_value.is_none(), "{what}");
            if let Type::NonNullList(inner) = &*variable.ty {
                assert!(inner.is_non_null(), "{what}");
            }
        }
    }
    Ok(())
}

/// An empty filter edits or removes everything, so filters are written in the
/// documents. The one input that holds one is made by a single constructor.
#[test]
fn no_variable_holds_a_filter_but_the_one_with_a_constructor() -> Outcome {
    let full = schema("schema.graphql")?;
    let mut holders = BTreeSet::new();
    for (name, text) in documents()? {
        for variable in &only_operation(&*checked(&full, &name, &text)?, &name)?.variables {
            let named = variable.ty.inner_named_type().as_str();
            assert!(!named.ends_with("_bool_exp"), "{name}: ${}", variable.name);
            if reaches_filter(&full, named, &mut BTreeSet::new()) {
                holders.insert((name.clone(), named.to_owned()));
            }
        }
    }
    let expected = ("edit_todos".to_owned(), "todos_updates".to_owned());
    assert_eq!(holders, BTreeSet::from([expected]));
    Ok(())
}

/// Returns whether a value of input type `name` can hold a filter at any depth.
fn reaches_filter(schema: &Schema, name: &str, seen: &mut BTreeSet<String>) -> bool {
    if name.ends_with("_bool_exp") {
        return true;
    }
    if !seen.insert(name.to_owned()) {
        return false;
    }
    let Some(ExtendedType::InputObject(input)) = schema.types.get(name) else {
        return false;
    };
    input
        .fields
        .values()
        .any(|field| reaches_filter(schema, field.ty.inner_named_type().as_str(), seen))
}

/// Filters that name no column, or none but the optional ones, would match
/// everything: each filter in a mutation names the todo.
#[test]
fn every_filter_of_a_mutation_names_the_todo() -> Outcome {
    for (name, text) in documents()? {
        let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !flat.contains("mutation ") {
            continue;
        }
        for filter in flat.split("where: {").skip(1) {
            assert!(
                filter.starts_with(" id: { _eq: $id }")
                    || filter.starts_with(" client_id: { _eq: $key }")
                    || filter.starts_with(" client_id: { _in: $keys }"),
                "{name}: {filter}"
            );
        }
    }
    Ok(())
}

/// What a real Hasura showed role `user`, kept in `tests/schemas`; descriptions
/// may differ, meaning may not.
#[test]
fn the_schema_says_what_a_real_hasura_showed_the_role() -> Outcome {
    let ours = schema("schema.graphql")?;
    let recorded = schema("tests/schemas/full-user.graphql")?;
    let (ours, recorded) = (without_descriptions(&ours), without_descriptions(&recorded));
    let differences: Vec<_> = ours.symmetric_difference(&recorded).collect();
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(ours.len() > 150, "only {} lines compared", ours.len());
    Ok(())
}

fn default(value: Option<&Node<Value>>) -> String {
    value.map(|value| format!(" = {value}")).unwrap_or_default()
}

/// Every type, field, argument and value, one a line, sorted.
fn without_descriptions(schema: &Schema) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (name, extended) in &schema.types {
        if extended.is_built_in() {
            continue;
        }
        match extended {
            ExtendedType::Scalar(_) => {
                lines.insert(format!("scalar {name}"));
            }
            ExtendedType::Object(object) => {
                for (field, of) in &object.fields {
                    let arguments: BTreeSet<_> = of
                        .arguments
                        .iter()
                        .map(|a| {
                            format!("{}: {}{}", a.name, a.ty, default(a.default_value.as_ref()))
                        })
                        .collect();
                    lines.insert(format!("type {name}.{field}{arguments:?}: {}", of.ty));
                }
            }
            ExtendedType::InputObject(input) => {
                for (field, of) in &input.fields {
                    lines.insert(format!(
                        "input {name}.{field}: {}{}",
                        of.ty,
                        default(of.default_value.as_ref())
                    ));
                }
            }
            ExtendedType::Enum(of) => {
                for value in of.values.keys() {
                    lines.insert(format!("enum {name}.{value}"));
                }
            }
            ExtendedType::Interface(_) | ExtendedType::Union(_) => {
                lines.insert(format!("{name} of an unexpected kind"));
            }
        }
    }
    lines
}
