//! What must hold after every event, seen from outside: states, orders and facts, never the index.

use super::rings::{check_rings, check_withdrawn, ends, wants_agent};
use crate::{
    Acd, Agent, AgentNo, AgentState, CallId, Decision, Effects, Entry, Fact, NotReadyReason, OfferId, Order,
    QueueNo, Requirement, Target, Timestamp,
    agent::AUTO_ANSWER,
    call::{Call, CallState},
    consult::{Consult, ConsultStage},
    effect::{OfferOutcome, TransferOutcome, VisitOutcome},
    plan::{AgentPlan, QueuePlan, Strategy},
    routing::Sequence,
};
use std::{
    cmp::Ordering,
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
        for agent in call.agents().chain(asked) {
            if let Some(other) = busy.insert(agent, call.id()) {
                return Err(format!("agent {agent:?} has {other} and {}", call.id()));
            }
        }
        check_consult(call)?;
        check_rings(acd, call)?;
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
    super::callback::check_requests(acd)?;
    let waits = acd.calls().any(|call| matches!(call.state(), CallState::Queued) && !call.is_request());
    ok(acd.somebody_waits() == waits, || format!("somebody waits: {waits}, and the index says otherwise"))?;
    for call in acd.calls().filter(|call| wants_agent(acd, call)) {
        if let Some(agent) = able_idle(acd, call).next() {
            return Err(format!("{} waits while {agent:?} is ready and able", call.id()));
        }
        for (no, agent) in acd.agents() {
            let (bars, may) = (acd.bars(call.id(), no), in_line(agent) && may_take(acd, no, call));
            ok(bars.is_empty() == may, || format!("{no:?} may have {}: {may}, but {bars:?}", call.id()))?;
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
pub(super) fn able_idle<'a>(acd: &'a Acd, call: &'a Call) -> impl Iterator<Item = AgentNo> + 'a {
    acd.agents().filter(move |(no, agent)| in_line(agent) && may_take(acd, *no, call)).map(|(no, _)| no)
}

/// Ready, and not at rest: the exceptions to "no agent idles while a call waits that she may take" have names.
pub(super) fn in_line(agent: &Agent) -> bool {
    matches!(agent.state(), AgentState::Ready { .. }) && agent.rests_until().is_none()
}

/// Her skills suffice at the call's step, she did not leave it, and it waits for nobody else.
pub(super) fn may_take(acd: &Acd, agent: AgentNo, call: &Call) -> bool {
    let hers = call.preference().is_none_or(|wish| wish.agent == agent);
    hers && able_at(acd, agent, call) && call.may_go_to(agent)
}

/// Whether her skills suffice for a call at its step.
pub fn able_at(acd: &Acd, agent: AgentNo, call: &Call) -> bool {
    let Some((visit, plan)) = call.visit().zip(plan_of(acd, agent)) else { return false };
    needs_at(acd, visit.queue, visit.step, call).is_some_and(|needs| needs.is_met_by(&plan.skills))
}

/// What a call needs at a step, with its own values for the variables.
pub(super) fn needs_at(acd: &Acd, queue: QueueNo, step: u8, call: &Call) -> Option<Requirement> {
    let plan = acd.queue_plan(queue)?;
    let steps = plan.steps.iter().map(|step| &step.needs);
    let mut needs = [&plan.needs].into_iter().chain(steps).nth(usize::from(step))?.to_string();
    // The longest name first, so that `$lang` does not eat the beginning of `$language`.
    let mut attributes: Vec<_> = acd.plan().attributes.iter().collect();
    attributes.sort_by_key(|attribute| std::cmp::Reverse(attribute.name.len()));
    for attribute in attributes {
        let known =
            call.attributes().iter().find(|(name, _)| *name == attribute.name).map(|(_, value)| value);
        let value = known.filter(|value| attribute.values.contains(value)).unwrap_or(&attribute.default);
        needs = needs.replace(&format!("${}", attribute.name), value);
    }
    needs.parse().ok()
}

/// An agent's rules.
pub fn plan_of(acd: &Acd, agent: AgentNo) -> Option<&AgentPlan> {
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
    let needs = call.visit().and_then(|visit| needs_at(acd, visit.queue, visit.step, call));
    let needs = needs.unwrap_or(Requirement::anybody());
    let asked = (queue, call.visit().map_or(QueueNo(0), |visit| visit.queue), &needs);
    let best = able_idle(acd, call).min_by(|a, b| by_turn(acd, asked, *a, *b, now));
    if best != Some(*agent) {
        return Err(format!("{offer} went to {agent:?}, it is the turn of {best:?}"));
    }
    let waiting = acd.calls().filter(|call| wants_agent(acd, call));
    let first = waiting.filter(|call| may_take(acd, *agent, call)).min_by_key(|call| rank(acd, call));
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
        Some(Target::Queue { queue: no }) => {
            let queue = acd.queue_plan(*no).ok_or_else(|| format!("{offer} asks in no queue"))?;
            let needs = needs_at(acd, *no, 0, call).unwrap_or(Requirement::anybody());
            let able = |no: &AgentNo| {
                plan_of(acd, *no).is_some_and(|plan| needs.is_met_by(&plan.skills)) && call.may_go_to(*no)
            };
            let free = acd.agents().filter(|(_, agent)| in_line(agent)).map(|(no, _)| no).filter(able);
            free.min_by(|a, b| by_turn(acd, (queue, *no, &needs), *a, *b, now))
        }
        Some(Target::Outside { .. }) | None => None,
    };
    ok(meant == Some(agent), || format!("{offer} asks {agent:?}, it is the turn of {meant:?}"))
}

/// The order of service, reckoned from what the operator wrote.
pub fn rank(acd: &Acd, call: &Call) -> (i16, i128, CallId) {
    let routing = &acd.plan().routing;
    let within = call.visit().and_then(|visit| acd.queue_plan(visit.queue)).map(|plan| plan.answer_within);
    let promise = match routing.order {
        Sequence::LongestWaiting => 0,
        Sequence::ServiceObjective => within.map_or(0, |within| within.as_micros()),
    };
    let due = i128::from(call.ranked_from().micros()) + i128::try_from(promise).unwrap_or(i128::MAX);
    let level = i128::from(call.priority());
    match routing.ageing.and_then(|ageing| i128::try_from(ageing.as_micros()).ok()) {
        Some(ageing) => (0, due - (level - 1) * ageing, call.id()),
        None => (-i16::from(call.priority()), due, call.id()),
    }
}

/// A queue's plan, its number, and what is needed of it now.
pub(super) type Asked<'a> = (&'a QueuePlan, QueueNo, &'a Requirement);

/// Whose turn it is of two who are ready.
pub(super) fn by_turn(
    acd: &Acd,
    (queue, no, needs): Asked<'_>,
    a: AgentNo,
    b: AgentNo,
    now: Timestamp,
) -> Ordering {
    let (Some(one), Some(other)) = (acd.agent(a), acd.agent(b)) else { return a.cmp(&b) };
    let plans = plan_of(acd, a).zip(plan_of(acd, b));
    let fit = |of: &AgentPlan| {
        let asked = needs.skills().into_iter().filter(|skill| asks_for(needs, skill));
        asked.filter_map(|skill| of.skills.get(skill)).copied().max().unwrap_or(0)
    };
    let fits = || plans.map_or((0, 0), |(one, other)| (fit(one), fit(other)));
    let weights = plans.map_or((1, 1), |(one, other)| (one.weight, other.weight));
    let place =
        |of: AgentNo| acd.plan().agents.iter().position(|plan| plan.id == acd.directory().agent_id(of));
    let (calls, others) = (u64::from(one.calls()), u64::from(other.calls()));
    let first = match queue.strategy {
        Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => Ordering::Equal,
        Strategy::LeastOccupied => by_load(one, other, now),
        Strategy::FewestCalls => calls.cmp(&others),
        Strategy::MostSkilled => fits().1.cmp(&fits().0),
        Strategy::LeastSkilled => fits().0.cmp(&fits().1),
        Strategy::RoundRobin => one.last_offer().cmp(&other.last_offer()),
        Strategy::TopDown => place(a).cmp(&place(b)),
        Strategy::Weighted => (calls * u64::from(weights.1)).cmp(&(others * u64::from(weights.0))),
        Strategy::Fastest => one.expected_us(no).cmp(&other.expected_us(no)),
    };
    first.then(idle_since(one, now).cmp(&idle_since(other, now))).then(a.cmp(&b))
}

/// Of two loads this close the fixed point says which is less: it rounds even equal ones apart, when they were taken at
/// different times.
fn by_load(one: &Agent, other: &Agent, now: Timestamp) -> Ordering {
    let (a, b) = (one.load().seconds_at(now), other.load().seconds_at(now));
    if nearly(a, b) { one.load().key().cmp(&other.load().key()) } else { a.total_cmp(&b) }
}

/// Whether a requirement is easier to meet with more of this skill.
fn asks_for(needs: &Requirement, skill: &str) -> bool {
    let others = needs.skills().into_iter().filter(|other| *other != skill);
    let others: Vec<&str> = others.collect();
    // Over every mixture of levels of the others: their number is small in simulated plans.
    let mixtures = 3_usize.pow(u32::try_from(others.len()).unwrap_or(0));
    (0..mixtures).any(|mixture| {
        let mut skills = BTreeMap::new();
        let mut rest = mixture;
        for other in &others {
            skills.insert((*other).to_owned(), [0, 5, 10][rest % 3]);
            rest /= 3;
        }
        let met = |level: u8| {
            let mut skills = skills.clone();
            skills.insert(skill.to_owned(), level);
            needs.is_met_by(&skills)
        };
        (0..10).any(|level| !met(level) && met(level + 1))
    })
}

fn idle_since(agent: &Agent, now: Timestamp) -> Timestamp {
    match agent.state() {
        AgentState::Ready { since } => *since,
        AgentState::LoggedOut
        | AgentState::NotReady { .. }
        | AgentState::Reserved { .. }
        | AgentState::Talking { .. }
        | AgentState::WrapUp { .. } => now,
    }
}

fn nearly(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

/// The books kept beside the brain: what came in must come out, once.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    live_calls: BTreeSet<CallId>,
    live_visits: BTreeSet<(CallId, u32)>,
    live_offers: BTreeMap<OfferId, Live>,
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
    /// Requests for callbacks without a caller so far.
    requests: BTreeSet<CallId>,
    /// Until when every agent's time is written down, and how long the last part of it was.
    spans: BTreeMap<AgentNo, (Timestamp, Duration)>,
    /// Calls that ended so far.
    pub calls: u64,
    /// Offers that were accepted so far.
    pub connected: u64,
    /// What came of transfers so far.
    pub transferred: BTreeMap<(&'static str, TransferOutcome), u64>,
}

/// An offer that has not ended.
#[derive(Clone, Copy, Debug)]
struct Live {
    agent: AgentNo,
    /// When it has to have ended.
    ends: Timestamp,
}

impl Ledger {
    /// Writes an entry and its effects down; `acd` is the brain after it.
    ///
    /// # Errors
    /// What was counted twice, or came out without having gone in.
    pub fn write(&mut self, entry: &Entry, effects: &Effects, acd: &Acd) -> Result<(), String> {
        if let crate::Event::CallArrived { call, .. } = &entry.event {
            self.live_calls.insert(*call);
        }
        if let Some((request, of)) = super::callback::new_request(&entry.event) {
            self.live_calls.insert(request);
            self.requests.insert(request);
            self.gone.extend(of);
        }
        if let crate::Event::CallerLeft { call, .. } = &entry.event
            && !self.requests.contains(call)
        {
            self.gone.insert(*call);
        }
        if let crate::Event::OfferAccepted { agent, call } = &entry.event {
            self.taken_late(*agent, *call, entry.at);
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
                let live = Live { agent: *agent, ends: ends(acd, *offer, entry.at) };
                ok(self.live_offers.insert(*offer, live).is_none(), || format!("{offer} twice"))?;
                let hers = self.live_offers.values().filter(|other| other.agent == *agent).count();
                ok(hers == 1, || format!("{agent:?} has {hers} offers at once"))?;
            }
        }
        effects.orders.iter().for_each(|order| self.calls_back(order, entry.at, acd));
        let late = self.live_offers.iter().find(|(_, live)| live.ends < entry.at);
        ok(late.is_none(), || format!("{late:?} should have ended"))?;
        check_withdrawn(effects)?;
        effects.orders.iter().try_for_each(|order| self.write_order(order))
    }

    /// A process that slept hears of what an agent took before it looks at what was due: her phone has its time from then.
    fn taken_late(&mut self, agent: AgentNo, call: CallId, at: Timestamp) {
        let hers = |(offer, live): &(&OfferId, &mut Live)| offer.call == call && live.agent == agent;
        if let Some((_, live)) = self.live_offers.iter_mut().find(hers) {
            live.ends = live.ends.max(at + AUTO_ANSWER);
        }
    }

    /// Her phone has answered, and the customer's rings: the offer stands for as long as that may.
    fn calls_back(&mut self, order: &Order, at: Timestamp, acd: &Acd) {
        let Order::CallBack { by, queue, .. } = order else { return };
        let plan = acd.queue_plan(*queue).and_then(|plan| plan.callback);
        let ring = plan.map_or(std::time::Duration::from_secs(30), |plan| plan.ring);
        if let Some(live) = self.live_offers.get_mut(by) {
            live.ends = live.ends.max(at + ring);
        }
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
            Fact::Answered { call, .. } => {
                self.requests.remove(call);
                Ok(())
            }
            Fact::PutThrough { .. } | Fact::WrappedUp { .. } => Ok(()),
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
        let in_no_queue =
            |call: &&Call| matches!(call.state(), CallState::Outside { .. } | CallState::Later { .. });
        let elsewhere = acd.calls().filter(in_no_queue).count();
        ok(self.live_visits.len() + elsewhere == live.len(), || {
            format!("open visits: {:?}", self.live_visits)
        })?;
        let open: BTreeSet<CallId> =
            acd.calls().filter(|call| call.transfer().is_some()).map(Call::id).collect();
        ok(open == self.transfers, || format!("transfers differ: {open:?} and {:?}", self.transfers))?;
        let standing = |call: &Call| {
            if matches!(call.state(), CallState::Dialling { .. }) { 1 } else { call.rings().count() }
        };
        let offered: usize = acd.calls().map(standing).sum();
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
