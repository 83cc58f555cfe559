//! Writers: data to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, Stdout, StdoutLock, Write};

use serde::Serialize;

use crate::cli::color::{Paint, Role, When};
use crate::domain::line::Line;
use crate::domain::todo::{State, Todo};
use crate::text::sanitize::{plain, write_plain};

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

/// Writes one todo as a line: handle, text, and its state unless it is synced.
///
/// # Errors
///
/// stdout's.
pub(crate) fn todo_line(out: &mut impl Write, paint: Paint, todo: &Todo) -> io::Result<()> {
    match (todo.id, todo.local) {
        (Some(id), _) => write!(out, "{id:>5}  ")?,
        (None, Some(local)) => write!(out, "{:>5}  ", format!("n{local}"))?,
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
    match todo.state {
        State::Synced => {}
        State::Pending | State::Sent | State::Rejected => {
            let (on, off) = (paint.on(Role::Muted), paint.off());
            write!(out, "  {on}[{}]{off}", todo.state.word())?;
        }
    }
    out.write_all(b"\n")
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
    use uuid::Uuid;

    use super::*;
    use crate::domain::key::Key;

    #[test]
    fn the_handle_never_touches_the_text_whatever_its_length() -> io::Result<()> {
        for id in [1, 12_345, 1_234_567_890] {
            let todo = Todo {
                key: Key::new(Uuid::nil()),
                id: Some(id),
                local: None,
                text: "milk".to_owned(),
                state: State::Synced,
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
