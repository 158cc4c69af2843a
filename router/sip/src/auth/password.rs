//! What somebody and we both know.

use super::hash::{Algorithm, Hex};
use std::fmt;

/// A password, or the hashes made of one. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Plain(String),
    Ha1 { realm: String, hashes: Vec<(Algorithm, Hex)> },
}

/// A text that is no hash of its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an HA1 of {} is {} hexadecimal digits", .0.as_str(), .0.digits())]
pub struct BadHa1(pub Algorithm);

impl Password {
    /// The password itself.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self(Kind::Plain(text.into()))
    }
    /// Hashes of `user:realm:password` in hexadecimal digits, one an algorithm. They prove nothing in another realm or
    /// for another user, and nothing with an algorithm that is not among them.
    ///
    /// # Errors
    ///
    /// [`BadHa1`] for a text that is no hash of its algorithm.
    ///
    /// Source: RFC 7616 §3.4.2.
    pub fn ha1<'a>(
        realm: impl Into<String>,
        hashes: impl IntoIterator<Item = (Algorithm, &'a str)>,
    ) -> Result<Self, BadHa1> {
        let read = |(algorithm, text): (Algorithm, &str)| {
            let hex = Hex::read(text.as_bytes()).filter(|hex| hex.len() == algorithm.digits());
            Ok((algorithm, hex.ok_or(BadHa1(algorithm))?))
        };
        let hashes = hashes.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self(Kind::Ha1 { realm: realm.into(), hashes }))
    }
    /// The hash of `user:realm:password`; none when only others are known.
    pub(crate) fn hashed(&self, algorithm: Algorithm, user: &[u8], realm: &[u8]) -> Option<Hex> {
        match &self.0 {
            Kind::Plain(text) => Some(algorithm.hash(&[user, realm, text.as_bytes()])),
            Kind::Ha1 { realm: of, .. } if of.as_bytes() != realm => None,
            Kind::Ha1 { hashes, .. } => {
                hashes.iter().find(|(known, _)| *known == algorithm).map(|(_, hex)| *hex)
            }
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_stands_for_its_password_in_its_realm() {
        let plain = Password::plain("Circle Of Life");
        let md5 = plain.hashed(Algorithm::Md5, b"Mufasa", b"testrealm@host.com").unwrap();
        assert_eq!(md5.as_str(), "939e7578ed9e3c518a452acee763bce9");
        let hashed = Password::ha1("testrealm@host.com", [(Algorithm::Md5, md5.as_str())]).unwrap();
        let of = |algorithm, realm: &str| hashed.hashed(algorithm, b"Mufasa", realm.as_bytes());
        assert_eq!(of(Algorithm::Md5, "testrealm@host.com").unwrap().as_str(), md5.as_str());
        assert!(of(Algorithm::Md5, "elsewhere").is_none());
        assert!(of(Algorithm::Sha256, "testrealm@host.com").is_none());
    }

    #[test]
    fn a_password_never_shows_and_a_bad_hash_is_refused() {
        assert_eq!(format!("{:?}", Password::plain("secret")), "Password(…)");
        let refused = Password::ha1("r", [(Algorithm::Sha256, "939e7578ed9e3c518a452acee763bce9")]);
        assert_eq!(refused.unwrap_err(), BadHa1(Algorithm::Sha256));
    }
}
