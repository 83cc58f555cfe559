//! The Hasura CLI's records of applied migrations.

use serde_json::Value;
use serde_json::value::RawValue;

use super::migrations::MIGRATIONS;
use super::plan::{BackendPart, PartKind};
use super::raw::Object;

/// tudone's migrations in the records of `source`.
pub(super) fn parts(state: Option<&RawValue>, source: &str) -> Vec<BackendPart> {
    let recorded = state
        .and_then(Object::open)
        .and_then(|state| state.object("migrations"))
        .and_then(|migrations| migrations.object(source))
        .unwrap_or_default();
    let one = |migration: &super::migrations::Migration| {
        // `false` means that it succeeded.
        let is_applied = recorded.value(migration.version) == Some(Value::Bool(false));
        let name = format!("{}_{}", migration.version, migration.name);
        BackendPart::new(is_applied, PartKind::Migration, name)
    };
    MIGRATIONS.iter().map(one).collect()
}

/// Adds tudone's migrations to the records; other members keep their bytes.
pub(super) fn merged(state: Option<&RawValue>, source: &str) -> serde_json::Result<Object> {
    let mut whole = state.and_then(Object::open).unwrap_or_default();
    let mut migrations = whole.object("migrations").unwrap_or_default();
    let mut ours = migrations.object(source).unwrap_or_default();
    for migration in &MIGRATIONS {
        ours.set(migration.version, &false)?;
    }
    migrations.set(source, &ours)?;
    whole.set("migrations", &migrations)?;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_others_stay() -> Result<(), Box<dyn std::error::Error>> {
        let text = r#"{"settings":{"migration_mode":"true"},"migrations":{"other":{"1":false},"default":{"7":true}}}"#;
        let state: Box<RawValue> = serde_json::from_str(text)?;
        assert!(
            parts(Some(&state), "default")
                .iter()
                .all(BackendPart::is_change)
        );

        let merged = merged(Some(&state), "default")?.close()?;
        assert_eq!(
            merged.get(),
            r#"{"settings":{"migration_mode":"true"},"migrations":{"other":{"1":false},"default":{"7":true,"1795478400000":false,"1795478401000":false}}}"#
        );
        assert!(
            !parts(Some(&merged), "default")
                .iter()
                .any(BackendPart::is_change)
        );
        Ok(())
    }
}
