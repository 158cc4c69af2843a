//! The fold: entries and their effects become rows and the picture of the floor.

mod audit;
mod outside;
mod queues;
mod snapshot;

use super::{
    floor::{AgentView, CallView, FloorView, Tail},
    ms,
    outlook::Outlook,
};
use crate::records::{Batch, CallRow, Name, OfferRow, PlanRow, SpanRow, VisitRow, WrapUpRow};
use acd::{
    AgentNo, AgentState, CallId, Decision, Directory, Effects, Entry, Event, Fact, OfferId, OfferOutcome,
    Order, Plan, QueueNo, Timestamp,
    effect::{AgentSpan, CallRecord, FlowOut, VisitOutcome, VisitRecord},
};
use outside::OutsideNow;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// What is true after the last entry, and the rows that the store does not have yet.
#[derive(Debug, Default)]
pub struct Model {
    applied: u64,
    /// The time of that entry.
    at: Timestamp,
    directory: Directory,
    queue_names: Vec<Name>,
    agent_names: Vec<Name>,
    plan: Arc<Plan>,
    /// Which queues of the plan an agent of the plan may serve, by her number.
    serves: BTreeMap<AgentNo, Vec<QueueNo>>,
    agents: Vec<AgentNow>,
    visits: BTreeMap<CallId, VisitNow>,
    /// Calls that are with a number outside, or on their way there.
    outside: BTreeMap<CallId, OutsideNow>,
    /// The offers of each call that stand, or the one that was accepted.
    offers: BTreeMap<OfferId, OfferNow>,
    filling: Batch,
    /// Batches for the store, oldest first, and the last one that is in it.
    sealed: VecDeque<Arc<Batch>>,
    /// Up to which entry rows are held no more.
    dropped: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct AgentNow {
    state: AgentState,
    since: Timestamp,
    /// Since when her time is not recorded yet: a hold cuts her talking.
    cut: Timestamp,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct VisitNow {
    visit: u32,
    queue: QueueNo,
    entered: Timestamp,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Stage {
    Queued,
    Offered { agent: AgentNo },
    Connected { agent: AgentNo, at: Timestamp },
    Held { agent: AgentNo, at: Timestamp },
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct OfferNow {
    visit: u32,
    agent: AgentNo,
    offered: Timestamp,
    accepted: bool,
}

impl Model {
    /// A picture of nothing, whose rows up to entry `followed` are in the store already.
    #[must_use]
    pub fn new(followed: u64) -> Self {
        Self { dropped: followed, ..Self::default() }
    }
    /// Takes up the next entry and what came of it.
    pub fn take_up(&mut self, entry: &Entry, effects: &Effects) {
        self.applied = entry.number;
        self.at = entry.at;
        if let Event::PlanChanged { plan } = &entry.event {
            self.learn(plan, entry.at);
        }
        self.audit(entry);
        for fact in &effects.facts {
            self.fact(fact, entry.at);
        }
        for decision in &entry.decisions {
            if let Decision::Offer { offer, agent } | Decision::OfferTo { offer, agent, .. } = decision {
                self.offered(*offer, *agent, entry.at);
            }
        }
        for order in &effects.orders {
            if let Order::Connect { offer } | Order::PutThrough { offer } = order {
                self.answered_outside(offer.call, entry.at);
            }
            if let Order::AgentMoved { agent, to, .. } = order
                && let Some(now) = self.agents.get_mut(agent.index())
            {
                *now = AgentNow { state: to.clone(), since: entry.at, cut: entry.at };
            }
        }
        if entry.number > self.dropped {
            self.filling.take_in(entry.number, entry.at);
        }
    }
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }
    /// The last entry that is in it.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.applied
    }
    /// The time of that entry.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
    pub(super) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
    }
    /// Entries that wait to be sealed.
    pub(super) const fn filling(&self) -> u64 {
        self.filling.entries()
    }
    /// Rows that are held.
    pub(super) fn rows_held(&self) -> usize {
        self.filling.rows() + self.sealed.iter().map(|batch| batch.rows()).sum::<usize>()
    }
    /// Closes the batch that fills up, if anything is in it.
    pub fn seal(&mut self) {
        if !self.filling.is_empty() {
            self.sealed.push_back(Arc::new(std::mem::take(&mut self.filling)));
        }
    }
    /// The oldest sealed batch with entries after `followed`.
    #[must_use]
    pub fn next_batch(&self, followed: u64) -> Option<Arc<Batch>> {
        self.sealed.iter().find(|batch| batch.last > followed).cloned()
    }
    /// The store has everything up to entry `followed`. The newest batch that it has is kept for readers who looked
    /// at the store just before.
    pub fn written(&mut self, followed: u64) {
        while self.sealed.get(1).is_some_and(|next| next.last <= followed) {
            if let Some(old) = self.sealed.pop_front() {
                self.dropped = old.last;
            }
        }
    }

    fn learn(&mut self, plan: &Plan, at: Timestamp) {
        self.directory.learn(plan);
        self.name_everybody();
        self.agents
            .resize(self.agent_names.len(), AgentNow { state: AgentState::LoggedOut, since: at, cut: at });
        self.serves = serves(plan, &self.directory);
        if *self.plan == *plan {
            return; // the same rules as before need no row
        }
        self.plan = Arc::new(plan.clone());
        if let Some(rows) = self.rows() {
            let plan = Arc::new(plan.clone());
            rows.plans.push(PlanRow { at, plan });
        }
    }

    /// Gives names to queues and agents who have none yet.
    fn name_everybody(&mut self) {
        let queues = (self.queue_names.len()..self.directory.queue_count()).filter_map(number).map(QueueNo);
        self.queue_names.extend(queues.map(|no| Name::from(self.directory.queue_name(no))));
        let agents = (self.agent_names.len()..self.directory.agent_count()).filter_map(number).map(AgentNo);
        self.agent_names.extend(agents.map(|no| Name::from(self.directory.agent_id(no))));
    }

    fn fact(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::QueueEntered { call, visit, queue } => {
                let now = VisitNow { visit: *visit, queue: *queue, entered: at, stage: Stage::Queued };
                self.visits.insert(*call, now);
            }
            Fact::OfferEnded { offer, agent, queue, outcome } => {
                self.offer_ended(*offer, *agent, *queue, *outcome, at);
            }
            Fact::Answered { call, agent, .. } => {
                if let Some(visit) = self.visits.get_mut(call) {
                    visit.stage = Stage::Connected { agent: *agent, at };
                }
            }
            Fact::PutThrough { offer, agent, since } => self.offered(*offer, *agent, *since),
            Fact::Held { call, .. } => self.hold(*call, true),
            Fact::HoldEnded { call, .. } => self.hold(*call, false),
            Fact::AnswerUndone { offer, agent, queue } => {
                self.offer_ended(*offer, *agent, *queue, OfferOutcome::Failed, at);
            }
            Fact::QueueLeft(visit) => self.queue_left(visit),
            Fact::CallEnded(call) => self.call_ended(call),
            Fact::WrappedUp { call, visit, wrap_up, disposition, .. } => {
                let (wrap_up_ms, disposition) = (ms(*wrap_up), disposition.clone());
                let row = WrapUpRow { call: *call, visit: *visit, wrap_up_ms, handled: at, disposition };
                if let Some(rows) = self.rows() {
                    rows.wrap_ups.push(row);
                }
            }
            Fact::TransferEnded(transfer) => self.transfer_ended(transfer),
            Fact::AgentSpan(span) => self.span(span),
        }
    }

    fn hold(&mut self, call: CallId, on: bool) {
        let Some(visit) = self.visits.get_mut(&call) else { return };
        visit.stage = match (visit.stage, on) {
            (Stage::Connected { agent, at } | Stage::Held { agent, at }, true) => Stage::Held { agent, at },
            (Stage::Connected { agent, at } | Stage::Held { agent, at }, false) => {
                Stage::Connected { agent, at }
            }
            (stage @ (Stage::Queued | Stage::Offered { .. }), true | false) => stage,
        };
    }

    fn offered(&mut self, offer: OfferId, agent: AgentNo, at: Timestamp) {
        let Some(visit) = self.visits.get_mut(&offer.call) else { return };
        visit.stage = Stage::Offered { agent };
        let now = OfferNow { visit: visit.visit, agent, offered: at, accepted: false };
        let before = self.offers_of(offer.call).find(|(_, now)| now.accepted);
        if let Some((before, _)) = before {
            self.offers.remove(&before);
        }
        self.offers.insert(offer, now);
    }

    /// The offers of a call that stand, oldest first, or the one that was accepted.
    fn offers_of(&self, call: CallId) -> impl Iterator<Item = (OfferId, OfferNow)> + '_ {
        let all = OfferId { call, attempt: 0 }..=OfferId { call, attempt: u32::MAX };
        self.offers.range(all).map(|(offer, now)| (*offer, *now))
    }

    /// An accepted offer may end once more, as failed, if the caller could not be joined; others may stand beside it.
    fn offer_ended(
        &mut self,
        id: OfferId,
        agent: AgentNo,
        queue: QueueNo,
        outcome: OfferOutcome,
        at: Timestamp,
    ) {
        let Some(now) = self.offers.remove(&id) else { return };
        if outcome == OfferOutcome::Accepted {
            self.offers.insert(id, OfferNow { accepted: true, ..now });
        } else {
            let beside = self.offers_of(id.call).next();
            let stage = beside.map_or(Stage::Queued, |(_, OfferNow { agent, .. })| Stage::Offered { agent });
            if let Some(visit) = self.visits.get_mut(&id.call) {
                visit.stage = stage;
            }
        }
        let OfferNow { visit, offered, .. } = now;
        let row = OfferRow {
            call: id.call,
            attempt: id.attempt,
            visit,
            queue: self.queue(queue),
            agent: self.agent(agent),
            offered,
            ended: at,
            outcome: Name::from(outcome.as_str()),
        };
        if let Some(rows) = self.rows() {
            rows.offers.push(row);
        }
    }

    fn queue_left(&mut self, visit: &VisitRecord) {
        if self.visits.get(&visit.call).is_some_and(|now| now.visit == visit.visit) {
            self.visits.remove(&visit.call);
        }
        self.gone_outside(visit);
        let finished = visit.outcome.is_handled() && !visit.wrap_up_follows;
        let row = VisitRow {
            call: visit.call,
            visit: visit.visit,
            queue: self.queue(visit.queue),
            entered: visit.entered,
            answered: visit.answered,
            left: visit.left,
            handled: finished.then_some(visit.left),
            outcome: Name::from(visit.outcome.as_str()),
            reason: Name::from(visit.outcome.reason()),
            agent: visit.agent.map(|agent| self.agent(agent)),
            wait_ms: ms(visit.wait()),
            ring_ms: ms(visit.ring),
            talk_ms: ms(visit.talk()),
            hold_ms: ms(visit.hold),
            wrap_up_ms: finished.then_some(0),
            disposition: None,
        };
        if let Some(rows) = self.rows() {
            rows.visits.push(row);
        }
    }

    fn call_ended(&mut self, call: &CallRecord) {
        self.visits.remove(&call.call);
        let stood: Vec<OfferId> = self.offers_of(call.call).map(|(offer, _)| offer).collect();
        for offer in stood {
            self.offers.remove(&offer);
        }
        let closed = call.outcome == VisitOutcome::FlowOut(FlowOut::Closed);
        let leads_nowhere = call.queue.is_none() && !closed;
        let reason = if leads_nowhere { "no_entry" } else { call.outcome.reason() };
        let row = CallRow {
            call: call.call,
            dialled: call.dialled.clone(),
            caller: call.caller,
            arrived: call.arrived,
            answered: call.answered,
            ended: call.ended,
            talk_ms: ms(call.talk),
            outcome: Name::from(call.outcome.as_str()),
            reason: Name::from(reason),
            queue: call.queue.map(|queue| self.queue(queue)),
            agent: call.agent.map(|agent| self.agent(agent)),
            visits: call.visits,
            offers: call.offers,
            priority: call.priority,
        };
        if let Some(rows) = self.rows() {
            rows.calls.push(row);
        }
    }

    fn span(&mut self, span: &AgentSpan) {
        if let Some(agent) = self.agents.get_mut(span.agent.index()) {
            agent.cut = span.to;
        }
        if span.from == span.to {
            return; // a state that was only passed through took no time
        }
        let row = SpanRow {
            agent: self.agent(span.agent),
            state: Name::from(span.state),
            reason: Name::from(span.reason.as_ref().map_or("", |reason| reason.as_str())),
            from: span.from,
            to: span.to,
            call: span.call,
            queue: span.queue.map(|queue| self.queue(queue)),
        };
        if let Some(rows) = self.rows() {
            rows.spans.push(row);
        }
    }

    /// Where this entry's rows go; nowhere, if the store has them already.
    fn rows(&mut self) -> Option<&mut Batch> {
        (self.applied > self.dropped).then_some(&mut self.filling)
    }
    fn queue(&self, no: QueueNo) -> Name {
        self.queue_names.get(no.index()).map_or_else(|| Name::from("?"), Name::clone)
    }
    fn agent(&self, no: AgentNo) -> Name {
        self.agent_names.get(no.index()).map_or_else(|| Name::from("?"), Name::clone)
    }

    pub(super) fn view(&self, outlook: &Outlook) -> FloorView {
        let in_plan = |id: &str| self.plan.agents.iter().any(|agent| agent.id == id);
        let present = self.agents.iter().zip(&self.agent_names).enumerate();
        let shown = present.filter(|(_, (now, id))| now.state != AgentState::LoggedOut || in_plan(id));
        FloorView {
            applied: self.applied,
            queues: self.queue_views(outlook),
            agents: shown.map(|(_, (now, id))| self.agent_view(now, id)).collect(),
            calls: self.call_views(),
        }
    }

    fn agent_view(&self, now: &AgentNow, id: &Name) -> AgentView {
        AgentView {
            agent: Name::clone(id),
            state: now.state.as_str(),
            reason: now.state.reason().map(|reason| reason.as_str().to_owned()),
            since: now.since,
            call: now.state.call(),
            queue: now.state.queue().map(|queue| self.queue(queue)),
        }
    }

    fn call_view(&self, call: CallId, visit: &VisitNow) -> CallView {
        let (state, answered, agent) = match visit.stage {
            Stage::Queued => ("queued", None, None),
            Stage::Offered { agent } => ("offered", None, Some(agent)),
            Stage::Connected { agent, at } => ("connected", Some(at), Some(agent)),
            Stage::Held { agent, at } => ("held", Some(at), Some(agent)),
        };
        CallView {
            call,
            visit: visit.visit,
            queue: self.queue(visit.queue),
            state,
            entered: visit.entered,
            answered,
            agent: agent.map(|agent| self.agent(agent)),
        }
    }

    pub(super) fn tail(&self, followed: u64, now: Timestamp) -> Option<Tail> {
        if self.applied < followed || self.dropped > followed {
            return None;
        }
        let mut batches: Vec<Arc<Batch>> =
            self.sealed.iter().filter(|b| b.last > followed).cloned().collect();
        if !self.filling.is_empty() {
            batches.push(Arc::new(self.filling.clone()));
        }
        let spans = self.agents.iter().zip(&self.agent_names).filter(|(agent, _)| agent.cut < now);
        Some(Tail {
            batches,
            open: self.visits.iter().map(|(call, visit)| self.call_view(*call, visit)).collect(),
            spans: spans.map(|(agent, id)| self.open_span(agent, id, now)).collect(),
            plan: self.plan(),
        })
    }

    fn open_span(&self, agent: &AgentNow, id: &Name, now: Timestamp) -> SpanRow {
        let visit = agent.state.call().and_then(|call| self.visits.get(&call));
        let talks = matches!(agent.state, AgentState::Talking { .. });
        let state = match visit.map(|visit| visit.stage) {
            Some(Stage::Held { agent: holds, .. }) if talks && self.agent(holds) == *id => "held",
            // She is asked about somebody else's caller.
            Some(Stage::Connected { agent: other, .. } | Stage::Held { agent: other, .. })
                if talks && self.agent(other) != *id =>
            {
                "consulting"
            }
            Some(Stage::Queued | Stage::Offered { .. } | Stage::Connected { .. } | Stage::Held { .. })
            | None => agent.state.as_str(),
        };
        SpanRow {
            agent: Name::clone(id),
            state: Name::from(state),
            reason: Name::from(agent.state.reason().map_or("", |reason| reason.as_str())),
            from: agent.cut,
            to: now,
            call: agent.state.call(),
            queue: agent.state.queue().map(|queue| self.queue(queue)),
        }
    }
}

/// Which queues each agent of the plan may serve.
fn serves(plan: &Plan, directory: &Directory) -> BTreeMap<AgentNo, Vec<QueueNo>> {
    let able = |skills| {
        let queues = plan.queues.iter().filter(move |queue| queue.needs.is_met_by(skills));
        queues.filter_map(|queue| directory.queue_no(&queue.name)).collect()
    };
    let agents = plan.agents.iter();
    agents.filter_map(|agent| Some((directory.agent_no(&agent.id)?, able(&agent.skills)))).collect()
}

fn number(index: usize) -> Option<u32> {
    u32::try_from(index).ok()
}
