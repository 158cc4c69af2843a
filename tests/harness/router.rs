//! The router: the real binary in a process of its own.

use crate::{Answer, Site, eventually_is, get};
use serde::Deserialize;
use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// How long the router may take to be ready.
const START: Duration = Duration::from_secs(20);
/// How the router is run.
const RUN: [&str; 3] = ["run", "--config", "sambung.toml"];
/// How long it may take to end when asked.
const STOP: Duration = Duration::from_secs(20);

/// The binary under test: `SAMBUNG_BIN`, else the release build, else the debug build.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn sambung() -> PathBuf {
    let target = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"));
    let built = ["release/sambung", "debug/sambung"].map(|path| target.join(path));
    env::var_os("SAMBUNG_BIN")
        .map(PathBuf::from)
        .into_iter()
        .chain(built)
        .find(|path| path.is_file())
        .expect("no `sambung` to test: run tests/run, or cargo build --release")
}

/// The line that says where it listens.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Ready {
    /// SIP over UDP.
    pub sip_udp: SocketAddr,
    /// SIP over TCP.
    pub sip_tcp: Option<SocketAddr>,
    /// SIP over TLS.
    pub sip_tls: Option<SocketAddr>,
    /// SIP over WebSocket.
    pub sip_ws: Option<SocketAddr>,
    /// Desktops.
    pub desk: SocketAddr,
    /// Health, metrics, floor, records, reports.
    pub operator: SocketAddr,
}

/// A router at work; dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Router {
    folder: TempDir,
    child: Child,
    ready: Ready,
    how: How,
}

/// How a router is started, each time.
#[derive(Clone, Debug)]
struct How {
    binary: PathBuf,
    environment: Vec<(String, String)>,
}

impl Default for How {
    fn default() -> Self {
        Self { binary: sambung(), environment: Vec::new() }
    }
}

impl Router {
    /// Starts it on a site, in a new folder.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[must_use]
    pub fn start(site: &Site) -> Self {
        Self::start_on(&site.to_toml())
    }
    /// Starts it on a configuration as it is, in a new folder.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[must_use]
    pub fn start_on(configuration: &str) -> Self {
        Self::start_in(configuration, How::default(), |_| {})
    }
    /// Starts it on a site, in a new folder that is first made ready by `prepare`.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[must_use]
    pub fn start_after(site: &Site, prepare: impl FnOnce(&Path)) -> Self {
        Self::start_in(&site.to_toml(), How::default(), prepare)
    }
    /// Starts it on a configuration as it is, with these variables in its environment.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[must_use]
    pub fn start_with(configuration: &str, environment: &[(&str, &str)]) -> Self {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::start_in(configuration, How { environment, ..How::default() }, |_| {})
    }
    /// Starts another binary on a configuration as it is.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[must_use]
    pub fn start_binary(binary: &Path, configuration: &str) -> Self {
        Self::start_in(configuration, How { binary: binary.to_owned(), ..How::default() }, |_| {})
    }
    fn start_in(configuration: &str, how: How, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("sambung-test-").tempdir().unwrap();
        fs::write(folder.path().join("sambung.toml"), configuration).unwrap();
        prepare(folder.path());
        Self::begin(folder, &RUN, how)
    }
    fn begin(folder: TempDir, arguments: &[&str], how: How) -> Self {
        let (child, ready) = launch(folder.path(), arguments, &how);
        Self { folder, child, ready, how }
    }
    /// Starts the demonstration with these further arguments, its store in a new folder.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    #[must_use]
    pub fn demo(arguments: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("sambung-demo-test-").tempdir().unwrap();
        Self::begin(folder, &[&["demo", "--store", "demo"], arguments].concat(), How::default())
    }
    /// Where it listens.
    #[must_use]
    pub fn ready(&self) -> Ready {
        self.ready
    }
    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    /// Memory it has now.
    ///
    /// # Panics
    ///
    /// When it has ended.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
    /// Its folder: configuration, `store`, and what tests put beside.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
    /// Its store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.folder().join("store")
    }
    /// The files in it: what is no socket, and can be read.
    #[must_use]
    pub fn stored_files(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(self.store()).unwrap().map(|file| file.unwrap().path());
        all.filter(|path| path.is_file()).collect()
    }
    /// What it wrote on standard error.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder().join("stderr.log")).unwrap_or_default()
    }
    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
    /// Starts it again in the same folder.
    ///
    /// # Panics
    ///
    /// When it does not become ready.
    pub fn start_again(&mut self) {
        (self.child, self.ready) = launch(self.folder.path(), &RUN, &self.how);
    }
    /// Asks it to end (SIGTERM) and waits; the exit code.
    ///
    /// # Panics
    ///
    /// When it does not end in 20 s.
    pub fn stop(&mut self) -> Option<i32> {
        let pid = self.pid().to_string();
        Command::new("kill").arg(&pid).status().unwrap();
        let code = crate::eventually("the router ends", STOP, || self.child.try_wait().unwrap());
        code.code()
    }
    /// Runs `sambung` with these arguments in the router's folder: exit code and standard output.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(sambung()).args(arguments).current_dir(self.folder()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
    /// GETs a path of the operator's HTTP.
    #[must_use]
    pub fn operator(&self, path: &str) -> Answer {
        get(self.ready.operator, path)
    }
    /// A metric's value; the series as /metrics writes it, such as `sambung_agents{state="ready"}`.
    #[must_use]
    pub fn metric(&self, series: &str) -> Option<f64> {
        let metrics = self.operator("/metrics").body;
        metrics.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }
    /// Waits until `count` agents are ready and no call waits.
    ///
    /// # Panics
    ///
    /// When an agent is stuck in another state, or a call in the queue.
    pub fn expect_all_ready(&self, count: usize) {
        let agents = |state: &str| self.metric(&format!("sambung_agents{{state=\"{state}\"}}"));
        let look = || {
            ["ready", "reserved", "talking", "wrap_up"]
                .map(|state| (state.to_owned(), agents(state).unwrap_or(0.0) as usize))
        };
        let mut wanted = ["ready", "reserved", "talking", "wrap_up"].map(|state| (state.to_owned(), 0));
        wanted[0].1 = count;
        eventually_is("no agent is stuck", Duration::from_secs(10), &wanted, look);
        let waiting = || self.metric("sambung_calls_waiting{queue=\"main\"}");
        eventually_is("no call is stuck", Duration::from_secs(5), &Some(0.0), waiting);
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the router's log ---\n{}", self.log());
            eprintln!("--- everything is left in {} ---", self.folder().display());
            self.folder.disable_cleanup(true);
        }
        // It may have ended already.
        if self.child.kill().is_ok() {
            let _its_exit = self.child.wait();
        }
    }
}

fn launch(folder: &Path, arguments: &[&str], how: &How) -> (Child, Ready) {
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("stderr.log")).unwrap();
    let mut child = Command::new(&how.binary)
        .args(arguments)
        .envs(how.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(ready) = parse_ready(&line) {
                // Nobody listens any more when the test has given up.
                let _gone = tell.send(ready);
            }
        }
    });
    let Ok(ready) = told.recv_timeout(START) else {
        let _gone = child.kill();
        let _its_exit = child.wait();
        panic!(
            "the router did not become ready: {}",
            fs::read_to_string(folder.join("stderr.log")).unwrap_or_default()
        );
    };
    (child, ready)
}

fn parse_ready(line: &str) -> Option<Ready> {
    #[derive(Deserialize)]
    struct Line {
        ready: Ready,
    }
    serde_json::from_str::<Line>(line).ok().map(|line| line.ready)
}
