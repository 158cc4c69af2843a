//! One phone at several places (RFC 3263 §4.3), and INVITEs that are long for a datagram (RFC 3261 §18.1.1).

use crate::{
    idle_agent::{CONTACT, offer},
    recovery::last_leg,
    rig::{PBX, PHONE, Peer, Rig, US, address, answer, config, header, lines, phone_sdp, sdp, text},
};
use sip::{
    CallKey, Config, Flow, LegKey, MAX_PLACES, Notice, Phone, Transport,
    wire::{Method, Name},
};

const SECOND: &str = "203.0.113.8:5070";
const THIRD: &str = "203.0.113.9:5070";

fn flow(at: &str) -> Flow {
    Flow::udp(address(at))
}

fn at(places: &[&str]) -> Phone {
    let others = places[1..].iter().map(|place| flow(place)).collect();
    Phone { others, ..Phone::at("sip:ann@phones.example".to_owned(), flow(places[0])) }
}

fn ringing(rig: &mut Rig, phone: Phone) -> (CallKey, LegKey) {
    let call = offer(rig, &Peer::caller("621"));
    (call, rig.ring_all(call, 1, vec![phone]))
}

fn nobody(leg: LegKey, place: Flow) -> Notice {
    Notice::NobodyAt { leg, place }
}

#[test]
fn a_place_that_cannot_take_the_call_now_is_followed_by_the_next() {
    let mut rig = Rig::new();
    let (_, leg) = ringing(&mut rig, at(&[PHONE, SECOND, THIRD]));
    let first = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&first, 503, "p", "", ""));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let second = rig.one_to(SECOND);
    assert_eq!((second.call_id(), second.from_tag()), (first.call_id(), first.from_tag()));
    assert_eq!((second.cseq().0, second.request_uri()), (2, first.request_uri()));
    assert_ne!(second.top_via().branch(), first.top_via().branch());
    rig.unreachable(flow(SECOND));
    let third = rig.one_to(THIRD);
    assert_eq!(rig.notices(), [nobody(leg, flow(PHONE)), nobody(leg, flow(SECOND))]);
    assert_eq!((last_leg(&rig.kept).to, &last_leg(&rig.kept).invite), (flow(THIRD), third.bytes()));
    rig.receive(THIRD, answer(&third, 200, "p", CONTACT, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
}

#[test]
fn the_last_place_decides() {
    let mut rig = Rig::new();
    let (call, leg) = ringing(&mut rig, at(&[PHONE, SECOND]));
    for place in [PHONE, SECOND] {
        let invite = rig.one_to(place);
        rig.receive(place, answer(&invite, 503, "p", "", ""));
        rig.told(place);
    }
    assert_eq!(rig.notices(), [nobody(leg, flow(PHONE)), Notice::PhoneRefused { leg, status: 503 }]);
    rig.end(call, 480);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn who_is_there_and_refuses_is_not_asked_elsewhere() {
    for status in [408, 480, 486, 500, 603] {
        let mut rig = Rig::new();
        let (_, leg) = ringing(&mut rig, at(&[PHONE, SECOND]));
        let invite = rig.one_to(PHONE);
        rig.receive(PHONE, answer(&invite, status, "p", "", ""));
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status }]);
        assert_eq!(rig.told(SECOND), [""; 0]);
    }
}

#[test]
fn a_silent_place_is_passed_over_and_what_it_says_late_is_ended() {
    let mut rig = Rig::new();
    let (_, leg) = ringing(&mut rig, at(&[PHONE, SECOND]));
    let first = rig.one_to(PHONE);
    rig.pass_s(4);
    let repeated = rig.sent_to(PHONE);
    assert!(repeated.iter().all(|again| again.bytes() == first.bytes()) && repeated.len() == 3);
    let second = rig.one_to(SECOND);
    assert_eq!(rig.notices(), [nobody(leg, flow(PHONE))]);
    assert_ne!(second.call_id(), first.call_id(), "nobody may take the two for one");
    assert_ne!(second.from_tag(), first.from_tag());
    rig.receive(SECOND, answer(&second, 180, "q", "", ""));
    rig.pass_s(10);
    assert_eq!(rig.told(PHONE), [""; 0], "it is left alone");
    rig.receive(PHONE, answer(&first, 180, "p", "", ""));
    let cancel = rig.one_to(PHONE);
    assert_eq!((cancel.method(), cancel.call_id()), (Method::Cancel, first.call_id()));
    rig.receive(PHONE, answer(&first, 200, "p", CONTACT, &phone_sdp()));
    let ended = rig.sent_to(PHONE);
    assert_eq!(lines(&ended), ["ACK", "BYE"]);
    rig.receive(SECOND, answer(&second, 200, "q", "Contact: <sip:ann@203.0.113.8:5070>\r\n", &phone_sdp()));
    assert_eq!(rig.notices().last(), Some(&Notice::PhoneAnswered { leg }));
    rig.connect(leg);
    assert_eq!(rig.told(SECOND), ["ACK"]);
}

#[test]
fn a_place_that_says_anything_at_all_is_waited_for() {
    let mut rig = Rig::new();
    ringing(&mut rig, at(&[PHONE, SECOND]));
    let first = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&first, 100, "", "", ""));
    rig.pass_s(60);
    assert_eq!(rig.told(SECOND), [""; 0]);
}

#[test]
fn a_phone_with_one_place_is_rung_there_until_timer_b() {
    let mut rig = Rig::new();
    let (_, leg) = ringing(&mut rig, at(&[PHONE]));
    rig.pass_s(31);
    assert_eq!(rig.notices(), []);
    rig.pass_s(2);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 408 }]);
}

#[test]
fn no_more_places_are_tried_than_make_sense() {
    let mut rig = Rig::new();
    let places: Vec<String> = (0..40).map(|n| format!("203.0.113.{}:5070", 50 + n)).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let (_, leg) = ringing(&mut rig, at(&places));
    for place in &places[..MAX_PLACES] {
        rig.unreachable(flow(place));
    }
    assert_eq!(rig.sent().len(), MAX_PLACES);
    assert_eq!(rig.notices().last(), Some(&Notice::PhoneRefused { leg, status: 503 }));
}

fn with_tcp() -> Config {
    Config { streams: vec![(Transport::Tcp, address(US))], ..config() }
}

fn tcp(at: &str) -> Flow {
    Flow::to(Transport::Tcp, address(at))
}

/// A caller whose description is long, as those of browsers and of phones with many codings are.
fn offers_much(rig: &mut Rig, name: &str) -> CallKey {
    let caller = Peer { call_id: name.to_owned(), ..Peer::caller("621") };
    let much =
        sdp("192.0.2.10", 20_000, "8 0") + &"a=candidate:1 1 UDP 1 192.0.2.10 20000 typ host\r\n".repeat(30);
    rig.receive(PBX, caller.request(Method::Invite, "", &much));
    rig.told(PBX);
    match rig.notices().as_slice() {
        [Notice::CallOffered { call, .. }] => *call,
        other => panic!("{other:?}"),
    }
}

fn any_transport() -> Phone {
    Phone { streams: true, ..Phone::at("sip:ann@203.0.113.7:5070".to_owned(), flow(PHONE)) }
}

#[test]
fn a_long_invite_goes_over_tcp_where_the_uri_leaves_that_open() {
    let mut rig = Rig::with(with_tcp());
    let call = offers_much(&mut rig, "a");
    let leg = rig.ring_all(call, 1, vec![any_transport()]);
    let [(to, invite)] = rig.sent().try_into().unwrap();
    assert_eq!(to, tcp(PHONE));
    assert!(
        header(&invite, Name::Via).starts_with("SIP/2.0/TCP ")
            && header(&invite, Name::Contact).contains("transport=tcp")
    );
    assert_eq!(invite.cseq().0, 1);
    rig.receive_on(tcp(PHONE), answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
}

#[test]
fn a_peer_that_takes_no_connection_gets_the_datagram_and_the_next_one_at_once() {
    let mut rig = Rig::with(with_tcp());
    let call = offers_much(&mut rig, "a");
    let leg = rig.ring_all(call, 1, vec![any_transport()]);
    rig.sent();
    rig.unreachable(tcp(PHONE));
    let [(to, invite)] = rig.sent().try_into().unwrap();
    assert_eq!(to, flow(PHONE));
    assert!(header(&invite, Name::Via).starts_with("SIP/2.0/UDP "));
    assert_eq!(rig.notices(), [nobody(leg, tcp(PHONE))]);
    rig.end(call, 480);
    rig.sent();
    rig.notices();
    let call = offers_much(&mut rig, "b");
    rig.ring_all(call, 1, vec![any_transport()]);
    assert_eq!(rig.sent()[0].0, flow(PHONE), "it is known by now");
    rig.end(call, 480);
    rig.sent();
    rig.pass_s(660);
    rig.notices();
    rig.sent();
    let call = offers_much(&mut rig, "c");
    rig.ring_all(call, 1, vec![any_transport()]);
    assert_eq!(rig.sent()[0].0, tcp(PHONE), "and may have changed");
}

#[test]
fn a_connection_that_leads_nowhere_delays_a_long_invite_by_two_seconds() {
    let mut rig = Rig::with(with_tcp());
    let call = offers_much(&mut rig, "a");
    rig.ring_all(call, 1, vec![any_transport()]);
    let [(_, first)] = rig.sent().try_into().unwrap();
    rig.pass_s(2);
    let [(to, invite)] = rig.sent().try_into().unwrap();
    assert_eq!(to, flow(PHONE));
    // It got through after all.
    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    rig.receive_on(tcp(PHONE), answer(&first, 180, "q", "", ""));
    let mut sent = rig.sent();
    sent.retain(|(_, message)| message.method() == Method::Cancel);
    let [(to, cancel)] = sent.try_into().unwrap();
    assert_eq!((to, cancel.call_id()), (tcp(PHONE), first.call_id()));
}

#[test]
fn short_invites_named_transports_and_hosts_without_tcp_stay_with_datagrams() {
    let mut rig = Rig::with(with_tcp());
    let call = offer(&mut rig, &Peer::caller("622"));
    rig.ring_all(call, 1, vec![any_transport()]);
    let [(to, invite)] = rig.sent().try_into().unwrap();
    assert!(to == flow(PHONE) && invite.bytes().len() <= 1_300);

    let mut rig = Rig::with(with_tcp());
    let call = offers_much(&mut rig, "a");
    rig.ring_all(call, 1, vec![Phone { streams: false, ..any_transport() }]);
    assert_eq!(rig.sent()[0].0, flow(PHONE), "its URI names one");

    let mut rig = Rig::new();
    let call = offers_much(&mut rig, "a");
    rig.ring_all(call, 1, vec![any_transport()]);
    let [(to, invite)] = rig.sent().try_into().unwrap();
    assert!(to == flow(PHONE) && invite.bytes().len() > 1_300, "who takes no connection makes none for that");
    assert!(text(&invite.body()).contains("candidate"));
}

#[test]
fn a_long_invite_tries_tcp_at_every_place_before_its_datagram() {
    let mut rig = Rig::with(with_tcp());
    let call = offers_much(&mut rig, "a");
    rig.ring_all(call, 1, vec![Phone { streams: true, ..at(&[PHONE, SECOND]) }]);
    let mut went = Vec::new();
    for _ in 0..4 {
        let [(to, _)] = rig.sent().try_into().unwrap();
        went.push(to);
        rig.unreachable(to);
    }
    assert_eq!(went, [tcp(PHONE), flow(PHONE), tcp(SECOND), flow(SECOND)]);
}
