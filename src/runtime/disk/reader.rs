//! The reader thread.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{
    DatabaseLocation, OpenStore, ReaderStart, WATCH_INTERVAL, requests as disk_requests, warn,
};
use crate::app::{Effect, Msg};
use crate::runtime::local_day::LocalDay;
use crate::runtime::with_help;
use crate::store::{Store, StoreError};

/// How long nothing is requested before rows are counted: not between the keys of a
/// search, each of which would count them all.
const PAUSE_BEFORE_COUNTING: Duration = Duration::from_secs(1);

/// Answers requests until their sender is dropped.
pub(super) fn run(
    location: &DatabaseLocation,
    start: ReaderStart,
    requests: &Receiver<Effect>,
    messages: &mpsc::Sender<Msg>,
    mut local_day: impl FnMut() -> LocalDay,
) {
    let mut day = local_day();
    let opened = match start {
        ReaderStart::Open(open) => Ok(open),
        ReaderStart::Switch(switch) => {
            if let Err(reason) = switch.keep() {
                warn(messages)(format!("not saved: {reason}"));
            }
            location.open_or_read(warn(messages)).map(|store| {
                let open = OpenStore::new(store);
                let _ = messages.blocking_send(switch.opened());
                open
            })
        }
    };
    let OpenStore { store, version } = match opened {
        Ok(open) => open,
        Err(error) => {
            let reason = with_help(&error);
            let _ = messages.blocking_send(Msg::OpenFailed { reason });
            return;
        }
    };
    let mut reader = StoreReader {
        version,
        reported_newer: false,
        has_counted: false,
        store,
    };
    let mut waiting = VecDeque::new();
    loop {
        let next = waiting.pop_front();
        let pause = pause_before(next.as_ref(), reader.has_counted);
        let more = pause.map(|pause| requests.recv_timeout(pause));
        let msgs = match (next, more) {
            (_, Some(Err(RecvTimeoutError::Disconnected))) => return,
            (next, Some(Ok(effect))) => {
                waiting.extend(next);
                waiting.push_back(effect);
                [None, None]
            }
            (next, timeout) => [
                timeout.and_then(|_| reader.check_for_changes()),
                next.and_then(|effect| reader.answer(effect, requests, &mut waiting)),
            ],
        };
        waiting.extend(requests.try_iter());
        waiting = latest(waiting);
        for msg in msgs.into_iter().flatten() {
            if messages.blocking_send(msg).is_err() {
                return;
            }
        }
        let now = local_day();
        if now != day {
            day = now.clone();
            let changed = Msg::CalendarChanged { zone: now.zone };
            if messages.blocking_send(changed).is_err() {
                return;
            }
        }
    }
}

/// Returns how long to wait for another request before `next` is answered; without
/// one, before the store is checked for changes.
const fn pause_before(next: Option<&Effect>, has_counted: bool) -> Option<Duration> {
    match next {
        Some(Effect::Count(_)) if has_counted => Some(PAUSE_BEFORE_COUNTING),
        Some(_) => None,
        None => Some(WATCH_INTERVAL),
    }
}

/// Returns the last request of each kind, the one that counts rows at the end.
fn latest(requests: VecDeque<Effect>) -> VecDeque<Effect> {
    let mut latest = VecDeque::with_capacity(requests.len());
    let mut count = None;
    for effect in requests {
        if matches!(effect, Effect::Count(_)) {
            count = Some(effect);
            continue;
        }
        latest.retain(|older| discriminant(older) != discriminant(&effect));
        latest.push_back(effect);
    }
    latest.extend(count);
    latest
}

/// A store and the state of it that was last reported.
struct StoreReader {
    store: Store,
    /// The version when the rows were last read.
    version: Option<i64>,
    /// Whether the user was warned that a newer version migrated it.
    reported_newer: bool,
    /// Whether rows have been counted, or begun to be.
    has_counted: bool,
}

impl StoreReader {
    /// Returns what happened to the store since the last read, if anything did.
    fn check_for_changes(&mut self) -> Option<Msg> {
        match self.store.check() {
            Err(error @ StoreError::Newer { .. }) if !self.reported_newer => {
                self.reported_newer = true;
                let reason = with_help(&error);
                return Some(Msg::StoreWarning { reason });
            }
            Err(error) if error.is_replaced() => return Some(self.reopen_after(&error)),
            // The next request reports any other error.
            Ok(()) | Err(_) => {}
        }
        if self.store.unwritable().is_some() {
            // It may have become writable, or another process has written.
            let before = self.version.take();
            if self.store.reopen().is_ok() && self.store.unwritable().is_none() {
                return Some(Msg::StoreChanged);
            }
            self.version = before;
        }
        let version = self.store.version().ok();
        if version == self.version {
            return None;
        }
        self.version = version;
        Some(Msg::StoreChanged)
    }

    /// Answers a request. Counting rows stops when something else is requested:
    /// both are `waiting` then.
    fn answer(
        &mut self,
        effect: Effect,
        requests: &Receiver<Effect>,
        waiting: &mut VecDeque<Effect>,
    ) -> Option<Msg> {
        if matches!(effect, Effect::Window { .. }) {
            self.version = self.store.version().ok();
        }
        let answer = if let Effect::Count(uncounted) = &effect {
            self.has_counted = true;
            let mut is_overtaken = || match requests.try_recv() {
                Ok(effect) => {
                    waiting.push_back(effect);
                    true
                }
                Err(TryRecvError::Disconnected) => true,
                Err(TryRecvError::Empty) => !waiting.is_empty(),
            };
            disk_requests::count(&self.store, uncounted, &mut is_overtaken)
        } else {
            disk_requests::read(&self.store, &effect)
        };
        match answer {
            Ok(None) if matches!(effect, Effect::Count(_)) => {
                // First, so that a newer one replaces it.
                waiting.push_front(effect);
                None
            }
            Ok(answer) => answer,
            Err(error) if error.is_replaced() => Some(self.reopen_after(&error)),
            Err(error @ StoreError::Isolated { .. }) => Some(Msg::StoreWarning {
                reason: with_help(&error),
            }),
            Err(error) => Some(disk_requests::failed(&effect, with_help(&error))),
        }
    }

    /// Opens the store that replaces one that was moved aside.
    fn reopen_after(&mut self, why: &StoreError) -> Msg {
        let reason = match self.store.reopen() {
            Ok(()) => with_help(why),
            Err(error) => with_help(&error),
        };
        self.version = self.store.version().ok();
        Msg::StoreWarning { reason }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::sync::mpsc::channel;
    use std::thread;

    use jiff::civil::Date;
    use jiff::tz::{TimeZone, offset};

    use super::*;
    use crate::app::counts::Uncounted;
    use crate::domain::change::{Act, Change};
    use crate::domain::key::{ChangeId, Key};
    use crate::domain::query::Query;

    fn count() -> Effect {
        Effect::Count(Uncounted {
            views: vec![Query::default()],
            list: None,
            done: None,
        })
    }

    fn add(n: u128) -> Change {
        Change {
            id: ChangeId(uuid::Uuid::from_u128(n)),
            todo: Key::new(uuid::Uuid::from_u128(n)),
            act: Act::Add {
                text: "milk".to_owned(),
            },
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn location(folder: &tempfile::TempDir) -> DatabaseLocation {
        DatabaseLocation {
            path: folder.path().join("todos.db"),
            endpoint: "https://todos.example/v1/graphql".to_owned(),
        }
    }

    #[test]
    fn the_last_request_of_each_kind_is_answered_and_rows_are_counted_last() {
        let requests = [count(), Effect::Queue, count(), Effect::Queue];
        assert_eq!(latest(requests.into()), [Effect::Queue, count()]);
    }

    #[test]
    fn counting_rows_gives_way_to_a_later_request() -> Result<(), Box<dyn Error>> {
        let mut store = Store::in_memory("https://todos.example/v1/graphql")?;
        store.commit(&(1..=600).map(add).collect::<Vec<_>>())?;
        let mut reader = StoreReader {
            store,
            version: None,
            reported_newer: false,
            has_counted: false,
        };
        let (sender, requests) = std::sync::mpsc::channel();
        let mut waiting = VecDeque::new();
        sender.send(Effect::Queue)?;

        let overtaken = reader.answer(count(), &requests, &mut waiting);
        assert_eq!(overtaken, None);
        assert_eq!(waiting, [count(), Effect::Queue]);

        waiting.clear();
        let counted = reader.answer(count(), &requests, &mut waiting);
        let Some(Msg::CountedRows(counted)) = counted else {
            return Err(format!("{counted:?}").into());
        };
        assert_eq!(counted.views, [600]);

        drop(sender);
        let ended = reader.answer(count(), &requests, &mut waiting);
        assert_eq!(ended, None, "the program ends without the count");
        Ok(())
    }

    #[test]
    fn only_the_first_count_of_rows_begins_without_a_pause() {
        let count = count();
        assert_eq!(pause_before(Some(&count), false), None);
        assert_eq!(
            pause_before(Some(&count), true),
            Some(PAUSE_BEFORE_COUNTING)
        );
        assert_eq!(pause_before(Some(&Effect::Queue), true), None);
    }

    #[tokio::test]
    async fn what_another_process_wrote_is_noticed_while_a_count_waits()
    -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let location = location(&folder);
        let start = ReaderStart::Open(OpenStore::new(location.open()?));
        let (requests, received) = channel();
        let (messages, mut sent) = mpsc::channel(8);
        requests.send(count())?;
        let reading = location.clone();
        thread::spawn(move || run(&reading, start, &received, &messages, LocalDay::now));
        let first = tokio::time::timeout(DEADLINE, sent.recv()).await?;
        assert!(matches!(first, Some(Msg::CountedRows(_))), "{first:?}");

        location.open()?.commit(&[add(1)])?;
        requests.send(count())?;

        let noticed = tokio::time::timeout(DEADLINE, sent.recv()).await?;
        assert_eq!(noticed, Some(Msg::StoreChanged));
        Ok(())
    }

    const DEADLINE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn midnight_and_another_time_zone_are_noticed_without_a_key() -> Result<(), Box<dyn Error>>
    {
        let folder = tempfile::tempdir()?;
        let location = location(&folder);
        let day = |date, zone: &TimeZone| LocalDay {
            date,
            zone: zone.clone(),
        };
        let (friday, saturday) = (Date::constant(2026, 11, 27), Date::constant(2026, 11, 28));
        let (utc, west) = (TimeZone::UTC, TimeZone::fixed(offset(-5)));
        let last = day(saturday, &west);
        let mut clock = vec![day(saturday, &utc), day(friday, &utc)];
        let now = move || clock.pop().unwrap_or_else(|| last.clone());
        let start = ReaderStart::Open(OpenStore::new(location.open()?));
        let (_requests, received) = channel();
        let (messages, mut sent) = mpsc::channel(8);
        thread::spawn(move || run(&location, start, &received, &messages, now));

        for zone in [utc, west] {
            let msg = tokio::time::timeout(DEADLINE, sent.recv()).await?;
            assert_eq!(msg, Some(Msg::CalendarChanged { zone }));
        }
        Ok(())
    }
}
