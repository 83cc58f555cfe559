//! What shells complete: handles, tags, dates, views and profiles as they are on
//! this device.

use std::error::Error;
use std::process::Command;

use crate::support::{Checked, Machine, Sandbox, is_installed};

fn start() -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.set("TUDONE_TEST_NOW", "2026-11-26T10:00:00Z");
    let lines = "milk +Shop @town\nbread +shop\nx cake +kitchen\nbook t:2027-01-01\ntea\n\
                 six\nseven\neight\nnine\nten\neleven @town\n";
    machine.feed(&["add", "-"], lines.as_bytes())?.ended(0)?;
    machine.configure("[views]\n\"Work, this week\" = \"+work due:this-week\"\n")?;
    Ok((sandbox, machine))
}

/// The candidates for the last of these words, without their descriptions.
fn candidates(machine: &Machine, words: &[&str]) -> Checked<Vec<String>> {
    let line = [&["__complete", "--", "tudone"], words].concat();
    let ran = machine.run(&line)?.ended(0)?;
    assert_eq!(ran.stderr, "");
    let values = ran.stdout.lines().map(|line| line.split('\t').next());
    Ok(values.flatten().map(str::to_owned).collect())
}

/// The same without options, which are offered where nothing else is.
fn handles(machine: &Machine, words: &[&str]) -> Checked<Vec<String>> {
    let mut found = candidates(machine, words)?;
    found.retain(|value| !value.starts_with('-'));
    Ok(found)
}

#[test]
fn each_argument_is_completed_from_what_there_is() -> Checked {
    let (_sandbox, machine) = start()?;
    machine.run(&["add", "--offline", "unsent"])?.ended(0)?;
    for (words, expected) in [
        (&["don"][..], &["done"][..]),
        (&["--prof"], &["--profile"]),
        (
            &["done", ""],
            &["1", "2", "5", "6", "7", "8", "9", "10", "11", "n12"],
        ),
        (&["done", "1"], &["1", "10", "11"]),
        (&["edit", "4"], &["4"]),
        (&["reopen", ""], &["3"]),
        (&["reopen", "1"], &[]),
        (&["rm", "007"], &[]),
        (&["show", "n"], &["n12"]),
        (&["queue", "retry", ""], &["n12"]),
        (&["list", "+"], &["+Shop", "+kitchen"]),
        (&["list", "not:+SH"], &["not:+Shop"]),
        (&["list", "+kitchen,+s"], &["+kitchen,+Shop"]),
        (&["list", "@"], &["@town"]),
        (&["list", "due:tom"], &["due:tomorrow"]),
        (
            &["list", "due:today..f"],
            &["due:today..fri", "due:today..friday"],
        ),
        (
            &["list", "done:this-"],
            &["done:this-week", "done:this-month"],
        ),
        (&["list", "state:sent,p"], &["state:sent,pending"]),
        (&["list", "no:p"], &["no:pri", "no:project"]),
        (&["list", "rec:"], &["rec:any"]),
        (&["rm", "--filter", "du"], &["due:"]),
        (&["list", "--sort", "p"], &["priority"]),
        (&["list", "--view", "wo"], &["Work, this week"]),
        (&["list", "--json=id,te"], &["--json=id,text"]),
        (&["add", "buy", "+sh"], &["+Shop"]),
        (&["add", "buy", "due:mon"], &["due:mon", "due:monday"]),
        (&["add", "--pri", "b"], &["B"]),
        (&["edit", "1", "--due", "yes"], &["yesterday"]),
        (&["edit", "1", "--add-tag", "@"], &["@town"]),
        (&["help", "exit"], &["exit-codes"]),
        (&["completions", "z"], &["zsh"]),
        (&["nonsense", "x"], &[]),
    ] {
        let found = candidates(&machine, words)?;
        assert_eq!(found, expected, "{words:?}");
    }
    Ok(())
}

#[test]
fn profiles_are_completed_and_heeded() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk +home"])?.ended(0)?;
    let connection = |name: &str| {
        let value = |key: &str| format!("{key} = \"{}\"\n", sandbox.address(key));
        let values: String = ["issuer", "client_id", "audience", "endpoint"]
            .map(value)
            .concat();
        format!("[profiles.{name}]\n{values}credential_store = \"file\"\n")
    };
    machine.configure(&format!(
        "default_profile = \"default\"\n{}{}",
        connection("default"),
        connection("work")
    ))?;
    for variable in ["ISSUER", "CLIENT_ID", "AUDIENCE", "ENDPOINT"] {
        machine.set(&format!("TUDONE_{variable}"), "");
    }
    assert_eq!(candidates(&machine, &["--profile", "w"])?, ["work"]);
    let of_work = ["--profile", "work", "done", ""];
    assert_eq!(handles(&machine, &of_work)?, [] as [&str; 0]);
    // The one that the variables made.
    machine.set("TUDONE_PROFILE", "default");
    assert_eq!(handles(&machine, &["done", ""])?, ["1"]);
    Ok(())
}

#[test]
fn a_description_says_what_a_candidate_is() -> Checked {
    let (_sandbox, machine) = start()?;
    let ran = machine.run(&["__complete", "--", "tudone", "done", "1"])?;
    assert!(ran.stdout.starts_with("1\tmilk +Shop @town\n"), "{ran:?}");
    let ran = machine.run(&["__complete", "--new-word", "--", "tudone", "help"])?;
    assert!(ran.stdout.contains("terms\tFilter todos"), "{ran:?}");
    Ok(())
}

#[test]
fn completing_uses_no_network_and_writes_nothing() -> Checked {
    let (sandbox, machine) = start()?;
    let database = std::fs::read(machine.database()?)?;
    let requests = || -> Checked<usize> {
        let log = sandbox.control(reqwest::Method::GET, "/log", None)?;
        Ok(log.as_array().map_or(0, Vec::len))
    };
    let before = requests()?;
    for words in [["list", "+"], ["done", ""], ["list", "--view"]] {
        candidates(&machine, &words)?;
    }
    assert_eq!(requests()?, before);
    assert_eq!(std::fs::read(machine.database()?)?, database);

    let nothing = Machine::new()?;
    assert_eq!(handles(&nothing, &["done", ""])?, [] as [&str; 0]);
    assert!(!nothing.path("data").exists() && !nothing.path("home").exists());
    Ok(())
}

/// A `PATH` on which `tudone` is the program.
fn path_with_tudone(machine: &Machine) -> Checked<String> {
    let folder = machine.path("bin");
    std::fs::create_dir_all(&folder)?;
    let link = folder.join("tudone");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tudone"), &link)?;
    }
    Ok(format!("{}:{}", folder.display(), std::env::var("PATH")?))
}

/// Runs a script of a shell in which `tudone` is the program; `None` where the
/// shell is not installed.
fn shell(machine: &mut Machine, words: &[&str], script: &str) -> Checked<Option<String>> {
    let [name, ..] = words else {
        return Err("no shell".into());
    };
    if !is_installed(name)? {
        return Ok(None);
    }
    let path = path_with_tudone(machine)?;
    let mut command = machine.tudone([] as [&str; 0]);
    let mut shell = Command::new(name);
    shell.args(&words[1..]).arg(script).env_clear();
    for (name, value) in command.stdin(std::process::Stdio::null()).get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let ran = shell.env("PATH", path).output()?;
    let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
    if !ran.status.success() || !errors.is_empty() {
        return Err(format!("{name}: {} {errors}", ran.status).into());
    }
    Ok(Some(String::from_utf8(ran.stdout)?))
}

#[test]
fn bash_completes_words_that_it_splits_itself() -> Checked {
    let (_sandbox, mut machine) = start()?;
    for (line, split, expected) in [
        ("tudone don", "tudone don", "done"),
        ("tudone done 1", "tudone done 1", "1 10 11"),
        ("tudone list due:tod", "tudone list due : tod", "today"),
        ("tudone list due:", "tudone list due :", "today"),
        ("tudone list @to", "tudone list @ to", "town"),
        ("tudone list +k", "tudone list +k", "+kitchen"),
        (
            "tudone list --json=id,te",
            "tudone list --json = id,te",
            "id,text",
        ),
        (
            "tudone list --view wo",
            "tudone list --view wo",
            "Work\\,\\ this\\ week",
        ),
        (
            "tudone list --view \"wo",
            "tudone list --view '\"wo'",
            "Work, this week",
        ),
        ("tudone list du", "tudone list du", "due:"),
    ] {
        let script = format!(
            "source <(tudone completions bash); COMP_LINE='{line}'; COMP_WORDS=({split}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); compopt() {{ :; }}; _tudone; \
             echo \"${{COMPREPLY[*]}}\""
        );
        let Some(found) = shell(&mut machine, &["bash", "--norc", "-c"], &script)? else {
            return Ok(());
        };
        let found = found.trim_end();
        let first = found.split(' ').next().unwrap_or_default();
        let all_or_first = if line.ends_with(':') { first } else { found };
        assert_eq!(all_or_first, expected, "{line}");
    }
    Ok(())
}

#[test]
fn zsh_completes_with_descriptions() -> Checked {
    let (_sandbox, mut machine) = start()?;
    let script = "\
        compdef() { }
        compadd() { print -r -- $*[1,-3]; print -rl -- ${(P)*[-3]} ${(P)*[-1]} }
        eval \"$(tudone completions zsh)\"
        words=(tudone done 1); CURRENT=3; PREFIX=1; _tudone
        words=(tudone list du); CURRENT=3; PREFIX=du; _tudone";
    let Some(found) = shell(&mut machine, &["zsh", "-f", "-c"], script)? else {
        return Ok(());
    };
    assert!(found.contains("1  -- milk +Shop @town\n"), "{found}");
    assert!(found.contains("\n1\n10\n11\n"), "{found}");
    assert!(found.contains("-S"), "more follows a colon: {found}");
    assert!(found.contains("\ndue:\n"), "{found}");
    Ok(())
}

#[test]
fn fish_completes_with_descriptions() -> Checked {
    let (_sandbox, mut machine) = start()?;
    let script = "tudone completions fish | source
        complete --do-complete 'tudone done 1'
        complete --do-complete 'tudone list @'
        complete --do-complete 'tudone list --view wo'";
    let Some(found) = shell(&mut machine, &["fish", "--no-config", "-c"], script)? else {
        return Ok(());
    };
    let lines: Vec<&str> = found.lines().collect();
    assert!(lines.contains(&"1\tmilk +Shop @town"), "{found}");
    assert!(lines.contains(&"@town\t2 open"), "{found}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("Work, this week\t")),
        "{found}"
    );
    Ok(())
}

#[test]
fn elvish_completes_with_descriptions() -> Checked {
    let (_sandbox, mut machine) = start()?;
    let script = machine.run(&["completions", "elvish"])?.ended(0)?.stdout;
    // The module `edit:` exists on a terminal only.
    let completer = "set edit:completion:arg-completer[tudone] =";
    assert!(script.contains(completer), "{script}");
    let script = script
        .replace(completer, "var complete~ =")
        .replace("edit:complex-candidate", "candidate");
    let script = format!(
        "fn candidate {{|value &display='' &code-suffix=''| echo $value'|'$display'|'$code-suffix'|'}}
        {script}
        complete tudone done 1
        complete tudone list @to
        complete tudone list du"
    );
    let Some(found) = shell(&mut machine, &["elvish", "-norc", "-c"], &script)? else {
        return Ok(());
    };
    let lines: Vec<&str> = found.lines().collect();
    assert!(lines.contains(&"1|1  milk +Shop @town| |"), "{found}");
    assert!(lines.contains(&"@town|@town  2 open| |"), "{found}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("due:|") && line.ends_with("||")),
        "{found}"
    );
    Ok(())
}

#[test]
fn every_shell_has_a_script_and_the_help_says_where_it_belongs() -> Result<(), Box<dyn Error>> {
    let machine = Machine::new()?;
    let help = machine.run(&["completions", "--help"])?.ended(0)?.stdout;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = machine.run(&["completions", shell])?.ended(0)?.stdout;
        assert!(script.contains("tudone __complete"), "{script}");
        assert!(help.contains(&format!("  {shell}")), "{help}");
    }
    for place in [
        "bash-completion/completions/tudone",
        "$fpath",
        "rc.elv",
        "$PROFILE",
    ] {
        assert!(help.contains(place), "{place} in {help}");
    }
    Ok(())
}
