//! The recipes of `docs/recipes.md`, as they are written there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::{Checked, Machine, Ran, Sandbox, ended, is_installed};

const RECIPES: &str = include_str!("../../docs/recipes.md");

/// The code blocks below a heading.
fn blocks(heading: &str) -> Checked<Vec<&'static str>> {
    let start = format!("## {heading}\n");
    let (_, section) = RECIPES.split_once(&start).ok_or("no such heading")?;
    let section = section.split("\n## ").next().unwrap_or(section);
    let parts = section.split("```").skip(1).step_by(2);
    let blocks = parts.filter_map(|part| part.split_once('\n'));
    Ok(blocks.map(|(_, code)| code).collect())
}

/// A folder in which `tudone` is the program, and somebody who is logged in.
struct Desk {
    sandbox: Sandbox,
    machine: Machine,
}

impl Desk {
    fn new() -> Checked<Self> {
        let sandbox = Sandbox::start()?;
        let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
        for folder in ["bin", "home", "work"] {
            fs::create_dir_all(machine.path(folder))?;
        }
        symlink(env!("CARGO_BIN_EXE_tudone"), machine.path("bin/tudone"))?;
        Ok(Self { sandbox, machine })
    }

    fn add(&self, lines: &str) -> Checked {
        self.machine
            .feed(&["add", "-"], lines.as_bytes())?
            .ended(0)?;
        Ok(())
    }

    /// Puts a program on the `PATH`.
    fn install(&self, name: &str, script: &str) -> Checked<PathBuf> {
        let path = self.machine.path("bin").join(name);
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(path)
    }

    /// Runs `script` in bash.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> Checked<Ran> {
        let environment = self.machine.tudone([""; 0]);
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", script]).env_clear();
        for (name, value) in environment.get_envs() {
            bash.env(name, value.unwrap_or_default());
        }
        let path = format!(
            "{}:{}",
            self.machine.path("bin").display(),
            std::env::var("PATH")?
        );
        bash.env("PATH", path)
            .envs(variables.iter().copied())
            .current_dir(self.machine.path("work"))
            .stdin(std::process::Stdio::null());
        ended(bash)
    }

    fn open(&self) -> Checked<Vec<String>> {
        let listed = self.machine.json(&["list", "--json=text"])?;
        let todos = listed["todos"].as_array().ok_or("no todos")?;
        let text = |todo: &Value| todo["text"].as_str().unwrap_or_default().to_owned();
        Ok(todos.iter().map(text).collect())
    }
}

#[test]
fn the_shell_prompt_shows_the_open_todos() -> Checked {
    let desk = Desk::new()?;
    desk.add("milk\nbread\n")?;
    let [prompt] = blocks("Shell prompt")?[..] else {
        return Err("not one block".into());
    };
    let ran = desk.run(
        &format!("PS1='$ '\n{prompt}\nprintf %s \"${{PS1@P}}\""),
        &[],
    )?;
    assert_eq!(ran.ended(0)?.stdout, "[2] $ ");
    Ok(())
}

#[test]
fn entries_of_cron_sync_and_print_what_is_due() -> Checked {
    let desk = Desk::new()?;
    let table = desk.machine.path("crontab");
    desk.install(
        "crontab",
        &format!(
            "#!/bin/sh\ncase $1 in -l) cat '{0}' ;; -) cat >'{0}.new' && mv '{0}.new' '{0}' ;; esac\n",
            table.display()
        ),
    )?;
    for block in blocks("cron")? {
        desk.run(block, &[])?.ended(0)?;
    }
    let table = fs::read_to_string(table)?;
    let entries: Vec<&str> = table.lines().collect();
    assert_eq!(entries.len(), 2, "{table}");

    desk.machine
        .run(&["add", "--offline", "late due:2020-01-01"])?
        .ended(0)?;
    desk.machine
        .run(&["add", "--offline", "later due:2999-01-01"])?
        .ended(0)?;
    let mut printed = Vec::new();
    for entry in entries {
        let command = entry.splitn(6, ' ').nth(5).ok_or("no command")?;
        let ran = desk
            .run(&format!("exec sh -c \"{command}\""), &[])?
            .ended(0)?;
        assert_eq!(ran.stderr, "", "{entry}");
        printed.push(ran.stdout);
    }
    assert_eq!(desk.sandbox.texts()?.len(), 2);
    assert!(printed[1].contains("late due:"), "{printed:?}");
    assert!(!printed[1].contains("later"), "{printed:?}");
    Ok(())
}

#[test]
fn a_commit_completes_the_todo_that_its_message_names() -> Checked {
    if !is_installed("git")? {
        return Ok(());
    }
    let desk = Desk::new()?;
    desk.add("fix the bug\nwrite the docs\n")?;
    let [hook] = blocks("git hook")?[..] else {
        return Err("not one block".into());
    };
    let commit = "git -c user.name=ada -c user.email=ada@example.com commit --quiet --allow-empty";
    desk.run(&format!("git init --quiet .\n{hook}"), &[])?
        .ended(0)?;

    let ran = desk
        .run(&format!("{commit} --message 'no todo'"), &[])?
        .ended(0)?;
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert_eq!(desk.open()?.len(), 2);
    let message = "--message 'fix it' --message 'Done: 1'";
    desk.run(&format!("{commit} {message}"), &[])?.ended(0)?;
    assert_eq!(desk.open()?, ["write the docs"]);
    Ok(())
}

#[test]
fn todos_chosen_with_fzf_are_completed() -> Checked {
    if !is_installed("fzf")? {
        return Ok(());
    }
    let desk = Desk::new()?;
    desk.add("milk +shop\nbread +shop\ntea\n")?;
    let [complete, look] = blocks("fzf")?[..] else {
        return Err("not two blocks".into());
    };
    // Without a terminal: everything that matches.
    let filter = [("FZF_DEFAULT_OPTS", "--filter=shop")];
    let looked = desk.run(look, &filter)?.ended(0)?.stdout;
    assert_eq!(looked.lines().count(), 2, "{looked}");
    desk.run(complete, &filter)?.ended(0)?;
    assert_eq!(desk.open()?, ["tea"]);
    Ok(())
}

#[test]
fn the_archive_keeps_everything_and_deletes_only_what_was_done_long_ago() -> Checked {
    let desk = Desk::new()?;
    desk.add("x 2020-01-01 old\nopen\n")?;
    desk.add("new\n")?;
    desk.machine.run(&["done", "3"])?.ended(0)?;
    let [archive] = blocks("Archive")?[..] else {
        return Err("not one block".into());
    };
    desk.run(archive, &[])?.ended(0)?;

    let texts = desk.sandbox.texts()?;
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(!texts.iter().any(|text| text.contains("old")), "{texts:?}");
    let mut files = fs::read_dir(desk.machine.path("work"))?;
    let file = files.next().ok_or("no file")??.path();
    assert_eq!(fs::read_to_string(file)?.lines().count(), 3);
    desk.machine.run(&["undo"])?.ended(0)?;
    assert_eq!(desk.sandbox.texts()?.len(), 3);
    Ok(())
}

#[test]
fn the_module_of_waybar_prints_the_counts() -> Checked {
    let desk = Desk::new()?;
    let [module] = blocks("waybar")?[..] else {
        return Err("not one block".into());
    };
    let module: Value = serde_json::from_str(module)?;
    let command = |name: &str| module["custom/tudone"][name].as_str().unwrap_or_default();
    desk.add("late due:2020-01-01\n")?;
    desk.run(command("exec-if"), &[])?.ended(0)?;
    let ran = desk.run(command("exec"), &[])?.ended(0)?;
    assert_eq!(ran.stdout, "0 today, 1 late\n");
    desk.run(command("on-click"), &[])?.ended(0)?;

    let nobody = Machine::new()?;
    let desk = Desk {
        machine: nobody,
        ..desk
    };
    fs::create_dir_all(desk.machine.path("bin"))?;
    fs::create_dir_all(desk.machine.path("work"))?;
    symlink(
        env!("CARGO_BIN_EXE_tudone"),
        desk.machine.path("bin/tudone"),
    )?;
    desk.run(command("exec-if"), &[])?.ended(1)?;
    Ok(())
}
