//! What a call needs while it waits: the queue's steps, and the priority that somebody gives it.
//!
//! ```text
//! needs ── after steps[0] ──▶ step 1 ── after steps[1] ──▶ step 2 …
//! ```
//! Times count from the beginning of the visit and go on while a phone rings: an offer that fails finds the call at the
//! step of then. New rules put a call at the step that its waiting has come to.

use crate::{
    Acd, Call, CallId, CommandError, Decision, Taken, Timestamp, agent::MAX_REASON, event::MAX_REASONS,
    examine::is_code, routing::MAX_PRIORITY, rules::Rules,
};

impl Rules {
    /// When the next step of a call is due.
    #[must_use]
    pub fn step_due(&self, call: &Call) -> Option<Timestamp> {
        if bug!(StepNeverRelaxed) {
            return None;
        }
        if bug!(StepsPauseWhileRinging) && matches!(call.state, crate::call::CallState::Offered { .. }) {
            return None;
        }
        let visit = call.visit.filter(|_| call.is_unanswered())?;
        Some(visit.counts_from() + self.queue(visit.queue)?.next_step(visit.step)?)
    }
}

impl Acd {
    pub(crate) fn decide_step(&self, call: &Call) -> Option<Decision> {
        Some(Decision::Relax { call: call.id, step: call.visit?.step.saturating_add(1) })
    }

    pub(crate) fn relax(&mut self, id: CallId, step: u8) {
        self.change_call(id, |call| {
            if let Some(visit) = &mut call.visit {
                visit.step = step;
            }
        });
        self.prefer_no_more_in_vain(id);
    }

    /// New rules: every call is at the step that it would be at under them, and waits for nobody who cannot take it.
    /// Before index and deadlines are built anew.
    pub(crate) fn reconcile_calls(&mut self, now: Timestamp) {
        let (rules, agents) = (&self.rules, &self.agents);
        for call in self.calls.values_mut() {
            let Some(visit) = &mut call.visit else { continue };
            if bug!(NewRulesKeepOldSteps) {
                continue;
            }
            visit.step =
                rules.queue(visit.queue).map_or(0, |rule| rule.step_at(now.since(visit.counts_from())));
            let Some(wish) = visit.prefers else { continue };
            let class = rules.class_of(call);
            let able =
                class.is_some_and(|class| rules.agent(wish.agent).is_some_and(|rule| rule.may_serve(class)));
            let there = agents.get(wish.agent.index()).is_some_and(|agent| !agent.is_logged_out());
            if let (false, Some(visit)) = (able && there, &mut call.visit) {
                visit.prefers = None;
            }
        }
    }

    /// Whether a call can be given another priority.
    pub(crate) fn examine_priority(
        &self,
        id: CallId,
        priority: u8,
        reasons: &[String],
    ) -> Result<Taken, CommandError> {
        if !(1..=MAX_PRIORITY).contains(&priority) {
            return Err(CommandError::BadPriority);
        }
        if reasons.len() > MAX_REASONS || !reasons.iter().all(|reason| is_code(reason, MAX_REASON)) {
            return Err(CommandError::BadReason);
        }
        let waits = self.calls.get(&id).is_some_and(Call::is_unanswered);
        if waits { Ok(Taken::Now) } else { Err(CommandError::NotWaiting { call: id }) }
    }

    pub(crate) fn priority_changed(&mut self, id: CallId, priority: u8) {
        if let (true, Some(call)) = (bug!(PriorityNotRanked), self.calls.get_mut(&id)) {
            call.priority = priority;
            return;
        }
        self.change_call(id, |call| call.priority = priority);
    }
}
