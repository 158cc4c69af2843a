//! Everything the brain remembers, in bytes and back: a log may be read from there on, not from its beginning.
//!
//! Rules, index and deadlines follow from the rest and are built again. Queues that have left the plan are kept with
//! their last rules, for the calls still in them. That the bytes are whole is for the store to see to.
//!
//! The shape: MessagePack, a version number, then the memory with its fields by name, so that later versions may add
//! some that are absent here.

use crate::{
    Acd, AgentNo, Call, Directory, Plan, Timestamp, brain::Open, callback::Standing, callers::Callers,
    crowd::Crowd, deadlines::Deadlines, index::Index, pace::Pace, plan::QueuePlan, rules::Rules,
    staff::Agent,
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeSet};

/// The version written. Version 1 knew no steps, preferred agents, rest or attributes, and is read as one without any.
pub const VERSION: u32 = 2;
/// The oldest version read.
pub const OLDEST: u32 = 1;

/// Bytes that are no snapshot of a brain.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Written by a later version of Sambung, or by one whose snapshots are read no more.
    #[error(
        "the snapshot is of version {found}, this Sambung reads versions {OLDEST} to {VERSION}; read the log from its first entry instead, or run the Sambung that wrote it"
    )]
    Version {
        /// The version found.
        found: u32,
    },
    /// Cut off, damaged, or something else altogether.
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(#[from] rmp_serde::decode::Error),
    /// It contradicts itself.
    #[error("the snapshot is damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
}

/// What is written.
#[derive(Serialize, Deserialize)]
struct Memory<'a> {
    entries: u64,
    directory: Cow<'a, Directory>,
    plan: Cow<'a, Plan>,
    /// By number, retired ones too.
    queues: Vec<Cow<'a, QueuePlan>>,
    /// By number, retired ones too.
    agents: Cow<'a, [Agent]>,
    /// Oldest first.
    calls: Vec<Cow<'a, Call>>,
    /// By number of the queue.
    #[serde(default)]
    paces: Cow<'a, [Pace]>,
    #[serde(default)]
    last_agents: Cow<'a, Callers<AgentNo>>,
    #[serde(default)]
    places: Cow<'a, Callers<Timestamp>>,
    #[serde(default)]
    closed: Cow<'a, BTreeSet<String>>,
    #[serde(default)]
    ruled_since: u64,
}

impl Acd {
    /// All that the brain remembers after entry [`Acd::entries`].
    ///
    /// # Errors
    /// Only if it cannot be encoded, which would be our own defect.
    pub fn snapshot(&self) -> Result<Vec<u8>, rmp_serde::encode::Error> {
        let memory = Memory {
            entries: self.entries,
            directory: Cow::Borrowed(&self.directory),
            plan: Cow::Borrowed(&self.plan),
            queues: self.rules.queue_plans().map(Cow::Borrowed).collect(),
            agents: Cow::Borrowed(&self.agents),
            calls: self.calls.values().map(Cow::Borrowed).collect(),
            paces: Cow::Borrowed(&self.paces),
            last_agents: Cow::Borrowed(&self.last_agents),
            places: Cow::Borrowed(&self.places),
            closed: Cow::Borrowed(&self.closed),
            ruled_since: self.ruled_since,
        };
        let mut bytes = rmp_serde::to_vec(&VERSION)?;
        rmp_serde::encode::write_named(&mut bytes, &memory)?;
        Ok(bytes)
    }

    /// The brain of which this is the snapshot: the same state hash, and the same decisions from here on.
    ///
    /// # Errors
    /// [`SnapshotError`]: bytes of another version, cut off, or damaged.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let mut rest = bytes;
        let found = u32::deserialize(&mut rmp_serde::Deserializer::new(&mut rest))?;
        if !(OLDEST..=VERSION).contains(&found) {
            return Err(SnapshotError::Version { found });
        }
        let memory = Memory::deserialize(&mut rmp_serde::Deserializer::new(&mut rest))?;
        let damaged = |what| Err(SnapshotError::Damaged { what });
        if !rest.is_empty() {
            return damaged("something follows it");
        }
        if memory.agents.len() != memory.directory.agent_count() {
            return damaged("its agents are not those of its directory");
        }
        if memory.queues.len() != memory.directory.queue_count() {
            return damaged("its queues are not those of its directory");
        }
        Ok(memory.into_brain())
    }
}

impl Memory<'_> {
    fn into_brain(self) -> Acd {
        let (directory, plan) = (self.directory.into_owned(), self.plan.into_owned());
        let queues = self.queues.into_iter().map(Cow::into_owned);
        let rules = Rules::again(queues, &plan, &directory);
        let mut paces = self.paces.into_owned();
        paces.resize_with(directory.queue_count(), Pace::default);
        let mut brain = Acd {
            entries: self.entries,
            ruled_since: self.ruled_since,
            directory,
            plan,
            agents: self.agents.into_owned(),
            calls: self.calls.into_iter().map(Cow::into_owned).map(|call| (call.id, call)).collect(),
            paces,
            last_agents: self.last_agents.into_owned(),
            places: if bug!(PlaceLostInSnapshot) { Callers::default() } else { self.places.into_owned() },
            closed: if bug!(HoursForgottenInSnapshot) { BTreeSet::new() } else { self.closed.into_owned() },
            rules,
            standing: Standing::default(),
            index: Index::default(),
            crowd: Crowd::default(),
            deadlines: Deadlines::default(),
            open: Open::default(),
        };
        brain.rebuild_standing();
        brain.rebuild_index();
        brain.rebuild_deadlines();
        brain
    }
}
