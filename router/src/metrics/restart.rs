//! What became of calls that were alive when the process before ended, as numbers.

use super::{MetricsError, counter};
use prometheus::{IntCounter, Registry};

/// The handles.
#[derive(Debug)]
pub struct RestartMetrics {
    taken_up: IntCounter,
    ended: IntCounter,
}

impl RestartMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "Calls alive when the process before ended: taken up again, or ended because their caller had left.";
        let calls = counter(registry, "restart_calls_total", help, &["outcome"])?;
        let of = |outcome| calls.with_label_values(&[outcome]);
        Ok(Self { taken_up: of("taken_up"), ended: of("ended") })
    }
    /// Counts what a restart has brought.
    pub fn count(&self, taken_up: usize, ended: usize) {
        self.taken_up.inc_by(taken_up as u64);
        self.ended.inc_by(ended as u64);
    }
}
