//! Refreshing cannot log anybody out: not at once in many processes, not when
//! killed, not when an answer is lost.

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::helper::Helper;
use crate::issuer::{DEVICE, Issuer, REVOKE, Reply, TOKEN};
use crate::sandbox_of_stale_tokens as sandbox;
use crate::support::seat::Seat;
use crate::support::{Checked, DEADLINE, Machine, Ran, Sandbox, ended};
use crate::{forget_requests, last_event, listed, log_in, make_tokens_last, until};

/// Somebody logged in with one todo fetched and one that waits to be sent. The
/// access token is stale; the next one will not be.
fn prepare(machine: &Machine, sandbox: &Sandbox) -> Checked {
    log_in(machine, sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["--offline", "add", "bread"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk"]);
    make_tokens_last(sandbox)?;
    forget_requests(sandbox)
}

/// That the login has ended, with nothing lost by it.
fn has_ended(machine: &Machine, ran: Ran) -> Checked {
    let error = ran.ended(4)?.error()?;
    let message = error["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("the login has expired or was revoked"),
        "{error}"
    );
    let help = error["help"].as_str().unwrap_or_default();
    assert!(help.contains("tudone login"), "{error}");
    assert_eq!(listed(machine, &[])?, ["milk", "bread"]);
    assert_eq!(machine.json(&["status", "--json"])?["pending"], 1);
    Ok(())
}

#[test]
fn fifty_processes_with_a_stale_token_make_one_refresh() -> Checked {
    let sandbox = sandbox("0")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;

    let list = || {
        machine
            .tudone(["list", "--fresh", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    };
    let mut children = (0..50).map(|_| list()).collect::<Result<Vec<_>, _>>()?;
    let end = Instant::now() + DEADLINE;
    while let Some(child) = children.pop() {
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        // On a machine this busy two seconds may pass; the login must not.
        if said.contains("did not answer in time") && Instant::now() < end {
            children.push(list()?);
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }

    assert_eq!(sandbox.requests("token")?, 1);
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    refreshes_once_more(&machine, &sandbox)
}

/// That the refresh token which is kept is the one the issuer waits for.
fn refreshes_once_more(machine: &Machine, sandbox: &Sandbox) -> Checked {
    make_kept_token_end(machine, "1970-01-01T00:00:00Z")?;
    forget_requests(sandbox)?;
    machine.run(&["list", "--fresh"])?.ended(0)?;
    assert_eq!(sandbox.requests("token")?, 1);
    Ok(())
}

/// Writes into the credential file when the access token there ends.
fn make_kept_token_end(machine: &Machine, at: &str) -> Checked {
    let path = machine.path("data/credentials.json");
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    let entries = file.as_object_mut().ok_or("no entries")?;
    let (_, entry) = entries
        .iter_mut()
        .find(|(name, _)| name.ends_with(".access"))
        .ok_or("no access token is kept")?;
    let mut kept: serde_json::Value = serde_json::from_str(entry.as_str().unwrap_or_default())?;
    kept["expires_at"] = json!(at);
    kept["renew_at"] = json!(at);
    *entry = json!(kept.to_string());
    Ok(fs::write(&path, file.to_string())?)
}

#[test]
fn a_kept_token_with_an_absurd_end_is_believed_by_nobody() -> Checked {
    let sandbox = sandbox("0")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;
    for end in ["9999-12-30T22:00:00Z", "-009999-01-02T02:00:00Z"] {
        machine.run(&["list", "--fresh"])?.ended(0)?;
        make_kept_token_end(&machine, end)?;
        // The issuer's clock is as it was, Hasura's is past the token's end.
        crate::configure(&sandbox, &json!({"hasura_clock_s": 7200, "clock_s": 7200}))?;
        forget_requests(&sandbox)?;

        machine.run(&["list", "--fresh"])?.ended(0)?;

        assert_eq!(sandbox.requests("token")?, 1, "{end}");
        crate::configure(&sandbox, &json!({"hasura_clock_s": 0, "clock_s": 0}))?;
    }
    Ok(())
}

/// A machine whose logins a helper keeps.
fn with_helper(sandbox: &Sandbox) -> Checked<(Machine, Helper)> {
    let mut machine = Machine::at(sandbox)?;
    let helper = Helper::install(machine.path("vault"))?;
    machine.set("TUDONE_CREDENTIAL_STORE", "command");
    machine.configure(&format!("[profiles.default]\n{}", helper.lines()))?;
    Ok((machine, helper))
}

/// Kills a command and the process that refreshes for it (SIGKILL) while that
/// stores the entry `kind`, before that.
fn kill_while_storing(machine: &Machine, helper: &Helper, kind: &str) -> Checked {
    fs::write(helper.path("hold"), kind)?;
    let mut child = machine.tudone(["list", "--fresh"]).spawn()?;
    let (sender, held) = channel();
    let pipe = helper.path("held");
    std::thread::spawn(move || {
        let mut name = String::new();
        let opened = fs::File::open(pipe);
        let read = opened.and_then(|mut pipe| pipe.read_to_string(&mut name));
        let _ = sender.send(read.map(|_| name));
    });
    let held = held.recv_timeout(DEADLINE)??;
    let (name, refreshing) = held.trim_end().split_once(' ').ok_or("no process id")?;
    assert!(name.ends_with(kind), "{name}");
    child.kill()?;
    child.wait()?;
    crate::endings::send("-KILL", refreshing)?;
    fs::remove_file(helper.path("hold"))?;
    // Lets the helper, which nobody waits for any more, end.
    drop(
        fs::OpenOptions::new()
            .write(true)
            .open(helper.path("gate"))?,
    );
    Ok(())
}

#[test]
fn killed_before_the_new_token_is_stored_the_old_one_works_within_the_leeway() -> Checked {
    let sandbox = sandbox("30")?;
    let (machine, helper) = with_helper(&sandbox)?;
    prepare(&machine, &sandbox)?;

    kill_while_storing(&machine, &helper, "refresh")?;
    machine.run(&["list", "--fresh"])?.ended(0)?;

    assert_eq!(sandbox.requests("token")?, 2);
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn killed_before_the_new_token_is_stored_without_leeway_it_says_log_in_again() -> Checked {
    let sandbox = sandbox("0")?;
    let (machine, helper) = with_helper(&sandbox)?;
    prepare(&machine, &sandbox)?;

    kill_while_storing(&machine, &helper, "refresh")?;

    has_ended(&machine, machine.run(&["list", "--fresh", "--json"])?)?;
    // What could be cleared is cleared: nobody asks the issuer in vain again.
    forget_requests(&sandbox)?;
    machine.run(&["list", "--fresh"])?.ended(4)?;
    assert_eq!(sandbox.requests("token")?, 0);

    log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn killed_before_the_access_token_is_stored_the_login_goes_on() -> Checked {
    let sandbox = sandbox("0")?;
    let (machine, helper) = with_helper(&sandbox)?;
    prepare(&machine, &sandbox)?;

    kill_while_storing(&machine, &helper, "access")?;
    machine.run(&["list", "--fresh"])?.ended(0)?;

    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn an_answer_lost_after_the_exchange_is_asked_for_again_at_once() -> Checked {
    let sandbox = sandbox("30")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;
    let once = json!({"route": "token", "fault": "drop_after", "times": 1});
    sandbox.control(Method::POST, "/faults", Some(once))?;

    machine.run(&["list", "--fresh"])?.ended(0)?;

    assert_eq!(sandbox.requests("token")?, 2);
    assert_eq!(sandbox.texts()?, ["milk", "bread"]);
    Ok(())
}

#[test]
fn an_issuer_in_trouble_is_named_in_the_time_a_command_has() -> Checked {
    let sandbox = sandbox("0")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;
    let always = json!({"route": "token", "fault": "html"});
    sandbox.control(Method::POST, "/faults", Some(always))?;

    let ran = machine.run(&["list", "--fresh"])?.ended(5)?;

    assert!(
        ran.stderr.contains("returned a server error (HTTP 502)"),
        "{ran:?}"
    );
    assert!(sandbox.requests("token")? > 2, "it was asked again");
    Ok(())
}

#[test]
fn a_process_that_hangs_while_it_refreshes_is_named_and_todos_stay() -> Checked {
    let sandbox = sandbox("0")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;
    let mut held = Vec::new();
    for file in fs::read_dir(machine.path("data/profiles"))? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".lock") && !name.ends_with(".starting.lock") {
            let file = fs::File::open(path)?;
            file.lock()?;
            held.push(file);
        }
    }
    assert_eq!(held.len(), 1);

    let ran = machine.run(&["list", "--fresh"])?.ended(5)?;
    assert!(ran.stderr.contains("another tudone"), "{ran:?}");
    assert_eq!(listed(&machine, &["--max-age", "0s"])?, ["milk", "bread"]);
    assert_eq!(sandbox.requests("token")?, 0);

    drop(held);
    machine.run(&["list", "--fresh"])?.ended(0)?;
    Ok(())
}

#[test]
fn a_refresh_that_the_application_may_not_ask_for_names_the_switch() -> Checked {
    for dialect in ["auth0", "rfc"] {
        let options = ["--access-ttl", "0", "--dialect", dialect];
        let sandbox = Sandbox::start_with(&options)?;
        crate::forgive_a_minute(&sandbox)?;
        let machine = Machine::at(&sandbox)?;
        log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
        crate::configure(&sandbox, &json!({"refresh_grant": false}))?;

        let ran = machine.run(&["list", "--fresh", "--json"])?;

        let error = ran.ended(8)?.error()?;
        let help = error["help"].as_str().unwrap_or_default();
        assert!(help.contains("Refresh Token"), "{dialect}: {error}");
        assert_eq!(machine.json(&["status", "--json"])?["logged_in"], true);
    }
    Ok(())
}

/// Holds the answer to the first refresh back until the returned sender is used.
fn hold_first_refresh(issuer: &Issuer) -> Sender<()> {
    let (answer, told) = channel();
    let held = Reply::When(told, Box::new(stale_tokens(issuer, 2)));
    issuer.script(TOKEN, [held, stale_tokens(issuer, 3)]);
    answer
}

/// Waits until the credential file of `machine` holds `token`.
fn until_kept(machine: &Machine, token: &str) -> Checked {
    let path = machine.path("data/credentials.json");
    until(|| Ok(fs::read_to_string(&path)?.contains(token)))
}

/// That the login goes on with the token of the answer that was held back.
fn goes_on(machine: &Machine, issuer: &Issuer) -> Checked {
    until_kept(machine, "refresh-2")?;
    machine.run(&["sync"])?.ended(5)?;
    until(|| Ok(refresh_tokens_sent(issuer).len() > 1))?;
    assert_eq!(refresh_tokens_sent(issuer), ["refresh-1", "refresh-2"]);
    Ok(())
}

#[test]
fn a_command_does_not_wait_for_a_refresh_that_is_stuck_and_its_answer_is_kept() -> Checked {
    let (issuer, machine) = with_scripted_issuer()?;
    let answer = hold_first_refresh(&issuer);

    let ran = machine.run(&["add", "milk"])?.ended(0)?;

    assert_eq!(ran.stdout.trim_end(), "n1");
    let stderr = &ran.stderr;
    assert!(
        stderr.contains("the issuer did not answer in time"),
        "{stderr}"
    );
    assert!(!stderr.contains("another tudone"), "{stderr}");
    answer.send(())?;
    goes_on(&machine, &issuer)
}

#[test]
fn a_second_command_during_a_stuck_refresh_sends_no_token() -> Checked {
    let (issuer, machine) = with_scripted_issuer()?;
    let answer = hold_first_refresh(&issuer);
    machine.run(&["list", "--fresh"])?.ended(5)?;

    let ran = machine.run(&["list", "--fresh"])?.ended(5)?;

    assert!(ran.stderr.contains("another tudone"), "{ran:?}");
    assert_eq!(refresh_tokens_sent(&issuer), ["refresh-1"]);
    answer.send(())?;
    goes_on(&machine, &issuer)
}

#[test]
fn no_way_of_ending_a_command_during_a_refresh_costs_the_login() -> Checked {
    for signal in ["-INT", "-TERM", "-KILL"] {
        let (issuer, machine) = with_scripted_issuer()?;
        let answer = hold_first_refresh(&issuer);
        let mut list = machine.tudone(["sync"]).stderr(Stdio::null()).spawn()?;
        until(|| Ok(!refresh_tokens_sent(&issuer).is_empty()))?;

        crate::endings::send(signal, &list.id().to_string())?;

        let status = list.wait()?;
        assert!(!status.success(), "{signal}: {status}");
        answer.send(())?;
        goes_on(&machine, &issuer)?;
    }
    Ok(())
}

#[test]
fn quitting_the_tui_does_not_wait_for_a_refresh_that_is_stuck() -> Checked {
    let (issuer, machine) = with_scripted_issuer()?;
    let answer = hold_first_refresh(&issuer);
    let mut seat = Seat::take(&machine, &[])?;
    until(|| Ok(!refresh_tokens_sent(&issuer).is_empty()))?;

    seat.press("q")?;

    // The process that refreshes may take a minute.
    seat.ends_within(Duration::from_secs(20))?;
    answer.send(())?;
    goes_on(&machine, &issuer)
}

#[test]
fn a_doctor_that_is_interrupted_waits_for_its_refresh() -> Checked {
    let (issuer, machine) = with_scripted_issuer()?;
    let answer = hold_first_refresh(&issuer);
    let mut seat = Seat::take(&machine, &["doctor"])?;
    until(|| Ok(!refresh_tokens_sent(&issuer).is_empty()))?;

    seat.press("\u{3}")?;
    seat.wait_for("without its answer the login may be lost")?;
    answer.send(())?;

    assert_eq!(seat.ended()?, 130);
    goes_on(&machine, &issuer)
}

#[test]
fn a_refresh_that_ends_after_a_logout_stores_nothing_and_revokes_its_token() -> Checked {
    let (issuer, machine) = with_scripted_issuer()?;
    let answer = hold_first_refresh(&issuer);
    machine.run(&["list", "--fresh"])?.ended(5)?;

    machine.run(&["logout"])?.ended(0)?;

    answer.send(())?;
    let revoked = || -> Vec<String> {
        let asked = issuer.asked(REVOKE);
        asked
            .iter()
            .map(|it| it.field("token").to_owned())
            .collect()
    };
    until(|| Ok(revoked().len() > 1))?;
    assert_eq!(revoked(), ["refresh-1", "refresh-2"]);
    let kept = fs::read_to_string(machine.path("data/credentials.json"))?;
    assert!(!kept.contains("refresh-"), "{kept}");
    Ok(())
}

/// Somebody logged in, unverified since no backend is there, whose access
/// token is stale.
fn with_scripted_issuer() -> Checked<(Issuer, Machine)> {
    let issuer = Issuer::start()?;
    let mut machine = Machine::new()?;
    machine.set("TUDONE_ISSUER", issuer.url());
    machine.set("TUDONE_CLIENT_ID", "client");
    machine.set("TUDONE_AUDIENCE", "https://todos.example");
    machine.set("TUDONE_ENDPOINT", "http://127.0.0.1:9/v1/graphql");
    machine.set("TUDONE_CREDENTIAL_STORE", "file");
    issuer.script(DEVICE, [issuer.code()]);
    issuer.script(TOKEN, [stale_tokens(&issuer, 1)]);
    machine.run(&["login", "--device-code"])?.ended(0)?;
    Ok((issuer, machine))
}

fn stale_tokens(issuer: &Issuer, serial: u32) -> Reply {
    let mut tokens = issuer.tokens("auth0|ada", serial);
    tokens["expires_in"] = json!(0);
    Reply::json(200, &tokens)
}

fn refresh_tokens_sent(issuer: &Issuer) -> Vec<String> {
    let asked = issuer.asked(TOKEN);
    let sent = asked.iter().map(|it| it.field("refresh_token").to_owned());
    sent.filter(|token| !token.is_empty()).collect()
}

#[test]
fn an_error_code_that_repeats_the_refresh_token_is_logged_without_it() -> Checked {
    let (issuer, machine) = with_scripted_issuer()?;
    let echo = json!({"error": "bad_refresh-1", "error_description": "no"});
    issuer.script(TOKEN, [Reply::json(403, &echo)]);

    let ran = machine.run(&["doctor", "-vv"])?;

    assert!(ran.stderr.contains("bad_***"), "{ran:?}");
    assert!(!ran.stderr.contains("refresh-1"), "{ran:?}");
    assert!(!ran.stdout.contains("refresh-1"), "{ran:?}");
    Ok(())
}

#[test]
fn an_answer_lost_without_leeway_ends_the_login_and_names_the_remedy() -> Checked {
    let sandbox = sandbox("0")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;
    let once = json!({"route": "token", "fault": "drop_after", "times": 1});
    sandbox.control(Method::POST, "/faults", Some(once))?;

    let ran = machine.run(&["list", "--fresh", "--json"])?;

    has_ended(&machine, ran)
}

#[test]
fn a_login_revoked_elsewhere_keeps_todos_and_outbox_and_sends_it_once_later() -> Checked {
    let sandbox = sandbox("0")?;
    let machine = Machine::at(&sandbox)?;
    prepare(&machine, &sandbox)?;
    sandbox.control(Method::POST, "/revoke-all", None)?;

    has_ended(&machine, machine.run(&["list", "--fresh", "--json"])?)?;
    let added = machine.run(&["add", "tea"])?.ended(0)?;
    assert!(added.stderr.contains("tudone login"), "{added:?}");
    machine.run(&["whoami"])?.ended(4)?;
    assert_eq!(sandbox.texts()?, ["milk"]);

    let again = log_in(&machine, &sandbox, "ada@example.com")?.ended(0)?;
    assert_eq!(last_event(&again)?["event"], "done");
    for _ in 0..2 {
        machine.run(&["sync"])?.ended(0)?;
        assert_eq!(sandbox.texts()?, ["milk", "bread", "tea"]);
    }
    Ok(())
}

#[test]
fn two_machines_with_logins_of_their_own_do_not_disturb_one_another() -> Checked {
    let sandbox = sandbox("0")?;
    let machines = [Machine::at(&sandbox)?, Machine::at(&sandbox)?];
    for machine in &machines {
        log_in(machine, &sandbox, "ada@example.com")?.ended(0)?;
    }
    for round in 0..2 {
        for (number, machine) in machines.iter().enumerate() {
            let text = format!("todo {round} of {number}");
            machine.run(&["add", &text])?.ended(0)?;
            assert_eq!(listed(machine, &["--fresh"])?.last(), Some(&text));
        }
    }

    machines[0].run(&["logout"])?.ended(0)?;

    machines[0].run(&["list", "--fresh"])?.ended(4)?;
    let fresh = ended(machines[1].tudone(["list", "--fresh"]))?.ended(0)?;
    assert_eq!(fresh.stdout.lines().count(), 4, "{fresh:?}");
    Ok(())
}
