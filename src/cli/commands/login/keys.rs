//! The keys of an interactive login.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::StreamExt as _;

use crate::app::Msg;
use crate::app::keys::{Code, KeyPress};
use crate::cli::commands::login::printer::LoginPrinter;
use crate::cli::error::CliError;
use crate::cli::shutdown::Shutdown;
use crate::runtime::input;

/// Handles key presses and the countdown. Returns when the user or a signal stops
/// the login, or the terminal is gone, so that raw mode ends in each case.
pub(super) async fn listen(printer: &Mutex<LoginPrinter>, mut shutdown: Shutdown) -> CliError {
    let mut events = input::events();
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        let event = tokio::select! {
            event = events.next() => match event {
                Some(event) => Some(event),
                None => return CliError::Interrupted,
            },
            _ = second.tick() => None,
            _ = shutdown.wait() => return CliError::Interrupted,
        };
        let Ok(mut printer) = printer.lock() else {
            return CliError::Interrupted;
        };
        match event {
            Some(Msg::Pressed(key)) => {
                if is_cancel(key) {
                    return CliError::Interrupted;
                }
                press(&mut printer, key.code);
            }
            Some(_) => {}
            None => printer.count_down(),
        }
    }
}

/// Handles one of the keys of the TUI's login screen.
fn press(printer: &mut LoginPrinter, key: Code) {
    if key == Code::Enter {
        printer.open();
    } else if key == Code::Char('c') {
        printer.copy_code();
    } else if key == Code::Char('l') {
        printer.copy_link();
    } else if key == Code::Char('g') {
        printer.show_qr();
    }
}

fn is_cancel(key: KeyPress) -> bool {
    matches!(key.code, Code::Esc | Code::Char('q')) || (key.ctrl && key.code == Code::Char('c'))
}
