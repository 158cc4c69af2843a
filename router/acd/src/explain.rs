//! Why a call was offered to this agent and not to that one, or to nobody: recomputed from the log when somebody asks.
//!
//! Nothing of it is stored. Whoever asks walks the log with a brain of its own ([`CallTale`], [`AgentTale`]); here is
//! told what the brain went by at each decision, in the names of the operator's own file. Decides nothing, and looks at
//! states and rules alone, never at the index: the simulation holds every word of it against its slow matcher.
//!
//! Every [`Timestamp`] stands under one of the keys `at`, `from`, `to`, `until`, `since`, or a key that ends in `_at` or `_until`.

mod agent;
mod bounded;
mod call;
mod choice;
mod moment;
mod precedence;

pub use agent::{AgentTale, Hers, Idle, Passed};
pub use bounded::Bounded;
pub use call::CallTale;
pub use choice::{Barred, Candidate, Choice, Score};
pub use moment::{Moment, Waited, What};
pub use precedence::{Precedence, Stands};

use crate::{Acd, AgentNo, AgentState, Call, CallId, NotReadyReason, QueueNo, Timestamp, bars::Bar};
use serde::Serialize;

/// Declares the reasons, each with its word everywhere outside, and the list of all.
macro_rules! reasons {
    ($($(#[$doc:meta])+ $name:ident = $word:literal,)+) => {
        /// Everything that decides against an agent or a call, by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason {
            $($(#[$doc])+ $name,)+
        }
        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// Its word everywhere outside.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word),+
                }
            }
        }
    };
}

reasons! {
    /// She is not in the plan any more.
    Retired = "retired",
    /// She was not ready.
    NotReady = "not_ready",
    /// Her last call's work had ended a moment ago.
    Rests = "rests",
    /// She had handled calls for too great a share of her time.
    Occupied = "occupied",
    /// Her skills did not suffice at the call's step.
    LacksSkill = "lacks_skill",
    /// She had not taken this very call, had given it away, or could not be joined to it.
    Excluded = "excluded",
    /// The call waited for another agent alone.
    KeptFor = "kept_for",
    /// Another agent came first by the queue's strategy.
    Score = "score",
    /// As good by the strategy, but another had been idle for longer; or that was the strategy.
    LongerIdle = "longer_idle",
    /// In everything as good as another: the agent who was known first goes first.
    KnownFirst = "known_first",
    /// The other call had a higher priority.
    Priority = "priority",
    /// The other call came first by priority and waiting weighed together.
    Ageing = "ageing",
    /// The other call's `answer_within` ended first.
    Objective = "objective",
    /// The other call had waited longer.
    WaitedLonger = "waited_longer",
    /// The other caller had got back the place of an earlier call.
    KeptPlace = "kept_place",
    /// Both came in the same instant: the smaller id goes first.
    SameInstant = "same_instant",
    /// A colleague had given the call to another agent by name.
    GivenByName = "given_by_name",
}

/// How much is told before the rest is only counted.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Moments of a tale.
    pub moments: usize,
    /// Agents in one list.
    pub agents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { moments: 400, agents: 20 }
    }
}

/// Something that spoke against an agent's getting a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Against {
    /// [`Reason::Retired`].
    Retired,
    /// [`Reason::NotReady`].
    NotReady {
        /// The state she was in.
        state: &'static str,
        /// Why, where the state has a reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// [`Reason::Rests`].
    Rests {
        /// Until when.
        until: Timestamp,
    },
    /// [`Reason::Occupied`].
    Occupied {
        /// Until when.
        until: Timestamp,
    },
    /// [`Reason::LacksSkill`].
    LacksSkill {
        /// The step; 0 is what the queue needs at first.
        step: u8,
        /// What was needed, with the call's own values for variables.
        needs: String,
    },
    /// [`Reason::Excluded`].
    Excluded {
        /// Until when.
        until: Timestamp,
    },
    /// [`Reason::KeptFor`].
    KeptFor {
        /// For whom.
        agent: String,
        /// Until when.
        until: Timestamp,
    },
}

impl Against {
    /// Its name.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Retired => Reason::Retired,
            Self::NotReady { .. } => Reason::NotReady,
            Self::Rests { .. } => Reason::Rests,
            Self::Occupied { .. } => Reason::Occupied,
            Self::LacksSkill { .. } => Reason::LacksSkill,
            Self::Excluded { .. } => Reason::Excluded,
            Self::KeptFor { .. } => Reason::KeptFor,
        }
    }
}

/// How many agents, in the same state or for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The state, or the word of the reason.
    pub of: String,
    /// How many.
    pub count: usize,
}

impl Acd {
    /// Everything that keeps an agent from a call, in names.
    pub(crate) fn against(&self, call: &Call, agent: AgentNo) -> Vec<Against> {
        self.bars(call.id(), agent).iter().map(|bar| self.named(call, bar)).collect()
    }

    fn named(&self, call: &Call, bar: &Bar) -> Against {
        match bar {
            Bar::Retired => Against::Retired,
            Bar::NotReady { state } => Against::NotReady { state: state.as_str(), why: why(state) },
            Bar::Rests { until } => Against::Rests { until: *until },
            Bar::Occupied { until } => Against::Occupied { until: *until },
            Bar::LacksSkill { step } => Against::LacksSkill { step: *step, needs: self.needs_of(call) },
            Bar::Excluded { until } => Against::Excluded { until: *until },
            Bar::KeptFor { agent, until } => Against::KeptFor { agent: self.id_of(*agent), until: *until },
        }
    }

    /// What a call needs at its step, as it is written in a configuration.
    pub(crate) fn needs_of(&self, call: &Call) -> String {
        let class = self.rules.class_of(call);
        class.and_then(|class| self.rules.needs(class)).map_or_else(String::new, ToString::to_string)
    }

    /// Whether an agent's skills suffice for a call at its step.
    pub(crate) fn suffices(&self, call: &Call, agent: AgentNo) -> bool {
        let class = self.rules.class_of(call);
        class.is_some_and(|class| self.rules.agent(agent).is_some_and(|rule| rule.may_serve(class)))
    }

    pub(crate) fn id_of(&self, agent: AgentNo) -> String {
        self.directory.agent_id(agent).to_owned()
    }

    pub(crate) fn name_of(&self, queue: QueueNo) -> String {
        self.directory.queue_name(queue).to_owned()
    }

    /// The queue of a call's visit; empty when it is in none.
    pub(crate) fn queue_of(&self, call: CallId) -> String {
        let visit = self.call(call).and_then(|call| call.visit);
        visit.map_or_else(String::new, |visit| self.name_of(visit.queue))
    }
}

/// The reason of a state, where it has one.
fn why(state: &AgentState) -> Option<String> {
    state.reason().map(NotReadyReason::as_str).map(str::to_owned)
}
