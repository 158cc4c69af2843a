//! A run in slices of time, for charts.

use serde::Serialize;
use std::time::{Duration, Instant};

/// Slices kept; when a run outgrows them, every two become one and slices get twice as long.
const MAX_SLICES: usize = 1_200;

/// A run in slices of equal length.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    #[serde(skip)]
    start: Instant,
    /// Length of a slice in seconds.
    pub slice_s: u64,
    /// What happened in each.
    pub slices: Vec<Slice>,
}

/// What happened in a slice of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// Calls placed.
    pub placed: u64,
    /// Callers connected to an agent.
    pub connected: u64,
    /// Calls ended.
    pub ended: u64,
}

impl Timeline {
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, slice_s: 1, slices: Vec::new() }
    }
    /// The slice of `now`.
    pub(crate) fn at(&mut self, now: Instant) -> &mut Slice {
        let elapsed_s = now.saturating_duration_since(self.start).as_secs();
        while elapsed_s / self.slice_s >= MAX_SLICES as u64 {
            self.halve();
        }
        let index = (elapsed_s / self.slice_s) as usize;
        if self.slices.len() <= index {
            self.slices.resize(index + 1, Slice::default());
        }
        &mut self.slices[index]
    }
    /// How long the run took so far.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_secs(self.slice_s * self.slices.len() as u64)
    }
    fn halve(&mut self) {
        self.slice_s *= 2;
        self.slices = self
            .slices
            .chunks(2)
            .map(|pair| {
                pair.iter().fold(Slice::default(), |sum, slice| Slice {
                    placed: sum.placed + slice.placed,
                    connected: sum.connected + slice.connected,
                    ended: sum.ended + slice.ended,
                })
            })
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_sums_in_fewer_slices() {
        let start = Instant::now();
        let mut timeline = Timeline::new(start);
        for second in 0..10_000 {
            timeline.at(start + Duration::from_secs(second)).placed += 1;
        }
        assert!(timeline.slices.len() <= MAX_SLICES);
        assert_eq!(timeline.slices.iter().map(|slice| slice.placed).sum::<u64>(), 10_000);
        assert_eq!(timeline.slice_s, 16);
    }
}
