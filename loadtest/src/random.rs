//! Seeded chance: the same seed gives the same arrivals, patience and talk times.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A seeded source of chance.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice of `seed`; `stream` sets those of callers, phones and desktops apart.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }
    /// Dice that no other run has, for names that must not repeat: two runs of one seed may meet the same router.
    pub(crate) fn unique() -> Self {
        static TAKEN: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = now.as_nanos() as u64 ^ (u64::from(std::process::id()) << 32);
        Self::new(run, TAKEN.fetch_add(1, Ordering::Relaxed))
    }
    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        // The upper 53 bits are what a double can hold exactly.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// True in `share` of all throws.
    pub fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && self.unit() < share
    }
    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((self.unit() * bound as f64) as usize).min(bound.saturating_sub(1))
    }
    /// 64 bits, for tags and branches.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
    /// A draw from the exponential distribution with this mean.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-(1.0 - self.unit()).ln())
    }
    /// A draw from `spread`.
    pub fn draw(&mut self, spread: Spread) -> Duration {
        match spread {
            Spread::Fixed(time) => time,
            Spread::Exponential(mean) => self.exponential(mean),
            Spread::Uniform(least, most) => least + most.saturating_sub(least).mul_f64(self.unit()),
        }
    }
}

/// How a time is spread: `"15s"`, `"exp 60s"` (mean), `"1s..5s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Always the same.
    Fixed(Duration),
    /// Exponential with this mean.
    Exponential(Duration),
    /// Anything between the two alike.
    Uniform(Duration, Duration),
}

/// A time that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time: write \"250ms\", \"15s\", \"10m\", \"exp 60s\" (mean) or \"1s..5s\"")]
pub struct BadTime(String);

impl FromStr for Spread {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let text = text.trim();
        if let Some(mean) = text.strip_prefix("exp ") {
            return parse_duration(mean).map(Self::Exponential);
        }
        match text.split_once("..") {
            Some((least, most)) => Ok(Self::Uniform(parse_duration(least)?, parse_duration(most)?)),
            None => parse_duration(text).map(Self::Fixed),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(time) => write!(f, "{}ms", time.as_millis()),
            Self::Exponential(mean) => write!(f, "exp {}ms", mean.as_millis()),
            Self::Uniform(least, most) => write!(f, "{}ms..{}ms", least.as_millis(), most.as_millis()),
        }
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

/// Reads `"250ms"`, `"15s"`, `"1.5s"`, `"10m"`, `"2h"`.
///
/// # Errors
///
/// [`BadTime`] for anything else, and for times over a week.
pub fn parse_duration(text: &str) -> Result<Duration, BadTime> {
    const WEEK_S: f64 = 7.0 * 86_400.0;
    let bad = || BadTime(text.to_owned());
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
    let (number, unit) = text.split_at(digits);
    let unit_s = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _other => return Err(bad()),
    };
    let seconds = number.parse::<f64>().map_err(|_not_a_number| bad())? * unit_s;
    if seconds <= WEEK_S {
        Duration::try_from_secs_f64(seconds).map_err(|_negative| bad())
    } else {
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let seconds = Duration::from_secs;
        assert_eq!("15s".parse(), Ok(Spread::Fixed(seconds(15))));
        assert_eq!("exp 1m".parse(), Ok(Spread::Exponential(seconds(60))));
        assert_eq!("1s..5s".parse(), Ok(Spread::Uniform(seconds(1), seconds(5))));
        assert_eq!("250ms".parse(), Ok(Spread::Fixed(Duration::from_millis(250))));
        for bad in ["", "s", "15", "-1s", "15 parsecs", "exp", "1s..", "99999h", "1.2.3s"] {
            assert!(bad.parse::<Spread>().is_err(), "{bad}");
        }
        for spread in ["1500ms", "exp 60000ms", "1000ms..5000ms"] {
            assert_eq!(spread.parse::<Spread>().unwrap().to_string(), spread);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_day_and_streams_differ() {
        let throw = |seed, stream| {
            let mut dice = Dice::new(seed, stream);
            std::array::from_fn::<u64, 4, _>(|_| dice.bits())
        };
        assert_eq!(throw(1, 0), throw(1, 0));
        assert_ne!(throw(1, 0), throw(2, 0));
        assert_ne!(throw(1, 0), throw(1, 1));
    }

    #[test]
    fn draws_keep_to_their_spread() {
        let mut dice = Dice::new(7, 0);
        let mean_s = Duration::from_secs(30);
        let sum: Duration = (0..20_000).map(|_| dice.draw(Spread::Exponential(mean_s))).sum();
        let mean = sum.as_secs_f64() / 20_000.0;
        assert!((29.0..31.0).contains(&mean), "{mean}");
        let (least, most) = (Duration::from_secs(1), Duration::from_secs(5));
        assert!(
            (0..1_000).map(|_| dice.draw(Spread::Uniform(least, most))).all(|t| (least..most).contains(&t))
        );
        assert!((0..1_000).all(|_| dice.below(3) < 3));
        assert!(!dice.chance(0.0) && dice.chance(1.0));
    }
}
