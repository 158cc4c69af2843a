//! Whose turn it is among the able idle agents of a class, by each strategy.
//!
//! Everything in a [`Turn`] is fixed while she is ready, so that an ordered set of them stays in order. Ties go to who
//! has idled longest, then to the lower number.

use crate::{
    AgentNo, QueueNo, Timestamp,
    pace::OwnPace,
    plan::Strategy,
    rules::{AgentRule, Rules, Seat},
};

/// Ready agents in the order in which they are served by each strategy. Two signed numbers in words of 32 bits, so that
/// nothing is lost to alignment: an agent stands in many lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    key: [u32; 4],
    /// The agent.
    pub agent: AgentNo,
}

impl Turn {
    const fn new(first: i64, second: i64, agent: AgentNo) -> Self {
        let ([a, b], [c, d]) = (words(first), words(second));
        Self { key: [a, b, c, d], agent }
    }
}

/// A signed number in two words that compare as it does.
const fn words(number: i64) -> [u32; 2] {
    let ordered = (number as u64) ^ (1 << 63);
    [(ordered >> 32) as u32, ordered as u32]
}

/// What decides an agent's turn, fixed while she is ready.
#[derive(Clone, Copy, Debug)]
pub struct Idle<'a> {
    /// Who.
    pub agent: AgentNo,
    /// Ready since then.
    pub since: Timestamp,
    /// [`crate::agent::Workload::key`].
    pub load: i64,
    /// Calls answered since she signed in.
    pub calls: u32,
    /// Her last offer.
    pub offered: Timestamp,
    /// What is expected of her, by queue.
    pub paces: &'a [OwnPace],
    /// Her place in the plan, her weight and her classes.
    pub rule: &'a AgentRule,
    /// Where the queue of a class is looked up.
    pub rules: &'a Rules,
}

impl Idle<'_> {
    /// Her turn in a class she may serve.
    #[must_use]
    pub fn turn(&self, seat: &Seat) -> Turn {
        let (first, second) = self.keys(seat);
        Turn::new(first, second, self.agent)
    }
    /// What her turn is compared by, one after the other: what the strategy looks at, then since when she idles.
    #[must_use]
    pub fn keys(&self, seat: &Seat) -> (i64, i64) {
        let since = if bug!(TiesGoByNumber) { 0 } else { signed(self.since.micros()) };
        match seat.strategy {
            Strategy::LongestIdle | Strategy::RingAll | Strategy::Progressive => (since, 0),
            Strategy::LeastOccupied => (self.load, since),
            Strategy::FewestCalls => (i64::from(self.calls), since),
            Strategy::MostSkilled if bug!(MostSkilledReversed) => (i64::from(seat.fit), since),
            Strategy::MostSkilled => (-i64::from(seat.fit), since),
            Strategy::LeastSkilled if bug!(LeastSkilledReversed) => (-i64::from(seat.fit), since),
            Strategy::LeastSkilled => (i64::from(seat.fit), since),
            Strategy::RoundRobin => (signed(self.offered.micros()), since),
            Strategy::TopDown if bug!(FileOrderReversed) => (-i64::from(self.rule.place), since),
            Strategy::TopDown => (i64::from(self.rule.place), since),
            Strategy::Weighted if bug!(WeightIgnored) => (i64::from(self.calls), since),
            Strategy::Weighted => (calls_for_weight(self.calls, self.rule.weight()), since),
            Strategy::Fastest => (self.expected(self.rules.queue_of(seat)), since),
        }
    }
    fn expected(&self, queue: Option<QueueNo>) -> i64 {
        let own = self.paces.iter().find(|own| Some(own.queue) == queue);
        signed(own.map_or(0, |own| own.expected_us))
    }
}

/// Calls for a weight in fixed point (2⁻²⁰): of weights up to 100 two different ratios differ by 10⁻⁴ at least, and
/// equal ones are cut alike.
fn calls_for_weight(calls: u32, weight: u32) -> i64 {
    (i64::from(calls) << 20) / i64::from(weight.max(1))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_compare_by_their_numbers_then_by_the_agents() {
        let numbers = [i64::MIN, -5, -1, 0, 1, 1 << 33, i64::MAX];
        let turns = numbers.iter().flat_map(|&first| numbers.map(|second| (first, second)));
        let turns = turns.flat_map(|(first, second)| [3, 9].map(|no| (first, second, AgentNo(no))));
        let sorted: Vec<Turn> = turns.map(|(first, second, no)| Turn::new(first, second, no)).collect();
        assert!(sorted.is_sorted(), "{sorted:?}");
        assert_eq!(size_of::<Turn>(), 20);
    }

    #[test]
    fn calls_for_weights_compare_as_fractions_do() {
        for (calls, weight) in (0..40).flat_map(|calls| (1..=100).map(move |weight| (calls, weight))) {
            for (other, its) in [(1, 3), (7, 100), (20, 40), (13, 99), (6, 13)] {
                let exactly = (calls * its).cmp(&(other * weight));
                let ours = calls_for_weight(calls, weight).cmp(&calls_for_weight(other, its));
                assert_eq!(ours, exactly, "{calls}/{weight} and {other}/{its}");
            }
        }
    }
}
