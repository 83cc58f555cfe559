//! Subscriptions: what was sent last, and what is sent next.

use serde_json::{Map, Value};

use super::{
    Backend,
    answer::RequestError,
    execute,
    jwt::RequestSession,
    select::{self, Cursor},
    selection::Selected,
    types::FieldAction,
    written,
};

/// A running subscription.
#[derive(Debug, Clone)]
pub(super) struct RunningSubscription {
    /// The session that started it.
    session: RequestSession,
    fields: Vec<Selected>,
    told: Told,
}

#[derive(Debug, Clone)]
enum Told {
    /// A live query sends its whole result whenever that has changed.
    Result(Option<Value>),
    /// A stream sends what lies past its cursor.
    Upto(Cursor),
}

impl RunningSubscription {
    /// Starts a subscription. Hasura checks its values before
    /// it starts, so that what the database can not read is a fault of now.
    pub(super) fn new(
        backend: &Backend,
        session: RequestSession,
        fields: Vec<Selected>,
    ) -> Result<Self, RequestError> {
        let told = match streamed(&fields) {
            Some((field, table)) => {
                let types = backend.types(&session.role);
                Told::Upto(Cursor::start(execute::grant(&types, table)?.table, field)?)
            }
            None => Told::Result(None),
        };
        let live = Self {
            session,
            fields,
            told,
        };
        live.clone().news(backend)?;
        Ok(live)
    }

    /// Returns whether to poll again without waiting for a commit: a stream that has
    /// sent a batch may have more.
    pub(super) fn reads_on(&self, sent: bool) -> bool {
        sent && matches!(self.told, Told::Upto(_))
    }

    /// Returns the text to send now, if any.
    pub(super) fn news(&mut self, backend: &Backend) -> Result<Option<String>, RequestError> {
        let (session, fields) = (&self.session, &self.fields);
        let types = backend.types(&session.role);
        match (&mut self.told, streamed(fields)) {
            (Told::Upto(cursor), Some((field, table))) => {
                let grant = execute::grant(&types, table)?;
                let connection = backend.connection();
                let (rows, past) = select::batch(&connection, grant, session, field, cursor)?;
                *cursor = past;
                if rows.is_empty() {
                    return Ok(None);
                }
                let pair = (field.key.clone(), Value::Array(rows));
                let data = Value::Object(Map::from_iter([pair]));
                Ok(Some(written::data(fields, &data)))
            }
            (Told::Upto(_), _) => Ok(None),
            (Told::Result(told), _) => {
                let data = execute::read(&backend.connection(), &types, session, fields)?;
                if told.as_ref() == Some(&data) {
                    return Ok(None);
                }
                let text = written::data(fields, &data);
                *told = Some(data);
                Ok(Some(text))
            }
        }
    }
}

/// The field that streams, with its table: it is the only one then.
fn streamed(fields: &[Selected]) -> Option<(&Selected, usize)> {
    let field = fields.first()?;
    match field.action {
        Some(FieldAction::Stream(table)) => Some((field, table)),
        Some(_) | None => None,
    }
}
