//! An agent inside the brain, and the one road by which her state changes.

use crate::{
    Acd, AgentNo, AgentState, Effects, Fact, NotReadyReason, Order, Timestamp, Wish,
    agent::{Next, Workload},
    deadlines::Owner,
    effect::{AgentCause, AgentSpan},
    pace::OwnPace,
    plan::{Answer, Presence},
    rules::Rules,
    turn::Idle,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An agent as the brain knows her.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    pub(crate) state: AgentState,
    pub(crate) since: Timestamp,
    /// When the part of her time began that is recorded next: a hold cuts her talking.
    pub(crate) cut: Timestamp,
    pub(crate) load: Workload,
    /// Whether she has a desktop.
    pub(crate) desk: bool,
    /// Whether it is known that her phone cannot be reached.
    #[serde(default)]
    pub(crate) unreachable: bool,
    /// Calls answered since she signed in.
    #[serde(default)]
    pub(crate) calls: u32,
    /// When a call was offered to her last; the epoch when none was.
    #[serde(default)]
    pub(crate) offered: Timestamp,
    /// When her work on a call ended last.
    #[serde(default)]
    pub(crate) work_ended: Option<Timestamp>,
    /// Until when nothing is offered to her though she is ready.
    #[serde(default)]
    pub(crate) rests: Option<Timestamp>,
    /// How long she talked in the call that she wraps up.
    #[serde(default)]
    pub(crate) talked: Duration,
    /// How long calls take her, by queue, where queues go by it.
    #[serde(default)]
    pub(crate) paces: Vec<OwnPace>,
}

impl Agent {
    pub(crate) fn new(now: Timestamp) -> Self {
        let (state, load) = (AgentState::LoggedOut, Workload::default());
        Self {
            state,
            since: now,
            cut: now,
            load,
            desk: false,
            unreachable: false,
            calls: 0,
            offered: Timestamp(0),
            work_ended: None,
            rests: None,
            talked: Duration::ZERO,
            paces: Vec::new(),
        }
    }
    /// What she is doing.
    #[must_use]
    pub const fn state(&self) -> &AgentState {
        &self.state
    }
    /// Since when.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }
    /// Since when the part of her time goes on that is recorded next: a hold cuts her talking.
    #[must_use]
    pub const fn recorded_since(&self) -> Timestamp {
        self.cut
    }
    /// Whether she has a desktop.
    #[must_use]
    pub const fn has_desk(&self) -> bool {
        self.desk
    }
    /// Whether it is known that her phone cannot be reached.
    #[must_use]
    pub const fn is_unreachable(&self) -> bool {
        self.unreachable
    }
    /// How occupied she has been lately.
    #[must_use]
    pub const fn load(&self) -> &Workload {
        &self.load
    }
    /// Calls answered since she signed in.
    #[must_use]
    pub const fn calls(&self) -> u32 {
        self.calls
    }
    /// When a call was offered to her last; the epoch when none was.
    #[must_use]
    pub const fn last_offer(&self) -> Timestamp {
        self.offered
    }
    /// Until when nothing is offered to her though she is ready.
    #[must_use]
    pub const fn rests_until(&self) -> Option<Timestamp> {
        self.rests
    }
    /// Whether she is not at work.
    #[must_use]
    pub const fn is_logged_out(&self) -> bool {
        matches!(self.state, AgentState::LoggedOut)
    }

    /// What her leaving a state does to the figures that turns and rests go by.
    fn account_for(&mut self, to: &AgentState, now: Timestamp) {
        if self.state.is_handling() {
            self.load.add(self.since, now);
        }
        match (&self.state, to) {
            (AgentState::LoggedOut, _) if bug!(CountsNotReset) => {}
            (AgentState::LoggedOut, _) => self.calls = 0,
            (AgentState::Talking { .. } | AgentState::WrapUp { .. }, _) if bug!(RestCountsFromTheAnswer) => {
                self.work_ended = Some(self.since);
            }
            (AgentState::Talking { .. }, AgentState::WrapUp { .. }) => {}
            (AgentState::Talking { .. } | AgentState::WrapUp { .. }, _) => self.work_ended = Some(now),
            (AgentState::NotReady { .. } | AgentState::Ready { .. } | AgentState::Reserved { .. }, _) => {}
        }
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        match &self.state {
            AgentState::WrapUp { ends, .. } => Some(*ends),
            AgentState::NotReady { until, .. } => *until,
            AgentState::Ready { .. } => self.rests,
            AgentState::LoggedOut | AgentState::Reserved { .. } | AgentState::Talking { .. } => None,
        }
    }

    /// Whether calls may be offered to her: ready, and not at rest.
    pub(crate) const fn is_in_line(&self) -> bool {
        matches!(self.state, AgentState::Ready { .. }) && self.rests.is_none()
    }

    /// What decides her turn, while calls may be offered to her.
    pub(crate) fn idle<'a>(&'a self, agent: AgentNo, rules: &'a Rules) -> Option<Idle<'a>> {
        match &self.state {
            AgentState::Ready { since } if self.rests.is_none() => {
                let (calls, offered, paces) = (self.calls, self.offered, &self.paces);
                let (since, load, rule) = (*since, self.load.key(), rules.agent(agent)?);
                Some(Idle { agent, since, load, calls, offered, paces, rule, rules })
            }
            AgentState::Ready { .. }
            | AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => None,
        }
    }
}

impl Acd {
    /// Moves an agent into another state: index, deadline, workload, span and the news all follow from here.
    pub(crate) fn move_agent(
        &mut self,
        no: AgentNo,
        to: AgentState,
        cause: AgentCause,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        if agent.state == to {
            return;
        }
        self.leave_line(no);
        let Some(agent) = self.agents.get_mut(no.index()) else { return };
        let deadline = agent.deadline();
        agent.account_for(&to, now);
        let from = std::mem::replace(&mut agent.state, to);
        effects.facts.push(Fact::AgentSpan(AgentSpan {
            agent: no,
            state: from.as_str(),
            reason: from.reason().cloned(),
            from: agent.cut,
            to: now,
            call: from.call(),
            queue: from.queue(),
        }));
        (agent.since, agent.cut) = (now, now);
        let to = agent.state.clone();
        if matches!(to, AgentState::Ready { .. }) {
            self.expect(no);
        }
        let rests = matches!(to, AgentState::Ready { .. }).then(|| self.rests_until(no, now)).flatten();
        if let Some(agent) = self.agents.get_mut(no.index()) {
            agent.rests = rests;
            self.deadlines.change(Owner::Agent(no), deadline, agent.deadline());
        }
        if matches!(to, AgentState::LoggedOut) {
            self.release_own(no);
        }
        self.count_staff(no, &from, &to);
        effects.orders.push(Order::AgentMoved { agent: no, from, to, cause });
        self.enter_line(no);
    }

    /// Whoever signs in or out is one more, or one less, who may be there for those who wait.
    fn count_staff(&mut self, no: AgentNo, from: &AgentState, to: &AgentState) {
        let is_out = |state: &AgentState| matches!(state, AgentState::LoggedOut);
        let Some(rule) = self.rules.agent(no).filter(|_| is_out(from) != is_out(to)) else { return };
        if is_out(from) {
            return self.crowd.signs_in(rule);
        }
        let left = self.crowd.signs_out(rule);
        if !bug!(NobodyIsMissed) {
            self.open.deserted.extend(left);
        }
    }

    /// After a call: what she asked for meanwhile, else ready, if she still can be.
    pub(crate) fn settle(
        &mut self,
        no: AgentNo,
        then: Next,
        ready_since: Timestamp,
        cause: AgentCause,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let to = match then {
            Next::Asked(wish @ (Wish::LoggedOut | Wish::NotReady { .. })) => self.state_for(no, wish, now),
            Next::Ready | Next::Asked(Wish::Ready) => self.ready_if_present(no, ready_since),
        };
        let to = if self.is_retired(no) { AgentState::LoggedOut } else { to };
        self.move_agent(no, to, cause, now, effects);
    }

    /// After an offer she did not take: not ready, unless she asked to be away or to leave anyhow.
    pub(crate) fn settle_after_failure(
        &mut self,
        no: AgentNo,
        then: Next,
        reason: NotReadyReason,
        until: Option<Timestamp>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let cause = if reason == NotReadyReason::Rona { AgentCause::Rona } else { AgentCause::System };
        let to = match then {
            Next::Asked(wish @ (Wish::LoggedOut | Wish::NotReady { .. })) => self.state_for(no, wish, now),
            Next::Ready | Next::Asked(Wish::Ready)
                if reason == NotReadyReason::PhoneFailed && self.is_unreachable(no) =>
            {
                self.ready_if_present(no, now) // when her phone is there again
            }
            Next::Ready | Next::Asked(Wish::Ready) => AgentState::NotReady { reason, until },
        };
        let to = if self.is_retired(no) { AgentState::LoggedOut } else { to };
        self.move_agent(no, to, cause, now, effects);
    }

    pub(crate) fn ready_if_present(&self, no: AgentNo, since: Timestamp) -> AgentState {
        if self.needs_desk(no) && !self.has_desk(no) {
            AgentState::NotReady { reason: NotReadyReason::Disconnected { back: None }, until: None }
        } else {
            self.ready_if_reachable(no, since)
        }
    }

    /// The state that a wish of a free agent leads to.
    pub(crate) fn state_for(&self, no: AgentNo, wish: Wish, now: Timestamp) -> AgentState {
        match wish {
            Wish::Ready => self.ready_if_reachable(no, now),
            Wish::NotReady { reason } => {
                AgentState::NotReady { reason: NotReadyReason::Site { code: reason }, until: None }
            }
            Wish::LoggedOut => AgentState::LoggedOut,
        }
    }

    pub(crate) fn has_desk(&self, no: AgentNo) -> bool {
        self.agents.get(no.index()).is_some_and(|agent| agent.desk)
    }

    pub(crate) fn needs_desk(&self, no: AgentNo) -> bool {
        self.rules.terms(no).is_some_and(|terms| terms.presence == Presence::Desk)
    }

    pub(crate) fn answers_at(&self, no: AgentNo) -> Answer {
        self.rules.terms(no).map_or(Answer::Phone, |terms| terms.answer)
    }

    pub(crate) fn is_retired(&self, no: AgentNo) -> bool {
        self.rules.terms(no).is_none()
    }
}
