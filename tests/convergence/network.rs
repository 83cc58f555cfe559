//! The network between devices and server. Each request waits here until its fate is
//! decided.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use serde_json::{Value, json};
use tudone::auth::access::AccessToken;
use tudone::domain::line::Line;
use tudone::graphql::transport::{Received, Transport};
use tudone::http::RequestFailure;
use tudone::sync::remote::RemoteError;
use uuid::Uuid;

use crate::Checked;
use crate::server::{Server, ServerRow};
use crate::step::{DEVICES, Fate};
use crate::text::{name, tokens};

pub(crate) const ENDPOINT: &str = "https://hasura.example/v1/graphql";

/// Texts with this word are rejected by the role's permission.
pub(crate) const FORBIDDEN: &str = "forbidden";
/// Texts with this word make the server fail.
pub(crate) const POISON: &str = "poison";

type Reply = Result<Received, RemoteError>;

/// The request or answer in flight for one device.
#[derive(Debug, Default)]
struct InFlight {
    request: Option<Vec<u8>>,
    /// An answer that is held back.
    held: Option<Reply>,
    /// An answer that has arrived.
    answer: Option<Reply>,
}

/// An event at the server, to be replayed after a restore.
#[derive(Debug, Clone)]
enum Delivered {
    Request(Vec<u8>),
    Purge,
}

pub(crate) struct Network {
    server: Box<dyn Server>,
    user: i64,
    in_flight: [InFlight; DEVICES],
    /// Requests that count as lost, or copies.
    stray: Vec<(usize, Vec<u8>)>,
    delivered: Vec<Delivered>,
    /// The number of `delivered` events in the administrator's copy.
    copy: Option<usize>,
    /// Every part of every text that the server ever had, by the todo's name.
    pub(crate) seen: BTreeSet<(String, String)>,
    /// Completions of repeating todos.
    pub(crate) completions: Vec<Completion>,
    /// The keys of every add that arrived.
    pub(crate) arrived: BTreeSet<String>,
}

/// A repeating todo that went from open to done on the server.
#[derive(Debug, Clone)]
pub(crate) struct Completion {
    /// The device; `None` for another program.
    pub(crate) device: Option<usize>,
    pub(crate) todo: Uuid,
    /// The replaced revision; 0 if the todo was added done.
    pub(crate) replaced: i64,
    pub(crate) text: String,
    /// Whether the request arrived twice and the second answer was received, which says
    /// that the edit did not apply.
    pub(crate) unheard: bool,
}

/// A request's operation.
pub(crate) fn operation(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if body.is_array() {
        return "several".to_owned();
    }
    body["operationName"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn is_write(body: &[u8]) -> bool {
    !matches!(
        operation(body).as_str(),
        "Capabilities" | "Mark" | "Pull" | "Snapshot" | "Verify"
    )
}

fn holds(body: &[u8], word: &str) -> bool {
    body.windows(word.len()).any(|part| part == word.as_bytes())
}

fn failure(code: &str, message: &str) -> Vec<u8> {
    let error = json!({"message": message, "extensions": {"path": "$", "code": code}});
    json!({"errors": [error]}).to_string().into_bytes()
}

fn answered(status: u16, body: impl Into<Vec<u8>>) -> Received {
    Received {
        status,
        retry_after: None,
        body: body.into(),
    }
}

fn lost() -> Reply {
    Err(RemoteError::ConnectionLost {
        host: "hasura.example".to_owned(),
        reason: RequestFailure::Other("connection reset".to_owned()),
    })
}

impl Network {
    pub(crate) fn new(mut server: Box<dyn Server>) -> Checked<Self> {
        server.reset(1)?;
        Ok(Self {
            server,
            user: 1,
            in_flight: Default::default(),
            stray: Vec::new(),
            delivered: Vec::new(),
            copy: None,
            seen: BTreeSet::new(),
            completions: Vec::new(),
            arrived: BTreeSet::new(),
        })
    }

    /// Returns the operation whose fate is undecided.
    pub(crate) fn waiting(&self, device: usize) -> Option<String> {
        let in_flight = self.in_flight.get(device)?;
        match &in_flight.held {
            Some(_) => Some("held".to_owned()),
            None => in_flight.request.as_deref().map(operation),
        }
    }

    /// Returns whether the device waits for a write that has not arrived.
    pub(crate) fn is_about_to_write(&self, device: usize) -> bool {
        let request = self
            .in_flight
            .get(device)
            .and_then(|in_flight| in_flight.request.as_deref());
        request.is_some_and(is_write)
    }

    /// Applies a fate to the waiting request.
    pub(crate) fn decide(&mut self, device: usize, fate: Fate) -> Checked {
        let Some(in_flight) = self.in_flight.get_mut(device) else {
            return Err("no such device".into());
        };
        let outcome = match (in_flight.held.take(), in_flight.request.take()) {
            (Some(answer), _) => match fate {
                Fate::LostBefore | Fate::LostAfter | Fate::Unreachable => Some(lost()),
                Fate::Fine
                | Fate::Straggles
                | Fate::Twice
                | Fate::Copied
                | Fate::Held
                | Fate::Html
                | Fate::Unavailable
                | Fate::Busy
                | Fate::Unexpected => Some(answer),
            },
            (None, Some(request)) => self.carry(device, request, fate)?,
            (None, None) => None,
        };
        if let Some(in_flight) = self.in_flight.get_mut(device) {
            in_flight.answer = outcome;
        }
        Ok(())
    }

    fn carry(&mut self, device: usize, request: Vec<u8>, fate: Fate) -> Checked<Option<Reply>> {
        Ok(Some(match fate {
            Fate::Fine => Ok(answered(200, self.arrive(Some(device), &request)?)),
            Fate::Unreachable => Err(RemoteError::Unreachable {
                host: "hasura.example".to_owned(),
                reason: RequestFailure::Other("no route".to_owned()),
            }),
            Fate::LostBefore => lost(),
            Fate::LostAfter => {
                self.arrive(Some(device), &request)?;
                lost()
            }
            Fate::Straggles => {
                self.stray.push((device, request));
                lost()
            }
            Fate::Twice => {
                let known = self.completions.len();
                self.arrive(Some(device), &request)?;
                let new = self.completions.iter_mut().skip(known);
                new.for_each(|completion| completion.unheard = true);
                Ok(answered(200, self.arrive(Some(device), &request)?))
            }
            Fate::Copied => {
                let answer = self.arrive(Some(device), &request)?;
                self.stray.push((device, request));
                Ok(answered(200, answer))
            }
            Fate::Held => {
                let answer = self.arrive(Some(device), &request)?;
                if let Some(in_flight) = self.in_flight.get_mut(device) {
                    in_flight.held = Some(Ok(answered(200, answer)));
                }
                return Ok(None);
            }
            Fate::Html => {
                self.arrive(Some(device), &request)?;
                Ok(answered(200, "<html>"))
            }
            Fate::Unavailable => Ok(answered(503, "<html>")),
            Fate::Busy => Ok(answered(429, "")),
            Fate::Unexpected => Ok(answered(200, failure("unexpected", "database query error"))),
        }))
    }

    /// Delivers a request of one or several operations.
    pub(crate) fn arrive(&mut self, device: Option<usize>, request: &[u8]) -> Checked<Vec<u8>> {
        let Ok(operations) = serde_json::from_slice::<Vec<Value>>(request) else {
            return self.carry_out(device, request);
        };
        let mut answers = Vec::new();
        for operation in operations {
            let answer = self.carry_out(device, &serde_json::to_vec(&operation)?)?;
            answers.push(String::from_utf8(answer)?);
        }
        Ok(format!("[{}]", answers.join(",")).into_bytes())
    }

    fn carry_out(&mut self, device: Option<usize>, request: &[u8]) -> Checked<Vec<u8>> {
        if !is_write(request) {
            return self.server.answer(self.user, request);
        }
        if holds(request, FORBIDDEN) {
            let message = "check constraint of an insert/update permission has failed";
            return Ok(failure("permission-error", message));
        }
        if holds(request, POISON) {
            return Ok(failure("unexpected", "database query error"));
        }
        self.delivered.push(Delivered::Request(request.to_owned()));
        let before = self.repeating()?;
        let answer = self.server.answer(self.user, request)?;
        self.look()?;
        self.note_completions(device, &before)?;
        self.note_adds(request)?;
        Ok(answer)
    }

    fn look(&mut self) -> Checked {
        for row in self.server.rows()? {
            let name = name(&row.text);
            let parts = tokens(&row.text);
            self.seen
                .extend(parts.into_iter().map(|part| (name.clone(), part)));
        }
        Ok(())
    }

    /// Returns text and revision of every repeating todo.
    fn repeating(&mut self) -> Checked<BTreeMap<Uuid, (String, i64)>> {
        let mut rows = self.server.rows()?;
        rows.retain(|row| Line::new(&row.text).recurrence().is_some());
        let mut todos = BTreeMap::new();
        if !rows.is_empty() {
            let revisions = self.server.revisions()?;
            for row in rows {
                let revision = revisions.get(&row.id).copied().unwrap_or_default();
                todos.insert(row.key.parse()?, (row.text, revision));
            }
        }
        Ok(todos)
    }

    fn note_completions(
        &mut self,
        device: Option<usize>,
        before: &BTreeMap<Uuid, (String, i64)>,
    ) -> Checked {
        for (todo, (text, _)) in self.repeating()? {
            let (was_done, replaced) = match before.get(&todo) {
                Some((text, revision)) => (Line::new(text).is_done(), *revision),
                None => (false, 0),
            };
            if Line::new(&text).is_done() && !was_done {
                self.completions.push(Completion {
                    device,
                    todo,
                    replaced,
                    text,
                    unheard: false,
                });
            }
        }
        Ok(())
    }

    fn note_adds(&mut self, request: &[u8]) -> Checked {
        let body: Value = serde_json::from_slice(request)?;
        let variables = &body["variables"];
        let objects = variables["objects"].as_array().into_iter().flatten();
        let keys = objects.map(|object| &object["client_id"]);
        let keys = keys.chain([&variables["key"]]).filter_map(Value::as_str);
        self.arrived.extend(keys.map(str::to_owned));
        Ok(())
    }

    /// Delivers a stray request and drops its answer.
    pub(crate) fn straggle(&mut self, pick: u8) -> Checked {
        if self.stray.is_empty() {
            return Ok(());
        }
        let (device, request) = self.stray.swap_remove(usize::from(pick) % self.stray.len());
        self.arrive(Some(device), &request)?;
        Ok(())
    }

    /// Delivers everything in flight.
    pub(crate) fn clear(&mut self) -> Checked {
        while !self.stray.is_empty() {
            self.straggle(0)?;
        }
        Ok(())
    }

    /// Drops a device's request and answer, as when its process dies.
    pub(crate) fn forget(&mut self, device: usize) {
        if let Some(in_flight) = self.in_flight.get_mut(device) {
            *in_flight = InFlight::default();
        }
    }

    /// Purges the tombstones. They outlive every request in flight.
    pub(crate) fn purge(&mut self) -> Checked {
        self.stray.clear();
        self.delivered.push(Delivered::Purge);
        self.server.purge()
    }

    pub(crate) fn back_up(&mut self) {
        self.copy = Some(self.delivered.len());
    }

    /// Restores the server from the copy; returns whether there was one.
    pub(crate) fn restore(&mut self) -> Checked<bool> {
        let Some(length) = self.copy else {
            return Ok(false);
        };
        self.stray.clear();
        self.delivered.truncate(length);
        self.server.reset(self.user)?;
        for delivered in &self.delivered {
            match delivered {
                Delivered::Request(request) => drop(self.server.answer(self.user, request)?),
                Delivered::Purge => self.server.purge()?,
            }
        }
        Ok(true)
    }

    pub(crate) fn reset(&mut self, same_user: bool) -> Checked {
        self.stray.clear();
        self.delivered.clear();
        self.copy = None;
        self.user += i64::from(!same_user);
        self.server.reset(self.user)
    }

    pub(crate) fn upgrade(&mut self) -> Checked {
        self.server.upgrade()
    }

    /// Returns the revision of a row.
    pub(crate) fn revision(&mut self, id: i64) -> Checked<i64> {
        let revisions = self.server.revisions()?;
        Ok(revisions.get(&id).copied().unwrap_or_default())
    }

    pub(crate) fn rows(&mut self) -> Checked<Vec<ServerRow>> {
        self.server.rows()
    }
}

/// One device's transport to the server.
#[derive(Clone)]
pub(crate) struct Wire {
    pub(crate) device: usize,
    pub(crate) network: Rc<RefCell<Network>>,
}

impl Transport for Wire {
    fn endpoint(&self) -> &str {
        ENDPOINT
    }

    fn host(&self) -> &'static str {
        "hasura.example"
    }

    async fn post(&self, body: Vec<u8>, _: &AccessToken, _: usize) -> Reply {
        if let Some(in_flight) = self.network.borrow_mut().in_flight.get_mut(self.device) {
            in_flight.request = Some(body);
        }
        poll_fn(|_| {
            let mut network = self.network.borrow_mut();
            let answer = network
                .in_flight
                .get_mut(self.device)
                .and_then(|in_flight| in_flight.answer.take());
            answer.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
