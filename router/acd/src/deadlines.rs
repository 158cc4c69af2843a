//! When something has to be decided if nothing happens before.

use crate::{AgentNo, CallId, Timestamp};
use std::collections::BTreeSet;

/// What a deadline belongs to. Its state says what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A call's state.
    Call(CallId),
    /// An agent's state.
    Agent(AgentNo),
    /// A call that an agent did not take.
    Exclusion(CallId, AgentNo),
    /// A call's next step.
    Step(CallId),
    /// The agent that a call waits for.
    Preference(CallId),
    /// How many phones may ring for a call.
    Spread(CallId),
}

/// All deadlines, soonest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadlines(BTreeSet<(Timestamp, Owner)>);

impl Deadlines {
    /// Replaces an owner's deadline.
    pub fn change(&mut self, owner: Owner, from: Option<Timestamp>, to: Option<Timestamp>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            self.0.remove(&(from, owner));
        }
        if let Some(to) = to {
            self.0.insert((to, owner));
        }
    }
    /// The soonest.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|&(at, _)| at)
    }
    /// The soonest, if it is due.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Owner> {
        self.0.first().filter(|&&(at, _)| at <= now).map(|&(_, owner)| owner)
    }
}
