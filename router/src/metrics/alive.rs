//! What is alive on the SIP side, as numbers: after the last call they go back to where they were, or something leaks.

use super::{MetricsError, opts, register};
use prometheus::{IntGauge, IntGaugeVec, Registry};
use sip::Counts;

/// The handles.
pub struct AliveMetrics {
    calls: IntGauge,
    legs: IntGauge,
    transactions: IntGauge,
    dialogs: IntGauge,
    timers: IntGauge,
}

impl AliveMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "What is alive: calls, phones' legs, dialogs, timers, and transactions, which wait up to 33 s for what comes late.";
        let alive = register(registry, IntGaugeVec::new(opts("sip_alive", help), &["what"])?)?;
        let one = |what: &str| alive.with_label_values(&[what]);
        Ok(Self {
            calls: one("calls"),
            legs: one("legs"),
            transactions: one("transactions"),
            dialogs: one("dialogs"),
            timers: one("timers"),
        })
    }
    /// So much is alive now.
    pub fn set(&self, counts: Counts) {
        let each = [
            (&self.calls, counts.calls),
            (&self.legs, counts.legs),
            (&self.transactions, counts.transactions),
            (&self.dialogs, counts.dialogs),
            (&self.timers, counts.timers),
        ];
        each.into_iter().for_each(|(gauge, count)| gauge.set(i64::try_from(count).unwrap_or(i64::MAX)));
    }
}
