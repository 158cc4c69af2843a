//! The router's clock: the wall clock at process start plus monotonic time since, never below the log's last entry.
//!
//! Where calls have outlived a process, the next one goes on from its clock and the time since by the machine's own count:
//! whoever has set the wall clock meanwhile moves no timer and no place.

use acd::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant, SystemTime};

/// A wall clock that differs by more than this from what it should be has been set.
const STEP: Duration = Duration::from_secs(1);
/// How often the wall clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What a clock reads the time from.
pub trait Dials {
    /// The monotonic time, by which everything is measured.
    fn instant(&self) -> Instant;
    /// The wall clock, which anybody may set.
    fn wall(&self) -> Timestamp;
    /// The name of the machine's present start; without one nothing is anchored to another process.
    fn boot(&self) -> String;
    /// Microseconds since then, sleep included.
    fn since_boot(&self) -> u64;
}

/// The system's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDials;

impl Dials for SystemDials {
    fn instant(&self) -> Instant {
        Instant::now()
    }
    fn wall(&self) -> Timestamp {
        wall()
    }
    fn boot(&self) -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        id.unwrap_or_else(|_| format!("process {}", std::process::id()))
    }
    fn since_boot(&self) -> u64 {
        let time = clock_gettime(ClockId::Boottime);
        acd::time::micros(Duration::try_from(time).unwrap_or_default())
    }
}

/// What the clock said at a moment of the machine's own count, which nobody sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Which start of the machine the count is of.
    boot: String,
    /// Microseconds since then, sleep included.
    since_boot: u64,
    /// What the clock said.
    at: Timestamp,
}

impl Anchor {
    /// What the clock that was anchored says now; none when the machine was started again.
    #[must_use]
    pub fn now(&self, dials: &impl Dials) -> Option<Timestamp> {
        let since = dials.since_boot().checked_sub(self.since_boot)?;
        (dials.boot() == self.boot).then_some(self.at + Duration::from_micros(since))
    }
}

/// What the clock says, for whoever is not the brain.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    origin: Timestamp,
    started: Instant,
}

impl Hand {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }
    /// By how much the wall clock is ahead of it, in microseconds.
    #[must_use]
    pub fn behind_the_wall(&self) -> i64 {
        difference(wall(), self.now())
    }
    fn at(&self, instant: Instant) -> Timestamp {
        self.origin + instant.saturating_duration_since(self.started)
    }
}

/// The clock.
#[derive(Debug)]
pub struct Clock<D = SystemDials> {
    dials: D,
    hand: Hand,
    /// Wall clock − this clock, in microseconds, as last believed.
    offset: i64,
    looked: Instant,
}

impl Clock {
    /// Starts after `last`: by the wall clock, or going on from the clock of a process before.
    #[must_use]
    pub fn start(last: Timestamp, before: Option<&Anchor>) -> Self {
        Self::by(SystemDials, last, before)
    }
}

impl<D: Dials> Clock<D> {
    /// As [`Clock::start`], by other dials than the system's.
    #[must_use]
    pub fn by(dials: D, last: Timestamp, before: Option<&Anchor>) -> Self {
        let started = dials.instant();
        let goes_on = before.and_then(|before| before.now(&dials));
        let wall = dials.wall();
        let origin = goes_on.unwrap_or(wall).max(Timestamp(last.micros() + 1));
        let hand = Hand { origin, started };
        Self { hand, offset: difference(wall, origin), looked: started, dials }
    }
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(self.dials.instant())
    }
    /// What the wall clock shows.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        self.dials.wall()
    }
    /// For others who need to know the time.
    #[must_use]
    pub const fn hand(&self) -> Hand {
        self.hand
    }
    /// For the next process.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor { boot: self.dials.boot(), since_boot: self.dials.since_boot(), at: self.now() }
    }
    /// The time of an instant.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Timestamp {
        self.hand.at(instant)
    }
    /// By how much the wall clock was set since the last look, in microseconds, if it was.
    pub fn step(&mut self) -> Option<i64> {
        let now = self.dials.instant();
        if now.saturating_duration_since(self.looked) < LOOK {
            return None;
        }
        self.looked = now;
        let offset = difference(self.dials.wall(), self.at(now));
        let by = offset - self.offset;
        if by.unsigned_abs() < acd::time::micros(STEP) {
            return None;
        }
        self.offset = offset;
        Some(by)
    }
}

/// The wall clock.
#[must_use]
pub fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(acd::time::micros(since))
}

fn difference(a: Timestamp, b: Timestamp) -> i64 {
    i64::try_from(i128::from(a.micros()) - i128::from(b.micros())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_on_where_another_was_whatever_the_wall_clock_says() {
        let tomorrow = wall() + Duration::from_secs(86_400);
        let before = Clock::start(tomorrow, None);
        let anchor = before.anchor();
        let after = Clock::start(Timestamp::default(), Some(&anchor));
        let apart = difference(after.now(), before.now());
        assert!(apart.abs() < 1_000_000, "{apart} us apart");
        let by_the_wall = Clock::start(Timestamp::default(), None);
        assert!(by_the_wall.now() < tomorrow);
    }

    #[test]
    fn a_machine_that_was_started_again_has_no_count_to_go_on_from() {
        let anchor =
            Anchor { boot: "another".to_owned(), ..Clock::start(Timestamp::default(), None).anchor() };
        assert_eq!(anchor.now(&SystemDials), None);
        let started = Clock::start(Timestamp::default(), Some(&anchor));
        assert!(difference(started.now(), wall()).abs() < 1_000_000);
    }

    #[test]
    fn a_clock_is_never_behind_the_log() {
        let last = wall() + Duration::from_secs(3_600);
        assert!(Clock::start(last, None).now() > last);
    }
}
