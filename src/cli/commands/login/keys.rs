//! The keys that work while a login waits on a terminal.

use std::sync::Mutex;
use std::time::Duration;

use crossterm::terminal;
use futures_util::StreamExt as _;

use crate::app::Msg;
use crate::app::keys::{Code, Key};
use crate::cli::commands::login::printer::LoginPrinter;
use crate::cli::error::CliError;
use crate::cli::shutdown::Shutdown;
use crate::runtime::input;

/// Keys come one by one while this lives.
pub(super) struct Raw(());

impl Raw {
    /// Asks the terminal for single keys.
    pub(super) fn enter() -> Result<Self, CliError> {
        terminal::enable_raw_mode().map_err(CliError::io("read keys"))?;
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// Carries out key presses and counts down; ends only when the user or the
/// system stops the login, or the terminal is gone. So the keys are given back
/// to the terminal then, too.
pub(super) async fn listen(printer: &Mutex<LoginPrinter>) -> CliError {
    let mut ending = match Shutdown::listen_at_a_terminal() {
        Ok(ending) => ending,
        Err(error) => return error,
    };
    let mut events = input::events();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        let event = tokio::select! {
            event = events.next() => match event {
                Some(event) => Some(event),
                None => return CliError::Interrupted,
            },
            _ = second.tick() => None,
            _ = ending.wait() => return CliError::Interrupted,
        };
        let Ok(mut printer) = printer.lock() else {
            return CliError::Interrupted;
        };
        match event {
            Some(Msg::Pressed(key)) => {
                if stops(key) {
                    return CliError::Interrupted;
                }
                if key.code == Code::Enter {
                    printer.open();
                } else if key.code == Code::Char('c') {
                    printer.copy();
                } else if key.code == Code::Char('q') {
                    printer.show_qr();
                }
            }
            Some(_) => {}
            None => printer.count_down(),
        }
    }
}

fn stops(key: Key) -> bool {
    key.code == Code::Esc || (key.ctrl && key.code == Code::Char('c'))
}
