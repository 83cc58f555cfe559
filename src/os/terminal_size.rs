//! The size of the terminal.

use std::io;

/// The columns and rows of the terminal that standard output is. Starts no other
/// program where it is none.
///
/// # Errors
///
/// When standard output is not a terminal, or the terminal is gone.
#[cfg(unix)]
pub fn terminal_size() -> io::Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    Ok((size.ws_col, size.ws_row))
}

/// The columns and rows of the terminal.
///
/// # Errors
///
/// When there is no terminal.
#[cfg(not(unix))]
pub fn terminal_size() -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}
