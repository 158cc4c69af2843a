//! Numbers as people write them, in several countries.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};
use screenpop::caller::{CallerHeaders, Region, Validity, identify, national_digits, normalise};

/// Region, text, E.164, validity.
const HAND_CASES: [(&str, &str, Option<&str>, Validity); 63] = [
    ("ID", "081234567890", Some("+6281234567890"), Validity::Valid),
    ("ID", "0812-3456-7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "0812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "(0812) 3456-7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "+62 812-3456-7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "+62 (0) 812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "+62 (812) 34567890", Some("+6281234567890"), Validity::Valid),
    ("ID", "62812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "0062 812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "001 62 812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "81234567890", Some("+6281234567890"), Validity::Valid),
    ("ID", "HP: 081234567890 (WA)", Some("+6281234567890"), Validity::Valid),
    ("ID", "HP 2: 081234567890", Some("+6281234567890"), Validity::Valid),
    ("ID", "WA +6281234567890 a/n Budi", Some("+6281234567890"), Validity::Valid),
    ("ID", "081234567890 / 081298765432", Some("+6281234567890"), Validity::Valid),
    ("ID", "081234567890/081298765432", Some("+6281234567890"), Validity::Valid),
    ("ID", "081234567890, 081298765432", Some("+6281234567890"), Validity::Valid),
    ("ID", "081234567890; 081298765432", Some("+6281234567890"), Validity::Valid),
    ("ID", "021-57947000", Some("+622157947000"), Validity::Valid),
    ("ID", "021/57947000", Some("+622157947000"), Validity::Valid),
    ("ID", "(021) 5794 7000 ext. 123", Some("+622157947000"), Validity::Valid),
    ("ID", "(021) 5794 7000 ekst 123", Some("+622157947000"), Validity::Valid),
    ("ID", "(021) 5794 7000 pes. 123", Some("+622157947000"), Validity::Valid),
    ("ID", "021 5794 7000 x123", Some("+622157947000"), Validity::Valid),
    ("ID", "021 5794 7000 #123", Some("+622157947000"), Validity::Valid),
    ("ID", "57947000", Some("+6257947000"), Validity::Possible),
    ("ID", "14045", None, Validity::Internal),
    ("ID", "1001", None, Validity::Internal),
    ("ID", "110", None, Validity::Internal),
    ("ID", "tel:+62-812-3456-7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "tel:081234567890;phone-context=+62", Some("+6281234567890"), Validity::Valid),
    ("ID", "sip:081234567890@pbx.example", Some("+6281234567890"), Validity::Valid),
    (
        "ID",
        "\u{FF0B}\u{FF16}\u{FF12}\u{FF18}\u{FF11}\u{FF12}\u{FF13}\u{FF14}\u{FF15}\u{FF16}\u{FF17}\u{FF18}\u{FF19}\u{FF10}",
        Some("+6281234567890"),
        Validity::Valid,
    ),
    (
        "ID",
        "\u{660}\u{668}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}\u{669}\u{660}",
        Some("+6281234567890"),
        Validity::Valid,
    ),
    (
        "ID",
        "\u{6F0}\u{6F8}\u{6F1}\u{6F2}\u{6F3}\u{6F4}\u{6F5}\u{6F6}\u{6F7}\u{6F8}\u{6F9}\u{6F0}",
        Some("+6281234567890"),
        Validity::Valid,
    ),
    ("ID", "\u{202A}+62\u{A0}812\u{2011}3456\u{2011}7890\u{202C}", Some("+6281234567890"), Validity::Valid),
    ("ID", "+39 06 6982 1234", Some("+390669821234"), Validity::Valid),
    ("ID", "+78001234567", Some("+78001234567"), Validity::Valid),
    ("ID", "+375 29 123 45 67", Some("+375291234567"), Validity::Valid),
    ("ID", "+1 415 555 2671", Some("+14155552671"), Validity::Valid),
    ("US", "(415) 555-2671", Some("+14155552671"), Validity::Valid),
    ("US", "415-555-2671", Some("+14155552671"), Validity::Valid),
    ("US", "1-415-555-2671", Some("+14155552671"), Validity::Valid),
    ("US", "415.555.2671 ext 5", Some("+14155552671"), Validity::Valid),
    ("US", "011 62 812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("US", "555-2671", None, Validity::Possible),
    ("DE", "030/23125555", Some("+493023125555"), Validity::Valid),
    ("DE", "(030) 23125-555", Some("+493023125555"), Validity::Valid),
    ("DE", "0049 30 23125555", Some("+493023125555"), Validity::Valid),
    ("DE", "+49 (0)30 23125555", Some("+493023125555"), Validity::Valid),
    ("DE", "0151 12345678", Some("+4915112345678"), Validity::Valid),
    ("IN", "098765 43210", Some("+919876543210"), Validity::Valid),
    ("IN", "98765-43210", Some("+919876543210"), Validity::Valid),
    ("IN", "+91 98765 43210", Some("+919876543210"), Validity::Valid),
    ("IN", "022 2345 6789", Some("+912223456789"), Validity::Valid),
    ("IN", "00 62 812 3456 7890", Some("+6281234567890"), Validity::Valid),
    ("ID", "", None, Validity::None),
    ("ID", "-", None, Validity::None),
    ("ID", "tidak ada", None, Validity::None),
    ("ID", "n/a", None, Validity::None),
    ("ID", "budi@example.com", None, Validity::None),
    ("ID", "+", None, Validity::None),
    ("ID", "+0000000000000000", None, Validity::None),
];

#[test]
fn numbers_written_by_people_are_read() {
    let mut wrong = Vec::new();
    for (region, text, e164, validity) in HAND_CASES {
        let number = normalise(text, &Region::new(region).unwrap());
        if (number.e164.as_deref(), number.validity) != (e164, validity) {
            wrong.push(format!("{region} {text:?}: {number:?}, expected {e164:?} {validity:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_extension_behind_a_number_is_kept_apart() {
    let region = Region::new("ID").unwrap();
    for text in [
        "021 57947000 x123",
        "021-57947000 ext. 123",
        "021-57947000 Pesawat: 123",
        "021 57947000 #123",
        "021-57947000;ext=123",
    ] {
        assert_eq!(normalise(text, &region).extension.as_deref(), Some("123"), "{text}");
    }
    assert_eq!(normalise("021-57947000 extra 5", &region).extension, None);
}

#[test]
fn national_digits_meet_whatever_the_spelling() {
    let region = Region::new("ID").unwrap();
    for text in ["081234567890", "+62 812 3456 7890", "0062812 3456 7890"] {
        assert_eq!(national_digits(text, &region).as_deref(), Some("81234567890"), "{text}");
    }
    assert_eq!(national_digits("0000", &region), None);
}

#[test]
fn a_region_that_does_not_exist_is_named() {
    for code in ["XX", "Indonesia", "", "I", "62", "é"] {
        let error = Region::new(code).unwrap_err();
        assert!(error.to_string().contains(&format!("{code:?}")), "{error}");
    }
    assert_eq!(Region::new(" id ").unwrap().code(), "ID");
}

/// Every country's example numbers, as its callers' headers would carry them.
#[test]
fn the_example_numbers_of_every_country_are_read_as_the_library_reads_them() {
    let kinds = [PhoneNumberType::Mobile, PhoneNumberType::FixedLine, PhoneNumberType::TollFree];
    let (mut tried, mut wrong) = (0, Vec::new());
    for country in PHONE_NUMBER_UTIL.get_supported_regions() {
        let code = country.to_string();
        let region = Region::new(&code).unwrap();
        for kind in kinds {
            let Ok(number) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(country, kind) else {
                continue;
            };
            let format = |as_what| number.format_as(as_what).into_owned();
            let e164 = format(PhoneNumberFormat::E164);
            let national = format(PhoneNumberFormat::National);
            let international = format(PhoneNumberFormat::International);
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            for header in [
                format!("<sip:{e164}@x;user=phone>;tag=1"),
                format!("<sip:%2B{}@x>", digits(&e164)),
                format!("<{}>", format(PhoneNumberFormat::RFC3966)),
                format!("<sip:{}@x>", digits(&national)),
                format!("<sip:00{}@x>", digits(&e164)),
                format!("<tel:{};phone-context=+{}>", digits(&national), number.country_code),
                format!("<tel:{}>", international.replace(' ', "-")),
            ] {
                tried += 1;
                let caller = identify(&CallerHeaders { from: &header, ..Default::default() }, true, &region);
                if caller.e164.as_deref() != Some(e164.as_str()) {
                    wrong.push(format!(
                        "{code} {header} → {:?} {:?}, expected {e164}",
                        caller.e164, caller.validity
                    ));
                }
            }
        }
    }
    println!("{tried} headers, {} read otherwise", wrong.len());
    assert!(tried > 4_500);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
