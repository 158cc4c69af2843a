//! The picture of the floor as it is stored with the brain: what cannot be told from the brain alone.

use super::{AgentNow, Model, OfferNow, OutsideNow, Stage, VisitNow};
use acd::{CallId, OfferId, Plan, Timestamp, expect::Expected};
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
    rings: Vec<(OfferId, OfferNow)>,
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
    #[serde(default)]
    rings: Vec<(OfferId, OfferNow)>,
    /// In pictures of before several phones could ring for one call.
    #[serde(default)]
    offers: BTreeMap<CallId, OnlyOffer>,
}

#[derive(Deserialize)]
struct OnlyOffer {
    attempt: u32,
    visit: u32,
    offered: Timestamp,
}

impl OnlyOffer {
    fn of(self, call: CallId, visits: &BTreeMap<CallId, VisitNow>) -> Option<(OfferId, OfferNow)> {
        let Self { attempt, visit, offered } = self;
        let (agent, accepted) = match visits.get(&call)?.stage {
            Stage::Queued => return None, // it has ended
            Stage::Offered { agent } => (agent, false),
            Stage::Connected { agent, .. } | Stage::Held { agent, .. } => (agent, true),
        };
        Some((OfferId { call, attempt }, OfferNow { visit, agent, offered, accepted }))
    }
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
            rings: self.offers.iter().map(|(offer, now)| (*offer, *now)).collect(),
            expected,
        };
        rmp_serde::to_vec_named(&picture).ok()
    }
    /// The picture as it was stored; its rows up to entry `followed` are in the store already.
    ///
    /// # Errors
    /// When the bytes are no such picture.
    pub fn restore(bytes: &[u8], followed: u64) -> Result<Self, rmp_serde::decode::Error> {
        let Stored { applied, at, directory, plan, agents, visits, outside, rings, offers } =
            rmp_serde::from_slice(bytes)?;
        let only = offers.into_iter().filter_map(|(call, offer)| offer.of(call, &visits));
        let offers = only.chain(rings).collect();
        let mut model = Self::new(followed);
        model.directory = directory;
        model.name_everybody();
        model.serves = super::serves(&plan, &model.directory);
        model.plan = Arc::new(plan);
        Ok(Self { applied, at, agents, visits, outside, offers, ..model })
    }
}
