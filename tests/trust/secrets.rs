//! No secret is said, logged, stored or passed on anywhere but in the
//! credential store: the sandbox's witness tells what to look for.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;
use tudone::sandbox::{SandboxOptions, Witness};

use crate::helper::{Helper, program};
use crate::support::seat::Seat;
use crate::support::{Checked, DEADLINE, Machine, Ran, Sandbox};

/// A sandbox in this process, whose witness knows every secret.
pub(crate) struct Watched {
    pub(crate) sandbox: Sandbox,
    pub(crate) witness: Witness,
}

impl Watched {
    /// With access tokens that are stale at once, and refresh tokens that are
    /// not forgiven.
    pub(crate) fn start() -> Checked<Self> {
        let witness = Witness::default();
        let options = SandboxOptions {
            interval_s: 1,
            access_ttl_s: 0,
            leeway_s: 0,
            witness: Some(witness.clone()),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::in_process(options)?;
        crate::forgive_a_minute(&sandbox)?;
        Ok(Self { sandbox, witness })
    }

    /// What must be found nowhere: every secret, the beginning of each of its
    /// parts (it may have been cut), and all that in base64, wherever it begins.
    pub(crate) fn needles(&self) -> Vec<String> {
        let mut needles = vec![self.sandbox.address("admin_secret").to_owned()];
        for secret in self.witness.secrets() {
            needles.extend(pieces(secret.expose_secret()));
        }
        let encoded = needles.clone();
        for (needle, before) in encoded.iter().flat_map(|one| (0..3).map(move |n| (one, n))) {
            let bytes = [vec![0; before], needle.clone().into_bytes()].concat();
            for code in [STANDARD.encode(&bytes), URL_SAFE.encode(&bytes)] {
                // What stands before and after changes the ends.
                needles.push(code[4..code.len() - 4].to_owned());
            }
        }
        needles.retain(|needle| needle.len() >= 16);
        needles.sort_unstable();
        needles.dedup();
        needles
    }
}

/// `secret`, and the beginnings of its parts; not a JWT's header, which says
/// nothing and is the same for all.
fn pieces(secret: &str) -> Vec<String> {
    let parts: Vec<&str> = secret.split('.').collect();
    let telling = parts.get(1..).filter(|rest| !rest.is_empty());
    let beginnings = telling.unwrap_or(&parts).iter();
    beginnings
        .filter_map(|part| part.get(..24))
        .chain([secret])
        .map(str::to_owned)
        .collect()
}

/// Everything that was said, and by which command.
#[derive(Default)]
struct Heard(Vec<(String, String)>);

impl Heard {
    /// Runs a command, as talkative as it gets.
    fn run(&mut self, machine: &Machine, words: &[&str]) -> Checked<Ran> {
        let ran = machine.run(&[&["-vv"], words].concat())?;
        self.add(&words.join(" "), format!("{}{}", ran.stdout, ran.stderr));
        Ok(ran)
    }

    fn add(&mut self, what: &str, said: String) {
        self.0.push((what.to_owned(), said));
    }

    /// A whole login; its exit code.
    fn log_in(&mut self, machine: &Machine, sandbox: &Sandbox) -> Checked<Option<i32>> {
        let started = self
            .run(machine, &["login", "--start", "--json"])?
            .ended(0)?;
        let code = started.json()?["user_code"].clone();
        let code = code.as_str().ok_or("no user_code")?;
        sandbox.decide(code, "ada@example.com", "approve")?;
        Ok(self.run(machine, &["login", "--resume", "--json"])?.code)
    }

    /// That none of it holds one of `needles`.
    fn holds_none_of(&self, needles: &[String]) {
        for (what, said) in &self.0 {
            let found = needles.iter().find(|needle| said.contains(*needle));
            assert_eq!(found, None, "said by `{what}`: {said}");
        }
    }
}

/// The files below `folder` that hold one of `needles`, and how many were
/// looked into.
fn holding(folder: &Path, needles: &[String]) -> Checked<(Vec<String>, usize)> {
    let (mut holding, mut looked) = (Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let (more, files) = self::holding(&entry.path(), needles)?;
            holding.extend(more);
            looked += files;
            continue;
        }
        if !entry.file_type()?.is_file() {
            continue;
        }
        looked += 1;
        let bytes = fs::read(entry.path())?;
        let text = String::from_utf8_lossy(&bytes);
        if needles.iter().any(|needle| text.contains(needle)) {
            holding.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok((holding, looked))
}

/// A backend that repeats, in an error with `code`, whatever it is asked.
fn parrot(code: &'static str) -> Checked<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/v1/graphql", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that has gone away misses nothing.
            let _ = repeat(stream, code);
        }
    });
    Ok(address)
}

fn repeat(mut stream: TcpStream, code: &str) -> Checked {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.trim().is_empty() {
            break;
        }
        if line.to_lowercase().starts_with("authorization:") {
            head = line;
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let error = json!({"message": head.trim(), "extensions": {"path": "$", "code": code}});
    let body = json!({"errors": [error]}).to_string();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(())
}

/// Works with todos until the login ends of a lost answer, and logs in again.
fn work(heard: &mut Heard, machine: &Machine, sandbox: &Sandbox) -> Checked {
    let (denied, _) = machine.device_login(sandbox, "ada@example.com", "deny")?;
    heard.add("login, denied", denied.stdout + &denied.stderr);
    assert_eq!(heard.log_in(machine, sandbox)?, Some(0));
    for words in [
        &["add", "milk +home"][..],
        &["list", "--fresh", "--json"],
        &["edit", "1", "--add-tag", "@shop"],
        &["done", "1", "--json"],
        &["sync", "--full", "--json"],
        &["queue"],
        &["status", "--json"],
        &["whoami", "--json"],
        &["config", "show"],
        &["add", "--offline", "bread"],
    ] {
        heard.run(machine, words)?;
    }
    for fault in ["html", "drop_after"] {
        let once = json!({"route": "token", "fault": fault, "times": 1});
        sandbox.control(Method::POST, "/faults", Some(once))?;
        heard.run(machine, &["list", "--fresh"])?;
    }
    heard.run(machine, &["sync"])?.ended(4)?;
    assert_eq!(heard.log_in(machine, sandbox)?, Some(0));
    heard.run(machine, &["sync"])?.ended(0)?;
    Ok(())
}

/// Uses the screens: what was written to the terminal.
fn use_screens(machine: &Machine) -> Checked<String> {
    let mut seat = Seat::take(machine, &[])?;
    seat.wait_until(|screen| screen.contains("bread"))?;
    seat.press("atea\r")?;
    seat.wait_until(|screen| screen.contains("tea") && !screen.contains("pending"))?;
    seat.press("q")?;
    let (code, seen) = seat.finished()?;
    assert_eq!(code, 0);
    Ok(seen)
}

#[test]
fn no_secret_is_anywhere_but_in_the_credential_store() -> Checked {
    let watched = Watched::start()?;
    let sandbox = &watched.sandbox;
    let mut machine = Machine::at(sandbox)?;
    machine.set("TUDONE_LOG", "trace");
    let mut heard = Heard::default();

    work(&mut heard, &machine, sandbox)?;
    heard.add("the screens", use_screens(&machine)?);

    let home = machine.path(".");
    let (kept, looked) = holding(&home, &watched.needles())?;
    assert_eq!(kept, ["credentials.json"], "of {looked} files");
    assert!(looked > 5, "only {looked} files");
    let log = fs::read_to_string(machine.path("home/.local/state/tudone/tudone.log"))?;
    assert!(log.contains("the issuer answered"), "{log}");

    // A backend that repeats the token in its errors.
    for (code, exit) in [
        ("invalid-jwt", 8),
        ("validation-failed", 8),
        ("unexpected", 0),
    ] {
        machine.set("TUDONE_ENDPOINT", parrot(code)?);
        assert_eq!(heard.log_in(&machine, sandbox)?, Some(exit), "{code}");
        heard.run(&machine, &["list", "--fresh", "--json"])?;
        heard.run(&machine, &["logout"])?.ended(0)?;
    }
    machine.set("TUDONE_ENDPOINT", sandbox.address("endpoint"));
    heard.run(&machine, &["logout"])?.ended(0)?;

    let needles = watched.needles();
    assert!(needles.len() > 100, "{}", needles.len());
    heard.holds_none_of(&needles);
    assert_eq!(holding(&home, &needles)?.0, [""; 0], "after the logout");
    Ok(())
}

#[test]
fn a_token_from_the_environment_is_said_nowhere() -> Checked {
    let watched = Watched::start()?;
    let sandbox = &watched.sandbox;
    let mut machine = Machine::at(sandbox)?;
    machine.set("TUDONE_LOG", "trace");
    let order = json!({"sub": "auth0|ada", "claims": {"email": "ada@example.com"}});
    let made = sandbox.control(Method::POST, "/token", Some(order))?;
    let token = made["token"].as_str().ok_or("no token")?.to_owned();
    machine.set("TUDONE_ACCESS_TOKEN", &token);
    let mut heard = Heard::default();

    for words in [
        &["add", "milk"][..],
        &["list", "--fresh"],
        &["status"],
        &["whoami"],
        &["config", "show"],
        &["login", "--device-code"],
        &["logout"],
    ] {
        heard.run(&machine, words)?;
    }
    machine.set("TUDONE_ENDPOINT", parrot("invalid-jwt")?);
    heard.run(&machine, &["list", "--fresh"])?.ended(4)?;

    let needles = pieces(&token);
    heard.holds_none_of(&needles);
    assert_eq!(holding(&machine.path("."), &needles)?.0, [""; 0]);
    Ok(())
}

/// Notes the words it is run with.
const NOTES: &str = "#!/bin/sh\necho \"$0 $*\" >> \"$(dirname \"$0\")/../vault/words\"\n";

#[test]
fn no_secret_is_in_the_words_of_other_programs() -> Checked {
    let watched = Watched::start()?;
    let sandbox = &watched.sandbox;
    let mut machine = Machine::at(sandbox)?;
    let helper = Helper::install(machine.path("vault"))?;
    for name in ["bin/editor", "bin/xdg-open"] {
        program(&machine.path(name), NOTES)?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = machine.path("bin");
    machine.set("PATH", format!("{}:{path}", bin.display()));
    machine.set("VISUAL", bin.join("editor").display().to_string());
    machine.set("DISPLAY", ":99");
    machine.set("TUDONE_CREDENTIAL_STORE", "command");
    machine.configure(&format!("[profiles.default]\n{}", helper.lines()))?;

    let mut seat = Seat::take(&machine, &["login"])?;
    let seen = seat.wait_for("Enter opens the page")?.to_owned();
    seat.press("\r")?;
    let words = helper.path("words");
    let noted = || fs::read_to_string(&words).unwrap_or_default();
    crate::until(|| Ok(noted().contains("xdg-open")))?;
    let code = seen.split("user_code=").nth(1).ok_or("no page")?;
    let code = code.split_whitespace().next().ok_or("no code")?;
    sandbox.decide(code, "ada@example.com", "approve")?;
    seat.wait_for("Logged in")?;
    assert_eq!(seat.ended()?, 0);
    machine.run(&["add", "milk"])?.ended(0)?;
    machine.run(&["edit", "1"])?;
    machine.run(&["logout"])?.ended(0)?;

    for program in ["helper store ", "helper erase ", "editor ", "xdg-open "] {
        assert!(noted().contains(program), "{program}: {}", noted());
    }
    let needles = watched.needles();
    assert!(needles.len() > 50, "{}", needles.len());
    assert_eq!(holding(&machine.path("."), &needles)?.0, [""; 0]);
    Ok(())
}

/// A profile that leads to `sandbox`.
fn profile(sandbox: &Sandbox) -> Checked<tudone::config::Profile> {
    Ok(tudone::config::Profile {
        name: "home".to_owned(),
        connection: tudone::auth::connection::Connection {
            issuer: sandbox.address("issuer").to_owned(),
            client_id: sandbox.address("client_id").to_owned(),
            audience: sandbox.address("audience").to_owned(),
            endpoint: sandbox.address("endpoint").parse()?,
        },
        credential_store: tudone::auth::credential_store::CredentialStoreKind::File,
        credential_command: None,
        access_token: None,
    })
}

#[tokio::test]
async fn no_public_type_prints_a_secret_when_it_is_debugged() -> Checked {
    use tudone::auth::credential_store::CredentialStore;
    use tudone::auth::credential_store::memory::MemoryStore;
    use tudone::auth::stored_login::StoredLogin;
    use tudone::profile::ActiveProfile;
    use tudone::profile::login::Verification;

    let started = tokio::task::spawn_blocking(|| {
        let watched = Watched::start().map_err(|e| e.to_string())?;
        // A live connection lives as long as its token.
        crate::make_tokens_last(&watched.sandbox).map_err(|e| e.to_string())?;
        Ok::<_, String>(watched)
    });
    let watched = started.await??;
    let home = tempfile::tempdir()?;
    let paths = tudone::config::Paths {
        config: home.path().join("config"),
        data: home.path().join("data"),
        state: home.path().join("state"),
    };
    let mut profile = profile(&watched.sandbox)?;
    let credential_store = std::sync::Arc::new(MemoryStore::new());
    let active = ActiveProfile::with_credential_store(
        profile.clone(),
        paths.clone(),
        credential_store.clone(),
    );
    let mut shown: Vec<String> = Vec::new();
    let mut look = |thing: &dyn std::fmt::Debug| shown.push(format!("{thing:?}\n{thing:#?}"));

    let parked = active.begin_login(DEADLINE, || ()).await?;
    look(&parked);
    parked.park().await?;
    look(&credential_store);
    let pending = active.resume_login().await?;
    look(&pending);
    let user_code = pending.prompt().user_code.clone();
    let activate = watched.sandbox.address("activate").to_owned();
    tokio::task::spawn_blocking(move || {
        let decided = crate::support::decide(&activate, &user_code, "ada@example.com", "approve");
        decided.map_err(|error| error.to_string())
    })
    .await??;
    let mut granted = None;
    let done = pending
        .finish(
            None,
            |_| (),
            |token| {
                granted = Some(token);
                std::future::ready(Verification::Accepted)
            },
        )
        .await?;
    let token = granted.ok_or("no token")?;
    let session = active.session();
    let bearer = session.bearer().await?;
    profile.access_token = Some(bearer.secret.clone());
    let kept = StoredLogin::new(
        credential_store.clone() as std::sync::Arc<dyn CredentialStore>,
        "p".to_owned(),
    );
    kept.set_refresh(&tudone::auth::stored_login::StoredRefreshToken {
        token: token.secret.clone(),
        sub: "s".to_owned(),
    })?;
    let hasura =
        tudone::graphql::Hasura::new(profile.connection.endpoint.clone(), active.session())?;
    let error = hasura.verify(&token).await;
    for thing in [
        &done as &dyn std::fmt::Debug,
        &token,
        &bearer,
        &session,
        &active,
        &profile,
        &ActiveProfile::new(profile.clone(), paths),
        &kept,
        &kept.refresh()?,
        &credential_store,
        &tudone::auth::inspect::Inspected::read(&token.secret),
        &hasura,
        &hasura.doorbell().await?,
        &error,
        &watched.witness,
    ] {
        look(thing);
    }

    let needles = watched.needles();
    assert!(needles.len() > 30, "{}", needles.len());
    for text in &shown {
        let found = needles.iter().find(|needle| text.contains(*needle));
        assert_eq!(found, None, "{text}");
    }
    Ok(())
}
