//! Files of other programs: Taskwarrior and Todoist.

use std::collections::BTreeMap;

use jiff::ZonedDateTime;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::cli::clock::local;
use crate::cli::formats::Parsed;
use crate::cli::formats::records::elements;
use crate::domain::key::Key;
use crate::domain::line::Line;

/// A task of `task export`.
#[derive(Deserialize)]
struct TaskwarriorTask {
    uuid: Option<Uuid>,
    description: String,
    status: String,
    project: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    priority: Option<String>,
    due: Option<String>,
    wait: Option<String>,
    end: Option<String>,
    recur: Option<String>,
    #[serde(default)]
    annotations: Vec<Value>,
    /// The other attributes, those of the user's own among them.
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// Attributes that Taskwarrior computes, or needs for its own work.
const OWN_ATTRIBUTES: [&str; 10] = [
    "id", "entry", "modified", "urgency", "mask", "imask", "parent", "rtype", "template", "last",
];

/// Reads what `task export` prints.
///
/// # Errors
///
/// It is not an array of objects.
pub(super) fn taskwarrior(content: &[u8]) -> Result<impl Iterator<Item = Parsed>, String> {
    let tasks = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    Ok(elements(
        tasks,
        |parsed, task: TaskwarriorTask| match task.status.as_str() {
            "deleted" => parsed.lose("deleted tasks"),
            "recurring" => parsed.lose("templates of recurring tasks"),
            status => {
                let text = line_of(&task, parsed);
                add(parsed, text, task.uuid.map(Key::new), status == "completed");
            }
        },
    ))
}

/// Adds a todo, unless its description would make it done.
fn add(parsed: &mut Parsed, text: String, key: Option<Key>, is_done: bool) {
    if Line::new(&text).is_done() == is_done {
        parsed.add(text, key);
    } else {
        parsed.leave_out("begins with `x `, which would make it done");
    }
}

/// Counts the attributes of a task that a todo.txt line cannot hold.
fn note_lost(task: &TaskwarriorTask, parsed: &mut Parsed) {
    for _ in &task.annotations {
        parsed.lose("annotations");
    }
    let others = task.others.keys().map(String::as_str);
    for name in others.filter(|name| !OWN_ATTRIBUTES.contains(name)) {
        match name {
            "depends" => parsed.lose("dependencies"),
            "scheduled" => parsed.lose("scheduled dates"),
            "start" => parsed.lose("start times"),
            "until" => parsed.lose("expiry dates"),
            other => parsed.lose(format!("values of `{other}`")),
        }
    }
    let times = [&task.due, &task.wait];
    for time in times.into_iter().filter_map(|time| moment(time.as_ref())) {
        if time.time() != Time::midnight() {
            parsed.lose("times of day");
        }
    }
}

/// Returns the todo.txt line of a task, and notes what it cannot hold.
fn line_of(task: &TaskwarriorTask, parsed: &mut Parsed) -> String {
    note_lost(task, parsed);
    let done = task.status == "completed";
    let priority = match task.priority.as_deref() {
        Some("H") => Some('A'),
        Some("M") => Some('B'),
        Some("L") => Some('C'),
        Some(_) => {
            parsed.lose("priorities other than H, M and L");
            None
        }
        None => None,
    };
    let mut words = Vec::new();
    if done {
        words.push("x".to_owned());
        words.extend(day(task.end.as_ref()).map(|day| day.to_string()));
    } else {
        words.extend(priority.map(|letter| format!("({letter})")));
    }
    words.push(task.description.clone());
    words.extend(task.project.as_ref().map(|it| format!("+{}", joined(it))));
    words.extend(task.tags.iter().map(|tag| format!("@{}", joined(tag))));
    words.extend(day(task.due.as_ref()).map(|day| format!("due:{day}")));
    words.extend(day(task.wait.as_ref()).map(|day| format!("t:{day}")));
    if let Some(recur) = &task.recur {
        match rule(recur) {
            Some(rule) => words.push(format!("rec:{rule}")),
            None => parsed.lose("recurrences without a rule of days, weeks, months or years"),
        }
    }
    if let (true, Some(letter)) = (done, priority) {
        words.push(format!("pri:{letter}"));
    }
    words.join(" ")
}

/// Parses a time such as `20261201T080000Z`.
fn moment(time: Option<&String>) -> Option<ZonedDateTime> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", time?.as_str()).ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    Some(local(time))
}

fn day(time: Option<&String>) -> Option<Date> {
    Some(moment(time)?.date())
}

/// Returns the value of `rec:` for Taskwarrior's `recur`.
fn rule(recur: &str) -> Option<String> {
    let fixed = match recur {
        "daily" | "day" => "1d",
        "weekdays" => "1b",
        "weekly" | "week" => "1w",
        "biweekly" | "fortnight" => "2w",
        "monthly" | "month" => "1m",
        "quarterly" => "3m",
        "semiannual" => "6m",
        "yearly" | "annual" | "year" => "1y",
        "biannual" | "biyearly" => "2y",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(format!("+{fixed}"));
    }
    let digits = recur.trim_end_matches(|it: char| !it.is_ascii_digit());
    let count: u32 = digits.parse().ok().filter(|count| *count > 0)?;
    let unit = match recur.strip_prefix(digits)? {
        "d" | "day" | "days" => 'd',
        "w" | "wk" | "wks" | "week" | "weeks" => 'w',
        "mo" | "mth" | "month" | "months" => 'm',
        "y" | "yr" | "yrs" | "year" | "years" => 'y',
        _ => return None,
    };
    Some(format!("+{count}{unit}"))
}

/// A row of a Todoist backup.
#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct TodoistRow {
    r#type: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    priority: String,
    #[serde(default)]
    indent: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    responsible: String,
    #[serde(default)]
    duration: String,
    #[serde(default)]
    deadline: String,
}

/// Reads a Todoist backup: sections become projects.
///
/// # Errors
///
/// No header.
pub(super) fn todoist(content: &[u8]) -> Result<impl Iterator<Item = Parsed>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(content);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut section = None;
    let rows = reader.into_records().zip(2..);
    Ok(rows.map(move |(record, number)| {
        let mut parsed = Parsed::at(number);
        let row = record.and_then(|record| record.deserialize::<TodoistRow>(Some(&header)));
        match row {
            Ok(row) if row.r#type == "task" => {
                let text = text_of(&row, section.as_deref(), &mut parsed);
                add(&mut parsed, text, None, false);
            }
            Ok(row) if row.r#type == "section" => section = Some(joined(&row.content)),
            Ok(row) if row.r#type == "note" => parsed.lose("comments"),
            Ok(row) if row.r#type.is_empty() || row.r#type == "meta" => {}
            Ok(row) => parsed.leave_out(format!("`{}` is not a known type", row.r#type)),
            Err(error) => parsed.leave_out(error.to_string()),
        }
        parsed
    }))
}

fn text_of(row: &TodoistRow, section: Option<&str>, parsed: &mut Parsed) -> String {
    for (value, what) in [
        (&row.description, "descriptions"),
        (&row.responsible, "assignees"),
        (&row.duration, "durations"),
        (&row.deadline, "deadlines"),
    ] {
        if !value.is_empty() {
            parsed.lose(what);
        }
    }
    if row.indent.parse().is_ok_and(|indent: u32| indent > 1) {
        parsed.lose("levels of sub-tasks");
    }
    let mut words = Vec::new();
    words.extend(match row.priority.as_str() {
        "1" => Some("(A)".to_owned()),
        "2" => Some("(B)".to_owned()),
        "3" => Some("(C)".to_owned()),
        _ => None,
    });
    words.push(row.content.clone());
    words.extend(section.map(|name| format!("+{name}")));
    if let Ok(date) = row.date.trim().parse::<Date>() {
        words.push(format!("due:{date}"));
    } else if !row.date.trim().is_empty() {
        parsed.lose("due dates in words");
    }
    words.join(" ")
}

/// Returns a name as one word.
fn joined(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join("_")
}
