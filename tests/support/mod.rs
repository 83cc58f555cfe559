//! The program in a place of its own: clean environment, own directories.

#![allow(dead_code, reason = "each test program uses its part")]

#[cfg(unix)]
pub(crate) mod seat;

use std::error::Error;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// What tests return.
pub(crate) type Checked<T = ()> = Result<T, Box<dyn Error>>;

/// Longer than anything here takes, however busy the machine is.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A machine of its own: home, configuration, data.
pub(crate) struct Machine {
    folder: TempDir,
    variables: Vec<(String, String)>,
    /// What the program is started through.
    launcher: Vec<String>,
    /// What no command may print or leave in a file.
    secrets: Vec<String>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it said as data.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Ran {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Checked<Value> {
        serde_json::from_str(&self.stdout).map_err(|error| format!("{error}: {self:?}").into())
    }

    /// The one error object on standard error, which may follow notices.
    pub(crate) fn error(&self) -> Checked<Value> {
        let line = self.stderr.lines().find(|line| line.starts_with('{'));
        let object: Value = serde_json::from_str(line.ok_or_else(|| format!("{self:?}"))?)?;
        Ok(object["error"].clone())
    }

    /// Itself, if it ended with `code`.
    pub(crate) fn ended(self, code: i32) -> Checked<Self> {
        if self.code == Some(code) {
            Ok(self)
        } else {
            Err(format!("expected exit {code}: {self:?}").into())
        }
    }
}

impl Machine {
    /// With nothing on it.
    pub(crate) fn new() -> Checked<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            variables: Vec::new(),
            launcher: Vec::new(),
            secrets: Vec::new(),
        })
    }

    /// With the four variables that lead to `sandbox`, and logins in a file.
    pub(crate) fn at(sandbox: &Sandbox) -> Checked<Self> {
        let mut machine = Self::new()?;
        for (variable, address) in [
            ("TUDONE_ISSUER", "issuer"),
            ("TUDONE_CLIENT_ID", "client_id"),
            ("TUDONE_AUDIENCE", "audience"),
            ("TUDONE_ENDPOINT", "endpoint"),
        ] {
            machine.set(variable, sandbox.address(address));
        }
        machine.set("TUDONE_CREDENTIAL_STORE", "file");
        Ok(machine)
    }

    /// As [`Machine::at`], with somebody logged in.
    pub(crate) fn logged_in(sandbox: &Sandbox, email: &str) -> Checked<Self> {
        let machine = Self::at(sandbox)?;
        machine.log_in(sandbox, email)?;
        Ok(machine)
    }

    /// Sets a variable for every later command.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Fails every later command that prints `secret` or leaves it in a file.
    pub(crate) fn keep_secret(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// Starts every later command through these words: `setpriv …`, `nsenter …`.
    pub(crate) fn launch_through(&mut self, words: &[&str]) {
        self.launcher = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Drops the capabilities with which root ignores modes, for every later command.
    #[cfg(unix)]
    pub(crate) fn enforce_modes(&mut self) {
        if rustix::process::getuid().is_root() {
            let less = "--bounding-set=-dac_override,-dac_read_search";
            self.launch_through(&["setpriv", less, "--"]);
        }
    }

    /// A path on this machine.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The one account's database.
    pub(crate) fn database(&self) -> Checked<PathBuf> {
        let accounts = std::fs::read_dir(self.path("data/accounts"))?;
        let folders: Vec<_> = accounts.collect::<Result<_, _>>()?;
        match folders.as_slice() {
            [folder] => Ok(folder.path().join("todos.db")),
            other => Err(format!("{} accounts", other.len()).into()),
        }
    }

    /// Writes the configuration file.
    pub(crate) fn configure(&self, text: &str) -> Checked {
        std::fs::create_dir_all(self.path("config"))?;
        Ok(std::fs::write(self.path("config/config.toml"), text)?)
    }

    /// The program with these words, and nothing of the environment of tests.
    pub(crate) fn tudone<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let program = env!("CARGO_BIN_EXE_tudone").to_owned();
        let line: Vec<String> = [self.launcher.as_slice(), &[program]].concat();
        let mut command = Command::new(&line[0]);
        command
            .args(&line[1..])
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.folder.path())
            .env("TZ", "UTC")
            .env("TUDONE_CONFIG_DIR", self.path("config"))
            .env("TUDONE_DATA_DIR", self.path("data"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Checked<Ran> {
        self.kept_secrets(ended(self.tudone(words))?)
    }

    /// `ran`, unless it gave a secret away.
    fn kept_secrets(&self, ran: Ran) -> Checked<Ran> {
        for secret in &self.secrets {
            assert!(!ran.stdout.contains(secret), "{secret} in {}", ran.stdout);
            assert!(!ran.stderr.contains(secret), "{secret} in {}", ran.stderr);
            for folder in ["config", "data", "home"] {
                let found = file_with(&self.path(folder), secret)?;
                assert_eq!(found, None, "{secret} is in a file");
            }
        }
        Ok(ran)
    }

    /// Runs the program with `input` on its standard input.
    pub(crate) fn feed(&self, words: &[&str], input: &[u8]) -> Checked<Ran> {
        let mut child = self
            .tudone(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().ok_or("no stdin")?.write_all(input)?;
        self.kept_secrets(ran(child.wait_with_output()?)?)
    }

    /// Starts the program with `input` on its standard input, to be killed.
    pub(crate) fn start(&self, words: &[&str], input: &[u8]) -> Checked<Child> {
        let mut child = self
            .tudone(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        child.stdin.take().ok_or("no stdin")?.write_all(input)?;
        Ok(child)
    }

    /// Runs the program and reads its answer, which must be exit 0 and JSON.
    pub(crate) fn json(&self, words: &[&str]) -> Checked<Value> {
        self.run(words)?.ended(0)?.json()
    }

    /// Logs in by device code, approving it as a user with a browser would.
    pub(crate) fn log_in(&self, sandbox: &Sandbox, email: &str) -> Checked<Vec<Value>> {
        let (ran, events) = self.device_login(sandbox, email, "approve")?;
        ran.ended(0)?;
        Ok(events)
    }

    /// `login --device-code --json`, answered on the page with `action`.
    pub(crate) fn device_login(
        &self,
        sandbox: &Sandbox,
        email: &str,
        action: &str,
    ) -> Checked<(Ran, Vec<Value>)> {
        self.device_login_by(|code| {
            let code = code["user_code"].as_str().ok_or("no user_code")?;
            sandbox.decide(code, email, action)
        })
    }

    /// `login --device-code --json`, whose event with the code is given to
    /// `person`.
    pub(crate) fn device_login_by(
        &self,
        mut person: impl FnMut(&Value) -> Checked,
    ) -> Checked<(Ran, Vec<Value>)> {
        self.device_login_during(|event, _| match event["event"].as_str() {
            Some("code") => person(event),
            _ => Ok(()),
        })
    }

    /// `login --device-code --json`, during which `act` is told each event and
    /// the process's id.
    pub(crate) fn device_login_during(
        &self,
        mut act: impl FnMut(&Value, u32) -> Checked,
    ) -> Checked<(Ran, Vec<Value>)> {
        let mut child = self
            .tudone(["login", "--device-code", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let lines = lines_of(child.stdout.take().ok_or("no stdout")?);
        let mut events = Vec::new();
        while let Ok(line) = lines.recv_timeout(DEADLINE) {
            let event = serde_json::from_str(&line)?;
            act(&event, child.id())?;
            events.push(event);
        }
        Ok((ran(child.wait_with_output()?)?, events))
    }
}

/// Whether a program of another project is installed. Where it is not, a test is
/// skipped, or fails if `TUDONE_TEST_REQUIRE_REAL` is `1`.
pub(crate) fn is_installed(program: &str) -> Checked<bool> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
        return Ok(true);
    }
    if std::env::var("TUDONE_TEST_REQUIRE_REAL").is_ok_and(|value| value == "1") {
        return Err(format!("needs {program}").into());
    }
    writeln!(std::io::stderr(), "skipped: needs {program}")?;
    Ok(false)
}

/// Runs a command to its end.
pub(crate) fn ended(mut command: Command) -> Checked<Ran> {
    ran(command.output()?)
}

/// The first file below `folder` that holds `text`.
fn file_with(folder: &Path, text: &str) -> Checked<Option<PathBuf>> {
    if !folder.is_dir() {
        return Ok(None);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let holds = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let found = if path.is_dir() {
            file_with(&path, text)?
        } else {
            std::fs::read(&path)
                .is_ok_and(|bytes| holds(&bytes))
                .then_some(path)
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn ran(output: std::process::Output) -> Checked<Ran> {
    Ok(Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

/// The lines of a stream, read on a thread so that a deadline can be set.
pub(crate) fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Fills the form of an activation page in.
pub(crate) fn decide(activate: &str, user_code: &str, email: &str, action: &str) -> Checked {
    let url: Url = activate.parse()?;
    let form = [
        ("user_code", user_code),
        ("email", email),
        ("action", action),
    ];
    let client = tudone::http::client(&url)?;
    let answer = block_on(async { client.post(url).form(&form).send().await })??;
    if answer.status().is_server_error() || answer.status().is_client_error() {
        return Err(format!("the page answered {}", answer.status()).into());
    }
    Ok(())
}

/// A running `tudone sandbox`.
pub(crate) struct Sandbox {
    /// Its process, if it has one of its own.
    child: Option<Child>,
    /// Ends the one in this process when dropped.
    _until: Option<oneshot::Sender<()>>,
    addresses: Value,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Sandbox {
    /// One in this process, on a thread of its own.
    #[cfg(feature = "sandbox")]
    pub(crate) fn in_process(options: tudone::sandbox::SandboxOptions) -> Checked<Self> {
        let (until, ended) = oneshot::channel::<()>();
        let (sender, started) = channel();
        std::thread::spawn(move || {
            let serving = block_on(async {
                match tudone::sandbox::Sandbox::start(options).await {
                    Ok(sandbox) => {
                        let _ = sender.send(Ok(sandbox.addresses().clone()));
                        let _ = ended.await;
                    }
                    Err(error) => {
                        let _ = sender.send(Err(error.to_string()));
                    }
                }
            });
            serving.map_err(|error| error.to_string())
        });
        let addresses = started.recv_timeout(DEADLINE)??;
        Ok(Self {
            child: None,
            _until: Some(until),
            addresses: serde_json::to_value(addresses)?,
        })
    }

    /// Starts one that keeps nothing.
    pub(crate) fn start() -> Checked<Self> {
        Self::start_with(&[])
    }

    /// Starts one with more words.
    pub(crate) fn start_with(words: &[&str]) -> Checked<Self> {
        let machine = Machine::new()?;
        let mut child = machine
            .tudone(["sandbox", "--json", "--quiet", "--interval", "1"])
            .args(words)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = lines_of(child.stdout.take().ok_or("no stdout")?);
        let addresses = lines.recv_timeout(DEADLINE);
        let mut sandbox = Self {
            child: Some(child),
            _until: None,
            addresses: Value::Null,
        };
        sandbox.addresses = serde_json::from_str(&addresses?)?;
        Ok(sandbox)
    }

    /// Ends it as a user would, with the request to end.
    pub(crate) fn stop(mut self) -> Checked {
        let mut child = self.child.take().ok_or("it runs in this process")?;
        let asked = Command::new("kill").arg(child.id().to_string()).status()?;
        assert!(asked.success());
        let ended = child.wait()?;
        assert_eq!(ended.code(), Some(0), "the sandbox ended badly");
        Ok(())
    }

    /// One of its addresses.
    pub(crate) fn address(&self, name: &str) -> &str {
        self.addresses[name].as_str().unwrap_or_default()
    }

    /// Fills the page's form in.
    pub(crate) fn decide(&self, user_code: &str, email: &str, action: &str) -> Checked {
        decide(self.address("activate"), user_code, email, action)
    }

    /// Asks a control route.
    pub(crate) fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Checked<Value> {
        let url: Url = format!("{}{path}", self.address("control")).parse()?;
        let client = tudone::http::client(&url)?;
        let mut request = client.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let text = block_on(async {
            let answer = request.send().await?.error_for_status()?;
            answer.text().await
        })??;
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Makes a route fail until [`Sandbox::heal`].
    pub(crate) fn fault(&self, route: &str, fault: &str) -> Checked {
        let order = json!({"route": route, "fault": fault, "status": 502, "ms": 0});
        self.control(Method::POST, "/faults", Some(order))?;
        Ok(())
    }

    /// Ends all faults.
    pub(crate) fn heal(&self) -> Checked {
        self.control(Method::DELETE, "/faults", None)?;
        Ok(())
    }

    /// The texts of all rows, in id order.
    pub(crate) fn texts(&self) -> Checked<Vec<String>> {
        let rows = self.control(Method::GET, "/todos", None)?;
        let rows = rows.as_array().ok_or("no rows")?;
        let text = |row: &Value| row["text"].as_str().unwrap_or_default().to_owned();
        Ok(rows.iter().map(text).collect())
    }

    /// Whoever is logged in on `machine`, with another program.
    pub(crate) fn person(&self, machine: &Machine) -> Checked<Person<'_>> {
        let who = machine.json(&["whoami", "--json"])?;
        let order = json!({"sub": who["sub"]});
        let made = self.control(Method::POST, "/token", Some(order))?;
        Ok(Person {
            sandbox: self,
            token: made["token"].as_str().ok_or("no token")?.to_owned(),
        })
    }

    /// How many requests came to `route` since the log was emptied.
    pub(crate) fn requests(&self, route: &str) -> Checked<usize> {
        let log = self.control(Method::GET, "/log", None)?;
        let log = log.as_array().ok_or("no log")?;
        Ok(log.iter().filter(|it| it["route"] == route).count())
    }
}

/// Somebody who uses the backend with a program that is not ours.
pub(crate) struct Person<'s> {
    sandbox: &'s Sandbox,
    token: String,
}

impl Person<'_> {
    pub(crate) fn add(&self, text: &str) -> Checked {
        self.say(
            "mutation($text: String!) { insert_todos(objects: {text: $text}) { affected_rows } }",
            &json!({"text": text}),
        )
    }

    pub(crate) fn edit(&self, text: &str, after: &str) -> Checked {
        self.say(
            "mutation($text: String!, $after: String!) {
                update_todos(where: {text: {_eq: $text}}, _set: {text: $after}) { affected_rows }
            }",
            &json!({"text": text, "after": after}),
        )
    }

    pub(crate) fn remove(&self, text: &str) -> Checked {
        self.say(
            "mutation($text: String!) {
                delete_todos(where: {text: {_eq: $text}}) { affected_rows }
            }",
            &json!({"text": text}),
        )
    }

    /// Sends a mutation that changes one row.
    fn say(&self, query: &str, variables: &Value) -> Checked {
        let url: Url = self.sandbox.address("endpoint").parse()?;
        let client = tudone::http::client(&url)?;
        let request = client
            .post(url)
            .bearer_auth(&self.token)
            .json(&json!({"query": query, "variables": variables}));
        let answer: Value = block_on(async { request.send().await?.json().await })??;
        let done = &answer["data"];
        let done = done.as_object().and_then(|fields| fields.values().next());
        if done.is_some_and(|done| done["affected_rows"] == 1) {
            Ok(())
        } else {
            Err(format!("{query}: {answer}").into())
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> Checked<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(work))
}
