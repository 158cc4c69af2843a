//! What to decide next: deadlines first, then new arrivals, then who gets whom.
//!
//! Reads the state and changes nothing but the list of what is still open.

use crate::{
    Acd, AgentNo, AgentState, Decision, OfferId, RefuseReason, Timestamp,
    call::{Call, CallState, Far},
    consult::Consult,
    deadlines::Owner,
    plan::{EntryPlan, Then},
    rank::Rank,
};

impl Acd {
    pub(crate) fn decide(&mut self, now: Timestamp) -> Option<Decision> {
        self.deadlines
            .due(now)
            .and_then(|owner| self.decide_due(owner, now))
            .or_else(|| self.decide_open(now))
    }

    fn decide_due(&self, owner: Owner, now: Timestamp) -> Option<Decision> {
        match owner {
            Owner::Call(call) => self.decide_due_call(self.calls.get(&call)?, now),
            Owner::Agent(agent) => self.decide_due_agent(agent),
            Owner::Desk(agent) => self.decide_absent(agent),
            Owner::Step(call) => self.decide_step(self.calls.get(&call)?),
            Owner::Preference(call) => self.decide_anybody(self.calls.get(&call)?),
            Owner::Spread(call) => self.decide_spread(self.calls.get(&call)?),
            Owner::Exclusion(call, agent) => Some(Decision::EndExclusion { call, agent }),
        }
    }

    fn decide_due_call(&self, call: &Call, now: Timestamp) -> Option<Decision> {
        match call.state {
            CallState::Queued => Some(self.decide_waited_too_long(call)),
            CallState::Offered { .. } => call.first_due().map(|ring| ring.decide_due()),
            CallState::Outside { offer, stage: Far::Dialling { .. }, .. } => {
                Some(Decision::RingOut { offer })
            }
            CallState::Later { .. } => call.request().map(|request| self.decide_request(call, request, now)),
            CallState::Dialling { offer, leg, .. } => {
                Some(Decision::RingOut { offer: OfferId { attempt: leg, ..offer } })
            }
            CallState::Connected { .. } => {
                call.consult().and_then(Consult::leg).map(|offer| Decision::RingOut { offer })
            }
            CallState::Arrived | CallState::Outside { stage: Far::Talking, .. } => None,
        }
    }

    fn decide_due_agent(&self, agent: AgentNo) -> Option<Decision> {
        match self.agents.get(agent.index())?.state {
            AgentState::WrapUp { .. } => Some(Decision::EndWrapUp { agent }),
            AgentState::NotReady { .. } => Some(Decision::EndPause { agent }),
            AgentState::Ready { .. } => Some(Decision::EndRest { agent }),
            AgentState::LoggedOut | AgentState::Reserved { .. } | AgentState::Talking { .. } => None,
        }
    }

    fn decide_waited_too_long(&self, call: &Call) -> Decision {
        if call.is_request() {
            return Decision::Refuse { call: call.id, reason: RefuseReason::Expired };
        }
        let rule = call.visit.and_then(|visit| self.rules.queue(visit.queue));
        let to = rule.and_then(|rule| match &rule.plan.then {
            Then::Refuse => None,
            Then::Queue(name) => self.directory.queue_no(name),
        });
        match to {
            Some(to) => Decision::Overflow { call: call.id, to },
            None => Decision::Refuse { call: call.id, reason: RefuseReason::MaxWait },
        }
    }

    fn decide_open(&mut self, now: Timestamp) -> Option<Decision> {
        while let Some(id) = self.open.arrived.pop() {
            if let Some(call) = self.calls.get(&id).filter(|call| matches!(call.state, CallState::Arrived)) {
                return Some(self.decide_route(call, now));
            }
        }
        if !self.open.consults.is_empty() {
            self.list_agents();
        }
        while let Some(id) = self.open.consults.pop() {
            if let Some(decision) = self.calls.get(&id).and_then(|call| self.decide_consult(call)) {
                return Some(decision);
            }
        }
        while let Some(rank) = self.open.drained.pop_first() {
            if self.calls.get(&rank.call).is_some_and(|call| matches!(call.state, CallState::Queued)) {
                return Some(Decision::Refuse { call: rank.call, reason: RefuseReason::Drained });
            }
        }
        self.decide_match().or_else(|| self.decide_departure())
    }

    fn decide_match(&mut self) -> Option<Decision> {
        if let Some(decision) = self.decide_for_the_only_one() {
            return Some(decision);
        }
        self.list_agents();
        // Of all calls that can be matched now the one that ranks first, to the agent whose turn it is for that call.
        let first =
            [self.first_open_call(), self.first_call_for_open_agents()].into_iter().flatten().min()?;
        let call = self.calls.get(&first.call)?;
        self.agent_for(call).map(|agent| offer(call, agent))
    }

    /// Nothing is open but one agent who is free again: no call waits that anybody else could take, so she gets the
    /// first that she may have, and need not enter her lines for it.
    fn decide_for_the_only_one(&self) -> Option<Decision> {
        let open = &self.open;
        if !open.calls.is_empty() || open.everything || open.agents.len() != 1 || open.unlisted.len() != 1 {
            return None;
        }
        let agent = *open.unlisted.first()?;
        let call = self.calls.get(&self.first_call_for(agent)?.call)?;
        Some(offer(call, agent))
    }

    fn first_open_call(&mut self) -> Option<Rank> {
        while let Some(&rank) = self.open.calls.first() {
            let call = self.calls.get(&rank.call).filter(|call| self.rules.wants_agent(call));
            if call.and_then(|call| self.agent_for(call)).is_some() {
                return Some(rank);
            }
            self.open.calls.pop_first();
        }
        None
    }

    fn first_call_for_open_agents(&mut self) -> Option<Rank> {
        if self.open.everything {
            return None;
        }
        let agents = std::mem::take(&mut self.open.agents);
        let mut first = None;
        for agent in agents {
            if let Some(rank) = self.first_call_for(agent) {
                self.open.agents.insert(agent);
                first = Some(first.map_or(rank, |first: Rank| first.min(rank)));
            }
        }
        first
    }

    fn decide_route(&self, call: &Call, now: Timestamp) -> Decision {
        if let Some(request) = call.request() {
            return self.decide_request(call, request, now);
        }
        if let Some(transfer) = &call.transfer {
            return self.decide_transfer(call, transfer);
        }
        let entry = self.rules.entry(&call.dialled);
        let (name, reason) = match entry.and_then(|entry| self.closed_at(entry)) {
            None => (entry.map(|entry| &entry.queue), RefuseReason::NoEntry),
            Some(Then::Queue(instead)) => (Some(instead), RefuseReason::Closed),
            Some(Then::Refuse) => (None, RefuseReason::Closed),
        };
        match name.and_then(|name| self.directory.queue_no(name)).zip(entry) {
            Some((queue, &EntryPlan { priority, .. })) => self
                .decide_taken(call, queue, priority)
                .unwrap_or(Decision::Enqueue { call: call.id, queue, priority }),
            None => Decision::Refuse { call: call.id, reason },
        }
    }

    /// The able idle agent whose turn it is.
    fn agent_for(&self, call: &Call) -> Option<AgentNo> {
        if let Some(wish) = call.preference() {
            let free = self.may_be_offered(wish.agent) && self.index.may_go(call.id, wish.agent);
            return free.then_some(wish.agent);
        }
        let class = self.rules.class_of(call)?;
        self.index.ready(class).find(|&agent| self.index.may_go(call.id, agent))
    }

    /// Ready, and not at rest.
    fn may_be_offered(&self, agent: AgentNo) -> bool {
        self.agents.get(agent.index()).is_some_and(crate::Agent::is_in_line)
    }

    fn first_call_for(&self, agent: AgentNo) -> Option<Rank> {
        if !self.may_be_offered(agent) {
            return None;
        }
        let may_go = |rank: &Rank| self.index.may_go(rank.call, agent);
        let seats = &self.rules.agent(agent)?.seats;
        let of_classes = seats.iter().filter_map(|seat| self.index.first_for(agent, seat.class()));
        let own = self.index.own(agent).find(may_go).filter(|_| !bug!(OwnCallsOverlooked));
        of_classes.chain(own).min()
    }
}

const fn offer(call: &Call, agent: AgentNo) -> Decision {
    Decision::Offer { offer: call.next_attempt(), agent }
}
