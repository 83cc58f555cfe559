//! The history of actions, and undo.

use super::*;
use crate::domain::history::{HistoryEntry, Session, UndoReport};
use crate::domain::list::Resolved;
use crate::domain::todo::Handle;

/// Undoes the newest action; keys are counted from 900.
pub(super) fn undo(store: &mut Store) -> Result<UndoReport, Box<dyn Error>> {
    let mut fresh = counted();
    let undone = store.undo(Session::Cli, Timestamp::UNIX_EPOCH, &mut fresh)?;
    Ok(undone.ok_or("nothing to undo")?)
}

/// Returns unique ids, which no other key in the tests has.
pub(super) fn counted() -> impl FnMut() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(900);
    || key(NEXT.fetch_add(1, Ordering::Relaxed).into()).uuid()
}

/// Verb, count and first text.
pub(super) type ActionSummary = (String, u64, String);

pub(super) fn verbs(store: &Store) -> Result<Vec<ActionSummary>, Box<dyn Error>> {
    let summary = |entry: HistoryEntry| (entry.verb, entry.count, entry.text);
    Ok(store
        .history(Session::Cli)?
        .into_iter()
        .map(summary)
        .collect())
}

pub(super) fn named(store: &Store, word: &str) -> Result<Option<String>, Box<dyn Error>> {
    Ok(match store.resolve(&word.parse::<Handle>()?)? {
        Resolved::One(todo) => Some(todo.text),
        Resolved::Nothing | Resolved::Several(_) => None,
    })
}

/// Sends, answers and pulls all pending changes; adds get ids from `id` on.
pub(super) fn sync(store: &mut Store, id: i64) -> TestResult {
    let queued = store.outbox()?;
    let seqs: Vec<i64> = queued.iter().map(|queued| queued.entry.seq).collect();
    store.mark_sent(&seqs)?;
    let mut page = Vec::new();
    for (queued, id) in queued.into_iter().zip(id..) {
        let change = queued.entry.change;
        let id = queued.base.map_or(id, |row| row.id);
        store.apply_outcome(&[(queued.entry.seq, applied(Some(id), Some(id * 10)))])?;
        page.push(match change.act {
            Act::Add { text } | Act::Edit { after: text, .. } => {
                FeedRow::Present(row(change.todo, id, &text))
            }
            Act::Remove { .. } => FeedRow::Removed {
                key: change.todo,
                revision: id * 10,
            },
        });
    }
    let pull = store.begin_pull(Timestamp::UNIX_EPOCH)?;
    let cursor = store.cursor()? + 1000;
    store.apply(&page, cursor)?;
    store.complete_pull(&pull)?;
    assert_eq!(store.outbox()?, []);
    Ok(())
}

#[test]
fn actions_are_listed_newest_first_and_undone_in_that_order() -> TestResult {
    let mut store = store()?;
    store.commit_action(Session::Cli, "added", &[add(key(1), "a"), add(key(2), "b")])?;
    let done = [edit(key(1), "a", "x a"), edit(key(2), "b", "x b")];
    store.commit_action(Session::Cli, "completed", &done)?;
    let added = ("added".to_owned(), 2, "a".to_owned());
    assert_eq!(
        verbs(&store)?,
        [("completed".to_owned(), 2, "x a".to_owned()), added.clone()]
    );

    let undone = undo(&mut store)?;
    assert_eq!(undone.action.verb, "completed");
    assert_eq!(texts(&store, &all())?, ["a", "b"]);
    assert_eq!(verbs(&store)?, [added], "an undo is not an action");

    undo(&mut store)?;
    assert_eq!(texts(&store, &all())?, [] as [&str; 0]);
    assert_eq!(outbox(&store)?, [], "nothing is left to send");
    let none = store.undo(Session::Cli, Timestamp::UNIX_EPOCH, &mut counted())?;
    assert_eq!(none, None);
    Ok(())
}

#[test]
fn commits_without_effect_or_without_an_action_are_not_recorded() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit_action(Session::Cli, "removed", &[remove(key(7), "gone long ago")])?;
    store.commit_action(Session::Cli, "added", &[add(key(1), "a")])?;
    store.commit_action(Session::Cli, "changed", &[edit(key(1), "a", "a")])?;
    store.commit_action(Session::Cli, "added", &[])?;
    store.commit(&[edit(key(1), "a", "b")])?;
    assert_eq!(store.history(Session::Cli)?, []);
    Ok(())
}

#[test]
fn previewing_an_undo_changes_nothing() -> TestResult {
    let mut store = store()?;
    store.commit_action(Session::Cli, "added", &[add(key(1), "a")])?;
    let (queued, acts) = (store.outbox()?, store.history(Session::Cli)?);
    let imagined = store.preview_undo(Session::Cli, Timestamp::UNIX_EPOCH, &mut counted())?;
    assert_eq!(imagined.map(|undone| undone.changes.len()), Some(1));
    assert_eq!(
        (store.outbox()?, store.history(Session::Cli)?),
        (queued, acts)
    );
    Ok(())
}

#[test]
fn undo_of_a_sent_deletion_adds_a_new_todo_under_all_old_names() -> TestResult {
    for role in [role(true), role(false)] {
        let mut store = store()?;
        store.set_capabilities(role)?;
        store.commit_action(Session::Cli, "added", &[add(key(1), "a")])?;
        sync(&mut store, 42)?;
        let old = listed(&store, &all())?.pop().ok_or("a todo")?;
        store.commit_action(Session::Cli, "removed", &[remove(old.key, "a")])?;
        sync(&mut store, 0)?;
        assert_eq!(named(&store, "42")?, None);

        undo(&mut store)?;

        let back = listed(&store, &all())?.pop().ok_or("it is back")?;
        assert_ne!(back.key, old.key);
        assert_eq!(back.handle(), Handle::Local(1), "its number stays");
        let names = [old.key, key(1)].map(|key| key.to_string());
        let names = ["42", "n1", names[0].as_str(), &names[0][..13], &names[1]];
        for name in names {
            assert_eq!(named(&store, name)?.as_deref(), Some("a"), "{name}");
        }
        sync(&mut store, 57)?;
        for name in names.into_iter().chain(["57"]) {
            assert_eq!(named(&store, name)?.as_deref(), Some("a"), "{name} later");
        }

        // And once more.
        store.commit_action(Session::Cli, "removed", &[remove(old.key, "a")])?;
        sync(&mut store, 0)?;
        undo(&mut store)?;
        sync(&mut store, 60)?;
        for name in names.into_iter().chain(["57", "60"]) {
            assert_eq!(named(&store, name)?.as_deref(), Some("a"), "{name} at last");
        }
        assert_eq!(store.replayed()?.1, store.totals()?);
    }
    Ok(())
}

#[test]
fn undo_cancels_an_unsent_deletion() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit_action(Session::Cli, "changed", &[edit(key(1), "a", "b")])?;
    store.commit_action(Session::Cli, "removed", &[remove(key(1), "b")])?;

    undo(&mut store)?;
    assert_eq!(shown(&store, key(1))?, is("b", SyncState::Pending));
    undo(&mut store)?;
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Synced));
    assert_eq!(outbox(&store)?, []);
    Ok(())
}

#[test]
fn older_actions_follow_a_restored_todo() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit_action(Session::Cli, "completed", &[edit(key(1), "a", "x a")])?;
    sync(&mut store, 0)?;
    store.commit_action(Session::Cli, "removed", &[remove(key(1), "x a")])?;
    sync(&mut store, 0)?;
    undo(&mut store)?;
    sync(&mut store, 9)?;

    undo(&mut store)?;

    assert_eq!(texts(&store, &all())?, ["a"]);
    assert_eq!(named(&store, "1")?.as_deref(), Some("a"));
    Ok(())
}

#[test]
fn an_undo_while_the_change_is_being_sent_is_sent_after_it() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    let act = [edit(key(1), "a", "x a"), add(key(2), "b")];
    store.commit_action(Session::Cli, "completed", &act)?;
    store.mark_sent(&seqs(&store)?)?;

    undo(&mut store)?;

    let (acts, _): (Vec<Act>, Vec<Progress>) = outbox(&store)?.into_iter().unzip();
    assert_eq!(
        acts.get(2..),
        Some([remove(key(2), "b").act, edit(key(1), "x a", "a").act].as_slice())
    );
    assert_eq!(texts(&store, &all())?, ["a"]);
    Ok(())
}

#[test]
fn later_changes_stay_and_that_part_of_the_action_can_be_undone_later() -> TestResult {
    let mut store = store()?;
    store.apply(
        &present(&[row(key(1), 1, "a b"), row(key(2), 2, "c d")]),
        20,
    )?;
    let act = [edit(key(1), "a b", "a B"), edit(key(2), "c d", "c D")];
    store.commit_action(Session::Cli, "changed", &act)?;
    sync(&mut store, 0)?;
    store.apply(&present(&[row(key(1), 1, "a elsewhere")]), 2000)?;

    let undone = undo(&mut store)?;

    assert_eq!(texts(&store, &all())?, ["a elsewhere", "c d"]);
    let left: Vec<_> = undone.overlaps.iter().map(|it| it.todo.id).collect();
    assert_eq!(left, [Some(1)]);
    let rest = ("changed".to_owned(), 1, "a B".to_owned());
    assert_eq!(verbs(&store)?, [rest]);

    store.apply(&present(&[row(key(1), 1, "a B +home")]), 3000)?;
    undo(&mut store)?;
    assert_eq!(texts(&store, &all())?, ["a b +home", "c d"]);
    assert_eq!(store.history(Session::Cli)?, []);
    Ok(())
}

#[test]
fn a_todo_deleted_since_is_reported_and_the_rest_is_undone() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 7, "a")]), 10)?;
    store.commit_action(Session::Cli, "changed", &[edit(key(1), "a", "b")])?;
    let removed = FeedRow::Removed {
        key: key(1),
        revision: 20,
    };
    store.apply(&[removed], 20)?;
    let seq = only(&store)?;
    store.apply_outcome(&[(seq, rejected("removed-elsewhere"))])?;
    assert_eq!(shown(&store, key(1))?, is("b", SyncState::Rejected));

    let undone = undo(&mut store)?;

    let gone: Vec<_> = undone.gone.iter().map(Todo::handle).collect();
    assert_eq!(gone, [Handle::Id(7)]);
    assert_eq!(outbox(&store)?, []);
    assert_eq!(texts(&store, &all())?, [] as [&str; 0]);
    assert_eq!(store.history(Session::Cli)?, []);
    Ok(())
}

#[test]
fn a_deletion_rejected_after_its_undo_can_be_made_and_undone_again() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit_action(Session::Cli, "removed", &[remove(key(1), "a")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    undo(&mut store)?;
    store.apply_outcome(&[(seq, rejected("permission-error"))])?;
    assert_eq!(texts(&store, &all())?, ["a", "a"]);

    store.commit_action(Session::Cli, "removed", &[remove(key(1), "a")])?;
    sync(&mut store, 5)?;
    assert_eq!(texts(&store, &all())?, ["a"]);
    undo(&mut store)?;

    assert_eq!(texts(&store, &all())?, ["a", "a"]);
    Ok(())
}

#[test]
fn undo_drops_a_change_rejected_at_once() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "buy soy milk")]), 10)?;
    store.commit_action(
        Session::Cli,
        "changed",
        &[edit(key(1), "buy milk", "buy oat milk")],
    )?;
    assert_eq!(
        shown(&store, key(1))?,
        is("buy soy milk", SyncState::Rejected)
    );

    undo(&mut store)?;

    assert_eq!(
        shown(&store, key(1))?,
        is("buy soy milk", SyncState::Synced)
    );
    assert_eq!(outbox(&store)?, []);
    Ok(())
}

#[test]
fn the_oldest_actions_are_deleted_and_a_bulk_action_stays_whole() -> TestResult {
    let mut store = store()?;
    for number in 0..210 {
        store.commit_action(
            Session::Cli,
            "added",
            &[add(key(number), &number.to_string())],
        )?;
    }
    let acts = store.history(Session::Cli)?;
    assert_eq!(acts.len(), 200);
    assert_eq!(acts.last().map(|past| past.text.as_str()), Some("10"));

    let text = "a".repeat(1 << 20);
    let bulk: Vec<_> = (1000..1018).map(|number| add(key(number), &text)).collect();
    store.commit_action(Session::Cli, "added", &bulk)?;
    assert_eq!(
        store.history(Session::Cli)?.len(),
        1,
        "no room for others beside it"
    );
    assert_eq!(undo(&mut store)?.changes.len(), 18);
    assert_eq!(store.totals()?.open, 210);
    Ok(())
}

#[test]
fn an_action_and_its_undo_survive_the_process() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    Store::open(&path, ENDPOINT)?.commit_action(
        Session::Cli,
        "added",
        &[add(key(1), "a\0\u{1b}\"é")],
    )?;
    let mut store = Store::open(&path, ENDPOINT)?;
    assert_eq!(undo(&mut store)?.action.text, "a\0\u{1b}\"é");
    assert_eq!(Store::open(&path, ENDPOINT)?.history(Session::Cli)?, []);
    Ok(())
}
