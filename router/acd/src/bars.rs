//! What keeps an agent from a call, each by its name: the filters that deciding goes by, asked one by one.
//!
//! Deciding itself asks none of this: who stands in no line is not looked at. The simulation sees to it that both say
//! the same.

use crate::{Acd, AgentNo, AgentState, CallId, Timestamp};

/// Why an agent is not offered a call that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bar {
    /// She is not in the plan.
    Retired,
    /// She is not ready.
    NotReady {
        /// What she is doing.
        state: AgentState,
    },
    /// Her last call's work ended a moment ago.
    Rests {
        /// Until when.
        until: Timestamp,
    },
    /// She has handled calls for too great a share of her time.
    Occupied {
        /// Until when.
        until: Timestamp,
    },
    /// Her skills do not suffice at the call's step.
    LacksSkill {
        /// The step; 0 is what the queue needs at first.
        step: u8,
    },
    /// It was hers, and she did not take it, gave it away or could not be joined to it.
    Excluded {
        /// Until when.
        until: Timestamp,
    },
    /// It waits for another.
    KeptFor {
        /// For whom.
        agent: AgentNo,
        /// Until when.
        until: Timestamp,
    },
}

impl Acd {
    /// Everything that keeps an agent from a call in a queue; nothing when it is hers as soon as it is her turn. Without
    /// a visit nothing is known of the call.
    #[must_use]
    pub fn bars(&self, call: CallId, agent: AgentNo) -> Vec<Bar> {
        let of_her = [self.bar_retired(agent), self.bar_not_ready(agent), self.bar_rests(agent)];
        let of_both =
            [self.bar_skill(call, agent), self.bar_excluded(call, agent), self.bar_kept(call, agent)];
        of_her.into_iter().chain(of_both).flatten().collect()
    }
    fn bar_retired(&self, agent: AgentNo) -> Option<Bar> {
        self.is_retired(agent).then_some(Bar::Retired)
    }
    fn bar_not_ready(&self, agent: AgentNo) -> Option<Bar> {
        let state = &self.agents.get(agent.index())?.state;
        let ready = matches!(state, AgentState::Ready { .. });
        (!ready).then(|| Bar::NotReady { state: state.clone() })
    }
    fn bar_rests(&self, no: AgentNo) -> Option<Bar> {
        let agent = self.agents.get(no.index())?;
        let until = agent.rests?;
        let rest = self.rules.terms(no).and_then(|terms| terms.rest).unwrap_or(self.rules.routing().rest);
        let rests = agent.work_ended.is_some_and(|ended| ended + rest >= until);
        Some(if rests { Bar::Rests { until } } else { Bar::Occupied { until } })
    }
    fn bar_skill(&self, call: CallId, agent: AgentNo) -> Option<Bar> {
        let call = self.calls.get(&call)?;
        let class = self.rules.class_of(call)?;
        let able = self.rules.agent(agent).is_some_and(|rule| rule.may_serve(class));
        (!able).then_some(Bar::LacksSkill { step: call.visit?.step })
    }
    fn bar_excluded(&self, call: CallId, agent: AgentNo) -> Option<Bar> {
        let excluded = &self.calls.get(&call)?.excluded;
        let until = excluded.iter().find(|(of, _)| *of == agent).map(|&(_, until)| until)?;
        Some(Bar::Excluded { until })
    }
    fn bar_kept(&self, call: CallId, agent: AgentNo) -> Option<Bar> {
        let wish = self.calls.get(&call)?.preference().filter(|wish| wish.agent != agent)?;
        Some(Bar::KeptFor { agent: wish.agent, until: wish.until })
    }
}
