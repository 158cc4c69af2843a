//! A caller on hold: her phone says when it begins and ends, whether she asked it at its keys or at her desk.
//!
//! She is still Talking; her time and the call's are divided into conversation and hold.

use crate::{
    Acd, AgentNo, CallId, CommandError, Effects, Fact, OfferId, Order, Taken, Timestamp,
    call::{Call, CallState, Line},
    effect::{AgentSpan, CallMove, PhoneTask, TransferOutcome},
};

impl Acd {
    /// Whether a desk's wish can be passed on to the phone.
    pub(crate) fn examine_hold(
        &self,
        agent: AgentNo,
        call: CallId,
        what: PhoneTask,
    ) -> Result<Taken, CommandError> {
        self.agent_state(agent)?;
        let consults = self.calls.get(&call).is_some_and(Call::is_consulted_on);
        match (what, self.line(agent, call)) {
            (PhoneTask::Hold, Some(_)) if consults => Err(CommandError::Consulting { call }),
            (PhoneTask::Retrieve, Some(_)) if consults => Ok(Taken::Pending),
            (PhoneTask::Hold, Some(Line::Open)) | (PhoneTask::Retrieve, Some(Line::Held { .. })) => {
                Ok(Taken::Pending)
            }
            (PhoneTask::Hold, Some(Line::Held { .. })) => Err(CommandError::AlreadyHeld { call }),
            (PhoneTask::Retrieve, Some(Line::Open)) => Err(CommandError::NotHeld { call }),
            (PhoneTask::Consult, Some(_)) | (_, None) => Err(CommandError::NotInCall { call }),
        }
    }
    fn line(&self, of: AgentNo, call: CallId) -> Option<Line> {
        match self.calls.get(&call)?.state {
            CallState::Connected { agent, line, .. } => (agent == of).then_some(line),
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Dialling { .. }
            | CallState::Outside { .. } => None,
        }
    }

    /// She asked for it at her desk: the phone has to agree.
    pub(crate) fn phone_asked(&self, call: CallId, what: PhoneTask, effects: &mut Effects) {
        let Some(CallState::Connected { offer, .. }) = self.calls.get(&call).map(|call| call.state) else {
            return;
        };
        effects.orders.push(match what {
            PhoneTask::Hold | PhoneTask::Consult => Order::HoldPhone { offer },
            PhoneTask::Retrieve => Order::Retrieve { offer },
        });
    }
    /// What she asked for at her desk came to nothing.
    pub(crate) fn asked_in_vain(&self, offer: OfferId, what: PhoneTask, status: u16, effects: &mut Effects) {
        if let Some(agent) = self.is_connected(offer) {
            effects.orders.push(Order::AskedInVain { call: offer.call, agent, what, status });
        }
    }
    pub(crate) fn call_held(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        let Some(agent) = self.is_connected(offer) else { return self.held_outside(offer, effects) };
        let Some(call) = self.calls.get_mut(&offer.call) else { return };
        let (CallState::Connected { line: line @ Line::Open, .. }, Some(visit)) =
            (&mut call.state, call.visit)
        else {
            return;
        };
        *line = Line::Held { since: now };
        self.cut_span(agent, "talking", now, effects);
        effects.facts.push(Fact::Held { call: offer.call, queue: visit.queue, agent });
        effects.orders.push(Order::Hold { offer, queue: visit.queue });
        if self.calls.get(&offer.call).is_some_and(Call::is_consulted_on) {
            return; // her desk knows better
        }
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::Held });
        if self.held_in_vain(offer.call) {
            effects.orders.push(Order::Retrieve { offer });
        }
    }
    /// Her phone did not hold: what it was to hold for comes to nothing.
    pub(crate) fn hold_failed(&mut self, offer: OfferId, status: u16, now: Timestamp, effects: &mut Effects) {
        let Some(agent) = self.is_connected(offer) else { return };
        let what = match self.consult_of(offer.call) {
            None => return self.asked_in_vain(offer, PhoneTask::Hold, status, effects),
            Some(consult) => consult.is_live().then_some(PhoneTask::Consult),
        };
        self.stop_consulting(offer.call, TransferOutcome::Failed, now, effects);
        if let Some(what) = what {
            effects.orders.push(Order::AskedInVain { call: offer.call, agent, what, status });
        }
        let to = match self.line(agent, offer.call) {
            Some(Line::Held { .. }) => CallMove::Held,
            Some(Line::Open) | None => CallMove::Retrieved,
        };
        effects.orders.push(Order::CallMoved { call: offer.call, agent, to });
    }
    pub(crate) fn call_retrieved(&mut self, offer: OfferId, now: Timestamp, effects: &mut Effects) {
        let Some(agent) = self.is_connected(offer) else { return };
        let dropped = self.drop_consult(offer.call, TransferOutcome::Returned, now, effects);
        if dropped {
            let (call, what, status) = (offer.call, PhoneTask::Consult, 487);
            effects.orders.push(Order::AskedInVain { call, agent, what, status });
        }
        if self.end_hold(offer.call, now, effects) {
            effects.orders.push(Order::CallMoved { call: offer.call, agent, to: CallMove::Retrieved });
        } else if dropped {
            self.go_back(offer.call, effects);
        }
    }
    /// Ends the hold of a call, however it comes about; false when it is on none.
    pub(crate) fn end_hold(&mut self, id: CallId, now: Timestamp, effects: &mut Effects) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        let (CallState::Connected { agent, held, line, .. }, Some(visit)) = (&mut call.state, call.visit)
        else {
            return false;
        };
        let Line::Held { since } = std::mem::replace(line, Line::Open) else { return false };
        let (agent, hold) = (*agent, now.since(since));
        *held += hold;
        self.cut_span(agent, "held", now, effects);
        effects.facts.push(Fact::HoldEnded { call: id, queue: visit.queue, agent, hold });
        true
    }
    /// A part of her time on a call is over, though she stays in her state.
    pub(crate) fn cut_span(
        &mut self,
        no: AgentNo,
        state: &'static str,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        effects.facts.push(Fact::AgentSpan(AgentSpan {
            agent: no,
            state,
            reason: None,
            from: std::mem::replace(&mut agent.cut, now),
            to: now,
            call: agent.state.call(),
            queue: agent.state.queue(),
        }));
    }
}
