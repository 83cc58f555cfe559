//! Answers as text: their keys come in the order in which a request selects
//! them, which a [`Value`] does not keep.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeStruct as _},
};
use serde_json::Value;

use super::{answer::RequestError, selection::Selected};

/// A value with the selection it answers.
#[derive(Debug, Clone, Copy)]
struct WrittenValue<'a> {
    fields: &'a [Selected],
    value: &'a Value,
}

impl Serialize for WrittenValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.fields;
        match self.value {
            Value::Object(members) if !fields.is_empty() => {
                let mut map = serializer.serialize_map(None)?;
                for field in fields {
                    if let Some(value) = members.get(&field.key) {
                        let fields = &field.fields;
                        map.serialize_entry(&field.key, &WrittenValue { fields, value })?;
                    }
                }
                map.end()
            }
            Value::Array(members) => {
                serializer.collect_seq(members.iter().map(|value| WrittenValue { fields, value }))
            }
            Value::Object(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => self.value.serialize(serializer),
        }
    }
}

impl Serialize for RequestError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct WrittenExtensions<'a> {
            path: &'a str,
            code: &'a str,
        }
        let mut fault = serializer.serialize_struct("RequestError", 2)?;
        fault.serialize_field("message", &self.message)?;
        let extensions = WrittenExtensions {
            path: &self.path,
            code: self.code.text(),
        };
        fault.serialize_field("extensions", &extensions)?;
        fault.end()
    }
}

/// `{"data": …}`, or nothing for what no JSON can hold.
pub(super) fn data(fields: &[Selected], value: &Value) -> String {
    let shown = serde_json::to_string(&WrittenValue { fields, value });
    shown.map_or_else(|_| String::new(), |data| format!("{{\"data\":{data}}}"))
}

/// `{"errors": […]}`.
pub(super) fn errors(fault: &RequestError) -> String {
    let fault = serde_json::to_string(fault);
    fault.map_or_else(
        |_| String::new(),
        |fault| format!("{{\"errors\":[{fault}]}}"),
    )
}
