//! More callers than agents: music, order, and media pointed at the agent.

use harness::{Agent, Pulse, Router, Site, judge::Testimony, need};
use loadtest::{Callers, CallersPlan, Journal, Manners, Phones, PhonesPlan, Spread, Tally};
use std::{fs, time::Duration};

const URGENT: u8 = 9;
const ORDINARY: u8 = 5;
/// When the machine stands still for longer in all, packets come late through no fault of the router's.
const QUIET_MS: u64 = 100;

#[tokio::test]
async fn sixty_callers_for_five_agents_hear_music_and_are_served_in_order() {
    need("sqlite3");
    let journal_file = std::env::temp_dir().join(format!("sambung-queue-{}.log", std::process::id()));
    let journal = Journal::create(&journal_file).unwrap();
    let tally = Tally::new(journal.clone());
    let (switch, stop) = loadtest::stop();
    let manners = Manners {
        ring: Spread::Fixed(Duration::from_millis(50)),
        talk: Some(Spread::Fixed(Duration::from_secs(1))),
        ..Manners::default()
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let phones =
        Phones::start(PhonesPlan { listen, manners, ..PhonesPlan::default() }, 1, &tally, &stop).unwrap();
    let port = phones.address(0).port();
    let site = Site::new().entry("1999", URGENT).agents(5, |id| Agent::phone(id, port));
    let router = Router::start(&site);

    let call = |number: &str, prefix: &str, calls: u64| {
        let plan = CallersPlan {
            target: router.ready().sip_udp,
            dial: vec![number.to_owned()],
            prefix: prefix.to_owned(),
            rate: calls as f64,
            calls: Some(calls),
            patience: Spread::Fixed(Duration::from_secs(60)),
            media: true,
            max_live: 100,
            ..CallersPlan::default()
        };
        Callers::start(plan, 1, tally.clone(), vec![phones.media()], stop.clone()).unwrap()
    };
    let pulse = Pulse::start();
    let (ordinary, urgent) = (call("1500", "o", 40), call("1999", "u", 20));
    ordinary.finished().await;
    urgent.finished().await;
    let standstills = pulse.stop();
    switch.stop();
    phones.finished().await;
    journal.flush().unwrap();
    let log = fs::read_to_string(&journal_file).unwrap();
    fs::remove_file(&journal_file).unwrap();

    let figures = tally.figures();
    assert!(!figures.has_failures(), "{:?}", figures.failures);
    // A caller is connected when its SDP points at the phones' own media address.
    assert_eq!((figures.connected, figures.completed), (60, 60), "{figures:?}");
    router.records().expect_count(60);
    router.expect_all_ready(5);
    let testimony = Testimony::read(&[&log]);
    assert_eq!(testimony.not_connected_once(), [""; 0]);
    assert_eq!(testimony.agents_with_two_calls(), [""; 0]);
    let priority = |caller: &str| if caller.starts_with('u') { URGENT } else { ORDINARY };
    assert_eq!(testimony.served_out_of_order(priority), [""; 0]);

    // All but the first rounds waited long enough to tell the rate.
    let media = &figures.media;
    assert!(media.callers >= 45, "{media:?}");
    assert_eq!((media.deaf, media.other, media.out_of_order), (0, 0, 0), "{media:?}");
    let (least, mean) = (media.min_packets_per_s.unwrap(), media.mean_packets_per_s.unwrap());
    if standstills.total_ms() <= QUIET_MS {
        assert!(least > 48.0 && (49.0..=51.0).contains(&mean), "{media:?}");
    } else {
        println!("The machine was too busy to judge the pace closely: {media:?}");
        assert!((40.0..=55.0).contains(&mean), "{media:?}");
    }
}
