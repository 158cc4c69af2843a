//! What becomes of a wish for another state: an agent's own, or a supervisor's for her, which is on record with who it was.
//!
//! Never cuts a call: of an agent who rings or talks it says what comes after, and the last intent wins, whoever had it.

use crate::{
    Acd, AgentNo, AgentState, CommandError, Effects, Order, Taken, Timestamp, Wish, agent::Next,
    effect::AgentCause, examine::examine_reason, plan::Presence,
};

impl Acd {
    /// Whether a supervisor may set this state: it must be one that she could have by herself.
    pub(crate) fn examine_forced(&self, agent: AgentNo, wish: &Wish) -> Result<Taken, CommandError> {
        let state = self.agent_state(agent)?;
        let Some(terms) = self.rules.terms(agent) else { return Err(CommandError::NoSuchAgent) };
        let always = terms.presence == Presence::Always;
        match wish {
            // Without a desk she could not come back by herself, and new rules would bring her back too early.
            Wish::LoggedOut if always => Err(CommandError::AlwaysPresent),
            Wish::Ready if !always && !self.has_desk(agent) => Err(CommandError::NotAtHerDesk),
            Wish::NotReady { .. } if !always && *state == AgentState::LoggedOut => {
                Err(CommandError::NotAtHerDesk)
            }
            Wish::Ready if always && *state == AgentState::LoggedOut => Ok(Taken::Now),
            Wish::NotReady { .. } if *state == AgentState::LoggedOut => examine_reason(wish),
            Wish::Ready | Wish::NotReady { .. } | Wish::LoggedOut => self.examine_wish(agent, wish),
        }
    }

    pub(crate) fn state_forced(
        &mut self,
        no: AgentNo,
        wish: &Wish,
        by: &str,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(agent) = self.agents.get(no.index()) else { return };
        let pending = matches!(agent.state, AgentState::Reserved { .. } | AgentState::Talking { .. });
        if pending && bug!(ForcedWishForgotten) {
            return;
        }
        let (wish_told, by) = (wish.clone(), by.to_owned());
        effects.orders.push(Order::StateForced { agent: no, wish: wish_told, by, pending });
        self.wish_for(no, wish, AgentCause::Supervisor, now, effects);
    }

    /// A wish for another state is carried out, or remembered until the call is over that occupies her.
    pub(crate) fn wish_for(
        &mut self,
        no: AgentNo,
        wish: &Wish,
        cause: AgentCause,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        let wants_calls = agent.state.idle_since().is_some();
        match &mut agent.state {
            AgentState::Reserved { then, .. } | AgentState::Talking { then, .. } => {
                *then = Next::Asked(wish.clone())
            }
            AgentState::WrapUp { then, .. } => {
                *then = Next::Asked(wish.clone());
                self.end_wrap_up(no, None, cause, now, effects);
            }
            AgentState::Ready { .. } | AgentState::NotReady { .. } if *wish == Wish::Ready && wants_calls => {
            }
            AgentState::LoggedOut | AgentState::NotReady { .. } | AgentState::Ready { .. } => {
                let to = self.state_for(no, wish.clone(), now);
                self.move_agent(no, to, cause, now, effects);
            }
        }
    }
}
