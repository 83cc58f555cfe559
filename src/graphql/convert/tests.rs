use std::error::Error;

use serde_json::{Value, json};

use super::*;
use crate::sync::remote::{Batch, KeyedEdit, PushAnswer};

fn read<C: Call>(call: &C, data: Value) -> Result<C::Answer, Box<dyn Error>> {
    Ok(call.read(serde_json::from_value(data)?)?)
}

fn key(n: u8) -> Result<Key, uuid::Error> {
    format!("00000000-0000-7000-8000-0000000000{n:02}").parse()
}

fn change(n: u8, revision: &Value) -> Value {
    json!({
        "id": n, "client_id": format!("00000000-0000-7000-8000-0000000000{n:02}"),
        "text": "buy milk", "revision": revision, "deleted": false,
        "created_at": "2026-11-23T06:30:14.123456+00:00", "updated_at": "infinity",
    })
}

#[test]
fn a_page_of_the_feed_becomes_rows_and_removals() -> Result<(), Box<dyn Error>> {
    let page = PullQuery { since: 4, limit: 9 };
    let mut removed = change(2, &json!("6"));
    removed["deleted"] = json!(true);
    removed["text"] = Value::Null;
    let mut blank = change(3, &json!(9_007_199_254_740_993_i64));
    blank["text"] = Value::Null;
    let (rows, mark) = read(
        &page,
        json!({"todo_changes": [change(1, &json!(5)), removed, blank], "users": []}),
    )?;
    assert_eq!(mark, None);
    let created: Timestamp = "2026-11-23T06:30:14.123456Z".parse()?;
    let row = |n: u8, text: &str, revision| -> Result<_, uuid::Error> {
        Ok(FeedRow::Present(Row {
            key: key(n)?,
            id: n.into(),
            text: text.to_owned(),
            revision,
            created_at: Some(created),
            updated_at: None,
        }))
    };
    assert_eq!(
        rows,
        [
            row(1, "buy milk", 5)?,
            FeedRow::Removed {
                key: key(2)?,
                revision: 6
            },
            row(3, "", 9_007_199_254_740_993)?,
        ]
    );
    Ok(())
}

#[test]
fn a_feed_that_does_not_advance_is_an_error() {
    let page = PullQuery { since: 5, limit: 9 };
    for rows in [
        json!([change(1, &json!(5))]),
        json!([change(1, &json!(7)), change(2, &json!(7))]),
        json!([change(1, &json!(8)), change(2, &json!(7))]),
        json!([change(1, &Value::Null)]),
    ] {
        let answer = read(&page, json!({ "todo_changes": rows, "users": [] }));
        assert!(answer.is_err(), "{rows} gave {answer:?}");
    }
}

#[test]
fn a_page_of_one_row_may_be_larger_than_others() {
    let limit = |limit| PullQuery { since: 0, limit }.limit();
    assert_eq!(limit(2000), 8 << 20);
    assert!(limit(1) > limit(2));
}

#[test]
fn adds_are_answered_in_the_order_sent_whatever_the_server_returns() -> Result<(), Box<dyn Error>> {
    let adds = Batch::Add(vec![
        (key(1)?, "a".to_owned()),
        (key(2)?, "b".to_owned()),
        (key(3)?, "c".to_owned()),
    ]);
    let answers = read(
        &adds,
        json!({"insert_todos": {"returning": [
            {"id": 13, "client_id": key(3)?.to_string(), "revision": 8},
            {"id": 11, "client_id": key(1)?.to_string(), "revision": 7},
        ]}}),
    )?;
    let row = |id, revision| PushAnswer::Row { id, revision };
    assert_eq!(answers, [row(11, 7), PushAnswer::NoRow, row(13, 8)]);
    Ok(())
}

#[test]
fn every_edit_has_its_own_answer() -> Result<(), Box<dyn Error>> {
    let edit = |n, revision| -> Result<KeyedEdit, uuid::Error> {
        Ok(KeyedEdit {
            key: key(n)?,
            revision,
            before: "a".to_owned(),
            after: "b".to_owned(),
        })
    };
    let edits = Batch::Edit(vec![edit(1, 1)?, edit(2, 99)?]);
    let one = json!({"returning": [{"id": 1, "revision": 6}]});
    let none = json!({"returning": []});
    let answers = read(&edits, json!({"update_todos_many": [one, none]}))?;
    assert_eq!(
        answers,
        [PushAnswer::Row { id: 1, revision: 6 }, PushAnswer::NoRow]
    );
    for odd in [
        json!(null),
        json!([]),
        json!([one]),
        json!([one, null]),
        json!([one, {"returning": [{"id": 1, "revision": 6}, {"id": 2, "revision": 7}]}]),
    ] {
        let answer = read(&edits, json!({ "update_todos_many": odd }));
        assert!(answer.is_err(), "{odd} gave {answer:?}");
    }
    Ok(())
}

#[test]
fn a_row_seen_without_text_is_found_though_it_holds_a_null() -> Result<(), Box<dyn Error>> {
    let operation = |body: Vec<u8>| -> Result<Value, Box<dyn Error>> {
        let body: Value = serde_json::from_slice(&body)?;
        Ok(json!([body["operationName"], body["variables"]]))
    };
    let edit = |before: &str| {
        let (before, after) = (before.to_owned(), "b".to_owned());
        Batch::BareEdit {
            id: 4,
            before,
            after,
        }
        .body()
    };
    assert_eq!(
        operation(edit("a")?)?,
        json!(["BareEdit", {"id": 4, "before": "a", "after": "b"}])
    );
    assert_eq!(
        operation(edit("")?)?,
        json!(["BareEditBlank", {"id": 4, "after": "b"}])
    );
    let remove = |before: &str| {
        let before = before.to_owned();
        Batch::BareRemove { id: 4, before }.body()
    };
    assert_eq!(
        operation(remove("a")?)?,
        json!(["BareRemove", {"id": 4, "before": "a"}])
    );
    assert_eq!(
        operation(remove("")?)?,
        json!(["BareRemoveBlank", {"id": 4}])
    );
    Ok(())
}

#[test]
fn a_user_table_with_rows_of_others_is_an_error() {
    let user = json!({"id": 1, "revision": 5, "purged_revision": 0});
    let pull = PullQuery { since: 0, limit: 9 };
    let users = |users: Value| read(&pull, json!({"todo_changes": [], "users": users}));
    assert!(matches!(users(json!([user])), Ok((_, Some(_)))));
    assert!(users(json!([user, user])).is_err());
    assert!(matches!(users(json!([])), Ok((_, None))));
}

#[test]
fn a_change_of_one_row_that_wrote_several_is_an_error() -> Result<(), Box<dyn Error>> {
    let remove = Batch::BareRemove {
        id: 4,
        before: "a".to_owned(),
    };
    let affected = |n: i64| read(&remove, json!({"delete_todos": {"affected_rows": n}}));
    assert_eq!(affected(0)?, [PushAnswer::NoRow]);
    assert_eq!(affected(1)?, [PushAnswer::Row { id: 4, revision: 0 }]);
    assert!(affected(2).is_err());
    Ok(())
}

#[test]
fn bare_adds_are_distinguished_by_their_texts() -> Result<(), Box<dyn Error>> {
    let texts = ["a", "b", "a", "c"].map(str::to_owned).to_vec();
    let adds = Batch::BareAdd(texts);
    let row = |id: i64, text: &str| json!({"id": id, "text": text});
    let rows = [row(9, "b"), row(8, "a"), row(7, "a"), row(6, "trimmed")];
    let answers = read(&adds, json!({"insert_todos": {"returning": rows}}))?;
    let ids = [7, 9, 8, 6].map(|id| PushAnswer::Row { id, revision: 0 });
    assert_eq!(answers, ids);
    let too_few = json!({"insert_todos": {"returning": [row(9, "b")]}});
    assert!(read(&adds, too_few).is_err());
    Ok(())
}
