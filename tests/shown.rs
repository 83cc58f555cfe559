//! *Shown* is always base with the outbox replayed on it, after any writes in any
//! order.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use tudone::domain::casefold::tag_key;
use tudone::domain::change::{Act, Change, Progress, REMOVED_ELSEWHERE, Rejection};
use tudone::domain::feed::{Capabilities, FeedRow, Mark};
use tudone::domain::history::Session;
use tudone::domain::key::{ChangeId, Key};
use tudone::domain::line::Line;
use tudone::domain::list::{Resolved, Totals, ViewCounts};
use tudone::domain::push_outcome::{
    ExchangeEffect, LastPage, PrePushChange, Pull, PushOutcome, Queued,
};
use tudone::domain::query::{Query, Scope};
use tudone::domain::todo::{Row, Todo};
use tudone::store::Store;

const ENDPOINT: &str = "https://hasura.example/v1/graphql";

type Failure = Box<dyn Error>;

/// One call of a writing method.
#[derive(Debug, Clone)]
enum StoreCall {
    Commit(Vec<(u8, UserAction)>),
    Undo,
    MarkSent(Vec<Index>),
    Settle(Index, Answer),
    Rebase(Index, String, i64),
    SettleUnsent(Index, Answer),
    Apply(Vec<Pulled>),
    Snapshot(Vec<(i64, String)>),
    Mark(i64, i64, i64),
    BeginPull,
    CompletePull,
    Retry(Index),
    Drop(Index),
    Full(bool),
    Forget,
    Reopen,
}

#[derive(Debug, Clone)]
enum UserAction {
    Add(String),
    /// An edit of the shown text, or of a stale one.
    Edit(Option<String>, String),
    Remove,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Applied(Option<i64>, Option<i64>),
    NotApplied,
    Unknown,
    Rejected,
}

#[derive(Debug, Clone)]
enum Pulled {
    Present(u8, i64, String),
    /// A row that was known by the key of a bare backend's row.
    Own(u8, i64, String),
    Removed(u8),
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a",
        "b",
        "a b",
        "(A) a",
        "x a",
        "x 2026-11-24 a pri:A",
        "a due:2026-12-01 +p",
        "É\n\u{1b}[0m",
        "b +P @c t:2026-12-01",
        "c +p +P due:2026-11-30 t:2026-11-01",
        "x d +p @C t:2026-12-05",
        "e rec:1w due:2026-12-03 t:2026-12-02",
        "",
    ])
    .prop_map(str::to_owned)
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => (prop::option::of(1..12_i64), prop::option::of(0..20_i64))
            .prop_map(|(id, revision)| Answer::Applied(id, revision)),
        2 => Just(Answer::NotApplied),
        1 => Just(Answer::Unknown),
        2 => Just(Answer::Rejected),
    ]
}

fn action() -> impl Strategy<Value = UserAction> {
    prop_oneof![
        2 => text().prop_map(UserAction::Add),
        3 => (prop::option::weighted(0.2, text()), text()).prop_map(|(seen, new)| UserAction::Edit(seen, new)),
        2 => Just(UserAction::Remove),
    ]
}

fn pulled() -> impl Strategy<Value = Pulled> {
    prop_oneof![
        4 => (0..6_u8, 1..12_i64, text()).prop_map(|(key, id, text)| Pulled::Present(key, id, text)),
        1 => (0..6_u8, 1..12_i64, text()).prop_map(|(key, id, text)| Pulled::Own(key, id, text)),
        2 => (0..6_u8).prop_map(Pulled::Removed),
    ]
}

fn write() -> impl Strategy<Value = StoreCall> {
    prop_oneof![
        8 => prop::collection::vec((0..6_u8, action()), 1..4).prop_map(StoreCall::Commit),
        3 => Just(StoreCall::Undo),
        5 => prop::collection::vec(any::<Index>(), 1..4).prop_map(StoreCall::MarkSent),
        5 => (any::<Index>(), answer()).prop_map(|(at, answer)| StoreCall::Settle(at, answer)),
        1 => (any::<Index>(), text(), 0..20_i64).prop_map(|(at, text, revision)| StoreCall::Rebase(at, text, revision)),
        1 => (any::<Index>(), answer()).prop_map(|(at, answer)| StoreCall::SettleUnsent(at, answer)),
        4 => prop::collection::vec(pulled(), 0..5).prop_map(StoreCall::Apply),
        2 => prop::collection::btree_map(1..12_i64, text(), 0..6)
            .prop_map(|rows| StoreCall::Snapshot(rows.into_iter().collect())),
        1 => (1..3_i64, 0..30_i64, 0..10_i64).prop_map(|(user, revision, purged)| StoreCall::Mark(user, revision, purged)),
        2 => Just(StoreCall::BeginPull),
        2 => Just(StoreCall::CompletePull),
        1 => any::<Index>().prop_map(StoreCall::Retry),
        1 => any::<Index>().prop_map(StoreCall::Drop),
        1 => any::<bool>().prop_map(StoreCall::Full),
        1 => Just(StoreCall::Forget),
        1 => Just(StoreCall::Reopen),
    ]
}

/// A store with the state to drive it and to check it.
struct Device<'p> {
    /// Its path; `None` in memory.
    path: Option<&'p Path>,
    store: Store,
    pull: Option<Pull>,
    cursor: i64,
    made: u128,
    /// The expected texts of base by id.
    base: BTreeMap<i64, String>,
    /// The pulled part of the new base while base is stale.
    staged: Option<Vec<Row>>,
}

fn key(number: u8) -> Key {
    Key::new(Uuid::from_u128(
        0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number),
    ))
}

fn rejected() -> Rejection {
    Rejection {
        code: REMOVED_ELSEWHERE.into(),
        message: "no".into(),
        theirs: None,
    }
}

fn outcome(answer: Answer) -> PushOutcome {
    match answer {
        Answer::Applied(id, revision) => PushOutcome::Applied { id, revision },
        Answer::NotApplied => PushOutcome::NotApplied,
        Answer::Unknown => PushOutcome::Unknown,
        Answer::Rejected => PushOutcome::Rejected(rejected()),
    }
}

impl Device<'_> {
    fn act(&mut self, write: StoreCall) -> Result<(), Failure> {
        let outbox = self.store.outbox()?;
        let pick = |at: Index| (!outbox.is_empty()).then(|| at.get(&outbox).entry.seq);
        match write {
            StoreCall::Commit(actions) => self.commit(actions)?,
            StoreCall::Undo => self.undo()?,
            StoreCall::MarkSent(picks) => {
                let seqs: Vec<i64> = picks.into_iter().filter_map(pick).collect();
                self.store.mark_sent(&seqs)?;
            }
            StoreCall::Settle(at, answer) => {
                if let Some(seq) = pick(at) {
                    self.store.apply_outcome(&[(seq, outcome(answer))])?;
                }
            }
            StoreCall::Rebase(at, after, revision) => self.rebase(&outbox, at, after, revision)?,
            StoreCall::SettleUnsent(at, answer) => {
                if let Some(seq) = pick(at) {
                    let outcome = outcome(answer);
                    let resolve = PrePushChange::Resolve { seq, outcome };
                    self.store.adjust(&[resolve], self.store.version()?)?;
                }
            }
            StoreCall::Apply(page) => self.apply(page)?,
            StoreCall::Snapshot(rows) => self.snapshot(rows)?,
            StoreCall::Mark(user_id, revision, purged_revision) => {
                let mark = Mark {
                    user_id,
                    revision,
                    purged_revision,
                };
                if self.store.check_mark(mark)? {
                    self.stale();
                }
            }
            StoreCall::BeginPull => self.pull = Some(self.store.begin_pull(Timestamp::UNIX_EPOCH)?),
            StoreCall::CompletePull => self.complete()?,
            StoreCall::Retry(at) => {
                if let Some(seq) = pick(at) {
                    self.made += 1;
                    let fresh = Uuid::from_u128((0x0190_0000_0000_7000_a000 << 48) + self.made);
                    self.store.retry(seq, Key::new(fresh))?;
                }
            }
            StoreCall::Drop(at) => {
                if let Some(seq) = pick(at) {
                    self.store.drop_entry(seq)?;
                }
            }
            StoreCall::Full(full) => self.store.set_capabilities(Capabilities {
                full,
                insert: true,
                update: true,
                delete: true,
                single_operations: false,
            })?,
            StoreCall::Forget => {
                // Rows that get their keys from the next pull are updated in place.
                let in_place = self.store.is_rekeying()?;
                self.store.forget_base()?;
                if !in_place {
                    self.stale();
                }
            }
            StoreCall::Reopen => {
                if let Some(path) = self.path {
                    self.store = Store::open(path, ENDPOINT)?;
                }
            }
        }
        if !self.store.freshness()?.stale {
            self.staged = None;
        }
        Ok(())
    }

    /// Known rows stay until the next complete pull.
    fn stale(&mut self) {
        self.staged = (!self.base.is_empty()).then(Vec::new);
    }

    fn commit(&mut self, actions: Vec<(u8, UserAction)>) -> Result<(), Failure> {
        let mut changes = Vec::new();
        for (number, action) in actions {
            let seen = self
                .store
                .todo(key(number))?
                .map_or_else(String::new, |todo| todo.text);
            self.made += 1;
            changes.push(Change {
                id: ChangeId(Uuid::from_u128(self.made)),
                todo: key(number),
                act: match action {
                    UserAction::Add(text) => Act::Add { text },
                    UserAction::Edit(stale, after) => Act::Edit {
                        before: stale.unwrap_or(seen),
                        after,
                    },
                    UserAction::Remove => Act::Remove { before: seen },
                },
                at: Timestamp::UNIX_EPOCH,
            });
        }
        let answer = self.store.commit_action(Session::Cli, "did", &changes)?;
        if let ([_], [todo]) = (changes.as_slice(), answer.as_slice()) {
            let shown = self.store.todo(todo.key)?;
            assert!(
                shown.is_none_or(|shown| shown == *todo || shown.key != todo.key),
                "a commit answers with what is shown"
            );
        }
        Ok(())
    }

    fn undo(&mut self) -> Result<(), Failure> {
        let before = self.store.history(Session::Cli)?.len();
        let made = &mut self.made;
        let mut fresh = || {
            *made += 1;
            Uuid::from_u128((0x0190_0000_0000_7000_9000 << 48) + *made)
        };
        let undone = self
            .store
            .undo(Session::Cli, Timestamp::UNIX_EPOCH, &mut fresh)?;
        let left = undone.is_none_or(|undone| !undone.overlaps.is_empty());
        let expected = if left { before } else { before - 1 };
        assert_eq!(self.store.history(Session::Cli)?.len(), expected);
        Ok(())
    }

    /// Returns whether commands can change the todo: it is shown, not only because of an
    /// edit whose row was deleted, or an edit that the server's text equals.
    fn stands(&self, key: Key) -> Result<bool, Failure> {
        let Some(todo) = self.store.todo(key)? else {
            return Ok(false);
        };
        let outbox = self.store.outbox()?;
        let idle = |queued: &Queued| match &queued.entry.change.act {
            Act::Add { .. } => false,
            Act::Edit { before, after } => queued.base.is_none() || before == after,
            Act::Remove { .. } => queued.base.is_none(),
        };
        let of_todo = |queued: &&Queued| queued.entry.change.todo == todo.key;
        Ok(!outbox.iter().filter(of_todo).any(idle))
    }

    /// Returns the shown texts, sorted.
    fn texts(&self) -> Result<Vec<String>, Failure> {
        let mut texts: Vec<String> = listed(&self.store, Scope::All)?
            .into_iter()
            .map(|todo| todo.text)
            .collect();
        texts.sort();
        Ok(texts)
    }

    fn rebase(
        &mut self,
        outbox: &[Queued],
        at: Index,
        after: String,
        revision: i64,
    ) -> Result<(), Failure> {
        if outbox.is_empty() {
            return Ok(());
        }
        let Queued { entry, base, .. } = at.get(outbox);
        if let (Some(base), Progress::Pending) = (base, &entry.progress) {
            let before = base.text.clone();
            let seq = entry.seq;
            let rebase = PrePushChange::Rebase {
                seq,
                before,
                after,
                revision,
            };
            self.store.adjust(&[rebase], self.store.version()?)?;
        }
        Ok(())
    }

    fn row(&self, key: Key, id: i64, text: String) -> Row {
        let at = Timestamp::from_microsecond(self.cursor * 1_000_001).ok();
        Row {
            key,
            id,
            text,
            revision: self.cursor,
            created_at: at,
            updated_at: at,
        }
    }

    fn apply(&mut self, page: Vec<Pulled>) -> Result<(), Failure> {
        let rows = self.page(page)?;
        self.store.apply(&rows, self.cursor)?;
        Ok(())
    }

    /// Returns a page of the change feed and expects its rows in base.
    fn page(&mut self, page: Vec<Pulled>) -> Result<Vec<FeedRow>, Failure> {
        let mut rows = Vec::new();
        let mut known = match &self.staged {
            Some(staged) => staged.clone(),
            None => self.store.rows_after(i64::MIN)?,
        };
        let is_staged = self.staged.is_some();
        for pulled in page {
            self.cursor += 1;
            match pulled {
                Pulled::Present(number, id, text) => {
                    // A server never reuses an id, and a row keeps its id.
                    let id = match known.iter().find(|row| row.key == key(number)) {
                        Some(row) => row.id,
                        None if known.iter().any(|row| row.id == id) => continue,
                        None => id,
                    };
                    known.retain(|row| row.id != id);
                    let row = self.row(key(number), id, text);
                    if !is_staged {
                        self.base.insert(id, row.text.clone());
                    }
                    known.push(row.clone());
                    rows.push(FeedRow::Present(row));
                }
                Pulled::Own(number, id, text) => {
                    let bare = Key::of_row(ENDPOINT, id);
                    let taken = known.iter().any(|row| row.key == key(number));
                    if is_staged || taken || !known.iter().any(|row| row.key == bare) {
                        continue;
                    }
                    known.retain(|row| row.id != id);
                    let row = self.row(key(number), id, text);
                    self.base.insert(id, row.text.clone());
                    known.push(row.clone());
                    rows.push(FeedRow::Present(row));
                }
                Pulled::Removed(number) => {
                    let row = known.iter().find(|row| row.key == key(number));
                    if let (Some(row), false) = (row, is_staged) {
                        self.base.remove(&row.id);
                    }
                    known.retain(|row| row.key != key(number));
                    rows.push(FeedRow::Removed {
                        key: key(number),
                        revision: self.cursor,
                    });
                }
            }
        }
        if is_staged {
            self.staged = Some(known);
        }
        Ok(rows)
    }

    /// Applies an exchange in one transaction, or step by step, as a page that is not the
    /// last one is.
    fn exchange(
        &mut self,
        answers: &[(Index, Answer)],
        page: Vec<Pulled>,
        at_once: bool,
    ) -> Result<ExchangeEffect, Failure> {
        let mut outbox = self.store.outbox()?;
        outbox.retain(|queued| matches!(queued.entry.progress, Progress::Sent { .. }));
        let outcomes: Vec<_> = answers
            .iter()
            .filter(|_| !outbox.is_empty())
            .map(|(at, answer)| (at.get(&outbox).entry.seq, outcome(*answer)))
            .collect();
        let changes = self.page(page)?;
        let mark = |revision| Mark {
            user_id: 1,
            revision,
            purged_revision: 0,
        };
        let before = mark(self.store.cursor()?);
        let page = LastPage {
            changes: &changes,
            mark: mark(self.cursor),
            began: Timestamp::UNIX_EPOCH,
        };
        let last = at_once.then_some(page);
        let effect = self.store.apply_exchange(&outcomes, Some(before), last)?;
        if effect != ExchangeEffect::Recorded {
            return Ok(effect);
        }
        let pull = self.store.begin_pull(page.began)?;
        assert!(!self.store.check_mark(page.mark)?);
        if let Some(last) = changes.last() {
            self.store.apply(&changes, last.revision())?;
        }
        self.store.complete_pull(&pull)?;
        Ok(effect)
    }

    fn snapshot(&mut self, rows: Vec<(i64, String)>) -> Result<(), Failure> {
        self.base = rows.iter().cloned().collect();
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(id, text)| Row {
                key: Key::of_row(ENDPOINT, id),
                id,
                text,
                revision: 0,
                created_at: None,
                updated_at: None,
            })
            .collect();
        self.store.take_snapshot(&rows)?;
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Failure> {
        let Some(pull) = self.pull.take() else {
            return Ok(());
        };
        self.store.complete_pull(&pull)?;
        if let Some(staged) = self.staged.take() {
            self.base = staged.into_iter().map(|row| (row.id, row.text)).collect();
        }
        // A backend that became full drops the rows that were not in its feed.
        let left = self.store.rows_after(i64::MIN)?;
        self.base.retain(|id, _| {
            left.iter()
                .any(|row| row.id == *id && row.key != Key::of_row(ENDPOINT, *id))
                || left.iter().any(|row| row.id == *id)
        });
        Ok(())
    }

    fn check(&mut self) -> Result<(), Failure> {
        let pulled: BTreeMap<i64, String> = self
            .store
            .rows_after(i64::MIN)?
            .into_iter()
            .map(|row| (row.id, row.text))
            .collect();
        assert_eq!(pulled, self.base, "base is what the server said");

        let (mut defined, totals) = self.store.replayed()?;
        assert_eq!(self.store.totals()?, totals);
        for day in [date(2026, 11, 24), date(2026, 12, 1), date(2026, 12, 3)] {
            self.check_counters(&defined, day)?;
        }
        let mut shown = Vec::new();
        for scope in [Scope::Open, Scope::Done] {
            let listed = listed(&self.store, scope)?;
            assert!(
                listed
                    .iter()
                    .all(|todo| Line::new(&todo.text).is_done() == (scope == Scope::Done))
            );
            shown.extend(listed);
        }
        let mut all = listed(&self.store, Scope::All)?;
        for todos in [&mut defined, &mut shown, &mut all] {
            todos.sort_by_key(|todo| todo.key);
        }
        assert_eq!(shown, defined);
        assert_eq!(all, defined);
        for todo in &defined {
            assert_eq!(
                self.store.resolve(&todo.handle())?,
                Resolved::One(todo.clone())
            );
        }
        Ok(())
    }
}

impl Device<'_> {
    /// Checks the counters against a count of `defined`.
    fn check_counters(&self, defined: &[Todo], today: Date) -> Result<(), Failure> {
        let to = today.saturating_add(6.days());
        let mut views = ViewCounts::default();
        let mut tags: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for todo in defined {
            let line = Line::new(&todo.text);
            let (done, due) = (line.is_done(), line.due());
            let waits = !done && line.start().is_some_and(|start| start > today);
            let is = |it: bool| u64::from(it && !done && !waits);
            views.done += u64::from(done);
            views.waiting += u64::from(waits);
            views.open += is(true);
            views.no_date += is(due.is_none());
            views.overdue += is(due.is_some_and(|due| due < today));
            views.due_today += is(due == Some(today));
            views.upcoming += is(due.is_some_and(|due| (today..=to).contains(&due)));
            let projects = line
                .projects()
                .map(|tag| tag_key(&format!("+{tag}")).into_owned());
            let contexts = line
                .contexts()
                .map(|tag| tag_key(&format!("@{tag}")).into_owned());
            let of_todo: BTreeSet<String> = projects.chain(contexts).collect();
            for tag in of_todo {
                let counts = tags.entry(tag).or_default();
                counts.0 += is(true);
                counts.1 += u64::from(done);
            }
        }
        assert_eq!(self.store.view_counts(today, to)?, views);
        let mut counted = BTreeMap::new();
        for sign in ['+', '@'] {
            for count in self.store.tags(sign, today, usize::MAX)? {
                counted.insert(tag_key(&count.tag).into_owned(), (count.open, count.done));
            }
        }
        assert_eq!(counted, tags);
        Ok(())
    }
}

fn listed(store: &Store, scope: Scope) -> Result<Vec<Todo>, Failure> {
    let query = Query {
        scope,
        ..Query::default()
    };
    let mut todos = Vec::new();
    store.each(&query, |todo| {
        todos.push(todo.clone());
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(todos)
}

fn run(path: Option<&Path>, writes: Vec<StoreCall>) -> Result<Device<'_>, Failure> {
    let mut device = Device {
        path,
        store: match path {
            Some(path) => Store::open(path, ENDPOINT)?,
            None => Store::in_memory(ENDPOINT)?,
        },
        pull: None,
        cursor: 0,
        made: 0,
        base: BTreeMap::new(),
        staged: None,
    };
    for write in writes {
        device.act(write)?;
        device.check()?;
    }
    Ok(device)
}

/// Checks that an exchange that is applied in one transaction leaves the same as one that
/// is applied step by step.
fn exchanged(
    writes: &[StoreCall],
    answers: &[(Index, Answer)],
    page: &[Pulled],
) -> Result<(), Failure> {
    let mut left = Vec::new();
    for at_once in [true, false] {
        let mut device = run(None, vec![StoreCall::Full(true)])?;
        for write in writes {
            device.act(write.clone())?;
        }
        let effect = device.exchange(answers, page.to_vec(), at_once)?;
        assert_eq!(effect == ExchangeEffect::Completed, at_once);
        device.check()?;
        let mut todos = listed(&device.store, Scope::All)?;
        todos.sort_by_key(|todo| todo.key);
        left.push((
            todos,
            device.store.outbox()?,
            device.store.rows_after(i64::MIN)?,
            device.store.cursor()?,
            device.store.freshness()?,
        ));
    }
    assert_eq!(left.first(), left.last());
    Ok(())
}

/// Checks that after any `writes` an action and its undo restore the shown todos.
fn undone(writes: Vec<StoreCall>, action: (u8, UserAction)) -> Result<(), Failure> {
    let mut device = run(None, writes)?;
    if !matches!(action.1, UserAction::Add(_)) && !device.stands(key(action.0))? {
        return Ok(());
    }
    let (texts, acts) = (device.texts()?, device.store.history(Session::Cli)?.len());
    device.commit(vec![action])?;
    // A command without effect is not an action.
    if device.store.history(Session::Cli)?.len() > acts {
        device.undo()?;
        device.check()?;
    }
    assert_eq!(device.texts()?, texts);
    Ok(())
}

fn failed(error: &Failure) -> TestCaseError {
    TestCaseError::fail(format!("{error}: {:?}", error.source()))
}

fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.min(cases),
        failure_persistence: None,
        ..default
    }
}

proptest! {
    #![proptest_config(config(u32::MAX))]

    #[test]
    fn shown_and_totals_follow_every_write(writes in prop::collection::vec(write(), 1..40)) {
        run(None, writes).map_err(|error| failed(&error))?;
    }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn an_action_undone_at_once_restores_the_texts(
        writes in prop::collection::vec(write(), 0..20),
        number in 0..6_u8,
        action in action(),
    ) {
        undone(writes, (number, action)).map_err(|error| failed(&error))?;
    }
}

fn call_before_an_exchange() -> impl Strategy<Value = StoreCall> {
    prop_oneof![
        4 => prop::collection::vec((0..6_u8, action()), 1..4).prop_map(StoreCall::Commit),
        4 => prop::collection::vec(any::<Index>(), 1..6).prop_map(StoreCall::MarkSent),
        1 => (any::<Index>(), answer()).prop_map(|(at, answer)| StoreCall::Settle(at, answer)),
        2 => prop::collection::vec(pulled(), 0..5).prop_map(StoreCall::Apply),
    ]
}

proptest! {
    #![proptest_config(config(u32::MAX))]

    #[test]
    fn an_exchange_applied_at_once_leaves_what_its_steps_leave(
        writes in prop::collection::vec(call_before_an_exchange(), 1..12),
        answers in prop::collection::vec((any::<Index>(), answer()), 0..6),
        page in prop::collection::vec(pulled(), 0..6),
    ) {
        exchanged(&writes, &answers, &page).map_err(|error| failed(&error))?;
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn shown_and_totals_survive_the_process(writes in prop::collection::vec(write(), 1..30)) {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("todos.db");
        run(Some(&path), writes).map_err(|error| failed(&error))?;
    }
}

#[test]
fn without_base_and_entries_nothing_is_shown() -> Result<(), Failure> {
    let mut store = Store::in_memory(ENDPOINT)?;
    assert_eq!(store.replayed()?, (vec![], Totals::default()));
    Ok(())
}
