//! A day of given callers played through the brain itself: what would their waits have been under these rules, with
//! these agents?
//!
//! Decides nothing about calls: it hands the brain events under a jumping clock and does what the brain orders, as
//! patient phones and impatient callers would. Everything random has been drawn before ([`recorded`], [`patience`],
//! [`Random`]), so that the same callers under two plans differ by the plans alone, and the same day twice
//! gives the same log. Callers come as an iterator: a day may be as long as one likes.

pub mod patience;
mod random;
pub mod recorded;

pub use random::Random;

use crate::{
    Acd, AgentNo, AgentState, CallId, CallerRef, CommandError, Effects, Event, Fact, OfferId, Order, Plan,
    Timestamp, Wish, brain::Handled, call::CallState, effect::CallRecord, event::CallerExit, plan::Answer,
    routing::Attributes,
};
use std::{cmp::Reverse, collections::BTreeMap, collections::BinaryHeap, iter::Peekable, time::Duration};

/// A caller who is going to call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// When.
    pub at: Timestamp,
    /// What is dialled.
    pub dials: String,
    /// How long the conversation will be, whoever takes it.
    pub service: Duration,
    /// How long the caller waits for an agent at most; none waits for ever.
    pub patience: Option<Duration>,
    /// When the agent ends her wrap-up herself; none: as long as the queue gives.
    pub wrap_up: Option<Duration>,
    /// Who calls, for queues that know their callers.
    pub caller: Option<CallerRef>,
    /// What is known of the call.
    pub attributes: Attributes,
}

/// A time for which an agent takes calls. A call she is in at its end is finished.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duty {
    /// From when.
    pub from: Timestamp,
    /// Until when; none for ever.
    pub to: Option<Timestamp>,
    /// Her id in the plan. Agents who are always there need no duty.
    pub agent: String,
}

/// What became of a caller.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The how-manieth caller of the day it was, from 0.
    pub number: u64,
    /// The record of the call.
    pub record: CallRecord,
}

impl Course {
    /// From the arrival to the answer, or to the end of a call that nobody answered.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.record.answered.unwrap_or(self.record.ended).since(self.record.arrived)
    }
}

/// A day that cannot be played.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayError {
    /// A duty names somebody who is not in the plan.
    #[error("a duty names agent {id}, who is not in the plan; add her or leave the duty out")]
    NoSuchAgent {
        /// Who.
        id: String,
    },
    /// Callers have to come in the order of their time.
    #[error("caller {number} comes before the one in front; sort callers by time")]
    Unsorted {
        /// The how-manieth caller, from 0.
        number: u64,
    },
    /// The brain refused what an agent does by her duty.
    #[error("the brain refused a duty: {0}")]
    Refused(#[from] CommandError),
}

/// What people and phones do by themselves at a given time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Finish(OfferId),
    Leave(CallId),
    Begin(AgentNo),
    End(AgentNo),
    Accept(AgentNo, CallId),
    Show(OfferId),
    Answer(OfferId),
    FinishWrapUp(AgentNo, CallId),
}

/// The day as it is played.
#[derive(Clone, Debug)]
pub struct Day<C: Iterator<Item = Caller>> {
    acd: Acd,
    now: Timestamp,
    callers: Peekable<C>,
    /// How many have called.
    called: u64,
    /// Conversations to come, of callers who are in the house.
    services: BTreeMap<CallId, Duration>,
    /// Wrap-ups to come that agents end themselves.
    wrap_ups: BTreeMap<CallId, Duration>,
    /// What is due, then in the order in which it was foreseen.
    agenda: BinaryHeap<Reverse<(Timestamp, u64, Due)>>,
    foreseen: u64,
    answer_after: Duration,
    ended: Vec<Course>,
}

impl<C: Iterator<Item = Caller>> Day<C> {
    /// A day that begins at `from` under a plan; phones ring for `answer_after` until they are answered.
    ///
    /// # Errors
    /// [`DayError::NoSuchAgent`].
    pub fn new(
        from: Timestamp,
        plan: Plan,
        duties: &[Duty],
        callers: impl IntoIterator<IntoIter = C>,
        answer_after: Duration,
    ) -> Result<Self, DayError> {
        let mut day = Self {
            acd: Acd::new(),
            now: from,
            callers: callers.into_iter().peekable(),
            called: 0,
            services: BTreeMap::new(),
            wrap_ups: BTreeMap::new(),
            agenda: BinaryHeap::new(),
            foreseen: 0,
            answer_after,
            ended: Vec::new(),
        };
        day.tell(Event::PlanChanged { plan: Box::new(plan) })?;
        for duty in duties {
            day.plan_duty(duty)?;
        }
        Ok(day)
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
    /// The calls that have ended since this was asked last, in the order of their end.
    pub fn take_ended(&mut self) -> Vec<Course> {
        std::mem::take(&mut self.ended)
    }

    /// Lets the next thing happen; none when nothing is left to happen.
    ///
    /// # Errors
    /// [`DayError::Unsorted`], and [`DayError::Refused`], which would be our own defect.
    pub fn step(&mut self) -> Result<Option<Handled>, DayError> {
        loop {
            let deadline = self.acd.next_deadline();
            let agenda = self.agenda.peek().map(|Reverse((at, ..))| *at);
            let caller = self.callers.peek().map(|caller| caller.at);
            let Some(next) = [deadline, agenda, caller].into_iter().flatten().min() else { return Ok(None) };
            if next < self.now && caller == Some(next) {
                return Err(DayError::Unsorted { number: self.called });
            }
            self.now = self.now.max(next);
            let event = if deadline == Some(next) {
                Some(Event::DeadlinePassed)
            } else if agenda == Some(next) {
                self.agenda.pop().and_then(|Reverse((_, _, due))| self.do_it(due))
            } else {
                self.callers.next().map(|caller| self.arrive(caller))
            };
            if let Some(event) = event {
                return self.tell(event).map(Some);
            }
        }
    }

    /// Plays to the end and returns what became of every caller, in the order of their ends.
    ///
    /// # Errors
    /// As [`Day::step`].
    pub fn play(mut self) -> Result<Vec<Course>, DayError> {
        while self.step()?.is_some() {}
        Ok(self.ended)
    }

    fn plan_duty(&mut self, duty: &Duty) -> Result<(), DayError> {
        let agent = self.acd.directory().agent_no(&duty.agent);
        let agent = agent.ok_or_else(|| DayError::NoSuchAgent { id: duty.agent.clone() })?;
        self.foresee(duty.from, Due::Begin(agent));
        if let Some(to) = duty.to {
            self.foresee(to, Due::End(agent));
        }
        Ok(())
    }

    fn foresee(&mut self, at: Timestamp, due: Due) {
        self.foreseen += 1;
        self.agenda.push(Reverse((at, self.foreseen, due)));
    }

    fn arrive(&mut self, caller: Caller) -> Event {
        let call = CallId::new(self.now, u128::from(self.called));
        self.called += 1;
        self.services.insert(call, caller.service);
        self.wrap_ups.extend(caller.wrap_up.map(|wrap_up| (call, wrap_up)));
        if let Some(patience) = caller.patience {
            self.foresee(self.now + patience, Due::Leave(call));
        }
        let Caller { dials, caller, attributes, .. } = caller;
        Event::CallArrived { call, dialled: dials, caller, attributes }
    }

    /// What is due as an event, unless the course of things has overtaken it.
    fn do_it(&mut self, due: Due) -> Option<Event> {
        let event = match due {
            Due::Finish(offer) => Event::PhoneHungUp { offer },
            Due::Leave(call) => {
                self.waits(call).then_some(Event::CallerLeft { call, how: CallerExit::HungUp })?
            }
            Due::Begin(agent) => self.begin(agent),
            Due::End(agent) => Event::StateAsked { agent, wish: Wish::NotReady { reason: "off".to_owned() } },
            Due::Accept(agent, call) => {
                self.is_offered(call, agent).then_some(Event::OfferAccepted { agent, call })?
            }
            Due::Show(offer) => Event::CardShown { offer },
            Due::Answer(offer) => Event::PhoneAnswered { offer },
            Due::FinishWrapUp(agent, call) => {
                let (disposition, then) = (None, None);
                let wraps_up = self.wraps_up(agent, call);
                wraps_up.then_some(Event::WrapUpFinished { agent, call, disposition, then })?
            }
        };
        Some(event)
    }

    fn begin(&mut self, agent: AgentNo) -> Event {
        if self.acd.agent(agent).is_some_and(|agent| agent.has_desk()) {
            return Event::StateAsked { agent, wish: Wish::Ready };
        }
        // Once she has signed in she still has to say that she is ready.
        self.foresee(self.now, Due::Begin(agent));
        Event::DeskSignedIn { agent }
    }

    fn waits(&self, call: CallId) -> bool {
        match self.acd.call(call).map(crate::Call::state) {
            Some(CallState::Arrived | CallState::Queued | CallState::Offered { .. }) => true,
            Some(
                CallState::Later { .. }
                | CallState::Dialling { .. }
                | CallState::Connected { .. }
                | CallState::Outside { .. },
            )
            | None => false,
        }
    }

    fn is_offered(&self, call: CallId, to: AgentNo) -> bool {
        self.acd.call(call).is_some_and(|call| call.ring_at(to).is_some())
    }

    fn wraps_up(&self, agent: AgentNo, of: CallId) -> bool {
        matches!(self.acd.agent(agent).map(crate::Agent::state), Some(AgentState::WrapUp { call, .. }) if *call == of)
    }

    fn tell(&mut self, event: Event) -> Result<Handled, DayError> {
        let handled = self.acd.handle(event, self.now)?;
        self.carry_out(&handled.effects);
        Ok(handled)
    }

    fn carry_out(&mut self, effects: &Effects) {
        for order in &effects.orders {
            if let Order::RingPhone { offer, auto_answer, .. } = order {
                let after = if *auto_answer { Duration::ZERO } else { self.answer_after };
                self.foresee(self.now + after, Due::Answer(*offer));
            }
            if let Order::OfferCall { offer, agent, queue, answer, .. } = order {
                if self.acd.queue_plan(*queue).is_some_and(|queue| !queue.pop_budget.is_zero()) {
                    self.foresee(self.now, Due::Show(*offer));
                }
                if *answer == Answer::Desk {
                    self.foresee(self.now + self.answer_after, Due::Accept(*agent, offer.call));
                }
            }
            if let Order::AgentMoved { agent, to: AgentState::WrapUp { call, .. }, .. } = order
                && let Some(wrap_up) = self.wrap_ups.remove(call)
            {
                self.foresee(self.now + wrap_up, Due::FinishWrapUp(*agent, *call));
            }
            if let Order::Connect { offer } = order
                && let Some(service) = self.services.get(&offer.call)
            {
                self.foresee(self.now + *service, Due::Finish(*offer));
            }
        }
        for fact in &effects.facts {
            if let Fact::CallEnded(record) = fact {
                self.services.remove(&record.call);
                self.wrap_ups.remove(&record.call);
                let number = number_of(record.call);
                self.ended.push(Course { number, record: record.clone() });
            }
        }
    }
}

/// The lower 80 bits of the ids made here count the callers.
fn number_of(call: CallId) -> u64 {
    u64::try_from(call.as_u128() & u128::from(u64::MAX)).unwrap_or(u64::MAX)
}
