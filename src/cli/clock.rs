//! The current time and fresh ids.
//!
//! Hidden variables fix both for tests: `TUDONE_TEST_NOW` (RFC 3339) and
//! `TUDONE_TEST_SEED` (a number).

use std::cell::RefCell;

use jiff::civil::Date;
use jiff::{Timestamp, ZonedDateTime};
use uuid::Uuid;

use crate::domain::change::{Act, Change};
use crate::domain::key::{ChangeId, Key, time_ordered};
use crate::os::{fresh_id, time_zone};

/// Reads the time and makes ids.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    fixed: Option<Timestamp>,
    seeded: Option<RefCell<fastrand::Rng>>,
}

impl Clock {
    /// Uses the system's clock, unless the hidden variables fix it.
    pub(crate) fn from_environment() -> Self {
        let variable = |name| std::env::var(name).ok();
        let seed = variable("TUDONE_TEST_SEED").and_then(|seed| seed.parse().ok());
        Self {
            fixed: variable("TUDONE_TEST_NOW").and_then(|now| now.parse().ok()),
            seeded: seed.map(|seed| RefCell::new(fastrand::Rng::with_seed(seed))),
        }
    }

    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// Returns the current day in the local time zone.
    pub(crate) fn today(&self) -> Date {
        local(self.now()).date()
    }

    /// Makes a key of a todo.
    pub(crate) fn key(&self) -> Key {
        Key::new(self.uuid())
    }

    /// Makes a change with the current time.
    pub(crate) fn change(&self, todo: Key, act: Act) -> Change {
        Change {
            id: ChangeId(self.uuid()),
            todo,
            act,
            at: self.now(),
        }
    }

    fn uuid(&self) -> Uuid {
        let Some(seeded) = &self.seeded else {
            return fresh_id::fresh(Timestamp::now());
        };
        time_ordered(self.now(), seeded.borrow_mut().u128(..))
    }
}

/// Returns `instant` in the local time zone.
pub(crate) fn local(instant: Timestamp) -> ZonedDateTime {
    instant.to_zoned_datetime(time_zone::local())
}
