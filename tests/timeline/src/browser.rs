//! Chromium without a window, driven through a pair of pipes.

use std::cell::{Cell, RefCell};
use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A browser. Dropping it ends it.
pub struct Browser {
    process: Child,
    commands: RefCell<File>,
    answers: RefCell<BufReader<File>>,
    last: Cell<u64>,
    errors: RefCell<Vec<String>>,
}

/// A tab of the browser.
pub struct Page<'a> {
    browser: &'a Browser,
    session: String,
}

fn find() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths)
        .find_map(|folder| names.map(|name| folder.join(name)).into_iter().find(|it| it.is_file()))
}

impl Browser {
    /// Starts Chromium with its files in `folder`. Returns `None`, and says so, where there is none.
    ///
    /// # Panics
    ///
    /// If it does not start.
    #[must_use]
    pub fn start(folder: &Path) -> Option<Self> {
        let Some(program) = find() else {
            eprintln!("skipped: there is no Chromium here to open the page with");
            return None;
        };
        let (commands, answers) = (folder.join("commands"), folder.join("answers"));
        for pipe in [&commands, &answers] {
            assert!(Command::new("mkfifo").arg(pipe).status().expect("mkfifo").success());
        }
        // Chromium reads commands from descriptor 3 and writes answers to descriptor 4. Its sandbox does not
        // run as root, and what it opens here is this test's own.
        let process = Command::new("bash")
            .args(["-c", r#"exec 3<"$1" 4>"$2"; shift 2; exec "$@""#, "bash"])
            .args([&commands, &answers, &program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"])
            .args(["--no-first-run", "--disable-extensions", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash");
        let commands = File::options().write(true).open(commands).expect("the pipe of commands");
        let answers = BufReader::new(File::open(answers).expect("the pipe of answers"));
        Some(Self {
            process,
            commands: commands.into(),
            answers: answers.into(),
            last: Cell::new(0),
            errors: RefCell::default(),
        })
    }

    fn read(&self) -> Value {
        let mut message = Vec::new();
        self.answers.borrow_mut().read_until(0, &mut message).expect("the browser answers");
        assert_eq!(message.pop(), Some(0), "the browser has ended");
        let message: Value = serde_json::from_slice(&message).expect("the browser speaks JSON");
        let is_error = message["method"] == "Runtime.exceptionThrown"
            || (message["method"] == "Log.entryAdded"
                && message["params"]["entry"]["level"] == "error");
        if is_error {
            self.errors.borrow_mut().push(message["params"].to_string());
        }
        message
    }

    fn ask(&self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        let id = self.last.get() + 1;
        self.last.set(id);
        let mut command = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let text = format!("{command}\0");
        self.commands.borrow_mut().write_all(text.as_bytes()).expect("the browser listens");
        loop {
            let mut message = self.read();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
        }
    }

    /// Opens a page of that size.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    #[must_use]
    pub fn open(&self, address: &str, width: u32, height: u32) -> Page<'_> {
        let target = self.ask(None, "Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.ask(None, "Target.attachToTarget", &attach);
        let session = attached["sessionId"].as_str().expect("a session").to_owned();
        let page = Page { browser: self, session };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.ask(domain, &json!({}));
        }
        page.resize(width, height);
        page.ask("Page.navigate", &json!({ "url": address }));
        page.wait("window.timeline && document.readyState === 'complete'");
        page
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !std::thread::panicking() {
            assert_eq!(*self.errors.borrow(), Vec::<String>::new(), "no page complains");
        }
    }
}

impl Page<'_> {
    fn ask(&self, method: &str, parameters: &Value) -> Value {
        self.browser.ask(Some(&self.session), method, parameters)
    }

    /// Gives the page another size.
    pub fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Has the page shown as by a user who wants it dark, or light.
    pub fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.ask("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// The value of an expression, or of the promise that it returns.
    ///
    /// # Panics
    ///
    /// If it throws.
    #[must_use]
    pub fn value(&self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.ask("Runtime.evaluate", &ask);
        let thrown = &answer["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        answer["result"]["value"].take()
    }

    /// The text that a person reads in the element of that name.
    ///
    /// # Panics
    ///
    /// If there is no such element.
    #[must_use]
    pub fn text(&self, id: &str) -> String {
        let text = self.value(&format!("document.getElementById('{id}').innerText"));
        let text = text.as_str().expect("an element with a text");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A number.
    ///
    /// # Panics
    ///
    /// If the expression has another value.
    #[must_use]
    pub fn number(&self, expression: &str) -> f64 {
        let value = self.value(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Waits until a condition holds.
    pub fn wait(&self, condition: &str) {
        let poll = format!(
            "new Promise((done) => {{ const look = () => ({condition}) ? done(true) : setTimeout(look, 10); look(); }})"
        );
        // A page that is replaced while it is asked has no answer.
        while self.value(&poll) != true {}
    }

    /// Moves the mouse; `buttons` is 1 while the left one is down.
    pub fn mouse(&self, kind: &str, x: f64, y: f64, buttons: u32) {
        let button = if kind == "mouseMoved" { "none" } else { "left" };
        let event = json!({
            "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1,
        });
        self.ask("Input.dispatchMouseEvent", &event);
    }

    /// Presses the left button at a place.
    pub fn click(&self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, 0);
        self.mouse("mousePressed", x, y, 1);
        self.mouse("mouseReleased", x, y, 0);
    }

    /// Turns the wheel.
    pub fn wheel(&self, x: f64, y: f64, by: f64) {
        let event = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": by });
        self.ask("Input.dispatchMouseEvent", &event);
    }

    /// Presses a key, such as `ArrowRight` or `w`.
    pub fn key(&self, key: &str) {
        let mut down = json!({ "type": "keyDown", "key": key });
        if key.len() == 1 {
            down["text"] = json!(key);
        }
        self.ask("Input.dispatchKeyEvent", &down);
        self.ask("Input.dispatchKeyEvent", &json!({ "type": "keyUp", "key": key }));
    }

    /// Waits for the next picture.
    ///
    /// # Panics
    ///
    /// If the page throws.
    pub fn frame(&self) {
        let next = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        assert_eq!(self.value(next), true);
    }

    /// What the page looks like: a PNG in base 64.
    ///
    /// # Panics
    ///
    /// If the browser has no picture.
    #[must_use]
    pub fn picture(&self) -> String {
        self.frame();
        let shot = self.ask("Page.captureScreenshot", &json!({ "format": "png" }));
        shot["data"].as_str().expect("a picture").to_owned()
    }
}
