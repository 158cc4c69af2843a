//! Agents' phones that are followed: asked whether they are there, or known by what they register.

use crate::{
    registrations::{register, registering},
    rig::{PHONE, Rig, address, answer, header, text},
};
use sip::{
    Flow, Notice, Output,
    auth::{Attempt, Client, Password},
    peering::{Followed, Home, MAX_ASKED, MAX_GONE_ASKED},
    wire::{Method, Name},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

fn phone(number: u32, at: &str) -> Followed {
    let home = Home::At { uri: format!("sip:ann@{at}"), flows: vec![Flow::udp(address(at))] };
    Followed { phone: number, home, every: MINUTE, reachable: true }
}

fn follows(mut rig: Rig, phones: Vec<Followed>) -> Rig {
    rig.stack.follow(phones, rig.now, &mut rig.mint, &mut Output::default());
    rig.pass(Duration::ZERO);
    rig
}

/// What was told of phones: which, and whether it is there.
fn told(rig: &mut Rig) -> Vec<(u32, bool)> {
    let of_phone = |notice| match notice {
        Notice::Phone { phone, reachable } => Some((phone, reachable)),
        _ => None,
    };
    rig.notices().into_iter().filter_map(of_phone).collect()
}

fn answers(rig: &mut Rig, status: u16) {
    rig.pass(Duration::ZERO);
    let mut asked = rig.sent_to(PHONE);
    for _ in 0..30 {
        if asked.is_empty() {
            rig.pass_s(1);
            asked = rig.sent_to(PHONE);
        }
    }
    let probe = asked.pop().expect("it is asked");
    rig.receive(PHONE, answer(&probe, status, "p", "", ""));
}

#[test]
fn any_answer_shows_that_a_phone_is_there() {
    let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
    let probe = rig.one_to(PHONE);
    assert_eq!((probe.method(), text(probe.request_uri())), (Method::Options, "sip:ann@203.0.113.7:5070"));
    assert_eq!(header(&probe, Name::To), "<sip:ann@203.0.113.7:5070>");
    for status in [404, 405, 486, 401, 200] {
        rig.receive(PHONE, answer(&probe, status, "p", "", ""));
        rig.pass_s(59);
        assert_eq!(rig.told(PHONE), [""; 0], "after {status} it is left alone for a while");
        rig.pass_s(1);
        answers(&mut rig, status);
    }
    assert_eq!(told(&mut rig), [], "that it is there was known before");
}

#[test]
fn a_phone_that_misses_two_probes_is_gone_and_back_with_its_first_answer() {
    let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
    answers(&mut rig, 200);
    rig.pass_s(64);
    assert_eq!(told(&mut rig), [], "one may get lost");
    assert!(!rig.told(PHONE).is_empty());
    rig.pass_s(4);
    assert_eq!(told(&mut rig), [(7, false)], "it was asked again at once");
    rig.told(PHONE);
    rig.pass_s(2);
    answers(&mut rig, 200);
    assert_eq!(told(&mut rig), [(7, true)]);
    rig.pass_s(30);
    assert_eq!(rig.told(PHONE), [""; 0], "and is asked as seldom as before");
}

#[test]
fn what_says_that_nobody_is_there_is_no_answer() {
    for status in [408, 503] {
        let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
        answers(&mut rig, status);
        answers(&mut rig, status);
        assert_eq!(told(&mut rig), [(7, false)], "{status}");
    }
}

#[test]
fn a_phone_that_was_gone_before_a_restart_is_found_at_once() {
    let mut rig = follows(Rig::new(), vec![Followed { reachable: false, ..phone(7, PHONE) }]);
    rig.pass_s(20);
    assert_eq!(told(&mut rig), [], "nothing new");
    rig.told(PHONE);
    answers(&mut rig, 200);
    assert_eq!(told(&mut rig), [(7, true)]);
}

#[test]
fn an_offer_that_failed_has_the_phone_asked_at_once() {
    let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
    answers(&mut rig, 200);
    rig.pass_s(10);
    rig.stack.doubt(7, rig.now);
    rig.pass(Duration::ZERO);
    assert!(!rig.told(PHONE).is_empty());
    rig.pass_s(8);
    assert_eq!(told(&mut rig), [(7, false)]);
}

#[test]
fn a_phone_whose_name_leads_nowhere_is_gone_until_it_does() {
    let home = Home::At { uri: "sip:ann@phones.example".to_owned(), flows: Vec::new() };
    let mut rig = follows(Rig::new(), vec![Followed { home, ..phone(7, PHONE) }]);
    assert_eq!(told(&mut rig), [(7, false)]);
    rig.stack.phone_found(7, "sip:ann@phones.example", &[Flow::udp(address(PHONE))]);
    rig.pass_s(3);
    answers(&mut rig, 200);
    assert_eq!(told(&mut rig), [(7, true)]);
}

/// Answers what phones at [`PHONE`] are asked for so long; how many questions there were.
fn refuses(rig: &mut Rig, more: &str, seconds: u32) -> usize {
    let mut asked = 0;
    for _ in 0..seconds * 20 {
        rig.pass(Duration::from_millis(50));
        for probe in rig.sent_to(PHONE) {
            asked += 1;
            rig.receive(PHONE, answer(&probe, 503, "p", more, ""));
        }
    }
    asked
}

#[test]
fn phones_behind_an_address_that_is_back_are_asked_at_once() {
    let mut rig = follows(Rig::new(), (0..50).map(|number| phone(number, PHONE)).collect());
    refuses(&mut rig, "", 60);
    assert_eq!(told(&mut rig).len(), 50);
    let mut probe = rig.sent_to(PHONE).pop();
    while probe.is_none() {
        rig.pass(Duration::from_millis(50));
        probe = rig.sent_to(PHONE).pop();
    }
    rig.receive(PHONE, answer(&probe.unwrap(), 200, "p", "", ""));
    rig.pass(Duration::from_millis(50));
    for probe in rig.sent_to(PHONE) {
        rig.receive(PHONE, answer(&probe, 200, "p", "", ""));
    }
    assert_eq!(told(&mut rig).len(), 50, "they need not wait for their turn within the minute");
}

#[test]
fn what_refuses_at_once_is_asked_at_leisure() {
    let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
    let asked = refuses(&mut rig, "", 2);
    assert!((2..=3).contains(&asked), "{asked} in two seconds");
    refuses(&mut rig, "", 60);
    let asked = refuses(&mut rig, "", 120);
    assert!((1..=2).contains(&asked), "gone for long: {asked} in two minutes");
}

#[test]
fn a_phone_that_wants_to_be_left_alone_is_but_not_for_ever() {
    for (wish, asked_by, asked_again) in [("20", 19, 22), ("4000000000", 59, 62)] {
        let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
        let probe = rig.one_to(PHONE);
        rig.receive(PHONE, answer(&probe, 503, "p", &format!("Retry-After: {wish}\r\n"), ""));
        rig.stack.doubt(7, rig.now);
        assert_eq!(refuses(&mut rig, "", asked_by), 0, "{wish}");
        assert!(refuses(&mut rig, "", asked_again - asked_by) > 0, "{wish}");
    }
}

#[test]
fn phones_that_are_gone_do_not_keep_us_from_the_others() {
    let hall = (0..1_000).map(|number| {
        let at = format!("10.0.{}.{}:5060", number / 250, number % 250);
        Followed { reachable: false, ..phone(number, &at) }
    });
    let mut rig = follows(Rig::new(), hall.chain([phone(1_000, PHONE)]).collect());
    rig.pass(Duration::from_millis(3_900));
    let asked: BTreeSet<Flow> = rig.sent().into_iter().map(|(to, _)| to).collect();
    let there = Flow::udp(address(PHONE));
    assert_eq!((asked.len(), asked.contains(&there)), (MAX_GONE_ASKED + 1, true));
}

#[test]
fn a_hall_without_power_is_not_asked_all_at_once() {
    let hall =
        (0..1_000).map(|number| phone(number, &format!("10.0.{}.{}:5060", number / 250, number % 250)));
    let mut rig = follows(Rig::new(), hall.collect());
    rig.pass(Duration::from_millis(3_900));
    let asked: BTreeSet<Flow> = rig.sent().into_iter().map(|(to, _)| to).collect();
    assert_eq!(asked.len(), MAX_ASKED, "as long as they are waited for");
    rig.pass_s(100);
    assert_eq!(told(&mut rig).len(), 1_000);
}

#[test]
fn a_phone_that_registers_is_there_while_it_is_registered() {
    let mut rig = registering();
    let home = Home::Registered(Arc::from("ann"));
    rig = follows(rig, vec![Followed { home, every: None, ..phone(7, PHONE) }]);
    assert_eq!(told(&mut rig), [(7, false)], "it has not registered yet");
    let mut ann = Client::new("ann", Password::plain("a long password"));
    let asks = register(&mut rig, &mut ann, 1);
    rig.receive(PHONE, asks);
    ann.challenged(&rig.one_to(PHONE), &mut Attempt::default()).unwrap();
    let proves = register(&mut rig, &mut ann, 2);
    rig.receive(PHONE, proves);
    rig.pass(Duration::ZERO);
    assert_eq!(told(&mut rig), [(7, true)]);
    rig.pass_s(86_400);
    assert_eq!(told(&mut rig), [(7, false)], "it did not refresh its registration");
    rig.told(PHONE);
}

#[test]
fn a_registered_phone_that_does_not_answer_is_gone() {
    let mut rig = registering();
    let home = Home::Registered(Arc::from("ann"));
    rig = follows(rig, vec![Followed { home, ..phone(7, PHONE) }]);
    told(&mut rig);
    let mut ann = Client::new("ann", Password::plain("a long password"));
    let asks = register(&mut rig, &mut ann, 1);
    rig.receive(PHONE, asks);
    ann.challenged(&rig.one_to(PHONE), &mut Attempt::default()).unwrap();
    let proves = register(&mut rig, &mut ann, 2);
    rig.receive(PHONE, proves);
    rig.pass(Duration::ZERO);
    rig.told(PHONE);
    assert_eq!(told(&mut rig), [(7, true)]);
    rig.pass_s(68);
    assert_eq!(told(&mut rig), [(7, false)], "somebody has pulled its plug");
    rig.told(PHONE);
    answers(&mut rig, 405);
    assert_eq!(told(&mut rig), [(7, true)]);
}

#[test]
fn refreshed_registrations_leave_one_timer() {
    let mut rig = registering();
    let floor = rig.stack.counts().timers;
    let home = Home::Registered(Arc::from("ann"));
    rig = follows(rig, vec![Followed { home, ..phone(7, PHONE) }]);
    let mut ann = Client::new("ann", Password::plain("a long password"));
    let asks = register(&mut rig, &mut ann, 1);
    rig.receive(PHONE, asks);
    ann.challenged(&rig.one_to(PHONE), &mut Attempt::default()).unwrap();
    for second in 0..700 {
        if second < 650 && second % 17 == 0 {
            let refreshes = register(&mut rig, &mut ann, 2 + second / 17);
            rig.receive(PHONE, refreshes);
        }
        rig.pass_s(1);
        for probe in rig.sent_to(PHONE).into_iter().filter(|sent| sent.is_request()) {
            rig.receive(PHONE, answer(&probe, 200, "p", "", ""));
        }
    }
    assert_eq!(rig.stack.counts().timers, floor + 1, "its next question");
}

#[test]
fn what_is_known_of_a_phone_that_stays_outlives_new_rules() {
    const OTHER: &str = "203.0.113.8:5070";
    let mut rig = follows(Rig::new(), vec![phone(7, PHONE)]);
    rig.pass_s(10);
    assert_eq!(told(&mut rig), [(7, false)]);
    rig.told(PHONE);
    // Another agent is added in front of her: she is asked on as one that is gone, at once and every two seconds.
    let gone = Followed { reachable: false, ..phone(7, PHONE) };
    rig = follows(rig, vec![phone(3, OTHER), gone]);
    rig.pass_s(3);
    answers(&mut rig, 200);
    assert_eq!(told(&mut rig), [(7, true)]);
    rig.pass_s(20);
    rig.told(PHONE);
    // One that moves is a stranger where she is now.
    rig = follows(
        rig,
        vec![
            phone(3, OTHER),
            Followed {
                home: Home::At { uri: format!("sip:ann@{OTHER}"), flows: vec![Flow::udp(address(OTHER))] },
                ..phone(7, PHONE)
            },
        ],
    );
    rig.pass_s(5);
    assert_eq!(rig.told(PHONE), [""; 0], "nobody is asked at the old place");
}
