//! Changes that are not on the server: shown in the queue; rejected ones are
//! decided about from the queue, the list and the details.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an action that means nothing on this screen does nothing"
)]

use crate::app::action::Action;
use crate::app::editor::{Editor, Purpose};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::picker::PickerKind;
use crate::app::queue::{QueueScreen, is_rejected, texts};
use crate::app::screen::{Question, Screen};
use crate::app::stamp::Stamp;
use crate::app::update::todos::{change, commit};
use crate::domain::change::{Act, Progress, REMOVED_ELSEWHERE};
use crate::domain::key::Key;
use crate::domain::line::Line;
use crate::domain::push_outcome::Queued;
use crate::domain::todo::SyncState;

/// Opens the queue.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.screen = Screen::Queue(QueueScreen::default());
    vec![Effect::Queue]
}

/// Shows the outbox that was read.
pub(super) fn read(model: &mut Model, items: Vec<Queued>) -> Vec<Effect> {
    if let Screen::Queue(queue) = model.main_screen_mut() {
        queue.fill(items);
        model.touch();
    }
    Vec::new()
}

/// Carries out an action of the queue.
pub(super) fn on_queue(model: &mut Model, action: Action, stamp: Stamp) -> Vec<Effect> {
    let Screen::Queue(queue) = &mut model.screen else {
        return Vec::new();
    };
    let end = isize::try_from(queue.items.len()).unwrap_or(isize::MAX);
    match action {
        Action::Down => queue.step(1),
        Action::Up => queue.step(-1),
        Action::First => queue.step(-end),
        Action::Last => queue.step(end),
        Action::Cancel => model.leave(),
        Action::Undo => return super::todos::undo(stamp),
        Action::Sync => return super::connection::sync(model),
        Action::RetryAll => return retry_all(model),
        Action::Help => return super::picker::open(model, PickerKind::Help),
        action => return act(model, action),
    }
    Vec::new()
}

/// Carries out a decision about a rejected change, from any screen.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Screen::Queue(queue) = &model.screen {
        let Some(queued) = queue.selected().cloned() else {
            model.say("the queue is empty");
            return Vec::new();
        };
        return decide(model, action, &queued);
    }
    let Some(row) = model.list.selected() else {
        return Vec::new();
    };
    let key = row.todo.key;
    if row.todo.state != SyncState::Rejected {
        model.say("only for a rejected change; this todo has none");
        return Vec::new();
    }
    let Some(queued) = rejected_of(model, key) else {
        model.deciding = Some((key, action));
        return vec![Effect::Details { key }];
    };
    decide(model, action, &queued)
}

/// The rejected change of a todo, as far as the details are known.
fn rejected_of(model: &Model, key: Key) -> Option<Queued> {
    let details = model
        .pane
        .read
        .as_ref()
        .filter(|details| details.key == key)?;
    details
        .changes
        .iter()
        .find(|queued| is_rejected(queued))
        .cloned()
}

/// Carries out the decision that waited for the details of a todo.
pub(super) fn details_read(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some((decided, action)) = model.deciding.take() else {
        return Vec::new();
    };
    match rejected_of(model, key) {
        Some(queued) if decided == key => decide(model, action, &queued),
        _ => Vec::new(),
    }
}

fn decide(model: &mut Model, action: Action, queued: &Queued) -> Vec<Effect> {
    let seq = queued.entry.seq;
    let rejected = is_rejected(queued);
    let sent = matches!(queued.entry.progress, Progress::Sent { .. });
    match action {
        Action::RetryChange if rejected => {
            model.say("retrying");
            vec![Effect::Retry { seqs: vec![seq] }]
        }
        Action::RetryChange => super::connection::sync(model),
        Action::DropChange if sent => {
            model.alert("cannot drop a sent change: it may have arrived");
            Vec::new()
        }
        Action::DropChange => ask(model, Question::Drop, queued),
        Action::Merge | Action::KeepMine | Action::AddAsNew if !rejected => {
            model.say("only for a rejected change; this one is not rejected");
            Vec::new()
        }
        Action::Merge => merge(model, queued),
        Action::KeepMine if is_deleted_elsewhere(queued) => {
            let help = help(model, &[(Action::AddAsNew, "to add yours as a new todo")]);
            model.say(format!("deleted elsewhere{help}"));
            Vec::new()
        }
        Action::KeepMine => ask(model, Question::KeepMine, queued),
        Action::AddAsNew => add_as_new(model, queued),
        _ => Vec::new(),
    }
}

/// `: press n to …, D to …`, with the keys on this screen; empty if there are none.
fn help(model: &Model, choices: &[(Action, &str)]) -> String {
    let key = |action| model.keymap.hint(model.layer(), action);
    let choices = choices
        .iter()
        .filter_map(|(action, what)| Some(format!("{} {what}", key(*action)?)));
    let choices: Vec<String> = choices.collect();
    if choices.is_empty() {
        return String::new();
    }
    format!(": press {}", choices.join(", "))
}

fn is_deleted_elsewhere(queued: &Queued) -> bool {
    matches!(&queued.entry.progress, Progress::Rejected(rejection) if rejection.code == REMOVED_ELSEWHERE)
}

fn merge(model: &mut Model, queued: &Queued) -> Vec<Effect> {
    let texts = texts(queued);
    match (texts.mine, texts.theirs) {
        (Some(mine), Some(theirs)) => {
            let purpose = Purpose::Merge {
                key: queued.entry.change.todo,
                seq: queued.entry.seq,
                mine: mine.to_owned(),
                theirs: theirs.to_owned(),
            };
            model.screen = Screen::Editor(Editor::new(purpose, mine));
        }
        (Some(mine), None) => {
            let purpose = Purpose::Edit {
                key: queued.entry.change.todo,
                before: mine.to_owned(),
            };
            model.screen = Screen::Editor(Editor::new(purpose, mine));
        }
        (None, _) => {
            let keep = (Action::KeepMine, "to delete anyway");
            let drop = (Action::DropChange, "to drop it");
            let help = help(model, &[keep, drop]);
            model.say(format!("a deletion has no text{help}"));
        }
    }
    Vec::new()
}

fn ask(model: &mut Model, question: Question, queued: &Queued) -> Vec<Effect> {
    model.screen = Screen::Confirm {
        question,
        queued: Box::new(queued.clone()),
        from_queue: matches!(model.screen, Screen::Queue(_)),
    };
    Vec::new()
}

/// Handles the answer to a question.
pub(super) fn answered(model: &mut Model, yes: bool, stamp: Stamp) -> Vec<Effect> {
    let Screen::Confirm {
        question,
        queued,
        from_queue,
    } = &model.screen
    else {
        return Vec::new();
    };
    let (question, queued, from_queue) = (*question, queued.clone(), *from_queue);
    let mut effects = if from_queue {
        open(model)
    } else {
        model.leave();
        Vec::new()
    };
    if !yes {
        return effects;
    }
    let texts = texts(&queued);
    match question {
        Question::Drop => {
            let text = texts.mine.or(texts.was).unwrap_or_default();
            model.say(format!("dropped: {}", Line::new(text).words_only()));
            effects.push(Effect::Drop {
                seq: queued.entry.seq,
            });
        }
        Question::KeepMine => {
            let before = texts.theirs.or(texts.was).unwrap_or_default().to_owned();
            let act = match texts.mine {
                Some(mine) => Act::Edit {
                    before,
                    after: mine.to_owned(),
                },
                None => Act::Remove { before },
            };
            model.report("kept yours", texts.mine.unwrap_or("deleted"));
            let changes = vec![change(stamp, 0, queued.entry.change.todo, act)];
            effects.extend(commit(model, "edited", changes));
        }
    }
    effects
}

fn add_as_new(model: &mut Model, queued: &Queued) -> Vec<Effect> {
    let texts = texts(queued);
    let Some(mine) = texts.mine else {
        model.say("a deletion has no text to add");
        return Vec::new();
    };
    let words = Line::new(mine).words_only();
    model.say(format!("added as a new todo: {words}"));
    vec![Effect::AddAsNew {
        seq: queued.entry.seq,
        text: mine.to_owned(),
    }]
}

fn retry_all(model: &mut Model) -> Vec<Effect> {
    let Screen::Queue(queue) = &model.screen else {
        return Vec::new();
    };
    let seqs: Vec<i64> = queue
        .items
        .iter()
        .filter(|queued| is_rejected(queued))
        .map(|queued| queued.entry.seq)
        .collect();
    if seqs.is_empty() {
        return super::connection::sync(model);
    }
    model.say(format!("retrying {}", seqs.len()));
    vec![Effect::Retry { seqs }]
}
