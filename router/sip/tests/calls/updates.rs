//! UPDATE: signs of life, new addresses, and offers that go on to the other side.

use crate::{
    idle_agent::{CONTACT, answers, offer, ringing, talking},
    music::{joining, moved},
    rig::{
        MUSIC_PORT, PBX, PHONE, Peer, Rig, answer, caller_sdp, config, header, lines, phone_sdp, sdp, text,
    },
};
use sip::{
    CallKey, Left, Notice, Rejected,
    wire::{Message, Method, Name},
};

const ALLOW: &str = "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n";

fn held(body: &str) -> String {
    body.replace("a=sendrecv", "a=sendonly")
}

/// Caller and phone talk; the phone takes UPDATE.
fn talking_to_an_updater(rig: &mut Rig, caller: &mut Peer) -> Peer {
    let call = offer(rig, caller);
    let (leg, invite) = ringing(rig, call, 1);
    rig.receive(PHONE, answer(&invite, 200, "p", &format!("{CONTACT}{ALLOW}"), &phone_sdp()));
    rig.connect(leg);
    let ok = rig.sent_to(PBX).pop().unwrap();
    let ack = caller.ack(&ok);
    rig.receive(PBX, ack);
    rig.sent();
    rig.notices();
    Peer::phone(&invite, "p")
}

#[test]
fn everybody_is_told_that_we_take_it() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let ok = rig.sent_to(PBX).pop().unwrap();
    for message in [&invite, &ok] {
        assert!(message.lists(Name::Allow, "UPDATE"), "{message:?}");
    }
}

#[test]
fn an_update_without_an_offer_is_answered_at_once_and_moves_the_peer() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, ..) = talking(&mut rig, &mut caller);
    let said = "Supported: timer\r\nSession-Expires: 300;refresher=uac\r\n";
    let update =
        caller.next(Method::Update, said, "").replace("<sip:peer@192.0.2.10:5060>", "<sip:peer@192.0.2.44>");
    rig.receive(PBX, update.clone());
    let ok = rig.one_to(PBX);
    assert_eq!((ok.status(), ok.body().len()), (Some(200), 0));
    assert_eq!(
        (header(&ok, Name::SessionExpires), header(&ok, Name::Require)),
        ("300;refresher=uac", "timer")
    );
    assert!(!header(&ok, Name::Contact).is_empty());
    rig.receive(PBX, update);
    assert_eq!(rig.told(PBX), ["200 UPDATE"], "its repetition gets the same answer");
    assert!(rig.sent().is_empty() && rig.notices().is_empty());
    rig.pass_s(267);
    assert!(rig.sent().is_empty());
    rig.pass_s(1);
    assert_eq!(rig.told("192.0.2.44:5060"), ["BYE"], "it was to refresh");
    assert_eq!(rig.notices(), [Notice::CallerLeft { call, how: Left::Lost }]);
}

#[test]
fn what_is_asked_by_update_is_asked_of_the_other_side_by_update_if_it_takes_that() {
    for updater in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        if updater {
            talking_to_an_updater(&mut rig, &mut caller);
        } else {
            talking(&mut rig, &mut caller);
        }
        let update = caller.next(Method::Update, "", &held(&caller_sdp()));
        rig.receive(PBX, update.clone());
        assert_eq!(rig.told(PBX), [""; 0], "no 100 to an UPDATE");
        let asked = rig.one_to(PHONE);
        assert_eq!(asked.method(), if updater { Method::Update } else { Method::Invite });
        assert!(text(&asked.body()).contains("a=sendonly") && text(&asked.body()).contains(" 2 IN IP4"));
        rig.receive(PBX, update.clone());
        assert!(rig.sent().is_empty(), "a repetition waits as well");
        let answered = phone_sdp().replace("a=sendrecv", "a=recvonly");
        rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &answered));
        assert_eq!(rig.told(PHONE), if updater { vec![] } else { vec!["ACK".to_owned()] });
        let ok = rig.one_to(PBX);
        assert!(ok.status() == Some(200) && text(&ok.body()).contains("a=recvonly"));
        rig.receive(PBX, update);
        assert_eq!(rig.told(PBX), ["200 UPDATE"]);
        rig.pass_s(40);
        assert!(rig.sent().is_empty() && rig.notices().is_empty(), "nothing waits for an ACK");
    }
}

#[test]
fn a_phone_may_update_as_well() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, mut phone) = moved(&mut rig, &mut caller);
    rig.receive(PHONE, phone.next(Method::Update, "", &phone_sdp().replace("audio 30000", "audio 30002")));
    let asked = rig.one_to(PBX);
    assert_eq!(asked.method(), Method::Invite);
    rig.receive(PBX, answer(&asked, 200, "", "", &caller_sdp().replace("audio 20000", "audio 20002")));
    let ok = rig.one_to(PHONE);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("m=audio 20002 "));
}

#[test]
fn a_refusal_of_the_other_side_comes_back() {
    for status in [488, 491, 603] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        talking_to_an_updater(&mut rig, &mut caller);
        rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
        let asked = rig.one_to(PHONE);
        rig.receive(PHONE, answer(&asked, status, "", "", ""));
        assert_eq!(rig.told(PBX), [format!("{status} UPDATE")]);
        rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
        assert_eq!(rig.told(PHONE), ["UPDATE"], "it may ask again");
    }
}

#[test]
fn a_phone_that_takes_no_update_after_all_is_asked_by_reinvite() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_to_an_updater(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&asked, 501, "", "", ""));
    let asked = rig.one_to(PHONE);
    assert!(asked.method() == Method::Invite && text(&asked.body()).contains("a=sendonly"));
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    assert_eq!((rig.told(PHONE), rig.told(PBX)), (vec!["ACK".to_owned()], vec!["200 UPDATE".to_owned()]));
}

#[test]
fn an_update_that_meets_an_offer_of_ours_is_491() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (_, _, mut phone, ours) = joining(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    assert_eq!(rig.told(PBX), ["491 UPDATE"]);
    rig.receive(PBX, caller.next(Method::Update, "", ""));
    assert_eq!(rig.told(PBX), ["200 UPDATE"], "a mere sign of life meets nothing");
    rig.receive(PHONE, phone.next(Method::Update, "", &held(&phone_sdp())));
    assert_eq!(rig.told(PHONE), ["491 UPDATE"], "she is just being joined");
    rig.receive(PBX, answer(&ours, 200, "", "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["ACK"]);
}

#[test]
fn a_second_offer_before_the_answer_to_the_first_may_come_again_later() {
    for (first, second, body) in [
        (Method::Update, Method::Update, held(&caller_sdp())),
        (Method::Update, Method::Update, String::new()),
        (Method::Invite, Method::Update, held(&caller_sdp())),
        (Method::Update, Method::Invite, held(&caller_sdp())),
    ] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        talking(&mut rig, &mut caller);
        rig.receive(PBX, caller.next(first, "", &sdp("192.0.2.10", 26_000, "8")));
        rig.sent();
        rig.receive(PBX, caller.next(second, "", &body));
        let refusal = rig.one_to(PBX);
        assert_eq!((refusal.status(), refusal.method()), (Some(500), second));
        assert!(header(&refusal, Name::RetryAfter).parse::<u8>().is_ok_and(|after| after <= 10));
    }
}

#[test]
fn an_update_that_overtakes_the_ack_of_our_answer_may_come_again_later() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Invite, "", &caller_sdp()));
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    assert_eq!(rig.told(PBX), ["500 UPDATE"]);
    rig.receive(PBX, caller.ack(&ok));
    rig.receive(PBX, caller.next(Method::Invite, "", ""));
    rig.told(PBX);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    assert_eq!(rig.told(PBX), ["491 UPDATE"], "our offer is in the 2xx");
}

#[test]
fn an_update_that_the_other_side_does_not_answer_in_time_is_504() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let phone = talking_to_an_updater(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    let asked = rig.sent_to(PHONE).remove(0);
    rig.pass_s(24);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.pass_s(1);
    assert_eq!(rig.told(PBX), ["504 UPDATE"]);
    rig.sent();
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp().replace("a=sendrecv", "a=recvonly")));
    let back = rig.one_to(PHONE);
    assert!(text(&back.body()).contains("a=sendrecv"), "back to where it was: {phone:?}");
}

#[test]
fn a_phone_that_never_answers_an_update_is_gone() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_to_an_updater(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    rig.pass_s(33);
    assert_eq!(rig.told(PBX), ["504 UPDATE"]);
    assert!(rig.told(PHONE).contains(&"BYE".to_owned()));
    assert!(matches!(rig.notices()[..], [Notice::PhoneHungUp { .. }]));
}

#[test]
fn a_refresh_by_update_with_the_same_description_costs_the_other_leg_nothing() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Update, "", &caller_sdp()));
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("m=audio 30000 "));
    assert!(rig.sent().is_empty());
}

#[test]
fn a_refresh_that_is_overtaken_by_an_offer_is_not_repeated_behind_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking_to_an_updater(&mut rig, &mut caller);
    rig.pass_s(900);
    assert_eq!(rig.told(PHONE), ["UPDATE"]);
    let refresh = rig.one_to(PBX);
    rig.receive(PBX, answer(&refresh, 200, "", "", &caller_sdp()));
    rig.receive(PBX, caller.next(Method::Invite, "", &held(&caller_sdp())));
    let asked = rig.one_to(PHONE);
    assert_eq!(asked.method(), Method::Invite);
    rig.pass_s(4);
    assert!(rig.sent_to(PHONE).iter().all(|again| again.method() == Method::Invite));
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    rig.pass_s(899);
    assert_eq!(rig.told(PHONE), ["ACK"]);
    rig.pass_s(1);
    assert_eq!(rig.told(PHONE), ["UPDATE"]);
}

#[test]
fn a_caller_in_the_queue_may_hold_by_update() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.music(call);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    rig.notices();
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    let ok = rig.one_to(PBX);
    assert!(ok.status() == Some(200) && text(&ok.body()).contains("a=recvonly"));
    assert_eq!(rig.notices(), [Notice::Media { call, play: None }]);
    rig.receive(PBX, caller.next(Method::Update, "", &caller_sdp()));
    assert_eq!(rig.told(PBX), ["200 UPDATE"]);
    assert!(
        matches!(rig.notices()[..], [Notice::Media { play: Some(play), .. }] if play.from_port == MUSIC_PORT)
    );
}

#[test]
fn before_the_answer_an_offer_may_come_again_later_and_a_sign_of_life_is_taken() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    let early = rig.one_to(PBX);
    caller.learn(&early);
    let first = caller.clone();
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    let refusal = rig.one_to(PBX);
    assert_eq!((refusal.status(), refusal.header(Name::RetryAfter).is_some()), (Some(500), true));
    rig.receive(
        PBX,
        caller.next(Method::Update, "", "").replace("<sip:peer@192.0.2.10:5060>", "<sip:peer@192.0.2.44>"),
    );
    let ok = rig.one_to(PBX);
    assert_eq!((ok.status(), ok.header(Name::SessionExpires)), (Some(200), None), "there is no session yet");
    answers(&mut rig, leg, &invite);
    let mut phone = Peer::phone(&invite, "p");
    rig.receive(PHONE, phone.next(Method::Update, "", &held(&phone_sdp())));
    assert_eq!(rig.told(PHONE), ["491 UPDATE"], "our ACK is not out");
    rig.connect(leg);
    let ok = rig.one_to(PBX);
    let mut first = first;
    rig.receive(PBX, first.ack(&ok));
    rig.end(call, 480);
    assert_eq!(rig.told("192.0.2.44:5060"), ["BYE"]);
}

#[test]
fn what_cannot_be_read_is_refused_by_its_own_status() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    for (status, more, body) in [
        (420, "Require: precondition\r\n", ""),
        (422, "Supported: timer\r\nSession-Expires: 60\r\n", ""),
        (488, "", "hello"),
    ] {
        rig.receive(PBX, caller.next(Method::Update, more, body));
        assert_eq!(rig.told(PBX), [format!("{status} UPDATE")]);
    }
    rig.receive(PBX, caller.next(Method::Update, "", "hello").replace("application/sdp", "text/plain"));
    assert_eq!(rig.told(PBX), ["415 UPDATE"]);
}

#[test]
fn an_update_of_no_dialog_is_481() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(
        PBX,
        caller.next(Method::Update, "", &caller_sdp()).replace("Call-ID: call-621", "Call-ID: other"),
    );
    assert_eq!(
        (rig.told(PBX), rig.counted()),
        (vec!["481 UPDATE".to_owned()], vec![Rejected::UnknownDialog])
    );
}

#[test]
fn a_bye_while_an_update_waits_ends_it() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = CallKey(1);
    let mut phone = talking_to_an_updater(&mut rig, &mut caller);
    rig.receive(PBX, caller.next(Method::Update, "", &held(&caller_sdp())));
    let asked: Message = rig.one_to(PHONE);
    rig.receive(PHONE, phone.bye());
    assert_eq!(lines(&rig.sent_to(PBX)), ["480 UPDATE"]);
    rig.receive(PHONE, answer(&asked, 200, "", CONTACT, &phone_sdp()));
    assert_eq!(rig.told(PHONE), ["200 BYE"]);
    rig.end(call, 480);
    rig.ends_clean();
}

#[test]
fn more_than_we_have_room_for_is_503() {
    let mut rig = Rig::with(sip::Config { max_calls: 1, ..config() });
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    for _ in 0..2_000 {
        rig.receive(PBX, caller.next(Method::Update, "", ""));
    }
    let told = rig.told(PBX);
    assert_eq!((told[0].as_str(), told[1_999].as_str()), ("200 UPDATE", "503 UPDATE"));
    rig.pass_s(40);
    rig.receive(PBX, caller.next(Method::Update, "", ""));
    assert_eq!(rig.told(PBX), ["200 UPDATE"]);
}
