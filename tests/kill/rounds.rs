//! `tudone sync`, killed during its rounds.

use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::consistency::check_todos;
use crate::support::{Checked, Machine, Sandbox};
use crate::watch::{FOR_LONG, Watch, until, withhold};

/// The number of killed rounds.
const KILLS: u64 = 30;

#[test]
fn a_round_under_kill_9_sends_everything_once() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut watch = Watch::new(&sandbox, &machine)?;
    let mut rng = Rng::with_seed(1);
    let mut queued = Vec::new();
    for n in 0..KILLS {
        let texts: Vec<String> = (0..3).map(|i| format!("round {n} change {i}")).collect();
        machine
            .feed(&["add", "-", "--offline"], texts.join("\n").as_bytes())?
            .ended(0)?;
        withhold(&sandbox, FOR_LONG)?;
        let mut round = machine.tudone(["sync", "--quiet"]).spawn()?;
        // Every other one at any time, the others after the commit, without an answer.
        let at = Instant::now() + Duration::from_millis(rng.u64(..150));
        let aimed = n % 2 == 1;
        until(|| {
            assert!(round.try_wait()?.is_none(), "it ended by itself");
            Ok(if aimed {
                watch.look()?.iter().any(|text| texts.contains(text))
            } else {
                Instant::now() >= at
            })
        })?;
        round.kill()?;
        round.wait()?;
        queued.extend(texts);
        sandbox.heal()?;
    }
    check_todos(&sandbox, &machine, queued.iter().map(String::as_str))
}
