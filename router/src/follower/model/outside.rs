//! Callers given away: their rows, and those who are with a number outside.

use super::Model;
use crate::{
    follower::CallView,
    records::{Name, TransferRow},
};
use acd::{
    CallId, Destination, QueueNo, Target, Timestamp, TransferRecord, VisitOutcome, effect::VisitRecord,
};
use serde::{Deserialize, Serialize};

/// A call that left its queue for a number outside.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct OutsideNow {
    visit: u32,
    queue: QueueNo,
    since: Timestamp,
    answered: Option<Timestamp>,
}

impl Model {
    /// A visit ended; perhaps because its caller is put through to a number outside.
    pub(super) fn gone_outside(&mut self, visit: &VisitRecord) {
        if visit.outcome == VisitOutcome::Transferred(Destination::Outside) {
            let VisitRecord { visit: number, queue, left, .. } = *visit;
            let now = OutsideNow { visit: number, queue, since: left, answered: None };
            self.outside.insert(visit.call, now);
        }
    }
    /// Caller and outside are joined, if the call is one of those.
    pub(super) fn answered_outside(&mut self, call: CallId, at: Timestamp) {
        if let Some(outside) = self.outside.get_mut(&call) {
            outside.answered.get_or_insert(at); // joined anew after a restart
        }
    }
    pub(super) fn transfer_ended(&mut self, transfer: &TransferRecord) {
        self.outside.remove(&transfer.call);
        let to = match &transfer.to {
            Target::Queue { queue } => self.queue(*queue),
            Target::Agent { agent } => self.agent(*agent),
            Target::Outside { rule } => Name::from(rule.as_str()),
        };
        let row = TransferRow {
            call: transfer.call,
            visit: transfer.visit,
            queue: self.queue(transfer.queue),
            agent: self.agent(transfer.by),
            kind: Name::from(transfer.to.kind()),
            to,
            at: transfer.at,
            answered: transfer.answered,
            ended: transfer.ended,
            outcome: Name::from(transfer.outcome.as_str()),
            status: transfer.status,
            consulted: transfer.consulted,
        };
        if let Some(rows) = self.rows() {
            rows.transfers.push(row);
        }
    }
    /// Calls in queues and conversations, and those with a number outside, oldest first.
    pub(super) fn call_views(&self) -> Vec<CallView> {
        let inside = self.visits.iter().map(|(call, visit)| self.call_view(*call, visit));
        let outside = self.outside.iter().map(|(call, outside)| CallView {
            call: *call,
            visit: outside.visit,
            queue: self.queue(outside.queue),
            state: "outside",
            entered: outside.since,
            answered: outside.answered,
            agent: None,
        });
        let mut views: Vec<CallView> = inside.chain(outside).collect();
        views.sort_by_key(|view| view.call);
        views
    }
}
