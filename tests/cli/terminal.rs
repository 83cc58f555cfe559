//! Commands on a terminal, where there is a user to ask.

use reqwest::Method;
use serde_json::json;

pub(crate) use crate::support::seat::Seat;
use crate::support::{Checked, Machine, Sandbox};

#[test]
fn a_person_logs_in_with_the_code_on_the_screen() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let mut seat = Seat::take(&machine, &["login", "--no-browser"])?;

    let seen = seat.wait_for("q quits")?.to_owned();
    assert!(!seen.contains("Enter opens"), "{seen}");
    let code = seen
        .split_whitespace()
        .find(|word| word.len() == 9 && word.as_bytes().get(4) == Some(&b'-'))
        .ok_or("no code on the screen")?;
    seat.press("g")?;
    seat.wait_for("█")?;
    sandbox.decide(code, "ada@example.com", "approve")?;

    seat.wait_for("Logged in as ada@example.com")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn the_keys_of_a_login_are_those_of_the_tui() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let mut seat = Seat::take(&machine, &["login", "--no-browser"])?;
    seat.wait_for("c copies the code, l the link, g shows a QR code, q quits")?;

    seat.press("c")?;
    seat.wait_for("Sent the code to the terminal's clipboard.")?;
    seat.press("l")?;
    seat.wait_for("Sent the link to the terminal's clipboard.")?;
    seat.press("q")?;

    seat.wait_for("login cancelled")?;
    assert_eq!(seat.ended()?, 130);
    Ok(())
}

#[test]
fn a_long_trouble_leaves_the_code_where_it_is() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    sandbox.fault("token", "drop_before")?;
    let mut seat = Seat::take(&machine, &["login", "--no-browser"])?;
    seat.wait_for("connection to")?;
    let early = ["15:00", "14:59", "14:58", "14:57", "14:56"];
    let is_early = |screen: &str| early.iter().any(|left| screen.contains(left));

    let screen = seat.wait_until(|screen| {
        screen.contains("was lost") && screen.contains(" left") && !is_early(screen)
    })?;

    assert_eq!(screen.matches("waiting, ").count(), 1, "{screen}");
    Ok(())
}

#[test]
fn ctrl_c_cancels_a_login_with_130_and_keeps_nothing() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::at(&sandbox)?;
    let mut seat = Seat::take(&machine, &["login"])?;

    seat.wait_for("q quits")?;
    seat.press("\u{3}")?;

    assert_eq!(seat.ended()?, 130);
    machine.run(&["whoami"])?.ended(4)?;
    Ok(())
}

#[test]
fn a_question_is_about_what_would_change() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine
        .feed(&["add", "-"], b"milk +a\nrice +a @shop\n")?
        .ended(0)?;

    let tagging = ["edit", "--filter", "+a", "--add-tag", "@shop"];
    let mut seat = Seat::take(&machine, &tagging)?;
    seat.wait_for("Change 1 `milk +a`? [y/N]")?;
    seat.press("y\n")?;

    seat.wait_for("unchanged")?;
    assert_eq!(seat.ended()?, 0);
    assert_eq!(sandbox.texts()?, ["milk +a @shop", "rice +a @shop"]);
    Ok(())
}

#[test]
fn rm_asks_and_takes_no_for_an_answer() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;

    let mut seat = Seat::take(&machine, &["rm", "1"])?;
    seat.wait_for("Delete 1 `milk`? [y/N]")?;
    seat.press("n\n")?;
    assert_eq!(seat.ended()?, 2);
    assert_eq!(sandbox.texts()?, ["milk"]);

    let mut seat = Seat::take(&machine, &["rm", "1"])?;
    seat.wait_for("[y/N]")?;
    seat.press("y\n")?;
    assert_eq!(seat.ended()?, 0);
    assert!(sandbox.texts()?.is_empty());
    Ok(())
}

#[test]
fn an_add_shows_the_todo_as_understood_and_a_list_what_is_late() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.set("TUDONE_TEST_NOW", "2026-11-26T10:00:00Z");
    machine.run(&["add", "rent due:2026-11-23"])?.ended(0)?;

    let mut seat = Seat::take(&machine, &["add", "(A) call mum due:tomorrow"])?;
    seat.wait_for("(A) call mum due:2026-11-27")?;
    seat.wait_for("due tomorrow")?;
    assert_eq!(seat.ended()?, 0);

    let mut seat = Seat::take(&machine, &["list"])?;
    seat.wait_for("3 days late")?;
    assert_eq!(seat.ended()?, 0);
    let piped = machine.run(&["list"])?.ended(0)?;
    assert!(!piped.stdout.contains("late"), "{piped:?}");

    for (words, said) in [
        (&["list", "--done"][..], "no done todos"),
        (&["list", "+nothing"], "no todo matches"),
    ] {
        let mut seat = Seat::take(&machine, words)?;
        seat.wait_for(said)?;
        assert_eq!(seat.ended()?, 0);
    }
    Ok(())
}

#[test]
fn long_work_shows_its_progress_and_leaves_no_trace_of_it() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let lines = "todo\n".repeat(20000);
    std::fs::write(machine.path("todo.txt"), &lines)?;
    let file = machine.path("todo.txt");
    let import = ["--offline", "import", file.to_str().ok_or("not UTF-8")?];

    let mut seat = Seat::take(&machine, &import)?;
    seat.wait_until(|text| text.contains("] ") && text.contains(" of 20000 written"))?;
    let (code, all) = seat.finished()?;
    assert_eq!(code, 0);
    let (_, after) = all.rsplit_once(" written").ok_or("no bar")?;
    assert!(
        after.starts_with("\r\u{1b}[K"),
        "the bar is left: {after:?}"
    );
    let ran = machine.run(&["undo", "--offline"])?.ended(0)?;
    assert!(!ran.stderr.contains("written"), "{ran:?}");
    let ran = machine
        .run(&[&import[..], &["--again"]].concat())?
        .ended(0)?;
    assert!(!ran.stderr.contains('\r'), "{ran:?}");
    assert_eq!(
        machine.run(&["list", "--offline", "--count"])?.stdout,
        "20000\n"
    );
    Ok(())
}

#[test]
fn a_long_send_shows_its_progress_and_leaves_no_trace_of_it() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let lines = "todo\n".repeat(2100);
    machine
        .feed(&["add", "-", "--offline"], lines.as_bytes())?
        .ended(0)?;
    // Longer than work that shows nothing.
    let delay = json!({"route": "graphql", "fault": "delay", "ms": 300});
    sandbox.control(Method::POST, "/faults", Some(delay))?;

    let mut seat = Seat::take(&machine, &["sync", "--wait", "50s"])?;
    seat.wait_until(|text| text.contains("] ") && text.contains(" of 2100 sent"))?;
    let (code, all) = seat.finished()?;
    assert_eq!(code, 0);
    let (_, after) = all.rsplit_once(" of 2100 sent").ok_or("no bar")?;
    assert!(after.starts_with("\r\u{1b}[K2100 sent"), "{after:?}");

    machine
        .feed(&["add", "-", "--offline"], lines.as_bytes())?
        .ended(0)?;
    let ran = machine.run(&["sync", "--wait", "50s"])?.ended(0)?;
    assert!(!ran.stderr.contains('\r'), "{ran:?}");
    Ok(())
}

#[test]
fn handles_of_any_length_keep_the_texts_in_one_column() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["list", "--fresh"])?.ended(0)?;
    let row = |id: i64| {
        tudone::domain::feed::FeedRow::Present(tudone::domain::todo::Row {
            key: tudone::domain::key::Key::new(uuid::Uuid::from_u128(u128::from(
                id.unsigned_abs(),
            ))),
            id,
            text: "milk".to_owned(),
            revision: id,
            created_at: None,
            updated_at: None,
        })
    };
    let endpoint = sandbox.address("endpoint");
    let mut store = tudone::store::Store::open(&machine.database()?, endpoint)?;
    store.apply(&[row(7), row(12_345_678)], 9)?;
    drop(store);
    machine.run(&["add", "--offline", "milk"])?.ended(0)?;
    let listed = machine.run(&["list", "--offline"])?.ended(0)?.stdout;
    let columns: Vec<Option<usize>> = listed.lines().map(|line| line.find("milk")).collect();
    assert_eq!(columns, [Some(10); 3], "{listed}");
    Ok(())
}

#[test]
fn a_pager_shows_only_what_is_longer_than_the_screen() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.set("PAGER", "sh -c 'cat; echo paged'");
    let lines = |count: usize| "milk\n".repeat(count);
    machine
        .feed(&["add", "-"], lines(20).as_bytes())?
        .ended(0)?;
    let (code, seen) = Seat::take(&machine, &["list"])?.finished()?;
    assert!(
        code == 0 && seen.contains("milk") && !seen.contains("paged"),
        "{seen}"
    );

    machine
        .feed(&["add", "-"], lines(20).as_bytes())?
        .ended(0)?;
    let (code, seen) = Seat::take(&machine, &["list"])?.finished()?;
    assert!(code == 0 && seen.contains("paged"), "{seen}");
    assert_eq!(seen.matches("milk").count(), 40);
    let (_, seen) = Seat::take(&machine, &["list", "--no-input"])?.finished()?;
    assert!(!seen.contains("paged"), "{seen}");
    let piped = machine.run(&["list"])?.ended(0)?;
    assert!(!piped.stdout.contains("paged"));

    machine.set("PAGER", "head -n 1");
    let (code, _) = Seat::take(&machine, &["list"])?.finished()?;
    assert_eq!(code, 0, "a pager that is left early is no error");
    machine.set("PAGER", "no-such-pager");
    let (code, seen) = Seat::take(&machine, &["list"])?.finished()?;
    assert!(code == 0 && seen.matches("milk").count() == 40, "{seen}");
    Ok(())
}

#[test]
fn the_first_frame_has_all_counts_and_is_not_drawn_twice() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk due:today +home"])?.ended(0)?;
    let mut seat = Seat::take(&machine, &["--offline"])?;
    let screen = seat.wait_until(|screen| screen.contains("milk"))?;
    assert!(screen.contains("Open 1"), "{screen}");
    assert!(screen.contains("Today 1"), "{screen}");
    seat.press("q")?;
    let (code, seen) = seat.finished()?;
    assert_eq!(code, 0);
    assert_eq!(seen.matches("\u{1b}[?2026h").count(), 1, "{seen:?}");
    Ok(())
}

#[test]
fn the_screens_can_be_stopped_and_go_on_where_they_were() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    // A shell that, like a user, brings back what was stopped.
    let script = r#""$@"; echo "stopped"; fg >/dev/null; echo "ended $?""#;
    machine.launch_through(&["bash", "-mc", script, "shell"]);
    let mut seat = Seat::take(&machine, &["--offline"])?;
    seat.wait_until(|screen| screen.contains("milk"))?;
    seat.press("abread")?;
    seat.wait_until(|screen| screen.contains("› bread"))?;

    seat.press("\u{1a}")?;
    seat.wait_for("stopped")?;
    seat.wait_until(|screen| screen.contains("milk") && screen.contains("› bread"))?;
    seat.press(" and tea\r")?;

    seat.wait_until(|screen| screen.contains("bread and tea") && screen.contains("pending"))?;
    seat.press("q")?;
    seat.wait_for("ended 0")?;
    Ok(())
}

#[test]
fn a_screen_that_another_program_wrote_on_is_redrawn() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    let mut seat = Seat::take(&machine, &["--offline"])?;
    seat.wait_until(|screen| screen.contains("milk"))?;

    seat.spoil("\u{1b}[2Ja message of another program");
    seat.press("\u{c}")?;

    seat.wait_until(|screen| screen.contains("milk") && !screen.contains("a message"))?;
    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn the_mouse_works_where_it_is_switched_on_and_is_given_back() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.configure("[ui]\nmouse = true\n[theme]\nlate = \"bold red\"\n")?;
    let mut seat = Seat::take(&machine, &["--offline"])?;
    let screen = seat.wait_until(|screen| screen.contains("milk"))?;
    assert_ne!(
        seat.screen().mouse_protocol_mode(),
        vt100::MouseProtocolMode::None
    );

    let row = screen.lines().position(|line| line.contains("milk"));
    let row = 1 + row.ok_or("no row")?;
    // A press of the left button on the circle, in the third column.
    seat.press(&format!("\u{1b}[<0;3;{row}M\u{1b}[<0;3;{row}m"))?;
    seat.wait_until(|screen| screen.contains("✓ done  milk"))?;

    seat.press("q")?;
    let (code, seen) = seat.finished()?;
    assert_eq!(code, 0);
    assert!(seen.contains("\u{1b}[?1000l"), "{seen:?}");
    Ok(())
}

#[test]
fn a_theme_is_changed_while_the_program_runs() -> Checked {
    let sandbox = Sandbox::start()?;
    let mut machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.set("COLORTERM", "truecolor");
    let mut seat = Seat::take(&machine, &["--offline"])?;
    seat.wait_until(|screen| screen.contains("milk"))?;

    seat.press(":theme light\r")?;
    // The background of the light theme.
    seat.wait_for("48;2;250;250;250")?;

    seat.press("q")?;
    assert_eq!(seat.ended()?, 0);
    Ok(())
}

#[test]
fn an_empty_queue_says_so_on_a_terminal_and_prints_nothing_in_a_pipe() -> Checked {
    let sandbox = Sandbox::start()?;
    let machine = Machine::logged_in(&sandbox, "ada@example.com")?;
    let mut seat = Seat::take(&machine, &["queue"])?;
    seat.wait_for("everything is on the server")?;
    assert_eq!(seat.ended()?, 0);

    let ran = machine.run(&["queue"])?.ended(0)?;
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    Ok(())
}
