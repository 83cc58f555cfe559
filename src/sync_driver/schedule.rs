//! The due time of the next round.

use std::time::Duration;

use tokio::time::Instant;

/// The minimum time between the starts of two rounds: a held key must not flood the
/// server.
const SMALLEST_GAP: Duration = Duration::from_millis(250);
/// The same for rounds that the live subscription starts: a server that constantly
/// reports changes must not be flooded.
const SERVER_GAP: Duration = Duration::from_secs(1);

/// The due time of the next round, limited by the minimum gaps.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    due: Option<Instant>,
    began: Option<Instant>,
}

impl Schedule {
    /// Returns the due time; `None` waits for a request.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Makes a round due as soon as the gap allows.
    pub(super) fn now(&mut self) {
        self.not_after(self.earliest_after(SMALLEST_GAP));
    }

    /// As [`Schedule::now`], because the server reported a change.
    pub(super) fn now_from_server(&mut self) {
        self.not_after(self.earliest_after(SERVER_GAP));
    }

    /// Makes a round due after `pause`, unless an earlier one is due.
    pub(super) fn within(&mut self, pause: Duration) {
        self.not_after(Instant::now() + pause);
    }

    /// Records that a round has begun.
    pub(super) fn round_began(&mut self) {
        self.due = None;
        self.began = Some(Instant::now());
    }

    /// Clears the due time.
    pub(super) const fn cancel(&mut self) {
        self.due = None;
    }

    fn earliest_after(&self, gap: Duration) -> Instant {
        let now = Instant::now();
        self.began.map_or(now, |began| now.max(began + gap))
    }

    fn not_after(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests a round every millisecond of a minute and begins one whenever it is due;
    /// returns their number.
    async fn rounds_in_a_minute(ask: impl Fn(&mut Schedule)) -> u32 {
        let mut schedule = Schedule::default();
        let mut begun = 0;
        for _ in 0..60_000 {
            ask(&mut schedule);
            if schedule.due().is_some_and(|due| due <= Instant::now()) {
                schedule.round_began();
                begun += 1;
            }
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        begun
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_reports_changes_all_the_time_gets_one_round_a_second() {
        assert_eq!(rounds_in_a_minute(Schedule::now_from_server).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_held_down_makes_four_rounds_a_second() {
        assert_eq!(rounds_in_a_minute(Schedule::now).await, 240);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_change_reported_after_a_quiet_second_starts_a_round_at_once() {
        let mut schedule = Schedule::default();
        schedule.round_began();
        schedule.within(Duration::from_mins(5));
        tokio::time::advance(SERVER_GAP).await;
        schedule.now_from_server();
        assert_eq!(schedule.due(), Some(Instant::now()));
        schedule.within(Duration::ZERO);
        schedule.within(Duration::from_secs(9));
        assert_eq!(schedule.due(), Some(Instant::now()), "an earlier one stays");
    }
}
