//! The topics of the help: `tudone help dates`, and the man pages of section 7.

use std::fmt::Write as _;

use crate::app::Keymap;
use crate::app::action::Layer;
use crate::app::bindings::TABLE;
use crate::config::environment::VARIABLES;
use crate::domain::terms::{OPTION_HELP, TERM_HELP};
use crate::domain::when::{DAY_HELP, HelpEntry, RANGE_HELP};
use crate::ui::text::wrapped;

/// A topic of the help.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Topic {
    /// Its name after `help`.
    pub(crate) name: &'static str,
    /// One line about it.
    pub(crate) about: &'static str,
    /// Writes it.
    pub(crate) text: fn() -> String,
}

/// All topics, most used first.
pub(crate) const TOPICS: &[Topic] = &[
    Topic {
        name: "terms",
        about: "Filter todos: +project, due:today, not:@phone",
        text: terms,
    },
    Topic {
        name: "dates",
        about: "Dates in todos and filters: fri, +3d, this-week",
        text: dates,
    },
    Topic {
        name: "todo.txt",
        about: "How a todo is written: priority, tags, due and repeating todos",
        text: || TODO_TXT.to_owned(),
    },
    Topic {
        name: "keys",
        about: "The keys of the TUI",
        text: || keys(&Keymap::default()),
    },
    Topic {
        name: "environment",
        about: "Environment variables",
        text: environment,
    },
    Topic {
        name: "json",
        about: "The output of --json",
        text: || JSON.to_owned(),
    },
    Topic {
        name: "json-schema",
        about: "The same as a JSON Schema",
        text: || include_str!("../../assets/json.schema.json").to_owned(),
    },
    Topic {
        name: "rejected",
        about: "Why a change was rejected, and what to do",
        text: || REJECTED.to_owned(),
    },
    Topic {
        name: "exit-codes",
        about: "Exit codes",
        text: || EXIT_CODES.to_owned(),
    },
];

const REJECTED: &str = "\
A change that the server cannot take stays in the queue, with its text, until
you decide. `tudone queue list` shows it with one of these codes:

conflict             the todo was changed elsewhere in the same place
removed-elsewhere    the todo was deleted elsewhere
reset                the server was reset while the add was sent: the todo may
                     be there already
may-be-added         an answer was lost: the todo may be on the server already,
                     perhaps changed or completed on another device
completion-rejected  the todo follows a completed repeating one, whose
                     completion was rejected: both are decided together
permission-error     your role may not do this
other codes          Hasura's own, with its message

tudone queue retry HANDLE           merges the change with what the todo is now,
                                    and sends it; a todo that was deleted
                                    elsewhere is added again
tudone queue retry HANDLE --mine    sends your text over the one that the server
                                    has (conflict)
tudone queue retry HANDLE --as-new  adds your text as a new todo and keeps the
                                    other
tudone queue drop HANDLE            drops the change and shows what the server
                                    has
tudone edit HANDLE                  writes another text in its place

In the TUI, `Q` shows the queue, with both texts one below the other.
";

const EXIT_CODES: &str = "\
0    done; or a change safely queued, as reported on stderr
1    failed for another reason; nothing to undo; `import` left lines out
2    wrong usage, or cancelled
3    no such todo, or the handle is ambiguous
4    login required, denied, expired or timed out
5    server unreachable, and the command could not be answered without it
6    the server rejected a change (permission, validation); `sync` with new
     rejections; `queue retry` of a change that still conflicts
8    misconfigured: bad configuration file, no usable credential store, a
     setting that `doctor` or `setup` found wrong
130  interrupted
";

const JSON: &str = r#"Data goes to stdout, everything else to stderr. Fields are only ever added.

A todo:
  {"id": 42|null, "handle": "42", "key": "UUID", "text": "(A) buy milk +home",
   "done": false, "priority": "A"|null, "projects": ["home"], "contexts": [],
   "due": "2026-12-01"|null, "tags": {}, "completed_on": "2026-12-01"|null,
   "state": "synced|pending|sent|rejected",
   "created_at": "2026-12-01T09:00:00Z"|null, "updated_at": "…"|null,
   "recurs": "1w"|null, "starts": "2026-12-01"|null}

list --json            {"as_of": "…"|null, "stale": false, "pending": 0,
                        "todos": [TODO…]}
list --json=id,text    the same with these fields of each todo
list --jsonl           one TODO per line
add --json             {"todos": [TODO…]}
show --json            {"todos": [TODO…], "changes": […], "not_found": ["99"]}
done, reopen, edit, rm {"changed": [TODO…], "not_found": ["99"]}
undo --json            {"changed": [TODO…], "not_found": ["99"],
                        "changed_since": [TODO…],
                        "undone": {"at": "…", "verb": "completed", "count": 1,
                                   "text": "…"}}
                       and "restored": [{"key", "text"}…]: rejected texts that
                       are back in the queue
redo --json            the same with "redone"
undo --list --json     {"acts": [{"at", "verb", "count", "text"}…]}
import --json          {"todos": [TODO…], "already_there": 0, "left_out": 0}
sync --json            {"pushed", "pulled", "rejected", "waiting", "as_of"}
sync --follow --json   one event per line, as they happen, until interrupted:
  {"event": "added"|"changed"|"removed", "todo": TODO}   a deleted one as it was
  {"event": "rejected", "entry": …}                      as in queue --json
  {"event": "synced", "pushed", "pulled", "rejected", "waiting", "as_of"}
                         the first sync, each that did something, and each
                         after "offline"
  {"event": "live"}      the server announces changes as they happen
  {"event": "polling", "why": "…"}                       tudone polls every 30s
  {"event": "offline", "why": "…", "next_try": "…"|null}
queue --json           {"entries": [{"handle", "key", "act", "state", "text",
                        …}]}
whoami --json          {"sub", "email", "name", "profile", "issuer", "endpoint"}
status --json          {"account", "logged_in", "store", "backend", "as_of",
                        "pending", "sent", "rejected", "open", "done",
                        "due_today", "overdue", "waiting", "error",
                        "last_error": "…"|null, "next_try": "…"|null}
demo --chaos D --json  {"seed", "seconds", "interrupted", "devices", "workers",
                        "requests", "faults": {NAME: n}, "unanswered_commits",
                        "added", "completed", "successors", "removed",
                        "expected", "found", "lost", "doubled", "came_back",
                        "edited", "edits_lost", "conflicts", "unsent",
                        "devices_equal"}
logout --json          {"logged_out": true, "revoked", "purged", "unsent",
                        "page": "…"|null}
doctor --json          {"ok": bool, "checks": [{"check",
                        "status": "ok|warning|failed|skipped", "code",
                        "message", "sent", "received", "help", "fix"}]}
login --json           one event per line: {"event": "code", …},
                       {"event": "pending", …}, {"event": "done", …} or
                       {"event": "failed", "code", "message", "help", "fix"}

An error, on stderr:
  {"error": {"code": "not-found", "message": "…", "help": "…"|null}}
  and "fix", the text to paste, if a wrong setting has one

Durations are written 500ms, 2s, 5m, 1h.
"#;

const TODO_TXT: &str = "\
A todo is one line in the todo.txt format:

  (A) Call mum +family @phone due:2026-12-01
  x 2026-11-27 Pay the rent due:2026-11-30 pri:B

  (A) at the start     priority, A to Z; `pri:A` at the end of a done todo
  x DATE at the start  done, and when; `tudone done` and `reopen` write it
  +project, @context   tags; +Work and +work are one tag
  due:DATE             due on that day
  t:DATE               hidden until that day
  rec:1w               repeats: completing it adds the next one.
                       d days, b working days, w weeks, m months, y years;
                       rec:+1w counts from the due date, rec:1w from completion
  key:value            kept as it is, and in `tags` of --json

`add` and `edit` turn words into dates: `due:fri` becomes `due:2026-12-04`
(`tudone help dates`; --literal keeps the word). What tudone does not understand
stays as it is, byte for byte. `import` and `export` read and write whole files.
";

/// Writes the keys of the TUI, layer by layer.
pub(crate) fn keys(keymap: &Keymap) -> String {
    let mut text = String::new();
    for layer in Layer::ALL {
        let _ = writeln!(text, "{}:", layer.title());
        for row in TABLE.iter().filter(|row| row.layer == layer) {
            let keys = keymap.label(layer, row.action);
            let _ = writeln!(text, "  {keys:<24}  {}", row.help);
        }
        text.push('\n');
    }
    text.push_str("Change them in [keys] of config.toml: toggle-done = \"space\".\n");
    text
}

fn environment() -> String {
    format!(
        "Flags beat variables, variables beat config.toml. An empty variable counts\n\
         as not set.\n\n{}",
        columns(VARIABLES.iter().copied())
    )
}

fn terms() -> String {
    format!(
        "Terms narrow a list; all of them must match.\n\n{}\n\
         Quotes make a word of anything: \"due:soon\".\n\n\
         A view in [views] may end with options:\n\n{}",
        table(TERM_HELP),
        table(OPTION_HELP)
    )
}

fn dates() -> String {
    format!(
        "In a todo (`due:fri`) and in terms:\n\n{}\nIn terms only:\n\n{}",
        table(DAY_HELP),
        table(RANGE_HELP)
    )
}

fn table(entries: &[HelpEntry]) -> String {
    columns(entries.iter().map(|entry| (entry.form, entry.meaning)))
}

/// The widest line of a topic.
const COLUMNS: usize = 80;
/// The widest form that has its meaning beside it and not below it.
const WIDEST_FORM: usize = 34;

/// Forms and their meanings in two columns that fit a terminal: a long meaning goes on
/// below its start.
fn columns<'t>(rows: impl Iterator<Item = (&'t str, &'t str)> + Clone) -> String {
    let is_beside = |form: &str| form.chars().count() <= WIDEST_FORM;
    let forms = rows.clone().map(|(form, _)| form);
    let width = forms.filter(|form| is_beside(form));
    let width = width.map(|form| form.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    let mut line = |form: &str, meaning: &str| {
        let line = format!("  {form:width$}  {meaning}");
        let _ = writeln!(text, "{}", line.trim_end());
    };
    for (mut form, meaning) in rows {
        if !is_beside(form) {
            line(form, "");
            form = "";
        }
        for part in wrapped(meaning, COLUMNS - width - 4) {
            line(form, &part);
            form = "";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_for_reading_fit_80_columns() {
        for topic in TOPICS.iter().filter(|it| it.name != "json-schema") {
            for line in (topic.text)().lines() {
                assert!(line.chars().count() <= COLUMNS, "{}: {line}", topic.name);
            }
        }
    }

    #[test]
    fn a_long_meaning_goes_on_below_its_start() {
        let long = "word ".repeat(30);
        let rows = [("due:DAYS", long.trim()), (&"X".repeat(40), "more")];
        let text = columns(rows.into_iter());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("  due:DAYS  word"), "{text}");
        assert!(lines[1].starts_with("            word"), "{text}");
        assert_eq!(lines[lines.len() - 1], "            more");
    }
}
