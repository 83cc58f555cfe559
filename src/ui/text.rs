//! Text measured in columns, and wrapped.

use unicode_segmentation::UnicodeSegmentation;

use super::glyph::Glyph;

/// How many columns `text` takes, counted no further than `limit`.
#[must_use]
pub fn columns(text: &str, limit: usize) -> usize {
    let mut columns = 0;
    for grapheme in text.graphemes(true) {
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
        for grapheme in word.graphemes(true) {
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
