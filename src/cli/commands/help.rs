//! `tudone help`: needs neither login nor network.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::{Args, CommandFactory as _};

use crate::cli::error::CliError;
use crate::cli::output;
use crate::config::nearest;
use crate::domain::terms::{OPTION_HELP, TERM_HELP};
use crate::domain::when::{DAY_HELP, HelpEntry, RANGE_HELP};
use crate::finding::{CHECKS, codes, find, setup_codes};

/// The arguments of `help`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A command, `exit-codes`, `json`, `terms` or `dates`
    topic: Option<String>,

    /// After `doctor`: one of its codes
    code: Option<String>,
}

const EXIT_CODES: &str = "\
0    done; or a change safely queued, which is said on stderr
1    failed for another reason; nothing to undo
2    wrong usage, or cancelled
3    no such todo, or the handle is ambiguous
4    login required, denied, expired or timed out
5    server unreachable, and the command could not be answered without it
6    the server refused (permission, validation); `sync` with new rejections
8    misconfigured: bad configuration file, no usable credential store
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

list --json            {"as_of": "…"|null, "stale": false, "pending": 0, "todos": [TODO…]}
list --json=id,text    the same with these fields of each todo
list --jsonl           one TODO a line
add --json             {"todos": [TODO…]}
show --json            {"todos": [TODO…], "changes": […], "not_found": ["99"]}
done, reopen, edit, rm {"changed": [TODO…], "not_found": ["99"]}
undo --json            {"changed": [TODO…], "not_found": ["99"], "changed_since": [TODO…],
                        "undone": {"at": "…", "verb": "completed", "count": 1, "text": "…"}}
redo --json            the same with "redone"
undo --list --json     {"acts": [{"at", "verb", "count", "text"}…]}
import --json          {"todos": [TODO…], "already_there": 0, "left_out": 0}
sync --json            {"pushed", "pulled", "rejected", "waiting", "as_of"}
sync --follow --json   one event a line, as they happen, until interrupted:
  {"event": "added"|"changed"|"removed", "todo": TODO}   a deleted one as it was
  {"event": "rejected", "entry": …}                      as in queue --json
  {"event": "synced", "pushed", "pulled", "rejected", "waiting", "as_of"}
                         the first sync, each that did something, each after "offline"
  {"event": "live"}      the server announces changes as they happen
  {"event": "polling", "why": "…"}                       tudone polls every 30s
  {"event": "offline", "why": "…", "next_try": "…"|null}
queue --json           {"entries": [{"handle", "key", "act", "state", "text", …}]}
whoami --json          {"sub", "email", "name", "profile", "issuer", "endpoint"}
status --json          {"account", "logged_in", "store", "backend", "as_of",
                        "pending", "sent", "rejected", "open", "done",
                        "due_today", "overdue", "waiting"}
demo --chaos D --json  {"seed", "seconds", "interrupted", "devices", "workers", "requests",
                        "faults": {NAME: n}, "unanswered_commits", "added", "removed",
                        "expected", "found", "lost", "doubled", "came_back", "edited",
                        "edits_lost", "conflicts", "unsent", "devices_equal"}
logout --json          {"logged_out": true, "revoked", "purged", "unsent"}
doctor --json          {"ok": bool, "checks": [{"check", "status": "ok|warning|failed|skipped",
                        "code", "message", "sent", "received", "help", "fix"}]}
login --json           one event a line: {"event": "code", …}, {"event": "pending", …},
                       {"event": "done", …} or
                       {"event": "failed", "code", "message", "help", "fix"}

An error, on stderr:
  {"error": {"code": "not-found", "message": "…", "help": "…"|null}}
  and "fix", the text to paste, where a wrong setting has one

Durations are written 500ms, 2s, 5m, 1h.
"#;

/// Explains a command or a topic.
pub(crate) fn run(arguments: &Arguments) -> Result<(), CliError> {
    let mut command = crate::cli::arguments::Arguments::command();
    command.build();
    let text = match arguments.topic.as_deref() {
        None => command.render_long_help().to_string(),
        Some("exit-codes") => EXIT_CODES.to_owned(),
        Some("json") => JSON.to_owned(),
        Some("doctor") => doctor(&mut command, arguments.code.as_deref())?,
        Some("terms") => terms(),
        Some("dates") => dates(),
        Some(name) => match command.find_subcommand_mut(name) {
            Some(command) => command.render_long_help().to_string(),
            None => return Err(unknown(&command, name)),
        },
    };
    let mut out = output::stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn unknown(command: &clap::Command, name: &str) -> CliError {
    let names = command.get_subcommands().map(clap::Command::get_name);
    let help = match nearest(name, names.chain(["exit-codes", "json", "terms", "dates"])) {
        Some(near) => format!("Did you mean `tudone help {near}`?"),
        None => "Run `tudone help` to see the commands.".to_owned(),
    };
    CliError::usage(format!("no help topic `{name}`"), help)
}

/// The help on `doctor`, or on one of its codes.
fn doctor(command: &mut clap::Command, code: Option<&str>) -> Result<String, CliError> {
    let Some(code) = code else {
        let help = command
            .find_subcommand_mut("doctor")
            .map(|doctor| doctor.render_long_help().to_string())
            .unwrap_or_default();
        let mut text = format!("{help}\nChecks, in order, and the codes of what can be wrong:\n");
        for (check, meaning) in &CHECKS {
            let _ = writeln!(text, "\n{check}: {meaning}");
            let of_check = codes::CODES.iter().filter(|known| known.check == *check);
            for known in of_check {
                let _ = writeln!(text, "  {}", known.code);
            }
        }
        text.push_str("\nCodes of a setup that fails:\n");
        for known in setup_codes::SETUP_CODES {
            let _ = writeln!(text, "  {} ({})", known.code, known.check);
        }
        return Ok(text);
    };
    let check = CHECKS.iter().find(|(check, _)| *check == code);
    match (find(code), check) {
        (Some(known), _) => {
            let kind = if known.check.starts_with("setup ") {
                ""
            } else {
                "check "
            };
            Ok(format!(
                "{} ({kind}`{}`)\n\n{}\n",
                known.code, known.check, known.meaning
            ))
        }
        (None, Some((check, meaning))) => Ok(format!("{check}\n\n{meaning}\n")),
        (None, None) => {
            let all = codes::CODES.iter().chain(setup_codes::SETUP_CODES);
            let names = all.map(|known| known.code);
            let help = match nearest(code, names) {
                Some(near) => format!("Did you mean `tudone help doctor {near}`?"),
                None => "Run `tudone help doctor` for the codes.".to_owned(),
            };
            Err(CliError::usage(format!("no code `{code}`"), help))
        }
    }
}

fn terms() -> String {
    format!(
        "Terms narrow a list; all of them must hold.\n\n{}\n\
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
    let width = entries.iter().map(|entry| entry.form.chars().count()).max();
    let width = width.unwrap_or_default();
    let line = |entry: &HelpEntry| format!("  {:width$}  {}\n", entry.form, entry.meaning);
    entries.iter().map(line).collect()
}
