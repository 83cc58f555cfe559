//! Sending: plans, marks and requests.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use crate::domain::change::Rejection;
use crate::domain::feed::{Capabilities, Mark};
use crate::domain::push_outcome::{PrePushChange, PushOutcome, Queued};
use crate::sync::plan::{self, BatchItem, Known, MAX_BYTES, PushRequest, Waiting};
use crate::sync::remote::{Answer, Batch, Remote, RemoteError};
use crate::sync::round::outcome::{
    NOTHING_SAID, Outcomes, counted, failure_of, marks, not_arrived, outcome, returned, unanswered,
};
use crate::sync::round::{Blocked, Halt, PLANS, Round};

/// The most batches that travel in one request.
const BATCHES: usize = 4;

/// What to send, and the outbox that it was planned on.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) requests: Vec<PushRequest>,
    /// Whether entries were settled or corrected without sending.
    pub(super) corrected: bool,
    outbox: Vec<Queued>,
    version: i64,
}

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    /// Plans the next requests, after the corrections that come before them.
    pub(super) fn plan(
        &mut self,
        capabilities: Capabilities,
        complete: bool,
    ) -> Result<Planned, Halt> {
        let mut corrected = false;
        for _ in 0..PLANS {
            let version = self.store.version()?;
            let outbox = self.store.outbox()?;
            let known = Known {
                capabilities,
                complete,
                held: &self.held,
                absent: &self.absent,
            };
            let plan = plan::plan(&outbox, known);
            if plan.pre_push.is_empty() {
                self.report.blocked = blocked(&plan.waiting);
                return Ok(Planned {
                    requests: plan.requests,
                    corrected,
                    outbox,
                    version,
                });
            }
            self.correct(&plan.pre_push)?;
            corrected = true;
        }
        Ok(Planned::default())
    }

    fn correct(&mut self, changes: &[PrePushChange]) -> Result<(), Halt> {
        self.store.adjust(changes)?;
        for change in changes {
            match change {
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

    /// Sends what was planned; a refused request is halved until the refused
    /// entry stands alone. Returns whether a complete pull came with it.
    pub(super) async fn deliver(
        &mut self,
        mut planned: Planned,
        capabilities: Capabilities,
    ) -> Result<bool, Halt> {
        // An entry that is marked counts as possibly sent, also when this process
        // is killed: without a token none is marked.
        self.remote.prepare().await?;
        let most = if capabilities.full { BATCHES } else { 1 };
        let mut unsent: VecDeque<PushRequest> = std::mem::take(&mut planned.requests).into();
        // Marked as sent, and refused whole.
        let mut halves: VecDeque<PushRequest> = VecDeque::new();
        let mut pulled = false;
        loop {
            let mut sending = Vec::new();
            fill(&mut sending, &mut halves, most);
            let marked = sending.len();
            fill(&mut sending, &mut unsent, most);
            if sending.len() > marked
                && !self.mark(sending.get(marked..).unwrap_or_default(), &mut planned)?
            {
                sending.truncate(marked);
                unsent.clear();
            }
            if sending.is_empty() {
                return Ok(pulled);
            }
            let outcome = self.exchange(sending, &mut halves, capabilities).await;
            if outcome.is_err() {
                // Nothing of them arrived.
                self.take_back(halves.iter().flat_map(|request| &request.items))?;
            }
            pulled = outcome?;
        }
    }

    /// Marks requests as sent, before they leave.
    ///
    /// Later changes fold into entries that are pending, not into those that
    /// are sent: if another process wrote between plan and mark, what is
    /// marked may not be what was planned, and is left for the next plan. Returns
    /// whether it is as planned.
    fn mark(&mut self, requests: &[PushRequest], planned: &mut Planned) -> Result<bool, Halt> {
        let items = || requests.iter().flat_map(|request| &request.items);
        let seqs: Vec<i64> = marks(items()).map(|mark| mark.seq).collect();
        self.store.mark_sent(&seqs)?;
        let version = self.store.version()?;
        if version == planned.version {
            return Ok(true);
        }
        planned.version = version;
        let is_as_planned = self.is_as_planned(&seqs, &planned.outbox)?;
        if !is_as_planned {
            self.take_back(items())?;
        }
        Ok(is_as_planned)
    }

    fn is_as_planned(&self, seqs: &[i64], planned: &[Queued]) -> Result<bool, Halt> {
        let by_seq = |outbox: &[Queued]| -> HashMap<i64, Queued> {
            let entries = outbox.iter().cloned();
            entries.map(|queued| (queued.entry.seq, queued)).collect()
        };
        let (now, planned) = (by_seq(&self.store.outbox()?), by_seq(planned));
        let same = |seq: &i64| match (now.get(seq), planned.get(seq)) {
            (Some(now), Some(planned)) => {
                now.entry.change.act == planned.entry.change.act
                    && now.entry.change.todo == planned.entry.change.todo
                    && now.entry.revision == planned.entry.revision
            }
            (None, _) | (_, None) => false,
        };
        Ok(seqs.iter().all(same))
    }

    /// Sends requests that are marked and, on a full backend, reads what changed
    /// in the same request. Returns whether that reached the end.
    async fn exchange(
        &mut self,
        sending: Vec<PushRequest>,
        halves: &mut VecDeque<PushRequest>,
        capabilities: Capabilities,
    ) -> Result<bool, Halt> {
        let began = (self.now)();
        let asked = self.next_request()?;
        let batches: Vec<&Batch> = sending.iter().map(|request| &request.batch).collect();
        if !capabilities.full {
            let mut pushed = Vec::with_capacity(batches.len());
            for batch in batches {
                pushed.push(self.remote.push(batch).await);
            }
            let (failure, _) = self.record(sending, pushed, None, halves).await?;
            return failure.map_or(Ok(false), |error| Err(error.into()));
        }
        let exchanged = self.remote.exchange(&batches, asked).await;
        if exchanged.single_operations && !self.single_operations {
            self.single_operations = true;
            self.store.set_capabilities(Capabilities {
                single_operations: true,
                ..capabilities
            })?;
        }
        let (failure, restarts) = self
            .record(sending, exchanged.pushed, exchanged.mark_before, halves)
            .await?;
        match (exchanged.page, failure) {
            (Ok(page), failure) => {
                // The page was read after the batches: what they say is in it.
                let pull = self.store.begin_pull(began)?;
                let first = (!restarts).then_some((asked, page));
                self.read_changes(&pull, first).await?;
                failure.map_or(Ok(true), |error| Err(error.into()))
            }
            (Err(error), _) if self.size.shrinks(&error) => Ok(false),
            (Err(_), Some(failure)) => Err(failure.into()),
            (Err(error), None) => Err(self.halted(error).await),
        }
    }

    /// Writes down what came of requests, together with the mark that was read
    /// before them. Refused ones are put into `halves` where they can be halved.
    /// Returns why others got no answer, and whether the pull starts again.
    async fn record(
        &mut self,
        sent: Vec<PushRequest>,
        pushed: Vec<Result<Vec<Answer>, RemoteError>>,
        mark_before: Option<Mark>,
        halves: &mut VecDeque<PushRequest>,
    ) -> Result<(Option<RemoteError>, bool), Halt> {
        let mut outcomes = Vec::new();
        let mut refused = Vec::new();
        let mut failure = None;
        let mut pushed = pushed.into_iter();
        for request in sent {
            let outcome = pushed.next();
            match outcome.map(|outcome| outcome.and_then(|it| counted(it, &request))) {
                None => outcomes.extend(returned(&request.items)),
                Some(Ok(answers)) => self.answered(&request, &answers, &mut outcomes),
                Some(Err(RemoteError::Refused { code, message })) => {
                    refused.push((request, code, message));
                }
                Some(Err(error)) => {
                    let alone = request.items.iter().all(BatchItem::isolated);
                    if let Some((code, message)) = failure_of(&error).filter(|_| alone) {
                        self.refuse(&request, code, message, &mut outcomes);
                    } else {
                        outcomes.extend(unanswered(&request.items, &error));
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        let restarts = self.store.apply_exchange(&outcomes, mark_before)?;
        self.take_refusals(refused, halves).await?;
        Ok((failure, restarts))
    }

    /// Halves refused requests. Those of one entry are rejected, unless the
    /// refusal came of outdated capabilities: then everything waits again.
    async fn take_refusals(
        &mut self,
        refused: Vec<(PushRequest, String, String)>,
        halves: &mut VecDeque<PushRequest>,
    ) -> Result<(), Halt> {
        for (_, code, _) in &refused {
            let outdated = self.outdated(code).await;
            if !matches!(outdated, Ok(false)) {
                self.take_back(refused.iter().flat_map(|(request, ..)| &request.items))?;
                outdated.map_err(Halt::Error)?;
                return Err(Halt::Changed);
            }
        }
        let mut outcomes = Vec::new();
        for (request, code, message) in refused {
            match request.halves() {
                Ok((first, second)) => halves.extend([first, second]),
                Err(single) => self.refuse(&single, &code, &message, &mut outcomes),
            }
        }
        self.store.apply_outcome(&outcomes)?;
        Ok(())
    }

    /// What the answers to a request mean.
    fn answered(&mut self, request: &PushRequest, answers: &[Answer], outcomes: &mut Outcomes) {
        for (item, answer) in request.items.iter().zip(answers) {
            let outcome = outcome(&request.batch, item, *answer);
            if matches!(outcome, PushOutcome::Applied { .. }) {
                self.report.pushed += 1 + item.covers.len();
                outcomes.extend(item.covers.iter().map(|seq| (*seq, NOTHING_SAID)));
            } else {
                self.held.insert(item.seq);
            }
            outcomes.push((item.seq, outcome));
        }
    }

    /// The server refused what this request carries for good.
    fn refuse(
        &mut self,
        request: &PushRequest,
        code: &str,
        message: &str,
        outcomes: &mut Outcomes,
    ) {
        for item in &request.items {
            self.report.rejected += 1;
            let others = item.marks.iter().filter(|mark| mark.seq != item.seq);
            outcomes.extend(others.map(|mark| (mark.seq, not_arrived(*mark))));
            let rejection = Rejection {
                code: code.to_owned(),
                message: message.to_owned(),
                theirs: None,
            };
            outcomes.push((item.seq, PushOutcome::Rejected(rejection)));
        }
    }

    /// This try certainly did not arrive.
    fn take_back<'i>(
        &mut self,
        items: impl IntoIterator<Item = &'i BatchItem>,
    ) -> Result<(), Halt> {
        self.store.apply_outcome(&returned(items))?;
        Ok(())
    }
}

/// Moves requests over, in order, as many as travel together.
fn fill(sending: &mut Vec<PushRequest>, from: &mut VecDeque<PushRequest>, most: usize) {
    let mut bytes: usize = sending.iter().map(|it| it.batch.text_bytes()).sum();
    while let Some(next) = from.front()
        && sending.len() < most
        && (sending.is_empty() || bytes + next.batch.text_bytes() <= MAX_BYTES)
    {
        bytes += next.batch.text_bytes();
        sending.extend(from.pop_front());
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
