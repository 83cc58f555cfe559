//! Resets of the server.

use super::*;
use crate::domain::feed::Mark;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

#[test]
fn a_reset_server_replaces_base_keeps_the_outbox_and_rejects_unanswered_adds() -> TestResult {
    let told_mark = Mark {
        user_id: 1,
        revision: 30,
        purged_revision: 5,
    };
    for mark in [
        Mark {
            user_id: 2,
            ..told_mark
        },
        Mark {
            revision: 19,
            ..told_mark
        },
        Mark {
            purged_revision: 21,
            ..told_mark
        },
    ] {
        let mut store = store()?;
        store.apply(&present(&[row(key(1), 1, "a"), row(key(2), 2, "b")]), 20)?;
        assert!(!store.check_mark(told_mark)?);
        store.commit(&[
            add(key(3), "sent"),
            add(key(4), "waits"),
            edit(key(2), "b", "c"),
        ])?;
        let first = seqs(&store)?.first().copied().ok_or("an entry")?;
        store.mark_sent(&[first])?;

        assert!(store.check_mark(mark)?);
        assert_eq!(store.cursor()?, 0);
        assert!(store.freshness()?.stale);
        assert_eq!(shown(&store, key(1))?, is("a", SyncState::Synced), "still");
        assert_eq!(shown(&store, key(2))?, is("c", SyncState::Pending));
        assert_eq!(shown(&store, key(3))?, is("sent", SyncState::Rejected));
        assert_eq!(shown(&store, key(4))?, is("waits", SyncState::Pending));
        assert!(!store.check_mark(mark)?, "only once");
        let pull = store.begin_pull(NOW)?;
        store.complete_pull(&pull)?;
        assert_eq!(store.rows_after(0)?, []);
        assert_eq!(shown(&store, key(1))?, None);
        assert_eq!(shown(&store, key(2))?, is("c", SyncState::Pending));
    }
    Ok(())
}

/// The mark of a server that was reset before the first pull.
const RESET: Mark = Mark {
    user_id: 1,
    revision: 9,
    purged_revision: 5,
};

#[test]
fn a_reset_before_the_first_pull_rejects_a_successor_with_the_add_of_its_todo() -> TestResult {
    let mut store = store()?;
    store.set_capabilities(role(true))?;
    let (open, done) = ("a rec:1w", "x 2026-11-24 a rec:1w");
    store.commit(&[add(key(1), open), edit(key(1), open, done)])?;
    store.mark_sent(&[1])?;

    assert!(!store.check_mark(RESET)?);

    assert_eq!(shown(&store, key(1))?, is(done, SyncState::Rejected));
    let next = store.successor(key(1))?.ok_or("no successor")?;
    assert_eq!(next.state, SyncState::Rejected);
    Ok(())
}

#[test]
fn after_a_reset_an_unanswered_add_is_sent_again_only_with_its_deletion() -> TestResult {
    let may_not_delete = Capabilities {
        delete: false,
        ..role(true)
    };
    for (role, is_rejected, left) in [
        (role(true), false, vec![SyncState::Sent, SyncState::Pending]),
        // Neither the add nor its deletion is left.
        (may_not_delete, false, vec![]),
        (role(true), true, vec![SyncState::Rejected; 2]),
    ] {
        let mut store = store()?;
        store.set_capabilities(role)?;
        store.commit(&[add(key(1), "a")])?;
        store.mark_sent(&[1])?;
        store.commit(&[remove(key(1), "a")])?;
        if is_rejected {
            store.mark_sent(&[2])?;
            store.apply_outcome(&[(2, rejected("permission-error"))])?;
        }

        store.check_mark(RESET)?;

        let states: Vec<_> = outbox(&store)?.iter().map(|(_, it)| state(it)).collect();
        assert_eq!(states, left, "{role:?}");
    }
    Ok(())
}

fn state(progress: &Progress) -> SyncState {
    match progress {
        Progress::Pending => SyncState::Pending,
        Progress::Sent { .. } => SyncState::Sent,
        Progress::Answered => SyncState::Synced,
        Progress::Rejected(_) => SyncState::Rejected,
    }
}

#[test]
fn a_purge_beyond_the_last_row_does_not_reset_twice() -> TestResult {
    let mut store = store()?;
    let mark = Mark {
        user_id: 1,
        revision: 40,
        purged_revision: 35,
    };
    let pull = store.begin_pull(NOW)?;
    assert!(!store.check_mark(mark)?);
    store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
    store.complete_pull(&pull)?;
    assert!(!store.check_mark(mark)?);
    Ok(())
}
