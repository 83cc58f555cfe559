//! The thread that writes.

use std::sync::mpsc::Receiver;

use tokio::sync::mpsc;

use super::{Place, requests, tell};
use crate::app::{Effect, Msg};
use crate::domain::history::Session;
use crate::runtime::{advised, new_session};
use crate::store::{Store, StoreError};

/// Carries out requests, in order, until their sender is gone.
pub(super) fn run(place: &Place, effects: &Receiver<Effect>, facts: &mpsc::Sender<Msg>) {
    let session = new_session();
    let mut store = None;
    for effect in effects {
        let written = write(&mut store, place, &effect, session, facts);
        let msg = match written {
            Ok(msg) => msg,
            Err(error) => Some(requests::failed(&effect, advised(&error))),
        };
        if let Some(msg) = msg {
            // The loop may be gone; what is queued is written all the same.
            let _ = facts.blocking_send(msg);
        }
    }
}

/// Writes to the store, opened first where it is not: with the first write, after
/// a failure, and after a damaged one was set aside.
fn write(
    store: &mut Option<Store>,
    place: &Place,
    effect: &Effect,
    session: Session,
    facts: &mpsc::Sender<Msg>,
) -> Result<Option<Msg>, StoreError> {
    let mut open = match store.take() {
        Some(store) => store,
        None => place.open_to_write(tell(facts))?,
    };
    let written = match requests::write(&mut open, effect, session) {
        Err(error) if error.is_replaced() => {
            tell(facts)(advised(&error));
            open.reopen()?;
            requests::write(&mut open, effect, session)
        }
        Err(error @ StoreError::Isolated { .. }) => {
            tell(facts)(advised(&error));
            requests::write(&mut open, effect, session)
        }
        other => other,
    };
    *store = Some(open);
    written
}
