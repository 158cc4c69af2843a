//! Points in time on the wire: RFC 3339 in UTC with microseconds.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// Microseconds since the Unix epoch; on the wire `2026-03-01T08:15:30.123456Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A text that is no [`Time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time in UTC such as 2026-03-01T08:15:30.123456Z")]
pub struct BadTime;

const MICROS_A_DAY: u64 = 86_400_000_000;
/// Longest text read: nanoseconds are more than anybody sends.
const MAX_LEN: usize = 30;

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0 / MICROS_A_DAY);
        let within = self.0 % MICROS_A_DAY;
        let (seconds, micros) = (within / 1_000_000, within % 1_000_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

impl FromStr for Time {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        if text.len() > MAX_LEN || !text.is_ascii() {
            return Err(BadTime);
        }
        let rest = text.strip_suffix('Z').ok_or(BadTime)?;
        let (date, clock) = rest.split_once('T').ok_or(BadTime)?;
        let [year, month, day] = numbers(date, '-')?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [hour, minute, second] = numbers(clock, ':')?;
        let known = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !known || hour > 23 || minute > 59 || second > 60 {
            return Err(BadTime);
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Ok(Self(seconds * 1_000_000 + micros(fraction)?))
    }
}

fn numbers(text: &str, separator: char) -> Result<[u64; 3], BadTime> {
    let mut parts = text.split(separator).map(number);
    let mut next = || parts.next().unwrap_or(Err(BadTime));
    let three = [next()?, next()?, next()?];
    if parts.next().is_some() { Err(BadTime) } else { Ok(three) }
}

fn number(text: &str) -> Result<u64, BadTime> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().map_err(|_| BadTime) } else { Err(BadTime) }
}

/// Digits after the point as microseconds; finer ones are cut.
fn micros(fraction: &str) -> Result<u64, BadTime> {
    number(fraction)?;
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    Ok(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// Day of the Gregorian calendar from days since the epoch. Years begin in March here, so that a leap day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The reverse of [`date`], for years from 1970.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    (era * 146_097 + of_era).saturating_sub(719_468)
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Time;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                text.parse().map_err(E::custom)
            }
        }
        from.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_people_and_browsers_read_it() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Time(951_782_400_000_001).to_string(), "2000-02-29T00:00:00.000001Z");
        assert_eq!(Time(1_772_352_930_123_456).to_string(), "2026-03-01T08:15:30.123456Z");
    }

    #[test]
    fn a_time_reads_back_on_every_day_of_a_century() {
        for day in 0..36_525_u64 {
            let time = Time(day * MICROS_A_DAY + day);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "Z",
            "2026-03-01",
            "2026-13-01T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T08:15:30+07:00",
        ] {
            assert_eq!(text.parse::<Time>(), Err(BadTime), "{text}");
        }
        assert_eq!("2026-03-01T08:15:30Z".parse::<Time>().map(|time| time.0 % 1_000_000), Ok(0));
        assert_eq!("2026-03-01T08:15:30.5Z".parse::<Time>().map(|time| time.0 % 1_000_000), Ok(500_000));
    }
}
