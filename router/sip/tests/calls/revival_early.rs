//! The process has died and begun again while callers had no final response.

use crate::{
    idle_agent::{answers, offer, ringing},
    reliable::{offered, prack},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, caller_sdp, header, lines},
};
use sip::{
    Left, Notice, Treatment,
    wire::{Method, Name},
};

#[test]
fn an_unanswered_caller_is_found_again_and_gets_its_answer() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.treat(call, Treatment::Ringing);
    let before = rig.one_to(PBX);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    rig.receive(PBX, caller.invite());
    assert_eq!((rig.told(PBX), rig.notices()), (vec!["100 INVITE".to_owned()], vec![]));
    rig.treat(call, Treatment::Ringing);
    let waits = rig.one_to(PBX);
    assert_eq!((waits.status(), waits.to_tag()), (Some(182), before.to_tag()));

    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let sent = rig.sent_to(PBX);
    assert_eq!(
        (lines(&sent), sent[1].to_tag()),
        (vec!["180 INVITE".into(), "200 INVITE".into()], before.to_tag())
    );
    rig.receive(PBX, caller.ack(&sent[1]));
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"]);
}

#[test]
fn an_unanswered_caller_can_take_its_call_back_or_be_refused() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    rig.receive(PBX, caller.cancel());
    assert_eq!(rig.told(PBX), ["200 CANCEL", "487 INVITE"]);
    assert!(rig.notices().contains(&Notice::CallerLeft { call, how: Left::Cancelled }));

    let mut rig = Rig::new();
    let call = offer(&mut rig, &caller);
    rig.end(call, 480);
    let store = rig.dies();
    rig.bury_caller(call, &store.callers[&call]);
    let refusal = rig.one_to(PBX);
    assert_eq!(refusal.status(), Some(480));
    rig.pass_s(1);
    assert_eq!(rig.told(PBX), ["480 INVITE"], "until it is acknowledged");
    rig.receive(PBX, caller.ack(&refusal));
    assert_eq!(rig.kept.last(), Some(&sip::Keep::ForgetCall(call)));
    rig.ends_clean();
}

#[test]
fn a_provisional_response_that_was_not_received_is_said_again_under_its_number() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offered(&mut rig, &caller, "Require: 100rel\r\n");
    rig.treat(call, Treatment::Ringing);
    let waits = rig.one_to(PBX);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    assert_eq!(rig.one_to(PBX).bytes(), waits.bytes());
    rig.receive(PBX, prack(&mut caller, &waits, ""));
    assert_eq!(rig.told(PBX), ["200 PRACK"]);
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    assert_eq!(rig.told(PBX), Vec::<String>::new(), "it was received");
    ringing(&mut rig, call, 1);
    assert_eq!(rig.one_to(PBX).rseq(), Some(waits.rseq().unwrap() + 1));
}

#[test]
fn early_music_goes_on_and_its_description_is_that_of_the_answer() {
    for reliably in [false, true] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let call = offered(&mut rig, &caller, if reliably { "Supported: 100rel\r\n" } else { "" });
        rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
        let early = rig.one_to(PBX);
        if reliably {
            rig.receive(PBX, prack(&mut caller, &early, ""));
            rig.told(PBX);
        }
        let store = rig.dies();
        rig.revive(&store, call, None).unwrap();
        rig.treat(call, Treatment::EarlyMedia { port: 21_000 });
        assert_eq!(rig.told(PBX), Vec::<String>::new());
        let [Notice::Media { play: Some(play), .. }] = rig.notices()[..] else { panic!("no music") };
        assert_eq!(play.from_port, 21_000);

        let (leg, invite) = ringing(&mut rig, call, 1);
        answers(&mut rig, leg, &invite);
        rig.connect(leg);
        assert_eq!(rig.told(PHONE), ["ACK"]);
        let ok = rig.one_to(PBX);
        let told = if reliably { bytes::Bytes::new() } else { early.body() };
        assert_eq!((ok.status(), ok.body()), (Some(200), told), "a caller takes the first description");
        rig.receive(PBX, caller.ack(&ok));
        assert_eq!(rig.one_to(PBX).method(), Method::Invite, "it is moved to the phone");
    }
}

#[test]
fn a_caller_over_tcp_is_answered_where_it_listens() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let at = sip::Flow { connection: Some(sip::Connection(7)), ..tcp("192.0.2.10:40000") };
    rig.receive_on(at, caller.invite().replace("/UDP", "/TCP"));
    let [Notice::CallOffered { call, .. }] = rig.notices()[..] else { panic!("no call") };
    let store = rig.dies();
    rig.revive(&store, call, None).unwrap();
    rig.treat(call, Treatment::Ringing);
    let sent = rig.sent();
    assert_eq!((sent[0].0, sent[0].1.status()), (tcp("192.0.2.10:5060"), Some(182)));
    assert!(header(&sent[0].1, Name::Via).contains("received=192.0.2.10") || !caller_sdp().is_empty());
}

fn tcp(at: &str) -> sip::Flow {
    sip::Flow::to(sip::Transport::Tcp, at.parse().unwrap())
}
