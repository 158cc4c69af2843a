//! Numbers and texts as people read them.

/// 70000 as 70,000.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 0.934 as 93 %; what is not certain is never 100 %.
pub fn percent(probability: f32) -> String {
    format!("{:.0} %", (probability * 100.0).clamp(1.0, 99.0))
}

/// A text from a table that no terminal takes for a command, and that runs in one direction.
pub fn plain(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmful(c) { '\u{FFFD}' } else { c }).collect()
}

/// The same for a browser, where markup is text as well.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_people() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (70_000, "70,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
        assert_eq!(percent(0.9999), "99 %");
    }

    #[test]
    fn hostile_names_are_text() {
        assert_eq!(plain("Agus \u{202E}evil\u{1b}[31m"), "Agus \u{FFFD}evil\u{FFFD}[31m");
        assert_eq!(escaped("<b>'\"&"), "&lt;b&gt;&#39;&quot;&amp;");
    }
}
