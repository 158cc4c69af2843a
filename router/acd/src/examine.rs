//! Which events can be taken up.

use crate::{
    Acd, AgentNo, AgentState, CallId, CommandError, Event, Taken, Wish, agent::MAX_REASON, call::Stage,
    effect::PhoneTask,
};

impl Acd {
    /// Whether an event can be taken up. Late races of the network are taken up and come to nothing; a desk's command
    /// that cannot be done is refused.
    pub(crate) fn examine(&self, event: &Event) -> Result<Taken, CommandError> {
        match event {
            Event::StateAsked { agent, wish } => self.examine_wish(*agent, wish),
            Event::StateForced { agent, wish, .. } => self.examine_forced(*agent, wish),
            Event::MoreTimeAsked { agent, call } => self.examine_more_time(*agent, *call),
            Event::OfferAccepted { agent, call } => self.examine_answer(*agent, *call, true),
            Event::OfferDeclined { agent, call } => self.examine_answer(*agent, *call, false),
            Event::HangUpAsked { agent, call } => {
                let talks = matches!(self.agent_state(*agent)?, AgentState::Talking { offer, .. } if offer.call == *call);
                if talks { Ok(Taken::Now) } else { Err(CommandError::NotInCall { call: *call }) }
            }
            Event::HoldAsked { agent, call } => self.examine_hold(*agent, *call, PhoneTask::Hold),
            Event::RetrieveAsked { agent, call } => self.examine_hold(*agent, *call, PhoneTask::Retrieve),
            Event::TransferAsked { agent, call, to } => self.examine_transfer(*agent, *call, to),
            Event::ConsultAsked { agent, call, to } => self.examine_consult(*agent, *call, to),
            Event::CompleteAsked { agent, call } => self.examine_complete(*agent, *call),
            Event::ReferAsked { offer, to, .. } => match self.is_connected(*offer) {
                Some(agent) => self.examine_transfer(agent, offer.call, to),
                None => Err(CommandError::NotInCall { call: offer.call }),
            },
            Event::WrapUpFinished { agent, call, then, .. } => {
                let wraps_up =
                    matches!(self.agent_state(*agent)?, AgentState::WrapUp { call: of, .. } if of == call);
                if !wraps_up {
                    return Err(CommandError::NotWrappingUp { call: *call });
                }
                then.as_ref().map_or(Ok(Taken::Now), |wish| self.examine_wish(*agent, wish))
            }
            Event::PriorityChanged { call, priority, reasons } => {
                self.examine_priority(*call, *priority, reasons)
            }
            Event::CallbackAsked { call, request } => self.examine_kept(*call, *request),
            Event::CallbackRequested(asked) => self.examine_requested(asked),
            Event::CallbackWithdrawn { call } => self.examine_withdrawn(*call),
            Event::DeskSignedIn { agent }
            | Event::DeskLost { agent }
            | Event::PhoneUnreachable { agent }
            | Event::PhoneReachable { agent } => self.agent_state(*agent).map(|_| Taken::Now),
            Event::PlanChanged { .. }
            | Event::PlanSigned { .. }
            | Event::Restarted
            | Event::Returned { .. }
            | Event::ClockStepped { .. }
            | Event::CallArrived { .. }
            | Event::CallerLeft { .. }
            | Event::CardShown { .. }
            | Event::PhoneAnswered { .. }
            | Event::PhoneRefused { .. }
            | Event::PhoneHungUp { .. }
            | Event::BridgeFailed { .. }
            | Event::CallHeld { .. }
            | Event::CallRetrieved { .. }
            | Event::HoldFailed { .. }
            | Event::RetrieveFailed { .. }
            | Event::ConsultFailed { .. }
            | Event::WaitingEnded
            | Event::HoursTurned { .. }
            | Event::DeadlinePassed => Ok(Taken::Now),
        }
    }

    pub(crate) fn agent_state(&self, agent: AgentNo) -> Result<&AgentState, CommandError> {
        self.agents.get(agent.index()).map(|agent| &agent.state).ok_or(CommandError::NoSuchAgent)
    }

    pub(crate) fn examine_wish(&self, agent: AgentNo, wish: &Wish) -> Result<Taken, CommandError> {
        let state = self.agent_state(agent)?;
        examine_reason(wish)?;
        match (state, wish) {
            (AgentState::LoggedOut, Wish::Ready | Wish::NotReady { .. }) => Err(CommandError::LoggedOut),
            (AgentState::Reserved { .. } | AgentState::Talking { .. }, _) => Ok(Taken::Pending),
            (
                AgentState::LoggedOut
                | AgentState::NotReady { .. }
                | AgentState::Ready { .. }
                | AgentState::WrapUp { .. },
                _,
            ) => Ok(Taken::Now),
        }
    }

    fn examine_answer(&self, agent: AgentNo, call: CallId, accept: bool) -> Result<Taken, CommandError> {
        self.agent_state(agent)?;
        if self.is_asked_by_phone(agent, call) {
            return if accept { Err(CommandError::AnswerAtPhone) } else { Ok(Taken::Now) };
        }
        let ring = self.calls.get(&call).and_then(|call| call.ring_at(agent));
        let ring = ring.ok_or(CommandError::OfferGone { call })?;
        match (accept, ring.stage) {
            (true, Stage::Card { .. } | Stage::Ringing) => Err(CommandError::AnswerAtPhone),
            (true, Stage::AutoAnswer) | (false, Stage::AutoAnswer) => Err(CommandError::OfferGone { call }),
            (true, Stage::Desk) | (false, Stage::Card { .. } | Stage::Ringing | Stage::Desk) => {
                Ok(Taken::Now)
            }
        }
    }
}

/// Whether the reason of a wish may stand in the log.
pub fn examine_reason(wish: &Wish) -> Result<Taken, CommandError> {
    match wish {
        Wish::NotReady { reason } if !is_code(reason, MAX_REASON) => Err(CommandError::BadReason),
        Wish::Ready | Wish::NotReady { .. } | Wish::LoggedOut => Ok(Taken::Now),
    }
}

/// Whether this is a short word that may stand in the log.
pub fn is_code(code: &str, most: usize) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !code.is_empty() && code.len() <= most && code.chars().all(fits)
}
