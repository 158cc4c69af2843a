//! Whether the brain turns, for whoever watches over it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The time of the last turn; clones are the same pulse.
#[derive(Clone, Debug)]
pub struct Pulse {
    started: Instant,
    last: Arc<AtomicU64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { started: Instant::now(), last: Arc::default() }
    }
}

impl Pulse {
    pub(super) fn beat(&self) {
        self.last.store(self.since_start(), Ordering::Relaxed);
    }
    /// How long the last turn is ago.
    #[must_use]
    pub fn age(&self) -> Duration {
        Duration::from_millis(self.since_start().saturating_sub(self.last.load(Ordering::Relaxed)))
    }
    fn since_start(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
