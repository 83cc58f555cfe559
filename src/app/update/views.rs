//! Which todos the list shows, in which order: views, projects, contexts.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::{Action, Layer};
use crate::app::counts::{Counted, Uncounted};
use crate::app::effect::Effect;
use crate::app::layout::WITH_SIDEBAR;
use crate::app::model::Model;
use crate::app::picker::PickerKind;
use crate::app::screen::Screen;
use crate::app::sidebar::{self, SidebarEntry};
use crate::app::tags::TagCounts;
use crate::app::update::search;
use crate::app::views::SortOrder;
use crate::domain::list::{DueCounts, ViewCounts};
use crate::domain::query::Sort;

/// Shows the view with this index.
pub(super) fn choose(model: &mut Model, index: usize) -> Vec<Effect> {
    if !model.views.choose(index) {
        model.say(format!("no view {}", index + 1));
        return Vec::new();
    }
    model.search.clear();
    show(model)
}

/// Shows the next or the previous view.
pub(super) fn step(model: &mut Model, by: isize) -> Vec<Effect> {
    model.views.step(by);
    model.search.clear();
    show(model)
}

/// Shows the current view; the selected todo stays selected if the view has it.
pub(super) fn show(model: &mut Model) -> Vec<Effect> {
    let query = search::query(model);
    model.list.show(query)
}

/// Sorts by the next key.
pub(super) fn cycle_sort(model: &mut Model) -> Vec<Effect> {
    let query = model.list.query();
    let sort = match query.sort {
        Sort::Due => Sort::Priority,
        Sort::Priority => Sort::Created,
        Sort::Created => Sort::Text,
        Sort::Text => Sort::Server,
        Sort::Server => Sort::Due,
    };
    model.views.set_order(SortOrder {
        sort,
        reverse: false,
    });
    let query = search::query(model);
    model.list.show(query)
}

/// Reverses the order.
pub(super) fn reverse_sort(model: &mut Model) -> Vec<Effect> {
    let query = model.list.query();
    let order = SortOrder {
        sort: query.sort,
        reverse: !query.reverse,
    };
    model.views.set_order(order);
    let query = search::query(model);
    model.list.show(query)
}

/// Goes into the sidebar.
pub(super) fn into_sidebar(model: &mut Model) -> Vec<Effect> {
    if model.layout().sidebar.width == 0 {
        let help = |action, words: &str| {
            let words = |key| format!(": {key} {words}");
            model.keymap.hint_words(Layer::List, action, words)
        };
        let why = if model.pane.open {
            let closes = help(Action::Details, "closes them");
            format!("the sidebar is hidden while the details are open{closes}")
        } else {
            let next = help(Action::NextView, "shows the next view");
            format!("the sidebar needs a terminal of {WITH_SIDEBAR} columns{next}")
        };
        model.say(why);
        return Vec::new();
    }
    model.screen = Screen::Sidebar(model.views.current());
    Vec::new()
}

/// Carries out an action of the sidebar.
pub(super) fn on_sidebar(model: &mut Model, action: Action) -> Vec<Effect> {
    let entries = sidebar::entries(model);
    let last = sidebar::selectable(&entries, entries.len()).saturating_sub(1);
    let Screen::Sidebar(at) = &mut model.screen else {
        return Vec::new();
    };
    match action {
        Action::Down => *at = (*at + 1).min(last),
        Action::Up => *at = at.saturating_sub(1),
        Action::First => *at = 0,
        Action::Last => *at = last,
        Action::Submit => {
            let row = sidebar::row_of(&entries, *at);
            model.leave();
            return match row.and_then(|row| entries.get(row)) {
                Some(entry) => open(model, entry),
                None => Vec::new(),
            };
        }
        Action::Help => return super::picker::open(model, PickerKind::Help),
        Action::Cancel => model.leave(),
        _ => {}
    }
    Vec::new()
}

/// Shows the view or the tag of an entry.
pub(super) fn open(model: &mut Model, entry: &SidebarEntry) -> Vec<Effect> {
    match entry {
        SidebarEntry::View { name, .. } => {
            let index = model
                .views
                .all()
                .iter()
                .position(|view| view.name() == name);
            index.map_or_else(Vec::new, |index| choose(model, index))
        }
        SidebarEntry::Tag { sign, name, .. } => {
            model.search = format!("{sign}{name}");
            show(model)
        }
        SidebarEntry::Blank | SidebarEntry::Title(_) => Vec::new(),
    }
}

/// Requests the counts of views, groups, projects and contexts.
pub(super) fn counts(model: &Model) -> impl Iterator<Item = Effect> {
    stored_counts(model).into_iter().chain(rows_to_count(model))
}

/// Requests the counts that the store keeps.
pub(super) const fn stored_counts(model: &Model) -> [Effect; 2] {
    let calendar = model.calendar();
    [
        Effect::Counts { calendar },
        Effect::Tags {
            today: calendar.today,
        },
    ]
}

/// Requests the counts that the store does not keep, if any are shown.
fn rows_to_count(model: &Model) -> Option<Effect> {
    Uncounted::of(model).map(Effect::Count)
}

/// Shows counts that were read. Where they changed, the others may have changed as well.
pub(super) fn counted(model: &mut Model, views: ViewCounts, due_groups: DueCounts) -> Vec<Effect> {
    let known = (model.counts, model.due_groups);
    if known == (Some(views), Some(due_groups)) {
        return Vec::new();
    }
    model.touch();
    model.counts = Some(views);
    model.due_groups = Some(due_groups);
    // The first time, they are requested together.
    let is_first = known.0.is_none();
    let changed = (!is_first).then(|| rows_to_count(model));
    changed.flatten().into_iter().collect()
}

/// Completes to the projects and contexts that were read, and shows them if the screen
/// does.
pub(super) fn tags_read(model: &mut Model, tags: TagCounts) -> Vec<Effect> {
    if model.tags == tags {
        return Vec::new();
    }
    let is_plain = matches!(model.screen, Screen::List) && model.search.is_empty();
    if !is_plain || model.layout().sidebar.width > 0 {
        model.touch();
    }
    model.tags = tags;
    rows_to_count(model).into_iter().collect()
}

/// Shows counts of rows.
pub(super) fn counted_rows(model: &mut Model, counted: Counted) -> Vec<Effect> {
    if model.counted != counted {
        model.touch();
        model.counted = counted;
    }
    Vec::new()
}

/// Shows the list again on a new day: rows move between views and groups.
pub(super) fn day_began(model: &mut Model) -> Vec<Effect> {
    model.touch();
    show(model)
}
