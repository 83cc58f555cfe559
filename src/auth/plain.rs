//! What a server says, made safe to print.

/// Longest text taken over from a server, in Unicode scalar values.
const LONGEST: usize = 500;

/// `text` on one line, without control characters (terminal escapes) and
/// without the characters that turn the writing direction, at most 500
/// characters long.
#[must_use]
pub fn plain(text: &str) -> String {
    let shown: String = text
        .chars()
        .map(|c| {
            if matches!(c, '\n' | '\t' | '\r') {
                ' '
            } else {
                c
            }
        })
        .filter(|&c| !c.is_control() && !turns_direction(c))
        .take(LONGEST)
        .collect();
    shown.trim().to_owned()
}

const fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escapes_and_direction_marks_are_left_out() {
        assert_eq!(plain("a\u{1b}[31mb\u{202E}c\u{7}\nd "), "a[31mbc d");
    }

    #[test]
    fn a_page_of_text_is_cut() {
        assert_eq!(plain(&"x".repeat(10_000)).len(), 500);
    }
}
