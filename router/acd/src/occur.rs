//! What an event by itself does to the state, before anything is decided on it.

use crate::{
    Acd, AgentNo, AgentState, CallId, Effects, Event, Fact, NotReadyReason, OfferId, Order, Refusal,
    Timestamp, Wish,
    agent::{AUTO_ANSWER, COMEBACK, Comeback, Next},
    call::{Call, CallState, Line, Ring, Stage},
    carry::{Failed, ring},
    consult::Consult,
    effect::{
        AgentCause, CallMove, DropReason, EndReason, EndedBy, FlowOut, OfferOutcome, PhoneTask,
        TransferOutcome, VisitOutcome,
    },
    event::CallerExit,
};
use std::time::Duration;

impl Acd {
    pub(crate) fn occur(&mut self, event: &Event, now: Timestamp, effects: &mut Effects) {
        match event {
            Event::PlanChanged { plan } => self.change_plan(plan, now, effects),
            Event::Restarted => self.restart(now, effects),
            Event::Returned { gone, silent } => self.returned(gone, silent, now, effects),
            // Timers run on a clock of their own; reports cut intervals by wall time, which entries carry.
            Event::ClockStepped { .. } | Event::PlanSigned { .. } | Event::DeadlinePassed => {}
            Event::CallArrived { call, dialled, caller, attributes } => {
                let mut arrived = Call::new(*call, dialled.clone(), *caller, now);
                arrived.attributes.clone_from(attributes);
                self.calls.insert(*call, arrived);
                self.open.arrived.push(*call);
            }
            Event::PriorityChanged { call, priority, .. } => self.priority_changed(*call, *priority),
            Event::WaitingEnded => {
                let waits = |call: &&Call| matches!(call.state, CallState::Queued) && !call.is_request();
                let ranks = self.calls.values().filter(waits).map(|call| self.rules.rank(call));
                self.open.drained.extend(ranks);
            }
            Event::CallbackAsked { call, request } => self.place_kept(*call, *request, now, effects),
            Event::CallbackRequested(asked) => self.requested(asked, now),
            Event::CallbackWithdrawn { call } => {
                self.end_request(*call, VisitOutcome::FlowOut(FlowOut::Withdrawn), now, effects);
            }
            Event::HoursTurned { hours, open } => self.hours_turned(hours, *open),
            Event::CallerLeft { call, how } => self.caller_left(*call, *how, now, effects),
            Event::CardShown { offer } => self.stop_waiting_for_card(*offer, effects),
            Event::PhoneAnswered { offer } => self.phone_answered(*offer, now, effects),
            Event::PhoneRefused { offer, refusal, status } => {
                self.phone_refused(*offer, (*refusal, *status), now, effects);
            }
            Event::PhoneHungUp { offer } => self.phone_hung_up(*offer, now, effects),
            Event::BridgeFailed { offer } => self.bridge_failed(*offer, now, effects),
            Event::CallHeld { offer } => self.call_held(*offer, now, effects),
            Event::CallRetrieved { offer } => self.call_retrieved(*offer, now, effects),
            Event::HoldFailed { offer, status } => self.hold_failed(*offer, *status, now, effects),
            Event::RetrieveFailed { offer, status } => {
                self.asked_in_vain(*offer, PhoneTask::Retrieve, *status, effects);
            }
            Event::DeskSignedIn { agent } => self.desk_signed_in(*agent, now, effects),
            Event::DeskLost { agent } => self.desk_lost(*agent, now, effects),
            Event::PhoneUnreachable { agent } => self.phone_unreachable(*agent, now, effects),
            Event::PhoneReachable { agent } => self.phone_reachable(*agent, now, effects),
            Event::StateAsked { agent, wish } => {
                self.wish_for(*agent, wish, AgentCause::Agent, now, effects);
            }
            Event::StateForced { agent, wish, by } => self.state_forced(*agent, wish, by, now, effects),
            Event::MoreTimeAsked { agent, .. } => self.more_time_asked(*agent, effects),
            Event::OfferAccepted { agent, call } => self.accepted_at_desk(*agent, *call, now, effects),
            Event::OfferDeclined { agent, call } => self.declined_at_desk(*agent, *call, now, effects),
            Event::HangUpAsked { agent, call } => self.hang_up_asked(*agent, *call, now, effects),
            Event::HoldAsked { call, .. } => self.phone_asked(*call, PhoneTask::Hold, effects),
            Event::RetrieveAsked { call, .. } => {
                if !self.taken_back(*call, now, effects) {
                    self.phone_asked(*call, PhoneTask::Retrieve, effects);
                }
            }
            Event::TransferAsked { call, to, .. } => self.transfer_asked(*call, to, now, effects),
            Event::ConsultAsked { call, to, .. } => self.consult_asked(*call, to, now, effects),
            Event::CompleteAsked { call, .. } => _ = self.put_through(*call, now, effects),
            Event::ConsultFailed { offer, status } => {
                _ = self.not_joined_consult(*offer, *status, now, effects)
            }
            Event::ReferAsked { offer, to, attended } => self.referred(*offer, (to, *attended), now, effects),
            Event::WrapUpFinished { agent, disposition, then, .. } => {
                self.wrap_up_finished(*agent, disposition.as_deref(), then.as_ref(), now, effects);
            }
        }
    }

    pub(crate) fn caller_left(&mut self, id: CallId, how: CallerExit, now: Timestamp, effects: &mut Effects) {
        // Of a request the caller is gone: that is what it is for.
        let Some(call) = self.calls.get(&id).filter(|call| !call.is_request()) else { return };
        match call.state {
            CallState::Outside { offer, stage, .. } => self.left_outside(offer, stage, now, effects),
            CallState::Later { .. } | CallState::Dialling { .. } => {} // without a caller
            CallState::Arrived | CallState::Queued => {
                self.remember_place(id, now);
                self.end_visit(id, VisitOutcome::Abandoned, now, effects);
                self.end_call(id, VisitOutcome::Abandoned, now, effects);
            }
            CallState::Offered { .. } => {
                let rings: Vec<Ring> = call.rings().collect();
                self.end_transfer(id, TransferOutcome::Abandoned, None, now, effects);
                for ring in rings {
                    let why = (DropReason::CallerGone, OfferOutcome::Withdrawn);
                    self.withdraw(ring, why, now, effects);
                }
                self.remember_place(id, now);
                self.end_visit(id, VisitOutcome::Abandoned, now, effects);
                self.end_call(id, VisitOutcome::Abandoned, now, effects);
            }
            CallState::Connected { offer, .. } => {
                effects.orders.push(Order::DropPhone { offer, why: DropReason::CallerGone });
                let by = match how {
                    CallerExit::Cancelled | CallerExit::HungUp => EndedBy::Caller,
                    CallerExit::Lost => EndedBy::System,
                };
                self.end_conversation(id, by, now, effects);
            }
        }
    }

    /// An occupied agent is free again through no doing of her own: her idle time goes on.
    pub(crate) fn release(&mut self, agent: AgentNo, now: Timestamp, effects: &mut Effects) {
        let Some(
            AgentState::Reserved { ready_since, then, .. } | AgentState::Talking { ready_since, then, .. },
        ) = self.agents.get(agent.index()).map(|agent| agent.state.clone())
        else {
            return;
        };
        self.settle(agent, then, ready_since, AgentCause::System, now, effects);
    }

    fn phone_answered(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        if self.answered_outside(offer, now, effects)
            || self.answered_consult(offer, now, effects)
            || self.customer_answered(offer, now, effects)
        {
            return;
        }
        let ring = self.ring_of(offer).filter(Ring::is_at_phone);
        let visit = self.calls.get(&offer.call).and_then(|call| call.visit);
        let Some((Ring { agent, since: offered, .. }, visit)) = ring.zip(visit) else {
            effects.orders.push(Order::DropPhone { offer, why: DropReason::Stale });
            return;
        };
        if self.dial(offer, (agent, offered), now, effects) {
            return;
        }
        let Some(AgentState::Reserved { queue, ready_since, then, .. }) =
            self.agents.get(agent.index()).map(|agent| agent.state.clone())
        else {
            return;
        };
        self.withdraw_others(offer, now, effects);
        let (held, line) = (Duration::ZERO, Line::Open);
        let connected = CallState::Connected { offer, agent, offered, since: now, held, line };
        self.set_call_state(offer.call, connected);
        effects.facts.push(Fact::OfferEnded { offer, agent, queue, outcome: OfferOutcome::Accepted });
        self.end_transfer(offer.call, TransferOutcome::Completed, None, now, effects);
        let waited = now.since(visit.entered);
        effects.facts.push(Fact::Answered { call: offer.call, queue, agent, waited });
        let talking = AgentState::Talking { offer, queue, ready_since, then };
        self.move_agent(agent, talking, AgentCause::System, now, effects);
        self.count_answer(agent, true);
        effects.orders.push(Order::Connect { offer });
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::Connected });
    }

    /// One call more that she has answered since she signed in, or one less.
    pub(crate) fn count_answer(&mut self, agent: AgentNo, more: bool) {
        if let Some(agent) = self.agents.get_mut(agent.index()) {
            if !more && bug!(UndoneAnswerCounts) {
                return;
            }
            agent.calls = if more { agent.calls.saturating_add(1) } else { agent.calls.saturating_sub(1) };
        }
    }

    fn phone_refused(
        &mut self,
        offer: OfferId,
        (refusal, status): (Refusal, u16),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let told = (refusal, status);
        if self.refused_outside(offer, told, now, effects)
            || self.refused_consult(offer, told, now, effects)
            || self.customer_refused(offer, now, effects)
            || !self.ring_of(offer).is_some_and(|ring| ring.is_at_phone())
        {
            return;
        }
        let outcome = match refusal {
            Refusal::Rejected => OfferOutcome::Rejected,
            Refusal::Failed => OfferOutcome::Failed,
        };
        self.fail_offer(offer, outcome, Failed { status: Some(status), drop_phone: None }, now, effects);
    }

    pub(crate) fn is_connected(&self, offer: OfferId) -> Option<AgentNo> {
        self.calls.get(&offer.call).and_then(|call| match call.state {
            CallState::Connected { offer: current, agent, .. } => (current == offer).then_some(agent),
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Dialling { .. }
            | CallState::Outside { .. } => None,
        })
    }

    pub(crate) fn phone_hung_up(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        if self.hung_up_outside(offer, now, effects)
            || self.hung_up_consult(offer, now, effects)
            || self.left_dialling(offer, now, effects)
        {
            return;
        }
        if self.is_connected(offer).is_some() && !self.put_through(offer.call, now, effects) {
            effects.orders.push(Order::EndCaller { call: offer.call, why: EndReason::AgentHungUp });
            self.end_conversation(offer.call, EndedBy::Agent, now, effects);
        }
    }

    fn hang_up_asked(&mut self, agent: AgentNo, call: CallId, now: Timestamp, effects: &mut Effects) {
        if self.left_consult(agent, call, now, effects) {
            return;
        }
        if let Some(
            CallState::Connected { offer, agent: current, .. }
            | CallState::Dialling { offer, agent: current, .. },
        ) = self.calls.get(&call).map(|call| call.state)
            && current == agent
        {
            effects.orders.push(Order::DropPhone { offer, why: DropReason::AgentHungUp });
            self.phone_hung_up(offer, now, effects);
        }
    }

    /// The phone's leg is gone already; the caller waits again, in the old place.
    fn bridge_failed(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        if self.not_joined_outside(offer, now, effects) || self.left_dialling(offer, now, effects) {
            return;
        }
        let Some(agent) = self.is_connected(offer) else { return };
        let Some(visit) = self.calls.get(&offer.call).and_then(|call| call.visit) else { return };
        self.stop_consulting(offer.call, TransferOutcome::Failed, now, effects);
        self.end_hold(offer.call, now, effects);
        effects.facts.push(Fact::AnswerUndone { offer, agent, queue: visit.queue });
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::BackToQueue });
        let pause = self.rules.queue(visit.queue).map_or_else(Default::default, |rule| rule.plan.rona_pause);
        // Else the same pair would be joined again at once, for ever.
        self.exclude(offer.call, agent, now + pause);
        self.count_answer(agent, false);
        self.release(agent, now, effects);
        self.set_call_state(offer.call, CallState::Queued);
    }

    fn desk_signed_in(&mut self, no: AgentNo, now: Timestamp, effects: &mut Effects) {
        let is_retired = self.is_retired(no);
        self.end_absence(no);
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        agent.desk = true;
        let (to, cause) = match &agent.state {
            AgentState::LoggedOut if is_retired => return, // her sign-in and her retirement have crossed
            AgentState::LoggedOut => {
                (AgentState::NotReady { reason: NotReadyReason::SignedIn, until: None }, AgentCause::Agent)
            }
            AgentState::NotReady { reason: NotReadyReason::Disconnected { back: Some(back) }, .. }
                if now <= back.until =>
            {
                let since = back.ready_since;
                (self.ready_if_reachable(no, since), AgentCause::Disconnect)
            }
            AgentState::Reserved { offer, .. } | AgentState::Talking { offer, .. } => {
                let offer = *offer;
                return self.tell_desk_of(offer, no, effects);
            }
            AgentState::NotReady { .. } | AgentState::Ready { .. } | AgentState::WrapUp { .. } => return,
        };
        self.move_agent(no, to, cause, now, effects);
    }

    /// A desktop that comes in the middle of a call learns which. The desk forgets what it had been told already.
    fn tell_desk_of(&self, offer: OfferId, no: AgentNo, effects: &mut Effects) {
        let Some(call) = self.calls.get(&offer.call) else { return };
        if call.consult().and_then(Consult::leg) == Some(offer) {
            return self.tell_desk_of_consult(offer.call, no, effects);
        }
        match call.state {
            CallState::Offered { .. } => {
                let ring = call.ring_of(offer);
                let told = ring.and_then(|ring| self.offer_call(offer, no, ring.since, ring.expires()));
                effects.orders.extend(told);
            }
            CallState::Dialling { offered, answered, .. } => {
                effects.orders.extend(self.offer_call(offer, no, offered, answered));
                let to = CallMove::Dialling;
                effects.orders.push(Order::CallMoved { call: offer.call, agent: no, to });
            }
            CallState::Connected { offered, since, line, .. } => {
                effects.orders.extend(self.offer_call(offer, no, offered, since));
                let moved = |to| Order::CallMoved { call: offer.call, agent: no, to };
                effects.orders.push(moved(CallMove::Connected));
                if matches!(line, Line::Held { .. }) && !call.is_consulted_on() {
                    effects.orders.push(moved(CallMove::Held));
                }
                self.tell_desk_of_consult(offer.call, no, effects);
            }
            CallState::Arrived | CallState::Queued | CallState::Later { .. } | CallState::Outside { .. } => {}
        }
    }

    pub(crate) fn desk_lost(&mut self, no: AgentNo, now: Timestamp, effects: &mut Effects) {
        let needs_desk = self.needs_desk(no);
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        let had_desk = std::mem::replace(&mut agent.desk, false);
        if needs_desk && had_desk {
            self.begin_absence(no, now);
        }
        let Some(agent) = self.agents.get(no.index()) else { return };
        if let (Some(ready_since), true, true) = (agent.state.idle_since(), needs_desk, had_desk) {
            let back = Some(Comeback { ready_since, until: now + COMEBACK });
            let to = AgentState::NotReady { reason: NotReadyReason::Disconnected { back }, until: None };
            self.move_agent(no, to, AgentCause::Disconnect, now, effects);
        }
    }

    fn wrap_up_finished(
        &mut self,
        no: AgentNo,
        disposition: Option<&str>,
        wish: Option<&Wish>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        if let Some(wish) = wish
            && let Some(AgentState::WrapUp { then, .. }) =
                self.agents.get_mut(no.index()).map(|agent| &mut agent.state)
        {
            *then = Next::Asked(wish.clone());
        }
        self.end_wrap_up(no, disposition, AgentCause::Agent, now, effects);
    }

    /// It is hers from here on, unless her phone fails her: nobody else can take it any more.
    fn accepted_at_desk(&mut self, agent: AgentNo, id: CallId, now: Timestamp, effects: &mut Effects) {
        let Some(call) = self.calls.get(&id) else { return };
        let taken = call.ring_at(agent).filter(|ring| ring.stage == Stage::Desk);
        let (Some(taken), Some(visit)) = (taken, call.visit) else { return };
        self.withdraw_others(taken.offer, now, effects);
        self.put_ring(Ring { due: now + AUTO_ANSWER, stage: Stage::AutoAnswer, ..taken });
        effects.orders.push(ring(taken.offer, agent, visit.queue, true));
    }

    fn declined_at_desk(&mut self, agent: AgentNo, id: CallId, now: Timestamp, effects: &mut Effects) {
        if self.declined_consult(agent, id, now, effects) {
            return;
        }
        if let Some(Ring { offer, .. }) = self.calls.get(&id).and_then(|call| call.ring_at(agent)) {
            let failed = Failed { status: None, drop_phone: Some(DropReason::Declined) };
            self.fail_offer(offer, OfferOutcome::Rejected, failed, now, effects);
        }
    }
}
