//! The terminal program: one loop that draws, and threads that wait.
//!
//! The loop runs on the main thread and never blocks: key or fact → update →
//! effects → one frame. The disk has a reader and a writer thread, each with a
//! store of its own; the network has one thread. Threads answer with facts
//! over one bounded channel.

use std::io;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc;

use crate::app::effect::Effect;
use crate::app::model::{Size, Start};
use crate::app::{Keymap, Model, Msg, Stamp, update};
use crate::domain::history::Session;
use crate::domain::view::OwnView;
use crate::os::runtime;
use crate::profile::{ActiveProfile, KnownAccount};
use crate::store::{Store, StoreError};
use crate::text::causes;
use crate::ui::{self, Theme};

pub mod disk;
pub mod drive;
pub(crate) mod identity;
pub(crate) mod input;
mod live;
mod login;
mod network;
mod panic_guard;
pub(crate) mod rounds;
mod schedule;
mod signals;
mod terminal;
mod workers;

use drive::{DriveError, EffectHandler, Left, Sources, drive};
use terminal::Guard;
use workers::Workers;

/// How many facts may wait for the loop before their senders wait.
const FACTS: usize = 256;

/// How the terminal program is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which keys ask for what.
    pub keymap: Keymap,
    /// The styles that the screens are drawn in.
    pub theme: Theme,
    /// Whether to leave the network alone.
    pub offline: bool,
    /// The user's own views.
    pub views: Vec<OwnView>,
    /// The first day of the week.
    pub week_start: Weekday,
    /// Whether ordered lists have headings.
    pub groups: bool,
    /// Whether this is the demo.
    pub demo: bool,
    /// Opens a page in a browser, or says why not. May block for a moment.
    pub open_page: fn(&str) -> Result<(), String>,
    /// Opens a text in the user's editor and returns what it was changed to, or
    /// why it was not. Blocks until the editor is closed.
    pub edit_text: fn(&str) -> Result<String, String>,
}

/// Why the terminal program could not run, or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The store of the account.
    #[error("cannot open your todos")]
    Store(#[from] StoreError),
    /// The terminal.
    #[error("the terminal failed")]
    Terminal(#[source] io::Error),
    /// The threads' runtime.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// A signal, or the terminal is gone.
    #[error("ended from outside; what you did is saved")]
    Ended,
    /// A thread panicked; its message has been printed.
    #[error("a part of tudone crashed")]
    Panicked,
}

impl RuntimeError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Ended => "Start tudone again to go on.".to_owned(),
            Self::Store(error) => error.help(),
            Self::Terminal(_) => "Run tudone in a terminal, or use its commands.".to_owned(),
            Self::Start(_) => "Close other programs and try again.".to_owned(),
            Self::Panicked => {
                "Start tudone again: what it said was saved is saved; please report the message above.".to_owned()
            }
        }
    }
}

/// Runs the terminal program until the user leaves it.
///
/// The first frame comes from the store alone; threads, network and credential
/// store are touched after it. What was written is on the disk when this
/// returns, and the terminal is as it was. Returns what is to be said in full
/// now that there is room: that a damaged store was set aside, and where.
///
/// # Errors
///
/// When the store or the terminal cannot be used; the terminal is as it was.
pub fn run(profile: ActiveProfile, options: &Options) -> Result<Vec<String>, RuntimeError> {
    let zone = TimeZone::system();
    let account = profile.known_account();
    let Opened {
        mut model,
        store,
        later,
    } = open(&profile, account.as_ref(), options, &zone)?;

    let runtime = runtime::current_thread().map_err(RuntimeError::Start)?;
    // Before the terminal is taken: from then on a signal must give it back.
    let signals = {
        let _inside = runtime.enter();
        signals::Signals::listen().map_err(RuntimeError::Start)?
    };
    let guard = Guard::enter().map_err(RuntimeError::Terminal)?;
    let out = io::BufWriter::with_capacity(1 << 16, io::stdout());
    let mut terminal = Terminal::new(CrosstermBackend::new(out)).map_err(RuntimeError::Terminal)?;
    let theme = options.theme;
    terminal
        .draw(|frame| ui::draw(&model, &theme, frame))
        .map_err(RuntimeError::Terminal)?;
    let _ = model.take_stale();

    let (sender, mut facts) = mpsc::channel(FACTS);
    let account = account.map(|known| known.account);
    let mut workers = Workers::start(profile, account, store, options, sender);
    for effect in later {
        workers.begin(effect);
    }
    let driven = runtime.block_on(async {
        let sources = Sources {
            input: Some(input::events()),
            reopen: Some(input::events),
            facts: &mut facts,
            signals,
        };
        let now = || stamp(&zone);
        drive(
            &mut terminal,
            &mut model,
            sources,
            &mut workers,
            &theme,
            now,
        )
        .await
        .map_err(|error| match error {
            DriveError::Draw(error) | DriveError::HandOver(error) => RuntimeError::Terminal(error),
        })
    });
    // Nobody reads facts any more: whoever waits to tell one must not wait for ever.
    drop(facts);
    let well = workers.finish();
    drop(guard);
    match driven? {
        _ if !well => Err(RuntimeError::Panicked),
        Left::Ended => Err(RuntimeError::Ended),
        Left::Quit => Ok(model.into_exit_notices()),
    }
}

/// What the first frame is drawn from, and what is begun after it.
struct Opened {
    model: Model,
    store: Option<disk::Open>,
    later: Vec<Effect>,
}

/// Opens the account's store and reads the first window from it.
fn open(
    profile: &ActiveProfile,
    known: Option<&KnownAccount>,
    options: &Options,
    zone: &TimeZone,
) -> Result<Opened, RuntimeError> {
    let mut trouble = None;
    let store = match known {
        Some(known) => {
            let path = profile.database(&known.account);
            let endpoint = profile.config.connection.endpoint.to_string();
            let place = disk::Place { path, endpoint };
            let store = place.open_or_read(|reason| trouble = Some(reason))?;
            Some(disk::Open::new(store))
        }
        None => None,
    };
    let (width, height) = crossterm::terminal::size().map_err(RuntimeError::Terminal)?;
    let (mut model, asked) = Model::new(Start {
        who: known.map(|known| known.identity.clone()),
        size: Size { width, height },
        keymap: options.keymap.clone(),
        now: stamp(zone).now,
        today: stamp(zone).today,
        zone: zone.clone(),
        offline: options.offline,
        views: options.views.clone(),
        week_start: options.week_start,
        groups: options.groups,
        demo: options.demo,
    });
    let mut later = match &store {
        Some(open) => answer(&open.store, &mut model, asked, stamp(zone))?,
        None => asked,
    };
    if let Some(reason) = trouble {
        let troubled = Msg::StoreTroubled { reason };
        later.extend(update(&mut model, troubled, stamp(zone)));
    }
    Ok(Opened {
        model,
        store,
        later,
    })
}

/// Answers the first questions at once, before there is a thread to do it.
/// What is no question for the store is left for the workers.
fn answer(
    store: &Store,
    model: &mut Model,
    asked: Vec<Effect>,
    stamp: Stamp,
) -> Result<Vec<Effect>, StoreError> {
    let mut later = Vec::new();
    for effect in asked {
        match disk::read(store, &effect)? {
            Some(answer) => later.extend(update(model, answer, stamp)),
            None => later.push(effect),
        }
    }
    Ok(later)
}

fn stamp(zone: &TimeZone) -> Stamp {
    let now = Timestamp::now();
    Stamp {
        now,
        today: zone.to_datetime(now).date(),
        fresh: identity::fresh(now),
    }
}

/// A session of its own: each run of the TUI undoes its own actions.
fn new_session() -> Session {
    Session::Tui(identity::fresh(Timestamp::now()))
}

/// An error of the store with what the user can do, in one line.
fn advised(error: &StoreError) -> String {
    format!("{}. {}", causes::on_one_line(error), error.help())
}
