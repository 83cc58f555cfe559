use jiff::civil::{Date, date};

use super::{MAX_TYPED_CHARS, Notice, Rules, TypedError};
use crate::domain::line::Priority;

/// A Tuesday.
const RULES: Rules = Rules {
    today: date(2026, 11, 24),
    literal: false,
};
const LITERAL: Rules = Rules {
    literal: true,
    ..RULES
};

fn added(text: &str) -> Result<String, TypedError> {
    RULES.check(text).map(|typed| typed.text)
}

fn edited(before: &str, after: &str) -> Result<String, TypedError> {
    RULES.check_edit(before, after).map(|typed| typed.text)
}

#[test]
fn only_words_that_name_a_date_are_rewritten() -> Result<(), TypedError> {
    assert_eq!(
        added("  a  due:fri due:later today due:2026-01-01 t:+1w ")?,
        "a  due:2026-11-27 due:later today due:2026-01-01 t:2026-12-01"
    );
    assert_eq!(added("Due:Tomorrow a")?, "due:2026-11-25 a");
    assert_eq!(LITERAL.check("a due:fri")?.text, "a due:fri");
    Ok(())
}

#[test]
fn a_tab_becomes_a_space_and_a_byte_order_mark_is_skipped() {
    assert_eq!(added("\u{feff}(A)\tx\t").as_deref(), Ok("(A) x"));
}

#[test]
fn blank_texts_control_characters_and_long_texts_are_rejected() {
    for blank in ["", " ", "\t", "\u{feff}", "\u{a0}"] {
        assert_eq!(added(blank), Err(TypedError::Blank));
    }
    for found in ['\n', '\r', '\0', '\u{1b}', '\u{85}', '\u{2028}', '\u{2029}'] {
        let text = format!("a{found}b");
        assert_eq!(added(&text), Err(TypedError::Control { found }));
        assert_eq!(edited("a", &text), Err(TypedError::Control { found }));
        let tag = RULES.check_tag(&format!("+{text}"));
        assert_eq!(tag, Err(TypedError::Control { found }));
    }
    let longest = "é".repeat(MAX_TYPED_CHARS);
    assert_eq!(added(&longest), Ok(longest.clone()));
    let chars = MAX_TYPED_CHARS + 1;
    let long = format!("{longest}a");
    assert_eq!(added(&long), Err(TypedError::TooLong { chars }));
    assert_eq!(edited("a", &long), Err(TypedError::TooLong { chars }));
}

#[test]
fn unintended_text_is_noticed() -> Result<(), TypedError> {
    let not_a_date = |word: &str| Notice::NotADate { word: word.into() };
    let trailing = |word: &str| Notice::TrailingPriority { word: word.into() };
    for (text, notices) in [
        ("pay due:tomorow +home", vec![not_a_date("due:tomorow")]),
        ("pay due:2026-02-30", vec![not_a_date("due:2026-02-30")]),
        ("pay t:sonn", vec![not_a_date("t:sonn")]),
        ("pay (A)", vec![trailing("(A)")]),
        ("x pay", vec![Notice::Done]),
        ("pay due:fri", vec![]),
        ("when is it due: soon", vec![]),
        ("overdue:x at:y", vec![]),
        ("(A) pay (AB)", vec![]),
    ] {
        assert_eq!(RULES.check(text)?.notices, notices, "{text}");
    }
    assert_eq!(LITERAL.check("due:tomorow")?.notices, vec![]);
    Ok(())
}

#[test]
fn an_edit_that_changes_nothing_changes_nothing() {
    let long = "é".repeat(MAX_TYPED_CHARS + 2_000);
    for text in [
        "  lead and  trail  ",
        "due:tomorrow",
        "two\nlines\t\u{1b}[31m",
        long.as_str(),
        "",
    ] {
        let typed = RULES.check_edit(text, text);
        let typed = typed.map(|typed| (typed.text, typed.notices));
        assert_eq!(typed, Ok((text.to_owned(), vec![])));
    }
}

#[test]
fn one_word_edited_leaves_the_rest_byte_for_byte() -> Result<(), TypedError> {
    for (before, after, saved) in [
        ("  a  b  ", "  a  c  ", "  a  c  "),
        ("  a  b  ", "  A  b  ", "  A  b  "),
        ("  a ", "a", "a"),
        ("a", " a b ", "a b"),
        ("a due:tomorrow b", "a due:tomorrow c", "a due:tomorrow c"),
        ("a b", "a due:tomorrow b", "a due:2026-11-25 b"),
        ("due:fri a", "a due:fri", "a due:fri"),
        ("a\nb\u{7}c d", "a\nb\u{7}c e", "a\nb\u{7}c e"),
        ("a\nb d", "a\nx d", "a\nx d"),
        ("a\tb", "a\tb\tc", "a\tb c"),
    ] {
        assert_eq!(edited(before, after)?, saved, "{before:?} → {after:?}");
    }
    Ok(())
}

#[test]
fn an_edit_adds_no_control_characters() {
    let found = '\n';
    assert_eq!(
        edited("a\nb", "a\nb\nc"),
        Err(TypedError::Control { found })
    );
    assert_eq!(
        edited("a\nb", "c\nd\ne"),
        Err(TypedError::Control { found })
    );
}

#[test]
fn a_long_text_from_elsewhere_may_be_shortened_but_not_lengthened() {
    let word = "é".repeat(MAX_TYPED_CHARS);
    let long = format!("{word} {word}");
    let chars = long.chars().count() + 2;
    assert_eq!(edited(&long, &format!("a {word}")), Ok(format!("a {word}")));
    let longer = format!("{long} a");
    assert_eq!(edited(&long, &longer), Err(TypedError::TooLong { chars }));
}

#[test]
fn notices_are_about_what_is_new() -> Result<(), TypedError> {
    let typed = RULES.check_edit("a due:soon", "b due:soon due:later")?;
    let word = "due:later".to_owned();
    assert_eq!(typed.notices, [Notice::NotADate { word }]);
    Ok(())
}

#[test]
fn a_tag_is_signed_or_has_a_value() {
    for good in ["+home", "@phone", "due:2026-12-01", "a:b:c", " +x "] {
        assert!(RULES.check_tag(good).is_ok(), "{good}");
        assert!(RULES.check_old_tag(good).is_ok(), "{good}");
    }
    for bad in [
        "", "+", "home", "a b:c", "+a b", "key:", ":v", "a:\u{1b}", "1:2",
    ] {
        assert!(RULES.check_tag(bad).is_err(), "{bad}");
    }
    assert!(RULES.check_old_tag("due:").is_ok());
    assert!(RULES.check_old_tag(":").is_err());
    let tag = RULES.check_tag("due:fri").map(|typed| typed.text);
    assert_eq!(tag.as_deref(), Ok("due:2026-11-27"));
    assert_eq!(RULES.check_old_tag("due:fri").as_deref(), Ok("due:fri"));
}

#[test]
fn dates_and_priorities_are_parsed_alone() {
    let day: Date = date(2026, 11, 25);
    assert_eq!(RULES.check_date("Tomorrow"), Ok(Some(day)));
    assert_eq!(RULES.check_date("none"), Ok(None));
    assert!(RULES.check_date("soon").is_err());
    assert_eq!(RULES.check_priority("b"), Ok(Priority::parse("B")));
    assert_eq!(RULES.check_priority("none"), Ok(None));
    assert!(RULES.check_priority("AB").is_err());
}
