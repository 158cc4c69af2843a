//! Rules that change while the process runs.

use super::{MetricsError, counter, opts, register};
use prometheus::{Gauge, IntCounterVec, IntGauge, Registry};
use std::time::SystemTime;

const OUTCOMES: [&str; 4] = ["changed", "unchanged", "refused", "failed"];

/// Series about the rules.
pub struct RuleMetrics {
    reloads: IntCounterVec,
    successful: IntGauge,
    at: Gauge,
    changes: IntGauge,
}

impl RuleMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let reloads = counter(
            registry,
            "config_reloads_total",
            "Times the configuration file was read again, by what came of it.",
            &["outcome"],
        )?;
        OUTCOMES.iter().for_each(|outcome| drop(reloads.with_label_values(&[outcome])));
        let successful = register(
            registry,
            IntGauge::with_opts(opts(
                "config_last_reload_successful",
                "1 while the rules in force are those of the file when it was read last, 0 while they could not be.",
            ))?,
        )?;
        let at = register(
            registry,
            Gauge::with_opts(opts(
                "config_last_reload_success_timestamp_seconds",
                "When the file was read last and gone by, the start included.",
            ))?,
        )?;
        let changes = register(
            registry,
            IntGauge::with_opts(opts(
                "config_changes",
                "Queues, entries and agents that were changed by API and are not as the file says.",
            ))?,
        )?;
        let metrics = Self { reloads, successful, at, changes };
        metrics.succeeded();
        Ok(metrics)
    }
    /// The file was read again: whether nothing was different, or else whether that was a mistake in it.
    pub fn reloaded(&self, unchanged: Result<bool, bool>) {
        let outcome = match unchanged {
            Ok(false) => "changed",
            Ok(true) => "unchanged",
            Err(true) => "refused",
            Err(false) => "failed",
        };
        self.reloads.with_label_values(&[outcome]).inc();
        match unchanged {
            Ok(_) => self.succeeded(),
            Err(_) => self.successful.set(0),
        }
    }
    /// So many changes stand over the file.
    pub fn in_force(&self, changes: usize) {
        self.changes.set(i64::try_from(changes).unwrap_or(i64::MAX));
    }
    fn succeeded(&self) {
        self.successful.set(1);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.at.set(now.map_or(0.0, |now| now.as_secs_f64()));
    }
}
