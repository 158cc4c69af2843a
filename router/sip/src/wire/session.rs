//! Session-Expires and Min-SE (RFC 4028 §4 and §5).

use super::Params;
use super::chars::trim;

/// The value of Session-Expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds without a refresh after which the session is over; more than 32 bits hold count as that.
    pub interval_s: u32,
    /// Who refreshes, if it says.
    pub refresher: Option<Refresher>,
}

/// Who refreshes a session, seen from the transaction that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The one who sent the request.
    Uac,
    /// The one who answers it.
    Uas,
}

impl Refresher {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

impl SessionExpires {
    /// Reads `1800;refresher=uac`; a refresher nobody knows counts as none.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (seconds, params) = split(value);
        let known = |word: &[u8]| {
            let is = |refresher: &Refresher| word.eq_ignore_ascii_case(refresher.as_str().as_bytes());
            [Refresher::Uac, Refresher::Uas].into_iter().find(is)
        };
        Some(Self { interval_s: delta(seconds)?, refresher: params.value("refresher").and_then(known) })
    }
}

/// Reads the value of Min-SE, in seconds.
pub(crate) fn min_se(value: &[u8]) -> Option<u32> {
    delta(split(value).0)
}

fn split(value: &[u8]) -> (&[u8], Params<'_>) {
    let end = value.iter().position(|&byte| byte == b';').unwrap_or(value.len());
    (trim(&value[..end]), Params::new(&value[end..]))
}

/// Seconds in decimal.
fn delta(text: &[u8]) -> Option<u32> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let add = |sum: u32, byte: &u8| sum.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
    digits.then(|| text.iter().fold(0, add))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(u32, Option<Refresher>)> {
        SessionExpires::parse(text.as_bytes()).map(|read| (read.interval_s, read.refresher))
    }

    #[test]
    fn an_interval_is_read_with_who_refreshes() {
        assert_eq!(read("1800"), Some((1_800, None)));
        assert_eq!(read(" 90 ; x=y ; Refresher = UAC "), Some((90, Some(Refresher::Uac))));
        assert_eq!(read("90;refresher=uas"), Some((90, Some(Refresher::Uas))));
        assert_eq!(read("90;refresher"), Some((90, None)));
        assert_eq!(read("90;refresher=me"), Some((90, None)));
        assert_eq!(min_se(b"120;lr"), Some(120));
    }

    #[test]
    fn what_is_no_number_is_none_and_a_huge_one_is_the_largest() {
        for text in ["", ";refresher=uac", "-1", "1.5", "90s", "0x5a", "9 0"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("99999999999999999999999999"), Some((u32::MAX, None)));
        assert_eq!(min_se(b"4294967296"), Some(u32::MAX));
    }
}
