//! Signals of the operating system, received on a thread of their own, which ends
//! the program if the event loop does not.

use std::io;

use tokio::sync::mpsc;

use super::event_loop::{Signal, SignalSource};
use super::terminal::Tty;

/// The signals that end, stop or continue a program.
#[derive(Debug)]
pub(super) struct SystemSignals {
    received: mpsc::Receiver<Signal>,
}

impl SignalSource for SystemSignals {
    async fn next(&mut self) -> Signal {
        match self.received.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
impl SystemSignals {
    /// Starts to listen. If the program has not ended a while after a signal, `tty`
    /// is restored and the process exits.
    ///
    /// # Errors
    ///
    /// When the system refuses a handler.
    pub(super) fn listen(tty: Tty) -> io::Result<Self> {
        let runtime = crate::os::runtime::current_thread()?;
        let listener = {
            let _inside = runtime.enter();
            unix::Listener::new(tty)?
        };
        let (sender, received) = mpsc::channel(8);
        std::thread::spawn(move || runtime.block_on(listener.run(sender)));
        Ok(Self { received })
    }
}

#[cfg(unix)]
mod unix {
    use std::future::poll_fn;
    use std::io;
    use std::task::Poll;
    use std::time::Duration;

    use rustix::process::Signal as Number;
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
    use tokio::sync::mpsc;
    use tokio::time::{Instant, sleep_until};

    use super::{Signal, Tty};
    use crate::runtime::terminal;

    /// How long shutting down may take: storing typed text, the last request, the
    /// last write.
    const DEADLINE: Duration = Duration::from_secs(5);

    /// The exit code of a program that a signal ended.
    const INTERRUPTED: i32 = 130;

    /// Signals that end a program and can be handled.
    const ENDING: [Number; 10] = [
        Number::HUP,
        Number::INT,
        Number::QUIT,
        Number::TERM,
        Number::USR1,
        Number::USR2,
        Number::ALARM,
        Number::VTALARM,
        Number::PROF,
        Number::XCPU,
    ];

    pub(super) struct Listener {
        ending: Vec<(Number, Stream)>,
        stop: Stream,
        continued: Stream,
        /// Held so that SIGXFSZ does not end the program: the write fails instead.
        _file_size: Stream,
        tty: Tty,
    }

    impl Listener {
        pub(super) fn new(tty: Tty) -> io::Result<Self> {
            let stream = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
            let mut ending = Vec::new();
            for number in ENDING {
                ending.push((number, stream(number)?));
            }
            Ok(Self {
                ending,
                stop: stream(Number::TSTP)?,
                continued: stream(Number::CONT)?,
                _file_size: stream(Number::XFSZ)?,
                tty,
            })
        }

        /// Forwards signals until the program ends.
        pub(super) async fn run(mut self, to_loop: mpsc::Sender<Signal>) {
            let mut deadline = None;
            loop {
                tokio::select! {
                    // A stop was received before the program continued.
                    biased;
                    number = ended(&mut self.ending) => {
                        let is_key = [Number::INT, Number::QUIT].contains(&number);
                        if is_key && self.tty.is_lent() {
                            // For the program that has the terminal.
                            continue;
                        }
                        if is_key && deadline.is_some() {
                            break;
                        }
                        // A loop that does not receive it is shutting down.
                        let _ = to_loop.try_send(Signal::Quit);
                        deadline.get_or_insert_with(|| Instant::now() + DEADLINE);
                    }
                    _ = self.stop.recv() => self.stop(&to_loop),
                    _ = self.continued.recv() => {
                        self.tty.continued();
                        // If the queue is full, it holds another one.
                        let _ = to_loop.try_send(Signal::Continued);
                    }
                    () = at(deadline) => break,
                }
            }
            self.tty.restore();
            std::process::exit(INTERRUPTED);
        }
    }

    impl Listener {
        /// Handles the signal to stop, unless it is this program's own: the loop restores
        /// the terminal first. The program that has the terminal has done that.
        fn stop(&self, to_loop: &mpsc::Sender<Signal>) {
            if self.tty.is_stopping() {
                return;
            }
            if self.tty.is_lent() {
                // A failure means that no stop is possible.
                let _ = terminal::stop_self();
            } else {
                // If the queue is full, the loop does not react to keys either.
                let _ = to_loop.try_send(Signal::Stop);
            }
        }
    }

    /// The next ending signal.
    async fn ended(streams: &mut [(Number, Stream)]) -> Number {
        poll_fn(|cx| {
            for (number, stream) in &mut *streams {
                if stream.poll_recv(cx).is_ready() {
                    return Poll::Ready(*number);
                }
            }
            Poll::Pending
        })
        .await
    }

    async fn at(deadline: Option<Instant>) {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
impl SystemSignals {
    /// Starts to listen for Ctrl-C from outside the terminal.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub(super) fn listen(_tty: Tty) -> io::Result<Self> {
        let runtime = crate::os::runtime::current_thread()?;
        let (sender, received) = mpsc::channel(8);
        std::thread::spawn(move || {
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    let _ = sender.try_send(Signal::Quit);
                }
            });
        });
        Ok(Self { received })
    }
}
