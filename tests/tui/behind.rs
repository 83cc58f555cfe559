//! What happens behind the palette and the help while they are open.

use std::error::Error;

use tudone::app::Msg;

use crate::device::{Device, add};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn a_queue_read_behind_the_help_is_shown_after_it() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.press("Q ?")?.press("esc")?;
    let screen = device.stage.screen();
    assert!(screen.contains("milk"), "{screen}");

    device.press("?")?;
    add(&mut device.store, 7, "bread")?;
    device.say(Msg::StoreChanged)?.press("esc")?;
    let screen = device.stage.screen();
    assert!(screen.contains("bread"), "{screen}");
    Ok(())
}

#[test]
fn a_write_that_fails_behind_the_palette_opens_its_line_when_the_palette_closes() -> Outcome {
    let failed = || -> Result<Device, Box<dyn Error>> {
        let mut device = Device::with(&["milk"])?;
        device.disk_full = true;
        device.press("a")?.type_text("bread")?.press("enter :")?;
        assert!(device.stage.screen().contains("Commands"));
        Ok(device)
    };
    let mut closed = failed()?;
    closed.press("esc")?;
    let mut chosen = failed()?;
    chosen.type_text("theme light")?.press("enter")?;
    let mut added = failed()?;
    added.type_text("view done")?.press("enter")?;
    for device in [closed, chosen, added] {
        let screen = device.stage.screen();
        assert!(screen.contains("› bread"), "{screen}");
    }

    let mut adding = failed()?;
    adding
        .type_text("add a todo")?
        .press("enter")?
        .type_text("salt")?;
    assert!(
        adding.stage.screen().contains("› salt"),
        "{}",
        adding.stage.screen()
    );
    adding.press("esc")?;
    assert!(
        adding.stage.screen().contains("› bread"),
        "{}",
        adding.stage.screen()
    );
    Ok(())
}
