use std::error::Error;

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::change::{Change, Entry};
use crate::domain::key::ChangeId;

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
        entry: Entry {
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

fn to_edit(todo: u128, revision: i64, before: &str, after: &str) -> Edit {
    Edit {
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
    let known = Known {
        capabilities,
        complete,
        held: &none,
        absent: &none,
    };
    plan(outbox, known)
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
fn adds_go_together_again_or_for_the_first_time() {
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
fn of_each_todo_only_the_first_open_change_goes() {
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
fn requests_carry_five_hundred_entries_and_four_megabytes_at_most() {
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
fn a_removal_of_an_unanswered_add_takes_the_add_along() {
    for progress in [Progress::Pending, FIRST] {
        let outbox = [
            add(1, 1, "a", progress.clone()),
            remove(2, 1, "a", Progress::Pending),
        ];
        let plan = planned(&outbox, FULL, false);
        let [request] = plan.requests.as_slice() else {
            unreachable!("one request: {plan:?}");
        };
        assert_eq!(request.batch, Batch::AddAndRemove(key(1), "a".to_owned()));
        let item = request.items.first();
        let marks = item.map(|item| item.marks.clone());
        let unsure = progress == FIRST;
        assert_eq!(
            marks,
            Some(vec![
                Marking {
                    seq: 2,
                    unsure: false
                },
                Marking { seq: 1, unsure }
            ])
        );
        assert_eq!(item.map(|item| item.covers.clone()), Some(vec![1]));
    }
}

#[test]
fn a_removal_makes_the_edits_before_it_pointless() {
    let base = row(1, "a", 4);
    let outbox = [
        edit(1, 1, "a", "b", FIRST).on(4).base(base.clone()),
        edit(2, 1, "b", "c", Progress::Pending).base(base.clone()),
        remove(3, 1, "c", Progress::Pending).base(base),
    ];
    let plan = planned(&outbox, FULL, false);
    let items: Vec<_> = plan.requests.iter().flat_map(|s| &s.items).collect();
    assert!(
        matches!(items.as_slice(), [item] if item.seq == 3 && item.covers == [1, 2]
            && item.marks.len() == 1),
        "{items:?}"
    );
}

#[test]
fn a_removal_is_asked_for_whatever_base_says() {
    let outbox = [remove(1, 1, "a", Progress::Pending).on(4)];
    for complete in [false, true] {
        assert_eq!(sent(&outbox, FULL, complete), [Batch::Remove(vec![key(1)])]);
    }
}

#[test]
fn an_edit_of_a_todo_just_added_goes_on_the_revision_that_the_add_was_answered_with() {
    let outbox = [
        add(1, 1, "a", Progress::Answered),
        edit(2, 1, "a", "b", Progress::Pending).on(9),
    ];
    assert_eq!(
        sent(&outbox, FULL, false),
        [Batch::Edit(vec![to_edit(1, 9, "a", "b")])]
    );
}

#[test]
fn an_edit_whose_add_was_there_already_waits_for_the_pull() {
    let outbox = [
        add(1, 1, "a", Progress::Answered),
        edit(2, 1, "a", "b", Progress::Pending),
    ];
    for complete in [false, true] {
        let plan = planned(&outbox, FULL, complete);
        assert_eq!(plan.waiting, [(2, Waiting::Pull)]);
        assert_eq!((plan.pre_push.len(), plan.requests.len()), (0, 0));
    }
    let pulled = [edit(2, 1, "a", "b", Progress::Pending).base(row(1, "a", 7))];
    assert_eq!(corrected(&pulled, FULL, true), [rebase(2, "a", "b", 7)]);
}

#[test]
fn base_older_than_an_answer_is_not_taken_for_a_conflict() {
    // a → b was answered with revision 7, base still says a; then b → a.
    let base = row(1, "a", 4);
    let outbox = [
        edit(1, 1, "a", "b", Progress::Answered).base(base.clone()),
        edit(2, 1, "b", "a", Progress::Pending).on(7).base(base),
    ];
    assert_eq!(
        sent(&outbox, FULL, false),
        [Batch::Edit(vec![to_edit(1, 7, "b", "a")])]
    );
}

#[test]
fn a_sent_edit_goes_again_as_it_was_while_its_row_has_not_moved() {
    let outbox = [edit(1, 1, "a", "b", FIRST).on(4).base(row(1, "a", 4))];
    for complete in [false, true] {
        assert_eq!(
            sent(&outbox, FULL, complete),
            [Batch::Edit(vec![to_edit(1, 4, "a", "b")])]
        );
    }
}

#[test]
fn a_sent_edit_found_on_the_server_is_done() {
    let outbox = [edit(1, 1, "a", "b", FIRST).on(4).base(row(1, "b", 6))];
    assert_eq!(
        corrected(&outbox, FULL, true),
        [settled(1, Some(1), Some(6))]
    );
}

#[test]
fn a_sent_edit_whose_row_moved_on_without_its_text_is_a_persons_to_decide() {
    let outbox = [edit(1, 1, "a", "b", FIRST).on(4).base(row(1, "c", 6))];
    let found = corrected(&outbox, FULL, true);
    assert_eq!(code(found.first()), Some((1, "conflict", Some("c"))));
}

#[test]
fn an_edit_that_lost_its_race_is_merged_part_by_part() {
    let mine = edit(1, 1, "buy milk", "buy milk +home", Progress::Pending)
        .on(4)
        .base(row(1, "(A) buy milk", 6));
    assert_eq!(
        corrected(&[mine], FULL, false),
        [rebase(1, "(A) buy milk", "(A) buy milk +home", 6)]
    );
}

#[test]
fn an_edit_that_overlaps_is_a_persons_to_decide() {
    let mine = edit(1, 1, "buy milk", "buy bread", Progress::Pending)
        .on(4)
        .base(row(1, "buy wine", 6));
    let found = corrected(&[mine], FULL, false);
    assert_eq!(code(found.first()), Some((1, "conflict", Some("buy wine"))));
}

#[test]
fn the_same_edit_made_elsewhere_needs_no_request() {
    let mine = edit(1, 1, "a", "b", Progress::Pending)
        .on(4)
        .base(row(1, "b", 6));
    assert_eq!(
        corrected(&[mine], FULL, false),
        [settled(1, Some(1), Some(6))]
    );
}

#[test]
fn a_row_that_is_gone_is_told_only_after_a_complete_pull() {
    for progress in [Progress::Pending, FIRST] {
        let outbox = [edit(1, 1, "a", "b", progress).on(4)];
        let early = planned(&outbox, FULL, false);
        assert_eq!(early.waiting, [(1, Waiting::Pull)]);
        assert!(early.pre_push.is_empty() && early.requests.is_empty());
        let found = corrected(&outbox, FULL, true);
        assert_eq!(code(found.first()), Some((1, "removed-elsewhere", None)));
    }
}

#[test]
fn after_a_restore_an_edit_is_made_on_the_older_revision() {
    let outbox = [edit(1, 1, "a", "b", Progress::Pending)
        .on(90)
        .base(row(1, "a", 4))];
    assert_eq!(corrected(&outbox, FULL, true), [rebase(1, "a", "b", 4)]);
}

#[test]
fn what_the_role_may_not_do_waits_and_says_so() {
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
                (1, Waiting::MayNotAdd),
                (2, Waiting::MayNotEdit),
                (3, Waiting::MayNotRemove)
            ]
        );
        assert!(plan.pre_push.is_empty() && plan.requests.is_empty());
    }
}

#[test]
fn what_is_held_waits_for_the_next_pull() {
    let outbox = [edit(1, 1, "a", "b", Progress::Pending)
        .on(4)
        .base(row(1, "a", 4))];
    let (held, absent) = (HashSet::from([1]), HashSet::new());
    let known = Known {
        capabilities: FULL,
        complete: false,
        held: &held,
        absent: &absent,
    };
    let plan = plan(&outbox, known);
    assert_eq!(plan.waiting, [(1, Waiting::Pull)]);
    assert!(plan.requests.is_empty());
}

#[test]
fn an_entry_that_the_server_fails_at_travels_alone_and_last() {
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

#[test]
fn bare_adds_go_together_and_other_bare_changes_one_by_one_in_order() {
    let outbox = [
        add(1, 1, "a", Progress::Pending),
        edit(2, 2, "x", "y", Progress::Pending)
            .on(0)
            .base(row(2, "x", 0)),
        remove(3, 3, "z", Progress::Pending).base(row(3, "z", 0)),
    ];
    assert_eq!(
        sent(&outbox, BARE, false),
        [
            Batch::BareAdd(vec!["a".to_owned()]),
            Batch::BareEdit {
                id: 2,
                before: "x".to_owned(),
                after: "y".to_owned()
            },
            Batch::BareRemove {
                id: 3,
                before: "z".to_owned()
            },
        ]
    );
}

#[test]
fn a_bare_add_that_may_have_arrived_is_looked_for_before_any_add_goes() {
    let outbox = [add(1, 1, "a", FIRST), add(2, 2, "a", Progress::Pending)];
    let plan = planned(&outbox, BARE, false);
    assert_eq!(plan.waiting, [(1, Waiting::Pull), (2, Waiting::Pull)]);
    assert!(plan.requests.is_empty());

    let (held, absent) = (HashSet::new(), HashSet::from([1]));
    let known = Known {
        capabilities: BARE,
        complete: true,
        held: &held,
        absent: &absent,
    };
    let seqs: Vec<_> = super::plan(&outbox, known)
        .requests
        .iter()
        .flat_map(|s| s.items.iter().map(|p| p.seq))
        .collect();
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn a_bare_add_removed_before_it_was_ever_sent_is_nothing() {
    let outbox = [
        add(1, 1, "a", Progress::Pending),
        remove(2, 1, "a", Progress::Pending),
    ];
    assert_eq!(
        corrected(&outbox, BARE, false),
        [settled(1, None, None), settled(2, None, None)]
    );
}

#[test]
fn a_sent_bare_edit_is_judged_by_a_fresh_snapshot_only() {
    let check_corruption =
        |text: &str| vec![edit(1, 1, "a", "b", FIRST).on(0).base(row(1, text, 0))];
    for text in ["a", "b", "c"] {
        let plan = planned(&check_corruption(text), BARE, false);
        assert_eq!(plan.waiting, [(1, Waiting::Pull)], "{text}");
    }
    assert_eq!(sent(&check_corruption("a"), BARE, true).len(), 1);
    assert_eq!(
        corrected(&check_corruption("b"), BARE, true),
        [settled(1, Some(1), Some(0))]
    );
    let found = corrected(&check_corruption("c"), BARE, true);
    assert_eq!(code(found.first()), Some((1, "conflict", Some("c"))));
}

#[test]
fn a_bare_removal_spares_a_text_that_nobody_here_has_seen() {
    let outbox = [remove(1, 1, "a", Progress::Pending).base(row(1, "other", 0))];
    assert_eq!(planned(&outbox, BARE, false).waiting, [(1, Waiting::Pull)]);
    let found = corrected(&outbox, BARE, true);
    assert_eq!(code(found.first()), Some((1, "conflict", Some("other"))));
    let gone = [remove(1, 1, "a", Progress::Pending)];
    assert_eq!(corrected(&gone, BARE, true), [settled(1, None, None)]);
}

#[test]
fn a_bare_edit_after_an_answered_one_uses_the_text_it_was_made_on() {
    let base = row(1, "a", 0);
    let outbox = [
        edit(1, 1, "a", "b", Progress::Answered).base(base.clone()),
        edit(2, 1, "b", "c", Progress::Pending).on(0).base(base),
    ];
    assert_eq!(
        sent(&outbox, BARE, false),
        [Batch::BareEdit {
            id: 1,
            before: "b".to_owned(),
            after: "c".to_owned()
        }]
    );
}
