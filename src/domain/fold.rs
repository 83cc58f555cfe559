//! How a new change joins the outbox: changes of one todo that have not left
//! yet become one.

use crate::domain::change::{Act, Entry, Progress, Rejection};
use crate::domain::merge::{Merged, merge, same_words};
use crate::domain::todo::Row;

/// One write to the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The entry leaves.
    Drop {
        /// Which entry.
        seq: i64,
    },
    /// The entry does this instead, and waits to be sent.
    Rewrite {
        /// Which entry.
        seq: i64,
        /// What it does now.
        act: Act,
    },
    /// A new entry, at the end.
    Append {
        /// What it does.
        act: Act,
        /// The revision it is made on, where that is known.
        revision: Option<i64>,
        /// Why it cannot be sent as it is.
        rejection: Option<Rejection>,
    },
}

/// Where a new change meets its todo.
#[derive(Debug, Clone, Copy)]
pub struct FoldContext<'a> {
    /// The todo's outbox entries, in order.
    pub queue: &'a [Entry],
    /// What the server last said of it.
    pub base: Option<&'a Row>,
    /// Its text as shown now.
    pub shown: Option<&'a str>,
    /// The revision that the last entry's answer told.
    pub took: Option<i64>,
}

impl<'a> FoldContext<'a> {
    /// What `act` makes of the outbox. Only pending entries are folded into:
    /// what was sent may have arrived. A rejected entry gives way to the new act,
    /// except a rejected text to an edit that changes something, but no words: it
    /// is nowhere else.
    #[must_use]
    pub fn join(self, act: Act) -> Vec<Step> {
        match act {
            Act::Add { text } => self.add(text),
            Act::Edit { before, after } => self.edit(before, after),
            Act::Remove { before } => self.remove(before),
        }
    }

    fn add(self, text: String) -> Vec<Step> {
        if let Some(seq) = self.refused_add() {
            return vec![Step::Rewrite {
                seq,
                act: Act::Add { text },
            }];
        }
        match self.last() {
            Some(last) if last.progress == Progress::Pending => match &last.change.act {
                Act::Remove { before } => vec![rewritten(last.seq, before.clone(), text)],
                Act::Add { .. } | Act::Edit { .. } => vec![],
            },
            None if self.base.is_none() => vec![Step::Append {
                act: Act::Add { text },
                revision: None,
                rejection: None,
            }],
            _ => vec![],
        }
    }

    fn edit(self, seen: String, wanted: String) -> Vec<Step> {
        let now = self.shown.unwrap_or(&seen);
        let (after, overlap) = match merge(&seen, &wanted, now) {
            Merged::Text(text) => (text, false),
            Merged::Overlap => (wanted, true),
        };
        if let (Some(seq), None) = (self.refused_add(), self.base) {
            return vec![Step::Rewrite {
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
                    Act::Add { .. } => Step::Rewrite {
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
                    message: "it was changed elsewhere while you edited it".to_owned(),
                    theirs: Some(now.to_owned()),
                };
                steps.push(Step::Append {
                    act: Act::Edit {
                        before: seen,
                        after,
                    },
                    revision: self.revision(),
                    rejection: Some(rejection),
                });
            }
            _ => steps.push(Step::Append {
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

    fn remove(self, seen: String) -> Vec<Step> {
        let mut steps = self.without_rejected();
        match self.last() {
            Some(last) if last.progress == Progress::Pending => match &last.change.act {
                Act::Add { .. } => steps.push(Step::Drop { seq: last.seq }),
                Act::Edit { before, .. } => steps.push(Step::Rewrite {
                    seq: last.seq,
                    act: Act::Remove {
                        before: before.clone(),
                    },
                }),
                Act::Remove { .. } => {}
            },
            Some(last) if matches!(last.change.act, Act::Remove { .. }) => {}
            None if self.base.is_none() => {}
            _ => steps.push(Step::Append {
                act: Act::Remove { before: seen },
                revision: self.revision(),
                rejection: None,
            }),
        }
        steps
    }

    /// The revision that a new last entry is made on, where it is known.
    fn revision(self) -> Option<i64> {
        match self.last() {
            None => self.base.map(|row| row.revision),
            Some(last) if last.progress == Progress::Answered => self.took,
            Some(_) => None,
        }
    }

    /// The last entry that is not rejected.
    pub(super) fn last(self) -> Option<&'a Entry> {
        self.queue.iter().rev().find(|entry| !is_rejected(entry))
    }

    fn refused_add(self) -> Option<i64> {
        self.queue
            .iter()
            .find(|entry| is_rejected(entry) && matches!(entry.change.act, Act::Add { .. }))
            .map(|entry| entry.seq)
    }

    /// Whether `step` drops a rejected edit, and with it a text.
    fn drops_text(self, step: &Step) -> bool {
        self.queue.iter().any(|entry| {
            matches!(entry.change.act, Act::Edit { .. }) && *step == Step::Drop { seq: entry.seq }
        })
    }

    fn without_rejected(self) -> Vec<Step> {
        self.queue
            .iter()
            .filter(|entry| is_rejected(entry))
            .map(|entry| Step::Drop { seq: entry.seq })
            .collect()
    }
}

fn is_rejected(entry: &Entry) -> bool {
    matches!(entry.progress, Progress::Rejected(_))
}

/// The edit `before` → `after`, which is nothing where they are equal.
fn rewritten(seq: i64, before: String, after: String) -> Step {
    if before == after {
        return Step::Drop { seq };
    }
    Step::Rewrite {
        seq,
        act: Act::Edit { before, after },
    }
}

/// What becomes of a refused change and the pending one that was made on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aftermath {
    /// Only the refused one stays, refused, with the later text.
    Refused(Act),
    /// Only the later one stays, like this.
    Later(Act),
    /// Neither: what was never there is not to be there.
    Neither,
    /// Both, as they are.
    Both,
}

/// Joins what was refused with the change that followed it, so that the person
/// decides once and no text is lost.
#[must_use]
pub fn aftermath(refused: &Act, later: &Act) -> Aftermath {
    match (refused, later) {
        (Act::Add { .. }, Act::Edit { after, .. }) => Aftermath::Refused(Act::Add {
            text: after.clone(),
        }),
        (Act::Add { .. }, Act::Remove { .. }) => Aftermath::Neither,
        (Act::Edit { before, .. }, Act::Edit { after, .. }) => Aftermath::Refused(Act::Edit {
            before: before.clone(),
            after: after.clone(),
        }),
        (Act::Edit { before, .. }, Act::Remove { .. }) => Aftermath::Later(Act::Remove {
            before: before.clone(),
        }),
        (Act::Remove { .. }, _) | (_, Act::Add { .. }) => Aftermath::Both,
    }
}
