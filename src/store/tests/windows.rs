//! Windows, lists and search.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::date;

use super::*;
use crate::domain::casefold::search_key;
use crate::domain::line::{Line, Priority};
use crate::domain::list::{Around, Window};
use crate::domain::query::{Days, Sort, Term};
use crate::domain::terms::parse_terms;
use crate::domain::when::Calendar;

/// Todos of every kind: with and without due date and priority, open and done,
/// sent and unsent, with equal values.
fn mixed() -> Result<Store, Box<dyn Error>> {
    let mut store = store()?;
    let mut rows = Vec::new();
    for number in 1..=40_i64 {
        let done = if number % 3 == 0 { "x 2026-11-20 " } else { "" };
        let priority = match number % 4 {
            0 if done.is_empty() => "(B) ",
            1 if done.is_empty() => "(A) ",
            _ => "",
        };
        let due = match number % 5 {
            0 => " due:2026-12-01",
            2 => " due:2026-11-30",
            _ => "",
        };
        let text = format!("{done}{priority}Todo {}{due}", number * 7 % 11);
        let at = Timestamp::from_second(1_000 - number / 2 * 3).ok();
        let created_at = at.filter(|_| number % 7 != 0);
        let key = key(u128::from(number.unsigned_abs()));
        rows.push(Row {
            created_at,
            ..row(key, number, &text)
        });
    }
    store.apply(&present(&rows), 400)?;
    store.commit(&[
        add(key(101), "unsent due:2026-11-30"),
        add(key(102), "x unsent"),
        edit(key(5), &rows.get(4).ok_or("five")?.text, "changed"),
    ])?;
    Ok(store)
}

type SortKey = (bool, String, i64, i64);

/// Compares todos by a sort, independently of the store.
fn place(todo: &Todo, sort: Sort) -> SortKey {
    let line = Line::new(&todo.text);
    let value = match sort {
        Sort::Server => None,
        Sort::Due => line.due().map(|due| due.to_string()),
        Sort::Priority => line
            .priority()
            .map(|priority| priority.letter().to_string()),
        Sort::Created => todo.created_at.map(|at| at.to_string()),
        Sort::Text => Some(search_key(&todo.text).into_owned()),
    };
    let (id, local) = (todo.id.unwrap_or(i64::MAX), todo.local.unwrap_or(0));
    (value.is_none(), value.unwrap_or_default(), id, local)
}

const SORTS: [Sort; 5] = [
    Sort::Server,
    Sort::Due,
    Sort::Priority,
    Sort::Created,
    Sort::Text,
];

#[test]
fn every_sort_orders_every_scope() -> TestResult {
    let store = mixed()?;
    for sort in SORTS {
        for scope in [Scope::Open, Scope::Done, Scope::All] {
            let todos = listed(
                &store,
                &Query {
                    scope,
                    sort,
                    ..Query::default()
                },
            )?;
            assert!(
                todos.is_sorted_by_key(|todo| place(todo, sort)),
                "{sort:?} {scope:?}"
            );
            let totals = store.totals()?;
            let expected = match scope {
                Scope::Open => totals.open,
                Scope::Done => totals.done,
                Scope::All => totals.open + totals.done,
            };
            assert_eq!(todos.len() as u64, expected, "{sort:?} {scope:?}");
        }
    }
    Ok(())
}

#[test]
fn a_window_is_a_range_of_the_list_at_any_position() -> TestResult {
    let store = mixed()?;
    for sort in SORTS {
        for scope in [Scope::Open, Scope::Done, Scope::All] {
            for terms in [
                vec![],
                vec![Term::Word("o".into())],
                vec![Term::Word("7".into())],
            ] {
                let query = Query {
                    scope,
                    terms,
                    sort,
                    ..Query::default()
                };
                let list = listed(&store, &query)?;
                assert_eq!(store.count(&query)?, list.len() as u64);
                for size in [1, 2, 7, 100] {
                    windows_fit(&store, &query, &list, size)?;
                }
            }
        }
    }
    Ok(())
}

fn windows_fit(store: &Store, query: &Query, list: &[Todo], size: usize) -> TestResult {
    let rows = list.len().min(size);
    let expected = |from: usize| Window {
        rows: list.get(from..from + rows).unwrap_or_default().to_vec(),
        more_above: from > 0,
        more_below: from + rows < list.len(),
    };
    assert_eq!(store.window(query, Around::Top, size)?, expected(0));
    assert_eq!(
        store.window(query, Around::Bottom, size)?,
        expected(list.len() - rows)
    );
    for (at, todo) in list.iter().enumerate() {
        let from = at.saturating_sub(size / 2).min(list.len() - rows);
        let window = store.window(query, Around::Key(todo.key), size)?;
        assert_eq!(window, expected(from), "{query:?} {at} {size}");
    }
    Ok(())
}

#[test]
fn a_window_around_a_todo_that_is_not_in_the_list_is_the_top() -> TestResult {
    let store = mixed()?;
    let query = Query::default();
    let top = store.window(&query, Around::Top, 5)?;
    for key in [key(3), key(999)] {
        assert_eq!(store.window(&query, Around::Key(key), 5)?, top);
    }
    assert_eq!(
        store.window(&query, Around::Key(key(1)), 0)?,
        Window::default()
    );
    Ok(())
}

#[test]
fn an_empty_list_has_an_empty_window() -> TestResult {
    let store = store()?;
    for around in [Around::Top, Around::Bottom, Around::Key(key(1))] {
        for sort in SORTS {
            let query = Query { sort, ..all() };
            assert_eq!(store.window(&query, around, 10)?, Window::default());
        }
    }
    Ok(())
}

#[test]
fn search_folds_case_and_accents_and_needs_every_word() -> TestResult {
    let mut store = store()?;
    store.apply(
        &present(&[
            row(key(1), 1, "Crème brûlée kaufen +Küche"),
            row(key(2), 2, "creme soda +küchen"),
            row(key(3), 3, "x 2026-11-20 CREME @home"),
        ]),
        3,
    )?;
    let found = |words: &[&str]| -> Result<Vec<i64>, Box<dyn Error>> {
        let terms = parse_terms(words, Calendar::new(date(2026, 11, 24)))?;
        let query = Query { terms, ..all() };
        Ok(listed(&store, &query)?
            .iter()
            .filter_map(|todo| todo.id)
            .collect())
    };
    assert_eq!(found(&["creme"])?, [1, 2, 3]);
    assert_eq!(found(&["CRÈME", "KAUF"])?, [1]);
    assert_eq!(found(&["+KÜCHE"])?, [1], "projects are whole words");
    assert_eq!(
        found(&["+kuche"])?,
        [] as [i64; 0],
        "and keep their accents"
    );
    assert_eq!(found(&["@HOME"])?, [3]);
    assert_eq!(found(&["done:2026-11-20"])?, [3]);
    assert_eq!(found(&["done:2026-11-21.."])?, [] as [i64; 0]);
    assert_eq!(found(&["%", "_"])?, [] as [i64; 0]);
    Ok(())
}

#[test]
fn terms_check_due_dates_priorities_states_and_changes() -> TestResult {
    let mut store = store()?;
    let now = Timestamp::now();
    let today = now.to_zoned_datetime(jiff::tz::TimeZone::system()).date();
    let recent = Row {
        updated_at: Some(now),
        ..row(key(3), 3, "c")
    };
    store.apply(
        &present(&[
            row(key(1), 1, "(A) a due:2026-11-20"),
            row(key(2), 2, "b due:2026-11-24"),
            recent,
        ]),
        3,
    )?;
    store.commit(&[
        edit(key(2), "b due:2026-11-24", "B due:2026-11-24"),
        add(key(4), "d"),
    ])?;
    let found = |term: Term| -> Result<Vec<String>, Box<dyn Error>> {
        texts(
            &store,
            &Query {
                terms: vec![term],
                ..all()
            },
        )
    };
    let until = |day| Days {
        from: None,
        to: Some(day),
    };
    assert_eq!(
        found(Term::Due(until(date(2026, 11, 23))))?,
        ["(A) a due:2026-11-20"]
    );
    assert_eq!(
        found(Term::State(SyncState::Pending))?,
        ["B due:2026-11-24", "d"]
    );
    assert_eq!(
        found(Term::State(SyncState::Synced))?,
        ["(A) a due:2026-11-20", "c"]
    );
    let high = Priority::parse("A").ok_or("A")?;
    assert_eq!(found(Term::Priority(high))?, ["(A) a due:2026-11-20"]);
    let on = Days {
        from: Some(today),
        to: Some(today),
    };
    assert_eq!(found(Term::Changed(on))?, ["c"]);
    assert_eq!(
        found(Term::Changed(until(date(2020, 1, 1))))?,
        [] as [&str; 0]
    );
    Ok(())
}

#[test]
fn a_list_stops_when_the_visitor_breaks() -> TestResult {
    let store = mixed()?;
    let mut seen = 0;
    store.each(&all(), |_| {
        seen += 1;
        if seen == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    assert_eq!(seen, 3);
    Ok(())
}

#[test]
fn any_text_is_stored_byte_for_byte() -> TestResult {
    let mut store = store()?;
    let texts = [
        String::new(),
        "a\nb\r\n\u{1b}[31m\u{202e}\0c".to_owned(),
        "é".repeat(500_000),
        "x ".to_owned(),
    ];
    let mut rows = Vec::new();
    for (number, text) in (1..).zip(&texts) {
        rows.push(row(key(number), i64::try_from(number)?, text));
    }
    store.apply(&present(&rows), 9)?;
    for (row, number) in rows.iter().zip(1..) {
        assert_eq!(
            store.todo(key(number))?.as_ref().map(|todo| &todo.text),
            Some(&row.text)
        );
        store.commit(&[edit(key(number), &row.text, &format!("{}!", row.text))])?;
    }
    assert_eq!(store.rows_after(0)?, rows, "base is not touched");
    let ended: Vec<_> = listed(&store, &all())?
        .into_iter()
        .map(|todo| todo.text)
        .collect();
    let expected: Vec<_> = texts.iter().map(|text| format!("{text}!")).collect();
    assert_eq!(ended, expected);
    Ok(())
}

/// Returns the steps of SQLite's virtual machine for one window.
fn steps(store: &mut Store, query: &Query, around: Around) -> Result<u64, Box<dyn Error>> {
    // Creates indexes and prepares statements before counting.
    store.window(query, around, 40)?;
    let counter = Arc::new(AtomicU64::new(0));
    let count = {
        let counter = Arc::clone(&counter);
        move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        }
    };
    store.connection.progress_handler(1, Some(count))?;
    let window = store.window(query, around, 40)?;
    store.connection.progress_handler(0, None::<fn() -> bool>)?;
    assert_eq!(window.rows.len(), 40, "{query:?} {around:?}");
    Ok(counter.load(Ordering::Relaxed))
}

#[test]
fn a_window_costs_the_same_at_any_position_among_equal_todos() -> TestResult {
    const MANY: i64 = 20_000;
    let mut store = store()?;
    let mut rows = Vec::new();
    for id in 1..=MANY {
        let done = if id % 2 == 0 { "x 2026-11-24 " } else { "" };
        let valued = id > MANY / 2;
        let text = match (valued, done) {
            (true, "") => "(A) same due:2026-12-01".to_owned(),
            (true, _) => format!("{done}same due:2026-12-01 pri:A"),
            (false, _) => format!("{done}same"),
        };
        rows.push(Row {
            created_at: valued.then_some(Timestamp::UNIX_EPOCH),
            ..row(key(id.unsigned_abs().into()), id, &text)
        });
    }
    let pull = store.begin_pull(Timestamp::UNIX_EPOCH)?;
    store.apply(&present(&rows), MANY * 10)?;
    store.complete_pull(&pull)?;

    for sort in SORTS {
        for scope in [Scope::Open, Scope::All] {
            let query = Query {
                scope,
                sort,
                ..Query::default()
            };
            let order: Vec<Key> = listed(&store, &query)?.iter().map(|it| it.key).collect();
            let top = steps(&mut store, &query, Around::Top)?;
            assert!(top < 40 * 200, "{sort:?} {scope:?}: {top} steps at the top");
            let half = order.len() / 2;
            for at in [1, half - 1, half, half + 1, order.len() - 1] {
                let key = *order.get(at).ok_or("a row")?;
                let there = steps(&mut store, &query, Around::Key(key))?;
                assert!(
                    there < top * 4,
                    "{sort:?} {scope:?}: {there} steps at row {at}, {top} at the top"
                );
            }
            let bottom = steps(&mut store, &query, Around::Bottom)?;
            assert!(bottom < top * 4, "{sort:?} {scope:?}: {bottom} at the end");
        }
    }
    Ok(())
}
