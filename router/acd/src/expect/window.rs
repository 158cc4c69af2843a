//! What was seen lately: how fast a queue moves, and how waits compared with the guess.

use crate::{Timestamp, time::micros};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Waits of which the quantiles are taken, for each range of places and for the queue as a whole.
const WINDOW: usize = 128;
/// Observations of a range of places, below which those of the whole queue are taken.
const ENOUGH: usize = 12;
/// The last place of each range; waits are spread the less the more people are in front.
const RANGES: [u32; 9] = [1, 2, 3, 4, 6, 8, 12, 18, 27];
/// A ratio of 1.
const ONE: u128 = 1_024;
/// Weight of the newest answer in the pace, after as many.
const FORGET: u64 = 32;
/// No guess is shorter: seconds are what callers are told in.
const LEAST_GUESS: u64 = 1_000_000;

/// How much of its agents' time a queue takes to move on by a place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Agent-microseconds an answer, a mean that forgets.
    agent_us: u64,
    answers: u64,
    waiting: u32,
    /// Since when somebody waits, or of the last answer.
    since: Timestamp,
}

impl Pace {
    pub fn one_more(&mut self, now: Timestamp) {
        if self.waiting == 0 {
            self.since = now;
        }
        self.waiting += 1;
    }
    pub const fn one_less(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }
    pub fn answered(&mut self, now: Timestamp, agents: u32) {
        let taken = micros(now.since(self.since)).saturating_mul(u64::from(agents.max(1)));
        self.answers += 1;
        let weight = self.answers.min(FORGET);
        let kept = u128::from(self.agent_us) * u128::from(weight - 1);
        let mean = (kept + u128::from(taken)) / u128::from(weight);
        self.agent_us = u64::try_from(mean).unwrap_or(u64::MAX);
        self.since = now;
    }
    /// How long a place takes by the pace alone, in microseconds; none without agents or experience.
    pub fn guess(&self, place: u32, agents: u32) -> Option<u64> {
        if agents == 0 || self.answers == 0 {
            return None;
        }
        let guess = u128::from(self.agent_us) * u128::from(place.max(1)) / u128::from(agents);
        Some(u64::try_from(guess).unwrap_or(u64::MAX).max(LEAST_GUESS))
    }
}

/// Real waits as multiples of the guess.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ratios {
    /// By range of places; ranges nobody was in are absent at the end.
    ranges: Vec<VecDeque<u32>>,
    all: VecDeque<u32>,
}

impl Ratios {
    pub fn seen(&self) -> usize {
        self.all.len()
    }
    pub fn add(&mut self, place: u32, waited: u64, guess: u64) {
        let ratio = u128::from(waited) * ONE / u128::from(guess.max(1));
        let ratio = u32::try_from(ratio).unwrap_or(u32::MAX);
        let range = range(place);
        if self.ranges.len() <= range {
            self.ranges.resize_with(range + 1, VecDeque::new);
        }
        for window in [&mut self.ranges[range], &mut self.all] {
            if window.len() == WINDOW {
                window.pop_front();
            }
            window.push_back(ratio);
        }
    }
    /// The wait that this share of callers at such a place does not exceed, in microseconds; `level` in 2⁻¹⁶.
    ///
    /// Of n waits the ⌈(n + 1) × level⌉th, the largest if there are too few: the next wait is as likely to fall into
    /// any of the n + 1 gaps.
    pub fn quantile(&self, place: u32, level: u32, guess: u64) -> Option<u64> {
        let of_range = self.ranges.get(range(place)).filter(|window| window.len() >= ENOUGH);
        let window = of_range.unwrap_or(&self.all);
        let mut ratios: Vec<u32> = window.iter().copied().collect();
        let rank = ((ratios.len() as u64 + 1) * u64::from(level)).div_ceil(1 << 16);
        let last = ratios.len().checked_sub(1)?;
        let rank = usize::try_from(rank).unwrap_or(usize::MAX).saturating_sub(1).min(last);
        let (_, ratio, _) = ratios.select_nth_unstable(rank);
        let wait = u128::from(*ratio) * u128::from(guess) / ONE;
        Some(u64::try_from(wait).unwrap_or(u64::MAX))
    }
}

fn range(place: u32) -> usize {
    RANGES.partition_point(|last| *last < place)
}
