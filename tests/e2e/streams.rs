//! Foreign callers over TCP and TLS, foreign phones over UDP; messages in pieces, and several in one.

use harness::{Agent, Router, Sipp, Site, free_port, judge::Testimony, need_all};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

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

fn probe(from: SocketAddr, number: u32) -> String {
    format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP {from};branch=z9hG4bK{number}\r\nFrom: <sip:pbx@{from}>;tag=1\r\n\
         To: <sip:127.0.0.1>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn messages_in_pieces_and_several_in_one_are_understood_and_keep_alives_answered() {
    const GLUED: u32 = 10;
    let router = Router::start(&Site::new().sip("tcp", "127.0.0.1:0"));
    let mut stream = TcpStream::connect(router.ready().sip_tcp.unwrap()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let from = stream.local_addr().unwrap();
    for octet in probe(from, 0).as_bytes() {
        stream.write_all(&[*octet]).unwrap();
    }
    let glued: String = (1..=GLUED).map(|number| format!("\r\n\r\n{}", probe(from, number))).collect();
    stream.write_all(glued.as_bytes()).unwrap();
    let (mut said, mut chunk) = (String::new(), [0; 4_096]);
    while said.matches("SIP/2.0 200").count() < 1 + GLUED as usize || !said.ends_with("\r\n\r\n") {
        let length = stream.read(&mut chunk).unwrap();
        assert!(length > 0, "the router has closed the connection after:\n{said}");
        said.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
    // A pong is a single line end between two answers.
    assert_eq!(said.matches("\r\n\r\n\r\nSIP/2.0").count(), GLUED as usize, "{said}");
    let ids: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("Call-ID: ")).collect();
    assert_eq!(ids, (0..=GLUED).map(|number| number.to_string()).collect::<Vec<_>>(), "in their order");
}
