//! A session description: read, compared with itself, answered with music.
#![no_main]

use sip::sdp::{Origin, Sdp, answer_music, with_origin};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let origin = Origin::new("-", 7, [192, 0, 2, 1].into());
    let told = with_origin(&bytes::Bytes::copy_from_slice(octets), &origin);
    assert_eq!(with_origin(&told, &origin), told, "our origin is written once");
    if let Ok(sdp) = Sdp::parse(bytes::Bytes::copy_from_slice(octets)) {
        let answer = answer_music(&sdp, ([192, 0, 2, 1], 20_000).into(), &origin);
        assert!(answer.is_none_or(|answer| Sdp::parse(answer.body).is_ok()), "we read what we write");
    }
});
