//! Who is known, by a token of theirs. The tokens themselves are not kept.

use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// People and programs by the SHA-256 of their tokens.
pub struct Keyring<T>(Vec<([u8; 32], T)>);

impl<T> Keyring<T> {
    /// Each with a token. An empty token opens nothing and is left out.
    pub fn new<'a>(known: impl IntoIterator<Item = (&'a str, T)>) -> Self {
        let known = known.into_iter().filter(|(token, _)| !token.is_empty());
        Self(known.map(|(token, who)| (hash(token), who)).collect())
    }
    /// Each with the SHA-256 of a token.
    pub fn of_hashes(known: impl IntoIterator<Item = ([u8; 32], T)>) -> Self {
        Self(known.into_iter().collect())
    }
    /// Whose token this is. Hashes are compared, every one of them and each in constant time, so that the time taken
    /// tells nothing of any token, not even its length.
    #[must_use]
    pub fn find(&self, token: &str) -> Option<&T> {
        let given = hash(token);
        let matches = |(known, _): &&([u8; 32], T)| bool::from(known.ct_eq(&given));
        self.0.iter().filter(matches).fold(None, |_, (_, who)| Some(who))
    }
    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> fmt::Debug for Keyring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({})", self.0.len())
    }
}

/// What is kept of a token.
#[must_use]
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_its_owner_and_nothing_else_to_anybody() {
        let keyring = Keyring::new([("", 0), ("one", 1), ("two", 2)]);
        assert_eq!(keyring.find("two"), Some(&2));
        assert_eq!(["", "three", "tw", "two ", "TWO"].map(|token| keyring.find(token)), [None; 5]);
        assert!(!keyring.is_empty() && Keyring::new([("", 0)]).is_empty());
    }

    #[test]
    fn a_keyring_shows_no_token() {
        assert_eq!(format!("{:?}", Keyring::new([("one", 1)])), "Keyring(1)");
    }
}
