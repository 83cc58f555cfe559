//! Pauses and events, in time that the tests advance.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;

use super::*;
use crate::auth::error::AuthError;

/// A connector that plays a script and records when it was opened.
struct Scripted<P> {
    /// The script of the n-th connection, counted from 0.
    play: P,
    log: Rc<RefCell<ConnectionLog>>,
}

#[derive(Default)]
struct ConnectionLog {
    opened: Vec<Instant>,
    closed: usize,
}

/// The changes of a connection, each after a delay; then nothing for ever.
type Script = VecDeque<(Duration, Result<(), LiveError>)>;

struct ScriptedSubscription {
    next: Script,
    log: Rc<RefCell<ConnectionLog>>,
}

impl<P: Fn(usize) -> Result<Script, LiveError>> Connector for Scripted<P> {
    type Subscription = ScriptedSubscription;

    async fn open(&self) -> Result<ScriptedSubscription, LiveError> {
        let opened = &mut self.log.borrow_mut().opened;
        opened.push(Instant::now());
        let next = (self.play)(opened.len() - 1)?;
        let log = Rc::clone(&self.log);
        Ok(ScriptedSubscription { next, log })
    }
}

impl Subscription for ScriptedSubscription {
    async fn changed(&mut self) -> Result<(), LiveError> {
        match self.next.pop_front() {
            Some((after, change)) => {
                sleep(after).await;
                change
            }
            None => std::future::pending().await,
        }
    }

    async fn close(self) {
        self.log.borrow_mut().closed += 1;
    }
}

type TestResult = Result<(), Box<dyn Error>>;

fn live(
    play: impl Fn(usize) -> Result<Script, LiveError> + 'static,
) -> (LiveConnection, Rc<RefCell<ConnectionLog>>) {
    let log = Rc::<RefCell<ConnectionLog>>::default();
    let connector = Scripted {
        play,
        log: Rc::clone(&log),
    };
    (
        LiveConnection::start(connector, fastrand::Rng::with_seed(7)),
        log,
    )
}

/// Reports a change at once, as Hasura does, and then ends after `lasting`.
fn ending(lasting: Duration, error: LiveError) -> Script {
    [(Duration::ZERO, Ok(())), (lasting, Err(error))].into()
}

/// Reports a change at once and stays connected.
fn steady() -> Script {
    [(Duration::ZERO, Ok(()))].into()
}

fn lost() -> LiveError {
    LiveError::ConnectionLost {
        message: "cut".to_owned(),
    }
}

fn unreachable() -> LiveError {
    LiveError::Unreachable {
        message: "connection refused".to_owned(),
    }
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

/// Compares events by their `Debug` form, since errors have no equality.
fn assert_events(events: &[LiveEvent], expected: &[LiveEvent]) {
    assert_eq!(format!("{events:?}"), format!("{expected:?}"));
}

/// Collects the events of `time`.
async fn events_within(time: Duration, live: &mut LiveConnection) -> Vec<LiveEvent> {
    let end = Instant::now() + time;
    let mut events = Vec::new();
    while let Ok(event) = tokio::time::timeout_at(end, live.next_event()).await {
        events.push(event);
    }
    events
}

/// The pauses between the connections that were opened.
fn pauses(log: &RefCell<ConnectionLog>) -> Vec<Duration> {
    let opened = &log.borrow().opened;
    opened
        .iter()
        .zip(opened.iter().skip(1))
        .map(|(one, next)| *next - *one)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_opened_again_within_a_second() {
    let (mut live, log) = live(|nth| match nth {
        0 => Ok(ending(Duration::ZERO, lost())),
        _ => Ok(steady()),
    });
    let events = events_within(SECOND, &mut live).await;
    let disconnected = LiveEvent::Disconnected(lost());
    let (up, changed) = (LiveEvent::Connected, LiveEvent::Changed);
    assert_events(
        &events,
        &[up.clone(), changed.clone(), disconnected, up, changed],
    );
    assert!(pauses(&log).iter().all(|pause| *pause >= SECOND / 2));
}

#[tokio::test(start_paused = true)]
async fn an_expiring_token_is_replaced_at_once_without_an_event() {
    let (mut live, log) = live(|_| Ok(ending(HOUR, LiveError::Renew)));
    let events = events_within(HOUR * 2 + SECOND, &mut live).await;
    let changed = LiveEvent::Changed;
    assert_events(
        &events,
        &[
            LiveEvent::Connected,
            changed.clone(),
            changed.clone(),
            changed,
        ],
    );
    assert_eq!(pauses(&log), [HOUR, HOUR]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_no_better_one_replaces_is_not_requested_in_a_loop() {
    let (mut live, log) = live(|_| Ok(ending(Duration::ZERO, LiveError::Renew)));
    events_within(HOUR, &mut live).await;
    let opened = log.borrow().opened.len();
    assert!((10..40).contains(&opened), "{opened} connections");
}

#[tokio::test(start_paused = true)]
async fn a_dead_network_is_tried_less_and_less_often() {
    let (mut live, log) = live(|_| Err(unreachable()));
    let events = events_within(HOUR * 10, &mut live).await;
    assert_events(&events, &[LiveEvent::Disconnected(unreachable())]);
    let pauses = pauses(&log);
    assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
    let early: Duration = pauses.iter().take(3).sum();
    assert!(early <= SECOND * 7, "{early:?}");
    assert!(pauses.iter().any(|pause| *pause > LONGEST_PAUSE / 2));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_lasts_is_tried_less_and_less_often() {
    let (mut live, log) = live(|_| Ok(ending(Duration::ZERO, lost())));
    events_within(HOUR, &mut live).await;
    let opened = log.borrow().opened.len();
    assert!((10..40).contains(&opened), "{opened} connections");
}

#[tokio::test(start_paused = true)]
async fn a_stable_connection_resets_the_pauses() {
    let (mut live, log) = live(|nth| match nth {
        0..20 => Err(unreachable()),
        20 => Ok(ending(STABLE, lost())),
        _ => Ok(steady()),
    });
    events_within(HOUR * 10, &mut live).await;
    let last = pauses(&log).pop();
    assert!(last.is_some_and(|it| it <= STABLE + SECOND), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_only_a_user_can_fix_is_retried_rarely() {
    let blocked = [
        LiveError::NoUpgrade { status: 403 },
        LiveError::NoUpgrade { status: 200 },
        LiveError::InvalidResponse {
            message: "no websocket".to_owned(),
        },
        LiveError::Rejected {
            code: "validation-failed".to_owned(),
            message: "no subscriptions".to_owned(),
        },
        LiveError::Unauthorized {
            message: "4403".to_owned(),
        },
    ];
    for error in blocked {
        let refusal = error.clone();
        let (mut live, log) = live(move |_| Err(refusal.clone()));
        let events = events_within(HOUR, &mut live).await;
        let opened = log.borrow().opened.len();
        assert!((6..=13).contains(&opened), "{error:?}: {opened}");
        assert_events(&events, &[LiveEvent::Disconnected(error)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_to_retry_ends_the_pause() {
    let (mut live, log) = live(|nth| match nth {
        0 => Err(LiveError::NoUpgrade { status: 403 }),
        _ => Ok(steady()),
    });
    events_within(SECOND, &mut live).await;
    live.retry_now();
    let events = events_within(SECOND, &mut live).await;
    assert_events(&events, &[LiveEvent::Connected, LiveEvent::Changed]);
    assert_eq!(pauses(&log), [SECOND]);
}

#[tokio::test(start_paused = true)]
async fn without_a_login_nothing_is_tried_until_requested() {
    let (mut live, log) = live(|nth| match nth {
        0 => Err(LiveError::NoToken {
            source: Arc::new(AuthError::LoggedOut),
        }),
        _ => Ok(steady()),
    });
    events_within(HOUR * 24, &mut live).await;
    assert_eq!(log.borrow().opened.len(), 1);
    live.retry_now();
    events_within(SECOND, &mut live).await;
    assert_eq!(log.borrow().opened.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn closing_is_orderly_and_quick_in_any_state() -> TestResult {
    let (mut connected, log) = live(|_| Ok(steady()));
    events_within(SECOND, &mut connected).await;
    connected.retry_now();
    tokio::time::timeout(SECOND, connected.close()).await?;
    assert_eq!(log.borrow().closed, 1);

    let (mut pausing, _) = live(|_| Err(lost()));
    events_within(SECOND, &mut pausing).await;
    tokio::time::timeout(SECOND / 100, pausing.close()).await?;
    Ok(())
}
