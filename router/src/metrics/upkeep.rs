//! How the process and its store are: what an operator wants to be woken for.

use super::{MetricsError, opts, register};
use prometheus::{Gauge, IntCounter, IntGauge, Registry};
use std::{
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

/// The handles.
#[derive(Debug)]
pub struct UpkeepMetrics {
    written: IntGauge,
    followed: IntGauge,
    recorded: IntGauge,
    free: IntGauge,
    size: IntGauge,
    behind: Gauge,
    ports_missing: IntCounter,
    certificate: IntGauge,
    store: OnceLock<PathBuf>,
}

const CLOCK_OFFSET: &str =
    "The wall clock minus the router's, which goes on as it was when somebody sets the wall clock.";

impl UpkeepMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let gauge = |name, help| register(registry, IntGauge::with_opts(opts(name, help))?);
        let started = opts("start_time_seconds", "When this process started, in seconds since 1970.");
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        register(registry, Gauge::with_opts(started)?)?.set(since.as_secs_f64());
        let missing =
            "Waits and holds of callers for whom no RTP port was free: they heard ringing, or nothing.";
        Ok(Self {
            written: gauge(
                "log_entry",
                "The log's last entry; while it is degraded, the last one in memory.",
            )?,
            followed: gauge("follower_entry", "The last entry that floor and counters show.")?,
            recorded: gauge("records_entry", "The last entry whose rows are in the records.")?,
            free: gauge("store_free_bytes", "What the store's file system has left for us.")?,
            size: gauge("store_size_bytes", "The size of the store's file system.")?,
            behind: register(registry, Gauge::with_opts(opts("clock_offset_seconds", CLOCK_OFFSET))?)?,
            ports_missing: register(
                registry,
                IntCounter::with_opts(opts("rtp_ports_missing_total", missing))?,
            )?,
            certificate: gauge(
                "certificate_expires_seconds",
                "When the first certificate that we show ends, in seconds since 1970; 0 without one.",
            )?,
            store: OnceLock::new(),
        })
    }
    /// Where the store is.
    pub fn stored_in(&self, folder: PathBuf) {
        // There is one store, told once.
        let _told = self.store.set(folder);
    }
    /// The log ends with this entry.
    pub fn log_ends(&self, entry: u64) {
        self.written.set(signed(entry));
    }
    /// The follower has taken up `applied`, and the records have rows up to `recorded`.
    pub fn follows(&self, applied: u64, recorded: u64) {
        self.followed.set(signed(applied));
        self.recorded.set(signed(recorded));
    }
    /// When the certificate that is shown ends, if there is one.
    pub fn certificate_ends(&self, at: Option<jiff::Timestamp>) {
        self.certificate.set(at.map_or(0, jiff::Timestamp::as_second));
    }
    /// A caller should have heard music, and there is no port to send it from.
    pub fn port_missing(&self) {
        self.ports_missing.inc();
    }
    /// The wall clock is ahead of ours by so many microseconds.
    pub fn clock_is_behind(&self, by_us: i64) {
        self.behind.set(by_us as f64 / 1e6);
    }
    /// Looks how much room is left. A disk may let one wait: not for where others wait too.
    pub fn look_at_disk(&self) {
        let Some(disk) = self.store.get().and_then(|folder| rustix::fs::statvfs(folder).ok()) else { return };
        let bytes = |blocks: u64| signed(blocks.saturating_mul(disk.f_frsize));
        self.free.set(bytes(disk.f_bavail));
        self.size.set(bytes(disk.f_blocks));
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
