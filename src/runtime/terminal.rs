//! Taking the terminal and giving it back, whatever happens.

use std::io::{self, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{execute, terminal};

/// Whether the terminal is ours; a panic anywhere must know.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal is ours while this lives: raw mode, alternate screen,
/// bracketed paste.
#[derive(Debug)]
pub(super) struct Guard {
    _private: (),
}

impl Guard {
    /// Takes the terminal. From now on a panic gives it back before it speaks.
    pub(super) fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave();
                before(panic);
            }));
        });
        let guard = Self { _private: () };
        enter()?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Takes the terminal, also when it is ours already: someone else may have
/// changed it meanwhile.
pub(super) fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    // A terminal without an alternate screen still shows what was there.
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste
    )
}

/// Gives the terminal back, if it is ours. Each step is tried whatever became
/// of the one before: there is nobody left to tell.
pub(super) fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = terminal::disable_raw_mode();
    let _ = out.flush();
}

/// Hands `text` to the terminal's clipboard (OSC 52). Whether the terminal
/// takes it is never known.
pub(super) fn copy(text: &str) -> io::Result<()> {
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
}

/// Stops the program as Ctrl-Z does elsewhere: the whole job, and only where
/// there is a shell to continue it.
#[cfg(unix)]
pub(super) fn stop() -> io::Result<()> {
    rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
    Ok(())
}

/// There is nothing like it here.
#[cfg(not(unix))]
pub(super) fn stop() -> io::Result<()> {
    Ok(())
}
