//! What answers, refusals and silence mean for the entries that were sent: pure.

use crate::domain::push_outcome::PushOutcome;
use crate::sync::plan::{BatchItem, Marking, PushRequest};
use crate::sync::remote::{Answer, Batch, RemoteError};

/// Outbox entries and what came of them.
pub(super) type Outcomes = Vec<(i64, PushOutcome)>;

pub(super) fn marks<'i>(
    items: impl IntoIterator<Item = &'i BatchItem>,
) -> impl Iterator<Item = Marking> {
    let marks = |item: &'i BatchItem| item.marks.iter().copied();
    items.into_iter().flat_map(marks)
}

pub(super) fn returned<'i>(items: impl IntoIterator<Item = &'i BatchItem>) -> Outcomes {
    marks(items)
        .map(|mark| (mark.seq, not_arrived(mark)))
        .collect()
}

/// What becomes of a mark when its request certainly did not arrive.
pub(super) const fn not_arrived(mark: Marking) -> PushOutcome {
    if mark.unsure {
        PushOutcome::Unknown
    } else {
        PushOutcome::NotApplied
    }
}

/// What becomes of items that got no answer.
pub(super) fn unanswered(items: &[BatchItem], error: &RemoteError) -> Outcomes {
    if !error.may_have_arrived() {
        return returned(items);
    }
    let outcome = match failure_of(error) {
        Some(_) => PushOutcome::Failed,
        None => PushOutcome::Unknown,
    };
    marks(items)
        .map(|mark| (mark.seq, outcome.clone()))
        .collect()
}

pub(super) const NOTHING_SAID: PushOutcome = PushOutcome::Applied {
    id: None,
    revision: None,
};

pub(super) const fn applied(id: i64, revision: i64) -> PushOutcome {
    PushOutcome::Applied {
        id: Some(id),
        revision: Some(revision),
    }
}

/// One answer an entry, or it is none.
pub(super) fn counted(
    answers: Vec<Answer>,
    request: &PushRequest,
) -> Result<Vec<Answer>, RemoteError> {
    let (got, sent) = (answers.len(), request.items.len());
    if got == sent {
        return Ok(answers);
    }
    Err(RemoteError::InvalidResponse {
        host: "the server".to_owned(),
        message: format!("{got} answers to {sent} entries"),
    })
}

/// What an answer means for the entry that was sent.
pub(super) fn outcome(batch: &Batch, item: &BatchItem, answer: Answer) -> PushOutcome {
    match (batch, answer) {
        // The key was there already, or has a tombstone: the pull tells which.
        (Batch::Add(_) | Batch::BareAdd(_), Answer::NoRow)
        // Gone, by whoever.
        | (Batch::Remove(_) | Batch::AddAndRemove(..), _)
        | (Batch::BareRemove { .. }, Answer::Row { .. }) => NOTHING_SAID,
        (
            Batch::Add(_) | Batch::Edit(_) | Batch::BareAdd(_) | Batch::BareEdit { .. },
            Answer::Row { id, revision },
        ) => applied(id, revision),
        (Batch::Edit(_) | Batch::BareEdit { .. } | Batch::BareRemove { .. }, Answer::NoRow) => {
            if item.unsure() {
                PushOutcome::Unknown
            } else {
                PushOutcome::NotApplied
            }
        }
    }
}

/// Code and message, where the server failed at what it was asked, rather than
/// being under load or out of reach.
pub(super) fn failure_of(error: &RemoteError) -> Option<(&str, &str)> {
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
