//! Phones that register, as numbers.

use super::{MetricsError, counter, opts, register};
use prometheus::{IntCounter, IntGauge, Registry};
use sip::registrar::Handled;

/// What became of REGISTER requests, by label.
const HANDLED: [(Handled, &str); 5] = [
    (Handled::Accepted, "accepted"),
    (Handled::Challenged, "challenged"),
    (Handled::Failed, "failed"),
    (Handled::Refused, "refused"),
    (Handled::Silenced, "silenced"),
];

/// The handles.
pub struct PhoneMetrics {
    registered: IntGauge,
    registering: [IntCounter; HANDLED.len()],
}

impl PhoneMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "Agents whose phone is registered.";
        let requests = counter(
            registry,
            "registrations_total",
            "REGISTER requests, by what they came to.",
            &["outcome"],
        )?;
        Ok(Self {
            registered: register(registry, IntGauge::with_opts(opts("phones_registered", help))?)?,
            registering: HANDLED.map(|(_, outcome)| requests.with_label_values(&[outcome])),
        })
    }
    /// So many agents have a phone that is registered.
    pub fn set(&self, agents: usize) {
        self.registered.set(i64::try_from(agents).unwrap_or(i64::MAX));
    }
    /// A REGISTER came to that.
    pub fn count(&self, handled: Handled) {
        if let Some(at) = HANDLED.iter().position(|(known, _)| *known == handled) {
            self.registering[at].inc();
        }
    }
}
