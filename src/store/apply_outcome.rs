//! Applies the outcomes of a push to outbox entries.

use rusqlite::params;

use crate::domain::change::{Act, OutboxEntry, Progress, REMOVED_ELSEWHERE, Rejection};
use crate::domain::fold::{FoldContext, RejectedPair, pair_rejected, stay_apart};
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::merge::{Merged, merge};
use crate::domain::push_outcome::{PrePushChange, PushOutcome};
use crate::domain::todo::Row;
use crate::store::error::StoreError;
use crate::store::sort_key;
use crate::store::write::Write;
use crate::store::{self, Store};

impl Store {
    /// Applies the outcomes of entries, durably. An applied add on a bare
    /// backend gives its todo the row's key; the old one still resolves.
    /// An applied entry's revision becomes the base of the todo's next edit. Pending
    /// changes that were based on a rejected one are joined with it.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn apply_outcome(&mut self, outcomes: &[(i64, PushOutcome)]) -> Result<(), StoreError> {
        if outcomes.is_empty() {
            return Ok(());
        }
        self.writing(|write| write.apply_outcomes(outcomes))
    }

    /// Corrects entries before they are sent, unless another connection has written since
    /// this [`Store::version`]: it may have changed them. Returns whether it did.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn adjust(
        &mut self,
        adjustments: &[PrePushChange],
        version: i64,
    ) -> Result<bool, StoreError> {
        self.writing(|write| {
            if store::version(&write.tx)? != version {
                return Ok(false);
            }
            adjustments
                .iter()
                .try_for_each(|adjustment| match adjustment {
                    PrePushChange::Rebase {
                        seq,
                        before,
                        after,
                        revision,
                    } => write.rebase(*seq, before, after, *revision),
                    PrePushChange::Resolve { seq, outcome } => write.apply_outcome(*seq, outcome),
                })?;
            Ok(true)
        })
    }
}

impl Write<'_> {
    pub(super) fn set_high_water(&self, seq: i64, id: Option<i64>) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE outbox SET high_water = ?2 WHERE seq = ?1")?
            .execute(params![seq, id])?;
        Ok(())
    }

    fn rebase(
        &mut self,
        seq: i64,
        before: &str,
        after: &str,
        revision: i64,
    ) -> Result<(), StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(());
        };
        let act = match &entry.change.act {
            Act::Edit { .. } => Act::Edit {
                before: before.to_owned(),
                after: after.to_owned(),
            },
            Act::Remove { .. } => Act::Remove {
                before: before.to_owned(),
            },
            Act::Add { .. } => return Ok(()),
        };
        let key = entry.change.todo;
        self.rewrite(seq, &act)?;
        self.set_revision(seq, Some(revision))?;
        if let Act::Edit { after, .. } = &act {
            self.rebase_later(key, seq, after)?;
        }
        self.show(key)?;
        self.reconcile(key)
    }

    pub(super) fn apply_outcomes(
        &mut self,
        outcomes: &[(i64, PushOutcome)],
    ) -> Result<(), StoreError> {
        let mut outcomes = outcomes.iter();
        outcomes.try_for_each(|(seq, outcome)| self.apply_outcome(*seq, outcome))
    }

    pub(super) fn apply_outcome(
        &mut self,
        seq: i64,
        outcome: &PushOutcome,
    ) -> Result<(), StoreError> {
        let Some(entry) = self.entry(seq)? else {
            return Ok(());
        };
        if matches!(entry.progress, Progress::Answered | Progress::Rejected(_)) {
            return Ok(());
        }
        let mut key = entry.change.todo;
        match outcome {
            PushOutcome::Applied { id, revision } => {
                if entry.progress == Progress::Pending {
                    self.settle_unsent(&entry)?;
                }
                key = self.answer(&entry, *id, *revision)?;
            }
            PushOutcome::NotApplied if entry.progress == (Progress::Sent { tries: 1 }) => {
                self.progress(&entry, &Progress::Pending)?;
                self.set_high_water(seq, None)?;
                self.fold_again(key)?;
            }
            PushOutcome::Failed => {
                if let Progress::Sent { tries } = entry.progress {
                    let tries = tries.max(2).saturating_add(1);
                    self.progress(&entry, &Progress::Sent { tries })?;
                }
            }
            PushOutcome::NotApplied | PushOutcome::Unknown => {}
            PushOutcome::Rejected(rejection) => {
                let theirs = rejection.theirs.as_deref();
                let sent = matches!(entry.progress, Progress::Sent { .. });
                if sent && theirs.is_some_and(|text| Line::new(text).is_done()) {
                    self.reject_uncertain(&entry)?;
                }
                self.reject(&entry, rejection)?;
            }
        }
        self.refresh(key)
    }

    /// Applies an answer; returns the todo's new key.
    fn answer(
        &mut self,
        entry: &OutboxEntry,
        id: Option<i64>,
        revision: Option<i64>,
    ) -> Result<Key, StoreError> {
        let key = entry.change.todo;
        // An id that the todo's own row contradicts is ignored.
        let own = self.base(key)?.map(|row| row.id);
        let id = id.filter(|id| {
            matches!(entry.change.act, Act::Add { .. })
                && sort_key::check_id(*id).is_ok()
                && own.is_none_or(|own| own == *id)
        });
        let is_bare = self
            .account_state
            .capabilities
            .is_some_and(|role| !role.full);
        let of_row = id.map(|id| Key::of_row(self.endpoint, id));
        let holder = match id {
            Some(id) => self.other_with_id(id, key)?,
            None => None,
        };
        self.progress(entry, &Progress::Answered)?;
        // An id of another todo is ignored.
        let learnt = id.filter(|_| holder.is_none() || (is_bare && holder == of_row));
        self.tx
            .prepare_cached("UPDATE outbox SET row_id = ?2, took = ?3 WHERE seq = ?1")?
            .execute(params![entry.seq, learnt, revision])?;
        self.greatest = None;
        let new = match (of_row, holder) {
            (Some(of_row), _) if is_bare => of_row,
            // Sent while the backend was bare: the row has a key of its own.
            (Some(_), Some(holder)) if entry.high_water.is_some() => holder,
            _ => return Ok(key),
        };
        self.rekey(key, new)?;
        Ok(new)
    }

    /// Marks an entry as rejected and joins pending changes based on it with it.
    pub(super) fn reject(
        &mut self,
        entry: &OutboxEntry,
        rejection: &Rejection,
    ) -> Result<(), StoreError> {
        self.progress(entry, &Progress::Rejected(rejection.clone()))?;
        // A retry is a new add, which gets a new high-water mark.
        self.set_high_water(entry.seq, None)?;
        loop {
            let queue = self.queue(entry.change.todo)?;
            let mut rest = queue.entries.iter().skip_while(|e| e.seq != entry.seq);
            // An undo puts rejected edits back behind its own change.
            let is_open = |e: &&OutboxEntry| !matches!(e.progress, Progress::Rejected(_));
            let (Some(rejected), Some(later)) = (rest.next(), rest.find(is_open)) else {
                return Ok(());
            };
            if later.progress != Progress::Pending {
                return Ok(());
            }
            match pair_rejected(&rejected.change.act, &later.change.act) {
                RejectedPair::Rejected(act) => {
                    self.rewrite(rejected.seq, &act)?;
                    self.move_link(later.seq, rejected.seq)?;
                    self.delete_entry(later)?;
                }
                RejectedPair::Later(act) => {
                    // What was deleted elsewhere before it was completed has no successor.
                    let was_deleted =
                        entry.progress == Progress::Pending && rejection.code == REMOVED_ELSEWHERE;
                    if !was_deleted {
                        self.settle_unsent(rejected)?;
                    }
                    self.rewrite(later.seq, &act)?;
                    self.delete_entry(rejected)?;
                }
                RejectedPair::Neither if self.base(entry.change.todo)?.is_none() => {
                    self.delete_entry(rejected)?;
                    self.delete_entry(later)?;
                }
                RejectedPair::Neither => self.delete_entry(rejected)?,
                RejectedPair::Both => return Ok(()),
            }
        }
    }

    /// Folds consecutive pending entries of one todo.
    fn fold_again(&mut self, key: Key) -> Result<(), StoreError> {
        loop {
            let queue = self.queue(key)?;
            let pending = |entry: &OutboxEntry| entry.progress == Progress::Pending;
            let shared = key.is_shared();
            let folds = |pair: &[OutboxEntry]| match pair {
                [one, next] => {
                    pending(one)
                        && pending(next)
                        && !stay_apart(&one.change.act, &next.change.act, shared)
                }
                _ => false,
            };
            let Some(at) = queue.entries.windows(2).position(folds) else {
                return Ok(());
            };
            let (Some(before), Some(later)) = (queue.entries.get(at), queue.entries.get(at + 1))
            else {
                return Ok(());
            };
            let earlier = queue.entries.get(..=at).unwrap_or_default();
            self.move_link(later.seq, before.seq)?;
            if matches!(later.change.act, Act::Remove { .. }) {
                self.detach_successors(key)?;
            }
            let steps = FoldContext {
                queue: earlier,
                base: None,
                shown: None,
                answered_revision: None,
                shared,
            }
            .fold(later.change.act.clone());
            self.apply_steps(&later.change, &queue, steps)?;
            self.delete_entry(later)?;
        }
    }

    /// Updates a todo after a change of its entries or its base: the revision of its
    /// next change, its row, its successors.
    pub(super) fn refresh(&mut self, key: Key) -> Result<(), StoreError> {
        self.fill_revision(key)?;
        self.show(key)?;
        self.reconcile(key)
    }

    /// Sets the revision that the todo's next change is based on, once it is known.
    pub(super) fn fill_revision(&mut self, key: Key) -> Result<(), StoreError> {
        if self.account_state.staging {
            return Ok(());
        }
        let queue = self.queue(key)?;
        let unanswered = |entry: &&OutboxEntry| {
            matches!(entry.progress, Progress::Pending | Progress::Sent { .. })
        };
        let Some(next) = queue.entries.iter().find(unanswered) else {
            return Ok(());
        };
        if next.revision.is_some() || matches!(next.change.act, Act::Add { .. }) {
            return Ok(());
        }
        let answered = |entry: &OutboxEntry| entry.progress == Progress::Answered;
        if queue.entries.iter().any(answered) {
            // Base may be older than the answer.
            return match queue.answered_revision {
                revision @ Some(_) => self.set_revision(next.seq, revision),
                None => Ok(()),
            };
        }
        match self.base(key)? {
            Some(base) => self.rebase_pending(next, &base),
            None => Ok(()),
        }
    }

    /// Bases a pending change without a revision on the current base. A sent change
    /// stays unchanged.
    fn rebase_pending(&mut self, entry: &OutboxEntry, base: &Row) -> Result<(), StoreError> {
        if entry.progress != Progress::Pending {
            return Ok(());
        }
        self.set_revision(entry.seq, Some(base.revision))?;
        let Act::Edit { before, after } = &entry.change.act else {
            return Ok(());
        };
        if *before == base.text {
            return Ok(());
        }
        match merge(before, after, &base.text) {
            Merged::Text(after) => self.rewrite(
                entry.seq,
                &Act::Edit {
                    before: base.text.clone(),
                    after,
                },
            ),
            Merged::Overlap => {
                let rejection = Rejection {
                    code: "conflict".to_owned(),
                    message: "the todo was changed elsewhere while you edited it".to_owned(),
                    theirs: Some(base.text.clone()),
                };
                self.reject(entry, &rejection)
            }
        }
    }
}
