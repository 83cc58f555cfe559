//! Views: named queries, built in or from the user's `[views]`.

use jiff::ToSpan as _;

use crate::domain::query::{LinePart, Options, Query, Sort, Term};
use crate::domain::when::{Calendar, Days};

mod own;
pub use own::{OwnView, ViewError};

/// A named query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// A built-in view.
    Builtin(Builtin),
    /// A view of the user.
    Own(OwnView),
}

/// A built-in view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Builtin {
    /// Open todos that do not wait.
    #[default]
    Open,
    /// Due today or overdue.
    Today,
    /// Due today or within the six days after.
    Upcoming,
    /// Without a due date.
    NoDate,
    /// Done todos.
    Done,
    /// Every todo, including waiting ones.
    All,
}

impl Builtin {
    /// All built-in views, in the order of their keys.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Today,
        Self::Upcoming,
        Self::NoDate,
        Self::Done,
        Self::All,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Today => "Today",
            Self::Upcoming => "Upcoming",
            Self::NoDate => "No date",
            Self::Done => "Done",
            Self::All => "All",
        }
    }

    /// Its terms and options, as `list` takes them.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Today => "due:..today --sort due",
            Self::Upcoming => "due:today..+6d --sort due",
            Self::NoDate => "no:due",
            Self::Done => "--done",
            Self::All => "--all",
        }
    }

    /// Returns its query on this day.
    #[must_use]
    pub fn query(self, calendar: Calendar) -> Query {
        let today = calendar.today;
        let by_due = Options {
            sort: Some(Sort::Due),
            ..Options::default()
        };
        let (terms, options) = match self {
            Self::Open => (vec![], Options::default()),
            Self::Today => (vec![Term::Due(Days::until(today))], by_due),
            Self::Upcoming => {
                let days = Days {
                    from: Some(today),
                    to: today.checked_add(6.days()).ok(),
                };
                (vec![Term::Due(days)], by_due)
            }
            Self::NoDate => {
                let undated = Term::Not(Box::new(Term::Has(LinePart::Due)));
                (vec![undated], Options::default())
            }
            Self::Done => {
                let done = true;
                (
                    vec![],
                    Options {
                        done,
                        ..Options::default()
                    },
                )
            }
            Self::All => {
                let all = true;
                (
                    vec![],
                    Options {
                        all,
                        ..Options::default()
                    },
                )
            }
        };
        Query::list(terms, options, calendar)
    }
}

impl View {
    /// Returns the built-in views and the user's, in the order of their keys.
    #[must_use]
    pub fn all(own: &[OwnView]) -> Vec<Self> {
        let builtin = Builtin::ALL.into_iter().map(Self::Builtin);
        builtin.chain(own.iter().cloned().map(Self::Own)).collect()
    }

    /// Returns the view with this name, ignoring case.
    #[must_use]
    pub fn named(own: &[OwnView], name: &str) -> Option<Self> {
        let mut views = Self::all(own).into_iter();
        views.find(|view| same_name(view.name(), name.trim()))
    }

    /// Its terms and options, as `list` takes them.
    #[must_use]
    pub fn definition(&self) -> &str {
        match self {
            Self::Builtin(view) => view.definition(),
            Self::Own(view) => &view.definition,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Builtin(view) => view.name(),
            Self::Own(view) => view.name(),
        }
    }

    /// Returns its query on this day.
    ///
    /// # Errors
    ///
    /// As [`OwnView::query`].
    pub fn query(&self, calendar: Calendar) -> Result<Query, ViewError> {
        match self {
            Self::Builtin(view) => Ok(view.query(calendar)),
            Self::Own(view) => view.query(calendar),
        }
    }
}

fn same_name(one: &str, other: &str) -> bool {
    crate::domain::casefold::same_tag(one, other)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use jiff::civil::{Date, date};
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    use super::{Builtin, OwnView, View, ViewError};
    use crate::domain::key::Key;
    use crate::domain::query::{Scope, Sort};
    use crate::domain::terms::{parse_line, parse_terms};
    use crate::domain::todo::{SyncState, Todo};
    use crate::domain::when::Calendar;

    const TODAY: Date = date(2026, 11, 26);

    fn todo(text: &str) -> Todo {
        Todo {
            key: Key::new(Uuid::nil()),
            id: None,
            local: None,
            text: text.to_owned(),
            state: SyncState::Synced,
            created_at: None,
            updated_at: None,
        }
    }

    #[test]
    fn each_built_in_view_shows_what_its_name_says() {
        use Builtin::{All, Done, NoDate, Open, Today, Upcoming};
        let cases: [(&str, &[Builtin]); 10] = [
            ("a", &[Open, NoDate, All]),
            ("a due:2026-11-25", &[Open, Today, All]),
            ("a due:2026-11-26", &[Open, Today, Upcoming, All]),
            ("a due:2026-12-02", &[Open, Upcoming, All]),
            ("a due:2026-12-03", &[Open, All]),
            (
                "a due:2026-11-26 t:2026-11-26",
                &[Open, Today, Upcoming, All],
            ),
            ("a due:2026-11-26 t:2026-11-27", &[All]),
            ("a t:2026-11-27", &[All]),
            ("x 2026-11-26 a due:2026-11-26", &[Done, All]),
            ("x 2026-11-26 a t:2026-11-27", &[Done, All]),
        ];
        for (text, views) in cases {
            let shown: Vec<Builtin> = Builtin::ALL
                .into_iter()
                .filter(|view| {
                    let query = view.query(Calendar::new(TODAY));
                    query.holds(&todo(text), &TimeZone::UTC)
                })
                .collect();
            assert_eq!(shown, views, "{text}");
        }
    }

    #[test]
    fn a_built_in_view_is_what_its_definition_says() -> Result<(), Box<dyn Error>> {
        let calendar = Calendar::new(TODAY);
        for view in Builtin::ALL {
            assert_eq!(
                view.query(calendar),
                parse_line(view.definition(), calendar)?
            );
        }
        Ok(())
    }

    #[test]
    fn a_user_defined_view_is_terms_and_options() -> Result<(), ViewError> {
        let calendar = Calendar::new(TODAY);
        let work = OwnView::parse("Work", "+work due:this-week --sort priority", calendar)?;
        let query = work.query(calendar)?;
        assert_eq!((query.scope, query.sort), (Scope::Open, Sort::Priority));
        assert_eq!(query.terms.len(), 2);

        let own = [work.clone()];
        assert_eq!(View::named(&own, "work"), Some(View::Own(work)));
        let no_date = View::Builtin(Builtin::NoDate);
        assert_eq!(View::named(&own, " NO DATE"), Some(no_date));
        assert_eq!(View::named(&own, "play"), None);
        assert_eq!(View::all(&own).len(), 7);
        Ok(())
    }

    #[test]
    fn an_invalid_view_is_an_error() {
        let parse = |name: &str, line: &str| OwnView::parse(name, line, Calendar::new(TODAY));
        assert_eq!(parse(" ", "+a"), Err(ViewError::Unnamed));
        assert!(matches!(
            parse("done", "+a"),
            Err(ViewError::Builtin { .. })
        ));
        let Err(error @ ViewError::Term { .. }) = parse("a", "+a due:tomorow") else {
            unreachable!("the term is wrong")
        };
        assert_eq!(error.help(), "Did you mean `due:tomorrow`?");
        let reversed = parse("a", "due:2026-12-02..2026-12-01");
        assert!(matches!(reversed, Err(ViewError::Term { .. })));
    }

    #[test]
    fn a_view_of_past_days_is_empty_and_no_error() -> Result<(), ViewError> {
        let until_christmas = "due:today..2026-12-24";
        let since_advent = "due:2026-11-29..today";
        for (definition, day) in [
            (until_christmas, date(2026, 12, 25)),
            (since_advent, date(2026, 11, 28)),
        ] {
            let calendar = Calendar::new(day);
            let view = OwnView::parse("Advent", definition, calendar)?;
            let query = view.query(calendar)?;
            let holds = |text: &str| query.holds(&todo(text), &TimeZone::UTC);
            assert!(!holds("a due:2026-12-24") && !holds("a due:2026-11-29"));
            let advent = view.query(Calendar::new(date(2026, 12, 1)))?;
            assert!(advent.holds(&todo("a due:2026-12-01"), &TimeZone::UTC));
        }
        Ok(())
    }

    #[test]
    fn terms_added_to_a_view_show_the_same_todos_as_in_a_list() -> Result<(), Box<dyn Error>> {
        let calendar = Calendar::new(TODAY);
        let within = |view: Builtin, line: &str| {
            let terms = parse_terms(&[line], calendar)?;
            Ok::<_, Box<dyn Error>>(view.query(calendar).narrowed(terms))
        };
        let waiting = within(Builtin::Today, "t:any")?;
        assert!(waiting.holds(&todo("a due:2026-11-26 t:2026-12-01"), &TimeZone::UTC));
        let done = within(Builtin::Open, "done:today")?;
        assert!(done.holds(&todo("x 2026-11-26 a"), &TimeZone::UTC));
        assert_eq!(within(Builtin::Done, "done:today")?.scope, Scope::Done);
        assert_eq!(within(Builtin::Today, "no:t")?.scope, Scope::Open);
        Ok(())
    }
}
