//! Another parser reads the same damaged bytes. Where both read a message they must read the same; where only one does,
//! the difference must be one that we know and want.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm)] // a test may

mod corpus;

use bytes::Bytes;
use corpus::{Outcome, Random, mutate};
use sip::FaultKind;
use sip::wire::{Message, Name, Rport};
use sipx_sip::error::{FramingError, HeaderSyntaxError, LimitKind, ParseError, StartLineError};
use sipx_sip::{Finding, Limits, parse_datagram, validate};

/// Differences shown before we give up.
const MOST_SHOWN: usize = 20;

#[test]
fn two_parsers_agree_or_the_difference_is_explained() {
    let count = std::env::var("SAMBUNG_MUTATIONS").map_or(20_000, |count| count.parse().unwrap());
    let messages: Vec<_> = corpus::all().into_iter().filter(|(_, bytes)| bytes.len() < 4_096).collect();
    let sound: Vec<_> =
        messages.iter().filter(|(_, bytes)| corpus::outcome(bytes) == Outcome::Sound).collect();
    let mut random = Random::seeded(3_261);
    let (mut both, mut unexplained) = (0_u32, Vec::new());
    for number in 0..count {
        let (_, message) = sound[random.below(sound.len())];
        let other = &messages[random.below(messages.len())].1;
        let damaged = Bytes::from(mutate(&mut random, message, other));
        match compare(&damaged) {
            Ok(read) => both += u32::from(read),
            Err(why) => {
                unexplained.push(format!("mutation {number}: {why}\n{}", String::from_utf8_lossy(&damaged)))
            }
        }
        if unexplained.len() == MOST_SHOWN {
            break;
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    assert!(both > count / 20, "only {both} of {count} messages were read by both");
}

/// Whether both read it; an error names a difference nobody has explained.
fn compare(datagram: &Bytes) -> Result<bool, String> {
    let theirs = parse_datagram(datagram.clone(), &Limits::datagram());
    match (Message::parse(datagram.clone()), theirs) {
        (Ok(ours), Ok(theirs)) => {
            let findings = findings(&theirs);
            match findings.iter().find(|finding| !we_read_less_of_it(finding)) {
                Some(finding) => Err(format!("only we read it: {finding:?}")),
                None if findings.is_empty() => same(&ours, &theirs).map(|()| true),
                None => Ok(false),
            }
        }
        (Ok(_), Err(error)) if we_are_more_lenient(&error, datagram) => Ok(false),
        (Ok(_), Err(error)) => Err(format!("only we read it: {error:?}")),
        (Err(fault), Ok(theirs)) if findings(&theirs).is_empty() && !we_are_stricter(fault.kind()) => {
            Err(format!("only they read it: {:?}", fault.kind()))
        }
        (Err(_), Ok(_) | Err(_)) => Ok(false),
    }
}

fn findings(theirs: &sipx_sip::Message) -> Vec<Finding> {
    let mut findings = validate(theirs);
    // RFC 2543 phones send none, and RFC 3261 §16.6 lets it pass.
    findings.retain(|finding| *finding != Finding::MissingRequiredHeader("Max-Forwards"));
    findings
}

/// Of From and To we need name, URI text and tag, of Via what a response needs; the rest may be odd.
fn we_read_less_of_it(finding: &Finding) -> bool {
    matches!(finding, Finding::MalformedRequiredHeader("From" | "To" | "Via"))
}

fn we_are_more_lenient(error: &ParseError, datagram: &[u8]) -> bool {
    let line_ends = datagram.iter().take_while(|octet| matches!(octet, b'\r' | b'\n'));
    let lines_before = line_ends.filter(|octet| **octet == b'\n').count();
    let led_by_line_ends = matches!(datagram.first(), Some(b'\r' | b'\n'));
    match error {
        // Twice the same length is one length.
        ParseError::Framing(FramingError::ContentLengthRepeated) => true,
        // We bound the octets of a line, not its folds.
        ParseError::Limit { limit: LimitKind::FoldingLines, .. } => true,
        // Line ends before a message are passed over, whatever they are.
        ParseError::StartLine(StartLineError::Empty) => led_by_line_ends,
        ParseError::HeaderSyntax { line, kind: HeaderSyntaxError::BareNewline } => {
            *line <= lines_before + 1 && led_by_line_ends
        }
        // An odd user part is looked up and not found; an odd address is never sent to.
        ParseError::StartLine(StartLineError::Uri(_)) => true,
        _ => false,
    }
}

const fn we_are_stricter(fault: FaultKind) -> bool {
    match fault {
        // Our limits are lower.
        FaultKind::TooManyHeaders
        | FaultKind::TooManyVias
        | FaultKind::UriTooLong
        | FaultKind::LineTooLong => true,
        // Two Max-Forwards are wrong in a response too.
        FaultKind::Repeated(Name::MaxForwards) => true,
        // A fold of the first line; a space in what names a dialog; another protocol in Via; no scheme at all.
        FaultKind::HeaderLine | FaultKind::RequestUri(_) => true,
        FaultKind::Malformed(Name::CallId | Name::From | Name::To | Name::Via) => true,
        _ => false,
    }
}

fn same(ours: &Message, theirs: &sipx_sip::Message) -> Result<(), String> {
    let headers = match theirs {
        sipx_sip::Message::Request(request) => &request.headers,
        sipx_sip::Message::Response(response) => &response.headers,
    };
    let to = headers.typed::<sipx_sip::headers::To>().unwrap().unwrap();
    let from = headers.typed::<sipx_sip::headers::From>().unwrap().unwrap();
    let cseq = headers.typed::<sipx_sip::CSeq>().unwrap().unwrap();
    let call_id = headers.typed::<sipx_sip::CallId>().unwrap().unwrap();
    agree_on_tag("To tag", ours.to_tag(), to.0.tag())?;
    agree_on_tag("From tag", ours.from_tag(), from.0.tag())?;
    agree("CSeq", ours.cseq().0, cseq.sequence)?;
    agree("method", ours.method_text(), cseq.method.as_bytes())?;
    agree("Call-ID", ours.call_id(), &call_id.0)?;
    agree("body", &ours.body(), theirs.body())?;
    agree("number of headers", ours.headers().count(), headers.len())?;
    // They read all Vias or none; we read the first.
    if let Some(Ok(via)) = headers.typed_all::<sipx_sip::Via>().next() {
        agree("branch", ours.top_via().branch(), via.branch())?;
        agree("rport", ours.top_via().rport() != Rport::Absent, via.rport().is_some())?;
    }
    Ok(())
}

/// A tag in quotes is none (RFC 3261 §25.1 wants a token): we give it back as it came, they take the quotes off.
fn agree_on_tag(what: &str, ours: Option<&[u8]>, theirs: Option<&[u8]>) -> Result<(), String> {
    if ours.is_some_and(|tag| tag.starts_with(b"\"")) { Ok(()) } else { agree(what, ours, theirs) }
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: we read {ours:?}, they {theirs:?}")) }
}
