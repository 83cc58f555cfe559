//! Dispatches actions to the screen in front.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::Action;
use crate::app::editor;
use crate::app::editor::DayField;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::picker::PickerKind;
use crate::app::screen::Screen;
use crate::app::stamp::Stamp;
use crate::app::tour::Tour;
use crate::app::update::{
    connection, details, line, login, paste, picker, queue, search, todos, views,
};

/// Carries out `action` on the screen in front.
pub(super) fn act(model: &mut Model, action: Action, stamp: Stamp) -> Vec<Effect> {
    model.touch();
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if matches!(model.screen, Screen::List) {
        advance_tour(model, action);
    }
    match &mut model.screen {
        Screen::List => on_list(model, action, stamp),
        Screen::Editor(_) => line::act(model, action, stamp),
        Screen::Sidebar(_) => views::on_sidebar(model, action),
        Screen::Queue(_) => queue::on_queue(model, action, stamp),
        Screen::Confirm { .. } => queue::answered(model, action == Action::Confirm, stamp),
        Screen::Search(line) => match action {
            Action::Submit => search::keep(model),
            Action::Cancel => search::drop(model),
            Action::Down => model.list.step(1),
            Action::Up => model.list.step(-1),
            Action::Complete => search::complete(model),
            _ if editor::edited(&mut line.input, action) => search::changed(model),
            _ => Vec::new(),
        },
        Screen::Paste { .. } => paste::answered(model, action, stamp),
        Screen::Picker(_) => picker::on_picker(model, action, stamp),
        Screen::Login(_) => login::act(model, action),
    }
}

fn on_list(model: &mut Model, action: Action, stamp: Stamp) -> Vec<Effect> {
    match action {
        Action::Down => model.list.step(1),
        Action::Up => model.list.step(-1),
        Action::First => model.list.to_first(),
        Action::Last => model.list.to_last(),
        Action::PageDown => model.list.page(2),
        Action::PageUp => model.list.page(-2),
        Action::HalfPageDown => model.list.page(1),
        Action::HalfPageUp => model.list.page(-1),
        Action::Add => line::add(model),
        Action::Edit => line::edit(model),
        Action::EditExternally => line::edit_externally(model),
        Action::SetDue(day) => todos::set_due(model, day, stamp),
        Action::AskStart => todos::ask_day(model, DayField::Start),
        Action::SetPriority(letter) => todos::set_priority(model, letter, stamp),
        Action::CopyText => todos::copy(model),
        Action::Mark => todos::mark(model),
        Action::MarkAll => todos::mark_all(model),
        Action::Details => details::toggle(model),
        Action::DetailsDown => details::scroll(model, 1),
        Action::DetailsUp => details::scroll(model, -1),
        Action::Queue => queue::open(model),
        Action::RetryChange
        | Action::Merge
        | Action::KeepMine
        | Action::AddAsNew
        | Action::DropChange => queue::act(model, action),
        Action::ToggleDone => todos::toggle_done(model, stamp),
        Action::Delete => todos::delete(model, stamp),
        Action::Undo => todos::undo(stamp),
        Action::Redo => todos::redo(stamp),
        Action::Search => search::open(model),
        Action::Back => search::back(model),
        Action::NextView => views::step(model, 1),
        Action::PreviousView => views::step(model, -1),
        Action::ChooseView(n) => views::choose(model, usize::from(n).saturating_sub(1)),
        Action::Sidebar => views::into_sidebar(model),
        Action::CycleSort => views::cycle_sort(model),
        Action::ReverseSort => views::reverse_sort(model),
        Action::Sync => connection::sync(model),
        Action::Login => login::open(model),
        Action::Palette => picker::open(model, PickerKind::Palette),
        Action::Help => picker::open(model, PickerKind::Help),
        Action::Tour => toggle_tour(model),
        _ => Vec::new(),
    }
}

fn toggle_tour(model: &mut Model) -> Vec<Effect> {
    if model.demo {
        model.tour = match model.tour {
            Some(_) => None,
            None => Some(Tour::default()),
        };
    } else {
        model.alert("the tour is part of `tudone demo`");
    }
    Vec::new()
}

fn advance_tour(model: &mut Model, action: Action) {
    let Some(tour) = model.tour else { return };
    model.tour = tour.after(action);
    if model.tour.is_none() {
        model.say("that was the tour: the rest is in the help");
    }
}
