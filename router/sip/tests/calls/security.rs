//! What strangers and liars can not do.

use crate::{
    idle_agent::{answers, offer, ringing, talking},
    rig::{PBX, PHONE, Peer, Rig, STRANGER, address, answer, caller_sdp, header, phone_sdp, text},
};
use sip::{
    CallKey, Command, Display, Flow, LegKey, Notice, Phone,
    wire::{Method, Name},
};

#[test]
fn a_bye_counts_only_with_call_id_and_both_tags() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    talking(&mut rig, &mut caller);
    let right = caller.bye();
    for (from, to) in [
        ("Call-ID: call-621", "Call-ID: call-622"),
        ("tag=t621", "tag=t622"),
        (";tag=t621", ""),
        (";tag=n1.", ";tag=n1.0"),
        (";tag=n1.", ";tag=n2."),
    ] {
        let wrong = right.replacen(from, to, 1).replace("branch=z9hG4bK", "branch=z9hG4bKw");
        assert_ne!(wrong, right);
        rig.receive(PBX, wrong);
        assert_eq!(rig.told(PBX), ["481 BYE"], "{from}");
    }
    assert_eq!(rig.notices(), []);
    rig.receive(STRANGER, right);
    assert_eq!(rig.told(PBX), [""; 0]);
    assert_eq!(rig.told(STRANGER), ["200 BYE"], "whoever knows them all may say it from anywhere");
}

#[test]
fn replies_go_where_the_request_came_from() {
    let mut rig = Rig::new();
    let other_port = "192.0.2.10:6999";
    let caller = Peer::caller("1");
    rig.receive(other_port, caller.invite().replace(";branch=z9hG4bK", ";rport;branch=z9hG4bK"));
    let trying = rig.one_to(other_port);
    assert!(
        header(&trying, Name::Via).contains("rport=6999")
            && header(&trying, Name::Via).contains("received=192.0.2.10")
    );
    let liar = Peer::caller("2");
    let lie = liar.invite().replacen("UDP 192.0.2.10:5060;", "UDP 203.0.113.99:5999;maddr=203.0.113.98;", 1);
    rig.receive(other_port, lie);
    assert_eq!(rig.told("192.0.2.10:5999"), ["100 INVITE"], "the port may be told, the host not");
}

#[test]
fn outside_a_dialog_neither_route_nor_contact_is_followed() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let more = "Route: <sip:203.0.113.99;lr>\r\nRecord-Route: <sip:203.0.113.98;lr>\r\n";
    rig.receive(PBX, caller.request(Method::Invite, more, &caller_sdp()));
    assert_eq!(rig.told(PBX), ["100 INVITE"]);
    rig.ring(CallKey(1), 1);
    let invite = rig.one_to(PHONE);
    assert_eq!(invite.header(Name::Route), None);
    rig.receive(PHONE, answer(&invite, 302, "p", "Contact: <sip:x@203.0.113.97>\r\n", ""));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(rig.told("203.0.113.97:5060"), [""; 0]);
}

#[test]
fn in_a_dialog_the_route_set_is_followed_where_it_is_an_address() {
    for (route, goes_to) in [("sip:192.0.2.20;lr", "192.0.2.20:5060"), ("sip:proxy.example.com;lr", PBX)] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        rig.receive(
            PBX,
            caller.request(Method::Invite, &format!("Record-Route: <{route}>\r\n"), &caller_sdp()),
        );
        let call = CallKey(1);
        rig.music(call);
        let ok = rig.sent_to(PBX).pop().unwrap();
        rig.receive(PBX, caller.ack(&ok));
        rig.end(call, 480);
        let bye = rig.one_to(goes_to);
        assert_eq!(header(&bye, Name::Route), format!("<{route}>"));
        assert_eq!(text(bye.request_uri()), "sip:peer@192.0.2.10:5060");
    }
}

#[test]
fn a_challenge_of_a_phone_is_not_answered() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let (leg, invite) = ringing(&mut rig, call, 1);
    let challenge = "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n";
    rig.receive(PHONE, answer(&invite, 401, "p", challenge, ""));
    assert_eq!(rig.told(PHONE), ["ACK"]);
    assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 401 }]);
}

#[test]
fn a_withheld_caller_is_anonymous_to_the_phone() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    rig.command(Command::Ring {
        leg: LegKey { call, attempt: 1 },
        phones: vec![Phone::at("sip:ann@203.0.113.7:5070".to_owned(), Flow::udp(address(PHONE)))],
        queue: "billing\r\nX-Evil: 1".to_owned(),
        display: Display::Anonymous,
        auto_answer: true,
    });
    let invite = rig.one_to(PHONE);
    assert!(header(&invite, Name::From).starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag="));
    assert!(!text(invite.bytes()).contains("621"));
    assert_eq!(invite.header_by_text("X-Evil"), None);
    assert_eq!(header(&invite, Name::CallInfo), "<sip:198.51.100.1>;answer-after=0");
}

#[test]
fn a_phone_sees_the_headers_it_is_meant_to_see_and_no_others() {
    let mut rig = Rig::new();
    let caller = Peer::caller("621");
    let more = "X-Tenant: blue\r\nX-Secret: 1\r\nDiversion: <sip:a@b>\r\nUser-to-User: 00\r\nP-Asserted-Identity: <sip:9@b>\r\n";
    rig.receive(
        PBX,
        caller.request(
            Method::Invite,
            &format!("{more}{}", "Diversion: <sip:z@b>\r\n".repeat(80)),
            &caller_sdp(),
        ),
    );
    rig.ring(CallKey(1), 1);
    let invite = rig.one_to(PHONE);
    assert_eq!(invite.header_by_text("x-tenant"), Some(&b"blue"[..]));
    assert_eq!(header(&invite, Name::UserToUser), "00");
    assert_eq!(invite.header_by_text("X-Secret"), None);
    assert_eq!(invite.header(Name::PAssertedIdentity), None);
    assert!(invite.headers_named(Name::Diversion).count() <= 24, "not without end");
}

#[test]
fn odd_names_of_callers_reach_the_phone_harmlessly() {
    for from in [
        "\"<script>\\\"\" <sip:%3Cscript%3E@x>;tag=t621",
        "<tel:+62811;phone-context=x>;tag=t621",
        "sip:621@x;tag=t621",
        "<sip:x>;tag=t621",
        "<urn:service:sos>;tag=t621",
        "\"\u{202e}\u{e9}\" <sip:a;b?c&d@x>;tag=t621",
    ] {
        let mut rig = Rig::new();
        let mut caller = Peer::caller("621");
        caller.local = from.to_owned();
        let call = offer(&mut rig, &caller);
        let (leg, invite) = ringing(&mut rig, call, 1);
        assert!(invite.from().parsed_uri().is_ok(), "{from}");
        assert!(invite.from_tag().is_some_and(|tag| tag.starts_with(b"n1.")), "{from}");
        answers(&mut rig, leg, &invite);
        rig.connect(leg);
        rig.end(call, 480);
    }
}

#[test]
fn a_name_too_long_to_show_is_left_out() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    caller.local = format!("\"{}\" <sip:621@x>;tag=t621", "x".repeat(8_000));
    let call = offer(&mut rig, &caller);
    let (_, invite) = ringing(&mut rig, call, 1);
    assert!(header(&invite, Name::From).starts_with("<sip:621@198.51.100.1>"));
}

#[test]
fn a_phone_that_cannot_be_addressed_is_refused_at_once() {
    let mut rig = Rig::new();
    let call = offer(&mut rig, &Peer::caller("621"));
    let leg = LegKey { call, attempt: 1 };
    for uri in ["", "ann", "sip:", "sip:ann@h\r\nX: 1", "sip:ann@h?X-Evil=1"] {
        let phones = vec![Phone::at(uri.to_owned(), Flow::udp(address(PHONE)))];
        rig.command(Command::Ring {
            leg,
            phones,
            queue: String::new(),
            display: Display::AsCaller,
            auto_answer: false,
        });
        assert_eq!(rig.notices(), [Notice::PhoneRefused { leg, status: 503 }], "{uri}");
    }
    assert_eq!(rig.told(PHONE), [""; 0]);
}

#[test]
fn our_names_cannot_be_guessed_from_one_another() {
    let mut rig = Rig::new();
    let mut caller = Peer::caller("621");
    let call = offer(&mut rig, &caller);
    let (leg, invite) = ringing(&mut rig, call, 1);
    answers(&mut rig, leg, &invite);
    rig.connect(leg);
    let ok = rig.sent_to(PBX).pop().unwrap();
    rig.receive(PBX, caller.ack(&ok));
    let names = [
        text(invite.call_id()).to_owned(),
        text(invite.from_tag().unwrap()).to_owned(),
        text(invite.top_via().branch().unwrap()).to_owned(),
        text(ok.to_tag().unwrap()).to_owned(),
    ];
    for (place, name) in names.iter().enumerate() {
        assert!(name.len() >= 26 && name.contains("n1"), "{name}");
        assert!(names[..place].iter().all(|other| other[other.len() - 8..] != name[name.len() - 8..]));
    }
    assert!(!phone_sdp().is_empty());
}
