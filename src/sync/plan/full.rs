//! Plans the next step of one todo on a full backend: adds and deletions go by key
//! and can be repeated, edits apply only to the revision that they name.

use crate::domain::change::Act;
use crate::domain::key::Key;
use crate::domain::push_outcome::Queued;
use crate::domain::todo::Row;
use crate::sync::plan::{
    BatchItem, ChangeChain, Payload, PlanContext, PlanStep, WaitReason, conflict,
    deleted_elsewhere, done, may_have_arrived, merged, rebased,
};
use crate::sync::remote::{Batch, KeyedEdit};

/// Returns the next step for the `first` open change of `chain`.
pub(super) fn step(chain: &ChangeChain<'_>, first: &Queued, context: PlanContext<'_>) -> PlanStep {
    match &first.entry.change.act {
        Act::Add { text } => add(chain, first, text, context),
        Act::Edit { before, after } => {
            removal(chain, context).unwrap_or_else(|| edit(chain, first, before, after, context))
        }
        Act::Remove { .. } => removal(chain, context)
            .unwrap_or(PlanStep::Wait(first.entry.seq, WaitReason::MayNotRemove)),
    }
}

/// Sends an add. With a later deletion both go in one transaction: an earlier try
/// of the add may still be on its way and must find a tombstone.
fn add(chain: &ChangeChain<'_>, first: &Queued, text: &str, context: PlanContext<'_>) -> PlanStep {
    let seq = first.entry.seq;
    if !context.capabilities.insert {
        return PlanStep::Wait(seq, WaitReason::MayNotAdd);
    }
    let role = context.capabilities;
    match chain.removal(role).filter(|_| role.delete) {
        Some((position, removal)) => PlanStep::Send(
            BatchItem::of(removal)
                .marking(first)
                .covering(chain.up_to(position)),
            Payload::Alone(Batch::AddAndRemove(chain.todo, text.to_owned())),
        ),
        None => PlanStep::Send(
            BatchItem::of(first),
            Payload::Add(chain.todo, text.to_owned()),
        ),
    }
}

/// Sends the deletion, if there is one: the edits before it need not be sent.
fn removal(chain: &ChangeChain<'_>, context: PlanContext<'_>) -> Option<PlanStep> {
    let role = context.capabilities;
    let (position, removal) = chain.removal(role).filter(|_| role.delete)?;
    Some(PlanStep::Send(
        BatchItem::of(removal).covering(chain.up_to(position)),
        Payload::Remove(chain.todo),
    ))
}

fn edit(
    chain: &ChangeChain<'_>,
    first: &Queued,
    before: &str,
    after: &str,
    context: PlanContext<'_>,
) -> PlanStep {
    let seq = first.entry.seq;
    if let Some(why) = chain.edit_waits(context) {
        return PlanStep::Wait(seq, why);
    }
    match basis(chain, first, context) {
        FullBasis::Row(row) if may_have_arrived(first) => {
            sent(chain.todo, first, (before, after), row)
        }
        FullBasis::Row(row) => unsent(chain.todo, first, before, after, row),
        FullBasis::Revision(revision) => send(first, chain.todo, (before, after), revision),
        FullBasis::Gone => PlanStep::Adjust(vec![deleted_elsewhere(seq)]),
        FullBasis::Unknown => PlanStep::Wait(seq, WaitReason::Pull),
    }
}

/// The row or revision that an edit applies to.
enum FullBasis<'a> {
    /// The server's last known row.
    Row(&'a Row),
    /// A revision newer than the row in base, known from an answer.
    Revision(i64),
    /// The todo was deleted.
    Gone,
    /// Unknown until the next pull.
    Unknown,
}

fn basis<'a>(
    chain: &ChangeChain<'a>,
    first: &'a Queued,
    context: PlanContext<'_>,
) -> FullBasis<'a> {
    // Whether base is as new as anything this device knows.
    let settled = context.complete && !chain.answered;
    match (&first.base, first.entry.revision) {
        (Some(row), _) if settled => FullBasis::Row(row),
        (Some(row), Some(revision)) if row.revision >= revision => FullBasis::Row(row),
        (Some(row), None) if !chain.answered => FullBasis::Row(row),
        (Some(_), Some(revision)) => FullBasis::Revision(revision),
        (None, Some(revision)) if chain.answered => FullBasis::Revision(revision),
        (None, _) if settled => FullBasis::Gone,
        (Some(_) | None, _) => FullBasis::Unknown,
    }
}

/// Plans an edit that certainly did not arrive yet.
fn unsent(todo: Key, first: &Queued, before: &str, after: &str, row: &Row) -> PlanStep {
    let seq = first.entry.seq;
    if row.text == after {
        return PlanStep::Adjust(vec![done(seq, Some(row))]);
    }
    if row.text != before {
        return PlanStep::Adjust(vec![merged(seq, before, after, row)]);
    }
    if first.entry.revision == Some(row.revision) {
        return send(first, todo, (before, after), row.revision);
    }
    PlanStep::Adjust(vec![rebased(seq, row, after.to_owned())])
}

/// Plans an edit that may have arrived: it is sent again unchanged, unless its row
/// has a newer revision, with our text or another one. An edit without a revision
/// was sent to another server; then the text decides.
fn sent(todo: Key, first: &Queued, (before, after): (&str, &str), row: &Row) -> PlanStep {
    let seq = first.entry.seq;
    if first.entry.revision == Some(row.revision) {
        return send(first, todo, (before, after), row.revision);
    }
    if row.text == after {
        return PlanStep::Adjust(vec![done(seq, Some(row))]);
    }
    if first.entry.revision.is_none() && row.text == before {
        return PlanStep::Adjust(vec![rebased(seq, row, after.to_owned())]);
    }
    PlanStep::Adjust(vec![conflict(seq, &row.text)])
}

fn send(first: &Queued, key: Key, (before, after): (&str, &str), revision: i64) -> PlanStep {
    let edit = KeyedEdit {
        key,
        revision,
        before: before.to_owned(),
        after: after.to_owned(),
    };
    PlanStep::Send(BatchItem::of(first), Payload::Edit(edit))
}
