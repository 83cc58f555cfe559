//! Views of the user's own, and the first day of the week, as configured.

use crate::support::{Checked, Machine, Sandbox};

/// A Thursday.
const NOW: &str = "2026-11-26T10:00:00Z";

fn start() -> Checked<(Sandbox, Machine)> {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.set("TUDONE_TEST_NOW", NOW);
    let lines = "(B) saturday +work due:2026-11-28\n\
                 (A) sunday +Work due:2026-11-29\n\
                 wednesday +work due:2026-12-02\n\
                 home +home due:2026-11-28\n\
                 later +work due:2026-11-28 t:2026-11-27\n";
    machine.feed(&["add", "-"], lines.as_bytes())?.ended(0)?;
    Ok((sandbox, machine))
}

/// The first letters of the todos listed, those after a priority.
fn listed(machine: &Machine, words: &[&str]) -> Checked<Vec<String>> {
    let all = [&["list", "--offline", "--json=text"], words].concat();
    let answer = machine.json(&all)?;
    let todos = answer["todos"].as_array().cloned().unwrap_or_default();
    let names = todos.iter().filter_map(|todo| {
        let text = todo["text"].as_str()?;
        let text = text.split_once(") ").map_or(text, |(_, rest)| rest);
        Some(text.split(' ').next()?.to_owned())
    });
    Ok(names.collect())
}

#[test]
fn a_view_of_the_configuration_is_listed_by_its_name() -> Checked {
    let (_sandbox, machine) = start()?;
    machine
        .configure("[views]\n\"Work, this week\" = \"+work due:this-week --sort priority\"\n")?;

    assert_eq!(
        listed(&machine, &["--view", "work, THIS week"])?,
        ["sunday", "saturday"]
    );
    let narrowed = ["--view", "Work, this week", "sat"];
    assert_eq!(listed(&machine, &narrowed)?, ["saturday"]);
    let reverse = ["--view", "Work, this week", "--reverse"];
    assert_eq!(listed(&machine, &reverse)?, ["saturday", "sunday"]);
    let by_due = ["--view", "Work, this week", "--sort", "due"];
    assert_eq!(listed(&machine, &by_due)?, ["saturday", "sunday"]);
    let waiting = ["--view", "Work, this week", "t:any"];
    assert_eq!(listed(&machine, &waiting)?, ["later"]);
    Ok(())
}

#[test]
fn an_unknown_view_names_the_nearest_one_or_all() -> Checked {
    let (_sandbox, machine) = start()?;
    machine.configure("[views]\nErrands = \"@shop\"\n")?;

    let error = |name: &str| -> Checked<String> {
        let ran = machine.run(&["list", "--json", "--view", name])?.ended(2)?;
        let error = ran.error()?;
        Ok(format!("{} {}", error["message"], error["help"]).replace('"', ""))
    };
    assert_eq!(
        error("erands")?,
        "no view is called `erands` Did you mean `Errands`?"
    );
    assert_eq!(
        error("zzz")?,
        "no view is called `zzz` \
         The views are Open, Today, Upcoming, No date, Done, All, Errands."
    );
    Ok(())
}

#[test]
fn terms_count_weeks_from_the_day_of_the_configuration() -> Checked {
    let (_sandbox, machine) = start()?;
    let terms = ["+work", "due:this-week"];
    assert_eq!(listed(&machine, &terms)?, ["saturday", "sunday"]);

    machine.configure("[ui]\nweek_start = \"sunday\"\n")?;
    assert_eq!(listed(&machine, &terms)?, ["saturday"]);
    let next = ["+work", "due:next-week"];
    assert_eq!(listed(&machine, &next)?, ["sunday", "wednesday"]);
    let dry = machine.json(&[
        "done",
        "--dry-run",
        "--json",
        "--filter",
        "+work",
        "due:this-week",
    ])?;
    assert_eq!(dry["changed"].as_array().map(Vec::len), Some(1), "{dry}");

    machine.configure("[ui]\nweek_start = \"funday\"\n")?;
    let ran = machine.run(&["list", "--offline"])?.ended(8)?;
    assert!(ran.stderr.contains("sunday"), "{ran:?}");
    Ok(())
}

#[test]
fn a_view_whose_days_are_over_is_empty_and_stops_no_command() -> Checked {
    let (_sandbox, machine) = start()?;
    machine.configure("[views]\nSpring = \"due:today..2026-05-31\"\n")?;
    assert_eq!(listed(&machine, &["--view", "spring"])?, [] as [&str; 0]);
    assert_eq!(listed(&machine, &["+home"])?, ["home"]);

    machine.configure("[views]\nWrong = \"due:2026-06-01..2026-05-31\"\n")?;
    let ran = machine.run(&["list", "--offline"])?.ended(8)?;
    assert!(ran.stderr.contains("ends before it begins"), "{ran:?}");
    Ok(())
}
