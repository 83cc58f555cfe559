//! A terminal with the program on it, and a user's hands.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::{Checked, DEADLINE, Machine};

/// What begins and ends a frame of the screens.
const FRAME: [&str; 2] = ["\u{1b}[?2026h", "\u{1b}[?2026l"];

/// After how long without output a program that has ended has written all.
const QUIET: Duration = Duration::from_millis(200);

/// A command on a terminal of its own.
pub(crate) struct Seat {
    child: Process,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    reader: Reader,
    master: Box<dyn MasterPty + Send>,
    seen: String,
    screen: vt100::Parser,
    secrets: Vec<String>,
    /// How much of `seen` was answered.
    answered: usize,
}

/// The thread that reads what the program writes.
struct Reader {
    orders: Sender<Order>,
    obeyed: Receiver<()>,
    thread: JoinHandle<()>,
}

/// What the reader does instead of reading on, when it has read next.
enum Order {
    /// Waits to be told to go on.
    Hold(Receiver<()>),
    /// Ends, and with it the terminal.
    End,
}

/// The program; it does not survive its test.
struct Process(Box<dyn Child + Send + Sync>);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the end, but not for ever.
fn ended(mut process: Process) -> Checked<u32> {
    let mut killer = process.0.clone_killer();
    let (sender, end) = channel();
    std::thread::spawn(move || {
        let _ = sender.send(process.0.wait().map(|status| status.exit_code()));
    });
    match end.recv_timeout(DEADLINE) {
        Ok(code) => Ok(code?),
        Err(error) => {
            killer.kill()?;
            Err(error.into())
        }
    }
}

/// Writes until there is no room.
fn fill(tty: &mut File) -> Checked {
    loop {
        match tty.write(b" ") {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

impl Seat {
    /// Starts the program with these words on it.
    pub(crate) fn take(machine: &Machine, words: &[&str]) -> Checked<Self> {
        let size = PtySize {
            rows: 30,
            cols: 100,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size)?;
        let plain = machine.tudone(words);
        let mut command = CommandBuilder::new(plain.get_program());
        command.args(plain.get_args());
        command.env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        if command.get_env("TERM").is_none() {
            command.env("TERM", "xterm-256color");
        }
        command.cwd(machine.path("."));
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (sender, output) = channel();
        let (orders, ordered) = channel();
        let (obeys, obeyed) = channel();
        let thread = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count) = reader.read(&mut bytes) {
                let Some(part) = bytes.get(..count).filter(|part| !part.is_empty()) else {
                    return;
                };
                if sender.send(part.to_vec()).is_err() {
                    return;
                }
                match ordered.try_recv() {
                    Ok(Order::Hold(until)) => {
                        let _ = obeys.send(());
                        let _ = until.recv();
                    }
                    Ok(Order::End) => return,
                    Err(_) => {}
                }
            }
        });
        Ok(Self {
            child: Process(child),
            keys,
            output,
            reader: Reader {
                orders,
                obeyed,
                thread,
            },
            master: pair.master,
            seen: String::new(),
            screen: vt100::Parser::new(size.rows.try_into()?, size.cols.try_into()?, 0),
            secrets: machine.secrets.clone(),
            answered: 0,
        })
    }

    /// Waits until `text` is on the terminal, and gives all that was.
    pub(crate) fn wait_for(&mut self, text: &str) -> Checked<&str> {
        let end = Instant::now() + DEADLINE;
        while !self.seen.contains(text) {
            if !self.read_until(end) {
                return Err(format!("no {text:?} in {:?}", self.seen).into());
            }
        }
        Ok(&self.seen)
    }

    /// Waits until `text` is written after what was answered before, and types.
    pub(crate) fn answer(&mut self, text: &str, keys: &str) -> Checked {
        let end = Instant::now() + DEADLINE;
        loop {
            let new = self.seen.get(self.answered..).unwrap_or_default();
            if let Some(at) = new.find(text) {
                self.answered += at + text.len();
                return self.press(keys);
            }
            if !self.read_until(end) {
                return Err(format!("no {text:?} in {:?}", self.seen).into());
            }
        }
    }

    /// Returns whether the frame that was begun last has ended.
    fn is_drawn(&self) -> bool {
        let [begin, end] = FRAME.map(|mark| self.seen.rfind(mark));
        begin <= end
    }

    /// Waits until the screen is as wanted, and gives its text. A frame is judged as
    /// a whole.
    pub(crate) fn wait_until(&mut self, wanted: impl Fn(&str) -> bool) -> Checked<String> {
        self.wait_within(DEADLINE, wanted)
    }

    /// As [`Seat::wait_until`], but for so long at most.
    pub(crate) fn wait_within(
        &mut self,
        limit: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Checked<String> {
        let end = Instant::now() + limit;
        loop {
            let text = self.screen.screen().contents();
            if self.is_drawn() && wanted(&text) {
                return Ok(text);
            }
            if !self.read_until(end) {
                return Err(format!("the screen stayed like this:\n{text}").into());
            }
        }
    }

    /// Reads what was drawn next; false when nothing came before `end`.
    fn read_until(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        let Ok(part) = self.output.recv_timeout(left) else {
            return false;
        };
        self.process(&part);
        true
    }

    /// Writes on the screen as another program would.
    pub(crate) fn spoil(&mut self, text: &str) {
        self.screen.process(text.as_bytes());
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) -> Checked {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// The program's process.
    pub(crate) fn id(&self) -> Checked<Pid> {
        let id = self.child.0.process_id().ok_or("no process")?;
        Ok(Pid::from_raw(id.try_into()?).ok_or("no process")?)
    }

    /// What the terminal is set to, as far as the program's output tells.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, cols: u16, rows: u16) -> Checked {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        Ok(self.master.resize(size)?)
    }

    /// Runs `stty` on the terminal.
    pub(crate) fn stty(&self, words: &[&str]) -> Checked<String> {
        let ran = Command::new("stty")
            .arg("-F")
            .arg(self.path()?)
            .args(words)
            .output()?;
        Ok(String::from_utf8(ran.stdout)?)
    }

    /// Returns whether the terminal hands over each key and echoes none.
    pub(crate) fn is_raw(&self) -> Checked<bool> {
        let modes = self.stty(&["-a"])?;
        Ok(modes.contains("-icanon") && modes.contains("-echo "))
    }

    fn path(&self) -> Checked<PathBuf> {
        Ok(self.master.tty_name().ok_or("no name")?)
    }

    /// Reads nothing from now on, and lets no byte more be written, until the
    /// sender that it gives is dropped.
    pub(crate) fn hold(&self) -> Checked<Sender<()>> {
        let nonblocking = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
        let mut tty = OpenOptions::new()
            .write(true)
            .custom_flags(nonblocking.bits().try_into()?)
            .open(self.path()?)?;
        let (go_on, until) = channel();
        self.reader.orders.send(Order::Hold(until))?;
        tty.write_all(b" ")?;
        self.reader.obeyed.recv_timeout(DEADLINE)?;
        fill(&mut tty)?;
        Ok(go_on)
    }

    /// Closes the window; gives the exit code of the program.
    pub(crate) fn closed(mut self) -> Checked<u32> {
        self.reader.orders.send(Order::End)?;
        self.press("\u{c}")?;
        let end = Instant::now() + DEADLINE;
        while self.read_until(end) {}
        self.reader
            .thread
            .join()
            .map_err(|_| "the reader panicked")?;
        drop(self.keys);
        drop(self.master);
        ended(self.child)
    }

    /// Returns whether the program still runs.
    pub(crate) fn is_running(&mut self) -> Checked<bool> {
        Ok(self.child.0.try_wait()?.is_none())
    }

    /// Ends the program as `kill -9` does.
    pub(crate) fn kill(mut self) -> Checked {
        kill_process(self.id()?, Signal::KILL)?;
        self.child.0.wait()?;
        Ok(())
    }

    /// Waits for the end, and gives the exit code.
    pub(crate) fn ended(self) -> Checked<u32> {
        ended(self.child)
    }

    /// Waits for the end, and gives the exit code and everything that was written
    /// to the terminal.
    pub(crate) fn finished(mut self) -> Checked<(u32, String)> {
        self.ends_within(DEADLINE)?;
        while let Ok(part) = self.output.recv_timeout(QUIET) {
            self.process(&part);
        }
        let code = self.child.0.wait()?.exit_code();
        Ok((code, self.seen))
    }

    /// Waits until the program has ended.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> Checked {
        let end = Instant::now() + limit;
        while self.is_running()? {
            if Instant::now() > end {
                return Err(format!("it still runs: {:?}", self.seen).into());
            }
            // What it writes must be read, or it cannot end.
            if let Ok(part) = self.output.recv_timeout(Duration::from_millis(10)) {
                self.process(&part);
            }
        }
        Ok(())
    }

    fn process(&mut self, part: &[u8]) {
        self.screen.process(part);
        self.seen.push_str(&String::from_utf8_lossy(part));
        for secret in &self.secrets {
            assert!(!self.seen.contains(secret), "{secret} on the terminal");
        }
    }
}
