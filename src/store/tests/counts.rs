//! Counters, waiting todos, and the rebuilding of derived columns.

use jiff::civil::{Date, date};
use rusqlite::Connection;

use super::*;
use crate::domain::list::{TagCount, ViewCounts};
use crate::domain::query::Sort;

const TODAY: Date = date(2026, 11, 27);

fn at(day: Date) -> Result<Timestamp, Box<dyn Error>> {
    Ok(jiff::tz::TimeZone::system().to_timestamp(day.into())?)
}

/// Adds texts on a day, with keys from `first` on.
fn added(store: &mut Store, day: Date, first: u128, texts: &[&str]) -> TestResult {
    let mut changes = Vec::new();
    for (number, text) in (first..).zip(texts) {
        changes.push(Change {
            at: at(day)?,
            ..add(key(number), text)
        });
    }
    store.commit(&changes)?;
    Ok(())
}

fn counted(tag: &str, open: u64, done: u64) -> TagCount {
    TagCount {
        tag: tag.to_owned(),
        open,
        done,
    }
}

#[test]
fn views_are_counted_without_waiting_todos() -> TestResult {
    let mut store = store()?;
    let texts = [
        "no date",
        "late due:2026-11-20",
        "today due:2026-11-27",
        "soon due:2026-12-03",
        "later due:2026-12-04",
        "waits t:2026-11-28",
        "waits, due t:2026-12-01 due:2026-11-27",
        "woken t:2026-11-27",
        "x 2026-11-26 done t:2027-01-01",
    ];
    added(&mut store, TODAY, 1, &texts)?;
    let mut expected = ViewCounts {
        open: 6,
        waiting: 2,
        no_date: 2,
        overdue: 1,
        due_today: 1,
        upcoming: 2,
        done: 1,
    };
    assert_eq!(store.view_counts(TODAY, date(2026, 12, 3))?, expected);
    expected.open = 7;
    expected.waiting = 1;
    expected.no_date = 3;
    expected.overdue = 2;
    expected.due_today = 0;
    expected.upcoming = 2;
    assert_eq!(
        store.view_counts(date(2026, 11, 28), date(2026, 12, 4))?,
        expected
    );
    Ok(())
}

#[test]
fn a_tag_is_counted_once_a_todo_and_shown_in_its_most_used_spelling() -> TestResult {
    let mut store = store()?;
    let texts = [
        "a +Work +work",
        "b +Work",
        "c +work",
        "d +home @Phone",
        "e +WORK t:2027-01-01",
        "x 2026-11-26 f +work @phone",
    ];
    added(&mut store, TODAY, 1, &texts)?;

    let tags = store.tags('+', TODAY, 10)?;
    assert_eq!(tags, [counted("+Work", 3, 1), counted("+home", 1, 0)]);
    assert_eq!(store.tags('@', TODAY, 10)?, [counted("@Phone", 1, 1)]);
    assert_eq!(store.spelling("+wOrK")?.as_deref(), Some("+Work"));

    store.commit(&[
        edit(key(2), "b +Work", "b +work"),
        remove(key(4), "d +home @Phone"),
    ])?;
    assert_eq!(store.tags('+', TODAY, 10)?, [counted("+work", 3, 1)]);
    assert_eq!(store.tags('@', TODAY, 10)?, [counted("@phone", 0, 1)]);
    assert_eq!(store.spelling("+home")?, None);
    assert_eq!(
        store.tags('+', date(2027, 1, 1), 1)?,
        [counted("+work", 4, 1)]
    );
    Ok(())
}

#[test]
fn waiting_todos_keep_their_place_in_every_order() -> TestResult {
    let mut store = store()?;
    let texts = [
        "b",
        "a t:2026-12-05 due:2026-12-09",
        "x c",
        "(A) d due:2026-12-01",
        "(B) e t:2026-12-01",
        "f t:2026-11-01 due:2026-12-05",
    ];
    added(&mut store, TODAY, 1, &texts)?;
    let sorted = |store: &Store, sort| texts_of(store, Scope::Open, sort);
    for day in [
        TODAY,
        date(2026, 12, 2),
        date(2026, 12, 31),
        date(2026, 11, 1),
    ] {
        added(&mut store, day, 90, &["z"])?;
        store.commit(&[remove(key(90), "z")])?;
        assert_eq!(sorted(&store, Sort::Server)?, "badef");
        assert_eq!(sorted(&store, Sort::Text)?, by_text(&store)?);
        assert_eq!(sorted(&store, Sort::Due)?, "dfabe");
        assert_eq!(sorted(&store, Sort::Priority)?, "debaf");
        assert_eq!(store.totals()?.open, 5);
        let (shown, totals) = store.replayed()?;
        assert_eq!((shown.len(), totals), (6, store.totals()?));
    }
    Ok(())
}

/// Returns the last letter before the first date of each todo in a list.
fn texts_of(store: &Store, scope: Scope, sort: Sort) -> Result<String, Box<dyn Error>> {
    let query = Query {
        scope,
        sort,
        ..Query::default()
    };
    let mut letters = String::new();
    for text in texts(store, &query)? {
        let word = text.split(' ').find(|word| word.len() == 1 && *word != "x");
        letters.push_str(word.unwrap_or("?"));
    }
    Ok(letters)
}

/// Compares todos by folded text.
fn by_text(store: &Store) -> Result<String, Box<dyn Error>> {
    let query = Query::default();
    let mut all: Vec<String> = texts(store, &query)?;
    all.sort_by_key(|text| text.to_lowercase());
    let letter = |text: &String| {
        let word = text.split(' ').find(|word| word.len() == 1);
        word.unwrap_or("?").to_owned()
    };
    Ok(all.iter().map(letter).collect())
}

#[test]
fn a_database_of_the_third_version_gets_counters_and_is_rebuilt() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.apply(
        &present(&[
            row(key(1), 1, "Große +Work t:2099-01-01"),
            row(key(2), 2, "x b +work"),
        ]),
        10,
    )?;
    store.commit(&[add(key(3), "c +work due:2026-12-01")])?;
    drop(store);
    let third_version = include_str!("../../../tests/kill/third_version.sql");
    Connection::open(&path)?.execute_batch(third_version)?;

    let mut store = Store::open_to_read(&path, ENDPOINT)?.ok_or("there is one")?;
    assert!(folder.path().join("todos.db.v3").exists());
    assert_eq!(store.tags('+', TODAY, 9)?, [counted("+work", 1, 1)]);
    assert_eq!(store.view_counts(TODAY, TODAY)?.waiting, 1);
    assert_eq!(store.totals()?.open, 2);
    let strasse = Query {
        terms: vec![crate::domain::query::Term::Word("GROSSE".into())],
        ..all()
    };
    assert_eq!(texts(&store, &strasse)?.len(), 1);
    store.reopen()?;
    assert_eq!(texts_of(&store, Scope::Open, Sort::Due)?, "c?");

    // Another version of the program derives other columns.
    Connection::open(&path)?
        .execute_batch("UPDATE ledger SET reading = 0; UPDATE shown SET due = NULL")?;
    store.reopen()?;
    assert_eq!(texts_of(&store, Scope::Open, Sort::Due)?, "c?");
    Ok(())
}

#[test]
fn a_first_pull_of_many_rows_leaves_every_list_indexed() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    let rows: Vec<Row> = (1..=1200)
        .map(|id| {
            row(
                key(u128::try_from(id).unwrap_or(0)),
                id,
                &format!("a {id} due:2026-12-01"),
            )
        })
        .collect();
    let pull = store.begin_pull(at(TODAY)?)?;
    store.apply(&present(&rows), 10_000)?;
    let indexes = || -> Result<i64, Box<dyn Error>> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name IN
            ('shown_due', 'shown_priority', 'shown_created_at', 'shown_folded')";
        Ok(Connection::open(&path)?.query_row(sql, [], |row| row.get(0))?)
    };
    assert_eq!(indexes()?, 0, "creating them afterwards costs less");
    assert_eq!(texts_of(&store, Scope::Open, Sort::Due)?.len(), 1200);
    store.complete_pull(&pull)?;
    assert_eq!(indexes()?, 4);
    assert_eq!(texts_of(&store, Scope::Open, Sort::Text)?.len(), 1200);
    assert_eq!(store.view_counts(TODAY, date(2026, 12, 2))?.upcoming, 1200);
    Ok(())
}
