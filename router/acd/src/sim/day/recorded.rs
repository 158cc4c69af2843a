//! A day that happened, as callers and duties to be played again under other rules.
//!
//! From a log everything is known but what did not come about: how long a caller who was answered would have waited, and
//! how long a conversation with one who was not would have been. Both are drawn from callers alike: patience beyond the
//! wait that was seen ([`Patience`]), the conversation from those that there were. So a day has as many courses as seeds,
//! and what differs between two of them is what the record cannot tell.

use super::{
    Caller, Duty,
    patience::{Patience, Seen},
};
use crate::{AgentNo, AgentSpan, CallRecord, Directory, Fact, Timestamp, effect::VisitOutcome, sim::Random};
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
    Caller { at: call.at, dials: call.dials.clone(), service, patience }
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
    Heard { at: record.arrived, dials: record.dialled.clone(), alike: record.dialled.clone(), waited, end }
}
