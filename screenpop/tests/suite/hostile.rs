//! What an attacker, a broken PBX or a fuzzer sends.

use screenpop::caller::{Caller, CallerHeaders, Region, identify, national_digits, normalise};

/// A generator of our own, so that a failing case can be had again by its seed.
struct Noise(u64);

impl Noise {
    const fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 48] = [
            "sip:",
            "tel:",
            "sips:",
            "@",
            ";",
            "=",
            ":",
            "<",
            ">",
            "\"",
            "\\",
            ",",
            "+",
            "%2B",
            "%",
            "%zz",
            "%00",
            "phone-context",
            "ext",
            "isub",
            "+62",
            "0812",
            "1",
            "00",
            "001",
            "0000000000000000000000000",
            "34567890",
            "anonymous",
            "anonymous.invalid",
            "party",
            "privacy",
            "full",
            "(",
            ")",
            "/",
            "-",
            " ",
            "\r\n",
            "\0",
            "\u{660}",
            "\u{FF11}",
            "\u{202E}",
            "é",
            "名",
            "\u{1F600}",
            "[",
            "]",
            "x123",
        ];
        let pieces = self.next() % 14;
        (0..pieces).map(|_| PIECES[self.next() % PIECES.len()]).collect()
    }
}

fn check(caller: &Caller, input: &str) {
    if let Some(e164) = &caller.e164 {
        let digits = e164.strip_prefix('+').unwrap_or_else(|| panic!("{e164} from {input:?}"));
        assert!(digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit()), "{e164} from {input:?}");
    }
    assert!(
        caller.national.as_ref().is_none_or(|n| n.len() <= 24 && n.bytes().all(|b| b.is_ascii_digit())),
        "{input:?}"
    );
    assert!(caller.raw.chars().count() <= 80 && !caller.raw.contains(char::is_control), "{input:?}");
    assert!(caller.display.as_ref().is_none_or(|d| d.chars().count() <= 80 && !d.contains(char::is_control)));
}

#[test]
fn texts_that_break_number_parsers_are_answered() {
    let region = Region::new("ID").unwrap();
    let long = "9".repeat(100_000);
    let wide = "\u{FF19}".repeat(1_000);
    for text in [
        "tel:0812345678;phone-context=+62;tel:1",
        "<tel:0812345678;phone-context=+62;tel:1>",
        "<sip:0812345678;phone-context=+62;tel:1@x>",
        ";phone-context=+62;tel:1",
        "+62;phone-context=+62;tel:1",
        "tel:;phone-context=",
        "tel:1;phone-context=+",
        "tel:1;phone-context=+999999999999999999999999999",
        "<sip:%@x>",
        "<sip:%2@x>",
        "<sip:%FF%FE@x>",
        "<sip:%00@x>",
        "\"",
        "\"\\",
        "<",
        ">",
        "<>",
        "<<<<",
        "\"<sip:1@x>",
        "\" <sip:1@x",
        "sip:",
        "sip:@",
        "sip:@@@",
        "tel:",
        ",,,,",
        "sip:+@x",
        "sip:++62@x",
        "+",
        "00",
        "000000000000000000",
        "\u{FF0B}",
        "/",
        "1/",
        "1234567/1",
        long.as_str(),
        wide.as_str(),
    ] {
        check(
            &identify(
                &CallerHeaders { from: text, pai: Some(text), rpid: Some(text), privacy: Some(text) },
                true,
                &region,
            ),
            text,
        );
        let _ = (normalise(text, &region), national_digits(text, &region));
    }
}

#[test]
fn a_hundred_thousand_random_headers_do_no_harm() {
    let regions = ["ID", "US", "DE", "IT", "BR"].map(|code| Region::new(code).unwrap());
    let seed = 0x5EED_0001;
    let mut noise = Noise(seed);
    for round in 0..100_000 {
        let (from, pai, rpid) = (noise.text(), noise.text(), noise.text());
        let privacy = (round % 3 == 0).then(|| noise.text());
        let headers =
            CallerHeaders { from: &from, pai: Some(&pai), rpid: Some(&rpid), privacy: privacy.as_deref() };
        let region = &regions[round % regions.len()];
        check(
            &identify(&headers, round % 2 == 0, region),
            &format!("seed {seed} round {round} {headers:?}", headers = (&from, &pai, &rpid)),
        );
        let _ = normalise(&from, region);
    }
}
