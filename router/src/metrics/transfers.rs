//! Calls that agents gave away.

use acd::{Destination, TransferOutcome};
use prometheus::{IntCounter, IntCounterVec};

/// One queue's counters, by kind of target and outcome.
pub struct Transfers(Vec<((Destination, TransferOutcome), IntCounter)>);

impl Transfers {
    /// The counters of a queue; they appear, at 0. To a queue there is nothing but success.
    pub(super) fn new(queue: &str, counters: &IntCounterVec) -> Self {
        let [agent, outside] = [Destination::Agent, Destination::Outside]
            .map(|to| TransferOutcome::ALL.map(|outcome| (to, outcome)));
        let all = [(Destination::Queue, TransferOutcome::Completed)].into_iter().chain(agent).chain(outside);
        let counter = |(to, outcome): (Destination, TransferOutcome)| {
            counters.with_label_values(&[queue, to.as_str(), outcome.as_str()])
        };
        Self(all.map(|key| (key, counter(key))).collect())
    }
    /// A transfer came to something.
    pub fn count(&self, to: Destination, outcome: TransferOutcome) {
        if let Some((_, counter)) = self.0.iter().find(|(key, _)| *key == (to, outcome)) {
            counter.inc();
        }
    }
}
