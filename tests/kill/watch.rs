//! Observes which changes have reached the server.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Checked, DEADLINE, Machine, Sandbox};

/// The delay of an answer if some of the waiting processes survive: long enough to kill
/// the others.
pub(crate) const FOR_A_MOMENT: Duration = Duration::from_millis(250);
/// The delay if none survives: long enough on a busy machine.
pub(crate) const FOR_LONG: Duration = Duration::from_mins(5);

/// Delays the answers of mutations for `pause` after their commit.
pub(crate) fn withhold(sandbox: &Sandbox, pause: Duration) -> Checked {
    let order = json!({"route": "mutation", "fault": "delay_after", "ms": pause.as_millis()});
    sandbox.control(reqwest::Method::POST, "/faults", Some(order))?;
    Ok(())
}

/// Polls for new rows over one connection.
pub(crate) struct Watch {
    runtime: Runtime,
    client: Client,
    endpoint: String,
    log: String,
    token: String,
    last: i64,
}

impl Watch {
    /// Watches the rows of the user of `machine`.
    pub(crate) fn new(sandbox: &Sandbox, machine: &Machine) -> Checked<Self> {
        let sub = machine.json(&["whoami", "--json"])?["sub"].clone();
        let order = json!({"sub": sub, "claims": {}});
        let made = sandbox.control(reqwest::Method::POST, "/token", Some(order))?;
        let endpoint: Url = sandbox.address("endpoint").parse()?;
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            client: tudone::http::client(&endpoint)?,
            endpoint: endpoint.to_string(),
            log: format!("{}/log", sandbox.address("control")),
            token: made["token"].as_str().ok_or("no token")?.to_owned(),
            last: 0,
        })
    }

    /// Returns the texts of the rows committed since the last call.
    pub(crate) fn look(&mut self) -> Checked<Vec<String>> {
        let query = format!(
            "{{ todos(where: {{id: {{_gt: {}}}}}, order_by: {{id: asc}}) {{ id text }} }}",
            self.last
        );
        let request = self.client.post(&self.endpoint).bearer_auth(&self.token);
        let answer: Value = self.runtime.block_on(async {
            let answer = request.json(&json!({"query": query})).send().await?;
            answer.json().await
        })?;
        let rows = answer["data"]["todos"].as_array();
        let rows = rows.ok_or_else(|| answer.to_string())?;
        if let Some(last) = rows.last().and_then(|row| row["id"].as_i64()) {
            self.last = last;
        }
        let text = |row: &Value| row["text"].as_str().unwrap_or_default().to_owned();
        Ok(rows.iter().map(text).collect())
    }

    /// Returns the number of committed mutations whose client disappeared before the
    /// answer, since the log was cleared.
    pub(crate) fn cut_off(&self) -> Checked<usize> {
        let request = self.client.get(&self.log);
        let log: Value = self
            .runtime
            .block_on(async { request.send().await?.json().await })?;
        let log = log.as_array().ok_or("no log")?;
        Ok(log.iter().filter(|entry| entry["status"].is_null()).count())
    }

    /// Clears the log.
    pub(crate) fn forget(&self) -> Checked {
        let request = self.client.delete(&self.log);
        self.runtime.block_on(async { request.send().await })?;
        Ok(())
    }
}

/// Waits until the condition holds.
pub(crate) fn until(mut is_so: impl FnMut() -> Checked<bool>) -> Checked {
    let end = Instant::now() + DEADLINE;
    while !is_so()? {
        if Instant::now() > end {
            return Err("waited in vain".into());
        }
    }
    Ok(())
}

/// The rows that a [`Watch`] on another thread has seen.
#[derive(Default)]
pub(crate) struct Seen {
    texts: Mutex<HashSet<String>>,
    more: Condvar,
}

impl Seen {
    /// Adds rows and wakes waiting threads.
    pub(crate) fn add(&self, texts: Vec<String>) {
        let mut seen = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(texts);
        self.more.notify_all();
    }

    /// Returns whether `text` was seen; waits briefly for the next rows.
    pub(crate) fn has(&self, text: &str) -> bool {
        let seen = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(text) {
            return true;
        }
        let waited = self.more.wait_timeout(seen, Duration::from_millis(20));
        let (seen, _) = waited.unwrap_or_else(PoisonError::into_inner);
        seen.contains(text)
    }
}
