//! SIP that was turned away, by reason, and whether new calls are refused on purpose.

use super::{MetricsError, counter, opts, register};
use prometheus::{IntCounter, IntGauge, Registry};
use sip::Rejected;

/// The handles.
pub struct RefusalMetrics {
    rejected: Vec<IntCounter>,
    draining: IntGauge,
}

impl RefusalMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let rejected = counter(
            registry,
            "sip_rejected_total",
            "SIP messages that were refused or dropped, by why.",
            &["reason"],
        )?;
        let draining = IntGauge::with_opts(opts("draining", "1 while new calls are refused on request."))?;
        Ok(Self {
            rejected: Rejected::ALL.map(|why| rejected.with_label_values(&[why.as_str()])).into(),
            draining: register(registry, draining)?,
        })
    }
    /// Something was turned away.
    pub fn count(&self, why: Rejected) {
        if let Some(at) = Rejected::ALL.iter().position(|known| *known == why) {
            self.rejected[at].inc();
        }
    }
    /// Whether new calls are refused on request.
    pub fn set_draining(&self, on: bool) {
        self.draining.set(i64::from(on));
    }
}
