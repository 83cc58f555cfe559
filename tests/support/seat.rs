//! A terminal with the program on it, and a user's hands.

use std::io::{Read as _, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::{Checked, DEADLINE, Machine};

/// A command on a terminal of its own.
pub(crate) struct Seat {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    seen: String,
    screen: vt100::Parser,
    secrets: Vec<String>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
        command.env("TERM", "xterm-256color");
        command.cwd(machine.path("."));
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (sender, output) = channel();
        std::thread::spawn(move || {
            // Held so that the terminal lives as long as somebody reads it.
            let _master = pair.master;
            let mut bytes = [0; 4096];
            while let Ok(count) = reader.read(&mut bytes) {
                let Some(part) = bytes.get(..count).filter(|part| !part.is_empty()) else {
                    return;
                };
                if sender.send(part.to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            keys,
            output,
            seen: String::new(),
            screen: vt100::Parser::new(size.rows.try_into()?, size.cols.try_into()?, 0),
            secrets: machine.secrets.clone(),
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

    /// Waits until the screen is as wanted, and gives its text.
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
            if wanted(&text) {
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
        self.screen.process(&part);
        self.seen.push_str(&String::from_utf8_lossy(&part));
        for secret in &self.secrets {
            assert!(!self.seen.contains(secret), "{secret} on the terminal");
        }
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
        let id = self.child.process_id().ok_or("no process")?;
        Ok(Pid::from_raw(id.try_into()?).ok_or("no process")?)
    }

    /// Ends the program as `kill -9` does.
    pub(crate) fn kill(mut self) -> Checked {
        kill_process(self.id()?, Signal::KILL)?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for the end, and gives the exit code.
    pub(crate) fn ended(mut self) -> Checked<u32> {
        Ok(self.child.wait()?.exit_code())
    }

    /// Waits for the end, and gives the exit code and everything that was
    /// written to the terminal.
    pub(crate) fn finished(mut self) -> Checked<(u32, String)> {
        let end = Instant::now() + DEADLINE;
        while self.read_until(end) {}
        Ok((
            self.child.wait()?.exit_code(),
            std::mem::take(&mut self.seen),
        ))
    }
}
