//! The day and the time zone where the user is.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::os::time_zone;

/// The day and the time zone where the user is. Both may change while the program
/// runs: at midnight, after sleep, on a journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalDay {
    /// The day.
    pub(super) date: Date,
    /// The time zone. (The system's is looked up again every few minutes.)
    pub(super) zone: TimeZone,
}

impl LocalDay {
    /// Reads the clock and the system's time zone.
    pub(super) fn now() -> Self {
        let zone = time_zone::local();
        let date = zone.to_datetime(Timestamp::now()).date();
        Self { date, zone }
    }
}
