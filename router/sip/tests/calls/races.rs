//! What happens at the same time, too late, twice or never.

use crate::{
    idle_agent::{CONTACT, answers, offer, ringing, talking},
    rig::{PBX, PHONE, Peer, Rig, answer, header, lines, phone_sdp},
};
use sip::{
    CallKey, Left, Notice,
    wire::{Method, Name},
};

#[test]
fn a_caller_who_cancels_while_the_phone_rings_is_gone_and_the_phone_stops() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    rig.told(PBX);
    rig.receive(PBX, caller.cancel());
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(sent[0].to_tag(), sent[1].to_tag());
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Cancelled }]);
    rig.receive(PBX, caller.ack(&sent[1]));
    rig.drop_leg(leg, 487);
    let cancel = rig.one_to(PHONE);
    assert_eq!((cancel.method(), cancel.top_via().branch()), (Method::Cancel, invite.top_via().branch()));
    assert_eq!(header(&cancel, Name::Reason), "SIP;cause=487;text=\"test\"");
    rig.receive(PHONE, answer(&cancel, 200, "p", "", ""));
    assert_eq!(rig.notices(), [], "the phone's INVITE is not over yet");
    rig.receive(PHONE, answer(&invite, 487, "p", "", ""));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::CallOver { call }]);
    rig.ends_clean();
}

#[test]
fn a_phone_that_has_not_said_anything_is_cancelled_when_it_does() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    rig.drop_leg(leg, 487);
    assert_eq!(rig.told(PHONE), [""; 0]);
    rig.receive(PHONE, answer(&invite, 100, "", "", ""));
    assert_eq!(rig.told(PHONE), ["CANCEL"]);
    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    assert_eq!((rig.told(PHONE), rig.notices()), (vec![], vec![]), "once, and nobody is told of its ringing");
}

#[test]
fn a_cancel_that_crosses_the_phones_answer_ends_the_answered_call() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    rig.drop_leg(leg, 487);
    let cancel = rig.one_to(PHONE);
    let ok = answer(&invite, 200, "p", CONTACT, &phone_sdp());
    rig.receive(PHONE, ok.clone());
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    rig.receive(PHONE, answer(&cancel, 200, "p", "", ""));
    rig.receive(PHONE, ok);
    assert_eq!(rig.told(PHONE), ["ACK"], "its repetition is acknowledged again");
    rig.receive(PHONE, answer(&sent[1], 200, "", "", ""));
    assert_eq!(rig.notices(), [], "nobody is told of an answer nobody wants");
    rig.told(PBX);
    let (leg, second) = ringing(&mut rig, call, 2);
    answers(&mut rig, leg, &second);
    rig.connect(leg);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    rig.end(call, 480);
    rig.ends_clean();
}

#[test]
fn a_cancel_that_crosses_our_answer_changes_nothing_and_a_bye_follows() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.music(call);
    let ok = rig.one_to(PBX);
    rig.notices();
    rig.receive(PBX, caller.cancel());
    assert_eq!((rig.told(PBX), rig.notices()), (vec!["200 CANCEL".to_owned()], vec![]));
    rig.receive(PBX, caller.ack(&ok));
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"]);
    assert!(rig.notices().contains(&Notice::CallerLeft { call, how: Left::HungUp }));
    rig.ends_clean();
}

#[test]
fn a_cancelled_phone_that_never_ends_its_invite_is_forgotten_after_32_s() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, _) = ringing(&mut rig, call, 1);
    rig.drop_leg(leg, 487);
    rig.end(call, 480);
    assert_eq!(rig.notices(), []);
    rig.pass_s(33);
    assert_eq!(rig.notices(), [Notice::CallOver { call }]);
    rig.ends_clean();
}

#[test]
fn a_second_branch_of_a_fork_is_acknowledged_and_ended() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    let other = answer(&invite, 200, "q", "Contact: <sip:bob@203.0.113.7:5099>\r\n", &phone_sdp());
    rig.receive(PHONE, other.clone());
    let sent = rig.sent_to("203.0.113.7:5099");
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    assert!(sent.iter().all(|message| message.to_tag() == Some(b"q")));
    rig.receive(PHONE, other);
    assert_eq!(rig.told("203.0.113.7:5099"), ["ACK"], "its repetition is acknowledged, not ended twice");
    rig.receive(PHONE, answer(&sent[1], 200, "", "", ""));
    assert_eq!((rig.notices(), rig.told(PHONE)), (vec![], vec![]));
    rig.connect(leg);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.end(call, 480);
    rig.ends_clean();
}

#[test]
fn an_answer_without_ack_is_repeated_and_the_caller_lost_after_32_s() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    rig.told(PHONE);
    rig.told(PBX);
    rig.pass_s(31);
    assert_eq!(rig.told(PBX), ["200 INVITE"; 9], "at 0.5, 1.5, 3.5, then every 4 s");
    rig.receive(PBX, caller.invite());
    assert_eq!(rig.told(PBX), [""; 0], "the 2xx has its own clock");
    rig.pass_s(2);
    assert_eq!(rig.told(PBX).last().map(String::as_str), Some("BYE"));
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }]);
    rig.drop_leg(leg, 200);
    rig.ends_clean();
}

#[test]
fn a_lost_answer_is_repeated_until_its_ack() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    rig.told(PHONE);
    rig.told(PBX);
    rig.pass_s(1);
    let again = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&again));
    rig.pass_s(40);
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]));
}

#[test]
fn a_repeated_answer_of_the_phone_waits_for_the_order_and_then_gets_its_ack_again() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    let ok = answer(&invite, 200, "p", CONTACT, &phone_sdp());
    rig.receive(PHONE, ok.clone());
    assert_eq!((rig.told(PHONE), rig.notices()), (vec![], vec![]));
    rig.connect(leg);
    rig.receive(PHONE, ok);
    let acks = rig.sent_to(PHONE);
    assert_eq!(lines(&acks), ["ACK", "ACK"]);
    assert_eq!(acks[0].bytes(), acks[1].bytes());
}

#[test]
fn a_duplicated_invite_is_one_call_and_gets_the_last_answer_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.receive(PBX, caller.invite());
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    ringing(&mut rig, call, 1);
    rig.receive(PBX, caller.invite());
    assert_eq!(rig.told(PBX), ["180 INVITE", "180 INVITE"]);
    rig.end(call, 480);
    rig.receive(PBX, caller.invite());
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["480 INVITE", "480 INVITE"]);
    rig.receive(PBX, caller.ack(&sent[0]));
    rig.receive(PBX, caller.invite());
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]), "it is settled");
    assert_eq!(rig.stack.counts().calls, 1, "the phone is still to be cancelled");
}

#[test]
fn a_silent_phone_is_refused_after_timer_b() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let leg = rig.ring(call, 1);
    rig.pass_s(31);
    assert_eq!(rig.told(PHONE), ["INVITE"; 6]);
    assert_eq!(rig.notices(), []);
    rig.pass_s(1);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 408 }]);
    assert_eq!(rig.stack.counts().legs, 0);
}

#[test]
fn a_phone_that_rings_without_end_is_cancelled_after_timer_c() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    rig.pass_s(181);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 408 }]);
    let told = rig.told(PHONE);
    assert_eq!(told.first().map(String::as_str), Some("CANCEL"), "{told:?}");
    rig.receive(PHONE, answer(&invite, 487, "p", "", ""));
    assert_eq!(rig.stack.counts().legs, 0);
}

#[test]
fn a_phone_that_refuses_is_told_with_its_status() {
    for status in [302, 401, 404, 480, 486, 503, 603] {
        let mut rig = Rig::new();
        let caller = Peer::caller("621");
        let call = offer(&mut rig, &caller);
        let (leg, invite) = ringing(&mut rig, call, 1);
        rig.receive(PHONE, answer(&invite, status, "p", "", ""));
        rig.receive(PHONE, answer(&invite, status, "p", "", ""));
        let acks = rig.sent_to(PHONE);
        assert_eq!(lines(&acks), ["ACK", "ACK"]);
        assert_eq!(acks[0].top_via().branch(), invite.top_via().branch());
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status }]);
        rig.end(call, 480);
        assert_eq!(rig.notices(), [Notice::CallOver { call }]);
        rig.ends_clean();
    }
}

#[test]
fn an_answer_without_media_is_a_refusal() {
    for body in ["", "v=0\r\ns=-\r\nm=audio 0 RTP/AVP 8\r\n"] {
        let mut rig = Rig::new();
        let caller = Peer::caller("621");
        let call = offer(&mut rig, &caller);
        let (leg, invite) = ringing(&mut rig, call, 1);
        rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, body));
        assert_eq!(rig.told(PHONE), ["ACK", "BYE"]);
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 488 }]);
    }
}

#[test]
fn the_next_phone_rings_after_the_first_and_the_caller_keeps_hearing_the_tone() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, first) = ringing(&mut rig, call, 1);
    rig.drop_leg(leg, 408);
    assert_eq!(rig.told(PHONE), ["CANCEL"]);
    let (leg, second) = ringing(&mut rig, call, 2);
    assert_eq!(rig.told(PBX), ["180 INVITE"], "once");
    rig.receive(PHONE, answer(&first, 487, "p", "", ""));
    answers(&mut rig, leg, &second);
    rig.connect(leg);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.stack.counts().legs, 1);
}

#[test]
fn a_call_that_is_ended_before_its_ack_gets_its_bye_after_it() {
    for acked in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let call = offer(&mut rig, &caller);
        rig.music(call);
        let ok = rig.one_to(PBX);
        rig.notices();
        rig.end(call, 480);
        assert_eq!(rig.told(PBX), [""; 0]);
        assert_eq!(rig.notices(), [Notice::Media { call, play: None }]);
        if acked {
            rig.receive(PBX, caller.ack(&ok));
            assert_eq!(rig.told(PBX), ["BYE"]);
        } else {
            rig.pass_s(33);
            assert!(rig.told(PBX).contains(&"BYE".to_owned()));
        }
        assert_eq!(rig.notices(), [Notice::CallOver { call }], "nobody is told the caller left");
        rig.ends_clean();
    }
}

#[test]
fn a_caller_who_says_bye_before_the_answer_is_gone() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, _) = ringing(&mut rig, call, 1);
    let early = rig.one_to(PBX);
    caller.learn(&early);
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PBX), ["200 BYE", "487 INVITE"]);
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::HungUp }]);
    rig.drop_leg(leg, 487);
}

#[test]
fn a_bye_without_answer_is_repeated_for_32_s() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, _, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.bye());
    rig.end(call, 480);
    rig.pass_s(40);
    assert_eq!(rig.told(PBX), ["BYE"; 11]);
    rig.ends_clean();
}

#[test]
fn orders_for_what_is_gone_do_nothing() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.bye());
    rig.connect(leg);
    rig.drop_leg(leg, 200);
    rig.end(call, 480);
    rig.told(PBX);
    rig.told(PHONE);
    rig.notices();
    rig.end(call, 480);
    rig.music(call);
    rig.ring(call, 2);
    rig.connect(leg);
    rig.end(CallKey(999), 480);
    assert_eq!((rig.told(PBX), rig.told(PHONE), rig.notices()), (vec![], vec![], vec![]));
}

#[test]
fn a_response_to_nothing_is_dropped() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    let ok = answer(&invite, 200, "p", CONTACT, &phone_sdp());
    rig.receive(PHONE, ok.replace("z9hG4bKn1.", "z9hG4bKn2."));
    rig.receive(PHONE, ok.replace("1 INVITE", "1 BYE"));
    assert_eq!((rig.notices(), rig.counted().len()), (vec![], 2));
    rig.receive(PHONE, ok);
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
}
