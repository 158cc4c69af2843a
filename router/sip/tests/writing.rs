//! What we write can be read back, and nobody else's text becomes a line of ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use sip::wire::{Message, Method, Name, NameAddr, Writer, quoted};
use std::net::SocketAddr;

/// A request with everything a message needs, and room for more.
fn request() -> Writer {
    let mut writer = Writer::request(Method::Options, "sip:192.0.2.1");
    writer
        .header(Name::Via, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx;rport")
        .address(Name::From, "", "sip:a@192.0.2.9", ";tag=1")
        .address(Name::To, "", "sip:b@192.0.2.1", "")
        .header(Name::CallId, "c1")
        .header_fmt(Name::CSeq, format_args!("{} {}", 9, Method::Options));
    writer
}
const LINES_OF_REQUEST: usize = 6;

/// Lines as the most lenient reader sees them: CR and LF alone end one too.
fn lines(message: &[u8]) -> usize {
    let head =
        message.windows(4).position(|part| part == b"\r\n\r\n").expect("a message has an end of its head");
    message[..head].split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty()).count()
}

/// A value as it can come back: line ends are spaces, the ends trimmed.
fn tamed(value: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = value.iter().map(|&b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }).collect();
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let front = spaced.iter().take_while(blank).count();
    let back = spaced[front..].iter().rev().take_while(blank).count();
    spaced[front..spaced.len() - back].to_vec()
}

fn source() -> SocketAddr {
    "198.51.100.1:40000".parse().unwrap()
}

/// Texts that lean towards what breaks lines and quotes.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[ -~]{0,12}",
        2 => prop::sample::select(vec!["\r\n", "\r", "\n", "\r\n\r\n", "\"", "\\", "<", ">", ";", "\0", "\u{7f}", "Via: x", "\u{e9}"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn headers_come_back_in_order_and_byte_for_byte(
        values in vec((prop::sample::select(vec![Name::Subject, Name::Contact, Name::UserToUser, Name::Route]), vec(any::<u8>(), 0..120)), 0..40),
        body in vec(any::<u8>(), 0..300),
    ) {
        let mut writer = request();
        for (name, value) in &values {
            writer.header(*name, value);
        }
        let message = Message::parse(writer.body("a/b", Bytes::from(body.clone())).finish()).unwrap();
        let read: Vec<_> = message.headers().skip(LINES_OF_REQUEST - 1).map(|h| (h.name, h.value.to_vec())).collect();
        let mut expected: Vec<_> = values.iter().map(|(name, value)| (*name, tamed(value))).collect();
        expected.push((Name::ContentType, b"a/b".to_vec()));
        expected.push((Name::ContentLength, body.len().to_string().into_bytes()));
        prop_assert_eq!(read, expected);
        prop_assert_eq!(message.body(), body);
    }

    #[test]
    fn no_text_becomes_a_line(uri in hostile(), name in hostile(), value in hostile(), display in hostile(), params in hostile(), reason in hostile(), tag in hostile()) {
        let mut writer = Writer::request(Method::Info, &uri);
        writer
            .header_text(&name, &value)
            .header(Name::Subject, &value)
            .header_parts(Name::Reason, &[value.as_bytes(), b";", params.as_bytes()])
            .header_fmt(Name::Warning, format_args!("{value}"))
            .address(Name::ReferTo, &display, &uri, &params);
        let unnamed = usize::from(name.is_empty() || Name::from_text(name.as_bytes()) == Name::ContentLength);
        prop_assert_eq!(lines(&writer.finish()), 7 - unnamed);
        let request = Message::parse(request().finish()).unwrap();
        let response = Writer::response_to(&request, 486, &reason, &tag, source()).finish();
        prop_assert_eq!(lines(&response), 7);
    }

    #[test]
    fn a_display_name_comes_back_as_it_was(display in hostile()) {
        let message = request().address(Name::Contact, &display, "sip:a@b", ";x=1").finish();
        let message = Message::parse(message).unwrap();
        let contact = message.contact().unwrap();
        let kept: String = display.trim_matches([' ', '\t', '\r', '\n']).chars().filter(|c| !c.is_control()).collect();
        prop_assert_eq!(contact.display_text(), kept);
        prop_assert_eq!(contact.uri, b"sip:a@b");
        prop_assert_eq!(contact.params.value("x"), Some(&b"1"[..]));
        let alone = format!("{} <sip:a@b>", quoted(&display));
        prop_assert_eq!(NameAddr::parse(alone.as_bytes()).unwrap().uri, b"sip:a@b");
    }

    #[test]
    fn a_request_line_has_three_words_whatever_the_uri(uri in hostile()) {
        let message = Writer::request(Method::Bye, &uri).finish();
        let line = message.split(|&byte| byte == b'\r').next().unwrap();
        prop_assert_eq!(line.iter().filter(|&&byte| byte == b' ').count(), 2);
    }

    #[test]
    fn responses_to_any_request_of_ours_can_be_read(
        status in 100_u16..700,
        tag in "[a-z0-9]{1,20}",
        which in 0..corpus::OWN.len(),
        port in 1_u16..,
    ) {
        let Ok(request) = Message::parse(Bytes::from_static(corpus::OWN[which].1)) else { return Ok(()) };
        if !request.is_request() {
            return Ok(());
        }
        let to = SocketAddr::from(([192, 0, 2, 200], port));
        let response = Message::parse(Writer::response_to(&request, status, "", &tag, to).finish()).unwrap();
        prop_assert_eq!(response.status(), Some(status));
        prop_assert_eq!(response.call_id(), request.call_id());
        prop_assert_eq!(response.header(Name::From), request.header(Name::From));
        prop_assert_eq!(response.to_tag(), request.to_tag().or(Some(tag.as_bytes())));
        let via: Vec<_> = response.via_values().skip(1).collect();
        prop_assert_eq!(via, request.via_values().skip(1).collect::<Vec<_>>());
        prop_assert_eq!(response.top_via().response_target(to), request.top_via().response_target(to));
    }
}

#[test]
fn content_length_is_always_ours_and_the_last_body_counts() {
    let other = Message::parse(request().body("a/b", Bytes::from_static(b"12345")).finish()).unwrap();
    let mut writer = request();
    writer
        .header(Name::ContentLength, "99")
        .header_text("content-length", "99")
        .header_text("l", "99")
        .header_fmt(Name::ContentLength, format_args!("99"))
        .copy_all(&other, Name::ContentLength)
        .copy_text(&other, "Content-Length");
    let message = Message::parse(writer.body("text/plain", Bytes::from_static(b"hi")).finish()).unwrap();
    assert_eq!(message.headers_named(Name::ContentLength).collect::<Vec<_>>(), [b"2"]);
    assert_eq!(message.body(), &b"hi"[..]);
}

#[test]
fn unknown_headers_are_copied_by_their_text() {
    let from = Message::parse(request().header_text("X-Queue", "a").header_text("x-queue", "b, c").finish())
        .unwrap();
    let copy =
        Message::parse(request().copy_text(&from, "X-QUEUE").header_text("X Y\r\nZ", "v").finish()).unwrap();
    assert_eq!(copy.headers_by_text("X-Queue").collect::<Vec<_>>(), [&b"a"[..], b"b, c"]);
    assert_eq!(copy.header_by_text("X-Y--Z"), Some(&b"v"[..]));
}
