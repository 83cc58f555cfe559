//! What issuers write otherwise than the standards have it, put right before
//! it is read: an approved login, or a refresh that spent its token, is not to
//! be lost over a number in quotes.

use serde_json::{Map, Value};

/// The members that count seconds.
const SECONDS: [&str; 2] = ["expires_in", "interval"];
/// Members that may be missing, and are of no use unless they are text.
const TEXTS: [&str; 5] = [
    "error_description",
    "error_uri",
    "scope",
    "id_token",
    "refresh_token",
];

/// `answer` as a JSON object, without a byte order mark before it; `None` when
/// it is none.
pub(crate) fn object(answer: &[u8]) -> Option<Map<String, Value>> {
    let mut object: Map<String, Value> = serde_json::from_slice(without_mark(answer)).ok()?;
    for name in SECONDS {
        put_right(&mut object, name, seconds);
    }
    for name in TEXTS {
        put_right(&mut object, name, text);
    }
    Some(object)
}

/// `answer` without a byte order mark (RFC 8259, section 8.1: may be ignored).
pub(crate) fn without_mark(answer: &[u8]) -> &[u8] {
    answer.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(answer)
}

/// Replaces the member `name` by what it means, or leaves it out.
fn put_right(
    object: &mut Map<String, Value>,
    name: &str,
    meaning: impl Fn(&Value) -> Option<Value>,
) {
    let Some(found) = object.remove(name) else {
        return;
    };
    if let Some(meant) = meaning(&found) {
        object.insert(name.to_owned(), meant);
    }
}

/// Whole seconds, also written with a fraction or as text.
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
        reason = "checked to be no less than 0; the fraction is meant to go"
    )]
    (number >= 0.0).then(|| (number as u64).into())
}

/// Text that is there.
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
    fn seconds_are_read_however_they_are_written() {
        for (written, meant) in [
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
            let kept = meant.map_or_else(|| json!({}), |meant| json!({"expires_in": meant}));
            assert_eq!(
                read(&json!({"expires_in": written})),
                Some(kept),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_text_is_left_out_and_the_rest_stays() {
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
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(object(b"\xEF\xBB\xBF{}"), Some(Map::new()));
        assert_eq!(object(b"\xEF\xBB{}"), None);
        assert_eq!(object(b"[]"), None);
    }
}
