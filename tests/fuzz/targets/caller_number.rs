//! Who is calling, from whatever From, P-Asserted-Identity, Remote-Party-ID and Privacy say.
#![no_main]

use screenpop::caller::{CallerHeaders, Region, identify};
use std::sync::LazyLock;

static REGION: LazyLock<Region> = LazyLock::new(|| Region::new("ID").expect("Indonesia is known"));

// The number library panics on some texts, which is caught; the fuzzer's own hook would end the run all the same.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let mut parts = text.split('\n');
    let from = parts.next().unwrap_or_default();
    let headers = CallerHeaders { from, pai: parts.next(), rpid: parts.next(), privacy: parts.next() };
    let caller = identify(&headers, true, &REGION);
    let digits = |number: &str| number.strip_prefix('+').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(caller.e164.as_deref().is_none_or(digits), "{:?}", caller.e164);
});
