//! Takes the terminal over and restores it, also after a panic.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{queue, terminal};

use super::output::Output;
use crate::app::model::Size;
use crate::os::terminal_size::terminal_size;

/// Whether the terminal is taken over; read by the panic hook.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How long a terminal may take to read the last output.
const PATIENCE: Duration = Duration::from_millis(500);

/// Reports buttons and the wheel, but no moves, in the form without limits.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// Turns that off.
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The largest screen that is drawn, more than any display shows: a terminal may
/// claim any size.
const LARGEST: Size = Size {
    width: 1500,
    height: 500,
};

/// The terminal's modes and output.
#[derive(Debug, Clone)]
pub(super) struct Tty {
    output: Output,
    /// Whether clicks and the wheel are reported.
    mouse: bool,
    /// Whether another program has the terminal.
    lent: Arc<AtomicBool>,
    /// Whether the program is stopping its whole job, itself included.
    stopping: Arc<AtomicBool>,
}

/// Guard for the terminal. Restores it when dropped.
#[derive(Debug)]
pub(super) struct TerminalGuard(Tty);

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        self.0.restore();
    }
}

impl Tty {
    pub(super) fn new(output: Output, mouse: bool) -> Self {
        Self {
            output,
            mouse,
            lent: Arc::default(),
            stopping: Arc::default(),
        }
    }

    /// Takes the terminal over. From now on a panic restores it before its message
    /// is printed.
    pub(super) fn enter(&self) -> io::Result<TerminalGuard> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore_in_panic();
                before(panic);
            }));
        });
        let guard = TerminalGuard(self.clone());
        self.take_over()?;
        Ok(guard)
    }

    /// Applies raw mode, alternate screen and paste mode, also to a terminal that
    /// is taken over: another program may have changed them.
    pub(super) fn take_over(&self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        // Enabling it a second time does nothing.
        terminal::disable_raw_mode()?;
        terminal::enable_raw_mode()?;
        self.output.discard_frames(false);
        if self.mouse {
            self.output.control(MOUSE_ON.to_vec());
        }
        // A terminal without an alternate screen still shows what was there.
        self.output.control(bytes(|out| {
            queue!(
                out,
                EnterAlternateScreen,
                Clear(ClearType::All),
                EnableBracketedPaste
            )
        }));
        Ok(())
    }

    /// Restores the terminal, if it is taken over. If the terminal does not read,
    /// unread output is discarded so that its modes can be restored.
    pub(super) fn restore(&self) {
        if !TAKEN.swap(false, Ordering::SeqCst) {
            return;
        }
        self.output.control(bytes(leave));
        if !self.output.wait(PATIENCE) {
            self.output.discard_frames(true);
            discard_unread();
            self.output.wait(PATIENCE);
        }
        // Each step is tried even if the previous one failed.
        let _ = terminal::disable_raw_mode();
    }

    /// Restores the terminal while `work` runs, which gives it to another program.
    pub(super) fn lend<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        self.restore();
        self.lent.store(true, Ordering::SeqCst);
        let done = work();
        self.lent.store(false, Ordering::SeqCst);
        self.take_over()?;
        Ok(done)
    }

    /// Returns whether another program has the terminal, and so its keys.
    pub(super) fn is_lent(&self) -> bool {
        self.lent.load(Ordering::SeqCst)
    }

    /// Returns whether a stop signal comes from [`Tty::stop`].
    #[cfg(unix)]
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Notes that the program continues.
    #[cfg(unix)]
    pub(super) fn continued(&self) {
        self.stopping.store(false, Ordering::SeqCst);
    }

    /// Stops the whole job, as Ctrl-Z does elsewhere, if there is a shell to continue
    /// it. The terminal must have been restored.
    #[cfg(unix)]
    pub(super) fn stop(&self) -> io::Result<()> {
        if !has_shell()? {
            return Ok(());
        }
        self.stopping.store(true, Ordering::SeqCst);
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        stop_self()
    }

    /// Does nothing: this system has no job control.
    #[cfg(not(unix))]
    pub(super) fn stop(&self) -> io::Result<()> {
        Ok(())
    }

    /// Copies `text` to the terminal's clipboard (OSC 52). The terminal does not
    /// report whether it did.
    pub(super) fn copy(&self, text: &str) {
        let copied = bytes(|out| queue!(out, CopyToClipboard::to_clipboard_from(text)));
        self.output.control(copied);
    }
}

/// Stops this process alone, if there is a shell to continue it. Its handler of the
/// catchable stop signal replaces the system's, so it stops itself by the other one.
#[cfg(unix)]
pub(super) fn stop_self() -> io::Result<()> {
    use rustix::process::{Signal, getpid, kill_process};
    if has_shell()? {
        kill_process(getpid(), Signal::STOP)?;
    }
    Ok(())
}

/// Does nothing: this system has no job control.
#[cfg(not(unix))]
pub(super) fn stop_self() -> io::Result<()> {
    Ok(())
}

/// Returns whether a shell with job control started this process: the jobs of a session
/// are in other groups than its leader.
#[cfg(unix)]
fn has_shell() -> io::Result<bool> {
    Ok(rustix::process::getsid(None)? != rustix::process::getpgrp())
}

/// The size of the terminal, as far as it is drawn on.
///
/// # Errors
///
/// When standard output is not a terminal, or the terminal is gone.
pub(super) fn size() -> io::Result<Size> {
    let (width, height) = terminal_size()?;
    Ok(drawn(width, height))
}

/// The part of a terminal of this size that is drawn on.
pub(super) fn drawn(width: u16, height: u16) -> Size {
    Size {
        width: width.min(LARGEST.width),
        height: height.min(LARGEST.height),
    }
}

/// The bytes of a command; writing to memory does not fail.
fn bytes(command: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = command(&mut out);
    out
}

/// A frame that terminals with synchronized output show at once when all of it has
/// arrived; others ignore the two modes.
pub(super) fn synchronized(frame: &[u8]) -> Vec<u8> {
    bytes(|out| {
        queue!(out, BeginSynchronizedUpdate)?;
        out.extend_from_slice(frame);
        queue!(out, EndSynchronizedUpdate)
    })
}

fn leave(out: &mut Vec<u8>) -> io::Result<()> {
    // The frame before may have been discarded before its end.
    queue!(out, EndSynchronizedUpdate)?;
    out.extend_from_slice(MOUSE_OFF);
    queue!(out, DisableBracketedPaste, LeaveAlternateScreen, Show)
}

/// Restores the terminal from any thread, without the output's own.
fn restore_in_panic() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = out.write_all(&bytes(leave)).and_then(|()| out.flush());
    let _ = terminal::disable_raw_mode();
}

/// Resumes stopped output, and discards what the terminal has not read, so that
/// the sequences that restore it fit.
#[cfg(unix)]
fn discard_unread() {
    use rustix::termios::{Action, QueueSelector, tcflow, tcflush};
    let _ = tcflow(io::stdout(), Action::OOn);
    let _ = tcflush(io::stdout(), QueueSelector::OFlush);
}

/// Does nothing: this system has no such call.
#[cfg(not(unix))]
fn discard_unread() {}

/// Standard output, unbuffered.
///
/// # Errors
///
/// When the system provides no further handle.
pub(super) fn stdout() -> io::Result<impl Write + Send + 'static> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        Ok(std::fs::File::from(
            io::stdout().as_fd().try_clone_to_owned()?,
        ))
    }
    #[cfg(not(unix))]
    Ok(io::stdout())
}
