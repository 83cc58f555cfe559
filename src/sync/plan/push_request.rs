//! Requests: what they carry, and which outbox entries their answers settle.

use crate::domain::push_outcome::Queued;
use crate::sync::plan::{Payload, may_have_arrived};
use crate::sync::remote::Batch;

/// An entry that the server failed at so often travels alone from then on, so
/// that it cannot keep others from arriving.
pub const ISOLATED_AFTER: u32 = 8;

/// The most text one request carries, in bytes; a longer one travels alone.
pub(in crate::sync) const MAX_BYTES: usize = 4 << 20;

/// One request and the entries it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// What is sent.
    pub batch: Batch,
    /// One for each entry of the batch, in its order.
    pub items: Vec<BatchItem>,
}

/// The outbox entries behind one entry of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// The entry that is sent.
    pub seq: i64,
    /// How often the server answered that it failed at it.
    pub failures: u32,
    /// What to mark as sent before the request leaves: the entry itself, and an
    /// add that travels with its removal.
    pub marks: Vec<Marking>,
    /// Earlier entries of the same todo that its answer settles, too.
    pub covers: Vec<i64>,
}

/// An entry to mark as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marking {
    /// Which.
    pub seq: i64,
    /// Whether an earlier try may have arrived unseen.
    pub unsure: bool,
}

impl Marking {
    fn of(queued: &Queued) -> Self {
        Self {
            seq: queued.entry.seq,
            unsure: may_have_arrived(queued),
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

    /// Marks `queued` as sent, too.
    pub(super) fn marking(mut self, queued: &Queued) -> Self {
        self.marks.push(Marking::of(queued));
        self
    }

    /// Settles these, too.
    pub(super) fn covering<'a>(mut self, entries: impl Iterator<Item = &'a Queued>) -> Self {
        let own = self.seq;
        self.covers.extend(
            entries
                .map(|queued| queued.entry.seq)
                .filter(|seq| *seq != own),
        );
        self
    }

    /// Returns whether an earlier try of what is sent may have arrived unseen.
    #[must_use]
    pub fn unsure(&self) -> bool {
        self.marks.iter().any(|mark| mark.unsure)
    }

    /// Returns whether it travels alone because the server failed at it so often.
    #[must_use]
    pub const fn isolated(&self) -> bool {
        self.failures >= ISOLATED_AFTER
    }
}

impl PushRequest {
    /// Two requests that together carry the same, or itself when it carries
    /// one entry only.
    ///
    /// # Errors
    ///
    /// The request itself, when it cannot be halved.
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

/// Packs payloads into requests: adds, then edits, then removals, then what
/// needs a request of its own in outbox order, then what is isolated.
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
