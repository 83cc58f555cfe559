//! JSON objects that preserve order and bytes.
//!
//! Setup parses only the members of the metadata that it changes; everything
//! else stays the text that Hasura sent, with its order, numbers and escapes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A JSON object with its members in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Object(Vec<(String, Box<RawValue>)>);

/// A JSON array.
pub(super) type Array = Vec<Box<RawValue>>;

impl Object {
    /// Parses `raw`; `None` when it is not an object.
    pub(super) fn open(raw: &RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The member `name`.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_ref())
    }

    /// The member `name` as a value.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.get(name).and_then(value)
    }

    /// The text in the member `name`.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// The member `name` as an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.get(name).and_then(Self::open)
    }

    /// The elements of the member `name`; empty when it is not an array.
    pub(super) fn array(&self, name: &str) -> Array {
        let elements = self.get(name).map(|raw| serde_json::from_str(raw.get()));
        elements.and_then(Result::ok).unwrap_or_default()
    }

    /// Replaces the member `name` at its place, or adds it at the end.
    pub(super) fn set(&mut self, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
        let value = to_raw_value(value)?;
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, found)) => *found = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Removes the member `name`.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The object as raw JSON.
    pub(super) fn close(&self) -> serde_json::Result<Box<RawValue>> {
        to_raw_value(self)
    }
}

/// Reads `raw` as a value.
pub(super) fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_opened_keeps_its_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let text = r#"{"z":1.50,"a":{"n":100000000000000000000,"e":1E2,"u":"\u00e9"},"m":[ 1 ]}"#;
        let raw: Box<RawValue> = serde_json::from_str(text)?;
        let mut object = Object::open(&raw).ok_or("no object")?;
        assert_eq!(object.close()?.get(), text);

        object.set("m", &2)?;
        object.set("new", &true)?;
        assert_eq!(
            object.close()?.get(),
            r#"{"z":1.50,"a":{"n":100000000000000000000,"e":1E2,"u":"\u00e9"},"m":2,"new":true}"#
        );
        Ok(())
    }
}
