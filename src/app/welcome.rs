//! The welcome screen, shown while nothing is configured.

use crate::app::action::{Action, Layer};
use crate::app::keymap::{KeyMatch, Keymap};
use crate::app::keys::KeyPress;

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WelcomeChoice {
    /// Try the demo.
    Demo,
    /// Set up a backend of their own.
    SetUp,
    /// Leave.
    Quit,
}

/// The state of the welcome screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Path of the missing configuration file.
    pub file: String,
    /// Whether this build has the demo.
    pub has_demo: bool,
    /// Whether the page "how it works" is shown.
    pub explains: bool,
    /// The keys.
    pub keymap: Keymap,
}

impl Welcome {
    /// The screen for a configuration file that would be at `file`.
    #[must_use]
    pub fn new(file: impl Into<String>, has_demo: bool) -> Self {
        Self {
            file: file.into(),
            has_demo,
            explains: false,
            keymap: Keymap::default(),
        }
    }

    /// The actions of the page shown, in order.
    #[must_use]
    pub fn actions(&self) -> Vec<Action> {
        if self.explains {
            return vec![Action::Cancel, Action::SetUp, Action::Quit];
        }
        let demo = self.has_demo.then_some(Action::TryDemo);
        let rest = [Action::SetUp, Action::HowItWorks, Action::Quit];
        demo.into_iter().chain(rest).collect()
    }

    /// Handles a key; returns the choice, if it makes one.
    pub fn press(&mut self, key: KeyPress) -> Option<WelcomeChoice> {
        let KeyMatch::Action(action) = self.keymap.meaning(Layer::Welcome, &[key]) else {
            return None;
        };
        let chosen = |choice, action| (self.actions().contains(&action)).then_some(choice);
        if action == Action::TryDemo {
            return chosen(WelcomeChoice::Demo, action);
        } else if action == Action::SetUp {
            return chosen(WelcomeChoice::SetUp, action);
        } else if action == Action::Quit {
            return Some(WelcomeChoice::Quit);
        } else if action == Action::HowItWorks {
            self.explains = true;
        } else if action == Action::Cancel {
            self.explains = false;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys::Code;

    fn press(welcome: &mut Welcome, c: char) -> Option<WelcomeChoice> {
        welcome.press(KeyPress {
            code: Code::Char(c),
            ctrl: false,
            alt: false,
        })
    }

    #[test]
    fn each_key_on_the_screen_is_a_choice() {
        let mut welcome = Welcome::new("config.toml", true);
        assert_eq!(press(&mut welcome, 'd'), Some(WelcomeChoice::Demo));
        assert_eq!(press(&mut welcome, 'c'), Some(WelcomeChoice::SetUp));
        assert_eq!(press(&mut welcome, 'q'), Some(WelcomeChoice::Quit));
        assert_eq!(press(&mut welcome, 'x'), None);
        assert_eq!(press(&mut welcome, 'h'), None);
        assert!(welcome.explains);
    }

    #[test]
    fn a_build_without_the_sandbox_offers_no_demo() {
        let mut welcome = Welcome::new("config.toml", false);
        assert_eq!(press(&mut welcome, 'd'), None);
        assert!(!welcome.actions().contains(&Action::TryDemo));
    }
}
