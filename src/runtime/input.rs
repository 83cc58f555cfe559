//! Converts the terminal's events to messages.

use std::future::ready;
use std::pin::Pin;

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use futures_util::{Stream, StreamExt};

use super::terminal;
use crate::app::Msg;
use crate::app::keys::{Code, Key};
use crate::app::model::Size;

/// Stream of messages from the terminal.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Msg>>>;

/// Returns the messages from the terminal, until it is gone.
pub(crate) fn events() -> Events {
    Box::pin(
        EventStream::new()
            .take_while(|event| ready(event.is_ok()))
            .filter_map(|event| ready(event.ok().and_then(msg))),
    )
}

fn msg(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => key(event).map(Msg::Pressed),
        Event::Paste(text) => Some(Msg::Pasted(text)),
        Event::Resize(width, height) => {
            let Size { width, height } = terminal::drawn(width, height);
            Some(Msg::Resized { width, height })
        }
        Event::Mouse(event) => mouse(event),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Returns the key that was pressed; `None` for a release, which some terminals
/// also send.
fn mouse(event: MouseEvent) -> Option<Msg> {
    let (x, y) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Msg::Clicked { x, y }),
        MouseEventKind::ScrollDown => Some(Msg::Wheeled { x, y, down: true }),
        MouseEventKind::ScrollUp => Some(Msg::Wheeled { x, y, down: false }),
        MouseEventKind::Down(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        KeyCode::Null
        | KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::KeypadBegin
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let code = if let (Code::Char(c), true) = (code, ctrl) {
        Code::Char(c.to_ascii_lowercase())
    } else {
        code
    };
    Some(Key {
        code,
        ctrl,
        alt: event.modifiers.contains(KeyModifiers::ALT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_name(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        key(KeyEvent::new(code, modifiers)).map(|key| key.to_string())
    }

    #[test]
    fn terminal_keys_become_keys_of_the_action_table() {
        let none = KeyModifiers::NONE;
        let name = |code, modifiers| key_name(code, modifiers).unwrap_or_default();
        assert_eq!(name(KeyCode::Char('G'), KeyModifiers::SHIFT), "G");
        assert_eq!(name(KeyCode::Char('D'), KeyModifiers::CONTROL), "ctrl-d");
        assert_eq!(name(KeyCode::Char(' '), none), "space");
        assert_eq!(name(KeyCode::BackTab, KeyModifiers::SHIFT), "shift-tab");
        assert_eq!(key_name(KeyCode::CapsLock, none), None);
    }

    #[test]
    fn a_released_key_is_ignored() {
        let mut event = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
        event.kind = KeyEventKind::Release;
        assert_eq!(key(event), None);
    }
}
