//! She puts her caller through to the one she asks.

use super::{CONSULTING, Consult, Other};
use crate::{
    Acd, AgentNo, CallId, Effects, Fact, OfferId, Order, Timestamp, Treatment,
    call::{CallState, Far, Line, Stage, Transfer},
    effect::{CallMove, DropReason, OfferOutcome, TransferOutcome, VisitOutcome},
    end::past_and_present,
};
use std::time::Duration;

impl Acd {
    /// She puts her caller through to the one she asks, who may still be ringing; false when she asks nobody.
    pub(crate) fn put_through(&mut self, id: CallId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some((consult, other)) =
            self.consult_of(id).and_then(|consult| Some((consult.clone(), consult.other()?)))
        else {
            return false;
        };
        let (since, queue, due) = (consult.since, consult.queue, consult.due().unwrap_or(now));
        self.hand_over(id, consult, now, effects);
        let offer = other.leg;
        // To her it is an offer that rang for as long as the question did, and was answered now.
        let rang = other.since.map_or(Duration::ZERO, |answered| answered.since(since));
        let since = match other {
            Other { agent: Some(_), since: Some(_), .. } => now.before(rang),
            Other { .. } => since,
        };
        if let Some(agent) = other.agent {
            self.begin_visit(id, queue, now, effects);
            self.count_offer(id);
            effects.facts.push(Fact::PutThrough { offer, agent, since });
        }
        match (other.agent, other.since) {
            (Some(agent), Some(_)) => self.take_over(offer, agent, since, now, effects),
            (Some(agent), None) => {
                let stage = Stage::Ringing;
                self.set_call_state(id, CallState::Offered { offer, agent, since, due, stage });
            }
            (None, Some(since)) => {
                let stage = Far::Talking;
                self.set_call_state(id, CallState::Outside { offer, since, stage });
                effects.orders.push(Order::PutThrough { offer });
            }
            (None, None) => {
                let stage = Far::Dialling { due };
                self.set_call_state(id, CallState::Outside { offer, since, stage });
            }
        }
        if other.since.is_none() {
            effects.orders.push(Order::Treat { call: id, queue, treatment: Treatment::Music });
        }
        true
    }
    /// Her part ends, as in any transfer.
    fn hand_over(&mut self, id: CallId, consult: Consult, now: Timestamp, effects: &mut Effects) {
        self.end_hold(id, now, effects);
        self.set_consult(id, None);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (CallState::Connected { offer, agent: by, .. }, visits, Some(visit)) =
            (call.state, call.visits, call.visit)
        else {
            return;
        };
        let outcome = VisitOutcome::Transferred((&consult.to).into());
        let (queue, to, since, consulted) = (visit.queue, consult.to, consult.since, true);
        call.transfer = Some(Transfer { by, visit: visits, queue, to, since, consulted });
        call.past = past_and_present(call, now);
        self.remember_agent(id, by, now);
        self.end_visit(id, outcome, now, effects);
        effects.orders.push(Order::CallMoved { call: id, agent: by, to: CallMove::Transferred });
        effects.orders.push(Order::DropPhone { offer, why: DropReason::Transferred });
        self.wrap_up(by, (id, visits, visit.queue), now, effects);
        let pause = self.rules.queue(visit.queue).map_or_else(Default::default, |rule| rule.plan.rona_pause);
        self.exclude(id, by, now + pause);
        self.set_call_state(id, CallState::Arrived);
        if let Some(call) = self.calls.get_mut(&id) {
            (call.visit, call.treated) = (None, true);
        }
    }
    /// The agent who was asked has the caller.
    fn take_over(
        &mut self,
        offer: OfferId,
        agent: AgentNo,
        offered: Timestamp,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let (id, outcome) = (offer.call, OfferOutcome::Accepted);
        let Some(queue) = self.calls.get(&id).and_then(|call| call.visit).map(|visit| visit.queue) else {
            return;
        };
        self.cut_span(agent, CONSULTING, now, effects);
        self.count_answer(agent, true);
        let (held, line) = (Duration::ZERO, Line::Open);
        self.set_call_state(id, CallState::Connected { offer, agent, offered, since: now, held, line });
        effects.facts.push(Fact::OfferEnded { offer, agent, queue, outcome });
        self.end_transfer(id, TransferOutcome::Completed, None, now, effects);
        effects.facts.push(Fact::Answered { call: id, queue, agent, waited: Duration::ZERO });
        effects.orders.push(Order::PutThrough { offer });
        effects.orders.push(Order::CallMoved { call: id, agent, to: CallMove::Connected });
    }
    fn count_offer(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.offers += 1;
        }
    }
}
