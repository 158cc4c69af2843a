//! More calls than a site has allowed: those it takes are served as ever, and it is itself again at once.

use harness::{Agent, Router, Site};
use loadtest::{
    CrowdFigures, CrowdPlan, Journal, Manners, Phones, PhonesPlan, Spread, Stage, Tally, play_crowd,
};
use std::{net::SocketAddr, time::Duration};

/// Calls a second that the trunk may bring.
const PEAK: f64 = 100.0;
const TALK: Duration = Duration::from_secs(1);

/// Stages of so many times the peak, `each` long, from the trunk.
async fn crowd(target: SocketAddr, times: &[f64], each: Duration) -> CrowdFigures {
    let stages = times.iter().map(|times| Stage { rate: times * PEAK, during: each }).collect();
    let plan = CrowdPlan {
        target,
        from: "127.0.0.1:0".parse().unwrap(),
        dial: "1500".to_owned(),
        stages,
        talk: TALK,
        grace: Duration::from_secs(10),
    };
    tokio::task::spawn_blocking(move || play_crowd(&plan)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ten_times_the_peak_costs_a_tenth_of_it_at_most_and_is_over_at_once() {
    let each = Duration::from_secs(if std::env::var_os("SAMBUNG_FULL").is_some() { 20 } else { 6 });
    let tally = Tally::new(Journal::none());
    let (switch, stop) = loadtest::stop();
    let manners = Manners {
        ring: Spread::Fixed(Duration::from_millis(20)),
        talk: Some(Spread::Fixed(TALK)),
        ..Manners::default()
    };
    let plan = PhonesPlan { listen: "127.0.0.1:0".parse().unwrap(), manners, ..PhonesPlan::default() };
    let phones = Phones::start(plan, 1, &tally, &stop).unwrap();
    let port = phones.address(0).port();
    let toml = Site::new().agents(300, |id| Agent::phone(id, port)).to_toml();
    let toml = toml.replacen("[[trunk]]", "[[trunk]]\ncalls_per_second = 100", 1);
    let router = Router::start_on(&toml);

    // At exactly the peak a second may hold one call more than it should: just below, all are taken.
    let figures = crowd(router.ready().sip_udp, &[0.95, 2.0, 5.0, 10.0, 0.95], each).await;
    switch.stop();
    phones.finished().await;
    println!("{figures}");

    let [normal, twice, five, ten, after] = &figures.stages[..] else { panic!("five stages") };
    assert_eq!((normal.answered, normal.refused.len()), (normal.placed, 0), "{figures}");
    for stage in [twice, five, ten] {
        assert!(stage.answered_per_s >= 0.9 * PEAK, "{figures}");
        assert!(stage.refused.keys().all(|status| *status == 503), "{figures}");
    }
    assert!(figures.in_dialog_success() >= 0.999, "{figures}");
    assert!(after.last_refused_s.is_none_or(|s| s < 5.0), "{figures}");
    assert_eq!(after.unanswered, 0, "{figures}");
    router.expect_all_ready(300);
}
