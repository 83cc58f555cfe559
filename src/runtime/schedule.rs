//! When the next round is due.

use std::time::Duration;

use tokio::time::Instant;

/// The smallest gap between the starts of two rounds, whoever asks: a key that
/// is held down must not flood the server.
const SMALLEST_GAP: Duration = Duration::from_millis(250);
/// The same for rounds that the server asks for: one that rings all the time
/// must not make this client flood it.
const RING_GAP: Duration = Duration::from_secs(1);

/// When the next round is due, and how close rounds may come.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    due: Option<Instant>,
    began: Option<Instant>,
}

impl Schedule {
    /// When the next round is due; `None` waits for the user.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Wants a round as soon as may be.
    pub(super) fn now(&mut self) {
        self.not_after(self.earliest(SMALLEST_GAP));
    }

    /// Wants a round because the server says that something changed.
    pub(super) fn rang(&mut self) {
        self.not_after(self.earliest(RING_GAP));
    }

    /// Wants a round after `pause`, unless an earlier one is due.
    pub(super) fn within(&mut self, pause: Duration) {
        self.not_after(Instant::now() + pause);
    }

    /// A round begins.
    pub(super) fn begun(&mut self) {
        self.due = None;
        self.began = Some(Instant::now());
    }

    /// No round is due, because the server wants none yet.
    pub(super) const fn cancel(&mut self) {
        self.due = None;
    }

    fn earliest(&self, gap: Duration) -> Instant {
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

    /// Asks for a round every millisecond of a minute, and begins one whenever
    /// it is due; how many that makes.
    async fn rounds_in_a_minute(ask: impl Fn(&mut Schedule)) -> u32 {
        let mut schedule = Schedule::default();
        let mut begun = 0;
        for _ in 0..60_000 {
            ask(&mut schedule);
            if schedule.due().is_some_and(|due| due <= Instant::now()) {
                schedule.begun();
                begun += 1;
            }
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        begun
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_rings_all_the_time_gets_one_round_a_second() {
        assert_eq!(rounds_in_a_minute(Schedule::rang).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_held_down_makes_four_rounds_a_second() {
        assert_eq!(rounds_in_a_minute(Schedule::now).await, 240);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_ring_after_a_quiet_second_is_heard_at_once() {
        let mut schedule = Schedule::default();
        schedule.begun();
        schedule.within(Duration::from_mins(5));
        tokio::time::advance(RING_GAP).await;
        schedule.rang();
        assert_eq!(schedule.due(), Some(Instant::now()));
        schedule.within(Duration::ZERO);
        schedule.within(Duration::from_secs(9));
        assert_eq!(schedule.due(), Some(Instant::now()), "an earlier one stays");
    }
}
