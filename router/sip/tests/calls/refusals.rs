//! What is turned away, and how.

use crate::{
    idle_agent::{offer, talking},
    rig::{PBX, PHONE, Peer, Rig, STRANGER, caller_sdp, config, header, lines},
};
use sip::{
    Notice, Overload, Rejected,
    wire::{Method, Name},
};

fn refused(text: &str) -> (u16, Vec<Rejected>) {
    let mut rig = Rig::new();
    rig.receive(PBX, text);
    let status = rig.one_to(PBX).status().unwrap();
    assert_eq!((rig.notices(), rig.stack.counts().calls), (vec![], 0));
    rig.ends_clean();
    (status, rig.counted())
}

#[test]
fn an_unknown_entry_is_404() {
    let text = Peer::caller("621").invite().replacen("sip:1500@", "sip:1501@", 1);
    assert_eq!(refused(&text), (404, vec![Rejected::UnknownEntry]));
}

#[test]
fn what_we_cannot_do_is_refused_by_its_own_status() {
    let caller = Peer::caller("621");
    let with = |more: &str| caller.request(Method::Invite, more, &caller_sdp());
    for (status, text) in [
        (416, caller.invite().replacen("sip:1500@198.51.100.1 SIP", "urn:service:sos SIP", 1)),
        (420, with("Require: 100rel, precondition\r\n")),
        (406, with("Accept: text/plain\r\n")),
        (415, caller.invite().replace("application/sdp", "text/plain")),
        (483, caller.invite().replace("Max-Forwards: 70", "Max-Forwards: 0")),
        (488, caller.request(Method::Invite, "", "hello")),
        (405, caller.request(Method::Register, "", "")),
        (405, caller.request(Method::Subscribe, "", "")),
        (501, caller.request(Method::Options, "", "").replace("OPTIONS", "DANCE")),
        (481, caller.request(Method::Bye, "", "")),
        (481, caller.cancel()),
    ] {
        assert_eq!(refused(&text).0, status, "{text}");
    }
    assert_eq!(refused(&caller.invite().replacen("SIP/2.0", "SIP/7.0", 1)), (505, vec![Rejected::Malformed]));
    assert_eq!(refused(&caller.invite().replace("CSeq: 1 INVITE", "CSeq: 1 BYE")).0, 400);
}

#[test]
fn a_refusal_says_what_would_do() {
    let caller = Peer::caller("621");
    let mut rig = Rig::new();
    rig.receive(
        PBX,
        caller.request(Method::Invite, "Require: 100rel, precondition, outbound\r\n", &caller_sdp()),
    );
    assert_eq!(header(&rig.one_to(PBX), Name::Unsupported), "precondition, outbound");
    rig.receive(PBX, caller.invite().replace("application/sdp", "text/plain"));
    assert_eq!(header(&rig.one_to(PBX), Name::Accept), "application/sdp");
    rig.receive(PBX, caller.request(Method::Publish, "", ""));
    assert_eq!(
        header(&rig.one_to(PBX), Name::Allow),
        "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER"
    );
}

#[test]
fn a_stranger_gets_403_five_times_a_second_then_silence() {
    let mut rig = Rig::new();
    let caller = Peer::caller_at("621", STRANGER);
    for _ in 0..20 {
        rig.receive(STRANGER, caller.invite());
    }
    assert_eq!(rig.told(STRANGER), ["403 INVITE"; 5]);
    assert_eq!(rig.counted(), [Rejected::UnknownSource; 20]);
    rig.pass_s(1);
    for _ in 0..20 {
        rig.receive(STRANGER, caller.invite().replace("CSeq: 1 INVITE", "CSeq: 1 BYE"));
    }
    assert_eq!(rig.told(STRANGER).len(), 5, "malformed ones as well");
    assert_eq!(rig.stack.counts(), sip::Counts::default());
}

#[test]
fn a_phone_is_no_trunk() {
    let mut rig = Rig::new();
    rig.receive(PHONE, Peer::caller_at("ann", PHONE).invite());
    assert_eq!(rig.told(PHONE), ["403 INVITE"]);
}

#[test]
fn overload_is_503_with_a_jittered_retry_after_and_silence_for_strangers() {
    let mut rig = Rig::new();
    let mut talker = Peer::caller("1");
    let (call, ..) = talking(&mut rig, &mut talker);
    rig.stack.set_overload(Overload::NewCalls);
    let mut afters = Vec::new();
    for name in ["2", "3", "4", "5", "6", "7", "8", "9"] {
        rig.receive(PBX, Peer::caller(name).invite());
        let refusal = rig.one_to(PBX);
        assert_eq!(refusal.status(), Some(503));
        afters.push(header(&refusal, Name::RetryAfter).parse::<u32>().unwrap());
    }
    assert!(afters.iter().all(|after| (5..=10).contains(after)), "{afters:?}");
    afters.dedup();
    assert!(afters.len() > 1, "they do not all come back at once: {afters:?}");
    rig.receive(STRANGER, Peer::caller_at("10", STRANGER).invite());
    assert_eq!(rig.told(STRANGER), [""; 0]);
    rig.receive(PBX, talker.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"], "what is alive goes on");
    rig.stack.set_overload(Overload::Strangers);
    rig.notices();
    rig.receive(STRANGER, Peer::caller_at("12", STRANGER).invite());
    assert_eq!(rig.told(STRANGER), [""; 0]);
    rig.receive(PBX, Peer::caller("13").invite());
    assert!(matches!(rig.notices()[..], [Notice::CallOffered { .. }]), "strangers are the first to wait");
    rig.stack.set_overload(Overload::None);
    rig.notices();
    rig.receive(PBX, Peer::caller("11").invite());
    assert!(matches!(rig.notices()[..], [Notice::CallOffered { .. }]));
    assert_ne!(call.0, 0);
}

#[test]
fn more_calls_than_configured_are_503() {
    let mut rig = Rig::with(sip::Config { max_calls: 1, ..config() });
    offer(&mut rig, &Peer::caller("1"));
    rig.receive(PBX, Peer::caller("2").invite());
    assert_eq!((rig.told(PBX), rig.counted()), (vec!["503 INVITE".to_owned()], vec![Rejected::Overload]));
}

#[test]
fn the_same_invite_by_two_ways_is_482() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    offer(&mut rig, &caller);
    rig.receive(PBX, caller.invite().replace("branch=z9hG4bK", "branch=z9hG4bKother"));
    assert_eq!((rig.told(PBX), rig.counted()), (vec!["482 INVITE".to_owned()], vec![Rejected::Merged]));
}

#[test]
fn a_probe_is_answered_with_what_we_can_do() {
    let mut rig = Rig::new();
    let mut probe = Peer::caller("621");
    rig.receive(PBX, probe.request(Method::Options, "", ""));
    let ok = rig.one_to(PBX);
    assert_eq!((ok.status(), header(&ok, Name::Accept)), (Some(200), "application/sdp"));
    assert!(ok.to_tag().is_some());
    rig.receive(PHONE, Peer::caller_at("ann", PHONE).request(Method::Options, "", ""));
    assert_eq!(rig.told(PHONE), ["200 OPTIONS"]);
    talking(&mut rig, &mut probe);
    rig.receive(PBX, probe.next(Method::Options, "", ""));
    assert_eq!(rig.told(PBX), ["200 OPTIONS"], "in a dialog as well");
}

#[test]
fn in_a_dialog_what_we_do_not_do_is_405_or_501_and_the_call_goes_on() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    for (method, status) in [(Method::Notify, 405), (Method::Subscribe, 405), (Method::Message, 405)] {
        rig.receive(PBX, caller.next(method, "", ""));
        let refusal = rig.one_to(PBX);
        assert_eq!(refusal.status(), Some(status));
        assert!(!header(&refusal, Name::Allow).contains(method.as_str()));
    }
    let dance = caller.next(Method::Info, "", "").replace("INFO", "DANCE");
    rig.receive(PBX, dance);
    assert_eq!(rig.told(PBX), ["501 OTHER"]);
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_request_out_of_order_is_500() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    caller.seq = 10;
    rig.receive(PBX, caller.next(Method::Options, "", ""));
    caller.seq = 4;
    rig.receive(PBX, caller.next(Method::Bye, "", ""));
    assert_eq!(lines(&rig.sent_to(PBX)), ["200 OPTIONS", "500 BYE"]);
    assert_eq!(rig.stack.counts().calls, 1);
}

#[test]
fn keep_alives_and_rubbish_get_nothing() {
    let mut rig = Rig::new();
    for text in ["", "\r\n\r\n", "hello", "SIP/2.0 200 OK\r\n\r\n", "\0\0\0"] {
        rig.receive(PBX, text);
    }
    assert_eq!(rig.told(PBX), [""; 0]);
}
