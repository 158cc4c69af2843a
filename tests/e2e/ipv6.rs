//! Foreign callers and phones on IPv6, over UDP and TCP.

use harness::{Agent, Router, Sipp, Site, free_port, judge::Testimony, need_all};
use std::time::Duration;

const CALLS: u32 = 20;
const AGENTS: usize = 10;

#[test]
fn callers_and_phones_on_ipv6_are_joined() {
    need_all(&["sipp", "sqlite3"]);
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        return println!("SKIPPED: this machine has no IPv6");
    }
    let port = free_port();
    let toml = Site::new()
        .trunk("::1/128")
        .sip("tcp", "[::1]:0")
        .agents(AGENTS, |id| Agent::phone(id, port))
        .to_toml();
    let toml = toml.replacen("udp = \"127.0.0.1:", "udp = \"[::1]:", 1);
    let router = Router::start_on(&toml.replace(&format!("@127.0.0.1:{port}"), &format!("@[::1]:{port}")));
    let (ready, folder) = (router.ready(), router.folder());
    let phones = Sipp::phones(port, 20, 300, "answers").ip("::1").start(ready.sip_udp, folder);
    let caller = |transport: &str| {
        Sipp::caller("caller_listens")
            .with("CALLERS_WAY", "sendrecv")
            .over(transport)
            .ip("::1")
            .dial("1500")
            .calls(CALLS, 10)
    };
    let by_udp = caller("u1").start(ready.sip_udp, folder);
    let by_tcp = caller("t1").start(ready.sip_tcp.unwrap(), folder);
    let callers = [by_udp, by_tcp].map(|run| run.finished(Duration::from_secs(30)));
    router.records().expect_count(u64::from(2 * CALLS));
    router.expect_all_ready(AGENTS);
    let phones = phones.end();
    assert_eq!(phones.matches(" HANGUP ").count(), 2 * CALLS as usize, "{phones}");
    for log in callers {
        assert_eq!(Testimony::read(&[&log]).noted_by_callers("OK").len(), CALLS as usize, "{log}");
    }
    let answered = "SELECT count(*) FROM calls WHERE outcome = 'answered'";
    assert_eq!(router.records().number(answered), u64::from(2 * CALLS));
}
