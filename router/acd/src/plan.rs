//! The rules in force: queues, entries and agents, as the log records them.
//!
//! No secret, address or number of a person stands here. `config` makes a [`Plan`] from what was typed.

use crate::{
    AgentNo, QueueNo,
    callback::CallbackPlan,
    limits::Limits,
    routing::{AttributePlan, ExtendPlan, PreferPlan, Routing, StepPlan},
    skill::Requirement,
    target::NumberPattern,
    time::{as_micros, as_micros_if_any},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Everything the brain routes by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Queues in the order of the file.
    pub queues: Vec<QueuePlan>,
    /// Numbers that lead to queues.
    pub entries: Vec<EntryPlan>,
    /// Agents in the order of the file.
    pub agents: Vec<AgentPlan>,
    /// Outside numbers that agents may transfer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<OutsidePlan>,
    /// What holds for every queue and agent.
    #[serde(default, skip_serializing_if = "Routing::is_default")]
    pub routing: Routing,
    /// What may be known of a call, for requirements that speak of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributePlan>,
}

/// A queue's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePlan {
    /// Its name in configuration, reports and metrics.
    pub name: String,
    /// Which agents may serve it.
    pub needs: Requirement,
    /// Which of the able idle agents comes first.
    pub strategy: Strategy,
    /// What a waiting caller hears.
    pub treatment: Treatment,
    /// Threshold T of the service level.
    #[serde(with = "as_micros")]
    pub answer_within: Duration,
    /// Abandons up to this long count as short.
    #[serde(with = "as_micros")]
    pub short: Duration,
    /// How long a visit may wait before `then`.
    #[serde(with = "as_micros")]
    pub max_wait: Duration,
    /// What happens after `max_wait`.
    pub then: Then,
    /// How long a phone may ring before it is RONA.
    #[serde(with = "as_micros")]
    pub ring: Duration,
    /// How long a call is not offered again to an agent who did not take it; also the pause of an `always` agent.
    #[serde(with = "as_micros")]
    pub rona_pause: Duration,
    /// After-call work that follows each call; zero for none.
    #[serde(with = "as_micros")]
    pub wrap_up: Duration,
    /// How long a ring waits for the card at most.
    #[serde(with = "as_micros")]
    pub pop_budget: Duration,
    /// What is needed instead of `needs` after some waiting; rising times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepPlan>,
    /// Whether a caller waits for the agent of the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefer: Option<PreferPlan>,
    /// For how long the place of a caller who hung up while waiting is kept.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_micros_if_any")]
    pub keep_place: Option<Duration>,
    /// How callers are called back who would rather not wait, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<CallbackPlan>,
    /// Who may wait.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
    /// Most phones that ring for one call at once, where the strategy rings several.
    #[serde(default = "ring_most", skip_serializing_if = "is_ring_most")]
    pub ring_most: u8,
    /// How long the last phone rings before one more may ring beside it, where the strategy is progressive.
    #[serde(default = "ring_next", skip_serializing_if = "is_ring_next", with = "as_micros")]
    pub ring_next: Duration,
    /// Whether an agent may ask for more time to wrap up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend: Option<ExtendPlan>,
}

/// [`QueuePlan::ring_most`] of a queue that says nothing about it.
pub const RING_MOST: u8 = 10;
/// The highest [`QueuePlan::ring_most`].
pub const MAX_RING_MOST: u8 = 20;
/// [`QueuePlan::ring_next`] of a queue that says nothing about it.
pub const RING_NEXT: Duration = Duration::from_secs(5);

const fn ring_most() -> u8 {
    RING_MOST
}

const fn ring_next() -> Duration {
    RING_NEXT
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference in")]
const fn is_ring_most(most: &u8) -> bool {
    *most == RING_MOST
}

fn is_ring_next(next: &Duration) -> bool {
    *next == RING_NEXT
}

/// A number that callers dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPlan {
    /// User part of the Request-URI; `*` takes what no other entry takes.
    pub number: String,
    /// Name of the queue it leads to.
    pub queue: String,
    /// 1 (low) to 10 (high); the higher goes first.
    pub priority: u8,
    /// When calls are taken; none: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<EntryHours>,
}

/// When an entry takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryHours {
    /// The name of the hours; the brain is told when they turn.
    pub name: String,
    /// What becomes of calls outside of them.
    pub closed: Then,
}

/// An agent's rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPlan {
    /// Her id in configuration, records and messages.
    pub id: String,
    /// When she counts as present.
    pub presence: Presence,
    /// Where she accepts.
    pub answer: Answer,
    /// Skill → proficiency, 1 (low) to 10 (high); an absent skill is 0.
    pub skills: BTreeMap<String, u8>,
    /// Her share of the calls where the strategy is `weighted`: twice the weight, twice the calls.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: u32,
    /// Her own least time between two calls, instead of [`Routing::rest`].
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_micros_if_any")]
    pub rest: Option<Duration>,
    /// Her own ceiling in thousandths, instead of [`Routing::max_occupancy`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_occupancy: Option<u16>,
}

const fn one() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference in")]
const fn is_one(weight: &u32) -> bool {
    *weight == 1
}

/// Outside numbers that agents may transfer to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsidePlan {
    /// Its name in records and metrics, where no number stands.
    pub name: String,
    /// What may be dialled.
    pub numbers: Vec<NumberPattern>,
    /// How long it may ring.
    #[serde(with = "as_micros")]
    pub ring: Duration,
}

/// Which of the able idle agents gets the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Ready for the longest time.
    LongestIdle,
    /// Least handling time lately (decayed with a time constant of 30 min).
    LeastOccupied,
    /// Fewest calls answered since she signed in.
    FewestCalls,
    /// Highest proficiency in what the requirement asks for.
    MostSkilled,
    /// Lowest proficiency that suffices: experts are saved.
    LeastSkilled,
    /// Whose last offer lies furthest back.
    RoundRobin,
    /// The order of the file.
    TopDown,
    /// Fewest calls answered since she signed in, for her weight.
    Weighted,
    /// Least handling time to be expected of her for this queue.
    Fastest,
    /// All at once, ready for the longest time first; the first to answer has the call.
    RingAll,
    /// One more whenever the last has rung for a while, ready for the longest time first.
    Progressive,
}

/// What a waiting caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// Answered, with music.
    Music,
    /// Not answered: 182 Queued, the caller's own ringing tone.
    Ringing,
    /// Not answered: music in 183 early media.
    EarlyMedia,
}

/// What becomes of a call that may not wait, or not any longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// A final answer, or BYE with that cause.
    #[default]
    Refuse,
    /// On to the queue of this name, with the time of arrival kept.
    Queue(String),
}

/// When an agent counts as present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// When she says so at her desktop.
    Desk,
    /// Always: a phone without a desktop.
    Always,
}

/// Where an agent accepts a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Her phone rings; its 2xx accepts.
    Phone,
    /// She accepts at the desktop; then her phone is called with auto-answer.
    Desk,
}

/// Which number stands for which name. Numbers are given in the order of first appearance and never reused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Names")]
pub struct Directory {
    agents: Vec<String>,
    queues: Vec<String>,
    #[serde(skip)]
    agent_nos: BTreeMap<String, AgentNo>,
    #[serde(skip)]
    queue_nos: BTreeMap<String, QueueNo>,
}

/// A directory as it is stored.
#[derive(Deserialize)]
struct Names {
    agents: Vec<String>,
    queues: Vec<String>,
}

impl From<Names> for Directory {
    fn from(Names { agents, queues }: Names) -> Self {
        let agent_nos = agents.iter().cloned().zip((0..).map(AgentNo)).collect();
        let queue_nos = queues.iter().cloned().zip((0..).map(QueueNo)).collect();
        Self { agents, queues, agent_nos, queue_nos }
    }
}

impl Directory {
    /// Gives a number to every agent and queue of the plan that has none.
    pub fn learn(&mut self, plan: &Plan) {
        for queue in &plan.queues {
            if !self.queue_nos.contains_key(&queue.name) {
                let no = QueueNo(u32::try_from(self.queues.len()).unwrap_or(u32::MAX));
                self.queues.push(queue.name.clone());
                self.queue_nos.insert(queue.name.clone(), no);
            }
        }
        for agent in &plan.agents {
            if !self.agent_nos.contains_key(&agent.id) {
                let no = AgentNo(u32::try_from(self.agents.len()).unwrap_or(u32::MAX));
                self.agents.push(agent.id.clone());
                self.agent_nos.insert(agent.id.clone(), no);
            }
        }
    }
    /// An agent's id; `?` for a number that was never given.
    #[must_use]
    pub fn agent_id(&self, agent: AgentNo) -> &str {
        self.agents.get(agent.index()).map_or("?", String::as_str)
    }
    /// A queue's name; `?` for a number that was never given.
    #[must_use]
    pub fn queue_name(&self, queue: QueueNo) -> &str {
        self.queues.get(queue.index()).map_or("?", String::as_str)
    }
    /// The number of the agent with this id.
    #[must_use]
    pub fn agent_no(&self, id: &str) -> Option<AgentNo> {
        self.agent_nos.get(id).copied()
    }
    /// The number of the queue with this name.
    #[must_use]
    pub fn queue_no(&self, name: &str) -> Option<QueueNo> {
        self.queue_nos.get(name).copied()
    }
    /// How many agents were ever numbered.
    #[must_use]
    pub fn agent_count(&self) -> usize {
        self.agents.len()
    }
    /// How many queues were ever numbered.
    #[must_use]
    pub fn queue_count(&self) -> usize {
        self.queues.len()
    }
}
