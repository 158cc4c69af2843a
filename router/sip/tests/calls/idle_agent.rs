//! An idle agent: her phone is rung with the caller's own offer, the caller is answered when she answers.

use crate::rig::{PBX, PHONE, Peer, Rig, answer, header, lines, phone_sdp, text};
use sip::{
    CallKey, Left, LegKey, Notice,
    wire::{Message, Name},
};

/// A call is offered.
pub fn offer(rig: &mut Rig, caller: &Peer) -> CallKey {
    rig.receive(caller.at, caller.invite());
    assert_eq!(rig.told(caller.at), ["100 INVITE"]);
    match rig.notices().as_slice() {
        [Notice::CallOffered { call, .. }] => *call,
        other => panic!("{other:?}"),
    }
}

/// The phone rings; gives its INVITE.
pub fn ringing(rig: &mut Rig, call: CallKey, attempt: u32) -> (LegKey, Message) {
    let leg = rig.ring(call, attempt);
    let invite = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    assert_eq!(rig.notices(), [Notice::PhoneProgress { leg, status: 180 }]);
    (leg, invite)
}

pub const CONTACT: &str = "Contact: <sip:ann@203.0.113.7:5070>\r\n";

/// The phone answers.
pub fn answers(rig: &mut Rig, leg: LegKey, invite: &Message) -> Peer {
    rig.receive(PHONE, answer(invite, 200, "p", CONTACT, &phone_sdp()));
    let notices = rig.notices();
    assert_eq!(notices.last(), Some(&Notice::PhoneAnswered { leg }), "{notices:?}");
    Peer::phone(invite, "p")
}

/// A whole call up to both ACKs.
pub fn talking(rig: &mut Rig, caller: &mut Peer) -> (CallKey, LegKey, Peer) {
    let call = offer(rig, caller);
    let (leg, invite) = ringing(rig, call, 1);
    let phone = answers(rig, leg, &invite);
    rig.connect(leg);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let sent = rig.sent_to(caller.at);
    assert_eq!(lines(&sent), ["180 INVITE", "200 INVITE"]);
    let ack = caller.ack(&sent[1]);
    rig.receive(caller.at, ack);
    assert_eq!(rig.notices(), []);
    (call, leg, phone)
}

#[test]
fn caller_and_agent_are_joined_with_each_others_media() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    assert_eq!(text(invite.request_uri()), "sip:ann@203.0.113.7:5070");
    assert!(header(&invite, Name::From).starts_with("\"Caller 621\" <sip:621@198.51.100.1>;tag=n1."));
    assert_eq!(invite.header_by_text("X-Sambung-Queue"), Some(&b"billing"[..]));
    assert!(invite.header_by_text("X-Sambung-Call").is_some());
    let body = text(&invite.body()).to_owned();
    assert!(body.contains("c=IN IP4 192.0.2.10\r\n") && body.contains("m=audio 20000 RTP/AVP 8 0\r\n"));
    assert!(body.contains(" 1 IN IP4 198.51.100.1\r\n"), "our own o= line: {body}");

    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    assert_eq!(rig.notices(), [Notice::PhoneProgress { leg, status: 180 }]);
    let ringing = rig.one_to(PBX);
    assert_eq!((ringing.status(), ringing.body().len()), (Some(180), 0));

    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
    assert_eq!(rig.told(PHONE), [""; 0], "the ACK waits for the order");
    rig.connect(leg);
    let ack = rig.one_to(PHONE);
    assert_eq!(text(ack.request_uri()), "sip:ann@203.0.113.7:5070");
    let ok = rig.one_to(PBX);
    assert_eq!((ok.status(), ok.to_tag()), (Some(200), ringing.to_tag()));
    assert!(text(&ok.body()).contains("m=audio 30000 RTP/AVP 8 0\r\n"));
    rig.receive(PBX, caller.ack(&ok));
    rig.pass_s(40);
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec![], vec![]));
    assert_eq!(rig.stack.counts().transactions, 0);
}

#[test]
fn the_agent_hangs_up_and_the_caller_is_sent_away() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.bye());
    assert_eq!(rig.told(PHONE), ["200 BYE"]);
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
    rig.end(call, 480);
    let bye = rig.one_to(PBX);
    assert_eq!(header(&bye, Name::Reason), "SIP;cause=480;text=\"test\"");
    assert_eq!(text(bye.request_uri()), "sip:peer@192.0.2.10:5060");
    assert_eq!(rig.notices(), [Notice::CallOver { call }]);
    rig.receive(PBX, answer(&bye, 200, "", "", ""));
    rig.ends_clean();
}

#[test]
fn the_caller_hangs_up_and_the_phone_is_dropped() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    let bye = caller.bye();
    rig.receive(PBX, bye.clone());
    assert_eq!(rig.told(PBX), ["200 BYE"]);
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::HungUp }]);
    rig.receive(PBX, bye);
    assert_eq!(rig.told(PBX), ["200 BYE"], "its repetition gets the same answer");
    rig.drop_leg(leg, 200);
    let bye = rig.one_to(PHONE);
    assert_eq!(rig.notices(), [Notice::CallOver { call }]);
    rig.receive(PHONE, answer(&bye, 200, "", "", ""));
    rig.ends_clean();
}

#[test]
fn both_hang_up_at_the_same_time_and_both_get_their_200() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.bye());
    rig.drop_leg(leg, 200);
    assert_eq!(rig.told(PHONE), ["BYE"]);
    rig.receive(PHONE, phone.bye());
    assert_eq!(rig.told(PHONE), ["200 BYE"]);
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::HungUp }, Notice::CallOver { call }]);
    rig.ends_clean();
}
