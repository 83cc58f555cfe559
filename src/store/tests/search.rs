//! Search through text blocks, and lists without waiting todos.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::*;
use crate::domain::list::Around;
use crate::domain::query::{Sort, Term};
use crate::domain::terms::parse_terms;
use crate::domain::when::Calendar;

const TODAY: Date = date(2026, 11, 27);

/// Pulls 700 rows of every kind, then changes, deletes and adds some.
fn stocked() -> Result<Store, Box<dyn Error>> {
    let mut store = store()?;
    let rows: Vec<Row> = (1..=700_i64)
        .map(|id| {
            let done = if id % 5 == 0 { "x 2026-11-20 " } else { "" };
            let tag = ["+Haus", "@phone", "", "+haus @Phone"][usize::try_from(id % 4).unwrap_or(0)];
            let start = if id % 7 == 0 { " t:2026-12-01" } else { "" };
            let text = format!("{done}Grüße {id} an Straße {} {tag}{start}", id % 13);
            row(key(u128::from(id.unsigned_abs())), id * 3, &text)
        })
        .collect();
    let pull = store.begin_pull(TimeZone::system().to_timestamp(TODAY.into())?)?;
    store.apply(&present(&rows), 9_000)?;
    store.complete_pull(&pull)?;
    let blocks: i64 = store.connection.query_row(
        "SELECT count(*) FROM text_blocks WHERE places IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    assert!(blocks > 5, "{blocks} blocks");
    let text = |store: &Store, number| -> Result<String, Box<dyn Error>> {
        Ok(store.todo(key(number))?.ok_or("a todo")?.text)
    };
    for number in [1, 2, 350, 351, 699] {
        let before = text(&store, number)?;
        store.commit(&[edit(
            key(number),
            &before,
            &format!("x 2026-11-27 zebra {before}"),
        )])?;
    }
    for number in [3, 352, 700] {
        let before = text(&store, number)?;
        store.commit(&[remove(key(number), &before)])?;
    }
    store.commit(&[
        add(key(901), "zebra new t:2026-11-28"),
        add(key(902), "neue Straße 12"),
    ])?;
    Ok(store)
}

#[test]
fn a_search_lists_matching_todos_in_either_direction() -> TestResult {
    let store = stocked()?;
    let everything = listed(&store, &all())?;
    let calendar = Calendar::new(TODAY);
    for words in [
        &["strasse"][..],
        &["zebra"],
        &["GRÜSSE", "12"],
        &["+haus"],
        &["@PHONE", "not:+haus"],
        &["strasse 1", "t:any"],
        &["new"],
        &["699"],
        &["nothing like it"],
        &["state:pending", "zebra"],
        &["+haus,@phone", "7"],
    ] {
        for scope in [Scope::Open, Scope::All, Scope::Done] {
            for hide in [
                None,
                Some(TODAY),
                Some(date(2026, 12, 1)),
                Some(date(2026, 1, 1)),
            ] {
                for reverse in [false, true] {
                    let query = Query {
                        scope,
                        hide_waiting: hide,
                        terms: parse_terms(words, calendar)?,
                        sort: Sort::Server,
                        reverse,
                    };
                    let case = format!("{words:?} {scope:?} {hide:?} {reverse}");
                    let mut expected: Vec<&Todo> = everything
                        .iter()
                        .filter(|todo| query.holds(todo, &TimeZone::system()))
                        .collect();
                    if reverse {
                        expected.reverse();
                    }
                    let found = listed(&store, &query)?;
                    assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{case}");
                    assert_eq!(store.count(&query)?, found.len() as u64, "{case}");
                    let Some(middle) = found.get(found.len() / 2) else {
                        continue;
                    };
                    let window = store.window(&query, Around::Key(middle.key), 9)?;
                    let at = found
                        .iter()
                        .position(|todo| window.rows.first() == Some(todo));
                    let at = at.ok_or_else(|| format!("no window: {case}"))?;
                    assert_eq!(window.rows, found[at..at + window.rows.len()], "{case}");
                    assert!(window.rows.contains(middle), "{case}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn waiting_todos_are_hidden_in_every_order_whatever_day_the_store_has() -> TestResult {
    let mut store = stocked()?;
    let everything = listed(&store, &all())?;
    for written in [TODAY, date(2026, 12, 5), date(2026, 1, 1)] {
        let at = TimeZone::system().to_timestamp(written.into())?;
        store.commit(&[Change {
            at,
            ..add(key(950), "tick")
        }])?;
        store.commit(&[Change {
            at,
            ..remove(key(950), "tick")
        }])?;
        for day in [date(2026, 11, 27), date(2026, 11, 28), date(2026, 12, 1)] {
            for sort in [
                Sort::Server,
                Sort::Due,
                Sort::Priority,
                Sort::Created,
                Sort::Text,
            ] {
                let query = Query {
                    hide_waiting: Some(day),
                    sort,
                    ..Query::default()
                };
                let mut found: Vec<Key> = listed(&store, &query)?.iter().map(|it| it.key).collect();
                assert_eq!(store.count(&query)?, found.len() as u64);
                found.sort_unstable();
                let mut expected: Vec<Key> = everything
                    .iter()
                    .filter(|todo| query.holds(todo, &TimeZone::system()))
                    .map(|todo| todo.key)
                    .collect();
                expected.sort_unstable();
                assert_eq!(found, expected, "{written} {day} {sort:?}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_word_that_is_blank_when_folded_matches_every_text() -> TestResult {
    let store = stocked()?;
    let query = Query {
        terms: vec![Term::Word("\u{301}".into())],
        ..all()
    };
    assert_eq!(listed(&store, &query)?, listed(&store, &all())?);
    Ok(())
}

#[test]
fn a_search_finds_a_todo_whose_start_date_has_come_or_is_in_the_future_again() -> TestResult {
    let mut store = stocked()?;
    let query = Query {
        terms: parse_terms(&["strasse"], Calendar::new(TODAY))?,
        sort: Sort::Server,
        ..all()
    };
    let everything = listed(&store, &query)?;
    for written in [date(2026, 12, 5), date(2026, 1, 1)] {
        let at = TimeZone::system().to_timestamp(written.into())?;
        let pull = store.begin_pull(at)?;
        store.complete_pull(&pull)?;
        assert_eq!(listed(&store, &query)?, everything, "{written}");
        assert_eq!(store.count(&query)?, everything.len() as u64, "{written}");
    }
    Ok(())
}
