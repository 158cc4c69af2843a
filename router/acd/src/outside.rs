//! A caller put through to a number outside: it is called, joined to the caller, and is there until one hangs up.
//!
//! ```text
//! Dialling ── 2xx ──▶ Talking ── either hangs up ──▶ (ended: transferred)
//!    └ refused, rung out, not joined ──▶ Queued, in the queue the call came from
//! ```

use crate::{
    Acd, Destination, Effects, OfferId, Order, Refusal, Timestamp,
    call::{CallState, Far},
    effect::{DropReason, EndReason, TransferOutcome, VisitOutcome},
};

const OUTSIDE: VisitOutcome = VisitOutcome::Transferred(Destination::Outside);

impl Acd {
    pub(crate) fn call_out(&mut self, offer: OfferId, rule: &str, now: Timestamp, effects: &mut Effects) {
        let ring = self.plan.outside.iter().find(|plan| plan.name == rule).map(|plan| plan.ring);
        let Some(call) = self.calls.get_mut(&offer.call) else { return };
        call.attempts = offer.attempt;
        let due = now + ring.unwrap_or_default();
        self.set_call_state(
            offer.call,
            CallState::Outside { offer, since: now, stage: Far::Dialling { due } },
        );
        effects.orders.push(Order::CallOut { offer, rule: rule.to_owned(), by: None });
    }
    fn outside_stage(&self, offer: OfferId) -> Option<Far> {
        match self.calls.get(&offer.call)?.state {
            CallState::Outside { offer: current, stage, .. } => (current == offer).then_some(stage),
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Dialling { .. }
            | CallState::Connected { .. } => None,
        }
    }

    /// The number has answered; false when this is no leg to the outside.
    pub(crate) fn answered_outside(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(Far::Dialling { .. }) = self.outside_stage(offer) else { return false };
        self.set_call_state(offer.call, CallState::Outside { offer, since: now, stage: Far::Talking });
        effects.orders.push(Order::Connect { offer });
        true
    }
    /// The number cannot be had; false when this is no leg to the outside that still rings.
    pub(crate) fn refused_outside(
        &mut self,
        offer: OfferId,
        (refusal, status): (Refusal, u16),
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some(Far::Dialling { .. }) = self.outside_stage(offer) else { return false };
        let outcome = match refusal {
            Refusal::Rejected => TransferOutcome::Rejected,
            Refusal::Failed => TransferOutcome::Failed,
        };
        self.back_from_outside(offer, outcome, Some(status), now, effects);
        true
    }
    /// Nobody answered in time; false when this is no leg to the outside.
    pub(crate) fn rung_out_outside(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(Far::Dialling { .. }) = self.outside_stage(offer) else { return false };
        effects.orders.push(Order::DropPhone { offer, why: DropReason::RungOut });
        self.back_from_outside(offer, TransferOutcome::NoAnswer, None, now, effects);
        true
    }
    /// Caller and outside could not be joined, and the leg is gone; false when this is no leg to the outside.
    pub(crate) fn not_joined_outside(
        &mut self,
        offer: OfferId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some(Far::Talking) = self.outside_stage(offer) else { return false };
        self.back_from_outside(offer, TransferOutcome::Failed, None, now, effects);
        true
    }
    pub(crate) fn back_from_outside(
        &mut self,
        offer: OfferId,
        outcome: TransferOutcome,
        status: Option<u16>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let transfer = self.calls.get(&offer.call).and_then(|call| call.transfer.as_ref());
        let Some(queue) = transfer.map(|transfer| transfer.queue) else { return };
        self.end_transfer(offer.call, outcome, status, now, effects);
        self.begin_visit(offer.call, queue, now, effects);
    }
    /// The outside has put the caller on hold: nobody's time, but the caller hears music.
    pub(crate) fn held_outside(&self, offer: OfferId, effects: &mut Effects) {
        let transfer = self.calls.get(&offer.call).and_then(|call| call.transfer.as_ref());
        if let (Some(Far::Talking), Some(transfer)) = (self.outside_stage(offer), transfer) {
            effects.orders.push(Order::Hold { offer, queue: transfer.queue });
        }
    }
    /// The outside hung up; false when this is no leg to the outside that has answered.
    pub(crate) fn hung_up_outside(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(Far::Talking) = self.outside_stage(offer) else { return false };
        effects.orders.push(Order::EndCaller { call: offer.call, why: EndReason::AgentHungUp });
        self.end_transfer(offer.call, TransferOutcome::Completed, None, now, effects);
        self.end_call(offer.call, OUTSIDE, now, effects);
        true
    }
    /// The caller has gone.
    pub(crate) fn left_outside(&mut self, offer: OfferId, stage: Far, now: Timestamp, effects: &mut Effects) {
        effects.orders.push(Order::DropPhone { offer, why: DropReason::CallerGone });
        let (transfer, call) = match stage {
            Far::Dialling { .. } => (TransferOutcome::Abandoned, VisitOutcome::Abandoned),
            Far::Talking => (TransferOutcome::Completed, OUTSIDE),
        };
        self.end_transfer(offer.call, transfer, None, now, effects);
        self.end_call(offer.call, call, now, effects);
    }
}
