//! Plan, apply, no changes; killed and completed.

use crate::database::Fallible;
use crate::hasura::{answer, marked, stage_or_skip};
use crate::hasura_double::{Dialect, Fault};

#[test]
fn a_fresh_hasura_is_planned_then_applied_then_has_no_changes() -> Fallible {
    for dialect in [Dialect::V2_13, Dialect::V2_48] {
        let stage = stage_or_skip!();
        stage.hasura.state().dialect = dialect;
        let before = stage.hasura.metadata();

        let planned = answer(&stage.setup(&["--dry-run", "--json"])?)?;
        let added = marked(&planned, "+");
        for part in [
            "table users",
            "column todos.client_id",
            "view todo_changes",
            "trigger todos_stamp_insert",
            "tracked todos",
            "permission todos delete user",
            "migration 1795478401000_full",
        ] {
            assert!(added.iter().any(|it| it == part), "{part} not in {added:?}");
        }
        assert_eq!(planned["changes"], added.len());
        assert_eq!(planned["applied"], false);
        assert_eq!(stage.hasura.metadata(), before);
        let mut client = stage.database.connect()?;
        let tables = "select count(*) from pg_tables where schemaname = 'public'";
        assert_eq!(client.query_one(tables, &[])?.try_get::<_, i64>(0)?, 0);

        let applied = stage.apply()?;
        assert_eq!(applied["plan"], planned["plan"]);
        assert_eq!(applied["applied"], true);
        assert_eq!(
            applied["endpoint"],
            format!("{}/v1/graphql", stage.hasura.address())
        );
        assert_eq!(
            stage.hasura.state().cli_state.get(),
            r#"{"migrations":{"default":{"1795478400000":false,"1795478401000":false}}}"#
        );

        stage.hasura.set_faults(Vec::new());
        let again = stage.setup(&["--yes"])?;
        assert_eq!(again.code, Some(0), "{again:?}");
        assert!(again.stdout.contains("\nno changes\n"), "{}", again.stdout);
        let commands = stage.hasura.commands();
        assert!(
            !commands
                .iter()
                .any(|it| it == "replace_metadata" || it == "set_catalog_state")
        );
        let wrote = stage
            .hasura
            .state()
            .log
            .iter()
            .any(|it| it.kind == "run_sql" && !it.body.contains(r#""read_only":true"#));
        assert!(!wrote);
    }
    Ok(())
}

#[test]
fn a_run_that_is_cut_after_any_request_is_completed_by_the_next() -> Fallible {
    let mut cuts = 0;
    for cut in 1..40 {
        let stage = stage_or_skip!();
        super::tutorial::make(&stage)?;
        let rows = super::tutorial::rows(&stage)?;
        stage.hasura.set_faults(vec![Fault::CutAfter(cut)]);
        let first = stage.setup(&["--yes", "--json"])?;
        stage.hasura.set_faults(Vec::new());
        let finished = first.code == Some(0);
        if !finished {
            assert_eq!(first.code, Some(5), "{first:?}");
            cuts += 1;
        }
        stage.setup(&["--yes", "--json"])?;
        stage.assert_complete()?;
        assert_eq!(super::tutorial::rows(&stage)?, rows);
        if finished {
            break;
        }
    }
    assert!(cuts >= 12, "only {cuts} requests");
    Ok(())
}

#[test]
fn metadata_that_changes_in_between_is_computed_again() -> Fallible {
    let stage = stage_or_skip!();
    stage.hasura.set_faults(vec![Fault::Conflicts(2)]);
    stage.apply()?;
    let metadata = stage.hasura.metadata();
    assert!(
        metadata.contains(r#""by_others_1":true,"by_others_2":true"#),
        "{metadata}"
    );
    stage.assert_complete()?;

    let stage = stage_or_skip!();
    stage.hasura.set_faults(vec![Fault::Conflicts(100)]);
    let ran = stage.setup(&["--yes", "--json"])?;
    assert_eq!(ran.code, Some(6), "{ran:?}");
    assert!(ran.stderr.contains("metadata-conflict"), "{ran:?}");
    Ok(())
}

#[test]
fn nothing_is_applied_without_a_yes() -> Fallible {
    let stage = stage_or_skip!();
    let before = stage.hasura.metadata();
    let ran = stage.setup(&[])?;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("+ table      users"), "{}", ran.stdout);
    assert_eq!(stage.hasura.metadata(), before);
    assert!(!stage.hasura.has_replaced_metadata());
    Ok(())
}

#[test]
fn what_was_changed_by_hand_since_is_made_right_again() -> Fallible {
    let stage = stage_or_skip!();
    stage.apply()?;
    let mut client = stage.database.connect()?;
    client.batch_execute(
        "alter table todos disable trigger todos_stamp_update;
         create or replace function todos_lock_caller() returns trigger language plpgsql as
           $$ begin return null; end $$;
         drop index todos_user_id_revision_idx;",
    )?;
    let metadata = stage.hasura.metadata();
    let open = r#""filter":{"user_id":{"_eq":"X-Hasura-User-Id"}}"#;
    assert!(metadata.contains(open), "{metadata}");
    stage
        .hasura
        .set_metadata(&metadata.replace(open, r#""filter":{}"#))?;

    let planned = answer(&stage.setup(&["--dry-run", "--json"])?)?;
    let mut changed = marked(&planned, "~");
    changed.sort();
    assert_eq!(
        changed,
        [
            "function todos_lock_caller",
            "permission todo_changes select user",
            "permission todos delete user",
            "permission todos select user",
            "permission todos update user",
            "trigger todos_stamp_update"
        ]
    );
    assert_eq!(marked(&planned, "+"), ["index todos_user_id_revision_idx"]);
    stage.apply()?;
    stage.assert_complete()
}
