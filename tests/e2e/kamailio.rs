//! Kamailio as the PBX in front, in the path of both legs (Record-Route), over UDP, TCP and TLS.

use harness::{
    Agent, Authority, Kamailio, Router, Sipp, Site, TlsFiles, free_port, judge::Testimony, need_all,
};
use std::{net::SocketAddr, time::Duration};

const CALLS: u64 = 60;
const AGENTS: usize = 15;

/// Callers dial at Kamailio, which reaches us over `transport`; agents' phones are behind it too.
fn calls_through(transport: &str, site: Site, tls: Option<TlsFiles>) {
    need_all(&["sipp", "sqlite3", "kamailio"]);
    let kamailio =
        Kamailio { port: free_port(), phones: free_port(), tls: tls.map(|files| (free_port(), files)) };
    let router = Router::start(&site.agents(AGENTS, |id| Agent::phone(id, kamailio.port)));
    let (folder, ready) = (router.folder(), router.ready());
    let target = match transport {
        "tls" => ready.sip_tls,
        "tcp" => ready.sip_tcp,
        _ => Some(ready.sip_udp),
    };
    let proxy = kamailio.start(target.expect("it listens"), transport, folder);
    let front = SocketAddr::from(([127, 0, 0, 1], kamailio.port));

    let phones = Sipp::phones(kamailio.phones, 20, 300, "answers").start(front, folder);
    let at_most = Duration::from_secs(60);
    let callers = Sipp::caller("caller").dial("1500").calls(CALLS as u32, 30).run(front, folder, at_most);
    router.records().expect_count(CALLS);
    router.expect_all_ready(AGENTS);
    let testimony = Testimony::read(&[&callers, &phones.end()]);
    assert_eq!(testimony.callers(), CALLS as usize);
    assert_eq!(testimony.not_connected_once(), [""; 0], "{}", proxy.log());
    assert_eq!(testimony.agents_with_two_calls(), [""; 0]);

    let mut gives_up = Sipp::caller("caller_gives_up").with("WAIT", 300).dial("1500").calls(1, 1);
    let silent = Sipp::phones(kamailio.phones, 20, 30_000, "answers").start(front, folder);
    gives_up = gives_up.port(free_port());
    gives_up.run(front, folder, at_most);
    router.records().expect_count(CALLS + 1);
    router.expect_all_ready(AGENTS);
    assert!(silent.end().contains(" BYE "), "the phone was not told that its caller has gone");
}

#[test]
fn over_udp() {
    calls_through("udp", Site::new(), None);
}

#[test]
fn over_tcp() {
    calls_through("tcp", Site::new().sip("tcp", "127.0.0.1:0"), None);
}

#[test]
fn over_tls() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (authority.make("router", folder.path()), authority.make("kamailio", folder.path()));
    let tls = format!(
        "[tls]\ncertificate = \"{}\"\nkey = \"{}\"\nca = \"{}\"\n",
        ours.certificate.display(),
        ours.key.display(),
        ours.ca.display()
    );
    calls_through("tls", Site::new().sip("tls", "127.0.0.1:0").more(&tls), Some(theirs));
}
