//! Provisional responses that have to arrive: ours to callers, and those of phones.

use crate::{
    idle_agent::{CONTACT, answers, offer, ringing},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, header, lines, phone_sdp, sdp, text},
};
use sip::{
    CallKey, Left, LegKey, Notice, Treatment,
    wire::{Message, Method, Name},
};

const REQUIRED: &str = "Require: 100rel\r\n";
const CAN: &str = "Supported: 100rel\r\n";

pub fn offered(rig: &mut Rig, caller: &Peer, more: &str) -> CallKey {
    rig.receive(PBX, caller.request(Method::Invite, more, &caller_sdp()));
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    match rig.notices().as_slice() {
        [Notice::CallOffered { call, .. }] => *call,
        other => panic!("{other:?}"),
    }
}

fn rseq(response: &Message) -> u32 {
    response.rseq().unwrap()
}

pub fn prack(caller: &mut Peer, response: &Message, body: &str) -> String {
    caller.learn(response);
    let rack = format!("RAck: {} {} INVITE\r\n", rseq(response), response.cseq().0);
    caller.next(Method::Prack, &rack, body)
}

/// The phone of a caller who demands reliable responses rings, and 180 was received.
fn ringing_reliably(rig: &mut Rig, caller: &mut Peer) -> (CallKey, LegKey, Message) {
    let call = offered(rig, caller, REQUIRED);
    let (leg, invite) = ringing(rig, call, 1);
    let rings = rig.one_to(PBX);
    rig.receive(PBX, prack(caller, &rings, ""));
    assert_eq!(rig.told(PBX), ["200 PRACK"]);
    (call, leg, invite)
}

#[test]
fn a_caller_who_demands_it_gets_a_provisional_response_until_it_is_received() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    ringing(&mut rig, call, 1);
    let rings = rig.one_to(PBX);
    assert_eq!((rings.status(), header(&rings, Name::Require)), (Some(180), "100rel"));
    assert!(rseq(&rings) < 1 << 31);
    rig.pass(std::time::Duration::from_millis(3_500));
    let again = rig.sent_to(PBX);
    assert_eq!(lines(&again), ["180 INVITE"; 3], "after 0.5, 1.5 and 3.5 s");
    assert!(again.iter().all(|again| again.bytes() == rings.bytes()));
    rig.receive(PBX, caller.request(Method::Invite, REQUIRED, &caller_sdp()));
    assert_eq!(rig.one_to(PBX).bytes(), rings.bytes());
    let received = prack(&mut caller, &rings, "");
    rig.receive(PBX, received.clone());
    assert_eq!(rig.told(PBX), ["200 PRACK"]);
    rig.receive(PBX, received);
    assert_eq!(rig.told(PBX), ["200 PRACK"], "its repetition gets the same answer");
    rig.pass_s(30);
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]));
}

#[test]
fn a_prack_counts_only_for_what_it_names_exactly() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    ringing(&mut rig, call, 1);
    let rings = rig.one_to(PBX);
    caller.learn(&rings);
    let number = rseq(&rings);
    for rack in [
        format!("RAck: {} 1 INVITE\r\n", number + 1),
        format!("RAck: {number} 2 INVITE\r\n"),
        format!("RAck: {number} 1 UPDATE\r\n"),
        "RAck: nonsense\r\n".to_owned(),
        String::new(),
    ] {
        rig.receive(PBX, caller.next(Method::Prack, &rack, ""));
        assert_eq!(rig.told(PBX), ["481 PRACK"], "{rack}");
    }
    rig.receive(PBX, prack(&mut caller, &rings, ""));
    rig.receive(PBX, prack(&mut caller, &rings, ""));
    assert_eq!(rig.told(PBX), ["200 PRACK", "481 PRACK"], "it is received once");
}

#[test]
fn a_caller_who_never_receives_it_is_refused_and_lost() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    let (leg, _) = ringing(&mut rig, call, 1);
    rig.pass(std::time::Duration::from_millis(31_999));
    assert_eq!(rig.told(PBX), ["180 INVITE"; 7]);
    rig.pass(std::time::Duration::from_millis(1));
    let refusal = rig.one_to(PBX);
    assert_eq!(refusal.status(), Some(504));
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }]);
    rig.receive(PBX, caller.ack(&refusal));
    rig.drop_leg(leg, 487);
    rig.pass_s(33);
    rig.ends_clean();
}

#[test]
fn the_next_response_waits_until_the_one_before_is_received() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::Ringing);
    let queued = rig.one_to(PBX);
    ringing(&mut rig, call, 1);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.receive(PBX, prack(&mut caller, &queued, ""));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["200 PRACK", "180 INVITE"]);
    assert_eq!(rseq(&sent[1]), rseq(&queued) + 1);
    rig.receive(PBX, prack(&mut caller, &sent[1], ""));
    assert_eq!(rig.told(PBX), ["200 PRACK"]);
}

#[test]
fn a_waiting_caller_hears_from_us_every_minute_under_a_new_number() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::Ringing);
    let mut last = rig.one_to(PBX);
    for _ in 0..3 {
        rig.receive(PBX, prack(&mut caller, &last, ""));
        rig.told(PBX);
        rig.pass_s(60);
        let again = rig.one_to(PBX);
        assert_eq!((again.status(), rseq(&again)), (Some(182), rseq(&last) + 1));
        last = again;
    }
}

#[test]
fn an_answer_need_not_wait_for_a_ringing_tone_to_be_received() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    let (leg, invite) = ringing(&mut rig, call, 1);
    let rings = rig.one_to(PBX);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("m=audio 30000 "));
    rig.receive(PBX, prack(&mut caller, &rings, ""));
    assert_eq!(rig.told(PBX), ["200 PRACK"], "it may come late");
    let mut acker = Peer { seq: 1, ..caller };
    rig.receive(PBX, acker.ack(&ok));
    rig.pass_s(40);
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]), "nothing is repeated");
}

#[test]
fn a_caller_who_can_gets_early_music_reliably_and_a_ringing_tone_as_ever() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, CAN);
    rig.treat(call, Treatment::Ringing);
    let queued = rig.one_to(PBX);
    assert_eq!((queued.header(Name::RSeq), queued.header(Name::Require)), (None, None));
    rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
    let music = rig.one_to(PBX);
    assert_eq!((music.status(), header(&music, Name::Require)), (Some(183), "100rel"));
    assert!(text(&music.body()).contains("m=audio 20000 "));
    rig.pass_s(1);
    assert_eq!(rig.told(PBX), ["183 INVITE"]);
    rig.receive(PBX, prack(&mut caller, &music, ""));
    assert_eq!(rig.told(PBX), ["200 PRACK"]);
    rig.pass_s(59);
    let again = rig.one_to(PBX);
    assert_eq!((again.status(), again.body().len()), (Some(183), 0), "the offer is answered");
}

#[test]
fn an_answer_waits_until_the_description_of_the_music_is_received_and_has_none_itself() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
    let music = rig.one_to(PBX);
    rig.notices();
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    assert_eq!(rig.told(PBX), [""; 0], "RFC 3262 §3");
    let invite_seq = caller.seq;
    rig.receive(PBX, prack(&mut caller, &music, ""));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["200 PRACK", "200 INVITE"]);
    assert_eq!((sent[1].body().len(), sent[1].content_type()), (0, None));
    let mut acker = Peer { seq: invite_seq, ..caller.clone() };
    rig.receive(PBX, acker.ack(&sent[1]));
    let moved = rig.one_to(PBX);
    assert!(moved.method() == Method::Invite && text(&moved.body()).contains("m=audio 30000 "));
    rig.receive(PBX, answer(&moved, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"]);
    rig.drop_leg(leg, 200);
    rig.ends_clean();
}

#[test]
fn a_call_that_is_answered_with_music_waits_for_the_description_as_well() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
    let music = rig.one_to(PBX);
    rig.music(call);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.receive(PBX, prack(&mut caller, &music, ""));
    assert_eq!(rig.told(PBX), ["200 PRACK", "200 INVITE"]);
    assert!(matches!(rig.notices()[..], [Notice::Media { play: Some(_), .. }]), "it played all along");
}

#[test]
fn an_answer_whose_description_is_never_received_is_a_refusal() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
    rig.notices();
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    rig.notices();
    rig.pass_s(32);
    assert_eq!(rig.told(PBX).last().map(String::as_str), Some("504 INVITE"));
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }]);
    rig.drop_leg(leg, 480);
    rig.ends_clean();
}

#[test]
fn once_the_music_is_described_the_caller_may_make_another_offer() {
    for by in [Method::Prack, Method::Update] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let call = offered(&mut rig, &caller, REQUIRED);
        rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
        let music = rig.one_to(PBX);
        rig.notices();
        let moved = sdp("192.0.2.10", 26_000, "0");
        if by == Method::Prack {
            rig.receive(PBX, prack(&mut caller, &music, &moved));
        } else {
            rig.receive(PBX, prack(&mut caller, &music, ""));
            rig.told(PBX);
            rig.receive(PBX, caller.next(Method::Update, "", &moved));
        }
        let ok = rig.one_to(PBX);
        assert_eq!((ok.status(), ok.method()), (Some(200), by));
        assert!(text(&ok.body()).contains("m=audio 20000 RTP/AVP 0\r\n"), "{ok:?}");
        let notices = rig.notices();
        assert!(
            matches!(&notices[..], [Notice::Media { play: None, .. }, Notice::Media { play: Some(play), .. }]
                if play.to.port() == 26_000 && play.payload == 0),
            "{notices:?}"
        );
        let (leg, invite) = ringing(&mut rig, call, 1);
        assert!(text(&invite.body()).contains("m=audio 26000 "));
        answers(&mut rig, leg, &invite);
        rig.connect(leg);
        assert_eq!(rig.one_to(PBX).body().len(), 0);
    }
}

#[test]
fn an_offer_that_cannot_be_answered_is_refused_but_the_response_is_received() {
    for (body, status) in [("hello".to_owned(), 488), (sdp("192.0.2.10", 26_000, "18"), 488)] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let call = offered(&mut rig, &caller, REQUIRED);
        rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
        let music = rig.one_to(PBX);
        rig.receive(PBX, prack(&mut caller, &music, &body));
        rig.pass_s(30);
        assert_eq!(rig.told(PBX), [format!("{status} PRACK")]);
    }
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::Ringing);
    let queued = rig.one_to(PBX);
    rig.receive(PBX, prack(&mut caller, &queued, &caller_sdp()));
    assert_eq!(rig.told(PBX), ["500 PRACK"], "its first offer has no answer yet");
}

#[test]
fn a_caller_without_an_offer_who_demands_it_gets_no_provisional_response() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    rig.receive(PBX, caller.request(Method::Invite, REQUIRED, ""));
    rig.notices();
    let call = CallKey(1);
    rig.treat(call, Treatment::Ringing);
    assert_eq!(rig.told(PBX), ["100 INVITE"], "it would have to make our offer");
    rig.ring(call, 1);
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && !ok.body().is_empty());
    rig.receive(PBX, caller.ack_with(&ok, &caller_sdp()));
    assert_eq!(rig.told(PHONE), ["INVITE"]);
}

#[test]
fn a_caller_who_cancels_ends_what_is_repeated() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, REQUIRED);
    rig.treat(call, Treatment::Ringing);
    rig.told(PBX);
    rig.receive(PBX, caller.request(Method::Cancel, "", ""));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["200 CANCEL", "487 INVITE"]);
    let mut acker = caller;
    rig.receive(PBX, acker.ack(&sent[1]));
    rig.pass_s(40);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.ends_clean();
}

#[test]
fn after_the_answer_a_late_call_goes_on_as_ever() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, invite) = ringing_reliably(&mut rig, &mut caller);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let ok = rig.one_to(PBX);
    assert!(!ok.body().is_empty(), "180 had no description");
    let mut acker = Peer { seq: 1, ..caller.clone() };
    rig.receive(PBX, acker.ack(&ok));
    rig.receive(PBX, caller.next(Method::Invite, REQUIRED, &sdp("192.0.2.10", 26_000, "8")));
    rig.told(PHONE);
    assert_eq!(rig.told(PBX), ["100 INVITE"], "a re-INVITE has no response of that kind");
    rig.end(call, 480);
}

fn phone_says(status: u16, tag: &str, number: u32, invite: &Message, body: &str) -> String {
    let more =
        format!("{CONTACT}Record-Route: <sip:203.0.113.20;lr>\r\nRequire: 100rel\r\nRSeq: {number}\r\n");
    answer(invite, status, tag, &more, body)
}

#[test]
fn a_phone_that_demands_it_gets_its_prack() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    assert!(!invite.lists(Name::Supported, "100rel"), "we do not ask for it");
    rig.receive(PHONE, phone_says(180, "p", 7, &invite, ""));
    let received = rig.one_to("203.0.113.20:5060");
    assert_eq!((received.cseq(), header(&received, Name::RAck)), ((2, Method::Prack), "7 1 INVITE"));
    assert_eq!(
        (received.to_tag(), text(received.request_uri())),
        (Some(&b"p"[..]), "sip:ann@203.0.113.7:5070")
    );
    assert_eq!(received.from_tag(), invite.from_tag());
    rig.receive(PHONE, phone_says(180, "p", 7, &invite, ""));
    rig.receive(PHONE, phone_says(183, "p", 9, &invite, ""));
    assert_eq!(rig.told("203.0.113.20:5060"), [""; 0], "neither a repetition nor one that skips");
    rig.receive(PHONE, phone_says(183, "p", 8, &invite, ""));
    let next = rig.one_to("203.0.113.20:5060");
    assert_eq!((next.cseq().0, header(&next, Name::RAck)), (3, "8 1 INVITE"));
    rig.pass_s(1);
    assert_eq!(lines(&rig.sent_to("203.0.113.20:5060")), ["PRACK"], "the last one is repeated");
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    rig.connect(leg);
    let ack = rig.one_to(PHONE);
    assert_eq!(ack.cseq(), (1, Method::Ack));
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.drop_leg(leg, 200);
    assert_eq!(rig.one_to(PHONE).cseq(), (4, Method::Bye));
    rig.pass_s(33);
    rig.told(PHONE);
    rig.end(call, 480);
    rig.ends_clean();
}

#[test]
fn a_phone_may_answer_in_a_response_that_was_received() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    rig.receive(PHONE, phone_says(183, "p", 1, &invite, &phone_sdp()));
    rig.receive(PHONE, phone_says(183, "q", 1, &invite, &sdp("203.0.113.8", 31_000, "8")));
    rig.notices();
    rig.receive(PHONE, answer(&invite, 200, "q", CONTACT, ""));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
    rig.connect(leg);
    let ok = rig.sent_to(PBX).pop().unwrap();
    assert!(text(&ok.body()).contains("m=audio 31000 "), "that of the branch which answered");
}

#[test]
fn a_phone_that_is_dropped_or_refuses_gets_no_more_pracks() {
    for refuses in [true, false] {
        let mut rig = Rig::new();
        let call = offer(&mut rig, &Peer::caller("621"));
        let leg = rig.ring(call, 1);
        let invite = rig.one_to(PHONE);
        rig.receive(PHONE, phone_says(180, "p", 1, &invite, ""));
        assert_eq!(rig.told("203.0.113.20:5060"), ["PRACK"]);
        if refuses {
            rig.receive(PHONE, answer(&invite, 486, "p", "", ""));
        } else {
            rig.drop_leg(leg, 487);
        }
        rig.pass_s(10);
        assert_eq!(rig.told("203.0.113.20:5060"), [""; 0]);
    }
}

#[test]
fn a_late_answer_behind_pracks_is_ended_under_a_number_of_its_own() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    rig.receive(PHONE, phone_says(180, "p", 1, &invite, ""));
    rig.drop_leg(leg, 487);
    rig.pass_s(33);
    rig.sent();
    rig.receive(PHONE, answer(&invite, 200, "q", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(PHONE), [""; 0], "its INVITE is forgotten");

    let leg = rig.ring(call, 2);
    let invite = rig.one_to(PHONE);
    rig.receive(PHONE, phone_says(180, "q", 1, &invite, ""));
    rig.sent();
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    rig.receive(PHONE, answer(&invite, 200, "q", CONTACT, &phone_sdp()));
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    assert!((sent[0].cseq().0, sent[1].cseq().0 > 2) == (1, true), "{sent:?}");
    rig.drop_leg(leg, 487);
}

#[test]
fn a_phone_cannot_have_us_send_pracks_without_end() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    for number in 1..1_000 {
        rig.receive(PHONE, phone_says(180, "p", number, &invite, ""));
        rig.receive(PHONE, phone_says(180, &format!("q{number}"), 1, &invite, ""));
    }
    assert_eq!(rig.told("203.0.113.20:5060").len(), 64);
}
