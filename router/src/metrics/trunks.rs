//! Trunks, each by its name in the configuration.

use super::{MetricsError, opts, register};
use prometheus::{IntGauge, IntGaugeVec, Registry};

/// The handles.
pub struct TrunkMetrics {
    calls: IntGaugeVec,
}

/// A live call of a trunk; counts until dropped.
#[derive(Debug)]
pub struct TrunkCall(IntGauge);

impl TrunkMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let calls =
            IntGaugeVec::new(opts("trunk_calls", "Live calls by the trunk they came from."), &["trunk"])?;
        Ok(Self { calls: register(registry, calls)? })
    }
    /// There is a trunk of this name; its series appear, at 0.
    pub fn learn(&self, trunk: &str) {
        self.calls.with_label_values(&[trunk]);
    }
    /// A call came from the trunk.
    #[must_use]
    pub fn call(&self, trunk: &str) -> TrunkCall {
        let gauge = self.calls.with_label_values(&[trunk]);
        gauge.inc();
        TrunkCall(gauge)
    }
}

impl Drop for TrunkCall {
    fn drop(&mut self) {
        self.0.dec();
    }
}
