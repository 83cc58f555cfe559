//! The chaos: several devices of one person at work while the network fails
//! in every way, and then the count of what is left.
//!
//! Each device has a store, a login and three threads on it: two hands that
//! add, edit, remove and sync, and an ear that listens for news and syncs,
//! too. The weather is what goes wrong meanwhile. Afterwards it is calm,
//! everybody syncs, and every acknowledged act must have left its mark once.

mod client;
mod device;
mod fault_injector;
mod report;
mod verify;

use std::io::{self, IsTerminal as _, Write as _};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::context::CommandContext;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::os::runtime;
use crate::sandbox::DEVELOPMENT_ONLY;
use client::{ChangeListener, ChaosClient, Deeds};
use device::Device;
use fault_injector::FaultInjector;

/// How many devices the user has.
const DEVICES: usize = 3;
/// How many hands work on each.
const HANDS: usize = 2;

/// How to play it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// How long things go wrong.
    pub(super) duration: Duration,
    /// Whatever is random comes of this number.
    pub(super) seed: u64,
    /// Whether to report as JSON.
    pub(super) json: bool,
}

/// What all threads see.
#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    added: AtomicU64,
}

impl Shared {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Plays the chaos and prints what came of it.
///
/// # Errors
///
/// [`CliError::Chaos`] when a todo was lost, doubled or came back, when an
/// edit was lost or the devices differ; [`CliError::Interrupted`] after the
/// report when Ctrl-C ended it early.
pub(super) fn play(context: &CommandContext, ground: &DemoEnv, plan: Plan) -> Result<(), CliError> {
    DEVELOPMENT_ONLY
        .lines()
        .for_each(|line| context.notice(line));
    let runtime = runtime()?;
    let mut interrupt = runtime.spawn(tokio::signal::ctrl_c());
    let devices = runtime
        .block_on(unless(&mut interrupt, log_in(ground)))?
        .ok_or(CliError::Interrupted)?;
    context.notice(format!(
        "chaos: {DEVICES} devices at work for {:?}, seed {}",
        plan.duration, plan.seed
    ));
    let began = Instant::now();
    let (items, weather) = storm(&runtime, &mut interrupt, context, ground, &devices, plan)?;
    // Once pressed, it has to be pressed again to end the rest, too.
    let mut interrupt = runtime.spawn(tokio::signal::ctrl_c());
    let counting = verify::count(ground, &devices, &items, &weather);
    let mut report = runtime
        .block_on(unless(&mut interrupt, counting))?
        .ok_or(CliError::Interrupted)?;
    report.seed = plan.seed;
    report.seconds = began.elapsed().as_secs_f64();

    let mut out = output::stdout();
    if plan.json {
        output::json(&mut out, &report)?;
    } else {
        write!(out, "{report}")?;
    }
    out.flush()?;
    let wrong = report.wrong();
    if !wrong.is_empty() {
        let seed = plan.seed;
        return Err(CliError::Chaos { wrong, seed });
    }
    if report.interrupted {
        return Err(CliError::Interrupted);
    }
    Ok(())
}

/// Ctrl-C, listened for.
type Interrupt = JoinHandle<io::Result<()>>;

/// Does `work`; `None` when Ctrl-C is pressed meanwhile.
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

/// The devices, logged in to an account of their own.
async fn log_in(ground: &DemoEnv) -> Result<Vec<Device>, CliError> {
    let email = format!("chaos-{}@example.test", Uuid::now_v7().as_simple());
    let logins = (1..=DEVICES).map(|number| Device::log_in(ground, &email, number));
    try_join_all(logins).await
}

/// Lets everybody work while things go wrong; tells what was done and what
/// went wrong.
fn storm(
    runtime: &Runtime,
    interrupt: &mut Interrupt,
    context: &CommandContext,
    ground: &DemoEnv,
    devices: &[Device],
    plan: Plan,
) -> Result<(Deeds, FaultInjector), CliError> {
    let mut rng = Rng::with_seed(plan.seed);
    let mut weather = FaultInjector::new(rng.fork());
    let shared = Shared::default();
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (place, device) in devices.iter().enumerate() {
            for hand in 0..HANDS {
                let name = format!("{}{}", place + 1, if hand == 0 { 'a' } else { 'b' });
                let (rng, shared) = (rng.fork(), &shared);
                threads.push(scope.spawn(move || {
                    until_over(shared, async || {
                        ChaosClient::new(device, name, rng)?.work(shared).await
                    })
                }));
            }
            let shared = &shared;
            threads.push(scope.spawn(move || {
                until_over(shared, async || {
                    ChangeListener::new(device)?.listen(shared).await
                })
            }));
        }
        let progress = Progress::new(context, plan.duration);
        let raged = runtime.block_on(async {
            weather.begin(ground).await?;
            let raging = rage(ground, &mut weather, &shared, progress);
            weather.interrupted = unless(interrupt, raging).await?.is_none();
            weather.end(ground).await
        });
        shared.end();
        let mut items = Deeds::default();
        for thread in threads {
            items.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        raged.map(|()| (items, weather))
    })
}

/// Does `work` on this thread; when it fails, it is over for everybody.
fn until_over(
    shared: &Shared,
    work: impl AsyncFnOnce() -> Result<Deeds, CliError>,
) -> Result<Deeds, CliError> {
    let done = runtime().and_then(|runtime| runtime.block_on(work()));
    if done.is_err() {
        shared.end();
    }
    done
}

/// Lets things go wrong until time is up or somebody failed.
async fn rage(
    ground: &DemoEnv,
    weather: &mut FaultInjector,
    shared: &Shared,
    mut progress: Progress,
) -> Result<(), CliError> {
    while !shared.is_over() && !progress.is_due() {
        weather.strike(ground).await?;
        progress.show(shared);
    }
    Ok(())
}

fn runtime() -> Result<Runtime, CliError> {
    runtime::current_thread().map_err(CliError::io("start the network"))
}

/// One line on stderr that tells how far it is, on a terminal only.
struct Progress {
    began: Instant,
    duration: Duration,
    shown: Option<Instant>,
    wanted: bool,
}

impl Progress {
    const STEP: Duration = Duration::from_millis(200);

    fn new(context: &CommandContext, duration: Duration) -> Self {
        Self {
            began: Instant::now(),
            duration,
            shown: None,
            wanted: !context.flags.quiet && io::stderr().is_terminal(),
        }
    }

    fn is_due(&self) -> bool {
        self.began.elapsed() >= self.duration
    }

    fn show(&mut self, shared: &Shared) {
        let is_fresh = self.shown.is_some_and(|at| at.elapsed() < Self::STEP);
        if !self.wanted || is_fresh {
            return;
        }
        self.shown = Some(Instant::now());
        let seconds = self.began.elapsed().as_secs();
        let added = shared.added.load(Ordering::Relaxed);
        let line = format!(
            "\r\u{1b}[K{seconds} s of {:?}: {added} added",
            self.duration
        );
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = io::stderr().lock().write_all(b"\r\x1b[K");
        }
    }
}
