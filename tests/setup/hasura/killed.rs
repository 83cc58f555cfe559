//! The process killed at every request.

use crate::database::Fallible;
use crate::hasura::{Stage, stage_or_skip};
use crate::support::DEADLINE;

#[test]
fn a_run_that_is_killed_at_any_request_is_completed_by_the_next() -> Fallible {
    let whole = stage_or_skip!();
    super::tutorial::make(&whole)?;
    whole.apply()?;
    let requests = whole.hasura.commands().len();
    assert!(requests >= 12, "only {requests} requests");
    for request in 1..=requests {
        let stage = stage_or_skip!();
        super::tutorial::make(&stage)?;
        let rows = super::tutorial::rows(&stage)?;
        let silent = stage.hasura.be_silent_after(request);
        let mut child = stage.start()?;
        silent.recv_timeout(DEADLINE)?;
        child.kill()?;
        child.wait()?;
        stage.hasura.set_faults(Vec::new());

        stage.apply()?;

        stage.assert_complete()?;
        assert_eq!(super::tutorial::rows(&stage)?, rows, "request {request}");
        assert_eq!(served(&stage), served(&whole), "request {request}");
        assert_eq!(made(&stage)?, made(&whole)?, "request {request}");
    }
    Ok(())
}

/// Metadata and records, which hold each table, permission and migration once.
fn served(stage: &Stage) -> (String, String) {
    let records = stage.hasura.state().cli_state.get().to_owned();
    (stage.hasura.metadata(), records)
}

/// Names of everything in the schema.
fn made(stage: &Stage) -> Fallible<Vec<String>> {
    let rows = stage.database.connect()?.query(
        "select relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'public'
         union all select conname::text from pg_constraint c
           join pg_namespace n on n.oid = c.connamespace where n.nspname = 'public'
         union all select tgname::text from pg_trigger where not tgisinternal
         union all select proname::text from pg_proc p
           join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public'
         order by 1",
        &[],
    )?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
