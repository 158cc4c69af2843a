//! stunnel: TLS that is not ours, in front of SIPp, whose Debian package has none.

use crate::{TlsFiles, tools::need, wait::eventually};
use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

const START: Duration = Duration::from_secs(10);

/// What passes through: to be started.
#[derive(Clone, Debug)]
pub struct Stunnel {
    files: TlsFiles,
    services: String,
    listens: Vec<u16>,
}

/// At work; dropping it ends it.
#[derive(Debug)]
pub struct StunnelRun {
    child: Child,
    log: PathBuf,
}

impl Stunnel {
    /// With this certificate, and belief in this authority.
    #[must_use]
    pub fn new(files: TlsFiles) -> Self {
        Self { files, services: String::new(), listens: Vec::new() }
    }
    /// Whoever connects to `port` in the clear reaches `target` over TLS, whose certificate has to be for its address.
    #[must_use]
    pub fn outwards(self, port: u16, target: SocketAddr) -> Self {
        let ip = target.ip();
        self.service(port, target, &format!("client = yes\nverifyChain = yes\ncheckIP = {ip}"))
    }
    /// The same, and `target` sees it come from this address.
    #[must_use]
    pub fn outwards_from(self, from: &str, port: u16, target: SocketAddr) -> Self {
        let ip = target.ip();
        self.service(
            port,
            target,
            &format!("client = yes\nverifyChain = yes\ncheckIP = {ip}\nlocal = {from}"),
        )
    }
    /// Whoever connects to `port` over TLS and shows a certificate reaches `behind` in the clear.
    #[must_use]
    pub fn inwards(self, port: u16, behind: u16) -> Self {
        self.service(
            port,
            ([127, 0, 0, 1], behind).into(),
            "client = no\nverifyChain = yes\nrequireCert = yes",
        )
    }
    fn service(mut self, port: u16, target: SocketAddr, more: &str) -> Self {
        let TlsFiles { certificate, key, ca } = &self.files;
        writeln!(
            self.services,
            "[{port}]\naccept = 127.0.0.1:{port}\nconnect = {target}\ncert = {}\nkey = {}\nCAfile = {}\n\
             sslVersionMin = TLSv1.2\n{more}",
            certificate.display(),
            key.display(),
            ca.display(),
        )
        .unwrap();
        self.listens.push(port);
        self
    }
    /// Starts it; its configuration and log go to `folder`.
    ///
    /// # Panics
    ///
    /// When it does not listen in time.
    #[must_use]
    pub fn start(&self, folder: &Path) -> StunnelRun {
        let (file, log) = (folder.join("stunnel.conf"), folder.join("stunnel.log"));
        let head = "foreground = yes\npid =\nsyslog = no\ndebug = notice\nsocket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n";
        fs::write(&file, format!("{head}{}", self.services)).unwrap();
        let child = Command::new(need("stunnel4"))
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut run = StunnelRun { child, log };
        eventually("stunnel listens", START, || {
            assert!(run.child.try_wait().unwrap().is_none(), "stunnel has ended:\n{}", run.log());
            self.listens.iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_err()).then_some(())
        });
        run
    }
}

impl StunnelRun {
    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for StunnelRun {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- stunnel's log ---\n{}", self.log());
        }
        // It may have ended already.
        if self.child.kill().is_ok() {
            let _its_exit = self.child.wait();
        }
    }
}
