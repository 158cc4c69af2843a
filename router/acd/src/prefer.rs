//! Callers who are known: the agent of the last time, and the place of one who hung up and comes again.
//!
//! A call whose caller talked to an agent in this queue not long ago waits for her: nobody else gets it until the
//! patience is over, she has not taken it, she logs out, or a step or new rules put it out of her reach. Whether she is
//! free just then does not matter. Among the calls she may have it ranks like any other.

use crate::{
    Acd, AgentNo, Call, CallId, CallerRef, Decision, QueueNo, Timestamp, call::Preference, plan::QueuePlan,
    rank::Rank,
};

impl Acd {
    /// A visit begins: for whom alone the call waits.
    pub(crate) fn preferred(
        &self,
        call: &Call,
        (queue, step): (QueueNo, u8),
        now: Timestamp,
    ) -> Option<Preference> {
        if call.past.agent.is_some() || bug!(PreferenceIgnored) {
            return None; // somebody of us had the caller in this very call
        }
        let plan = self.rules.queue(queue)?.plan.prefer?;
        let (at, agent) = self.last_agents.get(call.caller?, queue)?;
        let able =
            self.is_able(agent, self.rules.class(queue, step, &call.attributes)?) && call.may_go_to(agent);
        let recent = now.since(at) <= plan.within || bug!(LastAgentRememberedForEver);
        let wanted = recent && able && !self.is_logged_out(agent);
        wanted.then_some(Preference { agent, until: now + plan.patience })
    }

    fn is_able(&self, agent: AgentNo, class: crate::rules::ClassNo) -> bool {
        self.rules.agent(agent).is_some_and(|rule| rule.may_serve(class))
    }

    pub(crate) fn is_logged_out(&self, agent: AgentNo) -> bool {
        self.agents.get(agent.index()).is_none_or(crate::Agent::is_logged_out)
    }

    pub(crate) fn decide_anybody(&self, call: &Call) -> Option<Decision> {
        call.preference().map(|_| Decision::EndPreference { call: call.id })
    }

    /// Anybody may have the call.
    pub(crate) fn prefer_nobody(&mut self, id: CallId) {
        self.change_call(id, |call| {
            if let Some(visit) = &mut call.visit {
                visit.prefers = None;
            }
        });
    }

    /// An agent has not taken a call, or is not able to at its step: it waits for her no more.
    pub(crate) fn prefer_no_more_in_vain(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let Some(wish) = call.preference() else { return };
        let able = self.rules.class_of(call).is_some_and(|class| self.is_able(wish.agent, class));
        if !able || !bug!(PreferenceKeptAfterRefusal) && !call.may_go_to(wish.agent) {
            self.prefer_nobody(id);
        }
    }

    /// She has logged out: those who wait for her may go to anybody.
    pub(crate) fn release_own(&mut self, agent: AgentNo) {
        let own: Vec<Rank> = self.index.own(agent).collect();
        for rank in own {
            self.prefer_nobody(rank.call);
        }
    }

    /// Her conversation with a caller is over.
    pub(crate) fn remember_agent(&mut self, id: CallId, agent: AgentNo, now: Timestamp) {
        if let Some((caller, queue)) = self.known_in(id, |plan| plan.prefer.is_some()) {
            self.last_agents.keep(caller, queue, now, agent);
        }
    }

    /// A caller has hung up while waiting.
    pub(crate) fn remember_place(&mut self, id: CallId, now: Timestamp) {
        let Some(from) = self.calls.get(&id).map(Call::ranked_from) else { return };
        if let Some((caller, queue)) = self.known_in(id, |plan| plan.keep_place.is_some()) {
            self.places.keep(caller, queue, now, from);
        }
    }

    /// A caller who had come back to a place is sent away after all, through no doing of theirs: it is kept once more.
    pub(crate) fn return_place(&mut self, id: CallId, now: Timestamp) {
        if self.calls.get(&id).is_some_and(|call| call.place.is_some()) {
            self.remember_place(id, now);
        }
    }

    /// A caller who hung up while waiting has come again soon enough: the place of then, once.
    pub(crate) fn give_place_back(&mut self, id: CallId, queue: QueueNo, now: Timestamp) {
        let Some(call) = self.calls.get(&id).filter(|call| call.visits == 0 && call.place.is_none()) else {
            return;
        };
        let keeps = self.rules.queue(queue).and_then(|rule| rule.plan.keep_place);
        let (Some(caller), Some(keeps)) = (call.caller, keeps) else { return };
        let Some((left, from)) = self.places.get(caller, queue) else { return };
        if !bug!(PlaceGivenTwice) {
            self.places.forget(caller, queue);
        }
        if now.since(left) <= keeps || bug!(PlaceKeptForEver) {
            self.change_call(id, |call| call.place = Some(from));
        }
    }

    /// The caller of a call and the queue it is in, if the number is known and the queue wants to remember.
    fn known_in(&self, id: CallId, wants: impl Fn(&QueuePlan) -> bool) -> Option<(CallerRef, QueueNo)> {
        let call = self.calls.get(&id)?;
        let queue = call.visit?.queue;
        self.rules.queue(queue).filter(|rule| wants(&rule.plan))?;
        Some((call.caller?, queue))
    }
}

impl Call {
    /// When it has waited long enough for one agent.
    pub(crate) fn preference_due(&self) -> Option<Timestamp> {
        self.preference()
            .filter(|_| self.is_unanswered() && !bug!(PreferenceNeverReleased))
            .map(|wish| wish.until)
    }
}
