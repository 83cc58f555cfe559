//! The progress of long work, on one line of a terminal.

use std::cell::RefCell;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::cli::context::CommandContext;
use crate::store::{Store, StoreError};

/// The cells of a bar.
const CELLS: usize = 20;

/// A line on stderr that shows the progress, on a terminal only; it is erased when
/// dropped. Work that ends within [`ProgressLine::STEP`] shows nothing.
pub(crate) struct ProgressLine {
    /// When it was shown, at first when the work began.
    at: Instant,
    is_shown: bool,
    is_enabled: bool,
}

impl ProgressLine {
    /// The time between two lines.
    const STEP: Duration = Duration::from_millis(200);

    /// Begins to measure.
    pub(crate) fn new(context: &CommandContext) -> Self {
        Self {
            at: Instant::now(),
            is_shown: false,
            is_enabled: !context.flags.quiet && io::stderr().is_terminal(),
        }
    }

    /// Shows `progress` instead of the last line, unless that is fresh.
    pub(crate) fn show(&mut self, progress: impl FnOnce() -> String) {
        if !self.is_enabled || self.at.elapsed() < Self::STEP {
            return;
        }
        self.at = Instant::now();
        self.is_shown = true;
        let line = format!("\r\u{1b}[K{}", progress());
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// The progress of a round, shown when the server has answered a part of the changes.
pub(crate) struct SendingLine {
    line: RefCell<ProgressLine>,
    total: usize,
}

impl SendingLine {
    /// Begins to measure how many of the changes in `store` are sent.
    ///
    /// # Errors
    ///
    /// The store's.
    pub(crate) fn new(context: &CommandContext, store: &Store) -> Result<Self, StoreError> {
        let totals = store.totals()?;
        let total = totals.pending + totals.sent;
        let mut line = ProgressLine::new(context);
        // A round logs, on the same line.
        line.is_enabled &= context.flags.verbose == 0;
        Ok(Self {
            line: RefCell::new(line),
            total: usize::try_from(total).unwrap_or(usize::MAX),
        })
    }

    /// Shows that `count` changes are answered, unless these are all.
    pub(crate) fn answered(&self, count: usize) {
        if count < self.total {
            let mut line = self.line.borrow_mut();
            line.show(|| bar(count, self.total, "sent"));
        }
    }

    /// Returns whether the line is on the screen.
    pub(crate) fn is_shown(&self) -> bool {
        self.line.borrow().is_shown
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = io::stderr().lock().write_all(b"\r\x1b[K");
        }
    }
}

/// Formats a bar: `[#####---------------] 25000 of 100000 written`; `what` is `written`.
pub(crate) fn bar(done: usize, total: usize, what: &str) -> String {
    let full = (done * CELLS).checked_div(total).unwrap_or(CELLS);
    let full = full.min(CELLS);
    let (full, empty) = ("#".repeat(full), "-".repeat(CELLS - full));
    format!("[{full}{empty}] {done} of {total} {what}")
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_full_when_all_is_done() {
        assert_eq!(
            bar(0, 8, "written"),
            "[--------------------] 0 of 8 written"
        );
        assert_eq!(
            bar(2, 8, "written"),
            "[#####---------------] 2 of 8 written"
        );
        assert_eq!(bar(8, 8, "sent"), "[####################] 8 of 8 sent");
        assert_eq!(bar(0, 0, "sent"), "[####################] 0 of 0 sent");
    }
}
