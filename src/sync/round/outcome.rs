//! Translates answers, errors and lost answers to outcomes of sent entries; pure.

use crate::domain::push_outcome::PushOutcome;
use crate::sync::plan::{BatchItem, Marking, PushRequest};
use crate::sync::remote::{Batch, PushAnswer, RemoteError};

/// Outbox entries with their outcomes.
pub(super) type Outcomes = Vec<(i64, PushOutcome)>;

pub(super) fn marks<'i>(
    items: impl IntoIterator<Item = &'i BatchItem>,
) -> impl Iterator<Item = Marking> {
    let marks = |item: &'i BatchItem| item.marks.iter().copied();
    items.into_iter().flat_map(marks)
}

pub(super) fn all_not_arrived<'i>(items: impl IntoIterator<Item = &'i BatchItem>) -> Outcomes {
    marks(items)
        .map(|mark| (mark.seq, not_arrived(mark)))
        .collect()
}

/// Returns the outcome of an entry whose request certainly did not arrive.
pub(super) const fn not_arrived(mark: Marking) -> PushOutcome {
    if mark.maybe_sent {
        PushOutcome::Unknown
    } else {
        PushOutcome::NotApplied
    }
}

/// Returns the outcomes of items without an answer.
pub(super) fn unanswered(items: &[BatchItem], error: &RemoteError) -> Outcomes {
    if !error.may_have_arrived() {
        return all_not_arrived(items);
    }
    let outcome = match failure_of(error) {
        Some(_) => PushOutcome::Failed,
        None => PushOutcome::Unknown,
    };
    marks(items)
        .map(|mark| (mark.seq, outcome.clone()))
        .collect()
}

pub(super) const APPLIED_UNSEEN: PushOutcome = PushOutcome::Applied {
    id: None,
    revision: None,
};

pub(super) const fn applied(id: i64, revision: i64) -> PushOutcome {
    PushOutcome::Applied {
        id: Some(id),
        revision: Some(revision),
    }
}

/// Checks that there is one answer for each entry.
pub(super) fn check_answer_count(
    answers: Vec<PushAnswer>,
    request: &PushRequest,
) -> Result<Vec<PushAnswer>, RemoteError> {
    let (got, sent) = (answers.len(), request.items.len());
    if got == sent {
        return Ok(answers);
    }
    Err(RemoteError::InvalidResponse {
        host: "the server".to_owned(),
        message: format!("{got} answers to {sent} entries"),
    })
}

/// Returns the outcome that an answer means for the sent entry.
pub(super) fn outcome(batch: &Batch, item: &BatchItem, answer: PushAnswer) -> PushOutcome {
    match (batch, answer) {
        // The key exists or has a tombstone; the next pull shows which.
        (Batch::Add(_) | Batch::BareAdd(_), PushAnswer::NoRow)
        // Deleted, by this device or another.
        | (Batch::Remove(_) | Batch::AddAndRemove(..), _)
        | (Batch::BareRemove { .. }, PushAnswer::Row { .. }) => APPLIED_UNSEEN,
        (
            Batch::Add(_) | Batch::Edit(_) | Batch::BareAdd(_) | Batch::BareEdit { .. },
            PushAnswer::Row { id, revision },
        ) => applied(id, revision),
        (Batch::Edit(_) | Batch::BareEdit { .. } | Batch::BareRemove { .. }, PushAnswer::NoRow) => {
            if item.maybe_sent() {
                PushOutcome::Unknown
            } else {
                PushOutcome::NotApplied
            }
        }
    }
}

/// Returns code and message of an error caused by the request itself, rather than by
/// an overloaded or unreachable server.
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
