//! A browser in a test's hand: headless Chromium, driven over the DevTools protocol.
//!
//! A mini client of our own: two commands are all that is needed (evaluate, screenshot), over the WebSocket library
//! that the house has anyway. The crates that speak all of the protocol bring some hundred thousand generated lines.

use futures_util::{SinkExt, StreamExt};
use harness::need;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// How long the browser may take for one thing.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks at a page.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A screenshot comes in one message.
const MAX_MESSAGE: usize = 64 << 20;

/// A browser with one page; dropping it ends the browser.
pub struct Browser {
    child: Child,
    profile: TempDir,
    socket: WebSocketStream<TcpStream>,
    session: String,
    commands: u64,
    /// What the page complained about: exceptions, errors on the console, what its policy refused.
    complaints: Vec<String>,
}

impl Browser {
    /// Starts a browser with an empty page of 1280 × 900.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }
    /// As [`Browser::start`], with these further arguments.
    pub async fn start_with(arguments: &[String]) -> Self {
        let profile = tempfile::Builder::new().prefix("sambung-browser-").tempdir().unwrap();
        let mut child = Command::new(need("chromium"))
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--remote-debugging-port=0", "--window-size=1280,900", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(arguments)
            .arg("about:blank")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let url = endpoint(&mut child);
        let address = url.trim_start_matches("ws://").split('/').next().unwrap().to_owned();
        let stream = TcpStream::connect(&address).await.unwrap();
        let config =
            WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let (socket, _response) = client_async_with_config(url, stream, Some(config)).await.unwrap();
        let mut browser =
            Self { child, profile, socket, session: String::new(), commands: 0, complaints: Vec::new() };
        browser.open_page().await;
        browser
    }
    async fn open_page(&mut self) {
        let target = self.command("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.command("Target.attachToTarget", attach).await;
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.command(domain, json!({})).await;
        }
    }
    /// Runs a script in every page to come, before its own.
    pub async fn before_pages(&mut self, script: &str) {
        self.command("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }
    /// Goes to a page.
    pub async fn go(&mut self, url: &str) {
        self.command("Page.navigate", json!({ "url": url })).await;
        self.until("the page has loaded", "document.readyState === 'complete'").await;
    }
    /// What an expression gives in the page.
    pub async fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.command("Runtime.evaluate", asked).await;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }
    /// Waits until an expression is true in the page.
    pub async fn until(&mut self, what: &str, expression: &str) {
        self.until_within(what, expression, PATIENCE).await;
    }
    /// Waits until an expression is true in the page.
    pub async fn until_within(&mut self, what: &str, expression: &str, at_most: Duration) {
        let end = Instant::now() + at_most;
        while self.eval(&format!("Boolean({expression})")).await != json!(true) {
            if Instant::now() >= end {
                let text = self.eval("document.body ? document.body.innerText : ''").await;
                panic!("{what}: not within {at_most:?}; the page says\n{text}\n{:?}", self.complaints);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    /// Saves what the page looks like.
    pub async fn screenshot(&mut self, file: &Path) {
        let shot = self.command("Page.captureScreenshot", json!({ "format": "png" })).await;
        let bytes = data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    /// What the page complained about so far.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }
    async fn command(&mut self, method: &str, params: Value) -> Value {
        self.commands += 1;
        let id = self.commands;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(command.to_string())).await.unwrap();
        let answering = async {
            loop {
                let message = self.socket.next().await.expect("the browser lives").unwrap();
                let Message::Text(text) = message else { continue };
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["id"] == json!(id) {
                    assert!(message.get("error").is_none(), "{method}: {message}");
                    return message["result"].clone();
                }
                self.complaints.extend(complaint(&message));
            }
        };
        tokio::time::timeout(PATIENCE, answering).await.unwrap_or_else(|_| panic!("{method}: no answer"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It is a group of processes, and the last of them may still write while the first has ended.
        let group = format!("-{}", self.child.id());
        if Command::new("kill").args(["-KILL", "--", &group]).status().is_ok() {
            let _its_exit = self.child.wait();
        }
        let end = Instant::now() + Duration::from_secs(2);
        while std::fs::remove_dir_all(self.profile.path()).is_err() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Where the browser listens; it says so on standard error.
fn endpoint(child: &mut Child) -> String {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("DevTools listening on ") {
                // Nobody listens any more when the test has given up.
                let _gone = tell.send(url.to_owned());
            }
        }
    });
    told.recv_timeout(PATIENCE).expect("the browser starts")
}

/// An exception, an error on the console, or something that the page's own policy refused.
fn complaint(event: &Value) -> Option<String> {
    let method = event["method"].as_str()?;
    let level = event["params"]["entry"]["level"].as_str();
    let bad = method == "Runtime.exceptionThrown"
        || (method == "Log.entryAdded" && level == Some("error"))
        || (method == "Runtime.consoleAPICalled" && event["params"]["type"] == "error");
    bad.then(|| event["params"].to_string())
}
