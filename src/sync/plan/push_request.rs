//! Requests: what they carry, and which outbox entries their answers settle.

use crate::domain::push_outcome::Queued;
use crate::sync::plan::{Payload, may_have_arrived};
use crate::sync::remote::Batch;

/// An entry that the server failed at so often travels alone from then on, so
/// that it cannot keep others from arriving.
pub const ISOLATED_AFTER: u32 = 8;

/// The most text one request carries, in bytes; a longer one travels alone.
const MAX_BYTES: usize = 4 << 20;

/// One request and the entries it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRequest {
    /// What is sent.
    pub batch: Batch,
    /// One for each entry of the batch, in its order.
    pub parcels: Vec<BatchItem>,
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
    /// The shipment itself, when it cannot be halved.
    pub fn halves(self) -> Result<(Self, Self), Self> {
        let middle = self.parcels.len() / 2;
        let (first, second) = match self.batch {
            Batch::Add(mut adds) if middle > 0 => {
                let second = adds.split_off(middle);
                (Batch::Add(adds), Batch::Add(second))
            }
            Batch::Edit(mut edits) if middle > 0 => {
                let second = edits.split_off(middle);
                (Batch::Edit(edits), Batch::Edit(second))
            }
            Batch::Remove(mut keys) if middle > 0 => {
                let second = keys.split_off(middle);
                (Batch::Remove(keys), Batch::Remove(second))
            }
            batch @ (Batch::Add(_)
            | Batch::Edit(_)
            | Batch::Remove(_)
            | Batch::AddAndRemove(..)
            | Batch::BareAdd(_)
            | Batch::BareEdit { .. }
            | Batch::BareRemove { .. }) => {
                return Err(Self {
                    batch,
                    parcels: self.parcels,
                });
            }
        };
        let mut parcels = self.parcels;
        let rest = parcels.split_off(middle);
        Ok((
            Self {
                batch: first,
                parcels,
            },
            Self {
                batch: second,
                parcels: rest,
            },
        ))
    }
}

/// Packs loads into requests: adds, then edits, then removals, then what
/// needs a request of its own in outbox order, then what is isolated.
pub(super) fn pack(loads: Vec<(BatchItem, Payload)>) -> Vec<PushRequest> {
    let mut adds = Packer::new(Batch::Add);
    let mut edits = Packer::new(Batch::Edit);
    let mut removals = Packer::new(Batch::Remove);
    let mut alone = Vec::new();
    let mut isolated = Vec::new();
    for (parcel, load) in loads {
        let isolate = parcel.isolated();
        match load {
            Payload::Alone(batch) => alone.push(single(parcel, batch)),
            Payload::Add(key, text) if isolate => {
                isolated.push(single(parcel, Batch::Add(vec![(key, text)])));
            }
            Payload::Edit(key, revision, text) if isolate => {
                isolated.push(single(parcel, Batch::Edit(vec![(key, revision, text)])));
            }
            Payload::Remove(key) if isolate => {
                isolated.push(single(parcel, Batch::Remove(vec![key])));
            }
            Payload::Add(key, text) => {
                let bytes = text.len();
                adds.put(parcel, (key, text), bytes);
            }
            Payload::Edit(key, revision, text) => {
                let bytes = text.len();
                edits.put(parcel, (key, revision, text), bytes);
            }
            Payload::Remove(key) => removals.put(parcel, key, 0),
        }
    }
    let mut shipments = adds.shipments();
    shipments.extend(edits.shipments());
    shipments.extend(removals.shipments());
    shipments.extend(alone);
    shipments.extend(isolated);
    shipments
}

fn single(parcel: BatchItem, batch: Batch) -> PushRequest {
    PushRequest {
        batch,
        parcels: vec![parcel],
    }
}

/// Fills requests of one kind.
struct Packer<T> {
    batch: fn(Vec<T>) -> Batch,
    full: Vec<PushRequest>,
    entries: Vec<T>,
    parcels: Vec<BatchItem>,
    bytes: usize,
}

impl<T> Packer<T> {
    const fn new(batch: fn(Vec<T>) -> Batch) -> Self {
        Self {
            batch,
            full: Vec::new(),
            entries: Vec::new(),
            parcels: Vec::new(),
            bytes: 0,
        }
    }

    fn put(&mut self, parcel: BatchItem, entry: T, bytes: usize) {
        if self.entries.len() == Batch::MAX_ENTRIES || self.bytes + bytes > MAX_BYTES {
            self.close();
        }
        self.entries.push(entry);
        self.parcels.push(parcel);
        self.bytes += bytes;
    }

    fn close(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        self.bytes = 0;
        self.full.push(PushRequest {
            batch: (self.batch)(std::mem::take(&mut self.entries)),
            parcels: std::mem::take(&mut self.parcels),
        });
    }

    fn shipments(mut self) -> Vec<PushRequest> {
        self.close();
        self.full
    }
}
