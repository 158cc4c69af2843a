//! Headers of extensions: whatever stands in them is read without harm, and what was written comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test may

use bytes::Bytes;
use proptest::prelude::*;
use sip::wire::{Message, Method, Name, RAck, Refresher, SessionExpires, Writer};

fn with(name: Name, value: &[u8]) -> Message {
    let mut writer = Writer::request(Method::Prack, "sip:192.0.2.1");
    writer
        .header(Name::Via, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx")
        .address(Name::From, "", "sip:a@192.0.2.9", ";tag=1")
        .address(Name::To, "", "sip:b@192.0.2.1", ";tag=2")
        .header(Name::CallId, "c1")
        .header(Name::CSeq, "9 PRACK")
        .header(name, value);
    Message::parse(writer.finish()).unwrap()
}

/// Numbers, and what resembles them.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[0-9]{0,30}[ ;]{0,3}[a-zA-Z0-9= ;]{0,20}".prop_map(String::into_bytes),
        "[0-9 \t]{0,24}[A-Z]{0,8}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_is_read_or_passed_over(value in value()) {
        for name in [Name::SessionExpires, Name::MinSe, Name::RSeq, Name::RAck] {
            let message = with(name, &value);
            let _ = (message.session_expires(), message.min_se_s(), message.rack());
            prop_assert_ne!(message.rseq(), Some(0));
        }
    }

    #[test]
    fn an_interval_that_was_written_is_read(interval_s: u32, uac: bool) {
        let refresher = if uac { Refresher::Uac } else { Refresher::Uas };
        let message = with(Name::SessionExpires, format!("{interval_s};refresher={}", refresher.as_str()).as_bytes());
        prop_assert_eq!(message.session_expires(), Some(SessionExpires { interval_s, refresher: Some(refresher) }));
        prop_assert_eq!(with(Name::MinSe, interval_s.to_string().as_bytes()).min_se_s(), Some(interval_s));
    }

    #[test]
    fn an_acknowledgement_that_was_written_is_read(rseq in 1..=u32::MAX, cseq: u32) {
        let message = with(Name::RAck, format!("{rseq} {cseq} INVITE").as_bytes());
        prop_assert_eq!(message.rack(), Some(RAck { rseq, cseq, method: Method::Invite }));
        prop_assert_eq!(with(Name::RSeq, rseq.to_string().as_bytes()).rseq(), Some(rseq));
    }
}

#[test]
fn the_longest_value_is_read_in_one_pass() {
    let digits = Bytes::from(vec![b'9'; 8_000]);
    assert_eq!(with(Name::MinSe, &digits).min_se_s(), Some(u32::MAX));
    assert_eq!(with(Name::RSeq, &digits).rseq(), None);
}
