//! Plans for one todo on a full backend.

use super::*;

#[test]
fn a_deletion_of_an_unanswered_add_is_sent_with_the_add() {
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
        let maybe_sent = progress == FIRST;
        assert_eq!(
            marks,
            Some(vec![
                Marking {
                    seq: 2,
                    maybe_sent: false
                },
                Marking { seq: 1, maybe_sent }
            ])
        );
        assert_eq!(item.map(|item| item.covers.clone()), Some(vec![1]));
    }
}

#[test]
fn a_deletion_makes_the_edits_before_it_unnecessary() {
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
fn a_completion_that_adds_a_successor_is_sent_before_the_deletion_if_the_role_may_edit() {
    let (open, done) = ("a rec:1w", "x 2026-11-24 a rec:1w");
    let outbox = [
        add(1, 1, open, Progress::Pending),
        edit(2, 1, open, done, Progress::Pending),
        remove(3, 1, done, Progress::Pending),
    ];
    let add = Batch::Add(vec![(key(1), open.to_owned())]);
    assert_eq!(sent(&outbox, FULL, false), [add]);
    let may_not_edit = Capabilities {
        update: false,
        ..FULL
    };
    let both = Batch::AddAndRemove(key(1), open.to_owned());
    assert_eq!(sent(&outbox, may_not_edit, false), [both]);
}

#[test]
fn a_deletion_is_sent_whatever_base_says() {
    let outbox = [remove(1, 1, "a", Progress::Pending).on(4)];
    for complete in [false, true] {
        assert_eq!(sent(&outbox, FULL, complete), [Batch::Remove(vec![key(1)])]);
    }
}

#[test]
fn an_edit_of_a_new_todo_is_based_on_the_revision_in_the_answer_to_its_add() {
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
fn an_edit_whose_add_had_already_arrived_waits_for_the_pull() {
    let outbox = [
        add(1, 1, "a", Progress::Answered),
        edit(2, 1, "a", "b", Progress::Pending),
    ];
    for complete in [false, true] {
        let plan = planned(&outbox, FULL, complete);
        assert_eq!(plan.waiting, [(2, WaitReason::Pull)]);
        assert_eq!((plan.pre_push.len(), plan.requests.len()), (0, 0));
    }
    let pulled = [edit(2, 1, "a", "b", Progress::Pending).base(row(1, "a", 7))];
    assert_eq!(corrected(&pulled, FULL, true), [rebase(2, "a", "b", 7)]);
}

#[test]
fn base_older_than_an_answer_is_no_conflict() {
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
fn a_sent_edit_is_sent_again_unchanged_while_its_row_is_unchanged() {
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
fn a_sent_edit_whose_row_has_another_text_is_left_to_the_user() {
    let outbox = [edit(1, 1, "a", "b", FIRST).on(4).base(row(1, "c", 6))];
    let found = corrected(&outbox, FULL, true);
    assert_eq!(code(found.first()), Some((1, "conflict", Some("c"))));
}

#[test]
fn an_edit_overtaken_by_another_is_merged_part_by_part() {
    let mine = edit(1, 1, "buy milk", "buy milk +home", Progress::Pending)
        .on(4)
        .base(row(1, "(A) buy milk", 6));
    assert_eq!(
        corrected(&[mine], FULL, false),
        [rebase(1, "(A) buy milk", "(A) buy milk +home", 6)]
    );
}

#[test]
fn an_edit_that_overlaps_is_left_to_the_user() {
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
fn a_missing_row_counts_as_deleted_only_after_a_complete_pull() {
    for progress in [Progress::Pending, FIRST] {
        let outbox = [edit(1, 1, "a", "b", progress).on(4)];
        let early = planned(&outbox, FULL, false);
        assert_eq!(early.waiting, [(1, WaitReason::Pull)]);
        assert!(early.pre_push.is_empty() && early.requests.is_empty());
        let found = corrected(&outbox, FULL, true);
        assert_eq!(code(found.first()), Some((1, "removed-elsewhere", None)));
    }
}

#[test]
fn after_a_restore_an_edit_is_based_on_the_older_revision() {
    let outbox = [edit(1, 1, "a", "b", Progress::Pending)
        .on(90)
        .base(row(1, "a", 4))];
    assert_eq!(corrected(&outbox, FULL, true), [rebase(1, "a", "b", 4)]);
}
