//! The next step of one todo on a bare backend: one request a change, edits
//! and removals only while the text is still the one seen. An add that may
//! have arrived is looked for before it goes again.

use crate::domain::change::Act;
use crate::domain::feed::Capabilities;
use crate::domain::push_outcome::Queued;
use crate::domain::todo::Row;
use crate::sync::plan::{
    BatchItem, Chain, Known, Payload, Step, Waiting, conflict, done, may_have_arrived, merged,
    removed_elsewhere,
};
use crate::sync::remote::Batch;

/// Returns whether `queued` is an add that may have arrived at a bare backend (which
/// may be full already) and was not yet looked for in this round.
pub(super) fn is_looked_for(queued: &Queued, known: Known<'_>) -> bool {
    may_have_arrived_bare(queued, known.capabilities) && !known.absent.contains(&queued.entry.seq)
}

/// Whether `queued` is an add whose row may be there without our key.
pub(in crate::sync) fn may_have_arrived_bare(queued: &Queued, role: Capabilities) -> bool {
    matches!(queued.entry.change.act, Act::Add { .. })
        && may_have_arrived(queued)
        && (!role.full || queued.entry.high_water.is_some())
}

/// What becomes of the `first` open change of `chain`.
pub(super) fn step(chain: &Chain<'_>, first: &Queued, known: Known<'_>) -> Step {
    match &first.entry.change.act {
        Act::Add { text } => add(chain, first, text, known),
        Act::Edit { before, after } => edit(chain, first, before, after, known),
        Act::Remove { before } => remove(chain, first, before, known),
    }
}

fn add(chain: &Chain<'_>, first: &Queued, text: &str, known: Known<'_>) -> Step {
    let seq = first.entry.seq;
    if let Some((place, _)) = chain.removal() {
        let all = chain.up_to(place);
        return Step::Adjust(all.map(|queued| done(queued.entry.seq, None)).collect());
    }
    if !known.capabilities.insert {
        return Step::Wait(seq, Waiting::MayNotAdd);
    }
    Step::Send(BatchItem::of(first), Payload::BareAdd(text.to_owned()))
}

fn edit(chain: &Chain<'_>, first: &Queued, before: &str, after: &str, known: Known<'_>) -> Step {
    let seq = first.entry.seq;
    if chain.add_refused {
        return Step::Wait(seq, Waiting::AddRefused);
    }
    if !known.capabilities.update {
        return Step::Wait(seq, Waiting::MayNotEdit);
    }
    let again = |row: &Row| {
        send(
            first,
            Batch::BareEdit {
                id: row.id,
                before: before.to_owned(),
                after: after.to_owned(),
            },
        )
    };
    match ground(chain, first, known) {
        Ground::Gone => Step::Adjust(vec![removed_elsewhere(seq)]),
        Ground::Unknown => Step::Wait(seq, Waiting::Pull),
        Ground::Older(row) => again(row),
        Ground::Row(row) if row.text == after => Step::Adjust(vec![done(seq, Some(row))]),
        Ground::Row(row) if row.text == before => again(row),
        Ground::Row(row) if may_have_arrived(first) => Step::Adjust(vec![conflict(seq, &row.text)]),
        Ground::Row(row) => Step::Adjust(vec![merged(seq, before, after, row)]),
    }
}

fn remove(chain: &Chain<'_>, first: &Queued, before: &str, known: Known<'_>) -> Step {
    let seq = first.entry.seq;
    if !known.capabilities.delete {
        return Step::Wait(seq, Waiting::MayNotRemove);
    }
    let again = |row: &Row| {
        send(
            first,
            Batch::BareRemove {
                id: row.id,
                before: before.to_owned(),
            },
        )
    };
    match ground(chain, first, known) {
        Ground::Gone => Step::Adjust(vec![done(seq, None)]),
        Ground::Older(row) => again(row),
        Ground::Row(row) if row.text == before => again(row),
        Ground::Row(row) if known.complete => Step::Adjust(vec![conflict(seq, &row.text)]),
        Ground::Unknown | Ground::Row(_) => Step::Wait(seq, Waiting::Pull),
    }
}

/// What an edit or a removal stands on.
enum Ground<'a> {
    /// The row as the last snapshot has it.
    Row(&'a Row),
    /// The row as it was before an answered change: its id still holds.
    Older(&'a Row),
    /// The todo is not there.
    Gone,
    /// The next snapshot will tell.
    Unknown,
}

fn ground<'a>(chain: &Chain<'a>, first: &'a Queued, known: Known<'_>) -> Ground<'a> {
    let settled = known.complete && !chain.answered;
    let Some(row) = &first.base else {
        return if settled {
            Ground::Gone
        } else {
            Ground::Unknown
        };
    };
    if settled {
        Ground::Row(row)
    } else if may_have_arrived(first) {
        // The server gives no revision to tell a late arrival by.
        Ground::Unknown
    } else if chain.answered {
        Ground::Older(row)
    } else {
        Ground::Row(row)
    }
}

fn send(first: &Queued, batch: Batch) -> Step {
    Step::Send(BatchItem::of(first), Payload::Alone(batch))
}
