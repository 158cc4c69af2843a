//! Re-INVITEs of the peers: they go on to the other side, or to our music.

use crate::{
    idle_agent::{CONTACT, talking},
    music::{joining, moved},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, header, lines, phone_sdp, sdp, text},
};
use sip::{
    CallKey, Left, Notice,
    wire::{Method, Name},
};

fn held(body: &str) -> String {
    body.replace("a=sendrecv", "a=sendonly")
}

#[test]
fn what_the_caller_asks_for_is_asked_of_the_phone_and_answered_with_her_answer() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    let asked = rig.one_to(PHONE);
    assert!(
        text(&asked.body()).contains("a=sendonly") && text(&asked.body()).contains(" 2 IN IP4 198.51.100.1")
    );
    let answered = phone_sdp().replace("a=sendrecv", "a=recvonly");
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &answered));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("a=recvonly"));
    rig.receive(PBX, caller.ack(&ok));
    rig.pass_s(40);
    assert_eq!((rig.told(PBX), rig.told(PHONE), rig.notices()), (vec![], vec![], vec![]));
}

#[test]
fn what_the_phone_asks_for_is_asked_of_the_caller() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, mut phone) = moved(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Invite, "", &sdp("203.0.113.7", 31_000, "8")));
    assert_eq!(rig.told(PHONE), ["100 INVITE"]);
    let asked = rig.one_to(PBX);
    assert!(text(&asked.body()).contains("m=audio 31000 RTP/AVP 8\r\n"));
    rig.receive(PBX, answer(&asked, 200, "", "", &sdp("192.0.2.10", 20_002, "8")));
    let ok = rig.one_to(PHONE);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("m=audio 20002 "));
    rig.receive(PHONE, phone.ack(&ok));
    assert_eq!(rig.told(PBX), ["ACK"]);
}

#[test]
fn a_refusal_of_the_other_side_comes_back_and_the_session_stays() {
    for (status, comes_back) in [(488, 488), (491, 491), (603, 603)] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        talking(&mut rig, &mut caller);
        rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
        let asked = rig.one_to(PHONE);
        rig.receive(PHONE, answer(&asked, status, "", "", ""));
        assert_eq!(rig.told(PHONE), ["ACK"]);
        let sent = rig.sent_to(PBX);
        assert_eq!(lines(&sent), ["100 INVITE".to_owned(), format!("{comes_back} INVITE")]);
        rig.receive(PBX, caller.ack(&sent[1]));
        rig.pass_s(40);
        assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]));
    }
}

#[test]
fn what_was_refused_was_never_said() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 488, "", "", ""));
    let refusal = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&refusal));
    rig.told(PHONE);
    rig.receive(PBX, caller.next(Method::Invite, "", ""));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack_with(&ok, &caller_sdp()));
    assert_eq!(rig.told(PHONE), [""; 0], "she still has the caller's description from before");
}

#[test]
fn a_phone_that_does_not_know_the_call_any_more_has_hung_up() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 481, "", "", ""));
    assert_eq!(rig.told(PBX), ["100 INVITE", "480 INVITE"]);
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
    rig.end(call, 480);
    assert_eq!(rig.told(PBX), ["BYE"]);
    rig.ends_clean();
}

#[test]
fn a_reinvite_without_an_offer_gets_what_we_said_last_and_its_answer_goes_on() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", ""));
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("m=audio 30000 "));
    assert_eq!(rig.told(PHONE), [""; 0]);
    rig.receive(PBX, caller.ack_with(&ok, &sdp("192.0.2.10", 26_000, "8")));
    let told = rig.one_to(PHONE);
    assert!(text(&told.body()).contains("m=audio 26000 RTP/AVP 8\r\n"));
}

#[test]
fn a_caller_in_the_queue_may_hold_and_retrieve() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    rig.receive(PBX, caller.invite());
    let call = CallKey(1);
    rig.music(call);
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.notices();
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("a=recvonly"));
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }]);
    rig.receive(PBX, caller.ack(&ok));
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.11", 27_000, "0")));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    match rig.notices().as_slice() {
        [Notice::Media { play: Some(play), .. }] => {
            assert_eq!((play.to.to_string().as_str(), play.payload), ("192.0.2.11:27000", 0));
            assert_eq!(play.from_port, MUSIC_PORT);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_reinvites_that_meet_are_both_refused_with_491() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, mut phone, ours) = joining(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    assert_eq!(rig.told(PBX), ["491 INVITE"], "ours is out");
    rig.receive(PHONE, phone.next(Method::Invite, "", &held(&phone_sdp())));
    assert_eq!(rig.told(PHONE), ["491 INVITE"], "she is just being joined");
    rig.receive(PBX, answer(&ours, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX).first().map(String::as_str), Some("ACK"));
}

#[test]
fn a_second_reinvite_before_the_answer_to_the_first_may_come_again_later() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    rig.receive(PBX, caller.next(Method::Invite, "", &caller_sdp()));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["100 INVITE", "500 INVITE"]);
    assert!(header(&sent[1], Name::RetryAfter).parse::<u8>().is_ok_and(|after| after <= 10));
}

#[test]
fn a_reinvite_that_is_taken_back_leaves_both_sides_as_they_were() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    rig.receive(PBX, caller.cancel());
    assert_eq!(rig.told(PBX), ["100 INVITE", "200 CANCEL", "487 INVITE"]);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp().replace("a=sendrecv", "a=recvonly")));
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    assert!(text(&sent[1].body()).contains("a=sendrecv"), "back to where it was");
}

#[test]
fn a_bye_while_the_other_side_is_asked_ends_the_question() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PBX), ["100 INVITE", "200 BYE", "487 INVITE"]);
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::HungUp }]);
    rig.drop_leg(leg, 200);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(PHONE), ["BYE", "ACK"], "a late 2xx is still acknowledged");
    rig.ends_clean();
}

#[test]
fn what_a_reinvite_requires_and_we_do_not_have_is_refused() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "Require: timer, precondition\r\n", &caller_sdp()));
    let refusal = rig.one_to(PBX);
    assert_eq!((refusal.status(), header(&refusal, Name::Unsupported)), (Some(420), "precondition"));
    rig.receive(PBX, caller.ack(&refusal));
    let text = caller.next(Method::Invite, "", "hello").replace("application/sdp", "text/plain");
    rig.receive(PBX, text);
    assert_eq!(rig.told(PBX), ["415 INVITE"]);
}

#[test]
fn a_peer_that_moves_is_reached_where_its_contact_says() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, _, _) = talking(&mut rig, &mut caller);
    let moved =
        caller.next(Method::Invite, "", "").replace("<sip:peer@192.0.2.10:5060>", "<sip:peer@192.0.2.44>");
    rig.receive(PBX, moved);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack_with(&ok, &caller_sdp()));
    rig.end(call, 480);
    assert_eq!(rig.told("192.0.2.44:5060"), ["BYE"]);
}
