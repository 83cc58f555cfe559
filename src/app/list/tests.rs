use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::unsaved::added;
use super::*;
use crate::domain::key::ChangeId;
use crate::domain::query::Sort;
use crate::domain::todo::SyncState;
use crate::domain::when::Calendar;

const HEIGHT: usize = 10;

/// A whole list, answering as the store does.
#[derive(Debug, Clone)]
struct Whole(Vec<Todo>);

impl Whole {
    fn of(count: u128) -> Self {
        Self((0..count).map(|n| todo(n, &format!("todo {n}"))).collect())
    }

    fn window(&self, around: Around, size: usize) -> Window {
        let count = self.0.len();
        let place = |key: Key| self.0.iter().position(|todo| todo.key == key);
        let start = match around {
            Around::Top => 0,
            Around::Bottom => count.saturating_sub(size),
            Around::Key(key) => place(key).map_or(0, |at| at.saturating_sub(size / 2)),
        };
        let end = (start + size).min(count);
        Window {
            rows: self.0.get(start..end).unwrap_or_default().to_vec(),
            more_above: start > 0,
            more_below: end < count,
        }
    }

    /// Answers every request in `effects`, and those that follow.
    fn answer(&self, list: &mut TodoList, effects: Vec<Effect>) {
        let mut asked: VecDeque<Effect> = effects.into();
        while let Some(effect) = asked.pop_front() {
            if let Effect::Window {
                id, around, size, ..
            } = effect
            {
                asked.extend(list.windowed(id, self.window(around, size)).effects);
            }
        }
    }
}

fn key(n: u128) -> Key {
    Key::new(Uuid::from_u128(n))
}

fn todo(n: u128, text: &str) -> Todo {
    Todo {
        id: i64::try_from(n).ok(),
        state: SyncState::Synced,
        ..added(key(n), text)
    }
}

fn list(whole: &Whole) -> TodoList {
    let mut list = TodoList::new(HEIGHT);
    let query = list.query().clone();
    let asked = list.show_first(query);
    whole.answer(&mut list, asked);
    list
}

fn change(n: u128, act: Act) -> Change {
    Change {
        id: ChangeId(Uuid::nil()),
        todo: key(n),
        act,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn complete(n: u128) -> Vec<Change> {
    let before = format!("todo {n}");
    let after = format!("x {before}");
    vec![change(n, Act::Edit { before, after })]
}

fn selected(list: &TodoList) -> Option<Key> {
    list.selected().map(|row| row.todo.key)
}

fn texts(list: &TodoList) -> Vec<&str> {
    list.rows()
        .iter()
        .map(|row| row.todo.text.as_str())
        .collect()
}

#[test]
fn completing_in_the_open_view_goes_on_to_the_next_row() {
    let whole = Whole::of(5);
    let mut list = list(&whole);
    let _ = list.step(2);

    let _ = list.apply_unsaved(CommitId(1), complete(2));

    assert_eq!(texts(&list), ["todo 0", "todo 1", "todo 3", "todo 4"]);
    assert_eq!(selected(&list), Some(key(3)));
}

#[test]
fn a_request_that_replaces_a_refresh_still_counts_as_one() {
    let mut list = list(&Whole::of(5));
    let id = |effects: &[Effect]| match effects {
        [Effect::Window { id, .. }] => Some(*id),
        _ => None,
    };
    let others = Whole((5..9).map(|n| todo(n, "another")).collect());
    let window = others.window(Around::Top, 4);

    let asked = id(&list.refresh()).unwrap_or_default();
    let gone = list.windowed(asked, window.clone());
    assert!(!gone.recount, "its rows are requested around a neighbour");
    let asked = id(&gone.effects).unwrap_or_default();
    let arrival = list.windowed(asked, window);

    assert!(arrival.refreshed && arrival.recount, "{arrival:?}");
}

#[test]
fn completing_the_last_row_goes_back_to_the_one_before() {
    let whole = Whole::of(3);
    let mut list = list(&whole);
    let _ = list.to_last();
    let _ = list.apply_unsaved(CommitId(1), complete(2));
    assert_eq!(selected(&list), Some(key(1)));
}

#[test]
fn a_failed_write_is_reverted() {
    let whole = Whole::of(3);
    let mut list = list(&whole);
    let _ = list.apply_unsaved(CommitId(1), complete(0));
    assert_eq!(list.saving(), 1);

    let (changes, asked) = list.revert(CommitId(1));
    whole.answer(&mut list, asked);

    assert_eq!(changes, complete(0));
    assert_eq!(texts(&list), ["todo 0", "todo 1", "todo 2"]);
    assert_eq!(list.saving(), 0);
}

#[test]
fn an_answer_read_before_a_write_does_not_bring_the_old_text_back() {
    let whole = Whole::of(3);
    let mut list = list(&whole);
    let before = list.refresh();
    let act = Act::Edit {
        before: "todo 0".to_owned(),
        after: "bread".to_owned(),
    };
    let _ = list.apply_unsaved(CommitId(1), vec![change(0, act)]);
    let after = list.committed(CommitId(1), &[todo(0, "bread")]);

    whole.answer(&mut list, before);
    assert_eq!(texts(&list), ["bread", "todo 1", "todo 2"]);

    let mut written = whole.clone();
    written.0[0].text = "bread".to_owned();
    written.answer(&mut list, after);
    assert_eq!(texts(&list), ["bread", "todo 1", "todo 2"]);
}

#[test]
fn a_new_todo_is_shown_as_saving_and_selected_though_the_end_was_far_away() {
    let whole = Whole::of(1000);
    let mut list = list(&whole);
    let text = "milk".to_owned();

    let asked = list.apply_unsaved(CommitId(1), vec![change(5000, Act::Add { text })]);
    whole.answer(&mut list, asked);

    let row = list.selected().cloned();
    assert_eq!(
        row.map(|row| (row.todo.key, row.saving)),
        Some((key(5000), true))
    );

    let mut written = whole;
    written.0.push(todo(5000, "milk"));
    let asked = list.committed(CommitId(1), &[todo(5000, "milk")]);
    written.answer(&mut list, asked);
    let row = list.selected().cloned();
    assert_eq!(
        row.map(|row| (row.todo.key, row.saving)),
        Some((key(5000), false))
    );
}

#[test]
fn a_new_todo_outside_the_view_is_reported_and_the_selection_stays() {
    let whole = Whole::of(1000);
    let mut list = list(&whole);
    let _ = list.step(40);
    let text = "x milk".to_owned();
    let asked = list.apply_unsaved(CommitId(1), vec![change(5000, Act::Add { text })]);
    whole.answer(&mut list, asked);
    let here = selected(&list);

    let asked = list.committed(CommitId(1), &[todo(5000, "x milk")]);
    let Some(Effect::Window {
        id, around, size, ..
    }) = asked.into_iter().next()
    else {
        unreachable!("nothing was requested");
    };
    let arrival = list.windowed(id, whole.window(around, size));

    assert_eq!(arrival.missing, Some(key(5000)));
    whole.answer(&mut list, arrival.effects);
    assert_eq!(selected(&list), here);
}

#[test]
fn a_todo_deleted_elsewhere_leaves_the_selection_on_its_neighbour() {
    let mut whole = Whole::of(1000);
    let mut list = list(&whole);
    let asked = list.step(700);
    whole.answer(&mut list, asked);
    assert_eq!(selected(&list), Some(key(700)));

    whole.0.remove(700);
    let asked = list.refresh();
    whole.answer(&mut list, asked);

    assert_eq!(selected(&list), Some(key(701)));
}

#[test]
fn the_row_stays_on_its_line_of_the_screen_when_rows_above_come_and_go() {
    let mut whole = Whole::of(100);
    let mut list = list(&whole);
    let _ = list.step(30);
    let _ = list.step(-5);
    let line = list.visible().1;

    whole.0.insert(0, todo(900, "first"));
    let asked = list.refresh();
    whole.answer(&mut list, asked);

    assert_eq!(selected(&list), Some(key(25)));
    assert_eq!(list.visible().1, line);
}

#[test]
fn a_stale_answer_changes_nothing() {
    let whole = Whole::of(3);
    let mut list = list(&whole);
    let arrival = list.windowed(WindowId(999), Window::default());
    assert_eq!(arrival, Arrival::default());
    assert_eq!(list.rows().len(), 3);
}

#[test]
fn moving_in_an_empty_list_asks_for_nothing() {
    let mut list = list(&Whole::of(0));
    assert_eq!(list.step(1), []);
    assert_eq!(list.page(-2), []);
    assert_eq!(list.to_last(), []);
    assert!(list.selected().is_none());
}

/// A list by due date of `count` open todos, some of them without one.
fn by_due(count: u128) -> Whole {
    let due = |n: u128| match n * 5 / count {
        0 => " due:2026-11-01",
        1 => " due:2026-11-26",
        2 => " due:2026-11-27",
        3 => " due:2027-01-01",
        _ => "",
    };
    Whole(
        (0..count)
            .map(|n| todo(n, &format!("todo {n}{}", due(n))))
            .collect(),
    )
}

proptest! {
    /// However a window was scrolled, the first line names the group of the first
    /// row, and every other heading stands where the whole list has one.
    #[test]
    fn headings_are_right_wherever_a_window_begins(
        count in 1_u128..2000,
        steps in prop::collection::vec(-700_i64..700, 1..12),
    ) {
        let whole = by_due(count);
        let calendar = Calendar::new(jiff::civil::date(2026, 11, 26));
        let mut list = TodoList::new(20);
        let query = Query { sort: Sort::Due, ..Query::default() };
        let grouping = Grouping::of(&query, calendar);
        let asked = list.show_first(query);
        whole.answer(&mut list, asked);
        list.group(grouping);
        let Some(grouping) = grouping else { return Err(TestCaseError::fail("no groups")) };
        let group = |todo: &Todo| grouping.heading(&todo.text);
        for rows in steps {
            let asked = list.step(rows);
            whole.answer(&mut list, asked);
            let mut heading = None;
            for (at, line) in list.lines().into_iter().enumerate() {
                match line {
                    ScreenLine::Heading(found) => heading = Some(found),
                    ScreenLine::Row { row, .. } => {
                        prop_assert!(at > 0, "the first line is a row");
                        let place = whole.0.iter().position(|todo| todo.key == row.todo.key);
                        let above = place.and_then(|place| whole.0.get(place.checked_sub(1)?));
                        let begins = above.map(group) != Some(group(&row.todo));
                        if begins || at == 1 {
                            prop_assert_eq!(heading, Some(group(&row.todo)));
                        } else {
                            prop_assert_eq!(heading, None);
                        }
                        heading = None;
                    }
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Move {
    Step(i64),
    Page(i64),
    First,
    Last,
    /// The store answers the last request.
    Answer,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (-400_i64..400).prop_map(Move::Step),
        4 => (-2_i64..=2).prop_map(Move::Page),
        1 => Just(Move::First),
        1 => Just(Move::Last),
        3 => Just(Move::Answer),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    /// However late the store answers, no key is lost: the selection ends where
    /// it would with the whole list loaded.
    #[test]
    fn no_move_is_lost_while_rows_are_on_their_way(count in 1_u128..2000, moves in moves()) {
        let whole = Whole::of(count);
        let mut list = list(&whole);
        let last = i64::try_from(count).unwrap_or(0) - 1;
        let page = i64::try_from(HEIGHT).unwrap_or(0);
        let mut at = 0_i64;
        let mut asked = Vec::new();
        for one in moves {
            match one {
                Move::Step(rows) => {
                    asked.extend(list.step(rows));
                    at = (at + rows).clamp(0, last);
                }
                Move::Page(halves) => {
                    asked.extend(list.page(halves));
                    let rows = (page * halves / 2).clamp(1 - page, page - 1);
                    at = (at + rows).clamp(0, last);
                }
                Move::First => {
                    asked.extend(list.to_first());
                    at = 0;
                }
                Move::Last => {
                    asked.extend(list.to_last());
                    at = last;
                }
                Move::Answer => whole.answer(&mut list, std::mem::take(&mut asked)),
            }
            let (rows, selected) = list.visible();
            prop_assert!(selected < rows.len() && rows.len() <= HEIGHT);
        }
        whole.answer(&mut list, asked);
        prop_assert_eq!(selected(&list), Some(key(u128::try_from(at).unwrap_or(0))));
    }
}
