//! Application of a plan.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::client::ApiError;
use super::error::HasuraError;
use super::plan::{BackendPart, BackendPlan};
use super::raw::Object;
use super::{Export, HasuraSetup, Inconsistency, PlannedSetup, cli_state};

/// The number of attempts to replace metadata that changes concurrently.
const TRIES: u32 = 5;

/// The final check as the role: the tutorial's query and the full backend's fields.
const CHECK: &str = "\
{ todos { id, text } users { id email revision purged_revision } \
todo_changes(limit: 1) { id client_id text created_at updated_at revision deleted } }";

/// The command `replace_metadata`.
#[derive(Serialize)]
struct ReplaceMetadata<'a> {
    r#type: &'static str,
    version: u8,
    resource_version: &'a RawValue,
    args: NewMetadata<'a>,
}

#[derive(Serialize)]
struct NewMetadata<'a> {
    allow_inconsistent_metadata: bool,
    metadata: &'a RawValue,
}

/// The command `set_catalog_state`.
#[derive(Serialize)]
struct SetCatalogState<'a> {
    r#type: &'static str,
    args: CliState<'a>,
}

#[derive(Serialize)]
struct CliState<'a> {
    r#type: &'static str,
    state: &'a Object,
}

impl HasuraSetup {
    /// Applies `planned`, then checks that nothing is left to change and that the
    /// role can read. Returns the final plan.
    ///
    /// # Errors
    ///
    /// See [`HasuraError`]. Applied steps are not undone; the next run completes them.
    pub async fn apply(&self, planned: &PlannedSetup) -> Result<BackendPlan, HasuraError> {
        for migration in &planned.migrations {
            let step = format!("migration {}", migration.name);
            self.admin
                .sql(&self.source, &step, migration.sql, false)
                .await?;
        }
        self.replace_metadata(&planned.inconsistent).await?;
        self.record_migrations().await?;
        self.verify(&planned.inconsistent).await
    }

    /// Replaces the metadata by the merged one. Exports it again for each attempt,
    /// since SQL may change it.
    async fn replace_metadata(&self, known: &BTreeSet<String>) -> Result<(), HasuraError> {
        for _ in 0..TRIES {
            let export = self.export().await?;
            let patched = self.patch(&export)?;
            if !patched.parts.iter().any(BackendPart::is_change) {
                return Ok(());
            }
            // Existing inconsistencies are allowed, new ones are not.
            let allow = !known.is_empty();
            let replaced = self
                .replace(&export.resource_version, &patched.metadata, allow)
                .await?;
            match replaced {
                Ok(answer) => return self.accept_only_known(&answer, &export, known).await,
                Err(error) if error.code == "conflict" => {}
                Err(error) => return Err(self.not_replaced(&error)),
            }
        }
        Err(HasuraError::Conflict { tries: TRIES })
    }

    async fn replace(
        &self,
        version: &RawValue,
        metadata: &RawValue,
        allow_inconsistent: bool,
    ) -> Result<Result<Box<RawValue>, ApiError>, HasuraError> {
        let command = ReplaceMetadata {
            r#type: "replace_metadata",
            version: 2,
            resource_version: version,
            args: NewMetadata {
                allow_inconsistent_metadata: allow_inconsistent,
                metadata,
            },
        };
        self.admin.metadata(&command).await
    }

    /// Restores the export if the new metadata has new inconsistencies.
    async fn accept_only_known(
        &self,
        answer: &RawValue,
        before: &Export,
        known: &BTreeSet<String>,
    ) -> Result<(), HasuraError> {
        let found: Inconsistency = serde_json::from_str(answer.get())
            .map_err(|_| self.admin.invalid("replace the metadata"))?;
        let new: Vec<String> = found
            .names(&self.admin)
            .difference(known)
            .cloned()
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        let now = self.export().await?;
        let replaced = self
            .patch(&now)
            .is_ok_and(|ours| !ours.parts.iter().any(BackendPart::is_change));
        let restored = replaced
            && self
                .replace(&now.resource_version, &before.metadata, true)
                .await
                .is_ok_and(|answer| answer.is_ok());
        Err(HasuraError::Inconsistent {
            objects: new,
            restored,
        })
    }

    /// Reads only names: definitions and reasons may contain secrets.
    fn not_replaced(&self, error: &ApiError) -> HasuraError {
        let objects: Option<Vec<super::InconsistentObject>> =
            serde_json::from_value(error.internal.clone()).ok();
        match objects {
            Some(inconsistent_objects) if !inconsistent_objects.is_empty() => {
                let names = Inconsistency {
                    inconsistent_objects,
                };
                HasuraError::Inconsistent {
                    objects: names.names(&self.admin).into_iter().collect(),
                    restored: true,
                }
            }
            _ => self.admin.refused("replace the metadata", error),
        }
    }

    /// Records the migrations. The records have no version, so each write is
    /// verified by a read.
    async fn record_migrations(&self) -> Result<(), HasuraError> {
        for _ in 0..TRIES {
            let state = self.cli_state().await?;
            let parts = cli_state::parts(state.as_deref(), &self.source);
            if !parts.iter().any(BackendPart::is_change) {
                return Ok(());
            }
            let what = "record the migrations";
            let merged = cli_state::merged(state.as_deref(), &self.source)
                .map_err(|_| self.admin.invalid(what))?;
            let command = SetCatalogState {
                r#type: "set_catalog_state",
                args: CliState {
                    r#type: "cli",
                    state: &merged,
                },
            };
            self.admin.ask(what, &command).await?;
        }
        Err(HasuraError::Conflict { tries: TRIES })
    }

    async fn verify(&self, known: &BTreeSet<String>) -> Result<BackendPlan, HasuraError> {
        let plan = self.plan().await?;
        let missing = plan.plan.parts.iter().find(|part| part.is_change());
        if let Some(part) = missing {
            return Err(unverified(part));
        }
        let new: Vec<String> = plan.inconsistent.difference(known).cloned().collect();
        if !new.is_empty() {
            return Err(HasuraError::Inconsistent {
                objects: new,
                restored: false,
            });
        }
        let mut plan = plan.plan;
        let answer = self.admin.query_as_user(CHECK).await?;
        if answer.get("data").is_some_and(Value::is_object) {
            return Ok(plan);
        }
        let text = |pointer: &str| {
            answer
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("")
        };
        let (code, message) = (text("/errors/0/extensions/code"), text("/errors/0/message"));
        if message.contains("query is not allowed") {
            plan.notes.push(
                "Hasura has an allow list: add the operations of `queries/` to it".to_owned(),
            );
            return Ok(plan);
        }
        Err(HasuraError::Unverified {
            what: self.admin.printable(&format!("{message} ({code})")),
        })
    }
}

fn unverified(part: &BackendPart) -> HasuraError {
    HasuraError::Unverified {
        what: format!("missing or different: {} {}", part.kind.word(), part.name),
    }
}
