//! The loop: wait, update, start effects, draw once.

use std::future::{pending, poll_fn};
use std::io;
use std::task::Poll;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType};
use tokio::sync::mpsc;

use crate::app::{Effect, Model, Msg, Stamp, update};
use crate::ui::{self, Theme};

/// The most messages taken in before a frame is drawn, so that a flood of
/// facts cannot keep the screen from moving.
const BURST: usize = 512;

/// What the terminal and the system tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// Leave: the system, or whoever owns the terminal, asks for it.
    Leave,
    /// The program was stopped and goes on; the screen may hold anything.
    Continued,
}

/// Where the system's signals come from.
pub trait Signals {
    /// The next one; waits for ever where there are none.
    #[expect(
        async_fn_in_trait,
        reason = "the loop is generic and runs on one thread"
    )]
    async fn next(&mut self) -> Signal;
}

/// Where messages come from.
#[derive(Debug)]
pub struct Sources<'f, I, S> {
    /// The terminal; its end ends the loop. `None` while another program has it.
    pub input: Option<I>,
    /// Opens the terminal's input again after another program had it.
    pub reopen: Option<fn() -> I>,
    /// The workers.
    pub facts: &'f mut mpsc::Receiver<Msg>,
    /// The system.
    pub signals: S,
}

/// Where effects go.
pub trait EffectHandler {
    /// Begins an effect; never waits.
    fn begin(&mut self, effect: Effect);
    /// Gives the terminal to the user's editor with `text`; returns the text when
    /// it is closed, or why there is none.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    fn edit(&mut self, text: &str) -> io::Result<Result<String, String>>;
    /// Gives the terminal back, stops the program and takes the terminal again
    /// when it goes on.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be given back or taken again.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal again after the program was stopped from outside.
    ///
    /// # Errors
    ///
    /// When it cannot be taken.
    fn resume(&mut self) -> io::Result<()>;
}

/// How the loop was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The user asked for it.
    Quit,
    /// The system did, or the terminal is gone.
    Ended,
}

/// Why the loop could not go on; `E` is the backend's own error.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<E> {
    /// The terminal can no longer be drawn on.
    #[error("cannot draw")]
    Draw(E),
    /// The terminal cannot be given back or taken again.
    #[error("cannot hand the terminal over")]
    HandOver(#[source] io::Error),
}

enum Next {
    Msg(Msg),
    Continued,
    Leave,
}

/// Runs the loop until the user, the system or the end of the input asks to
/// leave. Messages that arrive together cost one frame; nothing arriving costs
/// nothing.
///
/// # Errors
///
/// See [`DriveError`].
pub async fn drive<B, I, S, O>(
    terminal: &mut Terminal<B>,
    model: &mut Model,
    mut sources: Sources<'_, I, S>,
    outside: &mut O,
    theme: &Theme,
    stamp: impl Fn() -> Stamp,
) -> Result<Left, DriveError<B::Error>>
where
    B: Backend,
    I: Stream<Item = Msg> + Unpin,
    S: Signals,
    O: EffectHandler,
{
    loop {
        if model.take_stale() {
            terminal
                .draw(|frame| ui::draw(model, theme, frame))
                .map_err(DriveError::Draw)?;
        }
        let mut next = sources.next(model.next_tick()).await;
        for _ in 0..BURST {
            let msg = match next {
                Next::Leave => return Ok(Left::Ended),
                Next::Msg(msg) => msg,
                Next::Continued => {
                    outside.resume().map_err(DriveError::HandOver)?;
                    Msg::Act(crate::app::Action::Redraw)
                }
            };
            for effect in update(model, msg, stamp()) {
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "all others are begun outside"
                )]
                match effect {
                    Effect::Quit => return Ok(Left::Quit),
                    Effect::Redraw => wipe(terminal).map_err(DriveError::Draw)?,
                    Effect::Suspend => {
                        outside.suspend().map_err(DriveError::HandOver)?;
                        wipe(terminal).map_err(DriveError::Draw)?;
                    }
                    Effect::EditExternally { text } => {
                        if sources.reopen.is_some() {
                            // Else its thread would take the keys of the editor.
                            sources.input = None;
                        }
                        let edited = outside.edit(&text).map_err(DriveError::HandOver)?;
                        if let Some(reopen) = sources.reopen {
                            sources.input = Some(reopen());
                        }
                        wipe(terminal).map_err(DriveError::Draw)?;
                        let msg = Msg::EditedExternally(edited);
                        for effect in update(model, msg, stamp()) {
                            outside.begin(effect);
                        }
                    }
                    effect => outside.begin(effect),
                }
            }
            match sources.ready().await {
                Some(ready) => next = ready,
                None => break,
            }
        }
    }
}

/// Empties the screen, whatever it holds, so that the next frame is drawn
/// whole. (`Terminal::clear` would ask the terminal where its cursor is, and the
/// answer would be read as input.)
fn wipe<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    terminal.backend_mut().clear_region(ClearType::All)?;
    // Forgets the frame that was drawn last.
    terminal.swap_buffers();
    Ok(())
}

/// The next message of a stream; none comes where there is no stream.
async fn next_of<I: Stream<Item = Msg> + Unpin>(input: &mut Option<I>) -> Option<Msg> {
    match input {
        Some(input) => input.next().await,
        None => pending().await,
    }
}

impl<I, S> Sources<'_, I, S>
where
    I: Stream<Item = Msg> + Unpin,
    S: Signals,
{
    /// Waits for the next message.
    async fn next(&mut self, tick_after: Option<Duration>) -> Next {
        let tick = async {
            match tick_after {
                Some(pause) => tokio::time::sleep(pause).await,
                None => pending::<()>().await,
            }
        };
        tokio::select! {
            biased;
            signal = self.signals.next() => match signal {
                Signal::Leave => Next::Leave,
                Signal::Continued => Next::Continued,
            },
            msg = next_of(&mut self.input) => msg.map_or(Next::Leave, Next::Msg),
            Some(fact) = self.facts.recv() => Next::Msg(fact),
            () = tick => Next::Msg(Msg::Ticked),
        }
    }

    /// A message that is there already. The input is polled with the task's own
    /// waker: the terminal's stream remembers the first waker it is given, and
    /// would not wake the loop with a borrowed one.
    async fn ready(&mut self) -> Option<Next> {
        let Some(input) = &mut self.input else {
            return self.facts.try_recv().ok().map(Next::Msg);
        };
        let input = poll_fn(|cx| Poll::Ready(input.poll_next_unpin(cx))).await;
        match input {
            Poll::Ready(Some(msg)) => return Some(Next::Msg(msg)),
            Poll::Ready(None) => return Some(Next::Leave),
            Poll::Pending => {}
        }
        self.facts.try_recv().ok().map(Next::Msg)
    }
}
