//! What is to follow the call that occupies an agent, and how long her wrap-up lasts, kept a second time from events and
//! orders alone: the last intent wins, whoever had it, and more time is given up to a limit.

use super::check::ok;
use crate::{
    Acd, Agent, AgentNo, AgentState, Effects, Entry, Event, NotReadyReason, Order, Timestamp, Wish,
    agent::Next,
};
use std::collections::BTreeMap;

/// The second books.
#[derive(Clone, Debug, Default)]
pub struct Intents {
    /// Agents with a call on offer, in conversation or in wrap-up.
    occupied: BTreeMap<AgentNo, Intent>,
}

#[derive(Clone, Debug, Default)]
struct Intent {
    wish: Option<Wish>,
    /// When her wrap-up ends, and until when she may make it last.
    ends: Option<(Timestamp, Option<Timestamp>)>,
}

impl Intents {
    /// Writes an event and what came of it down, and compares.
    ///
    /// # Errors
    /// What differs.
    pub fn write(&mut self, entry: &Entry, effects: &Effects, acd: &Acd) -> Result<(), String> {
        self.write_event(&entry.event, acd);
        for order in &effects.orders {
            if let Order::AgentMoved { agent, to, .. } = order {
                self.moved(*agent, to, entry, acd)?;
            }
        }
        acd.agents().try_for_each(|(no, agent)| self.compare(no, agent))
    }

    fn write_event(&mut self, event: &Event, acd: &Acd) {
        if let Event::MoreTimeAsked { agent, .. } = event {
            self.more_time(*agent, acd);
        }
        if let Event::StateAsked { agent, wish }
        | Event::StateForced { agent, wish, .. }
        | Event::WrapUpFinished { agent, then: Some(wish), .. } = event
            && let Some(intent) = self.occupied.get_mut(agent)
        {
            intent.wish = Some(wish.clone());
        }
    }

    fn more_time(&mut self, agent: AgentNo, acd: &Acd) {
        let queue = acd.agent(agent).and_then(|agent| agent.state().queue());
        let extend = queue.and_then(|queue| acd.queue_plan(queue)).and_then(|plan| plan.extend);
        let Some(intent) = self.occupied.get_mut(&agent) else { return };
        if let (Some((ends, Some(latest))), Some(extend)) = (&mut intent.ends, extend) {
            *ends = (*ends + extend.by).min(*latest);
        }
    }

    fn moved(&mut self, no: AgentNo, to: &AgentState, entry: &Entry, acd: &Acd) -> Result<(), String> {
        if let AgentState::WrapUp { queue, .. } = to {
            let plan = acd.queue_plan(*queue).ok_or("a wrap-up of no queue")?;
            let latest = plan.extend.map(|extend| entry.at + extend.most);
            self.occupied.entry(no).or_default().ends = Some((entry.at + plan.wrap_up, latest));
            return Ok(());
        }
        if to.is_handling() {
            self.occupied.entry(no).or_default();
            return Ok(());
        }
        let intent = self.occupied.remove(&no).unwrap_or_default();
        let retired =
            *to == AgentState::LoggedOut && acd.plan().agents.iter().all(|plan| !is(acd, no, &plan.id));
        // A restart of before calls outlived one set everybody aside.
        if retired || entry.event == Event::Restarted {
            return Ok(());
        }
        let kept = match &intent.wish {
            None => true,
            Some(Wish::LoggedOut) => *to == AgentState::LoggedOut,
            Some(Wish::NotReady { reason }) => to.reason().is_some_and(|is| is.as_str() == reason),
            Some(Wish::Ready) => !matches!(to.reason(), Some(NotReadyReason::Site { .. })),
        };
        ok(kept, || format!("{no:?} asked for {:?} and is {to:?}", intent.wish))
    }

    fn compare(&self, no: AgentNo, agent: &Agent) -> Result<(), String> {
        let intent = self.occupied.get(&no);
        let wished = intent.and_then(|intent| intent.wish.clone()).map_or(Next::Ready, Next::Asked);
        match agent.state() {
            AgentState::Reserved { then, .. } | AgentState::Talking { then, .. } => {
                ok(*then == wished, || format!("{no:?} asked for {wished:?}, and is to be {then:?}"))
            }
            AgentState::WrapUp { ends, latest, .. } => {
                let expected = intent.and_then(|intent| intent.ends);
                ok(expected == Some((*ends, *latest)), || {
                    format!("{no:?} wraps up until {ends} ({latest:?}) instead of {expected:?}")
                })
            }
            AgentState::LoggedOut | AgentState::NotReady { .. } | AgentState::Ready { .. } => Ok(()),
        }
    }
}

fn is(acd: &Acd, no: AgentNo, id: &str) -> bool {
    acd.directory().agent_no(id) == Some(no)
}
