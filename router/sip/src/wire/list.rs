//! Comma-separated header values.

/// The values of one header line, split at commas outside quotes and angle brackets; trimmed, empty ones included.
#[derive(Clone, Debug)]
pub struct Values<'a>(Option<&'a [u8]>);

impl<'a> Values<'a> {
    /// Splits `text`; an empty `text` is one empty value.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(Some(text))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.0?;
        let end = value_end(text);
        self.0 = (end < text.len()).then(|| &text[end + 1..]);
        Some(super::chars::trim(&text[..end]))
    }
}

/// The place of the first comma that separates values, or the length.
///
/// An opened quote or bracket that is never closed holds everything behind it: better one odd value than a
/// value invented inside another.
fn value_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(step) = memchr::memchr3(b',', b'"', b'<', &text[at..]) {
        let here = at + step;
        let past = match text[here] {
            b',' => return here,
            b'"' => super::chars::quoted_end(&text[here..]),
            _ => memchr::memchr(b'>', &text[here..]).map(|end| end + 1),
        };
        let Some(past) = past else { return text.len() };
        at = here + past;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::Values;

    fn split(text: &str) -> Vec<&str> {
        Values::new(text.as_bytes()).map(|value| std::str::from_utf8(value).unwrap()).collect()
    }

    #[test]
    fn commas_separate_only_outside_quotes_and_brackets() {
        assert_eq!(split("a , b,c"), ["a", "b", "c"]);
        assert_eq!(
            split(r#""Bell, A \"x\"" <sip:a,b@c>;p="1,2", <sip:d>"#),
            [r#""Bell, A \"x\"" <sip:a,b@c>;p="1,2""#, "<sip:d>"]
        );
        assert_eq!(split("a,,"), ["a", "", ""]);
        assert_eq!(split(r#"a, "never closed, b"#), ["a", r#""never closed, b"#]);
        assert_eq!(split(""), [""]);
    }
}
