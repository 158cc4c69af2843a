//! The rules that hold for every queue and agent, and what queues add to their requirement: steps, preferred agents,
//! variables from the call.

use crate::{
    skill::Requirement,
    time::{as_micros, as_micros_if_any},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The highest priority.
pub const MAX_PRIORITY: u8 = 10;
/// Most steps of a queue.
pub const MAX_STEPS: usize = 8;
/// Most values of an attribute.
pub const MAX_VALUES: usize = 50;
/// Most combinations of values that the requirements of one queue speak of.
pub const MAX_COMBINATIONS: usize = 100;

/// What holds for every queue and agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// What one level of priority is worth in waiting time; none: a higher priority always goes first.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "as_micros_if_any")]
    pub ageing: Option<Duration>,
    /// Which of the calls of one priority goes first.
    #[serde(default)]
    pub order: Sequence,
    /// Least time between the end of a call's work and the next offer.
    #[serde(default, with = "as_micros")]
    pub rest: Duration,
    /// The decayed workload, in thousandths of all time, above which nothing is offered; none: no ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_occupancy: Option<u16>,
}

impl Routing {
    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Which of the calls of one priority goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sequence {
    /// Who has waited longest.
    #[default]
    LongestWaiting,
    /// Whose `answer_within` ends first, or has ended first.
    ServiceObjective,
}

/// What is needed after some waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPlan {
    /// From which waiting time of the visit on.
    #[serde(with = "as_micros")]
    pub after: Duration,
    /// What is needed then.
    pub needs: Requirement,
}

/// A caller waits for the agent of the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferPlan {
    /// For so long.
    #[serde(with = "as_micros")]
    pub patience: Duration,
    /// If they talked no longer ago than this.
    #[serde(with = "as_micros")]
    pub within: Duration,
}

/// An agent may ask for more time to wrap up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendPlan {
    /// So much at once.
    #[serde(with = "as_micros")]
    pub by: Duration,
    /// How long the whole wrap-up may become.
    #[serde(with = "as_micros")]
    pub most: Duration,
}

/// Something that may be known of a call: `$name` in a requirement stands for the skill named by its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributePlan {
    /// Its name.
    pub name: String,
    /// Every value there is.
    pub values: Vec<String>,
    /// The one of a call of which nothing is known.
    pub default: String,
}

/// What is known of a call: names of attributes and their values, none of them free text.
pub type Attributes = Vec<(String, String)>;

/// The value of an attribute for a call: what is known, if it is one of the values there are.
#[must_use]
pub fn value_of<'a>(plan: &'a AttributePlan, known: &'a Attributes) -> &'a str {
    let given = known.iter().find(|(name, _)| *name == plan.name).map(|(_, value)| value.as_str());
    given.filter(|given| plan.values.iter().any(|value| value == given)).unwrap_or(&plan.default)
}
