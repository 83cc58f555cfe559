//! Prompts on a terminal.

use std::io::{self, BufRead as _, Read as _, Write as _};

use crossterm::terminal;
use secrecy::SecretString;

use crate::cli::error::CliError;
use crate::cli::network;
use crate::cli::shutdown::Shutdown;

/// Guard for the raw mode of the terminal.
pub(crate) struct RawMode(());

impl RawMode {
    /// Enables raw mode.
    ///
    /// # Errors
    ///
    /// The terminal's.
    pub(crate) fn enter() -> Result<Self, CliError> {
        terminal::enable_raw_mode().map_err(CliError::io("read keys"))?;
        Ok(Self(()))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
    }
}

/// Asks for a line; `None` at the end of the input.
///
/// # Errors
///
/// [`CliError::Interrupted`] on Ctrl-C; the terminal's.
pub(crate) fn line(prompt: &str) -> Result<Option<String>, CliError> {
    let read = unless_ended(prompt, || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then_some(line))
    });
    if read.is_err() {
        // The error starts on a new line.
        show("\n")?;
    }
    read
}

/// Asks for a line without showing it. Reads single keys: the line editing of a terminal keeps
/// 4,095 bytes at most, and a token for Auth0's Management API may be longer.
///
/// # Errors
///
/// [`CliError::Interrupted`] on Ctrl-C, [`CliError::Cancelled`] on Ctrl-D; the terminal's.
pub(crate) fn hidden(prompt: &str) -> Result<SecretString, CliError> {
    let ended = {
        // Before the prompt: early keys must not be shown either.
        let _raw = RawMode::enter()?;
        unless_ended(prompt, || {
            let mut line = HiddenLine::default();
            for byte in io::stdin().lock().bytes() {
                match line.press(byte?) {
                    LineEdit::Continue => {}
                    LineEdit::Submit => return Ok(Ok(line.text)),
                    LineEdit::Cancel => return Ok(Err(CliError::Cancelled)),
                    LineEdit::Interrupt => return Ok(Err(CliError::Interrupted)),
                }
            }
            Ok(Err(CliError::Cancelled))
        })
    };
    show("\n")?;
    match String::from_utf8(ended??) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(_) => Err(CliError::usage(
            "the input is not valid UTF-8",
            "Type it again.",
        )),
    }
}

/// Shows `prompt` and reads on a thread, until a signal: after a command has used the network,
/// Ctrl-C alone no longer ends it.
fn unless_ended<T: Send + 'static>(
    prompt: &str,
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, CliError> {
    network::block_on(async {
        let mut shutdown = Shutdown::listen_at_a_terminal()?;
        show(prompt)?;
        tokio::select! {
            read = tokio::task::spawn_blocking(read) => {
                let read = read.map_err(io::Error::other).flatten();
                read.map_err(CliError::io("read the answer"))
            }
            _ = shutdown.wait() => Err(CliError::Interrupted),
        }
    })?
}

/// A line that is typed and not shown.
#[derive(Default)]
struct HiddenLine {
    text: Vec<u8>,
    escape: Escape,
}

/// Position of the last byte in an escape sequence, such as that of an arrow key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Escape {
    #[default]
    Outside,
    Begun,
    Inside,
}

/// The effect of a key on a hidden line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEdit {
    Continue,
    Submit,
    Cancel,
    Interrupt,
}

impl HiddenLine {
    fn press(&mut self, byte: u8) -> LineEdit {
        const ETX: u8 = 3;
        const EOT: u8 = 4;
        const CTRL_U: u8 = 21;
        const ESC: u8 = 27;
        match (self.escape, byte) {
            (_, ETX) => return LineEdit::Interrupt,
            (_, b'\r' | b'\n') => return LineEdit::Submit,
            (_, ESC) => self.escape = Escape::Begun,
            (Escape::Begun, b'[' | b'O') => self.escape = Escape::Inside,
            (Escape::Begun, _) | (Escape::Inside, 0x40..=0x7e) => self.escape = Escape::Outside,
            (Escape::Outside, EOT) if self.text.is_empty() => return LineEdit::Cancel,
            (Escape::Outside, CTRL_U) => self.text.clear(),
            (Escape::Outside, 8 | 0x7f) => self.delete_back(),
            (Escape::Outside, byte) if byte >= b' ' => self.text.push(byte),
            (Escape::Inside | Escape::Outside, _) => {}
        }
        LineEdit::Continue
    }

    /// Deletes the last character, all bytes of it.
    fn delete_back(&mut self) {
        while let Some(byte) = self.text.pop() {
            if byte & 0xc0 != 0x80 {
                return;
            }
        }
    }
}

fn show(text: &str) -> Result<(), CliError> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{text}")
        .and_then(|()| stderr.flush())
        .map_err(CliError::io("ask on the terminal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> (String, LineEdit) {
        let mut line = HiddenLine::default();
        let mut last = LineEdit::Continue;
        for byte in bytes {
            last = line.press(*byte);
        }
        (String::from_utf8_lossy(&line.text).into_owned(), last)
    }

    #[test]
    fn a_hidden_line_can_be_corrected_cleared_and_left() {
        let secret = |text: &str| (text.to_owned(), LineEdit::Submit);
        assert_eq!(typed(b"secrets\x7f\r"), secret("secret"));
        assert_eq!(typed("né\x7fa\r".as_bytes()), secret("na"));
        assert_eq!(typed(b"wrong\x15right\r"), secret("right"));
        assert_eq!(typed(b"\x04"), (String::new(), LineEdit::Cancel));
        assert_eq!(typed(b"a\x04"), ("a".to_owned(), LineEdit::Continue));
        assert_eq!(typed(b"a\x03").1, LineEdit::Interrupt);
    }

    #[test]
    fn keys_without_text_do_not_change_a_hidden_line() {
        let secret = ("secret".to_owned(), LineEdit::Submit);
        assert_eq!(typed(b"sec\x1b[A\x1b[1;5Cret\t\r"), secret);
        assert_eq!(typed(b"\x1b[200~secret\x1b[201~\r"), secret);
    }
}
