//! The file formats of `import` and `export`.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::domain::key::Key;
use crate::domain::todo::Todo;

mod foreign;
mod lines;
mod records;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One todo.txt line per todo
    Todotxt,
    /// An array of the objects that `list --json` prints
    Json,
    /// One such object per line
    Jsonl,
    /// A table with a header; `text` and `key` are read
    Csv,
    /// A list of check boxes
    Markdown,
    /// What `task export` prints; import only
    Taskwarrior,
    /// A Todoist backup in CSV; import only
    Todoist,
}

impl Format {
    /// Recognises a format by the file's name and content, if that is certain.
    pub(crate) fn guess(path: Option<&Path>, content: &[u8]) -> Option<Self> {
        let extension = path.and_then(Path::extension).and_then(|it| it.to_str());
        let start = String::from_utf8_lossy(content.get(..4096).unwrap_or(content));
        let start = start.trim_start_matches('\u{feff}').trim_start();
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("txt") => Some(Self::Todotxt),
            Some("jsonl" | "ndjson") => Some(Self::Jsonl),
            Some("md" | "markdown") => Some(Self::Markdown),
            Some("json") => Some(json_kind(start)),
            Some("csv") => Some(csv_kind(start)),
            Some(_) | None if start.starts_with('[') && start.contains("\"description\"") => {
                Some(Self::Taskwarrior)
            }
            Some(_) | None if start.starts_with("TYPE,CONTENT,") => Some(Self::Todoist),
            Some(_) | None => None,
        }
    }

    /// Returns the format that a file's name stands for.
    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        Self::guess(Some(path), b"")
    }
}

fn json_kind(start: &str) -> Format {
    if start.contains("\"description\"") && !start.contains("\"text\"") {
        Format::Taskwarrior
    } else {
        Format::Json
    }
}

fn csv_kind(start: &str) -> Format {
    if start.starts_with("TYPE,CONTENT,") {
        Format::Todoist
    } else {
        Format::Csv
    }
}

/// One todo of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imported {
    /// The text.
    pub(crate) text: String,
    /// Its key, if the file has one.
    pub(crate) key: Option<Key>,
}

/// One line, row or element of a file.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Its line, or its place in an array, from 1.
    pub(crate) line: usize,
    /// Its todo, if it is one, or why it cannot be imported.
    pub(crate) todo: Result<Option<Imported>, String>,
    /// Fields that a todo.txt line cannot hold.
    pub(crate) lost: Vec<Cow<'static, str>>,
}

impl Parsed {
    /// Starts with a line that is no todo.
    fn at(line: usize) -> Self {
        Self {
            line,
            todo: Ok(None),
            lost: Vec::new(),
        }
    }

    fn add(&mut self, text: String, key: Option<Key>) {
        if text.contains('\0') {
            self.leave_out("contains a NUL");
        } else if text.trim().is_empty() {
            self.leave_out("has no text");
        } else {
            self.todo = Ok(Some(Imported { text, key }));
        }
    }

    fn leave_out(&mut self, why: impl Into<String>) {
        self.todo = Err(why.into());
    }

    fn lose(&mut self, what: impl Into<Cow<'static, str>>) {
        self.lost.push(what.into());
    }
}

/// The lines, rows or elements of a file, parsed one by one.
pub(crate) type Records<'a> = Box<dyn Iterator<Item = Parsed> + 'a>;

/// Reads `content`; a byte order mark is skipped.
///
/// # Errors
///
/// Why the file is not of this format.
pub(crate) fn parse(format: Format, content: &[u8]) -> Result<Records<'_>, String> {
    let mark = "\u{feff}".as_bytes();
    let content = content.strip_prefix(mark).unwrap_or(content);
    Ok(match format {
        Format::Todotxt => Box::new(lines::todotxt(content)),
        Format::Markdown => Box::new(lines::markdown(content)),
        Format::Json => Box::new(records::json(content)?),
        Format::Jsonl => Box::new(records::jsonl(content)),
        Format::Csv => Box::new(records::csv(content)?),
        Format::Taskwarrior => Box::new(foreign::taskwarrior(content)?),
        Format::Todoist => Box::new(foreign::todoist(content)?),
    })
}

/// Writes todos in one of the formats, one by one.
pub(crate) enum Writer<W: Write> {
    /// One line per todo.
    Todotxt(W),
    /// One line per todo.
    Markdown(W),
    /// An array, and whether it has an element.
    Json(W, bool),
    /// One object per line.
    Jsonl(W),
    /// A table.
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Writer<W> {
    /// Begins a file; `None` for a format that is only read.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub(crate) fn new(format: Format, mut out: W) -> io::Result<Option<Self>> {
        Ok(Some(match format {
            Format::Todotxt => Self::Todotxt(out),
            Format::Markdown => Self::Markdown(out),
            Format::Json => {
                out.write_all(b"[")?;
                Self::Json(out, false)
            }
            Format::Jsonl => Self::Jsonl(out),
            Format::Csv => Self::Csv(Box::new(records::csv_writer(out)?)),
            Format::Taskwarrior | Format::Todoist => return Ok(None),
        }))
    }

    /// Writes one todo.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub(crate) fn write(&mut self, todo: &Todo) -> io::Result<()> {
        match self {
            Self::Todotxt(out) => writeln!(out, "{}", lines::one_line(&todo.text)),
            Self::Markdown(out) => writeln!(out, "{}", lines::check_box(&todo.text)),
            Self::Json(out, any) => {
                out.write_all(if *any { b",\n" } else { b"\n" })?;
                *any = true;
                records::write_object(out, todo)
            }
            Self::Jsonl(out) => {
                records::write_object(out, todo)?;
                out.write_all(b"\n")
            }
            Self::Csv(out) => records::write_row(out, todo),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// The writer's.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Todotxt(mut out) | Self::Markdown(mut out) | Self::Jsonl(mut out) => out.flush(),
            Self::Json(mut out, _) => {
                out.write_all(b"\n]\n")?;
                out.flush()
            }
            Self::Csv(mut out) => out.flush(),
        }
    }
}
