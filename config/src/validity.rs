//! When a certificate ends: the one thing of X.509 that whoever shows it has to know beforehand.

use crate::Credentials;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

impl Credentials {
    /// When the first of the certificates that we show ends; none without one, or when it says nothing that can be read.
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        end(self.identity.as_ref()?.cert.iter().map(AsRef::as_ref))
    }
}

/// When the first of these certificates ends.
pub(crate) fn end<'a>(certificates: impl Iterator<Item = &'a [u8]>) -> Option<Timestamp> {
    certificates.filter_map(not_after).min()
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version of a certificate, tagged `[0]`.
const VERSION: u8 = 0xa0;

/// `tbsCertificate.validity.notAfter` of a certificate in DER (RFC 5280 §4.1).
fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (to_be_signed, _) = element(certificate, SEQUENCE)?;
    let rest = element(to_be_signed, VERSION).map_or(to_be_signed, |(_, rest)| rest);
    let (_serial, rest) = element(rest, INTEGER)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_not_before, rest) = time(validity)?;
    Some(time(rest)?.0)
}

/// What stands in the first element, which has this tag, and what comes behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, first, rest @ ..] = der else { return None };
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), rest)
        }
        0x80 | 0x85..=0xff => return None,
    };
    (*found == tag).then(|| rest.split_at_checked(length)).flatten()
}

/// A time of RFC 5280 §4.1.2.5: `YYMMDDHHMMSSZ`, of 1950 to 2049, or `YYYYMMDDHHMMSSZ`.
fn time(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (year_digits, (text, rest)) = match *der.first()? {
        UTC_TIME => (2, element(der, UTC_TIME)?),
        GENERALIZED_TIME => (4, element(der, GENERALIZED_TIME)?),
        _ => return None,
    };
    let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if digits.len() != year_digits + 10 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (year, others) = digits.split_at(year_digits);
    let year = match year.parse().ok()? {
        short @ 0..50 if year_digits == 2 => 2000 + short,
        short if year_digits == 2 => 1900 + short,
        whole => whole,
    };
    let two = |at: usize| others.get(at..at + 2)?.parse::<i8>().ok();
    let at = DateTime::new(year, two(0)?, two(2)?, two(4)?, two(6)?, two(8)?, 0).ok()?;
    Some((at.to_zoned(TimeZone::UTC).ok()?.timestamp(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn until(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["sip.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 28);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_first_certificate_to_end_is_told() {
        let chain = [until(2051), until(2049), until(3000)];
        assert_eq!(end(chain.iter().map(Vec::as_slice)).unwrap().to_string(), "2049-02-28T00:00:00Z");
        assert_eq!(not_after(&chain[0]).unwrap().to_string(), "2051-02-28T00:00:00Z");
        assert_eq!(end(std::iter::empty()), None);
    }

    #[test]
    fn what_is_no_certificate_has_no_end_and_breaks_nothing() {
        let whole = until(2031);
        for cut in 0..whole.len() {
            let _either = not_after(&whole[..cut]);
            let mut other = whole.clone();
            other[cut] ^= 0xff;
            let _either = not_after(&other);
        }
        assert_eq!(not_after(b""), None);
        assert_eq!(element(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff, 0], SEQUENCE), None);
    }
}
