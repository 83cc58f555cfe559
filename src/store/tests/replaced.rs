//! Undo of what replaced a rejected text.

use super::folding::{edited, removed};
use super::history::{counted, sync, undo};
use super::*;
use crate::domain::history::Session;

/// A todo `a` whose edit to `mine` was rejected, and replaced by an edit to `c`.
fn replaced() -> Result<Store, Box<dyn Error>> {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit_action(Session::Cli, "changed", &[edit(key(1), "a", "mine")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, rejected("conflict"))])?;
    store.commit_action(Session::Cli, "changed", &[edit(key(1), "a", "c")])?;
    assert_eq!(outbox(&store)?, [(edited("a", "c"), Progress::Pending)]);
    Ok(store)
}

fn waiting(store: &Store) -> Result<Vec<Act>, Box<dyn Error>> {
    Ok(outbox(store)?.into_iter().map(|(act, _)| act).collect())
}

#[test]
fn undoing_an_edit_brings_back_the_rejected_text_that_it_replaced() -> TestResult {
    let mut store = replaced()?;

    let undone = undo(&mut store)?;

    let states: Vec<_> = undone.todos.iter().map(|todo| todo.state).collect();
    assert_eq!(states, [SyncState::Rejected]);
    assert_eq!(waiting(&store)?, [edited("a", "mine")]);
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Rejected));
    assert_eq!(store.totals()?.rejected, 1);

    let mut fresh = counted();
    store.redo(Session::Cli, Timestamp::UNIX_EPOCH, &mut fresh)?;
    assert_eq!(waiting(&store)?, [edited("a", "c")]);
    undo(&mut store)?;
    assert_eq!(waiting(&store)?, [edited("a", "mine")]);

    undo(&mut store)?;
    assert_eq!(waiting(&store)?, []);
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Synced));
    Ok(())
}

#[test]
fn undoing_a_deletion_brings_back_the_rejected_text_of_the_todo() -> TestResult {
    let mut store = replaced()?;
    undo(&mut store)?;
    store.commit_action(Session::Cli, "removed", &[remove(key(1), "a")])?;
    assert_eq!(waiting(&store)?, [removed("a")]);

    undo(&mut store)?;

    assert_eq!(waiting(&store)?, [edited("a", "mine")]);
    Ok(())
}

/// A todo `a` whose undone edit to `c` was sent: the reversal waits, with the rejected
/// edit. Returns the reversal's place in the outbox.
fn undone_after_sending() -> Result<(Store, i64), Box<dyn Error>> {
    let mut store = replaced()?;
    sync(&mut store, 1)?;
    assert_eq!(shown(&store, key(1))?, is("c", SyncState::Synced));
    undo(&mut store)?;
    assert_eq!(waiting(&store)?, [edited("c", "a"), edited("a", "mine")]);
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Rejected));
    let seq = store.outbox()?.first().map(|queued| queued.entry.seq);
    let seq = seq.ok_or("nothing waits")?;
    store.mark_sent(&[seq])?;
    Ok((store, seq))
}

#[test]
fn a_rejected_text_comes_back_after_its_replacement_was_sent() -> TestResult {
    let (mut store, seq) = undone_after_sending()?;

    store.apply_outcome(&[(seq, applied(Some(1), Some(30)))])?;
    let pull = store.begin_pull(Timestamp::UNIX_EPOCH)?;
    let answered = Row {
        revision: 30,
        ..row(key(1), 1, "a")
    };
    let cursor = store.cursor()? + 1000;
    store.apply(&present(&[answered]), cursor)?;
    store.complete_pull(&pull)?;

    assert_eq!(waiting(&store)?, [edited("a", "mine")]);
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Rejected));
    Ok(())
}

#[test]
fn a_later_change_joins_a_rejected_reversal_and_the_text_that_came_back_stays() -> TestResult {
    let (mut store, seq) = undone_after_sending()?;
    store.commit(&[edit(key(1), "a", "x a")])?;
    let queued = [edited("c", "a"), edited("a", "mine"), edited("a", "x a")];
    assert_eq!(waiting(&store)?, queued);

    store.apply_outcome(&[(seq, rejected("conflict"))])?;

    assert_eq!(
        waiting(&store)?,
        [edited("c", "x a"), edited("a", "mine")],
        "the user decides once about each text"
    );
    assert_eq!(store.totals()?.rejected, 2);
    Ok(())
}

#[test]
fn undoing_the_acceptance_of_their_text_brings_the_rejected_text_back() -> TestResult {
    let mut store = replaced()?;
    undo(&mut store)?;
    store.commit_action(Session::Cli, "changed", &[edit(key(1), "a", "a")])?;
    assert_eq!(waiting(&store)?, []);

    let undone = undo(&mut store)?;

    let restored: Vec<_> = undone.restored.into_iter().map(|it| it.act).collect();
    assert_eq!(restored, [edited("a", "mine")]);
    assert_eq!(undone.changes, []);
    assert_eq!(waiting(&store)?, [edited("a", "mine")]);
    let mut fresh = counted();
    store.redo(Session::Cli, Timestamp::UNIX_EPOCH, &mut fresh)?;
    assert_eq!(waiting(&store)?, []);
    undo(&mut store)?;
    assert_eq!(waiting(&store)?, [edited("a", "mine")]);
    Ok(())
}
