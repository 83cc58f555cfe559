//! What a subscription has told its client already, and what it tells next.

use serde_json::{Map, Value};

use super::{
    Backend,
    answer::Fault,
    execute,
    jwt::Session,
    select::{self, Cursor},
    selection::Selected,
    types::Action,
    written,
};

/// A running subscription.
#[derive(Debug, Clone)]
pub(super) struct Live {
    field: Selected,
    told: Told,
}

#[derive(Debug, Clone)]
enum Told {
    /// A live query sends its whole result whenever that has changed.
    Result(Option<Value>),
    /// A stream sends what lies past its cursor.
    Upto(Cursor),
}

impl Live {
    /// A subscription that has told nothing yet. Hasura tries its values before
    /// it starts, so that what the database can not read is a fault of now.
    pub(super) fn new(
        backend: &Backend,
        session: &Session,
        field: Selected,
    ) -> Result<Self, Fault> {
        let told = match field.action {
            Some(Action::Stream(table)) => {
                let types = backend.types(&session.role);
                Told::Upto(Cursor::start(execute::grant(&types, table)?.table, &field)?)
            }
            Some(_) | None => Told::Result(None),
        };
        let live = Self { field, told };
        live.clone().news(backend, session)?;
        Ok(live)
    }

    /// Whether to look again without waiting for a commit: a stream that has
    /// sent a batch may have more.
    pub(super) fn reads_on(&self, sent: bool) -> bool {
        sent && matches!(self.told, Told::Upto(_))
    }

    /// What to send now, if anything, as text.
    pub(super) fn news(
        &mut self,
        backend: &Backend,
        session: &Session,
    ) -> Result<Option<String>, Fault> {
        let fields = std::slice::from_ref(&self.field);
        let types = backend.types(&session.role);
        match (&mut self.told, self.field.action) {
            (Told::Upto(cursor), Some(Action::Stream(table))) => {
                let grant = execute::grant(&types, table)?;
                let connection = backend.connection();
                let (rows, past) = select::batch(&connection, grant, session, &self.field, cursor)?;
                *cursor = past;
                if rows.is_empty() {
                    return Ok(None);
                }
                let pair = (self.field.key.clone(), Value::Array(rows));
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
