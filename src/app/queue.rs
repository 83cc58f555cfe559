//! The screen of changes that are not on the server yet.

use crate::domain::change::{Act, Progress};
use crate::domain::push_outcome::Queued;

/// The outbox as the screen shows it: rejected changes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueScreen {
    /// The changes.
    pub items: Vec<Queued>,
    /// Index of the selected one; 0 when there are none.
    pub selected: usize,
    /// Whether the store has answered.
    pub loaded: bool,
}

impl QueueScreen {
    /// Shows `items`; the selected change stays selected.
    pub fn fill(&mut self, items: Vec<Queued>) {
        let seq = self.selected().map(|queued| queued.entry.seq);
        self.items = sorted(items);
        self.loaded = true;
        let same = |queued: &Queued| Some(queued.entry.seq) == seq;
        self.selected = self
            .items
            .iter()
            .position(same)
            .unwrap_or(self.selected)
            .min(self.items.len().saturating_sub(1));
    }

    /// The selected change.
    #[must_use]
    pub fn selected(&self) -> Option<&Queued> {
        self.items.get(self.selected)
    }

    /// Moves the selection by so many rows.
    pub fn step(&mut self, rows: isize) {
        let last = self.items.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(rows).min(last);
    }
}

/// The changes that are not on the server, rejected ones first.
fn sorted(items: Vec<Queued>) -> Vec<Queued> {
    let mut items: Vec<Queued> = items
        .into_iter()
        .filter(|queued| queued.entry.progress != Progress::Answered)
        .collect();
    items.sort_by_key(|queued| !is_rejected(queued));
    items
}

/// Returns whether the server rejected it, or it lost a race.
#[must_use]
pub const fn is_rejected(queued: &Queued) -> bool {
    matches!(queued.entry.progress, Progress::Rejected(_))
}

/// The texts of a change: before it, after it, and on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts<'q> {
    /// What the user saw when making the change.
    pub was: Option<&'q str>,
    /// What the user wants; `None` for a deletion.
    pub mine: Option<&'q str>,
    /// What the server has, if that differs.
    pub theirs: Option<&'q str>,
}

/// The texts of a change.
#[must_use]
pub fn texts(queued: &Queued) -> Texts<'_> {
    let (was, mine) = match &queued.entry.change.act {
        Act::Add { text } => (None, Some(text.as_str())),
        Act::Edit { before, after } => (Some(before.as_str()), Some(after.as_str())),
        Act::Remove { before } => (Some(before.as_str()), None),
    };
    let theirs = match &queued.entry.progress {
        Progress::Rejected(rejection) => rejection
            .theirs
            .as_deref()
            .or_else(|| queued.base.as_ref().map(|row| row.text.as_str())),
        Progress::Pending | Progress::Sent { .. } | Progress::Answered => None,
    };
    Texts {
        was,
        mine,
        theirs: theirs.filter(|theirs| mine != Some(*theirs)),
    }
}

/// `add`, `edit` or `delete`.
#[must_use]
pub const fn verb(queued: &Queued) -> &'static str {
    match queued.entry.change.act {
        Act::Add { .. } => "add",
        Act::Edit { .. } => "edit",
        Act::Remove { .. } => "delete",
    }
}

/// Why it is not on the server, in a few words; empty while it is pending.
#[must_use]
pub fn reason(queued: &Queued) -> String {
    match &queued.entry.progress {
        Progress::Rejected(rejection) => match rejection.code.as_str() {
            "conflict" => "conflict: changed elsewhere".to_owned(),
            "removed-elsewhere" => "deleted elsewhere".to_owned(),
            _ => rejection.message.clone(),
        },
        Progress::Sent { tries: 0 | 1 } => "waiting for the answer".to_owned(),
        Progress::Sent { tries } => format!("sent {tries} times, not answered"),
        Progress::Pending | Progress::Answered => String::new(),
    }
}
