//! Reads who may wait in a queue, where others go, and who else is asked for help (`spill`); and looks at where all these ways
//! lead.

use crate::{
    Read,
    duration::{self, Span},
    finding::Place,
    routing::{EntryRead, QueueRead, then},
    suggest,
    table::{Check, Table, Typed, Wrong, quoted},
};
use acd::{
    Requirement,
    limits::Limits,
    plan::{QueuePlan, Then},
    routing::{MAX_COMBINATIONS, StepPlan},
};
use std::{collections::BTreeSet, time::Duration};

/// Bounds of `max_waiting`; no default.
const MAX_WAITING: (u32, u32) = (0, 100_000);
const SPILL_AFTER: Span = Span::ms(0, 86_400_000, 30_000);

/// What becomes of callers in a queue, as typed.
pub(crate) struct LimitsRead {
    pub limits: Limits,
    full: Place,
    unstaffed: Place,
    spill: Option<SpillRead>,
}

/// Queues whose agents help out, as typed.
struct SpillRead {
    after: Duration,
    queues: Vec<Typed<String>>,
    after_place: Place,
}

/// `max_waiting`, `full`, `unstaffed`, `spill` and `spill_after` of a queue.
pub(crate) fn limits(table: &mut Table<'_>, check: &mut Check<'_>) -> LimitsRead {
    let max_waiting = table.value("max_waiting").and_then(|value| value.whole(MAX_WAITING, check));
    let (full_place, unstaffed_place) = (table.place_of("full"), table.place_of("unstaffed"));
    let full = table.read("full", then, check).map_or(Then::Refuse, |then| then.value);
    if full != Then::Refuse && !table.has("max_waiting") {
        check.findings.warn(&full_place, "never comes: as many as come may wait", "add a max_waiting");
    }
    let unstaffed = table.read("unstaffed", then_or_wait, check).and_then(|then| then.value);
    let spill = spill(table, check);
    LimitsRead {
        limits: Limits { max_waiting, full, unstaffed },
        full: full_place,
        unstaffed: unstaffed_place,
        spill,
    }
}

fn then_or_wait(text: &str) -> Result<Option<Then>, Wrong> {
    if text == "wait" {
        return Ok(None);
    }
    then(text).map(Some).map_err(|wrong| {
        let way_out = match suggest::nearest(text, ["wait"]) {
            Some(_) => "did you mean \"wait\"?".to_owned(),
            None => format!("{}, or \"wait\"", wrong.way_out),
        };
        Wrong { way_out, ..wrong }
    })
}

fn spill(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<SpillRead> {
    let typed = table.texts("spill", check);
    let after = table.duration("spill_after", SPILL_AFTER, check);
    let owned = |typed: Typed<&str>| Typed { value: typed.value.to_owned(), place: typed.place };
    let queues: Vec<Typed<String>> = typed?.into_iter().map(owned).collect();
    (!queues.is_empty()).then_some(SpillRead { after: after.value, queues, after_place: after.place })
}

/// What agents of another queue are let in for from a waiting time on: its `needs` beside those of this one.
///
/// That is a step like any other, and what each later step needs is widened likewise. So the brain knows nothing of spilling:
/// such a call waits in its queue and its place, and only more agents may take it.
pub(crate) fn spilled(queues: &[QueueRead], check: &mut Check<'_>) -> Vec<QueuePlan> {
    let of = |name: &str| queues.iter().find(|queue| queue.plan.name == name);
    let mut plans = Vec::with_capacity(queues.len());
    for queue in queues {
        let mut plan = queue.plan.clone();
        if let Some(spill) = &queue.limits.spill {
            let helpers = spill.queues.iter().filter_map(|typed| of(&typed.value));
            let helpers: Vec<&Requirement> = helpers.map(|queue| &queue.plan.needs).collect();
            match widened(&plan, spill.after, &helpers) {
                Some(steps) if spill.after.is_zero() => {
                    let (first, rest) = split_first(steps, &plan.needs);
                    (plan.needs, plan.steps) = (first, rest);
                }
                Some(steps) => plan.steps = steps,
                None => {
                    let place = spill.queues.first().map_or(&queue.name, |typed| &typed.place);
                    let what = "what these queues need together is too long";
                    check.findings.problem(place, what, "name fewer queues, or give them shorter needs");
                }
            }
        }
        plans.push(plan);
    }
    plans
}

/// The steps of a queue with those of others let in from `after` on; none when that cannot be written down.
fn widened(plan: &QueuePlan, after: Duration, helpers: &[&Requirement]) -> Option<Vec<StepPlan>> {
    let mut steps: Vec<StepPlan> = plan.steps.clone();
    let before = steps.iter().filter(|step| step.after <= after).count();
    if before == 0 || steps[before - 1].after < after {
        let needs = if before == 0 { &plan.needs } else { &steps[before - 1].needs };
        let step = StepPlan { after, needs: needs.clone() };
        steps.insert(before, step);
    }
    for step in steps.iter_mut().filter(|step| step.after >= after) {
        step.needs = either(&step.needs, helpers)?;
    }
    Some(steps)
}

/// A step from the beginning on is what the queue needs at first.
fn split_first(mut steps: Vec<StepPlan>, needs: &Requirement) -> (Requirement, Vec<StepPlan>) {
    if steps.first().is_some_and(|step| step.after.is_zero()) {
        let first = steps.remove(0);
        return (first.needs, steps);
    }
    (needs.clone(), steps)
}

/// What is met by whoever meets one of these.
fn either(needs: &Requirement, others: &[&Requirement]) -> Option<Requirement> {
    let all = [needs].into_iter().chain(others.iter().copied());
    let texts: BTreeSet<String> = all.map(ToString::to_string).collect();
    if texts.contains("") {
        return Some(Requirement::anybody());
    }
    let mut texts = texts.into_iter().map(|text| format!("({text})"));
    let first = texts.next()?;
    texts.fold(first, |text, other| format!("{text} or {other}")).parse().ok()
}

/// A way that a call may go on from a queue.
struct Way<'a> {
    to: &'a str,
    place: &'a Place,
    /// The call has waited before it goes.
    waits: bool,
}

fn ways(queue: &QueueRead) -> impl Iterator<Item = Way<'_>> {
    let LimitsRead { limits, full, unstaffed, .. } = &queue.limits;
    let ways = [
        (Some(&queue.plan.then), &queue.then, true),
        (Some(&limits.full), full, false),
        (limits.unstaffed.as_ref(), unstaffed, false),
    ];
    ways.into_iter().filter_map(|(then, place, waits)| Some(Way { to: queue_of(then?)?, place, waits }))
}

pub(crate) fn queue_of(then: &Then) -> Option<&str> {
    match then {
        Then::Queue(name) => Some(name),
        Then::Refuse => None,
    }
}

/// Where an entry leads outside of its hours.
fn instead(entry: &EntryRead) -> Option<(&str, &Place)> {
    Some((queue_of(&entry.plan.hours.as_ref()?.closed)?, &entry.closed))
}

/// The other queues that a call may come to from one.
fn others(queue: &QueueRead) -> Vec<&str> {
    ways(queue).map(|way| way.to).filter(|to| *to != queue.plan.name).collect()
}

/// Every queue that something leads to, and where that stands.
pub(crate) fn leads(read: &Read) -> impl Iterator<Item = (&str, &Place)> {
    let entries = read.entries.iter().map(|entry| (entry.plan.queue.as_str(), &entry.queue));
    let closed = read.entries.iter().filter_map(instead);
    let on = read.queues.iter().flat_map(ways).map(|way| (way.to, way.place));
    let spill = read.queues.iter().filter_map(|queue| queue.limits.spill.as_ref());
    let helpers = spill.flat_map(|spill| &spill.queues).map(|typed| (typed.value.as_str(), &typed.place));
    entries.chain(closed).chain(on).chain(helpers)
}

/// The queues that callers come to, from an entry or another queue.
pub(crate) fn reached(read: &Read) -> BTreeSet<&str> {
    let entries = read.entries.iter().map(|entry| entry.plan.queue.as_str());
    let closed = read.entries.iter().filter_map(instead).map(|(name, _)| name);
    entries.chain(closed).chain(read.queues.iter().flat_map(others)).collect()
}

/// Ways that lead nowhere else, and ways that come round after a wait.
pub(crate) fn check(read: &Read, check: &mut Check<'_>) {
    for queue in &read.queues {
        let here = queue.plan.name.as_str();
        for way in ways(queue).filter(|way| way.to == here && !way.waits) {
            let what = format!("{} leads to itself", quoted(here));
            check.findings.problem(way.place, what, "name another queue, or \"refuse\"");
        }
        let Some(spill) = &queue.limits.spill else { continue };
        for typed in spill.queues.iter().filter(|typed| typed.value == here) {
            let what = format!("{} would help itself", quoted(here));
            check.findings.problem(&typed.place, what, "name other queues");
        }
        too_many_values(read, queue, spill, check);
        if spill.after >= queue.plan.max_wait {
            let wait = duration::shown(queue.plan.max_wait);
            let what = format!("\"{}\" never comes: max_wait is {wait}", duration::shown(spill.after));
            check.findings.warn(&spill.after_place, what, "choose a shorter time, or a longer max_wait");
        }
    }
    for queue in &read.queues {
        warn_of_round(queue, &read.queues, check);
    }
}

/// What others need may speak of attributes that this queue does not.
fn too_many_values(read: &Read, queue: &QueueRead, spill: &SpillRead, check: &mut Check<'_>) {
    let Some(plan) = read.plans.iter().find(|plan| plan.name == queue.plan.name) else { return };
    let needs = [&plan.needs].into_iter().chain(plan.steps.iter().map(|step| &step.needs));
    let spoken: BTreeSet<&str> = needs.flat_map(Requirement::variables).collect();
    let of = read.attributes.iter().filter(|read| spoken.contains(read.plan.name.as_str()));
    let count = of.fold(1_usize, |count, read| count.saturating_mul(read.plan.values.len().max(1)));
    if let (true, Some(first)) = (count > MAX_COMBINATIONS, spill.queues.first()) {
        let what = format!("brings attributes with {count} combinations of values together");
        let way_out = format!("choose fewer: {MAX_COMBINATIONS} at most in one queue");
        check.findings.problem(&first.place, what, way_out);
    }
}

/// A call that has waited here and is sent back here by a limit of where it goes is sent away.
fn warn_of_round(queue: &QueueRead, queues: &[QueueRead], check: &mut Check<'_>) {
    let here = queue.plan.name.as_str();
    let Some(first) = ways(queue).find(|way| way.waits && way.to != here) else { return };
    let mut path = vec![here];
    let mut next = Some(first.to);
    while let Some(name) = next {
        if name == here {
            path.push(here);
            let what = format!("goes round when it cannot wait there: {}", path.join(" → "));
            let way_out = "let full and unstaffed lead elsewhere, or callers who come back are sent away";
            return check.findings.warn(first.place, what, way_out);
        }
        if path.contains(&name) {
            return;
        }
        path.push(name);
        let there = queues.iter().find(|queue| queue.plan.name == name);
        let mut on: Vec<Way<'_>> = there.into_iter().flat_map(ways).filter(|way| !way.waits).collect();
        // Back to where it came from, if a limit leads there.
        on.sort_by_key(|way| way.to != here);
        next = on.first().map(|way| way.to);
    }
}
