//! Formats of one todo per line: todo.txt and Markdown.

use std::borrow::Cow;

use crate::cli::formats::Parsed;
use crate::domain::line::Line;

/// A line break within a todo, in a file of lines.
const SEPARATOR: &str = "\u{2028}";

/// Returns `text` as one line: its line breaks become U+2028.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains('\n') {
        Cow::Owned(text.replace('\n', SEPARATOR))
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns `text` as a check box; a done one without its `x `.
pub(super) fn check_box(text: &str) -> String {
    let line = one_line(text);
    match line.strip_prefix("x ") {
        Some(rest) if Line::new(text).is_done() => format!("- [x] {rest}"),
        Some(_) | None => format!("- [ ] {line}"),
    }
}

/// Reads todo.txt; blank lines are skipped.
pub(super) fn todotxt(content: &[u8]) -> impl Iterator<Item = Parsed> {
    each(content, |parsed, line| {
        parsed.add(line.replace(SEPARATOR, "\n"), None);
    })
}

/// Reads the check boxes and bullets of Markdown; headings are skipped.
pub(super) fn markdown(content: &[u8]) -> impl Iterator<Item = Parsed> {
    each(content, |parsed, line| {
        let line = line.trim_start();
        if line.starts_with('#') {
            return;
        }
        let bullets = ["- ", "* ", "+ "];
        let Some(item) = bullets.iter().find_map(|it| line.strip_prefix(it)) else {
            return parsed.leave_out("is not a list item");
        };
        let done = ["[x] ", "[X] "];
        let text = if let Some(rest) = done.iter().find_map(|it| item.strip_prefix(it)) {
            format!("x {rest}")
        } else {
            item.strip_prefix("[ ] ").unwrap_or(item).to_owned()
        };
        parsed.add(text.replace(SEPARATOR, "\n"), None);
    })
}

/// Parses each line with `read`, except blank ones.
fn each(content: &[u8], read: impl Fn(&mut Parsed, &str)) -> impl Iterator<Item = Parsed> {
    let lines = content.split(|byte| *byte == b'\n').zip(1..);
    lines.map(move |(line, number)| {
        let mut parsed = Parsed::at(number);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => read(&mut parsed, line),
            Err(_) => parsed.leave_out("is not UTF-8"),
        }
        parsed
    })
}
