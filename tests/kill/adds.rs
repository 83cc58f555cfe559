//! Eight loops of `tudone add` on one account, killed again and again.

use std::env;
use std::io::Write as _;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::consistency::{check_handles, check_todos};
use crate::support::{Checked, Machine, Sandbox};
use crate::watch::{FOR_A_MOMENT, Seen, Watch, withhold};

/// The number of concurrent processes.
const LOOPS: u64 = 8;
/// For every second, this many kills in thirty have to hit between commit on the server
/// and answer.
const HITS_IN_THIRTY: u64 = 200;
/// How much longer this may take on a busy machine.
const LATENESS: u32 = 12;

/// The results of one loop.
#[derive(Default)]
struct Tally {
    /// Handle and text of each add that printed its handle.
    printed: Vec<(String, String)>,
    kills: usize,
}

/// The time at which an add is killed.
enum Fate {
    /// When the server has its row, before the answer.
    Answerless,
    /// After a random time.
    Random(Instant),
    /// Never: it leaves sending to the others.
    Queues,
}

impl Fate {
    fn roll(rng: &mut Rng) -> Self {
        match rng.u32(..8) {
            0 => Self::Queues,
            1 => Self::Random(Instant::now() + Duration::from_millis(rng.u64(..300))),
            _ => Self::Answerless,
        }
    }

    fn is_due(&self, seen: bool) -> bool {
        match self {
            Self::Answerless => seen,
            Self::Random(at) => Instant::now() >= *at,
            Self::Queues => false,
        }
    }
}

#[test]
fn adds_under_kill_9_lose_nothing_acknowledged_and_duplicate_nothing() -> Checked {
    let seconds = match env::var("TUDONE_TEST_KILL_SECONDS") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 5,
    };
    let time = Duration::from_secs(seconds);
    let wanted = usize::try_from(seconds * HITS_IN_THIRTY / 30)?;
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut watch = Watch::new(&sandbox, &machine)?;
    let (seen, over) = (Seen::default(), AtomicBool::new(false));
    let began = Instant::now();
    let (hits, tallies) = thread::scope(|scope| -> Checked<_> {
        let (machine, seen, over) = (&machine, &seen, &over);
        let loops: Vec<_> = (0..LOOPS)
            .map(|n| scope.spawn(move || add_and_kill(n, machine, seen, over).map_err(told)))
            .collect();
        let (mut hits, mut fired) = (0, Ok(()));
        while fired.is_ok() && (began.elapsed() < time || hits < wanted) {
            fired = volley(&sandbox, machine, &mut watch, seen).map(|more| hits += more);
            if began.elapsed() > time * LATENESS {
                fired = Err(format!("{hits} hits of {wanted} in {:?}", began.elapsed()).into());
            }
        }
        over.store(true, Ordering::Release);
        let mut tallies = Vec::new();
        for each in loops {
            tallies.push(each.join().map_err(|_| "a loop panicked")??);
        }
        fired.map(|()| (hits, tallies))
    })?;

    let took = began.elapsed();
    let kills: usize = tallies.iter().map(|tally| tally.kills).sum();
    let printed: Vec<_> = tallies
        .into_iter()
        .flat_map(|tally| tally.printed)
        .collect();
    writeln!(
        std::io::stderr(),
        "{kills} kills in {took:.1?}, {hits} between commit and answer; {} handles printed",
        printed.len()
    )?;
    assert!(!printed.is_empty(), "no add was acknowledged");
    check_todos(
        &sandbox,
        &machine,
        printed.iter().map(|(_, text)| text.as_str()),
    )?;
    check_handles(&machine, &printed)
}

/// Delays answers for a second, then delivers them; returns the kills between commit
/// and answer.
fn volley(sandbox: &Sandbox, machine: &Machine, watch: &mut Watch, seen: &Seen) -> Checked<usize> {
    withhold(sandbox, FOR_A_MOMENT)?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        seen.add(watch.look()?);
    }
    sandbox.heal()?;
    machine.run(&["sync", "--wait", "10s"])?.ended(0)?;
    let hits = watch.cut_off()?;
    // Log entries in between are not counted.
    watch.forget()?;
    Ok(hits)
}

fn add_and_kill(n: u64, machine: &Machine, seen: &Seen, over: &AtomicBool) -> Checked<Tally> {
    let mut rng = Rng::with_seed(n);
    let mut tally = Tally::default();
    for i in 0.. {
        if over.load(Ordering::Acquire) {
            break;
        }
        let text = format!("loop {n} add {i}");
        let fate = Fate::roll(&mut rng);
        let how = match fate {
            Fate::Queues => "--offline",
            Fate::Answerless | Fate::Random(_) => "--wait=40s",
        };
        let child = machine
            .tudone(["add", how, &text])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(handle) = followed(child, &text, &fate, seen, &mut tally)? {
            tally.printed.push((handle, text));
        }
    }
    Ok(tally)
}

/// Waits for one add to end; returns the handle that it printed.
fn followed(
    mut child: Child,
    text: &str,
    fate: &Fate,
    seen: &Seen,
    tally: &mut Tally,
) -> Checked<Option<String>> {
    while child.try_wait()?.is_none() {
        if fate.is_due(seen.has(text)) {
            // SIGKILL. The process may already have ended.
            child.kill()?;
            tally.kills += 1;
            break;
        }
    }
    let ended = child.wait_with_output()?;
    let printed = String::from_utf8(ended.stdout)?;
    match (ended.status.code(), printed.strip_suffix('\n')) {
        (Some(0), None) => Err(format!("{text}: exit 0 without a handle").into()),
        (Some(0) | None, handle) => Ok(handle.map(str::to_owned)),
        (Some(code), _) => {
            let said = String::from_utf8_lossy(&ended.stderr);
            Err(format!("{text}: exit {code}: {said}").into())
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: Box<dyn std::error::Error>) -> String {
    error.to_string()
}
