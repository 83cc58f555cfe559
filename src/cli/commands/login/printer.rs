//! What is said while a login goes on: to scripts, into a pipe, to a user.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use crossterm::clipboard::CopyToClipboard;
use crossterm::terminal;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::auth::device::{Progress, Prompt};
use crate::browser;
use crate::cli::color::{Paint, Role};
use crate::cli::error::CliError;
use crate::cli::report;
use crate::profile::login::LoggedIn;
use crate::text::sanitize::plain;
use crate::ui::qr;
use crate::ui::text::columns;

/// Whom it is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputMode {
    /// A script: one JSON event a line.
    Json,
    /// Whoever reads the text: no keys, no countdown.
    Plain,
    /// A user at a terminal that gives single keys.
    Person,
}

/// How wide a terminal is that does not tell.
const NARROW: usize = 80;

/// Tells how a login goes on.
#[derive(Debug)]
pub(super) struct LoginPrinter {
    voice: OutputMode,
    qr: bool,
    opens: bool,
    issuer: String,
    paint: Paint,
    prompt: Option<Prompt>,
    /// When the code ends, by a clock that nobody sets.
    ends_at: Option<Instant>,
    /// The latest trouble, shown beside the countdown.
    trouble: Option<String>,
}

impl LoginPrinter {
    /// `opens`: whether a browser may be opened when asked for.
    pub(super) fn new(
        voice: OutputMode,
        qr: bool,
        opens: bool,
        issuer: String,
        paint: Paint,
    ) -> Self {
        Self {
            voice,
            qr,
            opens,
            issuer,
            paint,
            prompt: None,
            ends_at: None,
            trouble: None,
        }
    }

    /// Returns whether keys are listened to.
    pub(super) fn is_for_a_person(&self) -> bool {
        self.voice == OutputMode::Person
    }

    /// Tells the code. A code that nobody sees is no use: where it cannot be
    /// said, the login is to end.
    pub(super) fn code(&mut self, prompt: &Prompt) -> io::Result<()> {
        match self.voice {
            OutputMode::Json => line(&json!({
                "event": "code",
                "user_code": prompt.user_code,
                "verification_uri": prompt.verification_uri,
                "verification_uri_complete": prompt.verification_uri_complete,
                "expires_in": prompt.expires_in,
                "interval": prompt.interval,
                "expires_at": prompt.expires_at,
            }))?,
            OutputMode::Plain | OutputMode::Person => self.lines(&[
                "To log in, open this page in a browser on any device:",
                &format!("  {}", plain(prompt.page())),
                prompt.what_to_do_with_the_code(),
                &format!("  {}", plain(&prompt.user_code)),
                "Approve it only if you started this login yourself.",
            ])?,
        }
        self.prompt = Some(prompt.clone());
        self.ends_at = Some(Instant::now() + prompt.life_left(Timestamp::now()));
        if self.qr && self.voice != OutputMode::Json {
            self.show_qr();
        }
        if self.is_for_a_person() {
            let mut keys = vec!["c copies the code", "q shows a QR code", "Ctrl-C cancels"];
            if self.page().is_some() {
                keys.insert(0, "Enter opens the browser");
            }
            self.lines(&[&keys.join(", ")])?;
        }
        Ok(())
    }

    /// Tells what happened while waiting. Where it cannot be said, the login
    /// still goes on: it can be approved all the same.
    pub(super) fn progress(&mut self, progress: Progress) {
        let (name, pause, trouble) = match progress {
            Progress::Pending { next_poll_in } => ("pending", next_poll_in, None),
            Progress::SlowDown { next_poll_in } => ("slow_down", next_poll_in, None),
            Progress::Interrupted {
                message,
                next_poll_in,
            } => ("pending", next_poll_in, Some(message)),
        };
        let _ = match (self.voice, &trouble) {
            (OutputMode::Json, None) => line(&json!({
                "event": name,
                "next_poll_in": seconds(pause),
            })),
            (OutputMode::Json, Some(trouble)) => line(&json!({
                "event": name,
                "next_poll_in": seconds(pause),
                "trouble": trouble,
            })),
            (OutputMode::Plain, Some(trouble)) if self.trouble.as_ref() != Some(trouble) => {
                let trouble = plain(trouble);
                writeln!(io::stderr().lock(), "{trouble}; trying again")
            }
            (OutputMode::Plain | OutputMode::Person, _) => Ok(()),
        };
        self.trouble = trouble;
    }

    /// Says who is logged in.
    pub(super) fn done(&mut self, done: &LoggedIn) -> Result<(), CliError> {
        let LoggedIn {
            identity, store, ..
        } = done;
        let warnings: Vec<String> = done.warnings.iter().map(ToString::to_string).collect();
        match self.voice {
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
            OutputMode::Plain | OutputMode::Person => {
                self.end_countdown();
                let who = identity.email.as_ref().unwrap_or(&identity.sub);
                let mut out = io::stdout().lock();
                writeln!(out, "Logged in as {} ({})", plain(who), plain(store))?;
            }
        }
        Ok(())
    }

    /// Says why nobody is logged in, where that is an event; users read it as
    /// every other error.
    pub(super) fn failed(&mut self, error: &CliError) -> Result<(), CliError> {
        if self.voice == OutputMode::Json {
            line(&json!({
                "event": "failed",
                "code": error.code(),
                "message": report::message(error),
                "help": error.help(),
            }))?;
        } else {
            self.end_countdown();
        }
        Ok(())
    }

    /// Opens the page, if it may be opened.
    pub(super) fn open(&mut self) {
        if let Some(page) = self.page()
            && browser::open(page.as_str()).is_err()
        {
            let _ = self.lines(&["No browser could be started; open the page above yourself."]);
        }
    }

    /// Copies the code, through the terminal.
    pub(super) fn copy(&mut self) {
        if let Some(prompt) = &self.prompt {
            let copy = CopyToClipboard::to_clipboard_from(&prompt.user_code);
            let _ = crossterm::execute!(io::stdout(), copy);
            let _ = self.lines(&["The code was given to the terminal to copy."]);
        }
    }

    /// Shows the page's address as a QR code.
    pub(super) fn show_qr(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        let picture = qr::lines(prompt.page());
        let needed = picture.first().map_or(0, |line| columns(line, usize::MAX));
        if self.is_for_a_person() && needed > width() {
            let _ = self.lines(&["The terminal is too narrow for the QR code."]);
            return;
        }
        let (on, off) = (self.paint.on(Role::Picture), self.paint.off());
        let painted: Vec<String> = picture
            .iter()
            .map(|line| [on, line, off].concat())
            .collect();
        let _ = self.lines(&painted.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Rewrites the line that tells how long the code lives.
    pub(super) fn count_down(&mut self) {
        let Some(ends_at) = self.ends_at else { return };
        let left = ends_at.saturating_duration_since(Instant::now()).as_secs();
        let trouble = self.trouble.as_deref().map(plain).unwrap_or_default();
        let told = format!("waiting, {}:{:02} left  {trouble}", left / 60, left % 60);
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "\r\u{1b}[K{}", within(told.trim_end(), width()));
        let _ = stderr.flush();
    }

    fn end_countdown(&self) {
        if self.voice == OutputMode::Person {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "\r\u{1b}[K");
            let _ = stderr.flush();
        }
    }

    /// The page that Enter opens.
    fn page(&self) -> Option<reqwest::Url> {
        let prompt = self.prompt.as_ref().filter(|_| self.opens)?;
        prompt.openable(&self.issuer)
    }

    fn lines(&self, lines: &[&str]) -> io::Result<()> {
        self.end_countdown();
        // A terminal that gives single keys does not return the carriage itself.
        let end = match self.voice {
            OutputMode::Person => "\r\n",
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
    terminal::size().map_or(NARROW, |(columns, _)| usize::from(columns))
}

/// As much of `text` as stays on one line of `width` columns: what wraps cannot
/// be written over.
fn within(text: &str, width: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if columns(&kept, width) >= width {
            kept.pop();
            break;
        }
    }
    kept
}

/// Whole seconds, rounded up.
fn seconds(pause: Duration) -> u64 {
    pause.as_secs() + u64::from(pause.subsec_nanos() > 0)
}

/// Writes one event as a line and lets it out at once.
fn line(event: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{event}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn the_countdown_stays_on_one_line_however_narrow_it_is() {
        assert_eq!(within("waiting, 0:01 left", 80), "waiting, 0:01 left");
        assert_eq!(within("waiting, 0:01 left", 18), "waiting, 0:01 lef");
        assert_eq!(within("日本語", 5), "日本");
        assert_eq!(within("日本語", 4), "日");
        assert_eq!(within("waiting", 0), "");
    }
}
