//! Several phones of one agent ring at once: the first that answers has the call.

use crate::{
    idle_agent::offer,
    recovery::last_leg,
    rig::{PBX, PHONE, Peer, Rig, address, answer, header, lines, phone_sdp, text},
};
use sip::{
    CallKey, Flow, LegKey, MAX_AT_ONCE, Notice, Phone, cancels_from_record,
    wire::{Message, Method, Name},
};

const OFFICE: &str = PHONE;
const HOME: &str = "203.0.113.8:5070";
const MOBILE: &str = "203.0.113.9:5070";
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

fn at(place: &str) -> Phone {
    Phone::at(format!("sip:ann@{place}"), Flow::udp(address(place)))
}

fn contact(place: &str) -> String {
    format!("Contact: <sip:ann@{place}>\r\n")
}

/// Her phones at these places are rung; what each of them gets.
fn rung(rig: &mut Rig, places: &[&str]) -> (CallKey, LegKey, Vec<Message>) {
    let call = offer(rig, &Peer::caller("621"));
    let leg = rig.ring_all(call, 1, places.iter().map(|place| at(place)).collect());
    let invites = places.iter().map(|place| rig.one_to(place)).collect();
    (call, leg, invites)
}

fn answers(rig: &mut Rig, place: &str, invite: &Message, status: u16) {
    let body = if status == 200 { phone_sdp() } else { String::new() };
    rig.receive(place, answer(invite, status, "p", &contact(place), &body));
}

#[test]
fn all_her_phones_ring_at_once_each_in_a_dialog_of_its_own() {
    let mut rig = Rig::new();
    let (_, leg, invites) = rung(&mut rig, &[OFFICE, HOME, MOBILE]);
    for (invite, place) in invites.iter().zip([OFFICE, HOME, MOBILE]) {
        assert_eq!(text(invite.request_uri()), format!("sip:ann@{place}"));
        assert_eq!(
            (header(invite, Name::To), invite.body()),
            (format!("<sip:ann@{place}>").as_str(), invites[0].body())
        );
    }
    for name in [Name::CallId, Name::From, Name::Via] {
        assert_ne!(header(&invites[0], name), header(&invites[1], name));
        assert_ne!(header(&invites[1], name), header(&invites[2], name));
    }
    for (place, invite) in [(HOME, &invites[1]), (OFFICE, &invites[0]), (MOBILE, &invites[2])] {
        answers(&mut rig, place, invite, 180);
    }
    assert_eq!(rig.notices(), [Notice::PhoneProgress { leg, status: 180 }], "she rings: that is told once");
    assert_eq!(rig.told(PBX), ["180 INVITE"]);
}

#[test]
fn the_first_that_answers_has_the_call_and_the_others_show_no_missed_one() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, invites) = rung(&mut rig, &[OFFICE, HOME, MOBILE]);
    answers(&mut rig, OFFICE, &invites[0], 180);
    answers(&mut rig, HOME, &invites[1], 180);
    answers(&mut rig, HOME, &invites[1], 200);
    let cancel = rig.one_to(OFFICE);
    assert_eq!((cancel.method(), cancel.top_via()), (Method::Cancel, invites[0].top_via()));
    assert_eq!((cancel.call_id(), header(&cancel, Name::Reason)), (invites[0].call_id(), ELSEWHERE));
    assert_eq!(
        rig.told(MOBILE),
        [""; 0],
        "it has said nothing yet, so it cannot be cancelled (RFC 3261 §9.1)"
    );
    assert_eq!(rig.notices().last(), Some(&Notice::PhoneAnswered { leg }));
    rig.connect(leg);
    assert_eq!(rig.told(HOME), ["ACK"]);
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));

    rig.receive(OFFICE, answer(&cancel, 200, "p", "", ""));
    answers(&mut rig, OFFICE, &invites[0], 487);
    assert_eq!(rig.told(OFFICE), ["ACK"]);
    answers(&mut rig, MOBILE, &invites[2], 180);
    let late = rig.one_to(MOBILE);
    assert_eq!((late.method(), header(&late, Name::Reason)), (Method::Cancel, ELSEWHERE));
    rig.receive(MOBILE, answer(&late, 200, "p", "", ""));
    answers(&mut rig, MOBILE, &invites[2], 487);
    assert_eq!(rig.told(MOBILE), ["ACK"]);
    assert_eq!(rig.notices(), [], "nobody hears of those");

    // They talk as any two do.
    let mut phone = Peer { at: HOME, ..Peer::phone(&invites[1], "p") };
    rig.receive(HOME, phone.bye());
    assert_eq!(rig.told(HOME), ["200 BYE"]);
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
    rig.end(leg.call, 200);
    let bye = rig.one_to(PBX);
    rig.receive(PBX, answer(&bye, 200, "", "", ""));
    rig.notices();
    rig.ends_clean();
}

#[test]
fn two_who_answer_at_once_are_one_talk_and_one_apology() {
    let mut rig = Rig::new();
    let (_, leg, invites) = rung(&mut rig, &[OFFICE, HOME]);
    answers(&mut rig, OFFICE, &invites[0], 180);
    answers(&mut rig, OFFICE, &invites[0], 200);
    answers(&mut rig, HOME, &invites[1], 200);
    let sent = rig.sent_to(HOME);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    assert_eq!(header(&sent[1], Name::Reason), ELSEWHERE);
    answers(&mut rig, HOME, &invites[1], 200);
    assert_eq!(rig.told(HOME), ["ACK"], "it had missed that");
    assert_eq!(rig.notices().last(), Some(&Notice::PhoneAnswered { leg }));
    rig.connect(leg);
    assert_eq!(rig.told(OFFICE), ["ACK"]);
    // A BYE that crosses ours is answered, and ends nothing else.
    let mut home = Peer { at: HOME, ..Peer::phone(&invites[1], "p") };
    rig.receive(HOME, home.bye());
    assert_eq!((rig.told(HOME), rig.notices()), (vec!["200 BYE".to_owned()], vec![]));
}

#[test]
fn a_phone_that_is_busy_leaves_the_call_to_the_others() {
    let mut rig = Rig::new();
    let (_, leg, invites) = rung(&mut rig, &[OFFICE, HOME]);
    answers(&mut rig, OFFICE, &invites[0], 486);
    assert_eq!((rig.told(OFFICE), rig.notices()), (vec!["ACK".to_owned()], vec![]));
    answers(&mut rig, HOME, &invites[1], 200);
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
}

#[test]
fn a_refusal_for_all_her_phones_ends_them_all() {
    for status in [600, 603] {
        let mut rig = Rig::new();
        let (call, leg, invites) = rung(&mut rig, &[OFFICE, HOME]);
        answers(&mut rig, HOME, &invites[1], 180);
        answers(&mut rig, OFFICE, &invites[0], status);
        assert_eq!(rig.told(HOME), ["CANCEL"]);
        assert_eq!(rig.notices().last(), Some(&Notice::PhoneRefused { leg, status }));
        answers(&mut rig, HOME, &invites[1], 200);
        assert_eq!(rig.told(HOME), ["ACK", "BYE"], "it had answered before it heard");
        assert_eq!(rig.notices(), []);
        rig.end(call, 480);
    }
}

#[test]
fn when_all_have_refused_the_one_that_says_most_is_her_answer() {
    for (said, told) in [([404, 486, 480], 486), ([500, 404, 480], 404), ([486, 302, 503], 486)] {
        let mut rig = Rig::new();
        let places = [OFFICE, HOME, MOBILE];
        let (_, leg, invites) = rung(&mut rig, &places);
        for ((place, invite), status) in places.iter().zip(&invites).zip(said) {
            assert_eq!(rig.notices(), []);
            answers(&mut rig, place, invite, status);
        }
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: told }], "{said:?}");
    }
}

#[test]
fn a_phone_nobody_can_connect_to_does_not_keep_the_others_from_ringing() {
    let mut rig = Rig::new();
    let (_, leg, invites) = rung(&mut rig, &[OFFICE, HOME]);
    rig.unreachable(Flow::udp(address(OFFICE)));
    assert_eq!(rig.notices(), []);
    answers(&mut rig, HOME, &invites[1], 486);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 486 }]);
}

#[test]
fn all_her_phones_stop_ringing_when_the_call_goes_elsewhere() {
    let mut rig = Rig::new();
    let (call, leg, invites) = rung(&mut rig, &[OFFICE, HOME, MOBILE]);
    answers(&mut rig, OFFICE, &invites[0], 180);
    answers(&mut rig, HOME, &invites[1], 180);
    rig.drop_leg(leg, 408);
    assert_eq!(
        [rig.told(OFFICE), rig.told(HOME), rig.told(MOBILE)],
        [vec!["CANCEL"], vec!["CANCEL"], vec![]]
    );
    answers(&mut rig, OFFICE, &invites[0], 487);
    answers(&mut rig, HOME, &invites[1], 200);
    answers(&mut rig, MOBILE, &invites[2], 486);
    assert_eq!(rig.told(HOME), ["ACK", "BYE"]);
    rig.end(call, 480);
    let kinds = rig.notices();
    assert!(
        kinds
            .iter()
            .all(|notice| !matches!(notice, Notice::PhoneRefused { .. } | Notice::PhoneAnswered { .. })),
        "{kinds:?}"
    );
    rig.pass_s(40);
    rig.ends_clean();
}

#[test]
fn a_2xx_without_a_description_is_ended_and_the_others_ring_on() {
    let mut rig = Rig::new();
    let (_, leg, invites) = rung(&mut rig, &[OFFICE, HOME]);
    rig.receive(OFFICE, answer(&invites[0], 200, "p", &contact(OFFICE), ""));
    assert_eq!((rig.told(OFFICE), rig.notices()), (vec!["ACK".to_owned(), "BYE".to_owned()], vec![]));
    answers(&mut rig, HOME, &invites[1], 200);
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
}

#[test]
fn no_more_phones_ring_than_anybody_needs() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let phones = (0..20).map(|n| at(&format!("203.0.113.{}:5070", 50 + n)));
    rig.ring_all(call, 1, phones.collect());
    assert_eq!(rig.sent().len(), MAX_AT_ONCE);
}

#[test]
fn every_phone_that_rang_can_be_cancelled_from_the_record() {
    let mut rig = Rig::new();
    let (_, _, invites) = rung(&mut rig, &[OFFICE, HOME, MOBILE]);
    answers(&mut rig, HOME, &invites[1], 486);
    let record = last_leg(&rig.kept);
    let cancels: Vec<_> = cancels_from_record(&record).collect();
    let to: Vec<Flow> = cancels.iter().map(|(to, _)| *to).collect();
    assert_eq!(to, [OFFICE, MOBILE].map(|place| Flow::udp(address(place))));
    let cancel = Message::parse(cancels[1].1.clone()).unwrap();
    assert_eq!((cancel.method(), cancel.top_via()), (Method::Cancel, invites[2].top_via()));
}
