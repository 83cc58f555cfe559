//! `tudone queue`: shows, retries and drops the changes in the outbox.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::context::{CommandContext, outbox};
use crate::cli::error::CliError;
use crate::cli::output::{self, count_of_changes};
use crate::cli::write::lacking;
use crate::domain::change::{Act, Progress};
use crate::domain::key::Key;
use crate::domain::list::Resolved;
use crate::domain::push_outcome::Queued;
use crate::domain::todo::Handle;
use crate::store::Store;
use crate::text::sanitize::plain;

mod decide;
mod retry;

/// The arguments of `queue`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct Arguments {
    /// What to do
    #[arg(value_enum, default_value_t)]
    action: QueueAction,

    /// Only changes of this todo
    handle: Option<String>,

    /// With `retry`: send your text, whatever the server has now
    #[arg(long, requires = "handle", conflicts_with = "as_new")]
    mine: bool,

    /// With `retry`: add your text as a new todo, and drop the change
    #[arg(long, requires = "handle")]
    as_new: bool,

    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum QueueAction {
    /// One line for each change
    #[default]
    List,
    /// All details of the changes
    Show,
    /// Send rejected changes again; a todo that was deleted elsewhere comes back
    /// as a new one
    Retry,
    /// Discard pending or rejected changes
    Drop,
}

/// A change, as printed.
#[derive(Debug, Serialize)]
pub(crate) struct QueueItem {
    #[serde(skip)]
    seq: i64,
    handle: String,
    key: String,
    act: &'static str,
    state: &'static str,
    text: String,
    before: Option<String>,
    theirs: Option<String>,
    code: Option<String>,
    message: Option<String>,
    tries: u32,
    at: Timestamp,
}

/// Shows the outbox, retries or drops its changes.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let known = context.known()?;
    if known.read()?.is_none() {
        notice_empty(context, arguments);
        return print(arguments, &[]);
    }
    let mut store = known.open()?;
    if arguments.mine || arguments.as_new {
        return decide::run(context, arguments, &known, &mut store);
    }
    let items = items(&store, arguments.handle.as_ref())?;
    if items.is_empty() {
        notice_empty(context, arguments);
    }
    match arguments.action {
        QueueAction::List | QueueAction::Show => print(arguments, &items),
        QueueAction::Retry => retry::run(context, arguments, &known, &mut store, items),
        QueueAction::Drop => drop_changes(context, arguments, &mut store, items),
    }
}

/// Says on a terminal why nothing is listed.
fn notice_empty(context: &CommandContext, arguments: &Arguments) {
    if !arguments.json && io::stdout().is_terminal() {
        context.notice(match &arguments.handle {
            None => "everything is on the server",
            Some(_) => "everything of this todo is on the server",
        });
    }
}

fn drop_changes(
    context: &CommandContext,
    arguments: &Arguments,
    store: &mut Store,
    items: Vec<QueueItem>,
) -> Result<(), CliError> {
    let (may, sent): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|it| matches!(it.state, "pending" | "rejected"));
    if !sent.is_empty() {
        let count = count_of_changes(sent.len());
        context.notice(format!(
            "{count} may have reached the server and cannot be dropped"
        ));
    }
    // Without a terminal, a handle is explicit enough.
    let asks = arguments.handle.is_none() || context.can_ask();
    if asks && !arguments.yes && !may.is_empty() {
        context.confirm(&format!(
            "Drop {}? This cannot be undone.",
            count_of_changes(may.len())
        ))?;
    }
    let mut dropped = Vec::new();
    for change in may {
        if store.drop_entry(change.seq)? {
            dropped.push(QueueItem {
                state: "dropped",
                ..change
            });
        }
    }
    print(arguments, &dropped)
}

/// Returns the changes in the outbox, or those of one todo, also of one whose
/// deletion is pending. Does not pull to resolve a handle: that would send the
/// pending changes.
fn items(store: &Store, handle: Option<&String>) -> Result<Vec<QueueItem>, CliError> {
    let mut items = Vec::new();
    let may = store.capabilities()?;
    for queued in outbox(store)? {
        let stuck = may.and_then(|may| lacking(may, &queued.entry.change.act));
        items.push(QueueItem::new(store, queued)?.stuck_for(stuck));
    }
    if let Some(word) = handle {
        let key = key_of(store, &items, word)?;
        items.retain(|it| it.key == key);
    }
    Ok(items)
}

/// Returns the key of the todo that `word` names.
fn key_of(store: &Store, items: &[QueueItem], word: &str) -> Result<String, CliError> {
    if let Some(listed) = items.iter().find(|it| it.is_of(word)) {
        return Ok(listed.key.clone());
    }
    let missing = || CliError::NotFound {
        missing: vec![word.to_owned()],
        ambiguous: Vec::new(),
    };
    let handle = Handle::from_str(word).map_err(|_| missing())?;
    let mut keys: BTreeSet<String> = match store.resolve(&handle)? {
        Resolved::Nothing => BTreeSet::new(),
        Resolved::One(todo) => [todo.key.to_string()].into(),
        Resolved::Several(todos) => todos.iter().map(|todo| todo.key.to_string()).collect(),
    };
    if (keys.is_empty() || matches!(handle, Handle::Prefix(_)))
        && let Some(start) = start_of_key(store, &handle)?
    {
        let digits = |key: &str| key.replace('-', "");
        let matches = |key: &&String| digits(key).starts_with(&digits(&start));
        keys.extend(items.iter().map(|it| &it.key).filter(matches).cloned());
    }
    let first = keys.pop_first().ok_or_else(missing)?;
    if keys.is_empty() {
        return Ok(first);
    }
    keys.insert(first);
    Err(CliError::NotFound {
        missing: Vec::new(),
        ambiguous: vec![(word.to_owned(), keys.into_iter().collect())],
    })
}

/// Returns the prefix of the key that `handle` names, for a todo that is not
/// shown; such a todo is listed by its id.
fn start_of_key(store: &Store, handle: &Handle) -> Result<Option<String>, CliError> {
    Ok(match handle {
        Handle::Id(_) => None,
        Handle::Local(local) => store.numbered(*local)?.map(|key| key.to_string()),
        Handle::Key(key) => Some(key.to_string()),
        Handle::Prefix(prefix) => Some(prefix.clone()),
    })
}

impl QueueItem {
    /// Describes an entry of the outbox.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn new(store: &Store, queued: Queued) -> Result<Self, CliError> {
        let Queued { entry, base, .. } = queued;
        let key = entry.change.todo;
        let handle = match (store.todo(key)?, base) {
            (Some(todo), _) => todo.handle().to_string(),
            (None, Some(row)) => row.id.to_string(),
            (None, None) => key.to_string(),
        };
        let (act, text, before) = match entry.change.act {
            Act::Add { text } => ("add", text, None),
            Act::Edit { before, after } => ("edit", after, Some(before)),
            Act::Remove { before } => ("remove", before, None),
        };
        let (state, tries, rejection) = match entry.progress {
            Progress::Pending => ("pending", 0, None),
            Progress::Sent { tries } => ("sent", tries, None),
            Progress::Answered => ("answered", 0, None),
            Progress::Rejected(rejection) => ("rejected", 0, Some(rejection)),
        };
        let (code, message, theirs) = match rejection {
            Some(it) => (Some(it.code), Some(it.message), it.theirs),
            None => (None, None, None),
        };
        Ok(Self {
            seq: entry.seq,
            handle,
            key: key.to_string(),
            act,
            state,
            text,
            before,
            theirs,
            code,
            message,
            tries,
            at: entry.change.at,
        })
    }

    /// Adds the reason why it cannot be sent if the role may not `act`.
    fn stuck_for(self, act: Option<&'static str>) -> Self {
        match act {
            Some(act) if self.state == "pending" => Self {
                message: Some(format!("your role may not {act} todos")),
                ..self
            },
            _ => self,
        }
    }

    /// Returns it as synced, with the current handle of its todo.
    fn synced(self, handle: String, key: Key) -> Self {
        Self {
            handle,
            key: key.to_string(),
            state: "synced",
            theirs: None,
            code: None,
            message: None,
            ..self
        }
    }

    /// Returns handle, code and message if it was rejected.
    fn rejection(&self) -> Option<(String, String, String)> {
        let (code, message) = (self.code.clone()?, self.message.clone()?);
        Some((self.handle.clone(), code, message))
    }

    fn is_of(&self, handle: &str) -> bool {
        self.handle == handle || self.key == handle
    }

    /// Writes it as one line.
    ///
    /// # Errors
    ///
    /// stdout's.
    pub(crate) fn line(&self, out: &mut impl io::Write) -> io::Result<()> {
        let Self {
            handle, act, state, ..
        } = self;
        write!(
            out,
            "{handle:>5}  {act:<6}  {state:<8}  {}",
            plain(&self.text)
        )?;
        match &self.message {
            Some(message) => writeln!(out, "  ({})", plain(message)),
            None => writeln!(out),
        }
    }

    /// Returns whether it changes this todo.
    pub(crate) fn is_of_todo(&self, todo: Key) -> bool {
        self.key == todo.to_string()
    }

    /// Writes all details.
    ///
    /// # Errors
    ///
    /// stdout's.
    pub(crate) fn page(&self, out: &mut impl io::Write) -> io::Result<()> {
        let fields = [
            ("todo", Some(&self.handle)),
            ("key", Some(&self.key)),
            ("text", Some(&self.text)),
            ("was", self.before.as_ref()),
            ("theirs", self.theirs.as_ref()),
            ("code", self.code.as_ref()),
            ("reason", self.message.as_ref()),
        ];
        writeln!(out, "{} ({}), made at {}", self.act, self.state, self.at)?;
        for (name, value) in fields {
            if let Some(value) = value {
                writeln!(out, "  {name:<9} {}", plain(value))?;
            }
        }
        Ok(())
    }
}

fn print(arguments: &Arguments, items: &[QueueItem]) -> Result<(), CliError> {
    let mut out = output::stdout();
    if arguments.json {
        let answer = serde_json::json!({ "entries": items });
        output::json(&mut out, &answer)?;
    } else {
        for change in items {
            match arguments.action {
                QueueAction::Show => change.page(&mut out)?,
                QueueAction::List | QueueAction::Retry | QueueAction::Drop => {
                    change.line(&mut out)?;
                }
            }
        }
    }
    Ok(out.flush()?)
}
