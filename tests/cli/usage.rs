//! What needs neither account nor server.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{Checked, Machine, Sandbox, ended};

#[test]
fn the_version_is_one_line() -> Checked {
    let ran = Machine::new()?.run(&["--version"])?.ended(0)?;

    assert_eq!(
        ran.stdout,
        format!("tudone {}\n", env!("CARGO_PKG_VERSION"))
    );
    Ok(())
}

#[test]
fn without_a_command_and_a_terminal_the_help_goes_to_stderr() -> Checked {
    let ran = Machine::new()?.run(&[])?.ended(2)?;

    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("Usage: tudone"), "{ran:?}");
    Ok(())
}

#[test]
fn what_needs_no_account_needs_no_configuration() -> Checked {
    let machine = Machine::new()?;
    for words in [
        ["config", "path"].as_slice(),
        &["config", "default"],
        &["completions", "bash"],
        &["completions", "fish"],
        &["help"],
        &["help", "exit-codes"],
        &["help", "rejected"],
        &["help", "json"],
        &["help", "terms"],
        &["help", "dates"],
        &["help", "todo.txt"],
        &["help", "keys"],
        &["help", "environment"],
        &["help", "list"],
        &["list", "--help"],
    ] {
        let ran = machine.run(words)?.ended(0)?;
        assert!(!ran.stdout.is_empty(), "{words:?}");
        assert_eq!(ran.stderr, "", "{words:?}");
        assert!(!ran.stdout.contains('\u{1b}'), "colour in {words:?}");
    }
    Ok(())
}

#[test]
fn the_default_configuration_can_be_used_as_it_is() -> Checked {
    let machine = Machine::new()?;
    machine.configure(&machine.run(&["config", "default"])?.stdout)?;

    let shown = machine.json(&["config", "show", "--json"])?;

    assert_eq!(shown["settings"]["profile"]["value"], "home");
    Ok(())
}

#[test]
fn nothing_configured_exits_8_and_says_where_to_start() -> Checked {
    let ran = Machine::new()?.run(&["list"])?.ended(8)?;

    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("config default"), "{ran:?}");
    Ok(())
}

#[test]
fn all_problems_of_a_file_are_reported_at_once() -> Checked {
    let machine = Machine::new()?;
    machine.configure("[profiles.home]\nisuer = \"x\"\nendpoint = \"http://example.com/\"\n")?;

    let ran = machine.run(&["list", "--json"])?.ended(8)?;

    let error = ran.error()?;
    assert_eq!(error["code"], "config");
    let message = error["message"].as_str().unwrap_or_default();
    for part in ["config.toml:2", "`issuer`?", "config.toml:3", "plain http"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert!(error["help"].is_string());
    Ok(())
}

#[test]
fn wrong_usage_with_json_is_one_object_on_stderr() -> Checked {
    let ran = Machine::new()?
        .run(&["list", "--json", "--nonsense"])?
        .ended(2)?;

    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    let object: Value = serde_json::from_str(&ran.stderr)?;
    assert_eq!(object["error"]["code"], "usage");
    assert!(
        object["error"]["message"]
            .as_str()
            .is_some_and(|it| it.contains("--nonsense"))
    );
    Ok(())
}

#[test]
fn an_unknown_field_names_the_nearest_one() -> Checked {
    let ran = Machine::new()?.run(&["list", "--json=id,txt"])?.ended(2)?;

    assert!(
        ran.error()?["message"]
            .as_str()
            .is_some_and(|it| it.contains("`text`"))
    );
    Ok(())
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() -> Checked {
    let machine = Machine::new()?;
    let mut child = machine
        .tudone(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());

    let output = child.wait_with_output()?;

    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr)?, "");
    Ok(())
}

#[test]
fn commands_of_an_account_exit_4_before_any_login() -> Checked {
    let mut machine = Machine::new()?;
    machine.set("TUDONE_ISSUER", "http://127.0.0.1:9/");
    machine.set("TUDONE_CLIENT_ID", "nobody");
    machine.set("TUDONE_AUDIENCE", "nothing");
    machine.set("TUDONE_ENDPOINT", "http://127.0.0.1:9/v1/graphql");
    machine.set("TUDONE_CREDENTIAL_STORE", "file");

    for words in [
        ["list", "--json"].as_slice(),
        &["add", "milk", "--json"],
        &["done", "1", "--json"],
        &["rm", "1", "--yes", "--json"],
        &["undo", "--json"],
        &["undo", "--list", "--json"],
        &["sync", "--json"],
        &["whoami", "--json"],
    ] {
        let ran = machine.run(words)?.ended(4)?;
        assert_eq!(ran.error()?["code"], "login-required", "{words:?}");
    }

    let status = machine.json(&["status", "--json"])?;
    assert_eq!(status["account"], Value::Null);
    assert_eq!(status["logged_in"], false);
    Ok(())
}

#[test]
fn logs_are_off_unless_asked_for() -> Checked {
    let machine = Machine::new()?;

    machine.run(&["config", "path"])?.ended(0)?;

    assert!(!machine.path("home").exists(), "something was written");
    let mut command = machine.tudone(["config", "path"]);
    command.env("TUDONE_LOG", "debug");
    ended(command)?.ended(0)?;
    assert!(machine.path("home/.local/state/tudone/tudone.log").exists());
    Ok(())
}

#[test]
fn a_login_with_offline_sends_no_request() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    for words in [
        ["--offline", "login", "--start"],
        ["login", "--device-code", "--offline"],
    ] {
        let ran = machine.run(&words)?.ended(5)?;
        assert!(ran.stderr.contains("--offline"), "{ran:?}");
    }
    assert_eq!(sandbox.requests("device")?, 0);
    Ok(())
}

#[test]
fn a_prompt_without_an_account_is_empty_whatever_is_wrong() -> Checked {
    let machine = Machine::new()?;
    for file in ["", "nonsense = ["] {
        machine.configure(file)?;
        let ran = machine.run(&["status", "--prompt"])?.ended(0)?;
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    }
    Ok(())
}

#[test]
fn a_topic_of_the_help_that_is_misspelt_names_the_nearest() -> Checked {
    let ran = Machine::new()?.run(&["help", "enviroment"])?.ended(2)?;
    assert!(ran.stderr.contains("`tudone help environment`"), "{ran:?}");
    Ok(())
}

#[test]
fn the_help_shows_keys_as_configured() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let keys = || -> Checked<String> { Ok(machine.run(&["help", "keys"])?.ended(0)?.stdout) };
    assert!(!keys()?.contains("ctrl-t"));
    machine.configure("[keys]\ntoggle-done = \"ctrl-t\"\n")?;
    assert!(keys()?.contains("ctrl-t"), "{}", keys()?);
    Ok(())
}

/// The names of environment variables in a text.
fn variables(text: &str) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let words = text.split(|letter| !is_part(letter));
    let names = words.filter(|word| word.starts_with("TUDONE_") && !word.contains("_TEST_"));
    names.map(str::to_owned).collect()
}

#[test]
fn the_help_names_every_variable_that_the_program_reads() -> Checked {
    let help = Machine::new()?.run(&["help", "environment"])?.stdout;
    let source = include_str!("../../src/config/environment.rs");
    let named = variables(source);
    assert!(named.len() > 10);
    for name in named {
        assert!(help.contains(&name), "{name} in {help}");
    }
    Ok(())
}

#[test]
fn man_pages_come_from_the_help() -> Checked {
    let machine = Machine::new()?;
    let folder = machine.path("man");
    let words = ["man", folder.to_str().ok_or("not UTF-8")?];
    machine.run(&words)?.ended(0)?;
    for (page, text) in [
        ("man1/tudone.1", "tudone demo"),
        ("man1/tudone-add.1", "EXAMPLES"),
        ("man1/tudone-setup-hasura.1", "OPTIONS"),
        ("man1/tudone-setup-export.1", "tudone setup export backend"),
        ("man7/tudone-dates.7", "this\\-week"),
        ("man7/tudone-todo.txt.7", "rec:1w"),
    ] {
        let written = std::fs::read_to_string(folder.join(page))?;
        assert!(written.contains(text), "{text} in {page}: {written}");
    }
    Ok(())
}
