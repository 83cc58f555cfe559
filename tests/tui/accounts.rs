//! Logging in while the program runs: as somebody else, and again as before.

use std::error::Error;

use tudone::app::login::{LoginEvent, LoginId};
use tudone::app::unfinished::UnfinishedLine;
use tudone::app::views::RememberedList;
use tudone::app::{Effect, Msg};
use tudone::domain::account::{Account, Identity};
use tudone::store::Store;

use crate::device::{Device, add};
use crate::stage::{Stage, ada, key};

type Outcome = Result<(), Box<dyn Error>>;

fn bob() -> Identity {
    Identity {
        sub: "auth0|bob".to_owned(),
        email: Some("bob@example.org".to_owned()),
        name: None,
    }
}

/// Logs in as `identity`, whose store is `store`.
fn log_in(device: &mut Device, identity: Identity, store: Store) -> Outcome {
    device.press("L r")?;
    device.store = store;
    approved(device, identity)
}

/// Ends the login that was begun with `L` and again with `r`.
fn approved(device: &mut Device, identity: Identity) -> Outcome {
    let account = Account {
        issuer: "https://tenant.example/".to_owned(),
        sub: identity.sub.clone(),
        endpoint: "https://todos.example/v1/graphql".to_owned(),
    };
    let event = LoginEvent::Done {
        account,
        identity,
        warning: None,
    };
    let id = LoginId(2);
    device.say(Msg::Login { id, event })?;
    Ok(())
}

fn store(texts: &[&str]) -> Result<Store, Box<dyn Error>> {
    let mut store = Store::in_memory("https://todos.example/v1/graphql")?;
    for (n, text) in (21_u128..).zip(texts) {
        add(&mut store, n, text)?;
    }
    Ok(store)
}

fn line(text: &str) -> UnfinishedLine {
    UnfinishedLine {
        text: text.to_owned(),
        edits: None,
    }
}

#[test]
fn another_account_is_shown_as_it_was_left_and_without_a_trace_of_the_one_before() -> Outcome {
    let stage = Stage::new(100, 20, Some(ada()));
    let mut device = Device::on(stage, &["milk +kitchen", "bread +kitchen"])?;
    device.press("a")?.type_text("recalled")?.press("esc")?;
    device.disk_full = true;
    device.press("a")?.type_text("not saved")?.press("enter")?;
    device
        .press("esc 6 /")?
        .type_text("+kitchen")?
        .press("enter space tab")?;
    device.disk_full = false;

    log_in(&mut device, bob(), store(&["eggs", "x 2026-11-23 tea"])?)?;

    let left = device.left.clone().ok_or("nothing was left")?;
    let list = left.list.ok_or("no list")?;
    assert_eq!((list.view.as_str(), list.selected), ("All", Some(key(1))));
    let screen = device.stage.screen();
    assert!(
        !screen.contains("kitchen") && !screen.contains("marked"),
        "{screen}"
    );

    device.say(Msg::Opened {
        remembered: Some(RememberedList {
            view: "All".to_owned(),
            order: None,
            selected: Some(key(22)),
            theme: None,
        }),
        unfinished: vec![line("jam")],
    })?;
    let screen = device.stage.screen();
    assert!(screen.contains("› jam"), "{screen}");
    assert!(
        !screen.contains("kitchen") && !screen.contains("milk"),
        "{screen}"
    );
    device.press("esc")?;
    assert!(
        device.selected().contains("tea"),
        "{}",
        device.stage.screen()
    );
    device.press("a up")?;
    let screen = device.stage.screen();
    assert!(
        screen.contains("› jam"),
        "recalls only what was typed since: {screen}"
    );
    assert_eq!(device.stage.model.left_account().offered, [line("jam")]);
    Ok(())
}

#[test]
fn lines_that_were_not_saved_stay_with_their_account() -> Outcome {
    let mut device = Device::with(&["milk"])?;
    device.disk_full = true;
    device.press("a")?.type_text("bread")?.press("enter")?;
    // The login comes to the front before the write fails.
    device
        .stage
        .press("ctrl-u")
        .type_text("eggs")
        .press("enter L");
    device.press("r")?;
    let texts: Vec<String> = device
        .stage
        .model
        .unfinished_lines()
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["eggs"]);

    approved(&mut device, bob())?;
    let left = device.left.clone().ok_or("nothing was left")?;
    assert_eq!(left.lines, [line("eggs")]);
    assert_eq!(device.stage.model.unfinished_lines(), []);
    Ok(())
}

#[test]
fn a_login_as_the_same_user_changes_nothing_on_the_screen() -> Outcome {
    let mut device = Device::with(&["milk +home", "bread +home", "eggs"])?;
    device
        .press("/")?
        .type_text("+home")?
        .press("enter j space")?;
    let before = (device.selected(), device.rows());
    let same = std::mem::replace(&mut device.store, store(&[])?);

    log_in(&mut device, ada(), same)?;
    device.say(Msg::Opened {
        remembered: None,
        unfinished: Vec::new(),
    })?;

    assert_eq!(device.left, None);
    assert_eq!((device.selected(), device.rows()), before);
    Ok(())
}

#[test]
fn a_change_that_fails_after_its_account_was_left_is_reported_with_its_text() -> Outcome {
    let mut device = Device::on(Stage::new(100, 20, Some(ada())), &["milk"])?;
    device.stage.press("a").type_text("bread").press("enter");
    let commit = device.stage.effects.iter().find_map(|effect| match effect {
        Effect::Commit { id, .. } => Some(*id),
        _ => None,
    });
    let id = commit.ok_or("no commit")?;
    device.stage.effects.clear();
    log_in(&mut device, bob(), store(&["eggs"])?)?;
    device.say(Msg::Opened {
        remembered: None,
        unfinished: Vec::new(),
    })?;

    let reason = "the disk is full".to_owned();
    device.say(Msg::CommitFailed { id, reason })?;

    let notice = "not saved for the previous account: `bread`: the disk is full";
    let screen = device.stage.screen();
    assert!(screen.contains(notice), "{screen}");
    assert!(!screen.contains("New todo"), "{screen}");
    assert_eq!(device.stage.model.into_exit_notices(), [notice]);
    Ok(())
}
