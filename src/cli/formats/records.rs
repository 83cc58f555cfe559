//! Formats of one record per todo: JSON, JSON lines and CSV.

use std::io::{self, Write};
use std::str::FromStr as _;

use serde::Deserialize;

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

/// An array, or the document of `list --json`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    List { todos: Vec<serde_json::Value> },
    Array(Vec<serde_json::Value>),
}

/// Reads an array of todos, or the document of `list --json`.
///
/// # Errors
///
/// Why it is neither.
pub(super) fn json(content: &[u8]) -> Result<Parsed, String> {
    let document = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    let (Document::List { todos } | Document::Array(todos)) = document;
    let mut parsed = Parsed::default();
    for (todo, number) in todos.into_iter().zip(1..) {
        match Record::deserialize(todo) {
            Ok(Record { text, key }) => parsed.add(number, text, key.map(Key::new)),
            Err(error) => parsed.leave_out(number, error.to_string()),
        }
    }
    Ok(parsed)
}

/// Reads one object per line.
pub(super) fn jsonl(content: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    for (line, number) in content.split(|byte| *byte == b'\n').zip(1..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(Record { text, key }) => parsed.add(number, text, key.map(Key::new)),
            Err(error) => parsed.leave_out(number, error.to_string()),
        }
    }
    parsed
}

/// Reads the column `text` and, if there is one, `key`.
///
/// # Errors
///
/// No header with `text`.
pub(super) fn csv(content: &[u8]) -> Result<Parsed, String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(content);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| header.iter().position(|it| it.trim() == name);
    let text_at = column("text").ok_or("the header has no column `text`")?;
    let key_at = column("key");
    let mut parsed = Parsed::default();
    for (record, number) in reader.records().zip(2..) {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                parsed.leave_out(number, error.to_string());
                continue;
            }
        };
        let text = record.get(text_at).unwrap_or_default().to_owned();
        let key = key_at.and_then(|at| record.get(at)).unwrap_or_default();
        match Key::from_str(key) {
            Ok(key) => parsed.add(number, text, Some(key)),
            Err(_) if key.is_empty() => parsed.add(number, text, None),
            Err(_) => parsed.leave_out(number, format!("`{key}` is not a key")),
        }
    }
    Ok(parsed)
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
    Ok(serde_json::to_writer(out, &Shown::whole(todo))?)
}
