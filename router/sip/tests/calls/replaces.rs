//! INVITE with Replaces: the PBX puts another party in the caller's place.

use crate::{
    hold::{PLAY, body, caller_agrees, held},
    idle_agent::{CONTACT, offer, talking},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, header, lines, sdp, tag_of},
};
use sip::{
    Left, Notice, Play, Rejected,
    wire::{Message, Method, Name},
};

/// Where the new party has its media.
const NEW_PORT: u16 = 26_000;

pub fn new_sdp() -> String {
    sdp("192.0.2.10", NEW_PORT, "8 0")
}

/// The dialog of `old` as an INVITE names it that takes its place.
fn named(old: &Peer) -> String {
    let (to, from) = (tag_of(&old.remote), tag_of(&old.local));
    format!("Replaces: {};to-tag={to};from-tag={from}", old.call_id)
}

pub fn takes_the_place(rig: &mut Rig, new: &Peer, of: &Peer, body: &str) -> Vec<Message> {
    let more = format!("Require: replaces\r\n{}\r\n", named(of));
    rig.receive(PBX, new.request(Method::Invite, &more, body));
    rig.sent_to(PBX)
}

/// The new party has been answered and acknowledges that; gives what is sent to it then.
fn acknowledged(rig: &mut Rig, new: &mut Peer, sent: &[Message]) -> Message {
    assert_eq!(lines(sent), ["100 INVITE", "BYE", "200 INVITE"]);
    assert_eq!(header(&sent[1], Name::Reason), "SIP;cause=200;text=\"Replaced\"");
    rig.receive(PBX, answer(&sent[1], 200, "", "", ""));
    rig.receive(PBX, new.ack(&sent[2]));
    rig.one_to(PBX)
}

#[test]
fn a_new_party_in_the_callers_place_is_joined_to_the_phone() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut old);
    let mut new = Peer::caller("622");
    let sent = takes_the_place(&mut rig, &new, &old, &new_sdp());
    let silent = body(&sent[2]);
    assert!(silent.ends_with("a=inactive\r\n"), "there was no music in this call: {silent}");
    let asked = acknowledged(&mut rig, &mut new, &sent);
    assert!(body(&asked).contains("m=audio 30000 "), "{asked:?}");
    rig.receive(PBX, answer(&asked, 200, "", "", &new_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    let told = rig.one_to(PHONE);
    assert!(body(&told).contains(&format!("m=audio {NEW_PORT} ")), "{told:?}");
    rig.receive(PHONE, answer(&told, 200, "", CONTACT, &crate::rig::phone_sdp()));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(rig.notices(), [], "to everybody else it is the same call");

    rig.receive(PBX, old.bye());
    assert_eq!(rig.told(PBX), ["200 BYE"], "the old one may say so as well");
    rig.receive(PHONE, phone.next(Method::Info, "", ""));
    rig.told(PHONE);
    rig.receive(PBX, new.bye());
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::HungUp }]);
    rig.drop_leg(leg, 487);
    rig.told(PBX);
    let bye = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&bye, 200, "", "", ""));
    rig.notices();
    rig.ends_clean();
}

#[test]
fn a_new_party_in_the_place_of_one_who_had_the_phone_on_hold_is_heard_and_hears() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    talking(&mut rig, &mut old);
    let way = |body: &str, way: &str| body.replace("a=sendrecv", &format!("a={way}"));
    rig.receive(PBX, old.next(Method::Invite, "", &way(&crate::rig::caller_sdp(), "sendonly")));
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &way(&crate::rig::phone_sdp(), "recvonly")));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let held = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, old.ack(&held));

    let mut new = Peer::caller("622");
    let sent = takes_the_place(&mut rig, &new, &old, &new_sdp());
    let asked = acknowledged(&mut rig, &mut new, &sent);
    assert!(!body(&asked).contains("recvonly"), "{asked:?}");
    rig.receive(PBX, answer(&asked, 200, "", "", &new_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    let told = rig.one_to(PHONE);
    assert!(body(&told).contains("a=sendrecv"), "{told:?}");
    rig.receive(PHONE, answer(&told, 200, "", CONTACT, &crate::rig::phone_sdp()));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(rig.told(PBX), [""; 0], "all is said");
}

#[test]
fn a_new_party_in_the_place_of_one_who_waits_hears_the_music() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let call = offer(&mut rig, &old);
    rig.music(call);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, old.ack(&ok));
    rig.notices();
    let mut new = Peer::caller("622");
    let sent = takes_the_place(&mut rig, &new, &old, &new_sdp());
    assert_eq!(lines(&sent), ["100 INVITE", "BYE", "200 INVITE"]);
    assert!(body(&sent[2]).contains(&format!("m=audio {MUSIC_PORT} ")));
    let play = Play { to: format!("192.0.2.10:{NEW_PORT}").parse().unwrap(), ..PLAY };
    let media = |play| Notice::Media { call, play };
    assert_eq!(rig.notices(), [media(None), media(Some(play))]);
    rig.receive(PBX, new.ack(&sent[2]));
    assert_eq!(rig.told(PBX), [""; 0], "it is where it is wanted");
    let (_, invite) = crate::idle_agent::ringing(&mut rig, call, 1);
    assert!(body(&invite).contains(&format!("m=audio {NEW_PORT} ")), "{invite:?}");
    assert!(header(&invite, Name::From).contains("622"), "the phone shows who it is now");
}

#[test]
fn a_new_party_in_the_place_of_one_on_hold_is_on_hold_and_comes_back() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let (call, leg, _) = held(&mut rig, &mut old);
    let mut new = Peer::caller("622");
    let sent = takes_the_place(&mut rig, &new, &old, &new_sdp());
    assert_eq!(lines(&sent), ["100 INVITE", "BYE", "200 INVITE"]);
    assert!(body(&sent[2]).contains(&format!("m=audio {MUSIC_PORT} ")));
    rig.receive(PBX, new.ack(&sent[2]));
    assert_eq!(rig.notices().len(), 2, "the music moves to the new one");
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec![], vec![]));
    rig.command(sip::Command::Retrieve { leg });
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains(&format!("m=audio {NEW_PORT} ")), "{asked:?}");
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &crate::rig::phone_sdp()));
    rig.told(PHONE);
    caller_agrees(&mut rig, &new_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);
    assert_eq!(rig.told(PHONE), [""; 0]);
}

#[test]
fn a_new_party_without_a_description_says_it_in_its_ack() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    talking(&mut rig, &mut old);
    let mut new = Peer::caller("622");
    let sent = takes_the_place(&mut rig, &new, &old, "");
    assert_eq!(lines(&sent), ["100 INVITE", "BYE", "200 INVITE"]);
    rig.receive(PBX, new.ack_with(&sent[2], &new_sdp()));
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains("m=audio 30000 "), "{asked:?}");
}

#[test]
fn a_dialog_that_is_not_named_exactly_is_not_replaced() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let (_, _, phone) = talking(&mut rig, &mut old);
    let (to, from, id) = (tag_of(&old.remote), tag_of(&old.local), old.call_id.clone());
    let phones = (tag_of(&phone.remote), tag_of(&phone.local), phone.call_id);
    for (number, (replaces, status)) in [
        (format!("other;to-tag={to};from-tag={from}"), 481),
        (format!("{id};to-tag={from};from-tag={to}"), 481),
        (format!("{id};to-tag={to};from-tag=other"), 481),
        (format!("{id};to-tag=other;from-tag={from}"), 481),
        (format!("{id};to-tag={to};from-tag={}", from.to_uppercase()), 481),
        (format!("{id};to-tag={to}"), 400),
        (format!("{id};to-tag={to};from-tag={from};from-tag={from}"), 400),
        (format!("{id};to-tag={to};from-tag={from}\r\nReplaces: {id};to-tag={to};from-tag={from}"), 400),
        (format!("{id};to-tag={to};from-tag={from}\r\nJoin: {id};to-tag={to};from-tag={from}"), 400),
        (format!("{id};to-tag={to};from-tag={from};early-only"), 486),
        (format!("{};to-tag={};from-tag={}", phones.2, phones.0, phones.1), 403),
    ]
    .into_iter()
    .enumerate()
    {
        let new = Peer::caller(&format!("63{number}"));
        rig.receive(PBX, new.request(Method::Invite, &format!("Replaces: {replaces}\r\n"), &new_sdp()));
        assert_eq!(rig.told(PBX), [format!("{status} INVITE")], "{replaces}");
        rig.counted();
    }
    assert_eq!((rig.notices(), rig.told(PHONE)), (vec![], vec![]), "nobody noticed");
}

#[test]
fn a_dialog_that_has_not_begun_or_has_ended_is_not_replaced() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let call = offer(&mut rig, &old);
    rig.treat(call, sip::Treatment::Ringing);
    let rings = rig.one_to(PBX);
    let early = Peer { remote: header(&rings, Name::To).to_owned(), ..old.clone() };
    let replaces = format!("{}\r\n", named(&early));
    rig.receive(PBX, Peer::caller("622").request(Method::Invite, &replaces, &new_sdp()));
    assert_eq!(rig.told(PBX), ["481 INVITE"], "it was not for us to begin it");

    rig.music(call);
    let ok = rig.one_to(PBX);
    old.learn(&ok);
    let replaces = format!("{}\r\n", named(&old));
    let hasty = Peer::caller("623").request(Method::Invite, &replaces, &new_sdp());
    rig.receive(PBX, hasty.clone());
    assert_eq!(rig.told(PBX), ["491 INVITE"], "its ACK may be on the way");
    rig.receive(PBX, old.ack(&ok));
    rig.receive(PBX, hasty);
    assert_eq!(rig.told(PBX), ["491 INVITE"], "what was refused stays so");
    rig.end(call, 480);
    assert_eq!(rig.told(PBX), ["BYE"]);
    rig.receive(PBX, Peer::caller("624").request(Method::Invite, &replaces, &new_sdp()));
    assert_eq!(rig.told(PBX), ["603 INVITE"], "we have just hung up on it");
    assert!(rig.counted().contains(&Rejected::UnknownDialog));
}

#[test]
fn what_the_phone_asks_for_while_its_caller_is_replaced_has_to_be_asked_again() {
    let mut rig = Rig::new();
    let mut old = Peer::caller("621");
    let (_, _, mut phone) = talking(&mut rig, &mut old);
    rig.receive(PHONE, phone.next(Method::Invite, "", &sdp("203.0.113.7", 31_000, "8")));
    assert_eq!(rig.told(PHONE), ["100 INVITE"]);
    rig.told(PBX);
    let new = Peer::caller("622");
    takes_the_place(&mut rig, &new, &old, &new_sdp());
    assert_eq!(rig.told(PHONE), ["491 INVITE"]);
}
