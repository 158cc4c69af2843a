//! A day that happened, as callers and duties to be played again under other rules.
//!
//! From a log everything is known but what did not come about: how long a caller who was answered would have waited, and
//! how long a conversation with one who was not would have been. Both are drawn from callers alike: patience beyond the
//! wait that was seen ([`Patience`]), the conversation from those that there were. So a day has as many courses as seeds,
//! and what differs between two of them is what the record cannot tell.

use super::{
    Caller, Duty, Random,
    patience::{Patience, Seen},
};
use crate::{
    Acd, AgentNo, AgentSpan, CallId, CallRecord, CallerRef, Directory, Effects, Entry, Event, Fact, QueueNo,
    Timestamp, effect::VisitOutcome, routing::Attributes,
};
use std::{collections::BTreeMap, time::Duration};

/// A caller as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// What was dialled.
    pub dials: String,
    /// Callers of the same name here are taken to be alike in patience and conversations.
    pub alike: String,
    /// How long until the answer, or until the caller was gone.
    pub waited: Duration,
    /// How the wait ended.
    pub end: WaitEnd,
    /// How long the wrap-up was, when the agent ended it herself; otherwise it is as long as the queue gives.
    pub wrap_up: Option<Duration>,
    /// Who it was.
    pub caller: Option<CallerRef>,
    /// What was known of the call.
    pub attributes: Attributes,
}

/// How a recorded wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// An agent answered.
    Answered {
        /// How long the conversation was.
        service: Duration,
    },
    /// The caller had enough.
    GaveUp,
    /// Ended by a rule or a fault: nobody knows how long the caller would have stayed.
    SentAway,
}

/// What was recorded of a day.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    heard: Vec<Heard>,
    /// Times on duty that are over or go on, by agent.
    duties: BTreeMap<AgentNo, Vec<OnDuty>>,
    /// What is known of calls that have not ended.
    known: BTreeMap<CallId, Attributes>,
    /// Calls whose wrap-up has not ended, with their place among those heard.
    wrapping: BTreeMap<CallId, usize>,
}

/// An uninterrupted time in states of work.
#[derive(Clone, Copy, Debug)]
struct OnDuty {
    from: Timestamp,
    /// When she was ready for a call last.
    free: Option<Timestamp>,
    to: Timestamp,
}

impl Recorded {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
    /// A caller of whom there is another record.
    pub fn hear(&mut self, call: Heard) {
        self.heard.push(call);
    }
    /// An entry of the log, and what came of it: `acd` stands behind it. Besides what facts tell, what was known of calls
    /// and how long agents wrapped up.
    pub fn note(&mut self, acd: &Acd, entry: &Entry, effects: &Effects) {
        if let Event::CallArrived { call, attributes, .. } = &entry.event {
            self.known.insert(*call, attributes.clone());
        }
        for fact in &effects.facts {
            let place = self.heard.len();
            self.take_up(std::slice::from_ref(fact));
            if let Fact::CallEnded(record) = fact {
                self.know(record, place);
            }
            if let Fact::WrappedUp { call, queue, wrap_up, .. } = fact {
                self.wrapped_up(acd, *call, *queue, *wrap_up);
            }
        }
    }
    fn know(&mut self, record: &CallRecord, place: usize) {
        let known = self.known.remove(&record.call).unwrap_or_default();
        if let Some(heard) = self.heard.get_mut(place) {
            heard.attributes = known;
        }
        if record.outcome == VisitOutcome::Answered {
            self.wrapping.insert(record.call, place);
        }
    }
    /// A wrap-up that its time has ended would have been longer, had there been more.
    fn wrapped_up(&mut self, acd: &Acd, call: CallId, queue: QueueNo, wrap_up: Duration) {
        let given = acd.queue_plan(queue).map_or(Duration::ZERO, |plan| plan.wrap_up);
        let place = self.wrapping.remove(&call);
        if let Some(heard) = place.and_then(|place| self.heard.get_mut(place)) {
            heard.wrap_up = (wrap_up < given).then_some(wrap_up);
        }
    }
    /// The record ends here: agents who are on duty are so up to now.
    pub fn close(&mut self, acd: &Acd, at: Timestamp) {
        for (agent, of) in acd.agents() {
            let (state, from, to) = (of.state().as_str(), of.cut, at);
            self.spent(&AgentSpan { agent, state, reason: None, from, to, call: None, queue: None });
        }
    }
    /// The callers who came before a time are left out.
    pub fn forget_before(&mut self, at: Timestamp) {
        self.heard.retain(|call| call.at >= at);
        self.wrapping.clear();
    }
    /// How many callers there are, and of how many it is not known how long the conversation, or the patience, was.
    #[must_use]
    pub fn unknown(&self) -> (usize, usize, usize) {
        let answered = |call: &&Heard| matches!(call.end, WaitEnd::Answered { .. });
        let gave_up = |call: &&Heard| call.end == WaitEnd::GaveUp;
        let all = self.heard.len();
        (
            all,
            all - self.heard.iter().filter(answered).count(),
            all - self.heard.iter().filter(gave_up).count(),
        )
    }
    /// What came of an entry of the log.
    pub fn take_up(&mut self, facts: &[Fact]) {
        for fact in facts {
            match fact {
                Fact::CallEnded(record) => self.heard.push(heard(record)),
                Fact::AgentSpan(span) => self.spent(span),
                Fact::QueueEntered { .. }
                | Fact::OfferEnded { .. }
                | Fact::PutThrough { .. }
                | Fact::Answered { .. }
                | Fact::Held { .. }
                | Fact::HoldEnded { .. }
                | Fact::AnswerUndone { .. }
                | Fact::TransferEnded(_)
                | Fact::QueueLeft(_)
                | Fact::WrappedUp { .. } => {}
            }
        }
    }
    fn spent(&mut self, span: &AgentSpan) {
        let works = !matches!(span.state, "logged_out" | "not_ready");
        if !works {
            return;
        }
        let duties = self.duties.entry(span.agent).or_default();
        let goes_on = duties.last_mut().filter(|duty| duty.to == span.from);
        let free = matches!(span.state, "ready" | "reserved").then_some(span.to);
        match goes_on {
            Some(duty) => {
                duty.to = span.to;
                duty.free = free.or(duty.free);
            }
            None => duties.push(OnDuty { from: span.from, free, to: span.to }),
        }
    }
    /// When agents took calls. A duty ends with the last call that was taken in it: whether its agent would have taken
    /// another after that the log does not tell. The state she is in when the log ends is not in it.
    #[must_use]
    pub fn duties(&self, directory: &Directory) -> Vec<Duty> {
        let mut duties = Vec::new();
        for (no, of) in &self.duties {
            let agent = directory.agent_id(*no);
            let duty =
                |duty: &OnDuty| Some(Duty { from: duty.from, to: Some(duty.free?), agent: agent.to_owned() });
            duties.extend(of.iter().filter_map(duty));
        }
        duties
    }
    /// The callers, with what is not known of them drawn from a seed, in the order of their time.
    #[must_use]
    pub fn callers(&self, seed: u64) -> Vec<Caller> {
        let (mut random, alike) = (Random::new(seed), self.alike());
        let mut heard: Vec<&Heard> = self.heard.iter().collect();
        heard.sort_by_key(|call| call.at);
        heard.into_iter().map(|call| caller(call, &alike[call.alike.as_str()], &mut random)).collect()
    }
    fn alike(&self) -> BTreeMap<&str, Alike> {
        let mut seen = BTreeMap::<&str, (Vec<Seen>, Vec<Duration>)>::new();
        for call in &self.heard {
            let (waits, services) = seen.entry(&call.alike).or_default();
            waits.push(Seen { waited: call.waited, gave_up: call.end == WaitEnd::GaveUp });
            if let WaitEnd::Answered { service } = call.end {
                services.push(service);
            }
        }
        let alike = |(waits, services): (Vec<Seen>, _)| Alike { patience: Patience::fit(waits), services };
        seen.into_iter().map(|(name, seen)| (name, alike(seen))).collect()
    }
}

/// What is known of callers alike.
struct Alike {
    patience: Patience,
    services: Vec<Duration>,
}

fn caller(call: &Heard, alike: &Alike, random: &mut Random) -> Caller {
    // Drawn for every caller, so that one whose wait ended otherwise does not move the draws of all who follow.
    let drawn = random.pick(&alike.services).copied().unwrap_or_default();
    let beyond = alike.patience.draw_beyond(call.waited, random);
    let (service, patience) = match call.end {
        WaitEnd::Answered { service } => (service, beyond),
        WaitEnd::GaveUp => (drawn, Some(call.waited)),
        WaitEnd::SentAway => (drawn, beyond),
    };
    let (dials, attributes) = (call.dials.clone(), call.attributes.clone());
    let (wrap_up, caller) = (call.wrap_up, call.caller);
    Caller { at: call.at, dials, service, patience, wrap_up, caller, attributes }
}

fn heard(record: &CallRecord) -> Heard {
    let end = match record.outcome {
        VisitOutcome::Answered | VisitOutcome::Transferred(_) => {
            WaitEnd::Answered { service: record.talk + record.hold }
        }
        VisitOutcome::Abandoned if record.answered.is_some() => {
            WaitEnd::Answered { service: record.talk + record.hold }
        }
        VisitOutcome::Abandoned => WaitEnd::GaveUp,
        VisitOutcome::FlowOut(_) | VisitOutcome::LostRestart => WaitEnd::SentAway,
    };
    let waited = record.answered.unwrap_or(record.ended).since(record.arrived);
    let (at, dials, alike) = (record.arrived, record.dialled.clone(), record.dialled.clone());
    let (wrap_up, attributes) = (None, Attributes::new());
    Heard { at, dials, alike, waited, end, wrap_up, caller: record.caller, attributes }
}
