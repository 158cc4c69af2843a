//! Carrying out decisions: the same code live, in recovery and in replay.

use crate::{
    Acd, AgentNo, AgentState, CallId, Decision, Effects, Fact, NotReadyReason, OfferId, Order, QueueNo,
    RefuseReason, Timestamp,
    agent::Next,
    call::{Call, CallState, Ring, Stage, Visit},
    deadlines::Owner,
    effect::{AgentCause, DropReason, EndReason, FlowOut, OfferOutcome, VisitOutcome},
    limits::flow_out,
    plan::Answer,
};

/// How an offer came to nothing.
#[derive(Clone, Copy, Debug)]
pub struct Failed {
    /// SIP status of the phone's refusal.
    pub status: Option<u16>,
    /// Whether its phone still rings, and why it is to stop.
    pub drop_phone: Option<DropReason>,
}

impl Acd {
    pub(crate) fn carry(&mut self, decision: &Decision, now: Timestamp, effects: &mut Effects) {
        match decision {
            Decision::Enqueue { call, queue, priority } => {
                self.enqueue(*call, *queue, *priority, now, effects)
            }
            Decision::Offer { offer, agent } => self.make_offer(*offer, *agent, now, effects),
            Decision::OfferTo { offer, agent, queue } => self.offer_to(*offer, *agent, *queue, now, effects),
            Decision::CallOut { offer, rule } => self.call_out(*offer, rule, now, effects),
            Decision::Consult { offer, agent } => self.consult_agent(*offer, *agent, now, effects),
            Decision::ConsultOutside { offer, rule } => self.consult_outside(*offer, rule, now, effects),
            Decision::ConsultNobody { call } => self.consult_nobody(*call, effects),
            Decision::Ring { offer } => self.stop_waiting_for_card(*offer, effects),
            Decision::RingOut { offer } => self.ring_out(*offer, now, effects),
            Decision::Overflow { call, to } => self.flow_on(*call, *to, FlowOut::Overflow, now, effects),
            Decision::Divert { call, to, why } => self.flow_on(*call, *to, flow_out(*why), now, effects),
            Decision::Refuse { call, reason } => self.refuse(*call, *reason, now, effects),
            Decision::EndWrapUp { agent } => self.end_wrap_up(*agent, None, AgentCause::System, now, effects),
            Decision::EndPause { agent } => self.end_pause(*agent, now, effects),
            Decision::SignOut { agent } => self.sign_out(*agent, now, effects),
            Decision::Relax { call, step } => self.relax(*call, *step),
            Decision::EndPreference { call } => self.prefer_nobody(*call),
            Decision::EndRest { agent } => self.end_rest(*agent),
            Decision::Postpone { call, until } => {
                self.set_call_state(*call, CallState::Later { until: *until });
            }
            Decision::TakePlace { call, request, queue, priority } => {
                self.take_place((*call, *request), *queue, *priority, now, effects);
            }
            Decision::EndExclusion { call, agent } => self.end_exclusion(*call, *agent),
            Decision::Spread { call, phones } => self.spread(*call, *phones),
        }
    }

    fn enqueue(&mut self, id: CallId, queue: QueueNo, priority: u8, now: Timestamp, effects: &mut Effects) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.priority = priority;
        self.give_place_back(id, queue, now);
        self.queue_reached(id, now, effects);
        self.begin_visit(id, queue, now, effects);
    }

    pub(crate) fn begin_visit(&mut self, id: CallId, queue: QueueNo, now: Timestamp, effects: &mut Effects) {
        let from = self.counts_from(id, now);
        self.begin_visit_from(id, queue, from, now, effects);
        self.look_at_limits(id, queue);
    }

    /// Begins a visit whose waiting counts for steps from an earlier time on, if one is given.
    pub(crate) fn begin_visit_from(
        &mut self,
        id: CallId,
        queue: QueueNo,
        from: Option<Timestamp>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let rule = self.rules.queue(queue);
        let max_wait = rule.map_or(std::time::Duration::MAX, |rule| rule.plan.max_wait);
        let step = from.zip(rule).map_or(0, |(from, rule)| rule.step_at(now.since(from)));
        let prefers = self.calls.get(&id).and_then(|call| self.preferred(call, (queue, step), now));
        let Some(call) = self.calls.get_mut(&id) else { return };
        let leaves = call.request().map_or(now + max_wait, |request| request.expires);
        call.visits += 1;
        call.visit = Some(Visit { queue, entered: now, leaves, step, prefers, from, phones: None });
        let visit = call.visits;
        effects.facts.push(Fact::QueueEntered { call: id, visit, queue });
        self.set_call_state(id, CallState::Queued);
    }

    pub(crate) fn make_offer(
        &mut self,
        offer: OfferId,
        agent: AgentNo,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(call) = self.calls.get_mut(&offer.call) else { return };
        let Some(visit) = call.visit else { return };
        let Some(AgentState::Ready { since: ready_since }) =
            self.agents.get(agent.index()).map(|agent| agent.state.clone())
        else {
            return;
        };
        call.offers += 1;
        call.attempts = offer.attempt;
        let (stage, due, expires) = self.first_stage(agent, visit.queue, now);
        self.put_ring(Ring { offer, agent, since: now, due, stage });
        let reserved = AgentState::Reserved { offer, queue: visit.queue, ready_since, then: Next::default() };
        self.move_agent(agent, reserved, AgentCause::System, now, effects);
        if let Some(agent) = self.agents.get_mut(agent.index())
            && !bug!(OnlyAnsweredOffersTakeATurn)
        {
            agent.offered = now;
        }
        if self.has_desk(agent) {
            effects.orders.extend(self.offer_call(offer, agent, now, expires));
        }
        if stage == Stage::Ringing {
            effects.orders.push(ring(offer, agent, visit.queue, false));
        }
    }

    /// The offer made at `since`, for her desk.
    pub(crate) fn offer_call(
        &self,
        offer: OfferId,
        agent: AgentNo,
        since: Timestamp,
        expires: Timestamp,
    ) -> Option<Order> {
        let call = self.calls.get(&offer.call)?;
        let (waited, priority) = (call.waited(since), call.priority);
        let (queue, answer) = (call.visit?.queue, self.answers_at(agent));
        let given_by = call.past.agent;
        let (consult, callback) = (false, call.is_request());
        Some(Order::OfferCall {
            offer,
            agent,
            queue,
            waited,
            expires,
            priority,
            answer,
            given_by,
            consult,
            callback,
        })
    }

    /// What the offer awaits first, until when, and when it is taken away.
    fn first_stage(&self, agent: AgentNo, queue: QueueNo, now: Timestamp) -> (Stage, Timestamp, Timestamp) {
        let (ring, budget) = self
            .rules
            .queue(queue)
            .map_or_else(Default::default, |rule| (rule.plan.ring, rule.plan.pop_budget));
        let expires = now + ring;
        match self.answers_at(agent) {
            Answer::Desk if self.has_desk(agent) => (Stage::Desk, expires, expires),
            Answer::Phone if self.has_desk(agent) && !budget.is_zero() => {
                (Stage::Card { expires }, (now + budget).min(expires), expires)
            }
            Answer::Phone | Answer::Desk => (Stage::Ringing, expires, expires),
        }
    }

    /// The card is shown, or has been waited for long enough: the phone rings.
    pub(crate) fn stop_waiting_for_card(&mut self, offer: OfferId, effects: &mut Effects) {
        let visit = self.calls.get(&offer.call).and_then(|call| call.visit);
        let (Some(waiting), Some(visit)) = (self.ring_of(offer), visit) else { return };
        let Stage::Card { expires } = waiting.stage else { return };
        self.put_ring(Ring { due: expires, stage: Stage::Ringing, ..waiting });
        effects.orders.push(ring(offer, waiting.agent, visit.queue, false));
    }

    fn ring_out(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        if self.rung_out_outside(offer, now, effects)
            || self.rung_out_consult(offer, now, effects)
            || self.customer_rang_out(offer, now, effects)
        {
            return;
        }
        let Some(Ring { stage, .. }) = self.ring_of(offer) else { return };
        let outcome = match stage {
            Stage::AutoAnswer => OfferOutcome::Failed,
            Stage::Card { .. } | Stage::Ringing | Stage::Desk => OfferOutcome::NoAnswer,
        };
        let failed = Failed { status: None, drop_phone: Some(DropReason::RungOut) };
        self.fail_offer(offer, outcome, failed, now, effects);
    }

    /// An offer came to nothing though the caller is still there: the agent is set aside, the caller keeps the place.
    pub(crate) fn fail_offer(
        &mut self,
        offer: OfferId,
        outcome: OfferOutcome,
        failed: Failed,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some((agent, queue)) = self.end_offer(offer, outcome, failed, now, effects) else { return };
        let pause = self.rules.queue(queue).map_or_else(Default::default, |rule| rule.plan.rona_pause);
        self.exclude(offer.call, agent, now + pause);
        self.set_aside(agent, queue, outcome, now, effects);
        if bug!(PlaceLostWhenOfferFails) {
            self.change_call(offer.call, |call| call.place = Some(now));
        }
        self.take_ring(offer);
    }
    /// Says everywhere that an offer, and the transfer it was for, came to nothing; to whom it was made, in which queue.
    pub(crate) fn end_offer(
        &mut self,
        offer: OfferId,
        outcome: OfferOutcome,
        Failed { status, drop_phone }: Failed,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Option<(AgentNo, QueueNo)> {
        let call = self.calls.get(&offer.call)?;
        let (ring, queue) = (call.ring_of(offer)?, call.visit?.queue);
        let agent = ring.agent;
        effects.facts.push(Fact::OfferEnded { offer, agent, queue, outcome });
        self.end_transfer(offer.call, outcome.into(), status, now, effects);
        if let (Some(why), true) = (drop_phone, ring.is_at_phone()) {
            effects.orders.push(Order::DropPhone { offer, why });
        }
        effects.orders.push(Order::WithdrawOffer { offer, agent, cause: outcome });
        Some((agent, queue))
    }
    /// She did not take what was offered her for this queue: no calls for a while, or until she says so.
    pub(crate) fn set_aside(
        &mut self,
        agent: AgentNo,
        queue: QueueNo,
        outcome: OfferOutcome,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let pause = self.rules.queue(queue).map_or_else(Default::default, |rule| rule.plan.rona_pause);
        let until = (!self.needs_desk(agent)).then_some(now + pause);
        let then = self.next_of(agent);
        self.settle_after_failure(agent, then, reason_for(outcome), until, now, effects);
    }

    pub(crate) fn next_of(&self, agent: AgentNo) -> Next {
        match self.agents.get(agent.index()).map(|agent| &agent.state) {
            Some(
                AgentState::Reserved { then, .. }
                | AgentState::Talking { then, .. }
                | AgentState::WrapUp { then, .. },
            ) => then.clone(),
            Some(AgentState::LoggedOut | AgentState::NotReady { .. } | AgentState::Ready { .. }) | None => {
                Next::Ready
            }
        }
    }

    pub(crate) fn exclude(&mut self, id: CallId, agent: AgentNo, until: Timestamp) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let before = call.excluded.iter().find(|(excluded, _)| *excluded == agent).map(|&(_, until)| until);
        call.excluded.retain(|(excluded, _)| *excluded != agent);
        call.excluded.push((agent, until));
        if !bug!(ExclusionForgotten) {
            self.index.exclude(id, agent);
        }
        self.deadlines.change(Owner::Exclusion(id, agent), before, Some(until));
        self.prefer_no_more_in_vain(id);
    }

    fn end_exclusion(&mut self, id: CallId, agent: AgentNo) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let until = call.excluded.iter().find(|(excluded, _)| *excluded == agent).map(|&(_, until)| until);
        call.excluded.retain(|(excluded, _)| *excluded != agent);
        self.deadlines.change(Owner::Exclusion(id, agent), until, None);
        self.index.include(id, agent);
        if self.rules.wants_agent(call) {
            let rank = self.rules.rank(call);
            self.open.calls.insert(rank);
        }
    }

    fn refuse(&mut self, id: CallId, reason: RefuseReason, now: Timestamp, effects: &mut Effects) {
        let outcome = VisitOutcome::FlowOut(flow_out(reason));
        if self.calls.get(&id).is_some_and(Call::is_request) {
            return self.end_request(id, outcome, now, effects); // nobody is there to be told
        }
        if matches!(reason, RefuseReason::Full | RefuseReason::Unstaffed) {
            self.return_place(id, now);
        }
        self.end_visit(id, outcome, now, effects);
        effects.orders.push(Order::EndCaller { call: id, why: EndReason::Refused(reason) });
        self.end_call(id, outcome, now, effects);
    }

    fn end_pause(&mut self, agent: AgentNo, now: Timestamp, effects: &mut Effects) {
        let to = self.ready_if_reachable(agent, now);
        self.move_agent(agent, to, AgentCause::System, now, effects);
    }

    pub(crate) fn end_wrap_up(
        &mut self,
        no: AgentNo,
        disposition: Option<&str>,
        cause: AgentCause,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(agent) = self.agents.get(no.index()) else { return };
        let AgentState::WrapUp { call, visit, queue, then, unreached, .. } = agent.state.clone() else {
            return;
        };
        if unreached {
            return self.settle(no, then, now, cause, now, effects);
        }
        let (wrap_up, disposition) = (now.since(agent.since), disposition.map(str::to_owned));
        let took = if bug!(PaceOfWrapUpForgotten) { agent.talked } else { agent.talked + wrap_up };
        self.took(no, queue, took);
        effects.facts.push(Fact::WrappedUp { call, visit, queue, agent: no, wrap_up, disposition });
        self.settle(no, then, now, cause, now, effects);
    }
}

/// Rings an agent's phone for a caller.
pub const fn ring(offer: OfferId, agent: AgentNo, queue: QueueNo, auto_answer: bool) -> Order {
    Order::RingPhone { offer, agent, queue, auto_answer, by: None }
}

const fn reason_for(outcome: OfferOutcome) -> NotReadyReason {
    match outcome {
        OfferOutcome::NoAnswer => NotReadyReason::Rona,
        OfferOutcome::Rejected => NotReadyReason::Rejected,
        OfferOutcome::Restart => NotReadyReason::Restart,
        OfferOutcome::Failed
        | OfferOutcome::Accepted
        | OfferOutcome::Withdrawn
        | OfferOutcome::NotReached => NotReadyReason::PhoneFailed,
    }
}
