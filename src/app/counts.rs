//! Counts of todos that the store keeps no counter for: they are counted row by row
//! after the frame, and are blank until then.

use crate::app::groups::{Grouping, Heading};
use crate::app::model::Model;
use crate::domain::due::DueGroup;
use crate::domain::query::{Query, Sort};
use crate::domain::todo::Todo;
use crate::domain::view::View;

/// Lists to count row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncounted {
    /// The user's own views, in order.
    pub views: Vec<Query>,
    /// A list whose groups are counted.
    pub grouped: Option<(Query, Grouping)>,
}

/// The counts requested with [`Uncounted`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// Those of the user's own views, in order.
    pub views: Vec<u64>,
    /// The list whose groups were counted.
    pub list: Option<Query>,
    /// The number of rows in each group that has any.
    pub groups: Vec<(Heading, u64)>,
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
        let grouping = Grouping::of(model.list.query(), calendar);
        let grouped = grouping
            .filter(|_| model.groups && !has_counters(model))
            .map(|grouping| (model.list.query().clone(), grouping));
        (!views.is_empty() || grouped.is_some()).then_some(Self { views, grouped })
    }

    /// Counts every list. `each` passes the rows of a list on and returns false if
    /// it stopped early; the result is `None` then.
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
        if let Some((query, grouping)) = &self.grouped {
            let complete = each(query, &mut |todo| {
                let heading = grouping.heading(&todo.text);
                match counted.groups.last_mut() {
                    Some((last, count)) if *last == heading => *count += 1,
                    _ => counted.groups.push((heading, 1)),
                }
            })?;
            if !complete {
                return Ok(None);
            }
            counted.list = Some(query.clone());
        }
        Ok(Some(counted))
    }
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
        if self.counted.list.as_ref() != Some(self.list.query()) {
            return None;
        }
        let mut groups = self.counted.groups.iter();
        groups.find(|(it, _)| *it == heading).map(|(_, n)| *n)
    }
}
