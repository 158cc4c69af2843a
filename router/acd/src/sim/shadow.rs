//! What routing goes by, kept a second time, slowly, from events, decisions and effects alone: counts, offers, rests,
//! steps, preferences, places, paces. After every event the brain's own must be the same.

use super::{
    callback::Requests,
    check::{able_at, ok, plan_of},
};
use crate::{
    Acd, AgentNo, AgentState, CallId, CallerRef, Decision, Effects, Entry, Event, Fact, FlowOut,
    OfferOutcome, Order, QueueNo, Timestamp, VisitOutcome, VisitRecord,
    agent::Workload,
    call::{Call, Preference},
    plan::{Presence, Strategy},
    time::micros,
};
use std::{collections::BTreeMap, time::Duration};

/// How far two ways of reckoning when an occupancy is low enough may lie apart.
const NEARLY: Duration = Duration::from_millis(1);

/// The second books.
#[derive(Clone, Debug, Default)]
pub struct Shadow {
    agents: BTreeMap<AgentNo, Hers>,
    calls: BTreeMap<CallId, Its>,
    last_agents: BTreeMap<(CallerRef, QueueNo), (Timestamp, AgentNo)>,
    places: BTreeMap<(CallerRef, QueueNo), (Timestamp, Timestamp)>,
    queues: BTreeMap<QueueNo, Mean>,
    requests: Requests,
}

#[derive(Clone, Debug, Default)]
struct Hers {
    calls: u32,
    offered: Timestamp,
    work_ended: Option<Timestamp>,
    /// Until when she was told to rest when she became ready.
    rests: Option<Timestamp>,
    desk: bool,
    /// Until when her desktop may be gone.
    gone: Option<Timestamp>,
    talks_since: Timestamp,
    talked: Duration,
    means: BTreeMap<QueueNo, Mean>,
}

#[derive(Clone, Debug)]
struct Its {
    caller: Option<CallerRef>,
    place: Timestamp,
    /// Whether that is the place of an earlier call.
    returned: bool,
    priority: u8,
    visits: u32,
    entered: Timestamp,
    wish: Option<Preference>,
    /// It has its place from a call or a request that made room for it.
    given: bool,
    /// Since when its waiting counts for steps, if not from its visit on.
    from: Option<Timestamp>,
    /// How many phones may ring at once, where that grows; 0: no more than do.
    phones: Option<u8>,
    /// When the last of them began to.
    rang: Timestamp,
}

impl Its {
    /// Who has just come.
    fn new(caller: Option<CallerRef>, priority: u8, now: Timestamp) -> Self {
        Self {
            caller,
            place: now,
            priority,
            visits: 0,
            entered: now,
            wish: None,
            returned: false,
            given: false,
            from: None,
            phones: None,
            rang: now,
        }
    }
}

/// Calls so far and their mean, as `pace` describes it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Mean(u32, i128);

impl Mean {
    fn add(&mut self, took: Duration, window: u32) {
        self.0 += 1;
        let took = i128::from(micros(took.min(Duration::from_secs(14_400))));
        self.1 += (took - self.1) / i128::from(self.0.min(window));
    }
}

impl Shadow {
    /// Writes an event and what came of it down, and compares.
    ///
    /// # Errors
    /// What differs.
    pub fn write(&mut self, entry: &Entry, effects: &Effects, acd: &Acd) -> Result<(), String> {
        let now = entry.at;
        if let Event::CallArrived { call, caller, .. } = &entry.event {
            self.calls.insert(*call, Its::new(*caller, 0, now));
        }
        if let Event::PlanChanged { .. } = &entry.event {
            // Under other rules more phones may ring at once than under the last.
            self.calls.values_mut().for_each(|its| its.rang = Timestamp(0));
        }
        entry.decisions.iter().try_for_each(|decision| self.check_sign_out(decision, now))?;
        self.write_desks(now, acd);
        if let Event::PriorityChanged { call, priority, .. } = &entry.event
            && let Some(its) = self.calls.get_mut(call)
        {
            its.priority = *priority;
        }
        self.requests.write(entry, effects, acd)?;
        self.stand(entry);
        for decision in &entry.decisions {
            self.write_decision(decision, now, acd);
            self.write_spread(decision, now, acd)?;
        }
        for order in &effects.orders {
            self.write_order(order, now, acd);
        }
        for fact in &effects.facts {
            self.write_fact(fact, now, acd);
        }
        self.forgo_wishes(&entry.decisions, now);
        acd.agents().try_for_each(|(no, agent)| self.compare_agent(no, agent, now))?;
        self.compare_means(acd)?;
        acd.calls().filter(|call| call.is_unanswered()).try_for_each(|call| self.compare_call(call, acd, now))
    }

    /// Whose desktop has gone, and when she counts as gone with it.
    fn write_desks(&mut self, now: Timestamp, acd: &Acd) {
        for (no, agent) in acd.agents() {
            let hers = self.agents.entry(no).or_default();
            let had = std::mem::replace(&mut hers.desk, agent.has_desk());
            let needs = plan_of(acd, no).is_some_and(|plan| plan.presence == Presence::Desk);
            if agent.has_desk() || agent.is_logged_out() || !needs {
                hers.gone = None;
            } else if had {
                hers.gone = acd.plan().routing.sign_out_after.map(|after| now + after);
            }
        }
    }

    fn check_sign_out(&self, decision: &Decision, now: Timestamp) -> Result<(), String> {
        let Decision::SignOut { agent } = decision else { return Ok(()) };
        let gone = self.agents.get(agent).and_then(|hers| hers.gone);
        ok(gone.is_some_and(|gone| gone <= now), || {
            format!("{agent:?} is signed out, may be gone until {gone:?}")
        })
    }

    /// A request stands where its caller stood; one that had none stands from now on.
    fn stand(&mut self, entry: &Entry) {
        if let Event::CallbackAsked { call, request } = &entry.event
            && let Some(of) = self.calls.get(call).cloned()
        {
            let older = self.requests.made_room().and_then(|older| self.calls.get(&older));
            let place = older.map_or(of.place, |older| older.place.min(of.place));
            self.calls
                .insert(*request, Its { place, visits: 0, wish: None, given: true, phones: None, ..of });
        }
        if let Event::CallbackRequested(asked) = &entry.event {
            let (caller, priority, now) = (Some(asked.caller), asked.priority, entry.at);
            self.calls.insert(asked.call, Its::new(caller, priority, now));
        }
    }

    fn write_decision(&mut self, decision: &Decision, now: Timestamp, acd: &Acd) {
        if let Decision::Offer { agent, .. } | Decision::OfferTo { agent, .. } = decision {
            self.agents.entry(*agent).or_default().offered = now;
        }
        if let Decision::TakePlace { call, request, priority, .. } = decision
            && let (Some(of), Some(its)) = (self.calls.get(request).cloned(), self.calls.get_mut(call))
        {
            (its.place, its.priority, its.given) = (of.place, of.priority.max(*priority), true);
            its.from = of.from;
        }
        let Decision::Enqueue { call, queue, priority } = decision else { return };
        let keeps = acd.queue_plan(*queue).and_then(|plan| plan.keep_place);
        let Some(its) = self.calls.get_mut(call) else { return };
        its.priority = *priority;
        if let (0, false, Some(caller), Some(keeps)) = (its.visits, its.given, its.caller, keeps)
            && let Some((left, place)) = self.places.remove(&(caller, *queue))
            && now.since(left) <= keeps
        {
            (its.place, its.returned) = (place, true);
        }
    }

    /// One phone more is due when the last has rung alone for long enough; no more are when the wait is over.
    fn write_spread(&mut self, decision: &Decision, now: Timestamp, acd: &Acd) -> Result<(), String> {
        if let Decision::Offer { offer, .. } | Decision::OfferTo { offer, .. } = decision
            && let Some(its) = self.calls.get_mut(&offer.call)
        {
            its.rang = now;
        }
        let Decision::Spread { call: id, phones } = decision else { return Ok(()) };
        let Some(its) = self.calls.get_mut(id) else { return Err(format!("{id} is not here")) };
        let before = its.phones.replace(*phones);
        // Who has moved on in this very entry is in another visit now.
        let Some(visit) = acd.call(*id).and_then(Call::visit).filter(|visit| visit.entered == its.entered)
        else {
            return Ok(());
        };
        let plan = acd.queue_plan(visit.queue);
        let next = plan.is_some_and(|plan| its.rang + plan.ring_next <= now);
        let right = match phones {
            0 => now >= visit.leaves && before != Some(0),
            1 => false,
            more => {
                next && before.unwrap_or(1) + 1 == *more && plan.is_some_and(|plan| *more <= plan.ring_most)
            }
        };
        ok(right, || format!("{id} rang {before:?} phones and is to ring {phones}: {visit:?}, {its:?}"))
    }

    fn write_order(&mut self, order: &Order, now: Timestamp, acd: &Acd) {
        let Order::AgentMoved { agent, from, to, .. } = order else { return };
        let hers = self.agents.entry(*agent).or_default();
        let worked = matches!(from, AgentState::Talking { .. } | AgentState::WrapUp { .. });
        if matches!(from, AgentState::Talking { .. }) {
            hers.talked = now.since(hers.talks_since);
        }
        if matches!(to, AgentState::Talking { .. }) {
            hers.talks_since = now;
        }
        if worked && !matches!(to, AgentState::WrapUp { .. }) {
            hers.work_ended = Some(now);
        }
        if matches!(from, AgentState::LoggedOut) {
            hers.calls = 0;
        }
        hers.rests = None;
        if matches!(to, AgentState::Ready { .. }) {
            hers.rests = rest_of(acd, *agent, hers.work_ended, now);
        }
    }

    fn write_fact(&mut self, fact: &Fact, now: Timestamp, acd: &Acd) {
        if let Fact::OfferEnded { agent, outcome: OfferOutcome::Accepted, .. } = fact {
            self.agents.entry(*agent).or_default().calls += 1;
        }
        if let Fact::AnswerUndone { agent, .. } = fact {
            self.agents.entry(*agent).or_default().calls -= 1;
        }
        if let Fact::QueueEntered { call, visit, queue } = fact {
            let wish = self.wish(*call, *queue, now, acd);
            if let Some(its) = self.calls.get_mut(call) {
                // Only a request has waited before, and who has taken its place just now.
                let waited = acd.call(*call).is_some_and(Call::is_request) || *visit == 1;
                its.from = if waited { its.from.or(Some(now)) } else { Some(now) };
                (its.visits, its.entered, its.wish, its.phones) = (*visit, now, wish, None);
            }
        }
        if let Fact::QueueLeft(visit) = fact {
            self.write_visit(visit, now, acd);
        }
        if let Fact::WrappedUp { queue, agent, wrap_up, .. } = fact {
            let fastest = acd.queue_plan(*queue).is_some_and(|plan| plan.strategy == Strategy::Fastest);
            let hers = self.agents.entry(*agent).or_default();
            let took = hers.talked + *wrap_up;
            if fastest {
                hers.means.entry(*queue).or_default().add(took, 16);
                self.queues.entry(*queue).or_default().add(took, 64);
            }
        }
    }

    /// What is remembered of a caller who leaves a queue.
    fn write_visit(&mut self, visit: &VisitRecord, now: Timestamp, acd: &Acd) {
        let Some(its) = self.calls.get(&visit.call) else { return };
        let (Some(caller), plan) = (its.caller, acd.queue_plan(visit.queue)) else { return };
        let talked = matches!(visit.outcome, VisitOutcome::Answered | VisitOutcome::Transferred(_));
        if let (true, Some(agent), Some(_)) = (talked, visit.agent, plan.and_then(|plan| plan.prefer)) {
            self.last_agents.insert((caller, visit.queue), (now, agent));
        }
        let keeps = plan.and_then(|plan| plan.keep_place).is_some();
        let turned_away = matches!(visit.outcome, VisitOutcome::FlowOut(FlowOut::Full | FlowOut::Unstaffed))
            && acd.call(visit.call).is_none();
        if keeps && (visit.outcome == VisitOutcome::Abandoned || turned_away && (its.returned || its.given)) {
            self.places.insert((caller, visit.queue), (now, its.place));
        }
    }

    /// A visit that began while the agent was excluded waits for nobody, though the exclusion ended in the same entry.
    fn forgo_wishes(&mut self, decisions: &[Decision], now: Timestamp) {
        for (at, decision) in decisions.iter().enumerate() {
            let Decision::EndExclusion { call, agent } = decision else { continue };
            let begins = |decision: &Decision| {
                matches!(decision, Decision::Overflow { call: of, .. }
                    | Decision::Divert { call: of, .. }
                    | Decision::Enqueue { call: of, .. } if of == call)
            };
            let excluded = decisions.iter().take(at).any(begins);
            if let Some(its) = self.calls.get_mut(call).filter(|its| excluded && its.entered == now) {
                its.wish = its.wish.filter(|wish| wish.agent != *agent);
            }
        }
    }

    /// For whom a call has to wait that enters a queue.
    fn wish(&self, id: CallId, queue: QueueNo, now: Timestamp, acd: &Acd) -> Option<Preference> {
        let call = acd.call(id)?;
        if call.past.agent.is_some() {
            return None;
        }
        let (prefer, caller) = (acd.queue_plan(queue)?.prefer?, call.caller?);
        let &(at, agent) = self.last_agents.get(&(caller, queue))?;
        let recent = now.since(at) <= prefer.within;
        recent.then_some(Preference { agent, until: now + prefer.patience })
    }

    fn compare_agent(&mut self, no: AgentNo, agent: &crate::Agent, now: Timestamp) -> Result<(), String> {
        let hers = self.agents.entry(no).or_default();
        let overdue = hers.gone.is_some_and(|gone| gone <= now) && agent.state().reason().is_some();
        ok(!overdue, || format!("{no:?} has gone and is at work still: {agent:?}"))?;
        let same = (hers.calls, hers.offered) == (agent.calls(), agent.last_offer());
        ok(same, || format!("{no:?}: {hers:?}, and the brain thinks {agent:?}"))?;
        hers.rests = hers.rests.filter(|until| until.before(NEARLY) > now || agent.rests_until().is_some());
        let near = |a: Timestamp, b: Timestamp| a.since(b).max(b.since(a)) <= NEARLY;
        let alike = match (hers.rests, agent.rests_until()) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => near(ours, theirs),
            (None, Some(until)) | (Some(until), None) => near(until, now),
        };
        ok(alike, || {
            format!("{no:?} rests until {:?}, and the brain says {:?}", hers.rests, agent.rests_until())
        })
    }

    fn compare_means(&self, acd: &Acd) -> Result<(), String> {
        let theirs = |pace: &crate::pace::Pace| Mean(pace.calls(), i128::from(pace.mean_us()));
        for (queue, mean) in &self.queues {
            let pace = acd.paces.get(queue.index()).map(theirs);
            ok(pace == Some(*mean), || format!("{queue:?} takes {mean:?}, and the brain says {pace:?}"))?;
        }
        for (no, queue, mean) in
            self.agents.iter().flat_map(|(no, hers)| hers.means.iter().map(move |(q, m)| (no, q, m)))
        {
            let own = acd.agent(*no).and_then(|agent| agent.paces.iter().find(|own| own.queue == *queue));
            let pace = own.map(|own| theirs(&own.pace));
            ok(pace == Some(*mean), || format!("{no:?} takes {mean:?}, and the brain says {pace:?}"))?;
        }
        Ok(())
    }

    fn compare_call(&mut self, call: &Call, acd: &Acd, now: Timestamp) -> Result<(), String> {
        let id = call.id();
        let (Some(its), Some(visit)) = (self.calls.get_mut(&id), call.visit()) else {
            return Err(format!("{id} waits in no queue"));
        };
        let stands = (call.ranked_from(), call.priority());
        ok(stands == (its.place, its.priority), || format!("{id} is {its:?}, and stands at {stands:?}"))?;
        let steps = acd.queue_plan(visit.queue).map_or(&[][..], |plan| &plan.steps);
        let from = its.from.unwrap_or(its.entered);
        let step = steps.iter().filter(|step| from + step.after <= now).count();
        ok(usize::from(visit.step) == step, || format!("{id} should be at step {step}: {visit:?}"))?;
        let stands = |wish: &Preference| {
            let there = acd.agent(wish.agent).is_some_and(|agent| !agent.is_logged_out());
            there && wish.until > now && call.may_go_to(wish.agent) && able_at(acd, wish.agent, call)
        };
        ok(its.phones == visit.phones, || format!("{id} should ring {:?} phones: {visit:?}", its.phones))?;
        its.overdue(call, acd, now)?;
        its.wish = its.wish.filter(stands);
        ok(its.wish == visit.prefers, || format!("{id} should wait for {:?}: {visit:?}", its.wish))
    }
}

impl Its {
    /// Nothing about how many phones ring should have been decided by now.
    fn overdue(&self, call: &Call, acd: &Acd, now: Timestamp) -> Result<(), String> {
        let Some((visit, plan)) = call.visit().and_then(|visit| Some((visit, acd.queue_plan(visit.queue)?)))
        else {
            return Ok(());
        };
        let rings = call.rings().count();
        let several =
            matches!(plan.strategy, Strategy::RingAll | Strategy::Progressive) && plan.ring_most > 1;
        if !several || rings == 0 || call.transfer().is_some() || self.phones == Some(0) {
            return Ok(());
        }
        let may = self.phones.unwrap_or(1).min(plan.ring_most);
        let full =
            plan.strategy == Strategy::Progressive && may < plan.ring_most && rings >= usize::from(may);
        let last = call.rings().map(|ring| ring.since).max().unwrap_or(now);
        ok(visit.leaves > now, || format!("{} should ring no more phones: {visit:?}", call.id()))?;
        ok(!full || last + plan.ring_next > now, || format!("{} should ring one more: {visit:?}", call.id()))
    }
}

/// Until when an agent who becomes ready now has to rest.
fn rest_of(acd: &Acd, no: AgentNo, work_ended: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let (plan, routing) = (plan_of(acd, no), &acd.plan().routing);
    let rest = plan.and_then(|plan| plan.rest).unwrap_or(routing.rest);
    let worked = work_ended.map(|ended| ended + rest);
    let ceiling = plan.and_then(|plan| plan.max_occupancy).or(routing.max_occupancy);
    let load = acd.agent(no)?.load();
    let most = |ceiling: u16| Workload::TAU.as_secs_f64() * f64::from(ceiling) / 1_000.0;
    let cool = ceiling.and_then(|ceiling| first_below(load, most(ceiling), now));
    worked.max(cool).filter(|until| *until > now)
}

/// By halving: when a workload is first below so many seconds, within three hours.
fn first_below(load: &Workload, seconds: f64, now: Timestamp) -> Option<Timestamp> {
    let (mut above, mut below) = (now, now + Duration::from_secs(10_800));
    if load.seconds_at(now) <= seconds {
        return None;
    }
    while below.since(above) > Duration::from_micros(1) {
        let middle = above + below.since(above) / 2;
        let side = if load.seconds_at(middle) > seconds { &mut above } else { &mut below };
        *side = middle;
    }
    Some(below)
}
