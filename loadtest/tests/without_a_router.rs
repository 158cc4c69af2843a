//! Callers dial phones directly: both ends are ours, so every figure is known beforehand.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use loadtest::{Arrivals, CallersPlan, Failure, Journal, Manners, PhonesPlan, Scenario, Spread, play, stop};
use std::{net::SocketAddr, time::Duration};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// A free port of this machine, free again when it is returned.
fn free_port() -> SocketAddr {
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn scenario(manners: Manners) -> Scenario {
    let listen = free_port();
    Scenario {
        name: "without a router".to_owned(),
        seed: 7,
        callers: CallersPlan {
            target: listen,
            dial: vec!["ann".to_owned()],
            rate: 400.0,
            calls: Some(100),
            ..CallersPlan::default()
        },
        phones: Some(PhonesPlan { listen, manners, ..PhonesPlan::default() }),
        desktops: None,
    }
}

fn brief() -> Manners {
    Manners { ring: Spread::Fixed(MS(5)), talk: Some(Spread::Fixed(MS(20))), ..Manners::default() }
}

async fn run(scenario: Scenario) -> loadtest::Report {
    let (_switch, stop) = stop();
    play(scenario, None, Journal::none(), stop).await.unwrap()
}

#[tokio::test]
async fn every_caller_reaches_the_phone_and_is_hung_up_by_it() {
    let mut scenario = scenario(brief());
    scenario.callers.arrivals = Arrivals::Poisson;
    scenario.callers.late_offer = 0.3;
    let report = run(scenario).await;
    let figures = &report.figures;
    assert_eq!((figures.placed, figures.connected, figures.completed), (100, 100, 100), "{report}");
    assert_eq!((figures.offers, figures.picked_up), (100, 100));
    assert_eq!((figures.caller_to_agent.count(), figures.agent_to_caller.count()), (100, 100));
    assert_eq!(figures.hang_up.count(), 100);
    // All callers ring the same phone at once, which is what a router must never do: the judge sees it.
    assert!(figures.failures[&Failure::AgentHasTwoCalls] > 0);
    assert_eq!(figures.failures.len(), 1, "{report}");
}

#[tokio::test]
async fn lost_datagrams_are_sent_again() {
    let mut scenario = scenario(brief());
    scenario.callers.calls = Some(40);
    scenario.callers.weather.loss = 0.1;
    let report = run(scenario).await;
    assert_eq!((report.figures.placed, report.figures.completed), (40, 40), "{report}");
}

#[tokio::test]
async fn callers_who_hang_up_first_complete_their_calls_too() {
    let mut scenario = scenario(Manners { talk: None, ..brief() });
    scenario.callers.talk = Some(Spread::Uniform(MS(5), MS(20)));
    let report = run(scenario).await;
    assert_eq!((report.figures.completed, report.figures.hang_up.count()), (100, 0), "{report}");
}

#[tokio::test]
async fn impatient_callers_cancel_and_busy_phones_refuse() {
    let mut silent = scenario(Manners { silent: 1.0, ..brief() });
    silent.callers.patience = Spread::Fixed(MS(30));
    let report = run(silent).await;
    assert_eq!((report.figures.abandoned, report.figures.connected), (100, 0), "{report}");

    let report = run(scenario(Manners { busy: 1.0, ..brief() })).await;
    assert_eq!(report.figures.refused[&486], 100, "{report}");
}

#[tokio::test]
async fn a_stopped_run_hangs_up_and_tells_what_it_saw() {
    let mut endless = scenario(Manners { talk: None, ..brief() });
    endless.callers.calls = None;
    let file = std::env::temp_dir().join(format!("loadtest-journal-{}", std::process::id()));
    let journal = Journal::create(&file).unwrap();
    let (switch, stop) = stop();
    let playing = tokio::spawn(play(endless, Some(std::process::id()), journal.clone(), stop));
    wait_for_line(&file, &journal, " CONNECTED ").await;
    switch.stop();
    let report = playing.await.unwrap().unwrap();
    let figures = &report.figures;
    assert!(figures.stopped > 0 && figures.placed == figures.stopped + figures.completed, "{report}");
    assert!(report.router_cpu_s_per_1000_calls.is_some());
    assert!(report.to_html().contains("<polyline"));
    assert!(serde_json::to_string(&report).unwrap().contains("\"caller_to_agent\":{\"n\":"));
    journal.flush().unwrap();
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let count = |what: &str| lines.lines().filter(|line| line.contains(what)).count() as u64;
    assert_eq!((count(" CONNECTED "), count(" ANS ")), (figures.connected, figures.picked_up));
}

/// Waits until somebody has seen `what`.
async fn wait_for_line(file: &std::path::Path, journal: &Journal, what: &str) {
    let seen = async {
        loop {
            journal.flush().unwrap();
            if std::fs::read_to_string(file).unwrap().contains(what) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seen).await.expect("nobody saw it in 10 s");
}

#[tokio::test]
async fn a_run_that_would_leave_this_machine_is_refused() {
    let mut foreign = scenario(brief());
    foreign.callers.target = "192.0.2.1:5060".parse().unwrap();
    let (_switch, stop) = stop();
    let refused = play(foreign, None, Journal::none(), stop).await.unwrap_err();
    assert!(refused.to_string().contains("loopback addresses only"), "{refused}");
}
