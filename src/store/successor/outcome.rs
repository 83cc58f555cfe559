//! Updates successors when the outcome of the completing edit is known.

use super::links::SuccessorLink;
use super::{AbandonReason, derived, is_add, is_rejected, replaced};
use crate::domain::change::{
    Act, COMPLETION_REJECTED, Change, MAY_BE_ADDED, OutboxEntry, Progress, Rejection,
};
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::merge::{Merged, merge};
use crate::store::error::StoreError;
use crate::store::write::Write;
use crate::store::{handles, staged_base};

impl Write<'_> {
    /// Lets the successor be sent: the entry of `link` completed its todo, replacing
    /// `revision`. Returns the successor's new key.
    pub(super) fn release(
        &mut self,
        link: SuccessorLink,
        revision: Option<i64>,
    ) -> Result<Key, StoreError> {
        let is_bare = self
            .account_state
            .capabilities
            .is_some_and(|role| !role.full);
        let key = match revision {
            Some(revision) if !is_bare => link.todo.successor(revision),
            Some(_) | None => link.key,
        };
        self.reinstate(&link)?;
        let text = link.text.clone();
        let old = link.key;
        self.unlink(link.key)?;
        self.save(&SuccessorLink {
            key,
            released: true,
            ..link
        })?;
        if old != key {
            self.adopt_key(old, key, &text)?;
        }
        Ok(key)
    }

    /// Gives the unsent successor `old` the key that every device derives. If another
    /// device has added a todo with that key, our changes are applied to it.
    fn adopt_key(&mut self, old: Key, new: Key, derived: &str) -> Result<(), StoreError> {
        let entries = self.queue(old)?.entries;
        let Some(first) = entries.first() else {
            return Ok(());
        };
        let is_there = self.base(new)?.is_some() || !self.queue(new)?.entries.is_empty();
        if !is_there {
            return self.rekey(old, new);
        }
        let at = first.change.at;
        self.delete_unsent(old)?;
        self.redirect_handles(old, None, new)?;
        self.show(new)?;
        for entry in entries {
            let Some(now) = handles::todo(&self.tx, new)? else {
                break;
            };
            let act = match entry.change.act {
                Act::Add { text } if text == derived => continue,
                Act::Add { text: after } => Act::Edit {
                    before: derived.to_owned(),
                    after,
                },
                Act::Remove { .. } => Act::Remove { before: now.text },
                edit @ Act::Edit { .. } => edit,
            };
            self.change_successor(new, act, at)?;
        }
        self.reconcile(new)
    }

    /// Drops the successor: the entry of `link` does not complete its todo. A
    /// successor that was changed on this device stays; if another device adds one
    /// too, the user decides.
    pub(super) fn abandon(
        &mut self,
        link: &SuccessorLink,
        why: AbandonReason,
    ) -> Result<(), StoreError> {
        self.unlink(link.key)?;
        let shown = handles::todo(&self.tx, link.key)?;
        if shown.is_none_or(|todo| todo.text == link.text) {
            self.delete_unsent(link.key)?;
            for later in self.links(link.key)? {
                if !later.released {
                    self.abandon(&later, why)?;
                }
            }
            return Ok(());
        }
        match why {
            AbandonReason::Reopened => self.reinstate(link),
            AbandonReason::CompletedElsewhere => self.reject_add(
                link.key,
                MAY_BE_ADDED,
                "another device completed the todo before it and adds the next one; a retry also \
                 adds this one",
            ),
        }
    }

    /// Rejects the successor's add with the completing edit: the user decides both
    /// together.
    pub(super) fn reject_with_completion(
        &mut self,
        link: &SuccessorLink,
    ) -> Result<(), StoreError> {
        self.reject_add(
            link.key,
            COMPLETION_REJECTED,
            "completing the todo before it was rejected",
        )
    }

    pub(super) fn reject_add(
        &mut self,
        key: Key,
        code: &str,
        message: &str,
    ) -> Result<(), StoreError> {
        let first = self.queue(key)?.entries.into_iter().next();
        let Some(add) = first.filter(|it| is_add(&it.change.act) && !is_rejected(it)) else {
            return Ok(());
        };
        let rejection = Rejection {
            code: code.to_owned(),
            message: message.to_owned(),
            theirs: None,
        };
        self.reject(&add, &rejection)?;
        self.show(key)?;
        self.reconcile(key)
    }

    /// Makes the successor's add pending again, since the completing edit is no longer
    /// rejected.
    pub(super) fn reinstate(&mut self, link: &SuccessorLink) -> Result<(), StoreError> {
        let first = self.queue(link.key)?.entries.into_iter().next();
        let Some(add) = first.filter(waits_for_decision) else {
            return Ok(());
        };
        self.progress(&add, &Progress::Pending)?;
        let Act::Add { text } = &add.change.act else {
            return Ok(());
        };
        if *text != link.text {
            // The add keeps the text that every device derives.
            let add_again = Act::Add {
                text: link.text.clone(),
            };
            self.rewrite(add.seq, &add_again)?;
            let change = Change {
                act: Act::Edit {
                    before: link.text.clone(),
                    after: text.clone(),
                },
                ..add.change.clone()
            };
            let edit = self.append(&change, None, &Progress::Pending)?;
            self.move_link(add.seq, edit)?;
        }
        self.show(link.key)?;
        self.reconcile(link.key)
    }

    /// Derives the successor's text again, since the completing edit was merged.
    /// Changes made to the successor on this device stay.
    pub(super) fn rederive(
        &mut self,
        link: &SuccessorLink,
        entry: &OutboxEntry,
    ) -> Result<(), StoreError> {
        let Some(text) = derived(entry) else {
            // The todo no longer repeats.
            return self.abandon(link, AbandonReason::Reopened);
        };
        if text == link.text {
            return Ok(());
        }
        let queue = self.queue(link.key)?.entries;
        if let Some(add) = queue.first().filter(|it| is_add(&it.change.act)) {
            self.rewrite(add.seq, &Act::Add { text: text.clone() })?;
            self.rebase_later(link.key, add.seq, &text)?;
        }
        self.save(&SuccessorLink {
            text,
            ..link.clone()
        })?;
        self.show(link.key)?;
        self.reconcile(link.key)
    }

    /// Bases the pending entries after `seq` on `text`, the new result of that entry.
    pub(in crate::store) fn rebase_later(
        &mut self,
        key: Key,
        seq: i64,
        text: &str,
    ) -> Result<(), StoreError> {
        let mut text = text.to_owned();
        let queue = self.queue(key)?.entries;
        let later = |entry: &&OutboxEntry| entry.seq > seq && entry.progress == Progress::Pending;
        for entry in queue.iter().filter(later) {
            match &entry.change.act {
                Act::Edit { before, after } => {
                    let merged = match merge(before, after, &text) {
                        Merged::Text(merged) => merged,
                        // Both edits are this device's: the later one wins.
                        Merged::Overlap => after.clone(),
                    };
                    if merged == text {
                        self.delete_entry(entry)?;
                        continue;
                    }
                    let act = Act::Edit {
                        before: text,
                        after: merged.clone(),
                    };
                    self.rewrite(entry.seq, &act)?;
                    text = merged;
                }
                Act::Remove { .. } => {
                    let before = text.clone();
                    self.rewrite(entry.seq, &Act::Remove { before })?;
                }
                Act::Add { .. } => {}
            }
        }
        Ok(())
    }

    /// Decides the successor of an `entry` that is not sent any more. If the row is
    /// done, another device completed the todo, unless the entry arrived after all: a
    /// network may deliver a request twice and answer the second. If it is not, the todo
    /// is deleted in place of completing it: the successor stays.
    pub(in crate::store) fn settle_unsent(
        &mut self,
        entry: &OutboxEntry,
    ) -> Result<(), StoreError> {
        let todo = entry.change.todo;
        let row = if self.account_state.staging {
            staged_base::of(&self.tx, todo)?
        } else {
            self.base(todo)?
        };
        let text = row.map(|row| row.text);
        let is_done = text.as_ref().is_some_and(|text| Line::new(text).is_done());
        let is_ours =
            matches!(&entry.change.act, Act::Edit { after, .. } if text.as_ref() == Some(after));
        for link in self.links(todo)? {
            let arrived = is_ours && link.sent.is_some() && link.sent == entry.revision;
            if link.edit != entry.seq || link.released || arrived {
                continue;
            }
            if is_done {
                self.abandon(&link, AbandonReason::CompletedElsewhere)?;
            } else {
                self.release(link, replaced(entry))?;
            }
        }
        Ok(())
    }

    /// Rejects the successor of a sent `entry` if it is unknown whether this device or
    /// another one completed the todo: the user decides.
    pub(in crate::store) fn reject_uncertain(
        &mut self,
        entry: &OutboxEntry,
    ) -> Result<(), StoreError> {
        for link in self.links(entry.change.todo)? {
            if link.edit != entry.seq || link.released {
                continue;
            }
            let reopened = link.reopened.is_some();
            let key = self.release(link, replaced(entry))?;
            if !reopened {
                self.reject_add(
                    key,
                    MAY_BE_ADDED,
                    "another device may have completed the todo before it and added this; a \
                     retry adds it again",
                )?;
            }
            self.unlink(key)?;
        }
        Ok(())
    }

    /// Releases the successor of the rejected `edit`, whose todo is about to be restored
    /// as a new one: the successor stays.
    pub(in crate::store) fn keep_successor(
        &mut self,
        edit: &OutboxEntry,
    ) -> Result<(), StoreError> {
        for link in self.links(edit.change.todo)? {
            if link.edit == edit.seq && !link.released {
                self.release(link, None)?;
            }
        }
        Ok(())
    }

    /// Returns the rejected edit that is decided together with a successor's rejected
    /// add.
    pub(in crate::store) fn decided_with(
        &self,
        add: &OutboxEntry,
    ) -> Result<Option<i64>, StoreError> {
        if !waits_for_decision(add) {
            return Ok(None);
        }
        let link = self.undecided(add.change.todo)?;
        Ok(link.map(|link| link.edit))
    }

    /// Restores the successor that the dropped reopening `entry` had withdrawn.
    pub(in crate::store) fn undo_reopening(
        &mut self,
        entry: &OutboxEntry,
    ) -> Result<(), StoreError> {
        for link in self.links(entry.change.todo)? {
            if link.reopened == Some(entry.seq) {
                self.restore_successor(link, &entry.change)?;
            }
        }
        Ok(())
    }
}

fn waits_for_decision(entry: &OutboxEntry) -> bool {
    let Progress::Rejected(rejection) = &entry.progress else {
        return false;
    };
    is_add(&entry.change.act) && rejection.code == COMPLETION_REJECTED
}
