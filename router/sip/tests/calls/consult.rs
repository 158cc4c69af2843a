//! An agent asks somebody about her caller: two phones hear each other while the caller is on hold.

use crate::{
    hold::{PLAY, body, caller_agrees, held, order_music},
    idle_agent::{CONTACT, talking},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, address, answer, caller_sdp, lines, phone_sdp, sdp},
};
use sip::{
    CallKey, Cause, Command, Display, Flow, Left, LegKey, Notice, Phone,
    wire::{Message, Method},
};

const EXPERT: &str = "203.0.113.8:5070";
const THERE: &str = "Contact: <sip:ben@203.0.113.8:5070>\r\n";

fn expert_sdp() -> String {
    sdp("203.0.113.8", 31_000, "8")
}

/// A phone is called for the phone of `by`; gives the INVITE.
fn rings(rig: &mut Rig, by: LegKey) -> (LegKey, Message) {
    let leg = LegKey { call: by.call, attempt: by.attempt + 1 };
    let to = Flow::udp(address(EXPERT));
    let phones = vec![Phone::at(format!("sip:ben@{EXPERT}"), to)];
    let (queue, display) = ("billing".to_owned(), Display::AsCaller);
    rig.command(Command::Consult { leg, by, phones, queue, display });
    let invite = rig.one_to(EXPERT);
    assert!(body(&invite).contains("m=audio 30000 "), "what her phone said: {invite:?}");
    assert!(!body(&invite).contains("a=sendonly") && !body(&invite).contains("a=inactive"));
    (leg, invite)
}

/// The phone that is asked answers, which is stored.
fn answers(rig: &mut Rig, leg: LegKey, invite: &Message) -> Peer {
    rig.receive(EXPERT, answer(invite, 200, "expert", THERE, &expert_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg }], "the caller's music plays on");
    rig.command(Command::JoinConsult { leg });
    assert_eq!(rig.told(EXPERT), ["ACK"]);
    Peer { at: EXPERT, ..Peer::phone(invite, "expert") }
}

/// Her phone is told where the expert is, and names fewer codings.
fn is_joined(rig: &mut Rig) {
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains("m=audio 31000 ") && !body(&asked).contains("a=inactive"), "{asked:?}");
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp_with("8")));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(rig.told(EXPERT), [""; 0], "which is what the expert has answered with");
}
fn phone_sdp_with(payloads: &str) -> String {
    sdp("203.0.113.7", 30_000, payloads)
}

/// She asks at her desk, and talks to the expert while the caller hears music.
fn consulting(rig: &mut Rig, caller: &mut Peer) -> (CallKey, [LegKey; 2], [Peer; 2]) {
    let (call, by, phone) = talking(rig, caller);
    rig.command(Command::HoldPhone { leg: by });
    let hold = rig.one_to(PHONE);
    let (leg, invite) = rings(rig, by);
    rig.receive(PHONE, answer(&hold, 200, "", CONTACT, &phone_sdp().replace("a=sendrecv", "a=inactive")));
    assert_eq!(
        (rig.told(PHONE), rig.notices()),
        (vec!["ACK".to_owned()], vec![Notice::PhoneHolds { leg: by }])
    );
    order_music(rig, by, Some(MUSIC_PORT));
    caller_agrees(rig, &sdp("192.0.2.10", 20_000, "8"));
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
    let expert = answers(rig, leg, &invite);
    is_joined(rig);
    (call, [by, leg], [phone, expert])
}

fn drop_leg(rig: &mut Rig, leg: LegKey) {
    rig.command(Command::Drop { leg, reason: Cause { status: 200, text: "test" } });
}

fn hang_up(rig: &mut Rig, caller: &mut Peer, legs: &[(LegKey, &str)]) {
    rig.receive(PBX, caller.bye());
    for (leg, at) in legs {
        drop_leg(rig, *leg);
        let sent = rig.sent_to(at);
        assert_eq!(lines(&sent), ["BYE"], "{at}");
        rig.receive(at, answer(&sent[0], 200, "", "", ""));
    }
    rig.told(PBX);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn she_hears_the_one_she_asks_and_then_her_caller_again() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, [by, leg], _) = consulting(&mut rig, &mut caller);
    assert_eq!(rig.told(EXPERT), [""; 0], "what the expert was told is right");
    drop_leg(&mut rig, leg);
    let bye = rig.one_to(EXPERT);
    rig.receive(EXPERT, answer(&bye, 200, "", "", ""));
    rig.command(Command::Retrieve { leg: by });
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains("m=audio 20000 RTP/AVP 8 0\r\n"), "the caller, whole: {asked:?}");
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    rig.told(PHONE);
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg: by }]);
    hang_up(&mut rig, &mut caller, &[(by, PHONE)]);
}

#[test]
fn the_caller_is_put_through() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, [by, leg], _) = consulting(&mut rig, &mut caller);
    drop_leg(&mut rig, by);
    let bye = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&bye, 200, "", "", ""));
    rig.command(Command::PutThrough { leg });
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains("m=audio 31000 "), "{asked:?}");
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }]);
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    let told = rig.one_to(EXPERT);
    assert!(body(&told).contains("m=audio 20000 "), "the expert hears of the caller: {told:?}");
    rig.receive(EXPERT, answer(&told, 200, "", THERE, &expert_sdp()));
    assert_eq!(rig.told(EXPERT), ["ACK"]);
    hang_up(&mut rig, &mut caller, &[(leg, EXPERT)]);
}

#[test]
fn put_through_before_the_answer_the_caller_is_joined_at_the_answer() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, by, _) = held(&mut rig, &mut caller);
    let (leg, invite) = rings(&mut rig, by);
    drop_leg(&mut rig, by);
    let bye = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&bye, 200, "", "", ""));
    rig.receive(EXPERT, answer(&invite, 200, "expert", THERE, &expert_sdp()));
    let stops = Notice::Media { call, play: None };
    assert_eq!(rig.notices(), [stops, Notice::PhoneAnswered { leg }]);
    rig.connect(leg);
    assert_eq!(rig.told(EXPERT), ["ACK"]);
    let asked = caller_agrees(&mut rig, &caller_sdp());
    assert!(body(&asked).contains("m=audio 31000 "), "{asked:?}");
    let told = rig.one_to(EXPERT);
    assert!(body(&told).contains("m=audio 20000 "), "{told:?}");
    rig.receive(EXPERT, answer(&told, 200, "", THERE, &expert_sdp()));
    rig.told(EXPERT);
    hang_up(&mut rig, &mut caller, &[(leg, EXPERT)]);
}

#[test]
fn an_answer_before_her_phone_holds_waits_for_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, by, _) = talking(&mut rig, &mut caller);
    rig.command(Command::HoldPhone { leg: by });
    let hold = rig.one_to(PHONE);
    let (leg, invite) = rings(&mut rig, by);
    answers(&mut rig, leg, &invite);
    assert_eq!(rig.told(PHONE), [""; 0], "one thing at a time");
    rig.receive(PHONE, answer(&hold, 200, "", CONTACT, &phone_sdp().replace("a=sendrecv", "a=inactive")));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    order_music(&mut rig, by, Some(MUSIC_PORT));
    is_joined(&mut rig);
    caller_agrees(&mut rig, &sdp("192.0.2.10", 20_000, "8"));
}

#[test]
fn what_one_of_them_asks_goes_to_the_other_and_not_to_the_caller() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, [by, leg], [mut phone, mut expert]) = consulting(&mut rig, &mut caller);
    for (at, other, peer, port) in
        [(PHONE, EXPERT, &mut phone, "30002"), (EXPERT, PHONE, &mut expert, "31002")]
    {
        let host = at.split(':').next().unwrap();
        let moved = sdp(host, port.parse().unwrap(), "8").replace("a=sendrecv", "a=sendonly");
        let moved = moved.replace("o=x 1 1", "o=x 1 9");
        rig.receive(at, peer.next(Method::Invite, "", &moved));
        let asked = rig.one_to(other);
        assert!(body(&asked).contains(&format!("m=audio {port} ")) && body(&asked).contains("a=sendonly"));
        let said = if other == PHONE { phone_sdp_with("8") } else { expert_sdp() };
        let contact = if other == PHONE { CONTACT } else { THERE };
        rig.receive(other, answer(&asked, 200, "", contact, &said.replace("a=sendrecv", "a=recvonly")));
        let sent = rig.sent_to(at);
        assert_eq!(lines(&sent), ["100 INVITE", "200 INVITE"], "{at}");
        rig.receive(at, peer.ack(&sent[1]));
        rig.told(other);
    }
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]), "no hold, no retrieval");
    // The held caller moves: nobody else has to know.
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 20_400, "8")));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["200 INVITE"]);
    rig.receive(PBX, caller.ack(&sent[0]));
    assert_eq!((rig.told(PHONE), rig.told(EXPERT)), (vec![], vec![]));
    let _ = call;
    hang_up(&mut rig, &mut caller, &[(by, PHONE), (leg, EXPERT)]);
}

#[test]
fn either_of_them_hangs_up() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, [by, leg], [_, mut expert]) = consulting(&mut rig, &mut caller);
    rig.receive(EXPERT, expert.bye());
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
    rig.command(Command::Retrieve { leg: by });
    assert_eq!(rig.told(PHONE), ["INVITE"], "she gets her caller back");

    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, [by, leg], [mut phone, _]) = consulting(&mut rig, &mut caller);
    rig.receive(PHONE, phone.bye());
    assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg: by }]);
    rig.command(Command::PutThrough { leg });
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains("m=audio 31000 "), "{asked:?}");
}

#[test]
fn a_phone_that_cannot_be_joined_ends_the_question() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, by, _) = held(&mut rig, &mut caller);
    let (leg, invite) = rings(&mut rig, by);
    answers(&mut rig, leg, &invite);
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 488, "", "", ""));
    assert_eq!(rig.notices(), [Notice::ConsultFailed { leg, status: 488 }]);
    assert_eq!(rig.told(EXPERT), ["BYE"]);
    assert_eq!(rig.told(PHONE), ["ACK"]);
}

#[test]
fn a_refusal_and_a_caller_who_leaves_end_the_question() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, by, _) = held(&mut rig, &mut caller);
    let (leg, invite) = rings(&mut rig, by);
    rig.receive(EXPERT, answer(&invite, 180, "expert", THERE, ""));
    assert_eq!(rig.notices(), [Notice::PhoneProgress { leg, status: 180 }]);
    assert_eq!(rig.told(PBX), [""; 0], "the caller hears music and no ringing");
    rig.receive(EXPERT, answer(&invite, 486, "expert", "", ""));
    assert_eq!(
        (rig.told(EXPERT), rig.notices()),
        (vec!["ACK".to_owned()], vec![Notice::PhoneRefused { leg, status: 486 }])
    );

    let leg = LegKey { call, attempt: 5 };
    let gone = LegKey { call, attempt: 4 };
    let to = Flow::udp(address(EXPERT));
    let phones = vec![Phone::at(format!("sip:ben@{EXPERT}"), to)];
    let (queue, display) = (String::new(), Display::AsCaller);
    rig.command(Command::Consult { leg, by: gone, phones, queue, display });
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 503 }], "nobody asks");

    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, [by, leg], [mut phone, _]) = consulting(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Invite, "", &phone_sdp_with("8").replace("30000", "30004")));
    assert_eq!(rig.told(EXPERT), ["INVITE"]);
    assert_eq!(rig.told(PHONE), ["100 INVITE"]);
    rig.receive(PBX, caller.bye());
    assert_eq!(rig.told(PHONE), ["480 INVITE"], "nothing waits for ever");
    let left = Notice::CallerLeft { call, how: Left::HungUp };
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, left]);
    for leg in [by, leg] {
        drop_leg(&mut rig, leg);
    }
}

#[test]
fn a_question_of_the_caller_that_is_under_way_is_answered_before_anybody_is_joined() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, by, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 20_600, "8")));
    let relayed = rig.one_to(PHONE);
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    rig.command(Command::HoldPhone { leg: by });
    assert_eq!(rig.told(PHONE), [""; 0], "it is asked something already");
    let (leg, invite) = rings(&mut rig, by);
    answers(&mut rig, leg, &invite);
    rig.receive(PHONE, answer(&relayed, 200, "", CONTACT, &phone_sdp_with("8")));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["200 INVITE"], "the caller has its answer");
    let told = rig.sent_to(PHONE);
    assert_eq!(lines(&told), ["ACK", "INVITE"]);
    assert!(body(&told[1]).contains("a=inactive"), "and then her phone is asked to hold: {told:?}");
}
