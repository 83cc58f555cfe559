//! `tudone setup auth0` against a double of the tenant.

use std::ops::Range;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use crate::auth0_double::{TOKEN, Tenant};
use crate::support::{Checked, DEADLINE, Machine, Ran};
use serde_json::{Value, json};
use tudone::setup::auth0::SCOPES;

const ADMIN_SECRET: &str = "auth0-admin-secret-93";
const ENDPOINT: &str = "https://hasura.example/v1/graphql";

/// A machine with the admin secret in a file.
fn machine() -> Checked<Machine> {
    let mut machine = Machine::new()?;
    machine.keep_secret(ADMIN_SECRET);
    machine.keep_secret(TOKEN);
    std::fs::write(machine.path("admin"), format!("{ADMIN_SECRET}\n"))?;
    Ok(machine)
}

/// Runs setup with the token on standard input.
fn setup(machine: &Machine, tenant: &Tenant, words: &[&str]) -> Checked<Ran> {
    let admin = machine.path("admin").display().to_string();
    let usual = command(tenant, &admin);
    machine.feed(&[&usual, words].concat(), format!("{TOKEN}\n").as_bytes())
}

fn command<'a>(tenant: &'a Tenant, admin: &'a str) -> [&'a str; 9] {
    [
        "setup",
        "auth0",
        "--domain",
        &tenant.domain,
        "--token-stdin",
        "--endpoint",
        ENDPOINT,
        "--admin-secret-file",
        admin,
    ]
}

fn json_of(ran: Ran) -> Checked<Value> {
    ran.ended(0)?.json()
}

fn actions(answer: &Value) -> Vec<&str> {
    let plan = answer["plan"].as_array().into_iter().flatten();
    plan.filter_map(|step| step["action"].as_str()).collect()
}

#[test]
fn an_empty_tenant_is_made_ready_and_the_second_run_changes_nothing() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;

    let answer = json_of(setup(&machine, &tenant, &["--yes", "--json"])?)?;

    assert_eq!(actions(&answer), ["create"; 4]);
    assert_eq!(
        tenant.changes(),
        [
            "POST resource-servers",
            "POST clients",
            "POST actions/actions",
            "POST actions/actions/id_3/deploy",
            "PATCH actions/triggers/post-login/bindings",
        ]
    );
    {
        let books = tenant.books();
        let code = std::fs::read_to_string("assets/auth0/actions/hasura-sync/code.js")?;
        assert_eq!(books.actions[0]["code"], code);
        assert_eq!(books.actions[0]["all_changes_deployed"], true);
        let secret = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            books.secrets,
            [
                secret("HASURA_URL", ENDPOINT),
                secret("HASURA_ADMIN_SECRET", ADMIN_SECRET),
                secret("API_AUDIENCE", "https://todos.example/api"),
            ]
        );
        assert_eq!(books.limited, 0, "faster than two requests a second");
    }
    assert_eq!(answer["client_id"], "id_2");

    let before = tenant.changes().len();
    let again = json_of(setup(&machine, &tenant, &["--yes", "--json"])?)?;
    assert_eq!(actions(&again), ["keep"; 4]);
    assert_eq!(
        (&again["applied"], &again["client_id"]),
        (&json!(false), &json!("id_2"))
    );
    assert_eq!(tenant.changes().len(), before);
    Ok(())
}

#[test]
fn what_is_printed_is_what_hasura_the_profile_and_the_tutorials_page_need() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;

    let ran = setup(&machine, &tenant, &["--yes"])?.ended(0)?;

    let issuer = format!("http://{}/", tenant.domain);
    let line = format!(
        "HASURA_GRAPHQL_JWT_SECRET='{{\"type\":\"RS256\",\"jwk_url\":\"{issuer}.well-known/jwks.json\",\
         \"audience\":\"https://todos.example/api\",\"issuer\":\"{issuer}\"}}'"
    );
    for expected in [
        "+ API",
        "client id   id_2",
        &line,
        "audience: \"https://todos.example/api\",",
    ] {
        assert!(
            ran.stdout.contains(expected),
            "{expected} in\n{}",
            ran.stdout
        );
    }
    let file = std::fs::read_to_string(machine.path("config/config.toml"))?;
    for expected in [
        "[profiles.home]".to_owned(),
        format!("issuer = \"{issuer}\""),
        "client_id = \"id_2\"".to_owned(),
        format!("endpoint = \"{ENDPOINT}\""),
    ] {
        assert!(file.contains(&expected), "{expected} in\n{file}");
    }
    Ok(())
}

#[test]
fn no_secret_is_printed_logged_or_stored() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;

    let ran = setup(&machine, &tenant, &["--yes", "-vv"])?.ended(0)?;

    let file = std::fs::read_to_string(machine.path("config/config.toml"))?;
    for secret in [ADMIN_SECRET, TOKEN] {
        for text in [&ran.stdout, &ran.stderr, &file] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    Ok(())
}

#[test]
fn an_error_that_repeats_the_request_does_not_show_its_secret() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    tenant.books().repeats = true;
    let machine = machine()?;

    let ran = setup(&machine, &tenant, &["--yes", "-vv"])?;

    let shown = "Payload validation error";
    assert!(ran.stderr.contains(shown), "{ran:?}");
    assert!(!ran.stderr.contains(ADMIN_SECRET), "{ran:?}");
    Ok(())
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;

    let ran = setup(&machine, &tenant, &["--dry-run"])?.ended(0)?;

    assert_eq!(
        ran.stdout
            .lines()
            .filter(|line| line.starts_with("+ "))
            .count(),
        4
    );
    assert_eq!(tenant.changes(), [""; 0]);
    assert!(!machine.path("config/config.toml").exists());
    Ok(())
}

#[test]
fn without_a_terminal_changes_need_a_yes() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;

    setup(&machine, &tenant, &[])?.ended(2)?;

    assert_eq!(tenant.changes(), [""; 0]);
    Ok(())
}

#[test]
fn actions_that_are_bound_stay_in_front_in_their_order() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    {
        let mut books = tenant.books();
        for (id, name) in [("bind_b", "second"), ("bind_a", "first")] {
            let binding = json!({
                "id": id, "display_name": name.to_uppercase(), "trigger_id": "post-login",
                "action": {"id": name, "name": name, "all_changes_deployed": true},
            });
            books.bindings.push(binding);
        }
    }

    setup(&machine()?, &tenant, &["--yes"])?.ended(0)?;

    let books = tenant.books();
    let bound: Vec<_> = books
        .bindings
        .iter()
        .map(|it| it["display_name"].as_str())
        .collect();
    assert_eq!(bound, [Some("SECOND"), Some("FIRST"), Some("hasura-sync")]);
    Ok(())
}

#[test]
fn objects_of_the_user_are_repaired_not_replaced() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    {
        let mut books = tenant.books();
        // More than a page of other objects in front.
        for number in 0..120 {
            let name = format!("other {number}");
            books
                .apis
                .push(json!({"id": format!("rs{number}"), "identifier": name, "name": name}));
            books
                .clients
                .push(json!({"client_id": format!("c{number}"), "name": name}));
        }
        books.apis.push(json!({
            "id": "id_api", "identifier": "https://todos.example/api", "name": "mine",
            "signing_alg": "HS256", "allow_offline_access": false, "token_lifetime": 60,
        }));
        // The tutorial's page has the same name and stays as it is.
        books
            .clients
            .push(json!({"client_id": "spa", "name": "tudone", "app_type": "spa"}));
        books.clients.push(json!({
            "client_id": "id_app", "name": "tudone", "app_type": "native",
            "oidc_conformant": true, "grant_types": ["authorization_code"],
            "token_endpoint_auth_method": "client_secret_post",
            "jwt_configuration": {"alg": "HS256"},
        }));
        books.actions.push(json!({
            "id": "id_action", "name": "hasura-sync", "code": "// old", "runtime": "node18",
            "status": "built", "all_changes_deployed": true,
            "secrets": [{"name": "HASURA_URL"}, {"name": "HASURA_ADMIN_SECRET"}, {"name": "API_AUDIENCE"}],
        }));
        books.bindings.push(json!({
            "id": "bind_us", "display_name": "hasura-sync",
            "action": {"id": "id_action", "name": "hasura-sync", "all_changes_deployed": true},
        }));
    }

    let answer = json_of(setup(&machine()?, &tenant, &["--yes", "--json"])?)?;

    assert_eq!(actions(&answer), ["change", "change", "change", "keep"]);
    let books = tenant.books();
    let api = books
        .apis
        .iter()
        .find(|it| it["id"] == "id_api")
        .ok_or("no api")?;
    assert_eq!(
        (&api["signing_alg"], &api["token_lifetime"]),
        (&json!("RS256"), &json!(60))
    );
    let app = books
        .clients
        .iter()
        .find(|it| it["client_id"] == "id_app")
        .ok_or("no app")?;
    assert_eq!(app["grant_types"][0], "authorization_code");
    assert_eq!(app["grant_types"].as_array().map(Vec::len), Some(3));
    let spa = books.clients.iter().find(|it| it["client_id"] == "spa");
    assert_eq!(
        spa,
        Some(&json!({"client_id": "spa", "name": "tudone", "app_type": "spa"}))
    );
    // Unchanged secrets are not sent.
    assert!(books.secrets.is_empty());
    Ok(())
}

#[test]
fn each_missing_scope_is_named_before_anything_is_half_done() -> Checked {
    at_once(0..SCOPES.len(), |number| {
        let missing = SCOPES[number];
        let rest: Vec<&str> = SCOPES.iter().copied().filter(|it| *it != missing).collect();
        let tenant = Tenant::start(&rest)?;
        let ran = setup(&machine()?, &tenant, &["--yes"])?;
        // Updates are needed only where there is something to update.
        if missing.starts_with("update:") && missing != "update:actions" {
            ran.ended(0)?;
            return Ok(());
        }
        let ran = ran.ended(8)?;
        assert!(ran.stderr.contains(missing), "{missing}: {}", ran.stderr);
        Ok(())
    })
}

#[test]
fn a_wrong_token_and_a_wrong_domain_are_misconfigured_and_say_where_to_look() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;
    let words = [
        "setup",
        "auth0",
        "--domain",
        &tenant.domain,
        "--token-stdin",
        "--yes",
    ];

    let ran = machine.feed(&words, b"another.token\n")?.ended(8)?;
    assert!(ran.stderr.contains("API Explorer"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("another.token"), "{}", ran.stderr);
    let words = ["setup", "auth0", "--domain", "no domain", "--token-stdin"];
    machine.feed(&words, b"token\n")?.ended(8)?;
    let words = ["setup", "auth0", "--domain", "127.0.0.1:9", "--token-stdin"];
    machine.feed(&words, b"token\n")?.ended(5)?;
    let words = [
        "setup",
        "auth0",
        "--domain",
        &tenant.domain,
        "--token-stdin",
    ];
    machine.feed(&words, b"\n")?.ended(2)?;
    Ok(())
}

#[test]
fn a_rate_limit_is_waited_for() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    tenant.books().refuse_next = 2;

    setup(&machine()?, &tenant, &["--yes"])?.ended(0)?;

    let books = tenant.books();
    let first: Vec<_> = books.seen.iter().take(3).collect();
    assert_eq!(first[0].path, first[2].path);
    // The reset it names is up to a second away.
    assert!(first[2].at.duration_since(first[0].at) >= Duration::from_secs(1));
    Ok(())
}

#[test]
fn a_run_cut_off_after_any_request_is_completed_by_the_next() -> Checked {
    at_once(0..5, |cut_after| {
        let tenant = Tenant::start(&SCOPES)?;
        let machine = machine()?;
        tenant.books().cut_after = Some(cut_after);
        setup(&machine, &tenant, &["--yes"])?.ended(5)?;
        tenant.books().cut_after = None;

        setup(&machine, &tenant, &["--yes"])?.ended(0)?;
        assert_nothing_doubled(&tenant);
        Ok(())
    })
}

/// Runs `each` with every number, all at once: a run waits most of the time, for the rate limit.
fn at_once(numbers: Range<usize>, each: impl Fn(usize) -> Checked + Sync) -> Checked {
    let each = &each;
    let run = |number| move || each(number).map_err(|error| format!("{number}: {error}"));
    let outcomes: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let runs: Vec<_> = numbers.map(|number| scope.spawn(run(number))).collect();
        let ended = runs.into_iter().map(ScopedJoinHandle::join);
        ended
            .map(|ended| ended.unwrap_or_else(|_| Err("an assertion".to_owned())))
            .collect()
    });
    Ok(outcomes.into_iter().collect::<Result<(), String>>()?)
}

fn assert_nothing_doubled(tenant: &Tenant) {
    let books = tenant.books();
    let named = |rows: &[Value], name: &str| rows.iter().filter(|it| it["name"] == name).count();
    assert_eq!(named(&books.apis, "tudone"), 1);
    assert_eq!(named(&books.clients, "tudone"), 1);
    assert_eq!(books.actions.len(), 1);
    assert_eq!(books.actions[0]["all_changes_deployed"], true);
    assert_eq!(books.bindings.len(), 1);
    assert_eq!(books.secrets.len(), 3);
}

#[test]
fn a_run_that_is_killed_at_any_request_is_completed_by_the_next() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    setup(&machine()?, &tenant, &["--yes"])?.ended(0)?;
    let requests = {
        let books = tenant.books();
        // On a busy machine the rate limit refuses one now and then, which is sent again.
        books.seen.len() - books.limited
    };
    assert!(requests >= 12, "only {requests} requests");
    at_once(1..requests + 1, killed_at)
}

fn killed_at(request: usize) -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;
    let admin = machine.path("admin").display().to_string();
    let silent = tenant.be_silent_after(request);
    let words = [&command(&tenant, &admin)[..], &["--yes"]].concat();
    let mut child = machine.start(&words, format!("{TOKEN}\n").as_bytes())?;
    silent.recv_timeout(DEADLINE)?;
    child.kill()?;
    child.wait()?;

    let answer = json_of(setup(&machine, &tenant, &["--yes", "--json"])?)?;

    let client = answer["client_id"].as_str().ok_or("no client id")?;
    assert_nothing_doubled(&tenant);
    let file = std::fs::read_to_string(machine.path("config/config.toml"))?;
    assert!(
        file.contains(&format!("client_id = \"{client}\"")),
        "{file}"
    );
    Ok(())
}

#[test]
fn secrets_are_set_again_when_asked_for() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;
    setup(&machine, &tenant, &["--yes"])?.ended(0)?;
    std::fs::write(machine.path("admin"), "a-new-secret\n")?;

    setup(&machine, &tenant, &["--yes", "--update-secrets"])?.ended(0)?;

    let books = tenant.books();
    let value = books
        .secrets
        .iter()
        .find(|(name, _)| name == "HASURA_ADMIN_SECRET");
    assert_eq!(value.map(|(_, value)| value.as_str()), Some("a-new-secret"));
    assert_eq!(books.actions[0]["all_changes_deployed"], true);
    Ok(())
}

#[test]
fn an_existing_profile_keeps_its_comments_and_is_replaced_only_with_a_yes() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let machine = machine()?;
    let text = "# my file\ndefault_profile = \"work\"\n\n[profiles.work]\n# note\n\
                issuer = \"https://old.example/\" # moved\nclient_id = \"old\"\n\
                audience = \"https://todos.example/api\"\nendpoint = \"https://old.example/v1/graphql\"\n";
    machine.configure(text)?;
    let read = || std::fs::read_to_string(machine.path("config/config.toml"));

    setup(&machine, &tenant, &["--yes", "--no-config"])?.ended(0)?;
    assert_eq!(read()?, text);
    // Nothing left to change in the tenant, so there is no question about that.
    let ran = setup(&machine, &tenant, &[])?.ended(0)?;
    assert_eq!(read()?, text);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);

    setup(&machine, &tenant, &["--yes"])?.ended(0)?;
    let after = read()?;
    assert!(after.starts_with("# my file\n"), "{after}");
    let issuer = format!("# note\nissuer = \"http://{}/\" # moved\n", tenant.domain);
    assert!(after.contains(&issuer), "{after}");
    Ok(())
}

#[test]
fn doctor_puts_right_what_it_found_wrong_in_the_tenant() -> Checked {
    let tenant = Tenant::start(&SCOPES)?;
    let hasura = crate::support::Sandbox::start()?;
    let machine = machine()?;
    let issuer = format!("http://{}/", tenant.domain);
    {
        let mut books = tenant.books();
        books.clients.push(json!({
            "client_id": "id_mine", "name": "mine", "app_type": "native", "oidc_conformant": true,
            "grant_types": ["refresh_token"], "token_endpoint_auth_method": "none",
            "jwt_configuration": {"alg": "RS256"},
            "refresh_token": {"rotation_type": "rotating", "leeway": 30},
        }));
    }
    machine.configure(&format!(
        "default_profile = \"home\"\n[profiles.home]\nissuer = \"{issuer}\"\nclient_id = \"id_mine\"\n\
         audience = \"https://todos.example/api\"\nendpoint = \"{}\"\ncredential_store = \"file\"\n",
        hasura.address("endpoint")
    ))?;
    std::fs::write(machine.path("token"), TOKEN)?;
    let (admin, token) = (machine.path("admin"), machine.path("token"));
    let (admin, token) = (
        admin.to_str().ok_or("no path")?,
        token.to_str().ok_or("no path")?,
    );

    let before = machine.run(&["doctor"])?.ended(8)?;
    assert!(before.stdout.contains("✗ application"), "{}", before.stdout);
    machine.run(&["doctor", "--fix"])?.ended(2)?;
    assert_eq!(tenant.changes(), [""; 0]);

    let words = [
        "doctor",
        "--fix",
        "--yes",
        "--admin-secret-file",
        admin,
        "--token-file",
        token,
    ];
    let ran = machine.run(&words)?.ended(0)?;

    // Checked, put right, checked again.
    assert!(ran.stdout.contains("✗ application"), "{}", ran.stdout);
    assert!(ran.stdout.contains("✓ application"), "{}", ran.stdout);
    assert!(ran.stdout.contains("✓ audience"), "{}", ran.stdout);
    let books = tenant.books();
    let mine = books
        .clients
        .iter()
        .find(|it| it["client_id"] == "id_mine")
        .ok_or("no client")?;
    assert_eq!(mine["grant_types"].as_array().map(Vec::len), Some(2));
    Ok(())
}

#[test]
fn setup_alone_needs_a_terminal() -> Checked {
    let ran = Machine::new()?.run(&["setup"])?.ended(2)?;

    assert!(
        ran.stderr.contains("`tudone setup hasura`"),
        "{}",
        ran.stderr
    );
    Ok(())
}
