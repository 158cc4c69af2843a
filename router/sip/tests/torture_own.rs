//! Our own messages, sound and odd: each is read, answered or dropped as it should be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::Bytes;
use corpus::{INVITE, OWN, hostile, outcome};
use sip::FaultKind;
use sip::wire::{Message, Method, Name, Protocol, Rport, Start, Uri, Writer};

#[test]
fn every_message_of_ours_has_the_right_outcome() {
    for (name, bytes, expected) in OWN {
        assert_eq!(
            outcome(bytes),
            *expected,
            "{name}: {:?}",
            Message::parse(Bytes::from_static(bytes)).err()
        );
    }
}

#[test]
fn every_limit_holds_on_both_sides() {
    for (name, bytes, expected) in hostile() {
        let fault = || Message::parse(Bytes::from(bytes.clone())).err().map(|fault| fault.kind());
        assert_eq!(outcome(&bytes), expected, "{name}: {:?}", fault());
    }
}

fn read(bytes: &'static [u8]) -> Message {
    Message::parse(Bytes::from_static(bytes)).unwrap()
}

fn named(name: &str) -> Message {
    read(OWN.iter().find(|case| case.0 == name).unwrap().1)
}

#[test]
fn a_pbx_invite_is_read_in_full() {
    assert!((1_200..1_300).contains(&INVITE.len()), "{} octets", INVITE.len());
    let invite = read(INVITE);
    let uri = &b"sip:1500@192.0.2.1:5060;transport=udp"[..];
    assert_eq!(invite.start(), Start::Request { method: Method::Invite, uri });
    assert_eq!(invite.uri().unwrap().user, Some(&b"1500"[..]));
    assert_eq!(invite.call_id(), b"4f6b0d2a-9c1e-4a57-8f0a-3d5b7c9e1f20@192.0.2.10");
    assert_eq!(invite.cseq(), (102, Method::Invite));
    assert_eq!((invite.from_tag(), invite.to_tag()), (Some(&b"9a1b2c3d4e"[..]), None));
    assert_eq!(invite.from().display_text(), "Dewi Lestari");
    assert_eq!(Uri::parse(invite.from().uri).unwrap().user, Some(&b"+6281234567890"[..]));
    let via = invite.top_via();
    assert_eq!((via.transport, via.port, via.rport()), (Protocol::Udp, Some(5060), Rport::Asked));
    assert_eq!(via.branch(), Some(&b"z9hG4bK7f3c1a90b5d24e68"[..]));
    assert_eq!(invite.via_values().count(), 2);
    assert_eq!(invite.max_forwards(), Some(69));
    assert_eq!(invite.contact_uri(), Some(&b"sip:+6281234567890@192.0.2.10:5060;transport=udp"[..]));
    assert_eq!(invite.record_routes().collect::<Vec<_>>(), [b"<sip:192.0.2.10;lr;ftag=9a1b2c3d>"]);
    assert!(invite.lists(Name::Supported, "100rel") && !invite.lists(Name::Supported, "path"));
    assert_eq!(invite.header_by_text("x-ticket"), Some(&b"77120"[..]));
    assert_eq!(invite.headers().count(), 20);
    assert!(invite.content_is("application/sdp"));
    assert_eq!(invite.body().len(), 256);
    assert!(sip::sdp::Sdp::parse(invite.body()).unwrap().music().is_some());
    assert_eq!(invite.bytes(), INVITE);
}

#[test]
fn folds_compact_names_and_listed_vias_are_seen_through() {
    let message = named("compact names, several Vias on a line, folds");
    assert_eq!(message.via_values().count(), 2);
    assert_eq!(message.top_via().host, b"[2001:db8::7]");
    assert_eq!(message.from().display_text(), "A \"B\" ");
    assert_eq!((message.from_tag(), message.cseq()), (Some(&b"1"[..]), (1, Method::Invite)));
    assert_eq!(message.to().uri, b"tel:1500");
    assert_eq!(message.contact_uri(), Some(&b"sip:a@h"[..]));
    assert!(message.headers().all(|header| !header.value.iter().any(|b| matches!(b, b'\r' | b'\n'))));
}

#[test]
fn a_fold_is_seen_through_though_others_hold_the_datagram() {
    let datagram = Bytes::from_static(b"BYE sip:h SIP/2.0\r\nv: SIP/2.0/UDP h\r\nf: sip:a@h\r\n ;tag=1\r\nt: sip:b@h\r\ni: x\r\nCSeq: 2 BYE\r\n\r\n");
    let held = datagram.clone();
    assert_eq!(Message::parse(datagram).unwrap().header(Name::From), Some(&b"sip:a@h   ;tag=1"[..]));
    assert!(held.windows(3).any(|part| part == b"\n ;"), "the datagram itself stays as it came");
}

#[test]
fn the_body_ends_where_content_length_says() {
    let message = named("octets behind the body");
    assert_eq!(message.body(), &b"hi"[..]);
    assert!(message.bytes().ends_with(b"\r\n\r\nhi"));
}

#[test]
fn an_unknown_method_keeps_its_name() {
    let message = named("an unknown method");
    assert_eq!((message.method(), message.method_text()), (Method::Other, &b"JUGGLE"[..]));
}

#[test]
fn a_fault_names_what_is_wrong_in_its_reason() {
    let (_, bytes, _) = OWN.iter().find(|case| case.0 == "no Call-ID").unwrap();
    let fault = Message::parse(Bytes::from_static(bytes)).unwrap_err();
    assert_eq!((fault.kind(), fault.method()), (FaultKind::Missing(Name::CallId), Some(Method::Options)));
    let reply = fault.reply("[2001:db8::5]:5071".parse().unwrap(), "t1").unwrap();
    assert_eq!(
        reply,
        "SIP/2.0 400 Missing Call-ID\r\nVia: SIP/2.0/UDP h;received=2001:db8::5\r\nFrom: sip:a@h\r\n\
         To: sip:b@h;tag=t1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            .as_bytes()
    );
    let busy = fault.reply_with(503, "Service Unavailable", "192.0.2.1:5060".parse().unwrap(), "").unwrap();
    assert!(busy.starts_with(b"SIP/2.0 503 Service Unavailable\r\n"));
}

#[test]
fn the_answer_to_a_fault_carries_nothing_but_what_was_there() {
    // A stray CR must not become a line end in the answer.
    let bytes = b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h\rX-Evil: 1\r\nFrom: sip:a@h\rX-Evil: 2\r\nTo: sip:b@h\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n";
    let fault = Message::parse(Bytes::from_static(bytes)).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::StrayLineEnd);
    let reply = fault.reply("192.0.2.1:5060".parse().unwrap(), "t").unwrap();
    let lines: Vec<&[u8]> =
        reply.split(|&b| b == b'\r' || b == b'\n').filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 7, "{}", String::from_utf8_lossy(&reply));
}

#[test]
fn responses_copy_the_request_and_fill_in_where_it_came_from() {
    let invite = read(INVITE);
    let response =
        Writer::response_to(&invite, 180, "Ringing", "t9", "198.51.100.9:40123".parse().unwrap()).finish();
    let expected = "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK7f3c1a90b5d24e68;rport=40123;received=198.51.100.9\r\n\
        Via: SIP/2.0/TCP 10.20.30.40:5062;branch=z9hG4bK-524287-1---77aa12;received=198.51.100.7\r\n\
        From: \"Dewi Lestari\" <sip:+6281234567890@pbx.example.id;user=phone>;tag=9a1b2c3d4e\r\n\
        To: <sip:1500@192.0.2.1:5060>;tag=t9\r\n\
        Call-ID: 4f6b0d2a-9c1e-4a57-8f0a-3d5b7c9e1f20@192.0.2.10\r\nCSeq: 102 INVITE\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&response), expected);
    let read_back = Message::parse(response).unwrap();
    assert_eq!((read_back.status(), read_back.method()), (Some(180), Method::Invite));
    assert_eq!(read_back.top_via().received(), "198.51.100.9".parse().ok());
}

#[test]
fn a_claimed_received_is_replaced_and_an_honest_via_is_left_alone() {
    let answered = |via: &str, source: &str| {
        let text = format!(
            "BYE sip:h SIP/2.0\r\nVia: {via}\r\nf: sip:a@h\r\nt: sip:b@h;tag=2\r\ni: x\r\nCSeq: 2 BYE\r\n\r\n"
        );
        let request = Message::parse(Bytes::from(text)).unwrap();
        let response = Writer::response_to(&request, 200, "OK", "ignored", source.parse().unwrap()).finish();
        let response = Message::parse(response).unwrap();
        assert_eq!(response.to_tag(), Some(&b"2"[..]));
        String::from_utf8(response.header(Name::Via).unwrap().to_vec()).unwrap()
    };
    assert_eq!(
        answered("SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa", "192.0.2.4:9"),
        "SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa"
    );
    assert_eq!(
        answered(
            "SIP/2.0/UDP 192.0.2.4;received=203.0.113.1;branch=z9hG4bKa, SIP/2.0/TCP h2;received=1.1.1.1",
            "192.0.2.5:9"
        ),
        "SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa;received=192.0.2.5, SIP/2.0/TCP h2;received=1.1.1.1"
    );
    assert_eq!(
        answered("SIP/2.0/UDP 192.0.2.4 ; rport ; branch=z9hG4bKa", "192.0.2.4:9"),
        "SIP/2.0/UDP 192.0.2.4 ;rport=9;branch=z9hG4bKa;received=192.0.2.4"
    );
    assert_eq!(answered("SIP/2.0/UDP 192.0.2.4", "[::ffff:192.0.2.4]:9"), "SIP/2.0/UDP 192.0.2.4");
}
