//! Output of a login: JSON events, plain text, or interactive.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crossterm::clipboard::CopyToClipboard;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::auth::device::{PollEvent, Prompt};
use crate::browser;
use crate::cli::color::{Paint, Role};
use crate::cli::error::CliError;
use crate::cli::report;
use crate::os::terminal_size::terminal_size;
use crate::profile::login::LoggedIn;
use crate::text::sanitize::plain;
use crate::ui::qr;
use crate::ui::text::columns;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputMode {
    /// One JSON event per line.
    Json,
    /// Text without keys and countdown.
    Plain,
    /// Text with keys and countdown, on a terminal in raw mode.
    Interactive,
}

/// The assumed width of a terminal of unknown size.
const DEFAULT_WIDTH: usize = 80;

/// The keys, besides Enter: those of the TUI's login screen.
const KEYS: &str = "c copies the code, l the link, g shows a QR code, q quits";

/// Prints the steps of a login.
#[derive(Debug)]
pub(super) struct LoginPrinter {
    mode: OutputMode,
    qr: bool,
    /// Whether a browser may be opened.
    opens: bool,
    issuer: String,
    paint: Paint,
    prompt: Option<Prompt>,
    /// The expiry of the code by the monotonic clock.
    ends_at: Option<Instant>,
    /// The latest error, shown beside the countdown.
    error: Option<String>,
}

impl LoginPrinter {
    /// Creates a printer. `opens` permits opening a browser on request.
    pub(super) fn new(
        mode: OutputMode,
        qr: bool,
        opens: bool,
        issuer: String,
        paint: Paint,
    ) -> Self {
        Self {
            mode,
            qr,
            opens,
            issuer,
            paint,
            prompt: None,
            ends_at: None,
            error: None,
        }
    }

    /// Returns whether key presses are handled.
    pub(super) fn is_interactive(&self) -> bool {
        self.mode == OutputMode::Interactive
    }

    /// Prints the code. The login must end after an error, since the user cannot
    /// see the code.
    pub(super) fn code(&mut self, prompt: &Prompt) -> io::Result<()> {
        match self.mode {
            OutputMode::Json => line(&json!({
                "event": "code",
                "user_code": prompt.user_code,
                "verification_uri": prompt.verification_uri,
                "verification_uri_complete": prompt.verification_uri_complete,
                "expires_in": prompt.expires_in,
                "interval": prompt.interval,
                "expires_at": prompt.expires_at,
            }))?,
            OutputMode::Plain | OutputMode::Interactive => self.lines(&[
                "To log in, open this page in a browser on any device:",
                &format!("  {}", plain(prompt.page())),
                prompt.code_instruction(),
                &format!("  {}", plain(&prompt.user_code)),
                "Approve it only if you started this login yourself.",
            ])?,
        }
        self.prompt = Some(prompt.clone());
        self.ends_at = Some(Instant::now() + prompt.life_left(Timestamp::now()));
        if self.qr && self.mode != OutputMode::Json {
            self.show_qr();
        }
        if self.is_interactive() {
            let opens = if self.page().is_some() {
                "Enter opens the page, "
            } else {
                ""
            };
            self.lines(&[&format!("{opens}{KEYS}")])?;
        }
        Ok(())
    }

    /// Prints a poll event. Errors are ignored: the login can still be approved.
    pub(super) fn progress(&mut self, event: PollEvent) {
        let (name, pause, error) = match event {
            PollEvent::Pending { next_poll_in } => ("pending", next_poll_in, None),
            PollEvent::SlowDown { next_poll_in } => ("slow_down", next_poll_in, None),
            PollEvent::Failed {
                message,
                next_poll_in,
            } => ("pending", next_poll_in, Some(message)),
        };
        let _ = match (self.mode, &error) {
            (OutputMode::Json, None) => line(&json!({
                "event": name,
                "next_poll_in": seconds(pause),
            })),
            (OutputMode::Json, Some(error)) => line(&json!({
                "event": name,
                "next_poll_in": seconds(pause),
                "trouble": error,
            })),
            (OutputMode::Plain, Some(error)) if self.error.as_ref() != Some(error) => {
                writeln!(io::stderr().lock(), "{}; trying again", plain(error))
            }
            (OutputMode::Plain | OutputMode::Interactive, _) => Ok(()),
        };
        self.error = error;
    }

    /// Prints the user who is logged in.
    pub(super) fn done(&mut self, login: &LoggedIn) -> Result<(), CliError> {
        let LoggedIn {
            identity, store, ..
        } = login;
        let warnings: Vec<String> = login.warnings.iter().map(ToString::to_string).collect();
        match self.mode {
            OutputMode::Json => line(&json!({
                "event": "done",
                "account": {
                    "sub": identity.sub,
                    "email": identity.email,
                    "name": identity.name,
                },
                "store": store,
                "warnings": warnings,
            }))?,
            OutputMode::Plain | OutputMode::Interactive => {
                self.end_countdown();
                let who = identity.email.as_ref().unwrap_or(&identity.sub);
                let mut out = io::stdout().lock();
                writeln!(out, "Logged in as {} ({})", plain(who), plain(store))?;
            }
        }
        Ok(())
    }

    /// Prints the JSON event of a failed login. In the text modes the caller prints
    /// the error.
    pub(super) fn failed(&mut self, error: &CliError) -> Result<(), CliError> {
        if self.mode == OutputMode::Json {
            line(&json!({
                "event": "failed",
                "code": error.code(),
                "message": report::message(error),
                "help": error.help(),
                "fix": error.finding().and_then(|finding| finding.fix),
            }))?;
        } else {
            self.end_countdown();
        }
        Ok(())
    }

    /// Opens the page in a browser, if that is permitted.
    pub(super) fn open(&mut self) {
        if let Some(page) = self.page()
            && browser::open(page.as_str()).is_err()
        {
            let _ = self.lines(&["Cannot start a browser; open the page above yourself."]);
        }
    }

    /// Copies the code through the terminal (OSC 52).
    pub(super) fn copy_code(&mut self) {
        if let Some(prompt) = &self.prompt {
            self.copy("code", &prompt.user_code);
        }
    }

    /// Copies the page's address through the terminal.
    pub(super) fn copy_link(&mut self) {
        if let Some(prompt) = &self.prompt {
            self.copy("link", prompt.page());
        }
    }

    fn copy(&self, what: &str, text: &str) {
        let _ = crossterm::execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text));
        let _ = self.lines(&[&format!("Sent the {what} to the terminal's clipboard.")]);
    }

    /// Shows the page's address as a QR code.
    pub(super) fn show_qr(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        let code = qr::lines(prompt.page());
        let needed = code.first().map_or(0, |line| columns(line, usize::MAX));
        if self.is_interactive() && needed > width() {
            let _ = self.lines(&["The terminal is too narrow for the QR code."]);
            return;
        }
        let (on, off) = (self.paint.on(Role::QrCode), self.paint.off());
        let painted: Vec<String> = code.iter().map(|line| [on, line, off].concat()).collect();
        let _ = self.lines(&painted.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Rewrites the line with the remaining lifetime of the code.
    pub(super) fn count_down(&mut self) {
        let Some(ends_at) = self.ends_at else { return };
        let left = ends_at.saturating_duration_since(Instant::now()).as_secs();
        let error = self.error.as_deref().map(plain).unwrap_or_default();
        let text = format!("waiting, {}:{:02} left  {error}", left / 60, left % 60);
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "\r\u{1b}[K{}", truncate(text.trim_end(), width()));
        let _ = stderr.flush();
    }

    fn end_countdown(&self) {
        if self.mode == OutputMode::Interactive {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "\r\u{1b}[K");
            let _ = stderr.flush();
        }
    }

    /// The page that Enter opens, if any.
    fn page(&self) -> Option<reqwest::Url> {
        let prompt = self.prompt.as_ref().filter(|_| self.opens)?;
        prompt.openable(&self.issuer)
    }

    fn lines(&self, lines: &[&str]) -> io::Result<()> {
        self.end_countdown();
        // In raw mode a line feed does not return to the first column.
        let end = match self.mode {
            OutputMode::Interactive => "\r\n",
            OutputMode::Plain | OutputMode::Json => "\n",
        };
        let mut out = io::stdout().lock();
        for line in lines {
            write!(out, "{line}{end}")?;
        }
        out.flush()
    }
}

fn width() -> usize {
    terminal_size().map_or(DEFAULT_WIDTH, |(columns, _)| usize::from(columns))
}

/// Truncates `text` to one line of `width` columns: a wrapped line could not be
/// overwritten.
fn truncate(text: &str, width: usize) -> String {
    let mut truncated = String::new();
    for c in text.chars() {
        truncated.push(c);
        if columns(&truncated, width) >= width {
            truncated.pop();
            break;
        }
    }
    truncated
}

/// Rounds up to whole seconds.
fn seconds(pause: Duration) -> u64 {
    pause.as_secs() + u64::from(pause.subsec_nanos() > 0)
}

/// Writes one event as a line and flushes it.
fn line(event: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{event}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::truncate;

    #[test]
    fn the_countdown_stays_on_one_line_however_narrow_it_is() {
        assert_eq!(truncate("waiting, 0:01 left", 80), "waiting, 0:01 left");
        assert_eq!(truncate("waiting, 0:01 left", 18), "waiting, 0:01 lef");
        assert_eq!(truncate("日本語", 5), "日本");
        assert_eq!(truncate("日本語", 4), "日");
        assert_eq!(truncate("waiting", 0), "");
    }
}
