//! RSeq and RAck: which provisional response, and which one was received (RFC 3262 §7).

use super::Method;
use super::chars::{TOKEN, is_space, number, trim, trim_start};

/// The value of RAck: the provisional response that a PRACK acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RAck {
    /// Its RSeq.
    pub rseq: u32,
    /// Number of its CSeq.
    pub cseq: u32,
    /// Method of its CSeq.
    pub method: Method,
}

impl RAck {
    /// Reads `776656 1 INVITE`.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (rseq, rest) = word(trim(value))?;
        let (cseq, method) = word(rest)?;
        TOKEN.all(method).then_some(())?;
        Some(Self { rseq: rseq_of(rseq)?, cseq: small(cseq)?, method: Method::from_text(method) })
    }
}

/// Reads the value of RSeq: from 1 on.
pub(crate) fn rseq(value: &[u8]) -> Option<u32> {
    rseq_of(trim(value))
}

fn rseq_of(text: &[u8]) -> Option<u32> {
    small(text).filter(|&number| number > 0)
}

fn small(text: &[u8]) -> Option<u32> {
    u32::try_from(number(text)?).ok()
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&byte| is_space(byte))?;
    Some((&text[..end], trim_start(&text[end..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(u32, u32, Method)> {
        RAck::parse(text.as_bytes()).map(|rack| (rack.rseq, rack.cseq, rack.method))
    }

    #[test]
    fn a_provisional_response_is_named_by_two_numbers_and_a_method() {
        assert_eq!(read(" 776656  1\tINVITE "), Some((776_656, 1, Method::Invite)));
        assert_eq!(read("1 0 DANCE"), Some((1, 0, Method::Other)));
        assert_eq!(rseq(b" 4294967295 "), Some(u32::MAX));
    }

    #[test]
    fn anything_else_names_none() {
        for text in [
            "",
            "1",
            "1 2",
            "1 2 ",
            "0 1 INVITE",
            "1 2 INVITE x",
            "-1 2 INVITE",
            "4294967296 1 INVITE",
            "a b c",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!((rseq(b"0"), rseq(b""), rseq(b"1 2")), (None, None, None));
    }
}
