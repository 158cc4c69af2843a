//! The agent's phone holds its caller and takes it back: the caller hears music though media is direct.

use crate::{
    idle_agent::{CONTACT, talking},
    rig::{MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, header, lines, phone_sdp, sdp, text},
};
use sip::{
    CallKey, Codec, Command, Left, LegKey, Notice, Play,
    wire::{Message, Method, Name},
};

pub const PLAY: Play = Play {
    to: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), 20_000),
    codec: Codec::Pcma,
    payload: 8,
    events: None,
    from_port: MUSIC_PORT,
};

pub fn on_hold(body: &str) -> String {
    body.replace("a=sendrecv", "a=sendonly")
}

pub fn body(message: &Message) -> String {
    text(&message.body()).to_owned()
}

pub fn version(message: &Message) -> u32 {
    body(message).lines().nth(1).unwrap().split(' ').nth(2).unwrap().parse().unwrap()
}

/// The phone's re-INVITE with a hold has come and waits.
pub fn asks(rig: &mut Rig, leg: LegKey, phone: &mut Peer, offer: &str) {
    rig.receive(PHONE, phone.next(Method::Invite, "", offer));
    assert_eq!(rig.told(PHONE), ["100 INVITE"]);
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![Notice::PhoneHolds { leg }]), "it waits");
}

pub fn order_music(rig: &mut Rig, leg: LegKey, port: Option<u16>) {
    rig.command(Command::Hold { leg, port });
}

/// The caller agrees to what it is asked; gives the question.
pub fn caller_agrees(rig: &mut Rig, with: &str) -> Message {
    let asked = rig.one_to(PBX);
    assert_eq!(asked.method(), Method::Invite);
    rig.receive(PBX, answer(&asked, 200, "", "", with));
    assert_eq!(rig.told(PBX), ["ACK"]);
    asked
}

/// Caller and agent talk, then her phone holds and the caller hears music.
pub fn held(rig: &mut Rig, caller: &mut Peer) -> (CallKey, LegKey, Peer) {
    let (call, leg, mut phone) = talking(rig, caller);
    asks(rig, leg, &mut phone, &on_hold(&phone_sdp()));
    order_music(rig, leg, Some(MUSIC_PORT));
    let ok = rig.one_to(PHONE);
    rig.receive(PHONE, phone.ack(&ok));
    caller_agrees(rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
    (call, leg, phone)
}

/// The phone asks for its caller; gives the question to the caller.
fn wants_back(rig: &mut Rig, phone: &mut Peer) -> Message {
    rig.receive(PHONE, phone.next(Method::Invite, "", &phone_sdp()));
    assert_eq!((rig.told(PHONE), rig.notices()), (vec!["100 INVITE".to_owned()], vec![]));
    let asked = rig.one_to(PBX);
    assert!(body(&asked).contains("m=audio 30000 ") && body(&asked).contains("a=sendrecv"), "{asked:?}");
    asked
}

/// The phone has its caller back.
fn is_back(rig: &mut Rig, call: CallKey, leg: LegKey, caller: &mut Peer, phone: &mut Peer) {
    let asked = wants_back(rig, phone);
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);
    let ok = rig.one_to(PHONE);
    assert!(body(&ok).contains("m=audio 20000 ") && body(&ok).contains("a=sendrecv"), "{ok:?}");
    rig.receive(PHONE, phone.ack(&ok));
    rig.receive(PBX, caller.bye());
    rig.drop_leg(leg, 200);
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec!["200 BYE".to_owned()], vec!["BYE".to_owned()]));
    rig.ends_clean();
}

#[test]
fn a_phone_that_holds_is_answered_and_the_caller_hears_music_until_it_is_taken_back() {
    for offer in [
        on_hold(&phone_sdp()),
        phone_sdp().replace("a=sendrecv", "a=inactive"),
        phone_sdp().replace("c=IN IP4 203.0.113.7", "c=IN IP4 0.0.0.0"),
    ] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg, mut phone) = talking(&mut rig, &mut caller);
        asks(&mut rig, leg, &mut phone, &offer);
        order_music(&mut rig, leg, Some(MUSIC_PORT));
        let ok = rig.one_to(PHONE);
        assert_eq!((ok.status(), version(&ok)), (Some(200), 2), "a changed description under our own o=");
        assert!(body(&ok).contains("m=audio 20000 RTP/AVP 8 0\r\n") && body(&ok).ends_with("a=inactive\r\n"));
        rig.receive(PHONE, phone.ack(&ok));
        assert_eq!(rig.notices(), [], "no music before the caller knows where it comes from");
        let asked = caller_agrees(&mut rig, &caller_sdp());
        assert!(body(&asked).contains("c=IN IP4 198.51.100.1\r\n") && version(&asked) == 2);
        assert!(body(&asked).contains(&format!("m=audio {MUSIC_PORT} RTP/AVP 8\r\n")), "{asked:?}");
        assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
        rig.pass_s(100);
        assert_eq!((rig.told(PBX), rig.told(PHONE), rig.notices()), (vec![], vec![], vec![]));
        is_back(&mut rig, call, leg, &mut caller, &mut phone);
    }
}

#[test]
fn a_retrieval_the_caller_refuses_is_refused_and_the_music_plays_on() {
    for status in [488, 491] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg, mut phone) = held(&mut rig, &mut caller);
        let asked = wants_back(&mut rig, &mut phone);
        rig.receive(PBX, answer(&asked, status, "", "", ""));
        assert_eq!(rig.told(PBX), ["ACK"]);
        let refusal = rig.one_to(PHONE);
        assert_eq!((refusal.status(), rig.notices()), (Some(status), vec![]));
        rig.receive(PHONE, phone.ack(&refusal));
        is_back(&mut rig, call, leg, &mut caller, &mut phone);
    }
}

#[test]
fn a_caller_who_cannot_hear_our_music_hears_nothing() {
    for (offered, port) in [(sdp("192.0.2.10", 20_000, "18"), Some(MUSIC_PORT)), (caller_sdp(), None)] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        rig.receive(PBX, caller.request(Method::Invite, "", &offered));
        rig.told(PBX);
        rig.notices();
        let (leg, invite) = crate::idle_agent::ringing(&mut rig, CallKey(1), 1);
        let mut phone = crate::idle_agent::answers(&mut rig, leg, &invite);
        rig.connect(leg);
        rig.told(PHONE);
        let ok = rig.sent_to(PBX).pop().unwrap();
        rig.receive(PBX, caller.ack(&ok));
        asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
        order_music(&mut rig, leg, port);
        let ok = rig.one_to(PHONE);
        rig.receive(PHONE, phone.ack(&ok));
        let asked = caller_agrees(&mut rig, &offered.replace("a=sendrecv", "a=inactive"));
        assert!(body(&asked).contains("m=audio 30000 ") && body(&asked).ends_with("a=inactive\r\n"));
        assert_eq!(rig.notices(), []);
        let asked = wants_back(&mut rig, &mut phone);
        rig.receive(PBX, answer(&asked, 200, "", "", &offered));
        assert_eq!(rig.notices(), [Notice::Retrieved { leg }]);
    }
}

#[test]
fn a_caller_who_refuses_the_music_is_told_of_silence_and_one_who_refuses_both_stays() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let ok = rig.one_to(PHONE);
    rig.receive(PHONE, phone.ack(&ok));
    let music = rig.one_to(PBX);
    rig.receive(PBX, answer(&music, 488, "", "", ""));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    assert!(body(&sent[1]).contains("m=audio 30000 ") && body(&sent[1]).contains("a=inactive"));
    rig.receive(PBX, answer(&sent[1], 488, "", "", ""));
    assert_eq!((rig.told(PBX), rig.notices()), (vec!["ACK".to_owned()], vec![]));
    // Its own question is answered here: the phone must not be sent a caller whom it holds.
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.10", 26_000, "8")));
    let ok = rig.one_to(PBX);
    assert!(body(&ok).contains(&format!("m=audio {MUSIC_PORT} ")), "now it may hear music: {ok:?}");
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.told(PHONE), [""; 0]);
    let play = Play { to: "192.0.2.10:26000".parse().unwrap(), ..PLAY };
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play) }]);
    is_back(&mut rig, call, leg, &mut caller, &mut phone);
}

#[test]
fn what_a_held_caller_asks_for_is_answered_with_music_or_silence() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.11", 27_000, "18")));
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && body(&ok).ends_with("a=inactive\r\n"), "{ok:?}");
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }]);
    rig.receive(PBX, caller.next(Method::Invite, "", &sdp("192.0.2.11", 27_000, "0")));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    let play = Play { to: "192.0.2.11:27000".parse().unwrap(), codec: Codec::Pcmu, payload: 0, ..PLAY };
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(play) }]);
    assert_eq!(rig.told(PHONE), [""; 0]);
    is_back(&mut rig, call, leg, &mut caller, &mut phone);
}

#[test]
fn a_phone_that_says_again_that_it_holds_is_answered_at_once() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Invite, "", &phone_sdp().replace("a=sendrecv", "a=inactive")));
    let ok = rig.one_to(PHONE);
    assert!(ok.status() == Some(200) && body(&ok).contains("a=inactive"));
    rig.receive(PHONE, phone.ack(&ok));
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![]));
    is_back(&mut rig, call, leg, &mut caller, &mut phone);
}

#[test]
fn a_hold_before_the_callers_ack_moves_the_caller_after_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = crate::idle_agent::offer(&mut rig, &caller);
    let (leg, invite) = crate::idle_agent::ringing(&mut rig, call, 1);
    let mut phone = crate::idle_agent::answers(&mut rig, leg, &invite);
    rig.connect(leg);
    rig.told(PHONE);
    let ok = rig.sent_to(PBX).pop().unwrap();
    asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec!["200 INVITE".to_owned()], vec![]));
    rig.receive(PBX, caller.ack(&ok));
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
}

#[test]
fn a_hold_taken_back_before_it_was_stored_is_over() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
    rig.receive(PHONE, phone.cancel());
    assert_eq!(rig.told(PHONE), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(rig.notices(), [Notice::Retrieved { leg }]);
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec![], vec![]));
}

#[test]
fn a_retrieval_taken_back_puts_the_caller_back_to_the_music() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held(&mut rig, &mut caller);
    let asked = wants_back(&mut rig, &mut phone);
    rig.receive(PHONE, phone.cancel());
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["200 CANCEL", "487 INVITE"]);
    rig.receive(PHONE, phone.ack(&sent[1]));
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp()));
    let sent = rig.sent_to(PBX);
    assert_eq!(lines(&sent), ["ACK", "INVITE"]);
    assert!(body(&sent[1]).contains(&format!("m=audio {MUSIC_PORT} ")));
    rig.receive(PBX, answer(&sent[1], 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
    is_back(&mut rig, call, leg, &mut caller, &mut phone);
}

#[test]
fn a_phone_that_asks_without_an_offer_is_offered_its_caller_and_may_take_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held(&mut rig, &mut caller);
    for (answered, taken) in [(on_hold(&phone_sdp()), false), (phone_sdp(), true)] {
        rig.receive(PHONE, phone.next(Method::Invite, "", ""));
        let ok = rig.one_to(PHONE);
        assert!(body(&ok).contains("m=audio 20000 RTP/AVP 8 0\r\n") && body(&ok).contains("a=sendrecv"));
        rig.receive(PHONE, phone.ack_with(&ok, &answered));
        if taken {
            let asked = caller_agrees(&mut rig, &caller_sdp());
            assert!(body(&asked).contains("m=audio 30000 "));
            assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);
        } else {
            let told = rig.one_to(PHONE);
            assert!(body(&told).contains("a=inactive"), "it must not send to a caller who hears music");
            let inactive = phone_sdp().replace("a=sendrecv", "a=inactive");
            rig.receive(PHONE, answer(&told, 200, "", CONTACT, &inactive));
            assert_eq!(rig.told(PHONE), ["ACK"]);
        }
        assert_eq!((rig.told(PBX), rig.told(PHONE), rig.notices()), (vec![], vec![], vec![]));
    }
}

#[test]
fn a_phone_that_answers_our_offer_with_a_hold_holds() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Invite, "", ""));
    let ok = rig.one_to(PHONE);
    rig.receive(PHONE, phone.ack_with(&ok, &on_hold(&phone_sdp())));
    assert_eq!((rig.told(PBX), rig.notices()), (vec![], vec![Notice::PhoneHolds { leg }]));
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    assert_eq!(rig.told(PHONE), [""; 0]);
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
    is_back(&mut rig, call, leg, &mut caller, &mut phone);
}

#[test]
fn a_caller_who_holds_is_no_hold_of_ours_and_each_side_retrieves_for_itself() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &on_hold(&caller_sdp())));
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp().replace("a=sendrecv", "a=recvonly")));
    rig.told(PHONE);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    assert_eq!(rig.notices(), []);

    asks(&mut rig, leg, &mut phone, &phone_sdp().replace("a=sendrecv", "a=inactive"));
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let ok = rig.one_to(PHONE);
    rig.receive(PHONE, phone.ack(&ok));
    caller_agrees(&mut rig, &on_hold(&caller_sdp()));
    assert_eq!(rig.notices(), [], "who holds does not hear our music");

    rig.receive(PHONE, phone.next(Method::Invite, "", &phone_sdp()));
    rig.told(PHONE);
    caller_agrees(&mut rig, &on_hold(&caller_sdp()));
    let ok = rig.one_to(PHONE);
    assert!(body(&ok).contains("a=sendonly"), "she is still held by the caller: {ok:?}");
    rig.receive(PHONE, phone.ack(&ok));
    assert_eq!(rig.notices(), [Notice::Retrieved { leg }]);

    rig.receive(PBX, caller.next(Method::Invite, "", &caller_sdp()));
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains("a=sendrecv"));
}

#[test]
fn a_phone_that_is_held_and_says_so_again_does_not_hold() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, mut phone) = talking(&mut rig, &mut caller);
    let inactive = |body: String| body.replace("a=sendrecv", "a=inactive");
    rig.receive(PBX, caller.next(Method::Invite, "", &inactive(caller_sdp())));
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &inactive(phone_sdp())));
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    rig.told(PHONE);
    rig.receive(PHONE, phone.next(Method::Invite, "", &inactive(phone_sdp())));
    let ok = rig.one_to(PHONE);
    assert!(ok.status() == Some(200) && body(&ok).contains("a=inactive"));
    rig.receive(PHONE, phone.ack(&ok));
    rig.receive(PHONE, phone.next(Method::Invite, "", &inactive(sdp("203.0.113.7", 31_000, "8"))));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec!["100 INVITE".to_owned()], vec!["INVITE".to_owned()]));
    assert_eq!(rig.notices(), []);
}

#[test]
fn a_phone_may_hold_by_update() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Update, "", &on_hold(&phone_sdp())));
    assert_eq!(rig.notices(), [Notice::PhoneHolds { leg }]);
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let said = rig.sent_to(PHONE).pop().unwrap();
    assert_eq!((said.status(), said.method()), (Some(200), Method::Update));
    assert!(body(&said).contains("a=inactive"), "{said:?}");
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
}

#[test]
fn a_caller_who_hangs_up_on_hold_has_left() {
    for said in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg) = if said {
            let (call, leg, mut phone) = talking(&mut rig, &mut caller);
            asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
            (call, leg)
        } else {
            let (call, leg, _) = held(&mut rig, &mut caller);
            (call, leg)
        };
        rig.receive(PBX, caller.bye());
        assert_eq!(rig.told(PBX), ["200 BYE"]);
        let refused = rig.told(PHONE);
        assert_eq!(refused.is_empty(), !said, "{refused:?}");
        let left = Notice::CallerLeft { call, how: Left::HungUp };
        let silence = Notice::Media { call, play: None };
        assert_eq!(rig.notices(), if said { vec![left] } else { vec![silence, left] });
        order_music(&mut rig, leg, Some(MUSIC_PORT));
        rig.drop_leg(leg, 200);
        assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec![], vec!["BYE".to_owned()]));
        assert_eq!(rig.notices(), [Notice::CallOver { call }]);
        if !said {
            rig.ends_clean();
        }
    }
}

#[test]
fn an_agent_who_hangs_up_on_hold_ends_the_call_and_the_music() {
    for during in ["said", "held", "returning"] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg, mut phone) = if during == "said" {
            let (call, leg, mut phone) = talking(&mut rig, &mut caller);
            asks(&mut rig, leg, &mut phone, &on_hold(&phone_sdp()));
            (call, leg, phone)
        } else {
            held(&mut rig, &mut caller)
        };
        let asked = (during == "returning").then(|| wants_back(&mut rig, &mut phone));
        rig.receive(PHONE, phone.bye());
        let told = rig.sent_to(PHONE);
        assert!(lines(&told).contains(&"200 BYE".to_owned()));
        for refused in told.iter().filter(|told| told.status() == Some(487)) {
            rig.receive(PHONE, phone.ack(refused));
        }
        assert_eq!(rig.notices(), [Notice::PhoneHungUp { leg }]);
        rig.end(call, 200);
        let bye = rig.one_to(PBX);
        assert_eq!(header(&bye, Name::Reason), "SIP;cause=200;text=\"test\"");
        rig.receive(PBX, answer(&bye, 200, "", "", ""));
        if let Some(asked) = asked {
            rig.receive(PBX, answer(&asked, 487, "", "", ""));
            assert_eq!(rig.told(PBX), ["ACK"]);
        }
        let silence = Notice::Media { call, play: None };
        let over = Notice::CallOver { call };
        assert_eq!(rig.notices(), if during == "said" { vec![over] } else { vec![silence, over] });
        rig.pass_s(40);
        rig.told(PHONE);
        rig.ends_clean();
    }
}

#[test]
fn a_caller_who_is_found_gone_while_the_phone_wants_it_back_has_left() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = held(&mut rig, &mut caller);
    let asked = wants_back(&mut rig, &mut phone);
    rig.receive(PBX, answer(&asked, 481, "", "", ""));
    assert_eq!((rig.told(PBX), rig.told(PHONE)), (vec!["ACK".to_owned()], vec!["480 INVITE".to_owned()]));
    let silence = Notice::Media { call, play: None };
    assert_eq!(rig.notices(), [silence, Notice::CallerLeft { call, how: Left::Lost }]);
    rig.drop_leg(leg, 200);
    assert_eq!(rig.notices(), [Notice::CallOver { call }]);
}

#[test]
fn a_phone_may_hold_and_retrieve_by_update() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Update, "", &on_hold(&phone_sdp())));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec![], vec![]), "it waits");
    assert_eq!(rig.notices(), [Notice::PhoneHolds { leg }]);
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    let ok = rig.one_to(PHONE);
    assert!(ok.status() == Some(200) && body(&ok).contains("a=inactive"));
    caller_agrees(&mut rig, &caller_sdp());
    assert_eq!(rig.notices(), [Notice::Media { call, play: Some(PLAY) }]);
    rig.receive(PHONE, phone.next(Method::Update, "", &phone_sdp()));
    caller_agrees(&mut rig, &caller_sdp());
    let ok = rig.one_to(PHONE);
    assert!(ok.status() == Some(200) && body(&ok).contains("a=sendrecv"));
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }, Notice::Retrieved { leg }]);
}

#[test]
fn a_hold_by_update_that_nobody_stores_in_time_is_refused_and_over() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, leg, mut phone) = talking(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Update, "", &on_hold(&phone_sdp())));
    rig.notices();
    rig.pass_s(25);
    assert_eq!(rig.told(PHONE), ["504 UPDATE"]);
    assert_eq!(rig.notices(), [Notice::Retrieved { leg }]);
    order_music(&mut rig, leg, Some(MUSIC_PORT));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec![], vec![]));
}
