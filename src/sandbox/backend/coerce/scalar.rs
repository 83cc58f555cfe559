//! Coercion of scalars.

use serde_json::{Number, Value};

use super::super::{
    answer::{ErrorCode, ErrorPath, RequestError},
    document::json_name,
    types::Scalar,
};
use super::{Given, mismatch};

/// Coerces a value to a scalar.
pub(super) fn scalar(
    given: Given<'_>,
    name: &str,
    rule: Scalar,
    path: &ErrorPath,
) -> Result<Value, RequestError> {
    let value = given.to_json();
    match rule {
        Scalar::Column => column(value, name, path),
        Scalar::NonNegative => match value.as_number() {
            Some(number) if !given.is_float() && number.as_f64() >= Some(0.0) => {
                bounded(number, i64::from(i32::MAX), path)
            }
            Some(_) | None => Err(mismatch(path, name, "a non-negative 32-bit integer", given)),
        },
        Scalar::Offset => match (value.as_number(), value.as_str()) {
            (Some(number), _) if !given.is_float() => bounded(number, i64::MAX, path),
            (_, Some(text))
                if text.bytes().all(|byte| byte.is_ascii_digit())
                    && let Ok(number) = text.parse::<i64>() =>
            {
                Ok(number.into())
            }
            (_, _) => Err(mismatch(path, name, OFFSET, given)),
        },
        Scalar::Strict => match (name, &value) {
            ("Boolean", Value::Bool(_)) | ("String", Value::String(_)) => Ok(value),
            ("Boolean", _) => Err(mismatch(path, name, "a boolean", given)),
            (_, _) => Err(mismatch(path, name, "a string", given)),
        },
    }
}

const OFFSET: &str = "a 32-bit integer, or a 64-bit integer represented as a string";

/// Parses an integer between `-most` and `most`.
fn bounded(number: &Number, most: i64, path: &ErrorPath) -> Result<Value, RequestError> {
    let found = whole(number).filter(|found| *found <= most && *found >= -most - 1);
    found.map(Value::from).ok_or_else(|| {
        let message = format!(
            "The value {number} lies outside the bounds or is not an integer. Maybe it is a \
             float, or is there integer overflow?"
        );
        RequestError::at(path, ErrorCode::ParseFailed, message)
    })
}

/// A value for the database: strings pass, whatever the column's type, since
/// `PostgreSQL` itself reads them.
fn column(value: Value, name: &str, path: &ErrorPath) -> Result<Value, RequestError> {
    let expected = match (name, &value) {
        (_, Value::Null) => {
            let message = format!("unexpected null value for type '{name}'");
            return Err(RequestError::validation(path, message));
        }
        (_, Value::String(_)) | ("Boolean", Value::Bool(_)) => return Ok(value),
        ("Int", Value::Number(number)) => return bounded(number, i64::from(i32::MAX), path),
        ("bigint", Value::Number(number)) => return bounded(number, i64::MAX, path),
        ("Int", _) => "parsing Integer expected for input type: integer failed, expected Number",
        ("bigint", _) => "parsing Integer expected for input type: bigint failed, expected Number",
        ("Boolean", _) => "parsing Bool failed, expected Bool",
        ("uuid", _) => "parsing UUID failed, expected String",
        (_, _) => "parsing Text failed, expected String",
    };
    let found = json_name(&value);
    Err(RequestError::at(
        path,
        ErrorCode::ParseFailed,
        format!("{expected}, but encountered {found}"),
    ))
}

/// The integer that a JSON number is; `1.0` is one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float without fraction inside i64's exact range is converted exactly"
)]
fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 9.0e15)
            .map(|float| float as i64)
    })
}
