//! A DNS server that is not ours: dnsmasq with a zone of its own.

use crate::{ports::free_port, tools::need};
use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A server at work on loopback; dropping it ends it.
#[derive(Debug)]
pub struct Dns {
    child: Child,
    port: u16,
}

impl Dns {
    /// Starts it with these records, each an option of dnsmasq such as `--host-record=a.test,127.0.0.1`; it knows no
    /// others and asks nobody.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    #[must_use]
    pub fn start(records: &[String]) -> Self {
        let port = free_port();
        let child = Command::new(need("dnsmasq"))
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--no-resolv",
                "--no-hosts",
                "--local=/test/",
            ])
            .args(["--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file", "--local-ttl=30"])
            .arg(format!("--port={port}"))
            .args(records)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let dns = Self { child, port };
        let listens = || std::net::TcpStream::connect(dns.address()).is_ok().then_some(());
        crate::eventually("dnsmasq listens", Duration::from_secs(10), listens);
        dns
    }
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        // It may have ended already.
        if self.child.kill().is_ok() {
            let _its_exit = self.child.wait();
        }
    }
}
