//! `kill -9` in the middle of a busy hour.

use harness::{Agent, Router, Site, eventually, judge::Testimony, need};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally};
use std::{collections::BTreeMap, fs, time::Duration};

const PER_SECOND: f64 = 20.0;
const CALLS: u64 = 200;
/// Callers connected when the router is killed.
const KILL_AFTER: u64 = 70;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_router_comes_back_with_one_record_for_each_call_it_had_answered() {
    need("sqlite3");
    let seconds = |s| Spread::Fixed(Duration::from_secs(s));
    let journal_file = std::env::temp_dir().join(format!("sambung-crash-{}.log", std::process::id()));
    let journal = Journal::create(&journal_file).unwrap();
    let tally = Tally::new(journal.clone());
    let (switch, stop) = loadtest::stop();
    let manners = Manners { talk: Some(seconds(1)), ..Manners::default() };
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones =
        Phones::start(PhonesPlan { listen, manners, ..PhonesPlan::default() }, 1, &tally, &stop).unwrap();
    let port = phones.address(0).port();
    let mut router = Router::start(&Site::new().fixed_ports().agents(30, |id| Agent::phone(id, port)));
    let plan = CallersPlan {
        target: router.ready().sip_udp,
        rate: PER_SECOND,
        calls: Some(CALLS),
        patience: seconds(5),
        talk: Some(seconds(4)), // a caller cut off from the dead router hangs up by itself
        ..CallersPlan::default()
    };
    let callers = Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop.clone()).unwrap();
    let connected = || Some(()).filter(|()| tally.figures().connected >= KILL_AFTER);
    eventually("calls are under way", Duration::from_secs(20), connected);
    router.kill();
    router.start_again();
    callers.finished().await;
    switch.stop();
    phones.finished().await;
    journal.flush().unwrap();
    let log = fs::read_to_string(&journal_file).unwrap();
    fs::remove_file(&journal_file).unwrap();

    let figures = tally.figures();
    assert!(figures.connected > CALLS * 8 / 10, "the router serves on after its restart: {figures:?}");
    expect_one_record_each(&router, &Testimony::read(&[&log]));
    router.expect_all_ready(30);
    expect_same_replay(&mut router);
}

/// Every call that a caller saw answered or refused has exactly one record, and the judge saw every record's caller.
fn expect_one_record_each(router: &Router, testimony: &Testimony) {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (caller, id) in testimony.noted_by_callers("ID") {
        ids.entry(caller).or_default().push(id);
    }
    let told: Vec<&String> = testimony
        .noted_by_callers("OK")
        .iter()
        .chain(&testimony.noted_by_callers("REFUSED"))
        .map(|(caller, _detail)| {
            ids.get(caller).map(|ids| &ids[0]).unwrap_or_else(|| panic!("{caller} got no id"))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .collect();
    let records = router.records();
    let recorded = || records.rows("SELECT call FROM calls");
    let missing = || {
        let recorded = recorded();
        told.iter().filter(|id| !recorded.contains(id)).count()
    };
    harness::eventually_is("calls without a record", Duration::from_secs(5), &0, missing);
    let lost = records.number("SELECT count(*) FROM calls WHERE outcome = 'lost_restart'");
    assert_eq!(lost, 0, "calls that the kill has cut");
    let twice = records.number("SELECT count(*) - count(DISTINCT call) FROM calls");
    let torn =
        records.number("SELECT count(*) FROM calls WHERE call NOT IN (SELECT call FROM queue_entries)");
    assert_eq!((twice, torn), (0, 0));
}

/// The log decides the same again, twice.
fn expect_same_replay(router: &mut Router) {
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    let replay = || router.command(&["replay", "store"]);
    let (first, second) = (replay(), replay());
    assert_eq!(first.0, Some(0), "{}", first.1);
    assert!(!first.1.trim().is_empty());
    assert_eq!(first, second);
}
