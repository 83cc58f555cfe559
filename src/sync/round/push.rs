//! Pushes: plans requests, marks their entries as sent, sends them.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::domain::change::Rejection;
use crate::domain::feed::{Capabilities, Mark};
use crate::domain::push_outcome::{ExchangeEffect, LastPage, PrePushChange, PushOutcome, Queued};
use crate::sync::plan::{self, BatchItem, MAX_BYTES, PlanContext, PushRequest, WaitReason};
use crate::sync::remote::{Batch, PushAnswer, Remote, RemoteError};
use crate::sync::round::outcome::{
    APPLIED_UNSEEN, Outcomes, all_not_arrived, check_answer_count, failure_of, marks, not_arrived,
    outcome, unanswered,
};
use crate::sync::round::{Blocked, Halt, MAX_PLANS, Round};

/// The most batches in one request.
const BATCHES: usize = 4;

/// A request that takes longer is followed by one with half of its batches.
const SLOW: SignedDuration = SignedDuration::from_secs(1);

/// A request that takes less time is followed by one with twice as many batches.
const QUICK: SignedDuration = SignedDuration::from_millis(250);

/// The number of batches in one request: fewer on a slow server, so that answers arrive,
/// and progress shows, about every second.
#[derive(Debug)]
pub(super) struct BatchCount(usize);

impl Default for BatchCount {
    fn default() -> Self {
        Self(BATCHES)
    }
}

impl BatchCount {
    /// Adapts it to the time that a request took.
    fn adapt(&mut self, took: SignedDuration) {
        if took > SLOW {
            self.0 = (self.0 / 2).max(1);
        } else if took < QUICK {
            self.0 = (self.0 * 2).min(BATCHES);
        }
    }
}

/// The planned requests, and the outbox that they were planned for.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) requests: Vec<PushRequest>,
    /// Whether entries were resolved or corrected without sending.
    pub(super) corrected: bool,
    outbox: Vec<Queued>,
    version: i64,
}

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    /// Makes corrections and plans the next requests.
    pub(super) fn plan(
        &mut self,
        capabilities: Capabilities,
        complete: bool,
    ) -> Result<Planned, Halt> {
        let mut corrected = false;
        for _ in 0..MAX_PLANS {
            let version = self.store.version()?;
            let outbox = self.store.outbox()?;
            let context = PlanContext {
                capabilities,
                complete,
                deferred: &self.deferred,
                absent: &self.absent,
            };
            let plan = plan::plan(&outbox, context);
            if plan.pre_push.is_empty() {
                self.report.blocked = blocked(&plan.waiting);
                return Ok(Planned {
                    requests: plan.requests,
                    corrected,
                    outbox,
                    version,
                });
            }
            corrected |= self.correct(&plan.pre_push, version)?;
        }
        Ok(Planned::default())
    }

    /// Makes corrections, unless another process has written since `version`. Returns
    /// whether they were made.
    fn correct(&mut self, changes: &[PrePushChange], version: i64) -> Result<bool, Halt> {
        if !self.store.adjust(changes, version)? {
            return Ok(false);
        }
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
        Ok(true)
    }

    /// Sends the planned requests; halves a rejected one until the rejected entry is
    /// alone. Returns whether a pull was completed with it.
    pub(super) async fn deliver(
        &mut self,
        mut planned: Planned,
        capabilities: Capabilities,
    ) -> Result<bool, Halt> {
        // A marked entry counts as possibly sent, even if this process is killed: so
        // nothing is marked without a token.
        self.remote.prepare().await?;
        let mut unsent: VecDeque<PushRequest> = std::mem::take(&mut planned.requests).into();
        // Marked as sent, and rejected as a whole.
        let mut halves: VecDeque<PushRequest> = VecDeque::new();
        let mut pulled = false;
        loop {
            let max = if capabilities.full { self.batches.0 } else { 1 };
            let mut sending = Vec::new();
            fill(&mut sending, &mut halves, max);
            let marked = sending.len();
            fill(&mut sending, &mut unsent, max);
            if sending.len() > marked
                && !self.mark(sending.get(marked..).unwrap_or_default(), &planned)?
            {
                sending.truncate(marked);
                unsent.clear();
            }
            if sending.is_empty() {
                return Ok(pulled);
            }
            let outcome = self.exchange(sending, &mut halves, capabilities).await;
            if outcome.is_err() {
                // None of them arrived.
                self.mark_not_sent(halves.iter().flat_map(|request| &request.items))?;
            }
            pulled = outcome?;
        }
    }

    /// Marks the entries of requests as sent, before the requests leave.
    ///
    /// Later changes fold into pending entries, never into sent ones: if another
    /// process wrote between plan and mark, the marked entries may differ from the
    /// planned ones and are left for the next plan. Returns whether they are as planned:
    /// after such a write, the entries of every later request are compared.
    fn mark(&mut self, requests: &[PushRequest], planned: &Planned) -> Result<bool, Halt> {
        let items = || requests.iter().flat_map(|request| &request.items);
        let seqs: Vec<i64> = marks(items()).map(|mark| mark.seq).collect();
        self.store.mark_sent(&seqs)?;
        if self.store.version()? == planned.version {
            return Ok(true);
        }
        let is_as_planned = self.is_as_planned(&seqs, &planned.outbox)?;
        if !is_as_planned {
            self.mark_not_sent(items())?;
        }
        Ok(is_as_planned)
    }

    fn is_as_planned(&self, seqs: &[i64], planned: &[Queued]) -> Result<bool, Halt> {
        for seq in seqs {
            let at = planned.binary_search_by_key(seq, |queued| queued.entry.seq);
            let planned = at.ok().and_then(|at| planned.get(at));
            let (Some(now), Some(planned)) = (self.store.entry(*seq)?, planned) else {
                return Ok(false);
            };
            let is_same = now.change.act == planned.entry.change.act
                && now.change.todo == planned.entry.change.todo
                && now.revision == planned.entry.revision;
            if !is_same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends marked requests and, on a full backend, pulls in the same request. Returns
    /// whether the pull is complete.
    async fn exchange(
        &mut self,
        sending: Vec<PushRequest>,
        halves: &mut VecDeque<PushRequest>,
        capabilities: Capabilities,
    ) -> Result<bool, Halt> {
        let began = (self.now)();
        let request = self.next_request()?;
        let batches: Vec<&Batch> = sending.iter().map(|request| &request.batch).collect();
        if !capabilities.full {
            let mut pushed = Vec::with_capacity(batches.len());
            for batch in batches {
                pushed.push(self.remote.push(batch).await);
            }
            let (failure, _) = self.record(sending, pushed, None, None, halves).await?;
            return failure.map_or(Ok(false), |error| Err(error.into()));
        }
        let exchanged = self.remote.exchange(&batches, request).await;
        self.batches.adapt((self.now)().duration_since(began));
        if exchanged.single_operations && !self.single_operations {
            self.single_operations = true;
            self.store.set_capabilities(Capabilities {
                single_operations: true,
                ..capabilities
            })?;
        }
        // The page was read after the batches, so it includes their changes.
        let page = exchanged.page.as_ref().ok();
        let last = page.and_then(|page| self.last_page(request, page, began));
        let mark_before = exchanged.mark_before;
        let (failure, effect) = self
            .record(sending, exchanged.pushed, mark_before, last, halves)
            .await?;
        match (exchanged.page, failure) {
            (Ok(page), failure) => {
                if effect == ExchangeEffect::Completed {
                    self.count_page(page.changes.len());
                } else {
                    let pull = self.store.begin_pull(began)?;
                    let first = (effect == ExchangeEffect::Recorded).then_some((request, page));
                    self.read_changes(&pull, first).await?;
                }
                failure.map_or(Ok(true), |error| Err(error.into()))
            }
            (Err(error), _) if self.size.shrinks(&error) => Ok(false),
            (Err(_), Some(failure)) => Err(failure.into()),
            (Err(error), None) => Err(self.halt_for(error).await),
        }
    }

    /// Stores the outcomes of requests with the mark that was read before them, and the
    /// `last` page unless a request was rejected. Moves rejected requests into `halves` if
    /// they can be halved. Returns the error of the first one without an answer, and what
    /// was stored.
    async fn record(
        &mut self,
        sent: Vec<PushRequest>,
        pushed: Vec<Result<Vec<PushAnswer>, RemoteError>>,
        mark_before: Option<Mark>,
        last: Option<LastPage<'_>>,
        halves: &mut VecDeque<PushRequest>,
    ) -> Result<(Option<RemoteError>, ExchangeEffect), Halt> {
        let mut outcomes = Vec::new();
        let mut rejected = Vec::new();
        let mut failure = None;
        let mut pushed = pushed.into_iter();
        for request in sent {
            let outcome = pushed.next();
            match outcome.map(|outcome| outcome.and_then(|it| check_answer_count(it, &request))) {
                None => outcomes.extend(all_not_arrived(&request.items)),
                Some(Ok(answers)) => self.answered(&request, &answers, &mut outcomes),
                Some(Err(RemoteError::Rejected { code, message })) => {
                    rejected.push((request, code, message));
                }
                Some(Err(error)) => {
                    let alone = request.items.iter().all(BatchItem::isolated);
                    if let Some((code, message)) = failure_of(&error).filter(|_| alone) {
                        self.reject(&request, code, message, &mut outcomes);
                    } else {
                        outcomes.extend(unanswered(&request.items, &error));
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        let last = last.filter(|_| rejected.is_empty());
        let effect = self.store.apply_exchange(&outcomes, mark_before, last)?;
        self.handle_rejected(rejected, halves).await?;
        (self.answered)(self.report.pushed + self.report.rejected);
        Ok((failure, effect))
    }

    /// Halves rejected requests. One with a single entry rejects that entry, unless
    /// outdated permissions are the reason: then all entries are pending again.
    async fn handle_rejected(
        &mut self,
        rejected: Vec<(PushRequest, String, String)>,
        halves: &mut VecDeque<PushRequest>,
    ) -> Result<(), Halt> {
        for (_, code, _) in &rejected {
            let capabilities_changed = self.capabilities_changed(code).await;
            if !matches!(capabilities_changed, Ok(false)) {
                self.mark_not_sent(rejected.iter().flat_map(|(request, ..)| &request.items))?;
                capabilities_changed.map_err(Halt::Error)?;
                return Err(Halt::CapabilitiesChanged);
            }
        }
        let mut outcomes = Vec::new();
        for (request, code, message) in rejected {
            match request.halves() {
                Ok((first, second)) => halves.extend([first, second]),
                Err(single) => self.reject(&single, &code, &message, &mut outcomes),
            }
        }
        self.store.apply_outcome(&outcomes)?;
        Ok(())
    }

    /// Adds the outcomes of an answered request.
    fn answered(&mut self, request: &PushRequest, answers: &[PushAnswer], outcomes: &mut Outcomes) {
        for (item, answer) in request.items.iter().zip(answers) {
            let outcome = outcome(&request.batch, item, *answer);
            if matches!(outcome, PushOutcome::Applied { .. }) {
                self.report.pushed += 1 + item.covers.len();
                outcomes.extend(item.covers.iter().map(|seq| (*seq, APPLIED_UNSEEN)));
            } else {
                self.deferred.insert(item.seq);
            }
            outcomes.push((item.seq, outcome));
        }
    }

    /// Rejects the entries of a request, since the server rejected it for good.
    fn reject(
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

    /// Makes entries pending again whose request certainly did not arrive.
    fn mark_not_sent<'i>(
        &mut self,
        items: impl IntoIterator<Item = &'i BatchItem>,
    ) -> Result<(), Halt> {
        self.store.apply_outcome(&all_not_arrived(items))?;
        Ok(())
    }
}

/// Moves as many requests from `from` to `sending` as fit into one request.
fn fill(sending: &mut Vec<PushRequest>, from: &mut VecDeque<PushRequest>, max: usize) {
    let mut bytes: usize = sending.iter().map(|it| it.batch.text_bytes()).sum();
    while let Some(next) = from.front()
        && sending.len() < max
        && (sending.is_empty() || bytes + next.batch.text_bytes() <= MAX_BYTES)
    {
        bytes += next.batch.text_bytes();
        sending.extend(from.pop_front());
    }
}

fn blocked(waiting: &[(i64, WaitReason)]) -> Option<Blocked> {
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
