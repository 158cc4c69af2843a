//! A customer is called back: an agent's phone first, then the customer, who is the caller from then on.

use crate::{
    hold::{body, order_music},
    idle_agent::CONTACT,
    rig::{MUSIC_PORT, PHONE, Peer, Rig, address, answer, header, lines, phone_sdp, sdp, tag_of, text},
};
use sip::{
    CallKey, Cause, Command, Flow, Left, LegKey, Notice, Phone, Play,
    sdp::Codec,
    wire::{Message, Method, Name},
};

const CALL: CallKey = CallKey(77);
const TRUNK: &str = "192.0.2.20:5060";
const THERE: &str = "Contact: <sip:gw@192.0.2.20:5060>\r\n";
const CUSTOMER: &str = "+6281234567";

fn customer_sdp() -> String {
    sdp("192.0.2.21", 40_000, "8 0")
}

const fn leg(attempt: u32) -> LegKey {
    LegKey { call: CALL, attempt }
}

/// Her phone is rung for the customer; gives the INVITE.
fn rings(rig: &mut Rig, attempt: u32) -> Message {
    rig.command(Command::RingFirst {
        leg: leg(attempt),
        phones: vec![Phone::at(format!("sip:ann@{PHONE}"), Flow::udp(address(PHONE)))],
        queue: "billing".to_owned(),
        shown: Some(CUSTOMER.to_owned()),
        auto_answer: false,
        port: Some(MUSIC_PORT),
    });
    rig.one_to(PHONE)
}

/// Her phone answers, and the customer is called; gives her side and the INVITE to the customer.
fn calls(rig: &mut Rig, attempt: u32) -> (Peer, Message) {
    let invite = rings(rig, attempt);
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg: leg(attempt) }]);
    rig.command(Command::CallBack {
        leg: leg(attempt + 1),
        by: leg(attempt),
        phones: vec![Phone::at(format!("sip:{CUSTOMER}@{TRUNK}"), Flow::udp(address(TRUNK)))],
        shown: Some("1500".to_owned()),
    });
    assert_eq!(rig.told(PHONE), ["ACK"]);
    (Peer::phone(&invite, "p"), rig.one_to(TRUNK))
}

/// The customer answers and is joined; gives both sides.
fn joined(rig: &mut Rig) -> (Peer, Peer) {
    let (hers, invite) = calls(rig, 1);
    rig.notices();
    rig.receive(TRUNK, answer(&invite, 200, "c", THERE, &customer_sdp()));
    let silent = Notice::Media { call: CALL, play: None };
    assert_eq!(rig.notices(), [silent, Notice::PhoneAnswered { leg: leg(2) }]);
    assert_eq!(rig.told(TRUNK), [""; 0], "the ACK waits for the order");
    rig.command(Command::JoinCustomer { leg: leg(2), by: leg(1) });
    assert_eq!(rig.told(TRUNK), ["ACK"]);
    let asked = rig.one_to(PHONE);
    assert!(body(&asked).contains("c=IN IP4 192.0.2.21\r\n") && body(&asked).contains("m=audio 40000 "));
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!((rig.told(TRUNK), rig.notices()), (vec![], vec![]), "the customer was told her phone at once");
    (hers, Peer { at: TRUNK, ..Peer::phone(&invite, "c") })
}

fn drop_leg(rig: &mut Rig, attempt: u32, at: &str, tag: &str) {
    rig.command(Command::Drop { leg: leg(attempt), reason: Cause { status: 200, text: "test" } });
    let sent = rig.one_to(at);
    rig.receive(at, answer(&sent, 200, tag, "", ""));
}

#[test]
fn her_phone_shows_the_customer_and_hears_music_while_the_customer_is_called() {
    let mut rig = Rig::new();
    let invite = rings(&mut rig, 1);
    assert!(header(&invite, Name::From).starts_with("<sip:+6281234567@"), "{invite:?}");
    assert!(body(&invite).contains(&format!("m=audio {MUSIC_PORT} RTP/AVP 8 0 101\r\n")), "{invite:?}");
    rig.receive(PHONE, answer(&invite, 180, "p", CONTACT, ""));
    rig.receive(PHONE, answer(&invite, 200, "p", CONTACT, &phone_sdp()));
    rig.notices();
    rig.command(Command::CallBack {
        leg: leg(2),
        by: leg(1),
        phones: vec![Phone::at(format!("sip:{CUSTOMER}@{TRUNK}"), Flow::udp(address(TRUNK)))],
        shown: None,
    });
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let [Notice::Media { call: CALL, play: Some(play) }] = rig.notices()[..] else { panic!("no music") };
    let to = address("203.0.113.7:30000");
    assert_eq!(play, Play { to, codec: Codec::Pcma, payload: 8, events: None, from_port: MUSIC_PORT });
    let called = rig.one_to(TRUNK);
    assert_eq!(text(called.request_uri()), format!("sip:{CUSTOMER}@{TRUNK}"));
    assert!(header(&called, Name::From).contains("anonymous"), "no number is known to be ours");
    assert!(body(&called).contains("m=audio 30000 "), "her phone: {called:?}");
    drop_leg(&mut rig, 1, PHONE, "");
    rig.command(Command::Drop { leg: leg(2), reason: Cause { status: 487, text: "test" } });
    rig.receive(TRUNK, answer(&called, 100, "", "", ""));
    let cancel = rig.one_to(TRUNK);
    assert_eq!(cancel.method(), Method::Cancel);
    rig.receive(TRUNK, answer(&cancel, 200, "", "", ""));
    rig.receive(TRUNK, answer(&called, 487, "c", "", ""));
    assert_eq!(rig.told(TRUNK), ["ACK"]);
    rig.notices();
    rig.told(PHONE);
    rig.ends_clean();
}

#[test]
fn the_customer_talks_to_her_and_hangs_up_as_any_caller() {
    let mut rig = Rig::new();
    let (_, mut customer) = joined(&mut rig);
    rig.receive(TRUNK, customer.bye());
    assert_eq!(rig.told(TRUNK), ["200 BYE"]);
    assert_eq!(rig.notices(), [Notice::CallerLeft { call: CALL, how: Left::HungUp }]);
    drop_leg(&mut rig, 1, PHONE, "");
    assert_eq!(rig.notices(), [Notice::CallOver { call: CALL }]);
    rig.ends_clean();
}

#[test]
fn she_hangs_up_and_the_customer_is_hung_up_on() {
    let mut rig = Rig::new();
    let (mut hers, _) = joined(&mut rig);
    rig.receive(PHONE, hers.bye());
    assert_eq!(
        (rig.told(PHONE), rig.notices()),
        (vec!["200 BYE".into()], vec![Notice::PhoneHungUp { leg: leg(1) }])
    );
    rig.end(CALL, 200);
    let bye = rig.one_to(TRUNK);
    assert_eq!((bye.method(), text(bye.request_uri())), (Method::Bye, "sip:gw@192.0.2.20:5060"));
    rig.receive(TRUNK, answer(&bye, 200, "", "", ""));
    rig.notices();
    rig.ends_clean();
    assert!(rig.dies().callers.is_empty());
}

#[test]
fn the_customer_is_put_on_hold_and_asks_of_her_phone_like_any_caller() {
    let mut rig = Rig::new();
    let (mut hers, mut customer) = joined(&mut rig);
    rig.receive(TRUNK, customer.next(Method::Invite, "", &customer_sdp().replace("40000", "40002")));
    let (trying, relayed) = (rig.told(TRUNK), rig.one_to(PHONE));
    assert_eq!(trying, ["100 INVITE"]);
    assert!(body(&relayed).contains("m=audio 40002 "));
    rig.receive(PHONE, answer(&relayed, 200, "", CONTACT, &phone_sdp()));
    let ok = rig.one_to(TRUNK);
    rig.receive(TRUNK, customer.ack(&ok));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    let hold = hers.next(Method::Invite, "", &phone_sdp().replace("a=sendrecv", "a=sendonly"));
    rig.receive(PHONE, hold);
    assert_eq!(rig.notices(), [Notice::PhoneHolds { leg: leg(1) }]);
    order_music(&mut rig, leg(1), Some(MUSIC_PORT));
    let asked = rig.one_to(TRUNK);
    assert!(body(&asked).contains(&format!("m=audio {MUSIC_PORT} ")), "{asked:?}");
    rig.receive(TRUNK, answer(&asked, 200, "", THERE, &sdp("192.0.2.21", 40_002, "8")));
    let [Notice::Media { play: Some(play), .. }] = rig.notices()[..] else { panic!("no music") };
    assert_eq!(play.to, address("192.0.2.21:40002"));
    rig.receive(TRUNK, customer.bye());
    rig.notices();
    rig.told(PHONE);
    rig.command(Command::Drop { leg: leg(1), reason: Cause { status: 200, text: "test" } });
    rig.told(TRUNK);
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["BYE"]);
    rig.receive(PHONE, answer(&sent[0], 200, "", "", ""));
    rig.notices();
    rig.ends_clean();
}

#[test]
fn who_is_not_reached_is_called_again_in_the_same_call() {
    let mut rig = Rig::new();
    let (_, invite) = calls(&mut rig, 1);
    rig.notices();
    rig.receive(TRUNK, answer(&invite, 486, "c", "", ""));
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg: leg(2), status: 486 }]);
    assert_eq!(rig.told(TRUNK), ["ACK"]);
    drop_leg(&mut rig, 1, PHONE, "");
    let over = rig.notices();
    assert_eq!(over.last(), Some(&Notice::CallOver { call: CALL }), "{over:?}");
    let (_, again) = calls(&mut rig, 3);
    assert_ne!(again.call_id(), invite.call_id());
    rig.receive(TRUNK, answer(&again, 480, "c", "", ""));
    drop_leg(&mut rig, 3, PHONE, "");
    rig.told(TRUNK);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn an_agent_who_refuses_calls_nobody() {
    let mut rig = Rig::new();
    let invite = rings(&mut rig, 1);
    rig.receive(PHONE, answer(&invite, 486, "p", "", ""));
    let refused = Notice::PhoneRefused { leg: leg(1), status: 486 };
    assert_eq!(rig.notices(), [refused, Notice::CallOver { call: CALL }]);
    rig.command(Command::CallBack { leg: leg(2), by: leg(1), phones: Vec::new(), shown: None });
    assert_eq!((rig.told(TRUNK), rig.notices()), (vec![], vec![]), "there is no such call");
    rig.told(PHONE);
    rig.ends_clean();
}

#[test]
fn a_conversation_with_a_customer_who_was_called_goes_on_after_a_restart() {
    let mut rig = Rig::new();
    let (_, mut customer) = joined(&mut rig);
    rig.pass_s(30);
    let store = rig.dies();
    let offered = rig.revive(&store, CALL, Some(1)).unwrap();
    assert_eq!(offered.from_user, CUSTOMER, "who it is");
    rig.connect(leg(1));
    assert_eq!((rig.told(TRUNK), rig.told(PHONE), rig.notices()), (vec![], vec![], vec![]));
    rig.receive(TRUNK, customer.next(Method::Invite, "", &customer_sdp().replace("40000", "40002")));
    let (trying, relayed) = (rig.told(TRUNK), rig.one_to(PHONE));
    assert_eq!(trying, ["100 INVITE"]);
    rig.receive(PHONE, answer(&relayed, 200, "", CONTACT, &phone_sdp()));
    let ok = rig.one_to(TRUNK);
    rig.receive(TRUNK, customer.ack(&ok));
    rig.told(PHONE);
    rig.receive(TRUNK, customer.bye());
    assert_eq!(rig.notices(), [Notice::CallerLeft { call: CALL, how: Left::HungUp }]);
    drop_leg(&mut rig, 1, PHONE, "");
    rig.told(TRUNK);
    rig.notices();
    rig.ends_clean();
}

#[test]
fn a_customer_who_was_hung_up_on_before_a_restart_is_told_so_again() {
    let mut rig = Rig::new();
    let (_, _) = joined(&mut rig);
    rig.end(CALL, 200);
    let store = rig.dies();
    assert!(rig.revive(&store, CALL, None).is_err());
    let told = rig.sent_to(TRUNK);
    let bye = told.last().unwrap();
    assert_eq!(bye.method(), Method::Bye, "{:?}", lines(&told));
    assert_eq!(tag_of(header(bye, Name::To)), "c");
    rig.receive(TRUNK, answer(bye, 200, "", "", ""));
    for bye in rig.sent_to(PHONE).iter().filter(|sent| sent.method() == Method::Bye) {
        rig.receive(PHONE, answer(bye, 200, "", "", ""));
    }
    rig.notices();
    rig.ends_clean();
}

#[test]
fn legs_of_an_attempt_that_a_restart_broke_off_are_ended_and_the_next_attempt_is_not_disturbed() {
    let mut rig = Rig::new();
    let (_, invite) = calls(&mut rig, 1);
    let store = rig.dies();
    for (key, record) in store.legs_of(CALL) {
        rig.bury(key, &record);
    }
    let ended = rig.sent_to(PHONE);
    assert_eq!(lines(&ended), ["ACK", "BYE"]);
    let again = rings(&mut rig, 3);
    rig.receive(TRUNK, answer(&invite, 180, "c", THERE, ""));
    let cancels = rig.sent_to(TRUNK);
    assert!(cancels.iter().any(|sent| sent.method() == Method::Cancel), "{:?}", lines(&cancels));
    rig.receive(TRUNK, answer(&invite, 487, "c", "", ""));
    rig.receive(PHONE, answer(&ended[1], 200, "", "", ""));
    rig.receive(PHONE, answer(&again, 200, "q", CONTACT, &phone_sdp()));
    assert_eq!(rig.notices(), [Notice::PhoneAnswered { leg: leg(3) }]);
    drop_leg_acked(&mut rig, 3);
    rig.told(TRUNK);
    rig.notices();
    rig.ends_clean();
}

/// Ends a leg whose 2xx is not acknowledged.
fn drop_leg_acked(rig: &mut Rig, attempt: u32) {
    rig.command(Command::Drop { leg: leg(attempt), reason: Cause { status: 200, text: "test" } });
    let sent = rig.sent_to(PHONE);
    assert_eq!(lines(&sent), ["ACK", "BYE"]);
    rig.receive(PHONE, answer(&sent[1], 200, "", "", ""));
}
