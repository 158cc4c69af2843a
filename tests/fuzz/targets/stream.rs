//! A stream in any cutting gives the same messages, and then the same end.
#![no_main]

use bytes::BytesMut;
use sip::wire::{Frame, Framer, Message};

/// Messages, keep-alives as empty ones, and whether it came to a fault.
fn read(octets: &[u8], at_a_time: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut framer, mut input, mut seen) = (Framer::new(), BytesMut::new(), Vec::new());
    for part in octets.chunks(at_a_time) {
        input.extend_from_slice(part);
        loop {
            match framer.next(&mut input) {
                Ok(Some(Frame::Message(bytes))) => seen.push(bytes.to_vec()),
                Ok(Some(Frame::KeepAlive)) => seen.push(Vec::new()),
                Ok(None) => break,
                Err(_) => return (seen, true),
            }
        }
    }
    (seen, false)
}

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let whole = read(octets, octets.len().max(1));
    for at_a_time in [1, 3, 64] {
        assert_eq!(read(octets, at_a_time), whole, "{at_a_time} at a time");
    }
    for message in whole.0.into_iter().filter(|message| !message.is_empty()) {
        let _sound = Message::parse(message.into());
    }
});
