//! `__schema` and `__type`: the types, shown as data.

use async_graphql_parser::types::{BaseType, Type};
use serde_json::{Map, Value, json};

use super::{
    directives::{self, Directive},
    selection::Selected,
    types::{
        Definition, EnumValue, InputField, MUTATION, ObjectField, QUERY, SUBSCRIPTION, Scalar,
        TypeKind, Types, list_of, named, required,
    },
};

const KINDS: [&str; 8] = [
    "ENUM",
    "INPUT_OBJECT",
    "INTERFACE",
    "LIST",
    "NON_NULL",
    "OBJECT",
    "SCALAR",
    "UNION",
];

/// Adds the types that introspection itself has.
pub(super) fn add(types: &mut Types) {
    let schema = vec![
        ObjectField::new("description", named("String")),
        ObjectField::new("directives", required(list_of("__Directive"))),
        ObjectField::new("mutationType", named("__Type")),
        ObjectField::new("queryType", required(named("__Type"))),
        ObjectField::new("subscriptionType", named("__Type")),
        ObjectField::new("types", required(list_of("__Type"))),
    ];
    types.add("__Schema", None, TypeKind::Object(schema));
    let of_type = vec![
        ObjectField::new("description", named("String")),
        ObjectField::new("enumValues", list_of("__EnumValue")).takes(with_deprecated()),
        ObjectField::new("fields", list_of("__Field")).takes(with_deprecated()),
        ObjectField::new("inputFields", list_of("__InputValue")),
        ObjectField::new("interfaces", list_of("__Type")),
        ObjectField::new("kind", required(named("__TypeKind"))),
        ObjectField::new("name", named("String")),
        ObjectField::new("ofType", named("__Type")),
        ObjectField::new("possibleTypes", list_of("__Type")),
    ];
    types.add("__Type", None, TypeKind::Object(of_type));
    add_members(types);
    types.add("__TypeKind", None, plain_enum(&KINDS));
}

/// The introspection types.
fn add_members(types: &mut Types) {
    let described = || {
        vec![
            ObjectField::new("description", named("String")),
            ObjectField::new("name", required(named("String"))),
        ]
    };
    let deprecable = || {
        let mut fields = described();
        fields.push(ObjectField::new("deprecationReason", named("String")));
        fields.push(ObjectField::new("isDeprecated", required(named("Boolean"))));
        fields
    };
    let of = || ObjectField::new("type", required(named("__Type")));
    let arguments = || ObjectField::new("args", required(list_of("__InputValue")));
    let mut field = deprecable();
    field.push(arguments());
    field.push(of());
    types.add("__Field", None, TypeKind::Object(field));
    let mut input = described();
    input.push(ObjectField::new("defaultValue", named("String")));
    input.push(of());
    types.add("__InputValue", None, TypeKind::Object(input));
    types.add("__EnumValue", None, TypeKind::Object(deprecable()));
    let mut directive = described();
    directive.push(arguments());
    directive.push(ObjectField::new("isRepeatable", required(named("Boolean"))));
    let locations = required(list_of("String"));
    directive.push(ObjectField::new("locations", locations));
    types.add("__Directive", None, TypeKind::Object(directive));
}

fn with_deprecated() -> Vec<InputField> {
    vec![
        InputField::new("includeDeprecated", named("Boolean"))
            .default(json!(false))
            .scalar(Scalar::Strict),
    ]
}

fn plain_enum(names: &[&str]) -> TypeKind {
    let values = names.iter().map(|name| EnumValue {
        name: (*name).to_owned(),
        description: String::new(),
    });
    TypeKind::Enum(values.collect())
}

/// Shows types as the selections ask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Introspection<'a>(pub(super) &'a Types);

fn shown(fields: &[Selected], mut value: impl FnMut(&Selected) -> Value) -> Value {
    let pairs = fields.iter().map(|field| {
        let value = if field.is_typename() {
            Value::String(field.parent.clone())
        } else {
            value(field)
        };
        (field.key.clone(), value)
    });
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn optional(text: Option<&str>) -> Value {
    match text {
        Some(text) if !text.is_empty() => Value::String(text.to_owned()),
        Some(_) | None => Value::Null,
    }
}

impl Introspection<'_> {
    /// `__schema`.
    pub(super) fn schema(self, fields: &[Selected]) -> Value {
        shown(fields, |field| match field.name.as_str() {
            "queryType" => self.by_name(QUERY, &field.fields),
            "mutationType" => self.by_name(MUTATION, &field.fields),
            "subscriptionType" => self.by_name(SUBSCRIPTION, &field.fields),
            "types" => {
                let names = self.0.named.keys();
                names
                    .map(|name| self.by_name(name, &field.fields))
                    .collect()
            }
            "directives" => directives::known()
                .iter()
                .map(|directive| self.directive(directive, &field.fields))
                .collect(),
            _ => Value::Null,
        })
    }

    /// `__type(name)`; null for a name without a type.
    pub(super) fn by_name(self, name: &str, fields: &[Selected]) -> Value {
        match self.0.named.get(name) {
            Some(definition) => self.definition(name, definition, fields),
            None => Value::Null,
        }
    }

    fn of(self, of: &Type, fields: &[Selected]) -> Value {
        let (kind, inner) = match &of.base {
            _ if !of.nullable => {
                let mut inner = of.clone();
                inner.nullable = true;
                ("NON_NULL", inner)
            }
            BaseType::List(member) => ("LIST", (**member).clone()),
            BaseType::Named(name) => return self.by_name(name, fields),
        };
        shown(fields, |field| match field.name.as_str() {
            "kind" => json!(kind),
            "ofType" => self.of(&inner, &field.fields),
            _ => Value::Null,
        })
    }

    fn definition(self, name: &str, definition: &Definition, fields: &[Selected]) -> Value {
        shown(fields, |field| {
            match (field.name.as_str(), &definition.shape) {
                ("name", _) => json!(name),
                ("description", _) => optional(definition.description.as_deref()),
                ("kind", shape) => json!(match shape {
                    TypeKind::Scalar => "SCALAR",
                    TypeKind::Enum(_) => "ENUM",
                    TypeKind::Input(_) => "INPUT_OBJECT",
                    TypeKind::Object(_) => "OBJECT",
                }),
                ("interfaces", TypeKind::Object(_)) => json!([]),
                ("fields", TypeKind::Object(all)) => {
                    let visible = all.iter().filter(|known| !known.name.starts_with("__"));
                    let mut visible: Vec<_> = visible.collect();
                    visible.sort_by(|a, b| a.name.cmp(&b.name));
                    visible
                        .into_iter()
                        .map(|known| self.field(known, &field.fields))
                        .collect()
                }
                ("inputFields", TypeKind::Input(all)) => all
                    .iter()
                    .map(|known| self.input(known, &field.fields))
                    .collect(),
                ("enumValues", TypeKind::Enum(all)) => all
                    .iter()
                    .map(|known| enum_value(known, &field.fields))
                    .collect(),
                (_, _) => Value::Null,
            }
        })
    }

    fn field(self, known: &ObjectField, fields: &[Selected]) -> Value {
        shown(fields, |field| match field.name.as_str() {
            "name" => json!(known.name),
            "description" => optional(known.description.as_deref()),
            "args" => {
                let arguments = known.arguments.iter();
                arguments
                    .map(|argument| self.input(argument, &field.fields))
                    .collect()
            }
            "type" => self.of(&known.of, &field.fields),
            "isDeprecated" => json!(false),
            _ => Value::Null,
        })
    }

    fn input(self, known: &InputField, fields: &[Selected]) -> Value {
        shown(fields, |field| match field.name.as_str() {
            "name" => json!(known.name),
            "description" => optional(known.description.as_deref()),
            "type" => self.of(&known.of, &field.fields),
            "defaultValue" => known
                .default
                .as_ref()
                .map_or(Value::Null, |value| json!(value.to_string())),
            _ => Value::Null,
        })
    }

    fn directive(self, known: &Directive, fields: &[Selected]) -> Value {
        shown(fields, |field| match field.name.as_str() {
            "name" => json!(known.name),
            "description" => json!(known.description),
            "args" => {
                let arguments = known.arguments.iter();
                arguments
                    .map(|argument| self.input(argument, &field.fields))
                    .collect()
            }
            "isRepeatable" => json!(false),
            "locations" => json!(known.locations),
            _ => Value::Null,
        })
    }
}

fn enum_value(known: &EnumValue, fields: &[Selected]) -> Value {
    shown(fields, |field| match field.name.as_str() {
        "name" => json!(known.name),
        "description" => optional(Some(&known.description)),
        "isDeprecated" => json!(false),
        _ => Value::Null,
    })
}
