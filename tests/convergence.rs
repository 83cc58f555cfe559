//! Three devices converge, whatever happens between them and the server: nothing
//! acknowledged is lost or duplicated.
//!
//! Each device is a real store with real rounds and the real GraphQL client; the
//! server is the sandbox's backend. `TUDONE_TEST_CASES` is the number of sequences
//! (default 2000). A failure prints the shortest sequence that still fails.

#[expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the rest is for the migrations' own tests"
)]
#[path = "postgres/database.rs"]
mod database;
#[path = "convergence/device.rs"]
mod device;
#[path = "convergence/expectations.rs"]
mod expectations;
#[path = "convergence/fleet.rs"]
mod fleet;
#[path = "convergence/network.rs"]
mod network;
#[path = "convergence/play.rs"]
mod play;
#[path = "convergence/postgres.rs"]
mod postgres;
#[path = "convergence/regressions.rs"]
mod regressions;
#[path = "convergence/repeating.rs"]
mod repeating;
#[path = "convergence/server.rs"]
mod server;
#[path = "convergence/step.rs"]
mod step;
#[path = "convergence/text.rs"]
mod text;

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::thread::{self, ScopedJoinHandle};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use tempfile::TempDir;

use play::{Outcome, play};
use postgres::Postgres;
use server::{SHORT_PAGE, Sandbox};
use step::Sequence;

pub(crate) type Checked<T = ()> = Result<T, Failure>;

type Failure = Box<dyn Error + Send + Sync>;

/// The number of threads, the same on every machine, so that each run plays the same
/// sequences.
const THREADS: u32 = 4;

/// Returns the number of sequences.
fn cases() -> Checked<u32> {
    match env::var("TUDONE_TEST_CASES") {
        Ok(cases) => Ok(cases.parse()?),
        Err(_) => Ok(2000),
    }
}

/// Plays `cases` sequences, each thread with its own `world`; shortens and prints the
/// first that fails.
fn all<S: Strategy<Value: fmt::Display>, W>(
    cases: u32,
    sequences: impl Fn() -> S + Sync,
    world: impl Fn() -> Checked<W> + Sync,
    run: impl Fn(&W, &S::Value) -> Checked + Sync,
) -> Checked {
    let threads = THREADS.min(cases.max(1));
    let one = |seed: u32| {
        let world = world().map_err(|error| error.to_string())?;
        let mut runner = TestRunner::new(Config {
            cases: cases.div_ceil(threads),
            rng_seed: RngSeed::Fixed(seed.into()),
            failure_persistence: None,
            max_shrink_iters: 400,
            ..Config::default()
        });
        let outcome = runner.run(&sequences(), |sequence| {
            let failed = |error: Failure| TestCaseError::fail(error.to_string());
            run(&world, &sequence).map_err(failed)
        });
        outcome.map_err(|error| match error {
            TestError::Fail(reason, sequence) => format!("{reason}\nafter {sequence}"),
            TestError::Abort(reason) => reason.to_string(),
        })
    };
    let outcome: Result<(), String> = thread::scope(|scope| {
        let one = &one;
        let threads: Vec<ScopedJoinHandle<'_, Result<(), String>>> = (0..threads)
            .map(|seed| scope.spawn(move || one(seed)))
            .collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    });
    // Printed directly: an error that a test returns is printed on one line.
    outcome.map_err(|why| {
        let _ = writeln!(io::stderr(), "{why}");
        "a sequence failed".into()
    })
}

/// A folder, and a server with long and one with short pages.
struct World {
    folder: TempDir,
    whole: Sandbox,
    short: Sandbox,
}

impl World {
    fn new() -> Checked<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            whole: Sandbox::full(None)?,
            short: Sandbox::full(Some(SHORT_PAGE))?,
        })
    }

    const fn server(&self, short_pages: bool) -> &Sandbox {
        if short_pages {
            &self.short
        } else {
            &self.whole
        }
    }

    fn play(&self, sequence: &Sequence) -> Checked<Outcome> {
        let server = Box::new(self.server(sequence.short_pages).clone());
        play(&sequence.steps, server, self.folder.path(), false)
    }
}

#[test]
fn three_devices_converge_whatever_is_lost_duplicated_or_late() -> Checked {
    all(cases()?, step::sequences, World::new, |world, sequence| {
        world.play(sequence)?;
        Ok(())
    })
}

#[test]
fn three_devices_converge_with_stores_on_disk_while_users_keep_typing() -> Checked {
    let cases = cases()?.div_ceil(20);
    all(cases, step::sequences, World::new, |world, sequence| {
        let folder = tempfile::tempdir()?;
        let server = Box::new(world.whole.clone());
        play(&sequence.steps, server, folder.path(), true)?;
        Ok(())
    })
}

/// On a bare backend this holds for one device only.
#[test]
fn one_device_on_a_bare_backend_that_may_become_full_duplicates_and_loses_nothing() -> Checked {
    let cases = cases()?.div_ceil(5);
    all(
        cases,
        step::sequences_on_bare,
        || Ok(tempfile::tempdir()?),
        |folder, sequence| {
            let server = Box::new(Sandbox::bare()?);
            play(&sequence.steps, server, folder.path(), false)?;
            Ok(())
        },
    )
}

#[test]
fn the_same_sequences_end_the_same_on_postgresql() -> Checked {
    let cases = cases()?.div_ceil(10);
    let world = || Ok((World::new()?, Postgres::full()?));
    all(
        cases,
        step::sequences,
        world,
        |(world, postgres), sequence| {
            let Some(postgres) = postgres else {
                return Ok(());
            };
            let server = postgres.serving(sequence.short_pages);
            let real = play(&sequence.steps, server, world.folder.path(), false)?;
            let sandbox = world.play(sequence)?;
            if real != sandbox {
                return Err(format!("PostgreSQL: {real:#?}\nsandbox: {sandbox:#?}").into());
            }
            Ok(())
        },
    )
}
