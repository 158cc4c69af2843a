//! More time for the work after a call: an agent asks for it while she wraps up, so much at once and not for ever.
//!
//! How long it may become at most is settled when the wrap-up begins, so that new rules take nothing back.

use crate::{
    Acd, AgentNo, AgentState, CallId, CommandError, Effects, Order, QueueNo, Taken, Timestamp,
    deadlines::Owner, routing::ExtendPlan,
};

impl Acd {
    pub(crate) fn examine_more_time(&self, agent: AgentNo, call: CallId) -> Result<Taken, CommandError> {
        match self.agent_state(agent)? {
            AgentState::WrapUp { call: of, queue, ends, latest, .. } if *of == call => {
                match latest.filter(|_| self.extension(*queue).is_some()) {
                    Some(latest) if *ends < latest => Ok(Taken::Now),
                    Some(_) => Err(CommandError::WrapUpExhausted { call }),
                    None => Err(CommandError::WrapUpFixed { call }),
                }
            }
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Ready { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => Err(CommandError::NotWrappingUp { call }),
        }
    }

    pub(crate) fn more_time_asked(&mut self, no: AgentNo, effects: &mut Effects) {
        let Some(agent) = self.agents.get(no.index()) else { return };
        let before = agent.deadline();
        let AgentState::WrapUp { queue, ends, latest: Some(latest), .. } = agent.state else { return };
        let Some(ExtendPlan { by, .. }) = self.extension(queue) else { return };
        let ends = if bug!(WrapUpWithoutEnd) { ends + by } else { (ends + by).min(latest) };
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        if let AgentState::WrapUp { ends: until, .. } = &mut agent.state {
            *until = ends;
        }
        self.deadlines.change(Owner::Agent(no), before, Some(ends));
        effects.orders.push(Order::WrapUpExtended { agent: no, ends, latest });
    }

    /// Until when a wrap-up that begins now may be made to last; none where it may not.
    pub(crate) fn latest_end(&self, queue: QueueNo, now: Timestamp) -> Option<Timestamp> {
        self.extension(queue).map(|extend| now + extend.most)
    }

    fn extension(&self, queue: QueueNo) -> Option<ExtendPlan> {
        self.rules.queue(queue)?.plan.extend
    }
}
