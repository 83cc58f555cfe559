//! What goes wrong: faults ordered from the sandbox at random.

use std::time::Duration;

use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cli::commands::demo::env::DemoEnv;
use crate::cli::error::CliError;

/// At most so many requests pass between two that meet a fault.
const CALM: u64 = 8;
/// The same of mutations, which are rarer.
const CALM_OF_MUTATIONS: u64 = 3;
/// How long a fault that waits for its request is waited for before another
/// one is ordered, in milliseconds.
const STEP_MS: u64 = 4;
/// How far both clocks jump when tokens end: their lifetime, in seconds.
const LIFETIME_S: i64 = 3600;
/// Longer than anybody waits, in milliseconds.
const FOR_EVER_MS: u64 = 60_000;

/// What goes wrong, and how often it did.
#[derive(Debug)]
pub(super) struct FaultInjector {
    rng: Rng,
    clock_s: i64,
    /// Live connections that were cut.
    pub(super) sockets_cut: u64,
    /// How often every token there was ended.
    pub(super) tokens_ended: u64,
    /// Whether Ctrl-C ended it.
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

    /// Makes logins outlive the jumps of the clocks: tokens end, logins do not.
    pub(super) async fn begin(&self, ground: &DemoEnv) -> Result<(), CliError> {
        let endless = json!({
            "access_ttl_s": LIFETIME_S,
            "refresh_ttl_s": u32::MAX, "refresh_idle_s": u32::MAX, "leeway_s": u32::MAX,
        });
        let configured = ground.control(Method::POST, "config", Some(&endless));
        configured.await.map(drop)
    }

    /// One more thing goes wrong.
    pub(super) async fn strike(&mut self, ground: &DemoEnv) -> Result<(), CliError> {
        match self.rng.u8(..100) {
            0..2 => self.end_tokens(ground).await?,
            2..5 => self.cut_sockets(ground).await?,
            _ => {}
        }
        let (route, mut fault, calm) = if self.rng.bool() {
            ("mutation", self.lost_answer(), CALM_OF_MUTATIONS)
        } else {
            ("graphql", self.fault(), CALM)
        };
        fault["skip"] = json!(self.rng.u64(..calm));
        let waiting = order(ground, route, fault).await?;
        sleep(Duration::from_millis(waiting * STEP_MS)).await;
        Ok(())
    }

    /// No more faults.
    pub(super) async fn end(&self, ground: &DemoEnv) -> Result<(), CliError> {
        let healed = ground.control(Method::DELETE, "faults", None);
        healed.await.map(drop)
    }

    /// A fault of one request, whatever it asks for.
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

    /// The meanest faults: what was written is committed, and nobody is told.
    /// One that was not looks the same from outside.
    fn lost_answer(&mut self) -> Value {
        match self.rng.u8(..40) {
            0..24 => json!({"fault": "drop_after"}),
            24..34 => json!({"fault": "truncate"}),
            34..38 => json!({"fault": "drop_before"}),
            38 => json!({"fault": "delay_after", "ms": FOR_EVER_MS}),
            _ => json!({"fault": "delay", "ms": FOR_EVER_MS}),
        }
    }

    /// Ends every access token at once, by setting both clocks forward; one
    /// of the requests for a new one fails, too.
    async fn end_tokens(&mut self, ground: &DemoEnv) -> Result<(), CliError> {
        self.clock_s += LIFETIME_S + 1;
        self.tokens_ended += 1;
        let fault = self.fault();
        order(ground, "token", fault).await?;
        let later = json!({"clock_s": self.clock_s, "hasura_clock_s": self.clock_s});
        let configured = ground.control(Method::POST, "config", Some(&later));
        configured.await.map(drop)
    }

    /// Cuts every live connection; one of the attempts to open another fails.
    async fn cut_sockets(&mut self, ground: &DemoEnv) -> Result<(), CliError> {
        let cut = ground.control(Method::POST, "cut-sockets", None).await?;
        self.sockets_cut += cut["cut"].as_u64().unwrap_or_default();
        let fault = if self.rng.bool() {
            "refuse"
        } else {
            "drop_after"
        };
        order(ground, "socket", json!({"fault": fault})).await?;
        Ok(())
    }
}

/// Orders a fault for one request to `route`, and tells how many wait there.
async fn order(ground: &DemoEnv, route: &str, mut fault: Value) -> Result<u64, CliError> {
    fault["route"] = json!(route);
    fault["times"] = json!(1);
    let ordered = ground.control(Method::POST, "faults", Some(&fault)).await?;
    Ok(ordered["waiting"].as_u64().unwrap_or_default())
}
