//! The picture of the floor as it is stored with the brain: what cannot be told from the brain alone.

use super::{AgentNow, Model, OfferNow, OutsideNow, VisitNow};
use acd::{CallId, Plan, Timestamp, expect::Expected};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

#[derive(Serialize)]
struct Picture<'a> {
    applied: u64,
    at: Timestamp,
    directory: &'a acd::Directory,
    plan: &'a Plan,
    agents: &'a [AgentNow],
    visits: &'a BTreeMap<CallId, VisitNow>,
    outside: &'a BTreeMap<CallId, OutsideNow>,
    offers: &'a BTreeMap<CallId, OfferNow>,
    expected: &'a Expected,
}

#[derive(Deserialize)]
struct Stored {
    applied: u64,
    at: Timestamp,
    directory: acd::Directory,
    plan: Plan,
    agents: Vec<AgentNow>,
    visits: BTreeMap<CallId, VisitNow>,
    outside: BTreeMap<CallId, OutsideNow>,
    offers: BTreeMap<CallId, OfferNow>,
}

impl Model {
    /// What is to be stored with a snapshot of the brain, and with it what is expected of waits.
    #[must_use]
    pub fn snapshot(&self, expected: &Expected) -> Option<Vec<u8>> {
        let picture = Picture {
            applied: self.applied,
            at: self.at,
            directory: &self.directory,
            plan: &self.plan,
            agents: &self.agents,
            visits: &self.visits,
            outside: &self.outside,
            offers: &self.offers,
            expected,
        };
        rmp_serde::to_vec_named(&picture).ok()
    }
    /// The picture as it was stored; its rows up to entry `followed` are in the store already.
    ///
    /// # Errors
    /// When the bytes are no such picture.
    pub fn restore(bytes: &[u8], followed: u64) -> Result<Self, rmp_serde::decode::Error> {
        let Stored { applied, at, directory, plan, agents, visits, outside, offers } =
            rmp_serde::from_slice(bytes)?;
        let mut model = Self::new(followed);
        model.directory = directory;
        model.name_everybody();
        model.serves = super::serves(&plan, &model.directory);
        model.plan = Arc::new(plan);
        Ok(Self { applied, at, agents, visits, outside, offers, ..model })
    }
}
