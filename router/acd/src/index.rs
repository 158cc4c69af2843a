//! Who is ready and who waits, by requirement class: everything matching has to look at.
//!
//! Derived from the states; never stored. An agent in k classes costs O(k log n) to enter or leave.

use crate::{
    AgentNo, CallId,
    rank::Rank,
    rules::ClassNo,
    turn::{Idle, Turn},
};
use std::collections::{BTreeMap, BTreeSet};

/// The index over all classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    classes: Vec<Class>,
    /// Who is served first in each class: a free agent looks at all of hers, and mostly at nothing else.
    heads: Vec<Option<Rank>>,
    /// Calls that wait for one agent alone. Mostly empty.
    own: BTreeMap<AgentNo, BTreeSet<Rank>>,
    /// Calls that agents did not take and shall not get for a while. Mostly empty, so that asking costs nothing.
    excluded: BTreeSet<(CallId, AgentNo)>,
    /// Calls that wait and are on offer to nobody.
    alone: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Class {
    ready: BTreeSet<Turn>,
    waiting: BTreeSet<Rank>,
}

/// Where a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// For anybody of a class.
    Class(ClassNo),
    /// For one agent alone.
    Own(AgentNo),
}

impl Index {
    /// An empty index of so many classes.
    #[must_use]
    pub fn new(classes: usize) -> Self {
        Self { classes: vec![Class::default(); classes], heads: vec![None; classes], ..Self::default() }
    }
    /// An agent becomes ready.
    pub fn enter(&mut self, idle: &Idle<'_>) {
        for seat in &idle.rule.seats {
            self.classes[seat.class()].ready.insert(idle.turn(seat));
        }
    }
    /// An agent is ready no more.
    pub fn leave(&mut self, idle: &Idle<'_>) {
        for seat in &idle.rule.seats {
            self.classes[seat.class()].ready.remove(&idle.turn(seat));
        }
    }
    /// A call waits.
    pub fn wait(&mut self, rank: Rank, place: Place) {
        match place {
            Place::Class(class) => {
                let head = &mut self.heads[class];
                *head = Some(head.map_or(rank, |head| head.min(rank)));
                self.classes[class].waiting.insert(rank);
            }
            Place::Own(agent) => {
                self.own.entry(agent).or_default().insert(rank);
            }
        }
    }
    /// A call waits no more.
    pub fn stop_waiting(&mut self, rank: Rank, place: Place) {
        match place {
            Place::Class(class) => {
                let waiting = &mut self.classes[class].waiting;
                waiting.remove(&rank);
                if self.heads[class] == Some(rank) {
                    self.heads[class] = waiting.first().copied();
                }
            }
            Place::Own(agent) => {
                let hers = self.own.entry(agent).or_default();
                hers.remove(&rank);
                if hers.is_empty() {
                    self.own.remove(&agent);
                }
            }
        }
    }
    /// A call is on offer to nobody from now on, or not any more.
    pub fn count_alone(&mut self, was: bool, is: bool) {
        self.alone = (self.alone + usize::from(is)).saturating_sub(usize::from(was));
    }
    /// Whether any call waits that is on offer to nobody. Costs nothing however many there are.
    #[must_use]
    pub const fn somebody_waits(&self) -> bool {
        self.alone > 0
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
    /// The call of a class that is served first of those that this agent may get.
    #[must_use]
    pub fn first_for(&self, agent: AgentNo, class: ClassNo) -> Option<Rank> {
        let head = self.heads[class]?;
        if self.may_go(head.call, agent) {
            return Some(head);
        }
        self.waiting(class).find(|rank| self.may_go(rank.call, agent))
    }
    /// Calls that wait for this agent alone, who is served first.
    pub fn own(&self, agent: AgentNo) -> impl Iterator<Item = Rank> {
        self.own.get(&agent).into_iter().flatten().copied()
    }
}
