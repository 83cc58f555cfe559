//! Text from elsewhere, made harmless for a terminal.
//!
//! [`placeholder`] is the one list of characters that never reach a terminal.
//! A todo's text shows a placeholder for each ([`plain`]), so that nothing is
//! hidden; a server's message drops them ([`message`]).

use std::io::{self, Write};

use crate::text::redact;

/// The longest message of a server that is passed on, in Unicode scalar values.
const MESSAGE_CHARS: usize = 500;
/// The flag that tag characters follow in the flags of England or Texas.
const BLACK_FLAG: char = '\u{1f3f4}';

/// The visible character shown in place of `c`, where a terminal would act on
/// `c`, reorder what surrounds it, or not show it at all; `None` for any other.
///
/// Joiners (U+200C, U+200D) and variation selectors pass: emoji and several
/// scripts are written with them.
#[must_use]
pub fn placeholder(c: char) -> Option<char> {
    match c {
        // The pictures of control characters stand in their order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{2028}' | '\u{2029}' => Some('\u{2424}'),
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => Some('\u{fffd}'),
        _ if is_tag(c) => Some('\u{fffd}'),
        _ => None,
    }
}

/// `text` with a placeholder for every character that must not reach a
/// terminal. One line stays one line.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut context = Context::default();
    text.chars()
        .map(|c| context.placeholder(c).unwrap_or(c))
        .collect()
}

/// Writes `text` as [`plain`] gives it, without copying what needs no
/// placeholder.
///
/// # Errors
///
/// What `out` reports.
pub fn write_plain(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return out.write_all(text.as_bytes());
    }
    let mut context = Context::default();
    let mut kept = 0;
    for (at, c) in text.char_indices() {
        if let Some(placeholder) = context.placeholder(c) {
            out.write_all(text.as_bytes().get(kept..at).unwrap_or_default())?;
            out.write_all(placeholder.encode_utf8(&mut [0; 4]).as_bytes())?;
            kept = at + c.len_utf8();
        }
    }
    out.write_all(text.as_bytes().get(kept..).unwrap_or_default())
}

/// A message of a server or helper program, fit to be printed: [`one_line`]
/// without what could be a secret.
#[must_use]
pub fn message(text: &str) -> String {
    one_line(&redact::secrets(text))
}

/// A name or address of a server, fit to be printed: one trimmed line, without
/// the characters that have a [`placeholder`], cut with `…` after 500
/// characters.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut context = Context::default();
    let mut line = String::new();
    let mut length = 0;
    for c in text.trim().chars() {
        let c = match c {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
            _ if context.placeholder(c).is_some() => continue,
            _ => c,
        };
        if c == ' ' && line.ends_with(' ') {
            continue;
        }
        if length == MESSAGE_CHARS {
            line.push('…');
            return line;
        }
        line.push(c);
        length += 1;
    }
    line.truncate(line.trim_end().len());
    line
}

/// Returns whether `c` is one of the tag characters: invisible, and used to hide text.
const fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// What stood before a character, as far as that decides about it.
#[derive(Default)]
struct Context {
    in_flag: bool,
}

impl Context {
    /// As [`placeholder`], but tag characters that spell a flag pass.
    fn placeholder(&mut self, c: char) -> Option<char> {
        if self.in_flag && is_tag(c) {
            return None;
        }
        self.in_flag = c == BLACK_FLAG;
        placeholder(c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, Box<dyn std::error::Error>> {
        let mut out = Vec::new();
        write_plain(&mut out, text)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn nothing_a_terminal_acts_on_gets_through() -> Result<(), Box<dyn std::error::Error>> {
        let hostile = "a\u{1b}[31mred\n\r\t\u{7f}\u{9b}2J\u{202e}evil\u{2066}\u{2028}é日本";
        assert_eq!(
            plain(hostile),
            "a␛[31mred␊␍␉␡\u{fffd}2J\u{fffd}evil\u{fffd}␤é日本"
        );
        assert_eq!(written(hostile)?, plain(hostile));
        Ok(())
    }

    #[test]
    fn nothing_hides_in_a_text() -> Result<(), Box<dyn std::error::Error>> {
        for hidden in [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200e}',
            '\u{2060}',
            '\u{2029}',
            '\u{206f}',
            '\u{feff}',
            '\u{fffb}',
            '\u{e0001}',
            '\u{e0041}',
        ] {
            let text = format!("buy{hidden}milk");
            assert!(placeholder(hidden).is_some(), "{hidden:?}");
            assert!(!plain(&text).contains(hidden), "{hidden:?}");
            assert_eq!(written(&text)?, plain(&text), "{hidden:?}");
            assert!(!message(&text).contains(hidden), "{hidden:?}");
        }
        Ok(())
    }

    #[test]
    fn what_people_write_is_left_as_it_is() -> Result<(), Box<dyn std::error::Error>> {
        let england = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        for text in [
            "",
            "buy milk +home",
            "Ünïcödé 👩‍👩‍👧 e\u{301}",
            "می\u{200c}خواهم",
            england,
        ] {
            assert_eq!(plain(text), text);
            assert_eq!(written(text)?, text);
            assert_eq!(message(text), text);
        }
        Ok(())
    }

    #[test]
    fn a_message_is_one_short_line() {
        assert_eq!(message(" a\u{1b}[31mb\u{202e}c\u{7}\r\nd \n"), "a[31mbc d");
        assert_eq!(message("\u{1b}\u{200b}"), "");
        let long = message(&"é".repeat(10_000));
        assert_eq!(long.chars().count(), MESSAGE_CHARS + 1);
        assert!(long.ends_with('…'));
    }
}
