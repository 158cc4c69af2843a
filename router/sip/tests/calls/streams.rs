//! Calls over connections: answers go back on them, nothing is sent twice, Via and Contact name the transport.

use crate::{
    idle_agent::CONTACT,
    rig::{PBX, PHONE, Peer, Rig, address, answer, caller_sdp, header, lines, phone_sdp},
};
use sip::{
    CallKey, Connection, Flow, Notice, Transport,
    wire::{Message, Method, Name},
};

fn tcp(peer: &str, number: u64) -> Flow {
    Flow { transport: Transport::Tcp, peer: address(peer), connection: Some(Connection(number)) }
}

fn listening() -> Rig {
    let mut config = crate::rig::config();
    config.streams = vec![(Transport::Tcp, address("198.51.100.1:5080"))];
    Rig::with(config)
}

fn over_tcp(request: String) -> String {
    request
        .replace("SIP/2.0/UDP", "SIP/2.0/TCP")
        .replace(&format!("@{PBX}>"), &format!("@{PBX};transport=tcp>"))
}

/// What went out, all of it on `flow`.
fn all_on(rig: &mut Rig, flow: Flow) -> Vec<Message> {
    let sent = rig.sent();
    assert!(sent.iter().all(|(to, _)| *to == flow), "{sent:?}");
    sent.into_iter().map(|(_, message)| message).collect()
}

fn offered(rig: &mut Rig, caller: &Peer, flow: Flow) -> CallKey {
    rig.receive_on(flow, over_tcp(caller.request(Method::Invite, "", &caller_sdp())));
    assert_eq!(lines(&all_on(rig, flow)), ["100 INVITE"]);
    match rig.notices().as_slice() {
        [Notice::CallOffered { call, .. }] => *call,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_caller_on_a_connection_is_answered_and_ended_on_it() {
    let (mut rig, flow) = (listening(), tcp(PBX, 1));
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, flow);
    rig.music(call);
    let [ok] = &all_on(&mut rig, flow)[..] else { panic!("one answer") };
    assert_eq!(header(ok, Name::Contact), "<sip:198.51.100.1:5080;transport=tcp>");
    let ack = over_tcp(caller.ack(ok));
    rig.receive_on(flow, ack);
    rig.end(call, 480);
    let [bye] = &all_on(&mut rig, flow)[..] else { panic!("one BYE") };
    assert!(header(bye, Name::Via).starts_with("SIP/2.0/TCP 198.51.100.1:5080;branch="), "{bye:?}");
    rig.pass_s(20);
    assert!(rig.sent().is_empty(), "a BYE on a connection is not repeated");
    rig.receive_on(flow, answer(bye, 200, "", "", ""));
    rig.ends_clean();
}

#[test]
fn a_refusal_is_sent_once_on_a_connection_and_a_2xx_until_its_ack() {
    let (mut rig, flow) = (listening(), tcp(PBX, 1));
    let refused = offered(&mut rig, &Peer::caller("621"), flow);
    rig.end(refused, 480);
    rig.pass_s(40);
    assert_eq!(lines(&all_on(&mut rig, flow)), ["480 INVITE"]);
    rig.notices();
    let answered = offered(&mut rig, &Peer::caller("622"), flow);
    rig.music(answered);
    rig.pass_s(2);
    assert_eq!(lines(&all_on(&mut rig, flow)), ["200 INVITE", "200 INVITE", "200 INVITE"]);
}

#[test]
fn a_phone_on_a_connection_is_invited_once_and_cancelled_on_it() {
    let (mut rig, phone) = (listening(), tcp(PHONE, 2));
    let mut caller = Peer::caller("621");
    rig.receive(PBX, caller.invite());
    let Some(Notice::CallOffered { call, .. }) = rig.notices().pop() else { panic!("no call") };
    rig.sent();
    let leg = rig.ring_on(call, 1, phone);
    rig.pass_s(10);
    let [invite] = &all_on(&mut rig, phone)[..] else { panic!("one INVITE") };
    assert!(header(invite, Name::Contact).contains("transport=tcp"));
    rig.receive_on(phone, answer(invite, 180, "p", "", ""));
    assert_eq!(rig.told(PBX), ["180 INVITE"]);
    rig.drop_leg(leg, 408);
    let [cancel] = &all_on(&mut rig, phone)[..] else { panic!("one CANCEL") };
    assert_eq!(header(cancel, Name::Via), header(invite, Name::Via));
    rig.receive_on(phone, answer(cancel, 200, "p", "", ""));
    rig.receive_on(phone, answer(invite, 487, "p", "", ""));
    rig.receive(PBX, caller.next(Method::Cancel, "", ""));
    rig.end(call, 480);
    rig.sent();
}

#[test]
fn caller_over_udp_and_phone_over_tcp_are_joined() {
    let (mut rig, phone) = (listening(), tcp(PHONE, 2));
    let mut caller = Peer::caller("621");
    rig.receive(PBX, caller.invite());
    let Some(Notice::CallOffered { call, .. }) = rig.notices().pop() else { panic!("no call") };
    rig.sent();
    let leg = rig.ring_on(call, 1, phone);
    let [invite] = &all_on(&mut rig, phone)[..] else { panic!("one INVITE") };
    let contact = CONTACT.replace('>', ";transport=tcp>");
    rig.receive_on(phone, answer(invite, 200, "p", &contact, &phone_sdp()));
    rig.connect(leg);
    let sent = rig.sent();
    let (acks, answers): (Vec<_>, Vec<_>) = sent.into_iter().partition(|(to, _)| *to == phone);
    assert_eq!((acks.len(), answers.len()), (1, 1));
    assert_eq!(acks[0].1.method(), Method::Ack);
    assert_eq!((answers[0].0, answers[0].1.status()), (Flow::udp(address(PBX)), Some(200)));
    let ack = caller.ack(&answers[0].1);
    rig.receive(PBX, ack);
}

#[test]
fn a_phone_that_cannot_be_connected_to_is_refused_at_once() {
    let (mut rig, phone) = (listening(), Flow::to(Transport::Tcp, address(PHONE)));
    let caller = Peer::caller("621");
    rig.receive(PBX, caller.invite());
    let Some(Notice::CallOffered { call, .. }) = rig.notices().pop() else { panic!("no call") };
    let leg = rig.ring_on(call, 1, phone);
    rig.unreachable(Flow::udp(address(PHONE)));
    assert_eq!(rig.notices(), [], "another transport");
    rig.unreachable(phone);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 503 }]);
    rig.end(call, 480);
}

#[test]
fn a_phone_whose_connection_is_lost_while_it_rings_leaves_nothing_behind() {
    let (mut rig, at) = (listening(), Flow::to(Transport::Tcp, address(PHONE)));
    let caller = Peer::caller("622");
    rig.receive(PBX, caller.invite());
    let Some(Notice::CallOffered { call, .. }) = rig.notices().pop() else { panic!("no call") };
    let leg = rig.ring_on(call, 1, at);
    let invite = rig.one_to(PHONE);
    rig.receive_on(at, answer(&invite, 180, "p", "", ""));
    rig.notices();
    rig.unreachable(at);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 503 }]);
    rig.end(call, 480);
    rig.ends_clean();
}
