//! One queue, alike agents: every row of the Erlang C and Erlang A reference.

use crate::{
    statistics::{Measure, REPLICATIONS, assert_agrees, judge},
    table::{self, Row, number},
};
use acd::{
    CallId, Fact, Plan, Timestamp,
    plan::{AgentPlan, EntryPlan, Presence, QueuePlan},
    sim::{
        Random, a_queue, an_agent,
        day::{Caller, Day},
    },
};
use std::time::Duration;

/// When every replication begins.
pub const BEGIN: Timestamp = Timestamp(1_800_000_000_000_000);

/// How many times as many calls as in CI.
pub fn factor() -> u64 {
    std::env::var("SAMBUNG_THEORY").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

/// A queue that makes nobody leave and gives no after-call work.
pub fn endless(name: &str) -> QueuePlan {
    QueuePlan { wrap_up: Duration::ZERO, max_wait: Duration::from_secs(1_000_000_000), ..a_queue(name) }
}

/// An agent who is always there.
pub fn always(id: &str, skills: &[(&str, u8)]) -> AgentPlan {
    AgentPlan { presence: Presence::Always, ..an_agent(id, skills) }
}

/// A system of the reference.
#[derive(Clone, Copy)]
struct System {
    /// Mean time between calls.
    between: Duration,
    aht: Duration,
    agents: u32,
    patience: Option<Duration>,
}

/// Brains that are wrong, to see that they are found.
#[derive(Clone, Copy, PartialEq)]
enum Brain {
    Right,
    /// Never uses one of the agents.
    OneAgentLess,
    /// Serves who waits by lot, not in the order of arrival.
    ByLot,
}

impl System {
    fn of(row: &Row) -> Self {
        let seconds = |column| number(row, column).map(Duration::from_secs_f64);
        Self {
            between: Duration::from_secs_f64(3_600.0 / number(row, "calls_per_hour").unwrap()),
            aht: seconds("aht_s").unwrap(),
            agents: number(row, "agents").unwrap() as u32,
            patience: seconds("patience_mean_s"),
        }
    }
    fn offered(&self) -> f64 {
        self.aht.as_secs_f64() / self.between.as_secs_f64()
    }
    /// How many calls come while the system forgets how it began: 1/(n (1 − √ρ)²) handling times, at most.
    fn memory_calls(&self) -> f64 {
        let (agents, rho) = (f64::from(self.agents), (self.offered() / f64::from(self.agents)).min(1.0));
        let slowest = 1.0 / (agents * (1.0 - rho.sqrt()) * (1.0 - rho.sqrt()));
        let patience =
            self.patience.map_or(f64::MAX, |patience| patience.as_secs_f64() / self.aht.as_secs_f64());
        self.offered() * slowest.min(patience.max(1.0))
    }
    /// Calls of each replication: several times what the system remembers, and enough that every measure varies.
    fn calls(&self) -> u64 {
        (4.0 * self.memory_calls()).clamp(1_000.0, 3_000.0) as u64 * factor()
    }
    fn plan(&self, brain: Brain) -> Plan {
        let agents = self.agents - u32::from(brain == Brain::OneAgentLess);
        let entry = |priority: u8| EntryPlan {
            number: priority.to_string(),
            queue: "all".to_owned(),
            priority,
            hours: None,
        };
        Plan {
            queues: vec![endless("all")],
            entries: (1..=10).map(entry).collect(),
            agents: (0..agents).map(|no| always(&format!("a{no}"), &[])).collect(),
            ..Plan::default()
        }
    }
    /// How many calls are in the system at a random moment. A replication begins with as many, so that none of it has
    /// to be thrown away: services and patience are exponential, so what is left of them is as long as they were.
    fn in_the_house(&self, random: &mut Random) -> u64 {
        let (a, agents) = (self.offered(), f64::from(self.agents));
        let patience = self.patience.map_or(0.0, |patience| self.aht.as_secs_f64() / patience.as_secs_f64());
        let (mut weights, mut log_weight, mut k) = (Vec::new(), 0.0, 0.0_f64);
        let mut top = 0.0_f64;
        while k <= agents || log_weight > top - 40.0 {
            weights.push(log_weight);
            k += 1.0;
            log_weight += (a / (k.min(agents) + (k - agents).max(0.0) * patience)).ln();
            top = top.max(log_weight);
        }
        let total: f64 = weights.iter().map(|weight| (weight - top).exp()).sum();
        let mut left = random.unit() * total;
        weights
            .iter()
            .take_while(|weight| {
                left -= (*weight - top).exp();
                left > 0.0
            })
            .count() as u64
    }
    fn caller(&self, at: Timestamp, brain: Brain, random: &mut Random) -> Caller {
        let priority = if brain == Brain::ByLot { 1 + random.below(10) } else { 5 };
        Caller {
            at,
            dials: priority.to_string(),
            service: random.exponential(self.aht),
            patience: self.patience.map(|mean| random.exponential(mean)),
            ..Caller::default()
        }
    }
    /// Those who are there already, then calls without end; the first of them at the very beginning, so that each
    /// meets the system as a caller does.
    fn callers(self, brain: Brain, seed: u64) -> (u64, impl Iterator<Item = Caller>) {
        let mut random = Random::new(seed);
        let before = self.in_the_house(&mut random);
        let (mut at, mut n) = (BEGIN, 0);
        let callers = std::iter::from_fn(move || {
            if n > before {
                at = at + random.exponential(self.between);
            }
            n += 1;
            Some(self.caller(at, brain, &mut random))
        });
        (before, callers)
    }
}

/// What a replication found.
#[derive(Clone, Copy, Default)]
struct Found {
    calls: u64,
    waited: u64,
    wait_s: f64,
    served_within: u64,
    abandoned: u64,
}

impl Found {
    fn add(&mut self, wait: Duration, answered: bool, threshold: Duration) {
        self.calls += 1;
        self.waited += u64::from(!wait.is_zero());
        self.wait_s += wait.as_secs_f64();
        self.served_within += u64::from(answered && wait <= threshold);
        self.abandoned += u64::from(!answered);
    }
    fn shares(&self) -> [f64; 4] {
        let of_all = |count: u64| count as f64 / self.calls as f64;
        [
            of_all(self.waited),
            self.wait_s / self.calls as f64,
            of_all(self.served_within),
            of_all(self.abandoned),
        ]
    }
}

const MEASURES: [&str; 4] = ["p_wait", "mean_wait_all_s", "p_served_within", "p_abandon"];

/// How a call's wait ended, if it just did: by an answer or by giving up.
pub fn wait_over(fact: &Fact) -> Option<(CallId, Duration, bool)> {
    match fact {
        Fact::Answered { call, waited, .. } => Some((*call, *waited, true)),
        Fact::CallEnded(record) if record.answered.is_none() => {
            Some((record.call, record.ended.since(record.arrived), false))
        }
        Fact::CallEnded(_)
        | Fact::QueueEntered { .. }
        | Fact::OfferEnded { .. }
        | Fact::PutThrough { .. }
        | Fact::Held { .. }
        | Fact::HoldEnded { .. }
        | Fact::AnswerUndone { .. }
        | Fact::TransferEnded(_)
        | Fact::QueueLeft(_)
        | Fact::WrappedUp { .. }
        | Fact::AgentSpan(_) => None,
    }
}

/// Plays callers until the wait of each counted one is over; hears how each ended: who, how long, answered or not.
pub fn play(
    plan: Plan,
    callers: impl Iterator<Item = Caller>,
    counted: std::ops::Range<u64>,
    mut hear: impl FnMut(u64, Duration, bool),
) {
    let mut day = Day::new(BEGIN, plan, &[], callers, Duration::ZERO).unwrap();
    let mut left = counted.end - counted.start;
    while left > 0 {
        let handled = day.step().unwrap().unwrap();
        for (call, wait, answered) in handled.effects.facts.iter().filter_map(wait_over) {
            let number = u64::try_from(call.as_u128() & u128::from(u64::MAX)).unwrap();
            if counted.contains(&number) {
                left -= 1;
                hear(number, wait, answered);
            }
        }
    }
}

fn replicate(system: System, brain: Brain, threshold: Duration, seed: u64) -> Found {
    let (before, callers) = system.callers(brain, seed);
    let mut found = Found::default();
    play(system.plan(brain), callers, before..before + system.calls(), |_, wait, answered| {
        found.add(wait, answered, threshold);
    });
    found
}

fn measures(row: &Row, brain: Brain) -> Vec<Measure> {
    let (system, threshold) = (System::of(row), Duration::from_secs_f64(number(row, "threshold_s").unwrap()));
    let seed = row["case"].bytes().fold(0, |seed, byte| seed * 1_000 + u64::from(byte)) << 8;
    let found: Vec<[f64; 4]> =
        (0..REPLICATIONS as u64).map(|n| replicate(system, brain, threshold, seed + n).shares()).collect();
    let name = |measure| format!("{} {measure}", row["case"]);
    let measure = |(i, measure)| {
        let found = found.iter().map(|shares| shares[i]).collect();
        Some(Measure { name: name(measure), expected: number(row, measure)?, found })
    };
    MEASURES.into_iter().enumerate().filter_map(measure).collect()
}

fn rows(model: &str) -> Option<Vec<Row>> {
    let rows = table::read("erlang-reference.csv")?;
    Some(rows.into_iter().filter(|row| row["model"] == model).collect())
}

/// Rows of Erlang C with so many agents.
fn without_patience(agents: std::ops::Range<u32>) {
    let Some(rows) = rows("erlang_c") else { return };
    assert_eq!(rows.len(), 20);
    let rows = rows.iter().filter(|row| agents.contains(&System::of(row).agents));
    assert_agrees(&rows.flat_map(|row| measures(row, Brain::Right)).collect::<Vec<_>>());
}

#[test]
fn waits_are_those_of_erlang_c_where_nobody_gives_up() {
    without_patience(0..100);
}

#[test]
fn waits_are_those_of_erlang_c_where_hundreds_serve() {
    without_patience(100..u32::MAX);
}

#[test]
fn waits_and_abandons_are_those_of_erlang_a_where_callers_give_up() {
    let Some(rows) = rows("erlang_a") else { return };
    assert_eq!(rows.len(), 12);
    assert_agrees(&rows.iter().flat_map(|row| measures(row, Brain::Right)).collect::<Vec<_>>());
}

/// What is judged wrong in cases that are small enough to tell.
fn found_wrong(brain: Brain) -> Option<Vec<String>> {
    let cases = ["C03", "C07", "A01", "A06"];
    let rows = table::read("erlang-reference.csv")?;
    let rows = rows.iter().filter(|row| cases.contains(&row["case"].as_str()));
    Some(judge(&rows.flat_map(|row| measures(row, brain)).collect::<Vec<_>>()).wrong)
}

#[test]
fn a_brain_that_leaves_an_agent_idle_is_found() {
    let Some(wrong) = found_wrong(Brain::OneAgentLess) else { return };
    for measure in MEASURES {
        assert!(wrong.iter().any(|line| line.contains(measure)), "{measure} does not show it: {wrong:?}");
    }
}

#[test]
fn a_brain_that_does_not_serve_in_order_is_found() {
    let Some(wrong) = found_wrong(Brain::ByLot) else { return };
    // The mean is the same in any order; how it is spread is not.
    assert!(wrong.iter().any(|line| line.contains("p_served_within")), "{wrong:?}");
    assert!(!wrong.iter().any(|line| line.contains("p_wait")), "{wrong:?}");
}
