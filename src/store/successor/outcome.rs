//! What becomes of a successor once the outcome of the completing edit is known.

use super::links::Link;
use super::{Abandoned, derived, is_add, is_rejected, replaced};
use crate::domain::change::{
    Act, COMPLETION_REJECTED, Change, Entry, MAY_BE_ADDED, Progress, Rejection,
};
use crate::domain::key::Key;
use crate::domain::merge::{Merged, merge};
use crate::store::error::StoreError;
use crate::store::write::Write;
use crate::store::{handles, staged};

impl Write<'_> {
    /// The todo was completed by the entry of `link`, in place of `revision`: its
    /// successor may be sent. Returns the key that it has from now on.
    pub(super) fn release(&mut self, link: Link, revision: Option<i64>) -> Result<Key, StoreError> {
        let is_bare = self
            .account_state
            .capabilities
            .is_some_and(|role| !role.full);
        let key = match revision {
            Some(revision) if !is_bare => link.todo.successor(revision),
            Some(_) | None => link.key,
        };
        self.go_on(&link)?;
        let text = link.text.clone();
        let old = link.key;
        self.unlink(link.key)?;
        self.save(&Link {
            key,
            released: true,
            ..link
        })?;
        if old != key {
            self.take_key(old, key, &text)?;
        }
        Ok(key)
    }

    /// Gives the unsent successor `old` the key that every device derives. Where
    /// another device has added that todo, what was done to ours is done to it.
    fn take_key(&mut self, old: Key, new: Key, derived: &str) -> Result<(), StoreError> {
        let entries = self.queue(old)?.entries;
        let Some(first) = entries.first() else {
            return Ok(());
        };
        let is_there = self.base(new)?.is_some() || !self.queue(new)?.entries.is_empty();
        if !is_there {
            return self.rekey(old, new);
        }
        let at = first.change.at;
        self.take_out_all(old)?;
        self.succeed(old, None, new)?;
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

    /// The entry of `link` does not complete its todo. A successor that was changed
    /// here stays; where another device adds one, the user decides.
    pub(super) fn abandon(&mut self, link: &Link, why: Abandoned) -> Result<(), StoreError> {
        self.unlink(link.key)?;
        let shown = handles::todo(&self.tx, link.key)?;
        if shown.is_none_or(|todo| todo.text == link.text) {
            self.take_out_all(link.key)?;
            for later in self.links(link.key)? {
                if !later.released {
                    self.abandon(&later, why)?;
                }
            }
            return Ok(());
        }
        match why {
            Abandoned::Here => self.go_on(link),
            Abandoned::Elsewhere => self.refuse_add(
                link.key,
                MAY_BE_ADDED,
                "another device completed the todo before it and adds the next one; a retry adds \
                 this one, too",
            ),
        }
    }

    /// The completing edit was rejected: both are decided together.
    pub(super) fn wait_for_decision(&mut self, link: &Link) -> Result<(), StoreError> {
        self.refuse_add(
            link.key,
            COMPLETION_REJECTED,
            "completing the todo before it was rejected",
        )
    }

    pub(super) fn refuse_add(
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
        self.refuse(&add, &rejection)?;
        self.show(key)?;
        self.reconcile(key)
    }

    /// The completing edit is no longer rejected: nor is the successor's add.
    pub(super) fn go_on(&mut self, link: &Link) -> Result<(), StoreError> {
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
            self.hand_on(add.seq, edit)?;
        }
        self.show(link.key)?;
        self.reconcile(link.key)
    }

    /// The completing edit was merged: the successor follows from the line as it is
    /// completed now, and keeps what was done to it here.
    pub(super) fn derive_again(&mut self, link: &Link, entry: &Entry) -> Result<(), StoreError> {
        let Some(text) = derived(entry) else {
            // It repeats no longer.
            return self.abandon(link, Abandoned::Here);
        };
        if text == link.text {
            return Ok(());
        }
        let queue = self.queue(link.key)?.entries;
        if let Some(add) = queue.first().filter(|it| is_add(&it.change.act)) {
            self.rewrite(add.seq, &Act::Add { text: text.clone() })?;
            self.rebase_later(link.key, add.seq, &text)?;
        }
        self.save(&Link {
            text,
            ..link.clone()
        })?;
        self.show(link.key)?;
        self.reconcile(link.key)
    }

    /// Bases the pending entries behind `seq` on the text that this one leads to now.
    pub(in crate::store) fn rebase_later(
        &mut self,
        key: Key,
        seq: i64,
        text: &str,
    ) -> Result<(), StoreError> {
        let mut text = text.to_owned();
        let queue = self.queue(key)?.entries;
        let later = |entry: &&Entry| entry.seq > seq && entry.progress == Progress::Pending;
        for entry in queue.iter().filter(later) {
            match &entry.change.act {
                Act::Edit { before, after } => {
                    let merged = match merge(before, after, &text) {
                        Merged::Text(merged) => merged,
                        // Both are this device's own: the later one counts.
                        Merged::Overlap => after.clone(),
                    };
                    if merged == text {
                        self.take_out(entry)?;
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

    /// The pending `entry` need not be sent: the row has its text. Another device
    /// completed the todo, unless the entry arrived after all on the revision that it
    /// was sent on: a network may deliver a request twice and answer the second.
    pub(in crate::store) fn already_there(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let todo = entry.change.todo;
        let row = if self.account_state.staging {
            staged::of(&self.tx, todo)?
        } else {
            self.base(todo)?
        };
        let text = row.map(|row| row.text);
        let is_ours =
            matches!(&entry.change.act, Act::Edit { after, .. } if text.as_ref() == Some(after));
        for link in self.links(todo)? {
            let arrived = is_ours && link.sent.is_some() && link.sent == entry.revision;
            if link.edit == entry.seq && !link.released && !arrived {
                self.abandon(&link, Abandoned::Elsewhere)?;
            }
        }
        Ok(())
    }

    /// It cannot be known whether the sent `entry` completed its todo or another
    /// device did: the user decides about the successor.
    pub(in crate::store) fn doubt(&mut self, entry: &Entry) -> Result<(), StoreError> {
        for link in self.links(entry.change.todo)? {
            if link.edit != entry.seq || link.released {
                continue;
            }
            let reopened = link.reopened.is_some();
            let key = self.release(link, replaced(entry))?;
            if !reopened {
                self.refuse_add(
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

    /// The todo of the rejected `edit` is about to be restored as a new one: its
    /// successor stays.
    pub(in crate::store) fn keep_successor(&mut self, edit: &Entry) -> Result<(), StoreError> {
        for link in self.links(edit.change.todo)? {
            if link.edit == edit.seq && !link.released {
                self.release(link, None)?;
            }
        }
        Ok(())
    }

    /// The rejected edit that the rejected add of a successor is decided with.
    pub(in crate::store) fn decided_with(&self, add: &Entry) -> Result<Option<i64>, StoreError> {
        if !waits_for_decision(add) {
            return Ok(None);
        }
        let link = self.undecided(add.change.todo)?;
        Ok(link.map(|link| link.edit))
    }

    /// Brings back the successor that the dropped reopening `entry` took away.
    pub(in crate::store) fn reopening_dropped(&mut self, entry: &Entry) -> Result<(), StoreError> {
        for link in self.links(entry.change.todo)? {
            if link.reopened == Some(entry.seq) {
                self.bring_back(link, &entry.change)?;
            }
        }
        Ok(())
    }
}

fn waits_for_decision(entry: &Entry) -> bool {
    let Progress::Rejected(rejection) = &entry.progress else {
        return false;
    };
    is_add(&entry.change.act) && rejection.code == COMPLETION_REJECTED
}
