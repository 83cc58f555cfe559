//! Runs the TUI: one event loop that draws, and threads that wait.
//!
//! The loop runs on the main thread and never blocks: key or message → update →
//! effects → one frame. The disk has a reader and a writer thread, each with a
//! connection of its own; the network has one thread. Threads send their
//! messages over one bounded channel.

use std::collections::VecDeque;
use std::io;

use jiff::Timestamp;
use jiff::civil::Weekday;
use ratatui::Terminal;
use tokio::sync::mpsc;

use crate::app::effect::Effect;
use crate::app::model::{Size, StartOptions};
use crate::app::{Keymap, Model, Msg, Stamp, update};
use crate::domain::history::Session;
use crate::domain::view::OwnView;
use crate::os::{fresh_id, runtime};
use crate::profile::{ActiveProfile, KnownAccount};
use crate::store::{Store, StoreError};
use crate::text::causes;
use crate::ui::{self, ThemeName, Themes};

mod account_files;
mod backend;
pub mod disk;
pub mod event_loop;
pub(crate) mod input;
mod local_day;
mod login;
mod network;
pub mod output;
mod panic_guard;
mod remembered;
mod shutdown;
mod signals;
mod terminal;
mod unfinished;
mod welcome;
mod workers;

use account_files::AccountFiles;
use backend::ScreenBackend;
use event_loop::{EffectHandler, EventSources, LoopEnd, LoopError};
use local_day::LocalDay;
use output::Output;
pub use shutdown::Exit;
use shutdown::Saved;
use terminal::Tty;
pub use welcome::run_welcome;
use workers::Workers;

/// How many messages may wait for the loop before their senders wait.
const QUEUED_MESSAGES: usize = 256;

/// Options of the TUI.
#[expect(
    clippy::struct_excessive_bools,
    reason = "settings that hold independently of each other"
)]
#[derive(Debug, Clone)]
pub struct TuiOptions {
    /// The keys of the actions.
    pub keymap: Keymap,
    /// The themes that can be chosen.
    pub themes: Themes,
    /// The theme at the start.
    pub theme: ThemeName,
    /// Whether not to use the network.
    pub offline: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// The user's own views.
    pub views: Vec<OwnView>,
    /// The first day of the week.
    pub week_start: Weekday,
    /// Whether sorted lists have headings.
    pub groups: bool,
    /// Whether this is the demo.
    pub demo: bool,
    /// Opens a page in a browser, or returns why it cannot. May block for a moment.
    pub open_page: fn(&str) -> Result<(), String>,
    /// Opens a text in the user's editor and returns the edited text, or why there
    /// is none. Blocks until the editor is closed.
    pub edit_text: fn(&str) -> Result<String, String>,
}

/// An error that ends the TUI.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The account's store failed.
    #[error("cannot open your todos")]
    Store(#[from] StoreError),
    /// The terminal failed.
    #[error("the terminal failed")]
    Terminal(#[source] io::Error),
    /// The async runtime or the signal handlers could not be set up.
    #[error("cannot start")]
    Start(#[source] io::Error),
    /// A signal ended the program, or the terminal is gone.
    #[error("ended by a signal; {0}")]
    Ended(Saved),
    /// A thread panicked; its message has been printed.
    #[error("a part of tudone crashed")]
    Panicked,
}

impl RuntimeError {
    /// Suggests the next step, as one imperative sentence.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Ended(saved) => saved.help().to_owned(),
            Self::Store(error) => error.help(),
            Self::Terminal(_) => "Run tudone in a terminal, or use its commands.".to_owned(),
            Self::Start(_) => "Close other programs and try again.".to_owned(),
            Self::Panicked => {
                "Start tudone again and report the message above; saved changes are kept."
                    .to_owned()
            }
        }
    }
}

/// Runs the TUI until the user quits.
///
/// The first frame comes from the store alone; threads, network and credential
/// store are used after it. When this returns, all changes are on the disk and
/// the terminal is restored.
///
/// # Errors
///
/// A store or a terminal that cannot be used; the terminal is restored.
pub fn run(profile: ActiveProfile, options: &TuiOptions) -> Result<Exit, RuntimeError> {
    let account = profile.known_account();
    let FirstFrame {
        mut model,
        size,
        store,
        effects,
    } = open(&profile, account.as_ref(), options)?;

    let runtime = runtime::current_thread().map_err(RuntimeError::Start)?;
    let output = Output::start(terminal::stdout().map_err(RuntimeError::Start)?);
    let tty = Tty::new(output.clone(), options.mouse);
    // Before the terminal is taken over: from then on a signal must restore it.
    let signals = signals::SystemSignals::listen(tty.clone()).map_err(RuntimeError::Start)?;
    let guard = tty.enter().map_err(RuntimeError::Terminal)?;
    let backend = ScreenBackend::new(output.clone(), size.into());
    let mut terminal = Terminal::new(backend).map_err(RuntimeError::Terminal)?;
    let theme = options.themes.theme(model.theme());
    terminal
        .draw(|frame| ui::draw(&model, &theme, frame))
        .map_err(RuntimeError::Terminal)?;
    let _ = model.take_stale();

    let (sender, mut messages) = mpsc::channel(QUEUED_MESSAGES);
    let account = account.map(|known| known.account);
    let mut workers = Workers::start(profile, account, store, options, sender, tty);
    for effect in effects {
        workers.start(effect);
    }
    let ended = runtime.block_on(async {
        let sources = EventSources {
            input: Some(input::events()),
            reopen: Some(input::events),
            messages: &mut messages,
            signals,
            output,
        };
        event_loop::run(
            &mut terminal,
            &mut model,
            sources,
            &mut workers,
            &options.themes,
            stamp,
        )
        .await
    });
    // Before anything that may take long: the process may be killed meanwhile.
    let left = model.left_account();
    let files = workers.files();
    let database = workers.database();
    // After a failure it is tried again, and reported, when the workers have finished.
    let kept = files.as_ref().is_some_and(|files| {
        !left.lines.is_empty() && files.keep_lines(&left.lines, &left.offered).is_ok()
    });
    // Before the workers finish: the user need not watch them.
    drop(guard);
    if let Some(files) = &files {
        files.keep_list(&left);
    }
    let stored = if kept { left.lines } else { left.offered };
    let finished = runtime.block_on(shutdown::finish(workers, messages, &mut model, stamp));
    let saved = finished.saved(files.as_ref(), &model, &stored);
    match ended {
        Err(LoopError::Draw(error) | LoopError::HandOver(error)) => {
            Err(RuntimeError::Terminal(error))
        }
        Ok(_) if finished.panicked => Err(RuntimeError::Panicked),
        Ok(LoopEnd::Signalled) => Err(RuntimeError::Ended(saved)),
        Ok(LoopEnd::Quit) => {
            let database = database.filter(|_| model.may_have_unsent());
            let unsent = database.map_or(0, |database| database.unsent());
            Ok(Exit::new(model, unsent, &saved))
        }
    }
}

/// The model and the store of the first frame, and the effects to start after
/// it.
struct FirstFrame {
    model: Model,
    size: Size,
    store: Option<disk::OpenStore>,
    effects: Vec<Effect>,
}

/// Opens the account's store, and reads from it what the first frame shows.
fn open(
    profile: &ActiveProfile,
    known: Option<&KnownAccount>,
    options: &TuiOptions,
) -> Result<FirstFrame, RuntimeError> {
    let mut warning = None;
    let store = match known {
        Some(known) => {
            let location = workers::location(profile, &known.account);
            let store = location.open_or_read(|reason| warning = Some(reason))?;
            Some(disk::OpenStore::new(store))
        }
        None => None,
    };
    let size = terminal::size().map_err(RuntimeError::Terminal)?;
    let files = known.map(|known| AccountFiles::of(profile, &known.account));
    let began = stamp();
    let (mut model, first_effects) = Model::new(StartOptions {
        who: known.map(|known| known.identity.clone()),
        size,
        keymap: options.keymap.clone(),
        now: began.now,
        today: began.today,
        zone: LocalDay::now().zone,
        offline: options.offline,
        views: options.views.clone(),
        week_start: options.week_start,
        groups: options.groups,
        demo: options.demo,
        theme: options.theme,
        no_themes: options.themes.missing(),
        remembered: files.as_ref().and_then(AccountFiles::list),
    });
    let mut effects = match &store {
        Some(open) => read_first(&open.store, &mut model, first_effects, began)?,
        None => first_effects,
    };
    if let Some(reason) = warning {
        let warning = Msg::StoreWarning { reason };
        effects.extend(update(&mut model, warning, stamp()));
    }
    model.reopen(files.as_ref().map(AccountFiles::lines).unwrap_or_default());
    Ok(FirstFrame {
        model,
        size,
        store,
        effects,
    })
}

/// Answers the effects that read what the first frame shows, before there is a thread
/// for them; returns all others.
fn read_first(
    store: &Store,
    model: &mut Model,
    effects: Vec<Effect>,
    stamp: Stamp,
) -> Result<Vec<Effect>, StoreError> {
    let mut waiting = VecDeque::from(effects);
    let mut others = Vec::new();
    while let Some(effect) = waiting.pop_front() {
        let is_shown = matches!(effect, Effect::Window { .. } | Effect::Counts { .. });
        match is_shown.then(|| disk::read(store, &effect)).transpose()? {
            Some(Some(answer)) => waiting.extend(update(model, answer, stamp)),
            _ => others.push(effect),
        }
    }
    Ok(others)
}

fn stamp() -> Stamp {
    let now = Timestamp::now();
    Stamp {
        now,
        today: LocalDay::now().date,
        fresh: fresh_id::fresh(now),
    }
}

/// Returns a new session: each run of the TUI undoes its own actions.
fn new_session() -> Session {
    Session::Tui(fresh_id::fresh(Timestamp::now()))
}

/// Returns an error of the store with its help, on one line.
fn with_help(error: &StoreError) -> String {
    format!("{}. {}", causes::on_one_line(error), error.help())
}
