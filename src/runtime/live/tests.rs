//! The pauses, in time that the tests move.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;

use super::*;

/// A door that does what the test says, and notes when it was opened.
struct Scripted<P> {
    /// What the n-th connection, counted from 0, does; see [`Connection`].
    play: P,
    noted: Rc<RefCell<Recorder>>,
}

#[derive(Default)]
struct Recorder {
    opened: Vec<Instant>,
    closed: usize,
}

/// What a connection tells, each after so long; then nothing for ever.
type Connection = VecDeque<(Duration, Result<(), LiveError>)>;

struct ScriptedSubscription {
    next: Connection,
    noted: Rc<RefCell<Recorder>>,
}

impl<P: Fn(usize) -> Result<Connection, LiveError>> Connector for Scripted<P> {
    type Subscription = ScriptedSubscription;

    async fn open(&self) -> Result<ScriptedSubscription, LiveError> {
        let opened = &mut self.noted.borrow_mut().opened;
        opened.push(Instant::now());
        let next = (self.play)(opened.len() - 1)?;
        let noted = Rc::clone(&self.noted);
        Ok(ScriptedSubscription { next, noted })
    }
}

impl Subscription for ScriptedSubscription {
    async fn ring(&mut self) -> Result<(), LiveError> {
        match self.next.pop_front() {
            Some((after, display_chain)) => {
                sleep(after).await;
                display_chain
            }
            None => pending().await,
        }
    }

    async fn close(self) {
        self.noted.borrow_mut().closed += 1;
    }
}

type Outcome = Result<(), Box<dyn Error>>;

fn live(
    play: impl Fn(usize) -> Result<Connection, LiveError> + 'static,
) -> (Live, Rc<RefCell<Recorder>>) {
    let noted = Rc::<RefCell<Recorder>>::default();
    let door = Scripted {
        play,
        noted: Rc::clone(&noted),
    };
    (Live::start(door, fastrand::Rng::with_seed(7)), noted)
}

/// Rings at once, as Hasura does, and then ends like this after `lasting`.
fn ringing(lasting: Duration, error: LiveError) -> Connection {
    [(Duration::ZERO, Ok(())), (lasting, Err(error))].into()
}

/// Rings at once and stays.
fn steady() -> Connection {
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

/// All that is told within `time`.
async fn within(time: Duration, live: &mut Live) -> Vec<LiveEvent> {
    let end = Instant::now() + time;
    let mut display_chain = Vec::new();
    while let Ok(tidings) = tokio::time::timeout_at(end, live.next()).await {
        display_chain.push(tidings);
    }
    display_chain
}

/// The pauses between the connections that were opened.
fn pauses(noted: &RefCell<Recorder>) -> Vec<Duration> {
    let opened = &noted.borrow().opened;
    opened
        .iter()
        .zip(opened.iter().skip(1))
        .map(|(one, next)| *next - *one)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_opened_again_within_a_second() {
    let (mut live, noted) = live(|nth| match nth {
        0 => Ok(ringing(Duration::ZERO, lost())),
        _ => Ok(steady()),
    });
    let display_chain = within(SECOND, &mut live).await;
    let silent = LiveEvent::Timeout(lost());
    let (up, rang) = (LiveEvent::Connected, LiveEvent::Rang);
    assert_eq!(display_chain, [up.clone(), rang.clone(), silent, up, rang]);
    assert!(pauses(&noted).iter().all(|pause| *pause >= SECOND / 2));
}

#[tokio::test(start_paused = true)]
async fn a_token_about_to_end_is_replaced_at_once_and_nobody_hears_of_it() {
    let (mut live, noted) = live(|_| Ok(ringing(HOUR, LiveError::Renew)));
    let display_chain = within(HOUR * 2 + SECOND, &mut live).await;
    let rang = LiveEvent::Rang;
    assert_eq!(
        display_chain,
        [LiveEvent::Connected, rang.clone(), rang.clone(), rang]
    );
    assert_eq!(pauses(&noted), [HOUR, HOUR]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_no_better_one_replaces_is_not_asked_for_in_a_circle() {
    let (mut live, noted) = live(|_| Ok(ringing(Duration::ZERO, LiveError::Renew)));
    within(HOUR, &mut live).await;
    let opened = noted.borrow().opened.len();
    assert!((10..40).contains(&opened), "{opened} connections");
}

#[tokio::test(start_paused = true)]
async fn a_dead_network_is_tried_ever_more_rarely() {
    let (mut live, noted) = live(|_| Err(unreachable()));
    let display_chain = within(HOUR * 10, &mut live).await;
    assert_eq!(
        display_chain,
        [LiveEvent::Timeout(unreachable())],
        "told once"
    );
    let pauses = pauses(&noted);
    assert!(pauses.iter().all(|pause| *pause <= LONGEST));
    let early: Duration = pauses.iter().take(3).sum();
    assert!(early <= SECOND * 7, "{early:?}");
    assert!(pauses.iter().any(|pause| *pause > LONGEST / 2));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_lasts_does_not_become_a_storm() {
    let (mut live, noted) = live(|_| Ok(ringing(Duration::ZERO, lost())));
    within(HOUR, &mut live).await;
    let opened = noted.borrow().opened.len();
    assert!((10..40).contains(&opened), "{opened} connections");
}

#[tokio::test(start_paused = true)]
async fn after_a_good_connection_the_pauses_begin_small_again() {
    let (mut live, noted) = live(|nth| match nth {
        0..20 => Err(unreachable()),
        20 => Ok(ringing(STEADY, lost())),
        _ => Ok(steady()),
    });
    within(HOUR * 10, &mut live).await;
    let last = pauses(&noted).pop();
    assert!(last.is_some_and(|it| it <= STEADY + SECOND), "{last:?}");
}

#[tokio::test(start_paused = true)]
async fn where_somebody_has_to_do_something_first_tries_are_rare_from_the_start() {
    let blocked = [
        LiveError::NoUpgrade { status: 403 },
        LiveError::NoUpgrade { status: 200 },
        LiveError::InvalidResponse {
            message: "no websocket".to_owned(),
        },
        LiveError::Refused {
            code: "validation-failed".to_owned(),
            message: "no subscriptions".to_owned(),
        },
        LiveError::Unauthorized {
            message: "4403".to_owned(),
        },
    ];
    for error in blocked {
        let refusal = error.clone();
        let (mut live, noted) = live(move |_| Err(refusal.clone()));
        let display_chain = within(HOUR, &mut live).await;
        let opened = noted.borrow().opened.len();
        assert!((6..=13).contains(&opened), "{error:?}: {opened}");
        assert_eq!(display_chain, [LiveEvent::Timeout(error)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_the_pause() {
    let (mut live, noted) = live(|nth| match nth {
        0 => Err(LiveError::NoUpgrade { status: 403 }),
        _ => Ok(steady()),
    });
    within(SECOND, &mut live).await;
    live.call();
    let display_chain = within(SECOND, &mut live).await;
    assert_eq!(display_chain, [LiveEvent::Connected, LiveEvent::Rang]);
    assert_eq!(pauses(&noted), [SECOND]);
}

#[tokio::test(start_paused = true)]
async fn logged_out_nothing_is_tried_until_called() {
    let (mut live, noted) = live(|nth| match nth {
        0 => Err(LiveError::NoToken {
            message: "logged out".to_owned(),
            logged_out: true,
        }),
        _ => Ok(steady()),
    });
    within(HOUR * 24, &mut live).await;
    assert_eq!(noted.borrow().opened.len(), 1);
    live.call();
    within(SECOND, &mut live).await;
    assert_eq!(noted.borrow().opened.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn it_says_goodbye_when_it_is_closed_in_any_state() -> Outcome {
    let (mut connected, noted) = live(|_| Ok(steady()));
    within(SECOND, &mut connected).await;
    connected.call();
    tokio::time::timeout(SECOND, connected.close()).await?;
    assert_eq!(noted.borrow().closed, 1);

    let (mut resting, _) = live(|_| Err(lost()));
    within(SECOND, &mut resting).await;
    tokio::time::timeout(SECOND / 100, resting.close()).await?;
    Ok(())
}
