//! Warns of rules that can be told from the file alone to be hardly meant: times that never come, callers whom nobody may
//! ever take, priorities behind which others starve.

use crate::{
    Read,
    duration::shown,
    finding::Place,
    routing::{EntryRead, QueueRead},
    steps::{combinations, requirements, who},
    table::{Check, quoted},
};
use acd::plan::Then;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Kinds of agents: those with the same skills are alike here.
type Kinds<'a> = BTreeSet<&'a BTreeMap<String, u8>>;
/// So many classes of callers are named; the others are counted.
const NAMED: usize = 3;

/// Times that something else always comes before.
pub(crate) fn timers(read: &Read, check: &mut Check<'_>) {
    for queue in &read.queues {
        let plan = &queue.plan;
        let (wait, ring) = (plan.max_wait, plan.ring);
        if let Some(prefer) = plan.prefer.filter(|prefer| prefer.patience >= wait) {
            let what = never_over(prefer.patience, wait, "nobody else gets a call that she is too busy for");
            check.findings.warn(&queue.prefer, what, "choose a shorter time, or a longer max_wait");
        }
        if ring >= wait {
            let what = never_over(ring, wait, "who is not answered at the first phone leaves the queue");
            check.findings.warn(&queue.ring, what, "choose a shorter ring, or a longer max_wait");
        }
        if plan.pop_budget >= ring {
            let (budget, ring) = (shown(plan.pop_budget), shown(ring));
            let what = format!("\"{budget}\" is as long as ring, {ring}: a late card leaves no time to ring");
            check.findings.warn(&queue.pop_budget, what, "choose a shorter time, or a longer ring");
        }
    }
}

fn never_over(time: Duration, max_wait: Duration, so: &str) -> String {
    format!("\"{}\" is not over before max_wait, {}: {so}", shown(time), shown(max_wait))
}

/// Callers of whom an attribute says something that no agent meets, at first or at any step.
pub(crate) fn stranded(read: &Read, kinds: &Kinds<'_>, check: &mut Check<'_>) {
    for queue in &read.queues {
        let spoken: BTreeSet<&str> = requirements(queue).flat_map(|(needs, _)| needs.variables()).collect();
        if spoken.is_empty() {
            continue; // what nobody meets is said of each requirement
        }
        let lost = combinations(&spoken, &read.attributes).into_iter().filter(|values| {
            let value = |name: &str| values.get(name).copied();
            requirements(queue).all(|(needs, _)| who(&needs.resolve(value), kinds).is_empty())
        });
        let lost: Vec<String> = lost.map(|values| in_words(&values)).collect();
        if !lost.is_empty() {
            let named = lost.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
            let rest =
                if lost.len() > NAMED { format!(" and {} more", lost.len() - NAMED) } else { String::new() };
            let what = format!("calls with {named}{rest} can be taken by nobody at any step");
            let way_out = "give an agent these skills, take the value out, or add a step that lets others in";
            check.findings.warn(&queue.needs, what, way_out);
        }
    }
}

fn in_words(values: &BTreeMap<&str, &str>) -> String {
    let each = values.iter().map(|(name, value)| format!("{name} {}", quoted(value)));
    each.collect::<Vec<_>>().join(" and ")
}

/// Entries behind which others always go first: everybody who may ever take their calls may take those of a higher
/// priority from the beginning, and waiting makes no difference. How many such calls there are a file does not say.
pub(crate) fn starving(read: &Read, kinds: &Kinds<'_>, check: &mut Check<'_>) {
    if read.routing.ageing.is_some() {
        return;
    }
    for low in &read.entries {
        let hers = everybody(read, low, kinds);
        let higher = read.entries.iter().filter(|high| high.plan.priority > low.plan.priority);
        let first = |high: &&EntryRead| {
            let queue = queue_of(read, &high.plan.queue);
            queue.is_some_and(|queue| hers.is_subset(&team(read, queue, kinds, true)))
        };
        let ahead = higher.filter(|high| !hers.is_empty() && first(high));
        if let Some(high) = ahead.max_by_key(|high| high.plan.priority) {
            warn_of_starving(&low.priority, low, high, check);
        }
    }
}

fn queue_of<'a>(read: &'a Read, name: &str) -> Option<&'a QueueRead> {
    read.queues.iter().find(|queue| queue.plan.name == name)
}

/// Everybody who may ever take a call of an entry: in its queue, and in those that it may overflow to.
fn everybody(read: &Read, entry: &EntryRead, kinds: &Kinds<'_>) -> BTreeSet<usize> {
    let (mut all, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut next = queue_of(read, &entry.plan.queue);
    while let Some(queue) = next.filter(|queue| seen.insert(queue.plan.name.as_str())) {
        all.extend(team(read, queue, kinds, false));
        next = match &queue.plan.then {
            Then::Queue(name) => queue_of(read, name),
            Then::Refuse => None,
        };
    }
    all
}

fn warn_of_starving(place: &Place, low: &EntryRead, high: &EntryRead, check: &mut Check<'_>) {
    let what = format!(
        "priority {} is served only while nobody of priority {} (entry {}) waits, since whoever may take its calls may take those",
        low.plan.priority,
        high.plan.priority,
        quoted(&high.plan.number)
    );
    check.findings.warn(place, what, "let waiting count: [routing] ageing, such as \"60s\"");
}

/// The kinds of agents who may take a queue's calls: of every caller before any step, or of some caller at some step.
fn team(read: &Read, queue: &QueueRead, kinds: &Kinds<'_>, first: bool) -> BTreeSet<usize> {
    let spoken: BTreeSet<&str> = requirements(queue).flat_map(|(needs, _)| needs.variables()).collect();
    let combinations = combinations(&spoken, &read.attributes);
    let able = |values: &BTreeMap<&str, &str>, steps: usize| {
        let needs = requirements(queue).take(steps);
        needs.flat_map(|(needs, _)| who(&needs.resolve(|name| values.get(name).copied()), kinds)).collect()
    };
    let mut teams = combinations.iter().map(|values| able(values, if first { 1 } else { usize::MAX }));
    let one: BTreeSet<usize> = teams.next().unwrap_or_default();
    teams.fold(one, |all, team| if first { &all & &team } else { &all | &team })
}
