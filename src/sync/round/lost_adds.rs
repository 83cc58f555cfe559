//! Matches adds whose answer was lost with rows that have no key of this client,
//! because the backend is, or was, bare.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::domain::change::{Act, MAY_BE_ADDED, Progress, Rejection};
use crate::domain::feed::Capabilities;
use crate::domain::key::Key;
use crate::domain::push_outcome::{PushOutcome, Queued};
use crate::domain::todo::Row;
use crate::sync::plan;
use crate::sync::remote::Remote;
use crate::sync::round::outcome::applied;
use crate::sync::round::{Halt, Round};

/// The most rows that a message names.
const MAX_NAMED: usize = 5;

impl<R: Remote, N: Fn() -> Timestamp> Round<'_, R, N> {
    /// Decides, after a complete pull, about every add that may have arrived: a
    /// newer row with its text is its row; without newer rows it did not arrive and
    /// is sent again; otherwise the user decides. Returns whether any was answered
    /// or rejected.
    pub(super) fn match_lost_adds(&mut self, capabilities: Capabilities) -> Result<bool, Halt> {
        self.absent.clear();
        let outbox = self.store.outbox()?;
        let lost = |queued: &&Queued| plan::may_have_arrived_bare(queued, capabilities);
        let mut claimed = claimed(&outbox);
        let mut outcomes = Vec::new();
        let mut unmatched = Vec::new();
        for queued in outbox.iter().filter(lost) {
            let row = self
                .candidates(queued, &claimed)?
                .into_iter()
                .find(|row| has_text_of(row, queued));
            match row {
                Some(row) => {
                    claimed.insert(row.key);
                    self.report.pushed += 1;
                    outcomes.push((queued.entry.seq, applied(row.id, row.revision)));
                }
                None => unmatched.push(queued),
            }
        }
        for queued in unmatched {
            let candidates = self.candidates(queued, &claimed)?;
            if candidates.is_empty() {
                self.absent.insert(queued.entry.seq);
                continue;
            }
            self.report.rejected += 1;
            let rejection = PushOutcome::Rejected(may_be_one_of(candidates));
            outcomes.push((queued.entry.seq, rejection));
        }
        if outcomes.is_empty() {
            return Ok(false);
        }
        self.store.apply_outcome(&outcomes)?;
        Ok(true)
    }

    /// Returns the rows that are newer than any row known when `queued` was first
    /// sent and do not come from another add.
    fn candidates(&self, queued: &Queued, claimed: &HashSet<Key>) -> Result<Vec<Row>, Halt> {
        let above = queued.entry.high_water.unwrap_or(0);
        let mut rows = self.store.rows_after(above)?;
        rows.retain(|row| !claimed.contains(&row.key));
        Ok(rows)
    }
}

/// Returns the keys of rows that come from answered adds.
fn claimed(outbox: &[Queued]) -> HashSet<Key> {
    outbox
        .iter()
        .map(|queued| &queued.entry)
        .filter(|entry| {
            matches!(entry.change.act, Act::Add { .. }) && entry.progress == Progress::Answered
        })
        .map(|entry| entry.change.todo)
        .collect()
}

fn has_text_of(row: &Row, queued: &Queued) -> bool {
    matches!(&queued.entry.change.act, Act::Add { text } if *text == row.text)
}

fn may_be_one_of(rows: Vec<Row>) -> Rejection {
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    let named = ids.get(..MAX_NAMED).unwrap_or(&ids).join(", ");
    let rest = if ids.len() > MAX_NAMED { ", …" } else { "" };
    let message = match rows.as_slice() {
        [_] => format!("may be on the server already, as todo {named}; a retry adds it again"),
        _ => format!(
            "may be on the server already, as one of the todos {named}{rest}; a retry adds it again"
        ),
    };
    let mut texts = rows.into_iter().map(|row| row.text);
    Rejection {
        code: MAY_BE_ADDED.to_owned(),
        message,
        theirs: texts.next().filter(|_| texts.next().is_none()),
    }
}
