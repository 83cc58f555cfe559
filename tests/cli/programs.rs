//! Files of other todo programs, written by those programs: todo.txt-cli, topydo and Taskwarrior.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Checked, Machine, Ran, Sandbox, ended, is_installed};

/// Where `.ci/run` installs topydo.
const TOPYDO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/target/tools/topydo/bin/topydo"
);

/// Lines that a program may stumble over.
const LINES: [&str; 8] = [
    "(A) buy milk +home @shop due:2027-01-02",
    "quotes \" and, commas; [x] - boxes $HOME `date` \\n",
    "wide 買い物 🎉 e\u{301}",
    "same",
    "same",
    "call https://example.com/a:b?c=d&e +work.sub @a_b",
    "later t:2999-01-01 note:kept",
    "two  blanks",
];

/// A program other than tudone, in the folder of `machine`.
struct Program<'m> {
    machine: &'m Machine,
    path: PathBuf,
    options: Vec<String>,
}

impl Program<'_> {
    fn run(&self, words: &[&str]) -> Checked<Ran> {
        let mut command = Command::new(&self.path);
        command
            .args(&self.options)
            .args(words)
            .env("HOME", self.machine.path("home"))
            .env("TASKRC", self.machine.path("taskrc"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.machine.path("home"))
            .stdin(std::process::Stdio::null());
        ended(command)?.ended(0)
    }
}

fn todo_txt(machine: &Machine) -> Checked<Option<Program<'_>>> {
    if !is_installed("todo-txt")? {
        return Ok(None);
    }
    let folder = machine.path("home");
    fs::create_dir_all(&folder)?;
    let config = folder.join("todo.cfg");
    let folder = folder.display();
    let text = format!(
        "export TODO_DIR='{folder}' TODO_FILE='{folder}/todo.txt' \
         DONE_FILE='{folder}/done.txt' REPORT_FILE='{folder}/report.txt'\n"
    );
    fs::write(&config, text)?;
    let config = config.to_str().ok_or("not UTF-8")?.to_owned();
    Ok(Some(Program {
        machine,
        path: "todo-txt".into(),
        // Plain, without questions, without moving done lines away.
        options: ["-d", &config, "-p", "-f", "-a"].map(str::to_owned).into(),
    }))
}

fn topydo(machine: &Machine) -> Checked<Option<Program<'_>>> {
    let program = if Path::new(TOPYDO).is_file() {
        TOPYDO
    } else if is_installed("topydo")? {
        "topydo"
    } else {
        return Ok(None);
    };
    fs::create_dir_all(machine.path("home"))?;
    let config = "[topydo]\nauto_creation_date = 0\narchive_filename =\n";
    fs::write(machine.path("home/topydo.cfg"), config)?;
    let options = ["-c", "topydo.cfg", "-t", "todo.txt"];
    Ok(Some(Program {
        machine,
        path: program.into(),
        options: options.map(str::to_owned).into(),
    }))
}

/// A new account on a machine of its own.
fn account() -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    Ok((sandbox, machine))
}

fn lines_of(path: &Path) -> Checked<Vec<String>> {
    Ok(fs::read_to_string(path)?
        .lines()
        .map(str::to_owned)
        .collect())
}

/// Exports `LINES`, lets another program work on the file, imports it into another
/// account and exports that: both files must be the same. Returns their lines.
fn round_trip(machine: &Machine, work: impl FnOnce() -> Checked) -> Checked<Vec<String>> {
    let path = machine.path("home/todo.txt");
    let path_text = path.to_str().ok_or("not UTF-8")?;
    machine
        .feed(&["add", "-", "--literal"], LINES.join("\n").as_bytes())?
        .ended(0)?;
    machine.run(&["export", path_text])?.ended(0)?;
    assert_eq!(lines_of(&path)?, LINES);
    work()?;
    let written = lines_of(&path)?;

    let (_sandbox, other) = account()?;
    let ran = other.run(&["import", path_text])?.ended(0)?;
    assert_eq!(ran.stderr, "", "something was lost");
    let again = other.path("again.txt");
    other
        .run(&["export", again.to_str().ok_or("not UTF-8")?])?
        .ended(0)?;
    assert_eq!(lines_of(&again)?, written);
    Ok(written)
}

#[test]
fn a_file_that_todo_txt_cli_worked_on_comes_back_as_it_wrote_it() -> Checked {
    let (_sandbox, machine) = account()?;
    let Some(program) = todo_txt(&machine)? else {
        return Ok(());
    };
    let written = round_trip(&machine, || {
        let listed = program.run(&["ls"])?.stdout;
        assert!(listed.contains("TODO: 8 of 8 tasks shown"), "{listed}");
        program.run(&["pri", "4", "B"])?;
        program.run(&["append", "3", "@town"])?;
        program.run(&["do", "5"])?;
        program.run(&["add", "(C) a new one +home due:2027-02-03"])?;
        Ok(())
    })?;
    assert_eq!(written[3], "(B) same");
    assert_eq!(written[2], "wide 買い物 🎉 e\u{301} @town");
    assert!(written[4].starts_with("x 20"), "{written:?}");
    assert_eq!(written[8], "(C) a new one +home due:2027-02-03");
    for same in [0, 1, 5, 6, 7] {
        assert_eq!(written[same], LINES[same]);
    }
    Ok(())
}

#[test]
fn a_file_that_topydo_worked_on_comes_back_as_it_wrote_it() -> Checked {
    let (_sandbox, machine) = account()?;
    let Some(program) = topydo(&machine)? else {
        return Ok(());
    };
    let written = round_trip(&machine, || {
        program.run(&["pri", "4", "B"])?;
        program.run(&["append", "1", "@town"])?;
        program.run(&["add", "(C) a new one +home due:2027-02-03"])?;
        program.run(&["do", "5"])?;
        Ok(())
    })?;
    assert!(written.contains(&"(B) same".to_owned()), "{written:?}");
    let appended = format!("{} @town", LINES[0]);
    assert!(written.contains(&appended), "{written:?}");
    let is_done = |line: &&String| line.starts_with("x 20");
    assert_eq!(written.iter().filter(is_done).count(), 1, "{written:?}");
    for same in [1, 2, 5, 6] {
        assert!(
            written.iter().any(|line| line == LINES[same]),
            "{written:?}"
        );
    }
    Ok(())
}

#[test]
fn topydo_selects_waiting_and_repeats_todos_as_tudone_does() -> Checked {
    let (_sandbox, machine) = account()?;
    let Some(program) = topydo(&machine)? else {
        return Ok(());
    };
    let lines = "feed +home rec:+1m due:2026-01-31 t:2026-01-29\n\
                 pay rec:+2w due:2027-12-27\n\
                 later +home t:2999-01-01\n";
    fs::write(machine.path("home/todo.txt"), lines)?;
    machine.feed(&["add", "-"], lines.as_bytes())?.ended(0)?;

    let listed = machine.run(&["list", "+home", "--count"])?.stdout;
    let topydos = program.run(&["ls", "+home"])?.stdout;
    assert_eq!(
        listed.trim().parse(),
        Ok(topydos.lines().count()),
        "{topydos}"
    );

    machine.run(&["done", "1", "2"])?.ended(0)?;
    program.run(&["do", "1", "2"])?;
    let open = |lines: Vec<String>| -> Vec<String> {
        let dated = |line: &str| line.get(..11).is_some_and(|day| day.starts_with("20"));
        let without_date = |line: String| {
            if dated(&line) {
                line[11..].to_owned()
            } else {
                line
            }
        };
        let open = lines.into_iter().filter(|line| !line.starts_with("x "));
        let mut open: Vec<String> = open.map(without_date).collect();
        open.sort_unstable();
        open
    };
    let exported = machine
        .run(&["export", "-", "--format", "todotxt"])?
        .ended(0)?;
    let exported = exported.stdout.lines().map(str::to_owned).collect();
    let theirs = lines_of(&machine.path("home/todo.txt"))?;
    assert_eq!(open(exported), open(theirs));
    Ok(())
}

#[test]
fn an_export_of_taskwarrior_keeps_what_a_line_can_hold_and_names_the_rest() -> Checked {
    if !is_installed("task")? {
        return Ok(());
    }
    let (sandbox, machine) = account()?;
    fs::create_dir_all(machine.path("home"))?;
    let config = format!(
        "data.location={}\nconfirmation=no\nverbose=nothing\nrecurrence.confirmation=no\n\
         uda.size.type=string\nuda.size.label=Size\n",
        machine.path("home").display()
    );
    fs::write(machine.path("taskrc"), config)?;
    let task = Program {
        machine: &machine,
        path: "task".into(),
        options: Vec::new(),
    };
    for words in [
        &[
            "add",
            "Pay rent",
            "project:Home.Flat",
            "priority:H",
            "due:2030-12-01",
            "recur:monthly",
            "+bank",
        ][..],
        &[
            "add",
            "買い物",
            "wait:2030-01-05",
            "scheduled:2030-01-06",
            "size:big",
            "+a_b",
        ],
        &[
            "add",
            "Walk",
            "depends:2",
            "until:2031-01-01",
            "due:2030-12-24T18:30:00",
        ],
        &["2", "annotate", "see https://example.com"],
        &["add", "finished", "priority:L"],
        &["4", "done"],
        &["add", "x marks the spot"],
        &["add", "gone"],
        &["rc.confirmation=no", "6", "delete"],
        // Makes the first task of the recurring one.
        &["rc.verbose=nothing", "rc.report.all.filter=", "all"],
    ] {
        task.run(words)
            .map_err(|error| format!("{words:?}: {error}"))?;
    }
    let exported = task.run(&["export"])?.stdout;
    let file = machine.path("tasks.json");
    fs::write(&file, exported)?;
    let import = ["import", file.to_str().ok_or("not UTF-8")?];

    let ran = machine.run(&import)?.ended(1)?;
    for lost in [
        "1 annotations",
        "1 dependencies",
        "1 expiry dates",
        "1 scheduled dates",
        "1 times of day",
        "1 values of `size`",
        "1 deleted tasks",
        "1 templates of recurring tasks",
        "begins with `x `",
    ] {
        assert!(ran.stderr.contains(lost), "{lost}: {}", ran.stderr);
    }
    let mut texts = sandbox.texts()?;
    texts.sort_unstable();
    let [rent, walk, done, shopping] = &texts[..] else {
        return Err(format!("{texts:?}").into());
    };
    assert_eq!(rent, "(A) Pay rent +Home.Flat @bank due:2030-12-01 rec:+1m");
    assert_eq!(walk, "Walk due:2030-12-24");
    assert_eq!(shopping, "買い物 @a_b t:2030-01-05");
    assert!(done.starts_with("x 20") && done.ends_with(" finished pri:C"));

    let ran = machine.run(&import)?.ended(1)?;
    assert!(ran.stdout.starts_with("added 0 todos"), "{ran:?}");
    Ok(())
}
