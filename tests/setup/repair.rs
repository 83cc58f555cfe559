//! `doctor --fix`: broken, put right, checked again, against both doubles.

use serde_json::{Value, json};

use crate::bench::Bench;
use crate::database::migration::FULL_DOWN;
use crate::hasura_double::JwtMode;
use crate::support::Checked;

/// Breaks a backend.
type Breakage = fn(&Bench) -> Checked;

/// What is broken in Hasura, and the code of the first cause.
const IN_HASURA: &[(&str, Breakage)] = &[
    ("backend-refused", |bench| {
        without(bench, &["select_permissions"])
    }),
    ("role-no-insert", |bench| {
        let lists = [
            "insert_permissions",
            "update_permissions",
            "delete_permissions",
        ];
        without(bench, &lists)
    }),
    ("role-no-delete", |bench| {
        without(bench, &["delete_permissions"])
    }),
    ("rows-unfiltered", |bench| {
        let metadata = bench.stage.hasura.metadata();
        let filter = r#""filter":{"user_id":{"_eq":"X-Hasura-User-Id"}}"#;
        assert!(metadata.contains(filter), "{metadata}");
        metadata_is(bench, &metadata.replace(filter, r#""filter":{}"#))
    }),
    // The tutorial's backend: a warning, after what the role may not do.
    ("role-no-insert", |bench| {
        let done = bench.stage.database.migrate(FULL_DOWN);
        done.map_err(|error| error.to_string())?;
        let mut metadata: Value = serde_json::from_str(&bench.stage.hasura.metadata())?;
        let only = json!({"columns": ["id", "text", "user_id"],
            "filter": {"user_id": {"_eq": "X-Hasura-User-Id"}}});
        metadata["sources"][0]["tables"] = json!([
            {"table": {"schema": "public", "name": "todos"},
             "select_permissions": [{"role": "user", "permission": only}]},
            {"table": {"schema": "public", "name": "users"}},
        ]);
        metadata_is(bench, &metadata.to_string())
    }),
    // Without `users` the Action gets no row, and denies.
    ("denied", |bench| {
        let mut metadata: Value = serde_json::from_str(&bench.stage.hasura.metadata())?;
        metadata["sources"][0]["tables"] = json!([]);
        metadata_is(bench, &metadata.to_string())
    }),
];

/// The same for Auth0.
const IN_AUTH0: &[(&str, Breakage)] = &[
    ("grant-not-allowed", |bench| {
        grants(bench, json!(["refresh_token"]))
    }),
    ("refresh-not-allowed", |bench| {
        grants(bench, json!([crate::auth0_double::DEVICE_GRANT]))
    }),
    ("audience-unknown", |bench| {
        bench
            .tenant
            .books()
            .apis
            .retain(|api| api["id"] != "id_api");
        Ok(())
    }),
    ("token-no-claim", |bench| {
        bench.tenant.books().bindings.clear();
        Ok(())
    }),
    ("denied", |bench| {
        let secrets = &mut bench.tenant.books().secrets;
        secrets.retain(|(name, _)| name != "HASURA_ADMIN_SECRET");
        Ok(())
    }),
];

fn without(bench: &Bench, lists: &[&str]) -> Checked {
    let mut metadata: Value = serde_json::from_str(&bench.stage.hasura.metadata())?;
    let tables = metadata["sources"][0]["tables"].as_array_mut();
    for table in tables.into_iter().flatten() {
        if table["table"]["name"] == "todos" {
            let table = table.as_object_mut().ok_or("no table")?;
            table.retain(|name, _| !lists.contains(&name.as_str()));
        }
    }
    metadata_is(bench, &metadata.to_string())
}

fn metadata_is(bench: &Bench, text: &str) -> Checked {
    let done = bench.stage.hasura.set_metadata(text);
    Ok(done.map_err(|error| error.to_string())?)
}

fn grants(bench: &Bench, grants: Value) -> Checked {
    let mut books = bench.tenant.books();
    let app = books
        .clients
        .iter_mut()
        .find(|it| it["client_id"] == "id_app");
    app.ok_or("no application")?["grant_types"] = grants;
    Ok(())
}

fn each_is_put_right(breakages: &[(&str, Breakage)]) -> Checked {
    let Some(bench) = Bench::working()? else {
        return Ok(());
    };
    bench.assert_working()?;
    for (code, make_wrong) in breakages {
        make_wrong(&bench)?;
        let wrong = bench.wrong()?;
        assert_eq!(wrong.first().map(String::as_str), Some(*code), "{wrong:?}");

        let ran = bench.fix()?;

        let what = format!("{code}: {}\n{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(0), "{what}");
        assert!(
            ran.stdout.contains(&format!("help doctor {code}`")),
            "{what}"
        );
        bench.assert_working()?;
    }
    Ok(())
}

#[test]
fn what_is_wrong_in_hasura_is_named_put_right_and_checked_again() -> Checked {
    each_is_put_right(IN_HASURA)
}

#[test]
fn what_is_wrong_in_auth0_is_named_put_right_and_checked_again() -> Checked {
    each_is_put_right(IN_AUTH0)
}

#[test]
fn of_two_that_are_broken_the_first_cause_is_named_first_and_both_are_put_right() -> Checked {
    let Some(bench) = Bench::working()? else {
        return Ok(());
    };
    grants(&bench, json!(["refresh_token"]))?;
    without(&bench, &["insert_permissions"])?;
    assert_eq!(bench.wrong()?, ["grant-not-allowed", "role-no-insert"]);

    let ran = bench.fix()?.ended(0)?;

    let place = |text: &str| {
        ran.stdout
            .find(text)
            .ok_or(format!("{text} in {}", ran.stdout))
    };
    assert!(place("✗ application")? < place("✗ insert")?);
    bench.assert_working()
}

#[test]
fn what_setup_cannot_reach_is_answered_with_the_line_to_paste() -> Checked {
    let Some(bench) = Bench::working()? else {
        return Ok(());
    };
    let secret = std::mem::replace(&mut bench.stage.hasura.state().jwt, JwtMode::Off);
    assert_eq!(bench.wrong()?, ["jwt-secret"]);

    let ran = bench.fix()?.ended(8)?;

    assert!(
        ran.stdout.contains("HASURA_GRAPHQL_JWT_SECRET='{"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("setup cannot fix any of this"),
        "{}",
        ran.stderr
    );
    bench.stage.hasura.state().jwt = secret;
    bench.assert_working()
}

#[test]
fn without_a_yes_and_a_terminal_nothing_is_changed() -> Checked {
    let Some(bench) = Bench::working()? else {
        return Ok(());
    };
    without(&bench, &["insert_permissions"])?;
    let before = bench.stage.hasura.metadata();
    let admin = bench.stage.machine.path("admin").display().to_string();

    let words = ["doctor", "--fix", "--admin-secret-file", &admin];
    bench.stage.machine.run(&words)?.ended(2)?;

    assert_eq!(bench.stage.hasura.metadata(), before);
    Ok(())
}
