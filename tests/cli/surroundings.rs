//! Where scripts run: without a home, in any locale, with long inputs; and whom
//! commands talk to.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Checked, Machine, Sandbox, ended, is_installed};

#[test]
fn a_home_that_is_missing_or_no_directory_stops_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    for home in [None, Some("/dev/null"), Some("/proc"), Some("/nonexistent")] {
        let run = |words: &[&str], own_folders: bool| {
            let mut command = machine.tudone(words);
            match home {
                Some(home) => command.env("HOME", home),
                None => command.env_remove("HOME"),
            };
            if !own_folders {
                command.env_remove("TUDONE_CONFIG_DIR");
                command.env("TUDONE_DATA_DIR", machine.path("other"));
            }
            ended(command)
        };
        run(&["add", "milk"], true)?.ended(0)?;
        run(&["list"], true)?.ended(0)?;
        run(&["status"], true)?.ended(0)?;
        run(&["help", "dates"], true)?.ended(0)?;
        if home.is_some() {
            // The variables name the backend: no file is needed.
            run(&["status"], false)?.ended(0)?;
            run(&["list"], false)?.ended(4)?;
        }
    }
    Ok(())
}

#[test]
fn off_a_terminal_no_other_program_is_started() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let (programs, started) = (machine.path("programs"), machine.path("started"));
    fs::create_dir_all(&programs)?;
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\n", started.display());
    for name in [
        "tput",
        "stty",
        "less",
        "more",
        "sh",
        "secret-tool",
        "xdg-open",
    ] {
        let path = programs.join(name);
        fs::write(&path, &script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    // As under cron: the user's terminal cannot be asked either.
    machine.launch_through(&["/usr/bin/setsid", "--wait"]);
    machine.set("PATH", programs.to_string_lossy());
    machine.set("TERM", "xterm-256color");
    for words in [
        &["list"][..],
        &["list", "--json"],
        &["show", "1"],
        &["queue"],
        &["status"],
        &["help", "dates"],
        &["add", "tea"],
        &["done", "1"],
        &["sync"],
    ] {
        machine.run(words)?.ended(0)?;
        assert!(
            !started.exists(),
            "{words:?}: {}",
            fs::read_to_string(&started)?
        );
    }
    Ok(())
}

#[test]
fn in_a_home_that_cannot_be_written_nothing_is_promised() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::at(&sandbox)?;
    let home = machine.path("home");
    fs::create_dir_all(&home)?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o555))?;
    machine.enforce_modes();
    let run = |words: &[&str]| {
        let mut command = machine.tudone(words);
        command.env_remove("TUDONE_CONFIG_DIR");
        command.env_remove("TUDONE_DATA_DIR");
        ended(command)
    };
    for words in [&["help", "dates"][..], &["config", "path"], &["status"]] {
        assert_eq!(run(words)?.ended(0)?.stderr, "", "{words:?}");
    }
    // Before a code is asked for: a login could not be kept.
    let ran = run(&["login", "--device-code"])?.ended(8)?;
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("Permission denied"), "{ran:?}");
    run(&["list"])?.ended(4)?;
    assert_eq!(fs::read_dir(home)?.count(), 0);
    Ok(())
}

#[test]
fn texts_are_the_same_in_every_locale() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut seen = Vec::new();
    for locale in ["C", "xx_YY.unknown", "de_DE.UTF-8", "POSIX"] {
        machine.set("LC_ALL", locale);
        machine.run(&["add", "Grüße an 学習 🪴"])?.ended(0)?;
        let listed = machine.run(&["list", "grüsse", "--limit", "1"])?.ended(0)?;
        assert!(
            listed.stdout.contains("Grüße an 学習 🪴"),
            "{locale}: {listed:?}"
        );
        seen.push(listed.stdout);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
    Ok(())
}

#[test]
fn ten_thousand_handles_on_standard_input_are_one_change() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut lines = String::new();
    for n in 0..10_000 {
        writeln!(lines, "todo {n}")?;
    }
    let added = machine.feed(&["add", "-", "--offline"], lines.as_bytes())?;
    let handles = added.ended(0)?.stdout;
    assert_eq!(handles.lines().count(), 10_000);

    let done = machine.feed(
        &["done", "-", "--offline", "--json=handle"],
        handles.as_bytes(),
    )?;
    let answer = done.ended(0)?.json()?;
    assert_eq!(answer["changed"].as_array().map(Vec::len), Some(10_000));
    let count = machine.run(&["list", "--offline", "--done", "--count"])?;
    assert_eq!(count.stdout, "10000\n");
    machine.run(&["undo", "--offline"])?.ended(0)?;
    let count = machine.run(&["list", "--offline", "--count"])?;
    assert_eq!(count.stdout, "10000\n");
    Ok(())
}

#[test]
fn a_key_that_was_deleted_adds_nothing_and_exits_6() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let other = Machine::logged_in(&sandbox, "ada@example.com")?;
    let add = [
        "add",
        "--key",
        "0190f3a0-0000-7000-8000-000000000001",
        "milk",
    ];
    machine.run(&add)?.ended(0)?;
    machine.run(&["rm", "--yes", "1"])?.ended(0)?;

    for machine in [&machine, &other] {
        let words = [&add[..], &["--json"]].concat();
        let ran = machine.run(&words)?.ended(6)?;
        assert_eq!(ran.stdout, "");
        let error = ran.error()?;
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("was deleted"), "{error}");
        let listed = machine.json(&["list", "--all", "--json"])?;
        assert_eq!(
            listed["todos"].as_array().map(Vec::len),
            Some(0),
            "{listed}"
        );
        assert_eq!(listed["pending"], 0);
    }
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

/// The connections that a command opens: `127.0.0.1:80`, or the path of a socket.
fn connections(machine: &mut Machine, words: &[&str]) -> Checked<Vec<String>> {
    let trace = machine.path("trace");
    let place = trace.to_str().ok_or("not UTF-8")?.to_owned();
    let options = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=connect,sendto",
        "-o",
        &place,
    ];
    machine.launch_through(&options);
    let ran = machine.run(words);
    machine.launch_through(&[]);
    let ran = ran?;
    if ran.code != Some(0) {
        return Err(format!("{words:?}: {ran:?}").into());
    }
    let text = std::fs::read_to_string(trace)?;
    let between = |line: &str, from: &str, to: &str| {
        let (_, rest) = line.split_once(from)?;
        Some(rest.split_once(to)?.0.to_owned())
    };
    let opened = text.lines().filter(|line| line.contains("sa_family="));
    Ok(opened
        .filter_map(|line| match between(line, "sin_port=htons(", ")") {
            Some(port) => {
                let host = between(line, "inet_addr(\"", "\"")?;
                Some(format!("{host}:{port}"))
            }
            None if line.contains("AF_UNIX") => between(line, "sun_path=\"", "\""),
            None => Some(line.to_owned()),
        })
        .filter(|it| !it.contains("nscd"))
        .collect())
}

#[test]
fn commands_talk_to_the_issuer_and_the_endpoint_only_and_only_if_they_must() -> Checked {
    if !is_installed("strace")? {
        return Ok(());
    }
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk +shop"])?.ended(0)?;
    machine.run(&["list", "--fresh"])?.ended(0)?;
    let host = |name: &str| -> Checked<String> {
        let url: reqwest::Url = sandbox.address(name).parse()?;
        let port = url.port().ok_or("no port")?;
        Ok(format!("127.0.0.1:{port}"))
    };
    let allowed = [host("issuer")?, host("endpoint")?];

    for words in [
        &["list", "--max-age", "1h"][..],
        &["list", "--offline"],
        &["show", "1"],
        &["status"],
        &["whoami"],
        &["queue"],
        &["undo", "--list"],
        &["export", "-", "--format", "jsonl"],
        &["add", "--offline", "tea"],
        &["done", "--offline", "1"],
        &["config", "show"],
        &["completions", "zsh"],
        &["__complete", "--", "tudone", "done", ""],
        &["man"],
        &["help", "terms"],
        &["--version"],
    ] {
        let opened = connections(&mut machine, words)?;
        assert_eq!(opened, [] as [&str; 0], "{words:?}");
    }
    for words in [
        &["sync"][..],
        &["list", "--fresh"],
        &["add", "bread"],
        &["edit", "2", "--due", "tomorrow"],
        &["rm", "2", "--yes"],
        &["undo"],
        &["doctor"],
        &["logout"],
    ] {
        let opened = connections(&mut machine, words)?;
        assert!(!opened.is_empty(), "{words:?} sent no request");
        let strange: Vec<&String> = opened.iter().filter(|it| !allowed.contains(it)).collect();
        assert!(strange.is_empty(), "{words:?}: {strange:?}");
    }
    Ok(())
}
