//! A caller on hold hears music, though media is direct between PBX and phone.

use harness::{Agent, Desk, Pulse, Router, Sipp, Site, eventually, free_port, need_all};
use protocol::{AgentState, ClientMessage, ContactRef, ContactState};
use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(30);
/// Where the phones of `tests/sip` have their media.
const PHONES_RTP: &str = "42000";
/// 20 ms of G.711 behind an RTP header.
const PACKET: usize = 172;
/// When the machine stands still for longer in all, packets come late through no fault of the router's.
const QUIET_MS: u64 = 100;

/// When a packet came, and the packet.
type Heard = (Instant, Vec<u8>);

/// A caller's ears: what RTP came, and when.
pub(crate) struct Ears {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Ears {
    pub(crate) fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Self { port, heard: Arc::clone(&heard) };
        thread::spawn(move || {
            let mut packet = [0; 2_048];
            while let Ok(length) = socket.recv(&mut packet) {
                heard.lock().unwrap().push((Instant::now(), packet[..length].to_vec()));
            }
        });
        ears
    }
    pub(crate) fn packets(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
    /// Packets a second, from the first to the last, and how long that was. All are music in PCMA.
    fn pace(&self) -> (f64, Duration) {
        let heard = self.heard.lock().unwrap();
        assert!(heard.len() > 1, "no music came");
        let music = |packet: &[u8]| packet.len() == PACKET && packet[0] == 0x80 && packet[1] & 0x7f == 8;
        assert!(heard.iter().all(|(_, packet)| music(packet)), "something else than music came");
        let sequence = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
        let in_order = heard.windows(2).all(|two| sequence(&two[1].1) == sequence(&two[0].1).wrapping_add(1));
        assert!(in_order, "packets are missing or out of order");
        let time = heard[heard.len() - 1].0 - heard[0].0;
        ((heard.len() - 1) as f64 / time.as_secs_f64(), time)
    }
}

/// Ports the caller was pointed to, in order.
fn pointed(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.split_once(" POINTED ").map(|(_, port)| port.trim())).collect()
}

#[test]
fn a_phone_that_holds_gives_its_caller_music_and_takes_it_back() {
    need_all(&["sipp", "sqlite3"]);
    let (ears, pulse, port) = (Ears::open(), Pulse::start(), free_port());
    let router = Router::start(&Site::new().agent(Agent::phone("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let phone = Sipp::new("phone_holds").port(port).with("RING", 50).with("TALK", 500).with("HOLD", 2_000);
    let phone = phone.start(target, folder);
    let caller = Sipp::caller("caller_held").with("MEDIA", ears.port).dial("1500").calls(1, 1);
    let caller = caller.start(target, folder);
    let floor = || router.operator("/v1/floor").body;
    eventually("the floor shows the hold", PATIENCE, || floor().contains("\"held\"").then_some(()));
    let log = caller.finished(PATIENCE);

    let told = phone.end();
    assert!(told.contains(&format!("A a001 HELD {} inactive", ears.port)), "{told}");
    assert!(told.contains(&format!("A a001 BACK {}", ears.port)), "{told}");
    match pointed(&log)[..] {
        [music, back] => assert!(music != PHONES_RTP && back == PHONES_RTP, "{log}"),
        _ => panic!("{log}"),
    }
    let ((pace, time), standstills) = (ears.pace(), pulse.stop());
    println!("music on hold: {pace:.1} packets a second for {time:?}");
    if standstills.total_ms() <= QUIET_MS {
        assert!((49.0..=51.0).contains(&pace), "{pace} packets a second");
        assert!((1_900..=2_200).contains(&time.as_millis()), "{time:?}");
    } else {
        println!("The machine was too busy to judge the pace closely.");
    }

    let records = router.records();
    records.expect(&["answered||a001|1|1"], &["a001|accepted"]);
    let hold = records.number("SELECT hold_ms FROM queue_entries");
    assert!((1_950..=4_000).contains(&hold), "{hold} ms on hold");
    let both = records.number("SELECT sum(hold_ms + talk_ms) FROM queue_entries");
    let whole = records.number("SELECT (left_at - answered_at) / 1000 FROM queue_entries");
    assert!(whole.abs_diff(both) <= 1, "talk and hold make {both} of {whole} ms");
    let spans = records.rows(r#"SELECT state FROM agent_states WHERE call IS NOT NULL ORDER BY "from""#);
    assert_eq!(spans, ["reserved", "talking", "held", "talking"]);
    router.expect_all_ready(1);
    assert_eq!(router.metric("sambung_hold_seconds_count{queue=\"main\"}"), Some(1.0));
    let report = router.operator("/v1/reports/agents?format=csv").body;
    let line = |at: usize| report.lines().nth(at).unwrap().split(',').collect::<Vec<_>>();
    let column = line(0).iter().position(|name| *name == "hold_s").unwrap();
    assert!(line(1)[column].parse::<f64>().unwrap() >= 1.95, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_agent_holds_and_retrieves_at_her_desk() {
    need_all(&["sipp", "sqlite3"]);
    let (ears, port) = (Ears::open(), free_port());
    let router = Router::start(&Site::new().agent(Agent::desk("a001", port)));
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let _phone = Sipp::phones(port, 50, 30_000, "answers").start(target, folder);
    let mut desk = Desk::sign_in(router.ready().desk, "a001").await;
    desk.be_ready().await;
    let caller = Sipp::caller("caller_held").with("MEDIA", ears.port).dial("1500").calls(1, 1);
    let caller = caller.start(target, folder);
    let contact_id = desk.offer().await;
    desk.until_state(AgentState::Talking).await;
    let of = || ContactRef { contact_id: contact_id.clone() };
    desk.say(ClientMessage::Hold(of())).await;
    desk.until_contact(ContactState::Held).await;
    eventually("music", PATIENCE, || (ears.packets() > 50).then_some(()));
    desk.say(ClientMessage::Retrieve(of())).await;
    desk.until_contact(ContactState::Connected).await;
    desk.say(ClientMessage::HangUp(of())).await;
    desk.until_contact(ContactState::Ended).await;
    let log = caller.finished(PATIENCE);
    assert_eq!(pointed(&log).last(), Some(&PHONES_RTP), "{log}");
    ears.pace();
    router.records().expect(&["answered||a001|1|1"], &["a001|accepted"]);
    let hold = router.records().number("SELECT hold_ms FROM queue_entries");
    assert!((1_000..=10_000).contains(&hold), "{hold} ms on hold");
}
