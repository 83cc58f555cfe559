//! Counts of todos that the store keeps no counter for: they are counted row by row
//! after the frame, and are blank until then.

use crate::app::groups::{Grouping, Heading};
use crate::app::model::Model;
use crate::domain::due::DueGroup;
use crate::domain::query::{Query, Scope, Sort};
use crate::domain::terms::{parse_terms, split};
use crate::domain::todo::Todo;
use crate::domain::view::View;

/// Lists to count row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncounted {
    /// The user's own views, in order.
    pub views: Vec<Query>,
    /// The list, if its rows are counted, and how they are grouped.
    pub list: Option<(Query, Option<Grouping>)>,
    /// What the search of a list of open todos finds among those that are done.
    pub done: Option<Query>,
}

/// The counts requested with [`Uncounted`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Those of the user's own views, in order.
    pub views: Vec<u64>,
    /// The list whose rows were counted.
    pub list: Option<Query>,
    /// The number of its rows.
    pub rows: u64,
    /// The number of rows in each of its groups that has any.
    pub groups: Vec<(Heading, u64)>,
    /// How many done todos its search finds, if it shows open ones.
    pub done: Option<u64>,
}

impl Uncounted {
    /// The counts that a screen shows without a counter in the store, if any.
    pub(super) fn of(model: &Model) -> Option<Self> {
        let calendar = model.calendar();
        let own = model.views.all().iter().filter_map(|view| match view {
            View::Builtin(_) => None,
            View::Own(view) => Some(view.query(calendar).unwrap_or_else(|_| Query::nothing())),
        });
        let views: Vec<Query> = own.collect();
        let list = model.list.query();
        let grouping = Grouping::of(list, calendar);
        let grouping = grouping.filter(|_| model.groups && !has_counters(model));
        let is_search = !model.search.is_empty();
        let uncounted = Self {
            views,
            list: (is_search || grouping.is_some()).then(|| (list.clone(), grouping)),
            done: done(model).filter(|_| is_search && list.scope == Scope::Open),
        };
        let is_empty = uncounted.views.is_empty() && uncounted.list.is_none();
        (!is_empty).then_some(uncounted)
    }

    /// Counts every list. `each` passes the rows of a list on, in any order, and returns
    /// false if it stopped early; the result is `None` then.
    ///
    /// # Errors
    ///
    /// Those of `each`.
    pub fn count<E>(
        &self,
        mut each: impl FnMut(&Query, &mut dyn FnMut(&Todo)) -> Result<bool, E>,
    ) -> Result<Option<Counted>, E> {
        let mut counted = Counted::default();
        for view in &self.views {
            let mut count = 0;
            if !each(view, &mut |_| count += 1)? {
                return Ok(None);
            }
            counted.views.push(count);
        }
        if let Some((query, grouping)) = &self.list {
            let (rows, groups) = (&mut counted.rows, &mut counted.groups);
            let complete = each(query, &mut |todo| {
                *rows += 1;
                let Some(grouping) = grouping else { return };
                let heading = grouping.heading(&todo.text);
                match groups.iter_mut().find(|(group, _)| *group == heading) {
                    Some((_, count)) => *count += 1,
                    None => groups.push((heading, 1)),
                }
            })?;
            if !complete {
                return Ok(None);
            }
            counted.list = Some(query.clone());
        }
        if let Some(query) = &self.done {
            let mut count = 0;
            if !each(query, &mut |_| count += 1)? {
                return Ok(None);
            }
            counted.done = Some(count);
        }
        Ok(Some(counted))
    }
}

/// The done todos that the search finds.
fn done(model: &Model) -> Option<Query> {
    let words: Vec<&str> = split(&model.search).collect();
    let terms = parse_terms(&words, model.calendar()).ok()?;
    Some(Query {
        scope: Scope::Done,
        terms,
        ..Query::default()
    })
}

/// Returns whether the groups of the list are those of all open todos by due date,
/// which the store has counters of.
fn has_counters(model: &Model) -> bool {
    let whole = model.search.is_empty() && model.views.is_home();
    whole && model.list.query().sort == Sort::Due
}

impl Model {
    /// The number of todos in the view with this index; `None` while it is not
    /// known.
    #[must_use]
    pub fn view_count(&self, index: usize) -> Option<u64> {
        self.views.count(index, self.counts, &self.counted.views)
    }

    /// The number of rows below a heading of the list; `None` while it is not
    /// known.
    #[must_use]
    pub fn group_count(&self, heading: Heading) -> Option<u64> {
        if has_counters(self) {
            let Heading::Due(group) = heading else {
                return None;
            };
            let at = DueGroup::ALL.iter().position(|it| *it == group)?;
            return self.due_groups?.get(at).copied();
        }
        let mut groups = self.counted_rows()?.groups.iter();
        groups.find(|(it, _)| *it == heading).map(|(_, n)| *n)
    }

    /// The number of todos that the search finds in the list, and among those that are
    /// done; `None` while that is not known.
    #[must_use]
    pub fn found(&self) -> (Option<u64>, Option<u64>) {
        let counted = self.counted_rows();
        let loaded = self.list.whole_length().map(|rows| rows as u64);
        let rows = loaded.or_else(|| counted.map(|counted| counted.rows));
        (rows, counted.and_then(|counted| counted.done))
    }

    /// The counts of the list, once its rows are counted.
    fn counted_rows(&self) -> Option<&Counted> {
        let is_current = self.counted.list.as_ref() == Some(self.list.query());
        is_current.then_some(&self.counted)
    }
}
