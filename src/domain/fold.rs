//! Folds a new change into the outbox: unsent changes of one todo become one.

use crate::domain::change::{Act, OutboxEntry, Progress, Rejection};
use crate::domain::history::RejectedEdit;
use crate::domain::line::Line;
use crate::domain::merge::{Merged, merge, same_words};
use crate::domain::todo::Row;

/// One write to the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoldStep {
    /// Deletes the entry.
    Drop {
        /// The entry's sequence number.
        seq: i64,
    },
    /// Replaces the entry's act and makes it pending.
    Rewrite {
        /// The entry's sequence number.
        seq: i64,
        /// The new act.
        act: Act,
    },
    /// Appends an entry.
    Append {
        /// Its act.
        act: Act,
        /// The revision it is based on, if known.
        revision: Option<i64>,
        /// The reason why it cannot be sent, if any.
        rejection: Option<Rejection>,
    },
}

/// The result of retrying a rejected edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// The todo already has the new text.
    Nothing,
    /// The edit of the current text that replaces the rejected one.
    Change(Act),
    /// The edit still conflicts and stays rejected.
    Overlap {
        /// The current text.
        theirs: String,
    },
}

/// The state of a todo that a new change is folded into.
#[derive(Debug, Clone, Copy)]
pub struct FoldContext<'a> {
    /// The todo's outbox entries, in order.
    pub queue: &'a [OutboxEntry],
    /// The server's last known row.
    pub base: Option<&'a Row>,
    /// Its text as shown now.
    pub shown: Option<&'a str>,
    /// The revision in the answer to the last entry.
    pub answered_revision: Option<i64>,
    /// Whether another device may add a todo with this key too. Its add then keeps its
    /// text, and a deletion is sent even if the add was not.
    pub shared: bool,
}

impl<'a> FoldContext<'a> {
    /// Folds `act` into the outbox. Only pending entries are changed: a sent one may
    /// have arrived. The new act replaces a rejected entry, but an edit that changes no
    /// words keeps a rejected text, which exists nowhere else.
    #[must_use]
    pub fn fold(self, act: Act) -> Vec<FoldStep> {
        match act {
            Act::Add { text } => self.add(text),
            Act::Edit { before, after } => self.edit(before, after),
            Act::Remove { before } => self.remove(before),
        }
    }

    fn add(self, text: String) -> Vec<FoldStep> {
        if let Some(seq) = self.rejected_add() {
            return vec![FoldStep::Rewrite {
                seq,
                act: Act::Add { text },
            }];
        }
        match self.last() {
            Some(last) if last.progress == Progress::Pending => match &last.change.act {
                Act::Remove { before } => vec![rewritten(last.seq, before.clone(), text)],
                Act::Add { .. } | Act::Edit { .. } => vec![],
            },
            None if self.base.is_none() => vec![FoldStep::Append {
                act: Act::Add { text },
                revision: None,
                rejection: None,
            }],
            _ => vec![],
        }
    }

    fn edit(self, seen: String, wanted: String) -> Vec<FoldStep> {
        let now = self.shown.unwrap_or(&seen);
        let (after, overlap) = match merge(&seen, &wanted, now) {
            Merged::Text(text) => (text, false),
            Merged::Overlap => (wanted, true),
        };
        if let (Some(seq), None) = (self.rejected_add(), self.base) {
            return vec![FoldStep::Rewrite {
                seq,
                act: Act::Add { text: after },
            }];
        }
        let mut steps = self.without_rejected();
        if self.base.is_some() && seen != after && same_words(&seen, &after) {
            steps.retain(|step| !self.drops_text(step));
        }
        match self.last() {
            Some(last) if last.progress == Progress::Pending => {
                steps.push(match &last.change.act {
                    Act::Add { .. } if self.shared => {
                        if after == now {
                            return steps;
                        }
                        FoldStep::Append {
                            act: Act::Edit {
                                before: now.to_owned(),
                                after,
                            },
                            revision: None,
                            rejection: None,
                        }
                    }
                    Act::Add { .. } => FoldStep::Rewrite {
                        seq: last.seq,
                        act: Act::Add { text: after },
                    },
                    Act::Edit { before, .. } | Act::Remove { before } => {
                        rewritten(last.seq, before.clone(), after)
                    }
                });
            }
            _ if after == now && self.shown.is_some() => {}
            None if overlap => {
                let rejection = Rejection {
                    code: "conflict".to_owned(),
                    message: "the todo was changed elsewhere while you edited it".to_owned(),
                    theirs: Some(now.to_owned()),
                };
                steps.push(FoldStep::Append {
                    act: Act::Edit {
                        before: seen,
                        after,
                    },
                    revision: self.revision(),
                    rejection: Some(rejection),
                });
            }
            _ => steps.push(FoldStep::Append {
                act: Act::Edit {
                    before: now.to_owned(),
                    after,
                },
                revision: self.revision(),
                rejection: None,
            }),
        }
        steps
    }

    fn remove(self, seen: String) -> Vec<FoldStep> {
        let mut steps = self.without_rejected();
        match self.last() {
            Some(last) if last.progress == Progress::Pending => match &last.change.act {
                Act::Add { .. } if self.shared => steps.push(FoldStep::Append {
                    act: Act::Remove { before: seen },
                    revision: None,
                    rejection: None,
                }),
                Act::Add { .. } => steps.push(FoldStep::Drop { seq: last.seq }),
                // The completion is sent first: it adds a successor.
                completion if completes_repeating(completion) => steps.push(FoldStep::Append {
                    act: Act::Remove { before: seen },
                    revision: None,
                    rejection: None,
                }),
                Act::Edit { before, .. } => steps.push(FoldStep::Rewrite {
                    seq: last.seq,
                    act: Act::Remove {
                        before: before.clone(),
                    },
                }),
                Act::Remove { .. } => {}
            },
            Some(last) if matches!(last.change.act, Act::Remove { .. }) => {}
            None if self.base.is_none() => {}
            _ => steps.push(FoldStep::Append {
                act: Act::Remove { before: seen },
                revision: self.revision(),
                rejection: None,
            }),
        }
        steps
    }

    /// Retries the rejected edit `before` → `after`: merges it part by part with all
    /// later changes of either side.
    #[must_use]
    pub fn retry(self, before: &str, after: &str) -> Retry {
        let now = self.shown.unwrap_or(before);
        match merge(before, after, now) {
            Merged::Text(text) if text == now => Retry::Nothing,
            Merged::Text(text) => Retry::Change(Act::Edit {
                before: now.to_owned(),
                after: text,
            }),
            Merged::Overlap => Retry::Overlap {
                theirs: now.to_owned(),
            },
        }
    }

    /// The revision that a new last entry is based on, if known.
    fn revision(self) -> Option<i64> {
        match self.last() {
            None => self.base.map(|row| row.revision),
            Some(last) if last.progress == Progress::Answered => self.answered_revision,
            Some(_) => None,
        }
    }

    /// The last entry that is not rejected.
    pub(super) fn last(self) -> Option<&'a OutboxEntry> {
        self.queue.iter().rev().find(|entry| !is_rejected(entry))
    }

    fn rejected_add(self) -> Option<i64> {
        self.queue
            .iter()
            .find(|entry| is_rejected(entry) && matches!(entry.change.act, Act::Add { .. }))
            .map(|entry| entry.seq)
    }

    /// Returns whether `step` drops a rejected edit, and with it a text.
    fn drops_text(self, step: &FoldStep) -> bool {
        self.queue.iter().any(|entry| {
            matches!(entry.change.act, Act::Edit { .. })
                && *step == FoldStep::Drop { seq: entry.seq }
        })
    }

    /// Returns the rejected edits that `steps` drop, and with them their texts.
    #[must_use]
    pub fn replaced(self, steps: &[FoldStep]) -> Vec<RejectedEdit> {
        let dropped = |entry: &&OutboxEntry| steps.contains(&FoldStep::Drop { seq: entry.seq });
        let dropped = self.queue.iter().filter(dropped);
        dropped.filter_map(RejectedEdit::of).collect()
    }

    fn without_rejected(self) -> Vec<FoldStep> {
        self.queue
            .iter()
            .filter(|entry| is_rejected(entry))
            .map(|entry| FoldStep::Drop { seq: entry.seq })
            .collect()
    }
}

/// Returns whether two consecutive pending acts stay separate entries: an add that
/// another device may make too and any later act, and a reopening and the next
/// completion of a repeating todo, which adds a successor of its own.
#[must_use]
pub fn stay_apart(earlier: &Act, later: &Act, shared: bool) -> bool {
    match (earlier, later) {
        (Act::Add { .. }, _) => shared,
        (Act::Edit { before, after }, Act::Edit { after: last, .. }) => {
            let last = Line::new(last);
            let reopens = Line::new(before).is_done() && !Line::new(after).is_done();
            reopens && last.is_done() && last.recurrence().is_some()
        }
        (completion @ Act::Edit { .. }, Act::Remove { .. }) => completes_repeating(completion),
        (Act::Edit { .. } | Act::Remove { .. }, _) => false,
    }
}

/// Returns whether an edit completes a repeating todo, which adds a successor.
#[must_use]
pub fn completes_repeating(act: &Act) -> bool {
    let Act::Edit { before, after } = act else {
        return false;
    };
    let after = Line::new(after);
    after.is_done() && after.recurrence().is_some() && !Line::new(before).is_done()
}

fn is_rejected(entry: &OutboxEntry) -> bool {
    matches!(entry.progress, Progress::Rejected(_))
}

/// Rewrites an entry as the edit `before` → `after`; drops it if they are equal.
fn rewritten(seq: i64, before: String, after: String) -> FoldStep {
    if before == after {
        return FoldStep::Drop { seq };
    }
    FoldStep::Rewrite {
        seq,
        act: Act::Edit { before, after },
    }
}

/// A rejected change joined with the pending one that was based on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RejectedPair {
    /// The rejected change stays, with the later text.
    Rejected(Act),
    /// The later change stays, with this act.
    Later(Act),
    /// Neither stays: a todo that was never added is deleted.
    Neither,
    /// Both stay unchanged.
    Both,
}

/// Joins a rejected change with the pending one that follows it, so that the user
/// decides once and no text is lost.
#[must_use]
pub fn pair_rejected(rejected: &Act, later: &Act) -> RejectedPair {
    match (rejected, later) {
        (Act::Add { .. }, Act::Edit { after, .. }) => RejectedPair::Rejected(Act::Add {
            text: after.clone(),
        }),
        (Act::Add { .. }, Act::Remove { .. }) => RejectedPair::Neither,
        (Act::Edit { before, .. }, Act::Edit { after, .. }) => RejectedPair::Rejected(Act::Edit {
            before: before.clone(),
            after: after.clone(),
        }),
        (Act::Edit { before, .. }, Act::Remove { .. }) => RejectedPair::Later(Act::Remove {
            before: before.clone(),
        }),
        (Act::Remove { .. }, _) | (_, Act::Add { .. }) => RejectedPair::Both,
    }
}
