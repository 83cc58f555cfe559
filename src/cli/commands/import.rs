//! `tudone import`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::cli::context::{CommandContext, KnownProfile};
use crate::cli::error::CliError;
use crate::cli::formats::{Format, Imported, Records, parse};
use crate::cli::json::{Fields, ShownAll};
use crate::cli::output::{self, count_of_todos};
use crate::cli::write::{self, Writing};
use crate::domain::change::Act;
use crate::domain::key::Key;
use crate::domain::todo::Todo;
use crate::store::Store;
use crate::text::sanitize::plain;

/// How many skipped lines are reported one by one.
const REPORTED: usize = 20;

/// The arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file; `-` is standard input
    file: PathBuf,

    /// The format; by default from name and content
    #[arg(long, value_name = "F", value_enum)]
    format: Option<Format>,

    /// Import todos again that were imported before
    #[arg(long)]
    again: bool,

    /// Import nothing when a line cannot be imported
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    writing: Writing,
}

/// The content of the file, and its format.
struct InputFile {
    name: String,
    content: Vec<u8>,
    format: Format,
}

/// The first reading of a file: everything but the texts.
#[derive(Default)]
struct Survey {
    /// The keys of its todos, in order; `None` for a todo that is already there.
    keys: Vec<Option<Key>>,
    /// The number of lines that cannot be imported.
    left_out: usize,
    /// Fields that a todo.txt line cannot hold, with their counts.
    lost: BTreeMap<Cow<'static, str>, usize>,
}

/// The counts that the answer contains.
#[derive(Clone, Copy)]
struct Counts {
    added: usize,
    already: usize,
    left_out: usize,
}

/// Adds the todos of a file that do not exist yet.
pub(crate) fn run(context: &CommandContext, arguments: &Arguments) -> Result<(), CliError> {
    let file = InputFile::read(arguments)?;
    let known = context.known()?;
    let mut survey = survey(context, arguments, &known, &file)?;
    for (what, count) in &survey.lost {
        context.notice(format!(
            "not imported: {count} {what} (a todo has no such field)"
        ));
    }
    let count = survey.left_out;
    if arguments.strict && count > 0 {
        let imported = false;
        return Err(CliError::LeftOut { count, imported });
    }
    let mut store = known.open()?;
    survey.leave_out_existing(&store)?;
    if arguments.writing.dry_run {
        context.notice("dry run: nothing was added");
        let texts = survey.adds(&file)?.map(|(_, text)| text);
        print(arguments, &texts.collect::<Vec<_>>(), &[], survey.counts(0))?;
    } else {
        add(context, arguments, &known, &mut store, &survey, &file)?;
    }
    if count > 0 {
        let imported = true;
        return Err(CliError::LeftOut { count, imported });
    }
    Ok(())
}

/// Adds the todos of the file as one action and prints the result.
fn add(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
    store: &mut Store,
    survey: &Survey,
    file: &InputFile,
) -> Result<(), CliError> {
    let keys = survey.keys.iter().flatten().copied().collect();
    let add = |(key, text)| context.clock.change(key, Act::Add { text });
    let adds = survey.adds(file)?.map(add);
    let mut added = 0;
    let keep = |todo| {
        added += 1;
        arguments.writing.json.is_some().then_some(todo)
    };
    let wait = arguments.writing.wait;
    let written = write::commit_adds(context, known, store, keys, adds, wait, keep)?;
    let printed = print(arguments, &[], &written.todos, survey.counts(added));
    write::answer_printed(|| added_todos(added), printed)?;
    written.rejected.map_or(Ok(()), Err)
}

impl InputFile {
    fn read(arguments: &Arguments) -> Result<Self, CliError> {
        let path = Some(arguments.file.as_path()).filter(|it| *it != Path::new("-"));
        let name = path.map_or_else(
            || "standard input".to_owned(),
            |path| path.display().to_string(),
        );
        let content = if let Some(path) = path {
            std::fs::read(path)
        } else {
            let mut content = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut content);
            read.map(|_| content)
        };
        let content = content.map_err(CliError::io(format!("read {name}")))?;
        let format = arguments.format.or_else(|| Format::guess(path, &content));
        let format = format.ok_or_else(|| {
            CliError::usage(
                format!("cannot detect the format of {name}"),
                "Add --format todotxt, json, jsonl, csv, markdown, taskwarrior or todoist.",
            )
        })?;
        Ok(Self {
            name,
            content,
            format,
        })
    }

    fn records(&self) -> Result<Records<'_>, CliError> {
        parse(self.format, &self.content).map_err(|why| {
            CliError::usage(
                format!("cannot read {} in this format: {why}", self.name),
                "Check the file, or name another format with --format.",
            )
        })
    }
}

/// Reads the whole file once; reports the first lines that cannot be imported.
fn survey(
    context: &CommandContext,
    arguments: &Arguments,
    known: &KnownProfile,
    file: &InputFile,
) -> Result<Survey, CliError> {
    let mut survey = Survey::default();
    let mut occurrences: HashMap<Key, usize> = HashMap::new();
    let mut taken = HashSet::new();
    for record in file.records()? {
        for what in record.lost {
            *survey.lost.entry(what).or_default() += 1;
        }
        let Imported { text, key } = match record.todo {
            Ok(Some(todo)) => todo,
            Ok(None) => continue,
            Err(why) => {
                survey.left_out += 1;
                if survey.left_out <= REPORTED {
                    context.notice(format!("line {} {why}", record.line));
                }
                continue;
            }
        };
        let key = if arguments.again {
            context.clock.key()
        } else {
            let first = key_of(known, &text, 1);
            let occurrence = occurrences.entry(first).or_default();
            *occurrence += 1;
            let nth = || match *occurrence {
                1 => first,
                n => key_of(known, &text, n),
            };
            key.unwrap_or_else(nth)
        };
        survey.keys.push(taken.insert(key).then_some(key));
    }
    Ok(survey)
}

impl Survey {
    /// Leaves out the todos that are in the store.
    fn leave_out_existing(&mut self, store: &Store) -> Result<(), CliError> {
        let exist = store.are_shown(self.keys.iter().flatten().copied())?;
        for (key, exists) in self.keys.iter_mut().filter(|key| key.is_some()).zip(exist) {
            key.take_if(|_| exists);
        }
        Ok(())
    }

    /// Reads the file again: returns key and text of each todo to add.
    fn adds<'a>(
        &'a self,
        file: &'a InputFile,
    ) -> Result<impl Iterator<Item = (Key, String)> + 'a, CliError> {
        let todos = file.records()?.filter_map(|record| record.todo.ok()?);
        let keyed = self.keys.iter().zip(todos);
        Ok(keyed.filter_map(|(key, todo)| Some(((*key)?, todo.text))))
    }

    fn counts(&self, added: usize) -> Counts {
        Counts {
            added,
            already: self.keys.iter().filter(|key| key.is_none()).count(),
            left_out: self.left_out,
        }
    }
}

/// Returns the key of the n-th todo with this text: the same file makes the same
/// keys for the same account.
fn key_of(known: &KnownProfile, text: &str, occurrence: usize) -> Key {
    let account = &known.known.account;
    let name = format!(
        "{}\n{}\n{}\n{occurrence}\n{text}",
        account.issuer, account.sub, account.endpoint
    );
    Key::new(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
}

fn print(
    arguments: &Arguments,
    would_add: &[String],
    added: &[Todo],
    counts: Counts,
) -> Result<(), CliError> {
    let mut out = output::stdout();
    if let Some(Fields(fields)) = &arguments.writing.json {
        let mut answer = json!({
            "todos": ShownAll(added, fields),
            "already_there": counts.already,
            "left_out": counts.left_out,
        });
        if arguments.writing.dry_run {
            answer["would_add"] = json!(would_add);
        }
        output::json(&mut out, &answer)?;
    } else if arguments.writing.dry_run {
        for text in would_add {
            writeln!(out, "would be added: {}", plain(text))?;
        }
    } else {
        write!(out, "{}", added_todos(counts.added))?;
        if counts.already > 0 {
            write!(out, "; {} already there", counts.already)?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

fn added_todos(count: usize) -> String {
    format!("added {}", count_of_todos(count))
}
