//! An agent's phone that cannot be reached: no call is offered to her, and she is ready again by herself when it can.
//!
//! ```text
//! Ready ─ phone unreachable ─▶ NotReady (phone_unreachable) ─ phone reachable ─▶ Ready, idle since then as before
//!                                 ▲
//!                                 ├─ whatever else would make her ready: her wish, the end of wrap-up or of a pause
//!                                 └─ an offer that failed because her phone cannot be reached (phone_failed), found out
//!                                    before or after: the phone was at fault, not she
//! ```
//!
//! A call she has goes on: media and the phone's own requests find their way without us. How it is found out whether a
//! phone is there is the edge's business.

use crate::{Acd, AgentNo, AgentState, Effects, NotReadyReason, Timestamp, effect::AgentCause};

impl Acd {
    pub(crate) fn phone_unreachable(&mut self, no: AgentNo, now: Timestamp, effects: &mut Effects) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        agent.unreachable = true;
        let since = match &agent.state {
            AgentState::Ready { since } => Some(*since),
            AgentState::NotReady { reason: NotReadyReason::PhoneFailed, .. } => Some(agent.since),
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => None,
        };
        if let Some(since) = since {
            let to = self.ready_if_reachable(no, since);
            self.move_agent(no, to, AgentCause::System, now, effects);
        }
    }

    pub(crate) fn phone_reachable(&mut self, no: AgentNo, now: Timestamp, effects: &mut Effects) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        agent.unreachable = false;
        if let Some(since) = agent.state.ready_but_for_phone() {
            let to = self.ready_if_present(no, since);
            self.move_agent(no, to, AgentCause::System, now, effects);
        }
    }

    pub(crate) fn is_unreachable(&self, no: AgentNo) -> bool {
        self.agents.get(no.index()).is_some_and(|agent| agent.unreachable)
    }

    /// What an agent becomes who would be ready, idle since `since`.
    pub(crate) fn ready_if_reachable(&self, no: AgentNo, since: Timestamp) -> AgentState {
        if self.is_unreachable(no) {
            let reason = NotReadyReason::PhoneUnreachable { ready_since: since };
            AgentState::NotReady { reason, until: None }
        } else {
            AgentState::Ready { since }
        }
    }
}

impl AgentState {
    /// Since when an agent is idle whom only her phone keeps from being ready.
    pub(crate) const fn ready_but_for_phone(&self) -> Option<Timestamp> {
        match self {
            Self::NotReady { reason: NotReadyReason::PhoneUnreachable { ready_since }, .. } => {
                Some(*ready_since)
            }
            Self::LoggedOut
            | Self::NotReady { .. }
            | Self::Ready { .. }
            | Self::Reserved { .. }
            | Self::Talking { .. }
            | Self::WrapUp { .. } => None,
        }
    }
    /// Since when an agent is idle who has no call and wants one.
    pub(crate) const fn idle_since(&self) -> Option<Timestamp> {
        match self {
            Self::Ready { since } => Some(*since),
            Self::LoggedOut
            | Self::NotReady { .. }
            | Self::Reserved { .. }
            | Self::Talking { .. }
            | Self::WrapUp { .. } => self.ready_but_for_phone(),
        }
    }
}
