use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{Line, Priority};

const TODAY: Date = date(2026, 11, 24);

#[test]
fn completing_moves_the_priority_to_the_end_and_reopening_back() {
    let done = Line::new("(A) buy milk +home").completed(TODAY);
    assert_eq!(done, "x 2026-11-24 buy milk +home pri:A");
    assert_eq!(Line::new(&done).priority(), Priority::parse("A"));
    assert_eq!(Line::new(&done).completed_on(), Some(TODAY));
    assert_eq!(Line::new(&done).reopened(), "(A) buy milk +home");
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
        assert_eq!(Line::new(&done).reopened(), text);
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
fn changing_a_part_leaves_the_rest_byte_for_byte() {
    let line = Line::new("(A)  a\u{1b}[31m  due:2026-12-02\tb  +p ");
    assert_eq!(
        line.with_due(Some(TODAY)),
        "(A)  a\u{1b}[31m  due:2026-11-24\tb  +p "
    );
    assert_eq!(line.with_due(None), "(A)  a\u{1b}[31m \tb  +p ");
    assert_eq!(
        line.without_tag("+p"),
        "(A)  a\u{1b}[31m  due:2026-12-02\tb  "
    );
    assert_eq!(line.with_tag("+p"), line.text());
    assert_eq!(
        line.with_tag("@c"),
        "(A)  a\u{1b}[31m  due:2026-12-02\tb  +p @c"
    );
    assert_eq!(
        line.with_priority(None),
        " a\u{1b}[31m  due:2026-12-02\tb  +p "
    );
}

#[test]
fn parts_of_a_done_line_are_changed_before_its_priority() {
    let line = Line::new("x 2026-11-24 a pri:A");
    assert_eq!(line.with_tag("+p"), "x 2026-11-24 a +p pri:A");
    assert_eq!(
        line.with_priority(Priority::parse("C")),
        "x 2026-11-24 a pri:C"
    );
    assert_eq!(line.with_priority(None), "x 2026-11-24 a");
}

#[test]
fn the_first_word_takes_the_space_after_it_along() {
    assert_eq!(Line::new("+p a b").without_tag("+p"), "a b");
    assert_eq!(Line::new("+p").without_tag("+p"), "");
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
    fn completing_and_reopening_an_open_line_changes_nothing(text in lines()) {
        prop_assume!(!Line::new(&text).is_done());
        let done = Line::new(&text).completed(TODAY);
        prop_assert!(Line::new(&done).is_done());
        prop_assert_eq!(Line::new(&done).completed_on(), Some(TODAY));
        prop_assert_eq!(Line::new(&done).reopened(), text);
    }

    #[test]
    fn any_text_can_be_read_and_changed(text in lines(), tag in "[+@]\\w{1,4}") {
        let line = Line::new(&text);
        let _ = (line.priority(), line.due(), line.completed_on(), line.tags().count());
        prop_assume!(line.words().all(|word| word != tag));
        let tagged = line.with_tag(&tag);
        prop_assert!(Line::new(&tagged).words().any(|word| word == tag));
        prop_assert!(!Line::new(&tagged).without_tag(&tag).contains(&tag) || text.contains(&tag));
        let due = line.with_due(Some(TODAY));
        prop_assert_eq!(Line::new(&due).due(), Some(TODAY));
        prop_assert_eq!(Line::new(&line.with_due(None)).due(), None);
    }

    #[test]
    fn a_part_that_is_set_and_put_back_leaves_the_line_as_it_was(text in "[a-z +@:]{0,20}") {
        prop_assume!(!Line::new(&text).is_done() && Line::new(&text).priority().is_none());
        let with = Line::new(&text).with_priority(Priority::parse("B"));
        prop_assert_eq!(Line::new(&with).with_priority(None), text);
    }
}
