//! Plans the next requests. Pure.
//!
//! A plan depends on the outbox alone, so it can be made again at any time:
//! after a crash, after a rejection, after another process wrote. Of each todo
//! only the first unanswered change is ever eligible, so the changes of a todo
//! arrive in order. A request that may have been sent before is repeated
//! unchanged.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::domain::change::{Act, Progress, REMOVED_ELSEWHERE, Rejection};
use crate::domain::feed::Capabilities;
use crate::domain::fold::completes_repeating;
use crate::domain::key::Key;
use crate::domain::merge::{Merged, merge};
use crate::domain::push_outcome::{PrePushChange, PushOutcome, Queued};
use crate::domain::todo::Row;
use crate::sync::remote::{Batch, KeyedEdit};

mod bare;
mod full;
mod push_request;

pub(super) use bare::may_have_arrived_bare;
pub(super) use push_request::MAX_BYTES;
pub use push_request::{BatchItem, ISOLATED_AFTER, Marking, PushRequest};

/// Inputs of a plan besides the outbox.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// The role's permissions.
    pub capabilities: Capabilities,
    /// Whether this round has completed a pull: only then does a missing row mean
    /// that it was deleted.
    pub complete: bool,
    /// Entries that wait for the next pull, since their condition did not hold.
    pub deferred: &'a HashSet<i64>,
    /// Adds that may have arrived at a bare backend but have no row in this
    /// round's pull.
    pub absent: &'a HashSet<i64>,
}

/// The next steps for the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Corrections to make first. Nothing is sent before the next plan is made
    /// on the corrected outbox.
    pub pre_push: Vec<PrePushChange>,
    /// Requests, in order.
    pub requests: Vec<PushRequest>,
    /// First entries of todos that cannot be sent yet, with the reason.
    pub waiting: Vec<(i64, WaitReason)>,
}

/// The reason why an entry is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The role may not add todos.
    MayNotAdd,
    /// The role may not change todos.
    MayNotEdit,
    /// The role may not delete todos.
    MayNotRemove,
    /// The add of its todo was rejected.
    AddRejected,
    /// The completion of the repeating todo that added this one is unanswered.
    Completion,
    /// The server's current row must be pulled first.
    Pull,
}

impl WaitReason {
    /// Returns whether a missing permission is the reason.
    #[must_use]
    pub const fn is_permission(self) -> bool {
        match self {
            Self::MayNotAdd | Self::MayNotEdit | Self::MayNotRemove => true,
            Self::AddRejected | Self::Completion | Self::Pull => false,
        }
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MayNotAdd => "the server does not allow you to add todos",
            Self::MayNotEdit => "the server does not allow you to change todos",
            Self::MayNotRemove => "the server does not allow you to delete todos",
            Self::AddRejected => "the todo itself was rejected",
            Self::Completion => "the completion of the todo before it is not answered yet",
            Self::Pull => "the server's list must be pulled first",
        })
    }
}

/// Plans the next requests for `outbox`, which is in outbox order.
#[must_use]
pub fn plan(outbox: &[Queued], context: PlanContext<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut payloads = Vec::new();
    let matching = outbox
        .iter()
        .any(|queued| bare::needs_matching(queued, context));
    for chain in chains(outbox) {
        match step(&chain, context, matching) {
            PlanStep::Idle => {}
            PlanStep::Adjust(changes) => plan.pre_push.extend(changes),
            PlanStep::Send(item, payload) => payloads.push((item, payload)),
            PlanStep::Wait(seq, why) => plan.waiting.push((seq, why)),
        }
    }
    if plan.pre_push.is_empty() {
        plan.requests = push_request::pack(payloads);
    }
    plan
}

/// Returns the next step for the todo of `chain`. While an add has to be matched
/// with its row on a backend that is, or was, bare, nothing is sent: an add of the
/// same text could be mistaken for it, an edit could hide its row.
fn step(chain: &ChangeChain<'_>, context: PlanContext<'_>, matching: bool) -> PlanStep {
    let Some(first) = chain.open.first().copied() else {
        return PlanStep::Idle;
    };
    if first.waits {
        return PlanStep::Wait(first.entry.seq, WaitReason::Completion);
    }
    if matching || context.deferred.contains(&first.entry.seq) {
        return PlanStep::Wait(first.entry.seq, WaitReason::Pull);
    }
    if context.capabilities.full {
        full::step(chain, first, context)
    } else {
        bare::step(chain, first, context)
    }
}

/// The next step for one todo.
#[derive(Debug)]
enum PlanStep {
    Idle,
    Adjust(Vec<PrePushChange>),
    Send(BatchItem, Payload),
    Wait(i64, WaitReason),
}

/// One entry of a future batch.
#[derive(Debug)]
enum Payload {
    Add(Key, String),
    Edit(KeyedEdit),
    Remove(Key),
    BareAdd(String),
    /// A separate request. Such requests keep their order.
    Alone(Batch),
}

/// The unanswered changes of one todo, in order.
#[derive(Debug)]
struct ChangeChain<'a> {
    todo: Key,
    /// Pending or sent, in order.
    open: Vec<&'a Queued>,
    /// Whether a change before them was answered: base may be older than the answer.
    answered: bool,
    /// Whether the todo's add was rejected.
    add_rejected: bool,
}

impl<'a> ChangeChain<'a> {
    /// Returns the first deletion among the open changes, with its position, if the
    /// changes before it need not be sent. The completion of a repeating todo is sent
    /// first, since it adds a successor; if the role may not edit, the todo is deleted
    /// uncompleted and its successor stays.
    fn removal(&self, role: Capabilities) -> Option<(usize, &'a Queued)> {
        let (position, removal) = self
            .open
            .iter()
            .enumerate()
            .find(|(_, queued)| matches!(queued.entry.change.act, Act::Remove { .. }))?;
        let adds_successor = |queued: &Queued| completes_repeating(&queued.entry.change.act);
        let must_wait = role.update && self.up_to(position).any(adds_successor);
        (!must_wait).then_some((position, *removal))
    }

    /// Returns why an edit of the todo waits, whatever its row is.
    const fn edit_waits(&self, context: PlanContext<'_>) -> Option<WaitReason> {
        if self.add_rejected {
            return Some(WaitReason::AddRejected);
        }
        if context.capabilities.update {
            None
        } else {
            Some(WaitReason::MayNotEdit)
        }
    }

    /// Returns the open changes up to `position`, oldest first.
    fn up_to(&self, position: usize) -> impl Iterator<Item = &'a Queued> {
        self.open.iter().take(position + 1).copied()
    }
}

/// Returns every todo's chain, in the order of their first changes.
fn chains(outbox: &[Queued]) -> Vec<ChangeChain<'_>> {
    let mut positions: HashMap<Key, usize> = HashMap::new();
    let mut chains: Vec<ChangeChain<'_>> = Vec::new();
    for queued in outbox {
        let change = &queued.entry.change;
        let position = *positions.entry(change.todo).or_insert(chains.len());
        if position == chains.len() {
            chains.push(ChangeChain {
                todo: change.todo,
                open: Vec::new(),
                answered: false,
                add_rejected: false,
            });
        }
        let Some(chain) = chains.get_mut(position) else {
            continue;
        };
        match queued.entry.progress {
            Progress::Pending | Progress::Sent { .. } => chain.open.push(queued),
            Progress::Answered => chain.answered = true,
            Progress::Rejected(_) => {
                chain.add_rejected |= matches!(change.act, Act::Add { .. });
            }
        }
    }
    chains
}

/// Returns whether an earlier try of `queued` may have arrived unseen.
pub(super) const fn may_have_arrived(queued: &Queued) -> bool {
    matches!(queued.entry.progress, Progress::Sent { .. })
}

/// The entry is already applied, or nothing is left to do.
fn done(seq: i64, row: Option<&Row>) -> PrePushChange {
    PrePushChange::Resolve {
        seq,
        outcome: PushOutcome::Applied {
            id: row.map(|row| row.id),
            revision: row.map(|row| row.revision),
        },
    }
}

/// The todo was changed elsewhere in conflict with this change.
fn conflict(seq: i64, theirs: &str) -> PrePushChange {
    rejected(
        seq,
        "conflict",
        "the todo was changed elsewhere",
        Some(theirs.to_owned()),
    )
}

/// The todo was deleted elsewhere.
fn deleted_elsewhere(seq: i64) -> PrePushChange {
    rejected(
        seq,
        REMOVED_ELSEWHERE,
        "the todo was deleted elsewhere; a retry restores it as a new todo",
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

/// Merges an edit that certainly did not arrive into a row whose text has changed;
/// an overlap is a conflict, which the user decides.
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
