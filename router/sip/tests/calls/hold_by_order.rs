//! The agent holds and retrieves at her desk: her phone is asked first, the caller moved after it.

use crate::{
    hold::{PLAY, body, caller_agrees, held, on_hold, order_music, version},
    idle_agent::{CONTACT, talking},
    music::joining,
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, lines, phone_sdp, sdp},
};
use sip::{
    CallKey, Command, LegKey, Notice,
    wire::{Message, Method},
};

/// The phone is asked to hold; gives the question.
fn asked_to_hold(rig: &mut Rig, leg: LegKey) -> Message {
    rig.command(Command::HoldPhone { leg });
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains("m=audio 20000 ") && body(&asked).ends_with("a=inactive\r\n"), "{asked:?}");
    asked
}

fn inactive() -> String {
    phone_sdp().replace("a=sendrecv", "a=inactive")
}

/// The phone agrees to the question.
fn phone_agrees(rig: &mut Rig, asked: &Message, with: &str) {
    rig.receive(PHONE, answer(asked, 200, "", CONTACT, with));
    assert_eq!(rig.told(PHONE), ["ACK"]);
}

/// On hold by the desk.
fn held_by_order(rig: &mut Rig, caller: &mut Peer) -> (CallKey, LegKey, Peer) {
    let (call, leg, phone) = talking(rig, caller);
    let asked = asked_to_hold(rig, leg);
    assert_eq!((version(&asked), rig.notices()), (2, vec![]), "it is on hold when the phone says so");
    phone_agrees(rig, &asked, &inactive());
    assert_eq!((rig.notices(), rig.told(PBX)), (vec![Notice::PhoneHolds { leg }], vec![]));
    order_music(rig, leg, Some(MUSIC_PORT));
    caller_agrees(rig, &sdp("192.0.2.10", 20_000, "8"));
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
    (call, leg, phone)
}

/// The phone is asked to take its caller back; gives the question.
fn asked_to_retrieve(rig: &mut Rig, leg: LegKey) -> Message {
    rig.command(Command::Retrieve { leg });
    assert_eq!(rig.told(PBX), [""; 0], "the phone comes first");
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains("m=audio 20000 RTP/AVP 8 0\r\n"), "all its codings: {asked:?}");
    assert!(body(&asked).contains("a=sendrecv\r\n"));
    asked
}

#[test]
fn the_phone_is_asked_and_the_caller_hears_music_until_both_agreed_to_come_back() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held_by_order(&mut rig, &mut caller);
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    assert_eq!(rig.notices(), [], "it hears music until it is moved");
    let asked = caller_agrees(&mut rig, &caller_sdp());
    assert!(body(&asked).contains("m=audio 30000 ") && body(&asked).contains("a=sendrecv"));
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec![], vec![]), "what the phone was told is right");
    rig.receive(PHONE, phone.bye());
    rig.end(call, 200);
    assert_eq!(rig.told(PBX), ["BYE"]);
}

#[test]
fn a_caller_who_comes_back_somewhere_else_is_told_to_the_phone() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _) = held_by_order(&mut rig, &mut caller);
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    caller_agrees(&mut rig, &sdp("192.0.2.10", 29_000, "8"));
    let told = rig.one_to(PHONE);
    assert!(body(&told).contains("m=audio 29000 RTP/AVP 8\r\n"), "{told:?}");
}

#[test]
fn the_phone_may_end_what_the_desk_began_and_the_desk_what_the_phone_began() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held_by_order(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Invite, "", &phone_sdp()));
    rig.told(PHONE);
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);

    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = held(&mut rig, &mut caller);
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);
}

#[test]
fn a_phone_that_refuses_to_hold_goes_on_talking() {
    for (status, with) in [(488, ""), (603, ""), (200, "")] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (_, leg, _) = talking(&mut rig, &mut caller);
        let asked = asked_to_hold(&mut rig, leg);
        rig.receive(PHONE, answer(&asked, status, "", CONTACT, with));
        assert_eq!(rig.told(PHONE), ["ACK"]);
        let status = if status == 200 { 488 } else { status };
        assert_eq!(rig.notices(), [Notice::HoldFailed { leg, status }]);
        order_music(&mut rig, leg, Some(MUSIC_PORT));
        assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec![], vec![]));
        asked_to_hold(&mut rig, leg); // she may try again
    }
}

#[test]
fn a_phone_that_refuses_to_retrieve_or_answers_that_it_holds_itself_leaves_the_hold() {
    for (status, with, told) in
        [(488, String::new(), vec!["ACK"]), (200, on_hold(&phone_sdp()), vec!["ACK", "INVITE"])]
    {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (_, leg, _) = held(&mut rig, &mut caller);
        let asked = asked_to_retrieve(&mut rig, leg);
        rig.receive(PHONE, answer(&asked, status, "", CONTACT, &with));
        let sent = rig.sent_to(PHONE);
        assert_eq!(lines(&sent), told);
        assert_eq!(
            (rig.notices(), rig.told(PBX)),
            (vec![Notice::RetrieveFailed { leg, status: 488 }], vec![])
        );
        if let [_, again] = &sent[..] {
            assert!(body(again).contains("a=inactive"), "it must not send to a caller who hears music");
            phone_agrees(&mut rig, again, &inactive());
        }
        asked_to_retrieve(&mut rig, leg);
    }
}

#[test]
fn a_caller_who_refuses_to_come_back_stays_at_the_music_and_the_phone_is_told() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _) = held_by_order(&mut rig, &mut caller);
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    let back = rig.one_to(PBX);
    rig.receive(PBX, answer(&back, 488, "", "", ""));
    assert_eq!(rig.told(PBX), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::RetrieveFailed { leg, status: 488 }], "the music plays on");
    let told = rig.one_to(PHONE);
    assert!(body(&told).ends_with("a=inactive\r\n"), "{told:?}");
    phone_agrees(&mut rig, &told, &inactive());
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices().last(), Some(&Notice::Retrieved { leg }));
}

#[test]
fn an_order_waits_for_its_turn() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 28_000, "8")));
    let relayed = rig.one_to(PHONE);
    rig.command(Command::HoldPhone { leg });
    assert_eq!(rig.told(PHONE), [""; 0]);
    rig.receive(PHONE, answer(&relayed, 200, "", CONTACT, &phone_sdp()));
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    assert!(body(&sent[1]).contains("m=audio 28000 ") && body(&sent[1]).contains("a=inactive"));
}

#[test]
fn an_order_while_the_caller_is_still_moved_to_the_phone_waits_for_that() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _, ours) = joining(&mut rig, &mut caller);
    rig.command(Command::HoldPhone { leg });
    assert_eq!(rig.told(PHONE), [""; 0]);
    rig.receive(PBX, answer(&ours, 200, "", "", &caller_sdp()));
    assert!(body(&rig.sent_to(PHONE)[0]).contains("a=inactive"));
}

#[test]
fn an_order_that_meets_the_phones_own_is_tried_again_in_time() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    let ours = asked_to_hold(&mut rig, leg);
    rig.receive(PHONE, phone.next(Method::Invite, "", &on_hold(&phone_sdp())));
    let refusal = rig.one_to(PHONE);
    assert_eq!(refusal.status(), Some(491));
    rig.receive(PHONE, phone.ack(&refusal));
    rig.receive(PHONE, answer(&ours, 491, "", "", ""));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    rig.pass_s(2);
    assert_eq!(rig.told(PHONE), [""; 0], "the Call-ID is ours: 2.1 to 4 s");
    rig.pass_s(2);
    assert!(body(&rig.sent_to(PHONE)[0]).contains("a=inactive"));
}

#[test]
fn the_phones_own_hold_serves_an_order_that_met_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    let ours = asked_to_hold(&mut rig, leg);
    rig.receive(PHONE, answer(&ours, 491, "", "", ""));
    rig.told(PHONE);
    crate::hold::asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let ok = rig.one_to(PHONE);
    rig.receive(PHONE, phone.ack(&ok));
    caller_agrees(&mut rig, &caller_sdp());
    rig.pass_s(10);
    assert_eq!(rig.told(PHONE), [""; 0], "it holds already");
}

#[test]
fn a_phone_that_is_found_gone_when_asked_has_hung_up() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = held(&mut rig, &mut caller);
    let asked = asked_to_retrieve(&mut rig, leg);
    rig.receive(PHONE, answer(&asked, 481, "", "", ""));
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
    rig.end(call, 200);
    assert_eq!(rig.told(PBX), ["BYE"]);
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::CallOver { call }]);
}

#[test]
fn an_order_for_nobody_does_nothing() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    let other = LegKey { call, attempt: 9 };
    for command in [
        Command::HoldPhone { leg: other },
        Command::Hold { leg, port: Some(MUSIC_PORT) },
        Command::Hold { leg: other, port: None },
        Command::Retrieve { leg },
        Command::Retrieve { leg: other },
    ] {
        rig.command(command);
    }
    assert_eq!((rig.told(PHONE), rig.told(PBX), rig.notices()), (vec![], vec![], vec![]));
    asked_to_hold(&mut rig, leg);
    rig.command(Command::HoldPhone { leg });
    assert_eq!(rig.told(PHONE), [""; 0], "once");
}

#[test]
fn a_caller_who_held_her_before_and_does_no_more_hears_her_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &on_hold(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    phone_agrees(&mut rig, &asked, &phone_sdp().replace("a=sendrecv", "a=recvonly"));
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    let asked = asked_to_hold(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &inactive());
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    caller_agrees(&mut rig, &on_hold(&caller_sdp()));
    rig.receive(PBX, caller.next(Method::Invite, "", &caller_sdp()));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    assert!(body(&caller_agrees(&mut rig, &caller_sdp())).contains("a=sendrecv"));
    assert_eq!(rig.told(PHONE), [""; 0]);
}

#[test]
fn a_caller_who_was_not_moved_yet_stays_where_it_is() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, _) = talking(&mut rig, &mut caller);
    let asked = asked_to_hold(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &inactive());
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let music = rig.one_to(PBX);
    rig.receive(PBX, answer(&music, 491, "", "", ""));
    assert_eq!(rig.told(PBX), ["ACK"]);
    rig.notices();
    let asked = asked_to_retrieve(&mut rig, leg);
    phone_agrees(&mut rig, &asked, &phone_sdp());
    assert_eq!(rig.notices(), [Notice::Retrieved { leg }]);
    rig.pass_s(10);
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec![], vec![]));
}
