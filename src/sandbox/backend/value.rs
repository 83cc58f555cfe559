//! Values between JSON and `SQLite`, read and printed as `PostgreSQL` does.
//!
//! `SQLite` keeps timestamps as microseconds since 1970, booleans as 0 and 1,
//! uuids as lower-case text.

use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::Value;
use uuid::Uuid;

use super::{
    answer::{ErrorCode, RequestError},
    table::ColumnType,
    timestamp,
};

fn refuse(message: String) -> RequestError {
    RequestError::new(ErrorCode::DataException, message)
}

fn bad_syntax(kind: &str, text: &str) -> RequestError {
    refuse(format!("invalid input syntax for type {kind}: \"{text}\""))
}

impl ColumnType {
    /// The value that the database keeps. Strings are read as `PostgreSQL` reads
    /// a literal of the type; what it can not read is a data exception.
    pub(super) fn to_sql(self, value: &Value) -> Result<Sql, RequestError> {
        Ok(match (self, value) {
            (_, Value::Null) => Sql::Null,
            (Self::Integer, Value::String(text)) => Sql::Integer(integer(text)?),
            (Self::Bigint, Value::String(text)) => Sql::Integer(whole(text, "bigint")?),
            (Self::Integer | Self::Bigint, Value::Number(number)) => {
                let whole = number.as_i64();
                Sql::Integer(whole.ok_or_else(|| bad_syntax("bigint", &number.to_string()))?)
            }
            (Self::Text, Value::String(text)) => Sql::Text(until_nul(text).to_owned()),
            (Self::Boolean, Value::Bool(flag)) => Sql::Integer(i64::from(*flag)),
            (Self::Boolean, Value::String(text)) => Sql::Integer(i64::from(boolean(text)?)),
            (Self::Uuid, Value::String(text)) => Sql::Text(uuid(text)?.to_string()),
            (Self::Timestamptz, Value::String(text)) => Sql::Integer(timestamp::read(text)?),
            (kind, other) => return Err(bad_syntax(kind.scalar(), &other.to_string())),
        })
    }

    /// The same value for `json_each`.
    pub(super) fn to_listed(self, value: &Value) -> Result<Value, RequestError> {
        Ok(match self.to_sql(value)? {
            Sql::Integer(number) => Value::from(number),
            Sql::Text(text) => Value::String(text),
            Sql::Null | Sql::Real(_) | Sql::Blob(_) => Value::Null,
        })
    }

    /// Returns the JSON value of an answer.
    pub(super) fn to_json(self, stored: ValueRef<'_>) -> Value {
        match (self, stored) {
            (Self::Boolean, ValueRef::Integer(flag)) => Value::Bool(flag != 0),
            (Self::Timestamptz, ValueRef::Integer(at)) => Value::String(timestamp::printed(at)),
            (_, ValueRef::Integer(number)) => Value::from(number),
            (_, ValueRef::Text(text)) => Value::String(String::from_utf8_lossy(text).into_owned()),
            (_, ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_)) => Value::Null,
        }
    }
}

/// `PostgreSQL`'s texts hold no NUL: what follows one is lost without an error.
fn until_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// White space around a value.
fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t'..='\r')
}

fn whole(text: &str, kind: &str) -> Result<i64, RequestError> {
    let trimmed = text.trim_matches(is_space);
    trimmed.parse().map_err(|_| {
        let digits = trimmed.trim_start_matches(['+', '-']);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            refuse(format!("value \"{text}\" is out of range for type {kind}"))
        } else {
            bad_syntax(kind, text)
        }
    })
}

/// A 32-bit integer in text form: how session variables reach an `integer`.
pub(super) fn integer(text: &str) -> Result<i64, RequestError> {
    let number = whole(text, "integer")?;
    if i32::try_from(number).is_err() {
        let message = format!("value \"{text}\" is out of range for type integer");
        return Err(refuse(message));
    }
    Ok(number)
}

fn boolean(text: &str) -> Result<bool, RequestError> {
    match text.trim_matches(is_space).to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Ok(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Ok(false),
        _ => Err(bad_syntax("boolean", text)),
    }
}

/// Braces and missing hyphens are fine, as in `PostgreSQL`; `urn:` is not.
fn uuid(text: &str) -> Result<Uuid, RequestError> {
    let refused = || bad_syntax("uuid", text);
    let bare = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or_else(refused)?,
        None => text,
    };
    let digits = bare.replace('-', "");
    let mut groups = bare.split('-');
    let grouped = groups.all(|group| !group.is_empty() && group.len() % 4 == 0);
    if digits.len() != 32 || !grouped {
        return Err(refused());
    }
    Uuid::try_parse(&digits).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_read_as_postgres_reads_it() -> Result<(), RequestError> {
        let wanted = "00000000-0000-7000-8000-00000000000a";
        for text in [
            wanted,
            "00000000-0000-7000-8000-00000000000A",
            "{00000000-0000-7000-8000-00000000000a}",
            "0000000000007000800000000000000a",
        ] {
            assert_eq!(uuid(text)?.to_string(), wanted);
        }
        for text in [
            "nonsense",
            "",
            "0-000000000007000800000000000000a",
            "00000000--0000-7000-8000-00000000000a",
            "{0}",
        ] {
            assert!(uuid(text).is_err(), "{text}");
        }
        Ok(())
    }

    #[test]
    fn a_text_ends_at_its_first_nul() -> Result<(), RequestError> {
        let stored = ColumnType::Text.to_sql(&Value::String("ab\0cd".to_owned()))?;
        assert_eq!(stored, Sql::Text("ab".to_owned()));
        Ok(())
    }

    #[test]
    fn an_integer_too_large_is_out_of_range() {
        for text in ["2147483648", "99999999999999999999"] {
            let fault = integer(text).err();
            let message = fault.map(|fault| fault.message).unwrap_or_default();
            assert!(message.ends_with("is out of range for type integer"));
        }
        assert_eq!(integer(" 7 "), Ok(7));
        assert!(integer("\u{a0}7").is_err(), "no space to PostgreSQL");
    }
}
