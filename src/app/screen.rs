//! The screens, one of which is in front.

use tui_input::Input;

use crate::app::action::Layer;
use crate::app::editor::Editor;
use crate::app::login::Login;
use crate::app::model::Model;
use crate::app::picker::Picker;
use crate::app::queue::QueueScreen;
use crate::domain::key::Key;
use crate::domain::push_outcome::Queued;

/// The screen in front, which receives the keys.
#[derive(Debug, Clone)]
pub enum Screen {
    /// The list.
    List,
    /// The add or edit line, under the list.
    Editor(Editor),
    /// The sidebar; which of its entries has the focus.
    Sidebar(usize),
    /// The search line, under the header.
    Search(Search),
    /// The changes that are not on the server.
    Queue(QueueScreen),
    /// A question before something that cannot be undone.
    Confirm {
        /// The question.
        question: Question,
        /// The change it is about.
        queued: Box<Queued>,
        /// Whether it was asked from the queue.
        from_queue: bool,
    },
    /// The question how to add several pasted lines.
    Paste {
        /// The lines that are not blank.
        lines: Vec<String>,
        /// The line that was open when they were pasted.
        editor: Editor,
    },
    /// The palette or the help.
    Picker(Picker),
    /// The login.
    Login(Login),
}

/// A question before something that cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Whether to drop this device's change.
    Drop,
    /// Whether this device's text replaces the server's.
    KeepMine,
}

/// The search line.
#[derive(Debug, Clone)]
pub struct Search {
    /// What is typed.
    pub input: Input,
    /// Why a term is invalid; the list shows the results before it.
    pub error: Option<String>,
    /// The todo that was selected when the search began.
    pub came_from: Option<Key>,
}

impl Model {
    /// Which layer receives the keys.
    #[must_use]
    pub const fn layer(&self) -> Layer {
        match self.screen {
            Screen::List => Layer::List,
            Screen::Editor(_) => Layer::Editor,
            Screen::Search(_) => Layer::Search,
            Screen::Paste { .. } => Layer::Paste,
            Screen::Queue(_) => Layer::Queue,
            Screen::Sidebar(_) => Layer::Sidebar,
            Screen::Confirm { .. } => Layer::Confirm,
            Screen::Picker(_) => Layer::Picker,
            Screen::Login(_) => Layer::Login,
        }
    }

    /// Which entry of the sidebar has the focus, if it is there.
    #[must_use]
    pub fn sidebar_focus(&self) -> Option<usize> {
        if let Screen::Sidebar(at) = self.main_screen() {
            Some(*at)
        } else {
            None
        }
    }

    /// The screen in front, or the one behind the picker.
    #[must_use]
    pub fn main_screen(&self) -> &Screen {
        if let Screen::Picker(picker) = &self.screen {
            &picker.behind
        } else {
            &self.screen
        }
    }

    /// The same, to change it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the picker has a screen behind it"
    )]
    pub(crate) fn main_screen_mut(&mut self) -> &mut Screen {
        match &mut self.screen {
            Screen::Picker(picker) => &mut picker.behind,
            screen => screen,
        }
    }

    /// Returns to the list, or opens a line whose write failed.
    pub(crate) fn leave(&mut self) {
        self.screen = self.returned.pop().map_or(Screen::List, Screen::Editor);
    }
}
