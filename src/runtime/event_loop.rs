//! The event loop: waits, updates, starts effects, draws once.

use std::future::pending;
use std::io;
use std::time::Duration;

use futures_util::{FutureExt as _, Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType};
use tokio::sync::mpsc;

use super::output::{Output, TerminalGone};
use crate::app::{Effect, Model, Msg, Stamp, update};
use crate::ui::{self, Themes};

/// The most messages handled before a frame is drawn, so that a flood of
/// messages cannot freeze the screen.
const BURST: usize = 512;

/// For how long keys that were pressed before the end are still handled.
const LAST_KEYS: Duration = Duration::from_millis(50);

/// A signal from the terminal or the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// A request to quit.
    Quit,
    /// A request to stop until a shell continues the program.
    Stop,
    /// The program was stopped and continues; the screen may show anything.
    Continued,
}

/// Source of the system's signals.
pub trait SignalSource {
    /// Waits for the next signal; forever if there are none.
    #[expect(
        async_fn_in_trait,
        reason = "the loop is generic and runs on one thread"
    )]
    async fn next(&mut self) -> Signal;
}

/// Sources of messages.
#[derive(Debug)]
pub struct EventSources<'f, I, S> {
    /// The terminal's input; its end ends the loop. `None` while another program
    /// uses the terminal.
    pub input: Option<I>,
    /// Opens the terminal's input again after another program used it.
    pub reopen: Option<fn() -> I>,
    /// Messages from the workers.
    pub messages: &'f mut mpsc::Receiver<Msg>,
    /// The system's signals.
    pub signals: S,
    /// The terminal's output: no frame is drawn before the last one is written.
    pub output: Output,
}

/// Carries out effects.
pub trait EffectHandler {
    /// Starts an effect; never waits.
    fn start(&mut self, effect: Effect);
    /// Opens `text` in the user's editor, which uses the terminal; returns the
    /// edited text, or why there is none.
    ///
    /// # Errors
    ///
    /// A terminal that cannot be taken over again.
    fn edit(&mut self, text: &str) -> io::Result<Result<String, String>>;
    /// Restores the terminal, stops the program and takes the terminal over when
    /// it continues.
    ///
    /// # Errors
    ///
    /// A terminal that cannot be restored or taken over again.
    fn suspend(&mut self) -> io::Result<()>;
    /// Applies the terminal's modes again: another process stopped the program or
    /// changed them.
    ///
    /// # Errors
    ///
    /// A terminal that cannot be taken over.
    fn resume(&mut self) -> io::Result<()>;
}

/// The reason why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoopEnd {
    /// The user quit.
    Quit,
    /// A signal, or the terminal is gone.
    Signalled,
}

/// An error that ends the loop; `E` is the backend's own error.
#[derive(Debug, thiserror::Error)]
pub enum LoopError<E> {
    /// The terminal cannot be drawn on.
    #[error("cannot draw")]
    Draw(E),
    /// The terminal cannot be restored or taken over again.
    #[error("cannot hand the terminal over")]
    HandOver(#[source] io::Error),
}

enum LoopEvent {
    Msg(Msg),
    Stop,
    Continued,
    /// The last frame is written.
    Written,
    Quit,
}

/// Runs the loop until the user quits, a signal comes or the input ends. Messages
/// that arrive together cost one frame; an idle loop costs nothing.
///
/// # Errors
///
/// [`LoopError`] from the terminal.
pub async fn run<B, I, S, O>(
    terminal: &mut Terminal<B>,
    model: &mut Model,
    mut sources: EventSources<'_, I, S>,
    effects: &mut O,
    themes: &Themes,
    stamp: impl Fn() -> Stamp,
) -> Result<LoopEnd, LoopError<B::Error>>
where
    B: Backend,
    I: Stream<Item = Msg> + Unpin,
    S: SignalSource,
    O: EffectHandler,
{
    let mut name = model.theme();
    let mut theme = themes.theme(name);
    loop {
        if sources.output.is_idle() && model.take_stale() {
            if name != model.theme() {
                name = model.theme();
                theme = themes.theme(name);
            }
            terminal
                .draw(|frame| ui::draw(model, &theme, frame))
                .map_err(LoopError::Draw)?;
        }
        let mut next = sources.next(model.next_tick()).await;
        for _ in 0..BURST {
            let msg = match next {
                LoopEvent::Quit => {
                    drain(model, &mut sources.input, effects, &stamp).await;
                    return Ok(LoopEnd::Signalled);
                }
                LoopEvent::Msg(msg) => msg,
                LoopEvent::Stop => {
                    effects.suspend().map_err(LoopError::HandOver)?;
                    match reapply(terminal, effects)? {
                        Some(resized) => resized,
                        None => return Ok(LoopEnd::Signalled),
                    }
                }
                LoopEvent::Continued => match reapply(terminal, effects)? {
                    Some(resized) => resized,
                    None => return Ok(LoopEnd::Signalled),
                },
                LoopEvent::Written => break,
            };
            for effect in update(model, msg, stamp()) {
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "the handler starts all others"
                )]
                match effect {
                    Effect::Quit => return Ok(LoopEnd::Quit),
                    Effect::Redraw => {
                        let Some(resized) = reapply(terminal, effects)? else {
                            return Ok(LoopEnd::Signalled);
                        };
                        for effect in update(model, resized, stamp()) {
                            effects.start(effect);
                        }
                    }
                    Effect::Suspend => {
                        effects.suspend().map_err(LoopError::HandOver)?;
                        clear(terminal).map_err(LoopError::Draw)?;
                    }
                    Effect::EditExternally { text } => {
                        if sources.reopen.is_some() {
                            // Otherwise its thread would take the editor's keys.
                            sources.input = None;
                        }
                        let edited = effects.edit(&text).map_err(LoopError::HandOver)?;
                        if let Some(reopen) = sources.reopen {
                            sources.input = Some(reopen());
                        }
                        clear(terminal).map_err(LoopError::Draw)?;
                        let msg = Msg::EditedExternally(edited);
                        for effect in update(model, msg, stamp()) {
                            effects.start(effect);
                        }
                    }
                    effect => effects.start(effect),
                }
            }
            match sources.ready() {
                Some(ready) => next = ready,
                None => break,
            }
        }
    }
}

/// Applies the terminal's modes again and clears the screen. Returns the size
/// that the terminal has now; `None` if it is gone.
fn reapply<B: Backend>(
    terminal: &mut Terminal<B>,
    effects: &mut impl EffectHandler,
) -> Result<Option<Msg>, LoopError<B::Error>> {
    if effects.resume().is_err() {
        return Ok(None);
    }
    clear(terminal).map_err(LoopError::Draw)?;
    let size = terminal.size().map_err(LoopError::Draw)?;
    Ok(Some(Msg::Resized {
        width: size.width,
        height: size.height,
    }))
}

/// Handles keys typed before the end. (A thread reads the input: keys may take a
/// moment to arrive.)
async fn drain<I: Stream<Item = Msg> + Unpin>(
    model: &mut Model,
    input: &mut Option<I>,
    effects: &mut impl EffectHandler,
    stamp: impl Fn() -> Stamp,
) {
    let Some(input) = input else { return };
    let over = tokio::time::sleep(LAST_KEYS);
    tokio::pin!(over);
    loop {
        let msg = tokio::select! {
            msg = input.next() => msg,
            () = &mut over => None,
        };
        let Some(msg) = msg else { return };
        for effect in update(model, msg, stamp()) {
            effects.start(effect);
        }
    }
}

/// Clears the screen, so that the next frame is drawn whole. (`Terminal::clear`
/// would ask the terminal where its cursor is, and the answer would be read as
/// input.)
fn clear<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    terminal.backend_mut().clear_region(ClearType::All)?;
    // Discards the frame drawn last.
    terminal.swap_buffers();
    Ok(())
}

/// Waits for the next message of a stream; forever without a stream.
async fn next_of<I: Stream<Item = Msg> + Unpin>(input: &mut Option<I>) -> Option<Msg> {
    match input {
        Some(input) => input.next().await,
        None => pending().await,
    }
}

impl<I, S> EventSources<'_, I, S>
where
    I: Stream<Item = Msg> + Unpin,
    S: SignalSource,
{
    /// Waits for the next event.
    async fn next(&mut self, tick_after: Option<Duration>) -> LoopEvent {
        let tick = async {
            match tick_after {
                Some(pause) => tokio::time::sleep(pause).await,
                None => pending::<()>().await,
            }
        };
        tokio::select! {
            biased;
            signal = self.signals.next() => match signal {
                Signal::Quit => LoopEvent::Quit,
                Signal::Stop => LoopEvent::Stop,
                Signal::Continued => LoopEvent::Continued,
            },
            msg = next_of(&mut self.input) => msg.map_or(LoopEvent::Quit, LoopEvent::Msg),
            Some(msg) = self.messages.recv() => LoopEvent::Msg(msg),
            result = self.output.idle(), if !self.output.is_idle() => match result {
                Ok(()) => LoopEvent::Written,
                Err(TerminalGone) => LoopEvent::Quit,
            },
            () = tick => LoopEvent::Msg(Msg::Ticked),
        }
    }

    /// Returns an event that is available already.
    fn ready(&mut self) -> Option<LoopEvent> {
        let input = self.input.as_mut();
        match input.and_then(|input| input.next().now_or_never()) {
            Some(Some(msg)) => Some(LoopEvent::Msg(msg)),
            Some(None) => Some(LoopEvent::Quit),
            None => self.messages.try_recv().ok().map(LoopEvent::Msg),
        }
    }
}
