//! `tudone done` of repeating todos, killed on the way: each one that is done on
//! the server is followed once.

use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::consistency::check_todos;
use crate::support::{Checked, Machine, Sandbox};
use crate::watch::{FOR_A_MOMENT, FOR_LONG, until, withhold};

/// How many completions are killed.
const KILLS: u64 = 30;

#[test]
fn completions_under_kill_9_are_followed_by_one_todo_each() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut rng = Rng::with_seed(1);
    let open = |n: u64| format!("water {n} rec:+1w due:2026-12-01");
    let next = |n: u64| format!("water {n} rec:+1w due:2026-12-08");
    for n in 0..KILLS {
        let added = machine.run(&["add", &open(n)])?.ended(0)?;
        // Anywhere; after the completion's commit, before its answer; and after
        // the commit of the todo that follows.
        let aim = n % 3;
        let pause = if aim == 2 { FOR_A_MOMENT } else { FOR_LONG };
        withhold(&sandbox, pause)?;
        let mut done = machine
            .tudone(["done", added.stdout.trim(), "--wait=40s"])
            .spawn()?;
        let at = Instant::now() + Duration::from_millis(rng.u64(..150));
        until(|| {
            assert!(done.try_wait()?.is_none(), "it ended by itself");
            Ok(match aim {
                0 => Instant::now() >= at,
                1 => !sandbox.texts()?.contains(&open(n)),
                _ => sandbox.texts()?.contains(&next(n)),
            })
        })?;
        done.kill()?;
        done.wait()?;
        sandbox.heal()?;
    }
    check_todos(&sandbox, &machine, [])?;

    let texts = sandbox.texts()?;
    for n in 0..KILLS {
        let word = format!("water {n} ");
        let mut found: Vec<&str> = texts
            .iter()
            .map(String::as_str)
            .filter(|text| text.contains(&word))
            .collect();
        found.sort_unstable();
        match found[..] {
            [todo] if n % 3 == 0 && todo == open(n) => {}
            [follows, done] if follows == next(n) && done.starts_with("x ") => {}
            _ => return Err(format!("{n}: {found:?}").into()),
        }
    }
    Ok(())
}
