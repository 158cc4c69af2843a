//! Which hours are open, and who called outside of them.

use super::{MetricsError, opts, register};
use prometheus::{IntCounter, IntGaugeVec, Registry};

/// Series about hours.
pub struct HoursMetrics {
    open: IntGaugeVec,
    /// Calls that were sent away because their entry was closed.
    pub closed: IntCounter,
}

impl HoursMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "1 while these hours are open, 0 while they are closed.";
        let open = register(registry, IntGaugeVec::new(opts("hours_open", help), &["hours"])?)?;
        let help = "Calls that were sent away because their entry was outside its hours.";
        let closed = register(registry, IntCounter::with_opts(opts("calls_closed_total", help))?)?;
        Ok(Self { open, closed })
    }
    /// These hours, and no others, each with whether it is open.
    pub fn show<'a>(&self, hours: impl Iterator<Item = (&'a str, bool)>) {
        self.open.reset();
        hours.for_each(|(name, open)| self.open.with_label_values(&[name]).set(i64::from(open)));
    }
}
