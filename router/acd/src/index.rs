//! Who is ready and who waits, by requirement class: everything matching has to look at.
//!
//! Derived from the states; never stored. An agent in k classes costs O(k log n) to enter or leave.

use crate::{
    AgentNo, CallId,
    call::Rank,
    plan::Strategy,
    rules::{ClassNo, Rules},
};
use std::collections::BTreeSet;

/// Ready agents in the order in which they are served by each strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    first: i64,
    second: i64,
    /// The agent.
    pub agent: AgentNo,
}

/// What decides an agent's turn, fixed while she is ready.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// Who.
    pub agent: AgentNo,
    /// Ready since, in microseconds.
    pub since: i64,
    /// [`crate::agent::Workload::key`].
    pub load: i64,
}

impl Idle {
    const fn turn(self, strategy: Strategy) -> Turn {
        match strategy {
            Strategy::LongestIdle => Turn { first: self.since, second: 0, agent: self.agent },
            Strategy::LeastOccupied => Turn { first: self.load, second: self.since, agent: self.agent },
        }
    }
}

/// The index over all classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    classes: Vec<Class>,
    /// Calls that agents did not take and shall not get for a while. Mostly empty, so that asking costs nothing.
    excluded: BTreeSet<(CallId, AgentNo)>,
    /// Calls that wait, of all classes.
    waiting: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Class {
    strategy: Strategy,
    ready: BTreeSet<Turn>,
    waiting: BTreeSet<Rank>,
}

impl Index {
    /// An empty index for these rules.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        let empty = |strategy| Class { strategy, ready: BTreeSet::new(), waiting: BTreeSet::new() };
        Self { classes: rules.strategies().map(empty).collect(), ..Self::default() }
    }
    /// An agent becomes ready.
    pub fn enter(&mut self, idle: Idle, classes: &[ClassNo]) {
        for &class in classes {
            let class = &mut self.classes[class];
            class.ready.insert(idle.turn(class.strategy));
        }
    }
    /// An agent is ready no more.
    pub fn leave(&mut self, idle: Idle, classes: &[ClassNo]) {
        for &class in classes {
            let class = &mut self.classes[class];
            class.ready.remove(&idle.turn(class.strategy));
        }
    }
    /// A call waits.
    pub fn wait(&mut self, rank: Rank, class: ClassNo) {
        self.waiting += usize::from(self.classes[class].waiting.insert(rank));
    }
    /// A call waits no more.
    pub fn stop_waiting(&mut self, rank: Rank, class: ClassNo) {
        self.waiting -= usize::from(self.classes[class].waiting.remove(&rank));
    }
    /// Whether any call waits. Costs nothing however many there are.
    #[must_use]
    pub const fn somebody_waits(&self) -> bool {
        self.waiting > 0
    }
    /// An agent shall not get a call.
    pub fn exclude(&mut self, call: CallId, agent: AgentNo) {
        self.excluded.insert((call, agent));
    }
    /// She may get it again, or it is over.
    pub fn include(&mut self, call: CallId, agent: AgentNo) {
        self.excluded.remove(&(call, agent));
    }
    /// Whether an agent may get a call as far as earlier offers go.
    #[must_use]
    pub fn may_go(&self, call: CallId, agent: AgentNo) -> bool {
        self.excluded.is_empty() || !self.excluded.contains(&(call, agent))
    }
    /// Ready agents of a class, whose turn it is first.
    pub fn ready(&self, class: ClassNo) -> impl Iterator<Item = AgentNo> {
        self.classes[class].ready.iter().map(|turn| turn.agent)
    }
    /// Waiting calls of a class, who is served first.
    pub fn waiting(&self, class: ClassNo) -> impl Iterator<Item = Rank> {
        self.classes[class].waiting.iter().copied()
    }
}
