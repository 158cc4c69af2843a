//! `Digest name="value", …`: Authorization and WWW-Authenticate, and those of proxies (RFC 3261 §20.7, §20.44).
//!
//! Values are octets between their quotes, escapes untouched, since that is what is hashed (`unq` of RFC 7616 §3.4).

use super::hash::{Algorithm, Proof};
use crate::wire::{
    Values,
    chars::{is_space, quoted_end, trim},
};

/// What somebody answers a challenge with.
pub(crate) struct Credentials<'a> {
    pub(crate) user: &'a [u8],
    pub(crate) realm: &'a [u8],
    pub(crate) nonce: &'a [u8],
    pub(crate) uri: &'a [u8],
    pub(crate) response: &'a [u8],
    pub(crate) algorithm: Option<&'a [u8]>,
    pub(crate) qop: Option<&'a [u8]>,
    pub(crate) cnonce: Option<&'a [u8]>,
    pub(crate) nc: Option<&'a [u8]>,
}

/// A challenge.
pub(crate) struct Challenge<'a> {
    pub(crate) realm: &'a [u8],
    pub(crate) nonce: &'a [u8],
    pub(crate) opaque: Option<&'a [u8]>,
    pub(crate) algorithm: Option<&'a [u8]>,
    /// A list.
    pub(crate) qop: Option<&'a [u8]>,
    pub(crate) stale: bool,
}

impl<'a> Credentials<'a> {
    /// Reads the value of an Authorization header. `None` for another scheme, for what is no list of parameters, and
    /// where one that is needed is absent or one that we use is there twice.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        const NAMES: [&str; 9] =
            ["username", "realm", "nonce", "uri", "response", "algorithm", "qop", "cnonce", "nc"];
        let [user, realm, nonce, uri, response, algorithm, qop, cnonce, nc] = read(value, NAMES)?;
        let (user, realm, nonce, uri, response) = (user?, realm?, nonce?, uri?, response?);
        Some(Self { user, realm, nonce, uri, response, algorithm, qop, cnonce, nc })
    }
    /// The `nc`: eight hexadecimal digits (RFC 7616 §3.4).
    pub(crate) fn count(&self) -> Option<u32> {
        let digits = self.nc.filter(|nc| nc.len() == 8 && nc.iter().all(u8::is_ascii_hexdigit))?;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }
    /// What is proven, for a request with `method`. `None` for a `qop` that is not `auth`, or without its numbers.
    pub(crate) fn proof(&self, method: &'a [u8]) -> Option<Proof<'a>> {
        let counted = match self.qop {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case(b"auth") => {
                let _rises = self.count()?;
                Some((self.nc?, self.cnonce.filter(|cnonce| !cnonce.is_empty())?))
            }
            Some(_) => return None,
        };
        Some(Proof { method, uri: self.uri, nonce: self.nonce, counted })
    }
}

impl<'a> Challenge<'a> {
    /// Reads the value of a WWW-Authenticate header. `None` as with [`Credentials::parse`].
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let names = ["realm", "nonce", "opaque", "algorithm", "qop", "stale"];
        let [realm, nonce, opaque, algorithm, qop, stale] = read(value, names)?;
        let stale = stale.is_some_and(|stale| stale.eq_ignore_ascii_case(b"true"));
        Some(Self { realm: realm?, nonce: nonce?, opaque, algorithm, qop, stale })
    }
    /// The algorithm, and whether it is with `qop=auth`. `None` for what we do not speak.
    pub(crate) fn offer(&self) -> Option<(Algorithm, bool)> {
        let algorithm = Algorithm::of_header(self.algorithm)?;
        let auth = |list: &[u8]| Values::new(list).any(|qop| qop.eq_ignore_ascii_case(b"auth"));
        match self.qop {
            None => Some((algorithm, false)),
            Some(list) => auth(list).then_some((algorithm, true)),
        }
    }
}

/// The values of `names`, in their order.
fn read<'a, const N: usize>(value: &'a [u8], names: [&str; N]) -> Option<[Option<&'a [u8]>; N]> {
    const SCHEME: &[u8] = b"Digest";
    let (scheme, list) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) || !list.first().is_some_and(|&byte| is_space(byte)) {
        return None;
    }
    let mut values = [None; N];
    for item in Values::new(list).filter(|item| !item.is_empty()) {
        let (name, value) = param(item)?;
        let place = names.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(name));
        if let Some(place) = place
            && values[place].replace(value).is_some()
        {
            return None;
        }
    }
    Some(values)
}

/// `name=token` or `name="text"`, the text without its quotes.
fn param(item: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = item.iter().position(|&byte| byte == b'=')?;
    let (name, value) = (trim(&item[..equals]), trim(&item[equals + 1..]));
    let value = match value.first() {
        Some(b'"') if quoted_end(value) == Some(value.len()) => &value[1..value.len() - 1],
        Some(_) | None if is_plain(value) => value,
        Some(_) | None => return None,
    };
    (!name.is_empty()).then_some((name, value))
}

/// Writes such a value; texts between quotes must hold none.
pub(crate) struct Params(Vec<u8>);

impl Params {
    /// `Digest `
    pub(crate) fn digest() -> Self {
        Self(b"Digest ".to_vec())
    }
    /// Adds `name="value"`.
    pub(crate) fn quoted(self, name: &str, value: &[u8]) -> Self {
        self.add(&[name.as_bytes(), b"=\"", value, b"\""])
    }
    /// Adds `name=value`.
    pub(crate) fn token(self, name: &str, value: &[u8]) -> Self {
        self.add(&[name.as_bytes(), b"=", value])
    }
    /// The value of the header.
    pub(crate) fn text(&self) -> &[u8] {
        &self.0
    }
    fn add(mut self, parts: &[&[u8]]) -> Self {
        if !self.0.ends_with(b" ") {
            self.0.extend_from_slice(b", ");
        }
        parts.iter().for_each(|part| self.0.extend_from_slice(part));
        self
    }
}

/// Whether `text` may stand between quotes as it is: octets that neither end nor escape.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    !text.iter().any(|&byte| matches!(byte, b'"' | b'\\' | 0x7f) || byte < b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_falls_into_its_parts_however_a_phone_writes_it() {
        let text = b"digest  username=\"ann\" ,realm = \"a, b\",nonce=\"n\",uri=\"sip:h\", response=\"0a\",\tqop=\"auth\",\
                     cnonce=\"\\\"x\",nc=0000000a,opaque=\"\",x=,algorithm=MD5";
        let read = Credentials::parse(text).unwrap();
        assert_eq!((read.user, read.realm, read.uri), (&b"ann"[..], &b"a, b"[..], &b"sip:h"[..]));
        assert_eq!((read.cnonce, read.count()), (Some(&b"\\\"x"[..]), Some(10)));
        assert!(read.proof(b"REGISTER").unwrap().counted.is_some());
    }

    #[test]
    fn what_is_no_answer_is_not_read_as_one() {
        const WHOLE: &str = "Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"sip:h\",response=\"0\"";
        assert!(Credentials::parse(WHOLE.as_bytes()).is_some());
        for text in [
            "",
            "Digest",
            "Digest ",
            "Basic dXNlcjpwYXNz",
            "Digestusername=\"a\"",
            &WHOLE.replace("nonce=\"n\",", ""),
            &WHOLE.replace("username", "username*"),
            &WHOLE.replace("=\"n\"", "=\"n"),
            &format!("{WHOLE},response=\"1\""),
            &format!("{WHOLE},qop"),
            &format!("{WHOLE},=x"),
        ] {
            assert!(Credentials::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_count_is_eight_digits_and_auth_int_is_not_spoken() {
        let proof = |more: &str| {
            let text = format!("Digest username=a,realm=r,nonce=n,uri=u,response=0,{more}");
            let read = Credentials::parse(text.as_bytes()).unwrap();
            read.proof(b"REGISTER").map(|proof| proof.counted.is_some())
        };
        assert_eq!(proof("x=y"), Some(false));
        assert_eq!(proof("qop=auth,nc=00000001,cnonce=c"), Some(true));
        for bad in [
            "qop=auth-int,nc=00000001,cnonce=c",
            "qop=auth,nc=1,cnonce=c",
            "qop=auth,nc=+0000001,cnonce=c",
            "qop=auth,nc=00000001",
            "qop=auth,nc=00000001,cnonce=\"\"",
            "qop=auth,cnonce=c",
        ] {
            assert_eq!(proof(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_challenge_offers_auth_among_others_or_nothing() {
        let offer = |more: &str| {
            let text = format!("Digest realm=\"r\",nonce=\"n\"{more}");
            Challenge::parse(text.as_bytes()).unwrap().offer()
        };
        assert_eq!(offer(""), Some((Algorithm::Md5, false)));
        assert_eq!(offer(",qop=\"auth-int , auth\",algorithm=SHA-256"), Some((Algorithm::Sha256, true)));
        assert_eq!(offer(",qop=\"auth-int\""), None);
        assert_eq!(offer(",algorithm=MD5-sess"), None);
        assert!(Challenge::parse(b"Digest realm=\"r\",nonce=\"n\",stale=TRUE").unwrap().stale);
    }
}
