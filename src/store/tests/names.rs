//! Handles, old keys and local numbers.

use super::super::StoreError;
use super::*;
use crate::domain::list::Resolved;
use crate::domain::todo::Handle;

fn named(store: &Store, word: &str) -> Result<Resolved, Box<dyn Error>> {
    Ok(store.resolve(&word.parse::<Handle>()?)?)
}

fn text(resolved: Resolved) -> Option<String> {
    match resolved {
        Resolved::One(todo) => Some(todo.text),
        Resolved::Nothing | Resolved::Several(_) => None,
    }
}

#[test]
fn a_local_number_still_resolves_after_the_server_gave_an_id() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(9), 3, "other")]), 30)?;
    let added = store.commit(&[add(key(1), "a"), add(key(2), "b")])?;
    let handles: Vec<String> = added.iter().map(|todo| todo.handle().to_string()).collect();
    assert_eq!(handles, ["n1", "n2"]);
    let seqs = seqs(&store)?;
    store.mark_sent(&seqs)?;
    store.apply_outcome(&[(
        seqs.last().copied().ok_or("an entry")?,
        applied(Some(8), Some(80)),
    )])?;
    assert_eq!(text(named(&store, "n2")?).as_deref(), Some("b"));
    assert_eq!(text(named(&store, "8")?).as_deref(), Some("b"));
    assert_eq!(texts(&store, &all())?, ["other", "b", "a"]);

    store.apply(&present(&[row(key(2), 8, "b")]), 80)?;
    assert_eq!(text(named(&store, "n2")?).as_deref(), Some("b"));
    assert_eq!(text(named(&store, "3")?).as_deref(), Some("other"));
    assert_eq!(named(&store, "n3")?, Resolved::Nothing);
    assert_eq!(named(&store, "4")?, Resolved::Nothing);
    Ok(())
}

#[test]
fn local_numbers_are_never_reused() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    store.commit(&[remove(key(1), "a")])?;
    let added = store.commit(&[add(key(2), "b")])?;
    assert_eq!(added.first().and_then(|todo| todo.local), Some(2));
    assert_eq!(named(&store, "n1")?, Resolved::Nothing);
    Ok(())
}

#[test]
fn a_prefix_names_one_todo_or_lists_several() -> TestResult {
    let mut store = store()?;
    let far = Key::new(Uuid::from_u128(0xabcd_ef01_2345_7000_8000_0000_0000_0001));
    store.apply(
        &present(&[row(key(1), 1, "a"), row(key(2), 2, "b"), row(far, 3, "c")]),
        30,
    )?;
    assert_eq!(text(named(&store, "abcdef01")?).as_deref(), Some("c"));
    assert_eq!(text(named(&store, "ABCDEF01-2345")?).as_deref(), Some("c"));
    assert_eq!(text(named(&store, &far.to_string())?).as_deref(), Some("c"));
    assert_eq!(named(&store, "abcdef02")?, Resolved::Nothing);
    match named(&store, "01900000-0000")? {
        Resolved::Several(todos) => assert_eq!(todos.len(), 2),
        other @ (Resolved::Nothing | Resolved::One(_)) => {
            return Err(format!("{other:?}").into());
        }
    }
    Ok(())
}

#[test]
fn the_greatest_number_is_completed_to_no_id() -> TestResult {
    let store = store()?;
    assert_eq!(store.with_id_prefix(&i64::MAX.to_string(), true, 9)?, []);
    Ok(())
}

#[test]
fn a_name_that_cannot_be_read_is_deleted() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.commit(&[add(key(1), "a")])?;
    let broken = "UPDATE numbers SET key = x'01';
         INSERT INTO aliases(old, new) VALUES (x'02', x'03');";
    rusqlite::Connection::open(&path)?.execute_batch(broken)?;

    let error = store.resolve(&Handle::Local(1)).err();

    assert!(
        matches!(error, Some(StoreError::Isolated { changes: 0, .. })),
        "{error:?}"
    );
    assert_eq!(store.resolve(&Handle::Local(1))?, Resolved::Nothing);
    assert_eq!(texts(&store, &all())?, ["a"]);
    Ok(())
}
