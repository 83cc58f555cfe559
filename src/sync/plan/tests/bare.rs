//! Plans for one todo on a bare backend.

use super::*;

#[test]
fn bare_adds_share_a_request_and_other_bare_changes_are_sent_one_by_one() {
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
fn a_bare_add_that_may_have_arrived_is_matched_before_any_add_is_sent() {
    let outbox = [add(1, 1, "a", FIRST), add(2, 2, "a", Progress::Pending)];
    let plan = planned(&outbox, BARE, false);
    assert_eq!(plan.waiting, [(1, WaitReason::Pull), (2, WaitReason::Pull)]);
    assert!(plan.requests.is_empty());

    let (deferred, absent) = (HashSet::new(), HashSet::from([1]));
    let context = PlanContext {
        capabilities: BARE,
        complete: true,
        deferred: &deferred,
        absent: &absent,
    };
    let seqs: Vec<_> = super::plan(&outbox, context)
        .requests
        .iter()
        .flat_map(|s| s.items.iter().map(|p| p.seq))
        .collect();
    assert_eq!(seqs, [1, 2]);
}

#[test]
fn a_bare_add_deleted_before_it_was_sent_sends_nothing() {
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
fn a_sent_bare_edit_is_decided_only_by_a_new_snapshot() {
    let check_corruption =
        |text: &str| vec![edit(1, 1, "a", "b", FIRST).on(0).base(row(1, text, 0))];
    for text in ["a", "b", "c"] {
        let plan = planned(&check_corruption(text), BARE, false);
        assert_eq!(plan.waiting, [(1, WaitReason::Pull)], "{text}");
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
fn a_bare_deletion_never_deletes_an_unseen_text() {
    let outbox = [remove(1, 1, "a", Progress::Pending).base(row(1, "other", 0))];
    assert_eq!(
        planned(&outbox, BARE, false).waiting,
        [(1, WaitReason::Pull)]
    );
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

#[test]
fn a_completion_that_may_not_be_sent_does_not_block_the_deletion() {
    let (open, done) = ("a rec:1w", "x 2026-11-24 a rec:1w");
    let on_row = |queued: Queued| queued.base(row(1, open, 0));
    let outbox = [
        on_row(edit(1, 1, open, done, Progress::Pending)),
        on_row(remove(2, 1, done, Progress::Pending)),
    ];
    let may_not_edit = Capabilities {
        update: false,
        ..BARE
    };
    let unsent = PushOutcome::Applied {
        id: None,
        revision: None,
    };
    let dropped = PrePushChange::Resolve {
        seq: 1,
        outcome: unsent,
    };
    let deletion = PrePushChange::Rebase {
        seq: 2,
        before: open.to_owned(),
        after: String::new(),
        revision: 0,
    };
    assert_eq!(corrected(&outbox, may_not_edit, false), [dropped, deletion]);
    let may_do_neither = Capabilities {
        delete: false,
        ..may_not_edit
    };
    let plan = planned(&outbox, may_do_neither, false);
    assert_eq!(plan.waiting, [(1, WaitReason::MayNotEdit)]);
}
