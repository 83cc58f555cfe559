//! `tudone setup` alone, on a terminal: from nothing to a login.

use tudone::setup::auth0::SCOPES;

use crate::auth0_double::{TOKEN, Tenant};
use crate::bench;
use crate::hasura::Stage;
use crate::hasura_double::{JwtMode, SECRET};
use crate::support::Checked;
use crate::support::seat::Seat;

const USER: &str = "ada@example.test";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";

/// Both services as they are before anything was set up, and a user's machine.
struct Path {
    stage: Stage,
    tenant: Tenant,
}

impl Path {
    fn new() -> Checked<Option<Self>> {
        let Some(mut stage) = bench::stage()? else {
            return Ok(None);
        };
        stage.machine.set("TUDONE_CREDENTIAL_STORE", "file");
        stage.machine.set("BROWSER", "");
        stage.hasura.state().jwt = JwtMode::Off;
        let tenant = Tenant::start(&SCOPES)?;
        Ok(Some(Self { stage, tenant }))
    }

    fn sit(&self, words: &[&str]) -> Checked<Seat> {
        Seat::take(&self.stage.machine, words)
    }

    /// Answers the questions about Auth0 and says yes to the plan and the profile.
    fn auth0(&self, seat: &mut Seat, token: &str) -> Checked {
        seat.answer("Domain of the tenant", &format!("{}\r", self.tenant.domain))?;
        seat.answer("Management API (not shown): ", &format!("{token}\r"))?;
        seat.answer("Apply 4 changes to", "y\r")?;
        seat.answer("Write the profile `home`", "y\r")
    }

    /// Gives Hasura the line on the screen.
    fn paste_the_line(&self, seat: &mut Seat) -> Checked {
        let seen = seat.wait_for("Press Enter when it is done")?;
        let line = seen.split("HASURA_GRAPHQL_JWT_SECRET='").nth(1);
        let line = line
            .and_then(|rest| rest.split('\'').next())
            .ok_or("no line")?;
        self.stage.hasura.state().jwt = JwtMode::Secret(line.to_owned());
        Ok(())
    }

    /// Confirms the login whose code is on the screen.
    fn approve(&self, seat: &mut Seat) -> Checked {
        seat.answer("q quits", "")?;
        let seen = seat.wait_for("q quits")?;
        let is_code = |word: &&str| word.len() == 9 && word.starts_with("BCDF-");
        let code = seen.split_whitespace().rfind(is_code).ok_or("no code")?;
        assert!(self.tenant.approve(code, USER));
        Ok(())
    }
}

/// Answers the questions about Hasura.
fn hasura(seat: &mut Seat, address: &str) -> Checked {
    seat.answer("Address of Hasura", &format!("{address}\r"))?;
    seat.answer("admin secret (not shown): ", &format!("{SECRET}\r"))
}

#[test]
fn the_welcome_screen_leads_from_nothing_to_the_list() -> Checked {
    let Some(mut path) = Path::new()? else {
        return Ok(());
    };
    // Longer than a terminal's own line editing takes.
    let token = format!("{TOKEN}.{}", "x".repeat(6000));
    path.tenant.books().token.clone_from(&token);
    path.stage.machine.keep_secret("another-secret");
    let mut seat = path.sit(&[])?;
    seat.wait_until(|screen| screen.contains("set up your own"))?;
    seat.press("c")?;

    // Answers that cannot be used are asked for again.
    seat.answer("Step 1 of 4", "")?;
    seat.answer("Address of Hasura: ", "nowhere\r")?;
    seat.answer("the address", "")?;
    seat.answer("Address of Hasura: ", "\r")?;
    let address = path.stage.hasura.address();
    seat.answer("Address of Hasura: ", &format!("{address}\r"))?;
    seat.answer("admin secret (not shown): ", "\r")?;
    seat.answer("the admin secret is empty", "")?;
    seat.answer(&format!("Address of Hasura [{address}"), "\r")?;
    seat.answer("admin secret (not shown): ", "another-secret\r")?;
    seat.answer("rejected the admin secret", "")?;
    hasura(&mut seat, "")?;
    seat.answer("changes to Hasura? [y/N] ", "y\r")?;
    seat.answer("✓ endpoint", "")?;

    seat.answer("Step 2 of 4", "")?;
    path.auth0(&mut seat, &token)?;
    for check in ["issuer", "keys", "clock", "application", "audience"] {
        seat.answer(&format!("✓ {check}"), "")?;
    }

    // The line is not there yet, then it is.
    seat.answer("Step 3 of 4", "")?;
    seat.answer("Press Enter when it is done", "\r")?;
    seat.answer("✗ accepted", "")?;
    path.paste_the_line(&mut seat)?;
    seat.answer("Press Enter when it is done", "\r")?;

    seat.answer("Step 4 of 4", "")?;
    path.approve(&mut seat)?;
    seat.answer("Final check of everything:", "")?;
    seat.answer("✓ live", "")?;
    seat.answer("Press Enter to open tudone", "\r")?;
    seat.wait_until(|screen| screen.contains(USER))?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);

    let ran = path.stage.machine.run(&["doctor"])?.ended(0)?;
    assert!(
        ran.stdout.lines().all(|line| line.starts_with('✓')),
        "{}",
        ran.stdout
    );
    path.stage
        .machine
        .run(&["add", "the first one"])?
        .ended(0)?;
    let mut client = path
        .stage
        .database
        .connect()
        .map_err(|error| error.to_string())?;
    let rows = client.query("select text from todos", &[])?;
    assert_eq!(rows.len(), 1);
    Ok(())
}

#[test]
fn a_setup_that_is_left_after_any_step_continues_there() -> Checked {
    let Some(path) = Path::new()? else {
        return Ok(());
    };
    let address = path.stage.hasura.address();
    let mut seat = path.sit(&["setup"])?;
    seat.answer("Address of Hasura: ", CTRL_C)?;
    assert_eq!(seat.ended()?, 130);
    assert!(path.stage.hasura.commands().is_empty());

    // Left at a hidden prompt: the terminal shows what is typed again.
    let mut seat = path.sit(&["setup"])?;
    seat.answer("Address of Hasura: ", &format!("{address}\r"))?;
    seat.answer("admin secret (not shown): ", CTRL_C)?;
    assert_eq!(seat.ended()?, 130);

    // A no changes nothing.
    let mut seat = path.sit(&["setup"])?;
    hasura(&mut seat, "")?;
    seat.answer("changes to Hasura? [y/N] ", "\r")?;
    assert_eq!(seat.ended()?, 2);
    let mut seat = path.sit(&["setup"])?;
    hasura(&mut seat, "")?;
    seat.answer("changes to Hasura? [y/N] ", CTRL_C)?;
    assert_eq!(seat.ended()?, 130);
    assert!(!path.stage.hasura.has_replaced_metadata());

    let mut seat = path.sit(&["setup"])?;
    hasura(&mut seat, "")?;
    seat.answer("changes to Hasura? [y/N] ", "y\r")?;
    seat.answer("Domain of the tenant: ", CTRL_C)?;
    assert_eq!(seat.ended()?, 130);

    // The address is known; the secret is not, since it is stored nowhere.
    let mut seat = path.sit(&["setup"])?;
    hasura(&mut seat, "")?;
    seat.answer("no changes", "")?;
    path.auth0(&mut seat, TOKEN)?;
    seat.answer("Press Enter when it is done: ", CTRL_C)?;
    assert_eq!(seat.ended()?, 130);
    let changes = path.tenant.changes().len();

    let mut seat = path.sit(&["setup"])?;
    seat.answer("Step 1 of 4 looks right", "")?;
    seat.answer("Step 2 of 4 looks right", "")?;
    path.paste_the_line(&mut seat)?;
    seat.answer("Press Enter when it is done: ", "\r")?;
    seat.answer("q quits", CTRL_C)?;
    assert_eq!(seat.ended()?, 130);

    // Killed, it continues too.
    let mut seat = path.sit(&["setup"])?;
    seat.wait_for("q quits")?;
    seat.kill()?;
    let mut seat = path.sit(&["setup"])?;
    seat.answer("Step 3 of 4 looks right", "")?;
    path.approve(&mut seat)?;
    seat.answer("Your todos are ready", "")?;
    assert_eq!(seat.ended()?, 0);
    assert_eq!(path.tenant.changes().len(), changes);

    let mut seat = path.sit(&["setup"])?;
    seat.answer("Final check of everything:", "")?;
    seat.answer("Your todos are ready", "")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn a_login_that_hasura_refuses_leads_back_to_its_environment() -> Checked {
    let Some(path) = Path::new()? else {
        return Ok(());
    };
    let base = path.tenant.base();
    // A JWT secret for another API: nothing shows that before there is a token.
    path.stage.hasura.state().jwt = JwtMode::Secret(format!(
        r#"{{"jwk_url":"{base}.well-known/jwks.json","audience":"another","issuer":"{base}"}}"#
    ));
    let mut seat = path.sit(&["setup"])?;
    hasura(&mut seat, &path.stage.hasura.address())?;
    seat.answer("changes to Hasura? [y/N] ", "y\r")?;
    path.auth0(&mut seat, TOKEN)?;
    seat.answer("Press Enter when it is done: ", "\r")?;
    path.approve(&mut seat)?;
    seat.answer("`audience` in Hasura's JWT secret", "")?;
    seat.answer("Set this line", "")?;
    path.paste_the_line(&mut seat)?;
    seat.answer("Press Enter when it is done: ", "\r")?;
    path.approve(&mut seat)?;
    seat.answer("Your todos are ready", "")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn the_welcome_screen_explains_starts_the_demo_and_is_come_back_to() -> Checked {
    let machine = crate::support::Machine::new()?;
    let mut seat = Seat::take(&machine, &[])?;
    let file = machine.path("config/config.toml").display().to_string();
    let screen = seat.wait_until(|screen| screen.contains("quit"))?;
    for part in [
        "d   try the demo",
        "c   set up your own",
        "h   how it works",
        "q   quit",
    ] {
        assert!(screen.contains(part), "{part} in\n{screen}");
    }
    let unwrapped: String = screen.split_whitespace().collect();
    assert!(unwrapped.contains(&file), "{file} in\n{screen}");
    seat.press("h")?;
    seat.wait_until(|screen| screen.contains("Everything you see comes from a file"))?;
    seat.press("\u{1b}")?;
    seat.wait_until(|screen| screen.contains("try the demo"))?;

    seat.press("c")?;
    seat.answer("Address of Hasura: ", CTRL_D)?;
    seat.answer("Press Enter to go back: ", "\r")?;
    seat.wait_until(|screen| screen.contains("try the demo"))?;

    seat.press("d")?;
    seat.wait_until(|screen| screen.contains("Waiting"))?;
    seat.press("q")?;
    seat.wait_until(|screen| screen.contains("try the demo"))?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn without_questions_nothing_configured_is_an_error() -> Checked {
    let machine = crate::support::Machine::new()?;
    let mut seat = Seat::take(&machine, &["--no-input"])?;
    seat.wait_for("no configuration found")?;
    assert_eq!(seat.ended()?, 8);
    Ok(())
}
