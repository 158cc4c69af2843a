//! Too much: floods of strangers, more calls than a trunk or an entry may have, and an operator who wants no new ones.

use harness::{Agent, Router, Sipp, Site, ask, eventually_is, free_port, need_all};
use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

const SOON: Duration = Duration::from_secs(30);

/// INVITEs from an address that is in no trunk's network, so many a second, until it is stopped.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Flood {
    fn start(target: SocketAddr, per_second: u64) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (told, counted) = (Arc::clone(&stop), Arc::clone(&sent));
        let socket = UdpSocket::bind("127.0.0.66:0").unwrap();
        let thread = std::thread::spawn(move || {
            let start = Instant::now();
            while !told.load(Ordering::Relaxed) {
                let due = (start.elapsed().as_secs_f64() * per_second as f64) as u64;
                for number in counted.load(Ordering::Relaxed)..due {
                    socket.send_to(&invite(number, target), target).unwrap();
                }
                counted.store(due, Ordering::Relaxed);
                std::thread::park_timeout(Duration::from_millis(1));
            }
        });
        Self { stop, sent, thread }
    }
    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

fn invite(number: u64, target: SocketAddr) -> Vec<u8> {
    format!(
        "INVITE sip:1500@{target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.66:5060;branch=z9hG4bK{number}\r\n\
         From: <sip:x@127.0.0.66>;tag={number}\r\nTo: <sip:1500@{target}>\r\nCall-ID: {number}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:x@127.0.0.66>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn rejected(router: &Router, reason: &str) -> u64 {
    router.metric(&format!("sambung_sip_rejected_total{{reason=\"{reason}\"}}")).unwrap_or(0.0) as u64
}

#[test]
fn a_flood_of_strangers_costs_no_call_no_memory_and_no_log() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().trunk("127.0.0.1/32").agents(30, |id| Agent::phone(id, port));
    let router = Router::start(&site);
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phones = Sipp::phones(port, 20, 200, "answers").start(target, folder);
    let before = router.resident_kib();
    let flood = Flood::start(target, 5_000);
    Sipp::caller("caller").dial("1500").calls(300, 30).run(target, folder, SOON);
    let sent = flood.end();

    assert!(sent > 20_000, "{sent}");
    let grown = router.resident_kib().saturating_sub(before);
    assert!(grown < 50 * 1_024, "{grown} KiB");
    assert!(rejected(&router, "unknown_source") > sent / 2, "the kernel may have lost some");
    let log = router.log();
    let lines = log.lines().filter(|line| line.contains("127.0.0.66")).count();
    assert_eq!(lines, 1, "{log}");
    let answered = "SELECT count(*) FROM calls WHERE outcome = 'answered'";
    eventually_is("calls answered", SOON, &300, || router.records().number(answered));
}

#[test]
fn a_trunk_and_an_entry_take_no_more_calls_than_they_may_have() {
    need_all(&["sipp", "sqlite3"]);
    let toml = Site::new().to_toml().replacen("[[trunk]]", "[[trunk]]\ncalls = 2", 1);
    let toml = toml.replacen("[[entry]]", "[[entry]]\ncalls = 1", 1);
    let router = Router::start_on(&toml);
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let refused = Sipp::caller("caller_refused").dial("1500").with("STATUS", 503).calls(1, 1);
    // Nobody serves the queue: this caller waits.
    let waiting = Sipp::caller("caller_gives_up").with("WAIT", 4_000).dial("1500").calls(1, 1);
    let waiting = waiting.start(target, folder);
    let live = || router.metric("sambung_trunk_calls{trunk=\"pbx\"}");
    eventually_is("a call waits", SOON, &Some(1.0), live);
    refused.run(target, folder, SOON);
    assert_eq!(rejected(&router, "entry_limit"), 1);
    waiting.finished(SOON);
    eventually_is("it has gone", SOON, &Some(0.0), live);
}

#[test]
fn an_operator_drains_the_house_and_opens_it_again() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let router = Router::start(&Site::new().agent(Agent::phone("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 20, 1_500, "answers").start(target, folder);
    let talking = Sipp::caller("caller").dial("1500").calls(1, 1).start(target, folder);
    eventually_is("they talk", SOON, &Some(1.0), || router.metric("sambung_agents{state=\"talking\"}"));

    let drain = |method| ask(router.ready().operator, method, "/v1/drain", "*/*").json();
    assert_eq!(drain("PUT")["draining"], true);
    eventually_is("draining", SOON, &Some(1.0), || router.metric("sambung_draining"));
    let ready = router.operator("/readyz");
    assert_eq!((ready.status, &ready.json()["draining"]), (503, &true.into()));
    Sipp::caller("caller_refused").dial("1500").with("STATUS", 503).calls(1, 1).run(target, folder, SOON);
    assert_eq!(rejected(&router, "draining"), 1);
    talking.finished(SOON);

    assert_eq!(drain("DELETE")["draining"], false);
    assert_eq!(router.operator("/readyz").status, 200);
    eventually_is("open again", SOON, &Some(0.0), || router.metric("sambung_draining"));
    router.expect_all_ready(1);
    Sipp::caller("caller").dial("1500").calls(1, 1).run(target, folder, SOON);
    router
        .records()
        .expect(&["answered||a001|1|1", "answered||a001|1|1"], &["a001|accepted", "a001|accepted"]);
}
