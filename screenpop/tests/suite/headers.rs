//! The forms in which PBXs and trunks write who is calling.

use screenpop::caller::{Caller, CallerHeaders, Privacy, Region, Validity, identify};

fn region() -> Region {
    Region::new("ID").unwrap()
}

fn from(value: &str) -> Caller {
    identify(&CallerHeaders { from: value, ..CallerHeaders::default() }, true, &region())
}

const MOBILE: &str = "+6281234567890";

#[test]
fn every_spelling_of_an_address_gives_the_same_number() {
    for value in [
        "<sip:+6281234567890@pbx.example>;tag=1",
        "sip:+6281234567890@pbx.example;tag=1",
        "\"Budi\" <sip:+6281234567890@pbx.example>",
        "Budi Santoso <sip:+6281234567890@10.0.0.1:5060;user=phone>;tag=x",
        "\"Budi <sip:1@x> , \\\" Santoso\" <sip:+6281234567890@pbx.example>",
        "<sip:%2B6281234567890@pbx.example>",
        "<sip:%2b62%38%31234567890@pbx.example>",
        "<sips:+62-812-3456-7890@pbx.example>",
        "<SIP:+62.812.3456.7890@[2001:db8::1]:5061;transport=tls>",
        "<sip:+6281234567890:secret@pbx.example>",
        "<sip:+6281234567890;npdi;rn=+6281100000@pbx.example;user=phone>",
        "<sip:081234567890@pbx.example>",
        "<sip:6281234567890@pbx.example>",
        "<sip:006281234567890@pbx.example>",
        "<sip:0016281234567890@pbx.example>",
        "<sip:0116281234567890@pbx.example>",
        "<sip:81234567890@pbx.example>",
        "<sip:081234567890;phone-context=+62@pbx.example;user=phone>",
        "<tel:+62-812-3456-7890>",
        "tel:+62(812)34567890",
        "<tel:081234567890;phone-context=+62>",
        "<tel:81234567890;phone-context=+62>;tag=9",
        "<tel:081234567890;phone-context=pbx.example>",
        "<sip:+6281234567890@pbx.example?Subject=hi>",
        "sip:081234567890",
        "<sip:+6281234567890>",
        "  <  sip:+6281234567890@pbx.example  >  ;tag=1",
    ] {
        let caller = from(value);
        assert_eq!(caller.e164.as_deref(), Some(MOBILE), "{value}");
        assert_eq!(caller.national.as_deref(), Some("81234567890"), "{value}");
        assert_eq!((caller.privacy, caller.validity), (Privacy::Public, Validity::Valid), "{value}");
    }
}

#[test]
fn numbers_from_abroad_are_read_with_and_without_a_prefix() {
    for (value, e164) in [
        ("<sip:+390669821234@x>", "+390669821234"),
        ("<sip:+14155552671@x>", "+14155552671"),
        ("<sip:14155552671@x>", "+14155552671"),
        ("<sip:0014155552671@x>", "+14155552671"),
        ("<sip:00114155552671@x>", "+14155552671"),
        ("<sip:01114155552671@x>", "+14155552671"),
        ("<sip:00491511234567 8@x>", "+4915112345678"),
        ("<sip:4915112345678@x>", "+4915112345678"),
        ("<sip:+442079460018@x>", "+442079460018"),
        ("<tel:02079460018;phone-context=+44>", "+442079460018"),
        ("<sip:+6565551234@x>", "+6565551234"),
    ] {
        assert_eq!(from(value).e164.as_deref(), Some(e164), "{value}");
    }
}

#[test]
fn an_internal_number_is_kept_and_has_no_e164() {
    for (value, digits) in
        [("<sip:1001@pbx>", "1001"), ("<sip:14045@pbx>", "14045"), ("tel:7042;phone-context=pbx", "7042")]
    {
        let caller = from(value);
        assert_eq!((caller.e164, caller.national.as_deref()), (None, Some(digits)), "{value}");
        assert_eq!((caller.privacy, caller.validity), (Privacy::Public, Validity::Internal), "{value}");
    }
}

#[test]
fn a_number_without_its_area_code_is_possible_but_not_e164() {
    let headers = CallerHeaders { from: "<sip:5552671@pbx>", ..CallerHeaders::default() };
    let caller = identify(&headers, true, &Region::new("US").unwrap());
    assert_eq!((caller.e164, caller.national.as_deref()), (None, Some("5552671")));
    assert_eq!(caller.validity, Validity::Possible);
}

#[test]
fn a_possible_number_in_no_known_range_can_still_be_matched() {
    let caller = from("<sip:57947000@pbx>");
    assert_eq!((caller.e164.as_deref(), caller.national.as_deref()), (Some("+6257947000"), Some("57947000")));
    assert_eq!(caller.validity, Validity::Possible);
}

#[test]
fn an_extension_is_kept_apart() {
    let caller = from("<tel:+622157947000;ext=123>");
    assert_eq!((caller.e164.as_deref(), caller.extension.as_deref()), (Some("+622157947000"), Some("123")));
    assert_eq!(from("<sip:+622157947000;ext=12-3@x>").extension.as_deref(), Some("123"));
    assert_eq!(
        from("<sip:+622157947000@x;ext=9>").extension,
        None,
        "a parameter of the host is none of the number"
    );
}

#[test]
fn a_name_is_no_number() {
    for value in [
        "<sip:ann@example.com>",
        "<sip:+62812x@example.com>",
        "<sip:*31#0812@x>",
        "<sip:example.com>",
        "<sip:@x>",
    ] {
        let caller = from(value);
        assert_eq!((caller.e164, caller.national, caller.validity), (None, None, Validity::None), "{value}");
    }
    assert_eq!(from("<sip:ann@example.com>").privacy, Privacy::Public);
}

#[test]
fn a_withheld_caller_stays_unknown_whatever_else_is_told() {
    let pai = Some("<sip:+6281234567890@pbx>");
    let rpid = Some("\"Budi\" <sip:+6281234567890@pbx>;party=calling;privacy=full");
    let number = "\"Budi\" <sip:+6281234567890@pbx>";
    for (from, pai, rpid, privacy) in [
        ("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", pai, None, None),
        ("<sip:c8oqz84zk7z@ANONYMOUS.invalid>", pai, None, None),
        ("<sip:Restricted@pbx>", pai, None, None),
        ("<sip:anonymous@pbx>", None, None, None),
        (number, pai, None, Some("id")),
        (number, pai, None, Some("header; ID; critical")),
        (number, None, None, Some("user")),
        (number, None, rpid, None),
        ("<sip:unavailable@pbx>", None, None, None),
        ("<sip:unknown@unknown.invalid>", None, None, None),
        ("", None, None, None),
    ] {
        let caller = identify(&CallerHeaders { from, pai, rpid, privacy }, true, &region());
        assert_eq!(caller.privacy, Privacy::Withheld, "{from} {privacy:?}");
        assert_eq!((caller.e164, caller.national, caller.display), (None, None, None), "{from}");
        assert!(!caller.raw.contains("62812"), "{from}");
    }
}

#[test]
fn privacy_that_is_not_about_identity_hides_nothing() {
    for privacy in ["none", "session", "header;session", ""] {
        let headers = CallerHeaders {
            from: "<sip:+6281234567890@x>",
            privacy: Some(privacy),
            ..CallerHeaders::default()
        };
        assert_eq!(identify(&headers, true, &region()).e164.as_deref(), Some(MOBILE), "{privacy}");
    }
}

#[test]
fn a_trusted_trunk_is_believed_before_the_caller() {
    let headers = CallerHeaders {
        from: "\"Mallory\" <sip:+6281111111111@pbx>",
        pai: Some("\"Budi, S.\" <sip:budi@pbx>, <tel:+6281234567890>"),
        rpid: Some("<sip:+6282222222222@pbx>;party=calling;screen=yes;privacy=off"),
        privacy: None,
    };
    assert_eq!(identify(&headers, true, &region()).e164.as_deref(), Some(MOBILE));
    assert_eq!(identify(&headers, false, &region()).e164.as_deref(), Some("+6282222222222"));
    let without = CallerHeaders { rpid: None, ..headers };
    let caller = identify(&without, false, &region());
    assert_eq!(
        (caller.e164.as_deref(), caller.display.as_deref()),
        (Some("+6281111111111"), Some("Mallory"))
    );
}

#[test]
fn a_better_header_without_a_number_gives_way() {
    let headers = CallerHeaders {
        from: "<sip:081234567890@pbx>",
        pai: Some("<sip:switchboard@pbx>"),
        rpid: Some("<sip:1500@pbx>;party=called"),
        privacy: None,
    };
    assert_eq!(identify(&headers, true, &region()).e164.as_deref(), Some(MOBILE));
}

#[test]
fn an_unavailable_from_gives_way_to_what_the_network_asserts() {
    let headers = CallerHeaders {
        from: "<sip:unavailable@pbx>",
        pai: Some("<tel:+6281234567890>"),
        ..Default::default()
    };
    assert_eq!(identify(&headers, true, &region()).e164.as_deref(), Some(MOBILE));
}

#[test]
fn the_display_name_is_unquoted_and_harmless_in_a_line() {
    for (value, display) in [
        ("\"Budi \\\"B\\\" Santoso\" <sip:1001@x>", Some("Budi \"B\" Santoso")),
        ("Budi Santoso <sip:1001@x>", Some("Budi Santoso")),
        ("\"  \" <sip:1001@x>", None),
        ("<sip:1001@x>", None),
        ("\"a\r\nX-Evil: 1\u{202E}\u{0}b\" <sip:1001@x>", Some("aX-Evil: 1b")),
        ("\"<script>alert(1)</script>\" <sip:1001@x>", Some("<script>alert(1)</script>")),
        ("\"佐藤 花子\" <sip:1001@x>", Some("佐藤 花子")),
    ] {
        assert_eq!(from(value).display.as_deref(), display, "{value:?}");
    }
    let long = format!("\"{}\" <sip:1001@x>", "é".repeat(200));
    assert_eq!(from(&long).display.unwrap().chars().count(), 80);
}

#[test]
fn a_printed_caller_tells_no_number() {
    let printed = format!("{:?}", from("\"Budi\" <sip:+6281234567890@pbx>"));
    assert!(!printed.contains("812") && !printed.contains("Budi"), "{printed}");
}

#[test]
fn without_a_region_only_numbers_with_a_country_code_are_read() {
    let nowhere = Region::new(screenpop::caller::NO_REGION).unwrap();
    let number =
        |from: &str| identify(&CallerHeaders { from, ..CallerHeaders::default() }, true, &nowhere).e164;
    assert_eq!(number("<sip:+6281234567890@pbx>").as_deref(), Some("+6281234567890"));
    assert_eq!(number("<sip:081234567890@pbx>"), None);
}
