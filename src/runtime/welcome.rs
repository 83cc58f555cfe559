//! Runs the welcome screen, before there is a profile.

use futures_util::StreamExt as _;
use ratatui::Terminal;

use super::backend::ScreenBackend;
use super::event_loop::Signal;
use super::output::Output;
use super::shutdown::Saved;
use super::terminal::{self, Tty};
use super::{RuntimeError, input};
use crate::app::Msg;
use crate::app::welcome::{Welcome, WelcomeChoice};
use crate::os::runtime;
use crate::ui::{Theme, draw_welcome};

/// Shows the welcome screen until the user chooses, then restores the terminal.
///
/// # Errors
///
/// When the terminal cannot be used, or a signal ends the program.
pub fn run_welcome(mut welcome: Welcome, theme: &Theme) -> Result<WelcomeChoice, RuntimeError> {
    let runtime = runtime::current_thread().map_err(RuntimeError::Start)?;
    let output = Output::start(terminal::stdout().map_err(RuntimeError::Start)?);
    let tty = Tty::new(output.clone(), false);
    let size = terminal::size().map_err(RuntimeError::Terminal)?;
    let _guard = tty.enter().map_err(RuntimeError::Terminal)?;
    let backend = ScreenBackend::new(output, size.into());
    let mut screen = Terminal::new(backend).map_err(RuntimeError::Terminal)?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(RuntimeError::Start)?;
        let mut events = input::events();
        loop {
            screen
                .draw(|frame| draw_welcome(&welcome, theme, frame))
                .map_err(RuntimeError::Terminal)?;
            let event = tokio::select! {
                event = events.next() => event,
                signal = signals.next() => {
                    match signal {
                        Signal::Quit => return Err(RuntimeError::Ended(Saved::Changes)),
                        Signal::Stop => {
                            tty.restore();
                            terminal::stop_self().map_err(RuntimeError::Terminal)?;
                        }
                        Signal::Continued => {}
                    }
                    tty.take_over().map_err(RuntimeError::Terminal)?;
                    screen.clear().map_err(RuntimeError::Terminal)?;
                    continue;
                }
            };
            match event {
                Some(Msg::Pressed(key)) => {
                    if let Some(choice) = welcome.press(key) {
                        return Ok(choice);
                    }
                }
                Some(_) => {}
                None => return Err(RuntimeError::Ended(Saved::Changes)),
            }
        }
    })
}

/// Signals while the welcome screen is shown. Those of the TUI end the process after
/// a deadline, and what the user chooses here may take longer.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    stop: tokio::signal::unix::Signal,
    resume: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use rustix::process::Signal as Number;
        use tokio::signal::unix::{SignalKind, signal};
        let stream = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: stream(Number::TSTP)?,
            resume: stream(Number::CONT)?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Quit,
            _ = self.hang_up.recv() => Signal::Quit,
            _ = self.interrupt.recv() => Signal::Quit,
            _ = self.stop.recv() => Signal::Stop,
            _ = self.resume.recv() => Signal::Continued,
        }
    }
}

/// Ctrl-C from outside the terminal.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail here")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Quit
    }
}
