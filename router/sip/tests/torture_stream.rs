//! The torture messages of RFC 4475 and RFC 5118 over a stream: each comes out whole and is treated as over UDP, except
//! where only Content-Length tells where it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

mod corpus;

use bytes::BytesMut;
use corpus::Outcome::{self, Sound};
use sip::wire::{Frame, Framer};

/// What a connection comes to.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// A whole message, which is treated so.
    Message(Outcome),
    /// The rest is awaited, until the connection's time for a message is over.
    Waits,
    /// Nobody can tell where the message ends: it is answered with this status and the connection is closed.
    Closed(u16),
}
use Seen::{Closed, Message, Waits};

/// What differs from a datagram, and why.
const OTHERWISE: &[(&str, &[Seen])] = &[
    // What stands behind the first message is the next one, and what is behind that one's length is none.
    ("valid/dblreq.dat", &[Message(Sound), Message(Sound), Closed(400)]),
    // No Content-Length (RFC 3261 §18.3), a negative one, two that differ.
    ("valid/inv2543.dat", &[Closed(400)]),
    ("invalid/ncl.dat", &[Closed(400)]),
    ("invalid/mcl01.dat", &[Closed(400)]),
    // More is announced than comes; the head does not end.
    ("invalid/clerr.dat", &[Waits]),
    ("invalid/baddn.dat", &[Waits]),
];

/// Everything that comes out of a connection on which these octets come, so many at a time.
fn seen(octets: &[u8], at_a_time: usize) -> Vec<Seen> {
    let (mut framer, mut input, mut seen) = (Framer::new(), BytesMut::new(), Vec::new());
    for part in octets.chunks(at_a_time) {
        input.extend_from_slice(part);
        loop {
            match framer.next(&mut input) {
                Ok(Some(Frame::Message(bytes))) => seen.push(Message(corpus::outcome(&bytes))),
                Ok(Some(Frame::KeepAlive)) => {}
                Ok(None) => break,
                Err(fault) => {
                    seen.push(Closed(fault.status()));
                    return seen;
                }
            }
        }
    }
    if framer.is_within_message() {
        seen.push(Waits);
    }
    seen
}

#[test]
fn each_torture_message_is_cut_out_of_a_stream_and_treated_as_over_udp() {
    for (name, octets) in corpus::torture() {
        let whole = seen(&octets, octets.len());
        for at_a_time in [1, 7, 536] {
            assert_eq!(seen(&octets, at_a_time), whole, "{name}, {at_a_time} octets at a time");
        }
        let as_udp = [Message(corpus::outcome(&octets))];
        let wanted = OTHERWISE.iter().find(|(other, _)| *other == name).map_or(&as_udp[..], |(_, seen)| seen);
        assert_eq!(whole, wanted, "{name}");
    }
}
