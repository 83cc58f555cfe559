//! Comparison of the existing tables with the migrations.

use std::collections::{BTreeMap, BTreeSet};

use super::client::Rows;
use super::migrations;
use super::plan::{BackendPart, PartKind};

/// Lists the existing objects: kind, name, detail. Reads only the catalog.
pub(super) const CATALOG: &str = "\
with ours as (
  select c.oid, c.relname, c.relkind::text as kind
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public'
    and c.relname in ('users', 'todos', 'todo_tombstones', 'todo_changes', 'todo_revision')
)
select 'relation' as kind, relname::text as name, kind as detail from ours
union all
select 'column', format('%s.%s', o.relname, a.attname), format_type(a.atttypid, null)
from ours o join pg_catalog.pg_attribute a on a.attrelid = o.oid
where a.attnum > 0 and not a.attisdropped and o.kind <> 'S'
union all
select 'required', format('%s.%s', o.relname, a.attname), ''
from ours o join pg_catalog.pg_attribute a on a.attrelid = o.oid
where a.attnum > 0 and not a.attisdropped and o.kind in ('r', 'p')
  and a.attnotnull and not a.atthasdef and a.attidentity = ''
union all
select 'constraint', format('%s.%s', o.relname, k.conname), k.contype::text
from ours o join pg_catalog.pg_constraint k on k.conrelid = o.oid
union all
select 'owner-key', k.conname::text, ''
from pg_catalog.pg_constraint k
  join ours o on o.oid = k.conrelid join ours u on u.oid = k.confrelid
where k.contype = 'f' and o.relname = 'todos' and u.relname = 'users'
union all
select 'index', i.relname::text, ''
from ours o join pg_catalog.pg_index x on x.indrelid = o.oid
  join pg_catalog.pg_class i on i.oid = x.indexrelid
where x.indisvalid
union all
select 'trigger', t.tgname::text, t.tgenabled::text
from ours o join pg_catalog.pg_trigger t on t.tgrelid = o.oid
where o.relname = 'todos' and not t.tgisinternal
union all
select 'function', p.proname::text, p.prosrc
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = 'public' and (p.proname like 'todos\\_%' or p.proname = 'purge_todo_tombstones')";

/// Counts rows that setup reports: todos without a known owner, and values of
/// `auth0_id` that several users have.
pub(super) const COUNTS: &str = "\
select
  (select count(*) from public.todos t left join public.users u on u.id = t.user_id
   where u.id is null),
  (select count(*) from (select auth0_id from public.users where auth0_id is not null
   group by auth0_id having count(*) > 1) doubled)";

const TEXT: &[&str] = &["text", "character varying"];
const INTEGER: &[&str] = &["integer"];
const BIGINT: &[&str] = &["bigint"];
const UUID: &[&str] = &["uuid"];
const TIME: &[&str] = &["timestamp with time zone", "timestamp without time zone"];

/// Columns that the full backend needs, with the types they may have.
const COLUMNS: &[(&str, &str, &[&str])] = &[
    ("users", "id", INTEGER),
    ("users", "auth0_id", TEXT),
    ("users", "email", TEXT),
    ("users", "revision", BIGINT),
    ("users", "purged_revision", BIGINT),
    ("todos", "id", INTEGER),
    ("todos", "user_id", INTEGER),
    ("todos", "text", TEXT),
    ("todos", "client_id", UUID),
    ("todos", "revision", BIGINT),
    ("todos", "created_at", TIME),
    ("todos", "updated_at", TIME),
    ("todo_tombstones", "user_id", INTEGER),
    ("todo_tombstones", "client_id", UUID),
    ("todo_tombstones", "todo_id", INTEGER),
    ("todo_tombstones", "revision", BIGINT),
    ("todo_tombstones", "deleted_at", TIME),
];

/// Columns of the tutorial, which no migration adds to an existing table.
const TUTORIAL: &[(&str, &str)] = &[
    ("users", "id"),
    ("users", "auth0_id"),
    ("users", "email"),
    ("todos", "id"),
    ("todos", "user_id"),
    ("todos", "text"),
];

const TABLES: &[&str] = &["users", "todos", "todo_tombstones"];
const CONSTRAINTS: &[&str] = &[
    "users.users_auth0_id_key",
    "todos.todos_user_id_client_id_key",
];
const INDEXES: &[&str] = &[
    "todos_user_id_revision_idx",
    "todo_tombstones_user_id_revision_idx",
];

/// The objects that the catalog lists.
#[derive(Debug, Default)]
pub(super) struct Catalog(BTreeMap<(String, String), String>);

impl Catalog {
    /// Reads the result of [`CATALOG`].
    pub(super) fn new(rows: Rows) -> Self {
        let entry = |row: Vec<String>| {
            let mut cells = row.into_iter();
            Some(((cells.next()?, cells.next()?), cells.next()?))
        };
        Self(rows.into_iter().filter_map(entry).collect())
    }

    fn detail(&self, kind: &str, name: &str) -> Option<&str> {
        let found = self.0.get(&(kind.to_owned(), name.to_owned()));
        found.map(String::as_str)
    }

    fn has(&self, kind: &str, name: &str) -> bool {
        self.detail(kind, name).is_some()
    }

    fn names<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let entries = self.0.keys().filter(move |(found, _)| found == kind);
        entries.map(|(_, name)| name.as_str())
    }

    /// Returns whether both tables of the tutorial exist.
    pub(super) fn has_tables(&self) -> bool {
        self.has("relation", "users") && self.has("relation", "todos")
    }

    /// The problems that prevent an upgrade in place.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for table in TABLES {
            if let Some(kind) = self.detail("relation", table)
                && !matches!(kind, "r" | "p")
            {
                problems.push(format!("`{table}` is not a table"));
            }
        }
        if let Some(kind) = self.detail("relation", "todo_changes")
            && kind != "v"
        {
            problems.push("`todo_changes` is not a view".to_owned());
        }
        for (table, column) in TUTORIAL {
            let name = format!("{table}.{column}");
            if self.has("relation", table) && !self.has("column", &name) {
                problems.push(format!("`{name}` is missing"));
            }
        }
        for (table, column, types) in COLUMNS {
            let name = format!("{table}.{column}");
            if let Some(found) = self.detail("column", &name)
                && !types.contains(&found)
            {
                let expected = types.first().copied().unwrap_or_default();
                problems.push(format!("`{name}` is {found}, not {expected}"));
            }
        }
        problems
    }

    /// Notes on additional columns that prevent todos from being added.
    pub(super) fn notes(&self) -> Vec<String> {
        let set_by_us = ["todos.user_id", "todos.text", "todos.client_id"];
        let mut notes = Vec::new();
        for name in self.names("required") {
            if name.starts_with("todos.") && !set_by_us.contains(&name) {
                notes.push(format!(
                    "`{name}` is required and has no default: adding todos fails until it has one"
                ));
            }
        }
        notes
    }

    /// Compares the objects with the migrations.
    pub(super) fn parts(&self) -> Vec<BackendPart> {
        let mut parts = Vec::new();
        for table in TABLES {
            parts.push(BackendPart::new(
                self.has("relation", table),
                PartKind::Table,
                *table,
            ));
        }
        for (table, column, _) in COLUMNS {
            let name = format!("{table}.{column}");
            parts.push(BackendPart::new(
                self.has("column", &name),
                PartKind::Column,
                name,
            ));
        }
        let view = self.has("relation", "todo_changes");
        parts.push(BackendPart::new(view, PartKind::View, "todo_changes"));
        let sequence = self.has("relation", "todo_revision");
        parts.push(BackendPart::new(
            sequence,
            PartKind::Sequence,
            "todo_revision",
        ));
        for name in CONSTRAINTS {
            parts.push(BackendPart::new(
                self.has("constraint", name),
                PartKind::Constraint,
                *name,
            ));
        }
        let owner = self.names("owner-key").next();
        let name = owner.unwrap_or("todos_user_id_fkey");
        parts.push(BackendPart::new(
            owner.is_some(),
            PartKind::Constraint,
            format!("todos.{name}"),
        ));
        for name in INDEXES {
            parts.push(BackendPart::new(
                self.has("index", name),
                PartKind::Index,
                *name,
            ));
        }
        for (name, body) in migrations::functions() {
            parts.push(match self.detail("function", name) {
                Some(found) if same_body(found, body) => {
                    BackendPart::new(true, PartKind::Function, name)
                }
                Some(_) => {
                    BackendPart::changed(PartKind::Function, name, "another version".to_owned())
                }
                None => BackendPart::new(false, PartKind::Function, name),
            });
        }
        for name in migrations::triggers() {
            parts.push(match self.detail("trigger", name) {
                Some("D") => BackendPart::changed(PartKind::Trigger, name, "disabled".to_owned()),
                found => BackendPart::new(found.is_some(), PartKind::Trigger, name),
            });
        }
        parts
    }
}

/// Compares two function bodies; line ends may differ.
fn same_body(found: &str, ours: &str) -> bool {
    found.lines().eq(ours.lines())
}

/// Notes and problems from the result of [`COUNTS`].
pub(super) fn counted(rows: &Rows, parts: &[BackendPart]) -> (Vec<String>, Vec<String>) {
    let cell = |column: usize| -> u64 {
        let found = rows.first().and_then(|row| row.get(column));
        found.and_then(|cell| cell.parse().ok()).unwrap_or(0)
    };
    let mut notes = Vec::new();
    match cell(0) {
        0 => {}
        1 => notes
            .push("1 todo has no known owner: it stays as it is and no user sees it".to_owned()),
        many => notes.push(format!(
            "{many} todos have no known owner: they stay as they are and no user sees them"
        )),
    }
    let unique_missing = parts
        .iter()
        .any(|part| part.is_change() && part.name == "users.users_auth0_id_key");
    let problems = match cell(1) {
        0 => Vec::new(),
        _ if !unique_missing => Vec::new(),
        count => vec![format!(
            "{count} values of `users.auth0_id` belong to several users"
        )],
    };
    (notes, problems)
}

/// The migrations that `parts` require, in order.
pub(super) fn needed(parts: &[BackendPart]) -> Vec<&'static migrations::Migration> {
    let missing: BTreeSet<&str> = parts
        .iter()
        .filter(|part| part.is_change() && part.kind.is_in_database())
        .map(|part| part.name.as_str())
        .collect();
    let needs_bare = missing.contains("users") || missing.contains("todos");
    let [bare, full] = &migrations::MIGRATIONS;
    let mut needed = Vec::new();
    if needs_bare {
        needed.push(bare);
    }
    if !missing.is_empty() {
        needed.push(full);
    }
    needed
}
