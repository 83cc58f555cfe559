//! The loop itself, over a terminal in memory.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::task::Poll;

use futures_util::{Stream, StreamExt as _, stream};
use jiff::civil::Date;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;
use tudone::app::keys::{Code, KeyPress};
use tudone::app::{Effect, Msg, Stamp};
use tudone::runtime::event_loop::{
    self, EffectHandler, EventSources, LoopEnd, LoopError, Signal, SignalSource,
};
use tudone::runtime::output::Output;
use tudone::sync::event::{RoundEvent, RoundFailure};
use tudone::sync::round::RoundReport;
use tudone::ui::symbols::Symbols;
use tudone::ui::{ColorDepth, Themes};
use uuid::Uuid;

use crate::stage::{NOON, Stage, ada, instant, todo};
use tudone::domain::list::{Freshness, Totals, Window};
use tudone::domain::todo::{SyncState, Todo};

type Outcome = Result<(), Box<dyn Error>>;

/// Nothing happens outside, but it is noted.
#[derive(Default)]
struct Recorder {
    begun: Vec<Effect>,
    suspended: usize,
    left: Option<LoopEnd>,
}

impl EffectHandler for Recorder {
    fn start(&mut self, effect: Effect) {
        self.begun.push(effect);
    }
    fn edit(&mut self, text: &str) -> io::Result<Result<String, String>> {
        Ok(Ok(format!("{text}, edited")))
    }
    fn suspend(&mut self) -> io::Result<()> {
        self.suspended += 1;
        Ok(())
    }
    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Silence;

impl SignalSource for Silence {
    async fn next(&mut self) -> Signal {
        std::future::pending().await
    }
}

fn rows() -> Vec<Todo> {
    (1..100)
        .map(|n| todo(n, "milk", SyncState::Synced))
        .collect()
}

/// The program with its rows on the screen.
fn stage() -> Stage {
    let mut stage = Stage::new(80, 24, Some(ada()));
    stage.answer(rows());
    stage
}

/// Runs the loop over `input` until it leaves; how many frames it drew.
fn frames(input: Vec<Msg>, messages: Vec<Msg>) -> Result<(usize, Recorder), Box<dyn Error>> {
    let mut stage = stage();
    let mut terminal = Terminal::new(TestBackend::new(80, 24))?;
    let (sender, mut receiver) = mpsc::channel(64);
    for msg in messages {
        sender.try_send(msg)?;
    }
    let mut noted = Recorder::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let sources = EventSources {
        input: Some(stream::iter(input).chain(after_the_messages())),
        reopen: None,
        messages: &mut receiver,
        signals: Silence,
        output: Output::start(io::sink()),
    };
    let stamp = || Stamp {
        now: instant(NOON),
        today: Date::constant(2026, 11, 24),
        fresh: Uuid::nil(),
    };
    let driven: Result<LoopEnd, LoopError<Infallible>> = runtime.block_on(event_loop::run(
        &mut terminal,
        &mut stage.model,
        sources,
        &mut noted,
        &Themes::new(ColorDepth::None, Symbols::UNICODE),
        stamp,
    ));
    noted.left = Some(driven?);
    // The next frame's number is the count of those drawn.
    Ok((terminal.get_frame().count(), noted))
}

/// An input that says nothing and ends when the loop has taken all facts in
/// and drawn what came of them: it is asked once a fact, and a few times more.
fn after_the_messages() -> impl Stream<Item = Msg> + Unpin {
    let mut asked = 0;
    stream::poll_fn(move |cx| {
        asked += 1;
        if asked > 32 {
            return Poll::Ready(None);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

fn press(c: char) -> Msg {
    Msg::Pressed(KeyPress::plain(Code::Char(c)))
}

#[test]
fn thirty_keys_at_once_cost_one_frame() -> Outcome {
    let mut input = vec![press('j'); 30];
    input.push(press('q'));
    let (frames, _) = frames(input, Vec::new())?;
    assert!(frames <= 2, "{frames} frames");
    Ok(())
}

#[test]
fn a_round_that_brought_nothing_draws_nothing() {
    let news = || Msg::Round(RoundEvent::Ended(RoundReport::default()));
    let mut stage = stage();
    stage.say(news());
    assert!(
        stage.model.take_stale(),
        "the first one shows that it works"
    );
    assert!(!stage.say(news()).model.take_stale());
}

#[test]
fn a_pull_that_brought_nothing_draws_nothing_until_the_minute_is_over() -> Outcome {
    let pulled = |at: &str| {
        let mut stage = stage();
        let id = stage.say(Msg::StoreChanged).asked();
        Msg::Windowed {
            id,
            window: Window {
                rows: rows(),
                ..Window::default()
            },
            totals: Totals {
                open: 99,
                ..Totals::default()
            },
            freshness: Freshness {
                as_of: Some(instant(at)),
                ..Freshness::default()
            },
            capabilities: None,
        }
    };
    let counted = |at| frames(Vec::new(), vec![Msg::StoreChanged, pulled(at)]);
    let (none, _) = frames(Vec::new(), Vec::new())?;
    let (same, _) = counted("2026-11-24T11:58:59Z")?;
    let (next, _) = counted("2026-11-24T11:59:00Z")?;
    assert_eq!((same, next), (none, none + 1));
    Ok(())
}

#[test]
fn a_doorbell_that_comes_and_goes_offline_draws_nothing() {
    let mut stage = stage();
    stage.say(Msg::Round(RoundEvent::Failed {
        failure: RoundFailure::Unreachable {
            why: "cannot reach hasura.example".to_owned(),
        },
        next_try: None,
    }));
    assert!(stage.model.take_stale());
    for on in [true, false, true] {
        assert!(!stage.say(Msg::LiveChanged { on }).model.take_stale());
    }
    stage.say(Msg::Round(RoundEvent::Ended(RoundReport::default())));
    assert!(stage.model.take_stale());
    assert!(!stage.say(Msg::LiveChanged { on: true }).model.take_stale());
    assert!(stage.say(Msg::LiveChanged { on: false }).model.take_stale());
}

#[test]
fn the_end_of_the_input_ends_the_loop() -> Outcome {
    let (_, noted) = frames(Vec::new(), Vec::new())?;
    assert_eq!(noted.left, Some(LoopEnd::Signalled));
    let (_, noted) = frames(vec![press('q')], Vec::new())?;
    assert_eq!(noted.left, Some(LoopEnd::Quit));
    Ok(())
}

#[test]
fn ctrl_z_hands_the_terminal_over_and_goes_on() -> Outcome {
    let suspend = Msg::Pressed("ctrl-z".parse()?);
    let (_, noted) = frames(vec![suspend, press('x')], Vec::new())?;
    assert_eq!(noted.suspended, 1);
    assert!(
        noted
            .begun
            .iter()
            .any(|effect| matches!(effect, Effect::Commit { .. }))
    );
    Ok(())
}
