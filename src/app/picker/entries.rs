//! What the palette and the help list.

use crate::app::action::{Action, Day, Layer};
use crate::app::bindings::{Binding, TABLE};
use crate::app::connection::ConnectionState;
use crate::app::model::Model;
use crate::app::picker::{Choice, Listed, PickerEntry};
use crate::app::screen::Screen;
use crate::app::theme::ThemeName;
use crate::domain::line::Line;
use crate::domain::todo::SyncState;

/// Everything that can be done or shown from the list.
pub(super) fn palette(model: &Model) -> Vec<PickerEntry> {
    let mut entries: Vec<PickerEntry> = actions(model, false).collect();
    entries.extend(views(model));
    entries.extend(tags(model));
    entries.extend(ThemeName::ALL.into_iter().map(|theme| {
        let note = if theme == model.theme { "current" } else { "" };
        shown(
            format!("theme: {}", theme.name()),
            note,
            Choice::Theme(theme),
        )
    }));
    entries.extend(actions(model, true));
    entries.extend(model.list.rows().iter().map(|row| PickerEntry {
        listed: Listed::Typed,
        ..shown(
            format!("go to: {}", row.todo.text),
            "",
            Choice::Todo(row.todo.key),
        )
    }));
    entries.push(PickerEntry {
        listed: Listed::WithText,
        ..shown(
            "search todos for this text".to_owned(),
            "",
            Choice::SearchTyped,
        )
    });
    entries
}

/// The actions of the list, or those that only move.
fn actions(model: &Model, motions: bool) -> impl Iterator<Item = PickerEntry> {
    let rows = TABLE.iter().filter(move |row| {
        matches!(row.layer, Layer::List | Layer::Global)
            && !matches!(row.action, Action::Palette)
            && motion(row.action) == motions
    });
    rows.map(move |row| entry(row, String::new(), obstacle(model, row.action), model))
}

/// The keys of every screen, those of the one in front first.
pub(super) fn help(model: &Model) -> Vec<PickerEntry> {
    let here = model.layer();
    let first = [here, Layer::Global];
    let rest = Layer::ALL
        .into_iter()
        .filter(|layer| !first.contains(layer));
    let mut entries = Vec::new();
    for layer in first.into_iter().chain(rest) {
        for row in TABLE.iter().filter(|row| row.layer == layer) {
            let obstacle = if first.contains(&layer) {
                obstacle(model, row.action)
            } else {
                Some(format!("works elsewhere: {}", layer.title().to_lowercase()))
            };
            entries.push(entry(row, row.name.to_owned(), obstacle, model));
        }
    }
    entries
}

fn entry(row: &Binding, note: String, obstacle: Option<String>, model: &Model) -> PickerEntry {
    let keys = model.keymap.label(row.layer, row.action);
    PickerEntry {
        group: row.layer.title(),
        label: row.help.to_owned(),
        note,
        keys,
        choice: Choice::Act(row.action),
        obstacle,
        listed: if is_one_of_many(row.action, model) {
            Listed::Typed
        } else {
            Listed::Always
        },
    }
}

fn shown(label: String, note: &str, choice: Choice) -> PickerEntry {
    PickerEntry {
        group: "",
        label,
        note: note.to_owned(),
        keys: String::new(),
        choice,
        obstacle: None,
        listed: Listed::Always,
    }
}

fn views(model: &Model) -> impl Iterator<Item = PickerEntry> {
    model
        .views
        .all()
        .iter()
        .enumerate()
        .map(move |(index, view)| {
            let count = model.view_count(index);
            let note = count.map(|count| count.to_string()).unwrap_or_default();
            let key = u8::try_from(index + 1).ok();
            let key = key.and_then(|n| model.keymap.hint(Layer::List, Action::ChooseView(n)));
            PickerEntry {
                keys: key.unwrap_or_default(),
                ..shown(format!("view: {}", view.name()), &note, Choice::View(index))
            }
        })
}

fn tags(model: &Model) -> impl Iterator<Item = PickerEntry> {
    let projects = model.tags.projects.iter().map(|tag| ("project", '+', tag));
    let contexts = model.tags.contexts.iter().map(|tag| ("context", '@', tag));
    projects.chain(contexts).map(|(kind, sign, tag)| {
        let search = format!("{sign}{}", tag.name);
        shown(
            format!("{kind}: {search}"),
            &format!("{} open", tag.open),
            Choice::Search(search.clone()),
        )
    })
}

const fn motion(action: Action) -> bool {
    matches!(
        action,
        Action::Down
            | Action::Up
            | Action::First
            | Action::Last
            | Action::PageDown
            | Action::PageUp
            | Action::HalfPageDown
            | Action::HalfPageUp
            | Action::DetailsDown
            | Action::DetailsUp
            | Action::Back
            | Action::ChooseView(_)
    )
}

/// Returns whether an action is one of a long series, listed only if typed.
fn is_one_of_many(action: Action, model: &Model) -> bool {
    if let Action::SetPriority(Some(letter)) = action {
        return letter > 'C';
    }
    matches!(action, Action::ChooseView(n) if usize::from(n) > model.views.all().len())
}

/// Why an action is not possible now, if it is not.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other actions are always possible"
)]
fn obstacle(model: &Model, action: Action) -> Option<String> {
    if !matches!(model.screen, Screen::List) {
        return None;
    }
    let selected = model.list.selected().map(|row| &row.todo);
    let none_selected = model.marks.is_empty() && selected.is_none();
    let may = model.capabilities.as_ref();
    let one = selected.filter(|_| model.marks.is_empty());
    let reason = match action {
        Action::Edit
        | Action::EditExternally
        | Action::ToggleDone
        | Action::Delete
        | Action::SetDue(_)
        | Action::AskStart
        | Action::SetPriority(_)
        | Action::CopyText
        | Action::Mark
            if none_selected =>
        {
            "no todo is selected"
        }
        Action::Tour if !model.demo => "only in the demo",
        Action::Add if may.is_some_and(|may| !may.insert) => "your role may not add todos",
        Action::Edit
        | Action::EditExternally
        | Action::ToggleDone
        | Action::SetDue(_)
        | Action::AskStart
        | Action::SetPriority(_)
            if may.is_some_and(|may| !may.update) =>
        {
            "your role may not change todos"
        }
        Action::Delete if may.is_some_and(|may| !may.delete) => "your role may not delete todos",
        Action::SetDue(Day::None)
            if one.is_some_and(|todo| Line::new(&todo.text).due().is_none()) =>
        {
            "this todo has none"
        }
        Action::SetPriority(None)
            if one.is_some_and(|todo| Line::new(&todo.text).priority().is_none()) =>
        {
            "this todo has none"
        }
        Action::RetryChange
        | Action::Merge
        | Action::KeepMine
        | Action::AddAsNew
        | Action::DropChange
            if selected.is_none_or(|todo| todo.state != SyncState::Rejected) =>
        {
            "for a rejected change only"
        }
        Action::Sync | Action::Login if model.offline => "started with --offline",
        Action::Sync if model.connection == ConnectionState::LoggedOut => "logged out",
        Action::Sidebar if model.layout().sidebar.width == 0 => "needs 130 columns",
        _ => return None,
    };
    Some(reason.to_owned())
}
