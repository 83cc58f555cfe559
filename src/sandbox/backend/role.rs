//! The permissions of a role, which types and statements follow.

use super::{
    policy::Policy,
    table::{Column, Constraint, Shape, TABLES, TODOS, Table},
};

/// The role of users.
pub(super) const USER: &str = "user";
/// The role that the admin secret gives.
pub(super) const ADMIN: &str = "admin";

/// A role's permissions on one table.
#[derive(Debug, Clone)]
pub(super) struct TablePermissions {
    pub(super) table: &'static Table,
    /// The readable columns; empty without select permission.
    pub(super) select: Vec<&'static Column>,
    /// The writable columns of an insert.
    pub(super) insert: Option<Vec<&'static Column>>,
    /// The writable columns of an update.
    pub(super) update: Option<Vec<&'static Column>>,
    pub(super) delete: bool,
    /// Only rows whose owner is `x-hasura-user-id`.
    pub(super) own_rows: bool,
    /// Inserts set the owner to `x-hasura-user-id`.
    pub(super) owner_preset: bool,
    pub(super) row_limit: Option<u32>,
    pub(super) constraints: Vec<&'static Constraint>,
}

impl TablePermissions {
    pub(super) fn selects(&self) -> bool {
        !self.select.is_empty()
    }

    /// The primary key, when the role may read it: `*_by_pk` exists then.
    pub(super) fn readable_key(&self) -> Option<&'static Column> {
        let key = self.table.primary_key?;
        self.select
            .iter()
            .copied()
            .find(|column| column.name == key)
    }

    fn is_empty(&self) -> bool {
        !self.selects() && self.insert.is_none() && self.update.is_none() && !self.delete
    }
}

/// The grants of a role, by table name.
pub(super) fn grants(role: &str, shape: Shape, policy: &Policy) -> Vec<TablePermissions> {
    TABLES
        .iter()
        .filter(|table| table.bare || shape == Shape::Full)
        .map(|table| match role {
            ADMIN => admin(table, shape),
            USER => user(table, shape, policy),
            other if policy.unauthorized_role.as_deref() == Some(other) => {
                unauthenticated(table, shape, policy)
            }
            _ => nothing(table, shape),
        })
        .filter(|grant| !grant.is_empty())
        .collect()
}

fn nothing(table: &'static Table, shape: Shape) -> TablePermissions {
    TablePermissions {
        table,
        select: Vec::new(),
        insert: None,
        update: None,
        delete: false,
        own_rows: false,
        owner_preset: false,
        row_limit: None,
        constraints: table
            .constraints
            .iter()
            .filter(|constraint| constraint.bare || shape == Shape::Full)
            .collect(),
    }
}

fn is_todos(table: &Table) -> bool {
    table.name == TODOS.name
}

fn writable(table: &'static Table, shape: Shape, names: &[&str]) -> Vec<&'static Column> {
    table
        .columns_of(shape)
        .filter(|column| names.contains(&column.name))
        .collect()
}

fn readable(table: &'static Table, shape: Shape) -> Vec<&'static Column> {
    table
        .columns_of(shape)
        .filter(|column| table.selectable && column.selectable)
        .collect()
}

fn user(table: &'static Table, shape: Shape, policy: &Policy) -> TablePermissions {
    let hidden = policy.hidden_tables.iter().any(|name| name == table.name);
    let mut grant = nothing(table, shape);
    grant.own_rows = policy.rows_filtered;
    grant.owner_preset = true;
    grant.row_limit = policy.row_limit;
    if policy.select && !hidden {
        grant.select = readable(table, shape);
    }
    if is_todos(table) {
        grant.insert = policy
            .insert
            .then(|| writable(table, shape, &["client_id", "text"]));
        grant.update = policy.update.then(|| writable(table, shape, &["text"]));
        grant.delete = policy.delete;
    }
    grant
}

fn unauthenticated(table: &'static Table, shape: Shape, policy: &Policy) -> TablePermissions {
    let mut grant = nothing(table, shape);
    grant.row_limit = policy.row_limit;
    grant.select = readable(table, shape);
    grant
}

fn admin(table: &'static Table, shape: Shape) -> TablePermissions {
    let mut grant = nothing(table, shape);
    grant.select = table.columns_of(shape).collect();
    if is_todos(table) {
        let columns = ["client_id", "text", "user_id"];
        grant.insert = Some(writable(table, shape, &columns));
        grant.update = Some(writable(table, shape, &columns));
        grant.delete = true;
    }
    grant
}
