//! What if: a recorded time played again under the rules of then and under others, side by side.
//!
//! From the log come the callers, what was known of their calls, how long conversations and wrap-ups were, and when agents
//! were there. What the log cannot know is drawn from callers alike ([`acd::day`]), once for each seed, and the same
//! draws are played under both rules; so what differs between the two sides is the rules, and what differs between the
//! seeds is what nobody can know. `record` reads, `tally` counts, `table` shows, `command` is `sambung replay --with`.

pub mod command;
pub mod record;
pub mod table;
pub mod tally;

use acd::{
    Plan, Timestamp,
    day::{Caller, Day, DayError, Duty},
    plan::Presence,
};
use record::Record;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tally::{MEASURES, Measures, Tally};

/// Most seeds played.
pub const MAX_SEEDS: u32 = 1_000;

/// A measure over all seeds: its mean, and between what it lay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// The mean.
    pub mean: f64,
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

/// A queue, or all of them, before and after.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The queue; `all` together.
    pub queue: String,
    /// What was on record.
    pub recorded: Measures,
    /// Played under the rules of then.
    pub same: [Option<Range>; MEASURES],
    /// Played under the others.
    pub other: [Option<Range>; MEASURES],
    /// The second less the first, seed by seed.
    pub difference: [Option<Range>; MEASURES],
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// From when to when.
    pub period: (Timestamp, Timestamp),
    /// Seeds played.
    pub seeds: u32,
    /// Each queue by name, and `all` at the end.
    pub queues: Vec<Compared>,
    /// What was assumed, and what cannot be known.
    pub assumed: Vec<String>,
}

/// Plays the record under both rules, each once for every seed; `tell` hears how many of how many are done.
///
/// # Errors
/// [`DayError`], which would be our own defect.
pub fn compare(
    record: &Record,
    other: &Plan,
    seeds: u32,
    tell: impl Fn(usize, usize) + Sync,
) -> Result<Outcome, DayError> {
    let both = [&record.plan, other];
    let tallies = play_all(record, both, seeds, &tell)?;
    let (same, others): (Vec<Tally>, Vec<Tally>) = tallies.into_iter().unzip();
    let names = |plan: &Plan| plan.queues.iter().map(|queue| queue.name.clone()).collect::<Vec<_>>();
    let mut queues: Vec<Option<String>> =
        both.into_iter().flat_map(names).collect::<BTreeSet<String>>().into_iter().map(Some).collect();
    queues.push(None);
    let compared = queues.into_iter().map(|queue| {
        let of = |tallies: &[Tally]| -> Vec<Measures> {
            tallies.iter().map(|tally| tally.measures(queue.as_deref())).collect()
        };
        let (same, others) = (of(&same), of(&others));
        let pairs = same.iter().zip(&others).map(|(same, other)| less(other, same));
        Compared {
            recorded: record.tally.measures(queue.as_deref()),
            difference: ranges(&pairs.collect::<Vec<_>>()),
            same: ranges(&same),
            other: ranges(&others),
            queue: queue.unwrap_or_else(|| "all".to_owned()),
        }
    });
    let queues = compared.collect();
    Ok(Outcome { period: record.period, seeds, queues, assumed: assumed(record, other) })
}

/// The two tallies of each seed, in the order of the seeds.
fn play_all(
    record: &Record,
    plans: [&Plan; 2],
    seeds: u32,
    tell: &(impl Fn(usize, usize) + Sync),
) -> Result<Vec<(Tally, Tally)>, DayError> {
    let all = seeds as usize;
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= all {
                return;
            }
            let callers = record.recorded.callers(seed as u64 + 1);
            let [same, other] = plans.map(|plan| play(record, plan, callers.clone()));
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.insert(seed, same.and_then(|same| Ok((same, other?))));
            tell(done.len(), all);
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(all);
    std::thread::scope(|scope| (0..workers).for_each(|_| _ = scope.spawn(work)));
    done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
}

fn play(record: &Record, plan: &Plan, callers: Vec<Caller>) -> Result<Tally, DayError> {
    let known: BTreeSet<&str> =
        plan.agents.iter().filter(|agent| needs_duty(agent)).map(|agent| &*agent.id).collect();
    let duties: Vec<Duty> =
        record.duties.iter().filter(|duty| known.contains(duty.agent.as_str())).cloned().collect();
    let (from, to) = record.period;
    let mut day = Day::new(from, plan.clone(), &duties, callers, record.rings)?;
    let mut tally = Tally::new(from, to);
    tally.learn(day.acd());
    while let Some(handled) = day.step()? {
        tally.take(day.acd(), &handled.effects);
    }
    tally.close(day.acd());
    Ok(tally)
}

fn needs_duty(agent: &acd::plan::AgentPlan) -> bool {
    agent.presence == Presence::Desk
}

fn less(one: &Measures, other: &Measures) -> Measures {
    std::array::from_fn(|which| Some(one[which]? - other[which]?))
}

/// Over the seeds in which there was a value.
fn ranges(of: &[Measures]) -> [Option<Range>; MEASURES] {
    std::array::from_fn(|which| {
        let values: Vec<f64> = of.iter().filter_map(|measures| measures[which]).collect();
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        Some(Range { mean: values.iter().sum::<f64>() / values.len() as f64, low, high })
    })
}

/// What a planner has to know before believing any of it.
fn assumed(record: &Record, other: &Plan) -> Vec<String> {
    let mut all = record.assumed();
    let on_duty: BTreeSet<&str> = record.duties.iter().map(|duty| duty.agent.as_str()).collect();
    let ids = |plan: &Plan| -> BTreeSet<String> {
        plan.agents.iter().filter(|agent| needs_duty(agent)).map(|agent| agent.id.clone()).collect()
    };
    let (before, after) = (ids(&record.plan), ids(other));
    let never: Vec<&str> = after.iter().map(String::as_str).filter(|id| !on_duty.contains(id)).collect();
    if !never.is_empty() {
        all.push(format!(
            "warning: the record does not say when these agents would be there, so they take no calls under the other rules: {}",
            never.join(", ")
        ));
    }
    let gone: Vec<&str> =
        before.difference(&after).map(String::as_str).filter(|id| on_duty.contains(id)).collect();
    if !gone.is_empty() {
        all.push(format!("these agents were there and are not in the other rules: {}", gone.join(", ")));
    }
    all
}
