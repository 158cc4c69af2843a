//! Damaged messages: none makes us panic, read outside its bounds, or write what was not there.
//!
//! 100,000 mutations of every message we have, the same on every run; `SAMBUNG_MUTATIONS` asks for another number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::Bytes;
use corpus::{Outcome, Random, mutate};
use sip::sdp::{Origin, Sdp, answer_music, differs, with_origin};
use sip::wire::{Message, Name, NameAddr, Uri, Via, Writer};
use std::net::SocketAddr;

#[test]
fn no_mutation_makes_us_stumble() {
    let count = std::env::var("SAMBUNG_MUTATIONS").map_or(100_000, |count| count.parse().unwrap());
    // The messages made for their length are damaged where cost is measured; here many short ones find more.
    let messages: Vec<_> = corpus::all().into_iter().filter(|(_, bytes)| bytes.len() < 4_096).collect();
    let sound_ones: Vec<_> =
        messages.iter().filter(|(_, bytes)| corpus::outcome(bytes) == Outcome::Sound).collect();
    let mut random = Random::seeded(4_475);
    let mut sound = 0_u32;
    for number in 0..count {
        // Mostly of sound ones: a second fault in a faulty message is seldom seen.
        let (name, message) = match random.below(5) {
            0 => &messages[random.below(messages.len())],
            _ => sound_ones[random.below(sound_ones.len())],
        };
        let other = &messages[random.below(messages.len())].1;
        let damaged = Bytes::from(mutate(&mut random, message, other));
        let attempt = std::panic::catch_unwind(|| use_everything(&damaged));
        sound += u32::from(attempt.unwrap_or_else(|_| panic!("mutation {number}, made of {name}")));
    }
    assert!(
        sound > count / 10,
        "only {sound} of {count} mutations could be read: the damage is too great to find much"
    );
}

/// Reads and answers one datagram in every way the stack could; says whether it was sound.
fn use_everything(datagram: &Bytes) -> bool {
    let source: SocketAddr = "[2001:db8::1]:5060".parse().unwrap();
    match Message::parse(datagram.clone()) {
        Ok(message) => {
            read_all(&message);
            assert_answerable(&message, source);
            read_description(message.body(), source);
            true
        }
        Err(fault) => {
            if let Some(reply) = fault.reply(source, "t1") {
                assert!(reply.len() <= datagram.len() * 2 + 500, "an answer is no amplifier");
                assert_lines_are_known(&reply);
            }
            false
        }
    }
}

fn read_all(message: &Message) {
    let bytes = message.bytes();
    for header in message.headers() {
        assert!(!header.text.is_empty());
        assert!(!header.value.iter().any(|byte| matches!(byte, b'\r' | b'\n')), "a value is one line");
        assert_eq!(message.share(header.value), header.value);
        let _ = NameAddr::parse(header.value)
            .map(|addr| (addr.display_text(), addr.tag(), addr.parsed_uri().is_ok()));
        let _ =
            Via::parse(header.value).map(|via| (via.received(), via.rport(), via.sent_by(), via.branch()));
    }
    let via = message.top_via();
    let _ = (via.response_target("192.0.2.1:5060".parse().unwrap()), via.has_transaction_id());
    let _ = (
        message.contact(),
        message.record_routes().count(),
        message.routes().count(),
        message.content_is("a/b"),
    );
    let _ = Uri::parse(message.request_uri())
        .map(|uri| (uri.literal(), uri.transport(), uri.user_decoded().is_some()));
    assert!(message.cseq().0 < 1 << 31);
    assert!(!message.call_id().is_empty());
    assert!(bytes.ends_with(&message.body()));
}

/// The answer to a sound request can itself be read, and says the same.
fn assert_answerable(message: &Message, source: SocketAddr) {
    if !message.is_request() {
        return;
    }
    let answer = Writer::response_to(message, 200, "OK", "t1", source).finish();
    let answer = match Message::parse(answer) {
        Ok(answer) => answer,
        // `rport` and `received` may push a full line over the limit; nothing else may happen.
        Err(fault) => return assert_eq!(fault.kind(), sip::FaultKind::LineTooLong),
    };
    assert_eq!(answer.call_id(), message.call_id());
    assert_eq!(answer.cseq(), message.cseq());
    assert_eq!(answer.from_tag(), message.from_tag());
    assert_eq!(answer.top_via().branch(), message.top_via().branch());
    assert_eq!(answer.via_values().count(), message.via_values().count());
    assert_eq!(answer.via_values().nth(1), message.via_values().nth(1));
    if message.to_tag().is_some() {
        assert_eq!(answer.to_tag(), message.to_tag());
    }
}

/// Every line of an answer is one we meant to write.
fn assert_lines_are_known(reply: &[u8]) {
    let lines = reply.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty());
    for line in lines.skip(1) {
        let name = Name::from_text(line.split(|&byte| byte == b':').next().unwrap());
        let ours = [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq, Name::ContentLength];
        assert!(ours.contains(&name), "{}", String::from_utf8_lossy(line));
    }
}

fn read_description(body: Bytes, ours: SocketAddr) {
    let origin = Origin::new("sambung", 1, ours.ip());
    let rewritten = with_origin(&body, &origin);
    let Ok(sdp) = Sdp::parse(body) else { return };
    assert!(!differs(&sdp, &sdp));
    assert!(!differs(&sdp, &Sdp::parse(rewritten).unwrap()), "the origin line is not what matters");
    if let Some(answer) = answer_music(&sdp, ours, &origin) {
        let answer = Sdp::parse(answer.body).unwrap();
        assert_eq!(answer.media().len(), sdp.media().len());
        assert_eq!(answer.media().iter().filter(|media| media.is_active()).count(), 1);
    }
}
