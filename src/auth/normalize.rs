//! Normalisation of token responses that deviate from the standards: an approved
//! login, or a refresh that used up its token, must not fail over a number in
//! quotes.

use serde_json::{Map, Value};

/// Members that are a number of seconds.
const SECONDS: [&str; 2] = ["expires_in", "interval"];
/// Optional members, dropped unless they are text.
const TEXTS: [&str; 5] = [
    "error_description",
    "error_uri",
    "scope",
    "id_token",
    "refresh_token",
];

/// Parses and normalises `answer`, ignoring a byte order mark; `None` when it is
/// not a JSON object.
pub(crate) fn object(answer: &[u8]) -> Option<Map<String, Value>> {
    let mut object: Map<String, Value> = serde_json::from_slice(without_mark(answer)).ok()?;
    for name in SECONDS {
        normalize(&mut object, name, seconds);
    }
    for name in TEXTS {
        normalize(&mut object, name, text);
    }
    Some(object)
}

/// Strips a byte order mark (RFC 8259, section 8.1: may be ignored).
pub(crate) fn without_mark(answer: &[u8]) -> &[u8] {
    answer.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(answer)
}

/// Replaces the member `name` by its normal form, or removes it.
fn normalize(
    object: &mut Map<String, Value>,
    name: &str,
    normal_form: impl Fn(&Value) -> Option<Value>,
) {
    let Some(found) = object.remove(name) else {
        return;
    };
    if let Some(normal) = normal_form(&found) {
        object.insert(name.to_owned(), normal);
    }
}

/// Reads whole seconds, also from a fraction or a text.
fn seconds(found: &Value) -> Option<Value> {
    if let Some(whole) = found.as_u64() {
        return Some(whole.into());
    }
    let number = match found.as_str() {
        Some(text) => text.trim().parse().ok()?,
        None => found.as_f64()?,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be at least 0; the fraction is dropped"
    )]
    (number >= 0.0).then(|| (number as u64).into())
}

/// Reads a text that is not empty.
fn text(found: &Value) -> Option<Value> {
    found
        .as_str()
        .filter(|text| !text.is_empty())
        .map(Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &Value) -> Option<Value> {
        object(answer.to_string().as_bytes()).map(Value::Object)
    }

    #[test]
    fn seconds_are_read_as_number_fraction_or_text() {
        for (written, seconds) in [
            (json!(900), Some(900)),
            (json!("900"), Some(900)),
            (json!(" 900 "), Some(900)),
            (json!(900.7), Some(900)),
            (json!("900.7"), Some(900)),
            (json!(0), Some(0)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(-1), None),
            (json!("-1"), None),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!(null), None),
            (json!([900]), None),
        ] {
            let expected = seconds.map_or_else(|| json!({}), |s| json!({"expires_in": s}));
            assert_eq!(
                read(&json!({"expires_in": written})),
                Some(expected),
                "{written}"
            );
        }
    }

    #[test]
    fn members_that_should_be_text_and_are_not_are_dropped() {
        assert_eq!(
            read(&json!({
                "error": "slow_down",
                "error_description": {"text": "no"},
                "error_uri": 5,
                "scope": ["openid"],
                "id_token": "",
                "other": [1],
            })),
            Some(json!({"error": "slow_down", "other": [1]}))
        );
        let right = json!({"scope": "openid", "id_token": "a.b.c", "error_description": "no"});
        assert_eq!(read(&right), Some(right));
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert_eq!(object(b"\xEF\xBB\xBF{}"), Some(Map::new()));
        assert_eq!(object(b"\xEF\xBB{}"), None);
        assert_eq!(object(b"[]"), None);
    }
}
