//! Every operation with every fault over real HTTP: the error, the outbox during the
//! fault, and the final state.

use std::collections::BTreeSet;
use std::fmt;

use reqwest::Method;
use serde_json::{Value, json};
use tudone::auth::access::AccessToken;
use tudone::auth::session::AuthSession;
use tudone::domain::change::Progress;
use tudone::sync::backoff::Backoff;
use tudone::sync::remote::RemoteError;
use tudone::sync::round::{RoundError, RoundReport};

use crate::bench::{ADA, Bench, Checked, key_of};
use crate::device::Device;
use crate::faulty_client::{Fault, FaultyClient, RETRY_AFTER, Request};

const FAULTS: [Fault; 10] = [
    Fault::ConnectionRefused,
    Fault::TimedOut,
    Fault::CutInTheRequest,
    Fault::DroppedBefore,
    Fault::DroppedAfter,
    Fault::Unavailable,
    Fault::TooManyRequests,
    Fault::WebPage,
    Fault::Truncated,
    Fault::TokenExpired,
];

/// A user's operation on a device that knows the todos `a` and `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Edit,
    Remove,
    /// Deletes a todo whose add arrived without an answer.
    RemoveOfArrivedAdd,
    /// Deletes a todo whose add was sent and did not arrive.
    RemoveOfLostAdd,
    /// Pulls another device's changes after an answered add.
    Pull,
    /// Runs the first round of a new device, with an add.
    FirstRound,
}

const OPERATIONS: [Operation; 7] = [
    Operation::Add,
    Operation::Edit,
    Operation::Remove,
    Operation::RemoveOfArrivedAdd,
    Operation::RemoveOfLostAdd,
    Operation::Pull,
    Operation::FirstRound,
];

/// One combination of operation, fault and backend.
#[derive(Clone, Copy)]
struct Case {
    bare: bool,
    operation: Operation,
    fault: Fault,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backend = if self.bare { "bare" } else { "full" };
        write!(
            f,
            "{:?} meets {:?} on a {backend} backend",
            self.operation, self.fault
        )
    }
}

impl Case {
    /// Returns the request that the fault affects.
    fn struck(self) -> Request {
        match self.operation {
            // The snapshot shows that there is nothing to delete.
            Operation::RemoveOfLostAdd if self.bare => Request::Pull,
            Operation::Add
            | Operation::Edit
            | Operation::Remove
            | Operation::RemoveOfArrivedAdd
            | Operation::RemoveOfLostAdd => Request::Push,
            Operation::Pull => Request::Pull,
            Operation::FirstRound => Request::Capabilities,
        }
    }

    /// Performs the user's operation before the fault.
    async fn arrange(self, table: &mut Table<'_>) -> Checked {
        let Table { device, other, .. } = table;
        if self.operation != Operation::FirstRound {
            device.rounds().await?;
        }
        match self.operation {
            Operation::Add | Operation::FirstRound => device.add(3, "new"),
            Operation::Edit => device.edit(device.key("a")?, "a", "x a"),
            Operation::Remove => device.remove(device.key("b")?, "b"),
            Operation::RemoveOfArrivedAdd => table.add_in_vain(Fault::DroppedAfter).await,
            Operation::RemoveOfLostAdd => table.add_in_vain(Fault::DroppedBefore).await,
            Operation::Pull => {
                other.add(4, "theirs")?;
                other.rounds().await?;
                device.add(3, "new")
            }
        }
    }

    /// Returns the expected texts during the fault, sorted.
    fn shown(self) -> &'static [&'static str] {
        match self.operation {
            Operation::Add | Operation::Pull => &["a", "b", "new"],
            Operation::Edit => &["b", "x a"],
            Operation::Remove => &["a"],
            Operation::RemoveOfArrivedAdd | Operation::RemoveOfLostAdd => &["a", "b"],
            Operation::FirstRound => &["new"],
        }
    }

    /// Returns the expected rows at the end, sorted.
    fn rows(self) -> &'static [&'static str] {
        match self.operation {
            Operation::Pull => &["a", "b", "new", "theirs"],
            Operation::FirstRound => &["a", "b", "new"],
            Operation::Add
            | Operation::Edit
            | Operation::Remove
            | Operation::RemoveOfArrivedAdd
            | Operation::RemoveOfLostAdd => self.shown(),
        }
    }

    /// Returns the expected progress of the change during the fault.
    fn progress(self) -> Progress {
        match self.struck() {
            Request::Push if self.fault.may_have_arrived() => Progress::Sent { tries: 1 },
            Request::Pull if self.operation == Operation::Pull => Progress::Answered,
            Request::Push | Request::Pull | Request::Capabilities => Progress::Pending,
        }
    }

    /// Runs the case with its own server and devices.
    async fn play(self) -> Checked {
        let bench = if self.bare {
            Bench::bare().await?
        } else {
            Bench::full().await?
        };
        let home = tempfile::tempdir()?;
        let (sub, kept) = bench.login().await?;
        let session = bench.session(kept, home.path())?;
        // From here on a token is requested only if one was rejected.
        session.bearer().await?;
        let mut table = Table {
            device: Device::with(&bench, bench.hasura_with(session.clone())?)?,
            other: Device::in_memory(&bench, &sub).await?,
            session,
            bench: &bench,
        };
        table.other.add(1, "a")?;
        table.other.add(2, "b")?;
        table.other.rounds().await?;
        self.arrange(&mut table).await?;

        let client = FaultyClient::new(&bench, &table.session, self.struck(), self.fault)?;
        let outcome = table.device.round_with(&client).await;
        same("the fault", &client.has_struck(), &true)?;
        self.check_outcome(&outcome)?;
        self.check_requests(&bench).await?;
        if self.fault != Fault::TokenExpired {
            self.check_meanwhile(&table.device)?;
        }

        let mut device = table.device;
        device.rounds().await?;
        // An answer found in a pull leaves the outbox with the pull after it.
        device.rounds().await?;
        let mut found = bench.texts(&sub)?;
        found.sort();
        same("the rows", &found, &self.rows())?;
        same("what is shown", &device.shown()?, &self.rows())?;
        same("the outbox", &device.store.outbox()?, &vec![])?;
        let mut third = Device::in_memory(&bench, &sub).await?;
        third.rounds().await?;
        same("what another device shows", &third.shown()?, &self.rows())
    }

    fn check_outcome(self, outcome: &Result<RoundReport, RoundError>) -> Checked {
        if self.fault == Fault::TokenExpired {
            let waiting = outcome.as_ref().map(|report| report.waiting);
            return same("what waits", &waiting.ok(), &Some(0));
        }
        let Err(RoundError::Remote(error)) = outcome else {
            return Err(format!("the round ended with {outcome:?}").into());
        };
        if !self.fault.is_told_by(error) || !error.retryable() {
            return Err(format!("the error is {error:?}").into());
        }
        let wait = Backoff::new().failed(error.retry_after(), &mut fastrand::Rng::with_seed(7));
        let is_asked_for = self.fault == Fault::TooManyRequests;
        same("a long pause", &(wait >= RETRY_AFTER), &is_asked_for)
    }

    /// Checks that the fault ends the round: nothing is retried at once.
    async fn check_requests(self, bench: &Bench) -> Checked {
        let log = bench.control(Method::GET, "log", Value::Null).await?;
        let log = log.as_array().ok_or("no log")?;
        let to = |route: &str| log.iter().filter(|it| it["route"] == route).count();
        if self.fault == Fault::TokenExpired {
            return same("refreshes", &to("token"), &1);
        }
        let came = usize::from(self.fault.is_seen_by_the_server());
        same("requests", &(to("graphql"), log.len()), &(came, came))
    }

    fn check_meanwhile(self, device: &Device) -> Checked {
        let outbox = device.store.outbox()?;
        let last = outbox.last().ok_or("an empty outbox")?;
        same("the change", &last.entry.progress, &self.progress())?;
        same(
            "the texts shown during the fault",
            &device.shown()?,
            &self.shown(),
        )?;
        let failed_at = device.store.freshness()?.failed_at;
        same("a failure noted", &failed_at.is_some(), &true)
    }
}

/// A server, two devices of one user, and the session of the first.
struct Table<'a> {
    bench: &'a Bench,
    session: AuthSession,
    device: Device,
    other: Device,
}

impl Table<'_> {
    /// Adds a todo, with `fault` during the add, and deletes it.
    async fn add_in_vain(&mut self, fault: Fault) -> Checked {
        self.device.add(3, "new")?;
        let client = FaultyClient::new(self.bench, &self.session, Request::Push, fault)?;
        match self.device.round_with(&client).await {
            Err(RoundError::Remote(error)) if fault.is_told_by(&error) => {}
            other => return Err(format!("the add ended with {other:?}").into()),
        }
        self.device.remove(key_of(3), "new")
    }
}

fn same<T, U>(what: &str, found: &T, expected: &U) -> Checked
where
    T: PartialEq<U> + fmt::Debug,
    U: fmt::Debug,
{
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: found {found:?}, expected {expected:?}").into())
}

/// Runs every case; returns all failures.
async fn play_all(bare: bool) -> Checked {
    let mut wrong = Vec::new();
    for operation in OPERATIONS {
        for fault in FAULTS {
            let case = Case {
                bare,
                operation,
                fault,
            };
            if let Err(why) = case.play().await {
                wrong.push(format!("{case}: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn every_operation_survives_every_fault_on_a_full_backend() -> Checked {
    play_all(false).await
}

#[tokio::test]
async fn every_operation_survives_every_fault_on_a_bare_backend() -> Checked {
    play_all(true).await
}

/// The query that a login is verified with.
#[tokio::test]
async fn a_fault_never_turns_a_valid_login_into_a_rejected_one() -> Checked {
    let bench = Bench::full().await?;
    for fault in FAULTS {
        let token = AccessToken {
            secret: bench.token(ADA, json!({})).await?,
            expires_at: None,
            renew_at: None,
        };
        let session = AuthSession::fixed(token.secret.clone());
        let hasura = fault.client(&bench, session)?;
        fault.strike(&bench).await?;
        let error = hasura.verify(&token).await.err().ok_or("verified")?;
        assert!(fault.is_told_by(&error), "{fault:?}: {error:?}");
        let is_refused = matches!(error, RemoteError::Unauthorized { .. });
        assert_eq!(is_refused, fault == Fault::TokenExpired, "{fault:?}");
    }
    let again = AccessToken {
        secret: bench.token(ADA, json!({})).await?,
        expires_at: None,
        renew_at: None,
    };
    Ok(bench.hasura(ADA).await?.verify(&again).await?)
}

/// Adds a thousand todos, single and in batches; the answer to each add is dropped after
/// its commit, to some of them twice.
#[tokio::test]
async fn two_hundred_lost_answers_duplicate_none_of_a_thousand_todos() -> Checked {
    let bench = Bench::full().await?;
    let session = AuthSession::fixed(bench.token(ADA, json!({})).await?);
    let mut device = Device::with(&bench, bench.hasura_with(session.clone())?)?;
    let mut added = 0;
    for turn in 1..=200 {
        let batch = if turn % 4 == 0 { 17 } else { 1 };
        device.add_all(added + 1..=added + batch)?;
        added += batch;
        for _ in 0..if turn % 10 == 0 { 2 } else { 1 } {
            let client = FaultyClient::new(&bench, &session, Request::Push, Fault::DroppedAfter)?;
            let outcome = device.round_with(&client).await;
            let lost = matches!(
                outcome,
                Err(RoundError::Remote(RemoteError::ConnectionLost { .. }))
            );
            assert!(lost, "turn {turn}: {outcome:?}");
        }
        device.rounds().await?;
    }
    let tally = bench.control(Method::GET, "tally", Value::Null).await?;
    assert_eq!(tally["unanswered_commits"], 200, "{tally}");
    assert_eq!(tally["faults"]["drop_after"], 220, "{tally}");
    let texts: BTreeSet<String> = bench.texts(ADA)?.into_iter().collect();
    assert_eq!(
        (added, texts.len(), bench.texts(ADA)?.len()),
        (1000, 1000, 1000)
    );
    assert_eq!(device.shown()?.len(), 1000);
    assert_eq!(device.store.outbox()?, []);
    Ok(())
}
