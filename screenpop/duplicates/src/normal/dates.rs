//! Dates of birth in the spellings of forms and databases, as eight digits.

use super::fold;

const MONTHS: [(&str, u16); 24] = [
    ("jan", 1),
    ("feb", 2),
    ("peb", 2),
    ("mar", 3),
    ("apr", 4),
    ("mei", 5),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("agu", 8),
    ("ags", 8),
    ("agt", 8),
    ("aug", 8),
    ("sep", 9),
    ("okt", 10),
    ("oct", 10),
    ("nov", 11),
    ("nop", 11),
    ("des", 12),
    ("dec", 12),
    ("djan", 1),
    ("djun", 6),
    ("djul", 7),
    ("agoe", 8),
];

/// A date as `YYYYMMDD`, day before month where both could be. One that cannot be (month 13) is kept as it is
/// written, for somebody may have written it twice; a year of two digits is of the century before 2026.
#[must_use]
pub fn date(text: &str) -> Option<[u8; 8]> {
    let folded = fold(text);
    let date = folded
        .split(['t', ' '])
        .next()
        .filter(|first| first.len() >= 8 && first.starts_with(|c: char| c.is_ascii_digit()));
    let digits_only = date.filter(|first| first.bytes().all(|b| b.is_ascii_digit()));
    if let Some(eight) = digits_only.and_then(|first| <[u8; 8]>::try_from(first.as_bytes()).ok()) {
        return sensible(eight);
    }
    let parts: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let [first, second, third] = *parts.get(..3)? else { return None };
    let month = |text: &str| text.parse::<u16>().ok().or_else(|| named(text));
    let (year, month, day): (u16, u16, u16) = if first.len() == 4 {
        (first.parse().ok()?, month(second)?, third.get(..2).unwrap_or(third).parse().ok()?)
    } else {
        (year(third)?, month(second)?, first.parse().ok()?)
    };
    // 08/17/1980 can only be meant one way.
    let (month, day) = if month > 12 && day <= 12 { (day, month) } else { (month, day) };
    let written = format!("{year:04}{month:02}{day:02}");
    sensible(written.as_bytes().try_into().ok()?)
}

fn named(text: &str) -> Option<u16> {
    MONTHS.iter().find(|(name, _)| text.starts_with(name)).map(|(_, month)| *month)
}

fn year(text: &str) -> Option<u16> {
    let year: u16 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 => Some(if year > 25 { 1900 + year } else { 2000 + year }),
        _ => None,
    }
}

/// All zeros, and the first day of 1900 or 1970, are what a form says when nobody asked.
fn sensible(date: [u8; 8]) -> Option<[u8; 8]> {
    let filler = [*b"00000000", *b"19000101", *b"19700101", *b"11111111", *b"99999999"];
    (date[..4] != *b"0000" && !filler.contains(&date)).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_date_are_one() {
        for spelt in [
            "19800817",
            "1980-08-17",
            "17/08/1980",
            "17-8-1980",
            "17 Agustus 1980",
            "17-Aug-80",
            "1980-08-17 00:00:00",
            "1980-08-17T00:00:00Z",
        ] {
            assert_eq!(date(spelt), Some(*b"19800817"), "{spelt}");
        }
        for none in ["", "-", "00000000", "1900-01-01", "Agustus", "1980"] {
            assert_eq!(date(none), None, "{none}");
        }
        assert_eq!(date("19081399"), Some(*b"19081399"));
    }
}
