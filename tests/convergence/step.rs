//! What happens: steps, and how sequences of them are made.

use std::fmt;

use proptest::prelude::*;

/// How many devices one person uses.
pub(crate) const DEVICES: usize = 3;

/// One thing that happens. Numbers called `pick` choose among what is there,
/// whatever its number, so that a sequence stays meaningful when it is shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// New todos, committed at once.
    Add {
        device: usize,
        count: u8,
        spoilt: Spoilt,
    },
    /// Another text for a todo.
    Edit {
        device: usize,
        pick: u8,
        edit: Edit,
    },
    Remove {
        device: usize,
        pick: u8,
    },
    /// The device's last edit is undone.
    TakeBack {
        device: usize,
    },
    /// The device's last removal is undone: a new todo.
    Revive {
        device: usize,
    },
    /// The user decides about a rejected change.
    Decide {
        device: usize,
        pick: u8,
        retry: bool,
    },
    /// The round under way, or a new one, goes on to its end without trouble.
    Sync {
        device: usize,
    },
    /// One request of the round under way, or of a new one, meets its fate.
    Pass {
        device: usize,
        fate: Fate,
    },
    /// The process dies and another one opens the store.
    Kill {
        device: usize,
    },
    /// A request that was taken for lost arrives.
    Straggle {
        pick: u8,
    },
    /// An administrator forgets all tombstones.
    Purge,
    /// An administrator keeps a copy of the server.
    BackUp,
    /// The server is put back to the copy.
    Restore,
    /// The server is set up again, with another row for the user or the same.
    Reset {
        same_user: bool,
    },
    /// A bare backend becomes a full one.
    Upgrade,
}

/// A text that the server does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoilt {
    No,
    /// The role may not write it.
    Forbidden,
    /// The server fails at it each time.
    Poison,
}

/// What is changed of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// One more word.
    Word,
    /// Another word for the last one that was added.
    Reword,
    /// The value of one of two tags.
    Tag(u8),
    Untag(u8),
    Project,
    Priority(u8),
    NoPriority,
    /// Done, or open again.
    Toggle,
    /// A word that the role may not write.
    Forbidden,
}

/// What becomes of one request and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fine,
    /// No connection is made.
    Unreachable,
    /// The connection is cut before the request arrives.
    LostBefore,
    /// It is carried out, and the answer is lost.
    LostAfter,
    /// As [`Fate::LostBefore`], but the request arrives later, some time.
    Straggles,
    /// It is carried out twice, and the second answer comes back.
    Twice,
    /// It is carried out and answered, and a copy of it arrives later.
    Copied,
    /// It is carried out at once, and answered only when the device is next
    /// given its turn.
    Held,
    /// It is carried out, and a proxy answers with a page of its own.
    Html,
    /// A proxy answers instead of the server.
    Unavailable,
    /// The server is too busy to begin.
    Busy,
    /// The server fails and undoes it.
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

/// What a proxy or a network may do to any request.
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

/// Steps, and how long the server's pages are while they are taken.
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

/// Three devices on a full backend: everything may happen.
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

/// One device on a bare backend, which may become full. What arrives twice or
/// late is doubled there, and nothing can be done about it.
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
