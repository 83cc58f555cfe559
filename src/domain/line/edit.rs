//! Changes of one part of a line. Everything else stays byte for byte.

use jiff::civil::Date;

use super::{Line, Priority, iso_date, leading_priority, trailing_priority};

impl Line<'_> {
    /// The line with this priority, or with none.
    #[must_use]
    pub fn with_priority(self, priority: Option<Priority>) -> String {
        if self.is_done() {
            let body = trailing_priority(self.0).map_or(self.0, |(_, body, _)| body);
            return match priority {
                Some(priority) => format!("{body} pri:{}", priority.letter()),
                None => body.to_owned(),
            };
        }
        let body = leading_priority(self.0).map_or(self.0, |(_, body)| body);
        match priority {
            Some(priority) => format!("({}) {body}", priority.letter()),
            None => body.to_owned(),
        }
    }

    /// The line due on this day, or without any due date.
    ///
    /// The first well-formed `due:` word is rewritten where it stands; without
    /// one it is added at the end. `None` removes all well-formed ones.
    #[must_use]
    pub fn with_due(self, due: Option<Date>) -> String {
        let is_due = |word: &str| word.strip_prefix("due:").and_then(iso_date).is_some();
        let Some(date) = due else {
            return self.without(is_due);
        };
        let new = format!("due:{date}");
        match self.words().find(|word| is_due(word)) {
            Some(old) => self.replace_word(old, &new),
            None => self.appended(&new),
        }
    }

    /// The line with this word (`+project`, `@context`, `key:value`); unchanged
    /// where it has it already.
    #[must_use]
    pub fn with_tag(self, tag: &str) -> String {
        if self.words().any(|word| word == tag) {
            self.0.to_owned()
        } else {
            self.appended(tag)
        }
    }

    /// The line without this word, wherever it stands.
    #[must_use]
    pub fn without_tag(self, tag: &str) -> String {
        self.without(|word| word == tag)
    }

    /// The line without the words that `unwanted` names; each takes one
    /// neighbouring space with it.
    pub(in crate::domain) fn without(self, unwanted: impl Fn(&str) -> bool) -> String {
        let mut left = String::with_capacity(self.0.len());
        for (space, word) in pieces(self.0) {
            if word.is_empty() || !unwanted(word) {
                // A word removed from the start leaves its space behind.
                let space = if left.is_empty() && !self.0.starts_with(char::is_whitespace) {
                    space.strip_prefix(' ').unwrap_or(space)
                } else {
                    space
                };
                left.push_str(space);
                left.push_str(word);
            } else {
                left.push_str(space.strip_suffix(' ').unwrap_or(space));
            }
        }
        left
    }

    /// The line with one more word at the end, before the `pri:` of a done line.
    pub(in crate::domain) fn appended(self, word: &str) -> String {
        if self.is_done()
            && let Some((priority, body, 0)) = trailing_priority(self.0)
        {
            return format!("{body} {word} pri:{}", priority.letter());
        }
        let gap = if self.0.is_empty() || self.0.ends_with(char::is_whitespace) {
            ""
        } else {
            " "
        };
        format!("{}{gap}{word}", self.0)
    }

    /// The line with the first word `old` written `new`.
    pub(in crate::domain) fn replace_word(self, old: &str, new: &str) -> String {
        let mut line = String::with_capacity(self.0.len() + new.len());
        let mut replaced = false;
        for (space, word) in pieces(self.0) {
            line.push_str(space);
            if word == old && !replaced {
                line.push_str(new);
                replaced = true;
            } else {
                line.push_str(word);
            }
        }
        line
    }
}

/// White space and the word after it, in order; together they are the text. The
/// last word is empty where the text ends in white space.
pub(in crate::domain) fn pieces(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest
            .find(|letter: char| !letter.is_whitespace())
            .unwrap_or(rest.len());
        let (space, after) = rest.split_at(start);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        rest = after;
        Some((space, word))
    })
}
