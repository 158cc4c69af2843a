//! Cuts time into intervals of 15, 30 or 60 minutes of the local clock.
//!
//! An interval includes its start and excludes its end. Bounds are instants, kept with the offset in force, so the
//! two copies of a repeated hour stay apart and a day of a clock change has 92 or 100 quarter-hours.

use crate::Micros;
use jiff::{Timestamp, tz::TimeZone};
use std::{fmt, str::FromStr};

/// The longest range that is cut, in days.
pub const MAX_DAYS: i64 = 400;
const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;

/// How long an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// 15 minutes.
    Quarter,
    /// 30 minutes.
    Half,
    /// 60 minutes.
    Hour,
}

impl Length {
    /// The length in microseconds.
    #[must_use]
    pub const fn micros(self) -> Micros {
        match self {
            Self::Quarter => 900 * SECOND,
            Self::Half => 1_800 * SECOND,
            Self::Hour => 3_600 * SECOND,
        }
    }
    /// As it is written: `15m`, `30m`, `60m`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Half => "30m",
            Self::Hour => "60m",
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no [`Length`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("15m, 30m or 60m is expected")]
pub struct BadLength;

impl FromStr for Length {
    type Err = BadLength;
    fn from_str(text: &str) -> Result<Self, BadLength> {
        [Self::Quarter, Self::Half, Self::Hour].into_iter().find(|l| l.as_str() == text).ok_or(BadLength)
    }
}

/// A range that cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// It ends before it begins.
    #[error("the range is empty: its end is not after its start")]
    Empty,
    /// Longer than [`MAX_DAYS`].
    #[error("the range is longer than {MAX_DAYS} days")]
    TooLong,
    /// An instant that no calendar holds.
    #[error("the range lies outside the calendar")]
    OutOfCalendar,
}

/// Consecutive intervals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Bounds, one more than intervals.
    bounds: Vec<Micros>,
    /// Offset from UTC in seconds at each interval's start.
    offsets: Vec<i32>,
}

impl Grid {
    /// All intervals of the local clock of `zone` that have a part in `from..to`.
    ///
    /// An interval in which the clock changes by less than its length (Lord Howe) is shorter than `length`:
    /// bounds stand on the marks of the clock as it was before, or is after, the change.
    ///
    /// # Errors
    /// [`CutError`] for an empty range, one of more than [`MAX_DAYS`], and one outside the calendar.
    pub fn cut(from: Micros, to: Micros, length: Length, zone: &TimeZone) -> Result<Self, CutError> {
        if to <= from {
            return Err(CutError::Empty);
        }
        if to.saturating_sub(from) > MAX_DAYS * DAY {
            return Err(CutError::TooLong);
        }
        let clock = Clock { zone, length: length.micros() };
        let mut at = clock.mark_at_or_before(from)?;
        let mut grid = Self { bounds: vec![at], offsets: Vec::new() };
        while at < to {
            grid.offsets.push(clock.offset(at)?);
            at = clock.mark_after(at)?;
            grid.bounds.push(at);
        }
        Ok(grid)
    }
    /// How many intervals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len()
    }
    /// Whether there is none; never, for a grid that was cut.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }
    /// Start of interval `i`; of the first one past the end, the end.
    #[must_use]
    pub fn start(&self, i: usize) -> Micros {
        self.bounds.get(i).copied().unwrap_or_else(|| self.to())
    }
    /// End of interval `i`, which is no part of it.
    #[must_use]
    pub fn end(&self, i: usize) -> Micros {
        self.start(i + 1)
    }
    /// Length of interval `i`.
    #[must_use]
    pub fn length(&self, i: usize) -> Micros {
        self.end(i) - self.start(i)
    }
    /// Offset from UTC at the start of interval `i`, in seconds.
    #[must_use]
    pub fn offset_s(&self, i: usize) -> i32 {
        self.offsets.get(i).copied().unwrap_or(0)
    }
    /// Start of the first interval.
    #[must_use]
    pub fn from(&self) -> Micros {
        self.bounds.first().copied().unwrap_or(0)
    }
    /// End of the last interval.
    #[must_use]
    pub fn to(&self) -> Micros {
        self.bounds.last().copied().unwrap_or(0)
    }
    /// The interval that holds the instant.
    #[must_use]
    pub fn index_of(&self, at: Micros) -> Option<usize> {
        let after = self.bounds.partition_point(|&bound| bound <= at);
        (after > 0 && after < self.bounds.len()).then(|| after - 1)
    }
    /// Intervals `first..last` alone.
    #[must_use]
    pub fn part(&self, first: usize, last: usize) -> Self {
        let last = last.min(self.len());
        let first = first.min(last);
        Self { bounds: self.bounds[first..=last].to_vec(), offsets: self.offsets[first..last].to_vec() }
    }
    /// Cuts `from..to` at the bounds: the intervals it touches and how much of it lies in each.
    pub fn split(&self, from: Micros, to: Micros) -> impl Iterator<Item = (usize, Micros)> + '_ {
        let first = self.index_of(from.max(self.from())).unwrap_or(self.len());
        (first..self.len())
            .take_while(move |&i| self.start(i) < to)
            .map(move |i| (i, to.min(self.end(i)) - from.max(self.start(i))))
    }
}

/// The marks of one zone's clock.
struct Clock<'a> {
    zone: &'a TimeZone,
    length: Micros,
}

impl Clock<'_> {
    fn offset(&self, at: Micros) -> Result<i32, CutError> {
        Ok(self.zone.to_offset(instant(at)?).seconds())
    }
    /// How far the local clock is past its last mark.
    fn past_mark(&self, at: Micros) -> Result<Micros, CutError> {
        Ok((at + Micros::from(self.offset(at)?) * SECOND).rem_euclid(self.length))
    }
    fn mark_at_or_before(&self, at: Micros) -> Result<Micros, CutError> {
        let mark = at - self.past_mark(at)?;
        if self.offset(mark)? == self.offset(at)? {
            return Ok(mark);
        }
        // The clock changed since that mark: walk up to `at` from a mark that lies surely before the change.
        let before = mark - self.length;
        let mut mark = before - self.past_mark(before)?;
        loop {
            let next = self.mark_after(mark)?;
            if next > at {
                return Ok(mark);
            }
            mark = next;
        }
    }
    fn mark_after(&self, at: Micros) -> Result<Micros, CutError> {
        let next = at - self.past_mark(at)? + self.length;
        if self.offset(next)? == self.offset(at)? {
            return Ok(next);
        }
        let change =
            self.zone.following(instant(at)?).next().map_or(next, |t| t.timestamp().as_microsecond());
        let past = self.past_mark(change)?;
        Ok(if past == 0 || change == next { change } else { change + self.length - past })
    }
}

fn instant(at: Micros) -> Result<Timestamp, CutError> {
    Timestamp::from_microsecond(at).map_err(|_| CutError::OutOfCalendar)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
    const LORD_HOWE: &str = "LHST-10:30LHDT-11,M10.1.0,M4.1.0";
    const KATHMANDU: &str = "NPT-5:45";

    fn grid(zone: &str, from: &str, to: &str, length: Length) -> Grid {
        let zone = TimeZone::posix(zone).unwrap();
        let at = |text: &str| {
            let civil: jiff::civil::DateTime = text.parse().unwrap();
            civil.to_zoned(zone.clone()).unwrap().timestamp().as_microsecond()
        };
        Grid::cut(at(from), at(to), length, &zone).unwrap()
    }

    #[test]
    fn days_of_a_clock_change_have_92_and_100_quarter_hours() {
        assert_eq!(grid(BERLIN, "2026-03-28", "2026-03-29", Length::Quarter).len(), 96);
        assert_eq!(grid(BERLIN, "2026-03-29", "2026-03-30", Length::Quarter).len(), 92);
        assert_eq!(grid(BERLIN, "2026-10-25", "2026-10-26", Length::Quarter).len(), 100);
        assert_eq!(grid(BERLIN, "2026-10-25", "2026-10-26", Length::Hour).len(), 25);
    }

    #[test]
    fn the_two_copies_of_the_repeated_hour_differ_by_their_offset() {
        let night = grid(BERLIN, "2026-10-25T02:00:00", "2026-10-25T04:00:00", Length::Half);
        let offsets: Vec<_> = (0..night.len()).map(|i| night.offset_s(i)).collect();
        assert_eq!(offsets, [7_200, 7_200, 3_600, 3_600, 3_600, 3_600]);
        assert!((0..night.len()).all(|i| night.length(i) == Length::Half.micros()));
    }

    #[test]
    fn a_zone_of_odd_minutes_is_cut_at_its_own_half_hours() {
        let day = grid(KATHMANDU, "2026-01-01", "2026-01-02", Length::Half);
        assert_eq!(day.len(), 48);
        assert_eq!(day.from().rem_euclid(3_600 * SECOND), 900 * SECOND);
    }

    #[test]
    fn a_change_of_half_an_hour_makes_one_odd_hour_and_nothing_is_lost() {
        for (day, next) in [("2026-10-04", "2026-10-05"), ("2026-04-05", "2026-04-06")] {
            let day = grid(LORD_HOWE, day, next, Length::Hour);
            let odd: Vec<_> =
                (0..day.len()).map(|i| day.length(i) / SECOND).filter(|&s| s != 3_600).collect();
            assert_eq!(odd, [1_800]);
            let sum: Micros = (0..day.len()).map(|i| day.length(i)).sum();
            assert_eq!(sum, day.to() - day.from());
        }
    }

    #[test]
    fn every_instant_lies_in_the_interval_that_begins_at_or_before_it() {
        for zone in [BERLIN, LORD_HOWE, KATHMANDU] {
            let zone = TimeZone::posix(zone).unwrap();
            let from = "2026-01-01T00:00Z".parse::<Timestamp>().unwrap().as_microsecond();
            let year = Grid::cut(from, from + 365 * DAY, Length::Hour, &zone).unwrap();
            for step in 0..20_000 {
                let at = from + step * 1_571 * SECOND;
                let i = year.index_of(at).unwrap();
                assert!(year.start(i) <= at && at < year.end(i));
                let alone = Grid::cut(at, at + 1, Length::Hour, &zone).unwrap();
                assert_eq!((alone.from(), alone.to()), (year.start(i), year.end(i)));
            }
        }
    }

    #[test]
    fn a_stretch_of_time_is_split_without_loss_and_only_within_the_grid() {
        let day = grid("UTC0", "2026-01-01", "2026-01-02", Length::Half);
        let inside: Vec<_> = day.split(day.from() + 10, day.from() + Length::Half.micros() + 5).collect();
        assert_eq!(inside, [(0, Length::Half.micros() - 10), (1, 5)]);
        let around: Micros = day.split(day.from() - DAY, day.to() + DAY).map(|(_, part)| part).sum();
        assert_eq!(around, DAY);
        assert_eq!(day.split(day.to(), day.to() + 5).count(), 0);
        assert_eq!(day.split(day.from() - 5, day.from()).count(), 0);
    }

    #[test]
    fn a_range_that_is_empty_or_too_long_is_refused() {
        let zone = TimeZone::UTC;
        assert_eq!(Grid::cut(5, 5, Length::Half, &zone), Err(CutError::Empty));
        assert_eq!(Grid::cut(0, MAX_DAYS * DAY + 1, Length::Half, &zone), Err(CutError::TooLong));
        assert_eq!(
            Grid::cut(Micros::MAX - 1, Micros::MAX, Length::Half, &zone),
            Err(CutError::OutOfCalendar)
        );
    }
}
