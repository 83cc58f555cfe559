//! Redo, and the sessions that undo and redo belong to.

use super::history::*;
use super::*;
use crate::domain::history::{Session, UndoReport};

const TUI: Session = Session::Tui(Uuid::from_u128(77));

fn turn(
    store: &mut Store,
    session: Session,
    redo: bool,
) -> Result<Option<UndoReport>, Box<dyn Error>> {
    let mut fresh = counted();
    Ok(if redo {
        store.redo(session, Timestamp::UNIX_EPOCH, &mut fresh)?
    } else {
        store.undo(session, Timestamp::UNIX_EPOCH, &mut fresh)?
    })
}

#[test]
fn undone_actions_are_redone_in_order_before_and_after_sync() -> TestResult {
    for synced in [false, true] {
        let mut store = store()?;
        store.apply(&present(&[row(key(1), 1, "a")]), 10)?;
        store.commit_action(TUI, "changed", &[edit(key(1), "a", "b")])?;
        store.commit_action(TUI, "deleted", &[remove(key(1), "b")])?;
        store.commit_action(TUI, "added", &[add(key(2), "c")])?;
        if synced {
            sync(&mut store, 5)?;
        }
        for expected in [["b"].as_slice(), &[], &["b"], &["a"]].into_iter().skip(1) {
            let report = turn(&mut store, TUI, false)?.ok_or("nothing to undo")?;
            assert_eq!(report.overlaps, []);
            assert_eq!(texts(&store, &all())?, expected, "synced: {synced}");
        }
        assert_eq!(named(&store, "1")?.as_deref(), Some("a"));
        if synced {
            sync(&mut store, 50)?;
        }
        for expected in [["b"].as_slice(), &[], &["c"]] {
            turn(&mut store, TUI, true)?.ok_or("nothing to redo")?;
            assert_eq!(texts(&store, &all())?, expected, "synced: {synced}");
        }
        assert_eq!(turn(&mut store, TUI, true)?, None);
        turn(&mut store, TUI, false)?.ok_or("nothing to undo again")?;
        assert_eq!(texts(&store, &all())?, [] as [&str; 0]);
    }
    Ok(())
}

#[test]
fn each_session_undoes_its_own_actions_and_a_new_one_clears_its_redo() -> TestResult {
    let mut store = store()?;
    let other = Session::Tui(Uuid::from_u128(78));
    store.commit_action(Session::Cli, "added", &[add(key(1), "cli")])?;
    store.commit_action(TUI, "added", &[add(key(2), "tui")])?;
    store.commit_action(other, "added", &[add(key(3), "other")])?;
    assert_eq!(turn(&mut store, Session::Cli, true)?, None);

    for session in [Session::Cli, TUI] {
        turn(&mut store, session, false)?.ok_or("nothing to undo")?;
        assert_eq!(turn(&mut store, session, false)?, None);
    }
    assert_eq!(texts(&store, &all())?, ["other"]);
    store.commit_action(TUI, "added", &[add(key(4), "new")])?;
    assert_eq!(turn(&mut store, TUI, true)?, None, "cleared");
    turn(&mut store, Session::Cli, true)?.ok_or("nothing to redo")?;

    let mut shown = texts(&store, &all())?;
    shown.sort();
    assert_eq!(shown, ["cli", "new", "other"]);
    assert_eq!(store.history(Session::Cli)?.len(), 1);
    Ok(())
}

#[test]
fn a_redo_keeps_what_was_changed_since_and_names_conflicts() -> TestResult {
    let mut store = store()?;
    store.apply(
        &present(&[row(key(1), 1, "buy milk"), row(key(2), 2, "call bob")]),
        20,
    )?;
    let both = [
        edit(key(1), "buy milk", "buy oat milk"),
        edit(key(2), "call bob", "call ann"),
    ];
    store.commit_action(TUI, "changed", &both)?;
    turn(&mut store, TUI, false)?.ok_or("nothing to undo")?;
    store.commit(&[
        edit(key(1), "buy milk", "buy milk +shop"),
        edit(key(2), "call bob", "call eve"),
    ])?;

    let report = turn(&mut store, TUI, true)?.ok_or("nothing to redo")?;

    assert_eq!(texts(&store, &all())?, ["buy oat milk +shop", "call eve"]);
    let left: Vec<_> = report.overlaps.iter().map(|it| it.todo.id).collect();
    assert_eq!(left, [Some(2)]);
    Ok(())
}
