//! The tables and permissions in `assets/hasura`.

use serde_json::Value;

const FILES: [&str; 3] = [
    include_str!(
        "../../../assets/hasura/metadata/databases/default/tables/public_todo_changes.yaml"
    ),
    include_str!("../../../assets/hasura/metadata/databases/default/tables/public_todos.yaml"),
    include_str!("../../../assets/hasura/metadata/databases/default/tables/public_users.yaml"),
];

/// The permission lists of a table in the metadata.
pub(super) const PERMISSIONS: [&str; 4] = [
    "select_permissions",
    "insert_permissions",
    "update_permissions",
    "delete_permissions",
];

/// The role of the permissions.
pub(super) const ROLE: &str = "user";

/// A table that Hasura serves, with permissions of [`ROLE`].
#[derive(Debug, Clone)]
pub(super) struct WantedTable {
    /// Its name in the schema `public`.
    pub(super) name: String,
    /// The complete entry of the metadata.
    pub(super) entry: Value,
}

impl WantedTable {
    /// The body of the permission in `list`.
    pub(super) fn permission(&self, list: &str) -> Option<&Value> {
        let wanted = self.entry.get(list)?.as_array()?;
        let ours = wanted
            .iter()
            .find(|found| found.get("role").is_some_and(|role| role == ROLE));
        ours?.get("permission")
    }
}

/// Parses the tables. The files are compiled in, and a test parses them all.
pub(super) fn wanted() -> Vec<WantedTable> {
    let table = |text: &&str| {
        let entry: Value = serde_saphyr::from_str(text).ok()?;
        let name = entry.pointer("/table/name")?.as_str()?.to_owned();
        Some(WantedTable { name, entry })
    };
    FILES.iter().filter_map(table).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_metadata_is_a_table_with_permissions() {
        let tables = wanted();
        assert_eq!(tables.len(), FILES.len());
        for table in &tables {
            assert!(
                table.permission("select_permissions").is_some(),
                "{}",
                table.name
            );
        }
        let todos = tables.iter().find(|table| table.name == "todos");
        for list in PERMISSIONS {
            assert!(
                todos.is_some_and(|table| table.permission(list).is_some()),
                "{list}"
            );
        }
    }
}
