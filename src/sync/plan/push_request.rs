//! Packs outbox entries into requests.

use crate::domain::push_outcome::Queued;
use crate::sync::plan::{Payload, may_have_arrived};
use crate::sync::remote::Batch;

/// An entry on which the server has failed this often is sent alone, so that it
/// cannot block others.
pub const ISOLATED_AFTER: u32 = 8;

/// The most text in one request, in bytes; a longer text is sent alone.
pub(in crate::sync) const MAX_BYTES: usize = 4 << 20;

/// One request and its outbox entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// The batch that is sent.
    pub batch: Batch,
    /// One for each entry of the batch, in the same order.
    pub items: Vec<BatchItem>,
}

/// The outbox entries behind one entry of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// The entry that is sent.
    pub seq: i64,
    /// How often the server failed on it.
    pub failures: u32,
    /// The entries to mark as sent before the request leaves: the entry itself, and
    /// an add that is sent with its deletion.
    pub marks: Vec<Marking>,
    /// Earlier entries of the same todo that its answer also settles.
    pub covers: Vec<i64>,
}

/// An entry to mark as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marking {
    /// The entry's sequence number.
    pub seq: i64,
    /// Whether an earlier try may have arrived unseen.
    pub maybe_sent: bool,
}

impl Marking {
    fn of(queued: &Queued) -> Self {
        Self {
            seq: queued.entry.seq,
            maybe_sent: may_have_arrived(queued),
        }
    }
}

impl BatchItem {
    pub(super) fn of(queued: &Queued) -> Self {
        Self {
            seq: queued.entry.seq,
            failures: queued.entry.progress.failures(),
            marks: vec![Marking::of(queued)],
            covers: Vec::new(),
        }
    }

    /// Also marks `queued` as sent.
    pub(super) fn marking(mut self, queued: &Queued) -> Self {
        self.marks.push(Marking::of(queued));
        self
    }

    /// Also settles these entries.
    pub(super) fn covering<'a>(mut self, entries: impl Iterator<Item = &'a Queued>) -> Self {
        let own = self.seq;
        self.covers.extend(
            entries
                .map(|queued| queued.entry.seq)
                .filter(|seq| *seq != own),
        );
        self
    }

    /// Returns whether an earlier try may have arrived unseen.
    #[must_use]
    pub fn maybe_sent(&self) -> bool {
        self.marks.iter().any(|mark| mark.maybe_sent)
    }

    /// Returns whether it is sent alone because the server failed on it too often.
    #[must_use]
    pub const fn isolated(&self) -> bool {
        self.failures >= ISOLATED_AFTER
    }
}

impl PushRequest {
    /// Splits it into two requests.
    ///
    /// # Errors
    ///
    /// The request itself if it has one entry only.
    pub fn halves(self) -> Result<(Self, Self), Self> {
        let middle = self.items.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let Self {
            mut batch,
            mut items,
        } = self;
        let second = match &mut batch {
            Batch::Add(adds) => Batch::Add(adds.split_off(middle)),
            Batch::Edit(edits) => Batch::Edit(edits.split_off(middle)),
            Batch::Remove(keys) => Batch::Remove(keys.split_off(middle)),
            Batch::BareAdd(texts) => Batch::BareAdd(texts.split_off(middle)),
            Batch::AddAndRemove(..) | Batch::BareEdit { .. } | Batch::BareRemove { .. } => {
                return Err(Self { batch, items });
            }
        };
        let rest = items.split_off(middle);
        let first = Self { batch, items };
        let second = Self {
            batch: second,
            items: rest,
        };
        Ok((first, second))
    }
}

/// Packs payloads into requests: adds, then edits, then deletions, then entries
/// that need a request of their own in outbox order, then isolated entries.
pub(super) fn pack(payloads: Vec<(BatchItem, Payload)>) -> Vec<PushRequest> {
    let mut adds = Packer::new(Batch::Add);
    let mut edits = Packer::new(Batch::Edit);
    let mut removals = Packer::new(Batch::Remove);
    let mut bare_adds = Packer::new(Batch::BareAdd);
    let mut alone = Vec::new();
    let mut isolated = Vec::new();
    for (item, payload) in payloads {
        let isolate = item.isolated();
        match payload {
            Payload::Alone(batch) => alone.push(single(item, batch)),
            Payload::Add(key, text) if isolate => {
                isolated.push(single(item, Batch::Add(vec![(key, text)])));
            }
            Payload::Edit(edit) if isolate => {
                isolated.push(single(item, Batch::Edit(vec![edit])));
            }
            Payload::Remove(key) if isolate => {
                isolated.push(single(item, Batch::Remove(vec![key])));
            }
            Payload::BareAdd(text) if isolate => {
                isolated.push(single(item, Batch::BareAdd(vec![text])));
            }
            Payload::Add(key, text) => {
                let bytes = text.len();
                adds.put(item, (key, text), bytes);
            }
            Payload::Edit(edit) => {
                let bytes = edit.before.len() + edit.after.len();
                edits.put(item, edit, bytes);
            }
            Payload::Remove(key) => removals.put(item, key, 0),
            Payload::BareAdd(text) => {
                let bytes = text.len();
                bare_adds.put(item, text, bytes);
            }
        }
    }
    let mut requests = adds.requests();
    requests.extend(edits.requests());
    requests.extend(removals.requests());
    requests.extend(bare_adds.requests());
    requests.extend(alone);
    requests.extend(isolated);
    requests
}

fn single(item: BatchItem, batch: Batch) -> PushRequest {
    PushRequest {
        batch,
        items: vec![item],
    }
}

/// Fills requests of one kind.
struct Packer<T> {
    batch: fn(Vec<T>) -> Batch,
    full: Vec<PushRequest>,
    entries: Vec<T>,
    items: Vec<BatchItem>,
    bytes: usize,
}

impl<T> Packer<T> {
    const fn new(batch: fn(Vec<T>) -> Batch) -> Self {
        Self {
            batch,
            full: Vec::new(),
            entries: Vec::new(),
            items: Vec::new(),
            bytes: 0,
        }
    }

    fn put(&mut self, item: BatchItem, entry: T, bytes: usize) {
        if self.entries.len() == Batch::MAX_ENTRIES || self.bytes + bytes > MAX_BYTES {
            self.close();
        }
        self.entries.push(entry);
        self.items.push(item);
        self.bytes += bytes;
    }

    fn close(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        self.bytes = 0;
        self.full.push(PushRequest {
            batch: (self.batch)(std::mem::take(&mut self.entries)),
            items: std::mem::take(&mut self.items),
        });
    }

    fn requests(mut self) -> Vec<PushRequest> {
        self.close();
        self.full
    }
}
