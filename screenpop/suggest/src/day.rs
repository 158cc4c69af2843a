//! Days, and amounts that fade as days pass.

use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

/// A day, counted from 1970-01-01, in the shop's own calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl Day {
    /// The day of a date.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(date.duration_since(EPOCH).as_hours().div_euclid(24) as i32)
    }

    /// Its date; the last day of the calendar for a day behind it.
    #[must_use]
    pub fn date(self) -> Date {
        EPOCH.saturating_add(jiff::Span::new().days(self.0.clamp(-700_000, 2_900_000)))
    }

    /// Days from an earlier day to this one; 0 if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u32 {
        u32::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// So many days later.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.date().fmt(f)
    }
}

/// Writes a day as `YYYY-MM-DD`: what leaves the house for a desk.
pub(crate) fn iso<S: Serializer>(day: &Day, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(day)
}

/// An amount of which half is left after every half-life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fading {
    amount: f64,
    day: Day,
}

impl Fading {
    /// Adds an amount of this day, which may also be an earlier one.
    pub fn add(&mut self, amount: f64, day: Day, half_life_days: f64) {
        if day >= self.day {
            self.amount = self.amount * left(day.since(self.day), half_life_days) + amount;
            self.day = day;
        } else {
            self.amount += amount * left(self.day.since(day), half_life_days);
        }
    }

    /// What is left of it on a day.
    #[must_use]
    pub fn on(&self, day: Day, half_life_days: f64) -> f64 {
        self.amount * left(day.since(self.day), half_life_days)
    }
}

/// The share that is left after so many days; all of it if the half-life is zero.
fn left(days: u32, half_life_days: f64) -> f64 {
    if days == 0 || half_life_days <= 0.0 { 1.0 } else { libm::exp2(-f64::from(days) / half_life_days) }
}
