//! Merges two edits of one line part by part.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::domain::casefold::tag_key;
use crate::domain::line::{Line, Priority, pieces, tag};

/// The result of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merged {
    /// The text with both edits.
    Text(String),
    /// Both edits changed the same part differently.
    Overlap,
}

/// Replays the edit `before` → `after` on `theirs`, part by part: done,
/// priority, each tag, the words.
///
/// Completions on different days do not conflict: the date of `theirs` is kept.
#[must_use]
pub fn merge(before: &str, after: &str, theirs: &str) -> Merged {
    if theirs == before || theirs == after {
        return Merged::Text(after.to_owned());
    }
    if before == after {
        return Merged::Text(theirs.to_owned());
    }
    parts(before, after, theirs).map_or(Merged::Overlap, Merged::Text)
}

/// Returns whether two texts differ at most in done, priority and tags.
#[must_use]
pub fn same_words(one: &str, other: &str) -> bool {
    let (one, other) = (LineParts::read(one), LineParts::read(other));
    plain(&one.body).eq(plain(&other.body))
}

fn parts(before: &str, after: &str, theirs: &str) -> Option<String> {
    let (before, after, theirs) = (
        LineParts::read(before),
        LineParts::read(after),
        LineParts::read(theirs),
    );
    let both = after.done != Done::No && theirs.done != Done::No;
    let done = if both && before.done == Done::No {
        theirs.done
    } else {
        either(&before.done, after.done, theirs.done)?
    };
    let priority = either(&before.priority, after.priority, theirs.priority)?;
    let body = bodies(&before.body, &after.body, &theirs.body)?;
    Some(
        LineParts {
            done,
            priority,
            body,
        }
        .write(),
    )
}

/// Returns the side that changed a part; `None` if both did, differently.
fn either<T: PartialEq>(before: &T, after: T, theirs: T) -> Option<T> {
    if theirs == *before || theirs == after {
        Some(after)
    } else {
        (after == *before).then_some(theirs)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    No,
    /// On a day, if the line has the date.
    Yes(Option<Date>),
}

/// A line split into parts; writing them gives the same line.
struct LineParts {
    done: Done,
    priority: Option<Priority>,
    body: String,
}

impl LineParts {
    fn read(text: &str) -> Self {
        let line = Line::new(text);
        let open = line.opened();
        let read = Self {
            done: if line.is_done() {
                Done::Yes(line.completed_on())
            } else {
                Done::No
            },
            priority: Line::new(&open).priority(),
            body: Line::new(&open).without_priority().to_owned(),
        };
        if Line::new(&open).is_done() || read.write() != text {
            // An unusual line such as `x 2026-11-24 (A) a` counts as words only.
            return Self {
                done: Done::No,
                priority: None,
                body: text.to_owned(),
            };
        }
        read
    }

    fn write(&self) -> String {
        let open = match self.priority {
            Some(priority) => format!("({}) {}", priority.letter(), self.body),
            None => self.body.clone(),
        };
        match self.done {
            Done::Yes(day) => Line::new(&open).finished(day),
            Done::No => open,
        }
    }
}

fn bodies(before: &str, after: &str, theirs: &str) -> Option<String> {
    if let Some(body) = either(&before, after, theirs) {
        return Some(body.to_owned());
    }
    if plain(before).eq(plain(after)) {
        return retagged(before, after, theirs);
    }
    if plain(before).eq(plain(theirs)) {
        return retagged(before, theirs, after);
    }
    spliced(before, after, theirs)
}

/// Returns the words that are not tags.
fn plain(text: &str) -> impl Iterator<Item = &str> {
    Line::new(text)
        .words()
        .filter(|word| tag_name(word).is_none())
}

/// Returns the identity of a tag: its key, or the whole `+project` or `@context`,
/// ignoring case.
fn tag_name(word: &str) -> Option<Cow<'_, str>> {
    match tag(word) {
        Some((key, _)) => Some(tag_key(key)),
        None => (word.len() > 1 && word.starts_with(['+', '@'])).then(|| tag_key(word)),
    }
}

fn tags(text: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    Line::new(text)
        .words()
        .filter_map(|word| tag_name(word).map(|name| (name, word)))
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    tags(text).find_map(|(found, word)| (found == name).then_some(word))
}

/// Replays the tag changes `before` → `after` on `onto`.
fn retagged(before: &str, after: &str, onto: &str) -> Option<String> {
    let mut text = onto.to_owned();
    let mut names: Vec<Cow<'_, str>> = tags(before)
        .chain(tags(after))
        .map(|(name, _)| name)
        .collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    for name in names {
        let (was, wanted, is) = (
            value(before, &name),
            value(after, &name),
            value(onto, &name),
        );
        let result = either(&was, wanted, is)?;
        text = match (is, result) {
            (is, result) if is == result => text,
            (Some(is), Some(result)) => Line::new(&text).replace_word(is, result),
            (None, Some(result)) => Line::new(&text).appended(result),
            (_, None) => Line::new(&text).without(|word| tag_name(word).as_ref() == Some(&name)),
        };
    }
    Some(text)
}

/// Takes one changed stretch of words from each side, when the two do not touch.
fn spliced(before: &str, after: &str, theirs: &str) -> Option<String> {
    let (before, after, theirs) = (words(before), words(after), words(theirs));
    let (mine, other) = (
        WordChange::of(&before, &after),
        WordChange::of(&before, &theirs),
    );
    let (first, second) = if mine.end < other.start {
        (mine, other)
    } else if other.end < mine.start {
        (other, mine)
    } else {
        return None;
    };
    let words = [
        before.get(..first.start)?,
        first.new,
        before.get(first.end..second.start)?,
        second.new,
        before.get(second.end..)?,
    ];
    Some(words.concat().concat())
}

/// Splits a text into words, each with the white space before it.
fn words(text: &str) -> Vec<&str> {
    let mut rest = text;
    pieces(text)
        .map(|(space, word)| {
            let (piece, after) = rest.split_at(space.len() + word.len());
            rest = after;
            piece
        })
        .collect()
}

/// One changed range: `start..end` of the old words became `new`.
struct WordChange<'a> {
    start: usize,
    end: usize,
    new: &'a [&'a str],
}

impl<'a> WordChange<'a> {
    fn of(before: &[&str], after: &'a [&'a str]) -> Self {
        let shorter = before.len().min(after.len());
        let start = before.iter().zip(after).take_while(|(b, a)| b == a).count();
        let kept = before
            .iter()
            .rev()
            .zip(after.iter().rev())
            .take(shorter - start)
            .take_while(|(b, a)| b == a)
            .count();
        Self {
            start,
            end: before.len() - kept,
            new: after.get(start..after.len() - kept).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Merged, merge};

    fn text(merged: &str) -> Merged {
        Merged::Text(merged.to_owned())
    }

    #[test]
    fn different_parts_fit_together() {
        for (before, after, theirs, expected) in [
            (
                "a b",
                "x 2026-11-24 a b",
                "(A) a b",
                "x 2026-11-24 a b pri:A",
            ),
            ("(A) a", "(B) a", "(A) a b", "(B) a b"),
            ("a +p", "a +q", "a +p @c", "a @c +q"),
            (
                "a due:2026-11-01",
                "a due:2026-12-01",
                "b due:2026-11-01",
                "b due:2026-12-01",
            ),
            ("a +p", "b +p", "a +p @c", "b +p @c"),
            ("a b c d", "A b c d", "a b c D", "A b c D"),
            ("a b c d", "a b c d e", "b c d", "b c d e"),
            ("x 2026-11-01 a", "a", "x 2026-11-01 a +p", "a +p"),
            ("a", "x 2026-11-02 a", "x 2026-11-01 a", "x 2026-11-01 a"),
            ("a", "b", "b", "b"),
        ] {
            assert_eq!(
                merge(before, after, theirs),
                text(expected),
                "{before} → {after} / {theirs}"
            );
        }
    }

    #[test]
    fn the_same_part_changed_in_two_ways_is_an_overlap() {
        for (before, after, theirs) in [
            ("a", "b", "c"),
            ("(A) a", "(B) a", "(C) a"),
            ("a due:2026-11-01", "a due:2026-11-02", "a due:2026-11-03"),
            ("a due:2026-11-01", "a due:2026-11-02", "a"),
            ("a b", "a c b", "a d b"),
            ("(A) a", "a", "(B) a"),
        ] {
            assert_eq!(
                merge(before, after, theirs),
                Merged::Overlap,
                "{before} → {after} / {theirs}"
            );
        }
    }

    fn line() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(vec![
                "x",
                "2026-11-01",
                "(A)",
                "pri:B",
                "a",
                "b",
                "+p",
                "@c",
                "due:2026-12-01",
                "k:v",
                "",
                "\n",
            ]),
            0..7,
        )
        .prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn an_edit_of_an_unchanged_line_is_the_edit(a in line(), b in line(), c in any::<String>()) {
            prop_assert_eq!(merge(&a, &b, &a), text(&b));
            prop_assert_eq!(merge(&a, &a, &b), text(&b));
            prop_assert_eq!(merge(&a, &b, &b), text(&b));
            let _ = merge(&a, &c, &b);
            let _ = merge(&c, &a, &b);
        }
    }
}
