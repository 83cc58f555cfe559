use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{Line, LineError, LineParts, Priority, Revision};

type TestResult = Result<(), LineError>;

const TODAY: Date = date(2026, 11, 24);

#[test]
fn completing_moves_the_priority_to_the_end_and_reopening_back() {
    let done = Line::new("(A) buy milk +home").completed(TODAY);
    assert_eq!(done, "x 2026-11-24 buy milk +home pri:A");
    assert_eq!(Line::new(&done).priority(), Priority::parse("A"));
    assert_eq!(Line::new(&done).completed_on(), Some(TODAY));
    assert_eq!(
        Line::new(&done).reopened(),
        Ok("(A) buy milk +home".to_owned())
    );
    assert_eq!(Line::new(&done).completed(TODAY), done);
}

#[test]
fn a_word_that_only_looks_like_a_kept_priority_survives() {
    for text in [
        "a pri:B",
        "a pri:B ",
        "pri:B",
        " pri:B",
        "(A) ",
        "",
        "(A) a pri:B",
    ] {
        let done = Line::new(text).completed(TODAY);
        assert_eq!(Line::new(&done).reopened(), Ok(text.to_owned()));
    }
}

#[test]
fn only_a_lower_case_x_and_a_space_is_done() {
    assert!(Line::new("x buy").is_done());
    for open in ["X buy", "xbuy", "x", " x buy", "(A) x buy"] {
        assert!(!Line::new(open).is_done(), "{open}");
    }
}

#[test]
fn only_an_upper_case_letter_in_brackets_at_the_start_is_a_priority() {
    assert_eq!(Line::new("(B) a").priority(), Priority::parse("b"));
    for none in [
        "(b) a", "(B)a", "a (B) b", "(BB) a", " (B) a", "pri:A a", "(é) a",
    ] {
        assert_eq!(Line::new(none).priority(), None, "{none}");
    }
}

#[test]
fn tags_are_neither_addresses_nor_times() {
    let line = Line::new(
        "see http://a.example/b at 12:30 due:2026-12-01 note: k:v C:\\x a::b +p @c mail@x +",
    );
    assert_eq!(
        line.tags().collect::<Vec<_>>(),
        [("due", "2026-12-01"), ("k", "v")]
    );
    assert_eq!(line.projects().collect::<Vec<_>>(), ["p"]);
    assert_eq!(line.contexts().collect::<Vec<_>>(), ["c"]);
    assert_eq!(line.due(), Some(date(2026, 12, 1)));
}

#[test]
fn the_first_well_formed_due_date_counts() {
    let line = Line::new("a due:2026-13-01 due:soon due:2026-12-02 due:2026-12-03");
    assert_eq!(line.due(), Some(date(2026, 12, 2)));
}

#[test]
fn the_first_well_formed_start_date_counts() {
    let line = Line::new("a t:soon at:2026-12-01 t:2026-12-02 t:2026-12-03");
    assert_eq!(line.start(), Some(date(2026, 12, 2)));
}

#[test]
fn done_lines_are_read_as_other_programs_write_them() -> TestResult {
    let b = Priority::parse("B");
    let (done, created) = (date(2026, 5, 20), date(2026, 4, 30));
    for (text, priority, completed_on, created_on, open) in [
        (
            "x (B) 2026-05-20 2026-04-30 a",
            b,
            Some(done),
            Some(created),
            "(B) 2026-04-30 a",
        ),
        (
            "x 2026-05-20 (B) 2026-04-30 a",
            b,
            Some(done),
            Some(created),
            "(B) 2026-04-30 a",
        ),
        (
            "x 2026-05-20 2026-04-30 a",
            None,
            Some(done),
            Some(created),
            "2026-04-30 a",
        ),
        (
            "x 2026-05-20 2026-04-30 (B) a",
            None,
            Some(done),
            Some(created),
            "2026-04-30 (B) a",
        ),
        ("x (B) a", b, None, None, "(B) a"),
        ("x (B) 2026-05-20 a", b, Some(done), None, "(B) a"),
        ("x 2026-05-20 (B) a", b, Some(done), None, "(B) a"),
        ("x 2026-05-20 a pri:B", b, Some(done), None, "(B) a"),
        ("x 2026-05-20 a pri:B +p", b, Some(done), None, "(B) a +p"),
        ("x 2026-05-20 pri:B a", b, Some(done), None, "(B) a"),
        ("x a", None, None, None, "a"),
    ] {
        let line = Line::new(text);
        assert_eq!(line.priority(), priority, "{text}");
        assert_eq!(line.completed_on(), completed_on, "{text}");
        assert_eq!(line.created_on(), created_on, "{text}");
        assert_eq!(line.reopened()?, open, "{text}");
    }
    Ok(())
}

#[test]
fn a_creation_date_follows_the_priority_of_an_open_line() {
    let created = Some(date(2026, 4, 30));
    assert_eq!(Line::new("(A) 2026-04-30 a").created_on(), created);
    assert_eq!(Line::new("2026-04-30 2026-05-01 a").created_on(), created);
    for none in ["a 2026-04-30", "2026-04-30a", "(a) 2026-04-30 a"] {
        assert_eq!(Line::new(none).created_on(), None, "{none}");
    }
}

#[test]
fn changing_a_part_leaves_the_rest_byte_for_byte() -> TestResult {
    let line = Line::new("(A)  a\u{1b}[31m  due:2026-12-02\tb  +p ");
    assert_eq!(
        line.with_due(Some(TODAY))?,
        "(A)  a\u{1b}[31m  due:2026-11-24\tb  +p "
    );
    assert_eq!(line.with_due(None)?, "(A)  a\u{1b}[31m \tb  +p ");
    assert_eq!(
        line.without_tag("+p")?,
        "(A)  a\u{1b}[31m  due:2026-12-02\tb  "
    );
    assert_eq!(line.with_tag("+p")?, line.text());
    assert_eq!(
        line.with_tag("@c")?,
        "(A)  a\u{1b}[31m  due:2026-12-02\tb  +p @c "
    );
    assert_eq!(
        line.with_priority(None)?,
        " a\u{1b}[31m  due:2026-12-02\tb  +p "
    );
    Ok(())
}

#[test]
fn a_tag_that_is_added_and_removed_leaves_the_line_as_it_was() -> TestResult {
    for text in [
        "a ",
        "  a  b  ",
        "(A)  a ",
        "x 2026-11-24 a pri:A",
        "x 2026-11-24 a  pri:A",
        "x 2026-11-24 a pri:A ",
        "x 2026-11-24 a\t",
        "a\u{a0}",
    ] {
        for tag in ["+p", "due:2026-12-01", "t:2026-12-01", "k:v"] {
            let tagged = Line::new(text).with_tag(tag)?;
            assert_eq!(Line::new(&tagged).without_tag(tag)?, text, "{tagged:?}");
            assert_eq!(
                Line::new(&tagged).priority(),
                Line::new(text).priority(),
                "{tagged:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn parts_of_a_done_line_are_changed_before_its_priority() -> TestResult {
    let line = Line::new("x 2026-11-24 a pri:A");
    let c = Priority::parse("C");
    assert_eq!(line.with_tag("+p")?, "x 2026-11-24 a +p pri:A");
    assert_eq!(line.with_priority(c)?, "x 2026-11-24 a pri:C");
    assert_eq!(line.with_priority(None)?, "x 2026-11-24 a");
    Ok(())
}

#[test]
fn a_done_line_never_gets_a_second_priority() -> TestResult {
    let c = Priority::parse("C");
    for (text, with_c, without) in [
        (
            "x 2026-11-24 a pri:A +p",
            "x 2026-11-24 a pri:C +p",
            "x 2026-11-24 a +p",
        ),
        ("x (A) 2026-11-24 a", "x (C) 2026-11-24 a", "x 2026-11-24 a"),
        (
            "x 2026-11-24 (A) 2026-11-01 a",
            "x 2026-11-24 (C) 2026-11-01 a",
            "x 2026-11-24 2026-11-01 a",
        ),
        (
            "x 2026-11-24 a pri:A ",
            "x 2026-11-24 a pri:C",
            "x 2026-11-24 a",
        ),
    ] {
        let line = Line::new(text);
        assert_eq!(line.with_priority(c)?, with_c);
        assert_eq!(line.with_tag("pri:C")?, with_c);
        assert_eq!(line.with_priority(None)?, without);
    }
    Ok(())
}

#[test]
fn an_edit_that_would_change_the_meaning_of_the_rest_is_an_error() {
    let none = |text| Line::new(text).with_priority(None);
    let undue = |text| Line::new(text).with_due(None);
    let untagged = |text| Line::new(text).without_tag("+p");
    let done = |rest: &str| Err(LineError::Done { rest: rest.into() });
    let priority = |rest: &str| Err(LineError::Priority { rest: rest.into() });
    let date = |rest: &str| Err(LineError::Date { rest: rest.into() });

    assert_eq!(undue("due:2027-02-03 x ray"), done("x ray"));
    assert_eq!(none("(A) x Find prices"), done("x Find prices"));
    assert_eq!(none("(A) (B) a"), priority("(B) a"));
    assert_eq!(
        none("x 2026-11-01 (B) a pri:A"),
        priority("x 2026-11-01 (B) a")
    );
    assert_eq!(none("(A) "), Ok(String::new()), "blank before, too");
    assert_eq!(untagged("+p (A) foo"), priority("(A) foo"));
    assert_eq!(untagged("+p x foo"), done("x foo"));
    assert_eq!(untagged("+p 2026-01-01 foo"), date("2026-01-01 foo"));
    assert_eq!(
        untagged("x 2026-11-01 +p 2026-01-01 foo"),
        date("x 2026-11-01 2026-01-01 foo")
    );
    for alone in ["+p", " +p ", "(A) +p", "x 2026-11-01 +p", "+p +P"] {
        assert_eq!(untagged(alone), Err(LineError::Empty), "{alone:?}");
    }
    assert_eq!(Line::new("x 2026-11-01 x foo").reopened(), done("x foo"));
}

#[test]
fn only_the_result_of_several_changes_is_checked() -> TestResult {
    let swap = [
        Revision::RemoveTag("+p".to_owned()),
        Revision::AddTag("+q".to_owned()),
    ];
    assert_eq!(Revision::apply_all(&swap, "+p")?, "+q");
    let early = [
        Revision::Due(None),
        Revision::Priority(Priority::parse("A")),
    ];
    assert_eq!(
        Revision::apply_all(&early, "due:2026-12-01 (B) a")?,
        "(A) a"
    );
    Ok(())
}

#[test]
fn tags_are_one_in_any_case() -> TestResult {
    let line = Line::new("a +Work b +WORK @Straße Note:x");
    assert_eq!(line.without_tag("+work")?, "a b @Straße Note:x");
    assert_eq!(line.with_tag("+work")?, line.text());
    assert_eq!(line.with_tag("@STRASSE")?, line.text());
    assert_eq!(line.without_tag("note:")?, "a +Work b +WORK @Straße");
    Ok(())
}

#[test]
fn a_date_tag_replaces_the_existing_date() -> TestResult {
    assert_eq!(
        Line::new("due:2026-11-01 a").with_tag("due:2026-12-01")?,
        "due:2026-12-01 a"
    );
    assert_eq!(
        Line::new("a t:2026-11-01 b").with_tag("t:2026-12-01")?,
        "a t:2026-12-01 b"
    );
    Ok(())
}

#[test]
fn the_first_word_takes_the_space_after_it_along() -> TestResult {
    assert_eq!(Line::new("+p a b").without_tag("+p")?, "a b");
    assert_eq!(Line::new("+p +p a").without_tag("+p")?, "a");
    Ok(())
}

fn lines() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("x".to_owned()),
        Just("(A)".to_owned()),
        Just("pri:A".to_owned()),
        Just("2026-11-01".to_owned()),
        Just("due:2026-11-01".to_owned()),
        Just("+p".to_owned()),
        Just(String::new()),
        "\\PC{0,5}",
        any::<String>(),
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn words_are_split_at_any_white_space(text in "[ a\t\u{b}\u{1c}\u{85}\u{a0}\u{2003}\u{3000}é]{0,12}") {
        let words: Vec<_> = Line::new(&text).words().collect();
        prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn parts_read_together_are_those_read_one_by_one(
        words in prop::collection::vec(
            prop_oneof![
                "(due|t|rec|k):(2026-11-0[0-3]|1w|\\+2b|:x|//x|)",
                "[+@][a:é]{0,2}",
                "\\PC{0,4}",
            ],
            0..8,
        ),
        space in "[ \t\u{a0}]",
    ) {
        let text = words.join(&space);
        let line = Line::new(&text);
        let parts = LineParts {
            projects: line.projects().collect(),
            contexts: line.contexts().collect(),
            tags: line.tags().collect(),
            due: line.due(),
            start: line.start(),
            recurrence: line.recurrence(),
        };
        prop_assert_eq!(line.parts(), parts);
    }

    #[test]
    fn completing_and_reopening_an_open_line_changes_nothing(text in lines()) {
        prop_assume!(!Line::new(&text).is_done());
        let done = Line::new(&text).completed(TODAY);
        prop_assert!(Line::new(&done).is_done());
        prop_assert_eq!(Line::new(&done).completed_on(), Some(TODAY));
        prop_assert_eq!(Line::new(&done).reopened(), Ok(text));
    }

    #[test]
    fn any_text_can_be_read_and_changed(text in lines(), tag in "[+@]\\w{1,4}") {
        let line = Line::new(&text);
        let _ = (line.due(), line.completed_on(), line.tags().count());
        let reading = |line: Line<'_>| (line.is_done(), line.priority(), line.created_on());
        prop_assume!(!line.words().any(|word| crate::domain::casefold::same_tag(word, &tag)));
        if let Ok(tagged) = line.with_tag(&tag) {
            prop_assert!(Line::new(&tagged).words().any(|word| word == tag));
            prop_assert_eq!(reading(Line::new(&tagged)), reading(line));
            if !line.body().trim().is_empty() {
                prop_assert_eq!(Line::new(&tagged).without_tag(&tag), Ok(text.clone()));
            }
        }
        if let Ok(due) = line.with_due(Some(TODAY)) {
            prop_assert_eq!(Line::new(&due).due(), Some(TODAY));
            prop_assert_eq!(reading(Line::new(&due)), reading(line));
        }
        if let Ok(undue) = line.with_due(None) {
            prop_assert_eq!(Line::new(&undue).due(), None);
            prop_assert_eq!(reading(Line::new(&undue)), reading(line));
        }
        for priority in [None, Priority::parse("C")] {
            if let Ok(after) = line.with_priority(priority) {
                prop_assert_eq!(Line::new(&after).priority(), priority);
                prop_assert_eq!(Line::new(&after).is_done(), line.is_done());
            }
        }
        if let Ok(open) = line.reopened() {
            prop_assert!(!Line::new(&open).is_done());
        }
    }

    #[test]
    fn a_part_that_is_set_and_restored_leaves_the_line_unchanged(text in "[a-z +@:]{0,20}") {
        prop_assume!(!Line::new(&text).is_done() && Line::new(&text).priority().is_none());
        let with = Line::new(&text).with_priority(Priority::parse("B"));
        let back = with.and_then(|with| Line::new(&with).with_priority(None));
        prop_assert_eq!(back, Ok(text));
    }
}

#[test]
fn only_the_words_are_left_of_a_line() {
    for (text, words) in [
        ("(A) call mum due:2026-11-27 @phone", "call mum @phone"),
        (
            "x 2026-11-27 water the plants rec:3d pri:B",
            "water the plants",
        ),
        ("t:2026-12-01 x ray", "t:2026-12-01 x ray"),
        ("", ""),
    ] {
        assert_eq!(Line::new(text).words_only(), words);
    }
}
