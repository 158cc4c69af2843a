//! An agent asks somebody about her caller before she gives the caller away: an agent, whoever is free in a queue, or a
//! number outside. The caller waits on hold meanwhile, and belongs to her.
//!
//! ```text
//! Asked ─ decided ─▶ Ringing ─ 2xx ─▶ Talking ── she goes back, the other hangs up ──▶ Returning, if her phone does
//!                       │                │                                             not hold yet ──▶ (none)
//!                       │ refused, rung out, taken back ──────────────────────────────▶
//!                       └────────────────┴── put through, or she hangs up ──▶ the caller is theirs
//! ```
//! Whatever becomes of it, the caller is with somebody: with her again, or with the one she asked.

mod complete;
mod course;

use crate::{
    Acd, AgentNo, AgentState, CallId, CommandError, Decision, Effects, OfferId, Order, QueueNo, Taken,
    Target, Timestamp,
    agent::Next,
    call::{Call, CallState, Line},
    deadlines::Owner,
    effect::{AgentCause, CallMove},
};
use serde::{Deserialize, Serialize};

/// A consultation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consult {
    /// Who is asked.
    pub to: Target,
    /// For which queue she works who is asked.
    pub queue: QueueNo,
    /// Since when.
    pub since: Timestamp,
    /// How far it is.
    pub stage: ConsultStage,
}

/// How far a consultation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsultStage {
    /// Wanted; who is asked is decided next.
    Asked,
    /// A phone rings.
    Ringing {
        /// Its leg.
        leg: OfferId,
        /// Whose phone; none outside.
        agent: Option<AgentNo>,
        /// Until when it may ring.
        due: Timestamp,
    },
    /// They talk.
    Talking {
        /// The other's leg.
        leg: OfferId,
        /// Who; none outside.
        agent: Option<AgentNo>,
        /// Since when.
        since: Timestamp,
    },
    /// Over before her phone held: she gets her caller back as soon as it does.
    Returning,
}

/// The other side of a consultation that goes on.
#[derive(Clone, Copy, Debug)]
struct Other {
    leg: OfferId,
    agent: Option<AgentNo>,
    /// Since when they talk; none while it rings.
    since: Option<Timestamp>,
}

impl Consult {
    /// The agent who is asked, once there is one.
    #[must_use]
    pub const fn agent(&self) -> Option<AgentNo> {
        match self.stage {
            ConsultStage::Ringing { agent, .. } | ConsultStage::Talking { agent, .. } => agent,
            ConsultStage::Asked | ConsultStage::Returning => None,
        }
    }
    /// The leg to the one who is asked, once there is one.
    #[must_use]
    pub const fn leg(&self) -> Option<OfferId> {
        match self.stage {
            ConsultStage::Ringing { leg, .. } | ConsultStage::Talking { leg, .. } => Some(leg),
            ConsultStage::Asked | ConsultStage::Returning => None,
        }
    }
    /// Whether it goes on.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self.stage, ConsultStage::Returning)
    }
    pub(crate) const fn due(&self) -> Option<Timestamp> {
        match self.stage {
            ConsultStage::Ringing { due, .. } => Some(due),
            ConsultStage::Asked | ConsultStage::Talking { .. } | ConsultStage::Returning => None,
        }
    }
    const fn other(&self) -> Option<Other> {
        match self.stage {
            ConsultStage::Ringing { leg, agent, .. } => Some(Other { leg, agent, since: None }),
            ConsultStage::Talking { leg, agent, since } => Some(Other { leg, agent, since: Some(since) }),
            ConsultStage::Asked | ConsultStage::Returning => None,
        }
    }
}

impl Acd {
    /// Whether she may ask that target about this call now. Her phone has to agree.
    pub(crate) fn examine_consult(
        &self,
        agent: AgentNo,
        call: CallId,
        to: &Target,
    ) -> Result<Taken, CommandError> {
        self.agent_state(agent)?;
        self.examine_no_consult(agent, call)?;
        self.examine_target(agent, to)?;
        match to {
            Target::Queue { queue } if self.free_in(*queue, call).is_none() => {
                Err(CommandError::NobodyFree { queue: self.directory.queue_name(*queue).to_owned() })
            }
            Target::Queue { .. } | Target::Agent { .. } | Target::Outside { .. } => Ok(Taken::Pending),
        }
    }
    /// She has to be in that call, and to ask nobody about it.
    pub(crate) fn examine_no_consult(&self, agent: AgentNo, call: CallId) -> Result<(), CommandError> {
        let found = self.calls.get(&call).filter(|found| found.state.talks_to(agent));
        match found {
            None => Err(CommandError::NotInCall { call }),
            Some(found) if found.is_consulted_on() => Err(CommandError::Consulting { call }),
            Some(_) => Ok(()),
        }
    }
    /// Whether she can put her caller through to the one she asks.
    pub(crate) fn examine_complete(&self, agent: AgentNo, call: CallId) -> Result<Taken, CommandError> {
        self.agent_state(agent)?;
        let found = self.calls.get(&call).filter(|found| found.state.talks_to(agent));
        match found {
            None => Err(CommandError::NotInCall { call }),
            Some(found) if found.is_consulted_on() => Ok(Taken::Now),
            Some(_) => Err(CommandError::NotConsulting { call }),
        }
    }
    /// Whose turn it is in a queue, of those who are free.
    fn free_in(&self, queue: QueueNo, call: CallId) -> Option<AgentNo> {
        let class = self.rules.class(queue, 0, &self.calls.get(&call)?.attributes)?;
        self.index.ready(class).find(|&agent| self.index.may_go(call, agent))
    }

    /// She asks: her phone is told to hold, and somebody is rung.
    pub(crate) fn consult_asked(&mut self, id: CallId, to: &Target, now: Timestamp, effects: &mut Effects) {
        let Some(call) = self.calls.get(&id) else { return };
        let (CallState::Connected { offer, line, .. }, Some(visit)) = (call.state, call.visit) else {
            return;
        };
        let queue = if let Target::Queue { queue } = to { *queue } else { visit.queue };
        let (to, stage) = (to.clone(), ConsultStage::Asked);
        self.set_consult(id, Some(Consult { to, queue, since: now, stage }));
        if line == Line::Open {
            effects.orders.push(Order::HoldPhone { offer });
        }
        self.open.consults.push(id);
    }
    /// Whom she asks; nobody when the one she meant can be had no more.
    pub(crate) fn decide_consult(&self, call: &Call) -> Option<Decision> {
        let consult = call.consult.as_ref().filter(|consult| consult.stage == ConsultStage::Asked)?;
        let offer = call.next_attempt();
        let agent = match &consult.to {
            Target::Outside { rule } => {
                return Some(Decision::ConsultOutside { offer, rule: rule.clone() });
            }
            Target::Queue { queue } => self.free_in(*queue, call.id),
            Target::Agent { agent } => self.is_ready(*agent).then_some(*agent),
        };
        Some(match agent {
            Some(agent) => Decision::Consult { offer, agent },
            None => Decision::ConsultNobody { call: call.id },
        })
    }
    pub(crate) fn consult_agent(
        &mut self,
        leg: OfferId,
        agent: AgentNo,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(consult) = self.calls.get(&leg.call).and_then(|call| call.consult.as_ref()) else { return };
        let queue = consult.queue;
        let Some(AgentState::Ready { since: ready_since }) =
            self.agents.get(agent.index()).map(|agent| agent.state.clone())
        else {
            return;
        };
        let due = now + self.rules.queue(queue).map_or_else(Default::default, |rule| rule.plan.ring);
        let Some(by) = self.consult_rings(leg, (Some(agent), due), effects) else { return };
        let reserved = AgentState::Reserved { offer: leg, queue, ready_since, then: Next::default() };
        self.move_agent(agent, reserved, AgentCause::System, now, effects);
        if self.has_desk(agent) {
            effects.orders.extend(self.offer_consult(leg, agent, now, due));
        }
        let by = Some(by);
        effects.orders.push(Order::RingPhone { offer: leg, agent, queue, auto_answer: false, by });
    }
    pub(crate) fn consult_outside(
        &mut self,
        leg: OfferId,
        rule: &str,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let ring = self.plan.outside.iter().find(|plan| plan.name == rule).map(|plan| plan.ring);
        let due = now + ring.unwrap_or_default();
        let Some(by) = self.consult_rings(leg, (None, due), effects) else { return };
        effects.orders.push(Order::CallOut { offer: leg, rule: rule.to_owned(), by: Some(by) });
    }
    /// The leg of her own phone.
    fn consult_rings(
        &mut self,
        leg: OfferId,
        (agent, due): (Option<AgentNo>, Timestamp),
        effects: &mut Effects,
    ) -> Option<OfferId> {
        let call = self.calls.get_mut(&leg.call)?;
        let CallState::Connected { offer, agent: asks, .. } = call.state else { return None };
        call.attempts = leg.attempt;
        self.set_consult_stage(leg.call, ConsultStage::Ringing { leg, agent, due });
        self.tell_consulting(leg.call, asks, false, effects);
        Some(offer)
    }
    /// The card and the question, for the desk of the one who is asked.
    pub(crate) fn offer_consult(
        &self,
        leg: OfferId,
        agent: AgentNo,
        since: Timestamp,
        expires: Timestamp,
    ) -> Option<Order> {
        let call = self.calls.get(&leg.call)?;
        let (offer, waited, priority) = (leg, call.waited(since), call.priority);
        let (queue, answer) = (call.consult.as_ref()?.queue, crate::plan::Answer::Phone);
        Some(Order::OfferCall {
            offer,
            agent,
            queue,
            waited,
            expires,
            priority,
            answer,
            given_by: call.state.agent(),
            consult: true,
            callback: false,
        })
    }

    /// A desktop that comes in the middle of a consultation learns of it.
    pub(crate) fn tell_desk_of_consult(&self, id: CallId, no: AgentNo, effects: &mut Effects) {
        let Some(consult) = self.consult_of(id).filter(|consult| consult.is_live()) else { return };
        let talks = matches!(consult.stage, ConsultStage::Talking { .. });
        if consult.agent() == Some(no)
            && let Some(leg) = consult.leg()
        {
            let expires = consult.due().unwrap_or(consult.since);
            effects.orders.extend(self.offer_consult(leg, no, consult.since, expires));
            if !talks {
                return;
            }
        }
        self.tell_consulting(id, no, talks, effects);
    }
    fn tell_consulting(&self, id: CallId, agent: AgentNo, answered: bool, effects: &mut Effects) {
        let call = self.calls.get(&id);
        let asks = call.and_then(|call| call.state.agent()).filter(|asks| *asks != agent);
        let asked = call.and_then(|call| call.consult.as_ref()).and_then(Consult::agent);
        let to = CallMove::Consulting { answered, with: asks.or(asked) };
        effects.orders.push(Order::CallMoved { call: id, agent, to });
    }
    /// Her caller is on hold, and nothing else, until the phones have done what they were told.
    fn tell_held(&self, id: CallId, effects: &mut Effects) {
        if let Some(agent) = self.calls.get(&id).and_then(|call| call.state.agent()) {
            effects.orders.push(Order::CallMoved { call: id, agent, to: CallMove::Held });
        }
    }

    /// The consultation of which this is the leg: the other side, who asks, and the leg of her phone.
    fn consulted(&self, leg: OfferId) -> Option<(Other, AgentNo, OfferId)> {
        let call = self.calls.get(&leg.call)?;
        let other = call.consult.as_ref()?.other().filter(|other| other.leg == leg)?;
        let CallState::Connected { offer, agent, .. } = call.state else { return None };
        Some((other, agent, offer))
    }
    /// The consultation in which this agent is asked.
    fn asked(&self, agent: AgentNo, id: CallId) -> Option<Other> {
        self.consult_of(id)?.other().filter(|other| other.agent == Some(agent))
    }
    /// Whether her phone rings because somebody asks her about this call.
    pub(crate) fn is_asked_by_phone(&self, agent: AgentNo, id: CallId) -> bool {
        self.asked(agent, id).is_some_and(|other| other.since.is_none())
    }
    pub(crate) fn consult_of(&self, id: CallId) -> Option<&Consult> {
        self.calls.get(&id)?.consult.as_ref()
    }
    pub(crate) fn is_ready(&self, agent: AgentNo) -> bool {
        matches!(self.agents.get(agent.index()).map(|agent| &agent.state), Some(AgentState::Ready { .. }))
    }
    fn set_consult_stage(&mut self, id: CallId, stage: ConsultStage) {
        let consult = self.consult_of(id).map(|consult| Consult { stage, ..consult.clone() });
        self.set_consult(id, consult);
    }
    fn set_consult(&mut self, id: CallId, consult: Option<Consult>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let before = call.deadline();
        call.consult = consult;
        let after = call.deadline();
        self.deadlines.change(Owner::Call(id), before, after);
    }
}

/// The part of the time of an agent who is asked.
const CONSULTING: &str = "consulting";
