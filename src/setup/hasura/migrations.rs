//! The migrations in `assets/hasura`.

/// A migration of the Hasura CLI project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Migration {
    /// Its version: the number at the start of its directory name.
    pub(super) version: &'static str,
    /// The rest of the directory's name.
    pub(super) name: &'static str,
    /// The SQL, one transaction.
    pub(super) sql: &'static str,
}

/// All migrations, in order. Each is idempotent.
pub(super) const MIGRATIONS: [Migration; 2] = [
    Migration {
        version: "1795478400000",
        name: "bare",
        sql: include_str!("../../../assets/hasura/migrations/default/1795478400000_bare/up.sql"),
    },
    Migration {
        version: "1795478401000",
        name: "full",
        sql: include_str!("../../../assets/hasura/migrations/default/1795478401000_full/up.sql"),
    },
];

/// The functions of the migrations: name and body.
pub(super) fn functions() -> Vec<(&'static str, &'static str)> {
    let found = statements("create or replace function public.");
    found
        .filter_map(|statement| {
            let name = statement.split('(').next()?;
            let body = statement.split("$$").nth(1)?;
            Some((name, body))
        })
        .collect()
}

/// The triggers of the migrations.
pub(super) fn triggers() -> Vec<&'static str> {
    statements("create trigger ")
        .filter_map(|statement| statement.split_whitespace().next())
        .collect()
}

/// Returns the text after each line start that equals `prefix`.
fn statements(prefix: &'static str) -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().flat_map(move |migration| {
        let sql = migration.sql;
        let starts = sql.match_indices(prefix);
        starts
            .filter(move |(at, _)| *at == 0 || sql.as_bytes().get(at - 1) == Some(&b'\n'))
            .filter_map(move |(at, _)| sql.get(at + prefix.len()..))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_triggers_are_read_from_the_migrations() {
        let names: Vec<&str> = functions().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "todos_lock_caller",
                "todos_stamp_insert",
                "todos_stamp_update",
                "todos_record_insert",
                "todos_record_update",
                "todos_record_delete",
                "purge_todo_tombstones"
            ]
        );
        assert!(functions().iter().all(|(_, body)| body.contains("end")));
        assert_eq!(triggers(), names.get(..6).unwrap_or_default());
    }
}
