//! Folding of changes of one todo in the outbox.

use super::*;
use crate::domain::change::REMOVED_ELSEWHERE;
use crate::domain::list::Resolved;
use crate::domain::todo::Handle;

pub(super) fn edited(before: &str, after: &str) -> Act {
    Act::Edit {
        before: before.into(),
        after: after.into(),
    }
}

fn added(text: &str) -> Act {
    Act::Add { text: text.into() }
}

pub(super) fn removed(before: &str) -> Act {
    Act::Remove {
        before: before.into(),
    }
}

fn synced(text: &str) -> Result<Store, Box<dyn Error>> {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, text)]), 10)?;
    Ok(store)
}

#[test]
fn changes_of_an_unsent_todo_become_one_add_or_nothing() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a"), edit(key(1), "a", "b")])?;
    assert_eq!(outbox(&store)?, [(added("b"), Progress::Pending)]);

    let gone = store.commit(&[remove(key(1), "b")])?;
    assert_eq!(gone.len(), 1, "the deleted todo is returned as it was");
    assert_eq!(outbox(&store)?, []);
    assert_eq!(store.todo(key(1))?, None);
    assert_eq!(store.totals()?, crate::domain::list::Totals::default());
    Ok(())
}

#[test]
fn pending_edits_become_one_and_none_when_they_cancel_out() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[edit(key(1), "a", "b")])?;
    store.commit(&[edit(key(1), "b", "c")])?;
    assert_eq!(outbox(&store)?, [(edited("a", "c"), Progress::Pending)]);
    let revision = store.outbox()?.first().and_then(|q| q.entry.revision);
    assert_eq!(revision, Some(10));

    store.commit(&[edit(key(1), "c", "a")])?;
    assert_eq!(outbox(&store)?, []);
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Synced));
    Ok(())
}

#[test]
fn deleting_a_todo_with_a_pending_edit_deletes_the_servers_text() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[edit(key(1), "a", "b"), remove(key(1), "b")])?;
    assert_eq!(outbox(&store)?, [(removed("a"), Progress::Pending)]);
    store.commit(&[edit(key(1), "b", "c")])?;
    assert_eq!(
        outbox(&store)?,
        [(edited("a", "c"), Progress::Pending)],
        "an edit cancels an unsent deletion"
    );
    Ok(())
}

#[test]
fn sent_changes_are_never_folded() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    store.mark_sent(&[only(&store)?])?;
    store.commit(&[edit(key(1), "a", "b"), edit(key(1), "b", "c")])?;
    let sent = Progress::Sent { tries: 1 };
    assert_eq!(
        outbox(&store)?,
        [
            (added("a"), sent.clone()),
            (edited("a", "c"), Progress::Pending)
        ]
    );
    assert_eq!(shown(&store, key(1))?, is("c", SyncState::Sent));

    store.commit(&[remove(key(1), "c")])?;
    assert_eq!(
        outbox(&store)?,
        [(added("a"), sent), (removed("a"), Progress::Pending)]
    );
    assert_eq!(store.todo(key(1))?, None);
    Ok(())
}

#[test]
fn an_add_that_certainly_did_not_arrive_folds_again() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.commit(&[edit(key(1), "a", "b")])?;
    store.apply_outcome(&[(seq, PushOutcome::NotApplied)])?;
    assert_eq!(outbox(&store)?, [(added("b"), Progress::Pending)]);
    Ok(())
}

#[test]
fn completing_keeps_a_rejected_text_that_exists_nowhere_else() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[edit(key(1), "a", "a of mine")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, rejected("conflict"))])?;

    store.commit(&[edit(key(1), "a", "x 2026-11-24 a +home")])?;
    let acts: Vec<_> = outbox(&store)?.into_iter().map(|(act, _)| act).collect();
    let done = edited("a", "x 2026-11-24 a +home");
    assert_eq!(acts, [edited("a", "a of mine"), done]);
    Ok(())
}

#[test]
fn an_edit_replaces_the_rejected_change() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[edit(key(1), "a", "b"), add(key(2), "n")])?;
    let seqs = seqs(&store)?;
    store.mark_sent(&seqs)?;
    let outcomes: Vec<_> = seqs
        .iter()
        .map(|seq| (*seq, rejected("permission-error")))
        .collect();
    store.apply_outcome(&outcomes)?;
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Rejected));
    assert_eq!(shown(&store, key(2))?, is("n", SyncState::Rejected));
    assert_eq!(store.totals()?.rejected, 2);

    store.commit(&[edit(key(1), "a", "c"), edit(key(2), "n", "m")])?;
    assert_eq!(
        outbox(&store)?,
        [
            (added("m"), Progress::Pending),
            (edited("a", "c"), Progress::Pending)
        ]
    );
    assert_eq!(store.totals()?.rejected, 0);
    Ok(())
}

#[test]
fn a_rejected_add_that_is_removed_is_gone() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, rejected("reset"))])?;
    store.commit(&[remove(key(1), "a")])?;
    assert_eq!(outbox(&store)?, []);
    assert_eq!(store.todo(key(1))?, None);
    Ok(())
}

#[test]
fn a_change_based_on_a_rejected_one_is_joined_with_it() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[edit(key(1), "a", "b")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.commit(&[edit(key(1), "b", "c")])?;
    store.apply_outcome(&[(seq, rejected("conflict"))])?;
    let entries = outbox(&store)?;
    assert!(
        matches!(entries.as_slice(), [(act, Progress::Rejected(_))] if *act == edited("a", "c")),
        "{entries:?}"
    );
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Rejected));
    Ok(())
}

#[test]
fn an_edit_of_a_text_that_has_changed_since_is_merged_or_rejected() -> TestResult {
    let mut store = synced("a")?;
    store.apply(&present(&[row(key(1), 1, "a +p")]), 11)?;
    store.commit(&[edit(key(1), "a", "(A) a")])?;
    assert_eq!(
        outbox(&store)?,
        [(edited("a +p", "(A) a +p"), Progress::Pending)]
    );

    let mut store = synced("theirs")?;
    store.commit(&[edit(key(1), "a", "mine")])?;
    let queued = store.outbox()?;
    let progress = queued.first().map(|queued| &queued.entry.progress);
    assert!(
        matches!(progress, Some(Progress::Rejected(why))
            if why.code == "conflict" && why.theirs.as_deref() == Some("theirs")),
        "{progress:?}"
    );
    Ok(())
}

#[test]
fn adding_the_same_todo_twice_adds_nothing() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[
        add(key(1), "again"),
        add(key(2), "b"),
        add(key(2), "b again"),
    ])?;
    assert_eq!(outbox(&store)?, [(added("b"), Progress::Pending)]);
    assert_eq!(texts(&store, &all())?, ["a", "b"]);
    Ok(())
}

#[test]
fn deleting_a_missing_todo_does_nothing() -> TestResult {
    let mut store = store()?;
    assert_eq!(store.commit(&[remove(key(1), "a")])?, []);
    assert_eq!(outbox(&store)?, []);
    Ok(())
}

#[test]
fn a_rejected_change_can_be_retried_or_dropped_but_a_sent_one_cannot() -> TestResult {
    let mut store = synced("a")?;
    store.commit(&[edit(key(1), "a", "b")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    assert!(!store.drop_entry(seq)?);
    assert_eq!(store.retry(seq, key(9))?, None);
    store.apply_outcome(&[(seq, rejected("conflict"))])?;
    store.apply(
        &present(&[Row {
            revision: 77,
            ..row(key(1), 1, "theirs")
        }]),
        77,
    )?;
    assert_eq!(store.retry(seq, key(9))?, Some(key(1)));
    let queued = store.outbox()?;
    let entry = queued.first().map(|queued| &queued.entry);
    let theirs = match entry.map(|entry| &entry.progress) {
        Some(Progress::Rejected(rejection)) => rejection.theirs.as_deref(),
        _ => None,
    };
    assert_eq!(theirs, Some("theirs"), "a retry still conflicts");

    assert!(store.drop_entry(seq)?);
    assert_eq!(shown(&store, key(1))?, is("theirs", SyncState::Synced));
    assert!(!store.drop_entry(seq)?);
    Ok(())
}

/// Returns a store whose edit `before` → `mine` was rejected while the server's text is
/// `theirs`, and the edit's sequence number.
fn rejected_edit(
    before: &str,
    mine: &str,
    theirs: &str,
) -> Result<(Store, i64), Box<dyn std::error::Error>> {
    let mut store = synced(before)?;
    store.commit(&[edit(key(1), before, mine)])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, rejected("conflict"))])?;
    store.apply(
        &present(&[Row {
            revision: 77,
            ..row(key(1), 1, theirs)
        }]),
        77,
    )?;
    Ok((store, seq))
}

#[test]
fn a_retry_merges_with_all_later_changes_of_either_side() -> TestResult {
    let (mut store, seq) = rejected_edit("milk", "milk +shop", "soy milk @home")?;
    store.commit(&[edit(
        key(1),
        "soy milk @home",
        "x 2026-11-24 soy milk @home",
    )])?;
    store.retry(seq, key(9))?;

    let merged = "x 2026-11-24 soy milk @home +shop";
    assert_eq!(
        outbox(&store)?,
        [(edited("soy milk @home", merged), Progress::Pending)],
        "one change with both"
    );
    assert_eq!(shown(&store, key(1))?, is(merged, SyncState::Pending));
    let queued = store.outbox()?;
    let revision = queued.first().and_then(|queued| queued.entry.revision);
    assert_eq!(revision, Some(77));
    Ok(())
}

#[test]
fn a_retry_never_replaces_a_newer_text_as_a_whole() -> TestResult {
    let (mut store, seq) = rejected_edit("milk", "oat milk", "soy milk")?;
    let done = "x 2026-11-24 soy milk";
    store.commit(&[edit(key(1), "soy milk", done)])?;
    store.retry(seq, key(9))?;

    assert_eq!(shown(&store, key(1))?, is(done, SyncState::Rejected));
    let kept = store.outbox()?;
    let kept = kept.first().map(|queued| &queued.entry.change.act);
    assert_eq!(kept, Some(&edited("milk", "oat milk")), "both texts stay");
    Ok(())
}

#[test]
fn a_retry_of_an_edit_that_is_already_applied_leaves_nothing() -> TestResult {
    let (mut store, seq) = rejected_edit("milk", "oat milk", "oat milk")?;
    store.retry(seq, key(9))?;

    assert_eq!(outbox(&store)?, []);
    assert_eq!(shown(&store, key(1))?, is("oat milk", SyncState::Synced));
    Ok(())
}

#[test]
fn a_retry_of_a_todo_deleted_elsewhere_restores_it_as_new_under_its_old_names() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, applied(Some(1), Some(10)))])?;
    let pull = store.begin_pull(Timestamp::UNIX_EPOCH)?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.complete_pull(&pull)?;
    store.commit(&[edit(key(1), "a", "b")])?;
    let gone = FeedRow::Removed {
        key: key(1),
        revision: 11,
    };
    store.apply(&[gone], 11)?;
    let seq = only(&store)?;
    store.apply_outcome(&[(seq, rejected(REMOVED_ELSEWHERE))])?;
    assert_eq!(shown(&store, key(1))?, is("b", SyncState::Rejected));

    assert_eq!(store.retry(seq, key(2))?, Some(key(2)));
    assert_eq!(outbox(&store)?, [(added("b"), Progress::Pending)]);
    assert_eq!(store.totals()?.rejected, 0);
    for name in [Handle::Key(key(1)), Handle::Local(1), Handle::Id(1)] {
        let Resolved::One(todo) = store.resolve(&name)? else {
            return Err(format!("{name} names nothing").into());
        };
        assert_eq!((todo.key, todo.local), (key(2), Some(1)));
    }
    Ok(())
}
