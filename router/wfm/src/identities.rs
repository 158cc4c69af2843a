//! The identities that every report must satisfy, checked against its rows.
//!
//! Each is computed in another way than the tables are, so that a wrong timestamp, a missing row or a row counted
//! twice shows. The numbers are those of the definitions.

use crate::{
    Micros,
    interval::Grid,
    rows::{Fate, OfferEnd, Rows, Span, Visit},
    tally::{AgentRow, QueueRow, Table},
};
use std::collections::{BTreeMap, BTreeSet};

/// An identity that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its number in the definitions, 1 to 6.
    pub identity: u8,
    /// What does not fit. Queues and agents are named by their place.
    pub what: What,
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// 1: offered and what came of it differ.
    Flow {
        /// Which queue.
        queue: usize,
        /// Which interval.
        interval: usize,
        /// Waiting at its end as the counts say.
        counted: i64,
        /// Waiting at its end as the visits say.
        waiting: i64,
    },
    /// 2: an agent was in two states at once, or in none.
    Time {
        /// Who.
        agent: usize,
        /// From when.
        at: Micros,
        /// How long; negative for two states at once.
        gap: Micros,
    },
    /// 2: the states of an agent fill more than an interval.
    Overfull {
        /// Who.
        agent: usize,
        /// Which interval.
        interval: usize,
        /// How much more.
        over: Micros,
    },
    /// 3: the intervals do not add up to the records.
    Sum {
        /// Which queue.
        queue: usize,
        /// Which column.
        column: &'static str,
        /// Sum of the intervals.
        intervals: i64,
        /// Fold of the records.
        records: i64,
    },
    /// 4: agents and queues disagree on the calls answered.
    Answered {
        /// Sum over agents.
        agents: u64,
        /// Sum over queues.
        queues: u64,
    },
    /// 5: the sum of the waits is not the integral of the queue's length.
    Waits {
        /// Which queue.
        queue: usize,
        /// Sum of the waits.
        sum: Micros,
        /// Integral of the length.
        integral: Micros,
    },
    /// 6: an answered visit without exactly one accepted offer, or an accepted offer without an answered visit.
    Offers {
        /// The call, as a number.
        call: u128,
        /// Which visit.
        visit: u32,
        /// How many accepted offers.
        accepted: usize,
        /// Whether the visit was answered.
        answered: bool,
    },
}

impl Violation {
    /// In words; the lists name queues and agents by their places.
    #[must_use]
    pub fn describe(&self, queues: &[String], agents: &[String]) -> String {
        let queue_name = |at: usize| queues.get(at).map_or("?", String::as_str);
        let agent_name = |at: usize| agents.get(at).map_or("?", String::as_str);
        let what = match &self.what {
            What::Flow { queue, interval, counted, waiting } => {
                let queue = queue_name(*queue);
                format!(
                    "queue {queue}, interval {interval}: {counted} waiting by counts, {waiting} by visits"
                )
            }
            What::Time { agent, at, gap } => {
                let states = if *gap < 0 { "two states" } else { "no state" };
                format!("agent {} is in {states} for {} us from {at}", agent_name(*agent), gap.abs())
            }
            What::Overfull { agent, interval, over } => {
                format!("agent {}, interval {interval}: states fill {over} us too much", agent_name(*agent))
            }
            What::Sum { queue, column, intervals, records } => {
                let queue = queue_name(*queue);
                format!("queue {queue}: {column} is {intervals} over intervals, {records} over records")
            }
            What::Answered { agents, queues } => {
                format!("answered is {agents} over agents, {queues} over queues")
            }
            What::Waits { queue, sum, integral } => {
                let queue = queue_name(*queue);
                format!(
                    "queue {queue}: waits sum to {sum} us, the queue's length integrates to {integral} us"
                )
            }
            What::Offers { call, visit, accepted, answered } => {
                let answered = if *answered { "answered" } else { "not answered" };
                format!("call {call:#034x}, visit {visit}: {answered}, with {accepted} accepted offers")
            }
        };
        format!("identity {}: {what}", self.identity)
    }
}

/// Checks all six over a report by event. Empty: they hold.
#[must_use]
pub fn check(grid: &Grid, rows: &Rows, queues: &Table<QueueRow>, agents: &Table<AgentRow>) -> Vec<Violation> {
    let mut found = Vec::new();
    let by_queue = visits_by_queue(&rows.visits);
    for (&queue, visits) in &by_queue {
        flow(grid, queue, visits, queues, &mut found);
        sums(grid, queue, visits, queues, &mut found);
        waits(grid, queue, visits, &mut found);
    }
    time(grid, &rows.spans, agents, &mut found);
    answered(grid, rows, agents, queues, &mut found);
    offers(grid, rows, &mut found);
    found
}

fn visits_by_queue(visits: &[Visit]) -> BTreeMap<usize, Vec<&Visit>> {
    let mut by_queue: BTreeMap<usize, Vec<&Visit>> = BTreeMap::new();
    for visit in visits {
        by_queue.entry(visit.queue).or_default().push(visit);
    }
    by_queue
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// 1: offered = answered + abandoned + flow-out + lost + (waiting at end − waiting at start), in every interval.
fn flow(grid: &Grid, queue: usize, visits: &[&Visit], table: &Table<QueueRow>, found: &mut Vec<Violation>) {
    let mut entries: Vec<Micros> = visits.iter().map(|visit| visit.entered).collect();
    let mut exits: Vec<Micros> = visits.iter().filter_map(|visit| visit.exit()).collect();
    entries.sort_unstable();
    exits.sort_unstable();
    let before = |times: &[Micros], at: Micros| signed(times.partition_point(|&time| time < at));
    let waiting_at = |at: Micros| before(&entries, at) - before(&exits, at);
    for interval in 0..grid.len() {
        let Some(row) = table.get(interval, queue) else { continue };
        let left = row.counts.answered + row.counts.abandoned + row.flow_out + row.lost;
        let counted = waiting_at(grid.start(interval)) + int(row.offered) - int(left);
        let waiting = waiting_at(grid.end(interval));
        if counted != waiting {
            found.push(Violation { identity: 1, what: What::Flow { queue, interval, counted, waiting } });
        }
    }
}

/// 3: the intervals add up to a fold of the visits over the whole range.
fn sums(grid: &Grid, queue: usize, visits: &[&Visit], table: &Table<QueueRow>, found: &mut Vec<Violation>) {
    let inside = |at: Micros| grid.from() <= at && at < grid.to();
    let mut records = [0_i64; 5];
    for visit in visits {
        records[0] += i64::from(inside(visit.entered));
        match visit.fate {
            Fate::Answered { at, work, .. } => {
                records[1] += i64::from(inside(at));
                let work = work.filter(|work| inside(work.done));
                records[2] += i64::from(work.is_some());
                records[4] += work.map_or(0, |work| work.talk + work.hold + work.wrap_up);
            }
            Fate::Abandoned { at } => records[3] += i64::from(inside(at)),
            Fate::Waiting | Fate::FlowOut { .. } | Fate::Lost { .. } => {}
        }
    }
    let mut intervals = [0_i64; 5];
    for row in (0..grid.len()).filter_map(|interval| table.get(interval, queue)) {
        let counts = [
            int(row.offered),
            int(row.counts.answered),
            int(row.handled),
            int(row.counts.abandoned),
            row.handle,
        ];
        intervals.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    for (at, column) in ["offered", "answered", "handled", "abandoned", "handle time"].into_iter().enumerate()
    {
        if intervals[at] != records[at] {
            let what = What::Sum { queue, column, intervals: intervals[at], records: records[at] };
            found.push(Violation { identity: 3, what });
        }
    }
}

/// 5: the sum of the waits within the range is the integral of the queue's length over it.
///
/// A caller who left before she came makes the length negative but no wait, so she shows.
fn waits(grid: &Grid, queue: usize, visits: &[&Visit], found: &mut Vec<Violation>) {
    let within = |at: Micros| at.clamp(grid.from(), grid.to());
    let mut sum = 0;
    let mut steps: Vec<(Micros, i64)> = Vec::with_capacity(visits.len() * 2);
    for visit in visits {
        let exit = within(visit.exit().unwrap_or(Micros::MAX));
        sum += (exit - within(visit.entered)).max(0);
        steps.push((within(visit.entered), 1));
        steps.push((exit, -1));
    }
    steps.sort_unstable();
    let (mut integral, mut length, mut last) = (0, 0, grid.from());
    for (at, step) in steps {
        integral += length * (at - last);
        length += step;
        last = at;
    }
    if sum != integral {
        found.push(Violation { identity: 5, what: What::Waits { queue, sum, integral } });
    }
}

/// 2: an agent's states follow each other without a gap, and fill an interval at most.
fn time(grid: &Grid, spans: &[Span], table: &Table<AgentRow>, found: &mut Vec<Violation>) {
    let mut by_agent: BTreeMap<usize, Vec<(Micros, Micros)>> = BTreeMap::new();
    for span in spans {
        by_agent.entry(span.agent).or_default().push((span.from, span.to));
    }
    for (&agent, spans) in &mut by_agent {
        spans.sort_unstable();
        for pair in spans.windows(2) {
            let gap = pair[1].0 - pair[0].1;
            if gap != 0 {
                found.push(Violation { identity: 2, what: What::Time { agent, at: pair[0].1, gap } });
            }
        }
    }
    for (interval, agent, row) in table.iter() {
        let over = row.staffed() + row.logged_out - grid.length(interval);
        if over > 0 {
            found.push(Violation { identity: 2, what: What::Overfull { agent, interval, over } });
        }
    }
}

/// 4: every call answered by a queue was answered by an agent, and the other way round.
fn answered(
    grid: &Grid,
    rows: &Rows,
    agents: &Table<AgentRow>,
    queues: &Table<QueueRow>,
    found: &mut Vec<Violation>,
) {
    let by_agents: u64 = agents.iter().map(|(_, _, row)| row.answered).sum();
    let by_queues: u64 = queues.iter().map(|(_, _, row)| row.counts.answered).sum();
    let accepted = rows.offers.iter().filter(|offer| offer.outcome == OfferEnd::Accepted);
    let by_offers = accepted.filter(|offer| grid.index_of(offer.ended).is_some()).count() as u64;
    for agents in [by_agents, by_offers] {
        if agents != by_queues {
            found.push(Violation { identity: 4, what: What::Answered { agents, queues: by_queues } });
            return;
        }
    }
}

/// 6: every answered visit has exactly one accepted offer, every accepted offer an answered visit.
fn offers(grid: &Grid, rows: &Rows, found: &mut Vec<Violation>) {
    let mut accepted: BTreeMap<(u128, u32), usize> = BTreeMap::new();
    for offer in rows.offers.iter().filter(|offer| offer.outcome == OfferEnd::Accepted) {
        *accepted.entry((offer.call, offer.visit)).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    for visit in &rows.visits {
        let key = (visit.call, visit.number);
        let Fate::Answered { at, .. } = visit.fate else { continue };
        taken.insert(key);
        let count = accepted.get(&key).copied().unwrap_or(0);
        if count != 1 && grid.index_of(at).is_some() {
            let what =
                What::Offers { call: visit.call, visit: visit.number, accepted: count, answered: true };
            found.push(Violation { identity: 6, what });
        }
    }
    for offer in rows.offers.iter().filter(|offer| offer.outcome == OfferEnd::Accepted) {
        if !taken.contains(&(offer.call, offer.visit)) && grid.index_of(offer.ended).is_some() {
            let what = What::Offers { call: offer.call, visit: offer.visit, accepted: 1, answered: false };
            found.push(Violation { identity: 6, what });
        }
    }
}
