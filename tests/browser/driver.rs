//! Chromium, driven by the commands of the W3C's `WebDriver`.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::tree::Tree;
use crate::support::{Checked, DEADLINE, lines_of};

/// A key without a letter, as `WebDriver` writes it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key {
    Tab,
    Enter,
    Space,
}

impl Key {
    fn value(self) -> &'static str {
        match self {
            Self::Tab => "\u{e004}",
            Self::Enter => "\u{e007}",
            Self::Space => " ",
        }
    }
}

/// A browser with a profile of its own, no window and no scripts.
pub(crate) struct Browser {
    driver: Child,
    runtime: Runtime,
    http: Client,
    /// The address of the session's commands.
    session: String,
    profile: TempDir,
}

impl Browser {
    /// `None`, said on stderr, where there is no browser and none is required.
    pub(crate) fn open() -> Checked<Option<Self>> {
        let (Some(chromium), Some(driver)) = (found("chromium"), found("chromedriver")) else {
            if env::var("TUDONE_TEST_REQUIRE_REAL").is_ok_and(|value| value == "1") {
                return Err("chromium and chromedriver are required and not there".into());
            }
            writeln!(io::stderr(), "skipped: needs chromium and chromedriver")?;
            return Ok(None);
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = lines_of(driver.stdout.take().ok_or("no stdout")?);
        let port = loop {
            let line = lines.recv_timeout(DEADLINE)?;
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let origin: Url = format!("http://127.0.0.1:{port}").parse()?;
        let mut browser = Self {
            driver,
            runtime: Builder::new_current_thread().enable_all().build()?,
            http: tudone::http::client(&origin)?,
            session: format!("http://127.0.0.1:{port}/session"),
            profile: tempfile::tempdir()?,
        };
        let options = json!({
            "binary": chromium,
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                format!("--user-data-dir={}", browser.profile.path().display()),
            ],
            "prefs": {"profile.managed_default_content_settings.javascript": 2},
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let session = browser.command(Method::POST, "", Some(&wanted))?;
        let id = session["sessionId"].as_str().ok_or("no session")?;
        browser.session = format!("{}/{id}", browser.session);
        Ok(Some(browser))
    }

    /// Goes to `address`, as if it had been typed into the address bar.
    pub(crate) fn visit(&self, address: &str) -> Checked {
        self.post("/url", &json!({"url": address}))?;
        Ok(())
    }

    /// Presses and releases `key`.
    pub(crate) fn press(&self, key: Key) -> Checked {
        self.keys(&[key.value().to_owned()])
    }

    /// Types `text`, a key after the other.
    pub(crate) fn type_text(&self, text: &str) -> Checked {
        let keys: Vec<String> = text.chars().map(String::from).collect();
        self.keys(&keys)
    }

    fn keys(&self, keys: &[String]) -> Checked {
        let strokes: Vec<Value> = keys
            .iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|act| json!({"type": act, "value": key})))
            .collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.post("/actions", &json!({"actions": [keyboard]}))?;
        Ok(())
    }

    /// Waits until the page's heading is `heading`, and reads that page.
    pub(crate) fn shows(&self, heading: &str) -> Checked<Tree> {
        self.until(heading, |page| page.heading() == Some(heading))
    }

    /// Waits until `text` is on the page, and reads that page.
    pub(crate) fn says(&self, text: &str) -> Checked<Tree> {
        self.until(text, |page| page.text().contains(text))
    }

    /// Waits until the control with that role and name has the focus, which a browser gives some
    /// time after the page is there, and reads that page.
    pub(crate) fn focuses(&self, control: (&str, &str)) -> Checked<Tree> {
        self.until(control.1, |page| page.focus() == Some(control))
    }

    fn until(&self, what: &str, is_there: impl Fn(&Tree) -> bool) -> Checked<Tree> {
        let start = Instant::now();
        loop {
            let page = self.tree()?;
            if is_there(&page) {
                return Ok(page);
            }
            if start.elapsed() > DEADLINE {
                return Err(format!("no {what:?} on {page:?}").into());
            }
        }
    }

    /// What a screen reader gets of the page.
    pub(crate) fn tree(&self) -> Checked<Tree> {
        let tree = self.devtools("Accessibility.getFullAXTree", &json!({}))?;
        Ok(Tree::read(&tree))
    }

    /// What the window's title says.
    pub(crate) fn title(&self) -> Checked<String> {
        let title = self.command(Method::GET, "/title", None)?;
        Ok(title.as_str().ok_or("no title")?.to_owned())
    }

    /// How many elements match the CSS selector.
    pub(crate) fn count(&self, selector: &str) -> Checked<usize> {
        let search = json!({"using": "css selector", "value": selector});
        let found = self.post("/elements", &search)?;
        Ok(found.as_array().ok_or("no list")?.len())
    }

    /// Looks into the page's first frame from now on.
    pub(crate) fn enter_frame(&self) -> Checked {
        self.post("/frame", &json!({"id": 0}))?;
        Ok(())
    }

    /// How much wider the page is than a window of `width` CSS pixels.
    pub(crate) fn overflow(&self, width: u32) -> Checked<f64> {
        let narrow =
            json!({"width": width, "height": 640, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &narrow)?;
        let metrics = self.devtools("Page.getLayoutMetrics", &json!({}))?;
        self.devtools("Emulation.clearDeviceMetricsOverride", &json!({}))?;
        let page = metrics["cssContentSize"]["width"].as_f64();
        let window = metrics["cssLayoutViewport"]["clientWidth"].as_f64();
        assert!(window <= Some(f64::from(width)), "{metrics}");
        Ok(page.ok_or("no page")? - window.ok_or("no window")?)
    }

    fn devtools(&self, command: &str, params: &Value) -> Checked<Value> {
        let order = json!({"cmd": command, "params": params});
        self.post("/goog/cdp/execute", &order)
    }

    fn post(&self, path: &str, body: &Value) -> Checked<Value> {
        self.command(Method::POST, path, Some(body))
    }

    fn command(&self, method: Method, path: &str, body: Option<&Value>) -> Checked<Value> {
        let mut request = self.http.request(method, format!("{}{path}", self.session));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer: Value = self
            .runtime
            .block_on(async { request.send().await?.json().await })?;
        match answer["value"]["error"].as_str() {
            Some(error) => Err(format!("{path}: {error}: {}", answer["value"]["message"]).into()),
            None => Ok(answer["value"].clone()),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.command(Method::DELETE, "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}
