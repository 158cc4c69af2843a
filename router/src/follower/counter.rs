//! Counts live facts into the metrics.

use super::ms;
use crate::metrics::{Metrics, QueueMetrics};
use acd::{Directory, Fact, FlowOut, Plan, QueueNo, VisitOutcome};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The handles of every queue, and the thresholds in force.
pub(super) struct Counter {
    metrics: Arc<Metrics>,
    queues: BTreeMap<QueueNo, (QueueMetrics, Duration)>,
}

impl Counter {
    pub(super) const fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, queues: BTreeMap::new() }
    }
    /// Shows the series of every queue of the plan, and keeps its threshold.
    pub(super) fn learn(&mut self, plan: &Plan, directory: &Directory) {
        for queue in &plan.queues {
            let Some(no) = directory.queue_no(&queue.name) else { continue };
            self.metrics.ewt.learn(&queue.name);
            let entry = self.queues.entry(no);
            let (_, within) = entry.or_insert_with(|| (self.metrics.queue(&queue.name), Duration::ZERO));
            *within = queue.answer_within;
        }
    }
    /// Counts one fact.
    pub(super) fn count(&self, fact: &Fact) {
        match fact {
            Fact::QueueEntered { queue, .. } => self.with(*queue, |metrics, _| metrics.offered()),
            Fact::OfferEnded { queue, outcome, .. } => {
                self.with(*queue, |metrics, _| metrics.offer(*outcome))
            }
            Fact::AnswerUndone { queue, .. } => self.with(*queue, |metrics, _| metrics.answer_undone()),
            Fact::Answered { queue, waited, .. } => {
                self.with(*queue, |metrics, within| metrics.answered(ms(*waited), ms(*waited) <= ms(within)));
            }
            Fact::QueueLeft(visit) if visit.outcome.is_handled() => {
                self.with(visit.queue, |metrics, _| metrics.talked(visit.talk()));
            }
            // A call that a restart cut off was counted when it was answered.
            Fact::QueueLeft(visit) if visit.answered.is_some() => {}
            Fact::QueueLeft(visit) => {
                let wait = ms(visit.wait());
                self.with(visit.queue, |metrics, within| {
                    metrics.left(visit.outcome, wait, wait <= ms(within))
                });
            }
            Fact::WrappedUp { queue, wrap_up, .. } => {
                self.with(*queue, |metrics, _| metrics.wrapped_up(*wrap_up));
            }
            Fact::TransferEnded(transfer) => {
                let (to, outcome) = ((&transfer.to).into(), transfer.outcome);
                self.with(transfer.queue, |metrics, _| metrics.transfers.count(to, outcome));
            }
            Fact::HoldEnded { queue, hold, .. } => self.with(*queue, |metrics, _| metrics.held(*hold)),
            Fact::CallEnded(call) if call.outcome == VisitOutcome::FlowOut(FlowOut::Closed) => {
                self.metrics.hours.closed.inc();
            }
            Fact::Held { .. } | Fact::PutThrough { .. } | Fact::CallEnded(_) | Fact::AgentSpan(_) => {}
        }
    }
    fn with(&self, queue: QueueNo, count: impl FnOnce(&QueueMetrics, Duration)) {
        if let Some((metrics, within)) = self.queues.get(&queue) {
            count(metrics, *within);
        }
    }
}
