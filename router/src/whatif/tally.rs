//! Counts what became of calls and agents' time, by the definitions that reports go by.

use acd::{Acd, AgentNo, AgentSpan, Effects, Fact, QueueNo, Timestamp, VisitOutcome};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// How many measures there are.
pub const MEASURES: usize = 8;
/// What they are called.
pub const NAMES: [&str; MEASURES] = [
    "offered",
    "answered",
    "abandoned",
    "flow_out",
    "sl_exclude_short",
    "asa_s",
    "wait_p80_s",
    "occupancy_ratio",
];

/// The measures of a queue, in the order of [`NAMES`]; none where there is no value.
pub type Measures = [Option<f64>; MEASURES];

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    from: Timestamp,
    to: Timestamp,
    queues: BTreeMap<String, Queue>,
    agents: BTreeMap<AgentNo, Hours>,
    /// Which agents may serve which queue before any step.
    teams: BTreeMap<String, BTreeSet<AgentNo>>,
}

#[derive(Clone, Debug, Default)]
struct Queue {
    offered: u64,
    abandoned: u64,
    short: u64,
    flow_out: u64,
    /// Answered within the queue's threshold.
    within: u64,
    /// Waits of answered visits.
    waits: Vec<Duration>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hours {
    handled: Duration,
    ready: Duration,
}

impl Tally {
    /// Nothing yet. Visits that began, and agents' time, between two instants count.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to, ..Self::default() }
    }
    /// The time ends earlier than was thought.
    pub fn until(&mut self, to: Timestamp) {
        self.to = to;
    }
    /// Learns who may serve what under the rules in force.
    pub fn learn(&mut self, acd: &Acd) {
        for no in (0..acd.directory().queue_count()).filter_map(|no| u32::try_from(no).ok()).map(QueueNo) {
            let team = acd.agents().map(|(agent, _)| agent).filter(|agent| acd.may_serve(*agent, no));
            self.teams.insert(acd.directory().queue_name(no).to_owned(), team.collect());
        }
    }
    /// What came of an event.
    pub fn take(&mut self, acd: &Acd, effects: &Effects) {
        for fact in &effects.facts {
            if let Fact::QueueLeft(visit) = fact
                && visit.entered >= self.from
                && visit.entered < self.to
            {
                let Some(plan) = acd.queue_plan(visit.queue) else { continue };
                let (wait, within, short) = (visit.wait(), plan.answer_within, plan.short);
                let queue = self.queues.entry(plan.name.clone()).or_default();
                queue.leave(visit.outcome, wait, (within, short));
            }
            if let Fact::AgentSpan(span) = fact {
                self.spend(span);
            }
        }
    }
    /// The time is over: agents' states up to now count as well.
    pub fn close(&mut self, acd: &Acd) {
        for (agent, of) in acd.agents() {
            let (state, from, to) = (of.state().as_str(), of.recorded_since(), self.to);
            self.spend(&AgentSpan { agent, state, reason: None, from, to, call: None, queue: None });
        }
    }
    fn spend(&mut self, span: &AgentSpan) {
        let time = span.to.min(self.to).since(span.from.max(self.from));
        let hours = self.agents.entry(span.agent).or_default();
        match span.state {
            "ready" => hours.ready += time,
            "talking" | "held" | "consulting" | "wrap_up" => hours.handled += time,
            _ => {} // not at work for calls, or an offer under way
        }
    }
    /// The measures of one queue, or of all together.
    #[must_use]
    pub fn measures(&self, queue: Option<&str>) -> Measures {
        let of = match queue {
            Some(name) => self.queues.get(name).cloned().unwrap_or_default(),
            None => self.queues.values().fold(Queue::default(), Queue::and),
        };
        let team = |no: &AgentNo| {
            queue.is_none_or(|name| self.teams.get(name).is_some_and(|team| team.contains(no)))
        };
        let hours = self.agents.iter().filter(|(no, _)| team(no)).map(|(_, hours)| *hours);
        of.measures(occupancy(hours))
    }
}

fn occupancy(hours: impl Iterator<Item = Hours>) -> Option<f64> {
    let (handled, ready) = hours.fold((0.0, 0.0), |(handled, ready), hours| {
        (handled + hours.handled.as_secs_f64(), ready + hours.ready.as_secs_f64())
    });
    (handled + ready > 0.0).then(|| handled / (handled + ready))
}

impl Queue {
    fn leave(&mut self, outcome: VisitOutcome, wait: Duration, (within, short): (Duration, Duration)) {
        self.offered += 1;
        match outcome {
            VisitOutcome::Answered | VisitOutcome::Transferred(_) => {
                self.within += u64::from(wait <= within);
                self.waits.push(wait);
            }
            VisitOutcome::Abandoned => {
                self.abandoned += 1;
                self.short += u64::from(wait <= short);
            }
            VisitOutcome::FlowOut(_) => self.flow_out += 1,
            VisitOutcome::LostRestart => {}
        }
    }
    fn and(mut self, other: &Self) -> Self {
        self.offered += other.offered;
        self.abandoned += other.abandoned;
        self.short += other.short;
        self.flow_out += other.flow_out;
        self.within += other.within;
        self.waits.extend_from_slice(&other.waits);
        self
    }
    fn measures(mut self, occupancy: Option<f64>) -> Measures {
        let answered = self.waits.len() as f64;
        let of = answered + self.abandoned as f64 - self.short as f64;
        self.waits.sort_unstable();
        let mean = self.waits.iter().sum::<Duration>().as_secs_f64() / answered;
        let place = (self.waits.len() * 8).div_ceil(10).saturating_sub(1);
        [
            Some(self.offered as f64),
            Some(answered),
            Some(self.abandoned as f64),
            Some(self.flow_out as f64),
            (of > 0.0).then(|| self.within as f64 / of),
            (answered > 0.0).then_some(mean),
            self.waits.get(place).map(Duration::as_secs_f64),
            occupancy,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_those_of_the_definitions() {
        let mut queue = Queue::default();
        let times = (Duration::from_secs(20), Duration::from_secs(5));
        for wait in [1, 10, 20, 21, 60] {
            queue.leave(VisitOutcome::Answered, Duration::from_secs(wait), times);
        }
        for wait in [5, 6] {
            queue.leave(VisitOutcome::Abandoned, Duration::from_secs(wait), times);
        }
        let [offered, answered, abandoned, flow_out, level, asa, p80, occupied] = queue.measures(Some(0.5));
        assert_eq!((offered, answered, abandoned, flow_out), (Some(7.0), Some(5.0), Some(2.0), Some(0.0)));
        assert_eq!(level, Some(3.0 / 6.0), "exactly T is within, and a short abandon does not count");
        assert_eq!((asa, p80, occupied), (Some(22.4), Some(21.0), Some(0.5)));
        assert_eq!(Queue::default().measures(None)[4..], [None, None, None, None], "no value, and not 0 %");
    }
}
