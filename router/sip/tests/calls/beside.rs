//! Several agents are rung for one caller, each over a leg of her own: one has the call, the others are told so.

use crate::{
    idle_agent::offer,
    rig::{PBX, PHONE, Peer, Rig, address, answer, caller_sdp, header, lines, phone_sdp},
};
use sip::{
    CallKey, Cause, Command, Flow, LegKey, Notice,
    wire::{Message, Name},
};

const ANN: &str = PHONE;
const BEN: &str = "203.0.113.8:5070";
const CHO: &str = "203.0.113.9:5070";
const AGENTS: [&str; 3] = [ANN, BEN, CHO];
const ELSEWHERE: Cause = Cause { status: 200, text: "Call completed elsewhere" };
const TOLD: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

fn rung(rig: &mut Rig, call: CallKey) -> Vec<(LegKey, Message)> {
    let legs: Vec<LegKey> = AGENTS.iter().zip(1..).map(|(at, no)| rig.ring_at(call, no, at)).collect();
    let each = legs.into_iter().zip(AGENTS);
    each.map(|(leg, at)| (leg, rig.one_to(at))).collect()
}

fn says(rig: &mut Rig, at: &str, invite: &Message, status: u16) {
    let body = if status == 200 { phone_sdp() } else { String::new() };
    rig.receive(at, answer(invite, status, "p", &format!("Contact: <sip:ann@{at}>\r\n"), &body));
}

fn loses(rig: &mut Rig, leg: LegKey) {
    rig.command(Command::Drop { leg, reason: ELSEWHERE });
}

#[test]
fn the_first_to_answer_has_the_caller_and_the_others_hear_that_somebody_has() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let legs = rung(&mut rig, call);
    for ((_, invite), at) in legs.iter().zip(AGENTS) {
        says(&mut rig, at, invite, 180);
    }
    assert_eq!(rig.told(PBX), ["180 INVITE"], "the caller hears it ring once");
    rig.notices();
    says(&mut rig, BEN, &legs[1].1, 200);
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg: legs[1].0 }]);
    for loser in [0, 2] {
        loses(&mut rig, legs[loser].0);
        let cancel = rig.one_to(AGENTS[loser]);
        assert_eq!((cancel.method().to_string(), header(&cancel, Name::Reason)), ("CANCEL".to_owned(), TOLD));
        rig.receive(AGENTS[loser], answer(&cancel, 200, "p", "", ""));
        says(&mut rig, AGENTS[loser], &legs[loser].1, 487);
        assert_eq!(rig.told(AGENTS[loser]), ["ACK"]);
    }
    rig.connect(legs[1].0);
    assert_eq!(rig.told(BEN), ["ACK"]);
    let ok = rig.one_to(PBX);
    assert_eq!(ok.status(), Some(200));
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!((rig.notices(), rig.stack.counts().legs), (vec![], 1));
    rig.receive(PBX, caller.bye());
    rig.notices();
    rig.drop_leg(legs[1].0, 487);
    let bye = rig.one_to(BEN);
    rig.receive(BEN, answer(&bye, 200, "", "", ""));
    rig.ends_clean();
}

#[test]
fn two_who_answer_at_once_are_one_who_has_the_caller_and_one_who_is_hung_up_on() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let legs = rung(&mut rig, call);
    says(&mut rig, ANN, &legs[0].1, 200);
    says(&mut rig, BEN, &legs[1].1, 200);
    let answered = |leg| Notice::PhoneAnswered { leg };
    assert_eq!(rig.notices(), [answered(legs[0].0), answered(legs[1].0)]);
    loses(&mut rig, legs[1].0);
    loses(&mut rig, legs[2].0);
    rig.connect(legs[0].0);
    let sent = rig.sent_to(BEN);
    assert_eq!(
        (lines(&sent), header(&sent[1], Name::Reason)),
        (vec!["ACK".to_owned(), "BYE".to_owned()], TOLD)
    );
    assert_eq!(rig.told(ANN), ["ACK"]);
    rig.receive(BEN, answer(&sent[1], 200, "", "", ""));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    // The third answers although she has been told, before her phone said anything else.
    says(&mut rig, CHO, &legs[2].1, 200);
    let sent = rig.sent_to(CHO);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    rig.receive(CHO, answer(&sent[1], 200, "", "", ""));
    assert_eq!((rig.notices(), rig.stack.counts().legs), (vec![], 1));
}

#[test]
fn a_caller_who_describes_nothing_is_asked_before_any_phone_is_rung() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    rig.receive(PBX, caller.request(sip::wire::Method::Invite, "", ""));
    let notices = rig.notices();
    let [Notice::CallOffered { call, .. }] = notices.as_slice() else { panic!("{notices:?}") };
    let call = *call;
    for (at, no) in AGENTS.iter().zip(1..) {
        rig.command(Command::Ring {
            leg: LegKey { call, attempt: no },
            phones: vec![sip::Phone::at(format!("sip:ann@{at}"), Flow::udp(address(at)))],
            queue: String::new(),
            display: sip::Display::AsCaller,
            auto_answer: false,
        });
    }
    let said = rig.sent_to(PBX);
    assert_eq!(lines(&said), ["100 INVITE", "200 INVITE"]);
    assert_eq!(AGENTS.map(|at| rig.told(at).len()), [0; 3]);
    rig.receive(PBX, caller.ack_with(&said[1], &caller_sdp()));
    assert_eq!(AGENTS.map(|at| rig.told(at)), AGENTS.map(|_| vec!["INVITE".to_owned()]));
}

#[test]
fn after_a_restart_every_phone_that_rang_is_told_to_stop() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let legs = rung(&mut rig, call);
    for ((_, invite), at) in legs.iter().zip(AGENTS) {
        says(&mut rig, at, invite, 180);
    }
    let store = rig.dies();
    assert_eq!(store.legs_of(call).len(), 3);
    rig.revive(&store, call, None).unwrap();
    for ((_, invite), at) in legs.iter().zip(AGENTS) {
        let cancel = rig.one_to(at);
        assert_eq!(cancel.method().to_string(), "CANCEL");
        rig.receive(at, answer(&cancel, 200, "p", "", ""));
        says(&mut rig, at, invite, 487);
    }
    assert_eq!(rig.stack.counts().legs, 0);
}
