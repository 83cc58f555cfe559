//! Looking into what waits, and deciding about what was refused.

use reqwest::Method;
use serde_json::json;

use crate::support::{Checked, Machine, Sandbox};

/// A machine with the todo `milk`, whose edit here met its removal elsewhere.
fn removed_elsewhere(sandbox: &Sandbox) -> Checked<Machine> {
    let here = Machine::logged_in(sandbox, "ada@example.com")?;
    let there = Machine::logged_in(sandbox, "ada@example.com")?;
    there.run(&["add", "milk"])?.ended(0)?;
    here.run(&["sync"])?.ended(0)?;
    here.run(&["edit", "1", "oat milk", "--offline"])?
        .ended(0)?;
    there.run(&["rm", "1", "--yes"])?.ended(0)?;
    here.run(&["sync"])?.ended(6)?;
    Ok(here)
}

#[test]
fn a_todo_deleted_elsewhere_while_edited_here_is_restored_as_new() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = removed_elsewhere(&sandbox)?;
    let entry = here.json(&["queue", "--json"])?["entries"][0].clone();
    assert_eq!(entry["code"], "removed-elsewhere");
    let old = entry["key"].as_str().ok_or("no key")?;

    let retried = here.json(&["queue", "retry", "1", "--json"])?;
    let entry = &retried["entries"][0];
    assert_eq!(entry["state"], "synced", "{retried}");
    assert_eq!(entry["handle"], "2", "{retried}");
    assert_eq!(entry["code"], json!(null), "{retried}");
    assert_ne!(entry["key"], old, "removals are final");
    assert_eq!(sandbox.texts()?, ["oat milk"]);
    assert_eq!(here.json(&["queue", "--json"])?["entries"], json!([]));

    here.run(&["done", old])?.ended(0)?;
    assert!(sandbox.texts()?[0].starts_with("x "), "by its old name");
    Ok(())
}

#[test]
fn offline_the_restored_todo_waits_like_any_other() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = removed_elsewhere(&sandbox)?;
    let ran = here
        .run(&["queue", "retry", "--offline", "--json"])?
        .ended(0)?;
    let entry = &ran.json()?["entries"][0];
    assert_eq!(
        (&entry["act"], &entry["state"]),
        (&json!("add"), &json!("pending"))
    );
    assert!(ran.stderr.contains("queued"), "{ran:?}");
    here.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["oat milk"]);
    Ok(())
}

#[test]
fn what_is_refused_again_exits_6() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = Machine::logged_in(&sandbox, "ada@example.com")?;
    let there = Machine::logged_in(&sandbox, "ada@example.com")?;
    there.run(&["add", "milk"])?.ended(0)?;
    here.run(&["sync"])?.ended(0)?;
    here.run(&["edit", "1", "oat milk", "--offline"])?
        .ended(0)?;
    there.run(&["edit", "1", "soy milk"])?.ended(0)?;
    here.run(&["sync"])?.ended(6)?;
    there.run(&["edit", "1", "rice milk"])?.ended(0)?;

    let ran = here.run(&["queue", "retry", "1", "--json"])?.ended(6)?;
    let entry = &ran.json()?["entries"][0];
    assert_eq!(entry["state"], "rejected");
    assert_eq!(entry["theirs"], "rice milk");
    assert_eq!(ran.error()?["code"], "refused");
    assert_eq!(sandbox.texts()?, ["rice milk"]);
    Ok(())
}

#[test]
fn what_the_role_may_not_do_waits_with_its_reason_until_it_is_dropped() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let order = json!({"update": false});
    sandbox.control(Method::POST, "/config", Some(order))?;
    machine.run(&["done", "1"])?.ended(6)?;

    let reason = "your role may not change todos";
    let synced = machine.run(&["sync"])?.ended(0)?;
    assert!(synced.stderr.contains(reason), "{synced:?}");
    let entry = machine.json(&["queue", "--json"])?["entries"][0].clone();
    assert_eq!(entry["state"], "pending");
    assert!(entry["message"].to_string().contains(reason), "{entry}");

    let dropped = machine.json(&["queue", "drop", "1", "--json"])?;
    assert_eq!(dropped["entries"][0]["state"], "dropped");
    assert_eq!(machine.json(&["queue", "--json"])?["entries"], json!([]));
    Ok(())
}

#[test]
fn looking_into_what_waits_sends_none_of_it_whatever_names_it() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["add", "tea"])?.ended(0)?;
    machine.run(&["rm", "1", "--yes", "--offline"])?.ended(0)?;
    let key = machine.json(&["queue", "--json"])?["entries"][0]["key"].clone();
    let key = key.as_str().ok_or("no key")?;
    let hyphenless = key.replace('-', "");

    for named in [
        "1",
        "n1",
        key,
        &key.to_uppercase(),
        &key[..18],
        &hyphenless[..18],
    ] {
        let shown = machine.json(&["queue", "show", named, "--json"])?;
        assert_eq!(shown["entries"][0]["key"], key, "{named}");
        assert_eq!(
            shown["entries"].as_array().map(Vec::len),
            Some(1),
            "{named}"
        );
    }
    for unknown in ["9", "n9", "milk", "ffffffffffff", ""] {
        machine.run(&["queue", "show", unknown])?.ended(3)?;
        machine.run(&["queue", "drop", unknown])?.ended(3)?;
    }
    assert_eq!(
        machine.json(&["queue", "show", "2", "--json"])?["entries"],
        json!([])
    );
    assert_eq!(sandbox.texts()?, ["milk", "tea"]);
    machine.run(&["queue", "drop", "n1"])?.ended(0)?;
    machine.run(&["sync"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["milk", "tea"]);
    Ok(())
}

#[test]
fn a_prefix_of_several_removals_that_wait_decides_about_none_of_them() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine
        .feed(&["add", "-"], b"milk\ntea\nrice\n")?
        .ended(0)?;
    let rm = ["rm", "1", "2", "--yes", "--offline"];
    machine.run(&rm)?.ended(0)?;
    let entries = machine.json(&["queue", "--json"])?["entries"].clone();
    let key = entries[0]["key"].as_str().ok_or("no key")?;

    let ran = machine.run(&["queue", "drop", &key[..8], "--yes"])?;

    assert!(ran.ended(3)?.stderr.contains(key));
    assert_eq!(machine.json(&["queue", "--json"])?["entries"], entries);
    Ok(())
}

/// A machine whose edit of `milk` met another one elsewhere.
fn changed_elsewhere(sandbox: &Sandbox) -> Checked<Machine> {
    let here = Machine::logged_in(sandbox, "ada@example.com")?;
    here.run(&["add", "milk"])?.ended(0)?;
    here.run(&["edit", "1", "oat milk", "--offline"])?
        .ended(0)?;
    sandbox.person(&here)?.edit("milk", "soy milk")?;
    let ran = here.run(&["sync"])?.ended(6)?;
    assert!(ran.stderr.contains("--mine"), "{ran:?}");
    Ok(here)
}

#[test]
fn mine_is_sent_over_the_newest_text_of_the_others() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = changed_elsewhere(&sandbox)?;
    sandbox.person(&here)?.edit("soy milk", "rice milk")?;

    let decided = here.json(&["queue", "retry", "1", "--mine", "--json"])?;

    assert_eq!(decided["entries"][0]["state"], "synced", "{decided}");
    assert_eq!(sandbox.texts()?, ["oat milk"]);
    here.run(&["undo"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["rice milk"]);
    Ok(())
}

#[test]
fn as_new_keeps_both_texts() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = changed_elsewhere(&sandbox)?;

    let decided = here.json(&["queue", "retry", "1", "--as-new", "--json"])?;

    let entry = &decided["entries"][0];
    assert_eq!(
        (&entry["act"], &entry["handle"]),
        (&json!("add"), &json!("2"))
    );
    assert_eq!(sandbox.texts()?, ["soy milk", "oat milk"]);
    assert_eq!(here.json(&["queue", "--json"])?["entries"], json!([]));
    Ok(())
}

#[test]
fn a_todo_deleted_elsewhere_can_only_be_added_as_new() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = removed_elsewhere(&sandbox)?;

    let ran = here.run(&["queue", "retry", "1", "--mine"])?.ended(2)?;
    assert!(ran.stderr.contains("--as-new"), "{ran:?}");
    here.run(&["queue", "retry", "1", "--as-new"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["oat milk"]);
    Ok(())
}

#[test]
fn a_decision_needs_a_todo_with_a_rejected_change() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = Machine::logged_in(&sandbox, "ada@example.com")?;
    here.run(&["add", "milk"])?.ended(0)?;
    here.run(&["edit", "1", "bread", "--offline"])?.ended(0)?;

    for words in [
        &["queue", "retry", "1", "--mine"][..],
        &["queue", "retry", "--mine"],
        &["queue", "drop", "1", "--as-new"],
        &["queue", "retry", "1", "--mine", "--as-new"],
    ] {
        here.run(words)?.ended(2)?;
    }
    here.run(&["queue", "retry", "99", "--mine"])?.ended(3)?;
    Ok(())
}

#[test]
fn an_edit_says_which_rejected_text_it_replaces() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = changed_elsewhere(&sandbox)?;

    let ran = here.run(&["edit", "1", "any milk"])?.ended(0)?;

    let replaced = "this replaces your rejected text `oat milk`";
    assert!(ran.stderr.contains(replaced), "{ran:?}");
    assert_eq!(sandbox.texts()?, ["any milk"]);
    let plain = here.run(&["edit", "1", "milk"])?.ended(0)?;
    assert!(!plain.stderr.contains("replaces"), "{plain:?}");
    Ok(())
}

#[test]
fn undoing_an_edit_puts_the_rejected_text_that_it_replaced_back_into_the_queue() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = changed_elsewhere(&sandbox)?;
    here.run(&["edit", "1", "any milk"])?.ended(0)?;
    let would = here.run(&["undo", "--dry-run"])?.ended(0)?;
    let back = "your rejected text `oat milk` would be back in the queue";
    assert!(would.stderr.contains(back), "{would:?}");

    let ran = here.run(&["undo"])?.ended(0)?;

    let back = "your rejected text `oat milk` is back in the queue";
    assert!(ran.stderr.contains(back), "{ran:?}");
    assert_eq!(sandbox.texts()?, ["soy milk"]);
    let queue = here.json(&["queue", "--json"])?;
    assert_eq!(queue["entries"][0]["text"], "oat milk", "{queue}");
    assert_eq!(queue["entries"][0]["state"], "rejected", "{queue}");
    here.run(&["queue", "retry", "1", "--mine"])?.ended(0)?;
    assert_eq!(sandbox.texts()?, ["oat milk"]);
    Ok(())
}

#[test]
fn json_lists_the_rejected_texts_that_an_undo_brings_back() -> Checked {
    let sandbox = Sandbox::start()?;
    let here = changed_elsewhere(&sandbox)?;
    here.run(&["edit", "1", "any milk"])?.ended(0)?;

    let answer = here.json(&["undo", "--json"])?;

    let key = &answer["changed"][0]["key"];
    let restored = json!([{ "key": key, "text": "oat milk" }]);
    assert_eq!(answer["restored"], restored, "{answer}");
    assert_eq!(answer["changed"][0]["state"], "rejected");
    let redone = here.json(&["redo", "--json"])?;
    assert_eq!(redone.get("restored"), None, "{redone}");
    assert_eq!(sandbox.texts()?, ["any milk"]);
    Ok(())
}
