//! A datagram through the whole stack, as deep as it can go: read, answered, taken up as a call, ended.
#![no_main]

#[path = "../../../router/sip/tests/corpus/receive.rs"]
mod receive;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let mut receiver = receive::Receiver::new();
    let datagram = bytes::Bytes::copy_from_slice(octets);
    receiver.receive(&datagram);
    receiver.receive(&datagram);
});
