//! The caller's number in any spelling and header: it is E.164, or none, and nothing else comes of it.
#![no_main]

use screenpop::caller::{CallerHeaders, Region, identify};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    process::abort,
    sync::LazyLock,
};

static REGION: LazyLock<Region> = LazyLock::new(|| Region::new("ID").unwrap_or_else(|_| abort()));

/// The parts of the input, one header each.
fn headers(text: &str) -> [Option<&str>; 4] {
    let mut parts = text.split('\0');
    std::array::from_fn(|_| parts.next())
}

libfuzzer_sys::fuzz_target!(
    init: {
        // The library behind it is known to panic on some texts, and is caught; the fuzzer's hook would abort at once.
        set_hook(Box::new(|_| {}));
    },
    |octets: &[u8]| {
        let tried = catch_unwind(AssertUnwindSafe(|| {
            let text = String::from_utf8_lossy(octets);
            let [from, pai, rpid, privacy] = headers(&text);
            let headers = CallerHeaders { from: from.unwrap_or_default(), pai, rpid, privacy };
            let caller = identify(&headers, true, &REGION);
            let number = caller.e164.as_deref();
            let digits = |number: &str| {
                number.strip_prefix('+').is_some_and(|rest| {
                    (1..=15).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit())
                })
            };
            number.is_none_or(digits)
        }));
        if !tried.unwrap_or(false) {
            eprintln!("a panic got out, or a number is none");
            abort();
        }
    }
);
