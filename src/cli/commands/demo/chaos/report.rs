//! The report of a chaos run.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// The result of a chaos run, in numbers.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct ChaosReport {
    /// The seed that repeats the run.
    pub(super) seed: u64,
    /// How long it took, the final sync included.
    pub(super) seconds: f64,
    /// Whether Ctrl-C ended it early.
    pub(super) interrupted: bool,
    pub(super) devices: usize,
    /// Threads that worked on them.
    pub(super) workers: usize,
    /// Requests that reached the sandbox.
    pub(super) requests: u64,
    /// How often each fault occurred.
    pub(super) faults: BTreeMap<String, u64>,
    /// Answers cut off after the server had committed the request.
    pub(super) unanswered_commits: u64,
    /// Adds that a store acknowledged.
    pub(super) added: usize,
    /// Repeating todos that were completed.
    pub(super) completed: usize,
    /// Todos that these completions added: must be as many.
    pub(super) successors: usize,
    /// How many of the added todos were deleted.
    pub(super) removed: usize,
    /// How many rows there must be.
    pub(super) expected: usize,
    /// How many rows there are.
    pub(super) found: usize,
    /// Missing todos that were not deleted.
    pub(super) lost: usize,
    /// Todos that exist more than once.
    pub(super) doubled: usize,
    /// Deleted todos that still exist.
    pub(super) came_back: usize,
    /// Edits that a store acknowledged.
    pub(super) edited: usize,
    /// Edits missing from the text of an existing todo.
    pub(super) edits_lost: usize,
    /// Rejected changes for the user to decide: two devices made different changes.
    pub(super) conflicts: usize,
    /// Changes that were not sent.
    pub(super) unsent: usize,
    /// Whether every device shows exactly the rows.
    pub(super) devices_equal: bool,
}

impl ChaosReport {
    /// Describes each result that must not occur.
    pub(super) fn violations(&self) -> Vec<String> {
        let mut wrong: Vec<String> = [
            (
                self.completed.abs_diff(self.successors),
                "successors too many or too few",
            ),
            (self.lost, "todos lost"),
            (self.doubled, "todos duplicated"),
            (self.came_back, "deleted todos came back"),
            (self.edits_lost, "edits lost"),
            (self.unsent, "changes never sent"),
            (
                self.found.abs_diff(self.expected),
                "rows too many or too few",
            ),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        if !self.devices_equal {
            wrong.push("the devices show different todos".to_owned());
        }
        wrong
    }
}

impl fmt::Display for ChaosReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = if self.interrupted {
            "interrupted after"
        } else {
            "chaos run of"
        };
        writeln!(
            f,
            "{ended} {:.1} s, seed {}: {} devices, {} workers",
            self.seconds, self.seed, self.devices, self.workers
        )?;
        let mut line =
            |what: &str, count: &dyn fmt::Display| writeln!(f, "  {what:<30} {count:>8}");
        line("requests", &self.requests)?;
        line("faults", &self.faults.values().sum::<u64>())?;
        for (name, times) in &self.faults {
            line(&format!("  {}", name.replace('_', " ")), times)?;
        }
        line("answers lost after the commit", &self.unanswered_commits)?;
        line("adds acknowledged", &self.added)?;
        line("deleted", &self.removed)?;
        line("repeating todos completed", &self.completed)?;
        line("their successors", &self.successors)?;
        line("rows expected", &self.expected)?;
        line("rows found", &self.found)?;
        line("lost", &self.lost)?;
        line("duplicated", &self.doubled)?;
        line("deleted todos that came back", &self.came_back)?;
        line("edits acknowledged", &self.edited)?;
        line("edits lost", &self.edits_lost)?;
        line("conflicts to decide", &self.conflicts)?;
        line("changes not sent", &self.unsent)?;
        let equal = if self.devices_equal { "yes" } else { "no" };
        line("devices equal", &equal)
    }
}
