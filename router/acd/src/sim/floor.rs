//! A floor to tell single stories on.

use super::{
    Ledger, check_state,
    explained::{check_explained, check_waiting},
    intents::Intents,
    limits::{Closed, check_decision, check_limits, check_moved},
    returned::{check_returned, check_twin, differs, found},
    shadow::Shadow,
};
use crate::{
    Acd, AgentNo, CallId, CallerRef, CommandError, Decision, Event, Fact, OfferId, Order, Plan, QueueNo,
    Requirement, Taken, Timestamp, Wish,
    agent::AgentState,
    call::CallState,
    callback::Requested,
    effect::{CallRecord, OfferOutcome, TransferRecord, VisitRecord},
    event::CallerExit,
    limits::Limits,
    plan::{
        AgentPlan, Answer, EntryPlan, Presence, QueuePlan, RING_MOST, RING_NEXT, Strategy, Then, Treatment,
    },
};
use std::time::Duration;

/// A queue that asks for nothing, with the defaults of the configuration.
#[must_use]
pub fn a_queue(name: &str) -> QueuePlan {
    QueuePlan {
        name: name.to_owned(),
        needs: Requirement::anybody(),
        strategy: Strategy::LongestIdle,
        treatment: Treatment::Music,
        answer_within: Duration::from_secs(20),
        short: Duration::from_secs(5),
        max_wait: Duration::from_secs(600),
        then: Then::Refuse,
        ring: Duration::from_secs(15),
        rona_pause: Duration::from_secs(10),
        wrap_up: Duration::from_secs(10),
        pop_budget: Duration::ZERO,
        steps: Vec::new(),
        prefer: None,
        keep_place: None,
        callback: None,
        limits: Limits::default(),
        ring_most: RING_MOST,
        ring_next: RING_NEXT,
        extend: None,
    }
}

/// An agent with a desktop who answers at her phone.
#[must_use]
pub fn an_agent(id: &str, skills: &[(&str, u8)]) -> AgentPlan {
    let skills = skills.iter().map(|&(name, level)| (name.to_owned(), level)).collect();
    AgentPlan {
        id: id.to_owned(),
        presence: Presence::Desk,
        answer: Answer::Phone,
        skills,
        weight: 1,
        rest: None,
        max_occupancy: None,
    }
}

/// The brain with a clock that jumps. Panics where an invariant breaks: it is for tests.
#[derive(Clone, Debug)]
pub struct Floor {
    acd: Acd,
    /// A brain restored from a snapshot of the other, which goes on in step with it.
    twin: Option<Acd>,
    now: Timestamp,
    ids: u128,
    /// What was found whenever the process started again.
    returns: Vec<&'static str>,
    ledger: Ledger,
    shadow: Shadow,
    closed: Closed,
    intents: Intents,
    /// Every order so far.
    pub orders: Vec<Order>,
    /// Every fact so far.
    pub facts: Vec<Fact>,
    /// The log.
    pub log: Vec<crate::Entry>,
}

impl Floor {
    /// A floor under a plan.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let mut floor = Self {
            acd: Acd::new(),
            twin: None,
            now: Timestamp::from_millis(1_800_000_000_000),
            ids: 0,
            returns: Vec::new(),
            ledger: Ledger::default(),
            shadow: Shadow::default(),
            closed: Closed::default(),
            intents: Intents::default(),
            orders: Vec::new(),
            facts: Vec::new(),
            log: Vec::new(),
        };
        floor.must(Event::PlanChanged { plan: Box::new(plan) });
        floor
    }
    /// A floor with queues, each reached by a number of its name, and agents.
    #[must_use]
    pub fn with(queues: Vec<QueuePlan>, agents: Vec<AgentPlan>) -> Self {
        let entry = |queue: &QueuePlan| EntryPlan {
            number: queue.name.clone(),
            queue: queue.name.clone(),
            priority: 5,
            hours: None,
        };
        let entries = queues.iter().map(entry).collect();
        Self::new(Plan { queues, entries, agents, ..Plan::default() })
    }
    /// The brain.
    #[must_use]
    pub const fn acd(&self) -> &Acd {
        &self.acd
    }
    /// The time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Hands an event in and checks everything there is to check.
    ///
    /// # Errors
    /// A command that cannot be done.
    ///
    /// # Panics
    /// When an invariant breaks.
    pub fn tell(&mut self, event: Event) -> Result<Taken, CommandError> {
        let (now, mut wrong) = (self.now, None);
        self.closed.hear(&event);
        let closed = &self.closed;
        let watch = |acd: &Acd, decision: &Decision| {
            let right = super::check::check_offer(acd, decision, now);
            let right = right.and_then(|()| check_decision(acd, closed, decision));
            if let Err(complaint) = right.and_then(|()| check_explained(acd, decision, now)) {
                wrong.get_or_insert(complaint);
            }
        };
        let drains = event == Event::WaitingEnded;
        let before = matches!(event, Event::Returned { .. }).then(|| self.acd.clone());
        self.returns.extend(before.iter().flat_map(|before| found(before, &event)));
        let twin = self.twin.as_mut().map(|twin| twin.handle(event.clone(), now));
        let handled = self.acd.handle_watched(event, now, watch);
        if let (Some(twin), Some(same)) = (&self.twin, twin) {
            check_twin((twin, &same), (&self.acd, &handled));
        }
        let handled = handled?;
        let verdict = wrong.map_or(Ok(()), Err);
        let verdict = verdict.and_then(|()| {
            before
                .map_or(Ok(()), |before| check_returned(&before, &handled.entry, &handled.effects, &self.acd))
        });
        let verdict = verdict.and_then(|()| {
            super::check::ok(!drains || !self.acd.somebody_waits(), || {
                "somebody waits though nobody may".to_owned()
            })
        });
        let verdict = verdict.and_then(|()| self.ledger.write(&handled.entry, &handled.effects, &self.acd));
        let verdict = verdict
            .and_then(|()| self.ledger.balance(&self.acd))
            .and_then(|()| check_state(&self.acd))
            .and_then(|()| check_waiting(&self.acd))
            .and_then(|()| check_limits(&self.acd))
            .and_then(|()| check_moved(&self.acd, &handled.entry, &handled.effects))
            .and_then(|()| self.shadow.write(&handled.entry, &handled.effects, &self.acd))
            .and_then(|()| self.intents.write(&handled.entry, &handled.effects, &self.acd));
        assert_eq!(verdict, Ok(()), "after {:?}", handled.entry);
        self.log.push(handled.entry);
        self.orders.extend(handled.effects.orders);
        self.facts.extend(handled.effects.facts);
        Ok(handled.taken)
    }
    /// Hands in an event that cannot be refused.
    ///
    /// # Panics
    /// When it is.
    pub fn must(&mut self, event: Event) {
        assert_eq!(self.tell(event).err(), None);
    }
    /// Lets time pass, deadline by deadline.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.acd.next_deadline().filter(|&next| next <= until) {
            self.now = self.now.max(next);
            self.must(Event::DeadlinePassed);
        }
        self.now = until;
    }
    /// Lets time pass in which nobody looks at the clock: the process is down.
    pub fn sleep(&mut self, time: Duration) {
        self.now = self.now + time;
    }
    /// Restores a brain from a snapshot of this one; both go on, and must stay alike in every decision and order. Every
    /// other time it is the restored one that is asked, so that snapshots are taken of restored brains as well.
    ///
    /// # Panics
    /// When the restored brain is not the same.
    pub fn take_snapshot(&mut self) {
        let restored = self.acd.snapshot().map_err(|error| error.to_string());
        let restored = restored.and_then(|bytes| Acd::restore(&bytes).map_err(|error| error.to_string()));
        let alike = |restored: &Acd| (differs(restored, &self.acd), restored.state_hash().ok());
        assert_eq!(restored.as_ref().map(alike), Ok((None, self.acd.state_hash().ok())));
        let first = self.twin.is_none();
        self.twin = restored.ok();
        if let (false, Some(twin)) = (first, &mut self.twin) {
            std::mem::swap(&mut self.acd, twin);
        }
    }
    /// What every call and agent was in the midst of whenever the process started again.
    #[must_use]
    pub fn returns(&self) -> &[&'static str] {
        &self.returns
    }
    /// An agent's number.
    ///
    /// # Panics
    /// When nobody has this id.
    #[must_use]
    #[allow(clippy::panic)] // a test's own mistake
    pub fn agent(&self, id: &str) -> AgentNo {
        self.acd.directory().agent_no(id).unwrap_or_else(|| panic!("no agent {id}"))
    }
    /// She signs in and is ready.
    pub fn ready(&mut self, id: &str) -> AgentNo {
        let agent = self.agent(id);
        self.must(Event::DeskSignedIn { agent });
        self.must(Event::StateAsked { agent, wish: Wish::Ready });
        agent
    }
    /// A caller dials a number.
    pub fn call(&mut self, number: &str) -> CallId {
        self.call_of(number, None, &[])
    }
    /// A caller dials a number: the how-manieth one of those who are known, and what is known of the call.
    pub fn call_of(&mut self, number: &str, caller: Option<u8>, known: &[(&str, &str)]) -> CallId {
        self.ids += 1;
        let call = CallId::new(self.now, self.ids);
        let caller = caller.map(|no| CallerRef([no; 16]));
        let attributes = known.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.must(Event::CallArrived { call, dialled: number.to_owned(), caller, attributes });
        call
    }
    /// A waiting caller keeps the place and hangs up; the request that stands in it.
    ///
    /// # Errors
    /// When that cannot be.
    pub fn keep_place(&mut self, call: CallId) -> Result<CallId, CommandError> {
        self.ids += 1;
        let request = CallId::new(self.now, self.ids);
        self.tell(Event::CallbackAsked { call, request }).map(|_| request)
    }
    /// Somebody is to be called, the how-manieth one of those who are known; the request.
    ///
    /// # Errors
    /// When that cannot be.
    pub fn request(
        &mut self,
        queue: QueueNo,
        caller: u8,
        not_before: Option<Timestamp>,
    ) -> Result<CallId, CommandError> {
        self.ids += 1;
        let (call, caller) = (CallId::new(self.now, self.ids), CallerRef([caller; 16]));
        let (priority, attributes) = (5, Vec::new());
        let asked = Requested { call, queue, caller, priority, not_before, attributes };
        self.tell(Event::CallbackRequested(Box::new(asked))).map(|_| call)
    }
    /// The customer's leg of a request, while it rings.
    #[must_use]
    pub fn customer(&self, request: CallId) -> Option<OfferId> {
        match self.acd.call(request)?.state() {
            CallState::Dialling { leg, .. } => Some(OfferId { call: request, attempt: *leg }),
            CallState::Arrived
            | CallState::Queued
            | CallState::Later { .. }
            | CallState::Offered { .. }
            | CallState::Connected { .. }
            | CallState::Outside { .. } => None,
        }
    }
    /// The offer a call is in.
    #[must_use]
    pub fn offer(&self, call: CallId) -> Option<OfferId> {
        match self.acd.call(call)?.state() {
            CallState::Offered { offer, .. }
            | CallState::Dialling { offer, .. }
            | CallState::Connected { offer, .. }
            | CallState::Outside { offer, .. } => Some(*offer),
            CallState::Arrived | CallState::Queued | CallState::Later { .. } => None,
        }
    }
    /// The agent whom a call is offered to or talks to.
    #[must_use]
    pub fn offered_to(&self, call: CallId) -> Option<AgentNo> {
        self.acd.call(call)?.state().agent()
    }
    /// Everybody whose phone rings for a call, or is about to, in the order in which they were rung.
    #[must_use]
    pub fn rung(&self, call: CallId) -> Vec<AgentNo> {
        self.acd.call(call).into_iter().flat_map(crate::Call::rings).map(|ring| ring.agent).collect()
    }
    /// The offer of a call to this agent.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[allow(clippy::panic)] // a test's own mistake
    pub fn offer_to(&self, call: CallId, agent: AgentNo) -> OfferId {
        let ring = self.acd.call(call).and_then(|call| call.ring_at(agent));
        ring.unwrap_or_else(|| panic!("{call} is not on offer to {agent:?}")).offer
    }
    /// The phone of the current offer answers.
    ///
    /// # Panics
    /// When the call is on no offer.
    #[allow(clippy::panic)] // a test's own mistake
    pub fn answer(&mut self, call: CallId) {
        let offer = self.offer(call).unwrap_or_else(|| panic!("{call} is not on offer"));
        self.must(Event::PhoneAnswered { offer });
    }
    /// The caller hangs up.
    pub fn hang_up(&mut self, call: CallId) {
        self.must(Event::CallerLeft { call, how: CallerExit::HungUp });
    }
    /// An agent's state.
    #[must_use]
    pub fn state(&self, agent: AgentNo) -> Option<&AgentState> {
        self.acd.agent(agent).map(crate::Agent::state)
    }
    /// How the offers of a call ended, in order.
    #[must_use]
    pub fn outcomes(&self, call: CallId) -> Vec<OfferOutcome> {
        let mut outcomes = Vec::new();
        for fact in &self.facts {
            if let Fact::OfferEnded { offer, outcome, .. } = fact
                && offer.call == call
            {
                outcomes.push(*outcome);
            }
        }
        outcomes
    }
    /// The record of a call.
    #[must_use]
    pub fn record(&self, call: CallId) -> Option<&CallRecord> {
        self.facts.iter().find_map(|fact| {
            let Fact::CallEnded(record) = fact else { return None };
            (record.call == call).then_some(record)
        })
    }
    /// The records of a call's visits.
    #[must_use]
    pub fn visits(&self, call: CallId) -> Vec<&VisitRecord> {
        let mut visits = Vec::new();
        for fact in &self.facts {
            if let Fact::QueueLeft(visit) = fact
                && visit.call == call
            {
                visits.push(visit);
            }
        }
        visits
    }
    /// What came of the transfers of a call, in order.
    #[must_use]
    pub fn transfers(&self, call: CallId) -> Vec<&TransferRecord> {
        let mut transfers = Vec::new();
        for fact in &self.facts {
            if let Fact::TransferEnded(transfer) = fact
                && transfer.call == call
            {
                transfers.push(transfer);
            }
        }
        transfers
    }
    /// The books.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }
    /// Applies the log to a fresh brain, and decides it again in another: both must come to this state.
    ///
    /// # Panics
    /// When they do not.
    pub fn prove_replay(&self) {
        let (mut applied, mut again) = (Acd::new(), Acd::new());
        for entry in &self.log {
            applied.apply(entry);
            assert_eq!(again.replay(entry).err(), None);
        }
        let hash = self.acd.state_hash().ok();
        assert!(hash.is_some() && applied.state_hash().ok() == hash && again.state_hash().ok() == hash);
    }
}
