//! Text from elsewhere, made harmless for a terminal.

use std::io::{self, Write};

/// Writes `text` with every character that could move the cursor, change
/// colours, break the line or turn the reading direction replaced by a visible
/// stand-in. Costs nothing extra for plain ASCII.
pub(crate) fn write_plain(out: &mut impl Write, text: &str) -> io::Result<()> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return out.write_all(text.as_bytes());
    }
    let mut kept = 0;
    for (at, found) in text.char_indices() {
        if let Some(stand_in) = stand_in(found) {
            out.write_all(text.as_bytes().get(kept..at).unwrap_or_default())?;
            let mut bytes = [0; 4];
            out.write_all(stand_in.encode_utf8(&mut bytes).as_bytes())?;
            kept = at + found.len_utf8();
        }
    }
    out.write_all(text.as_bytes().get(kept..).unwrap_or_default())
}

/// As [`write_plain`], as a string.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|found| stand_in(found).unwrap_or(found))
        .collect()
}

/// What is shown instead of a character that a terminal would act on.
fn stand_in(found: char) -> Option<char> {
    match found {
        // The pictures of control characters stand in their order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(found)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => Some('\u{fffd}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{plain, write_plain};

    #[test]
    fn nothing_a_terminal_acts_on_gets_through() -> Result<(), Box<dyn std::error::Error>> {
        let hostile = "a\u{1b}[31mred\n\r\t\u{7f}\u{9b}2J\u{202e}evil\u{2066}\u{2028}é日本";

        let mut out = Vec::new();
        write_plain(&mut out, hostile)?;

        let shown = String::from_utf8(out)?;
        assert_eq!(
            shown,
            "a␛[31mred␊␍␉␡\u{fffd}2J\u{fffd}evil\u{fffd}\u{fffd}é日本"
        );
        assert_eq!(shown, plain(hostile));
        Ok(())
    }

    #[test]
    fn plain_text_is_written_as_it_is() -> Result<(), Box<dyn std::error::Error>> {
        for text in ["", "buy milk +home", "Ünïcödé 👩‍👩‍👧 e\u{301}"] {
            let mut out = Vec::new();
            write_plain(&mut out, text)?;
            assert_eq!(out, text.as_bytes());
        }
        Ok(())
    }
}
