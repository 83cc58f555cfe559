//! Provisions a running Hasura: tables, permissions, migration records.
//!
//! Everything is compared first. SQL goes through `/v2/query`; the metadata is
//! replaced as a whole, with the version it was computed from, so a change by
//! another user is never overwritten. Each step may run again: a run that was
//! killed is completed by the next one.
//!
//! ```text
//! address             parses the server's address
//! client   error      the admin API and its errors
//! database migrations the existing tables; the SQL that creates them
//! metadata permission tables raw    tudone's part of the metadata; JSON that keeps its bytes
//! cli_state           the records of the Hasura CLI
//! plan     apply      the changes; applies them
//! ```

mod address;
mod apply;
mod cli_state;
mod client;
mod database;
mod error;
mod metadata;
mod migrations;
mod permission;
mod plan;
mod raw;
mod tables;

pub use address::{AddressError, HasuraAddress};
pub use error::HasuraError;
pub use plan::{BackendPart, BackendPlan, PartKind};

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use client::Admin;
use database::Catalog;
use migrations::Migration;
use raw::Object;

/// A Hasura to be provisioned.
#[derive(Debug)]
pub struct HasuraSetup {
    admin: Admin,
    source: String,
}

/// A plan with the data for applying it.
#[derive(Debug)]
pub struct PlannedSetup {
    plan: BackendPlan,
    migrations: Vec<&'static Migration>,
    /// Objects that were already inconsistent.
    inconsistent: BTreeSet<String>,
}

impl PlannedSetup {
    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &BackendPlan {
        &self.plan
    }
}

/// The metadata with its version.
#[derive(Debug, Deserialize)]
struct Export {
    /// Verbatim: the server compares it.
    resource_version: Box<RawValue>,
    metadata: Box<RawValue>,
}

/// Objects of the metadata that do not fit the database.
#[derive(Debug, Deserialize)]
struct Inconsistency {
    #[serde(default)]
    inconsistent_objects: Vec<InconsistentObject>,
}

/// An inconsistent object. Its definition and reason are never read: they may
/// contain database URLs.
#[derive(Debug, Deserialize)]
struct InconsistentObject {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl Inconsistency {
    fn names(self, admin: &Admin) -> BTreeSet<String> {
        let objects = self.inconsistent_objects.into_iter();
        objects
            .map(|object| admin.printable(&format!("{} {}", object.kind, object.name)))
            .collect()
    }
}

impl HasuraSetup {
    /// Prepares to provision the source `source` of the Hasura at `address`.
    ///
    /// # Errors
    ///
    /// When the system's certificates cannot be loaded.
    pub fn new(
        address: &HasuraAddress,
        secret: SecretString,
        source: impl Into<String>,
    ) -> Result<Self, HasuraError> {
        Ok(Self {
            admin: Admin::new(address.base().clone(), secret)?,
            source: source.into(),
        })
    }

    /// Compares the server with the files in `assets/hasura`. Changes nothing.
    ///
    /// # Errors
    ///
    /// When the server is not a Hasura that accepts the admin secret, or its tables
    /// cannot be upgraded.
    pub async fn plan(&self) -> Result<PlannedSetup, HasuraError> {
        let hasura = self.admin.version().await?;
        if self.admin.is_open().await? {
            return Err(HasuraError::Open {
                host: self.admin.host().to_owned(),
            });
        }
        let inconsistent = self.inconsistent().await?;
        let export = self.export().await?;
        let patched = self.patch(&export)?;
        let mut notes = patched.notes;
        if !inconsistent.is_empty() {
            notes.push(inconsistent_note(&inconsistent));
        }
        let mut parts = self.database_parts(&mut notes).await?;
        let migrations = database::needed(&parts);
        parts.extend(patched.parts);
        let state = self.cli_state().await?;
        parts.extend(cli_state::parts(state.as_deref(), &self.source));
        Ok(PlannedSetup {
            plan: BackendPlan {
                hasura,
                source: self.source.clone(),
                parts,
                notes,
            },
            migrations,
            inconsistent,
        })
    }

    async fn database_parts(
        &self,
        notes: &mut Vec<String>,
    ) -> Result<Vec<BackendPart>, HasuraError> {
        let rows = self.query("reading the catalog", database::CATALOG).await?;
        let catalog = Catalog::new(rows);
        let mut problems = catalog.problems();
        let parts = catalog.parts();
        if problems.is_empty() && catalog.has_tables() {
            let rows = self.query("counting rows", database::COUNTS).await?;
            let (found, more) = database::counted(&rows, &parts);
            notes.extend(found);
            notes.extend(catalog.notes());
            problems.extend(more);
        }
        if problems.is_empty() {
            Ok(parts)
        } else {
            Err(HasuraError::Incompatible { problems })
        }
    }

    async fn query(&self, step: &str, sql: &str) -> Result<client::Rows, HasuraError> {
        self.admin.sql(&self.source, step, sql, true).await
    }

    async fn inconsistent(&self) -> Result<BTreeSet<String>, HasuraError> {
        let what = "list inconsistent metadata";
        let command = json!({"type": "get_inconsistent_metadata", "args": {}});
        let answer = self.admin.ask(what, &command).await?;
        let found: Inconsistency =
            serde_json::from_str(answer.get()).map_err(|_| self.admin.invalid(what))?;
        Ok(found.names(&self.admin))
    }

    async fn export(&self) -> Result<Export, HasuraError> {
        let what = "export the metadata";
        let command = json!({"type": "export_metadata", "version": 2, "args": {}});
        let answer = self.admin.ask(what, &command).await?;
        serde_json::from_str(answer.get()).map_err(|_| self.admin.invalid(what))
    }

    fn patch(&self, export: &Export) -> Result<metadata::Patched, HasuraError> {
        let patched = metadata::patch(&export.metadata, &self.source, &tables::wanted());
        patched.ok_or_else(|| self.admin.invalid("export the metadata"))?
    }

    async fn cli_state(&self) -> Result<Option<Box<RawValue>>, HasuraError> {
        let what = "read the migration records";
        let command = json!({"type": "get_catalog_state", "args": {}});
        let answer = self.admin.ask(what, &command).await?;
        let whole = Object::open(&answer).ok_or_else(|| self.admin.invalid(what))?;
        Ok(whole.get("cli_state").map(ToOwned::to_owned))
    }
}

fn inconsistent_note(objects: &BTreeSet<String>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = objects.iter().take(SHOWN).map(String::as_str).collect();
    let rest = objects.len().saturating_sub(SHOWN);
    let more = if rest == 0 {
        String::new()
    } else {
        format!(" and {rest} more")
    };
    format!(
        "the metadata is already inconsistent: {}{more}",
        shown.join(", ")
    )
}
