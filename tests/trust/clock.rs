//! Logins under a clock that jumps, as after a sleep or a wrong battery clock:
//! the program runs with a faked wall clock, the sandbox with the real one.

use std::path::PathBuf;
use std::{env, fs};

use jiff::{SignedDuration, Timestamp};

use crate::listed;
use crate::support::{Checked, Machine, Sandbox};

/// The wall clock of one machine.
struct Clock {
    offset: PathBuf,
}

impl Clock {
    /// Takes the place of the clock of `machine`; `None` where libfaketime is
    /// missing, which the test then says.
    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    fn of(machine: &mut Machine) -> Checked<Option<Self>> {
        let Some(library) = library() else {
            let required = env::var_os("TUDONE_TEST_REQUIRE_REAL").is_some();
            assert!(!required, "libfaketime is missing");
            println!("skipped: needs libfaketime");
            return Ok(None);
        };
        let offset = machine.path("clock");
        for (name, value) in [
            ("LD_PRELOAD", library.to_string_lossy()),
            ("FAKETIME_TIMESTAMP_FILE", offset.to_string_lossy()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ] {
            machine.set(name, value);
        }
        let clock = Self { offset };
        clock.jump(0)?;
        Ok(Some(clock))
    }

    /// Sets the clock so many days before or after the real one.
    fn jump(&self, days: i64) -> Checked {
        Ok(fs::write(&self.offset, format!("{days:+}d\n"))?)
    }
}

/// Where Debian puts it.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let mut found = folders
        .filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketime.so.1")))
        .filter(|library| library.exists());
    found.next()
}

/// By how many days the last sync of `machine` is away from now.
fn days_off(machine: &Machine) -> Checked<i64> {
    let status = machine.json(&["status", "--json"])?;
    let as_of: Timestamp = status["as_of"].as_str().ok_or("never synced")?.parse()?;
    let off = as_of.duration_since(Timestamp::now()) + SignedDuration::from_hours(12);
    Ok(off.as_hours().div_euclid(24))
}

#[test]
fn a_clock_that_jumps_ends_no_login_that_waits_for_its_person() -> Checked {
    for days in [3, -3] {
        let sandbox = Sandbox::start()?;
        let mut machine = Machine::at(&sandbox)?;
        let Some(clock) = Clock::of(&mut machine)? else {
            return Ok(());
        };
        let (mut code, mut polls) = (String::new(), 0);
        let (ran, events) = machine.device_login_during(|event, _| {
            match event["event"].as_str() {
                Some("code") => {
                    code.push_str(event["user_code"].as_str().ok_or("no user_code")?);
                }
                Some("pending") => {
                    polls += 1;
                    match polls {
                        1 => clock.jump(days)?,
                        3 => sandbox.decide(&code, "ada@example.com", "approve")?,
                        _ => {}
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        ran.ended(0)?;
        let done = events.last().ok_or("no events")?;
        assert_eq!(done["event"], "done", "{days}: {done}");
        assert!(listed(&machine, &["--fresh"])?.is_empty());
        assert_eq!(days_off(&machine)?, days);
    }
    Ok(())
}

#[test]
fn a_clock_that_jumps_costs_no_login_no_change_and_one_refresh_at_most() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let Some(clock) = Clock::of(&mut machine)? else {
        return Ok(());
    };
    machine.log_in(&sandbox, "ada@example.com")?;
    let mut added = Vec::new();
    for days in [400, -400, 0] {
        clock.jump(days)?;
        let refreshes = sandbox.requests("token")?;
        let text = format!("off by {days} days");
        machine.run(&["add", "--wait", "20s", &text])?.ended(0)?;
        added.push(text);
        assert_eq!(listed(&machine, &["--fresh"])?, added);
        assert_eq!(days_off(&machine)?, days);
        assert!(sandbox.requests("token")? <= refreshes + 1);
    }
    Ok(())
}
