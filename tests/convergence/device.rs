//! A device: a real store, real rounds, and a process that may die.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use jiff::civil::Date;
use secrecy::SecretString;
use tudone::auth::session::AuthSession;
use tudone::domain::casefold::tag_key;
use tudone::domain::change::{Change, Progress};
use tudone::domain::due::{DueGroup, DueGroups};
use tudone::domain::line::Line;
use tudone::domain::list::DueCounts;
use tudone::domain::push_outcome::Queued;
use tudone::domain::query::{Query, Scope, waits};
use tudone::domain::todo::Todo;
use tudone::domain::when::Calendar;
use tudone::graphql::Hasura;
use tudone::store::Store;
use tudone::sync::round::{RoundError, RoundReport, round, round_from_start};

use crate::Checked;
use crate::network::{ENDPOINT, Network, Wire};
use crate::server::ServerRow;
use crate::step::Fate;

type Round = Pin<Box<dyn Future<Output = Result<RoundReport, RoundError>>>>;

/// The day for counters.
const TODAY: Date = Date::constant(2026, 12, 5);

/// Every n-th round of a device pulls from the start.
const WHOLE: u32 = 3;

/// A slot for the store while no round uses it.
type StoreSlot = Rc<RefCell<Option<Store>>>;

/// A store that returns to its slot when the round ends or is dropped.
struct Borrowed {
    store: Option<Store>,
    slot: StoreSlot,
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        *self.slot.borrow_mut() = self.store.take();
    }
}

pub(crate) struct Device {
    number: usize,
    network: Rc<RefCell<Network>>,
    slot: StoreSlot,
    /// On disk: the file, and the connection of the process in which the user types
    /// while another one syncs.
    disk: Option<(PathBuf, Store)>,
    lock: PathBuf,
    round: Option<Round>,
    begun: u32,
}

impl Device {
    /// Creates a device with its lock file in `folder`, and its store there or in memory.
    pub(crate) fn new(
        number: usize,
        network: &Rc<RefCell<Network>>,
        folder: &Path,
        on_disk: bool,
    ) -> Checked<Self> {
        let path = folder.join(format!("{number}.db"));
        let (store, disk) = if on_disk {
            let store = Store::open(&path, ENDPOINT)?;
            let typing = Store::open(&path, ENDPOINT)?;
            (store, Some((path, typing)))
        } else {
            (Store::in_memory(ENDPOINT)?, None)
        };
        Ok(Self {
            number,
            network: Rc::clone(network),
            slot: Rc::new(RefCell::new(Some(store))),
            disk,
            lock: folder.join(format!("{number}.lock")),
            round: None,
            begun: 0,
        })
    }

    /// Uses the store as the user's process does. In memory there is only one
    /// connection: a running round is completed first.
    pub(crate) fn with<T>(&mut self, work: impl FnOnce(&mut Store) -> Checked<T>) -> Checked<T> {
        if let Some((_, typing)) = &mut self.disk {
            return work(typing);
        }
        if self.round.is_some() {
            // The outcome of that round does not matter here.
            let _ = self.sync()?;
        }
        work(self.slot.borrow_mut().as_mut().ok_or("the store is out")?)
    }

    pub(crate) fn is_in_round(&self) -> bool {
        self.round.is_some()
    }

    /// Begins a round, unless one is running, up to its first request.
    pub(crate) fn begin(&mut self) -> Option<Result<RoundReport, RoundError>> {
        if self.round.is_some() {
            return None;
        }
        let store = self.slot.borrow_mut().take();
        let mut borrowed = Borrowed {
            store,
            slot: Rc::clone(&self.slot),
        };
        let wire = Wire {
            device: self.number,
            network: Rc::clone(&self.network),
        };
        let lock = self.lock.clone();
        self.begun += 1;
        let whole = self.begun.is_multiple_of(WHOLE);
        self.round = Some(Box::pin(async move {
            let session = AuthSession::fixed(SecretString::from("a token"));
            let remote = Hasura::over(wire, session);
            let store = borrowed.store.as_mut().ok_or(RoundError::Busy)?;
            if whole {
                round_from_start(store, &remote, &lock, || Timestamp::UNIX_EPOCH).await
            } else {
                round(store, &remote, &lock, || Timestamp::UNIX_EPOCH).await
            }
        }));
        self.go_on()
    }

    /// Runs the round until it waits again; returns its outcome if it has ended.
    fn go_on(&mut self) -> Option<Result<RoundReport, RoundError>> {
        let round = self.round.as_mut()?;
        let mut context = Context::from_waker(Waker::noop());
        match round.as_mut().poll(&mut context) {
            Poll::Pending => None,
            Poll::Ready(outcome) => {
                self.round = None;
                Some(outcome)
            }
        }
    }

    /// Applies a fate to the next request of the running round, or of a new one; returns
    /// the round's outcome if it has ended.
    pub(crate) fn pass(&mut self, fate: Fate) -> Checked<Option<Result<RoundReport, RoundError>>> {
        if let Some(outcome) = self.begin() {
            return Ok(Some(outcome));
        }
        self.network.borrow_mut().decide(self.number, fate)?;
        Ok(self.go_on())
    }

    /// Completes the running round, or a new one, without faults.
    pub(crate) fn sync(&mut self) -> Checked<Result<RoundReport, RoundError>> {
        for _ in 0..1000 {
            if let Some(outcome) = self.pass(Fate::Fine)? {
                return Ok(outcome);
            }
        }
        Err("a round that never ends".into())
    }

    /// Reads the mark, and dies before it sends anything.
    pub(crate) fn meet_the_server(&mut self) -> Checked {
        self.kill()?;
        loop {
            self.begin();
            let waiting = self.network.borrow().waiting(self.number);
            // After a lost request, the next one only reads.
            let writes = waiting.as_deref() == Some("several");
            let fate = if writes { Fate::LostBefore } else { Fate::Fine };
            let outcome = self.pass(fate)?;
            if (outcome.is_some() && !writes) || waiting.as_deref() == Some("Pull") {
                return self.kill();
            }
        }
    }

    pub(crate) fn kill(&mut self) -> Checked {
        self.round = None;
        self.network.borrow_mut().forget(self.number);
        if let Some((path, typing)) = &mut self.disk {
            *typing = Store::open(path, ENDPOINT)?;
            *self.slot.borrow_mut() = Some(Store::open(path, ENDPOINT)?);
        }
        Ok(())
    }

    pub(crate) fn commit(&mut self, changes: &[Change]) -> Checked<Vec<Todo>> {
        self.with(|store| Ok(store.commit(changes)?))
    }

    /// Drops all rejected changes; then everything is as on the server, whose rows are
    /// `rows`.
    pub(crate) fn gives_up_to(&mut self, rows: &[ServerRow]) -> Checked {
        // One by one, since dropping a change may drop others.
        while let Some(Queued { entry, .. }) = self.outbox()?.into_iter().next() {
            if !self.with(|store| Ok(store.drop_entry(entry.seq)?))? {
                return Err(format!("left over: {entry:?}").into());
            }
        }
        self.check()?;
        let shown = self.shown()?;
        let mut texts: Vec<_> = shown.iter().map(|todo| todo.text.as_str()).collect();
        let mut there: Vec<_> = rows.iter().map(|row| row.text.as_str()).collect();
        texts.sort_unstable();
        there.sort_unstable();
        if texts != there {
            return Err(format!("shown {texts:?}, on the server {there:?}").into());
        }
        Ok(())
    }

    /// Returns the shown todos in key order.
    pub(crate) fn shown(&mut self) -> Checked<Vec<Todo>> {
        self.with(|store| shown(store))
    }

    pub(crate) fn outbox(&mut self) -> Checked<Vec<Queued>> {
        self.with(|store| Ok(store.outbox()?))
    }

    /// Returns the rejected changes.
    pub(crate) fn rejected(&mut self) -> Checked<Vec<Queued>> {
        let mut outbox = self.outbox()?;
        outbox.retain(|queued| matches!(queued.entry.progress, Progress::Rejected(_)));
        Ok(outbox)
    }

    /// Checks that the shown todos are what base and outbox define, and that the counters
    /// are right.
    pub(crate) fn check(&mut self) -> Checked {
        let number = self.number;
        self.with(|store| {
            let (defined, totals) = store.replayed()?;
            let shown = shown(store)?;
            if shown != defined || store.totals()? != totals {
                return Err(format!(
                    "device {number} shows {shown:#?}, defined is {defined:#?}, {totals:?}"
                )
                .into());
            }
            let tags = [store.tags('+', TODAY, 1000)?, store.tags('@', TODAY, 1000)?];
            let counted: Tags = tags
                .into_iter()
                .flatten()
                .map(|it| (tag_key(&it.tag).into_owned(), (it.open, it.done)))
                .collect();
            let dues = store.due_counts(Calendar::new(TODAY))?;
            if (&counted, dues) != (&tags_of(&shown), dues_of(&shown)) {
                return Err(format!("{number} counts {counted:?}, {dues:?} in {shown:#?}").into());
            }
            Ok(())
        })
    }
}

/// The numbers of open todos that do not wait, and of done ones, by folded tag.
type Tags = BTreeMap<String, (u64, u64)>;

fn tags_of(todos: &[Todo]) -> Tags {
    let mut tags = Tags::new();
    for line in todos.iter().map(|todo| Line::new(&todo.text)) {
        let names = line.text().split(' ');
        let names = names.filter(|word| word.len() > 1 && word.starts_with(['+', '@']));
        let names: BTreeSet<String> = names.map(|tag| tag_key(tag).into_owned()).collect();
        for name in names {
            let (open, done) = tags.entry(name).or_default();
            *open += u64::from(!line.is_done() && !waits(line, TODAY));
            *done += u64::from(line.is_done());
        }
    }
    tags
}

fn dues_of(todos: &[Todo]) -> DueCounts {
    let lines = todos.iter().map(|todo| Line::new(&todo.text));
    let awake = lines.filter(|line| !line.is_done() && !waits(*line, TODAY));
    let groups = awake.map(|line| DueGroups::of(Calendar::new(TODAY)).group(line.due()));
    let groups: Vec<DueGroup> = groups.collect();
    DueGroup::ALL.map(|group| groups.iter().filter(|it| **it == group).count() as u64)
}

fn shown(store: &Store) -> Checked<Vec<Todo>> {
    let query = Query {
        scope: Scope::All,
        ..Query::default()
    };
    let mut todos = Vec::new();
    store.each(&query, |todo| {
        todos.push(todo.clone());
        ControlFlow::Continue(())
    })?;
    todos.sort_by_key(|todo| todo.key);
    Ok(todos)
}
