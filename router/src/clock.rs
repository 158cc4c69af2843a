//! The router's clock: the wall clock at process start plus monotonic time since, never below the log's last entry.

use acd::Timestamp;
use std::time::{Duration, Instant, SystemTime};

/// A wall clock that differs by more than this from what it should be has been set.
const STEP: Duration = Duration::from_secs(1);
/// How often the wall clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The clock.
#[derive(Debug)]
pub struct Clock {
    origin: Timestamp,
    started: Instant,
    /// Wall clock − this clock, in microseconds, as last believed.
    offset: i64,
    looked: Instant,
}

impl Clock {
    /// Starts after `last`.
    #[must_use]
    pub fn start(last: Timestamp) -> Self {
        let started = Instant::now();
        let origin = wall().max(Timestamp(last.micros() + 1));
        Self { origin, started, offset: difference(wall(), origin), looked: started }
    }
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }
    /// The time of an instant.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Timestamp {
        self.origin + instant.saturating_duration_since(self.started)
    }
    /// By how much the wall clock was set since the last look, in microseconds, if it was.
    pub fn step(&mut self) -> Option<i64> {
        let now = Instant::now();
        if now.saturating_duration_since(self.looked) < LOOK {
            return None;
        }
        self.looked = now;
        let offset = difference(wall(), self.at(now));
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
