//! `"Display" <uri>;params`: From, To, Contact, Route, P-Asserted-Identity and their like (RFC 3261 §20.10).

use super::chars::{quoted_end, trim, trim_start};
use super::{Params, Uri};
use crate::error::{AddrError, UriError};

/// An address with its display name and the header's parameters, all slices of what was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as written, quotes kept; empty without one.
    pub display: &'a [u8],
    /// The URI without brackets.
    pub uri: &'a [u8],
    /// The parameters of the header, not of the URI.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value (split lists with [`Values`](super::Values) first).
    ///
    /// Lenient where the meaning is plain: spaces inside the brackets, a display name of non-token characters.
    ///
    /// # Errors
    ///
    /// An unclosed quote or bracket, no URI, text between bracket and parameters, or a bare URI with `?`
    /// (RFC 3261 §20: such a URI must stand in brackets).
    pub fn parse(value: &'a [u8]) -> Result<Self, AddrError> {
        let value = trim(value);
        let display_end = match value.first() {
            Some(b'"') => quoted_end(value).ok_or(AddrError::Quote)?,
            Some(_) | None => 0,
        };
        // Without brackets the URI ends at the first semicolon; a bracket behind it belongs to a parameter.
        let mut octets = value.iter().enumerate().skip(display_end);
        match octets.find(|(_, byte)| matches!(byte, b'<' | b'"' | b';')).map(|(at, &byte)| (at, byte)) {
            Some((at, b'<')) => Self::bracketed(value, at),
            Some((_, b'"')) => Err(AddrError::Quote),
            Some(_) | None if display_end > 0 => Err(AddrError::Bracket),
            Some(_) | None => Self::bare(value),
        }
    }

    fn bracketed(value: &'a [u8], open: usize) -> Result<Self, AddrError> {
        let inside = &value[open + 1..];
        let close = memchr::memchr(b'>', inside).ok_or(AddrError::Bracket)?;
        let (uri, params) = (trim(&inside[..close]), trim_start(&inside[close + 1..]));
        if !matches!(params.first(), None | Some(b';')) {
            return Err(AddrError::Trailing);
        }
        Self { display: trim(&value[..open]), uri, params: Params::new(params) }.with_uri()
    }

    fn bare(value: &'a [u8]) -> Result<Self, AddrError> {
        let (uri, params) = value.split_at(memchr::memchr(b';', value).unwrap_or(value.len()));
        if memchr::memchr(b'?', uri).is_some() {
            return Err(AddrError::Bracket);
        }
        Self { display: b"", uri: trim(uri), params: Params::new(params) }.with_uri()
    }

    fn with_uri(self) -> Result<Self, AddrError> {
        if self.uri.is_empty() { Err(AddrError::NoUri) } else { Ok(self) }
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.params.value("tag")
    }
    /// The URI in its parts.
    ///
    /// # Errors
    ///
    /// As [`Uri::parse`].
    pub fn parsed_uri(&self) -> Result<Uri<'a>, UriError> {
        Uri::parse(self.uri)
    }
    /// The display name as a person reads it: unquoted, escapes resolved, octets that are no UTF-8 replaced, controls
    /// left out. Still a stranger's text: escape it where it is shown.
    #[must_use]
    pub fn display_text(&self) -> String {
        let quoted = self.display.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\""));
        let text = String::from_utf8_lossy(quoted.unwrap_or(self.display));
        let mut escaped = false;
        let keep = |c: &char| {
            escaped = quoted.is_some() && *c == '\\' && !escaped;
            !escaped && !c.is_control()
        };
        text.chars().filter(keep).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::NameAddr;
    use crate::error::AddrError;

    fn read(text: &str) -> NameAddr<'_> {
        NameAddr::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_quoted_name_a_uri_and_parameters() {
        let addr = read(r#" "J \"R\" \\" <sip:j@example.com;lr> ; tag = 9"#);
        assert_eq!(addr.display_text(), r#"J "R" \"#);
        assert_eq!(addr.uri, b"sip:j@example.com;lr");
        assert_eq!(addr.tag(), Some(&b"9"[..]));
    }

    #[test]
    fn without_brackets_the_parameters_are_the_header_s() {
        let addr = read("sip:a@b ; tag=1");
        assert_eq!((addr.uri, addr.tag()), (&b"sip:a@b"[..], Some(&b"1"[..])));
        assert_eq!(addr.display, b"");
    }

    #[test]
    fn small_slips_are_forgiven() {
        assert_eq!(read("caller<sip:c@d>;tag=3").display, b"caller");
        assert_eq!(read("Bell, Alexander <sip:a@b>").display_text(), "Bell, Alexander");
        assert_eq!(read("<  sip:a@b >").uri, b"sip:a@b");
        assert_eq!(read("sip:a@b;x=\"<\";tag=2").tag(), Some(&b"2"[..]));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let fails = |text: &str| NameAddr::parse(text.as_bytes()).unwrap_err();
        assert_eq!(fails("\"Mr. J. User <sip:j@example.com>"), AddrError::Quote);
        assert_eq!(fails("\"J\" sip:j@example.com"), AddrError::Bracket);
        assert_eq!(fails("J \"R\" <sip:a@b>"), AddrError::Quote);
        assert_eq!(fails("<sip:a@b"), AddrError::Bracket);
        assert_eq!(fails("<sip:a@b> x;tag=1"), AddrError::Trailing);
        assert_eq!(fails("sip:a@b?Route=%3Csip:c%3E"), AddrError::Bracket);
        assert_eq!(fails(""), AddrError::NoUri);
        assert_eq!(fails("<>;tag=1"), AddrError::NoUri);
        assert_eq!(fails(";tag=1"), AddrError::NoUri);
    }

    #[test]
    fn a_hostile_name_loses_its_controls_and_nothing_else() {
        let addr = read("\"<b>\\\"\r\n\tx\0\u{7f}\" <sip:a@b>");
        assert_eq!(addr.display_text(), "<b>\"x");
        let mut bytes = b"\"\xff\" <sip:a@b>".to_vec();
        assert_eq!(NameAddr::parse(&bytes).unwrap().display_text(), "\u{fffd}");
        bytes.truncate(2);
        assert!(NameAddr::parse(&bytes).is_err());
    }
}
