//! The tables: their columns, keys, and what role `user` may do with them.

/// The shape of a database: the full backend, or the tutorial's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Client keys, revisions, tombstones and the change feed.
    Full,
    /// `users(id, auth0_id, email, created_at, updated_at)` and
    /// `todos(id, user_id, text)`, nothing else.
    Bare,
}

/// A `PostgreSQL` type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    Integer,
    Bigint,
    Text,
    Boolean,
    Uuid,
    Timestamptz,
}

impl ColumnType {
    /// The GraphQL scalar that stands for it.
    pub(super) const fn scalar(self) -> &'static str {
        match self {
            Self::Integer => "Int",
            Self::Bigint => "bigint",
            Self::Text => "String",
            Self::Boolean => "Boolean",
            Self::Uuid => "uuid",
            Self::Timestamptz => "timestamptz",
        }
    }
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: ColumnType,
    pub(super) nullable: bool,
    /// Part of the bare backend too.
    pub(super) bare: bool,
    /// Role `user` may read it.
    pub(super) selectable: bool,
}

/// One table or view.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// By name, which is the order GraphQL lists them in.
    pub(super) columns: &'static [Column],
    /// The column of the owner.
    pub(super) owner: &'static str,
    /// The order of rows that nothing orders: where they lie in the heap. A
    /// changed row moves to its end, and every change takes a revision.
    pub(super) heap: &'static str,
    /// The primary key's only column; views have none.
    pub(super) primary_key: Option<&'static str>,
    /// Unique and primary keys: name and columns.
    pub(super) constraints: &'static [Constraint],
    /// Part of the bare backend too.
    pub(super) bare: bool,
    /// Role `user` may read it.
    pub(super) selectable: bool,
}

/// A unique or primary key.
#[derive(Debug)]
pub(super) struct Constraint {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) bare: bool,
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns that exist in a shape.
    pub(super) fn columns_of(&self, shape: Shape) -> impl Iterator<Item = &'static Column> {
        self.columns
            .iter()
            .filter(move |column| column.bare || shape == Shape::Full)
    }
}

const fn column(name: &'static str, kind: ColumnType) -> Column {
    Column {
        name,
        kind,
        nullable: true,
        bare: true,
        selectable: true,
    }
}

impl Column {
    const fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }

    const fn full_only(mut self) -> Self {
        self.bare = false;
        self
    }

    const fn hidden(mut self) -> Self {
        self.selectable = false;
        self
    }
}

pub(super) static USERS: Table = Table {
    name: "users",
    columns: &[
        column("auth0_id", ColumnType::Text).hidden(),
        column("created_at", ColumnType::Timestamptz).hidden(),
        column("email", ColumnType::Text),
        column("id", ColumnType::Integer).not_null(),
        column("purged_revision", ColumnType::Bigint)
            .not_null()
            .full_only(),
        column("revision", ColumnType::Bigint)
            .not_null()
            .full_only(),
        column("updated_at", ColumnType::Timestamptz).hidden(),
    ],
    owner: "id",
    heap: "id",
    primary_key: Some("id"),
    constraints: &[],
    bare: true,
    selectable: true,
};

pub(super) static TODOS: Table = Table {
    name: "todos",
    columns: &[
        column("client_id", ColumnType::Uuid).not_null().full_only(),
        column("created_at", ColumnType::Timestamptz)
            .not_null()
            .full_only(),
        column("id", ColumnType::Integer).not_null(),
        column("revision", ColumnType::Bigint)
            .not_null()
            .full_only(),
        column("text", ColumnType::Text),
        column("updated_at", ColumnType::Timestamptz)
            .not_null()
            .full_only(),
        column("user_id", ColumnType::Integer),
    ],
    owner: "user_id",
    heap: "revision, id",
    primary_key: Some("id"),
    constraints: &[
        Constraint {
            name: "todos_pkey",
            columns: &["id"],
            bare: true,
        },
        Constraint {
            name: "todos_user_id_client_id_key",
            columns: &["user_id", "client_id"],
            bare: false,
        },
    ],
    bare: true,
    selectable: true,
};

pub(super) static TODO_CHANGES: Table = Table {
    name: "todo_changes",
    columns: &[
        column("client_id", ColumnType::Uuid),
        column("created_at", ColumnType::Timestamptz),
        column("deleted", ColumnType::Boolean),
        column("id", ColumnType::Integer),
        column("revision", ColumnType::Bigint),
        column("text", ColumnType::Text),
        column("updated_at", ColumnType::Timestamptz),
        column("user_id", ColumnType::Integer).hidden(),
    ],
    owner: "user_id",
    heap: "deleted, revision, id",
    primary_key: None,
    constraints: &[],
    bare: false,
    selectable: true,
};

pub(super) static TODO_TOMBSTONES: Table = Table {
    name: "todo_tombstones",
    columns: &[
        column("client_id", ColumnType::Uuid).not_null(),
        column("deleted_at", ColumnType::Timestamptz).not_null(),
        column("revision", ColumnType::Bigint).not_null(),
        column("todo_id", ColumnType::Integer),
        column("user_id", ColumnType::Integer).not_null(),
    ],
    owner: "user_id",
    heap: "revision",
    primary_key: None,
    constraints: &[],
    bare: false,
    selectable: false,
};

/// Every table, by name.
pub(super) static TABLES: [&Table; 4] = [&TODO_CHANGES, &TODO_TOMBSTONES, &TODOS, &USERS];
