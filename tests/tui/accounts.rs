//! Logging in while the program runs: as somebody else, and again as before.

use std::error::Error;

use tudone::app::login::{LoginEvent, LoginId};
use tudone::app::theme::ThemeName;
use tudone::app::unfinished::UnfinishedLine;
use tudone::app::views::{ChosenTheme, RememberedList};
use tudone::app::{Effect, Msg};
use tudone::domain::account::{Account, Identity};
use tudone::domain::when::Calendar;
use tudone::runtime::disk;
use tudone::store::Store;

use crate::device::{Device, add};
use crate::fixtures::WITHOUT_ADDING;
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
    ended(device, LoginId(2), identity)
}

fn ended(device: &mut Device, id: LoginId, identity: Identity) -> Outcome {
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
fn late_answers_about_the_account_before_are_not_shown_for_another_one() -> Outcome {
    let texts = ["milk +kitchen", "bread +kitchen"];
    let mut device = Device::on(Stage::new(140, 24, Some(ada())), &texts)?;
    device.store.set_capabilities(WITHOUT_ADDING)?;
    device.stage.press("6 V").say(Msg::StoreChanged);
    device.stage.effects.push(Effect::Queue);
    let asked = std::mem::take(&mut device.stage.effects);
    let answers = asked
        .iter()
        .map(|effect| disk::read(&device.store, effect))
        .collect::<Result<Vec<_>, _>>()?;
    assert!(answers.iter().flatten().count() >= 3, "{asked:?}");
    let counts = disk::read(
        &device.store,
        &Effect::Counts {
            calendar: Calendar::new(device.stage.today),
        },
    )?;

    log_in(&mut device, bob(), store(&["eggs"])?)?;
    let before = device.stage.screen();
    for late in answers.into_iter().flatten().chain(counts) {
        device.say(late)?;
        assert_eq!(device.stage.screen(), before);
    }

    device.say(Msg::Opened {
        remembered: None,
        unfinished: Vec::new(),
    })?;
    let screen = device.stage.screen();
    assert!(
        screen.contains("eggs") && !screen.contains("marked"),
        "{screen}"
    );
    device.press("a")?.type_text("tea")?.press("enter")?;
    assert_eq!(device.rows().len(), 2, "{}", device.stage.screen());
    Ok(())
}

#[test]
fn each_account_has_the_theme_that_was_chosen_in_it() -> Outcome {
    let chosen = |theme| {
        Some(ChosenTheme {
            chosen: theme,
            configured: ThemeName::Terminal,
        })
    };
    let list = |theme| RememberedList {
        view: "Open".to_owned(),
        order: None,
        selected: None,
        theme,
    };
    let opened = |theme| Msg::Opened {
        remembered: Some(list(theme)),
        unfinished: Vec::new(),
    };
    let stage = Stage::remembering(60, 12, list(chosen(ThemeName::Dark)));
    let mut device = Device::on(stage, &["milk"])?;

    log_in(&mut device, bob(), store(&["eggs"])?)?;
    device.say(opened(chosen(ThemeName::Light)))?;

    assert_eq!(device.stage.model.theme(), ThemeName::Light);
    let left = device.left.clone().and_then(|left| left.list);
    assert_eq!(left.and_then(|list| list.theme), chosen(ThemeName::Dark));
    let kept = device.stage.model.left_account().list;
    assert_eq!(kept.and_then(|list| list.theme), chosen(ThemeName::Light));

    device.press("L r")?;
    device.store = store(&["tea"])?;
    ended(&mut device, LoginId(4), ada())?;
    device.say(opened(None))?;
    assert_eq!(device.stage.model.theme(), ThemeName::Terminal);
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
