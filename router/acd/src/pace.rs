//! How long calls take: a mean for each queue and for each agent in it, in whole microseconds.
//!
//! A call's handling time `x` (talk, hold, wrap-up) moves a mean by `(x − mean) / min(n, w)`, where `n` counts the calls
//! so far, this one included: the plain mean of the first `w` calls, and an exponentially weighted one after that. `w` is
//! 16 for an agent and 64 for a queue. What is expected of an agent with `n` calls (64 at most) is
//! `(n × hers + 8 × the queue's) / (n + 8)`: a few calls say little about her. Integers alone, so that every machine
//! comes to the same.

use crate::{Acd, AgentNo, QueueNo, plan::Strategy, staff::Agent, time::micros};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Calls after which a mean forgets, for an agent and for a queue.
const WINDOW: (u32, u32) = (16, 64);
/// How many calls of an agent weigh as much as what is known of the queue.
const PRIOR: u64 = 8;
/// Most calls of an agent that count against the queue's mean.
const MOST: u64 = 64;
/// Longest handling time believed: a phone left off the hook says nothing.
const LONGEST: Duration = Duration::from_secs(4 * 3_600);

/// A mean handling time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    calls: u32,
    mean_us: u64,
}

/// What is known of an agent in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPace {
    /// Which queue.
    pub queue: QueueNo,
    /// Her calls there.
    pub pace: Pace,
    /// What was expected of her when she became ready last, in microseconds: fixed until she is ready again.
    pub expected_us: u64,
}

impl Pace {
    fn add(&mut self, took: Duration, window: u32) {
        let took = i128::from(micros(took.min(LONGEST)));
        self.calls = self.calls.saturating_add(1);
        let (mean, share) = (i128::from(self.mean_us), i128::from(self.calls.min(window)));
        self.mean_us = u64::try_from(mean + (took - mean) / share).unwrap_or(0);
    }
    /// Calls so far.
    #[must_use]
    pub const fn calls(&self) -> u32 {
        self.calls
    }
    /// Their mean, in microseconds.
    #[must_use]
    pub const fn mean_us(&self) -> u64 {
        self.mean_us
    }
    /// What is expected of somebody with this mean in a queue with that one, in microseconds.
    #[must_use]
    pub const fn expected_us(self, queue: Self) -> u64 {
        let calls = if (self.calls as u64) < MOST { self.calls as u64 } else { MOST };
        (calls * self.mean_us + PRIOR * queue.mean_us) / (calls + PRIOR)
    }
}

impl Agent {
    /// What is expected of her in a queue, in microseconds.
    #[must_use]
    pub fn expected_us(&self, queue: QueueNo) -> u64 {
        self.paces.iter().find(|own| own.queue == queue).map_or(0, |own| own.expected_us)
    }
    fn pace_mut(&mut self, queue: QueueNo) -> &mut OwnPace {
        let place = self.paces.binary_search_by_key(&queue, |own| own.queue);
        let place = place.unwrap_or_else(|place| {
            self.paces.reserve_exact(1);
            self.paces.insert(place, OwnPace { queue, pace: Pace::default(), expected_us: 0 });
            place
        });
        &mut self.paces[place]
    }
}

impl Acd {
    /// A call of a queue is done with.
    pub(crate) fn took(&mut self, agent: AgentNo, queue: QueueNo, took: Duration) {
        let is_fastest = |rule: &crate::rules::QueueRule| rule.plan.strategy == Strategy::Fastest;
        if !self.rules.queue(queue).is_some_and(is_fastest) {
            return;
        }
        if let Some(pace) = self.paces.get_mut(queue.index()) {
            pace.add(took, WINDOW.1);
        }
        if let Some(agent) = self.agents.get_mut(agent.index()) {
            agent.pace_mut(queue).pace.add(took, WINDOW.0);
        }
    }
    /// She is about to be ready: what is expected of her is settled until she is so again.
    pub(crate) fn expect(&mut self, no: AgentNo) {
        let (Some(agent), Some(rule)) = (self.agents.get_mut(no.index()), self.rules.agent(no)) else {
            return;
        };
        for queue in rule.seats.iter().filter_map(|seat| self.rules.queue_of(seat)) {
            let all = self.paces.get(queue.index()).copied().unwrap_or_default();
            let own = agent.pace_mut(queue);
            own.expected_us = own.pace.expected_us(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(calls: u32, seconds: u64) -> Pace {
        let mut pace = Pace::default();
        (0..calls).for_each(|_| pace.add(Duration::from_secs(seconds), WINDOW.0));
        pace
    }

    #[test]
    fn the_first_calls_make_a_plain_mean_and_later_ones_move_it_by_a_sixteenth() {
        let mut mean = Pace::default();
        (1..=16).for_each(|seconds| mean.add(Duration::from_secs(seconds), WINDOW.0));
        assert!(mean.mean_us.abs_diff(8_500_000) < 20, "{mean:?}");
        let mut long = pace(100, 160);
        long.add(Duration::from_secs(320), WINDOW.0);
        assert_eq!(long.mean_us, 170_000_000);
        long.add(Duration::MAX, WINDOW.0);
        assert_eq!(long.mean_us, 170_000_000 + (14_400_000_000 - 170_000_000) / 16);
    }

    #[test]
    fn who_has_few_calls_is_expected_to_be_like_the_others() {
        let queue = pace(50, 300);
        assert_eq!(pace(0, 0).expected_us(queue), 300_000_000);
        assert_eq!(pace(8, 100).expected_us(queue), 200_000_000, "eight calls weigh as much as the queue");
        let known = pace(10_000, 100).expected_us(queue);
        assert_eq!(known, (64 * 100_000_000 + 8 * 300_000_000) / 72);
    }
}
