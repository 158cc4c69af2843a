//! `sips:` means TLS on every hop of ours (RFC 3261 §26.2.2).

use crate::{
    idle_agent::offer,
    rig::{PBX, PHONE, Peer, Rig, US, address, answer, config, header, phone_sdp},
};
use sip::{
    CallKey, Config, Connection, Flow, LegKey, Notice, Phone, Rejected, Transport,
    wire::{Message, Method, Name},
};

fn with_tls() -> Rig {
    Rig::with(Config { streams: vec![(Transport::Tls, address(US))], ..config() })
}

fn tls(at: &str) -> Flow {
    Flow::to(Transport::Tls, address(at))
}

fn one(rig: &mut Rig) -> (Flow, Message) {
    let [one] = rig.sent().try_into().unwrap();
    one
}

fn secure_phone(rig: &mut Rig) -> (CallKey, LegKey, Message) {
    let call = offer(rig, &Peer::caller("621"));
    let leg = rig.ring_all(call, 1, vec![Phone::at("sips:ann@phones.example".to_owned(), tls(PHONE))]);
    let (to, invite) = one(rig);
    assert_eq!(to, tls(PHONE));
    (call, leg, invite)
}

#[test]
fn a_phone_that_is_rung_by_sips_is_told_a_contact_that_is_as_safe() {
    let mut rig = with_tls();
    let (_, leg, invite) = secure_phone(&mut rig);
    assert!(header(&invite, Name::Via).starts_with("SIP/2.0/TLS "));
    assert_eq!(header(&invite, Name::Contact), "<sips:198.51.100.1:5060>");
    let contact = "Contact: <sips:ann@203.0.113.7:5061>\r\nAllow: UPDATE\r\n";
    rig.receive_on(tls(PHONE), answer(&invite, 200, "p", contact, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }]);
    rig.connect(leg);
    let sent = rig.sent();
    let (to, ack) = &sent[0];
    assert_eq!((to.transport, ack.method()), (Transport::Tls, Method::Ack));
    rig.pass_s(900);
    let update = rig.sent().into_iter().find(|(_, message)| message.method() == Method::Update).unwrap();
    assert_eq!(
        (update.0.transport, header(&update.1, Name::Contact)),
        (Transport::Tls, "<sips:198.51.100.1:5060>")
    );
}

#[test]
fn a_phone_that_is_rung_by_sip_over_tls_is_told_what_it_was() {
    let mut rig = with_tls();
    let call = offer(&mut rig, &Peer::caller("621"));
    rig.ring_all(call, 1, vec![Phone::at("sip:ann@phones.example;transport=tls".to_owned(), tls(PHONE))]);
    let (_, invite) = one(&mut rig);
    assert_eq!(header(&invite, Name::Contact), "<sip:198.51.100.1:5060;transport=tls>");
}

#[test]
fn a_caller_who_demands_encryption_gets_it_or_is_refused() {
    let caller = Peer { target: "sips:1500@198.51.100.1".to_owned(), ..Peer::caller("621") };
    let mut rig = with_tls();
    rig.receive(PBX, caller.invite());
    assert_eq!(rig.told(PBX), ["416 INVITE"]);
    assert_eq!((rig.notices(), rig.counted()), (vec![], vec![Rejected::Unsupported]));

    let flow = Flow { connection: Some(Connection(1)), ..tls(PBX) };
    let caller = Peer { call_id: "other".to_owned(), ..caller };
    rig.receive_on(flow, caller.invite());
    let notices = rig.notices();
    let [Notice::CallOffered { call, .. }] = notices.as_slice() else { panic!("{notices:?}") };
    rig.sent();
    rig.music(*call);
    let (to, ok) = one(&mut rig);
    assert_eq!((to, header(&ok, Name::Contact)), (flow, "<sips:198.51.100.1:5060>"));
}
