//! Takes address headers apart: display name, URI, user part, number as dialled.
//!
//! Lenient where PBXs are careless, strict where a careless reading would call the wrong person: angle brackets count
//! only outside quotes, a user part with letters is a name and no number. What the digits mean is left to
//! [`super::number`].
//!
//! Source: RFC 3261 §20.10 and §25.1, RFC 3966.

use super::MAX_TEXT_CHARS;
use super::text::digit;
use std::borrow::Cow;

/// Digits beyond this are no telephone number (E.164 has 15, the longest prefixes in front of it take 9).
pub(super) const MAX_DIGITS: usize = 24;
/// Digits of an extension that are kept.
const MAX_EXTENSION: usize = 12;

/// A number as it was dialled: digits only.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dialled {
    /// Whether it came with a `+` or a global `phone-context`.
    pub international: bool,
    /// ASCII digits, at most [`MAX_DIGITS`].
    pub digits: String,
    /// Digits of `;ext=` or what a person wrote for it.
    pub extension: Option<String>,
}

/// One address of a header: `"Ann" <sip:ann@example.com;user=phone>;tag=1`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address<'a> {
    display: &'a str,
    uri: &'a str,
    /// With its parameters, without its password. A `tel:` URI is all user part.
    user: &'a str,
    host: &'a str,
    /// What follows the closing bracket.
    params: &'a str,
}

impl<'a> Address<'a> {
    /// The first address of a header; an empty one for an empty header.
    pub fn first(value: &'a str) -> Self {
        Self::cut(value).0
    }

    /// Every address of a header that may list several.
    pub fn all(value: &'a str) -> impl Iterator<Item = Self> {
        let mut rest = value;
        std::iter::from_fn(move || {
            if rest.trim().is_empty() {
                return None;
            }
            let (address, after) = Self::cut(rest);
            rest = after;
            Some(address)
        })
    }

    fn new(display: &'a str, uri: &'a str, params: &'a str) -> Self {
        let (user, host) = user_and_host(uri);
        Self { display, uri, user, host, params }
    }

    /// The first address and what follows its comma.
    fn cut(value: &'a str) -> (Self, &'a str) {
        let Some(open) = outside_quotes(value, b"<,").filter(|&at| value.as_bytes()[at] == b'<') else {
            let (uri, rest) = cut_at_comma(value);
            return (Self::new("", uri.trim(), ""), rest);
        };
        let after = &value[open + 1..];
        let close = after.find('>').unwrap_or(after.len());
        let (params, rest) = cut_at_comma(after.get(close + 1..).unwrap_or_default());
        (Self::new(value[..open].trim(), after[..close].trim(), params), rest)
    }

    /// The URI as it came, cut and without control characters.
    pub fn raw(&self) -> String {
        clean(self.uri)
    }

    /// The display name, unquoted, cut and without control characters.
    pub fn display(&self) -> Option<String> {
        let name = match self.display.strip_prefix('"') {
            Some(quoted) => clean(&unquote(quoted)),
            None => clean(self.display),
        };
        Some(name).filter(|name| !name.is_empty())
    }

    /// Whether a header parameter has this value.
    pub fn has_param(&self, name: &str, value: &str) -> bool {
        param(self.params, name).is_some_and(|found| found.trim_matches('"').eq_ignore_ascii_case(value))
    }

    /// Whether the caller asked not to be known.
    pub fn is_anonymous(&self) -> bool {
        self.host.eq_ignore_ascii_case("anonymous.invalid")
            || is_one_of(self.user, &["anonymous", "restricted", "private", "withheld"])
    }

    /// Whether the address says that there is no number, for no fault of the caller's.
    pub fn is_unavailable(&self) -> bool {
        self.uri.is_empty() || is_one_of(self.user, &["unavailable", "unknown"])
    }

    /// The number in the address, if it holds one.
    pub fn dialled(&self) -> Option<Dialled> {
        let (number, params) = self.user.split_once(';').unwrap_or((self.user, ""));
        let mut dialled = digits_of(&percent_decoded(number))?;
        if let Some(context) = param(params, "phone-context").filter(|_| !dialled.international) {
            prefix_with(&percent_decoded(context), &mut dialled);
        }
        dialled.extension =
            param(params, "ext").map(|ext| only_digits(ext, MAX_EXTENSION)).filter(|e| !e.is_empty());
        Some(dialled)
    }
}

fn user_and_host(uri: &str) -> (&str, &str) {
    let (scheme, rest) = match uri.split_once(':') {
        Some((scheme, rest)) if is_one_of(scheme, &["sip", "sips", "tel"]) => (scheme, rest),
        _ => ("", uri),
    };
    if scheme.eq_ignore_ascii_case("tel") {
        return (rest, "");
    }
    let Some((user, host)) = rest.split_once('@') else {
        return bare(rest);
    };
    (user.split_once(':').map_or(user, |(user, _password)| user), host_name(host))
}

/// `sip:081234567890`, `081234567890;tag=1`: careless senders put the number where the host belongs.
fn bare(rest: &str) -> (&str, &str) {
    let host = host_name(rest);
    if host.starts_with(|c: char| c == '+' || c.is_ascii_digit()) && !host.contains('.') {
        (rest, "")
    } else {
        ("", host)
    }
}

fn host_name(host: &str) -> &str {
    host.split([':', ';', '?', '>']).next().unwrap_or_default().trim()
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The first of the `wanted` bytes that stands outside quotes.
fn outside_quotes(value: &str, wanted: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in value.as_bytes().iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if !quoted && wanted.contains(&byte) => return Some(at),
            _ => {}
        }
    }
    None
}

fn cut_at_comma(value: &str) -> (&str, &str) {
    outside_quotes(value, b",").map_or((value, ""), |at| (&value[..at], &value[at + 1..]))
}

/// The value of `;name=value`; parameter names are compared without case.
fn param<'a>(params: &'a str, name: &str) -> Option<&'a str> {
    params.split(';').find_map(|one| {
        let (key, value) = one.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// What stands between the opening quote (already gone) and the closing one.
fn unquote(quoted: &str) -> String {
    let mut name = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => name.extend(chars.next()),
            _ => name.push(c),
        }
    }
    name
}

fn clean(text: &str) -> String {
    if text.len() <= MAX_TEXT_CHARS && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.trim().to_owned(); // nearly always
    }
    text.chars()
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .take(MAX_TEXT_CHARS)
        .collect::<String>()
        .trim()
        .into()
}

/// Characters that reorder or hide text, with which a display name could disguise itself.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// `%2B62` → `+62`; a broken escape stays as it is.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let hex = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// Digits and visual separators (RFC 3966 §3) only; anything else makes it a name. `None` without a digit.
fn digits_of(user: &str) -> Option<Dialled> {
    let mut dialled = Dialled { digits: String::with_capacity(MAX_DIGITS), ..Dialled::default() };
    for c in user.trim().chars() {
        match (c, digit(c)) {
            (_, Some(digit)) if dialled.digits.len() < MAX_DIGITS => dialled.digits.push(digit),
            ('+' | '\u{FF0B}', None) if dialled.digits.is_empty() => dialled.international = true,
            ('-' | '.' | '(' | ')' | ' ', None) => {}
            _ => return None,
        }
    }
    (!dialled.digits.is_empty()).then_some(dialled)
}

/// A global phone-context (`+62`) makes a local number international; a domain says nothing we could use.
fn prefix_with(context: &str, dialled: &mut Dialled) {
    let Some(prefix) = digits_of(context).filter(|context| context.international) else { return };
    if prefix.digits.len() + dialled.digits.len() <= MAX_DIGITS {
        dialled.digits.insert_str(0, &prefix.digits);
        dialled.international = true;
    }
}

/// The digits of a text, at most `most` of them.
pub(super) fn only_digits(text: &str, most: usize) -> String {
    text.chars().filter_map(digit).take(most).collect()
}
