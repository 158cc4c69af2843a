//! A bad line: datagrams lost, doubled, overtaken and late between the router and everybody else.

use harness::{Agent, Router, Site, need};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally, Weather};
use std::time::Duration;

const CALLS: u64 = 500;
const AGENTS: usize = 120;
/// An agent may hang up while the re-INVITE to her caller is being lost again and again: one in ten is, each time.
const TOO_LATE: u64 = 5;

/// Both ends are ours here: a foreign caller counts what it gets twice or out of order as a failure of its scenario.
#[tokio::test]
async fn on_a_bad_line_every_call_is_completed_and_recorded_once() {
    need("sqlite3");
    let weather = Weather { loss: 0.05, duplicate: 0.2, reorder: 0.25, delay: Duration::from_millis(300) };
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners {
        ring: Spread::Fixed(Duration::from_millis(100)),
        talk: Some(Spread::Fixed(Duration::from_secs(4))),
        ..Manners::default()
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let plan = PhonesPlan { listen, manners, weather, ..PhonesPlan::default() };
    let phones = Phones::start(plan, 1, &tally, &stop).unwrap();
    let port = phones.address(0).port();
    let router = Router::start(&Site::new().agents(AGENTS, |id| Agent::phone(id, port)));

    let plan = CallersPlan {
        target: router.ready().sip_udp,
        dial: vec!["1500".to_owned()],
        rate: 25.0,
        calls: Some(CALLS),
        patience: Spread::Fixed(Duration::from_secs(120)),
        weather,
        max_live: 500,
        ..CallersPlan::default()
    };
    Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop).unwrap().finished().await;
    switch.stop();
    phones.finished().await;

    let figures = tally.figures();
    let ended = (figures.completed, figures.completed + figures.sent_away, figures.picked_up);
    assert!(ended.0 >= CALLS - TOO_LATE && (ended.1, ended.2) == (CALLS, CALLS), "{ended:?}");
    assert!(!figures.has_failures(), "{:?}", figures.failures);
    let records = router.records();
    records.expect_count(CALLS);
    assert_eq!(records.number("SELECT count(*) FROM calls WHERE outcome = 'answered'"), CALLS);
    assert_eq!(records.number("SELECT count(DISTINCT call) FROM queue_entries"), CALLS);
    router.expect_all_ready(AGENTS);
}
