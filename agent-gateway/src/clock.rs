//! The brain's time, as far as the gateway can tell.

use acd::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Tells the brain's time between its batches, so that `ts`, `since` and `offer_expires_at` are of one clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeskClock {
    base: Timestamp,
    at: Instant,
    taught: bool,
}

impl DeskClock {
    /// Starts from the wall clock until the brain says something.
    pub(crate) fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self { base: Timestamp(acd::time::micros(wall)), at: Instant::now(), taught: false }
    }
    /// A batch of orders was made at `at`. It has been on its way, so later ones only ever move the clock forward.
    pub(crate) fn learn(&mut self, at: Timestamp) {
        if !self.taught || at > self.now() {
            *self = Self { base: at, at: Instant::now(), taught: true };
        }
    }
    /// Now, in the brain's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.base + self.at.elapsed()
    }
}
