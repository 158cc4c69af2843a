//! What programs that collect logs get to read.

use harness::{Agent, Router, Site, free_port, sambung};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally};
use serde_json::Value;
use std::{collections::BTreeSet, process::Command, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_of_json_names_the_call_that_it_is_about() {
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones = PhonesPlan { listen, manners: Manners::default(), ..PhonesPlan::default() };
    let phones = Phones::start(phones, 1, &tally, &stop).unwrap();
    // Nobody answers, and there is one port for music: the second caller and later ones have none.
    let site = Site::new().agent(Agent::desk("a001", 5910)).to_toml();
    let even = free_port() & !1;
    let site = site.replacen("ports = \"0\"", &format!("ports = \"{even}-{}\"", even + 1), 1);
    let mut router = Router::start_with(&site, &[("SAMBUNG_LOG", "json")]);
    let plan = CallersPlan {
        target: router.ready().sip_udp,
        rate: 20.0,
        calls: Some(6),
        patience: Spread::Fixed(Duration::from_secs(1)),
        ..CallersPlan::default()
    };
    let callers = Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop.clone()).unwrap();
    callers.finished().await;
    switch.stop();
    phones.finished().await;
    router.records().expect_count(6);
    let missing = router.metric("sambung_rtp_ports_missing_total").unwrap_or(0.0);
    assert!(missing >= 4.0, "{missing} callers without a port");
    assert_eq!(router.stop(), Some(0), "{}", router.log());
    let recorded: BTreeSet<String> = router.records().rows("SELECT call FROM calls").into_iter().collect();
    let lines: Vec<Value> = router
        .log()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    let about_ports =
        lines.iter().filter(|line| line["message"].as_str().unwrap().starts_with("no RTP port is free"));
    let named: BTreeSet<String> = about_ports.map(|line| line["call"].as_str().unwrap().to_owned()).collect();
    assert!(named.len() >= 4 && named.is_subset(&recorded), "{named:?} of {recorded:?}");
}

#[test]
fn a_form_of_lines_that_nobody_knows_is_refused() {
    let output =
        Command::new(sambung()).args(["check", "--reference"]).env("SAMBUNG_LOG", "xml").output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("choose text or json"));
}
