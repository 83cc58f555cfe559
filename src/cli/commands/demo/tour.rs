//! The tour: the main job as text; each step runs as a user would run it, and is
//! checked.

use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::commands::demo::env::{DemoEnv, text_of};
use crate::cli::error::CliError;
use crate::cli::output;
use crate::os::runtime;
use crate::sandbox::DEVELOPMENT_ONLY;

/// The user who logs in.
const EMAIL: &str = "ann@example.test";

/// Runs every step; stops at the first one that fails.
pub(super) fn run(env: &DemoEnv) -> Result<(), CliError> {
    output::line(DEVELOPMENT_ONLY)?;
    let tour = Tour::new(env)?;
    tour.log_in()?;
    tour.add_and_list()?;
    tour.work_offline()?;
    tour.reconnect()?;
    tour.complete_and_delete()?;
    tour.log_out()?;
    output::line("\nThat was the tour. Try it yourself: run `tudone demo` in a terminal.")
}

/// A user at a terminal: this program, run again for each command.
struct Tour<'a> {
    env: &'a DemoEnv,
    program: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Tour<'a> {
    fn new(env: &'a DemoEnv) -> Result<Self, CliError> {
        let program = std::env::current_exe().map_err(CliError::io("find this program"))?;
        let runtime = runtime::current_thread().map_err(CliError::io("start the network"))?;
        Ok(Self {
            env,
            program,
            runtime,
        })
    }

    fn log_in(&self) -> Result<(), CliError> {
        heading("Log in with a device code")?;
        let mut device = self.start(&["login", "--device-code", "--json"])?;
        let mut events = BufReader::new(
            device
                .stdout
                .take()
                .ok_or_else(|| CliError::demo("login printed nothing"))?,
        );
        let code = next_event(&mut events)?;
        check(
            "the code is shown before anything else",
            code["event"] == "code",
        )?;
        let user_code = code["user_code"].as_str().unwrap_or_default();
        output::line(&format!(
            "  approving {user_code} as {EMAIL}, as the page at {} would",
            self.env.addresses().activate
        ))?;
        self.runtime.block_on(self.env.approve(user_code, EMAIL))?;
        let done = loop {
            let event = next_event(&mut events)?;
            if event["event"] != "pending" && event["event"] != "slow_down" {
                break event;
            }
        };
        let ended = device.wait().map_err(CliError::io("wait for login"))?;
        check(
            "logged in",
            ended.success() && done["account"]["email"] == EMAIL,
        )
    }

    fn add_and_list(&self) -> Result<(), CliError> {
        heading("Add a todo and list")?;
        self.tudone(&["add", "(A) try tudone +demo due:tomorrow"])?;
        let listed = self.todos(&["list", "--fresh", "--json"])?;
        self.tudone(&["list"])?;
        let synced =
            |todo: &Value| text_of(todo).contains("try tudone") && todo["state"] == "synced";
        check("the new todo is on the server", listed.iter().any(synced))
    }

    fn work_offline(&self) -> Result<(), CliError> {
        heading("Cut the network and keep working")?;
        self.control(
            Method::POST,
            "faults",
            Some(&json!({"route": "graphql", "fault": "refuse"})),
        )?;
        self.tudone(&["add", "write a postcard from the train @offline"])?;
        let listed = self.todos(&["list", "--json"])?;
        let waits = |todo: &Value| text_of(todo).contains("postcard") && todo["state"] != "synced";
        check("the todo is shown as pending", listed.iter().any(waits))?;
        check("the server does not have it", !self.on_server("postcard")?)
    }

    fn reconnect(&self) -> Result<(), CliError> {
        heading("Reconnect")?;
        self.control(Method::DELETE, "faults", None)?;
        self.tudone(&["sync"])?;
        let rows = self.rows()?;
        let copies = rows
            .iter()
            .filter(|row| text_of(row).contains("postcard"))
            .count();
        check("it reached the server exactly once", copies == 1)
    }

    fn complete_and_delete(&self) -> Result<(), CliError> {
        heading("Complete one, delete the other")?;
        let listed = self.todos(&["list", "--json"])?;
        let handle = |word: &str| {
            let todo = listed.iter().find(|todo| text_of(todo).contains(word));
            todo.and_then(|todo| todo["handle"].as_str())
                .unwrap_or_default()
                .to_owned()
        };
        self.tudone(&["done", &handle("try tudone")])?;
        self.tudone(&["rm", "--yes", &handle("postcard")])?;
        let done = self
            .rows()?
            .iter()
            .any(|row| text_of(row).starts_with("x ") && text_of(row).contains("try tudone"));
        check("the server has it as done", done)?;
        check(
            "the server does not have the other one",
            !self.on_server("postcard")?,
        )
    }

    fn log_out(&self) -> Result<(), CliError> {
        heading("Log out")?;
        self.tudone(&["logout"])?;
        let status = self.answer(&["status", "--json"])?;
        check("logged out", status["logged_in"] == false)?;
        let cached = self.todos(&["list", "--offline", "--json"])?;
        check("the cached todos can still be read", !cached.is_empty())
    }

    /// Runs a command, and shows it with its output.
    fn tudone(&self, words: &[&str]) -> Result<(), CliError> {
        output::line(&format!("  $ tudone {}", command_line(words)))?;
        let output = self.output(words)?;
        for line in String::from_utf8_lossy(&output.stdout)
            .lines()
            .chain(String::from_utf8_lossy(&output.stderr).lines())
        {
            output::line(&format!("    {line}"))?;
        }
        check_quietly(&command_line(words), output.status.success())
    }

    fn todos(&self, words: &[&str]) -> Result<Vec<Value>, CliError> {
        Ok(self.answer(words)?["todos"]
            .as_array()
            .cloned()
            .unwrap_or_default())
    }

    /// The output of a command, as JSON.
    fn answer(&self, words: &[&str]) -> Result<Value, CliError> {
        let output = self.output(words)?;
        check_quietly(&command_line(words), output.status.success())?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| CliError::demo(format!("`{}` printed no JSON", command_line(words))))
    }

    fn output(&self, words: &[&str]) -> Result<Output, CliError> {
        let child = self.start(words)?;
        child
            .wait_with_output()
            .map_err(CliError::io("run a command"))
    }

    fn start(&self, words: &[&str]) -> Result<Child, CliError> {
        let at = self.env.addresses();
        let paths = self.env.paths("client");
        Command::new(&self.program)
            .args(words)
            .env("TUDONE_ISSUER", &at.issuer)
            .env("TUDONE_CLIENT_ID", &at.client_id)
            .env("TUDONE_AUDIENCE", &at.audience)
            .env("TUDONE_ENDPOINT", &at.endpoint)
            .env("TUDONE_CREDENTIAL_STORE", "file")
            .env("TUDONE_CONFIG_DIR", &paths.config)
            .env("TUDONE_DATA_DIR", &paths.data)
            .env_remove("TUDONE_PROFILE")
            .env_remove("TUDONE_ACCESS_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(CliError::io("run this program"))
    }

    fn on_server(&self, word: &str) -> Result<bool, CliError> {
        Ok(self.rows()?.iter().any(|row| text_of(row).contains(word)))
    }

    /// The rows of the backend.
    fn rows(&self) -> Result<Vec<Value>, CliError> {
        self.runtime.block_on(self.env.rows(None))
    }

    fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CliError> {
        self.runtime.block_on(self.env.control(method, path, body))
    }
}

fn next_event(events: &mut impl io::BufRead) -> Result<Value, CliError> {
    let mut line = String::new();
    events
        .read_line(&mut line)
        .map_err(CliError::io("read the output of login"))?;
    serde_json::from_str(&line).map_err(|_| CliError::demo("login printed no event"))
}

/// A command line as a user would type it.
fn command_line(words: &[&str]) -> String {
    let quoted = words.iter().map(|word| {
        if word.contains([' ', '(']) {
            format!("\"{word}\"")
        } else {
            (*word).to_owned()
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

fn heading(text: &str) -> Result<(), CliError> {
    output::line(&format!("\n{text}"))
}

fn check(step: &str, held: bool) -> Result<(), CliError> {
    check_quietly(step, held)?;
    output::line(&format!("  ✓ {step}"))
}

fn check_quietly(step: &str, held: bool) -> Result<(), CliError> {
    if held {
        Ok(())
    } else {
        Err(CliError::demo(step))
    }
}
