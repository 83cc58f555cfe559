//! Sending: marks, requests, and what came of them.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::change::Rejection;
use crate::domain::feed::Capabilities;
use crate::domain::push_outcome::{PrePushChange, PushOutcome, Queued};
use crate::sync::plan::{self, BatchItem, Known, Marking, PushRequest, Waiting};
use crate::sync::remote::{Answer, Batch, Remote, RemoteError};
use crate::sync::round::{Blocked, Halt, Round};

/// How many plans a pass makes at most, should users go on typing for ever.
const PLANS: usize = 1000;

/// What became of a shipment.
enum PushedBatch {
    /// Its entries are settled, or held until the next pull.
    Settled,
    /// It was not sent: another process changed an entry in it.
    Overtaken,
}

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    /// Sends until nothing is eligible any more. Returns whether anything was
    /// sent or settled.
    pub(super) async fn push_all(
        &mut self,
        capabilities: Capabilities,
        complete: bool,
    ) -> Result<bool, Halt> {
        let mut moved = false;
        for _ in 0..PLANS {
            let mut version = self.store.version()?;
            let outbox = self.store.outbox()?;
            let plan = plan::plan(
                &outbox,
                Known {
                    capabilities,
                    complete,
                    held: &self.held,
                    absent: &self.absent,
                },
            );
            if !plan.adjustments.is_empty() {
                self.adjust(&plan.adjustments)?;
                moved = true;
                continue;
            }
            self.report.blocked = blocked(&plan.waiting);
            if plan.shipments.is_empty() {
                break;
            }
            let planned: HashMap<i64, &Queued> = outbox
                .iter()
                .map(|queued| (queued.entry.seq, queued))
                .collect();
            for shipment in plan.shipments {
                match self.ship(shipment, &planned, &mut version).await? {
                    PushedBatch::Settled => moved = true,
                    PushedBatch::Overtaken => break,
                }
            }
        }
        Ok(moved)
    }

    fn adjust(&mut self, adjustments: &[PrePushChange]) -> Result<(), Halt> {
        self.store.adjust(adjustments)?;
        for adjustment in adjustments {
            match adjustment {
                PrePushChange::Resolve {
                    outcome: PushOutcome::Rejected(_),
                    ..
                } => self.report.rejected += 1,
                PrePushChange::Resolve {
                    outcome: PushOutcome::Applied { .. },
                    ..
                } => self.report.pushed += 1,
                PrePushChange::Resolve {
                    outcome: PushOutcome::NotApplied | PushOutcome::Unknown | PushOutcome::Failed,
                    ..
                }
                | PrePushChange::Rebase { .. } => {}
            }
        }
        Ok(())
    }

    /// Marks a shipment as sent and sends it.
    ///
    /// Later changes fold into entries that are pending, not into those that
    /// are sent: if another process wrote between plan and mark, what is
    /// marked may not be what was planned, and is left for the next plan.
    async fn ship(
        &mut self,
        shipment: PushRequest,
        planned: &HashMap<i64, &Queued>,
        version: &mut i64,
    ) -> Result<PushedBatch, Halt> {
        let marks: Vec<i64> = marks(&shipment.parcels).map(|mark| mark.seq).collect();
        self.store.mark_sent(&marks)?;
        let now = self.store.version()?;
        if now != *version {
            if !self.is_as_planned(&marks, planned)? {
                self.take_back(&shipment.parcels)?;
                return Ok(PushedBatch::Overtaken);
            }
            *version = now;
        }
        self.send(shipment).await?;
        Ok(PushedBatch::Settled)
    }

    fn is_as_planned(&self, seqs: &[i64], planned: &HashMap<i64, &Queued>) -> Result<bool, Halt> {
        let outbox = self.store.outbox()?;
        let now: HashMap<i64, &Queued> = outbox
            .iter()
            .map(|queued| (queued.entry.seq, queued))
            .collect();
        let same = |seq: &i64| match (now.get(seq), planned.get(seq)) {
            (Some(now), Some(planned)) => {
                now.entry.change.act == planned.entry.change.act
                    && now.entry.revision == planned.entry.revision
            }
            (None, _) | (_, None) => false,
        };
        Ok(seqs.iter().all(same))
    }

    /// Sends a shipment; a refused one is halved until the refused entry
    /// stands alone.
    async fn send(&mut self, shipment: PushRequest) -> Result<(), Halt> {
        let mut waiting = vec![shipment];
        while let Some(shipment) = waiting.pop() {
            let outcome = self.remote.push(&shipment.batch).await;
            let outcome = outcome.and_then(|answers| counted(answers, &shipment));
            match outcome {
                Ok(answers) => self.answered(&shipment, &answers)?,
                Err(RemoteError::Refused { code, message }) => {
                    if self.is_outdated(&code, &shipment, &waiting).await? {
                        return Err(Halt::Changed);
                    }
                    match shipment.halves() {
                        Ok((first, second)) => waiting.extend([second, first]),
                        Err(single) => self.refuse(&single, code, message)?,
                    }
                }
                Err(error) => {
                    let alone = shipment.parcels.iter().all(BatchItem::isolated);
                    if alone && let Some((code, message)) = failure(&error) {
                        self.refuse(&shipment, code.to_owned(), message.to_owned())?;
                        continue;
                    }
                    self.unanswered(&shipment.parcels, &error)?;
                    // Their requests were refused whole: nothing of them arrived.
                    for rest in waiting {
                        self.take_back(&rest.parcels)?;
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Returns whether a refusal came of outdated capabilities; everything that was
    /// marked then waits again.
    async fn is_outdated(
        &mut self,
        code: &str,
        shipment: &PushRequest,
        waiting: &[PushRequest],
    ) -> Result<bool, Halt> {
        let outdated = self.outdated(code).await;
        if !matches!(outdated, Ok(false)) {
            self.take_back(&shipment.parcels)?;
            for rest in waiting {
                self.take_back(&rest.parcels)?;
            }
        }
        outdated.map_err(Halt::Error)
    }

    /// Writes down the answers to a shipment.
    fn answered(&mut self, shipment: &PushRequest, answers: &[Answer]) -> Result<(), Halt> {
        let mut outcomes = Vec::new();
        for (parcel, answer) in shipment.parcels.iter().zip(answers) {
            let outcome = outcome(&shipment.batch, parcel, *answer);
            if matches!(outcome, PushOutcome::Applied { .. }) {
                self.report.pushed += 1 + parcel.covers.len();
                outcomes.extend(parcel.covers.iter().map(|seq| {
                    let nothing_told = PushOutcome::Applied {
                        id: None,
                        revision: None,
                    };
                    (*seq, nothing_told)
                }));
            } else {
                self.held.insert(parcel.seq);
            }
            outcomes.push((parcel.seq, outcome));
        }
        self.store.apply_outcome(&outcomes)?;
        Ok(())
    }

    /// The server refused the one entry of this shipment for good.
    fn refuse(
        &mut self,
        shipment: &PushRequest,
        code: String,
        message: String,
    ) -> Result<(), Halt> {
        let rejection = Rejection {
            code,
            message,
            theirs: None,
        };
        let mut outcomes = Vec::new();
        for parcel in &shipment.parcels {
            self.report.rejected += 1;
            outcomes.extend(
                parcel
                    .marks
                    .iter()
                    .filter(|mark| mark.seq != parcel.seq)
                    .map(|mark| (mark.seq, not_arrived(*mark))),
            );
            outcomes.push((parcel.seq, PushOutcome::Rejected(rejection.clone())));
        }
        self.store.apply_outcome(&outcomes)?;
        Ok(())
    }

    /// No answer came for these.
    fn unanswered(&mut self, parcels: &[BatchItem], error: &RemoteError) -> Result<(), Halt> {
        if !error.may_have_arrived() {
            return self.take_back(parcels);
        }
        let outcome = match failure(error) {
            Some(_) => PushOutcome::Failed,
            None => PushOutcome::Unknown,
        };
        let outcomes: Vec<_> = marks(parcels)
            .map(|mark| (mark.seq, outcome.clone()))
            .collect();
        self.store.apply_outcome(&outcomes)?;
        Ok(())
    }

    /// This try certainly did not arrive.
    fn take_back(&mut self, parcels: &[BatchItem]) -> Result<(), Halt> {
        let outcomes: Vec<_> = marks(parcels)
            .map(|mark| (mark.seq, not_arrived(mark)))
            .collect();
        self.store.apply_outcome(&outcomes)?;
        Ok(())
    }
}

fn blocked(waiting: &[(i64, Waiting)]) -> Option<Blocked> {
    let mut reasons = waiting
        .iter()
        .map(|(_, why)| *why)
        .filter(|why| why.is_permission());
    let why = reasons.next()?;
    Some(Blocked {
        count: 1 + reasons.count(),
        why,
    })
}

fn marks(parcels: &[BatchItem]) -> impl Iterator<Item = Marking> {
    parcels
        .iter()
        .flat_map(|parcel| parcel.marks.iter().copied())
}

/// What becomes of a mark when its request certainly did not arrive.
const fn not_arrived(mark: Marking) -> PushOutcome {
    if mark.unsure {
        PushOutcome::Unknown
    } else {
        PushOutcome::NotApplied
    }
}

pub(super) const fn applied(id: i64, revision: i64) -> PushOutcome {
    PushOutcome::Applied {
        id: Some(id),
        revision: Some(revision),
    }
}

/// One answer an entry, or it is none.
fn counted(answers: Vec<Answer>, shipment: &PushRequest) -> Result<Vec<Answer>, RemoteError> {
    if answers.len() == shipment.parcels.len() {
        return Ok(answers);
    }
    Err(RemoteError::InvalidResponse {
        host: "the server".to_owned(),
        message: format!(
            "{} answers to {} entries",
            answers.len(),
            shipment.parcels.len()
        ),
    })
}

/// What an answer means for the entry that was sent.
fn outcome(batch: &Batch, parcel: &BatchItem, answer: Answer) -> PushOutcome {
    let nothing_told = PushOutcome::Applied {
        id: None,
        revision: None,
    };
    match (batch, answer) {
        // The key was there already, or has a tombstone: the pull tells which.
        (Batch::Add(_) | Batch::BareAdd(_), Answer::NoRow)
        // Gone, by whoever.
        | (Batch::Remove(_) | Batch::AddAndRemove(..), _)
        | (Batch::BareRemove { .. }, Answer::Row { .. }) => nothing_told,
        (
            Batch::Add(_) | Batch::Edit(_) | Batch::BareAdd(_) | Batch::BareEdit { .. },
            Answer::Row { id, revision },
        ) => applied(id, revision),
        (Batch::Edit(_) | Batch::BareEdit { .. } | Batch::BareRemove { .. }, Answer::NoRow) => {
            if parcel.unsure() {
                PushOutcome::Unknown
            } else {
                PushOutcome::NotApplied
            }
        }
    }
}

/// Code and message, where the server failed at what it was asked, rather than
/// being under load or out of reach.
fn failure(error: &RemoteError) -> Option<(&str, &str)> {
    let RemoteError::ServerError { code, message, .. } = error else {
        return None;
    };
    let is_busy = code.starts_with("http-")
        || matches!(
            code.as_str(),
            "postgres-error" | "postgres-max-connections-error" | "concurrent-update"
        );
    (!is_busy).then_some((code, message))
}
