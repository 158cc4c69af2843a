//! Classes of octets, and the small steps every parser below takes.

/// A set of octets, one look-up each.
pub(crate) struct Class([bool; 256]);

impl Class {
    const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut byte = 0;
        while byte < 128 {
            set[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let mut at = 0;
        while at < others.len() {
            set[others[at] as usize] = true;
            at += 1;
        }
        Self(set)
    }
    /// Is `text` not empty and made of this class alone?
    pub(crate) fn all(&self, text: &[u8]) -> bool {
        !text.is_empty() && text.iter().all(|&byte| self.0[usize::from(byte)])
    }
    pub(crate) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

/// `token` of RFC 3261 §25.1: methods, header names, parameter names.
pub(crate) static TOKEN: Class = Class::alphanumeric_and(b"-.!%*_+`'~");
/// `scheme` of RFC 3261 §25.1 after its first letter.
pub(crate) static SCHEME: Class = Class::alphanumeric_and(b"+-.");
/// Host names. The underscore is outside the grammar, but real machines carry it.
pub(crate) static HOST: Class = Class::alphanumeric_and(b"-._");
/// What may stand between the brackets of an IPv6 reference, zone included.
pub(crate) static IPV6: Class = Class::alphanumeric_and(b":.%");

/// White space between the parts of a header; line ends among it are those of folds.
pub(crate) const fn is_space(byte: u8) -> bool {
    const SPACES: u64 = 1 << b' ' | 1 << b'\t' | 1 << b'\r' | 1 << b'\n';
    byte <= b' ' && SPACES >> byte & 1 == 1
}

pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_space(*first) {
            break;
        }
        text = rest;
    }
    text
}

pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text {
        if !is_space(*last) {
            break;
        }
        text = rest;
    }
    text
}

pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// A decimal number of digits alone; `None` for anything else, an overflow included.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Where the quoted string at the start of `text` ends (behind its closing quote); `None` when it does not.
///
/// Octet by octet: thousands of tiny strings must not cost a call of `memchr` each.
pub(crate) fn quoted_end(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let end = text.iter().skip(1).position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some(end + 2)
}

/// Splits at the first `byte`, which belongs to neither half. For marks that come early: a plain loop beats `memchr` there.
pub(crate) fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&b| b == byte)?;
    Some((&text[..at], &text[at + 1..]))
}
