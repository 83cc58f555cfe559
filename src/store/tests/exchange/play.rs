//! An exchange that is stored at once leaves what its steps one by one leave.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::*;
use crate::domain::change::OutboxEntry;
use crate::domain::history::Session;

/// Stores an exchange by the steps that one without a last page takes.
fn apply_in_steps(
    store: &mut Store,
    outcomes: &[(i64, PushOutcome)],
    before: Mark,
    page: LastPage<'_>,
) -> TestResult {
    let effect = store.apply_exchange(outcomes, Some(before), None)?;
    assert_eq!(effect, ExchangeEffect::Recorded);
    let pull = store.begin_pull(page.began)?;
    assert!(!store.check_mark(page.mark)?);
    if let Some(last) = page.changes.last() {
        store.apply(page.changes, last.revision())?;
    }
    store.complete_pull(&pull)?;
    Ok(())
}

/// Checks that searches find every todo by its text, and count it.
fn check_searches(store: &Store) -> TestResult {
    for word in ["todo", "mine", "theirs", "x"] {
        let found = texts(store, &search(word)?)?;
        let everything = texts(store, &all())?;
        let expected: Vec<String> = everything
            .into_iter()
            .filter(|text| text.contains(word))
            .collect();
        assert_eq!(found, expected, "{word}");
        assert_eq!(store.count(&search(word)?)?, found.len() as u64, "{word}");
    }
    Ok(())
}

/// The server, and two stores with the same user actions: the answers are applied to one
/// at once, to the other in steps.
struct Play {
    rng: Rng,
    rows: BTreeMap<Key, Row>,
    tombstones: BTreeMap<Key, i64>,
    revision: i64,
    next_id: i64,
    /// The number of keys and ids given.
    given: u128,
    at_once: Store,
    in_steps: Store,
}

impl Play {
    fn new(seed: u64) -> Result<Self, Box<dyn Error>> {
        let (mut at_once, mut in_steps) = (store()?, store()?);
        at_once.set_capabilities(role(true))?;
        in_steps.set_capabilities(role(true))?;
        Ok(Self {
            rng: Rng::with_seed(seed),
            rows: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            revision: 0,
            next_id: 0,
            given: 0,
            at_once,
            in_steps,
        })
    }

    fn commit(&mut self, change: Change) -> TestResult {
        self.given += 1;
        let changes = [Change {
            id: ChangeId(Uuid::from_u128(self.given)),
            ..change
        }];
        for store in [&mut self.at_once, &mut self.in_steps] {
            store.commit_action(Session::Cli, "changed", &changes)?;
        }
        Ok(())
    }

    fn undo(&mut self) -> TestResult {
        let first = self.given + 1;
        for store in [&mut self.at_once, &mut self.in_steps] {
            self.given = first;
            let mut fresh = || {
                self.given += 1;
                key(self.given).uuid()
            };
            store.undo(Session::Cli, NOW, &mut fresh)?;
        }
        Ok(())
    }

    /// Makes a change as the user of the device.
    fn act(&mut self) -> TestResult {
        if self.rng.u8(..8) == 0 {
            return self.undo();
        }
        if self.rng.u8(..3) == 0 {
            self.given += 1;
            let rest = ["", " rec:1w due:1970-01-02", " +p t:1970-02-01"];
            let rest = self.rng.choice(rest).unwrap_or_default();
            let text = format!("todo {}{rest}", self.given);
            return self.commit(add(key(self.given), &text));
        }
        let todos = listed(&self.at_once, &all())?;
        let Some(todo) = self.rng.choice(todos) else {
            return Ok(());
        };
        let text = todo.text;
        let after = match self.rng.u8(..5) {
            0 => return self.commit(remove(todo.key, &text)),
            1 if text.starts_with("x ") => text.trim_start_matches("x 1970-01-01 ").to_owned(),
            1 | 2 if !text.starts_with("x ") => format!("x 1970-01-01 {text}"),
            _ => format!("{text} mine{}", self.rng.u8(..)),
        };
        self.commit(edit(todo.key, &text, &after))
    }

    fn write(&mut self, key: Key, text: &str) -> PushOutcome {
        self.revision += 1;
        if !self.rows.contains_key(&key) {
            self.next_id += 1;
        }
        let revision = self.revision;
        let id = self.rows.get(&key).map_or(self.next_id, |row| row.id);
        let row = Row {
            revision,
            ..row(key, id, text)
        };
        self.rows.insert(key, row);
        applied(Some(id), Some(revision))
    }

    fn delete(&mut self, key: Key) {
        if self.rows.remove(&key).is_some() {
            self.revision += 1;
            self.tombstones.insert(key, self.revision);
        }
    }

    /// Changes or deletes a row as another device.
    fn interfere(&mut self) {
        let rows: Vec<Row> = self.rows.values().cloned().collect();
        let Some(row) = self.rng.choice(rows) else {
            return;
        };
        match self.rng.u8(..4) {
            0 => self.delete(row.key),
            1 => drop(self.write(row.key, &format!("x 1970-01-01 theirs {}", row.text))),
            _ => drop(self.write(row.key, &format!("{} theirs", row.text))),
        }
    }

    /// Sends the first unanswered change of each todo; returns the outcomes.
    fn send(&mut self) -> Result<Vec<(i64, PushOutcome)>, Box<dyn Error>> {
        let mut firsts = Vec::new();
        for queued in self.at_once.outbox()? {
            let is_open = matches!(
                queued.entry.progress,
                Progress::Pending | Progress::Sent { .. }
            );
            let known = |it: &OutboxEntry| it.change.todo == queued.entry.change.todo;
            if is_open && !queued.waits && !firsts.iter().any(known) && self.rng.u8(..5) > 0 {
                firsts.push(queued.entry);
            }
        }
        let seqs: Vec<i64> = firsts.iter().map(|entry| entry.seq).collect();
        self.at_once.mark_sent(&seqs)?;
        self.in_steps.mark_sent(&seqs)?;
        let mut outcomes = Vec::new();
        for entry in firsts {
            let todo = entry.change.todo;
            let outcome = match &entry.change.act {
                _ if self.rng.u8(..12) == 0 => rejected("permission-error"),
                Act::Add { .. }
                    if self.rows.contains_key(&todo) || self.tombstones.contains_key(&todo) =>
                {
                    applied(None, None)
                }
                Act::Add { text } => self.write(todo, text),
                Act::Remove { .. } => {
                    self.delete(todo);
                    applied(None, None)
                }
                Act::Edit { after, .. } => match self.rows.get(&todo) {
                    Some(row) if entry.revision == Some(row.revision) => self.write(todo, after),
                    Some(row) if row.text == *after => applied(Some(row.id), Some(row.revision)),
                    _ => PushOutcome::NotApplied,
                },
            };
            let lost = [PushOutcome::Unknown, PushOutcome::Failed];
            let lost = lost.into_iter().filter(|_| self.rng.u8(..8) == 0);
            outcomes.push((entry.seq, lost.last().unwrap_or(outcome)));
        }
        Ok(outcomes)
    }

    fn page(&self, cursor: i64) -> Vec<FeedRow> {
        let mut changes = present(&self.rows.values().cloned().collect::<Vec<_>>());
        changes.extend(self.tombstones.iter().map(|(key, revision)| {
            let (key, revision) = (*key, *revision);
            FeedRow::Removed { key, revision }
        }));
        changes.retain(|change| change.revision() > cursor);
        changes.sort_by_key(FeedRow::revision);
        changes
    }

    fn exchange(&mut self) -> TestResult {
        let before = mark(self.revision);
        let outcomes = self.send()?;
        for _ in 0..self.rng.u8(..3) {
            self.interfere();
        }
        for _ in 0..self.rng.u8(..3) {
            self.act()?;
        }
        if self.rng.u8(..8) == 0 {
            // The page is lost: the answers wait for the next one.
            self.at_once.apply_outcome(&outcomes)?;
            self.in_steps.apply_outcome(&outcomes)?;
            return Ok(());
        }
        let changes = self.page(self.at_once.cursor()?);
        let page = last_page(&changes, self.revision);
        let effect = self
            .at_once
            .apply_exchange(&outcomes, Some(before), Some(page))?;
        assert_eq!(effect, ExchangeEffect::Completed);
        apply_in_steps(&mut self.in_steps, &outcomes, before, page)
    }

    fn check(&mut self) -> TestResult {
        let (at_once, in_steps) = (content(&self.at_once)?, content(&self.in_steps)?);
        for (once, steps) in at_once.iter().zip(&in_steps) {
            assert_eq!(once, steps);
        }
        let (expected, totals) = self.at_once.replayed()?;
        let mut todos = listed(&self.at_once, &all())?;
        todos.sort_by_key(|todo| todo.key);
        assert_eq!((todos, self.at_once.totals()?), (expected, totals));
        check_searches(&self.at_once)
    }
}

#[test]
fn an_exchange_stored_at_once_leaves_what_its_steps_leave() -> TestResult {
    for seed in 0..30 {
        let mut play = Play::new(seed)?;
        for _ in 0..25 {
            play.act()?;
            if play.rng.bool() {
                play.exchange()?;
                play.check().map_err(|why| format!("seed {seed}: {why}"))?;
            }
        }
    }
    Ok(())
}
