//! Sequences that once ended badly.

use crate::step::{Edit, Fate, Sequence, Spoilt, Step};
use crate::{Checked, World};

fn add(device: usize, count: u8) -> Step {
    Step::Add {
        device,
        count,
        spoilt: Spoilt::No,
    }
}

fn edit(device: usize, pick: u8, edit: Edit) -> Step {
    Step::Edit { device, pick, edit }
}

fn pass(device: usize, fate: Fate) -> Step {
    Step::Pass { device, fate }
}

fn ends_well(steps: Vec<Step>) -> Checked {
    World::new()?.play(&Sequence {
        short_pages: false,
        steps,
    })?;
    Ok(())
}

#[test]
fn debug_me() -> Checked {
    ends_well(vec![
        add(0, 4),
        add(0, 2),
        add(1, 3),
        pass(2, Fate::Fine),
        pass(0, Fate::Fine),
        Step::Remove {
            device: 0,
            pick: 18,
        },
        Step::Sync { device: 1 },
        Step::BackUp,
        Step::Remove { device: 0, pick: 0 },
        add(0, 1),
        add(0, 1),
        Step::Sync { device: 0 },
        Step::Revive { device: 0 },
        add(1, 1),
        edit(0, 33, Edit::Word),
        Step::Remove {
            device: 2,
            pick: 83,
        },
        pass(0, Fate::Fine),
        add(0, 1),
        Step::Sync { device: 2 },
        Step::Restore,
    ])
}
