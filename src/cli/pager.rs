//! A pager for text that is longer than the screen.

use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::cli::output::{self, Out};
use crate::os::terminal_size::terminal_size;

/// A writer to stdout. On a terminal, text that is longer than the screen goes through
/// `$PAGER` once it is complete: who writes waits for no reader.
#[derive(Debug)]
pub(crate) struct Paged(PagerState);

#[derive(Debug)]
enum PagerState {
    /// Collected for the pager.
    Collected { text: Vec<u8>, screen: ScreenFill },
    /// Written as it comes.
    Plain(Out),
}

/// The screen, and how much of it is full.
#[derive(Debug, Clone, Copy)]
struct ScreenFill {
    columns: usize,
    rows: usize,
    /// The row and the column of the next character.
    row: usize,
    column: usize,
    /// Whether an escape sequence is being written.
    in_escape: bool,
}

impl ScreenFill {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => {
                    self.row += 1;
                    self.column = 0;
                }
                0x1b => self.in_escape = true,
                b'm' if self.in_escape => self.in_escape = false,
                // Not the first byte of a character.
                0x80..=0xbf => {}
                _ if self.in_escape => {}
                _ if self.column == self.columns => {
                    self.row += 1;
                    self.column = 1;
                }
                _ => self.column += 1,
            }
        }
    }

    /// Returns whether the prompt of the shell still fits below.
    const fn fits(self) -> bool {
        self.row < self.rows
    }
}

impl Paged {
    /// A new writer; `may_page` is false if the command must not wait for the user.
    pub(crate) fn new(may_page: bool) -> Self {
        match terminal_size() {
            Ok((columns, rows))
                if may_page && io::stdin().is_terminal() && columns > 0 && rows > 0 =>
            {
                Self(PagerState::Collected {
                    text: Vec::new(),
                    screen: ScreenFill {
                        columns: columns.into(),
                        rows: rows.into(),
                        row: 0,
                        column: 0,
                        in_escape: false,
                    },
                })
            }
            _ => Self(PagerState::Plain(output::stdout())),
        }
    }

    /// Writes the rest, and waits until the user has quit the pager.
    ///
    /// # Errors
    ///
    /// stdout's. Quitting the pager early is not an error.
    pub(crate) fn finish(self) -> io::Result<()> {
        let (text, screen) = match self.0 {
            PagerState::Collected { text, screen } => (text, screen),
            PagerState::Plain(mut out) => return out.flush(),
        };
        if !screen.fits()
            && let Some((mut pager, mut input)) = start()
        {
            // Fails if the pager was quit.
            let _ = input.write_all(&text);
            drop(input);
            return pager.wait().map(drop);
        }
        let mut out = output::stdout();
        out.write_all(&text)?;
        out.flush()
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            PagerState::Plain(out) => out.write(bytes),
            PagerState::Collected { text, screen } => {
                text.extend_from_slice(bytes);
                screen.write(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            PagerState::Plain(out) => out.flush(),
            PagerState::Collected { .. } => Ok(()),
        }
    }
}

/// Starts `$PAGER`, or `less`; `None` if there is none, and for `cat`.
fn start() -> Option<(Child, ChildStdin)> {
    let set = std::env::var("PAGER").ok();
    let words = shell_words::split(set.as_deref().unwrap_or("less")).ok()?;
    let (program, options) = words.split_first()?;
    if program == "cat" {
        return None;
    }
    let mut command = Command::new(program);
    command.args(options).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Shows colours, does not clear the screen, ends at Ctrl-C.
        command.env("LESS", "RXK");
    }
    let mut pager = command.spawn().ok()?;
    let input = pager.stdin.take()?;
    Some((pager, input))
}

#[cfg(test)]
mod tests {
    use super::ScreenFill;

    #[test]
    fn a_text_fits_until_it_takes_every_row() {
        let screen = ScreenFill {
            columns: 4,
            rows: 3,
            row: 0,
            column: 0,
            in_escape: false,
        };
        for (text, fits) in [
            ("", true),
            ("a\nb\n", true),
            ("a\nb\nc\n", false),
            ("abcd\nef\n", true),
            ("abcde\nf\n", false),
            ("\u{1b}[31;1mabcd\u{1b}[0m\nab\n", true),
            ("äöüß\nab\n", true),
        ] {
            let mut written = screen;
            written.write(text.as_bytes());
            assert_eq!(written.fits(), fits, "{text:?}");
        }
    }
}
