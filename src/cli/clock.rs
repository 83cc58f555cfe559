//! The time, and identities nobody else has.
//!
//! Hidden variables fix both for tests: `TUDONE_TEST_NOW` (RFC 3339) and
//! `TUDONE_TEST_SEED` (a number).

use std::cell::RefCell;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use uuid::Uuid;

use crate::domain::change::{Act, Change};
use crate::domain::key::{ChangeId, Key};
use crate::runtime::identity;

/// Tells the time and makes identities.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    fixed: Option<Timestamp>,
    seeded: Option<RefCell<fastrand::Rng>>,
}

impl Clock {
    /// The system's clock, unless the hidden variables say otherwise.
    pub(crate) fn from_environment() -> Self {
        let variable = |name| std::env::var(name).ok();
        let seed = variable("TUDONE_TEST_SEED").and_then(|seed| seed.parse().ok());
        Self {
            fixed: variable("TUDONE_TEST_NOW").and_then(|now| now.parse().ok()),
            seeded: seed.map(|seed| RefCell::new(fastrand::Rng::with_seed(seed))),
        }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.fixed.unwrap_or_else(Timestamp::now)
    }

    /// The day it is where the person is.
    pub(crate) fn today(&self) -> Date {
        local(self.now()).date()
    }

    /// A todo's identity.
    pub(crate) fn key(&self) -> Key {
        Key::new(self.uuid())
    }

    /// A change made now.
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
            return identity::fresh(Timestamp::now());
        };
        identity::made_of(self.now(), seeded.borrow_mut().u128(..))
    }
}

/// `instant` where the person is.
pub(crate) fn local(instant: Timestamp) -> ZonedDateTime {
    instant.to_zoned_datetime(TimeZone::system())
}
