//! Writers: data to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, StdoutLock, Write};

use jiff::civil::Date;
use serde::Serialize;

use crate::cli::color::{Paint, Role, When};
use crate::cli::error::CliError;
use crate::domain::due::{Urgency, in_words};
use crate::domain::line::Line;
use crate::domain::todo::{SyncState, Todo};
use crate::store::{Store, StoreError};
use crate::text::sanitize::{plain, write_plain};

/// The fewest columns of the handles.
const NARROWEST: usize = 5;

/// stdout, locked and buffered: written in few large pieces.
pub(crate) type Out = BufWriter<StdoutLock<'static>>;

/// Locks stdout. Flush it at the end: only then are errors reported.
pub(crate) fn stdout() -> Out {
    BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Checks that stdout is still open, for commands that may write nothing for a
/// long time.
///
/// # Errors
///
/// [`io::ErrorKind::BrokenPipe`] when the reader closed it.
#[cfg(unix)]
pub(crate) fn is_read() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let asked = poll(&mut polled, Some(&Timespec::default()));
    let closed = PollFlags::ERR | PollFlags::HUP;
    if asked.is_ok() && polled.iter().any(|it| it.revents().intersects(closed)) {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    Ok(())
}

/// Does nothing on other systems: the next write reports it.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "Unix can fail here")]
pub(crate) fn is_read() -> io::Result<()> {
    Ok(())
}

/// Returns the paint for stdout.
pub(crate) fn paint(when: When) -> Paint {
    Paint::new(when, &io::stdout() as &Stdout)
}

/// Returns the paint for stderr.
pub(crate) fn error_paint(when: When) -> Paint {
    Paint::new(when, &io::stderr())
}

/// Counts changes in words: `1 change`, `2 changes`.
pub(crate) fn count_of_changes(count: usize) -> String {
    count_of(count, "change")
}

/// Counts todos in words: `1 todo`, `2 todos`.
pub(crate) fn count_of_todos(count: usize) -> String {
    count_of(count, "todo")
}

fn count_of(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Prints one line on stdout, at once.
///
/// # Errors
///
/// stdout's.
pub(crate) fn line(text: &str) -> Result<(), CliError> {
    let mut out = stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints one line on stderr. A failure to do so is ignored.
pub(crate) fn notice(text: impl Display) {
    let text = plain(&text.to_string());
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes one JSON document and a line break.
///
/// # Errors
///
/// stdout's.
pub(crate) fn json(out: &mut impl Write, document: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    out.write_all(b"\n")
}

/// Returns the word that output uses for a verb of the history.
pub(crate) fn verb(stored: &str) -> &str {
    match stored {
        "removed" => "deleted",
        other => other,
    }
}

/// How todos are written as lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TodoLines {
    /// The colours.
    pub(crate) paint: Paint,
    /// The columns of the handles.
    pub(crate) width: usize,
    /// On a terminal: the day that due dates in words are relative to.
    pub(crate) dates: Option<Dates>,
}

/// Due dates in words after the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dates {
    /// The current day.
    pub(crate) today: Date,
    /// Whether later dates are shown, too.
    pub(crate) later: bool,
}

impl TodoLines {
    /// Lines without dates, for handles of any width.
    pub(crate) const fn plain(paint: Paint) -> Self {
        Self {
            paint,
            width: NARROWEST,
            dates: None,
        }
    }

    /// Lines for todos of a store; on a terminal, overdue and today's due dates are in
    /// words.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub(crate) fn of(paint: Paint, store: &Store, today: Date) -> Result<Self, StoreError> {
        let later = false;
        Ok(Self {
            paint,
            width: store.handle_width()?.max(NARROWEST),
            dates: io::stdout().is_terminal().then_some(Dates { today, later }),
        })
    }

    /// Writes one todo: handle, text, its due date in words, and its state unless it
    /// is synced.
    ///
    /// # Errors
    ///
    /// stdout's.
    pub(crate) fn write(self, out: &mut impl Write, todo: &Todo) -> io::Result<()> {
        let Self { paint, width, .. } = self;
        match (todo.id, todo.local) {
            (Some(id), _) => write_aligned(out, id, width)?,
            (None, Some(local)) => write!(out, "{:>width$}  ", format!("n{local}"))?,
            (None, None) => write!(out, "{}  ", todo.key)?,
        }
        match paint.is_on().then(|| role(&todo.text)).flatten() {
            Some(role) => {
                out.write_all(paint.on(role).as_bytes())?;
                write_plain(out, &todo.text)?;
                out.write_all(paint.off().as_bytes())?;
            }
            None => write_plain(out, &todo.text)?,
        }
        if let Some((words, role)) = self.due(&todo.text) {
            write!(out, "  {}{words}{}", paint.on(role), paint.off())?;
        }
        match todo.state {
            SyncState::Synced => {}
            SyncState::Pending | SyncState::Sent | SyncState::Rejected => {
                let (on, off) = (paint.on(Role::Muted), paint.off());
                write!(out, "  {on}[{}]{off}", todo.state.word())?;
            }
        }
        out.write_all(b"\n")
    }

    /// The due date of an open todo in words, if it is shown.
    fn due(self, text: &str) -> Option<(String, Role)> {
        let dates = self.dates?;
        let line = Line::new(text);
        let due = line.due().filter(|_| !line.is_done())?;
        let role = match Urgency::of(due, dates.today) {
            Urgency::Late => Role::Late,
            Urgency::Today => Role::Today,
            Urgency::Soon | Urgency::Later if dates.later => Role::Muted,
            Urgency::Soon | Urgency::Later => return None,
        };
        let words = in_words(due, dates.today);
        let late = due < dates.today;
        let words = if late { words } else { format!("due {words}") };
        Some((words, role))
    }
}

/// The columns of the longest id.
const LONGEST: usize = 20;

/// Writes `{id:>width$}` and two spaces, without the cost of formatting.
fn write_aligned(out: &mut impl Write, id: i64, width: usize) -> io::Result<()> {
    let mut cells = [b' '; LONGEST + 2];
    let mut used = 2;
    let mut rest = id.unsigned_abs();
    for cell in cells.iter_mut().rev().skip(2) {
        *cell = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        used += 1;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let from = cells.len() - used.max(width + 2).min(cells.len());
    match cells.get(from..) {
        Some(cells) if id >= 0 && width <= LONGEST => out.write_all(cells),
        Some(_) | None => write!(out, "{id:>width$}  "),
    }
}

/// As [`TodoLines::plain`], for one todo.
///
/// # Errors
///
/// stdout's.
pub(crate) fn todo_line(out: &mut impl Write, paint: Paint, todo: &Todo) -> io::Result<()> {
    TodoLines::plain(paint).write(out, todo)
}

/// Returns the role of a todo's text: done ones are muted, those with a priority
/// stand out.
fn role(text: &str) -> Option<Role> {
    let line = Line::new(text);
    if line.is_done() {
        Some(Role::Muted)
    } else {
        line.priority().map(|_| Role::Strong)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::key::Key;

    fn todo(id: i64, text: &str) -> Todo {
        Todo {
            key: Key::new(Uuid::nil()),
            id: Some(id),
            local: None,
            text: text.to_owned(),
            state: SyncState::Synced,
            created_at: None,
            updated_at: None,
        }
    }

    fn written(lines: TodoLines, todo: &Todo) -> io::Result<String> {
        let mut out = Vec::new();
        lines.write(&mut out, todo)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn due_dates_are_in_words_on_a_terminal() -> io::Result<()> {
        let today = jiff::civil::date(2026, 11, 26);
        let lines = |later| TodoLines {
            dates: Some(Dates { today, later }),
            ..TodoLines::plain(Paint::none())
        };
        for (text, shown, shown_later) in [
            ("a due:2026-11-23", "  3 days late", "  3 days late"),
            ("a due:2026-11-25", "  yesterday", "  yesterday"),
            ("a due:2026-11-26", "  due today", "  due today"),
            ("a due:2026-11-27", "", "  due tomorrow"),
            ("x a due:2026-11-23", "", ""),
            ("a", "", ""),
        ] {
            let todo = todo(7, text);
            assert_eq!(
                written(lines(false), &todo)?,
                format!("    7  {text}{shown}\n")
            );
            let all = format!("    7  {text}{shown_later}\n");
            assert_eq!(written(lines(true), &todo)?, all);
        }
        let plain = written(
            TodoLines::plain(Paint::none()),
            &todo(7, "a due:2026-11-23"),
        )?;
        assert_eq!(plain, "    7  a due:2026-11-23\n");
        Ok(())
    }

    proptest! {
        #[test]
        fn a_number_is_aligned_as_the_library_aligns_it(id in any::<i64>(), shift in 0..64, width in 0..30_usize) {
            for id in [id >> shift, 0, i64::MAX, i64::MIN] {
                let mut out = Vec::new();
                write_aligned(&mut out, id, width)?;
                prop_assert_eq!(out, format!("{id:>width$}  ").into_bytes());
            }
        }
    }

    #[test]
    fn the_handle_never_touches_the_text_whatever_its_length() -> io::Result<()> {
        for id in [1, 12_345, 1_234_567_890] {
            let todo = Todo {
                key: Key::new(Uuid::nil()),
                id: Some(id),
                local: None,
                text: "milk".to_owned(),
                state: SyncState::Synced,
                created_at: None,
                updated_at: None,
            };
            let mut out = Vec::new();
            todo_line(&mut out, Paint::none(), &todo)?;

            let line = String::from_utf8_lossy(&out).into_owned();
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words, [id.to_string().as_str(), "milk"]);
        }
        Ok(())
    }
}
