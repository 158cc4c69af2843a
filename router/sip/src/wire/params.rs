//! `;name=value` parameters, as in Via, From, To, Contact and URIs.

use super::chars::{TOKEN, quoted_end, trim, trim_start};

/// The parameters at the end of a value, in order; empty ones (`;;`) are passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(&'a [u8]);

/// One parameter. Its value keeps its quotes; a flag such as `lr` has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as typed.
    pub name: &'a [u8],
    /// What follows `=`, trimmed; `None` without `=`.
    pub value: Option<&'a [u8]>,
    /// Name and value as they stand between the semicolons.
    pub text: &'a [u8],
}

impl<'a> Params<'a> {
    /// Reads `text`, which is empty or starts with `;`.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(text)
    }
    /// The text these parameters were read from, first `;` included.
    #[must_use]
    pub const fn text(self) -> &'a [u8] {
        self.0
    }
    /// The first parameter called `name`, whatever its case.
    #[must_use]
    pub fn find(self, name: &str) -> Option<Param<'a>> {
        self.into_iter().find(|param| param.name.eq_ignore_ascii_case(name.as_bytes()))
    }
    /// The value of the first parameter called `name`; `None` for an absent one and for a flag.
    #[must_use]
    pub fn value(self, name: &str) -> Option<&'a [u8]> {
        self.find(name)?.value
    }
    /// Is there a parameter called `name`, with or without a value?
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        self.find(name).is_some()
    }
    /// Is every quote closed, so that a parameter written behind these stands outside of them?
    pub(crate) fn quotes_close(self) -> bool {
        let mut rest = self.0;
        while let Some(open) = memchr::memchr(b'"', rest) {
            let Some(past) = quoted_end(&rest[open..]) else { return false };
            rest = &rest[open + past..];
        }
        true
    }
    /// Does every semicolon introduce a parameter with a proper name, and every quote close? One pass, octet by octet.
    pub(crate) fn well_formed(self) -> bool {
        let mut rest = self.0;
        while let [b';', behind @ ..] = rest {
            let name = trim_start(behind);
            let end = name.iter().position(|&byte| !TOKEN.has(byte)).unwrap_or(name.len());
            let Some(value) = value_end(trim_start(&name[end..])) else { return false };
            if end == 0 {
                return false;
            }
            rest = value;
        }
        rest.is_empty()
    }
}

/// Takes `=value` off `text`, if it is there; `None` for a quote that does not close.
fn value_end(text: &[u8]) -> Option<&[u8]> {
    if text.first() != Some(&b'=') {
        return Some(text);
    }
    let mut rest = text;
    loop {
        let mark = rest.iter().position(|&byte| byte == b';' || byte == b'"').unwrap_or(rest.len());
        rest = &rest[mark..];
        if rest.first() != Some(&b'"') {
            return Some(rest);
        }
        rest = &rest[quoted_end(rest)?..];
    }
}

/// Takes one parameter off `rest`; `None` for an empty one.
fn step<'a>(rest: &mut &'a [u8]) -> Option<Param<'a>> {
    let text = rest.strip_prefix(b";").unwrap_or(rest);
    let end = param_end(text);
    *rest = &text[end..];
    let text = trim(&text[..end]);
    if text.is_empty() {
        return None;
    }
    Some(match super::chars::split_at_byte(text, b'=') {
        Some((name, value)) => Param { name: trim(name), value: Some(trim(value)), text },
        None => Param { name: text, value: None, text },
    })
}

/// The place of the `;` that ends the parameter at the start of `text`, or the length.
fn param_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(step) = text[at..].iter().position(|&byte| byte == b';' || byte == b'"') {
        let here = at + step;
        if text[here] == b';' {
            return here;
        }
        let Some(past) = quoted_end(&text[here..]) else { return text.len() };
        at = here + past;
    }
    text.len()
}

/// Walks over [`Params`].
#[derive(Clone, Debug)]
pub struct ParamIter<'a>(&'a [u8]);

impl<'a> Iterator for ParamIter<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        while !self.0.is_empty() {
            if let Some(param) = step(&mut self.0) {
                return Some(param);
            }
        }
        None
    }
}

impl<'a> IntoIterator for Params<'a> {
    type Item = Param<'a>;
    type IntoIter = ParamIter<'a>;
    fn into_iter(self) -> ParamIter<'a> {
        ParamIter(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn parameters_are_found_whatever_their_spacing_and_case() {
        let params = Params::new(b" ; TAG  =  x1 ;lr; p=\"a;b=c\" ;q=");
        assert_eq!(params.value("tag"), Some(&b"x1"[..]));
        assert!(params.has("lr") && params.value("lr").is_none());
        assert_eq!(params.value("P"), Some(&b"\"a;b=c\""[..]));
        assert_eq!(params.value("q"), Some(&b""[..]));
        assert_eq!(params.into_iter().count(), 4);
    }

    #[test]
    fn empty_parameters_are_passed_over_but_not_well_formed() {
        assert_eq!(Params::new(b";;a;;").into_iter().count(), 1);
        assert!(!Params::new(b";;a").well_formed());
        assert!(!Params::new(b";").well_formed());
        assert!(!Params::new(b";b c=1").well_formed());
        assert!(!Params::new(b";a=\"b;c").well_formed() && !Params::new(b";a=\"b\\\"").quotes_close());
        assert!(Params::new(b";a = \"1;\" ; b").well_formed());
        assert!(Params::new(b"").well_formed());
    }
}
