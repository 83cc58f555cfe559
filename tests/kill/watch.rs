//! What has reached the server, seen from outside the program.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Checked, DEADLINE, Machine, Sandbox};

/// How long the server sits on an answer where some of those who wait for it are
/// to live: long enough to aim.
pub(crate) const FOR_A_MOMENT: Duration = Duration::from_millis(250);
/// And where nobody who waits for it lives: however busy the machine is.
pub(crate) const FOR_LONG: Duration = Duration::from_mins(5);

/// Withholds the answers of mutations for so long after they are committed.
pub(crate) fn withhold(sandbox: &Sandbox, pause: Duration) -> Checked {
    let order = json!({"route": "mutation", "fault": "delay_after", "ms": pause.as_millis()});
    sandbox.control(reqwest::Method::POST, "/faults", Some(order))?;
    Ok(())
}

/// Asks for rows that are new, with one connection kept open.
pub(crate) struct Watch {
    runtime: Runtime,
    client: Client,
    endpoint: String,
    log: String,
    token: String,
    last: i64,
}

impl Watch {
    /// Watches the rows of whoever is logged in on `machine`.
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

    /// The texts of the rows that were committed since the last look.
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

    /// How many mutations were committed whose client was gone before their
    /// answer, since the log was emptied.
    pub(crate) fn cut_off(&self) -> Checked<usize> {
        let request = self.client.get(&self.log);
        let log: Value = self
            .runtime
            .block_on(async { request.send().await?.json().await })?;
        let log = log.as_array().ok_or("no log")?;
        Ok(log.iter().filter(|entry| entry["status"].is_null()).count())
    }

    /// Empties the log.
    pub(crate) fn forget(&self) -> Checked {
        let request = self.client.delete(&self.log);
        self.runtime.block_on(async { request.send().await })?;
        Ok(())
    }
}

/// Waits until it is so.
pub(crate) fn until(mut is_so: impl FnMut() -> Checked<bool>) -> Checked {
    let end = Instant::now() + DEADLINE;
    while !is_so()? {
        if Instant::now() > end {
            return Err("waited in vain".into());
        }
    }
    Ok(())
}

/// What a [`Watch`] on another thread has seen.
#[derive(Default)]
pub(crate) struct Seen {
    texts: Mutex<HashSet<String>>,
    more: Condvar,
}

impl Seen {
    /// Tells of rows, and wakes who waits.
    pub(crate) fn add(&self, texts: Vec<String>) {
        let mut seen = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(texts);
        self.more.notify_all();
    }

    /// Returns whether `text` was seen; waits a moment for the next look.
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
