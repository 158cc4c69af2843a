//! How visits, conversations and calls end, and what is recorded of them.

use crate::{
    Acd, AgentNo, AgentState, Call, CallId, Effects, Fact, Order, QueueNo, Timestamp,
    brain::Listed,
    call::{CallState, Past},
    deadlines::Owner,
    effect::{AgentCause, CallMove, CallRecord, EndedBy, TransferOutcome, VisitOutcome, VisitRecord},
};

impl Acd {
    /// The conversation is over: wrap-up for the agent, a record for the call.
    pub(crate) fn end_conversation(
        &mut self,
        id: CallId,
        by: EndedBy,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        self.stop_consulting(id, TransferOutcome::Abandoned, now, effects);
        self.end_hold(id, now, effects);
        let Some(call) = self.calls.get(&id) else { return };
        let CallState::Connected { agent, .. } = call.state else { return };
        let (visit_no, Some(visit)) = (call.visits, call.visit) else { return };
        effects.orders.push(Order::CallMoved { call: id, agent, to: CallMove::Ended { by } });
        self.remember_agent(id, agent, now);
        self.end_visit(id, VisitOutcome::Answered, now, effects);
        self.end_call(id, VisitOutcome::Answered, now, effects);
        self.wrap_up(agent, (id, visit_no, visit.queue), now, effects);
    }

    /// An agent's part in a visit is over; her after-call work begins, if the queue gives her any.
    pub(crate) fn wrap_up(
        &mut self,
        agent: AgentNo,
        (call, visit, queue): (CallId, u32, QueueNo),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let wrap_up = self.rules.queue(queue).map_or_else(Default::default, |rule| rule.plan.wrap_up);
        let then = self.next_of(agent);
        let talked =
            self.agents.get(agent.index()).map_or_else(Default::default, |agent| now.since(agent.since));
        if wrap_up.is_zero() {
            let disposition = None;
            self.took(agent, queue, talked);
            effects.facts.push(Fact::WrappedUp { call, visit, queue, agent, wrap_up, disposition });
            return self.settle(agent, then, now, AgentCause::System, now, effects);
        }
        if let Some(agent) = self.agents.get_mut(agent.index()) {
            agent.talked = talked;
        }
        let (ends, latest) = (now + wrap_up, self.latest_end(queue, now));
        let to = AgentState::WrapUp { call, visit, queue, ends, latest, then, unreached: false };
        self.move_agent(agent, to, AgentCause::System, now, effects);
    }

    /// Records the visit going on, if there is one.
    pub(crate) fn end_visit(&self, id: CallId, outcome: VisitOutcome, now: Timestamp, effects: &mut Effects) {
        let Some(call) = self.calls.get(&id) else { return };
        let Some(visit) = call.visit else { return };
        let (answered, agent, ring, hold) = match call.state {
            CallState::Connected { agent, offered, since, held, .. } => {
                (Some(since), Some(agent), since.since(offered), held)
            }
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Dialling { .. }
            | CallState::Outside { .. } => Default::default(),
        };
        effects.facts.push(Fact::QueueLeft(VisitRecord {
            call: id,
            visit: call.visits,
            queue: visit.queue,
            entered: visit.entered,
            answered,
            left: now,
            outcome,
            agent,
            ring,
            hold,
            wrap_up_follows: outcome.is_handled(),
        }));
    }

    /// Records the call and forgets it.
    pub(crate) fn end_call(
        &mut self,
        id: CallId,
        outcome: VisitOutcome,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        self.unlist(id);
        self.forget_standing(id);
        let Some(call) = self.calls.remove(&id) else { return };
        for (agent, until) in &call.excluded {
            self.deadlines.change(Owner::Exclusion(id, *agent), Some(*until), None);
            self.index.include(id, *agent);
        }
        let past = past_and_present(&call, now);
        effects.facts.push(Fact::CallEnded(CallRecord {
            call: id,
            dialled: call.dialled,
            caller: call.caller,
            arrived: call.arrived,
            answered: past.answered,
            ended: now,
            talk: past.talk,
            hold: past.hold,
            outcome,
            queue: past.queue,
            agent: past.agent,
            visits: call.visits,
            offers: call.offers,
            priority: call.priority,
        }));
        effects.orders.push(Order::CallOver { call: id });
    }

    /// Takes a call out of index and deadlines.
    fn unlist(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let before = Listed::of(call, &self.rules);
        self.list(id, &before, &Listed::nowhere());
    }
}

/// What agents have done with a call so far, the one who has it now included.
pub fn past_and_present(call: &Call, now: Timestamp) -> Past {
    let mut past = call.past;
    // A request belongs to its queue also while it is in no line.
    let stands_in = call.request().map(|request| request.queue);
    past.queue = call.visit.map(|visit| visit.queue).or(past.queue).or(stands_in);
    if let CallState::Connected { agent, since, held, .. } = call.state {
        past.answered = past.answered.or(Some(since));
        past.agent = Some(agent);
        past.talk += now.since(since).saturating_sub(held);
        past.hold += held;
    }
    past
}
