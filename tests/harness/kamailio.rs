//! Kamailio: a PBX's proxy that is not ours.

use crate::{tools::need, wait::eventually};
use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// How long it may take to listen.
const START: Duration = Duration::from_secs(20);

/// Who Kamailio is over TLS, and whom it believes: PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Its certificate.
    pub certificate: PathBuf,
    /// That certificate's key.
    pub key: PathBuf,
    /// The authority it believes.
    pub ca: PathBuf,
}

/// A proxy to be started, by `tests/sip/kamailio.cfg`.
#[derive(Clone, Debug)]
pub struct Kamailio {
    /// Where it listens for UDP and TCP on 127.0.0.1.
    pub port: u16,
    /// Where agents' phones are, over UDP.
    pub phones: u16,
    /// Over TLS as well, at this port.
    pub tls: Option<(u16, TlsFiles)>,
}

/// A proxy at work; dropping it ends it.
#[derive(Debug)]
pub struct KamailioRun {
    child: Child,
    log: PathBuf,
}

impl Kamailio {
    /// Starts it in front of a router that is reached over `transport`: `udp`, `tcp` or `tls`.
    ///
    /// # Panics
    ///
    /// When it does not listen in time.
    #[must_use]
    pub fn start(&self, router: SocketAddr, transport: &str, folder: &Path) -> KamailioRun {
        self.start_as("kamailio.cfg", &[], router, transport, folder)
    }
    /// As [`Kamailio::start`], by another file of `tests/sip`, in which further names are filled in.
    ///
    /// # Panics
    ///
    /// When it does not listen in time.
    #[must_use]
    pub fn start_as(
        &self,
        by: &str,
        names: &[(&str, &str)],
        router: SocketAddr,
        transport: &str,
        folder: &Path,
    ) -> KamailioRun {
        let program = need("kamailio");
        let file = folder.join("kamailio.cfg");
        let text = self.filled_in(by, router, transport, folder);
        let text = names.iter().fold(text, |text, (name, value)| text.replace(name, value));
        fs::write(&file, text).unwrap();
        let log = folder.join("kamailio.log");
        let child = Command::new(program)
            .args(["-DD", "-E", "-m", "64", "-M", "8", "-f"])
            .arg(&file)
            .args(self.tls.is_some().then_some(["-A", "TLS"]).into_iter().flatten())
            .arg("-Y")
            .arg(folder)
            .arg("-P")
            .arg(folder.join("kamailio.pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut run = KamailioRun { child, log };
        eventually("Kamailio listens", START, || {
            assert!(run.child.try_wait().unwrap().is_none(), "Kamailio has ended:\n{}", run.log());
            TcpListener::bind(("127.0.0.1", self.port)).is_err().then_some(())
        });
        run
    }
    fn filled_in(&self, by: &str, router: SocketAddr, transport: &str, folder: &Path) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sip").join(by);
        let text = fs::read_to_string(path).unwrap();
        let tls_config = folder.join("kamailio-tls.cfg");
        if let Some((_, files)) = &self.tls {
            fs::write(&tls_config, files.config()).unwrap();
        }
        let tls_port = self.tls.as_ref().map_or(0, |(port, _)| *port);
        [
            ("@TLS_PORT@", tls_port.to_string()),
            ("@TLS_CONFIG@", tls_config.display().to_string()),
            ("@PORT@", self.port.to_string()),
            ("@PHONES@", self.phones.to_string()),
            ("@ROUTER@", router.to_string()),
            ("@TRANSPORT@", transport.to_owned()),
        ]
        .iter()
        .fold(text, |text, (name, value)| text.replace(name, value))
    }
}

impl TlsFiles {
    fn config(&self) -> String {
        let (certificate, key, ca) = (self.certificate.display(), self.key.display(), self.ca.display());
        let files = format!("certificate = {certificate}\nprivate_key = {key}\nca_list = {ca}\n");
        format!(
            "[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\n{files}\n\
             [client:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n{files}"
        )
    }
}

impl KamailioRun {
    /// What it wrote.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for KamailioRun {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- Kamailio's log ---\n{}", self.log());
        }
        // Asked nicely, its main process ends the others; it may have ended already.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            let _its_exit = self.child.wait();
        }
    }
}
