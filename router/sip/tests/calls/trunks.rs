//! What we do at trunks of our own accord: probing, registering, answering their challenges.

use crate::rig::{Counter, PBX, Rig, address, answer, header, text};
use sip::{
    Flow, Notice, Output, Transport,
    auth::{Algorithm, NoAnswer, Password, Realm, Verifier},
    peering::{Health, NotRegistered, Peering, TrunkNews},
    wire::{Message, Method, Name, Writer},
};
use std::time::Duration;

const SECOND: &str = "192.0.2.20:5060";

fn probed() -> Peering {
    Peering {
        trunk: "carrier".to_owned(),
        uri: "sip:192.0.2.10".to_owned(),
        login: None,
        probe_every: Some(Duration::from_secs(30)),
        register_for: None,
    }
}

fn registered() -> Peering {
    let login = Some(("62215550100".to_owned(), Password::plain("a trunk's password")));
    Peering { login, probe_every: None, register_for: Some(Duration::from_secs(600)), ..probed() }
}

fn meets(peering: Peering) -> Rig {
    let mut rig = Rig::new();
    let mut out = Output::default();
    rig.stack.meet(vec![peering], rig.now, &mut rig.mint, &mut out);
    rig.pass(Duration::ZERO);
    rig
}

fn news(rig: &mut Rig) -> Vec<TrunkNews> {
    let news = |notice| match notice {
        Notice::Trunk { news, .. } => news,
        other => panic!("{other:?}"),
    };
    rig.notices().into_iter().map(news).collect()
}

fn found(rig: &mut Rig, at: &[&str]) {
    let flows: Vec<Flow> = at.iter().map(|at| Flow::udp(address(at))).collect();
    let mut out = Output::default();
    rig.stack.found("carrier", &flows, rig.now, &mut rig.mint, &mut out);
    rig.pass(Duration::ZERO);
}

/// A carrier that challenges.
struct Carrier(Verifier);

impl Carrier {
    fn new(rig: &Rig, password: &str) -> Self {
        let accounts = vec![("62215550100".to_owned(), Password::plain(password))];
        let realm = Realm { name: "carrier".to_owned(), algorithms: Algorithm::ALL.to_vec(), accounts };
        Self(Verifier::new(&[9; 32], realm, rig.now))
    }
    /// Its answer to a request: `good` when that proves who it is from.
    fn answers(&mut self, rig: &Rig, request: &Message, good: &str) -> String {
        match self.0.verify(request, rig.now) {
            Ok(_) => answer(request, 200, "c", good, ""),
            Err(denied) => {
                let mut writer = Writer::response(denied.status(), "No");
                self.0.challenge(&mut writer, denied, None, rig.now, &mut Counter(77));
                let challenge = text(&writer.finish()).to_owned();
                let lines = challenge.lines().filter(|line| line.starts_with("WWW-Authenticate"));
                let more: String = lines.map(|line| format!("{line}\r\n")).collect();
                answer(request, denied.status(), "c", &more, "")
            }
        }
    }
}

fn replies(rig: &mut Rig, carrier: &mut Carrier, good: &str) -> Message {
    let request = rig.one_to(PBX);
    let reply = carrier.answers(rig, &request, good);
    rig.receive(PBX, reply);
    request
}

#[test]
fn a_trunk_that_answers_is_up_and_one_that_does_not_is_down_after_two_probes() {
    let mut rig = meets(probed());
    let probe = rig.one_to(PBX);
    assert_eq!((probe.method(), text(probe.request_uri())), (Method::Options, "sip:192.0.2.10"));
    rig.receive(PBX, answer(&probe, 404, "p", "", ""));
    assert_eq!(news(&mut rig), [TrunkNews::Health(Health::Up)], "any answer shows that it is there");

    rig.pass_s(34);
    assert!(!rig.told(PBX).is_empty());
    assert_eq!(news(&mut rig), [], "one may get lost");
    rig.pass_s(34);
    assert_eq!(news(&mut rig), [TrunkNews::Health(Health::Down)]);
    rig.told(PBX);
    for _ in 0..2 {
        rig.pass_s(30);
        let probe = rig.sent_to(PBX).pop().unwrap();
        rig.receive(PBX, answer(&probe, 200, "p", "", ""));
    }
    assert_eq!(news(&mut rig), [TrunkNews::Health(Health::Up)]);
}

#[test]
fn a_trunk_that_is_not_probed_hears_nothing() {
    let mut rig = meets(Peering { probe_every: None, ..probed() });
    rig.pass_s(3_600);
    assert_eq!((rig.told(PBX), news(&mut rig)), (vec![], vec![]));
}

#[test]
fn the_next_address_is_asked_before_a_trunk_counts_as_silent() {
    let mut rig = meets(Peering { uri: "sip:carrier.example".to_owned(), ..probed() });
    assert_eq!(rig.told(PBX), [""; 0], "nobody knows yet where it is");
    found(&mut rig, &[PBX, SECOND]);
    rig.pass_s(35);
    assert!(!rig.told(PBX).is_empty());
    let probe = rig.sent_to(SECOND).pop().unwrap();
    rig.receive(SECOND, answer(&probe, 200, "p", "", ""));
    assert_eq!(news(&mut rig), [TrunkNews::Health(Health::Up)]);
    rig.pass_s(31);
    assert_eq!(rig.told(PBX), [""; 0], "who answered is asked again");
    assert!(!rig.told(SECOND).is_empty());
}

#[test]
fn a_registration_proves_who_we_are_and_is_renewed_at_half_of_what_was_granted() {
    let mut rig = meets(registered());
    let mut carrier = Carrier::new(&rig, "a trunk's password");
    let first = replies(&mut rig, &mut carrier, "");
    assert_eq!(first.header(Name::Authorization), None);
    assert_eq!(header(&first, Name::To), "<sip:62215550100@192.0.2.10>");
    assert_eq!(header(&first, Name::Contact), "<sip:62215550100@198.51.100.1:5060>");
    assert_eq!(header(&first, Name::Expires), "600");
    let granted = "Contact: <sip:x@192.0.2.99>;expires=9, <sip:62215550100@198.51.100.1>;expires=120\r\n";
    let second = replies(&mut rig, &mut carrier, granted);
    assert_eq!((first.cseq().0, second.cseq().0), (1, 2));
    assert_eq!(first.call_id(), second.call_id());
    assert_eq!(news(&mut rig), [TrunkNews::Registered { for_s: 120 }]);

    rig.pass_s(59);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.pass_s(1);
    let third = replies(&mut rig, &mut carrier, granted);
    assert!(third.header(Name::Authorization).is_some(), "it is not challenged twice");
    assert_eq!(news(&mut rig), [TrunkNews::Registered { for_s: 120 }]);
}

#[test]
fn a_wrong_password_is_not_tried_again_and_again() {
    let mut rig = meets(registered());
    let mut carrier = Carrier::new(&rig, "another password");
    let mut requests = 0;
    for _ in 0..600 {
        while let Some(request) = rig.sent_to(PBX).pop() {
            requests += 1;
            let reply = carrier.answers(&rig, &request, "");
            rig.receive(PBX, reply);
        }
        rig.pass_s(1);
    }
    let news = news(&mut rig);
    assert!(
        news.iter().all(|news| *news == TrunkNews::NotRegistered(NotRegistered::Login(NoAnswer::Refused)))
    );
    assert!((4..=10).contains(&requests), "{requests} in ten minutes");
}

#[test]
fn a_challenge_without_a_login_is_an_answer_and_no_more() {
    let mut rig = meets(probed());
    let mut carrier = Carrier::new(&rig, "x");
    replies(&mut rig, &mut carrier, "");
    assert_eq!(rig.told(PBX), [""; 0]);
    assert_eq!(news(&mut rig), [TrunkNews::Health(Health::Up)]);
}

#[test]
fn a_registration_that_is_too_brief_is_asked_for_as_the_trunk_wishes() {
    let mut rig = meets(registered());
    let first = rig.one_to(PBX);
    rig.receive(PBX, answer(&first, 423, "c", "Min-Expires: 1800\r\n", ""));
    let second = rig.one_to(PBX);
    assert_eq!(header(&second, Name::Expires), "1800");
    rig.receive(PBX, answer(&second, 423, "c", "Min-Expires: 3600\r\n", ""));
    assert_eq!(rig.told(PBX), [""; 0]);
    assert_eq!(news(&mut rig), [TrunkNews::NotRegistered(NotRegistered::Interval)]);
}

#[test]
fn a_registrar_that_fails_is_replaced_by_the_next_and_a_registration_that_runs_out_is_told() {
    let mut rig = meets(Peering { uri: "sip:carrier.example".to_owned(), ..registered() });
    assert_eq!(news(&mut rig), [TrunkNews::NotRegistered(NotRegistered::NoAddress)]);
    found(&mut rig, &[PBX, SECOND]);
    let asked = rig.one_to(PBX);
    rig.receive(PBX, answer(&asked, 503, "c", "Retry-After: 60\r\n", ""));
    let asked = rig.one_to(SECOND);
    rig.receive(SECOND, answer(&asked, 200, "c", "Expires: 60\r\n", ""));
    assert_eq!(news(&mut rig), [TrunkNews::Registered { for_s: 60 }]);

    rig.pass_s(60);
    assert!(!rig.told(SECOND).is_empty() && !rig.told(PBX).is_empty(), "each is asked in turn");
    let heard = news(&mut rig);
    assert_eq!(heard.last(), Some(&TrunkNews::Lapsed), "{heard:?}");
    assert!(heard.contains(&TrunkNews::NotRegistered(NotRegistered::NoAnswer)));
}

#[test]
fn a_peer_that_cannot_be_connected_to_is_not_waited_for() {
    let mut rig = meets(Peering { uri: "sip:192.0.2.10;transport=tcp".to_owned(), ..registered() });
    let sent = rig.sent();
    assert_eq!(sent[0].0.transport, Transport::Tcp);
    assert_eq!(header(&sent[0].1, Name::Contact), "<sip:62215550100@198.51.100.1:5060;transport=tcp>");
    rig.unreachable(sent[0].0);
    assert_eq!(news(&mut rig), [TrunkNews::NotRegistered(NotRegistered::NoAnswer)]);
    rig.pass_s(14);
    assert!(rig.sent().is_empty());
    rig.pass_s(16);
    assert_eq!(rig.sent().len(), 1, "half a minute later at most");
}

#[test]
fn who_leaves_takes_the_registration_back() {
    let mut rig = meets(registered());
    let mut carrier = Carrier::new(&rig, "a trunk's password");
    replies(&mut rig, &mut carrier, "");
    replies(&mut rig, &mut carrier, "");
    news(&mut rig);
    let mut out = Output::default();
    rig.stack.leave(rig.now, &mut rig.mint, &mut out);
    assert!(!rig.stack.has_left());
    let last = Message::parse(out.sends[0].bytes.clone()).unwrap();
    assert_eq!((header(&last, Name::Expires), out.sends.len()), ("0", 1));
    let reply = carrier.answers(&rig, &last, "");
    rig.receive(PBX, reply);
    assert!(rig.stack.has_left());
    assert_eq!(news(&mut rig), [TrunkNews::Unregistered]);
    rig.pass_s(7_200);
    assert_eq!(rig.told(PBX), [""; 0]);
}

#[test]
fn who_was_never_registered_leaves_at_once() {
    let mut rig = meets(registered());
    rig.told(PBX);
    let mut out = Output::default();
    rig.stack.leave(rig.now, &mut rig.mint, &mut out);
    assert!(rig.stack.has_left() && out.sends.is_empty());
    rig.ends_clean();
}

/// Carriers that lose, refuse, want more time and come back, by seed: as long as one answers, we are registered there
/// most of the time, and nobody is ever asked more often than is decent.
#[test]
fn in_any_weather_a_trunk_is_asked_decently_and_registered_with_when_it_can_be() {
    for seed in 0..200_u64 {
        let mut rig = meets(Peering { probe_every: Some(Duration::from_secs(30)), ..registered() });
        let mut carrier = Carrier::new(&rig, "a trunk's password");
        let (mut state, mut sent) = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, 0);
        let mut chance = |most: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % most
        };
        let bad = 600 + chance(600);
        for second in 0..bad + 400 {
            for request in rig.sent_to(PBX) {
                sent += 1;
                let reply = match if second < bad { chance(6) } else { 5 } {
                    0 => continue,
                    1 => answer(&request, 503, "c", "Retry-After: 99999999999\r\n", ""),
                    2 => answer(&request, 423, "c", &format!("Min-Expires: {}\r\n", chance(2_000)), ""),
                    3 => answer(&request, 401, "c", "WWW-Authenticate: Digest realm=\"x\"\r\n", ""),
                    4 => answer(&request, 200, "c", "Contact: *\r\nExpires: 0\r\n", ""),
                    _ => carrier.answers(&rig, &request, "Expires: 3600\r\n"),
                };
                rig.receive(PBX, reply);
            }
            rig.pass_s(1);
        }
        let news = news(&mut rig);
        let last = news.iter().rev().find(|news| !matches!(news, TrunkNews::Health(_)));
        assert_eq!(last, Some(&TrunkNews::Registered { for_s: 3_600 }), "seed {seed}");
        let health = news.iter().rev().find(|news| matches!(news, TrunkNews::Health(_)));
        assert_eq!(health, Some(&TrunkNews::Health(Health::Up)), "seed {seed}");
        assert!(sent < 900, "seed {seed}: {sent} requests");
    }
}

/// Registered at the carrier, which has told so.
fn at_the_carrier() -> (Rig, Carrier) {
    let mut rig = meets(registered());
    let mut carrier = Carrier::new(&rig, "a trunk's password");
    replies(&mut rig, &mut carrier, "");
    replies(&mut rig, &mut carrier, "Contact: <sip:62215550100@198.51.100.1>;expires=600\r\n");
    assert_eq!(news(&mut rig), [TrunkNews::Registered { for_s: 600 }]);
    (rig, carrier)
}

#[test]
fn a_trunk_that_stays_as_it_was_is_not_disturbed_by_new_rules() {
    let (mut rig, mut carrier) = at_the_carrier();
    let other = Peering { trunk: "other".to_owned(), uri: "sip:192.0.2.20".to_owned(), ..probed() };
    assert_eq!(rig.meet_others(vec![other, registered()]), ["other"]);
    assert_eq!(rig.told(PBX), [""; 0], "it hears nothing of it");
    assert_eq!(rig.one_to(SECOND).method(), Method::Options, "the new one is asked at once");
    rig.pass_s(300);
    let renewed = replies(&mut rig, &mut carrier, "");
    assert!(
        renewed.header(Name::Authorization).is_some() && renewed.cseq().0 == 3,
        "it is renewed as before"
    );
}

#[test]
fn a_trunk_that_is_gone_is_signed_off_from_and_left_alone() {
    let (mut rig, mut carrier) = at_the_carrier();
    assert_eq!(rig.meet_others(Vec::new()), [""; 0]);
    let last = replies(&mut rig, &mut carrier, "");
    assert_eq!(header(&last, Name::Expires), "0");
    assert_eq!(news(&mut rig), [TrunkNews::Unregistered]);
    rig.pass_s(3_600);
    assert_eq!(rig.told(PBX), [""; 0]);
    assert_eq!(rig.meet_others(vec![probed()]), ["carrier"], "and may come back");
    assert_eq!(rig.one_to(PBX).method(), Method::Options);
}

#[test]
fn a_trunk_with_another_password_registers_anew_without_being_signed_off_from() {
    let (mut rig, _) = at_the_carrier();
    let login = Some(("62215550100".to_owned(), Password::plain("the new one")));
    let mut carrier = Carrier::new(&rig, "the new one");
    assert_eq!(rig.meet_others(vec![Peering { login, ..registered() }]), ["carrier"]);
    let first = replies(&mut rig, &mut carrier, "");
    assert_eq!(header(&first, Name::Expires), "600", "taking the old one back would take back the new one");
    replies(&mut rig, &mut carrier, "");
    assert_eq!(news(&mut rig), [TrunkNews::Registered { for_s: 600 }]);
}
