//! Leaving an account and opening another one.

use crate::app::account::LeftAccount;
use crate::app::counts::Counted;
use crate::app::details::DetailsPane;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::tags::TagCounts;
use crate::app::unfinished::UnfinishedLine;
use crate::app::update::search;
use crate::app::views::RememberedList;
use crate::domain::list::{Freshness, Totals};

/// Forgets everything about the account: another one will be opened. Returns what to
/// keep of it.
pub(super) fn leave(model: &mut Model) -> LeftAccount {
    let left = model.left_account();
    model.opening = true;
    model.loaded = false;
    model.theme = model.configured_theme;
    model.views.choose(0);
    model.search.clear();
    model.marks.clear();
    model.marking = false;
    model.totals = Totals::default();
    model.freshness = Freshness::default();
    model.counts = None;
    model.due_groups = None;
    model.counted = Counted::default();
    model.tags = TagCounts::default();
    model.capabilities = None;
    model.blocked = None;
    model.deciding = None;
    model.pane = DetailsPane {
        open: model.pane.open,
        ..DetailsPane::default()
    };
    model.lines.clear();
    model.returned.clear();
    model.offered.clear();
    let query = search::query(model);
    let unsaved = model.list.clear(query);
    model.left_behind.extend(unsaved);
    left
}

/// Shows the account that is open now as it was the last time. The same account as
/// before stays as it is.
pub(super) fn opened(
    model: &mut Model,
    remembered: Option<RememberedList>,
    unfinished: Vec<UnfinishedLine>,
) -> Vec<Effect> {
    model.touch();
    if !std::mem::take(&mut model.opening) {
        return super::disk::changed(model);
    }
    let selected = remembered.and_then(|list| model.restore(&list));
    model.offer(unfinished);
    let query = search::query(model);
    model.list.show_at(query, selected)
}

/// Reports that the store of another account cannot be opened.
pub(super) fn open_failed(model: &mut Model, reason: String) -> Vec<Effect> {
    model.touch();
    model.alert(reason);
    Vec::new()
}
