//! What to send next: pure.
//!
//! A plan is made of the outbox alone, so it can be made again at any time:
//! after a crash, after a refusal, after another process wrote. Of each todo
//! only the first unanswered change is ever eligible, so the changes of a todo
//! arrive in the order they were made. What may have been sent before goes
//! again exactly as it was.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::domain::change::{Act, Progress, REMOVED_ELSEWHERE, Rejection};
use crate::domain::feed::Capabilities;
use crate::domain::key::Key;
use crate::domain::merge::{Merged, merge};
use crate::domain::push_outcome::{PrePushChange, PushOutcome, Queued};
use crate::domain::todo::Row;
use crate::sync::remote::{Batch, Edit};

mod bare;
mod full;
mod push_request;

pub(super) use bare::may_have_arrived_bare;
pub(super) use push_request::MAX_BYTES;
pub use push_request::{BatchItem, ISOLATED_AFTER, Marking, PushRequest};

/// What is known beside the outbox.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What the role may do.
    pub capabilities: Capabilities,
    /// Whether base was pulled to its end in this round: only then does a row
    /// that is not there mean that it was removed.
    pub complete: bool,
    /// Entries left alone until the next pull: their condition did not hold.
    pub held: &'a HashSet<i64>,
    /// Adds that may have arrived at a bare backend, but whose row is not in what
    /// was pulled in this round.
    pub absent: &'a HashSet<i64>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Corrections to make first. Nothing is sent before the next plan is made
    /// on the corrected outbox.
    pub pre_push: Vec<PrePushChange>,
    /// Requests, in order.
    pub requests: Vec<PushRequest>,
    /// First entries of todos that cannot go yet, and why.
    pub waiting: Vec<(i64, Waiting)>,
}

/// Why an entry is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The role may not add todos.
    MayNotAdd,
    /// The role may not change todos.
    MayNotEdit,
    /// The role may not remove todos.
    MayNotRemove,
    /// It is about a todo whose add was refused.
    AddRefused,
    /// The completion of the todo that it follows is not answered yet.
    Completion,
    /// What the server now says of the todo must be read first.
    Pull,
}

impl Waiting {
    /// Returns whether only another permission helps.
    #[must_use]
    pub const fn is_permission(self) -> bool {
        match self {
            Self::MayNotAdd | Self::MayNotEdit | Self::MayNotRemove => true,
            Self::AddRefused | Self::Completion | Self::Pull => false,
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MayNotAdd => "the server does not let you add todos",
            Self::MayNotEdit => "the server does not let you change todos",
            Self::MayNotRemove => "the server does not let you remove todos",
            Self::AddRefused => "the todo itself was refused",
            Self::Completion => "the todo that it follows is not completed yet",
            Self::Pull => "the server's list must be read first",
        })
    }
}

/// Plans the next requests for `outbox`, which is in outbox order.
#[must_use]
pub fn plan(outbox: &[Queued], known: Known<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut payloads = Vec::new();
    let looking = outbox
        .iter()
        .any(|queued| bare::is_looked_for(queued, known));
    for chain in chains(outbox) {
        match step(&chain, known, looking) {
            Step::Idle => {}
            Step::Adjust(changes) => plan.pre_push.extend(changes),
            Step::Send(item, payload) => payloads.push((item, payload)),
            Step::Wait(seq, why) => plan.waiting.push((seq, why)),
        }
    }
    if plan.pre_push.is_empty() {
        plan.requests = push_request::pack(payloads);
    }
    plan
}

/// What comes next for the todo of `chain`. While an add is `looking` for the row
/// that it may have on what is, or was, a bare backend, nothing is sent: an add
/// of the same text could be taken for it, an edit could hide its row.
fn step(chain: &Chain<'_>, known: Known<'_>, looking: bool) -> Step {
    let Some(first) = chain.open.first().copied() else {
        return Step::Idle;
    };
    if first.waits {
        return Step::Wait(first.entry.seq, Waiting::Completion);
    }
    if looking || known.held.contains(&first.entry.seq) {
        return Step::Wait(first.entry.seq, Waiting::Pull);
    }
    if known.capabilities.full {
        full::step(chain, first, known)
    } else {
        bare::step(chain, first, known)
    }
}

/// What comes next for one todo.
#[derive(Debug)]
enum Step {
    Idle,
    Adjust(Vec<PrePushChange>),
    Send(BatchItem, Payload),
    Wait(i64, Waiting),
}

/// One entry of a batch to be.
#[derive(Debug)]
enum Payload {
    Add(Key, String),
    Edit(Edit),
    Remove(Key),
    BareAdd(String),
    /// A request of its own. Such requests keep their order.
    Alone(Batch),
}

/// The changes of one todo that are not answered yet, in order.
#[derive(Debug)]
struct Chain<'a> {
    todo: Key,
    /// Pending or sent, in order.
    open: Vec<&'a Queued>,
    /// Whether a change before them was answered: base may be older than that.
    answered: bool,
    /// Whether the todo's add was refused.
    add_refused: bool,
}

impl<'a> Chain<'a> {
    /// The removal among the open changes.
    fn removal(&self) -> Option<(usize, &'a Queued)> {
        self.open
            .iter()
            .enumerate()
            .find(|(_, queued)| matches!(queued.entry.change.act, Act::Remove { .. }))
            .map(|(place, queued)| (place, *queued))
    }

    /// The open changes up to the one at `place`, oldest first.
    fn up_to(&self, place: usize) -> impl Iterator<Item = &'a Queued> {
        self.open.iter().take(place + 1).copied()
    }
}

/// Every todo's chain, in the order of their first changes.
fn chains(outbox: &[Queued]) -> Vec<Chain<'_>> {
    let mut places: HashMap<Key, usize> = HashMap::new();
    let mut chains: Vec<Chain<'_>> = Vec::new();
    for queued in outbox {
        let change = &queued.entry.change;
        let place = *places.entry(change.todo).or_insert(chains.len());
        if place == chains.len() {
            chains.push(Chain {
                todo: change.todo,
                open: Vec::new(),
                answered: false,
                add_refused: false,
            });
        }
        let Some(chain) = chains.get_mut(place) else {
            continue;
        };
        match queued.entry.progress {
            Progress::Pending | Progress::Sent { .. } => chain.open.push(queued),
            Progress::Answered => chain.answered = true,
            Progress::Rejected(_) => {
                chain.add_refused |= matches!(change.act, Act::Add { .. });
            }
        }
    }
    chains
}

/// Returns whether an earlier try of `queued` may have arrived unseen.
pub(super) const fn may_have_arrived(queued: &Queued) -> bool {
    matches!(queued.entry.progress, Progress::Sent { .. })
}

/// The server has it already, or nothing is left to do.
fn done(seq: i64, row: Option<&Row>) -> PrePushChange {
    PrePushChange::Resolve {
        seq,
        outcome: PushOutcome::Applied {
            id: row.map(|row| row.id),
            revision: row.map(|row| row.revision),
        },
    }
}

/// The todo was changed elsewhere in a way that does not fit.
fn conflict(seq: i64, theirs: &str) -> PrePushChange {
    rejected(
        seq,
        "conflict",
        "the todo was changed elsewhere meanwhile",
        Some(theirs.to_owned()),
    )
}

/// The todo is not there any more.
fn removed_elsewhere(seq: i64) -> PrePushChange {
    rejected(
        seq,
        REMOVED_ELSEWHERE,
        "the todo was removed elsewhere meanwhile; a retry restores it as new",
        None,
    )
}

fn rejected(seq: i64, code: &str, message: &str, theirs: Option<String>) -> PrePushChange {
    PrePushChange::Resolve {
        seq,
        outcome: PushOutcome::Rejected(Rejection {
            code: code.to_owned(),
            message: message.to_owned(),
            theirs,
        }),
    }
}

/// An edit that certainly did not arrive, on a row whose text is not the one
/// it was made on: both fit together, or a user decides.
fn merged(seq: i64, before: &str, after: &str, row: &Row) -> PrePushChange {
    match merge(before, after, &row.text) {
        Merged::Text(text) if text == row.text => done(seq, Some(row)),
        Merged::Text(text) => rebased(seq, row, text),
        Merged::Overlap => conflict(seq, &row.text),
    }
}

fn rebased(seq: i64, row: &Row, after: String) -> PrePushChange {
    PrePushChange::Rebase {
        seq,
        before: row.text.clone(),
        after,
        revision: row.revision,
    }
}

#[cfg(test)]
mod tests;
