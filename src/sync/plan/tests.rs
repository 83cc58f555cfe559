use std::error::Error;

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::change::{Change, OutboxEntry};
use crate::domain::key::ChangeId;

mod bare;
mod full;

const FULL: Capabilities = Capabilities {
    full: true,
    insert: true,
    update: true,
    delete: true,
    single_operations: false,
};
const BARE: Capabilities = Capabilities {
    full: false,
    ..FULL
};
const FIRST: Progress = Progress::Sent { tries: 1 };

fn key(n: u128) -> Key {
    Key::new(Uuid::from_u128(n))
}

fn row(n: u128, text: &str, revision: i64) -> Row {
    Row {
        key: key(n),
        id: i64::try_from(n).unwrap_or(0),
        text: text.to_owned(),
        revision,
        created_at: None,
        updated_at: None,
    }
}

fn queued(seq: i64, todo: u128, act: Act, progress: Progress) -> Queued {
    Queued {
        entry: OutboxEntry {
            seq,
            change: Change {
                id: ChangeId(Uuid::from_u128(todo)),
                todo: key(todo),
                act,
                at: Timestamp::UNIX_EPOCH,
            },
            revision: None,
            high_water: None,
            progress,
        },
        base: None,
        waits: false,
    }
}

trait With: Sized {
    fn on(self, revision: i64) -> Self;
    fn base(self, row: Row) -> Self;
}

impl With for Queued {
    fn on(mut self, revision: i64) -> Self {
        self.entry.revision = Some(revision);
        self
    }
    fn base(mut self, row: Row) -> Self {
        self.base = Some(row);
        self
    }
}

fn add(seq: i64, todo: u128, text: &str, progress: Progress) -> Queued {
    let text = text.to_owned();
    queued(seq, todo, Act::Add { text }, progress)
}

fn to_edit(todo: u128, revision: i64, before: &str, after: &str) -> KeyedEdit {
    KeyedEdit {
        key: key(todo),
        revision,
        before: before.to_owned(),
        after: after.to_owned(),
    }
}

fn edit(seq: i64, todo: u128, before: &str, after: &str, progress: Progress) -> Queued {
    let (before, after) = (before.to_owned(), after.to_owned());
    queued(seq, todo, Act::Edit { before, after }, progress)
}

fn remove(seq: i64, todo: u128, before: &str, progress: Progress) -> Queued {
    let before = before.to_owned();
    queued(seq, todo, Act::Remove { before }, progress)
}

fn planned(outbox: &[Queued], capabilities: Capabilities, complete: bool) -> Plan {
    let none = HashSet::new();
    let context = PlanContext {
        capabilities,
        complete,
        deferred: &none,
        absent: &none,
    };
    plan(outbox, context)
}

/// The batches of a plan that corrects nothing.
fn sent(outbox: &[Queued], capabilities: Capabilities, complete: bool) -> Vec<Batch> {
    let plan = planned(outbox, capabilities, complete);
    assert_eq!(plan.pre_push, [], "nothing to correct");
    plan.requests
        .into_iter()
        .map(|request| request.batch)
        .collect()
}

/// The corrections of a plan, which then sends nothing.
fn corrected(outbox: &[Queued], capabilities: Capabilities, complete: bool) -> Vec<PrePushChange> {
    let plan = planned(outbox, capabilities, complete);
    assert_eq!(plan.requests, [], "nothing is sent before corrections");
    plan.pre_push
}

fn settled(seq: i64, id: Option<i64>, revision: Option<i64>) -> PrePushChange {
    let outcome = PushOutcome::Applied { id, revision };
    PrePushChange::Resolve { seq, outcome }
}

fn code(adjustment: Option<&PrePushChange>) -> Option<(i64, &str, Option<&str>)> {
    match adjustment {
        Some(PrePushChange::Resolve {
            seq,
            outcome: PushOutcome::Rejected(rejection),
        }) => Some((*seq, rejection.code.as_str(), rejection.theirs.as_deref())),
        Some(PrePushChange::Resolve { .. } | PrePushChange::Rebase { .. }) | None => None,
    }
}

fn rebase(seq: i64, before: &str, after: &str, revision: i64) -> PrePushChange {
    PrePushChange::Rebase {
        seq,
        before: before.to_owned(),
        after: after.to_owned(),
        revision,
    }
}

#[test]
fn new_and_repeated_adds_share_a_request() {
    let outbox = [
        add(1, 1, "a", Progress::Pending),
        add(2, 2, "b", FIRST),
        add(3, 3, "c", Progress::Answered),
    ];
    assert_eq!(
        sent(&outbox, FULL, false),
        [Batch::Add(vec![
            (key(1), "a".to_owned()),
            (key(2), "b".to_owned())
        ])]
    );
}

#[test]
fn of_each_todo_only_the_first_open_change_is_sent() {
    let outbox = [
        edit(1, 1, "a", "b", FIRST).on(4).base(row(1, "a", 4)),
        edit(2, 1, "b", "c", Progress::Pending).base(row(1, "a", 4)),
        edit(3, 2, "x", "y", Progress::Pending)
            .on(5)
            .base(row(2, "x", 5)),
    ];
    assert_eq!(
        sent(&outbox, FULL, false),
        [Batch::Edit(vec![
            to_edit(1, 4, "a", "b"),
            to_edit(2, 5, "x", "y")
        ])]
    );
}

#[test]
fn requests_have_at_most_500_entries_and_4_megabytes() {
    let outbox: Vec<_> = (1..=1201)
        .map(|n| add(n, n.unsigned_abs().into(), "a", Progress::Pending))
        .collect();
    let sizes: Vec<_> = planned(&outbox, FULL, false)
        .requests
        .iter()
        .map(|request| request.items.len())
        .collect();
    assert_eq!(sizes, [500, 500, 201]);

    let large = "a".repeat(3 << 20);
    let outbox: Vec<_> = (1..=3)
        .map(|n| add(n, n.unsigned_abs().into(), &large, Progress::Pending))
        .collect();
    assert_eq!(sent(&outbox, FULL, false).len(), 3);
}

#[test]
fn changes_without_permission_wait_with_the_reason() {
    let base = row(3, "a", 4);
    let outbox = [
        add(1, 1, "a", Progress::Pending),
        edit(2, 2, "a", "b", Progress::Pending)
            .on(4)
            .base(row(2, "a", 4)),
        remove(3, 3, "a", Progress::Pending).on(4).base(base),
    ];
    for full in [true, false] {
        let nothing = Capabilities {
            full,
            insert: false,
            update: false,
            delete: false,
            single_operations: false,
        };
        let plan = planned(&outbox, nothing, true);
        assert_eq!(
            plan.waiting,
            [
                (1, WaitReason::MayNotAdd),
                (2, WaitReason::MayNotEdit),
                (3, WaitReason::MayNotRemove)
            ]
        );
        assert!(plan.pre_push.is_empty() && plan.requests.is_empty());
    }
}

#[test]
fn deferred_entries_wait_for_the_next_pull() {
    let outbox = [edit(1, 1, "a", "b", Progress::Pending)
        .on(4)
        .base(row(1, "a", 4))];
    let (deferred, absent) = (HashSet::from([1]), HashSet::new());
    let context = PlanContext {
        capabilities: FULL,
        complete: false,
        deferred: &deferred,
        absent: &absent,
    };
    let plan = plan(&outbox, context);
    assert_eq!(plan.waiting, [(1, WaitReason::Pull)]);
    assert!(plan.requests.is_empty());
}

#[test]
fn an_entry_that_makes_the_server_fail_is_sent_alone_and_last() {
    let outbox = [
        add(1, 1, "poison", Progress::Sent { tries: 10 }),
        add(2, 2, "b", Progress::Pending),
        add(3, 3, "c", Progress::Sent { tries: 9 }),
    ];
    let plan = planned(&outbox, FULL, false);
    let seqs: Vec<Vec<i64>> = plan
        .requests
        .iter()
        .map(|s| s.items.iter().map(|p| p.seq).collect())
        .collect();
    assert_eq!(seqs, [vec![2, 3], vec![1]]);
}

#[test]
fn a_request_is_halved_until_one_entry_stands_alone() -> Result<(), Box<dyn Error>> {
    let outbox: Vec<_> = (1..=3)
        .map(|n| remove(n, n.unsigned_abs().into(), "a", Progress::Pending))
        .collect();
    let request = planned(&outbox, FULL, true).requests.remove(0);
    let (first, second) = request.halves().map_err(|_| "three can be halved")?;
    assert_eq!(first.batch, Batch::Remove(vec![key(1)]));
    assert_eq!(second.batch, Batch::Remove(vec![key(2), key(3)]));
    assert_eq!((first.items.len(), second.items.len()), (1, 2));
    assert_eq!(first.clone().halves(), Err(first));
    Ok(())
}
