//! Lengths of time as people write them: `15s`, `40ms`, `10m`, `1h30m`, `35d`.

use crate::{
    finding::Place,
    table::{Check, Table, Value, Wrong, quoted},
};
use std::time::Duration;
use toml::de::DeValue;

const DAY: u64 = 86_400_000;
const HOUR: u64 = 3_600_000;
const MINUTE: u64 = 60_000;
const SECOND: u64 = 1_000;
/// Units from the largest to the smallest, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)];

/// A length of time that a key takes: from, to, and when absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub least: Duration,
    pub most: Duration,
    pub default: Duration,
}

impl Span {
    /// Bounds and default in milliseconds.
    pub const fn ms(least: u64, most: u64, default: u64) -> Self {
        let ms = Duration::from_millis;
        Self { least: ms(least), most: ms(most), default: ms(default) }
    }
    /// The value, or the default with a problem when it is out of bounds.
    pub fn check(&self, value: Duration, place: &Place, check: &mut Check<'_>) -> Duration {
        let wrong = if value < self.least {
            format!("\"{}\" is shorter than {}", shown(value), shown(self.least))
        } else if value > self.most {
            format!("\"{}\" is longer than {}", shown(value), shown(self.most))
        } else {
            return value;
        };
        check.findings.problem(place, wrong, format!("choose {} to {}", shown(self.least), shown(self.most)));
        self.default
    }
}

/// Reads a value, or reports what it is instead.
pub(crate) fn of_value(value: &Value<'_>, check: &mut Check<'_>) -> Option<Duration> {
    if let DeValue::Integer(number) = value.value {
        let way_out = format!("say of what: \"{number}s\" or \"{number}ms\"");
        check.findings.problem(&value.place, format!("{number} has no unit"), way_out);
        return None;
    }
    Some(value.text(check)?.read(parse, check)?.value)
}

/// A length of time; none when it is "off".
pub(crate) fn or_off(
    table: &mut Table<'_>,
    key: &'static str,
    span: Span,
    check: &mut Check<'_>,
) -> Option<Duration> {
    let Some(typed) = table.value(key) else { return Some(span.default) };
    if typed.value.as_str() == Some("off") {
        return None;
    }
    let value = of_value(&typed, check);
    Some(value.map_or(span.default, |value| span.check(value, &typed.place, check)))
}

/// A length of time that has no default; none when absent or wrong.
pub(crate) fn if_any(
    table: &mut Table<'_>,
    key: &'static str,
    span: Span,
    check: &mut Check<'_>,
) -> Option<Duration> {
    let typed = table.value(key)?;
    let value = of_value(&typed, check)?;
    Some(span.check(value, &typed.place, check))
}

/// Reads `1h30m`: numbers with units from `d` to `ms`, the larger first, each once.
pub(crate) fn parse(text: &str) -> Result<Duration, Wrong> {
    let wrong = || {
        Wrong::new(
            format!("{} is no length of time", quoted(text)),
            "write it like \"15s\", \"40ms\", \"1h30m\" or \"35d\"",
        )
    };
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut total = 0_u64;
    while !rest.is_empty() || total == 0 && text.trim().is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit());
        let (unit, after) = split(after, |c| c.is_ascii_alphabetic());
        let &(_, ms) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(ms));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = after;
    }
    Ok(Duration::from_millis(total))
}

/// The text a length of time is written as.
pub(crate) fn shown(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    // A day or two are read more easily in hours.
    let units = if rest > 2 * DAY { &UNITS[..] } else { &UNITS[1..] };
    for &(name, ms) in units {
        if rest >= ms {
            text.push_str(&format!("{}{name}", rest / ms));
            rest %= ms;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c: char| !belongs(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_back_as_written() {
        for text in ["15s", "40ms", "10m", "1h30m", "0s", "1h1m1s1ms", "24h", "35d", "3d1h"] {
            assert_eq!(shown(parse(text).unwrap()), text);
        }
        assert_eq!(parse("90s").unwrap(), parse("1m30s").unwrap());
    }

    #[test]
    fn anything_else_is_no_length_of_time() {
        for text in [
            "",
            " ",
            "15",
            "s",
            "1.5s",
            "-1s",
            "1s1h",
            "1s1s",
            "15 s",
            "1w",
            "1h1d",
            "99999999999999999999s",
            "5124095576031h",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
