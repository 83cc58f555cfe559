//! Text measured in columns, and wrapped.

use unicode_segmentation::UnicodeSegmentation;

use super::glyph::Glyph;

/// The graphemes of `text`. Those of plain ASCII, which most text is, are its bytes.
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let (plain, other) = if is_plain { (text, "") } else { ("", text) };
    plain.split_inclusive(|_| true).chain(other.graphemes(true))
}

/// How many columns `text` takes, counted no further than `limit`.
#[must_use]
pub fn columns(text: &str, limit: usize) -> usize {
    let mut columns = 0;
    for grapheme in graphemes(text) {
        if columns >= limit {
            return limit;
        }
        columns += usize::from(Glyph::of(grapheme).width);
    }
    columns.min(limit)
}

/// How many columns `text` takes, as the screen counts them.
#[must_use]
pub fn width(text: &str) -> u16 {
    u16::try_from(columns(text, usize::from(u16::MAX))).unwrap_or(u16::MAX)
}

/// The end of `text` that takes at most `room` columns.
#[must_use]
pub fn tail(text: &str, room: usize) -> &str {
    let mut start = text.len();
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += usize::from(Glyph::of(grapheme).width);
        if taken > room {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or_default()
}

/// Wraps `text` to lines: between words, and inside a word that is wider than a
/// line.
#[must_use]
pub fn wrapped(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let needed = columns(word, usize::MAX);
        if !line.is_empty() && taken + 1 + needed <= room {
            line.push(' ');
            line.push_str(word);
            taken += 1 + needed;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        for grapheme in graphemes(word) {
            let wide = usize::from(Glyph::of(grapheme).width);
            if taken + wide > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            line.push_str(grapheme);
            taken += wide;
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphemes_are_those_of_unicode() {
        for text in [
            "",
            "milk +home",
            "a\r\nb",
            "e\u{301}",
            "👩‍🌾 x",
            "\u{1b}[31m",
            "~ ",
        ] {
            let known: Vec<&str> = text.graphemes(true).collect();
            assert_eq!(graphemes(text).collect::<Vec<_>>(), known, "{text:?}");
        }
    }
}
