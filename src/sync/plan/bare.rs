//! Plans the next step of one todo on a bare backend: one request a change; edits
//! and deletions apply only while the text is unchanged. An add that may have
//! arrived is matched with the server's rows before it is sent again.

use crate::domain::change::Act;
use crate::domain::feed::Capabilities;
use crate::domain::push_outcome::{PrePushChange, Queued};
use crate::domain::todo::Row;
use crate::sync::plan::{
    BatchItem, ChangeChain, Payload, PlanContext, PlanStep, WaitReason, conflict,
    deleted_elsewhere, done, may_have_arrived, merged,
};
use crate::sync::remote::Batch;

/// Returns whether `queued` is an add that may have arrived at a bare backend (which
/// may be full since) and was not matched with rows in this round.
pub(super) fn needs_matching(queued: &Queued, context: PlanContext<'_>) -> bool {
    may_have_arrived_bare(queued, context.capabilities)
        && !context.absent.contains(&queued.entry.seq)
}

/// Returns whether `queued` is an add whose row may exist without its key.
pub(in crate::sync) fn may_have_arrived_bare(queued: &Queued, role: Capabilities) -> bool {
    matches!(queued.entry.change.act, Act::Add { .. })
        && may_have_arrived(queued)
        && (!role.full || queued.entry.high_water.is_some())
}

/// Returns the next step for the `first` open change of `chain`.
pub(super) fn step(chain: &ChangeChain<'_>, first: &Queued, context: PlanContext<'_>) -> PlanStep {
    match &first.entry.change.act {
        Act::Add { text } => add(chain, first, text, context),
        Act::Edit { before, after } => removal_without_edits(chain, first, before, context)
            .unwrap_or_else(|| edit(chain, first, before, after, context)),
        Act::Remove { before } => remove(chain, first, before, context),
    }
}

fn add(chain: &ChangeChain<'_>, first: &Queued, text: &str, context: PlanContext<'_>) -> PlanStep {
    let seq = first.entry.seq;
    if let Some((position, _)) = chain.removal(context.capabilities) {
        let all = chain.up_to(position);
        return PlanStep::Adjust(all.map(|queued| done(queued.entry.seq, None)).collect());
    }
    if !context.capabilities.insert {
        return PlanStep::Wait(seq, WaitReason::MayNotAdd);
    }
    PlanStep::Send(BatchItem::of(first), Payload::BareAdd(text.to_owned()))
}

/// Drops the edits before a deletion if the role may delete but not edit: they would
/// block it.
fn removal_without_edits(
    chain: &ChangeChain<'_>,
    first: &Queued,
    before: &str,
    context: PlanContext<'_>,
) -> Option<PlanStep> {
    let role = context.capabilities;
    if role.update || !role.delete {
        return None;
    }
    let (position, removal) = chain.removal(role)?;
    let edits = || chain.up_to(position).take(position);
    if edits().any(may_have_arrived) {
        return None;
    }
    let dropped = edits().map(|queued| done(queued.entry.seq, None));
    let based_on_row = PrePushChange::Rebase {
        seq: removal.entry.seq,
        before: before.to_owned(),
        after: String::new(),
        revision: first.base.as_ref()?.revision,
    };
    Some(PlanStep::Adjust(dropped.chain([based_on_row]).collect()))
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
    let resend = |row: &Row| {
        send(
            first,
            Batch::BareEdit {
                id: row.id,
                before: before.to_owned(),
                after: after.to_owned(),
            },
        )
    };
    match basis(chain, first, context) {
        BareBasis::Gone => PlanStep::Adjust(vec![deleted_elsewhere(seq)]),
        BareBasis::Unknown => PlanStep::Wait(seq, WaitReason::Pull),
        BareBasis::Older(row) => resend(row),
        BareBasis::Row(row) if row.text == after => PlanStep::Adjust(vec![done(seq, Some(row))]),
        BareBasis::Row(row) if row.text == before => resend(row),
        BareBasis::Row(row) if may_have_arrived(first) => {
            PlanStep::Adjust(vec![conflict(seq, &row.text)])
        }
        BareBasis::Row(row) => PlanStep::Adjust(vec![merged(seq, before, after, row)]),
    }
}

fn remove(
    chain: &ChangeChain<'_>,
    first: &Queued,
    before: &str,
    context: PlanContext<'_>,
) -> PlanStep {
    let seq = first.entry.seq;
    if !context.capabilities.delete {
        return PlanStep::Wait(seq, WaitReason::MayNotRemove);
    }
    let resend = |row: &Row| {
        send(
            first,
            Batch::BareRemove {
                id: row.id,
                before: before.to_owned(),
            },
        )
    };
    match basis(chain, first, context) {
        BareBasis::Gone => PlanStep::Adjust(vec![done(seq, None)]),
        BareBasis::Older(row) => resend(row),
        BareBasis::Row(row) if row.text == before => resend(row),
        BareBasis::Row(row) if context.complete => PlanStep::Adjust(vec![conflict(seq, &row.text)]),
        BareBasis::Unknown | BareBasis::Row(_) => PlanStep::Wait(seq, WaitReason::Pull),
    }
}

/// The row that an edit or a deletion applies to.
enum BareBasis<'a> {
    /// The row of the last snapshot.
    Row(&'a Row),
    /// The row from before an answered change: its id is still right.
    Older(&'a Row),
    /// The todo was deleted.
    Gone,
    /// Unknown until the next snapshot.
    Unknown,
}

fn basis<'a>(
    chain: &ChangeChain<'a>,
    first: &'a Queued,
    context: PlanContext<'_>,
) -> BareBasis<'a> {
    let settled = context.complete && !chain.answered;
    let Some(row) = &first.base else {
        return if settled {
            BareBasis::Gone
        } else {
            BareBasis::Unknown
        };
    };
    if settled {
        BareBasis::Row(row)
    } else if may_have_arrived(first) {
        // There is no revision that would reveal a late arrival.
        BareBasis::Unknown
    } else if chain.answered {
        BareBasis::Older(row)
    } else {
        BareBasis::Row(row)
    }
}

fn send(first: &Queued, batch: Batch) -> PlanStep {
    PlanStep::Send(BatchItem::of(first), Payload::Alone(batch))
}
