//! What must hold after every event, seen from outside: states, orders and facts, never the index.

use crate::{
    Acd, Agent, AgentNo, AgentState, CallId, Decision, Effects, Entry, Fact, NotReadyReason, OfferId, Order,
    Target, Timestamp,
    call::{Call, CallState},
    consult::{Consult, ConsultStage},
    effect::{OfferOutcome, TransferOutcome, VisitOutcome},
    plan::{AgentPlan, QueuePlan, Strategy},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Checks the state between two events.
///
/// # Errors
/// The invariant that does not hold, in words.
pub fn check_state(acd: &Acd) -> Result<(), String> {
    let mut busy = BTreeMap::new();
    for call in acd.calls() {
        let asked = call.consult().and_then(Consult::agent);
        for agent in call.state().agent().into_iter().chain(asked) {
            if let Some(other) = busy.insert(agent, call.id()) {
                return Err(format!("agent {agent:?} has {other} and {}", call.id()));
            }
        }
        check_consult(call)?;
        if matches!(call.state(), CallState::Arrived) {
            return Err(format!("{} is in no queue", call.id()));
        }
    }
    for (no, agent) in acd.agents() {
        check_phone(no, agent)?;
        let held = match agent.state() {
            AgentState::Reserved { offer, .. } | AgentState::Talking { offer, .. } => Some(offer.call),
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Ready { .. }
            | AgentState::WrapUp { .. } => None,
        };
        if held != busy.get(&no).copied() {
            return Err(format!("agent {no:?} is {:?}, but her call is {:?}", agent.state(), busy.get(&no)));
        }
    }
    let waits = acd.calls().any(|call| matches!(call.state(), CallState::Queued));
    ok(acd.somebody_waits() == waits, || format!("somebody waits: {waits}, and the index says otherwise"))?;
    for call in acd.calls().filter(|call| matches!(call.state(), CallState::Queued)) {
        if let Some(agent) = able_idle(acd, call).next() {
            return Err(format!("{} waits while {agent:?} is ready and able", call.id()));
        }
    }
    Ok(())
}

/// Nobody is ready whose phone cannot be reached, and nobody waits for a phone that can.
fn check_phone(no: AgentNo, agent: &Agent) -> Result<(), String> {
    let waits = matches!(agent.state().reason(), Some(NotReadyReason::PhoneUnreachable { .. }));
    let ready = matches!(agent.state(), AgentState::Ready { .. });
    let wrong = if agent.is_unreachable() { ready } else { waits };
    ok(!wrong, || format!("{no:?} is {:?}, phone unreachable: {}", agent.state(), agent.is_unreachable()))
}

/// Only a call that an agent has is asked about.
fn check_consult(call: &Call) -> Result<(), String> {
    let connected = matches!(call.state(), CallState::Connected { .. });
    let asked = matches!(call.consult().map(|consult| consult.stage), Some(ConsultStage::Asked));
    ok(connected || call.consult().is_none(), || format!("{} is asked about by nobody", call.id()))?;
    ok(!asked, || format!("{}: nobody was asked", call.id()))
}

/// Looks at every agent: who is ready, able, and not excluded from this call.
fn able_idle<'a>(acd: &'a Acd, call: &'a Call) -> impl Iterator<Item = AgentNo> + 'a {
    acd.agents()
        .filter(move |(no, agent)| {
            matches!(agent.state(), AgentState::Ready { .. }) && may_take(acd, *no, call)
        })
        .map(|(no, _)| no)
}

fn may_take(acd: &Acd, agent: AgentNo, call: &Call) -> bool {
    let queue = call.visit().and_then(|visit| acd.queue_plan(visit.queue));
    match (agent_plan(acd, agent), queue) {
        (Some(agent_plan), Some(queue)) => queue.needs.is_met_by(&agent_plan.skills) && call.may_go_to(agent),
        _ => false,
    }
}

fn agent_plan(acd: &Acd, agent: AgentNo) -> Option<&AgentPlan> {
    acd.plan().agents.iter().find(|plan| plan.id == acd.directory().agent_id(agent))
}

/// The slow, obvious matcher: whether an offer is the one that a look at everybody would choose.
///
/// # Errors
/// Who should have come first.
pub fn check_offer(acd: &Acd, decision: &Decision, now: Timestamp) -> Result<(), String> {
    if let Decision::OfferTo { offer, agent, .. } = decision {
        return check_offer_to(acd, *offer, *agent);
    }
    if let Decision::Consult { offer, agent } = decision {
        return check_asked(acd, *offer, *agent, now);
    }
    let Decision::Offer { offer, agent } = decision else { return Ok(()) };
    let Some(call) = acd.call(offer.call) else { return Err(format!("{offer} is of no call")) };
    let Some(queue) = call.visit().and_then(|visit| acd.queue_plan(visit.queue)) else {
        return Err(format!("{offer} is of no queue"));
    };
    let best = able_idle(acd, call).min_by(|a, b| by_turn(acd, queue, *a, *b, now));
    if best != Some(*agent) {
        return Err(format!("{offer} went to {agent:?}, it is the turn of {best:?}"));
    }
    let waiting = acd.calls().filter(|call| matches!(call.state(), CallState::Queued));
    let first = waiting.filter(|call| may_take(acd, *agent, call)).min_by_key(|call| rank(call));
    match first {
        Some(first) if first.id() == offer.call => Ok(()),
        other => Err(format!("{agent:?} got {offer}, but {:?} ranks first", other.map(Call::id))),
    }
}

/// A transferred call goes to the one it is meant for, if she is ready; nobody's skills or turn count.
fn check_offer_to(acd: &Acd, offer: OfferId, agent: AgentNo) -> Result<(), String> {
    let meant = acd.call(offer.call).and_then(Call::transfer).map(|transfer| transfer.to.clone());
    ok(meant == Some(Target::Agent { agent }), || format!("{offer} is meant for {meant:?}"))?;
    let ready = acd.agent(agent).map(crate::Agent::state);
    ok(matches!(ready, Some(AgentState::Ready { .. })), || format!("{offer} to {agent:?}, who is {ready:?}"))
}

/// Who is asked is free; in a queue it is the turn of one who is able.
fn check_asked(acd: &Acd, offer: OfferId, agent: AgentNo, now: Timestamp) -> Result<(), String> {
    let call = acd.call(offer.call).ok_or_else(|| format!("{offer} is of no call"))?;
    let ready =
        |no: AgentNo| matches!(acd.agent(no).map(crate::Agent::state), Some(AgentState::Ready { .. }));
    ok(ready(agent), || format!("{offer} asks {agent:?}, who is not ready"))?;
    let meant = match call.consult().map(|consult| &consult.to) {
        Some(Target::Agent { agent }) => Some(*agent),
        Some(Target::Queue { queue }) => {
            let queue = acd.queue_plan(*queue).ok_or_else(|| format!("{offer} asks in no queue"))?;
            let able = |no: &AgentNo| {
                agent_plan(acd, *no).is_some_and(|plan| queue.needs.is_met_by(&plan.skills))
                    && call.may_go_to(*no)
            };
            let free = acd.agents().map(|(no, _)| no).filter(|no| ready(*no)).filter(able);
            free.min_by(|a, b| by_turn(acd, queue, *a, *b, now))
        }
        Some(Target::Outside { .. }) | None => None,
    };
    ok(meant == Some(agent), || format!("{offer} asks {agent:?}, it is the turn of {meant:?}"))
}

fn rank(call: &Call) -> (i16, Timestamp, CallId) {
    (-i16::from(call.priority()), call.arrived(), call.id())
}

fn by_turn(acd: &Acd, queue: &QueuePlan, a: AgentNo, b: AgentNo, now: Timestamp) -> std::cmp::Ordering {
    let key = |no: AgentNo| {
        acd.agent(no).map_or((0.0, Timestamp(0)), |agent| match agent.state() {
            AgentState::Ready { since } => (agent.load().seconds_at(now), *since),
            AgentState::LoggedOut
            | AgentState::NotReady { .. }
            | AgentState::Reserved { .. }
            | AgentState::Talking { .. }
            | AgentState::WrapUp { .. } => (f64::MAX, now),
        })
    };
    let ((load_a, since_a), (load_b, since_b)) = (key(a), key(b));
    let fixed = |no: AgentNo| acd.agent(no).map(|agent| agent.load().key());
    let first = match queue.strategy {
        Strategy::LongestIdle => std::cmp::Ordering::Equal,
        // Of two loads this close the fixed point says which is less: it rounds even equal ones apart, when they
        // were taken at different times.
        Strategy::LeastOccupied if nearly(load_a, load_b) => fixed(a).cmp(&fixed(b)),
        Strategy::LeastOccupied => load_a.total_cmp(&load_b),
    };
    first.then(since_a.cmp(&since_b)).then(a.cmp(&b))
}

fn nearly(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

/// The books kept beside the brain: what came in must come out, once.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    live_calls: BTreeSet<CallId>,
    live_visits: BTreeSet<(CallId, u32)>,
    live_offers: BTreeMap<OfferId, AgentNo>,
    accepted: BTreeMap<CallId, OfferId>,
    ended: BTreeSet<CallId>,
    gone: BTreeSet<CallId>,
    /// Calls with a hold: whether one goes on, and how long those were that are over.
    holds: BTreeMap<CallId, (bool, Duration)>,
    /// Transfers of which nobody knows yet what comes of them.
    transfers: BTreeSet<CallId>,
    /// Legs of those who were asked and got the caller.
    put_through: BTreeSet<OfferId>,
    /// Consultations that go on.
    consults: BTreeMap<CallId, OfferId>,
    /// Until when every agent's time is written down, and how long the last part of it was.
    spans: BTreeMap<AgentNo, (Timestamp, Duration)>,
    /// Calls that ended so far.
    pub calls: u64,
    /// Offers that were accepted so far.
    pub connected: u64,
    /// What came of transfers so far.
    pub transferred: BTreeMap<(&'static str, TransferOutcome), u64>,
}

impl Ledger {
    /// Writes an entry and its effects down.
    ///
    /// # Errors
    /// What was counted twice, or came out without having gone in.
    pub fn write(&mut self, entry: &Entry, effects: &Effects) -> Result<(), String> {
        if let crate::Event::CallArrived { call, .. } = &entry.event {
            self.live_calls.insert(*call);
        }
        if let crate::Event::CallerLeft { call, .. } = &entry.event {
            self.gone.insert(*call);
        }
        effects.facts.iter().try_for_each(|fact| self.write_fact(fact))?;
        for decision in &entry.decisions {
            if let Decision::Consult { offer, .. } | Decision::ConsultOutside { offer, .. } = decision {
                ok(!self.gone.contains(&offer.call), || format!("{offer} though the caller has gone"))?;
                ok(self.accepted.contains_key(&offer.call), || format!("{offer} is of nobody's call"))?;
                let twice = self.consults.insert(offer.call, *offer).is_some();
                ok(!twice, || format!("{offer} while another is asked"))?;
            }
            if let Decision::Offer { offer, agent } | Decision::OfferTo { offer, agent, .. } = decision {
                ok(!self.gone.contains(&offer.call), || format!("{offer} though the caller has gone"))?;
                ok(self.live_offers.insert(*offer, *agent).is_none(), || format!("{offer} twice"))?;
                let hers = self.live_offers.values().filter(|&other| other == agent).count();
                ok(hers == 1, || format!("{agent:?} has {hers} offers at once"))?;
            }
        }
        effects.orders.iter().try_for_each(|order| self.write_order(order))
    }

    fn write_fact(&mut self, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::QueueEntered { call, visit, .. } => {
                ok(self.live_visits.insert((*call, *visit)), || format!("{call} visit {visit} entered twice"))
            }
            Fact::OfferEnded { offer, outcome, .. } => self.end_offer(*offer, *outcome),
            Fact::Held { call, .. } => {
                let (on, _) = self.holds.entry(*call).or_default();
                ok(self.accepted.contains_key(call), || format!("{call} is held by nobody"))?;
                ok(!std::mem::replace(on, true), || format!("{call} held twice"))
            }
            Fact::HoldEnded { call, agent, hold, .. } => {
                let (on, sum) = self.holds.entry(*call).or_default();
                *sum += *hold;
                ok(std::mem::replace(on, false), || format!("{call} is not held"))?;
                let span = self.spans.get(agent).map(|&(_, length)| length);
                ok(span == Some(*hold), || format!("{call} was held for {hold:?}, but {agent:?} {span:?}"))
            }
            Fact::QueueLeft(visit) => {
                let key = (visit.call, visit.visit);
                let (on, sum) = self.holds.remove(&visit.call).unwrap_or_default();
                ok(!on && sum == visit.hold, || format!("{key:?} held for {sum:?}, still {on}: {visit:?}"))?;
                if let VisitOutcome::Transferred(_) = visit.outcome {
                    let had = self.accepted.remove(&visit.call).is_some() && visit.answered.is_some();
                    ok(had, || format!("{visit:?} was nobody's to give"))?;
                    ok(self.transfers.insert(visit.call), || format!("{key:?} given away twice"))?;
                    if let Some(leg) = self.consults.remove(&visit.call) {
                        self.put_through.insert(leg);
                    }
                }
                ok(self.live_visits.remove(&key), || format!("{key:?} left without entering"))
            }
            Fact::TransferEnded(transfer) => {
                *self.transferred.entry((transfer.to.kind(), transfer.outcome)).or_default() += 1;
                let begun = self.transfers.remove(&transfer.call)
                    || transfer.consulted && self.consults.remove(&transfer.call).is_some();
                ok(begun, || format!("{transfer:?} was not begun"))
            }
            Fact::CallEnded(call) => {
                self.calls += 1;
                ok(!self.transfers.contains(&call.call), || format!("{call:?} left a transfer open"))?;
                ok(self.live_calls.remove(&call.call), || format!("{} ended without arriving", call.call))?;
                ok(self.ended.insert(call.call), || format!("{} ended twice", call.call))
            }
            Fact::AgentSpan(span) => {
                let last = self.spans.insert(span.agent, (span.to, span.to.since(span.from)));
                ok(span.from <= span.to, || format!("a span runs backwards: {span:?}"))?;
                let joins = last.is_none_or(|(until, _)| until == span.from);
                ok(joins, || format!("{span:?} does not go on from {last:?}"))
            }
            Fact::AnswerUndone { offer, .. } => {
                let on = self.holds.remove(&offer.call).is_some_and(|(on, _)| on);
                ok(!on, || format!("{offer} is undone on hold"))?;
                ok(self.accepted.remove(&offer.call) == Some(*offer), || format!("{offer} was not accepted"))
            }
            Fact::Answered { .. } | Fact::PutThrough { .. } | Fact::WrappedUp { .. } => Ok(()),
        }
    }

    fn end_offer(&mut self, offer: OfferId, outcome: OfferOutcome) -> Result<(), String> {
        let made = self.live_offers.remove(&offer).is_some() || self.put_through.remove(&offer);
        ok(made, || format!("{offer} ended without being made"))?;
        if outcome == OfferOutcome::Accepted {
            self.connected += 1;
            ok(self.accepted.insert(offer.call, offer).is_none(), || {
                format!("{} accepted twice", offer.call)
            })?;
        }
        Ok(())
    }

    fn write_order(&self, order: &Order) -> Result<(), String> {
        let (Order::RingPhone { offer, .. } | Order::CallOut { offer, .. }) = order else { return Ok(()) };
        ok(!self.gone.contains(&offer.call), || format!("{offer} rings though the caller has gone"))
    }

    /// Compares the books with the brain.
    ///
    /// # Errors
    /// What is in one and not in the other.
    pub fn balance(&self, acd: &Acd) -> Result<(), String> {
        let live: BTreeSet<CallId> = acd.calls().map(Call::id).collect();
        ok(live == self.live_calls, || format!("live calls differ: {live:?} and {:?}", self.live_calls))?;
        let outside = acd.calls().filter(|call| matches!(call.state(), CallState::Outside { .. })).count();
        ok(self.live_visits.len() + outside == live.len(), || {
            format!("open visits: {:?}", self.live_visits)
        })?;
        let open: BTreeSet<CallId> =
            acd.calls().filter(|call| call.transfer().is_some()).map(Call::id).collect();
        ok(open == self.transfers, || format!("transfers differ: {open:?} and {:?}", self.transfers))?;
        let offered = acd.calls().filter(|call| matches!(call.state(), CallState::Offered { .. })).count();
        let put_through = |leg: &&OfferId| {
            let state = acd.call(leg.call).map(Call::state);
            matches!(state, Some(CallState::Offered { offer, .. }) if offer == *leg)
        };
        let offers = self.live_offers.len() + self.put_through.iter().filter(put_through).count();
        ok(offered == offers, || format!("open offers: {:?}", self.live_offers))?;
        let asked = |call: &Call| call.consult().and_then(Consult::leg).map(|leg| (call.id(), leg));
        let consults: BTreeMap<CallId, OfferId> = acd.calls().filter_map(asked).collect();
        ok(consults == self.consults, || format!("consultations differ: {consults:?}, {:?}", self.consults))
    }
}

pub(super) fn ok(holds: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(complaint()) }
}
