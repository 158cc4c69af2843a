//! rtpengine: a relay of media that is not ours, in user space and on loopback.

use crate::{ports::free_port, tools::need, wait::eventually};
use serde_json::{Value, json};
use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How long it may take to start, and to answer.
const START: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(2);
/// Media ports of one test; below those that the system gives away.
const PORTS: u32 = 200;
const FIRST_PORT: u32 = 10_000;
/// Questions asked so far.
static ASKED: AtomicU64 = AtomicU64::new(0);

/// A relay at work; dropping it ends it.
#[derive(Debug)]
pub struct Rtpengine {
    child: Child,
    ng: SocketAddr,
    log: PathBuf,
}

impl Rtpengine {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it does not answer in time.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], free_port())), folder)
    }
    /// Starts it, listening for the ng protocol there.
    ///
    /// # Panics
    ///
    /// When it does not answer in time.
    #[must_use]
    pub fn start_at(ng: SocketAddr, folder: &Path) -> Self {
        let first = FIRST_PORT + std::process::id() % 50 * PORTS;
        let log = folder.join(format!("rtpengine-{}.log", ng.port()));
        let child = Command::new(need("rtpengine"))
            // No kernel module, no configuration of the machine's own.
            .args(["--config-file=none", "--table=-1", "--foreground", "--log-stderr", "--log-level=6"])
            .args(["--interface=127.0.0.1", "--num-threads=2"])
            .arg(format!("--listen-ng={ng}"))
            .args([format!("--port-min={first}"), format!("--port-max={}", first + PORTS - 1)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut relay = Self { child, ng, log };
        eventually("rtpengine answers", START, || {
            assert!(relay.child.try_wait().unwrap().is_none(), "rtpengine has ended:\n{}", relay.log());
            relay.try_ask(&json!({ "command": "ping" }))
        });
        relay
    }
    /// Where it listens for the ng protocol.
    #[must_use]
    pub fn ng(&self) -> SocketAddr {
        self.ng
    }
    /// The ids of its calls.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        let listed = self.ask(&json!({ "command": "list" }));
        let calls = listed["calls"].as_array().map_or(&[][..], Vec::as_slice);
        calls.iter().map(|call| call.as_str().unwrap().to_owned()).collect()
    }
    /// RTP packets it has passed on in a call.
    #[must_use]
    pub fn packets(&self, call: &str) -> u64 {
        let known = self.ask(&json!({ "command": "query", "call-id": call }));
        known["totals"]["RTP"]["packets"].as_u64().unwrap_or_default()
    }
    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
    fn ask(&self, question: &Value) -> Value {
        self.try_ask(question).unwrap_or_else(|| panic!("rtpengine does not answer {question}"))
    }
    fn try_ask(&self, question: &Value) -> Option<Value> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(ANSWER)).unwrap();
        socket.connect(self.ng).unwrap();
        // What it was asked under a cookie before it answers as before.
        let cookie = format!("test{} ", ASKED.fetch_add(1, Ordering::Relaxed));
        socket.send(format!("{cookie}{question}").as_bytes()).ok()?;
        let mut answer = vec![0; 65_535];
        let length = socket.recv(&mut answer).ok()?;
        serde_json::from_slice(answer[..length].strip_prefix(cookie.as_bytes())?).ok()
    }
}

impl Drop for Rtpengine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(120).collect();
            eprintln!("--- the end of rtpengine's log ---");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
        // It may have ended already.
        if self.child.kill().is_ok() {
            let _its_exit = self.child.wait();
        }
    }
}
