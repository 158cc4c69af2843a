//! Events a second of one core, the longest single event, and memory for each agent and waiting call, on the floor of `decisions`.
//!
//! `cargo bench -p acd --bench worst [-- AGENTS QUEUES WAITING]`; without sizes a curve. Memory is the growth of what
//! this process has in RAM (`/proc/self/statm`); times are this thread's own, so that a busy machine falsifies little.

mod busy;

use busy::{Busy, Size, cpu_time, plan};
use std::{collections::BTreeMap, time::Duration};

const PAGE: u64 = 4_096;
const ROUNDS: u64 = 100_000;
const CURVE: [(u64, u64, u64); 5] = [
    (100, 20, 200),
    (1_000, 100, 2_000),
    (10_000, 500, 20_000),
    (20_000, 500, 20_000),
    (50_000, 500, 20_000),
];

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE
}

fn measure(size: Size) {
    // The plan that is handed in is there before, and gone after; what the brain keeps of it counts.
    let plan = plan(size);
    let begin = resident();
    let mut busy = Busy::under(plan, size);
    let staffed = resident();
    busy.fill();
    let full = resident();
    (0..20_000).for_each(|_| busy.round());
    let (events, started) = (busy.events, cpu_time());
    (0..ROUNDS).for_each(|_| busy.round());
    let rate = (busy.events - events) as f64 / cpu_time().saturating_sub(started).as_secs_f64();
    let mut times: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    (0..ROUNDS).for_each(|_| busy.timed(|name, took| times.entry(name).or_default().push(took)));
    println!(
        "{} agents, {} queues, {} waiting: {rate:.0} events/s; {} bytes an idle agent, {} a waiting call",
        size.agents,
        size.queues,
        size.waiting,
        staffed.saturating_sub(begin) / size.agents,
        full.saturating_sub(staffed) / (size.agents + size.waiting),
    );
    for (name, times) in &mut times {
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 10_000];
        println!(
            "    {name}: p50 {:?}, p99 {:?}, p99.99 {:?}, longest {:?} of {}",
            at(5_000),
            at(9_900),
            at(9_999),
            at(10_000),
            times.len()
        );
    }
}

fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    match sizes[..] {
        [agents, queues, waiting] => measure(Size { agents, queues, waiting }),
        _ => CURVE.iter().for_each(|&(agents, queues, waiting)| measure(Size { agents, queues, waiting })),
    }
}
