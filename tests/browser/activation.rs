//! Saying yes and no with a keyboard, and what is read out meanwhile.

use serde_json::Value;

use super::driver::{Browser, Key};
use super::tree::Tree;
use crate::support::{Checked, Machine, Sandbox};

const CODE: (&str, &str) = ("textbox", "Code shown on your device");
const CONTINUE: (&str, &str) = ("button", "Continue");
const EMAIL: (&str, &str) = ("textbox", "Your e-mail address");
const CONNECT: (&str, &str) = ("button", "The codes match: connect");
const REFUSE: (&str, &str) = ("button", "Do not connect");

/// Presses Tab, and waits until that has led to `goal`.
fn tab_to(browser: &Browser, goal: (&str, &str)) -> Checked {
    browser.press(Key::Tab)?;
    browser.focuses(goal)?;
    Ok(())
}

fn text<'a>(event: &'a Value, name: &str) -> Checked<&'a str> {
    Ok(event[name]
        .as_str()
        .ok_or_else(|| format!("no {name} in {event}"))?)
}

/// What holds on every page, whatever it says.
fn is_read_out_well(browser: &Browser, tree: &Tree) -> Checked {
    let heading = tree
        .heading()
        .ok_or_else(|| format!("no heading: {tree:?}"))?;
    assert_eq!(browser.title()?, format!("{heading} – tudone sandbox"));
    assert_eq!(browser.count("html[lang=en]")?, 1, "{heading}: language");
    assert_eq!(browser.count("h1")?, 1, "{heading}: level of the heading");
    for landmark in ["banner", "main"] {
        assert!(tree.only(landmark).is_some(), "{heading}: {landmark}");
    }
    let outside = browser.count("body > :not(header, main)")?;
    assert_eq!(outside, 0, "{heading}: outside of the landmarks");
    for control in tree.controls() {
        assert_ne!(control.name, "", "{heading}: {control:?}");
    }
    assert_eq!(browser.count("script, [style], img")?, 0, "{heading}");
    assert!(browser.overflow(320)? < 0.5, "{heading}: scrolls sideways");
    Ok(())
}

#[test]
fn a_keyboard_compares_the_code_and_connects_the_device() -> Checked {
    let Some(browser) = Browser::open()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let (ran, events) = machine.device_login_by(|code| {
        browser.visit(text(code, "verification_uri_complete")?)?;
        let page = browser.shows("Is this your code?")?;
        is_read_out_well(&browser, &page)?;
        assert!(page.text().contains(text(code, "user_code")?), "{page:?}");
        assert_eq!(page.focus(), None, "the code is read before any field");

        tab_to(&browser, EMAIL)?;
        browser.type_text("ada.lovelace@example.test")?;
        tab_to(&browser, CONNECT)?;
        browser.press(Key::Enter)?;
        let page = browser.shows("Device connected")?;
        is_read_out_well(&browser, &page)?;
        assert!(page.only("status").is_some(), "{page:?}");
        assert!(
            page.text().contains("ada.lovelace@example.test"),
            "{page:?}"
        );
        Ok(())
    })?;
    ran.ended(0)?;
    let done = events.last().ok_or("no events")?;
    assert_eq!(done["event"], "done", "{events:?}");
    assert_eq!(done["account"]["email"], "ada.lovelace@example.test");
    Ok(())
}

#[test]
fn a_keyboard_types_the_code_and_refuses_the_device() -> Checked {
    let Some(browser) = Browser::open()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let (ran, events) = machine.device_login_by(|code| {
        browser.visit(text(code, "verification_uri")?)?;
        browser.shows("Connect a device")?;
        let page = browser.focuses(CODE)?;
        is_read_out_well(&browser, &page)?;
        browser.type_text(&text(code, "user_code")?.to_lowercase().replace('-', ""))?;
        tab_to(&browser, CONTINUE)?;
        browser.press(Key::Space)?;

        browser.shows("Is this your code?")?;
        for stop in [EMAIL, CONNECT, REFUSE] {
            tab_to(&browser, stop)?;
        }
        browser.press(Key::Space)?;
        let page = browser.shows("Not connected")?;
        is_read_out_well(&browser, &page)?;
        assert!(page.only("status").is_some(), "{page:?}");
        Ok(())
    })?;
    ran.ended(4)?;
    let failed = events.last().ok_or("no events")?;
    assert_eq!(failed["event"], "failed", "{events:?}");
    assert_eq!(failed["code"], "denied", "{events:?}");
    Ok(())
}

#[test]
fn what_was_typed_wrong_is_announced_kept_and_can_be_corrected() -> Checked {
    let Some(browser) = Browser::open()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let code = machine.json(&["login", "--start", "--json"])?;

    browser.visit(text(&code, "verification_uri")?)?;
    browser.shows("Connect a device")?;
    browser.focuses(CODE)?;
    browser.press(Key::Enter)?;
    browser.shows("No code entered")?;
    complains(&browser, CODE, "", "Enter the code")?;

    browser.type_text("bbbb bbbb")?;
    browser.press(Key::Enter)?;
    browser.shows("Unknown code")?;
    complains(&browser, CODE, "bbbb bbbb", "Unknown code")?;

    browser.visit(text(&code, "verification_uri_complete")?)?;
    browser.shows("Is this your code?")?;
    tab_to(&browser, EMAIL)?;
    browser.type_text("ada")?;
    browser.press(Key::Enter)?;
    browser.shows("Enter an e-mail address")?;
    let page = complains(&browser, EMAIL, "ada", "such as ada@example.test")?;
    assert!(page.text().contains(text(&code, "user_code")?), "{page:?}");

    tab_to(&browser, CONNECT)?;
    tab_to(&browser, REFUSE)?;
    browser.press(Key::Enter)?;
    browser.shows("Not connected")?;
    machine.run(&["login", "--resume"])?.ended(4)?;
    Ok(())
}

/// The error is an alert, the field in error says so, holds what was typed,
/// and has the focus.
fn complains(browser: &Browser, field: (&str, &str), typed: &str, error: &str) -> Checked<Tree> {
    let page = browser.focuses(field)?;
    is_read_out_well(browser, &page)?;
    assert!(page.only("alert").is_some(), "{page:?}");
    assert!(page.text().contains(error), "{page:?}");
    let input = page.only("textbox").ok_or("no field")?;
    assert!(input.invalid && input.required, "{input:?}");
    assert!(input.description.contains(error), "{input:?}");
    assert_eq!(input.value, typed);
    Ok(page)
}

#[test]
fn a_code_that_is_over_says_so_and_offers_no_field() -> Checked {
    let Some(browser) = Browser::open()? else {
        return Ok(());
    };
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let code = machine.json(&["login", "--start", "--json"])?;
    sandbox.control(reqwest::Method::POST, "/expire-codes", None)?;
    browser.visit(text(&code, "verification_uri_complete")?)?;
    let page = browser.shows("Code expired")?;
    is_read_out_well(&browser, &page)?;
    assert!(page.only("status").is_some() && page.controls().next().is_none());

    let code = machine.json(&["login", "--start", "--json"])?;
    sandbox.decide(text(&code, "user_code")?, "ada@example.test", "approve")?;
    browser.visit(text(&code, "verification_uri_complete")?)?;
    let page = browser.shows("Code already used")?;
    is_read_out_well(&browser, &page)?;
    assert!(page.only("status").is_some() && page.controls().next().is_none());
    Ok(())
}
