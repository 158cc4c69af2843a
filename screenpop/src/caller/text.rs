//! Finds the number in a text that a person wrote: a CRM field, a search box, a spreadsheet.
//!
//! A label before it and remarks behind it do not matter; of several numbers the first counts. URIs are left to
//! [`super::split`].

use super::bounded;
use super::number::{self, Number, Region};
use super::split::{Address, Dialled, MAX_DIGITS, only_digits};

/// Fewer digits than this in a row are a label ("Phone 2:") when a longer row follows.
const MIN_RUN: usize = 6;
/// What announces an extension, in the languages our users write. Longer words first.
const EXTENSION_WORDS: [&str; 10] =
    ["extension", "pesawat", "durchwahl", "ekst", "extn", "ext", "int", "pes", "x", "#"];

/// Reads a number written by a person, in the manner of `region` when it has no country code.
#[must_use]
pub fn normalise(text: &str, region: &Region) -> Number {
    let text = bounded(text).trim();
    if let Some(dialled) = uri(text) {
        return number::read(&dialled, region);
    }
    find(text).map(|dialled| number::read(&dialled, region)).unwrap_or_default()
}

/// The digits to compare when the country is unknown: the national significant number if the text can be read in
/// `region`, else its digits without leading zeros. A suggestion, never a proof.
#[must_use]
pub fn national_digits(text: &str, region: &Region) -> Option<String> {
    normalise(text, region).national
}

/// A decimal digit of any of the world's usual scripts, in ASCII.
pub(super) fn digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    // The zeros of Arabic (two), Devanagari, Bengali, Gurmukhi, Gujarati, Tamil, Telugu, Kannada, Thai, Lao, Burmese,
    // Khmer, Javanese, Balinese and full-width digits; nine digits follow each.
    const ZEROS: [u32; 16] = [
        0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xBE6, 0xC66, 0xCE6, 0xE50, 0xED0, 0x1040, 0x17E0, 0xA9D0,
        0x1B50, 0xFF10,
    ];
    let code = u32::from(c);
    ZEROS
        .iter()
        .find_map(|&zero| code.checked_sub(zero).filter(|d| *d < 10))
        .and_then(|d| char::from_digit(d, 10))
}

fn uri(text: &str) -> Option<Dialled> {
    let starts =
        |scheme: &str| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    ["tel:", "sip:", "sips:"].iter().any(|scheme| starts(scheme)).then(|| Address::first(text).dialled())?
}

/// The first row of digits that is long enough to be a number, else the first row.
fn find(text: &str) -> Option<Dialled> {
    let mut rest = text;
    let mut first = None;
    while let Some((dialled, after)) = next_row(rest) {
        if dialled.digits.len() >= MIN_RUN {
            return Some(Dialled { extension: extension(after), ..dialled });
        }
        first = first.or(Some(dialled));
        rest = after;
    }
    first
}

/// The next row of digits with its separators, and the text behind it.
fn next_row(text: &str) -> Option<(Dialled, &str)> {
    let start = text.find(|c| is_plus(c) || digit(c).is_some())?;
    let row = &text[start..];
    let mut dialled = Dialled::default();
    for (at, c) in row.char_indices() {
        match digit(c) {
            Some(digit) if dialled.digits.len() < MAX_DIGITS => dialled.digits.push(digit),
            None if is_plus(c) && dialled.digits.is_empty() => dialled.international = true,
            None if c == '/' && !is_second_number(&row[at..], &dialled) => {}
            None if is_separator(c) => {}
            _ => return Some((dialled, &row[at..])),
        }
    }
    Some((dialled, ""))
}

/// `030/1234567` is one number, `08123456789/08129876543` are two.
fn is_second_number(from_slash: &str, first: &Dialled) -> bool {
    let follows = from_slash[1..].trim_start();
    let second = follows.chars().take_while(|c| digit(*c).is_some() || is_separator(*c) || is_plus(*c));
    first.digits.len() >= 7 && second.filter(|c| digit(*c).is_some() || is_plus(*c)).count() >= 2
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '\u{FF0B}')
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '.' | '(' | ')' | '[' | ']' | '~' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{AD}'
        )
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{FF08}' | '\u{FF09}')
        || matches!(c, '\u{FF0D}' | '\u{FF0E}')
}

fn extension(after: &str) -> Option<String> {
    let after = after.trim_start_matches([',', ';', ' ', '.']).to_lowercase();
    let rest = EXTENSION_WORDS.iter().find_map(|word| after.strip_prefix(word))?;
    let rest = rest.trim_start_matches([' ', '.', ':', '=', '#']);
    let end = rest.find(|c| digit(c).is_none()).unwrap_or(rest.len());
    Some(only_digits(&rest[..end], 7)).filter(|digits| !digits.is_empty())
}
