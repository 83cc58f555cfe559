//! Formats of one record per todo: JSON, JSON lines and CSV.

use std::io::{self, Write};
use std::str::FromStr as _;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::cli::formats::Parsed;
use crate::cli::json::Shown;
use crate::domain::key::Key;
use crate::domain::line::{Line, Priority};
use crate::domain::todo::Todo;

const COLUMNS: [&str; 8] = [
    "id",
    "key",
    "text",
    "done",
    "priority",
    "due",
    "created_at",
    "updated_at",
];

/// The fields of a todo that are read; the others follow from the text.
#[derive(Deserialize)]
struct Record {
    text: String,
    #[serde(default)]
    key: Option<Uuid>,
}

impl Record {
    fn add_to(self, parsed: &mut Parsed) {
        parsed.add(self.text, self.key.map(Key::new));
    }
}

/// The document of `list --json`.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    todos: Vec<&'a RawValue>,
}

/// Reads an array of todos, or the document of `list --json`.
///
/// # Errors
///
/// Why it is neither.
pub(super) fn json(content: &[u8]) -> Result<impl Iterator<Item = Parsed>, String> {
    let todos = if content.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(content)
    } else {
        serde_json::from_slice(content).map(|List { todos }| todos)
    };
    let todos = todos.map_err(|error| error.to_string())?;
    Ok(elements(todos, |parsed, todo: Record| todo.add_to(parsed)))
}

/// Parses each element of an array; `read` reads those of the right shape.
pub(super) fn elements<T: DeserializeOwned>(
    array: Vec<&RawValue>,
    read: impl Fn(&mut Parsed, T),
) -> impl Iterator<Item = Parsed> {
    array.into_iter().zip(1..).map(move |(element, number)| {
        let mut parsed = Parsed::at(number);
        // A position in the element would be read as one in the file.
        let value: Result<Value, _> = serde_json::from_str(element.get());
        match value.and_then(T::deserialize) {
            Ok(element) => read(&mut parsed, element),
            Err(error) => parsed.leave_out(error.to_string()),
        }
        parsed
    })
}

/// Reads one object per line.
pub(super) fn jsonl(content: &[u8]) -> impl Iterator<Item = Parsed> {
    let lines = content.split(|byte| *byte == b'\n').zip(1..);
    lines.map(|(line, number)| {
        let mut parsed = Parsed::at(number);
        if line.trim_ascii().is_empty() {
            return parsed;
        }
        match serde_json::from_slice::<Record>(line) {
            Ok(todo) => todo.add_to(&mut parsed),
            Err(error) => parsed.leave_out(error.to_string()),
        }
        parsed
    })
}

/// Reads the column `text` and, if there is one, `key`.
///
/// # Errors
///
/// No header with `text`.
pub(super) fn csv(content: &[u8]) -> Result<impl Iterator<Item = Parsed>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(content);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| header.iter().position(|it| it.trim() == name);
    let text_at = column("text").ok_or("the header has no column `text`")?;
    let key_at = column("key");
    let rows = reader.into_records().zip(2..);
    Ok(rows.map(move |(record, number)| {
        let mut parsed = Parsed::at(number);
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                parsed.leave_out(error.to_string());
                return parsed;
            }
        };
        let text = record.get(text_at).unwrap_or_default().to_owned();
        let key = key_at.and_then(|at| record.get(at)).unwrap_or_default();
        match Key::from_str(key) {
            Ok(key) => parsed.add(text, Some(key)),
            Err(_) if key.is_empty() => parsed.add(text, None),
            Err(_) => parsed.leave_out(format!("`{key}` is not a key")),
        }
        parsed
    }))
}

/// Begins a table with its header.
///
/// # Errors
///
/// The writer's.
pub(super) fn csv_writer<W: Write>(out: W) -> io::Result<csv::Writer<W>> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    Ok(table)
}

/// Writes one row.
///
/// # Errors
///
/// The writer's.
pub(super) fn write_row<W: Write>(table: &mut csv::Writer<W>, todo: &Todo) -> io::Result<()> {
    let line = Line::new(&todo.text);
    let written = |value: Option<String>| value.unwrap_or_default();
    let row = [
        written(todo.id.map(|id| id.to_string())),
        todo.key.to_string(),
        todo.text.clone(),
        line.is_done().to_string(),
        written(line.priority().map(Priority::letter).map(String::from)),
        written(line.due().map(|day| day.to_string())),
        written(todo.created_at.map(|at| at.to_string())),
        written(todo.updated_at.map(|at| at.to_string())),
    ];
    Ok(table.write_record(row)?)
}

/// Writes one JSON object.
///
/// # Errors
///
/// The writer's.
pub(super) fn write_object(out: &mut impl Write, todo: &Todo) -> io::Result<()> {
    Shown::whole(todo).write(out)
}
