//! The chaos run: several devices of one user work while the network fails in
//! every way; then the result is verified.
//!
//! Each device has a store, a login and three threads: two clients that add, edit,
//! delete and sync, and a listener that syncs when the server has changes. A fault
//! injector makes requests fail. After that all devices sync without faults, and
//! every acknowledged change must have had its effect exactly once.

mod client;
mod fault_injector;
mod report;
mod verify;

use std::io::{self, Write as _};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::cli::commands::demo::device::DemoDevice;
use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::progress::ProgressLine;
use crate::os::runtime;
use crate::sandbox::DEVELOPMENT_ONLY;
use client::{AcknowledgedChanges, ChangeListener, ChaosClient};
use fault_injector::FaultInjector;

/// How many devices the user has.
const DEVICES: usize = 3;
/// How many clients work on each.
const CLIENTS: usize = 2;

/// Options of a chaos run.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChaosOptions {
    /// How long faults are injected.
    pub(super) duration: Duration,
    /// The seed of all random choices.
    pub(super) seed: u64,
    /// Whether to report as JSON.
    pub(super) json: bool,
}

/// State shared by all threads.
#[derive(Debug, Default)]
struct RunState {
    ended: AtomicBool,
    added: AtomicU64,
}

impl RunState {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Runs the chaos and prints the report.
///
/// # Errors
///
/// [`CliError::Chaos`] when a todo was lost, duplicated or restored, when an edit
/// was lost or the devices differ; [`CliError::Interrupted`] after the
/// report when Ctrl-C ended it early.
pub(super) fn run(
    context: &CommandContext,
    env: &DemoEnv,
    options: ChaosOptions,
) -> Result<(), CliError> {
    DEVELOPMENT_ONLY
        .lines()
        .for_each(|line| context.notice(line));
    let runtime = runtime()?;
    let mut interrupt = runtime.spawn(tokio::signal::ctrl_c());
    let devices = runtime
        .block_on(unless(&mut interrupt, log_in(env)))?
        .ok_or(CliError::Interrupted)?;
    context.notice(format!(
        "chaos: {DEVICES} devices at work for {:?}, seed {}",
        options.duration, options.seed
    ));
    let began = Instant::now();
    let (changes, faults) =
        work_with_faults(&runtime, &mut interrupt, context, env, &devices, options)?;
    // The first Ctrl-C ended the faults; a second one ends the verification.
    let mut interrupt = runtime.spawn(tokio::signal::ctrl_c());
    let verification = verify::verify(env, &devices, &changes, &faults);
    let mut report = runtime
        .block_on(unless(&mut interrupt, verification))?
        .ok_or(CliError::Interrupted)?;
    report.seed = options.seed;
    report.seconds = began.elapsed().as_secs_f64();

    let mut out = output::stdout();
    if options.json {
        output::json(&mut out, &report)?;
    } else {
        write!(out, "{report}")?;
    }
    out.flush()?;
    let wrong = report.violations();
    if !wrong.is_empty() {
        let seed = options.seed;
        return Err(CliError::Chaos { wrong, seed });
    }
    if report.interrupted {
        return Err(CliError::Interrupted);
    }
    Ok(())
}

/// Resolves when Ctrl-C is pressed.
type Interrupt = JoinHandle<io::Result<()>>;

/// Runs `work`; `None` if Ctrl-C is pressed before it ends.
async fn unless<T>(
    interrupt: &mut Interrupt,
    work: impl Future<Output = Result<T, CliError>>,
) -> Result<Option<T>, CliError> {
    tokio::select! {
        done = work => done.map(Some),
        pressed = interrupt => {
            pressed
                .map_err(io::Error::other)
                .flatten()
                .map_err(CliError::io("listen for Ctrl-C"))?;
            Ok(None)
        }
    }
}

/// Logs the devices in to a new account.
async fn log_in(env: &DemoEnv) -> Result<Vec<DemoDevice>, CliError> {
    let email = format!("chaos-{}@example.test", Uuid::now_v7().as_simple());
    let names: Vec<String> = (1..=DEVICES).map(|n| format!("device-{n}")).collect();
    let logins = names
        .iter()
        .map(|name| DemoDevice::log_in(env, &email, name));
    try_join_all(logins).await
}

/// Lets all devices work while faults are injected. Returns the acknowledged changes
/// and the faults.
fn work_with_faults(
    runtime: &Runtime,
    interrupt: &mut Interrupt,
    context: &CommandContext,
    env: &DemoEnv,
    devices: &[DemoDevice],
    options: ChaosOptions,
) -> Result<(AcknowledgedChanges, FaultInjector), CliError> {
    let mut rng = Rng::with_seed(options.seed);
    let mut faults = FaultInjector::new(rng.fork());
    let shared = RunState::default();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (place, device) in devices.iter().enumerate() {
            for client in 0..CLIENTS {
                let name = format!("{}{}", place + 1, if client == 0 { 'a' } else { 'b' });
                let (rng, shared) = (rng.fork(), &shared);
                threads.push(scope.spawn(move || {
                    run_until_ended(shared, async || {
                        ChaosClient::new(device, name, rng)?.work(shared).await
                    })
                }));
            }
            let shared = &shared;
            threads.push(scope.spawn(move || {
                run_until_ended(shared, async || {
                    ChangeListener::new(device)?.listen(shared).await
                })
            }));
        }
        let progress = ProgressLine::new(context);
        let result = runtime.block_on(async {
            faults.begin(env).await?;
            let injecting = inject(env, &mut faults, &shared, options.duration, progress);
            faults.interrupted = unless(interrupt, injecting).await?.is_none();
            faults.end(env).await
        });
        shared.end();
        let mut changes = AcknowledgedChanges::default();
        for thread in threads {
            changes.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        result.map(|()| (changes, faults))
    })
}

/// Runs `work` on this thread; its failure ends the run for all threads.
fn run_until_ended(
    shared: &RunState,
    work: impl AsyncFnOnce() -> Result<AcknowledgedChanges, CliError>,
) -> Result<AcknowledgedChanges, CliError> {
    let done = runtime().and_then(|runtime| runtime.block_on(work()));
    if done.is_err() {
        shared.end();
    }
    done
}

/// Injects faults until the time is up or a thread failed.
async fn inject(
    env: &DemoEnv,
    faults: &mut FaultInjector,
    shared: &RunState,
    duration: Duration,
    mut progress: ProgressLine,
) -> Result<(), CliError> {
    let began = Instant::now();
    while !shared.has_ended() && began.elapsed() < duration {
        faults.inject(env).await?;
        let seconds = began.elapsed().as_secs();
        let added = shared.added.load(Ordering::Relaxed);
        progress.show(|| format!("{seconds} s of {duration:?}: {added} added"));
    }
    Ok(())
}

fn runtime() -> Result<Runtime, CliError> {
    runtime::current_thread().map_err(CliError::io("start the network"))
}
