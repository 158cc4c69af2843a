//! The floor as it stands: who waits, who does what, and the rows that are not in the store yet.
//!
//! A fold of the log, kept by the follower and read by the operator's pages. Readers copy what they need and let go.

use super::{
    model::Model,
    outlook::{Outlook, QueueOutlook},
};
use crate::{
    metrics::Scene,
    records::{Batch, Name, SpanRow},
};
use acd::{CallId, NotReadyReason, Plan, Timestamp};
use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

/// The states of an agent, in the order of a working day.
pub const AGENT_STATES: [&str; 6] = ["logged_out", "not_ready", "ready", "reserved", "talking", "wrap_up"];

/// The shared picture.
#[derive(Debug, Default)]
pub struct Floor {
    model: RwLock<Model>,
    outlook: Arc<Outlook>,
}

/// What the wallboard shows.
#[derive(Clone, Debug, PartialEq)]
pub struct FloorView {
    /// The last entry of the log that is in it.
    pub applied: u64,
    /// Queues in the order of the plan.
    pub queues: Vec<QueueView>,
    /// Agents in the order of the plan.
    pub agents: Vec<AgentView>,
    /// Live calls, oldest first.
    pub calls: Vec<CallView>,
}

/// One queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueView {
    /// Its name.
    pub queue: Name,
    /// Calls not answered yet, ringing ones included.
    pub waiting: usize,
    /// Of these, how many are on offer to an agent.
    pub offered: usize,
    /// Calls in conversation, on hold or not.
    pub connected: usize,
    /// When the oldest waiting call entered.
    pub oldest: Option<Timestamp>,
    /// Agents who may serve it and are ready.
    pub ready: usize,
    /// Agents who may serve it and are logged in.
    pub staffed: usize,
    /// How long a caller who entered now would wait.
    pub outlook: QueueOutlook,
}

/// One agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentView {
    /// Her id.
    pub agent: Name,
    /// The state's name.
    pub state: &'static str,
    /// Why, where the state has a reason.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// The call that occupies her.
    pub call: Option<CallId>,
    /// The queue of that call.
    pub queue: Option<Name>,
}

/// One live call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallView {
    /// Its id.
    pub call: CallId,
    /// Which visit.
    pub visit: u32,
    /// Its queue.
    pub queue: Name,
    /// `queued`, `offered`, `connected`, `held`, or `outside` when it was transferred to a number outside.
    pub state: &'static str,
    /// When the visit began; of a call `outside`, when it was transferred.
    pub entered: Timestamp,
    /// The phone's 2xx.
    pub answered: Option<Timestamp>,
    /// To whom it is offered, or with whom it is connected.
    pub agent: Option<Name>,
}

/// What the store does not know yet.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Rows of entries after those in the store, oldest first; some may be in the store too.
    pub batches: Vec<Arc<Batch>>,
    /// Visits that have not ended.
    pub open: Vec<CallView>,
    /// States that agents are in, as spans that end now.
    pub spans: Vec<SpanRow>,
    /// The rules in force.
    pub plan: Arc<Plan>,
}

impl Floor {
    /// The picture, for pages.
    #[must_use]
    pub fn view(&self) -> FloorView {
        self.read().view(&self.outlook)
    }
    /// How long callers are going to wait.
    #[must_use]
    pub const fn outlook(&self) -> &Arc<Outlook> {
        &self.outlook
    }
    /// The gauges of a scrape at `now`.
    #[must_use]
    pub fn scene(&self, now: Timestamp) -> Scene {
        let view = self.view();
        let count = |state| view.agents.iter().filter(|agent| agent.state == state).count();
        let reason = NotReadyReason::PhoneUnreachable { ready_since: now };
        let unreachable = |agent: &&AgentView| agent.reason.as_deref() == Some(reason.as_str());
        Scene {
            unreachable: signed(view.agents.iter().filter(unreachable).count()),
            agents: AGENT_STATES.iter().map(|&state| (state, signed(count(state)))).collect(),
            queues: view.queues.iter().map(|queue| gauges(queue, now)).collect(),
            outlooks: view.queues.iter().map(|queue| (queue.queue.to_string(), queue.outlook)).collect(),
        }
    }
    /// Rows and open spans after entry `followed`, open spans cut at `now`.
    ///
    /// None when the picture is older than the store, or has let go of rows that the store did not have then: read
    /// the store again.
    #[must_use]
    pub fn tail(&self, followed: u64, now: Timestamp) -> Option<Tail> {
        self.read().tail(followed, now)
    }
    /// The last entry that is in the picture.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.read().applied()
    }
    /// The time of that entry.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.read().at()
    }
    /// The rules in force.
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        self.read().plan()
    }
    fn read(&self) -> RwLockReadGuard<'_, Model> {
        self.model.read().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Model> {
        self.model.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauges(queue: &QueueView, now: Timestamp) -> (String, i64, Duration) {
    let longest = queue.oldest.map_or(Duration::ZERO, |oldest| now.since(oldest));
    (queue.queue.to_string(), signed(queue.waiting), longest)
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
