//! Digits by INFO.

use crate::{
    idle_agent::{offer, ringing, talking},
    rig::{PBX, PHONE, Peer, Rig, answer, config, header, lines, text},
};
use sip::{
    Notice, Rejected,
    wire::{Message, Method, Name},
};

const DIGIT: &str = "Signal=5\r\nDuration=160\r\n";

fn of_kind(request: String, kind: &str) -> String {
    request.replace("Content-Type: application/sdp", &format!("Content-Type: {kind}"))
}

fn digit(peer: &mut Peer) -> String {
    of_kind(peer.next(Method::Info, "", DIGIT), "application/dtmf-relay")
}

#[test]
fn a_digit_of_one_side_goes_to_the_other_as_it_is() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (.., mut phone) = talking(&mut rig, &mut caller);
    for (from, to, text_of, kind) in [
        (PBX, PHONE, caller.next(Method::Info, "", DIGIT), "application/dtmf-relay"),
        (PHONE, PBX, phone.next(Method::Info, "", "5"), "Application/DTMF;x=1"),
    ] {
        let info = of_kind(text_of, kind);
        rig.receive(from, info.clone());
        let relayed = rig.one_to(to);
        assert_eq!((relayed.method(), header(&relayed, Name::ContentType)), (Method::Info, kind));
        assert!(info.ends_with(text(&relayed.body())) && !relayed.body().is_empty());
        rig.receive(from, info.clone());
        assert!(rig.sent().is_empty(), "a repetition waits as well");
        rig.receive(to, answer(&relayed, 200, "", "", ""));
        assert_eq!(rig.told(from), ["200 INFO"]);
        rig.receive(from, info);
        assert_eq!(rig.told(from), ["200 INFO"]);
    }
    rig.pass_s(40);
    assert!(rig.sent().is_empty() && rig.notices().is_empty());
}

#[test]
fn what_the_other_side_says_comes_back_unless_it_is_about_our_dialog_alone() {
    for (status, back) in [(202, 200), (415, 415), (488, 488), (500, 500), (603, 603), (401, 480), (302, 480)]
    {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        talking(&mut rig, &mut caller);
        rig.receive(PBX, digit(&mut caller));
        let relayed = rig.one_to(PHONE);
        rig.receive(PHONE, answer(&relayed, status, "", "", ""));
        assert_eq!(rig.told(PBX), [format!("{back} INFO")]);
        assert_eq!(rig.notices(), []);
    }
}

#[test]
fn a_phone_that_does_not_know_the_call_has_hung_up_and_one_that_keeps_silent_has_not() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let (call, leg, _) = talking(&mut rig, &mut caller);
    rig.receive(PBX, digit(&mut caller));
    rig.pass_s(24);
    assert_eq!(rig.told(PBX), [""; 0]);
    rig.pass_s(1);
    assert_eq!((rig.told(PBX), rig.notices()), (vec!["480 INFO".to_owned()], vec![]));
    rig.told(PHONE);
    rig.pass_s(20);
    assert_eq!(rig.told(PHONE), [""; 0], "it is not repeated any more");
    rig.receive(PBX, digit(&mut caller));
    let relayed = rig.one_to(PHONE);
    rig.receive(PHONE, answer(&relayed, 481, "", "", ""));
    assert_eq!(
        (rig.told(PBX), rig.notices()),
        (vec!["480 INFO".to_owned()], vec![Notice::PhoneHungUp { leg }])
    );
    rig.end(call, 480);
    rig.ends_clean();
}

#[test]
fn a_digit_that_nobody_hears_is_answered_and_counted() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    ringing(&mut rig, call, 1);
    let early = rig.one_to(PBX);
    caller.learn(&early);
    rig.receive(PBX, digit(&mut caller));
    assert_eq!((rig.told(PBX), rig.counted()), (vec!["200 INFO".to_owned()], vec![Rejected::Unheard]));

    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    rig.music(call);
    let ok = rig.one_to(PBX);
    rig.receive(PBX, caller.ack(&ok));
    rig.receive(PBX, digit(&mut caller));
    assert_eq!((rig.told(PBX), rig.counted()), (vec!["200 INFO".to_owned()], vec![Rejected::Unheard]));
}

#[test]
fn other_kinds_are_refused_with_what_would_do() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    let mut refusal = |request: String| -> Message {
        rig.receive(PBX, request);
        rig.one_to(PBX)
    };
    let no_kind = refusal(of_kind(caller.next(Method::Info, "", "x"), "application/isup"));
    assert_eq!(
        (no_kind.status(), header(&no_kind, Name::Accept)),
        (Some(415), "application/dtmf-relay, application/dtmf")
    );
    let package = caller.next(Method::Info, "Info-Package: conference\r\n", DIGIT);
    let package = refusal(of_kind(package, "application/dtmf-relay"));
    assert_eq!((package.status(), package.header_by_text("Recv-Info")), (Some(469), Some(&b"nil"[..])));
    let long = refusal(of_kind(caller.next(Method::Info, "", &"5".repeat(257)), "application/dtmf"));
    assert_eq!(long.status(), Some(413));
    let coded =
        refusal(of_kind(caller.next(Method::Info, "Content-Encoding: gzip\r\n", "5"), "application/dtmf"));
    assert_eq!(coded.status(), Some(415));
    let long_kind = format!("application/dtmf;{}", "x".repeat(100));
    assert_eq!(refusal(of_kind(caller.next(Method::Info, "", "5"), &long_kind)).status(), Some(415));
    assert_eq!(
        refusal(digit(&mut caller).replace("Max-Forwards", "Require: x\r\nMax-Forwards")).status(),
        Some(420)
    );
    assert_eq!(
        refusal(caller.next(Method::Info, "", "")).status(),
        Some(200),
        "RFC 6086 §4.2.2: of old, a sign of life"
    );
    assert_eq!(rig.told(PHONE), [""; 0]);
}

#[test]
fn digits_under_way_are_bounded() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    for _ in 0..9 {
        rig.receive(PBX, digit(&mut caller));
    }
    assert_eq!(rig.told(PHONE), ["INFO"; 8]);
    let refusal = rig.one_to(PBX);
    assert_eq!((refusal.status(), refusal.header(Name::RetryAfter).is_some()), (Some(500), true));
}

#[test]
fn more_than_we_have_room_for_is_503() {
    let mut rig = Rig::with(sip::Config { max_calls: 1, ..config() });
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    for _ in 0..2_000 {
        rig.receive(PBX, caller.next(Method::Info, "", ""));
    }
    assert_eq!(rig.told(PBX).last().map(String::as_str), Some("503 INFO"));
}

#[test]
fn a_side_that_leaves_while_a_digit_is_under_way_leaves_nothing() {
    for caller_leaves in [true, false] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        let (call, leg, mut phone) = talking(&mut rig, &mut caller);
        rig.receive(PBX, digit(&mut caller));
        let relayed = rig.one_to(PHONE);
        if caller_leaves {
            rig.receive(PBX, caller.bye());
            assert_eq!(rig.told(PBX), ["200 BYE", "480 INFO"]);
            rig.drop_leg(leg, 200);
        } else {
            rig.receive(PHONE, phone.bye());
            assert_eq!(rig.told(PBX), ["480 INFO"]);
            rig.end(call, 480);
        }
        rig.receive(PHONE, answer(&relayed, 200, "", "", ""));
        rig.notices();
        rig.ends_clean();
    }
}

#[test]
fn a_digit_of_no_dialog_is_481() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    rig.receive(PBX, digit(&mut caller).replace("Call-ID: call-621", "Call-ID: other"));
    assert_eq!(lines(&rig.sent_to(PBX)), ["481 INFO"]);
}
