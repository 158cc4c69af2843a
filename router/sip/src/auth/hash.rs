//! The formulas of digest (RFC 7616 §3.4.1–§3.4.3, RFC 8760 §2.1), over octets as they stand in the header.

use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A hash to prove a password with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// `SHA-256` (RFC 8760).
    Sha256,
    /// `MD5` (RFC 3261), which most phones still speak alone.
    Md5,
}

impl Algorithm {
    /// All of them, the strongest first.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Md5];

    /// The name in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }
    /// The one a header names, in any case; MD5 when it names none. `None` for one we do not know.
    pub(crate) fn of_header(text: Option<&[u8]>) -> Option<Self> {
        let text = text.unwrap_or(b"MD5");
        Self::ALL.into_iter().find(|known| known.as_str().as_bytes().eq_ignore_ascii_case(text))
    }
    /// Hashes `parts` joined by colons.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Hex {
        match self {
            Self::Sha256 => Hex::of(&joined(Sha256::new(), parts).finalize()),
            Self::Md5 => Hex::of(&joined(Md5::new(), parts).finalize()),
        }
    }
    /// Length of a hash in hexadecimal digits.
    pub(crate) const fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Md5 => 32,
        }
    }
}

fn joined<D: Digest>(mut hasher: D, parts: &[&[u8]]) -> D {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    hasher
}

/// A hash in lower-case hexadecimal digits: what goes into the next hash, and into the header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex {
    text: [u8; 64],
    length: usize,
}

impl Hex {
    /// Writes up to 32 octets.
    pub(crate) fn of(octets: &[u8]) -> Self {
        let mut hex = Self { text: [0; 64], length: 0 };
        for (pair, octet) in hex.text.chunks_exact_mut(2).zip(octets) {
            pair[0] = DIGITS[usize::from(octet >> 4)];
            pair[1] = DIGITS[usize::from(octet & 15)];
            hex.length += 2;
        }
        hex
    }
    /// Reads `digits` of either case; `None` for anything else, and for more than 64 or an odd number of them.
    pub(crate) fn read(digits: &[u8]) -> Option<Self> {
        let mut hex = Self { text: [0; 64], length: digits.len() };
        let sound = digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit);
        hex.text.get_mut(..digits.len()).filter(|_| sound)?.copy_from_slice(&digits.to_ascii_lowercase());
        Some(hex)
    }
    #[cfg(test)]
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self).unwrap_or_default()
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl std::ops::Deref for Hex {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// What the password is proven for: one request, under one nonce.
#[derive(Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub(crate) method: &'a [u8],
    /// The `uri` of the header.
    pub(crate) uri: &'a [u8],
    pub(crate) nonce: &'a [u8],
    /// `nc` and `cnonce` with `qop=auth`; none without `qop` (RFC 2069).
    pub(crate) counted: Option<(&'a [u8], &'a [u8])>,
}

impl Proof<'_> {
    /// The `response` that only somebody can give who knows `ha1`, the hash of user, realm and password.
    pub(crate) fn response(&self, algorithm: Algorithm, ha1: &Hex) -> Hex {
        let ha2 = algorithm.hash(&[self.method, self.uri]);
        match self.counted {
            Some((nc, cnonce)) => algorithm.hash(&[ha1, self.nonce, nc, cnonce, b"auth", &ha2]),
            None => algorithm.hash(&[ha1, self.nonce, &ha2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(algorithm: Algorithm, account: [&str; 3], proof: Proof<'_>) -> String {
        let ha1 = algorithm.hash(&account.map(str::as_bytes));
        proof.response(algorithm, &ha1).as_str().to_owned()
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let proof = Proof {
            method: b"GET",
            uri: b"/dir/index.html",
            nonce: b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            counted: Some((b"00000001", b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
        };
        let mufasa = ["Mufasa", "http-auth@example.org", "Circle of Life"];
        assert_eq!(response(Algorithm::Md5, mufasa, proof), "8ca523f5e9506fed4657c9700eebdbec");
        assert_eq!(
            response(Algorithm::Sha256, mufasa, proof),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn the_example_of_rfc_2617_comes_out() {
        let proof = Proof {
            method: b"GET",
            uri: b"/dir/index.html",
            nonce: b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
            counted: Some((b"00000001", b"0a4f113b")),
        };
        let mufasa = ["Mufasa", "testrealm@host.com", "Circle Of Life"];
        assert_eq!(response(Algorithm::Md5, mufasa, proof), "6629fae49393a05397450978507c4ef1");
        let old = Proof { counted: None, ..proof };
        assert_eq!(response(Algorithm::Md5, mufasa, old), "670fd8c2df070c60b045671b8b24ff02");
    }

    #[test]
    fn an_algorithm_is_known_by_its_name_and_md5_by_none() {
        assert_eq!(Algorithm::of_header(Some(b"sha-256")), Some(Algorithm::Sha256));
        assert_eq!(Algorithm::of_header(None), Some(Algorithm::Md5));
        for unknown in ["MD5-sess", "SHA256", "SHA-512-256", "AKAv1-MD5", ""] {
            assert_eq!(Algorithm::of_header(Some(unknown.as_bytes())), None, "{unknown}");
        }
    }

    #[test]
    fn hexadecimal_reads_back_whatever_its_case() {
        let hex = Hex::of(&[0, 0x1f, 0xff]);
        assert_eq!(hex.as_str(), "001fff");
        assert_eq!(Hex::read(b"001FFf").unwrap().as_str(), "001fff");
        assert!(Hex::read(b"0").is_none() && Hex::read(b"0g").is_none() && Hex::read(&[b'0'; 66]).is_none());
    }
}
