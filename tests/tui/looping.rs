//! The loop itself, over a terminal in memory.

use std::convert::Infallible;
use std::error::Error;
use std::io;

use futures_util::stream;
use jiff::civil::Date;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;
use tudone::app::keys::{Code, Key};
use tudone::app::link::RoundNews;
use tudone::app::{Effect, Msg, Stamp};
use tudone::runtime::drive::{DriveError, Outside, Signal, Signals, Sources, drive};
use tudone::sync::round::Report;
use tudone::ui::Theme;
use uuid::Uuid;

use crate::stage::{NOON, Stage, ada, instant, todo};
use tudone::domain::todo::State;

type Outcome = Result<(), Box<dyn Error>>;

/// Nothing happens outside, but it is noted.
#[derive(Default)]
struct Noted {
    begun: Vec<Effect>,
    suspended: usize,
}

impl Outside for Noted {
    fn begin(&mut self, effect: Effect) {
        self.begun.push(effect);
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

impl Signals for Silence {
    async fn next(&mut self) -> Signal {
        std::future::pending().await
    }
}

/// Runs the loop over `input` until it leaves; how many frames it drew.
fn frames(input: Vec<Msg>, facts: Vec<Msg>) -> Result<(usize, Noted), Box<dyn Error>> {
    let mut stage = Stage::new(80, 24, Some(ada()));
    let rows = (1..100).map(|n| todo(n, "milk", State::Synced)).collect();
    stage.answer(rows);
    let mut terminal = Terminal::new(TestBackend::new(80, 24))?;
    let (sender, mut receiver) = mpsc::channel(64);
    for fact in facts {
        sender.try_send(fact)?;
    }
    let mut noted = Noted::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let sources = Sources {
        input: stream::iter(input),
        facts: &mut receiver,
        signals: Silence,
    };
    let stamp = || Stamp {
        now: instant(NOON),
        today: Date::constant(2026, 11, 24),
        fresh: Uuid::nil(),
    };
    let driven: Result<(), DriveError<Infallible>> = runtime.block_on(drive(
        &mut terminal,
        &mut stage.model,
        sources,
        &mut noted,
        &Theme::new(false),
        stamp,
    ));
    driven?;
    // The next frame's number is the count of those drawn.
    Ok((terminal.get_frame().count(), noted))
}

fn press(c: char) -> Msg {
    Msg::Pressed(Key::plain(Code::Char(c)))
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
fn a_round_that_brought_nothing_draws_nothing() -> Outcome {
    let news = || Msg::Round(RoundNews::Ended(Report::default()));
    let (once, _) = frames(Vec::new(), vec![news()])?;
    let (again, _) = frames(Vec::new(), vec![news(), news(), news()])?;
    assert_eq!(once, again);
    Ok(())
}

#[test]
fn the_end_of_the_input_ends_the_loop() -> Outcome {
    frames(Vec::new(), Vec::new())?;
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
