//! The writer thread.

use std::sync::mpsc::Receiver;

use tokio::sync::mpsc;

use super::{DatabaseLocation, requests, warn};
use crate::app::{Effect, Msg};
use crate::domain::history::Session;
use crate::runtime::{new_session, with_help};
use crate::store::{Store, StoreError};

/// Carries out requests, in order, until their sender is dropped.
pub(super) fn run(
    location: &DatabaseLocation,
    effects: &Receiver<Effect>,
    messages: &mpsc::Sender<Msg>,
) {
    let session = new_session();
    let mut store = None;
    for effect in effects {
        let written = write(&mut store, location, &effect, session, messages);
        let msg = match written {
            Ok(msg) => msg,
            Err(error) => Some(requests::failed(&effect, with_help(&error))),
        };
        if let Some(msg) = msg {
            // The loop may have ended; queued writes are still carried out.
            let _ = messages.blocking_send(msg);
        }
    }
}

/// Writes to the store; opens it for the first write, after a failure, and after
/// a damaged one was moved aside.
fn write(
    store: &mut Option<Store>,
    location: &DatabaseLocation,
    effect: &Effect,
    session: Session,
    messages: &mpsc::Sender<Msg>,
) -> Result<Option<Msg>, StoreError> {
    let mut open = match store.take() {
        Some(store) => store,
        None => location.open_to_write(warn(messages))?,
    };
    let written = match requests::write(&mut open, effect, session) {
        Err(error) if error.is_replaced() => {
            warn(messages)(with_help(&error));
            open.reopen()?;
            requests::write(&mut open, effect, session)
        }
        Err(error @ StoreError::Isolated { .. }) => {
            warn(messages)(with_help(&error));
            requests::write(&mut open, effect, session)
        }
        other => other,
    };
    *store = Some(open);
    written
}
