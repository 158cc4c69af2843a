//! Which hours are open, and who called outside of them.

use super::{MetricsError, opts, register};
use prometheus::{IntCounter, IntGaugeVec, Registry};
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// Series about hours.
pub struct HoursMetrics {
    open: IntGaugeVec,
    /// The hours that have a series.
    shown: Mutex<BTreeSet<String>>,
    /// Calls that were sent away because their entry was closed.
    pub closed: IntCounter,
}

impl HoursMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "1 while these hours are open, 0 while they are closed.";
        let open = register(registry, IntGaugeVec::new(opts("hours_open", help), &["hours"])?)?;
        let help = "Calls that were sent away because their entry was outside its hours.";
        let closed = register(registry, IntCounter::with_opts(opts("calls_closed_total", help))?)?;
        Ok(Self { open, shown: Mutex::default(), closed })
    }
    /// These hours, and no others, each with whether it is open.
    pub fn show<'a>(&self, hours: impl Iterator<Item = (&'a str, bool)>) {
        let mut now = BTreeSet::new();
        for (name, open) in hours {
            self.open.with_label_values(&[name]).set(i64::from(open));
            now.insert(name.to_owned());
        }
        // Only after that the others go, so that nobody who reads meanwhile misses one.
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in shown.difference(&now) {
            if let Err(error) = self.open.remove_label_values(&[gone.as_str()]) {
                tracing::debug!(%error, hours = gone, "there was no such series");
            }
        }
        *shown = now;
    }
}
