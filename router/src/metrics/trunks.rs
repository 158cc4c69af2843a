//! Trunks, each by its name in the configuration.

use super::{MetricsError, counter, opts, register};
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Registry};
use sip::peering::{Health, TrunkNews};

/// What became of REGISTER requests of ours, by label.
const OUTCOMES: [&str; 2] = ["registered", "failed"];

/// The handles.
pub struct TrunkMetrics {
    calls: IntGaugeVec,
    state: IntGaugeVec,
    registered: IntGaugeVec,
    registrations: IntCounterVec,
}

/// A live call of a trunk; counts until dropped.
#[derive(Debug)]
pub struct TrunkCall(IntGauge);

impl TrunkMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let gauge =
            |name, help, labels: &[&str]| register(registry, IntGaugeVec::new(opts(name, help), labels)?);
        Ok(Self {
            calls: gauge("trunk_calls", "Live calls by the trunk they came from.", &["trunk"])?,
            state: gauge(
                "trunk_state",
                "1 for the state the trunk is in, 0 for the others; unknown when it is not probed.",
                &["trunk", "state"],
            )?,
            registered: gauge(
                "trunk_registered",
                "1 while we are registered at the trunk, 0 while we should be.",
                &["trunk"],
            )?,
            registrations: counter(
                registry,
                "trunk_registrations_total",
                "Registrations of ours at a trunk, by what they came to.",
                &["trunk", "outcome"],
            )?,
        })
    }
    /// There is a trunk of this name; its series appear, at 0.
    pub fn learn(&self, trunk: &str, registers: bool) {
        self.calls.with_label_values(&[trunk]);
        self.show(trunk, Health::Unknown);
        if registers {
            self.registered.with_label_values(&[trunk]);
            for outcome in OUTCOMES {
                self.registrations.with_label_values(&[trunk, outcome]);
            }
        }
    }
    /// A call came from the trunk.
    #[must_use]
    pub fn call(&self, trunk: &str) -> TrunkCall {
        let gauge = self.calls.with_label_values(&[trunk]);
        gauge.inc();
        TrunkCall(gauge)
    }
    /// Something was heard of a trunk.
    pub fn note(&self, trunk: &str, news: TrunkNews) {
        let registered = |on| self.registered.with_label_values(&[trunk]).set(i64::from(on));
        let count = |outcome| self.registrations.with_label_values(&[trunk, outcome]).inc();
        match news {
            TrunkNews::Health(health) => self.show(trunk, health),
            TrunkNews::Registered { .. } => {
                registered(true);
                count(OUTCOMES[0]);
            }
            TrunkNews::NotSignedIn(_) => {} // the refusal is counted with the transfer
            TrunkNews::NotRegistered(_) => count(OUTCOMES[1]),
            TrunkNews::Lapsed | TrunkNews::Unregistered => registered(false),
        }
    }
    fn show(&self, trunk: &str, health: Health) {
        for state in Health::ALL {
            self.state.with_label_values(&[trunk, state.as_str()]).set(i64::from(state == health));
        }
    }
}

impl Drop for TrunkCall {
    fn drop(&mut self) {
        self.0.dec();
    }
}
