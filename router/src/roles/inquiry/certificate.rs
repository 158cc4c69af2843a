//! When a certificate ends: the one thing of X.509 that nothing else here tells.

use jiff::Timestamp;

/// Tags of DER (ITU-T X.690).
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// `notAfter` of a certificate in DER; none when it cannot be read (RFC 5280 §4.1).
pub(super) fn ends(certificate: &[u8]) -> Option<Timestamp> {
    let (whole, _) = inside(certificate, SEQUENCE)?;
    let (body, _) = inside(whole, SEQUENCE)?;
    let (tag, _, behind) = element(body)?;
    // The version is left out in version 1.
    let serial_on = if tag == VERSION { behind } else { body };
    let (_, _, algorithm_on) = element(serial_on)?;
    let (_, _, issuer_on) = element(algorithm_on)?;
    let (_, _, validity_on) = element(issuer_on)?;
    let (validity, _) = inside(validity_on, SEQUENCE)?;
    let (_, _, after_on) = element(validity)?;
    let (tag, text, _) = element(after_on)?;
    moment(tag, std::str::from_utf8(text).ok()?)
}

/// RFC 5280 §4.1.2.5: a year of two digits is one from 1950 to 2049; seconds are there, the zone is Z.
fn moment(tag: u8, text: &str) -> Option<Timestamp> {
    let full = match tag {
        UTC_TIME => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let digits = full.strip_suffix('Z').filter(|digits| digits.len() == 14 && digits.is_ascii())?;
    let part = |from: usize, to: usize| &digits[from..to];
    let date = format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8));
    format!("{date}T{}:{}:{}Z", part(8, 10), part(10, 12), part(12, 14)).parse().ok()
}

/// What is inside an element that must have this tag, and what stands behind it.
fn inside(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, inner, behind) = element(bytes)?;
    (tag == wanted).then_some((inner, behind))
}

/// The first element: its tag, what is inside, what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (inner, behind) = rest.split_at_checked(length)?;
    Some((tag, inner, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, inner: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inner.len()).unwrap().to_be_bytes();
        [&[tag, 0x82][..], &length, inner].concat()
    }

    fn certificate(version: &[u8], not_after: &[u8]) -> Vec<u8> {
        let validity = der(SEQUENCE, &[&der(UTC_TIME, b"260101000000Z"), not_after].concat());
        let (serial, algorithm, issuer) = (der(2, &[7; 20]), der(SEQUENCE, &[]), der(SEQUENCE, &[1; 200]));
        let body = [version, &serial, &algorithm, &issuer, &validity, &der(SEQUENCE, &[])].concat();
        der(SEQUENCE, &der(SEQUENCE, &body))
    }

    #[test]
    fn the_end_is_read_in_both_spellings_and_with_any_version() {
        let version = der(VERSION, &[2, 1, 2]);
        for (not_after, ends_at) in [
            (der(UTC_TIME, b"491231235959Z"), "2049-12-31T23:59:59Z"),
            (der(UTC_TIME, b"501231235959Z"), "1950-12-31T23:59:59Z"),
            (der(GENERALIZED_TIME, b"20700102030405Z"), "2070-01-02T03:04:05Z"),
        ] {
            for version in [&version[..], &[]] {
                let told = ends(&certificate(version, &not_after));
                assert_eq!(told.map(|at| at.to_string()).as_deref(), Some(ends_at));
            }
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let sound = certificate(&[], &der(UTC_TIME, b"491231235959Z"));
        for length in 0..sound.len() {
            let cut = &sound[..length];
            assert_eq!(ends(cut), None, "{length}");
        }
        assert_eq!(ends(&certificate(&[], &der(UTC_TIME, "4912\u{e9}1235959Z".as_bytes()))), None);
        assert_eq!(ends(&certificate(&[], &der(UTC_TIME, b"4912312359Z"))), None);
    }
}
