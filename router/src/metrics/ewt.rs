//! What callers are told of their wait, and how true it is.

use super::{MetricsError, counter, opts, register};
use crate::follower::QueueOutlook;
use acd::expect::Ewt;
use prometheus::{GaugeVec, IntCounterVec, Registry};

/// The quantiles, as labels: `quantile` is for summaries alone.
const LEVELS: [&str; 2] = ["p50", "p80"];
/// What callers can be told, by [`Ewt::method`].
const METHODS: [&str; 2] = ["pace", "place"];

/// What became of a wait that a caller was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// An agent answered no later.
    True,
    /// It took longer.
    Late,
    /// The caller was gone before: nobody knows.
    Unknown,
}

impl Came {
    const ALL: [Self; 3] = [Self::True, Self::Late, Self::Unknown];
    /// The name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::Late => "late",
            Self::Unknown => "unknown",
        }
    }
}

/// Series about expected waits.
pub struct EwtMetrics {
    announced: IntCounterVec,
    came: IntCounterVec,
    seconds: GaugeVec,
    coverage: GaugeVec,
    pinball: GaugeVec,
}

impl EwtMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let gauge = |name, help| register(registry, GaugeVec::new(opts(name, help), &["queue", "level"])?);
        Ok(Self {
            announced: counter(
                registry,
                "ewt_announced_total",
                "Times a caller was told the expected wait (pace), or the place (place).",
                &["queue", "method"],
            )?,
            came: counter(
                registry,
                "ewt_outcomes_total",
                "Waits that callers were told, by what became of them: true, late, or unknown, as they hung up.",
                &["queue", "outcome"],
            )?,
            seconds: gauge(
                "ewt_seconds",
                "Wait of a caller who entered now that is not exceeded in such a share of cases; NaN while no time can be relied on.",
            )?,
            coverage: gauge(
                "ewt_coverage_ratio",
                "Share of callers of late who waited no longer than this quantile foresaw.",
            )?,
            pinball: gauge(
                "ewt_pinball_seconds",
                "Mean pinball loss of the announced quantile; less is better.",
            )?,
        })
    }
    /// The series of a queue appear, at 0.
    pub fn learn(&self, queue: &str) {
        METHODS.iter().for_each(|method| drop(self.announced.with_label_values(&[queue, method])));
        Came::ALL.iter().for_each(|came| drop(self.came.with_label_values(&[queue, came.as_str()])));
    }
    /// A caller was told something.
    pub fn announced(&self, queue: &str, ewt: Ewt) {
        self.announced.with_label_values(&[queue, ewt.method()]).inc();
    }
    /// It is known what became of a wait that a caller was told.
    pub fn came(&self, queue: &str, came: Came) {
        self.came.with_label_values(&[queue, came.as_str()]).inc();
    }
    /// How it looks at the moment of a scrape.
    pub(super) fn show(&self, outlooks: &[(String, QueueOutlook)]) {
        [&self.seconds, &self.coverage, &self.pinball].iter().for_each(|gauges| gauges.reset());
        for (queue, outlook) in outlooks {
            let QueueOutlook { ewt, coverage, loss } = outlook;
            let expected = match ewt {
                Ewt::Time { p50, p80 } => Some([p50.as_secs_f64(), p80.as_secs_f64()]),
                Ewt::Place(_) => None,
            };
            show(&self.seconds, queue, expected);
            show(&self.coverage, queue, *coverage);
            show(&self.pinball, queue, *loss);
        }
    }
}

/// A queue of which nothing is known has no number, and its series all the same.
fn show(gauges: &GaugeVec, queue: &str, values: Option<[f64; 2]>) {
    for (level, value) in LEVELS.iter().zip(values.unwrap_or([f64::NAN; 2])) {
        gauges.with_label_values(&[queue, level]).set(value);
    }
}
