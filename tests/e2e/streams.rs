//! Foreign callers over TCP and TLS, foreign phones over UDP.

use harness::{
    Agent, Authority, Router, Sipp, Site, Stunnel, Transport, free_port, judge::Testimony, need_all,
};
use std::time::Duration;

const CALLS: u64 = 100;
const AGENTS: usize = 20;

/// Calls on connections as SIPp calls them: `t1` is one for all, `tn` one for each.
fn calls_over(transport: Transport, connections: &str) {
    let (port, authority, certificates) = (free_port(), Authority::new(), tempfile::tempdir().unwrap());
    let ours = authority.make("router", certificates.path());
    let tls = format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        ours.certificate.display(),
        ours.key.display()
    );
    let site = Site::new().sip("tcp", "127.0.0.1:0").sip("tls", "127.0.0.1:0").more(&tls);
    let router = Router::start(&site.agents(AGENTS, |id| Agent::phone(id, port)));
    let (folder, ready) = (router.folder(), router.ready());
    let phones = Sipp::phones(port, 20, 300, "answers").start(ready.sip_udp, folder);
    let target = transport.target(ready);
    let callers = Sipp::caller("caller").dial("1500").calls(CALLS as u32, 50);
    let (callers, target, _tunnel) = match transport {
        Transport::Udp | Transport::Tcp => (callers, target, None),
        Transport::Tls => {
            let way = free_port();
            let tunnel = Stunnel::new(authority.make("pbx", certificates.path())).outwards(way, target);
            (callers.tunnelled(None), ([127, 0, 0, 1], way).into(), Some(tunnel.start(folder)))
        }
    };
    let callers = callers.over(connections).run(target, folder, Duration::from_secs(60));
    router.records().expect_count(CALLS);
    router.expect_all_ready(AGENTS);
    let testimony = Testimony::read(&[&callers, &phones.end()]);
    assert_eq!(testimony.callers(), CALLS as usize);
    assert_eq!(testimony.not_connected_once(), [""; 0]);
    assert_eq!(testimony.agents_with_two_calls(), [""; 0]);
}

#[test]
fn callers_on_one_tcp_connection_reach_agents() {
    need_all(&["sipp", "sqlite3"]);
    calls_over(Transport::Tcp, "t1");
}

#[test]
fn callers_with_a_tcp_connection_each_reach_agents() {
    need_all(&["sipp", "sqlite3"]);
    calls_over(Transport::Tcp, "tn");
}

#[test]
fn callers_on_one_tls_connection_reach_agents() {
    need_all(&["sipp", "sqlite3", "stunnel4"]);
    calls_over(Transport::Tls, "t1");
}

#[test]
fn callers_with_a_tls_connection_each_reach_agents() {
    need_all(&["sipp", "sqlite3", "stunnel4"]);
    calls_over(Transport::Tls, "tn");
}
