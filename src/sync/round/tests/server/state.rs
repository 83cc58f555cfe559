//! The rows of the server in memory, and its rules.

use std::collections::{BTreeMap, VecDeque};

use super::Fault;
use crate::domain::feed::{Capabilities, Mark};
use crate::domain::key::Key;
use crate::domain::todo::Row;
use crate::http::RequestFailure;
use crate::sync::remote::{Batch, PushAnswer, RemoteError};

pub(super) type Hook = Box<dyn FnOnce()>;

#[derive(Default)]
pub(super) struct ServerState {
    pub(super) rows: BTreeMap<Key, Row>,
    pub(super) tombstones: BTreeMap<Key, i64>,
    pub(super) revision: i64,
    pub(super) next_id: i64,
    pub(super) purged: i64,
    pub(super) user: i64,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) hooks: VecDeque<Hook>,
    pub(super) batches: Vec<Batch>,
    pub(super) capability_requests: usize,
    pub(super) pages: usize,
    pub(super) row_limit: Option<usize>,
    pub(super) largest_page: Option<usize>,
    pub(super) changes_user: bool,
}

pub(super) fn lost() -> RemoteError {
    RemoteError::ConnectionLost {
        host: "test".to_owned(),
        reason: RequestFailure::Other("cut".to_owned()),
    }
}

pub(super) fn refused(code: &str) -> RemoteError {
    RemoteError::Rejected {
        code: code.to_owned(),
        message: "no".to_owned(),
    }
}

impl ServerState {
    pub(super) fn add(&mut self, key: Key, text: &str) -> PushAnswer {
        if self.rows.contains_key(&key) || self.tombstones.contains_key(&key) {
            return PushAnswer::NoRow;
        }
        self.next_id += 1;
        self.revision += 1;
        let (id, revision) = (self.next_id, self.revision);
        let text = text.to_owned();
        self.rows.insert(
            key,
            Row {
                key,
                id,
                text,
                revision,
                created_at: None,
                updated_at: None,
            },
        );
        PushAnswer::Row { id, revision }
    }

    pub(super) fn edit(&mut self, key: Key, text: &str) -> PushAnswer {
        let Some(row) = self.rows.get_mut(&key) else {
            return PushAnswer::NoRow;
        };
        self.revision += 1;
        row.revision = self.revision;
        text.clone_into(&mut row.text);
        PushAnswer::Row {
            id: row.id,
            revision: row.revision,
        }
    }

    pub(super) fn remove(&mut self, key: Key) -> PushAnswer {
        let Some(row) = self.rows.remove(&key) else {
            return PushAnswer::NoRow;
        };
        self.revision += 1;
        self.tombstones.insert(key, self.revision);
        PushAnswer::Row {
            id: row.id,
            revision: self.revision,
        }
    }

    fn bare_key(&self, id: i64, text: &str) -> Option<Key> {
        let found = |row: &&Row| row.id == id && row.text == text;
        self.rows.values().find(found).map(|row| row.key)
    }

    fn permits(&self, batch: &Batch) -> bool {
        let Some(role) = self.capabilities else {
            return false;
        };
        match batch {
            Batch::Add(_) => role.full && role.insert,
            Batch::Edit(_) => role.full && role.update,
            Batch::Remove(_) => role.full && role.delete,
            Batch::AddAndRemove(..) => role.full && role.insert && role.delete,
            Batch::BareAdd(_) => role.insert,
            Batch::BareEdit { .. } => role.update,
            Batch::BareRemove { .. } => role.delete,
        }
    }

    /// Applies a batch in one transaction.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<Vec<PushAnswer>, RemoteError> {
        if !self.permits(batch) {
            return Err(refused("validation-failed"));
        }
        let texts: Vec<&str> = match batch {
            Batch::Add(adds) => adds.iter().map(|(_, text)| text.as_str()).collect(),
            Batch::Edit(edits) => edits.iter().map(|edit| edit.after.as_str()).collect(),
            Batch::BareAdd(texts) => texts.iter().map(String::as_str).collect(),
            Batch::AddAndRemove(_, text) | Batch::BareEdit { after: text, .. } => vec![text],
            Batch::Remove(_) | Batch::BareRemove { .. } => vec![],
        };
        if texts.iter().any(|text| text.contains("forbidden")) {
            return Err(refused("permission-error"));
        }
        if texts.iter().any(|text| text.contains("poison")) {
            return Err(RemoteError::ServerError {
                code: "unexpected".to_owned(),
                message: "database query error".to_owned(),
                retry_after: None,
                may_have_arrived: true,
            });
        }
        Ok(match batch {
            Batch::Add(adds) => adds
                .iter()
                .map(|(key, text)| self.add(*key, text))
                .collect(),
            Batch::Edit(edits) => edits
                .iter()
                .map(|edit| {
                    let is_as_seen = self.rows.get(&edit.key).is_some_and(|row| {
                        row.revision == edit.revision && row.text == edit.before
                    });
                    if is_as_seen {
                        self.edit(edit.key, &edit.after)
                    } else {
                        PushAnswer::NoRow
                    }
                })
                .collect(),
            Batch::Remove(keys) => keys.iter().map(|key| self.remove(*key)).collect(),
            Batch::AddAndRemove(key, text) => {
                self.add(*key, text);
                vec![self.remove(*key)]
            }
            Batch::BareAdd(texts) => texts
                .iter()
                .map(|text| {
                    let key = Key::of_row("its own", self.next_id + 1);
                    self.add(key, text)
                })
                .collect(),
            Batch::BareEdit { id, before, after } => {
                let key = self.bare_key(*id, before);
                vec![key.map_or(PushAnswer::NoRow, |key| self.edit(key, after))]
            }
            Batch::BareRemove { id, before } => {
                let key = self.bare_key(*id, before);
                vec![key.map_or(PushAnswer::NoRow, |key| self.remove(key))]
            }
        })
    }

    pub(super) fn mark(&mut self) -> Result<Mark, RemoteError> {
        if !self.capabilities.is_some_and(|role| role.full) {
            return Err(refused("validation-failed"));
        }
        if self.changes_user {
            self.user += 1;
        }
        Ok(Mark {
            user_id: self.user,
            revision: self.revision,
            purged_revision: self.purged,
        })
    }

    pub(super) fn page(&self, limit: usize) -> Result<usize, RemoteError> {
        match self.largest_page {
            Some(largest) if limit > largest => Err(RemoteError::TooLarge {
                host: "test".to_owned(),
                limit: largest,
            }),
            _ => Ok(self.row_limit.map_or(limit, |rows| rows.min(limit))),
        }
    }
}
