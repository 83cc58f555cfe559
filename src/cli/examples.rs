//! Examples of each command: they come first in its help, and a test runs the
//! argument parser on every one.

use clap::Command;

use crate::cli::topics::TOPICS;

/// The help of a command: examples first, then the options.
const TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// A command line, and what it does.
pub(crate) type Example = (&'static str, &'static str);

const PROGRAM: &[Example] = &[
    ("tudone demo", "try everything without an account"),
    ("tudone setup", "set up your own backend"),
    ("tudone login", "log in with a code and a browser"),
    ("tudone add Call mum +family due:fri", "add a todo"),
    ("tudone list due:this-week", "list what is due this week"),
    ("tudone done 42", "complete a todo"),
    ("tudone", "open the TUI"),
];

/// The examples of each subcommand.
const COMMANDS: &[(&str, &[Example])] = &[
    (
        "list",
        &[
            ("tudone list", "open todos"),
            (
                "tudone list +home not:@phone --sort due",
                "some of them, by due date",
            ),
            ("tudone list due:overdue --count", "how many are overdue"),
            (
                "tudone list --view today --json=id,text",
                "a view, for a script",
            ),
        ],
    ),
    (
        "show",
        &[
            ("tudone show 42", "all details of a todo"),
            ("tudone show 42 n3 --json", "of two todos, as JSON"),
        ],
    ),
    (
        "add",
        &[
            (
                "tudone add Call mum +family @phone due:fri",
                "a todo, due on Friday",
            ),
            (
                "tudone add --pri A --due tomorrow Pay the rent",
                "priority and date as options",
            ),
            ("tudone add - <todos.txt", "one todo for each line"),
        ],
    ),
    (
        "done",
        &[
            ("tudone done 42", "complete a todo"),
            (
                "tudone done --filter +shopping",
                "complete all with a tag, after confirmation",
            ),
            (
                "tudone list +shopping --json=handle | jq -r '.todos[].handle' | tudone done -",
                "",
            ),
        ],
    ),
    (
        "reopen",
        &[
            ("tudone reopen 42", "reopen a todo"),
            ("tudone reopen --filter done:today", "all completed today"),
        ],
    ),
    (
        "edit",
        &[
            ("tudone edit 42", "in your editor"),
            ("tudone edit 42 Call mum and dad +family", "a new text"),
            ("tudone edit 42 --due +1w --add-tag @phone", "parts of it"),
            (
                "tudone edit --filter due:overdue --due today",
                "many at once",
            ),
        ],
    ),
    (
        "rm",
        &[
            ("tudone rm 42", "delete a todo, after confirmation"),
            (
                "tudone rm --yes --filter done:..-90d",
                "what was done 90 days ago and before",
            ),
        ],
    ),
    (
        "undo",
        &[
            ("tudone undo", "undo the last command"),
            ("tudone undo --list", "what can be undone"),
        ],
    ),
    ("redo", &[("tudone redo", "redo the last undo")]),
    (
        "sync",
        &[
            ("tudone sync", "push and pull now"),
            (
                "tudone sync --follow --json",
                "print changes as they happen",
            ),
        ],
    ),
    (
        "queue",
        &[
            ("tudone queue", "changes that are not on the server"),
            (
                "tudone queue show 42",
                "all details of the changes of a todo",
            ),
            ("tudone queue retry", "send rejected changes again"),
            (
                "tudone queue retry 42 --mine",
                "send your text over the one changed elsewhere",
            ),
            (
                "tudone queue retry 42 --as-new",
                "keep the other text, and add yours as a new todo",
            ),
        ],
    ),
    (
        "import",
        &[
            ("tudone import todo.txt", "add todos that do not exist yet"),
            (
                "task export | tudone import - --format taskwarrior",
                "from Taskwarrior",
            ),
            (
                "tudone import --dry-run backup.csv",
                "show what would be added",
            ),
        ],
    ),
    (
        "export",
        &[
            ("tudone export todo.txt", "to a file"),
            ("tudone export --format csv >todos.csv", "as CSV"),
        ],
    ),
    (
        "login",
        &[
            ("tudone login", "with a code, approved in a browser"),
            (
                "tudone login --device-code",
                "for scripts: prints URL and code, and waits",
            ),
        ],
    ),
    (
        "logout",
        &[
            ("tudone logout", "revoke and delete the login"),
            (
                "tudone logout --purge",
                "and delete the todos on this device",
            ),
        ],
    ),
    (
        "whoami",
        &[("tudone whoami --json", "the account, as JSON")],
    ),
    (
        "status",
        &[
            ("tudone status", "account, freshness and counts"),
            (
                "tudone status --format '{overdue}/{open}'",
                "for a status bar",
            ),
        ],
    ),
    (
        "doctor",
        &[
            ("tudone doctor", "check everything, show the first cause"),
            ("tudone help doctor CODE", "explain one of its codes"),
        ],
    ),
    (
        "setup",
        &[
            ("tudone setup", "step by step"),
            (
                "tudone setup hasura --endpoint https://hasura.example --dry-run",
                "show what would change in Hasura",
            ),
            ("tudone setup export backend", "write the files instead"),
        ],
    ),
    (
        "config",
        &[
            ("tudone config path", "where the file belongs"),
            (
                "tudone config default >config.toml",
                "a commented file to start from",
            ),
        ],
    ),
    (
        "completions",
        &[
            (
                "tudone completions bash >~/.local/share/bash-completion/completions/tudone",
                "",
            ),
            (
                "tudone completions zsh >~/.local/share/zsh/site-functions/_tudone",
                "",
            ),
            (
                "tudone completions fish >~/.config/fish/completions/tudone.fish",
                "",
            ),
        ],
    ),
    (
        "man",
        &[
            ("tudone man | man -l -", "read the page"),
            ("tudone man ~/.local/share/man", "write all pages"),
        ],
    ),
    (
        "demo",
        &[
            ("tudone demo", "open the TUI with a sandbox"),
            ("tudone demo --tour", "run the main job as text"),
            (
                "tudone demo --chaos 30s",
                "let the network fail in every way",
            ),
        ],
    ),
    (
        "sandbox",
        &[("tudone sandbox --port 8090 --data sandbox", "keep its data")],
    ),
    (
        "help",
        &[
            ("tudone help terms", "a topic"),
            ("tudone help add", "a command"),
        ],
    ),
];

/// The examples of the subcommands of `setup`.
const NESTED: &[(&str, &[Example])] = &[
    (
        "setup hasura",
        &[
            (
                "tudone setup hasura --endpoint https://hasura.example --dry-run",
                "show what would change",
            ),
            (
                "tudone setup hasura --endpoint https://hasura.example",
                "apply it, after a question",
            ),
            (
                "tudone setup hasura --endpoint https://hasura.example --yes --admin-secret-stdin <secret",
                "in a script",
            ),
        ],
    ),
    (
        "setup auth0",
        &[
            (
                "tudone setup auth0 --domain TENANT.eu.auth0.com --dry-run",
                "show what would change",
            ),
            (
                "tudone setup auth0 --domain TENANT.eu.auth0.com --endpoint https://hasura.example",
                "apply it, after a question",
            ),
        ],
    ),
    (
        "setup export",
        &[
            (
                "tudone setup export backend",
                "write all files into `backend`",
            ),
            (
                "tudone setup export --yes backend",
                "write over those that differ",
            ),
        ],
    ),
];

/// Returns the command with its examples before its options. Costs more than the
/// parser needs: only for help and man pages.
pub(crate) fn with_examples(command: Command) -> Command {
    let command = command
        .help_template(TEMPLATE)
        .before_help(text(PROGRAM))
        .after_help(topics());
    command.mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        with_examples_of(&name, command).mut_subcommands(|nested| {
            let path = format!("{name} {}", nested.get_name());
            with_examples_of(&path, nested)
        })
    })
}

fn with_examples_of(path: &str, command: Command) -> Command {
    command.help_template(TEMPLATE).before_help(text(of(path)))
}

/// Returns the examples of `tudone` itself or of a subcommand: `list`, `setup hasura`.
pub(crate) fn of(path: &str) -> &'static [Example] {
    if path == "tudone" {
        return PROGRAM;
    }
    let mut commands = COMMANDS.iter().chain(NESTED);
    commands
        .find(|(name, _)| *name == path)
        .map_or(&[], |(_, examples)| examples)
}

/// Returns the names of all subcommands.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(name, _)| *name)
}

/// Returns a subcommand's name for as long as the program runs.
pub(crate) fn name(command: &str) -> Option<&'static str> {
    names().find(|name| *name == command)
}

fn topics() -> String {
    let names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    format!("Topics of `tudone help`: {}.", names.join(", "))
}

fn text(examples: &[Example]) -> String {
    let width = |example: &&Example| example.0.len();
    let widest = examples
        .iter()
        .filter(|it| !it.1.is_empty())
        .map(|it| width(&it))
        .max();
    let widest = widest.unwrap_or_default();
    let mut text = "Examples:\n".to_owned();
    for (line, about) in examples {
        let line = format!("  {line:widest$}  {about}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, NESTED, PROGRAM, of, with_examples};
    use crate::cli::arguments::Arguments;

    #[test]
    fn every_command_has_examples_and_every_example_parses() {
        let command = Arguments::whole_parser();
        let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
        for command in shown {
            let name = command.get_name();
            assert!(!of(name).is_empty(), "{name}");
            for nested in command.get_subcommands() {
                let path = format!("{name} {}", nested.get_name());
                assert!(!of(&path).is_empty(), "{path}");
            }
        }
        let all = COMMANDS.iter().chain(NESTED);
        let all = all.flat_map(|(_, examples)| *examples);
        for (line, _) in all.chain(PROGRAM) {
            for part in line.split(" | ").filter(|part| part.starts_with("tudone")) {
                let words = shell_words(part);
                let parsed = Arguments::parser().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{line}: {words:?}: {:?}", parsed.err());
            }
        }
    }

    /// The words of a line as a shell splits them, without redirections.
    fn shell_words(line: &str) -> Vec<String> {
        let words = line.split(' ').filter(|word| !word.starts_with(['<', '>']));
        words
            .map(|word| word.trim_matches('\'').to_owned())
            .collect()
    }

    #[test]
    fn examples_come_before_the_options_and_global_options_after() {
        let mut command = with_examples(Arguments::whole_parser());
        command.build();
        let mut shown = Vec::new();
        for command in command.get_subcommands_mut().filter(|it| !it.is_hide_set()) {
            shown.push(command.render_long_help().to_string());
            let nested = command.get_subcommands_mut();
            let nested = nested.filter(|it| it.get_name() != "help");
            shown.extend(nested.map(|it| it.render_long_help().to_string()));
        }
        for help in shown {
            let place = |text: &str| help.find(text).unwrap_or(usize::MAX);
            assert!(place("Examples:") < place("Usage:"), "{help}");
            assert!(place("Usage:") < place("Global options:"), "{help}");
            assert!(place("Options:") < place("Global options:"), "{help}");
            assert!(help.contains("--offline"), "{help}");
        }
    }
}
