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

fn is_cancel(key: KeyPress) -> bool {
    key.code == Code::Esc || (key.ctrl && key.code == Code::Char('c'))
}
