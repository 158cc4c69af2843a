//! The plan, compiled for deciding: rules by number, entries by number dialled, requirement classes.
//!
//! A *class* is a pair of requirement and strategy. Queues that ask for the same share one, so that an agent is kept
//! in as many indexes as there are different things she may be asked for, not in as many as there are queues.

use crate::{
    AgentNo, QueueNo,
    plan::{AgentPlan, Directory, EntryPlan, Plan, QueuePlan, Strategy},
    skill::Requirement,
};
use std::collections::BTreeMap;

/// A class's place in the index.
pub type ClassNo = usize;

/// What the brain looks up while deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    queues: Vec<QueueRule>,
    entries: BTreeMap<String, EntryPlan>,
    /// Requirement and strategy of each class.
    classes: Vec<(Requirement, Strategy)>,
    /// The classes of each agent, by number.
    agents: Vec<AgentRule>,
}

/// A queue's rules with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRule {
    /// As in the plan; the last one known if the queue was retired.
    pub plan: QueuePlan,
    /// Its class.
    pub class: ClassNo,
}

/// An agent's rules with her classes; none if she was retired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentRule {
    /// As in the plan; `None` if she is not in it any more.
    pub plan: Option<AgentPlan>,
    /// The classes she may serve, ascending.
    pub classes: Vec<ClassNo>,
}

impl Rules {
    /// Compiles the plan. Queues that left it keep their last rules for the calls still in them.
    #[must_use]
    pub fn compile(plan: &Plan, directory: &Directory, before: &Self) -> Self {
        let mut rules = Self { queues: before.queues.clone(), ..Self::default() };
        for queue in &plan.queues {
            rules.set_queue(queue, directory);
        }
        let mut numbers = BTreeMap::new();
        for queue in &mut rules.queues {
            let key = (queue.plan.needs.clone(), queue.plan.strategy);
            let next = numbers.len();
            queue.class = *numbers.entry(key.clone()).or_insert(next);
            if queue.class == next {
                rules.classes.push(key);
            }
        }
        rules.entries = plan.entries.iter().map(|entry| (entry.number.clone(), entry.clone())).collect();
        rules.agents = vec![AgentRule::default(); directory.agent_count()];
        for agent in &plan.agents {
            rules.set_agent(agent, directory);
        }
        rules
    }

    /// Compiles the plan anew, over the last rules of every queue ever numbered, in the order of their numbers.
    #[must_use]
    pub fn again(queues: impl Iterator<Item = QueuePlan>, plan: &Plan, directory: &Directory) -> Self {
        let queues = queues.map(|plan| QueueRule { plan, class: 0 }).collect();
        Self::compile(plan, directory, &Self { queues, ..Self::default() })
    }

    fn set_queue(&mut self, plan: &QueuePlan, directory: &Directory) {
        let Some(no) = directory.queue_no(&plan.name) else { return };
        let rule = QueueRule { plan: plan.clone(), class: 0 };
        if no.index() < self.queues.len() {
            self.queues[no.index()] = rule;
        } else {
            // The directory numbers queues in this very order, so the next free place is its own.
            self.queues.push(rule);
        }
    }

    fn set_agent(&mut self, plan: &AgentPlan, directory: &Directory) {
        let Some(no) = directory.agent_no(&plan.id) else { return };
        let may_serve = |(_, (needs, _)): &(ClassNo, &(Requirement, Strategy))| needs.is_met_by(&plan.skills);
        let classes = self.classes.iter().enumerate().filter(may_serve).map(|(class, _)| class).collect();
        self.agents[no.index()] = AgentRule { plan: Some(plan.clone()), classes };
    }

    /// The rules of a queue.
    #[must_use]
    pub fn queue(&self, no: QueueNo) -> Option<&QueueRule> {
        self.queues.get(no.index())
    }
    /// The last rules of every queue ever numbered, by number.
    pub fn queue_plans(&self) -> impl Iterator<Item = &QueuePlan> {
        self.queues.iter().map(|queue| &queue.plan)
    }
    /// The rules of an agent.
    #[must_use]
    pub fn agent(&self, no: AgentNo) -> Option<&AgentRule> {
        self.agents.get(no.index())
    }
    /// Where a dialled number leads: its own entry, else the `*` entry.
    #[must_use]
    pub fn entry(&self, dialled: &str) -> Option<&EntryPlan> {
        self.entries.get(dialled).or_else(|| self.entries.get("*"))
    }
    /// Strategy of each class.
    pub fn strategies(&self) -> impl Iterator<Item = Strategy> {
        self.classes.iter().map(|&(_, strategy)| strategy)
    }
}
