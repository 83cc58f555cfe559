//! Two issuers, two backends, two users, one machine: nothing of one is ever
//! shown to, or sent as, another.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::helper::Helper;
use crate::support::{Checked, Machine, Ran, Sandbox};
use crate::{last_event, listed, log_in};

/// Two sandboxes, and a machine with a profile for each.
struct Scene {
    home: Sandbox,
    work: Sandbox,
    machine: Machine,
}

impl Scene {
    /// Both profiles with these lines more.
    fn with(lines: &str) -> Checked<Self> {
        let (home, work) = (Sandbox::start()?, Sandbox::start()?);
        let machine = Machine::new()?;
        let mut text = String::new();
        for (name, sandbox) in [("home", &home), ("work", &work)] {
            writeln!(text, "[profiles.{name}]\n{lines}")?;
            for setting in ["issuer", "client_id", "audience", "endpoint"] {
                writeln!(text, "{setting} = {:?}", sandbox.address(setting))?;
            }
        }
        machine.configure(&text)?;
        Ok(Self {
            home,
            work,
            machine,
        })
    }

    fn profiles(&self) -> [(&'static str, &'static str, &Sandbox); 2] {
        [
            ("home", "ada@example.com", &self.home),
            ("work", "bob@example.com", &self.work),
        ]
    }

    /// A command in one of the profiles.
    fn run(&self, profile: &str, words: &[&str]) -> Checked<Ran> {
        self.machine.run(&[&["--profile", profile], words].concat())
    }

    fn log_in(&self, profile: &str, email: &str, sandbox: &Sandbox) -> Checked {
        let code = self.run(profile, &["login", "--start", "--json"])?.json()?;
        let code = code["user_code"].as_str().ok_or("no user_code")?;
        sandbox.decide(code, email, "approve")?;
        let other = if profile == "home" { "work" } else { "home" };
        self.run(other, &["login", "--resume"])?.ended(4)?;
        let done = self.run(profile, &["login", "--resume", "--json"])?;
        assert_eq!(last_event(&done)?["account"]["email"], email);
        Ok(())
    }

    fn texts(&self, profile: &str, words: &[&str]) -> Checked<Vec<String>> {
        let ran = self.run(profile, &[&["list", "--jsonl"], words].concat())?;
        let text = |line: &str| -> Checked<String> {
            let todo: Value = serde_json::from_str(line)?;
            Ok(todo["text"].as_str().ok_or("no text")?.to_owned())
        };
        ran.ended(0)?.stdout.lines().map(text).collect()
    }
}

/// Two logins in one store, each with its own todos, outbox and end.
fn never_mix(scene: &Scene) -> Checked {
    for (profile, email, sandbox) in scene.profiles() {
        scene.log_in(profile, email, sandbox)?;
    }
    for (profile, ..) in scene.profiles() {
        let sent = format!("sent {profile}");
        scene.run(profile, &["add", &sent])?.ended(0)?;
        let waits = format!("waits {profile}");
        scene
            .run(profile, &["--offline", "add", &waits])?
            .ended(0)?;
    }
    for (profile, email, sandbox) in scene.profiles() {
        let own = [format!("sent {profile}"), format!("waits {profile}")];
        assert_eq!(sandbox.texts()?, own[..1]);
        assert_eq!(scene.texts(profile, &["--offline"])?, own);
        let who = scene.run(profile, &["whoami", "--json"])?.json()?;
        assert_eq!(who["email"], email);
        assert_eq!(who["issuer"], sandbox.address("issuer"));
    }

    scene.run("home", &["sync"])?.ended(0)?;
    assert_eq!(scene.home.texts()?, ["sent home", "waits home"]);
    assert_eq!(scene.work.texts()?, ["sent work"]);

    scene.run("home", &["logout"])?.ended(0)?;
    scene.run("home", &["list", "--fresh"])?.ended(4)?;
    let fresh = scene.texts("work", &["--fresh"])?;
    assert_eq!(fresh, ["sent work", "waits work"]);
    assert_eq!(scene.work.texts()?, fresh);
    assert_eq!(scene.home.texts()?.len(), 2);
    Ok(())
}

#[test]
fn two_profiles_in_one_file_never_mix() -> Checked {
    never_mix(&Scene::with("credential_store = \"file\"")?)
}

#[test]
fn two_profiles_with_one_helper_never_mix() -> Checked {
    let folder = tempfile::tempdir()?;
    let helper = Helper::install(folder.path().join("vault"))?;
    never_mix(&Scene::with(&helper.lines())?)
}

/// The texts of one person's rows.
fn rows_of(sandbox: &Sandbox, sub: &Value) -> Checked<Vec<String>> {
    let sub = sub.as_str().unwrap_or_default().replace('|', "%7C");
    let rows = sandbox.control(Method::GET, &format!("/todos?sub={sub}"), None)?;
    let rows = rows.as_array().ok_or("no rows")?.iter();
    let text = |row: &Value| row["text"].as_str().unwrap_or_default().to_owned();
    Ok(rows.map(text).collect())
}

fn sub(machine: &Machine) -> Checked<Value> {
    Ok(machine.json(&["whoami", "--json"])?["sub"].clone())
}

#[test]
fn somebody_else_on_the_same_profile_sees_and_sends_only_their_own() -> Checked {
    for logs_out_first in [true, false] {
        let sandbox = Sandbox::start()?;
        let machine = Machine::at(&sandbox)?;
        log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
        let ada = sub(&machine)?;
        machine.run(&["add", "ada sent"])?.ended(0)?;
        machine.run(&["--offline", "add", "ada waits"])?.ended(0)?;
        if logs_out_first {
            machine.run(&["logout"])?.ended(0)?;
        }

        log_in(&machine, &sandbox, "bob@example.com")?.ended(0)?;
        let bob = sub(&machine)?;
        machine.run(&["list", "--offline"])?.ended(5)?;
        machine.run(&["sync"])?.ended(0)?;
        assert_eq!(listed(&machine, &[])?, [""; 0]);
        let status = machine.json(&["status", "--json"])?;
        assert_eq!(
            (&status["pending"], &status["open"]),
            (&json!(0), &json!(0))
        );
        machine.run(&["add", "bob sent"])?.ended(0)?;
        machine.run(&["--offline", "add", "bob waits"])?.ended(0)?;
        assert_eq!(sandbox.texts()?, ["ada sent", "bob sent"]);

        log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
        assert_eq!(listed(&machine, &["--offline"])?, ["ada sent", "ada waits"]);
        for _ in 0..2 {
            machine.run(&["sync"])?.ended(0)?;
            assert_eq!(rows_of(&sandbox, &ada)?, ["ada sent", "ada waits"]);
            assert_eq!(rows_of(&sandbox, &bob)?, ["bob sent"]);
        }
    }
    Ok(())
}

#[test]
fn a_token_of_somebody_else_opens_nothing_of_the_one_logged_in() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    let ada = sub(&machine)?;
    machine.run(&["add", "ada sent"])?.ended(0)?;
    machine.run(&["--offline", "add", "ada waits"])?.ended(0)?;
    let order = json!({"sub": "auth0|bob"});
    let made = sandbox.control(Method::POST, "/token", Some(order))?;
    machine.set(
        "TUDONE_ACCESS_TOKEN",
        made["token"].as_str().ok_or("no token")?,
    );

    machine.run(&["list", "--offline"])?.ended(5)?;
    assert_eq!(sub(&machine)?, "auth0|bob");
    assert_eq!(listed(&machine, &["--fresh"])?, [""; 0]);
    machine.run(&["add", "bob sent"])?.ended(0)?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(rows_of(&sandbox, &json!("auth0|bob"))?, ["bob sent"]);
    assert_eq!(rows_of(&sandbox, &ada)?, ["ada sent"]);

    machine.set("TUDONE_ACCESS_TOKEN", "");
    assert_eq!(listed(&machine, &["--offline"])?, ["ada sent", "ada waits"]);
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(rows_of(&sandbox, &ada)?, ["ada sent", "ada waits"]);
    assert_eq!(rows_of(&sandbox, &json!("auth0|bob"))?, ["bob sent"]);
    Ok(())
}

#[test]
fn another_backend_under_the_same_name_is_another_account() -> Checked {
    let (sandbox, other) = (Sandbox::start()?, Sandbox::start()?);
    let mut machine = Machine::at(&sandbox)?;
    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["--offline", "add", "bread"])?.ended(0)?;

    for (variable, address) in [("TUDONE_ISSUER", "issuer"), ("TUDONE_ENDPOINT", "endpoint")] {
        machine.set(variable, other.address(address));
        for words in [&["list", "--offline"][..], &["whoami"], &["sync"]] {
            machine.run(words)?.ended(4)?;
        }
        assert_eq!(machine.json(&["status", "--json"])?["account"], Value::Null);
        machine.set(variable, sandbox.address(address));
    }

    assert_eq!(other.requests("graphql")? + other.requests("token")?, 0);
    assert_eq!(listed(&machine, &["--fresh"])?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn what_a_token_queued_is_seen_without_it() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let order = json!({"sub": "auth0|ada"});
    let made = sandbox.control(Method::POST, "/token", Some(order))?;
    let token = made["token"].as_str().ok_or("no token")?;
    machine.set("TUDONE_ACCESS_TOKEN", token);
    machine.run(&["--offline", "add", "milk"])?.ended(0)?;

    machine.set("TUDONE_ACCESS_TOKEN", "");
    assert_eq!(listed(&machine, &["--offline"])?, ["milk"]);
    assert_eq!(machine.json(&["status", "--json"])?["pending"], 1);
    machine.run(&["logout", "--purge"])?.ended(2)?;

    machine.set("TUDONE_ACCESS_TOKEN", token);
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    Ok(())
}
