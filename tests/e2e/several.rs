//! Several agents' phones ring for one caller, each a SIPp of its own: one has the call, the others are told so.

use harness::{Agent, Desk, Router, Sipp, SippRun, Site, eventually, eventually_is, free_port, need_all};
use protocol::{AgentState, ClientMessage, ContactRef, ServerMessage, WithdrawCause};
use std::{fs, time::Duration};

const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody answers within it.
const LONG_MS: u32 = 50_000;
const ELSEWHERE: &str = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"";

/// A router with an agent for each of these ringing times.
struct Floor {
    router: Router,
    phones: Vec<SippRun>,
}

impl Floor {
    fn with(site: Site, ring_ms: &[u32], agent: fn(&str, u16) -> Agent) -> Self {
        need_all(&["sipp", "sqlite3"]);
        let ports: Vec<u16> = ring_ms.iter().map(|_| free_port()).collect();
        let agents = ports.iter().zip(1..).map(|(port, no)| agent(&format!("a{no:03}"), *port));
        let router = Router::start(&agents.fold(site.fixed_ports(), Site::agent));
        let phone = |(port, ring): (&u16, &u32)| {
            let phone = Sipp::new("phone_survives").patient().traced().port(*port).with("RING", ring);
            phone.with("TALK", 500).start(router.ready().sip_udp, router.folder())
        };
        let phones = ports.iter().zip(ring_ms).map(phone).collect();
        Self { router, phones }
    }
    fn ring_all(ring_ms: &[u32]) -> Self {
        Self::with(Site::new().queue("strategy", "ring-all"), ring_ms, Agent::phone)
    }
    fn calls(&self, caller: &Sipp) -> SippRun {
        let caller = caller.clone().dial("1500").calls(1, 1);
        caller.start(self.router.ready().sip_udp, self.router.folder())
    }
    fn call(&self, caller: &str) {
        self.calls(&Sipp::caller(caller).with("WAIT", 500)).finished(PATIENCE);
    }
    fn expect(&self, calls: &[&str], offers: &[&str]) {
        self.router.records().expect(calls, offers);
        self.router.expect_all_ready(self.phones.len());
    }
    /// What a phone was sent.
    fn trace(&self, phone: usize) -> String {
        fs::read_to_string(self.phones[phone].trace_file()).unwrap_or_default()
    }
    fn until_ringing(&self, phones: f64) {
        let reserved = || self.router.metric("sambung_agents{state=\"reserved\"}");
        eventually_is("they ring", PATIENCE, &Some(phones), reserved);
    }
}

#[test]
fn all_phones_ring_and_one_has_the_call() {
    let floor = Floor::ring_all(&[LONG_MS, 400, LONG_MS]);
    floor.call("caller");
    floor.expect(&["answered||a002|1|3"], &["a001|withdrawn", "a002|accepted", "a003|withdrawn"]);
    for loser in [0, 2] {
        let told = || floor.trace(loser).contains(ELSEWHERE).then_some(());
        eventually("she shows no missed call", PATIENCE, told);
    }
    assert!(!floor.trace(1).contains(ELSEWHERE));
}

#[test]
fn of_phones_that_answer_at_the_same_moment_exactly_one_has_each_call() {
    let floor = Floor::ring_all(&[60, 60, 60]);
    for _ in 0..8 {
        floor.call("caller");
        floor.router.expect_all_ready(3);
    }
    let records = floor.router.records();
    records.expect_count(8);
    let counted =
        |outcome: &str| records.number(&format!("SELECT count(*) FROM offers WHERE outcome = '{outcome}'"));
    eventually_is("offers", PATIENCE, &(8, 16), || (counted("accepted"), counted("withdrawn")));
    let twice = "SELECT count(*) FROM (SELECT call FROM offers WHERE outcome = 'accepted' GROUP BY call HAVING count(*) > 1)";
    assert_eq!(records.number(twice), 0);
    let answered: usize = floor.phones.iter().map(|phone| phone.log().matches(" ANS ").count()).sum();
    println!("{answered} phones answered 8 calls");
    assert!(answered >= 8);
}

#[test]
fn one_more_phone_rings_after_the_other_until_one_answers() {
    let site = Site::new().queue("strategy", "progressive").queue("ring_next", "1s");
    let floor = Floor::with(site, &[LONG_MS, 600, LONG_MS], Agent::phone);
    floor.call("caller");
    floor.expect(&["answered||a002|1|2"], &["a001|withdrawn", "a002|accepted"]);
    assert!(floor.trace(2).is_empty(), "the third was not rung");
}

#[test]
fn a_caller_who_hangs_up_while_three_phones_ring_takes_the_call_from_all() {
    let floor = Floor::ring_all(&[LONG_MS; 3]);
    floor.call("caller_cancels");
    floor.expect(&["abandoned|||1|3"], &["a001|withdrawn", "a002|withdrawn", "a003|withdrawn"]);
    assert!((0..3).all(|phone| floor.trace(phone).contains("CANCEL")));
}

#[test]
fn a_router_that_is_killed_while_three_phones_ring_quiets_them_and_rings_them_again() {
    let mut floor = Floor::ring_all(&[LONG_MS, 4_000, LONG_MS]);
    let caller = floor.calls(&Sipp::caller("caller_survives").patient().with("PATIENCE", 60_000));
    floor.until_ringing(3.0);
    floor.router.kill();
    floor.router.start_again();
    caller.finished(PATIENCE);
    let rang = ["a001|restart", "a002|restart", "a003|restart"];
    let again = ["a001|withdrawn", "a002|accepted", "a003|withdrawn"];
    floor.expect(&["answered||a002|1|6"], &[rang, again].concat());
    let quiet = |phone: usize| floor.trace(phone).matches("CANCEL sip:").count();
    assert!(quiet(0) >= 2 && quiet(2) >= 2, "each ring was taken back: {:?}", [quiet(0), quiet(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_two_who_take_the_call_at_their_desks_the_first_has_it() {
    let site = Site::new().queue("strategy", "ring-all");
    let floor = Floor::with(site, &[50, 50], Agent::answers_at_desk);
    let at = floor.router.ready().desk;
    let mut ann = Desk::sign_in(at, "a001").await;
    ann.be_ready().await;
    let mut ben = Desk::sign_in(at, "a002").await;
    ben.be_ready().await;
    let caller = floor.calls(&Sipp::caller("caller"));
    let (hers, his) = (ann.offer().await, ben.offer().await);
    assert_eq!(hers, his);
    ben.say(ClientMessage::Accept(ContactRef { contact_id: his })).await;
    let withdrawn = ann.until("the end of her offer", |frame| {
        let ServerMessage::OfferWithdrawn(withdrawn) = frame.message else { return None };
        Some(withdrawn.cause)
    });
    assert_eq!(withdrawn.await, WithdrawCause::AnsweredElsewhere);
    ann.say(ClientMessage::Accept(ContactRef { contact_id: hers })).await;
    let refused = ann.until("the reply", |frame| {
        let ServerMessage::Reply(reply) = frame.message else { return None };
        (!reply.ok).then_some(reply.error?.code)
    });
    assert_eq!(refused.await, "offer_gone");
    ben.until_state(AgentState::Talking).await;
    caller.finished(PATIENCE);
    floor.expect(&["answered||a002|1|2"], &["a001|withdrawn", "a002|accepted"]);
}
