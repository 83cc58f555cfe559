//! A backend on both doubles: an Auth0 tenant that logs in, a Hasura that takes its tokens.

use serde_json::Value;
use tudone::setup::auth0::SCOPES;

use crate::auth0_double::{TOKEN, Tenant};
use crate::hasura::Stage;
use crate::hasura_double::{JwtMode, SECRET};
use crate::support::{Checked, Ran};

const AUDIENCE: &str = "https://todos.example/api";
const USER: &str = "ada@example.test";

/// The backend, and a machine that is logged in to it.
pub(crate) struct Bench {
    pub(crate) tenant: Tenant,
    pub(crate) stage: Stage,
}

impl Bench {
    /// Everything as it must be; `None` without a server for tests.
    pub(crate) fn working() -> Checked<Option<Self>> {
        let Some(stage) = stage()? else {
            return Ok(None);
        };
        let tenant = Tenant::start(&SCOPES)?;
        let endpoint = format!("{}/v1/graphql", stage.hasura.address());
        tenant.furnish(AUDIENCE, &endpoint, SECRET);
        stage.apply().map_err(|error| error.to_string())?;
        let base = tenant.base();
        stage.hasura.state().jwt = JwtMode::Secret(format!(
            r#"{{"jwk_url":"{base}.well-known/jwks.json","audience":"{AUDIENCE}","issuer":"{base}"}}"#
        ));
        stage.machine.configure(&format!(
            "default_profile = \"home\"\n[profiles.home]\nissuer = \"{base}\"\n\
             client_id = \"id_app\"\naudience = \"{AUDIENCE}\"\nendpoint = \"{endpoint}\"\n\
             credential_store = \"file\"\n"
        ))?;
        for (name, secret) in [("admin", SECRET), ("token", TOKEN)] {
            std::fs::write(stage.machine.path(name), secret)?;
        }
        let mut database = stage
            .database
            .connect()
            .map_err(|error| error.to_string())?;
        database.batch_execute(
            "insert into users (auth0_id) values ('auth0|bob');
             insert into todos (user_id, text) select id, 'bob''s' from users",
        )?;
        let bench = Self { tenant, stage };
        bench.log_in()?;
        Ok(Some(bench))
    }

    /// Logs in by device code.
    pub(crate) fn log_in(&self) -> Checked {
        let (ran, _) = self.stage.machine.device_login_by(|code| {
            let code = code["user_code"].as_str().unwrap_or_default();
            assert!(self.tenant.approve(code, USER));
            Ok(())
        })?;
        ran.ended(0)?;
        Ok(())
    }

    /// The codes of what is wrong, in order.
    pub(crate) fn wrong(&self) -> Checked<Vec<String>> {
        let ran = self.stage.machine.run(&["doctor", "--json"])?;
        let checks = ran.json()?["checks"].as_array().cloned();
        let wrong = |it: &&Value| it["status"] == "failed" || it["status"] == "warning";
        let code = |it: &Value| it["code"].as_str().map(str::to_owned);
        let checks = checks.unwrap_or_default();
        Ok(checks.iter().filter(wrong).filter_map(code).collect())
    }

    /// Runs `doctor --fix` with both secrets.
    pub(crate) fn fix(&self) -> Checked<Ran> {
        let path = |name: &str| self.stage.machine.path(name).display().to_string();
        let (admin, token) = (path("admin"), path("token"));
        self.stage.machine.run(&[
            "doctor",
            "--fix",
            "--yes",
            "--admin-secret-file",
            &admin,
            "--token-file",
            &token,
        ])
    }

    /// Fails unless every check passes.
    pub(crate) fn assert_working(&self) -> Checked {
        let ran = self.stage.machine.run(&["doctor"])?.ended(0)?;
        let passed = ran.stdout.lines().all(|line| line.starts_with('✓'));
        assert!(passed, "{}", ran.stdout);
        Ok(())
    }
}

/// A stage whose machine keeps the tenant's token secret too.
pub(crate) fn stage() -> Checked<Option<Stage>> {
    let mut stage = Stage::new().map_err(|error| error.to_string())?;
    if let Some(stage) = &mut stage {
        stage.machine.keep_secret(TOKEN);
    }
    Ok(stage)
}
