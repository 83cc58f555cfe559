//! A pager for text that is longer than the screen.

use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::cli::output::{self, Out};

/// A writer to stdout. On a terminal, the text goes through `$PAGER` as soon as it is
/// longer than the screen.
#[derive(Debug)]
pub(crate) struct Paged(PagerState);

#[derive(Debug)]
enum PagerState {
    /// Everything fits so far.
    Fits { text: Vec<u8>, screen: ScreenFill },
    /// Written as it comes.
    Plain(Out),
    /// A pager shows it.
    Pager(Child, ChildStdin),
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
        let terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
        match crossterm::terminal::size() {
            Ok((columns, rows)) if may_page && terminal && columns > 0 && rows > 0 => {
                Self(PagerState::Fits {
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
        match self.0 {
            PagerState::Fits { text, .. } => {
                let mut out = output::stdout();
                out.write_all(&text)?;
                out.flush()
            }
            PagerState::Plain(mut out) => out.flush(),
            PagerState::Pager(mut pager, input) => {
                drop(input);
                pager.wait().map(drop)
            }
        }
    }

    /// Starts the pager; without one, writes to stdout.
    fn start_paging(text: &[u8]) -> io::Result<PagerState> {
        let Some((mut pager, mut input)) = start() else {
            let mut out = output::stdout();
            out.write_all(text)?;
            return Ok(PagerState::Plain(out));
        };
        if let Err(error) = input.write_all(text) {
            drop(input);
            pager.wait()?;
            return Err(error);
        }
        Ok(PagerState::Pager(pager, input))
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            PagerState::Plain(out) => return out.write(bytes),
            PagerState::Pager(pager, input) => {
                let written = input.write(bytes);
                if written.is_err() {
                    // The pager owns the terminal until it has ended.
                    pager.wait()?;
                }
                return written;
            }
            PagerState::Fits { text, screen } => {
                text.extend_from_slice(bytes);
                screen.write(bytes);
                if screen.fits() {
                    return Ok(bytes.len());
                }
                let text = std::mem::take(text);
                self.0 = Self::start_paging(&text)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            PagerState::Fits { .. } => Ok(()),
            PagerState::Plain(out) => out.flush(),
            PagerState::Pager(_, input) => input.flush(),
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
