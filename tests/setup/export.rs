//! `tudone setup export`: the files of the backend in a directory.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::support::{Checked, Machine};

const COMPOSE: &str = include_str!("../../assets/compose.yaml");
const VARIABLES: &str = include_str!("../../assets/env.example");
const DOCS: &str = include_str!("../../docs/your-own-backend.md");

fn compose() -> Checked<Value> {
    Ok(serde_saphyr::from_str(COMPOSE)?)
}

/// Names of the variables that the compose file reads.
fn variables() -> BTreeSet<&'static str> {
    let names = COMPOSE.split("${").skip(1);
    let is_end = |c: char| !(c.is_ascii_uppercase() || c == '_');
    names.filter_map(|rest| rest.split(is_end).next()).collect()
}
use serde_json::Value;
use tudone::auth::diagnosis::jwt_secret;

fn written(answer: &Value) -> Vec<&str> {
    let files = answer["files"].as_array().into_iter().flatten();
    files
        .filter(|file| file["written"] == true)
        .filter_map(|file| file["path"].as_str())
        .collect()
}

#[test]
fn the_second_export_writes_nothing() -> Checked {
    let machine = Machine::new()?;
    let directory = machine.path("backend").display().to_string();

    let first = machine.json(&["setup", "export", &directory, "--json"])?;
    assert!(written(&first).contains(&"hasura/config.yaml"));
    assert!(written(&first).contains(&"compose.yaml"));
    let sql = machine.path("backend/hasura/migrations/default/1795478401000_full/up.sql");
    assert!(fs::read_to_string(sql)?.contains("todo_tombstones"));

    let second = machine.json(&["setup", "export", &directory, "--json"])?;
    assert!(written(&second).is_empty());
    Ok(())
}

#[test]
fn an_edited_file_is_kept_without_yes() -> Checked {
    let machine = Machine::new()?;
    let directory = machine.path("backend").display().to_string();
    machine.run(&["setup", "export", &directory])?.ended(0)?;
    let edited = machine.path("backend/compose.yaml");
    fs::write(&edited, "services: {}\n")?;

    machine.run(&["setup", "export", &directory])?.ended(2)?;
    assert_eq!(fs::read_to_string(&edited)?, "services: {}\n");

    let ran = machine.run(&["setup", "export", &directory, "--yes", "--json"])?;
    assert_eq!(written(&ran.ended(0)?.json()?), ["compose.yaml"]);
    Ok(())
}

#[test]
fn the_compose_file_reads_the_variables_that_the_example_and_the_docs_name() {
    let named: BTreeSet<&str> = VARIABLES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name))
        .collect();
    let mut read = variables();
    // Has a default.
    read.remove("HASURA_GRAPHQL_ENABLE_CONSOLE");
    assert_eq!(read, named);
    for command in ["cp env.example .env", "docker compose up --detach --wait"] {
        assert!(
            COMPOSE.contains(command) && DOCS.contains(command),
            "{command}"
        );
    }
}

#[test]
fn the_compose_file_gives_hasura_the_jwt_secret_that_setup_prints() -> Checked {
    let environment = &compose()?["services"]["hasura"]["environment"];
    let text = environment["HASURA_GRAPHQL_JWT_SECRET"]
        .as_str()
        .ok_or("no secret")?;
    let (issuer, audience) = ("https://t.eu.auth0.com/", "https://todos.example/api");
    let filled = text
        .replace("${TUDONE_ISSUER:?Set TUDONE_ISSUER in .env}", issuer)
        .replace("${TUDONE_ISSUER}", issuer)
        .replace("${TUDONE_AUDIENCE:?Set TUDONE_AUDIENCE in .env}", audience);

    let filled: Value = serde_json::from_str(&filled)?;

    let printed: Value = serde_json::from_str(&jwt_secret(issuer, audience, None))?;
    assert_eq!(filled, printed);
    // Only this machine reaches it without a proxy, and nobody without the secret.
    assert_eq!(
        compose()?["services"]["hasura"]["ports"][0],
        "127.0.0.1:8080:8080"
    );
    let secret = environment["HASURA_GRAPHQL_ADMIN_SECRET"].as_str();
    assert!(secret.is_some_and(|it| it.contains(":?")), "{secret:?}");
    Ok(())
}

#[test]
fn hasura_waits_for_a_healthy_database_and_has_a_health_check_that_works() -> Checked {
    let services = &compose()?["services"];
    assert_eq!(
        services["hasura"]["depends_on"]["postgres"]["condition"],
        "service_healthy"
    );
    assert_eq!(services["postgres"]["healthcheck"]["test"][1], "pg_isready");
    let script = services["hasura"]["healthcheck"]["test"][3]
        .as_str()
        .ok_or("no check")?;
    let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    let check = |status: &'static str| -> Checked<bool> {
        let port = server.local_addr()?.port();
        let script = script.replace("8080", &port.to_string()).replace("$$", "$");
        let answering = server.try_clone()?;
        let server = std::thread::spawn(move || -> std::io::Result<()> {
            use std::io::{Read as _, Write as _};
            let (mut client, _) = answering.accept()?;
            let _ = client.read(&mut [0; 512])?;
            client.write_all(format!("HTTP/1.0 {status}\r\n\r\n").as_bytes())
        });
        let ended = Command::new("bash").args(["-c", &script]).status()?;
        server.join().map_err(|_| "the server panicked")??;
        Ok(ended.success())
    };
    assert!(check("200 OK")?);
    assert!(!check("500 Internal Server Error")?);
    Ok(())
}
