//! A session bus of a test's own with a real Secret Service on it, in one of
//! the states a user's keyring can be in.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use tempfile::TempDir;

use crate::support::{Checked, Machine, ended};

/// Begins every script: the daemon on the bus, as a child whose process id the
/// first line tells, and the bus's address.
const UNLOCKED: &str = r#"
mkfifo "$XDG_RUNTIME_DIR/password"
gnome-keyring-daemon --unlock --foreground --components=secrets \
    < "$XDG_RUNTIME_DIR/password" >/dev/null 2>&1 &
daemon=$!
printf '\n' > "$XDG_RUNTIME_DIR/password"
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
    org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true
do kill -0 $daemon || exit 9; done
echo "$daemon $DBUS_SESSION_BUS_ADDRESS"
read -r _
kill -KILL $daemon"#;

/// A bus that starts the daemon when somebody asks for it, which is then
/// locked, and nobody is there to unlock it.
const LOCKED: &str = r#"
echo "0 $DBUS_SESSION_BUS_ADDRESS"
read -r _"#;

/// A session bus. Ends with its last reader.
pub(crate) struct Bus {
    session: Child,
    /// Open as long as the session is to go on.
    until: Option<ChildStdin>,
    address: String,
    daemon: String,
    _home: TempDir,
}

impl Drop for Bus {
    fn drop(&mut self) {
        // A daemon that was stopped does not end before it goes on.
        let _ = self.signal("CONT");
        drop(self.until.take());
        let _ = self.session.wait();
    }
}

impl Bus {
    /// With an unlocked keyring; `None` where its parts are missing, which the
    /// test then says.
    pub(crate) fn unlocked() -> Checked<Option<Self>> {
        Self::start(UNLOCKED)
    }

    /// With a keyring that is locked.
    pub(crate) fn locked() -> Checked<Option<Self>> {
        Self::start(LOCKED)
    }

    #[expect(clippy::print_stdout, reason = "a skipped test says so")]
    fn start(script: &str) -> Checked<Option<Self>> {
        for program in ["dbus-run-session", "dbus-send", "gnome-keyring-daemon"] {
            let sought = format!("command -v {program}");
            let there = Command::new("sh").args(["-c", &sought]).output()?;
            if !there.status.success() {
                let required = env::var_os("TUDONE_TEST_REQUIRE_REAL").is_some();
                assert!(!required, "{program} is missing");
                println!("skipped: needs {program}");
                return Ok(None);
            }
        }
        let home = tempfile::tempdir()?;
        let mut session = Command::new("dbus-run-session")
            .args(["--", "sh", "-c", script])
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_DATA_HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let stdout = session.stdout.take().ok_or("no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let (daemon, address) = line.trim().split_once(' ').ok_or("no session bus")?;
        Ok(Some(Self {
            until: session.stdin.take(),
            session,
            address: address.to_owned(),
            daemon: daemon.to_owned(),
            _home: home,
        }))
    }

    /// Makes this the bus of `machine`, which keeps its logins in the keyring.
    pub(crate) fn serve(&self, machine: &mut Machine) {
        machine.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
        machine.set("TUDONE_CREDENTIAL_STORE", "keyring");
    }

    /// The keyring answers nobody any more, as while it waits for a user.
    pub(crate) fn hang(&self) -> Checked {
        self.signal("STOP")
    }

    /// The keyring answers again, as when a user has unlocked it.
    pub(crate) fn go_on(&self) -> Checked {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Checked {
        if self.daemon != "0" {
            let sent = Command::new("kill")
                .args([format!("-{name}").as_str(), &self.daemon])
                .status()?;
            assert!(sent.success());
        }
        Ok(())
    }

    /// How many of our entries the keyring holds.
    pub(crate) fn entries(&self) -> Checked<usize> {
        let mut ask = Command::new("dbus-send");
        ask.env("DBUS_SESSION_BUS_ADDRESS", &self.address).args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.SearchItems",
            "dict:string:string:service,tudone",
        ]);
        let answer = ended(ask)?.ended(0)?.stdout;
        Ok(answer.matches("object path \"").count())
    }
}
