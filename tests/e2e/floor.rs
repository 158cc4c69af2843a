//! A busy floor: foreign callers, foreign phones, desktops connected.

use harness::{Agent, Pulse, Router, Sipp, Site, free_port, judge::Testimony, need_all};
use loadtest::{Desktops, DesktopsPlan, Journal, Spread, Tally};
use std::{fs, time::Duration};

const AGENTS: usize = 50;
const CALLS: u64 = 600;
const PER_SECOND: u32 = 20;
/// A call may wait this long beside an able idle agent.
const LIMIT_US: u64 = 200_000;
/// On a machine that stood still for longer in all, delays of any length are its own.
const QUIET_MS: u64 = 500;
const BUSY_LIMIT_US: u64 = 2_000_000;

#[test]
fn six_hundred_callers_each_reach_exactly_one_of_fifty_agents_with_desktops() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let router =
        Router::start(&Site::new().queue("wrap_up", "5s").agents(AGENTS, |id| Agent::desk(id, port)));
    let (folder, ready) = (router.folder(), router.ready());
    let phones = Sipp::phones(port, 20, 1_000, "answers").start(ready.sip_udp, folder);

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let journal_file = folder.join("desktops.log");
    let journal = Journal::create(&journal_file).unwrap();
    let tally = Tally::new(journal.clone());
    let (go_home, stop) = loadtest::stop();
    let plan = DesktopsPlan {
        desk: ready.desk,
        agents: AGENTS,
        token: "t-{id}".to_owned(),
        wrap_up: Some(Spread::Fixed(Duration::from_millis(100))),
        ..DesktopsPlan::default()
    };
    let desktops = runtime.block_on(async {
        let mut desktops = Desktops::start(plan, 1, &tally, &stop).unwrap();
        assert!(desktops.all_ready(Duration::from_secs(15)).await, "{:?}", tally.figures().failures);
        desktops
    });

    let pulse = Pulse::start();
    let callers = Sipp::caller("caller").dial("1500").calls(CALLS as u32, PER_SECOND).run(
        ready.sip_udp,
        folder,
        Duration::from_secs(90),
    );
    let standstills = pulse.stop();
    router.records().expect_count(CALLS);
    router.expect_all_ready(AGENTS);
    go_home.stop();
    runtime.block_on(desktops.finished());
    journal.flush().unwrap();

    let testimony = Testimony::read(&[&callers, &phones.end(), &fs::read_to_string(journal_file).unwrap()]);
    assert_eq!(testimony.callers(), CALLS as usize);
    assert_eq!(testimony.not_connected_once(), [""; 0]);
    assert_eq!(testimony.agents_with_two_calls(), [""; 0]);
    let agents: Vec<String> = (1..=AGENTS).map(|number| loadtest::plan::numbered("a###", number)).collect();
    let limit_us = if standstills.total_ms() <= QUIET_MS { LIMIT_US } else { BUSY_LIMIT_US };
    assert_eq!(testimony.waited_beside_idle(&agents, limit_us, &standstills), [""; 0]);

    let figures = tally.figures();
    assert!(!figures.has_failures(), "{:?}", figures.failures);
    assert_eq!((figures.desktops.offers, figures.desktops.wrapped_up), (CALLS, CALLS));
    let once = "SELECT count(*) FROM calls WHERE outcome = 'answered' AND offers = 1 AND agent IS NOT NULL";
    assert_eq!(router.records().number(once), CALLS);
    let used = router.records().number("SELECT count(DISTINCT agent) FROM calls");
    assert_eq!(used, AGENTS as u64, "longest idle goes round the whole floor");
    expect_tidy_states(&router);
    for series in ["calls_offered_total{", "calls_answered_total{", "offers_total{outcome=\"accepted\","] {
        let counted = router.metric(&format!("sambung_{series}queue=\"main\"}}"));
        assert_eq!(counted, Some(CALLS as f64), "{series}");
    }
}

/// An agent's states follow one another without gap or overlap.
fn expect_tidy_states(router: &Router) {
    let torn = r#"SELECT count(*) FROM (
        SELECT "from", lag("to") OVER (PARTITION BY agent ORDER BY "from") AS before FROM agent_states)
        WHERE before IS NOT NULL AND before <> "from""#;
    assert_eq!(router.records().number(torn), 0, "agents' states have gaps or overlap");
}
