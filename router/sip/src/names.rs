//! How our branches, tags and Call-IDs are written and read back.
//!
//! Each carries 128 unguessable bits and the name of the node, so that whatever comes back finds its owner by one
//! look-up, and another node can tell whose it is.

/// Longest node name; the rest is cut.
const MAX_NODE: usize = 24;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 26;
const COOKIE: &[u8] = b"z9hG4bK";
const MAX: usize = COOKIE.len() + MAX_NODE + 1 + DIGITS;

/// A short text on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    text: [u8; MAX],
    length: usize,
}

impl std::ops::Deref for Token {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

impl Token {
    /// The same as text: only ASCII is ever put in.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self).unwrap_or_default()
    }
    const fn new() -> Self {
        Self { text: [0; MAX], length: 0 }
    }
    fn add(mut self, part: &[u8]) -> Self {
        self.text[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
        self
    }
    fn add_bits(self, mut bits: u128) -> Self {
        let mut digits = [0; DIGITS];
        for place in digits.iter_mut().rev() {
            *place = ALPHABET[(bits & 31) as usize];
            bits >>= 5;
        }
        self.add(&digits)
    }
}

/// Writes and reads the names of one node.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    node: Vec<u8>,
}

impl Names {
    /// Names of the node called `node`; what may not stand in a token is left out.
    pub(crate) fn new(node: &str) -> Self {
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        Self { node: node.bytes().filter(fits).take(MAX_NODE).collect() }
    }
    /// `z9hG4bKnode.…`
    pub(crate) fn branch(&self, bits: u128) -> Token {
        Token::new().add(COOKIE).add(&self.node).add(b".").add_bits(bits)
    }
    /// `node.…`
    pub(crate) fn tag(&self, bits: u128) -> Token {
        Token::new().add(&self.node).add(b".").add_bits(bits)
    }
    /// `…@node`
    pub(crate) fn call_id(&self, bits: u128) -> Token {
        Token::new().add_bits(bits).add(b"@").add(&self.node)
    }
    /// The bits of one of our branches; none for another's.
    pub(crate) fn read_branch(&self, text: &[u8]) -> Option<u128> {
        self.read_tag(text.strip_prefix(COOKIE)?)
    }
    /// The bits of one of our tags; none for another's.
    pub(crate) fn read_tag(&self, text: &[u8]) -> Option<u128> {
        read_bits(text.strip_prefix(self.node.as_slice())?.strip_prefix(b".")?)
    }
}

fn read_bits(digits: &[u8]) -> Option<u128> {
    // 26 digits hold 130 bits: the first may not use its upper two, or one name would have four spellings.
    if digits.len() != DIGITS || !matches!(digits[0], b'0'..=b'7') {
        return None;
    }
    digits.iter().try_fold(0_u128, |sum, &digit| Some((sum << 5) | u128::from(value(digit)?)))
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'h' => Some(digit - b'a' + 10),
        b'j' | b'k' => Some(digit - b'j' + 18),
        b'm' | b'n' => Some(digit - b'm' + 20),
        b'p'..=b't' => Some(digit - b'p' + 22),
        b'v'..=b'z' => Some(digit - b'v' + 27),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_carry_the_node() {
        let names = Names::new("node-1 \r\n.");
        for bits in [0, 1, 0x1234_5678_9abc_def0_0fed_cba9_8765_4321, u128::MAX] {
            assert_eq!(names.read_branch(&names.branch(bits)), Some(bits));
            assert_eq!(names.read_tag(&names.tag(bits)), Some(bits));
        }
        assert_eq!(&*names.call_id(0), b"00000000000000000000000000@node-1");
    }

    #[test]
    fn other_peoples_names_are_not_ours() {
        let names = Names::new("a");
        for text in
            ["z9hG4bKa.", "z9hG4bKb.00000000000000000000000000", "z9hG4bKa.z0000000000000000000000000", ""]
        {
            assert_eq!(names.read_branch(text.as_bytes()), None);
        }
        assert_eq!(names.read_tag(b"a.0000000000000000000000000u"), None);
    }

    #[test]
    fn every_digit_reads_back() {
        for (place, &digit) in ALPHABET.iter().enumerate() {
            assert_eq!(value(digit).map(usize::from), Some(place));
        }
        assert_eq!(Names::new(&"x".repeat(99)).tag(0).len(), MAX_NODE + 1 + DIGITS);
    }
}
