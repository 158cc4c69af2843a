//! What becomes of a consultation: answered, refused, over; and who has the caller then.

use super::{CONSULTING, Consult, ConsultStage, Other};
use crate::{
    Acd, AgentNo, AgentState, CallId, Effects, Fact, OfferId, Order, Refusal, Target, Timestamp,
    call::{CallState, Line},
    effect::AgentCause,
    effect::{CallMove, DropReason, OfferOutcome, PhoneTask, TransferOutcome, TransferRecord},
};

impl Acd {
    /// The one who is asked has answered; false when this is no such leg.
    pub(crate) fn answered_consult(&mut self, leg: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some((Other { agent, since: None, .. }, asks, by)) = self.consulted(leg) else { return false };
        self.set_consult_stage(leg.call, ConsultStage::Talking { leg, agent, since: now });
        if let Some(agent) = agent
            && let Some(AgentState::Reserved { queue, ready_since, then, .. }) =
                self.agents.get(agent.index()).map(|agent| agent.state.clone())
        {
            let talking = AgentState::Talking { offer: leg, queue, ready_since, then };
            self.move_agent(agent, talking, AgentCause::System, now, effects);
            self.tell_consulting(leg.call, agent, true, effects);
        }
        effects.orders.push(Order::ConnectConsult { offer: leg, by });
        self.tell_consulting(leg.call, asks, true, effects);
        true
    }
    /// Her phone, or the number outside, will not be had; false when this is no such leg that rings.
    pub(crate) fn refused_consult(
        &mut self,
        leg: OfferId,
        (refusal, status): (Refusal, u16),
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some((other @ Other { since: None, .. }, ..)) = self.consulted(leg) else { return false };
        let outcome = match refusal {
            Refusal::Rejected => OfferOutcome::Rejected,
            Refusal::Failed => OfferOutcome::Failed,
        };
        self.unanswered(other, (outcome, Some(status)), now, effects);
        true
    }
    /// Nobody answered in time; false when this is no such leg that rings.
    pub(crate) fn rung_out_consult(&mut self, leg: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some((other @ Other { since: None, .. }, ..)) = self.consulted(leg) else { return false };
        effects.orders.push(Order::DropPhone { offer: leg, why: DropReason::RungOut });
        self.unanswered(other, (OfferOutcome::NoAnswer, None), now, effects);
        true
    }
    /// She who is asked declines at her desk; false when nobody asks her.
    pub(crate) fn declined_consult(
        &mut self,
        agent: AgentNo,
        id: CallId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some(other @ Other { since: None, .. }) = self.asked(agent, id) else { return false };
        effects.orders.push(Order::DropPhone { offer: other.leg, why: DropReason::Declined });
        self.unanswered(other, (OfferOutcome::Rejected, None), now, effects);
        true
    }
    /// She who is asked hangs up at her desk; false when nobody asks her.
    pub(crate) fn left_consult(
        &mut self,
        agent: AgentNo,
        id: CallId,
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some(Other { leg, since: Some(_), .. }) = self.asked(agent, id) else { return false };
        effects.orders.push(Order::DropPhone { offer: leg, why: DropReason::AgentHungUp });
        self.hung_up_consult(leg, now, effects)
    }
    /// The one who is asked has hung up; false when this is no such leg.
    pub(crate) fn hung_up_consult(&mut self, leg: OfferId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some((Other { since: Some(_), .. }, ..)) = self.consulted(leg) else { return false };
        self.end_consult(leg.call, (TransferOutcome::Returned, None), now, effects);
        self.go_back(leg.call, effects);
        true
    }
    /// The two phones could not be joined; false when this is no such leg.
    pub(crate) fn not_joined_consult(
        &mut self,
        leg: OfferId,
        status: u16,
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some((Other { since: Some(_), .. }, asks, _)) = self.consulted(leg) else { return false };
        self.end_consult(leg.call, (TransferOutcome::Failed, Some(status)), now, effects);
        let what = PhoneTask::Consult;
        effects.orders.push(Order::AskedInVain { call: leg.call, agent: asks, what, status });
        self.go_back(leg.call, effects);
        true
    }
    /// The one who was asked did not take it: set aside as after any call not taken; she who asked has her caller back.
    fn unanswered(
        &mut self,
        other: Other,
        (outcome, status): (OfferOutcome, Option<u16>),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let id = other.leg.call;
        let Some(call) = self.calls.get(&id) else { return };
        let (Some(asks), Some(queue)) = (call.state.agent(), call.consult.as_ref().map(|it| it.queue)) else {
            return;
        };
        self.record_consult(id, (outcome.into(), status), now, effects);
        if let Some(agent) = other.agent {
            effects.orders.push(Order::WithdrawOffer { offer: other.leg, agent, cause: outcome });
            self.set_aside(agent, queue, outcome, now, effects);
        }
        let status = status.unwrap_or(if outcome == OfferOutcome::NoAnswer { 408 } else { 603 });
        let what = PhoneTask::Consult;
        effects.orders.push(Order::AskedInVain { call: id, agent: asks, what, status });
        self.go_back(id, effects);
    }
    /// What she asks for at her desk while she consults: her caller. False when she does not.
    pub(crate) fn taken_back(&mut self, id: CallId, now: Timestamp, effects: &mut Effects) -> bool {
        if !self.drop_consult(id, TransferOutcome::Returned, now, effects) {
            return false;
        }
        self.go_back(id, effects);
        true
    }
    /// Ends a consultation from our side; false when there is none.
    pub(crate) fn drop_consult(
        &mut self,
        id: CallId,
        outcome: TransferOutcome,
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let Some(other) = self.consult_of(id).and_then(Consult::other) else { return false };
        let why = match outcome {
            TransferOutcome::Abandoned => DropReason::CallerGone,
            TransferOutcome::Completed
            | TransferOutcome::NoAnswer
            | TransferOutcome::Rejected
            | TransferOutcome::Failed
            | TransferOutcome::Returned
            | TransferOutcome::LostRestart => DropReason::ConsultOver,
        };
        effects.orders.push(Order::DropPhone { offer: other.leg, why });
        self.end_consult(id, (outcome, None), now, effects);
        true
    }
    /// The conversation about which she asks is over, or goes another way: so is what she asks.
    pub(crate) fn stop_consulting(
        &mut self,
        id: CallId,
        outcome: TransferOutcome,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        if self.consult_of(id).is_some() && !self.drop_consult(id, outcome, now, effects) {
            self.set_consult(id, None);
        }
    }
    /// It is over, and the one who was asked is free again.
    pub(crate) fn end_consult(
        &mut self,
        id: CallId,
        (outcome, status): (TransferOutcome, Option<u16>),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(other) = self.consult_of(id).and_then(Consult::other) else { return };
        self.record_consult(id, (outcome, status), now, effects);
        let Some(agent) = other.agent else { return };
        if other.since.is_some() {
            let to = CallMove::ConsultOver;
            effects.orders.push(Order::CallMoved { call: id, agent, to });
        } else {
            let cause = OfferOutcome::Withdrawn;
            effects.orders.push(Order::WithdrawOffer { offer: other.leg, agent, cause });
        }
        self.release(agent, now, effects);
    }
    /// Writes down what came of it, and forgets it.
    pub(crate) fn record_consult(
        &mut self,
        id: CallId,
        (outcome, status): (TransferOutcome, Option<u16>),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(call) = self.calls.get(&id) else { return };
        let consult = call.consult.clone().filter(Consult::is_live);
        let other = consult.as_ref().and_then(Consult::other);
        let (Some(consult), Some(by), Some(visit)) = (consult, call.state.agent(), call.visit) else {
            return;
        };
        effects.facts.push(Fact::TransferEnded(TransferRecord {
            call: id,
            visit: call.visits,
            queue: visit.queue,
            by,
            answered: other.and_then(|other| other.since),
            to: consult.to,
            at: consult.since,
            ended: now,
            outcome,
            status,
            consulted: true,
        }));
        if let Some(Other { agent: Some(agent), since: Some(_), .. }) = other {
            self.cut_span(agent, CONSULTING, now, effects);
        }
        self.set_consult(id, None);
    }
    /// She gets her caller back: at once, or when her phone has done what it was asked to do before.
    pub(crate) fn go_back(&mut self, id: CallId, effects: &mut Effects) {
        let Some(call) = self.calls.get(&id) else { return };
        let (CallState::Connected { offer, line, .. }, Some(visit)) = (call.state, call.visit) else {
            return;
        };
        match line {
            Line::Held { .. } => {
                effects.orders.push(Order::Retrieve { offer });
                self.tell_held(id, effects);
            }
            Line::Open => {
                let (to, since) = (Target::Queue { queue: visit.queue }, call.arrived);
                let stage = ConsultStage::Returning;
                self.set_consult(id, Some(Consult { to, queue: visit.queue, since, stage }));
            }
        }
    }
    /// Her phone has held at last, for nothing: true when she is to have her caller back.
    pub(crate) fn held_in_vain(&mut self, id: CallId) -> bool {
        let over = self.consult_of(id).is_some_and(|consult| !consult.is_live());
        if over {
            self.set_consult(id, None);
        }
        over
    }
    /// Nobody could be asked after all.
    pub(crate) fn consult_nobody(&mut self, id: CallId, effects: &mut Effects) {
        self.set_consult(id, None);
        if let Some(agent) = self.calls.get(&id).and_then(|call| call.state.agent()) {
            let (what, status) = (PhoneTask::Consult, 480);
            effects.orders.push(Order::AskedInVain { call: id, agent, what, status });
        }
        self.go_back(id, effects);
    }
}
