//! The chaos run: the shipped proof that nothing is lost or duplicated.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Checked, Machine};

/// A number of the report.
fn number(report: &Value, field: &str) -> Checked<u64> {
    let number = report[field].as_u64();
    number.ok_or_else(|| format!("no {field} in {report}").into())
}

#[test]
fn every_acknowledged_add_is_found_once_whatever_the_network_does() -> Checked {
    let machine = Machine::new()?;
    let kept = machine.path("kept");
    let keep = kept.to_str().ok_or("path")?;
    let ran = machine.run(&[
        "demo", "--chaos", "3s", "--seed", "7", "--json", "--keep", keep,
    ])?;

    assert!(ran.stderr.contains("DEVELOPMENT ONLY"), "{ran:?}");
    assert!(!ran.stderr.contains('\r'), "no progress off a terminal");
    let report = ran.ended(0)?.json()?;
    let (added, removed) = (number(&report, "added")?, number(&report, "removed")?);
    assert!(added > 0, "{report}");
    let completed = number(&report, "completed")?;
    assert_eq!(number(&report, "successors")?, completed, "{report}");
    let expected = added - removed + completed;
    assert_eq!(number(&report, "found")?, expected, "{report}");
    assert!(number(&report, "unanswered_commits")? > 0, "{report}");
    assert!(number(&report["faults"], "drop_after")? > 0, "{report}");
    for field in ["lost", "doubled", "came_back", "edits_lost", "unsent"] {
        assert_eq!(number(&report, field)?, 0, "{field}: {report}");
    }
    assert_eq!(report["devices_equal"], true);
    assert_eq!(report["seed"], 7);
    assert!(kept.join("device-3").is_dir(), "its files were to be kept");
    Ok(())
}

#[test]
fn an_interrupted_chaos_run_prints_its_report() -> Checked {
    let machine = Machine::new()?;
    let mut chaos = machine
        .tudone(["demo", "--chaos", "1h"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut said = BufReader::new(chaos.stderr.take().ok_or("no stderr")?).lines();
    let at_work = said.find(|line| line.as_ref().is_ok_and(|line| line.contains("at work")));
    at_work.ok_or("no client started")??;
    let pressed = Command::new("kill")
        .args(["-INT", &chaos.id().to_string()])
        .status()?;
    assert!(pressed.success());

    let ended = chaos.wait_with_output()?;
    let report = String::from_utf8(ended.stdout)?;
    assert_eq!(ended.status.code(), Some(130), "{report}");
    assert!(report.starts_with("interrupted after"), "{report}");
    for line in ["adds acknowledged", "rows found", "devices equal"] {
        assert!(report.contains(line), "{line}: {report}");
    }
    Ok(())
}

#[test]
fn chaos_needs_a_duration_and_excludes_the_tour() -> Checked {
    let machine = Machine::new()?;
    for words in [
        vec!["demo", "--chaos", "soon"],
        vec!["demo", "--json"],
        vec!["demo", "--seed", "7"],
        vec!["demo", "--chaos", "1s", "--tour"],
    ] {
        machine.run(&words)?.ended(2)?;
    }
    Ok(())
}
