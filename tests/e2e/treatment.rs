//! Who may not wait where the entry leads: full queues, nobody there, closed hours; and who gets an old place back.

use crate::clock::{say, start_on_at};
use harness::{
    Agent, Desk, Router, Sipp, SippRun, Site, eventually, eventually_is, free_port, need_all, send,
};
use protocol::{AgentSetState, AgentState, ClientMessage, WishedState};
use std::{fs, time::Duration};

const SOON: Duration = Duration::from_secs(30);

/// A queue that nobody can serve, with these keys, and the number that leads there.
fn queue(name: &str, number: &str, keys: &str) -> String {
    format!(
        "[[queue]]\nname = \"{name}\"\nneeds = \"nobody\"\n{keys}\n[[entry]]\nnumber = \"{number}\"\nqueue = \"{name}\"\n"
    )
}

fn call(router: &Router, number: &str, caller: &Sipp) -> SippRun {
    let caller = caller.clone().dial(number).calls(1, 1);
    caller.start(router.ready().sip_udp, router.folder())
}

fn is_refused(router: &Router, number: &str, status: u16) {
    call(router, number, &Sipp::caller("caller_refused").with("STATUS", status)).finished(SOON);
}

/// Visits, by call: `queue|outcome|reason`.
fn visits(router: &Router) -> Vec<String> {
    router.records().rows("SELECT queue, outcome, reason FROM queue_entries ORDER BY call, visit")
}

fn waits_in(router: &Router, queue: &str, count: f64) {
    let waiting = || router.metric(&format!("sambung_calls_waiting{{queue=\"{queue}\"}}"));
    eventually_is("who waits", SOON, &Some(count), waiting);
}

#[test]
fn callers_flow_on_from_queues_that_are_full_slow_or_empty_of_agents() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let slow = "answer_within = \"1s\"\nmax_wait = \"1s\"\nthen = \"queue:main\"";
    let site = Site::new()
        .agent(Agent::phone("a001", port))
        .more(&queue("small", "1601", "max_waiting = 0\nfull = \"queue:main\""))
        .more(&queue("slow", "1602", slow))
        .more(&queue("empty", "1603", "unstaffed = \"queue:small\""));
    let router = Router::start(&site);
    let _phone = Sipp::phones(port, 20, 100, "answers").start(router.ready().sip_udp, router.folder());
    for number in ["1601", "1602", "1603"] {
        assert!(call(&router, number, &Sipp::caller("caller")).finished(SOON).contains(" BYE "));
    }
    let wanted = [
        "small|flow_out|full",
        "main|answered|",
        "slow|flow_out|overflow",
        "main|answered|",
        "empty|flow_out|unstaffed",
        "small|flow_out|full",
        "main|answered|",
    ];
    eventually_is("every visit", SOON, &wanted.map(str::to_owned).to_vec(), || visits(&router));
    let flowed = router.metric("sambung_calls_flow_out_total{queue=\"small\",reason=\"full\"}");
    assert_eq!(flowed, Some(2.0));
    let (code, said) = router.command(&["replay", "store"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn one_caller_too_many_is_told_that_it_is_busy() {
    need_all(&["sipp", "sqlite3"]);
    let router = Router::start(&Site::new().more(&queue("small", "1601", "max_waiting = 1")));
    let waits = call(&router, "1601", &Sipp::caller("caller_gives_up").with("WAIT", 2_000));
    waits_in(&router, "small", 1.0);
    is_refused(&router, "1601", 486);
    waits.finished(SOON);
    let wanted = ["small|abandoned|", "small|flow_out|full"].map(str::to_owned).to_vec();
    eventually_is("both visits", SOON, &wanted, || visits(&router));
}

#[tokio::test]
async fn nobody_waits_for_agents_who_have_gone_home() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().queue("unstaffed", "refuse").agent(Agent::desk("ann", port));
    let router = Router::start(&site);
    is_refused(&router, "1500", 480);
    let mut ann = Desk::sign_in(router.ready().desk, "ann").await;
    let waits = call(&router, "1500", &Sipp::caller("caller_sent_away"));
    waits_in(&router, "main", 1.0);
    let home = AgentSetState { state: WishedState::LoggedOut, reason_code: None };
    ann.say(ClientMessage::SetState(home)).await;
    ann.until_state(AgentState::LoggedOut).await;
    let log = waits.finished(SOON);
    assert!(log.contains("SIP;cause=480"), "{log}");
    let wanted = ["main|flow_out|unstaffed", "main|flow_out|unstaffed"].map(str::to_owned).to_vec();
    eventually_is("both visits", SOON, &wanted, || visits(&router));
}

/// Hours by which the number 1500 goes.
fn by_hours(site: Site, open: &str, closed: &str) -> String {
    let hours = format!("[[hours]]\nname = \"office\"\nopen = {{ {open} }}\n");
    let entry = format!("number = \"1500\"\nhours = \"office\"\nclosed = \"{closed}\"");
    site.more(&hours).to_toml().replacen("number = \"1500\"", &entry, 1)
}

fn office(router: &Router) -> (String, bool) {
    let hours = router.operator("/v1/hours").json()["hours"][0].clone();
    (hours["state"].as_str().unwrap().to_owned(), hours["next_at"].is_string())
}

#[test]
fn a_closed_entry_refuses_or_leads_elsewhere_until_new_rules_open_it() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().agent(Agent::phone("a001", port)).fixed_ports();
    let (never, always) = ("sun = []", "mon-sun = [\"00:00-24:00\"]");
    let router = Router::start_on(&by_hours(site.clone(), never, "refuse"));
    let _phone = Sipp::phones(port, 20, 100, "answers").start(router.ready().sip_udp, router.folder());
    is_refused(&router, "1500", 480);
    assert_eq!(office(&router), ("closed".to_owned(), false));
    assert_eq!(router.metric("sambung_hours_open{hours=\"office\"}"), Some(0.0));
    let reload = |text: &str| {
        fs::write(router.folder().join("sambung.toml"), text).unwrap();
        let answer = send(router.ready().operator, "POST", "/v1/reload", &[], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    reload(&by_hours(site, always, "refuse"));
    assert_eq!(office(&router), ("open".to_owned(), false));
    assert!(call(&router, "1500", &Sipp::caller("caller")).finished(SOON).contains(" BYE "));
    router.records().expect_count(2);
    assert_eq!(router.records().calls(), ["flow_out|closed||0|0", "answered||a001|1|1"]);
    assert_eq!(router.metric("sambung_calls_closed_total"), Some(1.0));
}

#[test]
fn an_entry_opens_when_the_clock_on_the_wall_says_so() {
    need_all(&["sipp", "sqlite3"]);
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let says = folder.path().join("says");
    // Monday in Jakarta, an hour before the office opens; the clock is set forward then.
    let monday = "@2026-11-23 00:00:00";
    say(&says, monday);
    let site = Site::new().agent(Agent::phone("a001", port));
    let text = by_hours(site, "mon = [\"08:00-17:00\"]", "refuse");
    let router = start_on_at(&text, &says);
    let _phone = Sipp::phones(port, 20, 100, "answers").start(router.ready().sip_udp, router.folder());
    is_refused(&router, "1500", 480);
    let next = router.operator("/v1/hours").json()["hours"][0]["next_at"].clone();
    assert_eq!(next, "2026-11-23T08:00:00.000+07:00");
    say(&says, "@2026-11-23 00:59:58");
    eventually("it opens", SOON, || (office(&router).0 == "open").then_some(()));
    assert!(call(&router, "1500", &Sipp::caller("caller")).finished(SOON).contains(" BYE "));
    say(&says, "@2026-11-23 09:59:59");
    eventually("it closes", SOON, || (office(&router).0 == "closed").then_some(()));
    is_refused(&router, "1500", 480);
    turns_are_in_the_log(&router, 4);
}

/// Closed at the start, open, closed.
fn turns_are_in_the_log(router: &Router, at_most: usize) {
    let (code, log) = router.command(&["log", "store"]);
    let turns: Vec<&str> = log.lines().filter(|line| line.contains("HoursTurned")).collect();
    assert_eq!(code, Some(0));
    assert!((3..=at_most).contains(&turns.len()), "{turns:?}");
    let (code, said) = router.command(&["replay", "store"]);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn who_hangs_up_and_calls_again_is_served_before_who_came_between() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().queue("keep_place", "1m").agent(Agent::desk("ann", port));
    let router = Router::start(&site);
    let _phone = Sipp::phones(port, 20, 500, "answers").start(router.ready().sip_udp, router.folder());
    let known = |scenario: &str, number: &str| Sipp::caller(scenario).named(number);
    let first = call(&router, "1500", &known("caller_gives_up", "08115550001").with("WAIT", 4_000));
    waits_in(&router, "main", 1.0);
    let between = call(&router, "1500", &known("caller", "08115550002"));
    waits_in(&router, "main", 2.0);
    first.finished(SOON);
    waits_in(&router, "main", 1.0);
    let again = call(&router, "1500", &known("caller", "08115550001"));
    waits_in(&router, "main", 2.0);
    let mut ann = Desk::sign_in(router.ready().desk, "ann").await;
    ann.be_ready().await;
    again.finished(SOON);
    between.finished(SOON);
    router.records().expect_count(3);
    let order =
        router.records().rows("SELECT outcome FROM queue_entries ORDER BY answered_at IS NULL, answered_at");
    assert_eq!(order, ["answered", "answered", "abandoned"]);
    let ranked = "SELECT arrived_at = (SELECT max(arrived_at) FROM calls) FROM calls WHERE outcome = 'answered' ORDER BY answered_at";
    assert_eq!(router.records().rows(ranked), ["1", "0"], "who came last, for the second time, is first");
}
