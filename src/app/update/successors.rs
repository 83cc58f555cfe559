//! The todos that follow completed repeating ones.

use crate::app::effect::CommitId;
use crate::app::model::Model;
use crate::domain::line::Line;
use crate::domain::successors::SuccessorReport;

/// A commit is on the disk: adds the date of the next todo to its message while
/// that is still shown.
pub(super) fn committed(model: &mut Model, id: CommitId, successors: &SuccessorReport) {
    if let ([next], true) = (successors.added.as_slice(), model.is_last_commit(id)) {
        let line = Line::new(&next.text);
        if let (Some(toast), Some(date)) = (&mut model.toast, line.due().or(line.start())) {
            toast.next = Some(date);
        }
    }
    report(model, successors);
}

/// Alerts of successors that are not as a user expects.
pub(super) fn report(model: &mut Model, successors: &SuccessorReport) {
    if successors.not_allowed {
        model.alert("no next todo: your role may not add todos here");
    }
    let Some(kept) = successors.kept.first() else {
        return;
    };
    let why = match model.capabilities {
        Some(may) if !may.delete => "your role may not delete todos here",
        _ => "it was changed since",
    };
    model.alert(format!("the next todo stays, {why}: {}", kept.text));
}
