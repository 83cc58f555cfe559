//! The tour of the demo: ten keys, each pressed before the next is shown.

use crate::app::action::{Action, Day, Layer};

/// How far the user is in the tour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tour {
    done: usize,
}

/// A key of the tour.
#[derive(Debug, Clone, Copy)]
pub struct TourStep {
    /// The action of the key.
    pub action: Action,
    /// What it does, in one sentence.
    pub text: &'static str,
    /// The key that ends what it began, between two pieces of text.
    pub then: Option<(&'static str, Layer, Action, &'static str)>,
}

const fn step(action: Action, text: &'static str) -> TourStep {
    TourStep {
        action,
        text,
        then: None,
    }
}

const fn step_back(action: Action, text: &'static str, layer: Layer) -> TourStep {
    TourStep {
        action,
        text,
        then: Some(("; ", layer, Action::Cancel, " goes back")),
    }
}

const STEPS: [TourStep; 10] = [
    step(Action::Down, "selects the next todo"),
    step(Action::ToggleDone, "completes it"),
    step(Action::Undo, "undoes that, as it undoes every change"),
    TourStep {
        action: Action::Add,
        text: "adds a todo: type `call mum due:fri`",
        then: Some((", then ", Layer::Editor, Action::Submit, "")),
    },
    step(Action::SetDue(Day::Tomorrow), "makes a todo due tomorrow"),
    step(
        Action::Details,
        "shows everything about a todo, and hides it again",
    ),
    step_back(Action::Search, "searches as you type", Layer::Search),
    step(Action::NextView, "shows the next view"),
    step_back(Action::Queue, "shows conflicts to solve", Layer::Queue),
    step(Action::Help, "shows all keys; type to filter them"),
];

impl Tour {
    /// How many keys there are.
    pub const LENGTH: usize = STEPS.len();

    /// The number of the key that is shown, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self.done + 1
    }

    /// The key that is shown.
    #[must_use]
    pub fn step(self) -> Option<&'static TourStep> {
        STEPS.get(self.done)
    }

    /// The tour after `action`; `None` at its end.
    #[must_use]
    pub(crate) fn after(self, action: Action) -> Option<Self> {
        let step = self.step()?;
        let done = match (step.action, action) {
            // Any day will do.
            (Action::SetDue(_), Action::SetDue(_)) => self.done + 1,
            (wanted, action) if wanted == action => self.done + 1,
            _ => self.done,
        };
        (done < STEPS.len()).then_some(Self { done })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_leads_to_the_next_and_the_last_ends_the_tour() {
        let mut tour = Some(Tour::default());
        for (number, step) in STEPS.iter().enumerate() {
            let now = tour.unwrap_or_default();
            assert_eq!(now.number(), number + 1);
            assert_eq!(now.after(Action::Redraw), Some(now), "another key");
            tour = now.after(step.action);
        }
        assert_eq!(tour, None);
    }
}
