use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

use super::{OPTION_HELP, TERM_HELP, TermError, TermProblem, parse_line, parse_terms, split};
use crate::domain::key::Key;
use crate::domain::line::Priority;
use crate::domain::query::{Days, LinePart, Options, Query, Scope, Sort, Term};
use crate::domain::todo::{SyncState, Todo};
use crate::domain::when::Calendar;

/// A Tuesday.
const TODAY: Date = date(2026, 11, 24);
const CALENDAR: Calendar = Calendar::new(TODAY);

fn one(word: &str) -> Result<Term, TermError> {
    let terms = parse_terms(&[word], CALENDAR)?;
    Ok(terms.into_iter().next().unwrap_or(Term::AnyOf(vec![])))
}

fn project(name: &str) -> Term {
    Term::Project(name.to_owned())
}

fn word(word: &str) -> Term {
    Term::Word(word.to_owned())
}

fn not(term: Term) -> Term {
    Term::Not(Box::new(term))
}

#[test]
fn each_kind_of_term_is_read() -> Result<(), TermError> {
    for (typed, term) in [
        ("Milk", word("Milk")),
        (" two words ", word("two words")),
        ("+home", project("home")),
        ("@Phone", Term::Context("Phone".to_owned())),
        ("state:Pending", Term::State(SyncState::Pending)),
        ("due:today", Term::Due(Days::on(TODAY))),
        ("due:overdue", Term::Due(Days::until(date(2026, 11, 23)))),
        ("due:any", Term::Due(Days::ANY)),
        (
            "due:this-week",
            Term::Due(Days::between(date(2026, 11, 23), date(2026, 11, 29))),
        ),
        ("t:any", Term::Start(Days::ANY)),
        ("t:..fri", Term::Start(Days::until(date(2026, 11, 27)))),
        ("done:yesterday", Term::Done(Days::on(date(2026, 11, 23)))),
        (
            "changed:-7d..today",
            Term::Changed(Days::between(date(2026, 11, 17), TODAY)),
        ),
        ("rec:any", Term::Has(LinePart::Recurrence)),
        ("no:due", not(Term::Has(LinePart::Due))),
        ("no:t", not(Term::Has(LinePart::Start))),
        ("no:pri", not(Term::Has(LinePart::Priority))),
        ("no:project", not(Term::Has(LinePart::Project))),
        ("no:context", not(Term::Has(LinePart::Context))),
        ("no:rec", not(Term::Has(LinePart::Recurrence))),
        ("not:+home", not(project("home"))),
        ("not:not:+home", project("home")),
        ("not:no:due", not(not(Term::Has(LinePart::Due)))),
    ] {
        assert_eq!(one(typed)?, term, "{typed}");
    }
    assert_eq!(
        Some(one("pri:a")?),
        Priority::parse("A").map(Term::Priority)
    );
    for typed in [
        "+", "@", "a:b", "http://a", ":", "12:30", "note:x", "\"", "a\"b",
    ] {
        assert_eq!(one(typed)?, word(typed), "{typed}");
    }
    Ok(())
}

#[test]
fn a_comma_separates_only_where_the_same_sign_follows() -> Result<(), TermError> {
    let any = |terms: &[Term]| Term::AnyOf(terms.to_vec());
    for (typed, term) in [
        ("+a,+b", any(&[project("a"), project("b")])),
        ("+a,b", project("a,b")),
        ("+a,@b", project("a,@b")),
        ("+\"a,+b\"", project("a,+b")),
        ("+\"a,+b\",+c", any(&[project("a,+b"), project("c")])),
        (
            "@a,@b,@c",
            any(&["a", "b", "c"].map(|name| Term::Context(name.to_owned()))),
        ),
        (
            "state:sent,rejected",
            any(&[
                Term::State(SyncState::Sent),
                Term::State(SyncState::Rejected),
            ]),
        ),
        ("not:+a,+b", not(any(&[project("a"), project("b")]))),
        ("a,b", word("a,b")),
    ] {
        assert_eq!(one(typed)?, term, "{typed}");
    }
    let priorities = ["A", "B"].map(|letter| Priority::parse(letter).map(Term::Priority));
    let priorities: Option<Vec<Term>> = priorities.into_iter().collect();
    assert_eq!(Some(one("pri:a,B")?), priorities.map(Term::AnyOf));
    Ok(())
}

#[test]
fn quoted_terms_are_words() -> Result<(), TermError> {
    assert_eq!(one("\"due:soon\"")?, word("due:soon"));
    assert_eq!(one("\"+home\"")?, word("+home"));
    assert_eq!(one("\"oat mi")?, word("oat mi"), "still being typed");
    let words: Vec<&str> = split(" +a \"oat milk\"  +\"b c\" say\"hi there\" ").collect();
    assert_eq!(
        words,
        ["+a", "\"oat milk\"", "+\"b c\"", "say\"hi", "there\""]
    );
    Ok(())
}

#[test]
fn a_blank_term_or_part_is_an_error_that_names_its_place() {
    for blank in [
        "",
        " ",
        "\t",
        "\u{a0}",
        "\u{200b}",
        "\u{301}",
        "not:",
        "\"\u{200b}\"",
    ] {
        let error = parse_terms(&["@kitchen", blank], CALENDAR);
        let found = error.map_err(|error| (error.place, error.problem));
        assert_eq!(found, Err((2, TermProblem::Blank)), "{blank:?}");
    }
    for blank in [
        "+a,",
        "+a,,+b",
        "pri:A,",
        "state:,sent",
        "+\" \"",
        "due:today,",
    ] {
        let found = one(blank).map_err(|error| error.problem);
        assert_eq!(found, Err(TermProblem::BlankPart), "{blank:?}");
    }
}

#[test]
fn a_known_prefix_with_an_unknown_value_names_place_and_nearest_term() {
    for (typed, problem, nearest) in [
        ("due:tomorow", TermProblem::Date, Some("due:tomorrow")),
        (
            "not:due:tomorow",
            TermProblem::Date,
            Some("not:due:tomorrow"),
        ),
        ("t:this-weak", TermProblem::Date, Some("t:this-week")),
        ("due:", TermProblem::Date, None),
        ("due:..", TermProblem::Date, None),
        ("due:a..b", TermProblem::Date, None),
        ("due:2026-02-30", TermProblem::Date, None),
        ("done:overdue", TermProblem::Date, None),
        ("due:fri..today", TermProblem::Reversed, None),
        ("state:pendign", TermProblem::State, Some("state:pending")),
        ("pri:AA", TermProblem::Priority, None),
        ("no:duo", TermProblem::Part, Some("no:due")),
        ("no:such", TermProblem::Part, None),
        ("rec:1w", TermProblem::Recurrence, None),
    ] {
        let found = parse_terms(&["a", typed], CALENDAR);
        let found = found.map_err(|error| (error.place, error.term, error.problem, error.nearest));
        let nearest = nearest.map(str::to_owned);
        assert_eq!(
            found,
            Err((2, typed.to_owned(), problem, nearest)),
            "{typed}"
        );
    }
}

#[test]
fn an_error_says_which_term_and_what_to_do() {
    let said = |typed| one(typed).map_err(|error| (error.to_string(), error.help()));
    let error = |message: &str, help: &str| Err((message.to_owned(), help.to_owned()));
    assert_eq!(
        said("due:tomorow"),
        error(
            "term 1, `due:tomorow`, is not a recognised date or range",
            "Did you mean `due:tomorrow`?"
        )
    );
    assert_eq!(
        said(" "),
        error(
            "term 1 is blank",
            "Leave it out, or enter text to search for."
        )
    );
}

#[test]
fn a_line_holds_terms_and_options() -> Result<(), TermError> {
    let query = parse_line("+work due:this-week --sort priority --reverse", CALENDAR)?;
    assert_eq!((query.sort, query.reverse), (Sort::Priority, true));
    assert_eq!(query.terms.len(), 2);
    assert_eq!(
        parse_line("--done --sort=text", CALENDAR)?.scope,
        Scope::Done
    );
    assert_eq!(parse_line("", CALENDAR)?.terms, []);
    for (line, place, problem, nearest) in [
        ("a --sort", 2, TermProblem::Sort, None),
        (
            "--sort priorty",
            1,
            TermProblem::Sort,
            Some("--sort priority"),
        ),
        ("a b --revers", 3, TermProblem::Option, Some("--reverse")),
        ("--limit 3", 1, TermProblem::Option, None),
        ("--done=x", 1, TermProblem::Option, Some("--done")),
        ("--done --all", 2, TermProblem::Contradiction, None),
    ] {
        let found = parse_line(line, CALENDAR);
        let found = found.map_err(|error| (error.place, error.problem, error.nearest));
        let nearest = nearest.map(str::to_owned);
        assert_eq!(found, Err((place, problem, nearest)), "{line}");
    }
    Ok(())
}

#[test]
fn only_terms_that_select_done_or_waiting_todos_show_them() -> Result<(), TermError> {
    let today = Some(TODAY);
    for (line, scope, hidden) in [
        ("", Scope::Open, today),
        ("+a due:today", Scope::Open, today),
        ("no:due no:t", Scope::Open, today),
        ("not:done:today not:t:any", Scope::Open, today),
        ("done:today", Scope::All, today),
        ("state:pending", Scope::All, today),
        ("state:pending,sent", Scope::All, today),
        ("t:any", Scope::Open, None),
        ("t:..fri", Scope::Open, None),
        ("--done", Scope::Done, today),
        ("--all", Scope::All, None),
    ] {
        let query = parse_line(line, CALENDAR)?;
        assert_eq!((query.scope, query.hide_waiting), (scope, hidden), "{line}");
    }
    Ok(())
}

#[test]
fn week_start_moves_this_week() -> Result<(), TermError> {
    let calendar = Calendar {
        today: TODAY,
        week_start: Weekday::Sunday,
    };
    let sunday_week = Days::between(date(2026, 11, 22), date(2026, 11, 28));
    let terms = parse_terms(&["due:this-week"], calendar)?;
    assert_eq!(terms, [Term::Due(sunday_week)]);
    Ok(())
}

#[test]
fn every_example_of_the_help_is_valid() -> Result<(), TermError> {
    for example in TERM_HELP.iter().flat_map(|entry| entry.examples) {
        one(example)?;
    }
    for example in OPTION_HELP.iter().flat_map(|entry| entry.examples) {
        let line = match *example {
            "--sort" => "--sort due",
            other => other,
        };
        parse_line(line, CALENDAR)?;
    }
    Ok(())
}

fn holds(typed: &str, text: &str) -> Result<bool, TermError> {
    let query = Query::list(vec![one(typed)?], Options::default(), CALENDAR);
    let todo = Todo {
        key: Key::new(Uuid::nil()),
        id: None,
        local: None,
        text: text.to_owned(),
        state: SyncState::Pending,
        created_at: None,
        updated_at: "2026-11-24T12:00:00Z".parse().ok(),
    };
    Ok(query.holds(&todo, &TimeZone::UTC))
}

#[test]
fn a_term_holds_for_what_it_describes() -> Result<(), TermError> {
    for (typed, yes, no) in [
        ("STRASSE", "Große Straße", "Stra e"),
        ("fine", "all ﬁne", "all ne"),
        ("+WORK", "a +Work", "a +workshop"),
        ("+strasse", "+Straße", "+Strase"),
        ("@cafe", "@CAFE", "@café"),
        ("+a,+b", "a +b", "+c"),
        ("not:+a,+b", "+c", "+b"),
        ("pri:A,B", "(B) a", "(C) a"),
        ("due:..fri", "a due:2026-11-27", "a due:2026-11-28"),
        ("due:any", "a due:2026-11-27", "a due:soon"),
        ("no:due", "a due:soon", "a due:2026-11-27"),
        ("no:pri", "a pri:A", "(A) a"),
        ("no:project", "a + b", "a +b"),
        ("rec:any", "a rec:+1w", "a rec:x"),
        ("no:rec", "a rec:x", "a rec:1d"),
        ("t:any", "a t:2027-01-01", "a"),
        ("state:pending", "x a", ""),
        ("changed:today", "a", "x a"),
        ("done:2026-11", "x 2026-11-02 a", "x 2026-12-01 a"),
        ("not:not:+a", "+a", "+b"),
    ] {
        assert!(holds(typed, yes)?, "{typed} of {yes}");
        if !no.is_empty() {
            assert!(!holds(typed, no)?, "{typed} of {no}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_words_are_terms_or_an_error(words in prop::collection::vec(any::<String>(), 0..4)) {
        if let Ok(terms) = parse_terms(&words, CALENDAR) {
            prop_assert_eq!(terms.len(), words.len());
        }
        let _ = parse_line(&words.join(" "), CALENDAR);
    }

    #[test]
    fn splitting_loses_nothing_but_white_space(line in "[a-z+@\":, ]{0,30}") {
        let joined: String = split(&line).collect();
        let bare = |text: &str| text.replace(' ', "");
        prop_assert_eq!(bare(&joined), bare(&line));
    }
}
