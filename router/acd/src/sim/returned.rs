//! What must hold when the process started again: seen from outside, by what was there before and what was ordered.

use super::check::ok;
use crate::{
    Acd, AgentNo, AgentState, CallId, CommandError, Decision, Effects, Entry, Event, Fact, Handled, OfferId,
    OfferOutcome, Order, Timestamp, VisitOutcome,
    call::{Call, CallState, Far, Line, Ring, Stage},
    consult::{Consult, ConsultStage},
    plan::Presence,
};

/// Checks what a return did to every call and every agent.
///
/// # Errors
/// Whose place, conversation, record or rest was lost.
pub fn check_returned(before: &Acd, entry: &Entry, effects: &Effects, after: &Acd) -> Result<(), String> {
    let Event::Returned { gone, silent } = &entry.event else { return Ok(()) };
    let seen = Seen { entry, effects, after };
    for call in before.calls() {
        if gone.contains(&call.id()) {
            seen.gone(call)?;
            continue;
        }
        match call.state() {
            CallState::Arrived => return Err(format!("{} was in no queue", call.id())),
            CallState::Queued => seen.waits(call)?,
            CallState::Offered { .. } => {
                call.rings().try_for_each(|ring| seen.taken_back(call, ring))?;
                seen.waits(call)?;
            }
            CallState::Later { until } => seen.stays_out(call, *until)?,
            CallState::Dialling { offer, agent, .. } => {
                seen.attempt_taken_back(call, *offer, *agent)?;
            }
            CallState::Connected { offer, .. } | CallState::Outside { offer, stage: Far::Talking, .. } => {
                if silent.contains(offer) {
                    seen.hung_up(call)?;
                } else {
                    seen.goes_on(call, *offer)?;
                }
            }
            CallState::Outside { offer, stage: Far::Dialling { .. }, .. } => {
                seen.called_back(call, *offer)?
            }
        }
    }
    seen.nobody_skipped_the_line(before, gone)?;
    before.agents().try_for_each(|(no, _)| seen.agent(before, no))
}

/// What every call and agent was in the midst of, in a word.
pub fn found(before: &Acd, event: &Event) -> Vec<&'static str> {
    let Event::Returned { gone, silent } = event else { return Vec::new() };
    let mut words: Vec<&'static str> = before.calls().flat_map(midst).collect();
    let live = |call: &CallId| before.call(*call).is_some();
    words.extend(gone.iter().filter(|call| live(call)).map(|_| "gone"));
    for call in
        silent.iter().filter_map(|offer| before.call(offer.call)).filter(|it| !gone.contains(&it.id()))
    {
        words.push(if call.is_consulted_on() { "silent_asking" } else { "silent" });
    }
    let wraps_up = |agent: &crate::Agent| matches!(agent.state(), AgentState::WrapUp { .. });
    words.extend(before.agents().filter(|(_, agent)| wraps_up(agent)).map(|_| "wrap_up"));
    words
}

fn midst(call: &Call) -> Vec<&'static str> {
    let asked = match call.consult().map(|consult| consult.stage) {
        Some(ConsultStage::Ringing { .. }) => Some("asked_ringing"),
        Some(ConsultStage::Talking { .. }) => Some("asked_talking"),
        Some(ConsultStage::Returning) => Some("returning"),
        Some(ConsultStage::Asked) | None => None,
    };
    let word = match call.state() {
        CallState::Arrived => "arrived",
        CallState::Queued if call.is_request() => "request_queued",
        CallState::Queued => "queued",
        CallState::Later { .. } => "later",
        CallState::Dialling { .. } => "calling_back",
        CallState::Offered { .. } if call.transfer().is_some() => "given_ringing",
        CallState::Offered { .. } if call.rings().nth(1).is_some() => "several",
        CallState::Offered { stage: Stage::Card { .. }, .. } => "card",
        CallState::Offered { stage: Stage::Ringing, .. } => "ringing",
        CallState::Offered { stage: Stage::Desk, .. } => "desk",
        CallState::Offered { stage: Stage::AutoAnswer, .. } => "auto_answer",
        CallState::Connected { line: Line::Open, .. } => "connected",
        CallState::Connected { line: Line::Held { .. }, .. } => "held",
        CallState::Outside { stage: Far::Dialling { .. }, .. } => "dialling",
        CallState::Outside { stage: Far::Talking, .. } => "outside",
    };
    asked.into_iter().chain([word]).collect()
}

/// What came of it.
struct Seen<'a> {
    entry: &'a Entry,
    effects: &'a Effects,
    after: &'a Acd,
}

impl Seen<'_> {
    fn orders(&self, is: impl Fn(&Order) -> bool) -> usize {
        self.effects.orders.iter().filter(|order| is(order)).count()
    }
    fn ended(&self, call: CallId) -> Vec<VisitOutcome> {
        let of = |fact: &Fact| {
            let Fact::CallEnded(record) = fact else { return None };
            (record.call == call).then_some(record.outcome)
        };
        self.effects.facts.iter().filter_map(of).collect()
    }
    fn outcomes(&self, offer: OfferId) -> Vec<OfferOutcome> {
        let of = |fact: &Fact| {
            let Fact::OfferEnded { offer: ended, outcome, .. } = fact else { return None };
            (*ended == offer).then_some(*outcome)
        };
        self.effects.facts.iter().filter_map(of).collect()
    }

    /// As if the caller had left now.
    fn gone(&self, call: &Call) -> Result<(), String> {
        let natural = match call.state() {
            CallState::Connected { .. } => VisitOutcome::Answered,
            CallState::Outside { stage: Far::Talking, .. } => {
                VisitOutcome::Transferred(crate::Destination::Outside)
            }
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Dialling { .. }
            | CallState::Outside { stage: Far::Dialling { .. }, .. } => VisitOutcome::Abandoned,
        };
        let natural = if call.is_request() { VisitOutcome::LostRestart } else { natural };
        let ended = self.ended(call.id());
        ok(ended == [natural], || format!("{} is gone and ended as {ended:?}", call.id()))
    }

    /// As if the phone had hung up now: nobody else gets the caller.
    fn hung_up(&self, call: &Call) -> Result<(), String> {
        let id = call.id();
        ok(self.ended(id).len() == 1, || format!("{id} talks to a phone that is gone"))?;
        let told = self.orders(|order| matches!(order, Order::EndCaller { call, .. } if *call == id));
        ok(told == 1, || format!("{id}: the caller was told {told} times that it is over"))
    }

    /// A request that is not due is no other than before.
    fn stays_out(&self, call: &Call, until: Timestamp) -> Result<(), String> {
        let id = call.id();
        if until <= self.entry.at {
            return Ok(()); // it is decided upon like any deadline that has passed
        }
        let now = self.after.call(id);
        ok(now == Some(call), || format!("{id} was out of line until {until} and is {now:?}"))
    }

    /// The place, the visit and the deadlines are those of before, and the caller hears something again.
    fn waits(&self, call: &Call) -> Result<(), String> {
        let id = call.id();
        let Some(now) = self.after.call(id) else { return self.sent_away(id) };
        let rank = (call.priority, call.arrived, call.visit.map(|visit| visit.queue));
        let same = (now.priority, now.arrived, now.visit.map(|visit| visit.queue)) == rank
            && now.visit.map(promised) == call.visit.map(promised)
            || self.overflowed(id);
        ok(same, || format!("{id} had {:?} and has {:?}", call.visit, now.visit))?;
        self.hears_something(call, now)
    }

    /// Nothing but its rules ended a waiting call.
    fn sent_away(&self, id: CallId) -> Result<(), String> {
        let by_rule = |decision: &Decision| matches!(decision, Decision::Refuse { call, .. } if *call == id);
        ok(self.entry.decisions.iter().any(by_rule), || format!("{id} waited and is lost"))
    }
    fn overflowed(&self, id: CallId) -> bool {
        let on = |decision: &Decision| matches!(decision, Decision::Overflow { call, .. } | Decision::Divert { call, .. } if *call == id);
        self.entry.decisions.iter().any(on)
    }

    /// Who waits hears something; so does who had something to hear before, also while a phone rings.
    fn hears_something(&self, before: &Call, call: &Call) -> Result<(), String> {
        let id = call.id();
        let offered = matches!(call.state(), CallState::Offered { .. });
        let waits = matches!(call.state(), CallState::Queued) || (offered && before.treated);
        let waits = waits && !call.is_request();
        let treated = self.orders(|order| matches!(order, Order::Treat { call, .. } if *call == id));
        ok(treated == usize::from(waits), || {
            format!("{id} is {:?} and was treated {treated} times", call.state)
        })
    }

    /// Offered anew at most, in the same visit; her phone is quiet, and it is not held against her.
    fn taken_back(&self, call: &Call, ring: Ring) -> Result<(), String> {
        self.taken_from(call, (ring.offer, ring.agent), ring.is_at_phone())
    }

    /// The customer is called anew at most: both phones are quiet, and it is held against nobody.
    fn attempt_taken_back(&self, call: &Call, offer: OfferId, agent: AgentNo) -> Result<(), String> {
        self.customer_left(call)?;
        self.taken_from(call, (offer, agent), true)?;
        self.waits(call)
    }

    fn taken_from(
        &self,
        call: &Call,
        (offer, agent): (OfferId, AgentNo),
        at_phone: bool,
    ) -> Result<(), String> {
        let outcomes = self.outcomes(offer);
        ok(outcomes == [OfferOutcome::Restart], || format!("{offer} ended as {outcomes:?}"))?;
        let rang = self.effects.orders.iter().filter(|order| is_drop(order, offer)).count();
        let expected = usize::from(at_phone);
        ok(rang == expected, || format!("{offer}: her phone was told {rang} times to stop"))?;
        if let Some(now) = self.after.call(call.id()) {
            ok(now.may_go_to(agent) || !call.may_go_to(agent), || {
                format!("{offer} is held against {agent:?}")
            })?;
        }
        Ok(())
    }

    /// The customer's phone is quiet as well, and was not called in vain.
    fn customer_left(&self, call: &Call) -> Result<(), String> {
        let (CallState::Dialling { offer, leg, .. }, Some(before)) = (*call.state(), call.request()) else {
            return Ok(());
        };
        let leg = OfferId { attempt: leg, ..offer };
        let told = self.orders(|order| is_drop(order, leg));
        ok(told == 1, || format!("{leg}: the customer's phone was told {told} times to stop"))?;
        let now = self.after.call(call.id()).and_then(Call::request).map(|request| request.attempts);
        let same = now.is_none_or(|attempts| attempts + 1 == before.attempts);
        ok(same, || format!("{leg}: the attempt counts though we went: {now:?}"))
    }

    /// The same two talk, or are on hold, and the edge is told once.
    fn goes_on(&self, call: &Call, offer: OfferId) -> Result<(), String> {
        let id = call.id();
        let now = self.after.call(id).map(Call::state);
        ok(now == Some(call.state()), || format!("{id} was {:?} and is {now:?}", call.state()))?;
        let held = matches!(call.state(), CallState::Connected { line: Line::Held { .. }, .. });
        let joined = self.orders(|order| matches!(order, Order::Connect { offer: of } if *of == offer));
        let music = self.orders(|order| matches!(order, Order::Hold { offer: of, .. } if *of == offer));
        ok((joined, music) == (usize::from(!held), usize::from(held)), || {
            format!("{offer} is {:?}: joined {joined} times, on hold {music} times", call.state())
        })?;
        let dropped = self.orders(|order| is_drop(order, offer));
        ok(dropped == 0, || format!("{offer} goes on, and its phone was dropped"))?;
        if let Some(leg) = call.consult().and_then(Consult::leg) {
            let dropped = self.orders(|order| is_drop(order, leg));
            ok(dropped == 1, || format!("{leg} asked about {id} was dropped {dropped} times"))?;
        }
        let asked = self.after.call(id).and_then(Call::consult);
        ok(asked.is_none(), || format!("{id} is still asked about: {asked:?}"))
    }

    /// The number is not waited for any longer: the caller waits where the call came from.
    fn called_back(&self, call: &Call, offer: OfferId) -> Result<(), String> {
        let id = call.id();
        let dropped = self.orders(|order| is_drop(order, offer));
        ok(dropped == 1, || format!("{offer} to the outside was dropped {dropped} times"))?;
        let Some(now) = self.after.call(id) else { return self.sent_away(id) };
        let home = call.transfer().map(|transfer| transfer.queue);
        let back = now.transfer().is_none() && now.visit.map(|visit| visit.queue) == home;
        ok(back || self.overflowed(id), || format!("{id} is {:?}, not in {home:?}", now.state()))?;
        self.hears_something(call, now)
    }

    /// Those who wait are served in the same order as before.
    fn nobody_skipped_the_line(&self, before: &Acd, gone: &[CallId]) -> Result<(), String> {
        let line = |acd: &Acd| {
            let queue = |call: Option<&Call>| call?.visit.map(|visit| visit.queue);
            // Who comes into another queue is promised something else there.
            let stays = |call: &&Call| {
                let (then, now) = (before.call(call.id()), self.after.call(call.id()));
                !gone.contains(&call.id()) && queue(then).is_some() && queue(then) == queue(now)
            };
            let mut line: Vec<(i16, i128, CallId)> = acd
                .calls()
                .filter(stays)
                .filter(|call| matches!(self.after.call(call.id()).map(Call::state), Some(CallState::Queued)))
                .map(|call| super::check::rank(acd, call))
                .collect();
            line.sort_unstable();
            line
        };
        let (then, now) = (line(before), line(self.after));
        ok(then == now, || format!("the line was {then:?} and is {now:?}"))
    }

    /// Nobody has a desktop; whoever needs one is not ready; nobody is reserved but for a call decided just now.
    fn agent(&self, before: &Acd, no: AgentNo) -> Result<(), String> {
        let (Some(was), Some(is)) = (before.agent(no), self.after.agent(no)) else {
            return Err(format!("{no:?} is gone"));
        };
        ok(!is.has_desk(), || format!("{no:?} has a desktop still"))?;
        let needs_desk = presence(before, no) == Some(Presence::Desk);
        let free = matches!(is.state(), AgentState::Ready { .. });
        // Rules that changed may have let her be ready without one before.
        let paused = |decision: &Decision| matches!(decision, Decision::EndPause { agent } if *agent == no);
        let had_none = !was.has_desk() && matches!(was.state(), AgentState::Ready { .. });
        let may = !needs_desk || had_none || self.entry.decisions.iter().any(paused);
        ok(may || !free, || format!("{no:?} is ready without a desktop"))?;
        if let AgentState::Reserved { offer, .. } = is.state() {
            let now = |decision: &Decision| matches!(decision, Decision::Offer { offer: made, .. } if made == offer);
            let decided = self.entry.decisions.iter().any(now);
            ok(decided, || format!("{no:?} is reserved for {offer}, which nobody offers her"))?;
        }
        self.idle_time_goes_on(was, is, needs_desk, no)
    }

    /// Her desktop finds her as she was, if it is back in time.
    fn idle_time_goes_on(
        &self,
        was: &crate::Agent,
        is: &crate::Agent,
        needs_desk: bool,
        no: AgentNo,
    ) -> Result<(), String> {
        let idle = match was.state() {
            AgentState::Ready { since }
            | AgentState::NotReady {
                reason: crate::NotReadyReason::PhoneUnreachable { ready_since: since },
                ..
            } => *since,
            AgentState::Reserved { ready_since, then: crate::agent::Next::Ready, .. } => *ready_since,
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => return Ok(()),
        };
        if !(needs_desk && was.has_desk()) {
            return Ok(());
        }
        let back = match is.state() {
            AgentState::NotReady { reason: crate::NotReadyReason::Disconnected { back }, .. } => *back,
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Ready { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => None,
        };
        ok(back.map(|back| back.ready_since) == Some(idle), || {
            format!("{no:?} was idle since {idle} and is {:?}", is.state())
        })
    }
}

/// What of a visit waiting alone does not change.
const fn promised(visit: crate::call::Visit) -> (Timestamp, Timestamp) {
    (visit.entered, visit.leaves)
}

fn presence(acd: &Acd, no: AgentNo) -> Option<Presence> {
    let id = acd.directory().agent_id(no);
    acd.plan().agents.iter().find(|plan| plan.id == id).map(|plan| plan.presence)
}

fn is_drop(order: &Order, of: OfferId) -> bool {
    matches!(order, Order::DropPhone { offer, .. } if *offer == of)
}

/// A brain restored from a snapshot and the one it was taken of: the same state, decisions and effects.
///
/// # Panics
/// When they differ.
pub fn check_twin(
    (twin, same): (&Acd, &Result<Handled, CommandError>),
    (acd, handled): (&Acd, &Result<Handled, CommandError>),
) {
    let told = |handled: &Result<Handled, CommandError>| match handled {
        Ok(Handled { entry, effects, taken }) => Ok((entry.clone(), effects.clone(), *taken)),
        Err(refused) => Err(refused.clone()),
    };
    assert_eq!(told(same), told(handled), "the restored brain does otherwise");
    assert_eq!(differs(twin, acd), None, "the restored brain is another one, after {handled:?}");
}

/// In what two brains differ first: what they remember, then what follows from it.
pub fn differs(one: &Acd, other: &Acd) -> Option<&'static str> {
    let parts = [
        ("entries", one.entries == other.entries),
        ("directory", one.directory == other.directory),
        ("plan", one.plan == other.plan),
        ("agents", one.agents == other.agents),
        ("calls", one.calls == other.calls),
        ("rules", one.rules == other.rules),
        ("index", one.index == other.index),
        ("deadlines", one.deadlines == other.deadlines),
        ("anything", one == other),
    ];
    parts.into_iter().find(|(_, same)| !same).map(|(part, _)| part)
}
