//! The tale of one call: where it stood, whom it was offered to and why, and what kept the others from it.

use super::{
    Barred, Bounded, Limits,
    moment::{Moment, Waited, What},
};
use crate::{
    Acd, AgentNo, CallId, Decision, Effects, Entry, Event, Fact, OfferId, Order, Target, Timestamp,
    call::{Call, CallState, Preference},
    effect::{CallRecord, TransferRecord, VisitOutcome, VisitRecord},
    time::micros,
};
use std::collections::BTreeSet;

/// Tells one call, from the entries of a log in their order.
#[derive(Clone, Debug)]
pub struct CallTale {
    call: CallId,
    limits: Limits,
    moments: Bounded<Moment>,
    over: bool,
    /// Who was ready and unskilled in the stretch of waiting that goes on, if one does.
    waits: Option<BTreeSet<AgentNo>>,
    kept_for: Option<AgentNo>,
    /// Facts of the entry that have been told.
    told: usize,
}

impl CallTale {
    /// Nothing yet.
    #[must_use]
    pub const fn new(call: CallId, limits: Limits) -> Self {
        let moments = Bounded::new(limits.moments);
        Self { call, limits, moments, over: false, waits: None, kept_for: None, told: 0 }
    }
    /// Whether the call has ended, so that nothing more can come.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over
    }
    /// Whether the call has been met.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        !self.moments.is_empty()
    }
    /// What has been told so far.
    #[must_use]
    pub const fn moments(&self) -> &Bounded<Moment> {
        &self.moments
    }

    /// Applies the next entry of the log to the brain that stands before it, and tells what it did to the call.
    pub fn read(&mut self, acd: &mut Acd, entry: &Entry) -> Effects {
        if self.over {
            return acd.apply(entry);
        }
        self.told = 0;
        self.begins(acd, entry);
        let effects = acd.apply_watched(entry, |acd, decision, effects| {
            self.tell_facts(acd, entry, effects);
            self.decides(acd, entry, decision);
        });
        self.tell_facts(acd, entry, &effects);
        self.tell_dialling(acd, entry, &effects);
        self.tell_preference(acd, entry);
        self.tell_waiting(acd, entry, &effects);
        effects
    }

    fn push(&mut self, entry: &Entry, what: What) {
        self.moments.push(Moment { entry: entry.number, at: entry.at, what });
    }

    fn begins(&mut self, acd: &Acd, entry: &Entry) {
        let known = acd.call(self.call);
        if let (Some(call), true) = (known, self.moments.is_empty()) {
            self.kept_for = call.preference().map(|wish| wish.agent);
            let what = What::Known {
                state: call.state_name(),
                queue: acd.queue_of(self.call),
                priority: call.priority(),
                since: call.arrived(),
                rules: acd.ruled_since(),
            };
            self.push(entry, what);
        }
        if let Event::CallArrived { call, dialled, attributes, .. } = &entry.event
            && *call == self.call
        {
            let (dialled, known) = (dialled.clone(), attributes.clone());
            self.push(entry, What::Arrived { dialled, known, rules: acd.ruled_since() });
        }
        if let Some(requested) = self.requested(acd, &entry.event) {
            self.push(entry, requested);
        }
        if let (Event::PlanChanged { .. }, Some(_)) = (&entry.event, known) {
            self.push(entry, What::NewRules { rules: entry.number });
        }
        if let Event::PriorityChanged { call, priority, reasons } = &entry.event
            && *call == self.call
        {
            self.push(entry, What::Priority { priority: *priority, reasons: reasons.clone() });
        }
    }

    /// How a request for a callback begins.
    fn requested(&self, acd: &Acd, event: &Event) -> Option<What> {
        let rules = acd.ruled_since();
        if let Event::CallbackAsked { call, request } = event
            && *request == self.call
        {
            return Some(What::Requested { queue: acd.queue_of(*call), of: Some(*call), rules });
        }
        if let Event::CallbackRequested(asked) = event
            && asked.call == self.call
        {
            return Some(What::Requested { queue: acd.name_of(asked.queue), of: None, rules });
        }
        None
    }

    /// The agent's phone has answered, and the customer is called.
    fn tell_dialling(&mut self, acd: &Acd, entry: &Entry, effects: &Effects) {
        let ours = |order: &Order| matches!(order, Order::CallBack { offer, .. } if offer.call == self.call);
        let agent = acd.call(self.call).and_then(|call| call.state().agent());
        if let Some(agent) = agent.filter(|_| effects.orders.iter().any(ours)) {
            self.push(entry, What::Dialled { agent: acd.id_of(agent) });
        }
    }

    fn decides(&mut self, acd: &Acd, entry: &Entry, decision: &Decision) {
        let ours = self.call;
        match decision {
            Decision::Offer { offer, agent } if offer.call == ours => {
                self.offered(acd, entry, *offer, *agent)
            }
            Decision::Offer { offer, agent } => self.passed_over(acd, entry, offer.call, *agent),
            Decision::OfferTo { offer, agent, queue } if offer.call == ours => {
                let by = acd.call(ours).and_then(Call::transfer).map(|transfer| acd.id_of(transfer.by));
                let (queue, agent, by) = (acd.name_of(*queue), acd.id_of(*agent), by.unwrap_or_default());
                self.push(entry, What::Given { attempt: offer.attempt, queue, agent, by });
            }
            Decision::Relax { call, step } if *call == ours => self.relaxed(acd, entry, *step),
            Decision::Consult { offer, agent } if offer.call == ours => {
                self.push(entry, What::Consulted { about: acd.id_of(*agent) });
            }
            Decision::ConsultOutside { offer, rule } if offer.call == ours => {
                self.push(entry, What::Consulted { about: rule.clone() });
            }
            Decision::CallOut { offer, rule } if offer.call == ours => {
                self.push(entry, What::CalledOut { rule: rule.clone() });
            }
            Decision::Postpone { call, until } if *call == ours => {
                self.push(entry, What::Postponed { until: *until });
            }
            Decision::TakePlace { call, request, .. } if *call == ours => {
                self.push(entry, What::PlaceTaken { of: *request });
            }
            // Of other calls, or told by what comes of it.
            Decision::OfferTo { .. }
            | Decision::Relax { .. }
            | Decision::Consult { .. }
            | Decision::ConsultOutside { .. }
            | Decision::CallOut { .. }
            | Decision::Enqueue { .. }
            | Decision::ConsultNobody { .. }
            | Decision::Ring { .. }
            | Decision::RingOut { .. }
            | Decision::Overflow { .. }
            | Decision::Divert { .. }
            | Decision::Spread { .. }
            | Decision::Postpone { .. }
            | Decision::TakePlace { .. }
            | Decision::Refuse { .. }
            | Decision::EndWrapUp { .. }
            | Decision::EndPause { .. }
            | Decision::SignOut { .. }
            | Decision::EndPreference { .. }
            | Decision::EndRest { .. }
            | Decision::EndExclusion { .. } => {}
        }
    }

    fn offered(&mut self, acd: &Acd, entry: &Entry, offer: OfferId, agent: AgentNo) {
        let Some(choice) = acd.choice(offer, agent, entry.at, self.limits) else { return };
        let (queue, agent, choice) = (acd.queue_of(self.call), acd.id_of(agent), Box::new(choice));
        self.push(entry, What::Offered { attempt: offer.attempt, queue, agent, choice });
    }

    /// An agent is about to get another call: if she might have had this one, why that one goes first.
    fn passed_over(&mut self, acd: &Acd, entry: &Entry, other: CallId, agent: AgentNo) {
        let (Some(ours), Some(first)) = (acd.call(self.call), acd.call(other)) else { return };
        if !acd.rules.wants_agent(ours) || !acd.bars(self.call, agent).is_empty() {
            return;
        }
        let precedence = acd.precedence(first, ours);
        if let Some(Moment { what: What::WentFirst { precedence: before, times, until, .. }, .. }) =
            self.moments.last_mut()
            && before.reason == precedence.reason
        {
            (*times, *until) = (*times + 1, entry.at);
            return;
        }
        let agent = acd.id_of(agent);
        self.push(entry, What::WentFirst { agent, precedence, times: 1, until: entry.at });
    }

    /// What the call needs at a step that it is about to come to.
    fn relaxed(&mut self, acd: &Acd, entry: &Entry, step: u8) {
        let Some(mut call) = acd.call(self.call).cloned() else { return };
        if let Some(visit) = &mut call.visit {
            visit.step = step;
        }
        self.push(entry, What::Relaxed { step, needs: acd.needs_of(&call) });
    }

    fn tell_facts(&mut self, acd: &Acd, entry: &Entry, effects: &Effects) {
        let new = effects.facts.get(self.told..).unwrap_or_default();
        self.told = effects.facts.len();
        new.iter().for_each(|fact| self.tell_fact(acd, entry, fact));
    }

    fn tell_fact(&mut self, acd: &Acd, entry: &Entry, fact: &Fact) {
        let ours = self.call;
        match fact {
            Fact::QueueEntered { call, visit, .. } if *call == ours => self.queued(acd, entry, *visit),
            Fact::OfferEnded { offer, agent, outcome, .. } if offer.call == ours => {
                let (agent, outcome) = (acd.id_of(*agent), outcome.as_str());
                self.push(entry, What::OfferEnded { agent, outcome });
            }
            Fact::Answered { call, queue, agent, waited } if *call == ours => {
                let (agent, queue) = (acd.id_of(*agent), acd.name_of(*queue));
                self.push(entry, What::Answered { agent, queue, waited_ms: micros(*waited) / 1_000 });
            }
            Fact::AnswerUndone { offer, agent, .. } if offer.call == ours => {
                self.push(entry, What::AnswerUndone { agent: acd.id_of(*agent) });
            }
            Fact::TransferEnded(record) if record.call == ours => self.transferred(acd, entry, record),
            Fact::QueueLeft(record) if record.call == ours => self.left_queue(acd, entry, record),
            Fact::CallEnded(record) if record.call == ours => self.ended(acd, entry, record),
            // Of other calls, or of no account for who gets a call.
            Fact::QueueEntered { .. }
            | Fact::OfferEnded { .. }
            | Fact::Answered { .. }
            | Fact::AnswerUndone { .. }
            | Fact::TransferEnded(_)
            | Fact::QueueLeft(_)
            | Fact::CallEnded(_)
            | Fact::PutThrough { .. }
            | Fact::Held { .. }
            | Fact::HoldEnded { .. }
            | Fact::WrappedUp { .. }
            | Fact::AgentSpan(_) => {}
        }
    }

    fn queued(&mut self, acd: &Acd, entry: &Entry, visit: u32) {
        let Some(call) = acd.call(self.call) else { return };
        let wish = call.preference();
        self.kept_for = wish.map(|wish| wish.agent);
        let number = acd.rules.entry(call.dialled()).map(|entry| entry.number.clone());
        let what = What::Queued {
            queue: acd.queue_of(self.call),
            visit,
            priority: call.priority(),
            number: number.filter(|_| visit == 1),
            since: call.ranked_from(),
            needs: acd.needs_of(call),
            kept_for: wish.map(|wish| acd.id_of(wish.agent)),
            kept_until: wish.map(|Preference { until, .. }| until),
        };
        self.push(entry, what);
    }

    fn transferred(&mut self, acd: &Acd, entry: &Entry, record: &TransferRecord) {
        let target = match &record.to {
            Target::Queue { queue } => acd.name_of(*queue),
            Target::Agent { agent } => acd.id_of(*agent),
            Target::Outside { rule } => rule.clone(),
        };
        let (by, kind, outcome) = (acd.id_of(record.by), record.to.kind(), record.outcome.as_str());
        self.push(entry, What::Transferred { by, kind, target, outcome });
    }

    /// A visit that ends with the call says nothing that the end of the call does not.
    fn left_queue(&mut self, acd: &Acd, entry: &Entry, record: &VisitRecord) {
        let goes_on = acd.call(self.call).is_some() || matches!(record.outcome, VisitOutcome::Transferred(_));
        if goes_on {
            let (queue, reason) = (acd.name_of(record.queue), record.outcome.reason());
            self.push(entry, What::LeftQueue { queue, reason, waited_ms: micros(record.wait()) / 1_000 });
        }
    }

    fn ended(&mut self, acd: &Acd, entry: &Entry, record: &CallRecord) {
        self.over = true;
        self.stop_waiting(entry.at);
        let (outcome, reason) = (record.outcome.as_str(), record.outcome.reason());
        let agent = record.agent.map(|agent| acd.id_of(agent));
        self.push(entry, What::Ended { outcome, reason, agent, offers: record.offers });
    }

    /// Whether the one agent it waited for is waited for no more.
    fn tell_preference(&mut self, acd: &Acd, entry: &Entry) {
        let Some(call) = acd.call(self.call) else { return };
        let now = call.preference().map(|wish| wish.agent);
        if let Some(before) = std::mem::replace(&mut self.kept_for, now).filter(|_| now.is_none()) {
            self.push(entry, What::KeptNoMore { agent: acd.id_of(before) });
        }
    }

    /// What keeps everybody from the call, unless that is as it was.
    fn tell_waiting(&mut self, acd: &Acd, entry: &Entry, effects: &Effects) {
        let waiting = acd.call(self.call).filter(|call| matches!(call.state(), CallState::Queued));
        let Some(call) = waiting else { return self.stop_waiting(entry.at) };
        if self.waits.is_some() && !may_matter(entry, effects) {
            return;
        }
        let Ready { barred, unskilled } = self.ready_for(acd, call);
        let (step, needs) = (call.visit.map_or(0, |visit| visit.step), acd.needs_of(call));
        let (most, more_barred) = (self.limits.agents, barred.len().saturating_sub(self.limits.agents));
        let barred: Vec<Barred> = barred.into_iter().take(most).collect();
        let same = self.stretch().is_some_and(|before| {
            (&before.barred, before.more_barred, before.step, &before.needs)
                == (&barred, more_barred, step, &needs)
        });
        if !same || self.waits.is_none() {
            self.stop_waiting(entry.at);
            let (away, until) = (acd.staff_for(call, self.limits).away, None);
            let (unskilled, more_unskilled) = (Vec::new(), 0);
            let waited = Waited { until, step, needs, barred, more_barred, unskilled, more_unskilled, away };
            self.push(entry, What::Waited(waited));
            self.waits = Some(BTreeSet::new());
        }
        self.count_unskilled(acd, unskilled);
    }

    fn ready_for(&self, acd: &Acd, call: &Call) -> Ready {
        let mut ready = Ready { barred: Vec::new(), unskilled: Vec::new() };
        for (no, _) in acd.agents().filter(|(no, _)| acd.is_ready(*no)) {
            if !acd.suffices(call, no) {
                ready.unskilled.push(no);
                continue;
            }
            let against = acd.against(call, no);
            ready.barred.push(Barred { agent: acd.id_of(no), against });
        }
        ready
    }

    fn count_unskilled(&mut self, acd: &Acd, ready: Vec<AgentNo>) {
        let most = self.limits.agents;
        let Some(known) = &mut self.waits else { return };
        let new: Vec<AgentNo> = ready.into_iter().filter(|no| known.insert(*no)).collect();
        let Some(waited) = self.stretch() else { return };
        for no in new {
            if waited.unskilled.len() < most {
                waited.unskilled.push(acd.id_of(no));
            } else {
                waited.more_unskilled += 1;
            }
        }
    }

    /// The stretch of waiting that was told last.
    fn stretch(&mut self) -> Option<&mut Waited> {
        self.moments.last_where(
            |moment| if let What::Waited(waited) = &mut moment.what { Some(waited) } else { None },
        )
    }

    fn stop_waiting(&mut self, at: Timestamp) {
        if self.waits.take().is_some()
            && let Some(waited) = self.stretch()
        {
            waited.until = Some(at);
        }
    }
}

/// The agents who are ready while a call waits.
struct Ready {
    /// Those whose skills suffice.
    barred: Vec<Barred>,
    /// Those whose skills do not.
    unskilled: Vec<AgentNo>,
}

/// Whether an entry may have changed what keeps anybody from a waiting call.
fn may_matter(entry: &Entry, effects: &Effects) -> bool {
    let moved = |order: &Order| matches!(order, Order::AgentMoved { .. });
    let rules = matches!(entry.event, Event::PlanChanged { .. });
    rules || !entry.decisions.is_empty() || effects.orders.iter().any(moved)
}
