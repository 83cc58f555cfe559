//! Texts, and the parts by which edits are tracked.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;
use tudone::domain::line::{Line, Priority};

use crate::network::FORBIDDEN;
use crate::step::Edit;

/// Returns the name of a todo, which never changes: its first word after the todo.txt
/// prefixes.
pub(crate) fn name(text: &str) -> String {
    let is_name = |word: &&str| {
        let digits = word.strip_prefix('t');
        digits.is_some_and(|digits| digits.parse::<u32>().is_ok())
    };
    let found = text.split(' ').find(is_name);
    found.unwrap_or_default().to_owned()
}

/// Returns the parts of a text: `x` if it is done, its priority as `pri:A`, each word.
pub(crate) fn tokens(text: &str) -> BTreeSet<String> {
    let line = Line::new(text);
    let open = line.reopened().unwrap_or_else(|_| text.to_owned());
    let words = Line::new(&open).with_priority(None);
    let mut tokens: BTreeSet<String> = words
        .unwrap_or(open)
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| match word.strip_prefix(['+', '@']) {
            // Tags are equal ignoring case.
            Some(_) => word.to_lowercase(),
            None => word.to_owned(),
        })
        .collect();
    if line.is_done() {
        tokens.insert("x".to_owned());
    }
    if let Some(priority) = line.priority() {
        tokens.insert(format!("pri:{}", priority.letter()));
    }
    tokens
}

/// Returns whether independent edits may have added this part.
pub(crate) fn is_common(token: &str) -> bool {
    token == "x" || token == "+work" || token.starts_with("pri:") || token == FORBIDDEN
}

/// Returns the text of a new todo with that number: plain, or with a part that matters
/// for lists, counters and merges.
pub(crate) fn first(number: u32) -> String {
    let part = match number % 8 {
        0 => " +Work @Phone",
        1 => " +WORK +work",
        2 => " t:2099-01-01 +work",
        3 => " due:2026-12-01 t:2026-11-20",
        // Invalid rules: valid ones are tested in `repeating`.
        4 => " rec:weekly due:2026-12-01",
        5 => " rec:1 t:2026-12-01 @phone",
        _ => "",
    };
    format!("t{number}{part}")
}

fn word_that_begins(text: &str, with: &str) -> Option<String> {
    text.split(' ')
        .rfind(|word| word.starts_with(with))
        .map(str::to_owned)
}

/// Returns the text after an edit; `fresh` is an unused number.
pub(crate) fn edited(text: &str, edit: Edit, fresh: u32) -> String {
    let line = Line::new(text);
    let replaced = |old: &str, new: &str| {
        let words = text
            .split(' ')
            .map(|word| if word == old { new } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    let after = match edit {
        Edit::Word => line.with_tag(&format!("w{fresh}")),
        Edit::Reword => match word_that_begins(text, "w") {
            Some(old) => Ok(replaced(&old, &format!("w{fresh}"))),
            None => line.with_tag(&format!("w{fresh}")),
        },
        Edit::Tag(key) => {
            let tag = format!("k{key}:{fresh}");
            match word_that_begins(text, &format!("k{key}:")) {
                Some(old) => Ok(replaced(&old, &tag)),
                None => line.with_tag(&tag),
            }
        }
        Edit::Untag(key) => match word_that_begins(text, &format!("k{key}:")) {
            Some(old) => line.without_tag(&old),
            None => Ok(text.to_owned()),
        },
        // Also tags that other edits write, in any spelling, and dates.
        Edit::Project => match fresh % 7 {
            0 => line.with_tag("+WORK"),
            1 => line.with_tag("+work"),
            2 => line.without_tag("+Work"),
            3 => line.with_due(Some(some_day(fresh))),
            4 => line.with_start(Some(some_day(fresh))),
            _ => line.with_tag(&format!("+p{fresh}")),
        },
        Edit::Priority(letter) => {
            let letter = char::from(b'A' + letter % 26).to_string();
            line.with_priority(Priority::parse(&letter))
        }
        Edit::NoPriority => line.with_priority(None),
        Edit::Toggle if line.is_done() => line.reopened(),
        Edit::Toggle => Ok(line.completed(day(fresh))),
        Edit::Forbidden => line.with_tag(FORBIDDEN),
    };
    after.unwrap_or_else(|_| text.to_owned())
}

/// Returns a different day for each number.
fn some_day(fresh: u32) -> Date {
    let first = Date::constant(2026, 12, 2);
    first.checked_add(i64::from(fresh).days()).unwrap_or(first)
}

fn day(fresh: u32) -> Date {
    let day = i8::try_from(fresh % 28).unwrap_or_default() + 1;
    Date::constant(2026, 11, 1)
        .with()
        .day(day)
        .build()
        .unwrap_or(Date::constant(2026, 11, 1))
}
