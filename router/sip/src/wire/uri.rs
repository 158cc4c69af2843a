//! SIP, SIPS and tel URIs, and any other as an opaque text (RFC 3261 §19.1, RFC 3966).

use super::chars::{SCHEME, split_at_byte};
use super::{HostPort, Params, Protocol};
use crate::error::UriError;
use std::borrow::Cow;
use std::net::SocketAddr;

/// The scheme of a [`Uri`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    /// One we do not act on; a Request-URI of it is answered 416.
    Other,
}

/// A URI in its parts, all of them slices of what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// How the rest is to be read.
    pub scheme: Scheme,
    /// The whole URI as written.
    pub text: &'a [u8],
    /// The user part, escapes untouched; for `tel:` the number.
    pub user: Option<&'a [u8]>,
    /// What follows a colon in the user part.
    pub password: Option<&'a [u8]>,
    /// Name, IPv4 address or bracketed IPv6 address; empty for `tel:` and unknown schemes.
    pub host: &'a [u8],
    /// The port, if one is given.
    pub port: Option<u16>,
    /// The URI's own parameters.
    pub params: Params<'a>,
    /// What follows `?`, to be put into a request made from this URI; never in a Request-URI.
    pub headers: Option<&'a [u8]>,
}

impl<'a> Uri<'a> {
    /// Reads a URI without brackets or surrounding space.
    ///
    /// # Errors
    ///
    /// [`UriError`] names the part that cannot be read. User parts are taken as they are, short of the octets that no
    /// URI may hold (controls, space, `<`, `>`, `"`).
    pub fn parse(text: &'a [u8]) -> Result<Self, UriError> {
        let (scheme, rest) = split_at_byte(text, b':').ok_or(UriError::Scheme)?;
        if !scheme.first().is_some_and(u8::is_ascii_alphabetic) || !SCHEME.all(scheme) {
            return Err(UriError::Scheme);
        }
        if rest.iter().any(|&byte| byte <= b' ' || matches!(byte, 0x7f | b'<' | b'>' | b'"')) {
            return Err(UriError::Octet);
        }
        match scheme {
            s if s.eq_ignore_ascii_case(b"sip") => Self::sip(Scheme::Sip, text, rest),
            s if s.eq_ignore_ascii_case(b"sips") => Self::sip(Scheme::Sips, text, rest),
            s if s.eq_ignore_ascii_case(b"tel") => Self::tel(text, rest),
            _ if rest.is_empty() => Err(UriError::Host),
            _ => Ok(Self::bare(Scheme::Other, text)),
        }
    }

    const fn bare(scheme: Scheme, text: &'a [u8]) -> Self {
        let params = Params::new(b"");
        Self { scheme, text, user: None, password: None, host: b"", port: None, params, headers: None }
    }

    fn sip(scheme: Scheme, text: &'a [u8], rest: &'a [u8]) -> Result<Self, UriError> {
        // The user part may hold `;`, `?`, `/` and `,`; only `@` ends it, and no later part may hold an `@`.
        let (userinfo, rest) = match split_at_byte(rest, b'@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (rest, headers) = match memchr::memchr(b'?', rest) {
            Some(mark) => (&rest[..mark], Some(&rest[mark + 1..])),
            None => (rest, None),
        };
        let (hostport, params) = rest.split_at(memchr::memchr(b';', rest).unwrap_or(rest.len()));
        let HostPort { host, port } = HostPort::parse(hostport).ok_or(UriError::Host)?;
        let (user, password) = match userinfo {
            Some(userinfo) => match split_at_byte(userinfo, b':') {
                Some((user, password)) => (Some(user), Some(password)),
                None => (Some(userinfo), None),
            },
            None => (None, None),
        };
        if user.is_some_and(<[u8]>::is_empty) {
            return Err(UriError::User);
        }
        Ok(Self { scheme, text, user, password, host, port, params: Params::new(params), headers })
    }

    fn tel(text: &'a [u8], rest: &'a [u8]) -> Result<Self, UriError> {
        let (number, params) = rest.split_at(memchr::memchr(b';', rest).unwrap_or(rest.len()));
        if number.is_empty() {
            return Err(UriError::User);
        }
        Ok(Self { user: Some(number), params: Params::new(params), ..Self::bare(Scheme::Tel, text) })
    }

    /// Is this a scheme we can route by?
    #[must_use]
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }
    /// Where a request to this URI goes when its host is an address; port 5060 (5061 for `sips`) unless given.
    #[must_use]
    pub fn literal(&self) -> Option<SocketAddr> {
        let port = if self.scheme == Scheme::Sips { 5061 } else { 5060 };
        HostPort { host: self.host, port: self.port }.literal(port)
    }
    /// The `transport` parameter.
    #[must_use]
    pub fn transport(&self) -> Option<Protocol> {
        self.params.value("transport").map(Protocol::from_text)
    }
    /// The user part with its escapes resolved.
    #[must_use]
    pub fn user_decoded(&self) -> Option<Cow<'a, [u8]>> {
        self.user.map(percent_decoded)
    }
}

/// Resolves `%41` escapes; a `%` that starts no escape stays as it is.
#[must_use]
pub fn percent_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'%', text) else { return Cow::Borrowed(text) };
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(&text[..first]);
    let mut rest = &text[first..];
    while let Some((&byte, behind)) = rest.split_first() {
        let escape = (byte == b'%').then(|| escaped(behind)).flatten();
        decoded.push(escape.unwrap_or(byte));
        rest = if escape.is_some() { &behind[2..] } else { behind };
    }
    Cow::Owned(decoded)
}

fn escaped(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Scheme, Uri, percent_decoded};
    use crate::error::UriError;
    use crate::wire::Protocol;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_full_sip_uri_falls_into_its_parts() {
        let uri = uri("SIPS:+62811:pw@[2001:db8::1]:5070;transport=TCP;lr?Subject=x");
        assert_eq!(uri.scheme, Scheme::Sips);
        assert_eq!((uri.user, uri.password), (Some(&b"+62811"[..]), Some(&b"pw"[..])));
        assert_eq!((uri.host, uri.port), (&b"[2001:db8::1]"[..], Some(5070)));
        assert_eq!(uri.transport(), Some(Protocol::Tcp));
        assert!(uri.params.has("lr"));
        assert_eq!(uri.headers, Some(&b"Subject=x"[..]));
        assert_eq!(uri.literal(), "[2001:db8::1]:5070".parse().ok());
    }

    #[test]
    fn a_user_part_may_hold_semicolons_and_question_marks() {
        let uri = uri("sip:a;par=u%40x?b,/@example.com");
        assert_eq!(uri.user, Some(&b"a;par=u%40x?b,/"[..]));
        assert_eq!(uri.user_decoded().unwrap().as_ref(), b"a;par=u@x?b,/");
        assert_eq!(uri.host, b"example.com");
        assert!(uri.headers.is_none());
    }

    #[test]
    fn tel_and_unknown_schemes_are_read_as_far_as_we_know_them() {
        let tel = uri("tel:7042;phone-context=example.com");
        assert_eq!((tel.scheme, tel.user), (Scheme::Tel, Some(&b"7042"[..])));
        assert_eq!(tel.params.value("phone-context"), Some(&b"example.com"[..]));
        assert_eq!(uri("soap.beep://192.0.2.103:3002").scheme, Scheme::Other);
    }

    #[test]
    fn the_part_that_cannot_be_read_is_named() {
        let fails = |text: &str| Uri::parse(text.as_bytes()).unwrap_err();
        assert_eq!(fails("alan@jasomi.com"), UriError::Scheme);
        assert_eq!(fails("<sip:a@b>"), UriError::Scheme);
        assert_eq!(fails("sip:"), UriError::Host);
        assert_eq!(fails("sip:@b"), UriError::User);
        assert_eq!(fails("sip:a@2001:db8::10"), UriError::Host);
        assert_eq!(fails("sip:a@b@c"), UriError::Host);
        assert_eq!(fails("sip:a b@c"), UriError::Octet);
        assert_eq!(fails("sip:a\r\n@c"), UriError::Octet);
        assert_eq!(fails("tel:"), UriError::User);
    }

    #[test]
    fn a_percent_sign_that_starts_no_escape_stays() {
        assert_eq!(percent_decoded(b"%Z%45%4").as_ref(), b"%ZE%4");
        assert_eq!(percent_decoded(b"a%00b").as_ref(), b"a\0b");
    }
}
