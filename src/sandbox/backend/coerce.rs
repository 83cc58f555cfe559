//! Values against input types: what is sent becomes plain JSON of the right
//! shape, or the error Hasura has for it, with its path.

mod scalar;

use std::collections::HashMap;

use async_graphql_parser::{
    Positioned,
    types::{BaseType, Type},
};
use async_graphql_value::{Name, Value as Literal};
use serde_json::{Map, Value};

use super::{
    answer::{ErrorCode, ErrorPath, RequestError, is_name},
    types::{EnumValue, InputField, Null, TypeKind, Types},
    variables::{Held, Variable},
};
use scalar::scalar;

/// A value as written in the request.
#[derive(Debug, Clone, Copy)]
enum Given<'a> {
    Literal(&'a Literal),
    Json(&'a Value),
}

impl Given<'_> {
    fn is_null(self) -> bool {
        matches!(
            self,
            Given::Literal(Literal::Null) | Given::Json(Value::Null)
        )
    }

    /// Returns whether the document itself writes it with a point or an exponent. An
    /// integer too large for 64 bits is a float only to the parser.
    fn is_float(self) -> bool {
        let Given::Literal(Literal::Number(number)) = self else {
            return false;
        };
        number.is_f64() && number.as_f64().is_some_and(|float| float.abs() < 9.2e18)
    }

    /// Names the type of the value as Hasura's messages do.
    fn described(self) -> &'static str {
        match self {
            Given::Literal(literal) => match literal {
                Literal::Variable(_) => "a variable",
                Literal::Null => "null",
                Literal::Number(number) if number.is_f64() => "a float",
                Literal::Number(_) => "an integer",
                Literal::String(_) | Literal::Binary(_) => "a string",
                Literal::Boolean(_) => "a boolean",
                Literal::Enum(_) => "an enum value",
                Literal::List(_) => "a list",
                Literal::Object(_) => "an object",
            },
            Given::Json(json) => match json {
                Value::Null => "null",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::String(_) => "a string",
                Value::Array(_) => "a list",
                Value::Object(_) => "an object",
            },
        }
    }

    fn to_json(self) -> Value {
        match self {
            Given::Json(json) => json.clone(),
            Given::Literal(literal) => literal_json(literal),
        }
    }
}

fn literal_json(literal: &Literal) -> Value {
    match literal {
        Literal::Variable(_) | Literal::Null | Literal::Binary(_) => Value::Null,
        Literal::Number(number) => Value::Number(number.clone()),
        Literal::String(text) => Value::String(text.clone()),
        Literal::Boolean(flag) => Value::Bool(*flag),
        Literal::Enum(name) => Value::String(name.to_string()),
        Literal::List(members) => members.iter().map(literal_json).collect(),
        Literal::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.to_string(), literal_json(value)))
            .collect(),
    }
}

/// Coerces the values of one operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coercion<'a> {
    pub(super) types: &'a Types,
    pub(super) variables: &'a HashMap<String, Variable>,
}

impl<'a> Coercion<'a> {
    /// The arguments of a field or directive, without those left out.
    pub(super) fn arguments(
        self,
        owner: &str,
        fields: &[InputField],
        given: &'a [(Positioned<Name>, Positioned<Literal>)],
        path: &mut ErrorPath,
    ) -> Result<Map<String, Value>, RequestError> {
        for (key, _) in given {
            let key = &key.node;
            if !fields.iter().any(|field| field.name == key.as_str()) {
                let message = format!("'{owner}' has no argument named '{key}'");
                return Err(RequestError::validation(path, message));
            }
        }
        let find = |name: &str| {
            let mut named = given.iter().filter(|(key, _)| key.node == name);
            named.next().map(|(_, value)| Given::Literal(&value.node))
        };
        path.key("args", |path| self.fields(fields, find, path))
    }

    fn fields(
        self,
        fields: &[InputField],
        find: impl Fn(&str) -> Option<Given<'a>>,
        path: &mut ErrorPath,
    ) -> Result<Map<String, Value>, RequestError> {
        let mut coerced = Map::new();
        for field in fields {
            let value = path.key(&field.name, |path| match find(&field.name) {
                Some(given) => self.field(field, given, path).map(Some),
                None if field.default.is_some() => Ok(field.default.clone()),
                None if field.of.nullable => Ok(None),
                None => Err(RequestError::validation(
                    path,
                    format!("missing required field '{}'", field.name),
                )),
            })?;
            match value {
                Some(Value::Null) if field.null != Null::Kept => {}
                Some(value) => {
                    coerced.insert(field.name.clone(), value);
                }
                None => {}
            }
        }
        Ok(coerced)
    }

    fn field(
        self,
        field: &InputField,
        given: Given<'a>,
        path: &mut ErrorPath,
    ) -> Result<Value, RequestError> {
        let given = self.peel(given, &field.of, field.default.is_some(), path)?;
        self.value(given, &field.of, field, path)
    }

    /// Replaces a variable by what it holds, if it may stand here.
    fn peel(
        self,
        given: Given<'a>,
        place: &Type,
        place_has_default: bool,
        path: &ErrorPath,
    ) -> Result<Given<'a>, RequestError> {
        let Given::Literal(Literal::Variable(name)) = given else {
            return Ok(given);
        };
        let Some(variable) = self.variables.get(name.as_str()) else {
            return Err(RequestError::new(
                ErrorCode::ValidationFailed,
                format!("unbound variable \"{name}\""),
            ));
        };
        if !may_stand(place, variable, place_has_default) {
            return Err(RequestError::validation(
                path,
                format!(
                    "variable '{name}' is declared as '{}', but used where '{place}' is expected",
                    variable.of
                ),
            ));
        }
        Ok(match &variable.held {
            Held::Sent(value) => Given::Json(value),
            Held::Default(literal) => Given::Literal(literal),
        })
    }

    fn value(
        self,
        given: Given<'a>,
        of: &Type,
        field: &InputField,
        path: &mut ErrorPath,
    ) -> Result<Value, RequestError> {
        let given = self.peel(given, of, false, path)?;
        if given.is_null() && of.nullable && field.null != Null::Refused {
            return Ok(Value::Null);
        }
        match &of.base {
            BaseType::List(member) => self.list(given, member, field, path),
            BaseType::Named(name) => match self.types.named.get(name.as_str()) {
                Some(definition) => match &definition.shape {
                    TypeKind::Scalar => scalar(given, name, field.scalar, path),
                    TypeKind::Enum(values) => choice(given, name, values, path),
                    TypeKind::Input(fields) => self.object(given, name, fields, path),
                    TypeKind::Object(_) => Err(mismatch(path, name, "an input value", given)),
                },
                None => Err(mismatch(path, name, "a known type", given)),
            },
        }
    }

    /// A list; one value stands for a list of one.
    fn list(
        self,
        given: Given<'a>,
        member: &Type,
        field: &InputField,
        path: &mut ErrorPath,
    ) -> Result<Value, RequestError> {
        let members: Vec<Given<'a>> = match given {
            Given::Literal(Literal::List(members)) => members.iter().map(Given::Literal).collect(),
            Given::Json(Value::Array(members)) => members.iter().map(Given::Json).collect(),
            _ if given.is_null() => {
                return Err(RequestError::validation(
                    path,
                    "expected a list, but found null",
                ));
            }
            Given::Literal(_) | Given::Json(_) => vec![given],
        };
        members
            .into_iter()
            .enumerate()
            .map(|(index, given)| path.index(index, |path| self.value(given, member, field, path)))
            .collect()
    }

    fn object(
        self,
        given: Given<'a>,
        name: &str,
        fields: &[InputField],
        path: &mut ErrorPath,
    ) -> Result<Value, RequestError> {
        let keys: Vec<&str> = match given {
            Given::Literal(Literal::Object(object)) => object.keys().map(|key| &**key).collect(),
            Given::Json(Value::Object(object)) => object.keys().map(String::as_str).collect(),
            Given::Literal(_) | Given::Json(_) => {
                return Err(mismatch(path, name, "an object", given));
            }
        };
        if let Some(key) = keys.iter().find(|key| !is_name(key)) {
            let why = "which is not a legal GraphQL name";
            let message = format!("variable value contains object with key \"{key}\", {why}");
            return Err(RequestError::validation(path, message));
        }
        for key in keys {
            if !fields.iter().any(|field| field.name == key) {
                return Err(path.key(key, |path| {
                    RequestError::validation(
                        path,
                        format!("field '{key}' not found in type: '{name}'"),
                    )
                }));
            }
        }
        let find = |key: &str| match given {
            Given::Literal(Literal::Object(object)) => object.get(key).map(Given::Literal),
            Given::Json(Value::Object(object)) => object.get(key).map(Given::Json),
            Given::Literal(_) | Given::Json(_) => None,
        };
        self.fields(fields, find, path).map(Value::Object)
    }
}

fn may_stand(place: &Type, variable: &Variable, place_has_default: bool) -> bool {
    let may_be_null =
        place.nullable || !variable.of.nullable || variable.has_default || place_has_default;
    may_be_null && fits(&place.base, &variable.of.base)
}

/// Returns whether names and lists agree. The nullability of list members is not
/// compared: `[Int]` stands for `[Int!]` until one of its values is null.
fn fits(place: &BaseType, variable: &BaseType) -> bool {
    match (place, variable) {
        (BaseType::Named(place), BaseType::Named(variable)) => place == variable,
        (BaseType::List(place), BaseType::List(variable)) => fits(&place.base, &variable.base),
        (BaseType::Named(_), BaseType::List(_)) | (BaseType::List(_), BaseType::Named(_)) => false,
    }
}

fn mismatch(path: &ErrorPath, name: &str, wanted: &str, given: Given<'_>) -> RequestError {
    let found = given.described();
    RequestError::validation(
        path,
        format!("expected {wanted} for type '{name}', but found {found}"),
    )
}

fn choice(
    given: Given<'_>,
    name: &str,
    values: &[EnumValue],
    path: &ErrorPath,
) -> Result<Value, RequestError> {
    let text: &str = match given {
        Given::Literal(Literal::Enum(text)) => text,
        Given::Json(Value::String(text)) => text,
        Given::Literal(_) | Given::Json(_) => {
            return Err(mismatch(path, name, "an enum value", given));
        }
    };
    if values.iter().any(|value| value.name == text) {
        return Ok(Value::String(text.to_owned()));
    }
    let known: Vec<_> = values
        .iter()
        .map(|value| format!("'{}'", value.name))
        .collect();
    Err(RequestError::validation(
        path,
        format!(
            "expected one of the values [{}] for type '{name}', but found '{text}'",
            known.join(", ")
        ),
    ))
}
