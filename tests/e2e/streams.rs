//! Foreign callers over TCP and TLS, foreign phones over UDP.

use harness::{Agent, Router, Sipp, Site, free_port, judge::Testimony, need_all};
use std::time::Duration;

const CALLS: u64 = 100;
const AGENTS: usize = 20;

/// Calls over a transport, as SIPp calls it, to a site that listens on it.
fn calls_over(transport: &str, site: Site) {
    let port = free_port();
    let router = Router::start(&site.agents(AGENTS, |id| Agent::phone(id, port)));
    let (folder, ready) = (router.folder(), router.ready());
    let phones = Sipp::phones(port, 20, 300, "answers").start(ready.sip_udp, folder);
    let target = if transport.starts_with('l') { ready.sip_tls } else { ready.sip_tcp };
    let callers = Sipp::caller("caller").over(transport).dial("1500").calls(CALLS as u32, 50).run(
        target.expect("it listens"),
        folder,
        Duration::from_secs(60),
    );
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
    calls_over("t1", Site::new().sip("tcp", "127.0.0.1:0"));
}

#[test]
fn callers_with_a_tcp_connection_each_reach_agents() {
    need_all(&["sipp", "sqlite3"]);
    calls_over("tn", Site::new().sip("tcp", "127.0.0.1:0"));
}
