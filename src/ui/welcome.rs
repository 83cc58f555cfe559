//! The welcome screen.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, fill};
use super::text::wrapped;
use super::theme::Theme;
use super::{inset, line_of};
use crate::app::action::{Action, Layer};
use crate::app::welcome::Welcome;

const GREETING: &str = "A todo list for the terminal. Your todos are kept in your own \
                        Hasura; Auth0 logs you in. It starts at once and works offline.";

/// How it works, in one page.
const EXPLANATION: [&str; 5] = [
    "Everything you see comes from a file on this machine, so tudone starts at once and never \
     waits for the network. What you change is saved there first.",
    "Changes are sent to Hasura, a GraphQL server over PostgreSQL, in the background, and what \
     other devices changed is fetched. Offline they wait in a queue (`Q` shows it).",
    "Auth0 logs you in: tudone shows a code, you confirm it in a browser on any device. The login \
     is kept in your keyring. Hasura checks it with each request and shows you your own rows only.",
    "The setup makes what both services need, step by step: tables and permissions in Hasura; an \
     API, an application and an Action in Auth0. It shows each plan and asks before it changes \
     anything.",
    "Free plans are enough. `tudone doctor` shows what is wrong at any time.",
];

/// Draws one frame.
pub fn draw_welcome(welcome: &Welcome, theme: &Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    welcome_screen(welcome, theme, area, frame.buffer_mut());
}

/// Draws the welcome screen into `area`.
pub fn welcome_screen(welcome: &Welcome, theme: &Theme, area: Rect, buf: &mut Buffer) {
    fill(area, theme.text, buf);
    let body = inset(area);
    let mut lines: Vec<(String, Style)> = vec![("tudone".to_owned(), theme.accent)];
    let mut paragraph = |text: &str, style: Style| {
        lines.push((String::new(), theme.text));
        let wrapped = wrapped(text, usize::from(body.width.min(84)));
        lines.extend(wrapped.into_iter().map(|line| (line, style)));
    };
    if welcome.explains {
        for text in EXPLANATION {
            paragraph(text, theme.text);
        }
    } else {
        paragraph(GREETING, theme.text);
        let found = format!("Nothing is configured yet: no file {}", welcome.file);
        paragraph(&found, theme.muted);
    }
    let actions = welcome.actions();
    let count = u16::try_from(actions.len()).unwrap_or(0);
    // The keys are always on the screen: a short terminal cuts the text above them.
    let room = usize::from(body.height.saturating_sub(count));
    let shown = lines.len().min(room);
    for (n, (text, style)) in (0..).zip(lines.iter().take(shown)) {
        Pen::new(line_of(body, n), theme, buf).write(text, *style);
    }
    let gap = u16::from(shown < room);
    let first = u16::try_from(shown).unwrap_or(u16::MAX).saturating_add(gap);
    for (n, action) in (first..).zip(actions) {
        let mut pen = Pen::new(line_of(body, n), theme, buf);
        let key = welcome
            .keymap
            .hint(Layer::Welcome, action)
            .unwrap_or_default();
        pen.write(&format!("{key:<4}"), theme.key);
        let (word, detail) = words(action);
        pen.write(&format!("{word:<18}"), theme.text);
        pen.write(detail, theme.muted);
    }
}

/// The label of an action of this screen, and a note.
fn words(action: Action) -> (&'static str, &'static str) {
    if action == Action::TryDemo {
        ("try the demo", "on this machine, no account needed")
    } else if action == Action::SetUp {
        ("set up your own", "Auth0 and Hasura, step by step")
    } else if action == Action::HowItWorks {
        ("how it works", "in one page")
    } else if action == Action::Cancel {
        ("back", "")
    } else {
        ("quit", "")
    }
}
