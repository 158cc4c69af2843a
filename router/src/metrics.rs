//! Every Prometheus series, in one table.
//!
//! The only file that knows the `prometheus` crate. Handles are resolved before they are used: counting on the path
//! of a call touches atomics alone. Counters start at 0 with the process and count live events; exact figures are
//! the reports'. No label comes from a caller.

mod alive;
mod connections;
mod doors;
mod ewt;
mod hours;
mod outcomes;
mod phones;
mod refusals;
mod relay;
mod restart;
mod rules;
mod transfers;
mod trunks;
mod upkeep;

pub use alive::AliveMetrics;
pub use connections::{ConnectionMetrics, OpenConnection};
pub use doors::{DeskMetrics, OperatorMetrics};
pub use ewt::{Came, EwtMetrics};
pub use hours::HoursMetrics;
use outcomes::{FLOW_OUT, OFFERS, WAITS};
pub use phones::PhoneMetrics;
pub use refusals::RefusalMetrics;
pub use relay::RelayMetrics;
pub use restart::RestartMetrics;
pub use rules::RuleMetrics;
pub use transfers::Transfers;
pub use trunks::{TrunkCall, TrunkMetrics};
pub use upkeep::UpkeepMetrics;

use crate::follower::QueueOutlook;
use acd::{OfferOutcome, VisitOutcome};
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder, core::Collector,
};
use std::{sync::Mutex, time::Duration};

/// Bounds of the wait, talk and wrap-up histograms in seconds; every `answer_within` is added.
pub const WAIT_BOUNDS: [f64; 12] =
    [5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0];
/// Bounds of times inside the router, in seconds.
const FAST_BOUNDS: [f64; 14] =
    [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 2e-2, 0.1, 0.5];
/// Bounds of the pop's lead in seconds. At most 0: the phone was rung before the card was written.
const LEAD_BOUNDS: [f64; 10] = [0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.1, 0.25, 1.0];

/// The media type of [`Metrics::render`].
pub const TEXT_FORMAT: &str = prometheus::TEXT_FORMAT;

/// All series of this process.
pub struct Metrics {
    registry: Registry,
    /// SIP messages by direction, method and class of answer.
    pub sip: SipMessages,
    /// Phones that register.
    pub phones: PhoneMetrics,
    /// What is alive on the SIP side.
    pub alive: AliveMetrics,
    /// Who was refused at the desk's port.
    pub desk: DeskMetrics,
    /// Who was refused at the operator's port.
    pub operator: OperatorMetrics,
    /// What was turned away.
    pub refusals: RefusalMetrics,
    /// Trunks.
    pub trunks: TrunkMetrics,
    /// rtpengine.
    pub relay: RelayMetrics,
    /// Calls of a process before.
    pub restart: RestartMetrics,
    /// Rules that change.
    pub rules: RuleMetrics,
    /// Which hours are open.
    pub hours: HoursMetrics,
    /// The process and its store.
    pub upkeep: UpkeepMetrics,
    /// Connections SIP comes on.
    pub connections: ConnectionMetrics,
    /// Expected waits.
    pub ewt: EwtMetrics,
    /// Time one append to the log took.
    pub log_append_seconds: Histogram,
    /// 1 while entries wait in memory because the log does not accept them.
    pub log_degraded: IntGauge,
    /// Time the brain took for one event.
    pub decision_seconds: Histogram,
    /// INVITE to the phone sent − card written to the desktop.
    pub pop_lead_seconds: Histogram,
    per_queue: PerQueue,
    gauges: Mutex<Gauges>,
}

struct PerQueue {
    offered: IntCounterVec,
    answered: IntCounterVec,
    abandoned: IntCounterVec,
    answered_within: IntCounterVec,
    abandoned_within: IntCounterVec,
    flow_out: IntCounterVec,
    answers_undone: IntCounterVec,
    offers: IntCounterVec,
    transfers: IntCounterVec,
    wait: HistogramVec,
    talk: HistogramVec,
    hold: HistogramVec,
    wrap_up: HistogramVec,
}

struct Gauges {
    agents: IntGaugeVec,
    unreachable: IntGauge,
    waiting: IntGaugeVec,
    longest: prometheus::GaugeVec,
}

/// What is true at the moment of a scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Agents by state, as (state, count).
    pub agents: Vec<(&'static str, i64)>,
    /// Agents who would be ready, had they a phone that can be reached.
    pub unreachable: i64,
    /// Queues as (name, calls waiting, longest wait).
    pub queues: Vec<(String, i64, Duration)>,
    /// How long callers are going to wait, by queue.
    pub outlooks: Vec<(String, QueueOutlook)>,
}

/// The series could not be made or written.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

impl Metrics {
    /// All series, at 0. `answer_within` are the service level thresholds, which become bounds of the histograms;
    /// one that appears in a later plan falls between two bounds until the next start.
    ///
    /// # Errors
    /// Only for two series of the same name.
    pub fn new(answer_within: impl IntoIterator<Item = Duration>) -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let per_queue = PerQueue::new(&registry, &wait_bounds(answer_within))?;
        let gauges = Gauges::new(&registry)?;
        let fast = |name, help| histogram(&registry, name, help, FAST_BOUNDS.to_vec());
        Ok(Self {
            sip: SipMessages::new(&registry)?,
            phones: PhoneMetrics::new(&registry)?,
            alive: AliveMetrics::new(&registry)?,
            desk: DeskMetrics::new(&registry)?,
            operator: OperatorMetrics::new(&registry)?,
            refusals: RefusalMetrics::new(&registry)?,
            trunks: TrunkMetrics::new(&registry)?,
            relay: RelayMetrics::new(&registry)?,
            restart: RestartMetrics::new(&registry)?,
            rules: RuleMetrics::new(&registry)?,
            hours: HoursMetrics::new(&registry)?,
            upkeep: UpkeepMetrics::new(&registry)?,
            connections: ConnectionMetrics::new(&registry)?,
            ewt: EwtMetrics::new(&registry)?,
            log_append_seconds: fast("log_append_seconds", "Time one append to the log took.")?,
            log_degraded: register(
                &registry,
                IntGauge::with_opts(opts(
                    "log_degraded",
                    "1 while entries wait in memory for the log to accept them.",
                ))?,
            )?,
            decision_seconds: fast("decision_seconds", "Time the brain took for one event.")?,
            pop_lead_seconds: histogram(
                &registry,
                "pop_lead_seconds",
                "INVITE to the phone sent minus card written to the desktop; at most 0 is late.",
                LEAD_BOUNDS.to_vec(),
            )?,
            registry,
            per_queue,
            gauges: Mutex::new(gauges),
        })
    }
    /// The handles of one queue; its series appear, at 0.
    #[must_use]
    pub fn queue(&self, name: &str) -> QueueMetrics {
        self.per_queue.resolve(name)
    }
    /// The text for a scrape.
    ///
    /// # Errors
    /// When a series cannot be written.
    pub fn render(&self, scene: &Scene) -> Result<String, MetricsError> {
        let mut text = Vec::new();
        let gauges = self.gauges.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        gauges.show(scene);
        self.ewt.show(&scene.outlooks);
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        drop(gauges);
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn wait_bounds(answer_within: impl IntoIterator<Item = Duration>) -> Vec<f64> {
    let mut bounds: Vec<f64> = WAIT_BOUNDS.to_vec();
    bounds.extend(answer_within.into_iter().map(|t| t.as_secs_f64()).filter(|&t| t > 0.0));
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    bounds
}

impl PerQueue {
    fn new(registry: &Registry, bounds: &[f64]) -> Result<Self, MetricsError> {
        let counter = |name, help, labels: &[&str]| counter(registry, name, help, labels);
        let times = |name, help, labels: &[&str]| {
            let opts = HistogramOpts::from(opts(name, help)).buckets(bounds.to_vec());
            register(registry, HistogramVec::new(opts, labels)?)
        };
        let queue: &[&str] = &["queue"];
        Ok(Self {
            offered: counter("calls_offered_total", "Calls that entered the queue.", queue)?,
            answered: counter("calls_answered_total", "Calls an agent's phone answered.", queue)?,
            abandoned: counter("calls_abandoned_total", "Callers who left before an answer.", queue)?,
            answered_within: counter("answered_within_total", "Calls answered within answer_within.", queue)?,
            abandoned_within: counter(
                "abandoned_within_total",
                "Calls abandoned within answer_within.",
                queue,
            )?,
            flow_out: counter(
                "calls_flow_out_total",
                "Calls that left the queue by rule.",
                &["queue", "reason"],
            )?,
            answers_undone: counter(
                "answers_undone_total",
                "Answers that came to nothing, as the caller could not be joined; that call waits again.",
                queue,
            )?,
            offers: counter("offers_total", "Offers to agents, by how they ended.", &["queue", "outcome"])?,
            transfers: counter(
                "transfers_total",
                "Calls that agents gave away, by the queue they came from, the kind of target and what came of it.",
                &["queue", "to", "outcome"],
            )?,
            wait: times("wait_seconds", "Time from entry to the end of the wait.", &["queue", "outcome"])?,
            talk: times("talk_seconds", "Conversation without hold.", queue)?,
            hold: times("hold_seconds", "Holds of callers, each by itself.", queue)?,
            wrap_up: times("wrap_up_seconds", "After-call work.", queue)?,
        })
    }
    fn resolve(&self, name: &str) -> QueueMetrics {
        let one = |vec: &IntCounterVec| vec.with_label_values(&[name]);
        let two = |vec: &IntCounterVec, label: &str| vec.with_label_values(&[name, label]);
        QueueMetrics {
            offered: one(&self.offered),
            answered: one(&self.answered),
            abandoned: one(&self.abandoned),
            answered_within: one(&self.answered_within),
            abandoned_within: one(&self.abandoned_within),
            flow_out: FLOW_OUT.map(|reason| two(&self.flow_out, reason)),
            answers_undone: one(&self.answers_undone),
            offers: OFFERS.map(|outcome| two(&self.offers, outcome.as_str())),
            transfers: Transfers::new(name, &self.transfers),
            wait: WAITS.map(|outcome| self.wait.with_label_values(&[name, outcome])),
            talk: self.talk.with_label_values(&[name]),
            hold: self.hold.with_label_values(&[name]),
            wrap_up: self.wrap_up.with_label_values(&[name]),
        }
    }
}

/// One queue's handles.
pub struct QueueMetrics {
    offered: IntCounter,
    answered: IntCounter,
    abandoned: IntCounter,
    answered_within: IntCounter,
    abandoned_within: IntCounter,
    flow_out: [IntCounter; FLOW_OUT.len()],
    answers_undone: IntCounter,
    offers: [IntCounter; OFFERS.len()],
    /// What came of calls that were given away.
    pub transfers: Transfers,
    wait: [Histogram; 4],
    talk: Histogram,
    hold: Histogram,
    wrap_up: Histogram,
}

impl QueueMetrics {
    /// A call entered.
    pub fn offered(&self) {
        self.offered.inc();
    }
    /// A call was answered after `wait_ms`; `within` says whether that is within the threshold.
    pub fn answered(&self, wait_ms: u64, within: bool) {
        self.answered.inc();
        self.answered_within.inc_by(u64::from(within));
        self.wait[0].observe(seconds(wait_ms));
    }
    /// An answer came to nothing: the caller could not be joined to the phone.
    pub fn answer_undone(&self) {
        self.answers_undone.inc();
    }
    /// A visit ended without an answer after `wait_ms`.
    pub fn left(&self, outcome: VisitOutcome, wait_ms: u64, within: bool) {
        let wait = match outcome {
            VisitOutcome::Answered | VisitOutcome::Transferred(_) => return,
            VisitOutcome::Abandoned => {
                self.abandoned.inc();
                self.abandoned_within.inc_by(u64::from(within));
                &self.wait[1]
            }
            VisitOutcome::FlowOut(_) => {
                if let Some(at) = FLOW_OUT.iter().position(|&reason| reason == outcome.reason()) {
                    self.flow_out[at].inc();
                }
                &self.wait[2]
            }
            VisitOutcome::LostRestart => &self.wait[3],
        };
        wait.observe(seconds(wait_ms));
    }
    /// An offer ended.
    pub fn offer(&self, outcome: OfferOutcome) {
        if let Some(at) = OFFERS.iter().position(|&known| known == outcome) {
            self.offers[at].inc();
        }
    }
    /// A conversation ended.
    pub fn talked(&self, talk: Duration) {
        self.talk.observe(talk.as_secs_f64());
    }
    /// A hold ended.
    pub fn held(&self, hold: Duration) {
        self.hold.observe(hold.as_secs_f64());
    }
    /// A wrap-up ended.
    pub fn wrapped_up(&self, wrap_up: Duration) {
        self.wrap_up.observe(wrap_up.as_secs_f64());
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

impl Gauges {
    fn new(registry: &Registry) -> Result<Self, MetricsError> {
        Ok(Self {
            agents: register(registry, IntGaugeVec::new(opts("agents", "Agents by state."), &["state"])?)?,
            unreachable: register(
                registry,
                IntGauge::with_opts(opts(
                    "phones_unreachable",
                    "Agents who get no calls for the sole reason that their phone cannot be reached.",
                ))?,
            )?,
            waiting: register(
                registry,
                IntGaugeVec::new(
                    opts("calls_waiting", "Calls not answered yet, ringing ones included."),
                    &["queue"],
                )?,
            )?,
            longest: register(
                registry,
                prometheus::GaugeVec::new(
                    opts("longest_wait_seconds", "Wait of the oldest of them."),
                    &["queue"],
                )?,
            )?,
        })
    }
    fn show(&self, scene: &Scene) {
        self.agents.reset();
        self.waiting.reset();
        self.longest.reset();
        self.unreachable.set(scene.unreachable);
        for (state, count) in &scene.agents {
            self.agents.with_label_values(&[state]).set(*count);
        }
        for (queue, waiting, longest) in &scene.queues {
            self.waiting.with_label_values(&[queue]).set(*waiting);
            self.longest.with_label_values(&[queue]).set(longest.as_secs_f64());
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

/// The methods that are told apart; everything else is `other`, so that a stranger cannot make labels.
pub const SIP_METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
    "other",
];
const CODE_CLASSES: [&str; 7] = ["request", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];

/// `sip_messages_total`, every handle resolved beforehand.
pub struct SipMessages {
    counters: Vec<IntCounter>,
}

impl SipMessages {
    fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let labels = ["direction", "method", "code_class"];
        let all = counter(
            registry,
            "sip_messages_total",
            "SIP messages, by method of their transaction.",
            &labels,
        )?;
        let mut counters = Vec::with_capacity(2 * SIP_METHODS.len() * CODE_CLASSES.len());
        for direction in ["in", "out"] {
            for method in SIP_METHODS {
                counters.extend(CODE_CLASSES.map(|class| all.with_label_values(&[direction, method, class])));
            }
        }
        Ok(Self { counters })
    }
    /// The number of a method for [`SipMessages::count`]; cheap, but worth keeping for a method known beforehand.
    #[must_use]
    pub fn method(name: &str) -> usize {
        SIP_METHODS.iter().position(|&known| known == name).unwrap_or(SIP_METHODS.len() - 1)
    }
    /// Counts one message. `status` is a response's code, 0 for a request; codes outside 100–699 count as 6xx.
    pub fn count(&self, direction: Direction, method: usize, status: u16) {
        let row = match direction {
            Direction::In => 0,
            Direction::Out => SIP_METHODS.len(),
        } + method.min(SIP_METHODS.len() - 1);
        let class = usize::from(status / 100).min(CODE_CLASSES.len() - 1);
        if let Some(counter) = self.counters.get(row * CODE_CLASSES.len() + class) {
            counter.inc();
        }
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("sambung")
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, series: C) -> Result<C, MetricsError> {
    registry.register(Box::new(series.clone()))?;
    Ok(series)
}

fn counter(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, MetricsError> {
    register(registry, IntCounterVec::new(opts(name, help), labels)?)
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    bounds: Vec<f64>,
) -> Result<Histogram, MetricsError> {
    register(registry, Histogram::with_opts(HistogramOpts::from(opts(name, help)).buckets(bounds))?)
}
