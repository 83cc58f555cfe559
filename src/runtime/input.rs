//! Converts the terminal's events to messages.

use std::future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use futures_util::stream;
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::terminal;
use crate::app::Msg;
use crate::app::keys::{Code, KeyPress};
use crate::app::model::Size;
use crate::os::runtime;

/// The most messages that wait for the event loop.
const QUEUED_MESSAGES: usize = 64;

/// How long to wait until the thread listens or ends, which it never does at a terminal
/// that is gone.
const LISTEN_LIMIT: Duration = Duration::from_millis(100);

/// Stream of messages from the terminal. Once it is dropped, the next line is for
/// whoever reads the terminal then.
pub(crate) struct Events {
    messages: mpsc::Receiver<Msg>,
    /// Disconnected when the thread has ended.
    listening: Receiver<()>,
}

impl Stream for Events {
    type Item = Msg;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Msg>> {
        self.messages.poll_recv(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.messages.close();
        while self.listening.recv_timeout(LISTEN_LIMIT).is_ok() {}
    }
}

/// Returns the messages from the terminal. They are read on a thread of their own:
/// from a terminal that is gone crossterm never returns.
pub(crate) fn events() -> Events {
    let (sender, messages) = mpsc::channel(QUEUED_MESSAGES);
    let (listens, listening) = sync_channel(1);
    thread::spawn(move || {
        if let Ok(runtime) = runtime::current_thread() {
            runtime.block_on(forward(&sender, &listens));
        }
    });
    let _ = listening.recv_timeout(LISTEN_LIMIT);
    Events {
        messages,
        listening,
    }
}

/// Forwards the terminal's events while they are received.
async fn forward(sender: &mpsc::Sender<Msg>, listens: &SyncSender<()>) {
    let mut events = EventStream::new();
    // A wake-up that an earlier stream left would hide a key that is pressed after this.
    let early = future::poll_fn(|cx| Poll::Ready(events.poll_next_unpin(cx))).await;
    let _ = listens.send(());
    let mut events = stream::iter(match early {
        Poll::Ready(event) => event,
        Poll::Pending => None,
    })
    .chain(events);
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = sender.closed() => None,
        };
        let Some(Ok(event)) = event else { return };
        if let Some(msg) = msg(event)
            && sender.send(msg).await.is_err()
        {
            return;
        }
    }
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

/// Returns the key that was pressed; `None` for a release, which some terminals
/// also send.
fn key(event: KeyEvent) -> Option<KeyPress> {
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
    Some(KeyPress {
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
