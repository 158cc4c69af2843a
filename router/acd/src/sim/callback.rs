//! Requests for callbacks, seen from outside: what must hold of them, and second books of how often and when customers
//! are called.

use super::check::ok;
use crate::{
    Acd, CallId, CallerRef, Decision, Effects, Entry, Event, Fact, OfferOutcome, Order, QueueNo,
    RefuseReason, Timestamp,
    call::{Call, CallState},
};
use std::collections::{BTreeMap, BTreeSet};

/// The request that an event brings, and the call whose caller it stands for.
pub fn new_request(event: &Event) -> Option<(CallId, Option<CallId>)> {
    if let Event::CallbackAsked { call, request } = event {
        return Some((*request, Some(*call)));
    }
    if let Event::CallbackRequested(asked) = event { Some((asked.call, None)) } else { None }
}

/// One request for a caller and a queue; where a request is, nobody is there.
///
/// # Errors
/// Which request is not as it should be.
pub fn check_requests(acd: &Acd) -> Result<(), String> {
    let mut whose = BTreeSet::new();
    for call in acd.calls() {
        check_request(acd, call)?;
        let new = call.standing().is_none_or(|of| whose.insert(of));
        ok(new, || format!("{} is the second request of its caller", call.id()))?;
    }
    let known = acd.standing.len();
    ok(known == whose.len(), || format!("{known} requests are known, and {} stand", whose.len()))
}

fn check_request(acd: &Acd, call: &Call) -> Result<(), String> {
    let (id, state) = (call.id(), call.state());
    let Some(request) = call.request() else {
        let alone = matches!(state, CallState::Later { .. } | CallState::Dialling { .. });
        return ok(!alone, || format!("{id} is {state:?}, and there is a caller"));
    };
    let found = call.caller.and_then(|caller| acd.request_of(caller, request.queue));
    ok(found == Some(id), || format!("{id} stands, and {found:?} is found"))?;
    let with = matches!(state, CallState::Connected { .. } | CallState::Outside { .. });
    let given = call.transfer().is_some() || call.consult().is_some();
    ok(!with && !given, || format!("{id} is {state:?} without a caller"))?;
    let there = call.visit().map(|visit| (visit.queue, visit.leaves));
    let later = matches!(state, CallState::Later { .. });
    let right = if later { there.is_none() } else { there == Some((request.queue, request.expires)) };
    ok(right, || format!("{id} is {state:?} in {there:?}: {request:?}"))
}

/// The second books.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    standing: BTreeMap<CallId, Request>,
    /// The request that made room for another in the last event.
    made_room: Option<CallId>,
}

#[derive(Clone, Debug)]
struct Request {
    caller: Option<CallerRef>,
    queue: QueueNo,
    not_before: Option<Timestamp>,
    attempts: u32,
    missed: Option<Timestamp>,
    dialling: bool,
}

impl Requests {
    /// Writes an event and what came of it down, and compares.
    ///
    /// # Errors
    /// What differs, or whom nobody should have called.
    pub fn write(&mut self, entry: &Entry, effects: &Effects, acd: &Acd) -> Result<(), String> {
        self.made_room = None;
        self.begin(&entry.event, effects);
        for fact in &effects.facts {
            self.write_fact(fact, entry.at);
        }
        for decision in &entry.decisions {
            self.judge(decision, entry, acd)?;
        }
        for order in &effects.orders {
            self.write_order(order)?;
        }
        self.standing.retain(|id, _| acd.call(*id).is_some_and(Call::is_request));
        acd.requests().try_for_each(|call| self.compare(call))
    }
    /// The request that made room for another in the last event.
    pub const fn made_room(&self) -> Option<CallId> {
        self.made_room
    }

    fn begin(&mut self, event: &Event, effects: &Effects) {
        let (attempts, missed, dialling) = (0, None, false);
        if let Event::CallbackAsked { call, request } = event {
            let ended = |fact: &Fact| {
                let Fact::CallEnded(record) = fact else { return None };
                (record.call == *call).then_some((record.caller, record.queue?))
            };
            let Some((caller, queue)) = effects.facts.iter().find_map(ended) else { return };
            self.made_room = self.of(caller, queue);
            let not_before = None;
            let new = Request { caller, queue, not_before, attempts, missed, dialling };
            self.standing.insert(*request, new);
        }
        if let Event::CallbackRequested(asked) = event {
            let (caller, queue, not_before) = (Some(asked.caller), asked.queue, asked.not_before);
            let new = Request { caller, queue, not_before, attempts, missed, dialling };
            self.standing.insert(asked.call, new);
        }
    }
    /// The request of a caller in a queue.
    fn of(&self, caller: Option<CallerRef>, queue: QueueNo) -> Option<CallId> {
        let caller = caller?;
        let is = |request: &Request| request.caller == Some(caller) && request.queue == queue;
        self.standing.iter().find(|(_, request)| is(request)).map(|(id, _)| *id)
    }
    fn write_fact(&mut self, fact: &Fact, now: Timestamp) {
        let Fact::OfferEnded { offer, outcome, .. } = fact else { return };
        let Some(request) = self.standing.get_mut(&offer.call) else { return };
        if *outcome == OfferOutcome::NotReached {
            request.missed = Some(now);
        }
        if std::mem::take(&mut request.dialling) && *outcome == OfferOutcome::Restart {
            request.attempts -= 1;
        }
    }
    /// A customer is called in his turn, not too early and not too often, and not when he has called himself.
    fn judge(&self, decision: &Decision, entry: &Entry, acd: &Acd) -> Result<(), String> {
        let now = entry.at;
        if let (Decision::Enqueue { call, queue, .. }, Event::CallArrived { caller, .. }) =
            (decision, &entry.event)
            && let Some(twice) = self.of(*caller, *queue).filter(|twice| twice != call)
            && !self.standing.contains_key(call)
        {
            return Err(format!("{call} waits, and its caller is to be called for {twice}"));
        }
        if let (Decision::TakePlace { request, queue, .. }, Event::CallArrived { caller, .. }) =
            (decision, &entry.event)
        {
            let his = self.of(*caller, *queue) == Some(*request);
            return ok(his, || format!("{request} was not that caller's: {decision:?}"));
        }
        let (Decision::Enqueue { call, .. } | Decision::Refuse { call, .. }) = decision else {
            return Ok(());
        };
        let Some(request) = self.standing.get(call) else { return Ok(()) };
        let plan = acd.queue_plan(request.queue).and_then(|plan| plan.callback);
        let (most, pause) = plan.map_or((0, Default::default()), |plan| (plan.attempts, plan.pause));
        let used_up = request.missed.is_some() && request.attempts >= most;
        if let Decision::Refuse { reason: RefuseReason::NotReached, .. } = decision {
            return ok(used_up, || format!("{call} is given up too early: {request:?}"));
        }
        if let Decision::Refuse { .. } = decision {
            return Ok(());
        }
        let early = request.not_before.is_some_and(|at| at > now);
        let again = request.missed.is_some_and(|at| at + pause > now);
        ok(!early && !again && !used_up, || format!("{call} is in line again: {request:?}, {plan:?}"))
    }
    fn write_order(&mut self, order: &Order) -> Result<(), String> {
        let Order::CallBack { offer, .. } = order else { return Ok(()) };
        let Some(request) = self.standing.get_mut(&offer.call) else {
            return Err(format!("{offer}: nobody is to be called"));
        };
        request.attempts += 1;
        let twice = std::mem::replace(&mut request.dialling, true);
        ok(!twice, || format!("{offer}: the customer is called twice at once"))
    }
    fn compare(&self, call: &Call) -> Result<(), String> {
        let theirs = call.request().map(|request| (request.attempts, request.missed));
        let ours = self.standing.get(&call.id()).map(|request| (request.attempts, request.missed));
        ok(ours == theirs, || format!("{} was called {ours:?}, and the brain says {theirs:?}", call.id()))
    }
}
