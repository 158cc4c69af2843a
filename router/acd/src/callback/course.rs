//! An agent's phone has answered a request: the customer is called, and comes, or does not.

use super::{DIALLING, RING};
use crate::{
    Acd, AgentNo, AgentState, CallId, Effects, Fact, OfferId, Order, QueueNo, Timestamp,
    agent::Next,
    call::{CallState, Line},
    effect::{AgentCause, CallMove, DropReason, FlowOut, OfferOutcome, VisitOutcome},
};
use std::time::Duration;

impl Acd {
    /// Her phone has answered an offer; false when there is a caller already, or no such offer.
    pub(crate) fn dial(
        &mut self,
        offer: OfferId,
        (agent, offered): (AgentNo, Timestamp),
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some(queue) = self.calls.get(&offer.call).and_then(|call| Some(call.request()?.queue)) else {
            return false;
        };
        let ring = self.callback_plan(queue).map_or(RING, |plan| plan.ring);
        let Some(call) = self.calls.get_mut(&offer.call) else { return false };
        call.attempts += 1;
        let leg = call.attempts;
        if let Some(request) = call.callback.as_deref_mut() {
            request.attempts += 1;
        }
        let due = now + ring;
        self.withdraw_others(offer, now, effects);
        self.set_call_state(
            offer.call,
            CallState::Dialling { offer, agent, offered, answered: now, leg, due },
        );
        if let Some(AgentState::Reserved { queue, ready_since, then, .. }) =
            self.agents.get(agent.index()).map(|agent| agent.state.clone())
        {
            let talking = AgentState::Talking { offer, queue, ready_since, then };
            self.move_agent(agent, talking, AgentCause::System, now, effects);
        }
        let customer = OfferId { attempt: leg, ..offer };
        effects.orders.push(Order::CallBack { offer: customer, by: offer, queue });
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::Dialling });
        true
    }
    /// The attempt that an offer belongs to: of the agent's phone, or of the customer's leg.
    fn dialling(&self, offer: OfferId) -> Option<(OfferId, AgentNo, u32)> {
        match self.calls.get(&offer.call)?.state {
            CallState::Dialling { offer: hers, agent, leg, .. } => {
                (offer == hers || offer.attempt == leg).then_some((hers, agent, leg))
            }
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Connected { .. }
            | CallState::Outside { .. } => None,
        }
    }
    /// The attempt whose customer's leg this is.
    fn called(&self, leg: OfferId) -> Option<(OfferId, AgentNo, u32)> {
        self.dialling(leg).filter(|(hers, ..)| *hers != leg)
    }
    /// The customer has answered; false when this is no such leg.
    pub(crate) fn customer_answered(&mut self, leg: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some((offer, agent, _)) = self.called(leg) else { return false };
        let Some(call) = self.calls.get(&offer.call) else { return false };
        let (CallState::Dialling { offered, answered, .. }, Some(visit)) = (call.state, call.visit) else {
            return false;
        };
        self.forget_standing(offer.call);
        if let Some(callback) = self.calls.get_mut(&offer.call).and_then(|call| call.callback.as_deref_mut())
        {
            callback.reached = true;
        }
        // What rang was her phone; the customer's rang while she waited.
        let offered = now.before(answered.since(offered));
        let (held, line) = (Duration::ZERO, Line::Open);
        let connected = CallState::Connected { offer, agent, offered, since: now, held, line };
        self.set_call_state(offer.call, connected);
        self.cut_span(agent, DIALLING, now, effects);
        let (queue, outcome) = (visit.queue, OfferOutcome::Accepted);
        effects.facts.push(Fact::OfferEnded { offer, agent, queue, outcome });
        let waited = now.since(visit.entered);
        effects.facts.push(Fact::Answered { call: offer.call, queue, agent, waited });
        self.count_answer(agent, true);
        effects.orders.push(Order::JoinCustomer { offer, leg });
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::Connected });
        true
    }
    /// The customer's phone refused or cannot be had; false when this is no such leg.
    pub(crate) fn customer_refused(&mut self, leg: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(attempt) = self.called(leg) else { return false };
        self.not_reached(attempt, DropReason::NotReached, now, effects);
        true
    }
    /// The customer's phone has rung long enough; false when this is no such leg.
    pub(crate) fn customer_rang_out(&mut self, leg: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(attempt) = self.called(leg) else { return false };
        self.not_reached(attempt, DropReason::RungOut, now, effects);
        true
    }
    /// The agent has left, or could not be joined, while the customer's phone rang; false when it did not.
    pub(crate) fn left_dialling(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(attempt) = self.dialling(offer) else { return false };
        self.not_reached(attempt, DropReason::NotReached, now, effects);
        true
    }
    /// The attempt is over: she wraps up, and the request waits for its next time, if it has one.
    fn not_reached(
        &mut self,
        attempt: (OfferId, AgentNo, u32),
        why: DropReason,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let (id, agent) = (attempt.0.call, attempt.1);
        self.end_dialling(attempt, OfferOutcome::NotReached, why, effects);
        effects.orders.push(Order::CallMoved { call: id, agent, to: CallMove::NotReached });
        self.end_visit(id, VisitOutcome::FlowOut(FlowOut::NotReached), now, effects);
        let visit = self.calls.get(&id).and_then(|call| Some((id, call.visits, call.visit?.queue)));
        self.cut_span(agent, DIALLING, now, effects);
        if let Some(visit) = visit {
            self.wrap_up_unreached(agent, visit, now, effects);
        }
        self.out_of_line(id, now);
    }
    /// A request leaves its visit, and what becomes of it is decided next.
    fn out_of_line(&mut self, id: CallId, now: Timestamp) {
        self.set_call_state(id, CallState::Arrived);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.visit = None;
        if let Some(request) = call.callback.as_deref_mut() {
            request.missed = Some(now);
        }
        self.open.arrived.push(id);
    }
    /// Her after-call work, which belongs to no conversation and is on record as her time alone.
    fn wrap_up_unreached(
        &mut self,
        agent: AgentNo,
        (call, visit, queue): (CallId, u32, QueueNo),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let wrap_up = self.rules.queue(queue).map_or_else(Default::default, |rule| rule.plan.wrap_up);
        let then: Next = self.next_of(agent);
        if wrap_up.is_zero() {
            return self.settle(agent, then, now, AgentCause::System, now, effects);
        }
        let (ends, latest) = (now + wrap_up, self.latest_end(queue, now));
        let to = AgentState::WrapUp { call, visit, queue, ends, latest, then, unreached: true };
        self.move_agent(agent, to, AgentCause::System, now, effects);
    }
    /// The process started again while the customer's phone rang: the request stands where it stood, and this attempt
    /// does not count. To whom it was made, in which queue.
    pub(crate) fn take_back_dialling(
        &mut self,
        offer: OfferId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Option<(AgentNo, QueueNo)> {
        let attempt = self.dialling(offer)?;
        let (offer, agent, _) = attempt;
        let queue = self.calls.get(&offer.call)?.visit?.queue;
        self.end_dialling(attempt, OfferOutcome::Restart, DropReason::Stale, effects);
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::NotReached });
        self.cut_span(agent, DIALLING, now, effects);
        if let Some(request) = self.calls.get_mut(&offer.call)?.callback.as_deref_mut()
            && !bug!(RestartCountsAsAttempt)
        {
            request.attempts = request.attempts.saturating_sub(1);
        }
        Some((agent, queue))
    }
    /// A caller is there, or the request is over.
    pub(crate) fn forget_standing(&mut self, id: CallId) {
        let whose = self.calls.get(&id).and_then(crate::Call::standing);
        if let Some(whose) = whose.filter(|whose| self.standing.get(whose) == Some(&id)) {
            self.standing.remove(&whose);
        }
    }
}
