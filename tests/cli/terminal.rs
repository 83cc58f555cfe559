//! Commands on a terminal, where there is a person to ask.

use std::io::{Read as _, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use crate::support::{Checked, DEADLINE, Machine, Sandbox};

/// A command on a terminal of its own.
pub(crate) struct Seat {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    seen: String,
    screen: vt100::Parser,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Seat {
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
        })
    }

    /// Waits until `text` is on the terminal, and gives all that was.
    fn wait_for(&mut self, text: &str) -> Checked<&str> {
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
        let end = Instant::now() + DEADLINE;
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
        true
    }

    pub(crate) fn press(&mut self, keys: &str) -> Checked {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    pub(crate) fn ended(mut self) -> Checked<u32> {
        Ok(self.child.wait()?.exit_code())
    }
}

#[test]
fn a_person_logs_in_with_the_code_on_the_screen() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let mut seat = Seat::take(&machine, &["login", "--no-browser"])?;

    let seen = seat.wait_for("Ctrl-C cancels")?.to_owned();
    assert!(!seen.contains("Enter opens"), "{seen}");
    let code = seen
        .split_whitespace()
        .find(|word| word.len() == 9 && word.as_bytes().get(4) == Some(&b'-'))
        .ok_or("no code on the screen")?;
    seat.press("q")?;
    seat.wait_for("█")?;
    sandbox.decide(code, "ada@example.com", "approve")?;

    seat.wait_for("Logged in as ada@example.com")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn ctrl_c_cancels_a_login_with_130_and_keeps_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let mut seat = Seat::take(&machine, &["login"])?;

    seat.wait_for("Ctrl-C cancels")?;
    seat.press("\u{3}")?;

    assert_eq!(seat.ended()?, 130);
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

#[test]
fn rm_asks_and_takes_no_for_an_answer() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;

    let mut seat = Seat::take(&machine, &["rm", "1"])?;
    seat.wait_for("Remove 1 milk? [y/N]")?;
    seat.press("n\n")?;
    assert_eq!(seat.ended()?, 2);
    assert_eq!(sandbox.texts()?, ["milk"]);

    let mut seat = Seat::take(&machine, &["rm", "1"])?;
    seat.wait_for("[y/N]")?;
    seat.press("y\n")?;
    assert_eq!(seat.ended()?, 0);
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}
