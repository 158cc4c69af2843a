//! How many wait in each queue, and how many agents are signed in for each class: what limits are decided by.
//!
//! Derived from calls, agents and rules; never stored.

use crate::{
    Agent, AgentNo, QueueNo,
    rules::{AgentRule, ClassNo, Rules},
};

/// The counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Calls that are not answered yet, by number of the queue.
    waiting: Vec<u32>,
    /// Agents who are signed in, by class.
    signed_in: Vec<u32>,
    /// The queues that go by it whether anybody is there, by class.
    watchers: Vec<Vec<QueueNo>>,
    /// Whether any queue goes by it: mostly none does, so that asking costs nothing.
    watched: bool,
}

impl Crowd {
    /// Counts everybody.
    #[must_use]
    pub fn of<'a>(
        rules: &Rules,
        agents: impl Iterator<Item = (AgentNo, &'a Agent)>,
        waiting: impl Iterator<Item = QueueNo>,
    ) -> Self {
        let classes = rules.class_count();
        let mut crowd = Self {
            waiting: vec![0; rules.queue_plans().count()],
            signed_in: vec![0; classes],
            watchers: vec![Vec::new(); classes],
            watched: rules.queue_plans().any(|plan| plan.limits.unstaffed.is_some()),
        };
        for (plan, queue) in rules.queue_plans().zip((0..).map(QueueNo)) {
            if plan.limits.unstaffed.is_some() {
                rules.classes_of(queue).into_iter().for_each(|class| crowd.watchers[class].push(queue));
            }
        }
        for (no, _) in agents.filter(|(_, agent)| !agent.is_logged_out()) {
            rules.agent(no).into_iter().for_each(|rule| crowd.signs_in(rule));
        }
        waiting.for_each(|queue| crowd.moves(None, Some(queue)));
        crowd
    }
    /// A call waits in another queue than before, or no more.
    pub fn moves(&mut self, from: Option<QueueNo>, to: Option<QueueNo>) {
        if from == to {
            return;
        }
        if let Some(count) = from.and_then(|from| self.waiting.get_mut(from.index())) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = to.and_then(|to| self.waiting.get_mut(to.index())) {
            *count += 1;
        }
    }
    /// How many wait in a queue, on offer or not.
    #[must_use]
    pub fn waiting(&self, queue: QueueNo) -> u32 {
        self.waiting.get(queue.index()).copied().unwrap_or(0)
    }
    /// An agent is there.
    pub fn signs_in(&mut self, rule: &AgentRule) {
        for seat in &rule.seats {
            self.signed_in[seat.class()] += 1;
        }
    }
    /// An agent has gone; the queues in which she may have been the last.
    pub fn signs_out(&mut self, rule: &AgentRule) -> Vec<QueueNo> {
        let mut left = Vec::new();
        for class in rule.seats.iter().map(crate::rules::Seat::class) {
            self.signed_in[class] -= 1;
            if self.signed_in[class] == 0 {
                left.extend(&self.watchers[class]);
            }
        }
        left
    }
    /// Whether any queue goes by it whether anybody is there.
    #[must_use]
    pub const fn is_watched(&self) -> bool {
        self.watched
    }
    /// Whether anybody of a class is there.
    #[must_use]
    pub fn is_staffed(&self, class: ClassNo) -> bool {
        self.signed_in.get(class).is_some_and(|&count| count > 0)
    }
}
