//! What becomes of callers who wait when a router is about to end.

use harness::{Agent, Router, Sipp, SippRun, Site, ask, eventually_is, free_port, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";

/// A router with one phone, which talks to a caller for so long.
fn busy(drain: &str, talk_ms: u32) -> (Router, SippRun, SippRun) {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().agent(Agent::phone("a001", port)).fixed_ports().more(drain);
    let router = Router::start(&site);
    let phone = Sipp::phones(port, 20, talk_ms, "answers").start(router.ready().sip_udp, router.folder());
    let talks = calls(&router, "caller");
    let talking = || router.metric("sambung_agents{state=\"talking\"}");
    eventually_is("they talk", SOON, &Some(1.0), talking);
    (router, phone, talks)
}

fn calls(router: &Router, scenario: &str) -> SippRun {
    Sipp::caller(scenario).dial("1500").calls(1, 1).start(router.ready().sip_udp, router.folder())
}

/// A caller who waits until it is sent away.
fn waits(router: &Router) -> SippRun {
    let caller = calls(router, "caller_sent_away");
    let waiting = || router.metric("sambung_calls_waiting{queue=\"main\"}");
    eventually_is("one waits", SOON, &Some(1.0), waiting);
    caller
}

fn is_sent_away(caller: SippRun) {
    let log = caller.finished(SOON);
    assert!(log.contains("BYE [SIP;cause=503") || log.contains("BYE SIP;cause=503"), "{log}");
}

const ROWS: [&str; 2] = ["answered||a001|1|1", "flow_out|drained||1|0"];

#[test]
fn who_waits_is_sent_away_at_once_and_who_talks_talks_on() {
    let (mut router, phone, talks) = busy("[drain]\ndeadline = \"60s\"\nwaiting = \"end\"\n", 4_000);
    let waits = waits(&router);
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    is_sent_away(waits);
    assert!(talks.finished(SOON).contains(" BYE "));
    assert!(phone.end().contains(" HANGUP "));
    router.records().expect(&ROWS, &["a001|accepted"]);
    assert!(router.log().contains("all calls are over"), "{}", router.log());
}

#[test]
fn an_operator_may_send_away_who_waits() {
    let (router, _phone, talks) = busy("", 3_000);
    let waits = waits(&router);
    let drain = |method: &str, query: &str| {
        let answer = ask(router.ready().operator, method, &format!("/v1/drain{query}"), "application/json");
        (answer.status, answer.json()["waiting"].as_str().map(str::to_owned))
    };
    assert_eq!(drain("PUT", "?waiting=forever").0, 400);
    assert_eq!(drain("PUT", ""), (200, Some("keep".to_owned())));
    assert_eq!(router.metric("sambung_calls_waiting{queue=\"main\"}"), Some(1.0));
    assert_eq!(drain("PUT", "?waiting=end"), (200, Some("end".to_owned())));
    is_sent_away(waits);
    assert!(talks.finished(SOON).contains(" BYE "));
    assert_eq!(drain("DELETE", ""), (200, None));
    router.records().expect(&ROWS, &["a001|accepted"]);
    calls(&router, "caller").finished(SOON);
}

#[test]
fn who_waits_is_kept_for_the_next_process_unless_told_otherwise() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    // Nobody is there to serve the caller until her phone registers.
    let ann = format!(
        "[drain]\ndeadline = \"1s\"\n[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n"
    );
    let site = Site::new().fixed_ports().more(&ann).to_toml();
    // SIPp knows no other, and stumbles over a choice.
    let mut router = Router::start_on(&site.replacen("[media]", "digest = [\"md5\"]\n[media]", 1));
    let caller = Sipp::caller("caller_survives").patient().with("PATIENCE", 60_000);
    let caller = caller.dial("1500").calls(1, 1).start(router.ready().sip_udp, router.folder());
    let one_waits = |router: &Router| {
        let waiting = || router.metric("sambung_calls_waiting{queue=\"main\"}");
        eventually_is("one waits", SOON, &Some(1.0), waiting);
    };
    one_waits(&router);
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    assert!(router.log().contains("the next process takes up what is left"), "{}", router.log());
    router.start_again();
    one_waits(&router);
    let (target, folder) = (router.ready().sip_udp, router.folder());
    let registers = Sipp::new("phone_registers").port(port).dial("ann").calls(1, 1).with("PHONE", port);
    registers.with("PASSWORD", PASSWORD).with("EXPIRES", 600).with("FINAL", 200).run(target, folder, SOON);
    let phone = Sipp::phones(port, 20, 300, "answers").start(target, folder);
    caller.finished(SOON);
    assert!(phone.end().contains(" ANS "));
    router.records().expect(&["answered||ann|1|1"], &["ann|accepted"]);
}
