//! Events that touch everybody: new rules, and a restart.

use crate::{
    Acd, AgentNo, AgentState, CallId, Effects, Fact, NotReadyReason, Plan, QueueNo, Timestamp,
    brain::Listed,
    call::Ring,
    consult::Consult,
    crowd::Crowd,
    deadlines::{Deadlines, Owner},
    effect::{AgentCause, OfferOutcome, TransferOutcome, VisitOutcome},
    index::Index,
    pace::Pace,
    plan::Presence,
    rules::Rules,
    staff::Agent,
};

impl Acd {
    pub(crate) fn change_plan(&mut self, plan: &Plan, now: Timestamp, effects: &mut Effects) {
        self.ruled_since = self.entries;
        self.directory.learn(plan);
        self.plan = plan.clone();
        let known = self.agents.len();
        self.agents.resize_with(self.directory.agent_count(), || Agent::new(now));
        self.paces.resize_with(self.directory.queue_count(), Pace::default);
        self.rules = Rules::compile(plan, &self.directory, &self.rules);
        self.reconcile_calls(now);
        for no in (0..known).filter_map(|no| u32::try_from(no).ok()).map(AgentNo) {
            self.expect(no);
        }
        self.rebuild_index();
        self.rebuild_deadlines();
        for no in (0..self.directory.agent_count()).filter_map(|no| u32::try_from(no).ok()).map(AgentNo) {
            self.reconcile_agent(no, no.index() >= known, now, effects);
        }
        let waiting = self.calls.values().filter(|call| self.rules.wants_agent(call));
        self.open.calls.extend(waiting.map(|call| self.rules.rank(call)));
        self.open.everything = true;
        let goes_by_staff = |queue: &QueueNo| {
            self.rules.queue(*queue).is_some_and(|rule| rule.plan.limits.unstaffed.is_some())
        };
        let queues = (0..).map(QueueNo).take(self.directory.queue_count());
        self.open.deserted.extend(queues.filter(goes_by_staff));
        self.closed.retain(|hours| self.plan.entries.iter().any(|entry| entry.is_by(hours)));
    }

    pub(crate) fn rebuild_index(&mut self) {
        self.index = Index::new(self.rules.class_count());
        self.open.unlisted.clear();
        let numbered = self.agents.iter().zip(0..).map(|(agent, no)| (AgentNo(no), agent));
        let waiting = self.calls.values().filter_map(crate::Call::waits_in);
        self.crowd = Crowd::of(&self.rules, numbered, waiting);
        for (agent, no) in self.agents.iter().zip(0..).map(|(agent, no)| (agent, AgentNo(no))) {
            if let Some(idle) = agent.idle(no, &self.rules) {
                self.index.enter(&idle);
            }
        }
        for call in self.calls.values() {
            call.excluded.iter().for_each(|&(agent, _)| self.index.exclude(call.id, agent));
        }
        for call in self.calls.values() {
            let listed = Listed::of(call, &self.rules);
            self.index.count_alone(false, listed.alone);
            if let Some((rank, place)) = listed.waits {
                self.index.wait(rank, place);
            }
        }
    }

    pub(crate) fn rebuild_deadlines(&mut self) {
        self.deadlines = Deadlines::default();
        for (agent, no) in self.agents.iter().zip(0..).map(|(agent, no)| (agent, AgentNo(no))) {
            self.deadlines.change(Owner::Agent(no), None, agent.deadline());
            self.deadlines.change(Owner::Desk(no), None, agent.sign_out_due());
        }
        for call in self.calls.values() {
            let (nowhere, listed) = (Listed::nowhere(), Listed::of(call, &self.rules));
            nowhere.dues_to(&listed, call.id, &mut self.deadlines);
            for &(agent, until) in &call.excluded {
                self.deadlines.change(Owner::Exclusion(call.id, agent), None, Some(until));
            }
        }
    }

    /// New agents who are always present are ready; free agents who left the plan are logged out.
    fn reconcile_agent(&mut self, no: AgentNo, new: bool, now: Timestamp, effects: &mut Effects) {
        let presence = self.rules.terms(no).map(|terms| terms.presence);
        if presence != Some(Presence::Desk) {
            self.end_absence(no);
        }
        let Some(agent) = self.agents.get(no.index()) else { return };
        match (presence, agent.state.is_handling()) {
            (None, false) => self.move_agent(no, AgentState::LoggedOut, AgentCause::System, now, effects),
            (Some(Presence::Always), false) if new || agent.state == AgentState::LoggedOut => {
                let to = self.ready_if_reachable(no, now);
                self.move_agent(no, to, AgentCause::System, now, effects);
            }
            (Some(Presence::Always | Presence::Desk), _) | (None, true) => {}
        }
    }

    pub(crate) fn restart(&mut self, now: Timestamp, effects: &mut Effects) {
        let live: Vec<CallId> = self.calls.keys().copied().collect();
        for id in live {
            self.lose(id, now, effects);
        }
        for no in (0..self.agents.len()).filter_map(|no| u32::try_from(no).ok()).map(AgentNo) {
            self.desk_lost(no, now, effects);
        }
    }

    fn lose(&mut self, id: CallId, now: Timestamp, effects: &mut Effects) {
        // Nobody was there to be lost but the place.
        self.end_request(id, VisitOutcome::LostRestart, now, effects);
        let Some(call) = self.calls.get(&id) else { return };
        let pause = call
            .visit
            .and_then(|visit| self.rules.queue(visit.queue))
            .map_or_else(Default::default, |rule| rule.plan.rona_pause);
        let (queue, outcome) = (call.visit.map(|visit| visit.queue), OfferOutcome::Failed);
        for Ring { offer, agent, .. } in call.rings() {
            let ended = queue.map(|queue| Fact::OfferEnded { offer, agent, queue, outcome });
            effects.facts.extend(ended);
        }
        let asked = call.consult().and_then(Consult::agent);
        let agents: Vec<AgentNo> = call.agents().chain(asked).collect();
        self.record_consult(id, (TransferOutcome::LostRestart, None), now, effects);
        self.end_hold(id, now, effects);
        self.end_transfer(id, TransferOutcome::LostRestart, None, now, effects);
        self.end_visit(id, VisitOutcome::LostRestart, now, effects);
        for agent in agents {
            let until = (!self.needs_desk(agent)).then_some(now + pause);
            let to = AgentState::NotReady { reason: NotReadyReason::Restart, until };
            self.move_agent(agent, to, AgentCause::System, now, effects);
        }
        self.end_call(id, VisitOutcome::LostRestart, now, effects);
    }
}
