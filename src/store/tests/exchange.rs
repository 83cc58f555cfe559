//! Exchanges that are stored at once, in one transaction.

mod play;

use rusqlite::types::Value;

use super::*;
use crate::domain::feed::Mark;
use crate::domain::push_outcome::{ExchangeEffect, LastPage};
use crate::domain::query::Sort;
use crate::domain::terms::parse_terms;
use crate::domain::when::Calendar;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Every table but the blocks of texts, which searches read.
const TABLES: [&str; 11] = [
    "history",
    "shown",
    "base",
    "outbox",
    "numbers",
    "aliases",
    "ledger",
    "successors",
    "tag_counts",
    "due_counts",
    "spellings",
];

fn mark(revision: i64) -> Mark {
    Mark {
        user_id: 1,
        revision,
        purged_revision: 0,
    }
}

fn last_page(changes: &[FeedRow], revision: i64) -> LastPage<'_> {
    LastPage {
        changes,
        mark: mark(revision),
        began: NOW,
    }
}

/// Returns the rows of a table, sorted.
fn rows_of(store: &Store, table: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut statement = store
        .connection
        .prepare(&format!("SELECT * FROM {table}"))?;
    let columns = statement.column_count();
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values: Vec<Value> = (0..columns)
            .map(|column| row.get(column))
            .collect::<Result<_, _>>()?;
        rows.push(format!("{values:?}"));
    }
    rows.sort();
    Ok(rows)
}

/// Returns the rows of every table, in the order of [`TABLES`].
fn content(store: &Store) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    TABLES.iter().map(|table| rows_of(store, table)).collect()
}

fn search(word: &str) -> Result<Query, Box<dyn Error>> {
    let calendar = Calendar::new(jiff::civil::date(1970, 1, 1));
    Ok(Query {
        terms: parse_terms(&[word], calendar)?,
        sort: Sort::Server,
        ..all()
    })
}

#[test]
fn a_todo_deleted_elsewhere_right_after_its_answer_is_not_found_by_a_search() -> TestResult {
    let mut store = store()?;
    store.set_capabilities(role(true))?;
    store.commit(&[add(key(1), "mine"), add(key(2), "other")])?;
    let seqs = seqs(&store)?;
    store.mark_sent(&seqs)?;
    let answers = [applied(Some(5), Some(50)), applied(Some(6), Some(51))];
    let outcomes: Vec<_> = seqs.into_iter().zip(answers).collect();
    let other = Row {
        revision: 51,
        ..row(key(2), 6, "other")
    };
    let removed = FeedRow::Removed {
        key: key(1),
        revision: 52,
    };
    let changes = [FeedRow::Present(other), removed];
    let effect = store.apply_exchange(&outcomes, Some(mark(0)), Some(last_page(&changes, 52)))?;

    assert_eq!(effect, ExchangeEffect::Completed);
    assert_eq!(texts(&store, &all())?, ["other"]);
    assert_eq!(store.count(&search("mine")?)?, 0);
    assert_eq!(store.count(&search("other")?)?, 1);
    Ok(())
}

#[test]
fn an_exchange_that_the_disk_cannot_hold_changes_nothing_and_can_be_stored_later() -> TestResult {
    let limit = |store: &Store, pages: i64| -> rusqlite::Result<i64> {
        let sql = format!("PRAGMA max_page_count = {pages}");
        store.connection.query_row(&sql, [], |row| row.get(0))
    };
    let mut store = store()?;
    store.set_capabilities(role(true))?;
    let adds: Vec<Change> = (1..=40).map(|n| add(key(n), "mine +p")).collect();
    store.commit(&adds)?;
    let seqs = seqs(&store)?;
    store.mark_sent(&seqs)?;
    let ids = 1..=1040_i64;
    let rows: Vec<Row> = ids
        .map(|id| {
            let text = if id > 40 {
                "theirs ".repeat(300)
            } else {
                "mine +p".to_owned()
            };
            row(key(id.unsigned_abs().into()), id, &text)
        })
        .collect();
    let outcomes: Vec<_> = seqs
        .into_iter()
        .zip(&rows)
        .map(|(seq, row)| (seq, applied(Some(row.id), Some(row.revision))))
        .collect();
    let changes = present(&rows);
    let page = last_page(&changes, 10_400);
    let before = content(&store)?;

    limit(&store, 1)?;
    let error = store.apply_exchange(&outcomes, Some(mark(0)), Some(page));
    assert!(error.is_err(), "{error:?}");
    assert_eq!(content(&store)?, before);

    limit(&store, 1 << 20)?;
    let effect = store.apply_exchange(&outcomes, Some(mark(0)), Some(page))?;
    assert_eq!(effect, ExchangeEffect::Completed);
    assert_eq!(outbox(&store)?, []);
    assert_eq!(store.totals()?.open, 1040);
    Ok(())
}

#[test]
fn a_mark_of_a_reset_server_or_another_user_never_completes_an_exchange() -> TestResult {
    let reset = |user_id, revision, purged_revision| Mark {
        user_id,
        revision,
        purged_revision,
    };
    let same = mark(100);
    for (before, after) in [
        (reset(2, 100, 0), reset(2, 100, 0)),
        (same, reset(2, 100, 0)),
        (reset(1, 60, 0), same),
        (same, reset(1, 60, 0)),
        (same, reset(1, 100, 90)),
    ] {
        let mut store = store()?;
        store.set_capabilities(role(true))?;
        store.check_mark(mark(70))?;
        store.apply(&present(&[row(key(1), 7, "a")]), 70)?;
        store.commit(&[add(key(2), "mine")])?;
        let seq = only(&store)?;
        store.mark_sent(&[seq])?;
        let changes = present(&[row(key(2), 10, "mine")]);
        let page = LastPage {
            mark: after,
            ..last_page(&changes, 100)
        };
        let outcomes = [(seq, applied(Some(10), Some(100)))];
        let effect = store.apply_exchange(&outcomes, Some(before), Some(page))?;
        assert_ne!(effect, ExchangeEffect::Completed, "{before:?} {after:?}");
        assert_eq!(outbox(&store)?.len(), 1, "{before:?} {after:?}");
    }
    Ok(())
}
