//! Steps, and strategies for sequences of steps.

use std::fmt;

use proptest::prelude::*;

/// The number of devices of the user.
pub(crate) const DEVICES: usize = 3;

/// One step of a sequence. `pick` selects one of the existing todos by any number, so
/// that a sequence stays valid when it is shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Adds todos in one commit.
    Add {
        device: usize,
        count: u8,
        spoilt: Spoilt,
    },
    /// Edits a todo.
    Edit {
        device: usize,
        pick: u8,
        edit: Edit,
    },
    Remove {
        device: usize,
        pick: u8,
    },
    /// Undoes the device's last edit.
    TakeBack {
        device: usize,
    },
    /// Undoes the device's last deletion by a new todo.
    Revive {
        device: usize,
    },
    /// Retries or drops a rejected change.
    Decide {
        device: usize,
        pick: u8,
        retry: bool,
    },
    /// Completes the running round, or a new one, without faults.
    Sync {
        device: usize,
    },
    /// Applies a fate to one request of the running round, or of a new one.
    Pass {
        device: usize,
        fate: Fate,
    },
    /// Kills the process; another one opens the store.
    Kill {
        device: usize,
    },
    /// Delivers a request that counts as lost.
    Straggle {
        pick: u8,
    },
    /// Purges all tombstones.
    Purge,
    /// Makes a copy of the server.
    BackUp,
    /// Restores the server from the copy.
    Restore,
    /// Sets the server up again, with another row for the user or the same.
    Reset {
        same_user: bool,
    },
    /// Upgrades a bare backend to a full one.
    Upgrade,
}

/// A text that the server does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoilt {
    No,
    /// The role may not write it.
    Forbidden,
    /// The server fails at it each time.
    Poison,
}

/// A change of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Adds a word.
    Word,
    /// Replaces the last word that was added.
    Reword,
    /// Changes the value of one of two tags.
    Tag(u8),
    Untag(u8),
    Project,
    Priority(u8),
    NoPriority,
    /// Completes or reopens.
    Toggle,
    /// Adds a word that the role may not write.
    Forbidden,
}

/// The fate of one request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// No connection is made.
    Unreachable,
    /// The connection is cut before the request arrives.
    LostBefore,
    /// The request is executed, and the answer is lost.
    LostAfter,
    /// As [`Fate::LostBefore`], but the request arrives later.
    Straggles,
    /// The request is executed twice, and the second answer arrives.
    Twice,
    /// The request is executed and answered, and a copy of it arrives later.
    Copied,
    /// The request is executed at once, and answered with the device's next step.
    Held,
    /// The request is executed, and a proxy answers with an HTML page.
    Html,
    /// A proxy answers instead of the server.
    Unavailable,
    /// The server is too busy to begin.
    Busy,
    /// The server fails and rolls the request back.
    Unexpected,
}

fn device() -> impl Strategy<Value = usize> {
    0..DEVICES
}

fn spoilt() -> impl Strategy<Value = Spoilt> {
    prop_oneof![
        20 => Just(Spoilt::No),
        2 => Just(Spoilt::Forbidden),
        1 => Just(Spoilt::Poison),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => Just(Edit::Word),
        2 => Just(Edit::Reword),
        3 => (0..2_u8).prop_map(Edit::Tag),
        1 => (0..2_u8).prop_map(Edit::Untag),
        2 => Just(Edit::Project),
        2 => (0..26_u8).prop_map(Edit::Priority),
        1 => Just(Edit::NoPriority),
        4 => Just(Edit::Toggle),
        1 => Just(Edit::Forbidden),
    ]
}

/// Fates that a proxy or a network may cause.
fn loss() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::Unreachable),
        2 => Just(Fate::LostBefore),
        4 => Just(Fate::LostAfter),
        1 => Just(Fate::Html),
        1 => Just(Fate::Unavailable),
        1 => Just(Fate::Busy),
        1 => Just(Fate::Unexpected),
        2 => Just(Fate::Held),
    ]
}

pub(crate) fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        20 => Just(Fate::Fine),
        10 => loss(),
        2 => Just(Fate::Straggles),
        2 => Just(Fate::Twice),
        2 => Just(Fate::Copied),
    ]
}

fn act(device: impl Strategy<Value = usize> + Clone + 'static) -> BoxedStrategy<Step> {
    let on = move || device.clone();
    prop_oneof![
        10 => (on(), prop_oneof![6 => Just(1_u8), 3 => 2..5_u8, 1 => 9..30_u8], spoilt())
            .prop_map(|(device, count, spoilt)| Step::Add { device, count, spoilt }),
        20 => (on(), any::<u8>(), edit())
            .prop_map(|(device, pick, edit)| Step::Edit { device, pick, edit }),
        7 => (on(), any::<u8>()).prop_map(|(device, pick)| Step::Remove { device, pick }),
        3 => on().prop_map(|device| Step::TakeBack { device }),
        2 => on().prop_map(|device| Step::Revive { device }),
        4 => (on(), any::<u8>(), any::<bool>())
            .prop_map(|(device, pick, retry)| Step::Decide { device, pick, retry }),
        5 => on().prop_map(|device| Step::Kill { device }),
        14 => on().prop_map(|device| Step::Sync { device }),
    ]
    .boxed()
}

fn administration() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Purge),
        2 => Just(Step::BackUp),
        2 => Just(Step::Restore),
        1 => any::<bool>().prop_map(|same_user| Step::Reset { same_user }),
    ]
}

/// Steps, and the length of the server's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) short_pages: bool,
    pub(crate) steps: Vec<Step>,
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "short_pages: {}", self.short_pages)?;
        self.steps
            .iter()
            .try_for_each(|step| writeln!(f, "  {step:?}"))
    }
}

/// Sequences of three devices on a full backend with every kind of step.
pub(crate) fn sequences() -> impl Strategy<Value = Sequence> {
    let step = prop_oneof![
        65 => act(device().boxed()),
        45 => (device(), fate()).prop_map(|(device, fate)| Step::Pass { device, fate }),
        6 => any::<u8>().prop_map(|pick| Step::Straggle { pick }),
        4 => administration(),
    ];
    (any::<bool>(), prop::collection::vec(step, 8..70))
        .prop_map(|(short_pages, steps)| Sequence { short_pages, steps })
}

/// Sequences of one device on a bare backend, which may become full. No request arrives
/// twice or late: that would unavoidably duplicate todos there.
pub(crate) fn sequences_on_bare() -> impl Strategy<Value = Sequence> {
    let fate = prop_oneof![3 => Just(Fate::Fine), 2 => loss()];
    let step = prop_oneof![
        40 => act(Just(0).boxed()),
        30 => fate.prop_map(|fate| Step::Pass { device: 0, fate }),
        2 => Just(Step::Upgrade),
    ];
    prop::collection::vec(step, 8..50).prop_map(|steps| Sequence {
        short_pages: false,
        steps,
    })
}
