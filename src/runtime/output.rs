//! The terminal's output, written by a thread of its own: a terminal that does
//! not read holds up neither keys nor signals.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

/// How many bytes are written at once; a discarded frame ends after such a chunk.
const CHUNK: usize = 4096;

/// Handle to the thread that writes to the terminal.
#[derive(Debug, Clone)]
pub struct Output {
    pieces: Sender<Piece>,
    shared: Arc<SharedOutput>,
}

/// The terminal cannot be written to any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalGone;

#[derive(Debug)]
enum Piece {
    /// A part of the screen; left out when frames are discarded.
    Frame(Vec<u8>),
    /// A change of modes.
    Control(Vec<u8>),
}

#[derive(Debug, Default)]
struct SharedOutput {
    state: Mutex<OutputState>,
    /// Notified when everything is written, for threads.
    written: Condvar,
    /// The same for tasks.
    idle: Notify,
}

#[derive(Debug, Default)]
struct OutputState {
    /// Pieces that are not written yet.
    waiting: usize,
    /// Whether a write failed.
    gone: bool,
    /// Whether frames are left out.
    discarding: bool,
}

impl SharedOutput {
    fn state(&self) -> MutexGuard<'_, OutputState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// Starts the thread, which ends with the last handle.
    #[must_use]
    pub fn start(out: impl Write + Send + 'static) -> Self {
        let (pieces, received) = channel();
        let shared = Arc::new(SharedOutput::default());
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || write(out, &received, &of_thread));
        Self { pieces, shared }
    }

    /// Writes a part of the screen. Returns at once.
    pub(super) fn frame(&self, bytes: Vec<u8>) {
        self.send(Piece::Frame(bytes));
    }

    /// Writes a change of modes. Returns at once.
    pub(super) fn control(&self, bytes: Vec<u8>) {
        self.send(Piece::Control(bytes));
    }

    fn send(&self, piece: Piece) {
        self.shared.state().waiting += 1;
        // The thread lives as long as this handle.
        let _ = self.pieces.send(piece);
    }

    /// Returns whether the terminal has taken everything.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let state = self.shared.state();
        state.waiting == 0 && !state.gone
    }

    /// Waits until the terminal has taken everything. Cancel-safe.
    ///
    /// # Errors
    ///
    /// When it cannot be written to any more.
    pub async fn idle(&self) -> Result<(), TerminalGone> {
        loop {
            {
                let state = self.shared.state();
                if state.gone {
                    return Err(TerminalGone);
                }
                if state.waiting == 0 {
                    return Ok(());
                }
            }
            self.shared.idle.notified().await;
        }
    }

    /// Blocks until the terminal has taken everything, or is gone; at most for
    /// `limit`. Returns whether it did.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let state = self.shared.state();
        let waited = self
            .shared
            .written
            .wait_timeout_while(state, limit, |state| state.waiting > 0 && !state.gone);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting == 0 || state.gone
    }

    /// Leaves out frames from now on, or stops doing so; also the rest of the one
    /// that is being written.
    pub(super) fn discard_frames(&self, discard: bool) {
        self.shared.state().discarding = discard;
    }
}

fn write(mut out: impl Write, pieces: &Receiver<Piece>, shared: &SharedOutput) {
    for piece in pieces {
        let result = match &piece {
            Piece::Frame(bytes) => bytes.chunks(CHUNK).try_for_each(|chunk| {
                if shared.state().discarding {
                    return Ok(());
                }
                out.write_all(chunk)
            }),
            Piece::Control(bytes) => out.write_all(bytes),
        };
        let result: io::Result<()> = result.and_then(|()| out.flush());
        let mut state = shared.state();
        state.waiting = state.waiting.saturating_sub(1);
        state.gone |= result.is_err();
        if state.waiting == 0 || state.gone {
            shared.written.notify_all();
            shared.idle.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    /// A terminal that takes a chunk only on request.
    struct Slow {
        turns: Receiver<()>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            self.turns.recv().map_err(gone)?;
            let _ = self.taken.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Output, Sender<()>, Receiver<Vec<u8>>) {
        let (turn, turns) = channel();
        let (taken, seen) = channel();
        (Output::start(Slow { turns, taken }), turn, seen)
    }

    #[test]
    fn a_terminal_that_does_not_read_blocks_no_caller() {
        let (output, turn, _seen) = slow();
        assert!(output.is_idle());
        output.frame(b"one".to_vec());
        assert!(!output.is_idle());
        assert!(!output.wait(Duration::ZERO));
        assert_eq!(turn.send(()), Ok(()));
        assert!(output.wait(LONG));
        assert!(output.is_idle());
    }

    #[test]
    fn discarded_frames_are_left_out_and_changes_of_modes_are_not()
    -> Result<(), Box<dyn std::error::Error>> {
        let (output, turn, seen) = slow();
        output.frame(vec![b'a'; 3 * CHUNK]);
        output.frame(b"next".to_vec());
        turn.send(())?;
        let first = seen.recv_timeout(LONG)?;
        output.discard_frames(true);
        output.control(b"leave".to_vec());
        for _ in 0..5 {
            turn.send(())?;
        }
        assert!(output.wait(LONG));
        let rest: Vec<Vec<u8>> = seen.try_iter().collect();
        assert_eq!(first.len(), CHUNK);
        // A chunk may have been in progress.
        assert!(rest.len() <= 2, "{} more", rest.len());
        assert_eq!(rest.last().map(Vec::as_slice), Some(&b"leave"[..]));
        Ok(())
    }

    #[tokio::test]
    async fn a_terminal_that_is_gone_is_noticed() {
        let (output, turn, _seen) = slow();
        drop(turn);
        output.frame(b"one".to_vec());
        assert_eq!(output.idle().await, Err(TerminalGone));
        assert!(!output.is_idle());
        assert!(output.wait(LONG), "no caller waits for it");
    }
}
