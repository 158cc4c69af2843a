//! How a request comes about, what becomes of it while it waits, and how it ends without a conversation.

use super::{Callback, CallbackPlan, DIALLING, MAX_STANDING, Requested};
use crate::{
    Acd, Call, CallId, CommandError, Decision, Effects, Fact, OfferId, Order, QueueNo, RefuseReason, Taken,
    Timestamp,
    call::{CallState, Ring},
    effect::{CallMove, DropReason, EndReason, FlowOut, OfferOutcome, VisitOutcome},
    routing::MAX_PRIORITY,
};

impl Acd {
    /// Whether a waiting caller can be called back.
    pub(crate) fn examine_kept(&self, id: CallId, request: CallId) -> Result<Taken, CommandError> {
        let call = self.calls.get(&id).filter(|call| matches!(call.state, CallState::Queued));
        let call = call.filter(|call| !call.is_request()).ok_or(CommandError::NotWaiting { call: id })?;
        let queue = call.visit.map(|visit| visit.queue).ok_or(CommandError::NotWaiting { call: id })?;
        self.examine_called_back(queue)?;
        let caller = call.caller.ok_or(CommandError::NumberUnknown { call: id })?;
        match self.request_of(caller, queue) {
            // The older one makes room.
            Some(_) if !self.calls.contains_key(&request) => Ok(Taken::Now),
            _ => self.examine_room(request),
        }
    }
    /// Whether somebody can be called back who does not wait.
    pub(crate) fn examine_requested(&self, asked: &Requested) -> Result<Taken, CommandError> {
        if !self.is_in_force(asked.queue) {
            return Err(CommandError::NoSuchTarget);
        }
        self.examine_called_back(asked.queue)?;
        if !(1..=MAX_PRIORITY).contains(&asked.priority) {
            return Err(CommandError::BadPriority);
        }
        if let Some(call) = self.request_of(asked.caller, asked.queue) {
            return Err(CommandError::RequestStands { call });
        }
        self.examine_room(asked.call)
    }
    /// Whether there is such a request.
    pub(crate) fn examine_withdrawn(&self, id: CallId) -> Result<Taken, CommandError> {
        let stands = self.calls.get(&id).is_some_and(Call::is_request);
        if stands { Ok(Taken::Now) } else { Err(CommandError::NoSuchRequest { call: id }) }
    }
    fn examine_called_back(&self, queue: QueueNo) -> Result<(), CommandError> {
        let nobody = || CommandError::NobodyCalledBack { queue: self.directory.queue_name(queue).to_owned() };
        self.callback_plan(queue).map(|_| ()).ok_or_else(nobody)
    }
    fn examine_room(&self, id: CallId) -> Result<Taken, CommandError> {
        if self.standing.len() >= MAX_STANDING {
            return Err(CommandError::TooManyRequests);
        }
        if self.calls.contains_key(&id) {
            return Err(CommandError::RequestStands { call: id });
        }
        Ok(Taken::Now)
    }

    /// A waiting caller keeps the place and goes.
    pub(crate) fn place_kept(&mut self, id: CallId, request: CallId, now: Timestamp, effects: &mut Effects) {
        let Some(call) = self.calls.get(&id).cloned() else { return };
        let (Some(visit), Some(caller)) = (call.visit, call.caller) else { return };
        let queue = visit.queue;
        let earlier = self.request_of(caller, queue).map(|older| self.make_room(older, now, effects));
        let (outcome, why) = (VisitOutcome::FlowOut(FlowOut::Callback), EndReason::CalledBack);
        self.end_visit(id, outcome, now, effects);
        effects.orders.push(Order::EndCaller { call: id, why });
        self.end_call(id, outcome, now, effects);
        let place = earlier.flatten().map_or(call.ranked_from(), |place| place.min(call.ranked_from()));
        let mut kept = Call::new(request, call.dialled, Some(caller), now);
        (kept.priority, kept.attributes) = (call.priority, call.attributes);
        kept.place = Some(if bug!(KeptPlaceIsNew) { now } else { place });
        let from = (!bug!(KeptStepsBeginAnew)).then(|| visit.counts_from());
        kept.callback = Some(Box::new(Callback::new(Some(id), queue, from, self.callback_plan(queue), now)));
        self.stand(kept);
        for (agent, until) in call.excluded {
            self.exclude(request, agent, until);
        }
    }
    /// Somebody is to be called who does not wait.
    pub(crate) fn requested(&mut self, asked: &Requested, now: Timestamp) {
        let (queue, not_before) = (asked.queue, asked.not_before);
        let mut request = Call::new(asked.call, String::new(), Some(asked.caller), now);
        (request.priority, request.attributes) = (asked.priority, asked.attributes.clone());
        let begins = not_before.map_or(now, |at| at.max(now));
        let callback = Callback::new(None, queue, None, self.callback_plan(queue), begins);
        request.callback = Some(Box::new(Callback { not_before, ..callback }));
        self.stand(request);
    }
    fn stand(&mut self, request: Call) {
        let id = request.id;
        self.standing.extend(request.standing().map(|whose| (whose, id)));
        self.calls.insert(id, request);
        self.open.arrived.push(id);
    }
    /// An older request of the same caller ends, and leaves its place.
    fn make_room(&mut self, older: CallId, now: Timestamp, effects: &mut Effects) -> Option<Timestamp> {
        let place = self.calls.get(&older)?.ranked_from();
        self.end_request(older, VisitOutcome::FlowOut(FlowOut::CalledAgain), now, effects);
        Some(place)
    }

    /// What becomes of a request that is in no line: into it, or later, or nothing more.
    pub(crate) fn decide_request(&self, call: &Call, request: &Callback, now: Timestamp) -> Decision {
        let plan = self.callback_plan(request.queue);
        let most = if bug!(CustomerCalledForEver) { u32::MAX } else { plan.map_or(0, |plan| plan.attempts) };
        if request.missed.is_some() && request.attempts >= most {
            return Decision::Refuse { call: call.id, reason: RefuseReason::NotReached };
        }
        let pause = plan.filter(|_| !bug!(NoPauseBetweenAttempts)).map(|plan| plan.pause).unwrap_or_default();
        let again = request.missed.map(|at| at + pause);
        let due = request.not_before.max(again).unwrap_or(now);
        if due >= request.expires {
            return Decision::Refuse { call: call.id, reason: RefuseReason::Expired };
        }
        if due > now {
            return Decision::Postpone { call: call.id, until: due };
        }
        Decision::Enqueue { call: call.id, queue: request.queue, priority: call.priority }
    }
    /// The request whose place a call takes that has just come to a queue: its caller is the one to be called.
    pub(crate) fn decide_taken(&self, call: &Call, queue: QueueNo, priority: u8) -> Option<Decision> {
        let request = self.request_of(call.caller?, queue).filter(|_| !bug!(CalledBackThoughHere))?;
        Some(Decision::TakePlace { call: call.id, request, queue, priority })
    }
    /// The caller is here: the call goes on where the request stood.
    pub(crate) fn take_place(
        &mut self,
        (id, request): (CallId, CallId),
        queue: QueueNo,
        priority: u8,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(of) = self.calls.get(&request).filter(|of| of.is_request()) else { return };
        let (place, level) = (of.ranked_from(), of.priority.max(priority));
        let from = of.request().and_then(|request| request.counts_from);
        self.end_request(request, VisitOutcome::FlowOut(FlowOut::CalledAgain), now, effects);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.priority = level;
        call.place = (!bug!(TakenPlaceIsNew)).then_some(place);
        // Whoever stood in line already is let in, however many wait.
        self.begin_visit_from(id, queue, from, now, effects);
    }

    /// Nobody is called any more: whatever rings stops, and an agent who has it is free again.
    pub(crate) fn end_request(
        &mut self,
        id: CallId,
        outcome: VisitOutcome,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let Some(call) = self.calls.get(&id).filter(|call| call.is_request()) else { return };
        match call.state {
            CallState::Offered { .. } => {
                let rings: Vec<Ring> = call.rings().collect();
                for ring in rings {
                    self.withdraw(ring, (DropReason::CallerGone, OfferOutcome::Withdrawn), now, effects);
                }
            }
            CallState::Dialling { offer, agent, leg, .. } => {
                let ended = OfferOutcome::Withdrawn;
                self.end_dialling((offer, agent, leg), ended, DropReason::CallerGone, effects);
                effects.orders.push(Order::CallMoved { call: id, agent, to: CallMove::NotReached });
                self.cut_span(agent, DIALLING, now, effects);
                self.release(agent, now, effects);
            }
            CallState::Arrived | CallState::Queued | CallState::Later { .. } => {}
            CallState::Connected { .. } | CallState::Outside { .. } => return, // there is a caller
        }
        self.end_visit(id, outcome, now, effects);
        self.end_call(id, outcome, now, effects);
    }
    /// Both phones of an attempt are told that it is over, and the offer ends.
    pub(super) fn end_dialling(
        &self,
        (offer, agent, leg): (OfferId, crate::AgentNo, u32),
        outcome: OfferOutcome,
        why: DropReason,
        effects: &mut Effects,
    ) {
        if let Some(visit) = self.calls.get(&offer.call).and_then(|call| call.visit) {
            effects.facts.push(Fact::OfferEnded { offer, agent, queue: visit.queue, outcome });
        }
        let leg = OfferId { call: offer.call, attempt: leg };
        effects.orders.extend([leg, offer].map(|offer| Order::DropPhone { offer, why }));
    }
}

impl Callback {
    /// A request for which nothing has been done yet.
    fn new(
        of: Option<CallId>,
        queue: QueueNo,
        counts_from: Option<Timestamp>,
        plan: Option<CallbackPlan>,
        begins: Timestamp,
    ) -> Self {
        let expires = begins + plan.map(|plan| plan.stands).unwrap_or_default();
        let (not_before, missed) = (None, None);
        Self { queue, of, not_before, expires, counts_from, attempts: 0, missed, reached: false }
    }
}
