//! Short messages over the list.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::app::model::Model;

/// How long a message other than an alert is shown.
const SHOWN: SignedDuration = SignedDuration::from_secs(4);

/// A message over the last row of the list or of the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What happened: `done`, or the whole message.
    pub what: String,
    /// What it happened to; empty for a message without a subject.
    pub subject: String,
    /// How many more changes it stands for.
    pub more: usize,
    /// When the todo that follows a completed repeating one is due.
    pub next: Option<Date>,
    /// What kind of message.
    pub kind: ToastKind,
    /// When it disappears; an alert stays until a key is pressed.
    pub until: Option<Timestamp>,
}

/// What kind of message a toast is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToastKind {
    /// A notice.
    Info,
    /// Something was changed and can be undone.
    Change,
    /// Something is not possible, or failed.
    Alert,
}

impl Toast {
    /// A message that disappears by itself.
    #[must_use]
    pub fn info(text: String, now: Timestamp) -> Self {
        Self {
            what: text,
            subject: String::new(),
            more: 0,
            next: None,
            kind: ToastKind::Info,
            until: now.checked_add(SHOWN).ok(),
        }
    }

    /// A message that stays until a key is pressed.
    #[must_use]
    pub const fn alert(text: String) -> Self {
        Self {
            what: text,
            subject: String::new(),
            more: 0,
            next: None,
            kind: ToastKind::Alert,
            until: None,
        }
    }

    /// A change that can be undone.
    #[must_use]
    pub fn change(what: &str, subject: &str, now: Timestamp) -> Self {
        Self {
            subject: subject.to_owned(),
            kind: ToastKind::Change,
            ..Self::info(what.to_owned(), now)
        }
    }

    /// The same toast, counting those it replaces while they are still shown.
    #[must_use]
    pub fn after(mut self, shown: &Self, now: Timestamp) -> Self {
        let same = shown.kind == ToastKind::Change && shown.what == self.what;
        if same && shown.is_shown(now) && !self.subject.is_empty() {
            self.more = shown.more + 1;
        }
        self
    }

    /// Returns whether it is still shown.
    #[must_use]
    pub fn is_shown(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl Model {
    /// Shows a message for a few seconds.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast::info(text.into(), self.now));
    }

    /// Shows a message until a key is pressed.
    pub(crate) fn alert(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast::alert(text.into()));
    }

    /// Removes an alert that the user has seen.
    pub(crate) fn dismiss_alert(&mut self) {
        self.toast.take_if(|toast| toast.until.is_none());
    }

    /// Shows what was done to `subject`, and that it can be undone.
    pub(crate) fn report(&mut self, what: &str, subject: &str) {
        let toast = Toast::change(what, subject, self.now);
        self.toast = Some(match &self.toast {
            Some(shown) => toast.after(shown, self.now),
            None => toast,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn a_message_disappears_after_4_seconds_and_an_alert_stays() {
        let info = Toast::info("in sync".to_owned(), at(0));
        assert!(info.is_shown(at(3)) && !info.is_shown(at(4)));
        assert!(Toast::alert("disk full".to_owned()).is_shown(at(4000)));
    }

    #[test]
    fn changes_of_one_kind_that_follow_each_other_are_counted() {
        let first = Toast::change("done", "milk", at(0));
        let second = Toast::change("done", "bread", at(2)).after(&first, at(2));
        assert_eq!((second.more, second.subject.as_str()), (1, "bread"));
        let late = Toast::change("done", "eggs", at(9)).after(&second, at(9));
        assert_eq!(late.more, 0);
        let other = Toast::change("deleted", "eggs", at(3)).after(&second, at(3));
        assert_eq!(other.more, 0);
    }
}
