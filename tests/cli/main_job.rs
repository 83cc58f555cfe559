//! Log in, add, list, go offline, come back: on both kinds of backend.

use serde_json::Value;

use crate::support::{Checked, Machine, Sandbox};

#[test]
fn the_main_job_is_done_on_a_full_backend() -> Checked {
    main_job(&[])
}

#[test]
fn the_main_job_is_done_on_the_tutorials_backend() -> Checked {
    main_job(&["--bare"])
}

fn main_job(shape: &[&str]) -> Checked {
    let rows = tempfile::tempdir()?;
    let rows = rows.path().to_str().ok_or("path")?;
    let words: Vec<&str> = [&["--data", rows], shape].concat();
    let sandbox = Sandbox::start_with(&words)?;
    let machine = Machine::at(&sandbox)?;

    let events = machine.log_in(&sandbox, "ada@example.com")?;
    let done = events.last().ok_or("no events")?;
    assert_eq!(done["event"], "done", "{events:?}");
    assert_eq!(done["account"]["email"], "ada@example.com");
    assert_eq!(
        machine.json(&["whoami", "--json"])?["email"],
        "ada@example.com"
    );

    let milk = handle(&machine, "(A) buy milk +home")?;
    let bread = handle(&machine, "bake bread")?;
    let tea = handle(&machine, "drink tea")?;
    assert!(milk.parse::<i64>().is_ok(), "sent at once: {milk}");
    let listed = machine.json(&["list", "--json", "--fresh"])?;
    assert_eq!(listed["stale"], false);
    assert_eq!(
        texts(&listed),
        ["(A) buy milk +home", "bake bread", "drink tea"]
    );

    machine.run(&["done", &milk])?.ended(0)?;
    machine
        .run(&["edit", &bread, "bake", "rye", "bread"])?
        .ended(0)?;
    machine.run(&["rm", &tea, "--yes"])?.ended(0)?;
    assert_eq!(
        texts(&machine.json(&["list", "--json", "--fresh"])?),
        ["bake rye bread"]
    );

    sandbox.stop()?;
    let listed = machine.json(&["list", "--json", "--offline", "--all"])?;
    assert_eq!(texts(&listed).len(), 2, "{listed}");
    let ran = machine.run(&["add", "call mum", "--json"])?.ended(0)?;
    assert!(ran.stderr.contains("queued"), "{ran:?}");
    assert_eq!(ran.json()?["todos"][0]["state"], "pending");
    assert_eq!(machine.json(&["status", "--json"])?["pending"], 1);

    let sandbox = Sandbox::start_with(&words)?;
    machine.run(&["sync"])?.ended(0)?;
    let mut found = sandbox.texts()?;
    found.sort();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(&found[..2], ["bake rye bread", "call mum"]);
    assert!(found[2].starts_with("x 20") && found[2].ends_with("buy milk +home pri:A"));
    assert_eq!(machine.json(&["status", "--json"])?["pending"], 0);
    Ok(())
}

fn handle(machine: &Machine, text: &str) -> Checked<String> {
    let ran = machine.run(&["add", text])?.ended(0)?;
    Ok(ran.stdout.trim().to_owned())
}

fn texts(listed: &Value) -> Vec<&str> {
    let todos = listed["todos"].as_array().into_iter().flatten();
    todos.filter_map(|todo| todo["text"].as_str()).collect()
}
