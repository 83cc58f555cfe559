//! Wrong secrets, addresses and servers.

use crate::database::Fallible;
use crate::hasura::{Stage, stage_or_skip};
use crate::hasura_double::{DATABASE_PASSWORD, Dialect, Fault, SECRET};

/// Asserts how a run failed; returns its message.
fn failed(stage: &Stage, at: &str, secret: &str, exit: i32, code: &str) -> Fallible<String> {
    let ran = stage.setup_at(at, secret, &["--yes", "--json"])?;
    let text = format!("{ran:?}");
    assert_eq!(ran.code, Some(exit), "{text}");
    assert!(
        !text.contains(SECRET) && !text.contains(DATABASE_PASSWORD),
        "{text}"
    );
    let error = ran.error().map_err(|error| error.to_string())?;
    assert_eq!(error["code"], code, "{text}");
    let help = stage.machine.run(&["help", "doctor", code]);
    let help = help.map_err(|error| error.to_string())?;
    assert!(help.stdout.starts_with(code), "{help:?}");
    let (message, help) = (error["message"].as_str(), error["help"].as_str());
    Ok(format!(
        "{} {}",
        message.unwrap_or_default(),
        help.unwrap_or_default()
    ))
}

#[test]
fn each_wrong_setting_has_its_code_and_names_the_fix() -> Fallible {
    for dialect in [Dialect::V2_13, Dialect::V2_48] {
        let stage = stage_or_skip!();
        stage.hasura.state().dialect = dialect;
        let address = stage.hasura.address();
        let text = failed(&stage, &address, "a wrong one", 8, "admin-secret-wrong")?;
        assert!(text.contains("HASURA_GRAPHQL_ADMIN_SECRET"), "{text}");
        assert!(!text.contains("a wrong one"), "{text}");
        let text = failed(&stage, &address, "bad\u{7}secret", 8, "admin-secret-wrong")?;
        assert!(!text.contains('\u{7}'), "{text}");

        stage.hasura.set_faults(vec![Fault::NoMetadataApi]);
        let text = failed(&stage, &address, SECRET, 8, "hasura-api-disabled")?;
        assert!(text.contains("HASURA_GRAPHQL_ENABLED_APIS"), "{text}");
        stage.hasura.set_faults(vec![Fault::Html]);
        let text = failed(&stage, &address, SECRET, 8, "not-hasura")?;
        assert!(text.contains("an HTML page"), "{text}");
        stage.hasura.set_faults(vec![Fault::Redirect]);
        failed(&stage, &address, SECRET, 8, "hasura-redirect")?;
        stage.hasura.set_faults(Vec::new());
        failed(
            &stage,
            &format!("{address}/elsewhere"),
            SECRET,
            8,
            "not-hasura",
        )?;
        stage.hasura.state().secret = None;
        let text = failed(&stage, &address, SECRET, 8, "hasura-open")?;
        assert!(text.contains("HASURA_GRAPHQL_ADMIN_SECRET"), "{text}");
        assert!(!stage.hasura.has_replaced_metadata());
    }
    Ok(())
}

#[test]
fn a_server_that_is_not_there_is_exit_5() -> Fallible {
    let stage = stage_or_skip!();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    failed(
        &stage,
        &format!("http://{closed}"),
        SECRET,
        5,
        "unreachable",
    )?;
    Ok(())
}

#[test]
fn a_source_that_is_not_there_is_named_with_those_that_are() -> Fallible {
    let stage = stage_or_skip!();
    let ran = stage.setup(&["--source", "main", "--yes", "--json"])?;
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(
        ran.stderr.contains("no source `main`; there is `default`"),
        "{ran:?}"
    );
    Ok(())
}

#[test]
fn a_failed_statement_prints_no_address_of_the_database() -> Fallible {
    let stage = stage_or_skip!();
    let before = stage.hasura.metadata();
    stage.hasura.set_faults(vec![Fault::SqlFails]);
    let address = stage.hasura.address();
    let text = failed(&stage, &address, SECRET, 6, "sql-failed")?;
    assert!(text.contains("08006"), "{text}");
    assert_eq!(stage.hasura.metadata(), before);
    Ok(())
}

#[test]
fn the_secret_comes_from_standard_input_or_a_file_and_nowhere_else() -> Fallible {
    let stage = stage_or_skip!();
    let address = stage.hasura.address();
    let run = |words: &[&str]| {
        let mut line = vec!["setup", "hasura", "--endpoint", &address, "--dry-run"];
        line.extend(words);
        stage.machine.run(&line).map_err(|error| error.to_string())
    };
    assert_eq!(run(&[])?.code, Some(2));
    assert_eq!(run(&["--admin-secret-stdin"])?.code, Some(2));
    assert_eq!(run(&["--admin-secret", SECRET])?.code, Some(2));

    let file = stage.machine.path("secret");
    std::fs::write(&file, format!("{SECRET}\r\n"))?;
    let ran = run(&["--admin-secret-file", &file.display().to_string(), "-vv"])?;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!format!("{ran:?}").contains(SECRET));
    Ok(())
}

#[test]
fn the_secret_is_not_sent_in_clear_to_another_machine() -> Fallible {
    let stage = stage_or_skip!();
    let ran = stage.setup_at("http://hasura.example", SECRET, &["--yes"])?;
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("https://"), "{ran:?}");
    Ok(())
}
