//! Who may not wait where they are: how many wait in a queue at most, and what becomes of calls that nobody is there
//! for.
//!
//! ```text
//! entered ── more wait than max_waiting ───────────▶ full: on to another queue, or sent away
//! waiting ── nobody is signed in who may take it ──▶ unstaffed: likewise
//! ```
//! Both are looked at when all who are free have got their calls, so that whoever is served at once takes nobody's
//! place. A call that is sent on and may not wait there either goes on from there in the same breath, but comes to no
//! queue twice: then it is sent away, so that queues that point to each other are no circle.

use crate::{
    Acd, Call, CallId, Decision, Effects, FlowOut, QueueNo, RefuseReason, Timestamp, call::CallState,
    plan::Then, rank::Rank,
};
use serde::{Deserialize, Serialize};

/// Who may wait in a queue. Without any everybody may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How many wait at most, those at whom a phone rings included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_waiting: Option<u32>,
    /// What becomes of one more.
    #[serde(default, skip_serializing_if = "Then::is_refuse")]
    pub full: Then,
    /// What becomes of calls while nobody is signed in who may take them at any step; none: they wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstaffed: Option<Then>,
}

impl Limits {
    /// Whether everybody may wait.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Then {
    /// Whether it sends callers away.
    #[must_use]
    pub const fn is_refuse(&self) -> bool {
        match self {
            Self::Refuse => true,
            Self::Queue(_) => false,
        }
    }
}

impl Acd {
    /// A visit has begun: whether the call may wait there is to be decided, once it is known whether it has to.
    pub(crate) fn look_at_limits(&mut self, id: CallId, queue: QueueNo) {
        if self.rules.queue(queue).is_some_and(|rule| rule.plan.limits.max_waiting.is_some()) {
            self.open.entered.push(id);
        }
    }
    /// A call waits, newly or again: whether anybody is there for it is to be decided.
    pub(crate) fn look_at_staff(&mut self, id: CallId) {
        if !self.crowd.is_watched() {
            return;
        }
        let Some(visit) = self.calls.get(&id).and_then(|call| call.visit) else { return };
        if self.rules.queue(visit.queue).is_some_and(|rule| rule.plan.limits.unstaffed.is_some()) {
            self.open.alone.push(id);
        }
    }

    /// A call that may not wait where it is. Only when nobody who is free can be given a call any more.
    pub(crate) fn decide_departure(&mut self) -> Option<Decision> {
        while let Some(queue) = self.open.deserted.pop_first() {
            let left = self.left_alone(queue);
            // The first of them is decided on first.
            self.open.alone.extend(left.into_iter().rev());
        }
        while let Some(id) = self.open.alone.pop() {
            if let Some(call) = self.waiting(id).filter(|call| !self.is_staffed(call)) {
                let then = self.limits(call).and_then(|limits| limits.unstaffed.clone());
                if let Some(way) = then.and_then(|then| self.depart(call, &then, RefuseReason::Unstaffed)) {
                    return Some(way);
                }
            }
        }
        while let Some(id) = self.open.entered.pop() {
            if let Some(call) = self.waiting(id).filter(|call| self.is_too_many(call)) {
                let then = self.limits(call).map(|limits| limits.full.clone());
                return then.and_then(|then| self.depart(call, &then, RefuseReason::Full));
            }
        }
        None
    }

    /// A caller who waits. A request for a callback is in nobody's way, and stands until its time is over.
    fn waiting(&self, id: CallId) -> Option<&Call> {
        let waits = |call: &&Call| matches!(call.state, CallState::Queued) && !call.is_request();
        self.calls.get(&id).filter(waits)
    }
    fn limits(&self, call: &Call) -> Option<&Limits> {
        self.rules.queue(call.visit?.queue).map(|rule| &rule.plan.limits)
    }
    /// Who waits in a queue that somebody has left, in the order in which they would have been served.
    fn left_alone(&self, queue: QueueNo) -> Vec<CallId> {
        let classes = self.rules.classes_of(queue);
        let mut waiting: Vec<Rank> = classes.iter().flat_map(|&class| self.index.waiting(class)).collect();
        waiting.sort_unstable();
        let is_in = |call: &CallId| {
            self.calls.get(call).and_then(|call| call.visit).is_some_and(|visit| visit.queue == queue)
        };
        waiting.into_iter().map(|rank| rank.call).filter(is_in).collect()
    }
    /// Whether somebody is signed in who may take a call at any step of its queue. Nobody is missed where queues do not go
    /// by it.
    fn is_staffed(&self, call: &Call) -> bool {
        let Some(visit) = call.visit else { return true };
        let Some(rule) = self.rules.queue(visit.queue) else { return true };
        let steps = if bug!(LaterStepsCountAsUnstaffed) { 0 } else { rule.plan.steps.len() };
        let mut steps = (0..=steps).filter_map(|step| u8::try_from(step).ok());
        rule.plan.limits.unstaffed.is_none()
            || steps.any(|step| {
                let class = self.rules.class(visit.queue, step, &call.attributes);
                class.is_some_and(|class| self.crowd.is_staffed(class))
            })
    }
    /// Whether more wait in its queue than may. Whom an agent has given away is let in all the same: the caller has been
    /// talked to.
    fn is_too_many(&self, call: &Call) -> bool {
        let (Some(limits), Some(visit)) = (self.limits(call), call.visit) else { return false };
        let spare = u32::from(bug!(OneMoreThanTheLimit));
        let too_many = |most: u32| self.crowd.waiting(visit.queue) > most.saturating_add(spare);
        call.past.agent.is_none() && limits.max_waiting.is_some_and(too_many)
    }
    /// On to where its queue says, unless it came through there in this very moment. Whom an agent has talked to and given
    /// away is not sent away for want of somebody: the caller waits.
    fn depart(&self, call: &Call, then: &Then, why: RefuseReason) -> Option<Decision> {
        let to = match then {
            Then::Refuse => None,
            Then::Queue(name) => self.directory.queue_no(name),
        };
        let here = call.visit.map(|visit| visit.queue);
        let is_new = |to: &QueueNo| Some(*to) != here && !self.open.passed.contains(&(call.id, *to));
        match to.filter(is_new) {
            Some(to) => Some(Decision::Divert { call: call.id, to, why }),
            None if call.past.agent.is_some() => None,
            None => Some(Decision::Refuse { call: call.id, reason: why }),
        }
    }

    /// Takes a call to another queue, its place with it.
    pub(crate) fn flow_on(
        &mut self,
        id: CallId,
        to: QueueNo,
        why: FlowOut,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let from = self.calls.get(&id).and_then(|call| call.visit).map(|visit| visit.queue);
        self.open.passed.extend(from.map(|from| (id, from)));
        self.end_visit(id, crate::VisitOutcome::FlowOut(why), now, effects);
        // Out of the old queue's index before the visit changes: the class belongs to the visit.
        self.set_call_state(id, CallState::Arrived);
        self.begin_visit(id, to, now, effects);
    }
}

/// The rule by which a visit leaves, when the call is not to wait where it is.
pub(crate) const fn flow_out(why: RefuseReason) -> FlowOut {
    match why {
        RefuseReason::NoEntry | RefuseReason::MaxWait => FlowOut::Refused,
        RefuseReason::Drained => FlowOut::Drained,
        RefuseReason::Full => FlowOut::Full,
        RefuseReason::Unstaffed => FlowOut::Unstaffed,
        RefuseReason::Closed => FlowOut::Closed,
        RefuseReason::NotReached => FlowOut::NotReached,
        RefuseReason::Expired => FlowOut::Expired,
    }
}
