//! Injects random faults into the sandbox.

use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::error::CliError;

/// The most requests between two that meet a fault.
const GAP: u64 = 8;
/// The same for mutations, which are rarer.
const GAP_OF_MUTATIONS: u64 = 3;
/// How long to wait before the next fault for each one that has not met its request,
/// in milliseconds.
const STEP_MS: u64 = 4;
/// How far both clocks jump when tokens expire: their lifetime, in seconds.
const LIFETIME_S: i64 = 3600;
/// Longer than any time limit, in milliseconds.
const FOREVER_MS: u64 = 60_000;

/// Injects faults, and counts those that the sandbox does not count.
#[derive(Debug)]
pub(super) struct FaultInjector {
    rng: Rng,
    clock_s: i64,
    /// Live connections that were closed.
    pub(super) sockets_cut: u64,
    /// How often all tokens were expired.
    pub(super) tokens_ended: u64,
    /// Whether Ctrl-C ended the run.
    pub(super) interrupted: bool,
}

impl FaultInjector {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            rng,
            clock_s: 0,
            sockets_cut: 0,
            tokens_ended: 0,
            interrupted: false,
        }
    }

    /// Makes logins outlive the jumps of the clocks: tokens expire, logins do not.
    pub(super) async fn begin(&self, env: &DemoEnv) -> Result<(), CliError> {
        let endless = json!({
            "access_ttl_s": LIFETIME_S,
            "refresh_ttl_s": u32::MAX, "refresh_idle_s": u32::MAX, "leeway_s": u32::MAX,
        });
        let configured = env.control(Method::POST, "config", Some(&endless));
        configured.await.map(drop)
    }

    /// Injects one more fault.
    pub(super) async fn inject(&mut self, env: &DemoEnv) -> Result<(), CliError> {
        match self.rng.u8(..100) {
            0..2 => self.end_tokens(env).await?,
            2..5 => self.cut_sockets(env).await?,
            _ => {}
        }
        let (route, mut fault, gap) = if self.rng.bool() {
            ("mutation", self.lost_answer(), GAP_OF_MUTATIONS)
        } else {
            ("graphql", self.fault(), GAP)
        };
        fault["skip"] = json!(self.rng.u64(..gap));
        let waiting = set_fault(env, route, fault).await?;
        sleep(Duration::from_millis(waiting * STEP_MS)).await;
        Ok(())
    }

    /// Removes all faults.
    pub(super) async fn end(&self, env: &DemoEnv) -> Result<(), CliError> {
        let cleared = env.control(Method::DELETE, "faults", None);
        cleared.await.map(drop)
    }

    /// A fault for one request of any kind.
    fn fault(&mut self) -> Value {
        match self.rng.u8(..20) {
            0..4 => json!({"fault": "drop_after"}),
            4..7 => json!({"fault": "truncate"}),
            7..9 => json!({"fault": "drop_before"}),
            9..11 => json!({"fault": "refuse"}),
            11..14 => json!({"fault": "delay", "ms": self.rng.u64(1..50)}),
            14..16 => json!({"fault": "status", "status": 503}),
            16 => json!({"fault": "status", "status": 429, "retry_after": 1}),
            17..19 => json!({"fault": "html", "status": 200}),
            _ => json!({"fault": "html", "status": 502}),
        }
    }

    /// The hardest faults: the write is committed but not acknowledged. A write that
    /// was not committed looks the same to the client.
    fn lost_answer(&mut self) -> Value {
        match self.rng.u8(..40) {
            0..24 => json!({"fault": "drop_after"}),
            24..34 => json!({"fault": "truncate"}),
            34..38 => json!({"fault": "drop_before"}),
            38 => json!({"fault": "delay_after", "ms": FOREVER_MS}),
            _ => json!({"fault": "delay", "ms": FOREVER_MS}),
        }
    }

    /// Expires every access token by setting both clocks forward; one of the requests
    /// for a new one fails, too.
    async fn end_tokens(&mut self, env: &DemoEnv) -> Result<(), CliError> {
        self.clock_s += LIFETIME_S + 1;
        self.tokens_ended += 1;
        let fault = self.fault();
        set_fault(env, "token", fault).await?;
        let later = json!({"clock_s": self.clock_s, "hasura_clock_s": self.clock_s});
        let configured = env.control(Method::POST, "config", Some(&later));
        configured.await.map(drop)
    }

    /// Closes every live connection; one of the attempts to reconnect fails.
    async fn cut_sockets(&mut self, env: &DemoEnv) -> Result<(), CliError> {
        let cut = env.control(Method::POST, "cut-sockets", None).await?;
        self.sockets_cut += cut["cut"].as_u64().unwrap_or_default();
        let fault = if self.rng.bool() {
            "refuse"
        } else {
            "drop_after"
        };
        set_fault(env, "socket", json!({"fault": fault})).await?;
        Ok(())
    }
}

/// Sets a fault for one request to `route`. Returns how many wait there.
async fn set_fault(env: &DemoEnv, route: &str, mut fault: Value) -> Result<u64, CliError> {
    fault["route"] = json!(route);
    fault["times"] = json!(1);
    let set = env.control(Method::POST, "faults", Some(&fault)).await?;
    Ok(set["waiting"].as_u64().unwrap_or_default())
}
