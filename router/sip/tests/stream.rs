//! Messages on a stream: however they are cut and glued, they are those a datagram would have brought.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::{Bytes, BytesMut};
use corpus::{
    Outcome::{self, Answered, Dropped, Sound},
    Random, mutate,
};
use proptest::prelude::*;
use sip::wire::{Frame, Framer, Message, limits};
use std::sync::LazyLock;

/// How a stream goes on behind its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With the next message.
    Open,
    /// With the rest of a message; none comes, and the connection is closed by time.
    Waiting,
    /// Not at all: it is closed, after an answer with this status where one can be given.
    Closed(Option<u16>),
}

/// The messages of a stream that comes in pieces of these lengths (the last for all that follow), and its end.
fn frame(stream: &[u8], cuts: &[usize]) -> (Vec<Bytes>, End) {
    let (mut framer, mut input, mut messages) = (Framer::new(), BytesMut::new(), Vec::new());
    let mut rest = stream;
    let mut cuts = cuts.iter().chain(std::iter::repeat(cuts.last().unwrap_or(&usize::MAX)));
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
        rest = behind;
        input.extend_from_slice(piece);
        loop {
            match framer.next(&mut input) {
                Ok(Some(Frame::Message(message))) => messages.push(message),
                Ok(Some(Frame::KeepAlive)) => {}
                Ok(None) => break,
                Err(fault) => {
                    let reply = fault.reply("192.0.2.77:5077".parse().unwrap(), "t1");
                    return (messages, End::Closed(reply.map(|_| fault.status())));
                }
            }
        }
        assert!(input.len() < limits::MESSAGE, "{} octets wait", input.len());
    }
    (messages, if framer.is_within_message() { End::Waiting } else { End::Open })
}

fn outcomes(stream: &[u8]) -> (Vec<Outcome>, End) {
    let (messages, end) = frame(stream, &[]);
    (messages.iter().map(|message| corpus::outcome(message)).collect(), end)
}

/// What differs on a stream; every other torture message has the outcome that it has in a datagram.
const ROWS: &[(&str, &[Outcome], End)] = &[
    // Octets behind a message are the next one. The one behind that is the end of a description, and has no start line.
    ("valid/dblreq.dat", &[Sound, Sound], End::Closed(None)),
    // Where the message ends cannot be known.
    ("invalid/ncl.dat", &[], End::Closed(Some(400))),
    ("invalid/mcl01.dat", &[], End::Closed(Some(400))),
    ("valid/inv2543.dat", &[], End::Closed(Some(400))),
    // It says that more is to come.
    ("invalid/clerr.dat", &[], End::Waiting),
    ("invalid/baddn.dat", &[], End::Waiting),
];

#[test]
fn each_torture_message_has_the_outcome_of_its_row_on_a_stream() {
    for (name, message) in corpus::torture() {
        let row = ROWS.iter().find(|(file, ..)| *file == name);
        let as_datagram = [corpus::outcome(&message)];
        let (expected, end) =
            row.map_or((&as_datagram[..], End::Open), |(_, messages, end)| (messages, *end));
        assert_eq!(outcomes(&message), (expected.to_vec(), end), "{name}");
    }
}

#[test]
fn our_own_messages_are_framed_or_end_the_connection() {
    let outcome_of = |name: &str| {
        let all = corpus::all();
        outcomes(&all.iter().find(|case| case.0 == name).unwrap().1)
    };
    let closed = |status| (Vec::new(), End::Closed(Some(status)));
    assert_eq!(outcome_of("a PBX's INVITE"), (vec![Sound], End::Open));
    assert_eq!(outcome_of("octets behind the body"), (vec![Sound], End::Closed(None)));
    assert_eq!(outcome_of("no Max-Forwards, no Content-Length"), closed(400));
    assert_eq!(outcome_of("two Content-Lengths"), closed(400));
    assert_eq!(outcome_of("a body beyond the limit"), closed(413));
    assert_eq!(outcome_of("a body cut short"), (Vec::new(), End::Waiting));
    assert_eq!(outcome_of("lines that end in a line feed"), (Vec::new(), End::Waiting));
    assert_eq!(outcome_of("a response code of four digits"), (vec![Dropped], End::Open));
    assert_eq!(outcome_of("another protocol"), (Vec::new(), End::Closed(None)));
    let long = with_length(&corpus::all().iter().find(|case| case.0 == "129 headers").unwrap().1).unwrap();
    assert_eq!(outcomes(&long), (vec![Answered(513)], End::Open));
}

/// The corpus as it would come on a stream: with a Content-Length where a datagram did without.
static ON_STREAM: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let all = corpus::all().into_iter();
    all.filter_map(|(name, message)| Some((name, with_length(&message)?))).collect()
});

/// The message with exactly its body behind it and a Content-Length that says so; none where that is not to be had.
fn with_length(message: &[u8]) -> Option<Vec<u8>> {
    let (messages, end) = frame(message, &[]);
    match (&messages[..], end) {
        ([only], End::Open) => return Some(only.to_vec()),
        ([first, ..], _) => return Some(first.to_vec()),
        ([], End::Waiting) => return None,
        ([], End::Open | End::Closed(_)) => {}
    }
    let start = message.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let end = message.windows(4).position(|part| part == b"\r\n\r\n").filter(|&end| end > start)?;
    let length = format!("\r\nContent-Length: {}\r\n\r\n", message.len() - end - 4);
    let message = [&message[start..end], length.as_bytes(), &message[end + 4..]].concat();
    (frame(&message, &[]).1 == End::Open).then_some(message)
}

#[test]
fn cut_anywhere_and_glued_the_corpus_is_what_it_was() {
    let messages = &*ON_STREAM;
    assert!(messages.len() > 60 + corpus::torture().len() * 9 / 10, "only {} messages", messages.len());
    let stream = messages.iter().flat_map(|(_, message)| message.iter().copied()).collect::<Vec<u8>>();
    let mut random = Random::seeded(7_118);
    for most in [1, 2, 3, 17, 1_448, 4_096, 65_536] {
        let cuts: Vec<usize> = (0..stream.len()).map(|_| 1 + random.below(most)).collect();
        let (framed, end) = frame(&stream, &cuts);
        assert_eq!((framed.len(), end), (messages.len(), End::Open));
        for ((name, message), framed) in messages.iter().zip(framed) {
            assert!(*message == framed, "{name}, in pieces of up to {most} octets");
            let read = |bytes: &[u8]| Message::parse(Bytes::copy_from_slice(bytes));
            match (read(message), read(&framed)) {
                (Ok(datagram), Ok(framed)) => assert_eq!(datagram.bytes(), framed.bytes(), "{name}"),
                (Err(datagram), Err(framed)) => assert_eq!(datagram.kind(), framed.kind(), "{name}"),
                (datagram, framed) => panic!("{name}: {datagram:?}, but {framed:?}"),
            }
        }
    }
}

/// The same as [`frame`], slowly and from the definition: find the blank line, unfold, split at line ends.
fn by_definition(mut stream: &[u8]) -> (Vec<&[u8]>, End) {
    let mut messages = Vec::new();
    loop {
        let start = stream.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        let Some(start) = start else { return (messages, End::Open) };
        stream = &stream[start..];
        if !stream[0].is_ascii_alphanumeric() && !b"-.!%*_+`'~".contains(&stream[0]) {
            return (messages, End::Closed(None));
        }
        let end = stream.windows(4).position(|part| part == b"\r\n\r\n").map(|at| at + 4);
        if end.unwrap_or(stream.len() + 1) > limits::HEAD {
            return (messages, End::Closed(Some(513)));
        }
        let Some(end) = end else { return (messages, End::Waiting) };
        let length = length_by_definition(&stream[..end]);
        let Some(length) = length else { return (messages, End::Closed(Some(400))) };
        if stream.len() < end + length {
            return (messages, End::Waiting);
        }
        messages.push(&stream[..end + length]);
        stream = &stream[end + length..];
    }
}

/// Content-Length, if there is one and no other.
fn length_by_definition(head: &[u8]) -> Option<usize> {
    const FOLD: char = '\u{1}';
    let text: String = head.iter().map(|&byte| char::from(byte)).collect();
    let text = text.replace("\r\n ", "\u{1}").replace("\r\n\t", "\u{1}");
    let space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n' | FOLD);
    let mut lengths = Vec::new();
    for line in text.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim_end_matches(space);
        if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("l") {
            let value = value.trim_matches(space);
            lengths.push(value.chars().all(|c| c.is_ascii_digit()).then(|| value.parse::<u64>().ok())??);
        }
    }
    lengths.dedup();
    let one = (lengths.len() == 1).then(|| lengths[0])?;
    usize::try_from(one).ok().filter(|&length| length <= limits::BODY)
}

/// Messages, whole or damaged, and what may stand between them.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let between = prop::sample::select(vec!["", "", "", "\r\n", "\r\n\r\n", "\r", "\n\n", "\r\n\r"]);
    let piece = (any::<prop::sample::Index>(), any::<u64>(), 0..4_u8, between);
    prop::collection::vec(piece, 1..6).prop_map(|pieces| {
        let short: Vec<&Vec<u8>> = ON_STREAM.iter().map(|(_, m)| m).filter(|m| m.len() < 3_000).collect();
        let mut stream = Vec::new();
        for (which, seed, damage, between) in pieces {
            let message = *which.get(&short);
            stream.extend_from_slice(between.as_bytes());
            match damage {
                0 => stream.extend(mutate(&mut Random::seeded(seed), message, short[0])),
                _ => stream.extend_from_slice(message),
            }
        }
        stream
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_stream_in_any_pieces_is_framed_as_defined(
        stream in streams(),
        cuts in prop::collection::vec(1..3_000_usize, 1..20),
    ) {
        let (expected, end) = by_definition(&stream);
        for cuts in [&cuts[..], &[1], &[]] {
            let (framed, framed_end) = frame(&stream, cuts);
            // The definition knows no limits but of length: we may give up earlier, but frame nothing else until then.
            if let End::Closed(_) = framed_end {
                let expected = expected.get(..framed.len()).unwrap_or_default();
                prop_assert_eq!(&framed, &expected);
            } else {
                prop_assert_eq!(&framed, &expected);
                prop_assert_eq!(framed_end, end);
            }
        }
    }

    #[test]
    fn whatever_comes_is_bounded(octets in prop::collection::vec(any::<u8>(), 0..5_000), cut in 1..500_usize) {
        prop_assert_eq!(frame(&octets, &[cut]), frame(&octets, &[]));
    }
}
