//! Agents' phones that come and go: SIPp phones that are killed and started again.

use harness::{Agent, Router, Sipp, SippRun, Site, eventually_is, free_port, need_all};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);
const PASSWORD: &str = "b7-Kw29-Lp0x-Qd";

fn phone(router: &Router, port: u16) -> SippRun {
    let phone = Sipp::phones(port, 20, 100, "answers").answers_probes();
    phone.start(router.ready().sip_udp, router.folder())
}

fn calls(router: &Router) -> SippRun {
    Sipp::caller("caller").dial("1500").calls(1, 1).start(router.ready().sip_udp, router.folder())
}

/// The state of the only agent, and why.
fn is(router: &Router, state: &str, reason: Option<&str>) {
    let agent = || {
        let agent = router.operator("/v1/agents").json()["agents"][0].clone();
        (agent["state"].as_str().map(str::to_owned), agent["reason"].as_str().map(str::to_owned))
    };
    eventually_is("the agent", SOON, &(Some(state.to_owned()), reason.map(str::to_owned)), agent);
}

fn unreachable(router: &Router, agents: f64) {
    eventually_is("who waits for her phone", SOON, &Some(agents), || {
        router.metric("sambung_phones_unreachable")
    });
}

const GONE: Option<&str> = Some("phone_unreachable");

#[test]
fn a_phone_that_is_killed_gets_no_call_and_its_caller_is_served_when_it_is_back() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let site = Site::new().agent(Agent::phone("a001", port)).sip("probe_phones", "5s").fixed_ports();
    let mut router = Router::start(&site);
    let first = phone(&router, port);
    calls(&router).finished(SOON);
    is(&router, "ready", None);
    drop(first);
    is(&router, "not_ready", GONE);
    unreachable(&router, 1.0);
    assert!(router.log().contains("the agent's phone is not there"), "{}", router.log());

    let waits = calls(&router);
    eventually_is("waits", SOON, &Some(1.0), || router.metric("sambung_calls_waiting{queue=\"main\"}"));
    router.kill();
    router.start_again();
    is(&router, "not_ready", GONE);
    let again = phone(&router, port);
    waits.finished(SOON);
    is(&router, "ready", None);
    unreachable(&router, 0.0);
    assert!(again.end().contains(" ANS "));
    router.records().expect(&["answered||a001|1|1"; 2], &["a001|accepted"; 2]);
}

#[test]
fn a_phone_that_has_not_registered_is_rung_for_nobody() {
    need_all(&["sipp", "sqlite3"]);
    let port = free_port();
    let ann = format!(
        "[[agent]]\nid = \"ann\"\npresence = \"always\"\nphone = \"registered\"\nphone_password = \"{PASSWORD}\"\n"
    );
    let site = Site::new().sip("probe_phones", "5s").more(&ann).to_toml();
    // SIPp knows no other, and stumbles over a choice.
    let router = Router::start_on(&site.replacen("[media]", "digest = [\"md5\"]\n[media]", 1));
    is(&router, "not_ready", GONE);
    let waits = calls(&router);
    let registers = Sipp::new("phone_registers").port(port).dial("ann").calls(1, 1).with("PHONE", port);
    let registers = registers.with("PASSWORD", PASSWORD).with("EXPIRES", 600).with("FINAL", 200);
    registers.run(router.ready().sip_udp, router.folder(), SOON);
    let phones = phone(&router, port);
    waits.finished(SOON);
    is(&router, "ready", None);
    assert!(phones.end().contains(" ANS "));
    router.records().expect(&["answered||ann|1|1"], &["ann|accepted"]);
}
