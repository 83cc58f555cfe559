//! Sequences that failed once.

use crate::play::play;
use crate::server::Sandbox;
use crate::step::{Edit, Fate, Sequence, Spoilt, Step};
use crate::{Checked, World};

const ADD: Step = adds(1);
const SYNC: Step = Step::Sync { device: 0 };
const EDIT: Step = Step::Edit {
    device: 0,
    pick: 0,
    edit: Edit::Word,
};
const REMOVE: Step = Step::Remove { device: 0, pick: 0 };
const LOST: Step = pass(Fate::LostAfter);
const FINE: Step = pass(Fate::Fine);

const fn adds(count: u8) -> Step {
    Step::Add {
        device: 0,
        count,
        spoilt: Spoilt::No,
    }
}

const fn pass(fate: Fate) -> Step {
    Step::Pass { device: 0, fate }
}

/// Returns the same step on the second device.
fn other(step: Step) -> Step {
    let device = 1;
    match step {
        Step::Sync { .. } => Step::Sync { device },
        Step::Pass { fate, .. } => Step::Pass { device, fate },
        Step::Remove { pick, .. } => Step::Remove { device, pick },
        Step::Edit { pick, edit, .. } => Step::Edit { device, pick, edit },
        Step::Add { count, spoilt, .. } => Step::Add {
            device,
            count,
            spoilt,
        },
        Step::TakeBack { .. }
        | Step::Revive { .. }
        | Step::Decide { .. }
        | Step::Kill { .. }
        | Step::Straggle { .. }
        | Step::Purge
        | Step::BackUp
        | Step::Restore
        | Step::Reset { .. }
        | Step::Upgrade => step,
    }
}

fn ends_well(steps: Vec<Step>) -> Checked {
    let sequence = Sequence {
        short_pages: true,
        steps,
    };
    World::new()?.play(&sequence)?;
    Ok(())
}

/// Without texts that the server rejects.
fn ends_well_on_bare(steps: &[Step]) -> Checked {
    let folder = tempfile::tempdir()?;
    let server = Box::new(Sandbox::bare()?);
    let outcome = play(steps, server, folder.path(), false)?;
    let rejected = outcome.rejected.concat();
    if rejected.is_empty() {
        return Ok(());
    }
    Err(format!("rejected: {rejected:?}").into())
}

#[test]
fn a_deletion_whose_tombstone_is_purged_during_a_pull_is_not_missed() -> Checked {
    // The other device has read its first page when a todo on it is deleted.
    let mark = other(FINE);
    let read = || vec![mark.clone(), other(FINE), other(FINE), other(FINE)];
    let mut steps = vec![adds(4), SYNC];
    steps.extend(read());
    steps.extend([REMOVE, SYNC, Step::Purge, ADD, SYNC]);
    ends_well(steps)
}

#[test]
fn an_add_deleted_and_purged_before_its_answer_stays_deleted() -> Checked {
    // Permissions, the mark, and the add.
    ends_well(vec![
        ADD,
        FINE,
        FINE,
        LOST,
        other(SYNC),
        other(REMOVE),
        other(SYNC),
        Step::Purge,
    ])
}

#[test]
fn a_removal_of_an_add_whose_answer_was_lost_outlives_a_purge() -> Checked {
    // To a device that has pulled nothing yet, the purge looks like a reset: its add must
    // not be sent again, but it may have arrived and has to be deleted.
    ends_well(vec![
        FINE,
        ADD,
        other(SYNC),
        other(ADD),
        other(FINE),
        LOST,
        REMOVE,
        other(REMOVE),
        other(SYNC),
        Step::Purge,
    ])
}

#[test]
fn a_todo_that_a_reset_rejected_is_added_again_by_an_edit() -> Checked {
    ends_well(vec![
        FINE,
        ADD,
        LOST,
        other(FINE),
        other(REMOVE),
        other(SYNC),
        Step::Reset { same_user: false },
        EDIT,
    ])
}

#[test]
fn an_edit_from_before_a_restore_never_overwrites_a_later_one() -> Checked {
    ends_well(vec![
        ADD,
        SYNC,
        other(SYNC),
        Step::BackUp,
        EDIT,
        FINE,
        pass(Fate::LostBefore),
        EDIT,
        Step::Restore,
        other(EDIT),
        other(SYNC),
    ])
}

#[test]
fn a_pending_deletion_of_a_bare_row_is_sent_when_the_backend_is_full() -> Checked {
    ends_well_on_bare(&[adds(2), SYNC, REMOVE, Step::Upgrade])
}

#[test]
fn an_edit_of_a_bare_row_survives_an_upgrade_wherever_its_answer_was_lost() -> Checked {
    for fate in [Fate::LostBefore, Fate::LostAfter] {
        ends_well_on_bare(&[ADD, SYNC, EDIT, FINE, pass(fate), Step::Upgrade])?;
    }
    Ok(())
}

#[test]
fn an_add_to_a_bare_backend_is_not_made_again_when_that_is_full() -> Checked {
    for fate in [Fate::LostBefore, Fate::LostAfter] {
        ends_well_on_bare(&[adds(2), FINE, pass(fate), Step::Upgrade])?;
        ends_well_on_bare(&[ADD, FINE, pass(fate), EDIT, Step::Upgrade])?;
        ends_well_on_bare(&[ADD, FINE, pass(fate), REMOVE, Step::Upgrade])?;
        // Also if the first rounds with the full backend are interrupted.
        ends_well_on_bare(&[ADD, FINE, pass(fate), Step::Upgrade, FINE, FINE, LOST, LOST])?;
    }
    Ok(())
}
