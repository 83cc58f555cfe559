//! A Hasura v2 for development: GraphQL over `SQLite`.
//!
//! It parses documents with a library and interprets them itself, against a
//! small description of tables and permissions. A GraphQL server library would
//! bring its own validation; what clients meet at a real Hasura is Hasura's:
//! its error texts, its codes, its paths, its order of checks, its reading of
//! `null`, of lists of one and of texts that `PostgreSQL` then refuses. Those
//! are behaviour to imitate, so they are written down here rather than
//! inherited.
//!
//! ```text
//! answer    jwt          what comes back (written); who asks
//! table     role         tables; permissions of a role, after the policy
//! types     schema       the types that follow from them (inputs, introspection)
//! document  selection    a request against those types (grammar, variables, directives, coerce)
//! filter    select       conditions and reading (value, timestamp, pattern)
//! store     mutate       revisions, tombstones and writing (insert, rows, fixture)
//! execute                one request in one transaction
//! protocol  socket       websockets: the rules; the wire (live)
//! ```

mod answer;
mod coerce;
mod directives;
mod document;
mod error;
mod execute;
mod filter;
mod fixture;
mod grammar;
mod inputs;
mod insert;
mod introspection;
mod jwt;
mod live;
mod mutate;
mod pattern;
mod policy;
mod protocol;
mod role;
mod rows;
mod schema;
mod select;
mod selection;
mod socket;
mod store;
mod table;
mod timestamp;
mod types;
mod value;
mod variables;
mod written;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use axum::http::HeaderMap;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde_json::Value;
use tokio::sync::watch;

pub(super) use self::grammar::parsed;
pub use self::{
    answer::GraphqlAnswer, error::BackendError, jwt::JwtConfig, policy::Policy, table::Shape,
};
use self::{
    answer::{ErrorCode, RequestError},
    document::GraphqlRequest,
    execute::Prepared,
    jwt::{Headers, RequestSession},
    store::RowWriter,
    types::Types,
};

/// A Hasura over `SQLite`. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Backend {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: Mutex<Connection>,
    configured: RwLock<Configured>,
    admin_secret: String,
    /// Counts commits that changed something: live queries watch it.
    commits: watch::Sender<u64>,
    /// Counts changes of the configuration, which end all sockets.
    configurations: watch::Sender<u64>,
}

#[derive(Debug)]
struct Configured {
    shape: Shape,
    jwt: JwtConfig,
    policy: Policy,
    /// Texts of todos that a new user is given.
    welcome: Vec<String>,
    /// The schema of each role, made when first asked for.
    types: HashMap<String, Arc<Types>>,
}

impl Backend {
    /// Opens a database file, or one in memory. A file that exists keeps its
    /// rows, its shape and its admin secret.
    ///
    /// # Errors
    /// When `SQLite` cannot open it.
    pub fn open(file: Option<&Path>, shape: Shape) -> Result<Self, BackendError> {
        let connection = store::open(file)?;
        let wanted = match shape {
            Shape::Full => "full",
            Shape::Bare => "bare",
        };
        let kept = store::setting(&connection, "shape", || wanted.to_owned())?;
        let secret = || format!("{:032x}", fastrand::u128(..));
        let admin_secret = store::setting(&connection, "admin_secret", secret)?;
        let shape = match kept.as_str() {
            "bare" => Shape::Bare,
            _ => Shape::Full,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                connection: Mutex::new(connection),
                configured: RwLock::new(Configured {
                    shape,
                    jwt: JwtConfig::default(),
                    policy: Policy::default(),
                    welcome: Vec::new(),
                    types: HashMap::new(),
                }),
                admin_secret,
                commits: watch::Sender::new(0),
                configurations: watch::Sender::new(0),
            }),
        })
    }

    /// Sets the todos that every new user is given.
    pub fn set_welcome(&self, texts: Vec<String>) {
        self.write_configured().welcome = texts;
    }

    /// Sets how tokens are verified. Open sockets are closed, as Hasura does.
    pub fn set_jwt(&self, jwt: JwtConfig) {
        self.configure(|configured| configured.jwt = jwt);
    }

    /// Sets the mistakes of the configuration. Open sockets are closed.
    pub fn set_policy(&self, policy: Policy) {
        self.configure(|configured| configured.policy = policy);
    }

    /// The mistakes that are set.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.read_configured(|configured| configured.policy.clone())
    }

    /// Returns the shape of the database.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.read_configured(|configured| configured.shape)
    }

    /// The secret that makes a request an administrator's.
    #[must_use]
    pub fn admin_secret(&self) -> &str {
        &self.inner.admin_secret
    }

    /// Answers one `POST /v1/graphql`: one operation, or a batch of them.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap, body: &[u8]) -> GraphqlAnswer {
        let answered = self.answered(headers, body);
        answered.unwrap_or_else(|fault| GraphqlAnswer::refusal(&fault))
    }

    fn answered(&self, headers: &HeaderMap, body: &[u8]) -> Result<GraphqlAnswer, RequestError> {
        let session = self.authenticate(&Headers::from(headers))?;
        let body: Value =
            serde_json::from_slice(body).map_err(|error| answer::bad_json(body, &error))?;
        let requests = GraphqlRequest::read_all(&body)?;
        let answer = |request: &GraphqlRequest| {
            let done = self.run(&session, request);
            done.unwrap_or_else(|fault| GraphqlAnswer::refusal(&fault))
        };
        let answers: Vec<GraphqlAnswer> = requests.iter().map(answer).collect();
        Ok(GraphqlAnswer::batch(answers, body.is_array()))
    }

    /// Runs one operation that is no subscription.
    fn run(
        &self,
        session: &RequestSession,
        request: &GraphqlRequest,
    ) -> Result<GraphqlAnswer, RequestError> {
        let types = self.types(&session.role);
        let prepared = execute::prepare(&types, request)?;
        self.answered_by(&types, session, &prepared)
    }

    /// The answer of an operation that ends with it.
    fn answered_by(
        &self,
        types: &Types,
        session: &RequestSession,
        prepared: &Prepared,
    ) -> Result<GraphqlAnswer, RequestError> {
        match prepared {
            Prepared::Subscription(_) => Err(RequestError::new(
                ErrorCode::UnexpectedPayload,
                "subscriptions are not supported over HTTP, use websockets instead",
            )),
            Prepared::Query(fields) => {
                let data = execute::read(&self.connection(), types, session, fields)?;
                Ok(GraphqlAnswer::success(fields, data, false))
            }
            Prepared::Mutation(fields) => {
                let (shape, now) = (self.shape(), self.now().as_microsecond());
                let mut connection = self.connection();
                let (data, committed) =
                    execute::write(&mut connection, types, session, shape, now, fields)?;
                drop(connection);
                if committed {
                    self.inner.commits.send_modify(|commits| *commits += 1);
                }
                Ok(GraphqlAnswer::success(fields, data, committed))
            }
        }
    }

    fn authenticate(&self, headers: &Headers) -> Result<RequestSession, RequestError> {
        let now = Timestamp::now().as_second();
        let secret = &self.inner.admin_secret;
        self.read_configured(|configured| {
            jwt::authenticate(headers, &configured.jwt, &configured.policy, secret, now)
        })
    }

    /// The schema of a role.
    fn types(&self, role: &str) -> Arc<Types> {
        let known = self.read_configured(|configured| configured.types.get(role).cloned());
        if let Some(types) = known {
            return types;
        }
        let mut configured = self.write_configured();
        let types = Arc::new(schema::schema(role, configured.shape, &configured.policy));
        configured.types.insert(role.to_owned(), Arc::clone(&types));
        types
    }

    fn change<T, E>(
        &self,
        work: impl FnOnce(&mut RowWriter<'_>) -> Result<T, E>,
    ) -> Result<T, BackendError>
    where
        BackendError: From<E>,
    {
        let (shape, now) = (self.shape(), self.now().as_microsecond());
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writer = RowWriter::new(&transaction, shape, now);
        let done = work(&mut writer)?;
        transaction.commit()?;
        drop(connection);
        self.inner.commits.send_modify(|commits| *commits += 1);
        Ok(done)
    }

    /// This server's clock, wrong by what the configuration says.
    fn now(&self) -> Timestamp {
        let offset = self.read_configured(|configured| configured.jwt.clock_offset_s);
        let now = Timestamp::now();
        now.checked_add(jiff::SignedDuration::from_secs(offset))
            .unwrap_or(now)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        let lock = self.inner.connection.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    fn configure(&self, change: impl FnOnce(&mut Configured)) {
        let mut configured = self.write_configured();
        change(&mut configured);
        configured.types.clear();
        drop(configured);
        self.inner.configurations.send_modify(|count| *count += 1);
    }

    fn read_configured<T>(&self, read: impl FnOnce(&Configured) -> T) -> T {
        let lock = self.inner.configured.read();
        read(&lock.unwrap_or_else(PoisonError::into_inner))
    }

    fn write_configured(&self) -> std::sync::RwLockWriteGuard<'_, Configured> {
        let lock = self.inner.configured.write();
        lock.unwrap_or_else(PoisonError::into_inner)
    }
}
