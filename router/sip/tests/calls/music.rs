//! Nobody is idle: the caller hears music and is moved to the agent when she answers.

use crate::{
    idle_agent::{CONTACT, answers, offer, ringing},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, header, lines, phone_sdp, sdp, text},
};
use sip::{
    CallKey, Codec, Left, LegKey, Notice, Play, Treatment,
    wire::{Message, Method, Name},
};

fn play(port: u16) -> Play {
    let to = format!("192.0.2.10:{port}").parse().unwrap();
    Play { to, codec: Codec::Pcma, payload: 8, events: None, from_port: MUSIC_PORT }
}

/// The caller is answered with music.
pub fn queued(rig: &mut Rig, caller: &mut Peer) -> CallKey {
    let call = offer(rig, caller);
    rig.music(call);
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play(20_000)) }]);
    let ok = rig.one_to(PBX);
    let ack = caller.ack(&ok);
    rig.receive(PBX, ack);
    call
}

/// An agent's phone has answered the queued caller; gives our re-INVITE to the caller.
pub fn joining(rig: &mut Rig, caller: &mut Peer) -> (CallKey, LegKey, Peer, Message) {
    let call = queued(rig, caller);
    let (leg, invite) = ringing(rig, call, 1);
    let phone = answers(rig, leg, &invite);
    rig.connect(leg);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    (call, leg, phone, rig.one_to(PBX))
}

/// Caller and agent talk, after music.
pub fn moved(rig: &mut Rig, caller: &mut Peer) -> (CallKey, LegKey, Peer) {
    let (call, leg, phone, reinvite) = joining(rig, caller);
    rig.receive(PBX, answer(&reinvite, 200, "", "", &caller_sdp()));
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec!["ACK".to_owned()], vec![]));
    (call, leg, phone)
}

#[test]
fn a_caller_who_settles_on_what_the_phone_answered_with_costs_it_nothing() {
    for (port, told) in [(20_000, vec![]), (20_002, vec!["INVITE".to_owned()])] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let call = queued(&mut rig, &mut caller);
        let (leg, invite) = ringing(&mut rig, call, 1);
        rig.receive(PHONE, answer(&invite, 200, "phone", CONTACT, &sdp("203.0.113.7", 30_000, "8")));
        rig.connect(leg);
        assert_eq!(rig.told(PHONE), ["ACK"]);
        let reinvite = rig.one_to(PBX);
        rig.receive(PBX, answer(&reinvite, 200, "", "", &sdp("192.0.2.10", port, "8")));
        assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec!["ACK".to_owned()], told), "{port}");
    }
}

#[test]
fn the_caller_hears_music_until_the_agent_answers_and_is_then_moved_to_her() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.music(call);
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play(20_000)) }]);
    let ok = rig.one_to(PBX);
    assert!(text(&ok.body()).contains("m=audio 20000 RTP/AVP 8\r\n"), "{ok:?}");
    let origin = text(&ok.body()).lines().nth(1).unwrap().to_owned();
    rig.receive(PBX, caller.ack(&ok));

    let leg = rig.ring(call, 1);
    let invite = rig.one_to(PHONE);
    assert!(
        text(&invite.body()).contains("c=IN IP4 192.0.2.10\r\n"),
        "the phone gets the caller's description"
    );
    rig.receive(PHONE, answer(&invite, 180, "p", "", ""));
    assert_eq!(rig.told(PBX), [""; 0], "an answered caller gets no 180");
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    let expected = [
        Notice::PhoneProgress { leg, status: 180 },
        Notice::Media { call, play: None },
        Notice::PhoneAnswered { leg },
    ];
    assert_eq!(rig.notices(), expected);
    rig.connect(leg);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let reinvite = rig.one_to(PBX);
    assert_eq!((reinvite.method(), reinvite.cseq().0), (Method::Invite, 1));
    let body = text(&reinvite.body()).to_owned();
    assert!(body.contains("c=IN IP4 203.0.113.7\r\n") && body.contains("m=audio 30000 "), "{body}");
    assert_eq!(body.lines().nth(1).unwrap(), origin.replace(" 1 IN", " 2 IN"), "same origin, next version");
    rig.receive(PBX, answer(&reinvite, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    assert_eq!(rig.told(PHONE), [""; 0], "her description of the caller is still right");
    assert_eq!(rig.notices(), []);
}

#[test]
fn an_answer_that_differs_from_what_the_phone_was_told_is_told_once() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, _, reinvite) = joining(&mut rig, &mut caller);
    rig.receive(PBX, answer(&reinvite, 200, "", "", &sdp("192.0.2.99", 24_000, "8")));
    assert_eq!(rig.told(PBX), ["ACK"]);
    let told = rig.one_to(PHONE);
    assert!(text(&told.body()).contains("c=IN IP4 192.0.2.99\r\n") && told.cseq() == (2, Method::Invite));
    rig.receive(PHONE, answer(&told, 200, "", CONTACT, &phone_sdp()));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec!["ACK".to_owned()], vec![]));
}

#[test]
fn no_common_codec_means_182_without_music_and_no_refusal() {
    for body in [sdp("192.0.2.10", 20_000, "18"), caller_sdp().replace("RTP/AVP", "RTP/SAVP")] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        rig.receive(PBX, caller.request(Method::Invite, "", &body));
        let call = CallKey(1);
        assert_eq!((rig.told(PBX).len(), rig.notices().len()), (1, 1));
        rig.music(call);
        assert_eq!((rig.told(PBX), rig.notices()), (vec!["182 INVITE".to_owned()], vec![]));
        let (leg, invite) = ringing(&mut rig, call, 1);
        answers(&mut rig, leg, &invite);
        rig.connect(leg);
        let sent = rig.sent_to(PBX);
        assert_eq!(lines(&sent), ["180 INVITE", "200 INVITE"]);
        rig.receive(PBX, caller.ack(&sent[1]));
        rig.end(call, 480);
        assert_eq!(rig.told(PBX), ["BYE"]);
    }
}

#[test]
fn an_invite_without_an_offer_is_answered_with_ours_and_the_phone_rings_after_its_ack() {
    for treated in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        rig.receive(PBX, caller.request(Method::Invite, "", ""));
        let call = match rig.notices().as_slice() {
            [Notice::CallOffered { call, offered }] if offered.offerless => *call,
            other => panic!("{other:?}"),
        };
        if treated {
            rig.music(call);
        }
        rig.ring(call, 1);
        let sent = rig.sent_to(PBX);
        assert_eq!(lines(&sent), ["100 INVITE", "200 INVITE"]);
        let port = if treated { MUSIC_PORT } else { 9 };
        assert!(text(&sent[1].body()).contains(&format!("m=audio {port} RTP/AVP 8 0 101\r\n")));
        assert_eq!(rig.told(PHONE), [""; 0]);
        rig.receive(PBX, caller.ack_with(&sent[1], &caller_sdp()));
        let invite = rig.one_to(PHONE);
        assert!(text(&invite.body()).contains("m=audio 20000 RTP/AVP 8 0\r\n"));
        let media = if treated { vec![Notice::Media { call, play: Some(play(20_000)) }] } else { vec![] };
        assert_eq!(rig.notices(), media);
    }
}

#[test]
fn an_offer_that_gets_no_answer_ends_the_call() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    rig.receive(PBX, caller.request(Method::Invite, "", ""));
    rig.notices();
    rig.music(CallKey(1));
    let ok = rig.sent_to(PBX).remove(1);
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.told(PBX), ["BYE"]);
    let left = Notice::CallerLeft { call: CallKey(1), how: Left::Lost };
    assert_eq!(rig.notices(), [left, Notice::CallOver { call: CallKey(1) }]);
}

#[test]
fn early_music_is_confirmed_as_it_was_and_then_moved() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.treat(call, Treatment::EarlyMedia { port: MUSIC_PORT });
    let early = rig.one_to(PBX);
    assert_eq!(early.status(), Some(183));
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play(20_000)) }]);
    let (leg, invite) = ringing(&mut rig, call, 1);
    assert_eq!(rig.told(PBX), [""; 0], "music is not broken by a ringing tone");
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let ok = rig.one_to(PBX);
    assert_eq!((ok.status(), ok.body()), (Some(200), early.body()));
    rig.receive(PBX, caller.ack(&ok));
    let reinvite = rig.one_to(PBX);
    assert!(text(&reinvite.body()).contains("m=audio 30000 "));
}

#[test]
fn ringing_as_a_treatment_is_182_and_said_again_every_minute() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.treat(call, Treatment::Ringing);
    let said = rig.one_to(PBX);
    assert_eq!((said.status(), said.body().len()), (Some(182), 0));
    rig.pass_s(59);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.pass_s(122);
    assert_eq!(rig.told(PBX), ["182 INVITE", "182 INVITE", "182 INVITE"]);
    rig.end(call, 480);
    let refusal = rig.one_to(PBX);
    assert_eq!(refusal.status(), Some(480));
    rig.ends_clean();
}

#[test]
fn the_move_waits_for_the_ack_of_the_answer() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.music(call);
    let ok = rig.one_to(PBX);
    rig.notices();
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.told(PBX), ["INVITE"]);
}

#[test]
fn a_caller_who_refuses_to_move_keeps_the_music_and_the_phone_is_let_go() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _, reinvite) = joining(&mut rig, &mut caller);
    rig.receive(PBX, answer(&reinvite, 488, "", "", ""));
    assert_eq!(rig.told(PBX), ["ACK"]);
    let bye = rig.one_to(PHONE);
    assert_eq!(bye.method(), Method::Bye);
    let music = Notice::Media { call, play: Some(play(20_000)) };
    assert_eq!(rig.notices(), [Notice::BridgeFailed { leg }, music]);
    rig.receive(PHONE, answer(&bye, 200, "", "", ""));

    let (leg, invite) = ringing(&mut rig, call, 2);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let again = rig.one_to(PBX);
    assert_eq!((again.method(), again.cseq().0), (Method::Invite, 2), "the next agent may do better");
}

#[test]
fn a_move_that_meets_the_callers_own_is_tried_again_within_two_seconds() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _, mut reinvite) = joining(&mut rig, &mut caller);
    for seq in 2..=4 {
        rig.receive(PBX, answer(&reinvite, 491, "", "", ""));
        assert_eq!(rig.told(PBX), ["ACK"]);
        rig.pass_s(2);
        reinvite = rig.sent_to(PBX).pop().unwrap();
        assert_eq!(reinvite.cseq(), (seq, Method::Invite));
    }
    for _ in 0..4 {
        rig.receive(PBX, answer(&reinvite, 491, "", "", ""));
        rig.pass_s(2);
        if let Some(next) = rig.sent_to(PBX).pop().filter(|next| next.method() == Method::Invite) {
            reinvite = next;
        }
    }
    assert_eq!(rig.told(PHONE).first().map(String::as_str), Some("BYE"), "not for ever");
    assert!(rig.notices().contains(&Notice::BridgeFailed { leg }));
}

#[test]
fn a_caller_who_knows_nothing_of_the_call_or_does_not_answer_is_lost() {
    for gone in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg, _, reinvite) = joining(&mut rig, &mut caller);
        if gone {
            rig.receive(PBX, answer(&reinvite, 481, "", "", ""));
            assert_eq!(rig.told(PBX), ["ACK"]);
        } else {
            rig.pass_s(33);
            let told = rig.told(PBX);
            assert_eq!(told.iter().filter(|line| *line == "INVITE").count(), 6, "Timer A: {told:?}");
            assert!(told.contains(&"BYE".to_owned()), "it may only have been out of reach: {told:?}");
        }
        assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }]);
        rig.drop_leg(leg, 200);
        assert_eq!(rig.told(PHONE), ["BYE"]);
        assert_eq!(rig.notices(), [Notice::CallOver { call }]);
        rig.ends_clean();
    }
}

#[test]
fn a_caller_who_hangs_up_in_the_queue_stops_the_music() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"]);
    let left = Notice::CallerLeft { call, how: Left::HungUp };
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, left, Notice::CallOver { call }]);
    rig.ends_clean();
}

#[test]
fn a_caller_whose_phone_was_dropped_can_be_given_music_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = moved(&mut rig, &mut caller);
    rig.drop_leg(leg, 200);
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec!["BYE".to_owned()], vec![]));
    rig.music(call);
    let reinvite = rig.one_to(PBX);
    assert!(text(&reinvite.body()).contains("m=audio 20000 RTP/AVP 8\r\n"));
    rig.receive(PBX, answer(&reinvite, 200, "", "", &sdp("192.0.2.10", 21_000, "8")));
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play(21_000)) }]);
}

#[test]
fn music_offered_again_keeps_number_and_order_of_the_media_lines() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let two = format!("{}m=video 20002 RTP/AVP 31\r\n", caller_sdp());
    rig.receive(PBX, caller.request(Method::Invite, "", &two));
    rig.told(PBX);
    let call = CallKey(1);
    rig.notices();
    let (leg, invite) = ringing(&mut rig, call, 1);
    let video = format!("{}m=video 0 RTP/AVP 31\r\n", phone_sdp());
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &video));
    rig.connect(leg);
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.drop_leg(leg, 200);
    rig.music(call);
    let body = rig.one_to(PBX).body();
    let media: Vec<&str> = text(&body).lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(media, ["m=audio 20000 RTP/AVP 8", "m=video 0 RTP/AVP 31"]);
}

#[test]
fn a_late_answer_that_is_not_wanted_leaves_the_caller_in_silence_until_treated() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = queued(&mut rig, &mut caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.drop_leg(leg, 408);
    assert_eq!(rig.told(PHONE), ["ACK", "BYE"]);
    assert_eq!(rig.notices(), []);
    rig.music(call);
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play(20_000)) }]);
    assert_eq!(rig.told(PBX), [""; 0], "its media never left");
}

#[test]
fn our_2xx_says_what_we_can_do_and_where_we_are() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let more = "Record-Route: <sip:192.0.2.20;lr>\r\n";
    rig.receive(PBX, caller.request(Method::Invite, more, &caller_sdp()));
    rig.music(CallKey(1));
    let ok = rig.sent_to(PBX).pop().unwrap();
    assert_eq!(header(&ok, Name::Contact), "<sip:198.51.100.1:5060>");
    assert_eq!(header(&ok, Name::RecordRoute), "<sip:192.0.2.20;lr>");
    assert!(header(&ok, Name::Allow).contains("BYE"));
    assert!(ok.header_by_text("X-Sambung-Call").is_some());
}
