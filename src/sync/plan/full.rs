//! The next step of one todo on a full backend: adds and removals go by key
//! and may be repeated freely, edits only hold on the revision they name.

use crate::domain::change::Act;
use crate::domain::fold::completes_repeating;
use crate::domain::key::Key;
use crate::domain::push_outcome::Queued;
use crate::domain::todo::Row;
use crate::sync::plan::{
    BatchItem, Chain, Known, Payload, Step, Waiting, conflict, done, may_have_arrived, merged,
    rebased, removed_elsewhere,
};
use crate::sync::remote::{Batch, Edit};

/// What becomes of the `first` open change of `chain`.
pub(super) fn step(chain: &Chain<'_>, first: &Queued, known: Known<'_>) -> Step {
    match &first.entry.change.act {
        Act::Add { text } => add(chain, first, text, known),
        Act::Edit { before, after } => {
            // Whether it was this edit that completed the todo decides about its successor.
            let is_needed =
                completes_repeating(&first.entry.change.act) && known.capabilities.update;
            match removal(chain, known).filter(|_| !is_needed) {
                Some(removal) => removal,
                None => edit(chain, first, before, after, known),
            }
        }
        Act::Remove { .. } => {
            removal(chain, known).unwrap_or(Step::Wait(first.entry.seq, Waiting::MayNotRemove))
        }
    }
}

/// An add; with a later removal both go in one transaction, since an earlier
/// try of the add may still be on its way and must find a tombstone.
fn add(chain: &Chain<'_>, first: &Queued, text: &str, known: Known<'_>) -> Step {
    let seq = first.entry.seq;
    if !known.capabilities.insert {
        return Step::Wait(seq, Waiting::MayNotAdd);
    }
    match chain.removal().filter(|_| known.capabilities.delete) {
        Some((place, removal)) => Step::Send(
            BatchItem::of(removal)
                .marking(first)
                .covering(chain.up_to(place)),
            Payload::Alone(Batch::AddAndRemove(chain.todo, text.to_owned())),
        ),
        None => Step::Send(
            BatchItem::of(first),
            Payload::Add(chain.todo, text.to_owned()),
        ),
    }
}

/// A removal makes the edits before it pointless.
fn removal(chain: &Chain<'_>, known: Known<'_>) -> Option<Step> {
    let (place, removal) = chain.removal().filter(|_| known.capabilities.delete)?;
    Some(Step::Send(
        BatchItem::of(removal).covering(chain.up_to(place)),
        Payload::Remove(chain.todo),
    ))
}

fn edit(chain: &Chain<'_>, first: &Queued, before: &str, after: &str, known: Known<'_>) -> Step {
    let seq = first.entry.seq;
    if chain.add_refused {
        return Step::Wait(seq, Waiting::AddRefused);
    }
    if !known.capabilities.update {
        return Step::Wait(seq, Waiting::MayNotEdit);
    }
    match ground(chain, first, known) {
        Ground::Row(row) if may_have_arrived(first) => {
            sent(chain.todo, first, (before, after), row)
        }
        Ground::Row(row) => unsent(chain.todo, first, before, after, row),
        Ground::Revision(revision) => send(first, chain.todo, (before, after), revision),
        Ground::Gone => Step::Adjust(vec![removed_elsewhere(seq)]),
        Ground::Unknown => Step::Wait(seq, Waiting::Pull),
    }
}

/// What an edit stands on.
enum Ground<'a> {
    /// The row as the server last said it.
    Row(&'a Row),
    /// A revision newer than the row in base: told by an answer.
    Revision(i64),
    /// The todo is not there.
    Gone,
    /// The next pull will tell.
    Unknown,
}

fn ground<'a>(chain: &Chain<'a>, first: &'a Queued, known: Known<'_>) -> Ground<'a> {
    // Whether what base says is as new as anything this device knows.
    let settled = known.complete && !chain.answered;
    match (&first.base, first.entry.revision) {
        (Some(row), _) if settled => Ground::Row(row),
        (Some(row), Some(revision)) if row.revision >= revision => Ground::Row(row),
        (Some(row), None) if !chain.answered => Ground::Row(row),
        (Some(_), Some(revision)) => Ground::Revision(revision),
        (None, Some(revision)) if chain.answered => Ground::Revision(revision),
        (None, _) if settled => Ground::Gone,
        (Some(_) | None, _) => Ground::Unknown,
    }
}

/// An edit that certainly did not arrive yet.
fn unsent(todo: Key, first: &Queued, before: &str, after: &str, row: &Row) -> Step {
    let seq = first.entry.seq;
    if row.text == after {
        return Step::Adjust(vec![done(seq, Some(row))]);
    }
    if row.text != before {
        return Step::Adjust(vec![merged(seq, before, after, row)]);
    }
    if first.entry.revision == Some(row.revision) {
        return send(first, todo, (before, after), row.revision);
    }
    Step::Adjust(vec![rebased(seq, row, after.to_owned())])
}

/// An edit that may have arrived: it goes again as it was, unless its row has
/// moved on, with our text or without it. Without a revision the server is
/// another one than it was sent to, and the text has to tell.
fn sent(todo: Key, first: &Queued, (before, after): (&str, &str), row: &Row) -> Step {
    let seq = first.entry.seq;
    if first.entry.revision == Some(row.revision) {
        return send(first, todo, (before, after), row.revision);
    }
    if row.text == after {
        return Step::Adjust(vec![done(seq, Some(row))]);
    }
    if first.entry.revision.is_none() && row.text == before {
        return Step::Adjust(vec![rebased(seq, row, after.to_owned())]);
    }
    Step::Adjust(vec![conflict(seq, &row.text)])
}

fn send(first: &Queued, key: Key, (before, after): (&str, &str), revision: i64) -> Step {
    let edit = Edit {
        key,
        revision,
        before: before.to_owned(),
        after: after.to_owned(),
    };
    Step::Send(BatchItem::of(first), Payload::Edit(edit))
}
