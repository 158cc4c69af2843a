//! Who was refused at the ports of operator and desk.

use super::{MetricsError, counter};
use crate::http::Refusal;
use agent_gateway::DeskRefusal;
use prometheus::{IntCounter, Registry};

/// The handles of the desk's port.
pub struct DeskMetrics(Vec<IntCounter>);

impl DeskMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "Connections and tokens that the desk's port refused, by why.";
        let refused = counter(registry, "desk_refused_total", help, &["reason"])?;
        Ok(Self(DeskRefusal::ALL.map(|why| refused.with_label_values(&[why.as_str()])).into()))
    }
    /// Somebody was refused.
    pub fn refused(&self, why: DeskRefusal) {
        if let Some(at) = DeskRefusal::ALL.iter().position(|known| *known == why) {
            self.0[at].inc();
        }
    }
}

/// The handles of the operator's port.
pub struct OperatorMetrics(Vec<IntCounter>);

impl OperatorMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, MetricsError> {
        let help = "Connections and requests that the operator's port refused, by why.";
        let refused = counter(registry, "operator_refused_total", help, &["reason"])?;
        Ok(Self(Refusal::ALL.map(|why| refused.with_label_values(&[why.as_str()])).into()))
    }
    /// Somebody was refused.
    pub fn refused(&self, why: Refusal) {
        if let Some(at) = Refusal::ALL.iter().position(|known| *known == why) {
            self.0[at].inc();
        }
    }
}
