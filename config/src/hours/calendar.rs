//! When hours are open: what the clock on the wall of their zone says, and the calendar.
//!
//! In the hour that comes twice when summer time ends, a window that lies in it is open twice; in the one that is left out
//! when it begins, nothing is, and a window that would have begun in it begins behind it.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use std::collections::{BTreeMap, BTreeSet};

/// Minutes of a day by the clock on the wall.
pub(crate) const DAY: u16 = 24 * 60;
/// How many days are looked at for the next turn: more than a year of nothing but holidays.
const LOOK_AHEAD: u16 = 400;

/// A stretch of a day, in minutes from its beginning; its end may lie in the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window {
    pub from: u16,
    /// Not included.
    pub to: u16,
}

impl Window {
    /// The part of it that lies in the next day, as minutes of that day.
    const fn tomorrow(self) -> u16 {
        self.to.saturating_sub(DAY)
    }
}

/// Hours that entries go by.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Their name.
    pub name: String,
    /// IANA name of the zone whose clocks they go by.
    pub zone_name: String,
    pub(crate) zone: TimeZone,
    /// From Monday on.
    pub(crate) week: [Vec<Window>; 7],
    /// Days that are otherwise than their day of the week: closed, or open in these windows.
    pub(crate) holidays: BTreeMap<Date, Vec<Window>>,
}

impl Hours {
    /// Whether they are open. A window over midnight belongs to the day on which it begins.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let minute = minute_of(local);
        let today = self.windows(local.date()).iter();
        let yesterday = local.date().yesterday().ok();
        let mut before = yesterday.into_iter().flat_map(|day| self.windows(day));
        today.into_iter().any(|window| (window.from..window.to).contains(&minute))
            || before.any(|window| minute < window.tomorrow())
    }
    /// When they open or close next; none when that is more than a year away.
    #[must_use]
    pub fn next_turn(&self, after: Timestamp) -> Option<Timestamp> {
        let open = self.is_open(after);
        let first = self.zone.to_datetime(after).date().yesterday().ok()?;
        // Not by its own days: a clock that is set turns hours as well.
        let end = self.instants(first.checked_add(i64::from(LOOK_AHEAD).days()).ok()?, 0).last()?;
        let changes = self.zone.following(after).map(|change| change.timestamp());
        let mut candidates: BTreeSet<Timestamp> = changes.take_while(|at| *at < end).collect();
        let mut day = first;
        for _ in 0..LOOK_AHEAD {
            let ends = self.windows(day).iter().flat_map(|window| [window.from, window.to]);
            candidates.extend(ends.flat_map(|minute| self.instants(day, minute)));
            day = day.tomorrow().ok()?;
            // What a later day brings cannot come before it begins.
            let begins = self.instants(day, 0).next()?;
            let later = candidates.split_off(&begins);
            let turn = candidates.into_iter().find(|&at| at > after && self.is_open(at) != open);
            if turn.is_some() {
                return turn;
            }
            candidates = later;
        }
        None
    }
    /// Whether there is a time at which they are open.
    pub(crate) fn ever_open(&self) -> bool {
        self.week.iter().chain(self.holidays.values()).any(|windows| !windows.is_empty())
    }

    fn windows(&self, day: Date) -> &[Window] {
        let of_week = &self.week[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs()) % 7];
        self.holidays.get(&day).unwrap_or(of_week)
    }
    /// The instants at which the clock shows this minute of a day: two where it shows it twice, and of a minute that it
    /// leaves out those before and behind.
    fn instants(&self, day: Date, minute: u16) -> impl Iterator<Item = Timestamp> + use<> {
        let time = |day: Date| {
            let (hour, minute) = (minute / 60 % 24, minute % 60);
            DateTime::new(
                day.year(),
                day.month(),
                day.day(),
                i8::try_from(hour).ok()?,
                i8::try_from(minute).ok()?,
                0,
                0,
            )
            .ok()
        };
        let day = (0..minute / DAY).try_fold(day, |day, _| day.tomorrow()).ok();
        let shown = day.and_then(time).map(|shown| self.zone.to_ambiguous_timestamp(shown));
        let both = shown.map(|shown| [shown.earlier().ok(), shown.later().ok()]);
        let mut both: Vec<Timestamp> = both.into_iter().flatten().flatten().collect();
        both.sort_unstable();
        both.dedup();
        both.into_iter()
    }
}

fn minute_of(time: DateTime) -> u16 {
    u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
}

#[cfg(test)]
mod tests;
