//! Who was refused at the operator's port.

use super::{MetricsError, counter};
use crate::http::Refusal;
use prometheus::{IntCounter, Registry};

/// The handles.
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
