//! An agent gives her caller away: her part ends at once, the caller is ours until the target has the call.
//!
//! ```text
//! Connected ─ asked ─▶ Arrived ─▶ Queued                                   (to a queue: completed at once)
//!                         ├─────▶ Offered, to precisely this agent ─▶ Connected
//!                         │           └─ not taken ─▶ Queued               (in the queue the call came from)
//!                         └─────▶ Outside (see there)
//! ```
//! Time of arrival, priority and card stay with the call throughout.

use crate::{
    Acd, AgentNo, AgentState, CallId, CommandError, Decision, Effects, Fact, OfferId, Order, QueueNo, Taken,
    Target, Timestamp, Treatment,
    call::{Call, CallState, Far, Transfer},
    effect::{CallMove, DropReason, TransferOutcome, TransferRecord, VisitOutcome},
    end::past_and_present,
};

impl Acd {
    /// Whether she may give this call to that target now.
    pub(crate) fn examine_transfer(
        &self,
        agent: AgentNo,
        call: CallId,
        to: &Target,
    ) -> Result<Taken, CommandError> {
        self.agent_state(agent)?;
        self.examine_no_consult(agent, call)?;
        self.examine_target(agent, to)
    }
    /// Whether that target can be had now.
    pub(crate) fn examine_target(&self, agent: AgentNo, to: &Target) -> Result<Taken, CommandError> {
        match to {
            Target::Queue { queue } if self.is_in_force(*queue) => Ok(Taken::Now),
            Target::Queue { .. } => Err(CommandError::NoSuchTarget),
            Target::Agent { agent: to } if *to == agent => Err(CommandError::ToYourself),
            Target::Agent { agent: to } => self.examine_colleague(*to),
            Target::Outside { rule } if self.plan.outside.iter().any(|plan| plan.name == *rule) => {
                Ok(Taken::Now)
            }
            Target::Outside { .. } => Err(CommandError::NumberRefused),
        }
    }
    fn examine_colleague(&self, to: AgentNo) -> Result<Taken, CommandError> {
        let state = self.agent_state(to).map_err(|_| CommandError::NoSuchTarget)?;
        match state {
            AgentState::Ready { .. } => Ok(Taken::Now),
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => Err(CommandError::AgentNotReady {
                agent: self.directory.agent_id(to).to_owned(),
                state: state.as_str(),
            }),
        }
    }

    pub(crate) fn transfer_asked(
        &mut self,
        call: CallId,
        to: &Target,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        if let Some(CallState::Connected { offer, .. }) = self.calls.get(&call).map(|call| call.state) {
            self.transfer(offer, (to, false), now, effects);
        }
    }
    pub(crate) fn referred(
        &mut self,
        offer: OfferId,
        to: (&Target, bool),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        if self.is_connected(offer).is_some() {
            effects.orders.push(Order::AcceptRefer { offer });
            self.transfer(offer, to, now, effects);
        }
    }
    fn transfer(
        &mut self,
        offer: OfferId,
        (to, consulted): (&Target, bool),
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let (id, Some(by)) = (offer.call, self.is_connected(offer)) else { return };
        self.stop_consulting(id, TransferOutcome::Returned, now, effects);
        self.end_hold(id, now, effects);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (visits, Some(visit)) = (call.visits, call.visit) else { return };
        let (queue, to_whom) = (visit.queue, to.clone());
        call.transfer = Some(Transfer { by, visit: visits, queue, to: to_whom, since: now, consulted });
        call.past = past_and_present(call, now);
        self.remember_agent(id, by, now);
        self.end_visit(id, VisitOutcome::Transferred(to.into()), now, effects);
        effects.orders.push(Order::CallMoved { call: id, agent: by, to: CallMove::Transferred });
        effects.orders.push(Order::DropPhone { offer, why: DropReason::Transferred });
        let music = if let Target::Queue { queue } = to { *queue } else { visit.queue };
        effects.orders.push(Order::Treat { call: id, queue: music, treatment: Treatment::Music });
        self.wrap_up(by, (id, visits, visit.queue), now, effects);
        // Else a queue without wrap-up would give her the caller right back.
        let pause = self.rules.queue(visit.queue).map_or_else(Default::default, |rule| rule.plan.rona_pause);
        self.exclude(id, by, now + pause);
        self.set_call_state(id, CallState::Arrived);
        if let Some(call) = self.calls.get_mut(&id) {
            (call.visit, call.treated) = (None, true);
        }
        self.open.arrived.push(id);
    }

    pub(crate) fn decide_transfer(&self, call: &Call, transfer: &Transfer) -> Decision {
        let enqueue = |queue| Decision::Enqueue { call: call.id, queue, priority: call.priority };
        match &transfer.to {
            Target::Queue { queue } => enqueue(*queue),
            Target::Agent { agent } => match self.agents.get(agent.index()).map(|agent| &agent.state) {
                Some(AgentState::Ready { .. }) => {
                    let (offer, queue) = (call.next_attempt(), transfer.queue);
                    Decision::OfferTo { offer, agent: *agent, queue }
                }
                Some(
                    AgentState::LoggedOut
                    | AgentState::NotReady { .. }
                    | AgentState::Reserved { .. }
                    | AgentState::Talking { .. }
                    | AgentState::WrapUp { .. },
                )
                | None => enqueue(transfer.queue),
            },
            Target::Outside { rule } => Decision::CallOut { offer: call.next_attempt(), rule: rule.clone() },
        }
    }
    /// A transferred call is about to wait in a queue: the one it was meant for, or the one it came from.
    pub(crate) fn queue_reached(&mut self, id: CallId, now: Timestamp, effects: &mut Effects) {
        let meant = |transfer: &Transfer| matches!(transfer.to, Target::Queue { .. });
        let Some(meant) = self.calls.get(&id).and_then(|call| call.transfer.as_ref()).map(meant) else {
            return;
        };
        let outcome = if meant { TransferOutcome::Completed } else { TransferOutcome::Failed };
        self.end_transfer(id, outcome, None, now, effects);
    }
    /// A visit of its own, so that the queue's books stay right; the agent need not have the queue's skills.
    pub(crate) fn offer_to(
        &mut self,
        offer: OfferId,
        agent: AgentNo,
        queue: QueueNo,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        self.begin_visit(offer.call, queue, now, effects);
        self.make_offer(offer, agent, now, effects);
    }
    /// It is known what came of the transfer under way, if there is one.
    pub(crate) fn end_transfer(
        &mut self,
        id: CallId,
        outcome: TransferOutcome,
        status: Option<u16>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(transfer) = self.calls.get(&id).and_then(|call| call.transfer.clone()) else { return };
        // Index and deadlines follow: what was meant for one agent alone may ring several phones from here on.
        self.change_call(id, |call| call.transfer = None);
        let Some(call) = self.calls.get(&id) else { return };
        let answered = match call.state {
            CallState::Connected { since, .. } | CallState::Outside { since, stage: Far::Talking, .. } => {
                Some(since)
            }
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Dialling { .. }
            | CallState::Outside { stage: Far::Dialling { .. }, .. } => None,
        };
        let Transfer { by, visit, queue, to, since, consulted } = transfer;
        effects.facts.push(Fact::TransferEnded(TransferRecord {
            call: id,
            visit,
            queue,
            by,
            to,
            at: since,
            answered,
            ended: now,
            outcome,
            status,
            consulted,
        }));
    }
}
