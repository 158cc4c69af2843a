//! How long a ready agent is offered nothing: the least rest after a call, and the ceiling of her occupancy.
//!
//! She stays Ready, since she is, and her idle time goes on; she only stands in no line until a deadline that is set when
//! she becomes ready. A call that is given to her by name reaches her all the same: somebody chose her.
//!
//! Her occupancy is her decayed handling time ([`crate::agent::Workload`]) as a share of its time constant: of somebody
//! who is busy for a share ρ of all time it comes to ρ.

use crate::{Acd, AgentNo, Timestamp, agent::Workload};

impl Acd {
    /// Until when an agent who is ready now is offered nothing.
    pub(crate) fn rests_until(&self, no: AgentNo, now: Timestamp) -> Option<Timestamp> {
        let agent = self.agents.get(no.index())?;
        let (terms, all) = (self.rules.terms(no), self.rules.routing());
        let rest = terms.and_then(|terms| terms.rest).unwrap_or(all.rest);
        let ceiling = terms.and_then(|terms| terms.max_occupancy).or(all.max_occupancy);
        let rest = if bug!(RestIgnored) { std::time::Duration::ZERO } else { rest };
        let ceiling = if bug!(CeilingIgnored) { None } else { ceiling };
        let worked = agent.work_ended.filter(|_| !rest.is_zero()).map(|ended| ended + rest);
        let occupied = ceiling.map(|thousandths| {
            agent.load.down_to(Workload::TAU.as_secs_f64() * f64::from(thousandths) / 1_000.0)
        });
        worked.max(occupied).filter(|until| *until > now)
    }

    /// She is offered calls again.
    pub(crate) fn end_rest(&mut self, no: AgentNo) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        let before = agent.deadline();
        agent.rests = None;
        self.deadlines.change(crate::deadlines::Owner::Agent(no), before, agent.deadline());
        if !bug!(RestedAgentNotListed) {
            self.enter_line(no);
        }
    }

    /// A ready agent who does not rest stands in the lines of her classes from now on; or as soon as somebody looks.
    pub(crate) fn enter_line(&mut self, no: AgentNo) {
        let stands = self.agents.get(no.index()).is_some_and(|agent| agent.is_in_line());
        if stands {
            self.open.agents.insert(no);
            self.open.unlisted.insert(no);
        }
    }

    /// She stands in line no more, before anything of hers changes.
    pub(crate) fn leave_line(&mut self, no: AgentNo) {
        if self.open.unlisted.remove(&no) {
            return;
        }
        let agent = self.agents.get(no.index());
        if let Some(idle) = agent.and_then(|agent| agent.idle(no, &self.rules)) {
            self.index.leave(&idle);
        }
    }

    /// Puts those into their lines who only were about to be: before anybody looks who is ready.
    pub(crate) fn list_agents(&mut self) {
        while let Some(no) = self.open.unlisted.pop_first() {
            let agent = self.agents.get(no.index());
            if let Some(idle) = agent.and_then(|agent| agent.idle(no, &self.rules)) {
                self.index.enter(&idle);
            }
        }
    }
}
