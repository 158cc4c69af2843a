//! A bad line: datagrams lost, doubled, overtaken and late between the router and everybody else.

use harness::{Agent, Relay, Router, Site, need};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally, Weather};
use std::time::Duration;

const CALLS: u64 = 500;
const AGENTS: usize = 400;
const WEATHER: Weather =
    Weather { loss: 0.05, duplicate: 0.2, reorder: 0.25, delay: Duration::from_millis(300) };

/// Both ends are ours here: a foreign caller counts what it gets twice or out of order as a failure of its scenario.
///
/// An agent talks for 12 s: the re-INVITE to her caller, of which one in ten is lost each way, is sent five times by then.
#[tokio::test]
async fn on_a_bad_line_every_call_is_completed_and_recorded_once() {
    need("sqlite3");
    let (to_phones, to_callers) = (Relay::open(WEATHER, 1).await, Relay::open(WEATHER, 2).await);
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners {
        ring: Spread::Fixed(Duration::from_millis(100)),
        talk: Some(Spread::Fixed(Duration::from_secs(12))),
        ..Manners::default()
    };
    let plan = PhonesPlan {
        listen: "127.0.0.1:0".parse().unwrap(),
        manners,
        proxy: Some(to_phones.near()),
        public: Some(to_phones.far()),
        ..PhonesPlan::default()
    };
    let phones = Phones::start(plan, 1, &tally, &stop).unwrap();
    let port = to_phones.far().port();
    let router = Router::start(&Site::new().agents(AGENTS, |id| Agent::phone(id, port)));
    let sip = router.ready().sip_udp;

    let plan = CallersPlan {
        target: sip,
        dial: vec!["1500".to_owned()],
        rate: 25.0,
        calls: Some(CALLS),
        patience: Spread::Fixed(Duration::from_secs(120)),
        max_live: 500,
        proxy: Some(to_callers.near()),
        public: Some(to_callers.far()),
        ..CallersPlan::default()
    };
    let callers = Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop).unwrap();
    let lines = [to_phones.carry(phones.address(0), sip), to_callers.carry(callers.address(), sip)];
    callers.finished().await;
    switch.stop();
    phones.finished().await;

    let figures = tally.figures();
    assert_eq!((figures.completed, figures.picked_up), (CALLS, CALLS), "{figures:?}");
    assert!(!figures.has_failures(), "{:?}", figures.failures);
    for line in lines {
        let (taken, delivered) = line.carried();
        // INVITE, 200, ACK, BYE, 200 and what else a call needs went through, with a seventh more delivered than taken.
        assert!(
            taken > CALLS * 5 && delivered * 10 > taken * 11,
            "{taken} datagrams taken, {delivered} delivered"
        );
    }
    let records = router.records();
    records.expect_count(CALLS);
    assert_eq!(records.number("SELECT count(*) FROM calls WHERE outcome = 'answered'"), CALLS);
    assert_eq!(records.number("SELECT count(DISTINCT call) FROM queue_entries"), CALLS);
    router.expect_all_ready(AGENTS);
}
