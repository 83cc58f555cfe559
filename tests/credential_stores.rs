//! Every store of secrets keeps the same promises.
//!
//! The keyring is a real one: gnome-keyring on a bus of the test's own, in the
//! states a user's keyring can be in. That needs `dbus-run-session`,
//! `dbus-send` and `gnome-keyring-daemon`; without them these tests say
//! "skipped", which is a failure when `TUDONE_TEST_REQUIRE_REAL=1` is set.
//! `TUDONE_TEST_KEYRING=unlocked` runs the suite on the keyring that is there.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tudone::auth::credential_store::command::CommandStore;
use tudone::auth::credential_store::file::FileStore;
use tudone::auth::credential_store::keyring::KeyringStore;
use tudone::auth::credential_store::memory::MemoryStore;
use tudone::auth::credential_store::{CredentialStore, CredentialStoreError};

type Tested = Result<(), Box<dyn Error>>;

const LIMIT: Duration = Duration::from_secs(3);
/// In which state the keyring of this process is.
const STATE: &str = "TUDONE_TEST_KEYRING";

fn found(
    credential_store: &dyn CredentialStore,
    name: &str,
) -> Result<Option<String>, CredentialStoreError> {
    let secret = credential_store.get(name)?;
    Ok(secret.map(|secret| secret.expose_secret().to_owned()))
}

/// What every store promises.
fn keeps_its_promises(credential_store: &dyn CredentialStore) -> Tested {
    let (one, two) = ("home-0123456789ab.refresh", "home-0123456789ab.access");
    credential_store.probe(LIMIT)?;
    credential_store.delete(one)?;
    credential_store.delete(two)?;

    assert_eq!(found(credential_store, one)?, None);
    credential_store.set(one, &SecretString::from("first"))?;
    credential_store.set(two, &SecretString::from("other"))?;
    assert_eq!(found(credential_store, one)?.as_deref(), Some("first"));
    credential_store.set(one, &SecretString::from("second"))?;
    assert_eq!(found(credential_store, one)?.as_deref(), Some("second"));
    assert_eq!(found(credential_store, two)?.as_deref(), Some("other"));

    let json = r#"{"refresh_token":"v1.M–ü\\\"$(x)'`;","sub":"auth0|1"}"#;
    credential_store.set(one, &SecretString::from(json))?;
    assert_eq!(found(credential_store, one)?.as_deref(), Some(json));
    let long = "x".repeat(10_000);
    credential_store.set(one, &SecretString::from(long.as_str()))?;
    assert_eq!(found(credential_store, one)?, Some(long));

    credential_store.delete(one)?;
    assert_eq!(found(credential_store, one)?, None);
    credential_store.delete(one)?;
    assert_eq!(found(credential_store, two)?.as_deref(), Some("other"));
    credential_store.delete(two)?;

    assert!(!credential_store.describe().is_empty());
    assert!(!format!("{credential_store:?}").contains("second"));
    Ok(())
}

#[test]
fn memory_keeps_its_promises() -> Tested {
    keeps_its_promises(&MemoryStore::new())
}

#[test]
fn a_file_keeps_its_promises() -> Tested {
    let home = tempfile::tempdir()?;
    let credential_store = FileStore::new(home.path().join("data/credentials.json"));
    keeps_its_promises(&credential_store)?;
    assert!(credential_store.describe().starts_with("file "));
    Ok(())
}

#[test]
fn a_draft_that_a_killed_process_left_is_deleted_with_the_next_change() -> Tested {
    let home = tempfile::tempdir()?;
    let path = home.path().join("credentials.json");
    let credential_store = FileStore::new(path.clone());
    credential_store.set("a", &SecretString::from("secret"))?;
    let draft = tudone::os::private_file::draft_path(&path);
    for change in [
        (|store: &FileStore| store.set("b", &SecretString::from("other"))) as fn(&_) -> _,
        |store| store.delete("missing"),
    ] {
        fs::write(&draft, "{\"a\": \"secret\"}")?;
        change(&credential_store)?;
        assert!(!draft.exists());
    }
    assert_eq!(found(&credential_store, "a")?.as_deref(), Some("secret"));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_file_is_for_its_owner_only() -> Tested {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir()?;
    let path = home.path().join("data/credentials.json");
    let credential_store = FileStore::new(path.clone());
    credential_store.set("a", &SecretString::from("secret"))?;

    let mode = |path: &Path| fs::metadata(path).map(|file| file.permissions().mode() & 0o777);
    assert_eq!(mode(&path)?, 0o600);
    assert_eq!(mode(&home.path().join("data"))?, 0o700);

    assert!(credential_store.describe().ends_with("(0600)"));
    for opened in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(opened))?;
        let shown = credential_store.describe();
        assert!(shown.ends_with(&format!("({opened:04o})")), "{shown}");
        let read = credential_store.get("a");
        assert!(
            matches!(read, Err(CredentialStoreError::OpenToOthers { .. })),
            "{read:?}"
        );
        let written = credential_store.set("a", &SecretString::from("new"));
        assert!(matches!(
            written,
            Err(CredentialStoreError::OpenToOthers { .. })
        ));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    assert_eq!(found(&credential_store, "a")?.as_deref(), Some("secret"));
    Ok(())
}

#[test]
fn a_damaged_file_is_named_and_left_alone() -> Tested {
    let home = tempfile::tempdir()?;
    let path = home.path().join("credentials.json");
    let credential_store = FileStore::new(path.clone());
    credential_store.set("a", &SecretString::from("secret"))?;
    fs::write(&path, "{\"a\": \"sec")?;

    assert!(matches!(
        credential_store.get("a"),
        Err(CredentialStoreError::Damaged { .. })
    ));
    let written = credential_store.set("b", &SecretString::from("x"));
    assert!(
        matches!(written, Err(CredentialStoreError::Damaged { .. })),
        "{written:?}"
    );
    assert_eq!(fs::read_to_string(&path)?, "{\"a\": \"sec");
    Ok(())
}

#[test]
fn a_file_that_is_no_text_is_damaged_and_a_folder_is_no_file() -> Tested {
    let home = tempfile::tempdir()?;
    let path = home.path().join("credentials.json");
    let credential_store = FileStore::new(path.clone());
    fs::write(&path, b"{\"a\": \"\xFF\"}")?;
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let read = credential_store.get("a");
    assert!(
        matches!(read, Err(CredentialStoreError::Damaged { .. })),
        "{read:?}"
    );

    fs::remove_file(&path)?;
    fs::create_dir(&path)?;
    let read = credential_store.get("a");
    assert!(
        matches!(read, Err(CredentialStoreError::File { .. })),
        "{read:?}"
    );
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_link_to_the_file_stays_and_the_secrets_are_where_it_leads() -> Tested {
    let home = tempfile::tempdir()?;
    let link = home.path().join("data/credentials.json");
    fs::create_dir(home.path().join("data"))?;
    fs::create_dir(home.path().join("safe"))?;
    std::os::unix::fs::symlink("../safe/secrets.json", &link)?;

    // At first the link leads to nothing.
    keeps_its_promises(&FileStore::new(link.clone()))?;
    keeps_its_promises(&FileStore::new(link.clone()))?;

    assert!(fs::symlink_metadata(&link)?.is_symlink());
    assert!(home.path().join("safe/secrets.json").is_file());
    Ok(())
}

#[test]
fn writers_of_one_file_lose_nothing_of_each_other() -> Tested {
    let home = tempfile::tempdir()?;
    let path = Arc::new(home.path().join("credentials.json"));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let credential_store = FileStore::new(path.to_path_buf());
            thread::spawn(move || {
                (0..10).try_for_each(|n| {
                    credential_store.set(&format!("{writer}-{n}"), &SecretString::from("x"))
                })
            })
        })
        .collect();
    for writer in writers {
        writer.join().map_err(|_| "a writer panicked")??;
    }
    let credential_store = FileStore::new(path.to_path_buf());
    for writer in 0..4 {
        for n in 0..10 {
            assert!(credential_store.get(&format!("{writer}-{n}"))?.is_some());
        }
    }
    Ok(())
}

/// A helper program that keeps secrets as files beside it.
#[cfg(unix)]
fn helper(home: &Path, script: &str) -> Vec<String> {
    let script = format!("cd '{}' || exit 9\n{script}", home.display());
    ["sh", "-c", &script, "helper"].map(str::to_owned).to_vec()
}

#[cfg(unix)]
const HELPER: &str = r#"
case "$1" in
  get) [ -e "$2" ] || exit 0; cat "$2"; echo ;;
  store) cat > "$2" ;;
  erase) rm -f "$2" ;;
  *) echo "unknown verb $1" >&2; exit 2 ;;
esac"#;

#[cfg(unix)]
#[test]
fn a_command_keeps_its_promises() -> Tested {
    let home = tempfile::tempdir()?;
    keeps_its_promises(&CommandStore::new(helper(home.path(), HELPER)))
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_is_quoted_without_its_secret() -> Tested {
    let home = tempfile::tempdir()?;
    let fails =
        "cat >/dev/null; echo 'first' >&2; printf 'wallet \\033[31mlocked\\n\\n' >&2; exit 3";
    let credential_store = CommandStore::new(helper(home.path(), fails));
    let error = credential_store
        .set("a", &SecretString::from("secret"))
        .err()
        .ok_or("it was kept")?;
    assert_eq!(error.to_string(), "`sh store` failed: wallet [31mlocked");
    assert!(error.help().contains("credential_command"));

    let silent = CommandStore::new(helper(home.path(), "exit 3"));
    let error = silent.get("a").err().ok_or("it was found")?;
    assert_eq!(error.to_string(), "`sh get` failed: exit status: 3");
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_command_that_never_ends_is_ended() -> Tested {
    let home = tempfile::tempdir()?;
    let command = helper(home.path(), "exec sleep 600");
    let credential_store = CommandStore::with_limit(command, Duration::from_millis(100));
    let began = Instant::now();
    let read = credential_store.get("a");
    assert!(
        matches!(read, Err(CredentialStoreError::Timeout { .. })),
        "{read:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_command_that_is_tried_out_has_only_the_time_given_for_that() -> Tested {
    let home = tempfile::tempdir()?;
    let credential_store = CommandStore::new(helper(home.path(), "exec sleep 600"));
    let began = Instant::now();
    let probe = credential_store.probe(Duration::from_millis(100));
    assert!(
        matches!(probe, Err(CredentialStoreError::Timeout { .. })),
        "{probe:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_command_that_leaves_somebody_with_its_output_is_not_waited_for() -> Tested {
    let home = tempfile::tempdir()?;
    let credential_store = CommandStore::new(helper(home.path(), "sleep 30 & echo x; exit 0"));
    let began = Instant::now();
    let read = credential_store.get("a");
    assert!(
        matches!(read, Err(CredentialStoreError::Command { .. })),
        "{read:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    Ok(())
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let read = CommandStore::new(vec!["/no/such/helper".to_owned()]).get("a");
    assert!(
        matches!(read, Err(CredentialStoreError::Run { .. })),
        "{read:?}"
    );
    let read = CommandStore::new(Vec::new()).get("a");
    assert!(
        matches!(read, Err(CredentialStoreError::NoCommand)),
        "{read:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_store_that_forgets_fails_the_probe() -> Tested {
    let home = tempfile::tempdir()?;
    let credential_store = CommandStore::new(helper(home.path(), "cat >/dev/null"));
    let probe = credential_store.probe(LIMIT);
    assert!(
        matches!(probe, Err(CredentialStoreError::RoundTripMismatch)),
        "{probe:?}"
    );
    Ok(())
}

/// Not a test by itself: what the tests below run in a process whose keyring
/// is in the state `TUDONE_TEST_KEYRING` names.
#[test]
fn the_keyring_here() -> Tested {
    let Ok(state) = env::var(STATE) else {
        return Ok(());
    };
    let began = Instant::now();
    match state.as_str() {
        "unlocked" | "1" => {
            keeps_its_promises(&KeyringStore::new())?;
            assert_eq!(KeyringStore::new().describe(), "keyring");
        }
        "locked" => {
            let probe = KeyringStore::new().probe(LIMIT);
            assert!(
                matches!(
                    probe,
                    Err(CredentialStoreError::Locked { .. } | CredentialStoreError::Timeout { .. })
                ),
                "{probe:?}"
            );
        }
        "no-bus" => {
            let probe = KeyringStore::new().probe(LIMIT);
            assert!(
                matches!(probe, Err(CredentialStoreError::NoKeyring { .. })),
                "{probe:?}"
            );
            let error = probe.err().ok_or("it works")?;
            assert!(
                error.help().contains("credential_store"),
                "{}",
                error.help()
            );
        }
        "silent" => {
            let credential_store = KeyringStore::with_limit(Duration::from_millis(300));
            for _ in 0..6 {
                let read = credential_store.get("a");
                assert!(
                    matches!(read, Err(CredentialStoreError::Timeout { .. })),
                    "{read:?}"
                );
            }
            let probe = credential_store.probe(Duration::from_millis(300));
            assert!(
                matches!(probe, Err(CredentialStoreError::Timeout { .. })),
                "{probe:?}"
            );
        }
        other => return Err(format!("unknown state {other}").into()),
    }
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    fs::write(env::var("TUDONE_TEST_RAN")?, state)?;
    Ok(())
}

/// Runs [`the_keyring_here`] in a session of its own after `setup`, a shell
/// script in which `"$@"` is the test.
#[cfg(unix)]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn in_a_session(state: &str, setup: &str) -> Tested {
    for program in ["dbus-run-session", "dbus-send", "gnome-keyring-daemon"] {
        let there = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .stdout(Stdio::null())
            .status()?;
        if !there.success() {
            assert!(
                env::var_os("TUDONE_TEST_REQUIRE_REAL").is_none(),
                "{program} is missing"
            );
            println!("skipped: needs {program}");
            return Ok(());
        }
    }
    let home = tempfile::tempdir()?;
    let ran = home.path().join("ran");
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", setup, "sh"])
        .arg(env::current_exe()?)
        .args(["--exact", "the_keyring_here", "--nocapture"])
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("XDG_DATA_HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env("TUDONE_TEST_RAN", &ran)
        .env(STATE, state)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(fs::read_to_string(&ran)?, state, "{said}");
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_unlocked_keyring_keeps_its_promises() -> Tested {
    let setup =
        r#"printf '\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null && "$@""#;
    in_a_session("unlocked", setup)
}

#[cfg(unix)]
#[test]
fn a_locked_keyring_is_named() -> Tested {
    in_a_session("locked", r#""$@""#)
}

#[cfg(unix)]
#[test]
fn without_a_bus_there_is_no_keyring() -> Tested {
    in_a_session(
        "no-bus",
        r#"DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent/bus "$@""#,
    )
}

#[cfg(unix)]
#[test]
fn a_keyring_that_never_answers_is_given_up() -> Tested {
    let setup = r#"
        mkfifo "$XDG_RUNTIME_DIR/password"
        gnome-keyring-daemon --unlock --foreground --components=secrets \
            < "$XDG_RUNTIME_DIR/password" >/dev/null &
        daemon=$!
        printf '\n' > "$XDG_RUNTIME_DIR/password"
        until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
            org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true
        do kill -0 $daemon || exit 9; done
        kill -STOP $daemon
        "$@"
        result=$?
        kill -KILL $daemon
        exit $result"#;
    in_a_session("silent", setup)
}
