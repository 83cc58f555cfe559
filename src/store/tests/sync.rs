//! Writes of sync: sent, answered, pulled, re-keyed.

use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use crate::domain::list::Resolved;
use crate::domain::push_outcome::PrePushChange;
use crate::domain::todo::Handle;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn revisions(store: &Store) -> Result<Vec<Option<i64>>, Box<dyn Error>> {
    let outbox = store.outbox()?;
    Ok(outbox.iter().map(|queued| queued.entry.revision).collect())
}

#[test]
fn an_answered_change_leaves_with_the_first_pull_begun_after_its_answer() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    let early = store.begin_pull(NOW)?;
    store.apply_outcome(&[(seq, applied(Some(5), Some(50)))])?;
    assert_eq!(store.todo(key(1))?.and_then(|todo| todo.id), Some(5));
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Synced));

    store.complete_pull(&early)?;
    assert_eq!(outbox(&store)?.len(), 1, "it began before the answer");

    let pull = store.begin_pull(NOW)?;
    store.apply(&present(&[row(key(1), 5, "a")]), 50)?;
    assert_eq!(texts(&store, &all())?, ["a"], "never shown twice");
    store.complete_pull(&pull)?;
    assert_eq!(outbox(&store)?, []);
    assert_eq!(shown(&store, key(1))?, is("a", SyncState::Synced));
    assert_eq!(store.freshness()?.as_of, Some(NOW));
    assert_eq!(store.cursor()?, 50);
    Ok(())
}

#[test]
fn an_edit_is_based_on_the_revision_of_the_change_before_it() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    let first = only(&store)?;
    store.mark_sent(&[first])?;
    store.commit(&[edit(key(1), "a", "b")])?;
    assert_eq!(revisions(&store)?, [None, None]);
    store.apply_outcome(&[(first, applied(Some(5), Some(50)))])?;
    assert_eq!(revisions(&store)?, [None, Some(50)]);
    Ok(())
}

#[test]
fn an_unknown_revision_is_set_when_base_arrives() -> TestResult {
    for (arrived, expected) in [("a", "b"), ("a +p", "b +p")] {
        let mut store = store()?;
        store.commit(&[add(key(1), "a")])?;
        let first = only(&store)?;
        store.mark_sent(&[first])?;
        store.commit(&[edit(key(1), "a", "b")])?;
        store.apply_outcome(&[(first, applied(None, None))])?;
        let pull = store.begin_pull(NOW)?;
        store.apply(&present(&[row(key(1), 5, arrived)]), 50)?;
        store.complete_pull(&pull)?;
        assert_eq!(revisions(&store)?, [Some(50)]);
        assert_eq!(shown(&store, key(1))?, is(expected, SyncState::Pending));
    }
    Ok(())
}

#[test]
fn failures_are_counted_and_only_a_first_try_can_be_pending_again() -> TestResult {
    let mut store = store()?;
    store.commit(&[add(key(1), "a")])?;
    let seq = only(&store)?;
    let progress =
        |store: &Store| outbox(store).map(|entries| entries.into_iter().map(|e| e.1).next());
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, PushOutcome::NotApplied)])?;
    assert_eq!(progress(&store)?, Some(Progress::Pending));
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, PushOutcome::Unknown)])?;
    store.mark_sent(&[seq])?;
    store.apply_outcome(&[(seq, PushOutcome::NotApplied)])?;
    assert_eq!(progress(&store)?, Some(Progress::Sent { tries: 2 }));
    store.mark_sent(&[seq])?;
    assert_eq!(progress(&store)?.map(|it| it.failures()), Some(0));
    store.apply_outcome(&[(seq, PushOutcome::Failed)])?;
    store.mark_sent(&[seq])?;
    assert_eq!(progress(&store)?.map(|it| it.failures()), Some(1));
    assert_eq!(store.totals()?.sent, 1);
    Ok(())
}

#[test]
fn a_rebased_edit_is_made_on_the_newer_text() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit(&[edit(key(1), "a", "(A) a")])?;
    let seq = only(&store)?;
    store.apply(&present(&[row(key(1), 1, "a b")]), 12)?;
    assert_eq!(shown(&store, key(1))?, is("(A) a", SyncState::Pending));
    let rebase = PrePushChange::Rebase {
        seq,
        before: "a b".into(),
        after: "(A) a b".into(),
        revision: 12,
    };
    assert!(store.adjust(&[rebase], store.version()?)?);
    assert_eq!(shown(&store, key(1))?, is("(A) a b", SyncState::Pending));
    assert_eq!(revisions(&store)?, [Some(12)]);
    Ok(())
}

#[test]
fn a_correction_of_an_entry_that_another_process_may_have_changed_is_not_made() -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("todos.db");
    let mut store = Store::open(&path, ENDPOINT)?;
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.commit(&[edit(key(1), "a", "b")])?;
    store.apply(&present(&[row(key(1), 1, "b")]), 12)?;
    let (seq, version) = (only(&store)?, store.version()?);
    Store::open(&path, ENDPOINT)?.commit(&[edit(key(1), "b", "c")])?;
    let resolve = [PrePushChange::Resolve {
        seq,
        outcome: applied(Some(1), Some(12)),
    }];
    assert!(!store.adjust(&resolve, version)?);
    assert_eq!(shown(&store, key(1))?, is("c", SyncState::Pending));
    assert!(store.adjust(&resolve, store.version()?)?);
    Ok(())
}

#[test]
fn a_row_deleted_elsewhere_disappears_but_its_edit_stays() -> TestResult {
    let mut store = store()?;
    store.apply(&present(&[row(key(1), 1, "a"), row(key(2), 2, "b")]), 20)?;
    store.commit(&[edit(key(2), "b", "c")])?;
    let removals = [key(1), key(2), key(3)].map(|key| FeedRow::Removed { key, revision: 21 });
    store.apply(&removals, 21)?;
    assert_eq!(store.todo(key(1))?, None);
    assert_eq!(shown(&store, key(2))?, is("c", SyncState::Pending));
    assert_eq!(store.totals()?.open, 1);
    Ok(())
}

#[test]
fn an_applied_add_on_a_bare_backend_takes_the_key_of_its_row() -> TestResult {
    let mut store = store()?;
    store.set_capabilities(role(false))?;
    store.take_snapshot(&[bare_row(4, "old")])?;
    store.commit(&[add(key(1), "a")])?;
    let seq = only(&store)?;
    store.mark_sent(&[seq])?;
    let high_water = store.outbox()?.first().and_then(|q| q.entry.high_water);
    assert_eq!(high_water, Some(4));
    store.apply_outcome(&[(seq, applied(Some(7), Some(0)))])?;

    let of_row = Key::of_row(ENDPOINT, 7);
    let todo = store.todo(key(1))?.ok_or("the old key resolves")?;
    assert_eq!((todo.key, todo.id, todo.local), (of_row, Some(7), Some(1)));
    assert_eq!(store.resolve(&Handle::Local(1))?, Resolved::One(todo));

    let pull = store.begin_pull(NOW)?;
    store.take_snapshot(&[bare_row(4, "old"), bare_row(7, "a")])?;
    store.complete_pull(&pull)?;
    assert_eq!(texts(&store, &all())?, ["old", "a"]);
    store.commit(&[edit(key(1), "a", "b")])?;
    assert_eq!(shown(&store, of_row)?, is("b", SyncState::Pending));
    Ok(())
}

#[test]
fn a_snapshot_with_the_row_before_the_answer_does_not_duplicate_it() -> TestResult {
    let mut store = store()?;
    store.set_capabilities(role(false))?;
    store.commit(&[add(key(1), "a"), add(key(2), "b")])?;
    let seqs = seqs(&store)?;
    store.mark_sent(&seqs)?;
    store.commit(&[edit(key(1), "a", "a2")])?;
    store.take_snapshot(&[bare_row(7, "a")])?;
    let found = seqs.first().copied().ok_or("an entry")?;
    let resolve = PrePushChange::Resolve {
        seq: found,
        outcome: applied(Some(7), Some(0)),
    };
    assert!(store.adjust(&[resolve], store.version()?)?);
    assert_eq!(texts(&store, &all())?, ["a2", "b"]);
    Ok(())
}

#[test]
fn rows_missing_from_a_snapshot_are_deleted() -> TestResult {
    let mut store = store()?;
    store.take_snapshot(&[bare_row(1, "a"), bare_row(2, "x b"), bare_row(3, "c")])?;
    store.take_snapshot(&[bare_row(3, "c2"), bare_row(2, "x b")])?;
    assert_eq!(texts(&store, &all())?, ["x b", "c2"]);
    assert_eq!((store.totals()?.open, store.totals()?.done), (1, 1));
    Ok(())
}

#[test]
fn a_bare_backend_that_became_full_keeps_its_rows_under_their_own_keys() -> TestResult {
    let mut store = store()?;
    store.set_capabilities(role(false))?;
    store.take_snapshot(&[bare_row(1, "a"), bare_row(2, "b"), bare_row(3, "gone")])?;
    let old = Key::of_row(ENDPOINT, 1);
    store.commit(&[edit(old, "a", "a2")])?;

    store.set_capabilities(role(true))?;
    let pull = store.begin_pull(NOW)?;
    store.apply(&present(&[row(key(1), 1, "a"), row(key(2), 2, "b")]), 20)?;
    store.complete_pull(&pull)?;

    assert_eq!(texts(&store, &all())?, ["a2", "b"]);
    assert_eq!(store.todo(old)?.map(|todo| todo.key), Some(key(1)));
    let queued = store.outbox()?;
    assert_eq!(
        queued.first().map(|queued| queued.entry.change.todo),
        Some(key(1))
    );
    assert!(queued.iter().all(|queued| queued.base.is_some()));
    Ok(())
}

#[test]
fn freshness_shows_the_last_pull_and_later_failures() -> TestResult {
    let mut store = store()?;
    store.record_failure(NOW, None, "unreachable")?;
    assert_eq!(store.freshness()?.failed_at, Some(NOW));
    let pull = store.begin_pull(NOW)?;
    store.complete_pull(&pull)?;
    assert_eq!(store.freshness()?.failed_at, None);
    assert!(!store.freshness()?.stale);
    Ok(())
}

#[test]
fn an_id_out_of_range_is_an_error() -> TestResult {
    let mut store = store()?;
    for id in [i64::MAX, i64::MIN, 1 << 60] {
        let page = [FeedRow::Present(Row {
            id,
            ..row(key(1), 1, "a")
        })];
        let error = store.apply(&page, 1).err().ok_or("refused")?;
        assert!(
            matches!(error, super::super::StoreError::Id { .. }),
            "{error}"
        );
    }
    store.apply(&present(&[row(key(1), -5, "a"), row(key(2), 0, "b")]), 1)?;
    assert_eq!(texts(&store, &all())?, ["a", "b"]);
    Ok(())
}

#[test]
fn a_requested_pause_holds_until_its_end_or_a_success() -> TestResult {
    let minutes = |count| NOW.checked_add(SignedDuration::from_mins(count));
    let mut store = store()?;
    store.record_failure(NOW, Some(Duration::from_mins(10)), "unreachable")?;
    // Another try that got no answer.
    store.record_failure(minutes(2)?, None, "unreachable")?;
    let freshness = store.freshness()?;
    assert_eq!(freshness.resting(minutes(2)?), Some(minutes(10)?));
    assert_eq!(freshness.resting(minutes(10)?), None, "the pause is over");

    store.record_failure(minutes(3)?, Some(Duration::ZERO), "unreachable")?;
    assert_eq!(
        store.freshness()?.resting(minutes(3)?),
        None,
        "the last request counts"
    );

    store.record_failure(NOW, Some(Duration::from_mins(10)), "unreachable")?;
    let pull = store.begin_pull(NOW)?;
    store.complete_pull(&pull)?;
    assert_eq!(
        store.freshness()?.resting(NOW),
        None,
        "the server answers again"
    );
    Ok(())
}

#[test]
fn no_server_and_no_wrong_clock_blocks_requests_for_long() -> TestResult {
    let hour = NOW.checked_add(SignedDuration::from_hours(1))?;
    let mut store = store()?;
    store.record_failure(NOW, Some(Duration::MAX), "unreachable")?;
    assert_eq!(store.freshness()?.resting(NOW), Some(hour));

    let set_back = NOW.checked_sub(SignedDuration::from_hours(24 * 365))?;
    assert_eq!(store.freshness()?.resting(set_back), None);
    store.record_failure(set_back, None, "unreachable")?;
    assert_eq!(store.freshness()?.resting(set_back), None);
    assert_eq!(store.freshness()?.resting(NOW), None);
    Ok(())
}
