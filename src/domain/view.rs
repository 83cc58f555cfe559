//! Views: named queries, built in or the user's own from `[views]`.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::domain::query::{Options, Part, Query, Sort, Term};
use crate::domain::terms::{TermError, TermProblem, parse_line, parse_view};
use crate::domain::when::{Calendar, Days};

/// A named query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// One that every user has.
    Builtin(Builtin),
    /// One of the user's.
    Own(OwnView),
}

/// A view that every user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Builtin {
    /// Open todos that do not wait.
    #[default]
    Open,
    /// Due today or late.
    Today,
    /// Due today or within the six days after.
    Upcoming,
    /// Without a due date.
    NoDate,
    /// Done todos.
    Done,
    /// Every todo, waiting ones too.
    All,
}

impl Builtin {
    /// Every built-in view, in the order of their keys.
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

    /// What it shows on this day.
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
                let undated = Term::Not(Box::new(Term::Has(Part::Due)));
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

/// A view of the user's own: terms and options as `list` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnView {
    name: String,
    definition: String,
}

/// Why a view of the user's own cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// It has no name.
    #[error("a view has no name")]
    Unnamed,
    /// A built-in view has this name.
    #[error("`{name}` is a view of tudone itself")]
    Builtin {
        /// The name.
        name: String,
    },
    /// Its terms or options.
    #[error("view `{name}`")]
    Term {
        /// The name.
        name: String,
        /// Which term, and why.
        source: TermError,
    },
}

impl ViewError {
    /// What the user can do next, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unnamed | Self::Builtin { .. } => "Choose another name.".to_owned(),
            Self::Term { source, .. } => source.help(),
        }
    }
}

impl OwnView {
    /// Reads a view as `[views]` has it.
    ///
    /// # Errors
    ///
    /// See [`ViewError`].
    pub fn parse(name: &str, definition: &str, calendar: Calendar) -> Result<Self, ViewError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(ViewError::Unnamed);
        }
        if Builtin::ALL.iter().any(|view| same_name(view.name(), name)) {
            let name = name.to_owned();
            return Err(ViewError::Builtin { name });
        }
        match parse_line(definition, calendar) {
            Err(source) if !is_reversed_today_only(&source, definition, calendar) => {
                let name = name.to_owned();
                Err(ViewError::Term { name, source })
            }
            Ok(_) | Err(_) => Ok(Self {
                name: name.to_owned(),
                definition: definition.to_owned(),
            }),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it shows on this day. A range that is over, such as
    /// `due:today..2026-12-24` after that day, holds for no todo.
    ///
    /// # Errors
    ///
    /// A term that cannot be read on this day: `due:+9999y`.
    pub fn query(&self, calendar: Calendar) -> Result<Query, ViewError> {
        parse_view(&self.definition, calendar).map_err(|source| ViewError::Term {
            name: self.name.clone(),
            source,
        })
    }
}

impl View {
    /// The built-in views and the user's own, in the order of their keys.
    #[must_use]
    pub fn all(own: &[OwnView]) -> Vec<Self> {
        let builtin = Builtin::ALL.into_iter().map(Self::Builtin);
        builtin.chain(own.iter().cloned().map(Self::Own)).collect()
    }

    /// The view with this name, in any case.
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

    /// What it shows on this day.
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

/// Returns whether a range ends before it begins today, but not on every day.
fn is_reversed_today_only(error: &TermError, definition: &str, calendar: Calendar) -> bool {
    let long_ago = Date::constant(1970, 1, 1);
    let far_off = Date::constant(2400, 1, 1);
    error.problem == TermProblem::Reversed
        && [long_ago, far_off].into_iter().any(|today| {
            let calendar = Calendar { today, ..calendar };
            parse_line(definition, calendar).is_ok()
        })
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
    use crate::domain::todo::{State, Todo};
    use crate::domain::when::Calendar;

    const TODAY: Date = date(2026, 11, 26);

    fn todo(text: &str) -> Todo {
        Todo {
            key: Key::new(Uuid::nil()),
            id: None,
            local: None,
            text: text.to_owned(),
            state: State::Synced,
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
    fn a_view_of_ones_own_is_terms_and_options() -> Result<(), ViewError> {
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
    fn a_view_that_means_nothing_is_refused() {
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
    fn a_view_of_days_that_are_over_is_empty_and_no_mistake() -> Result<(), ViewError> {
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
    fn terms_added_to_a_view_widen_it_as_they_widen_a_list() -> Result<(), Box<dyn Error>> {
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
