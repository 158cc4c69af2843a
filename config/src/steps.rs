//! Reads what a queue adds to its requirement: steps, the agent of the last time, the place of who comes again; and
//! checks that somebody can meet what is needed, at each step and for each value of an attribute.

use crate::{
    Read,
    duration::{self, Span, shown},
    finding::Place,
    order::AttributeRead,
    routing::{QueueRead, requirement},
    suggest,
    table::{Check, Table, quoted},
};
use acd::{
    Requirement,
    routing::{MAX_COMBINATIONS, MAX_STEPS, PreferPlan, StepPlan},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const AFTER: Span = Span::ms(1_000, 86_400_000, 30_000);
const PATIENCE: Span = Span::ms(1_000, 3_600_000, 30_000);
const PREFER_FOR: Span = Span::ms(60_000, 3_650 * 86_400_000, 7 * 86_400_000);
const KEEP_PLACE: Span = Span::ms(1_000, 86_400_000, 300_000);

/// A step as typed.
pub(crate) struct StepRead {
    pub plan: StepPlan,
    pub after: Place,
    pub needs: Place,
    /// Whether a time was typed.
    timed: bool,
}

/// `steps` of a queue.
pub(crate) fn steps(table: &mut Table<'_>, check: &mut Check<'_>) -> Vec<StepRead> {
    let place = table.place_of("steps");
    let steps: Vec<StepRead> =
        table.tables("steps", "after", check).into_iter().map(|table| step(table, check)).collect();
    if steps.len() > MAX_STEPS {
        let what = format!("has {} steps", steps.len());
        check.findings.problem(&place, what, format!("write {MAX_STEPS} at most"));
    }
    for pair in steps.windows(2) {
        let [before, step] = pair else { continue };
        if before.timed && step.plan.after <= before.plan.after {
            let what = format!("\"{}\" is not later than the step before it", shown(step.plan.after));
            check.findings.problem(&step.after, what, "write steps in the order in which they come");
        }
    }
    steps
}

fn step(mut table: Table<'_>, check: &mut Check<'_>) -> StepRead {
    let (after, needs) = (table.place_of("after"), table.place_of("needs"));
    let timed = table.has("after");
    if !timed {
        check.findings.missing(&after, "say from which waiting time on, such as after = \"30s\"");
    }
    let time = table.duration("after", AFTER, check).value;
    let typed = table.needed_text("needs", "say what is needed then; \"\" lets everybody in", check);
    let typed = typed.and_then(|typed| typed.read(requirement, check));
    table.close(check);
    let plan = StepPlan { after: time, needs: typed.map_or_else(Requirement::anybody, |typed| typed.value) };
    StepRead { plan, after, needs, timed }
}

/// `prefer_last_agent` and `prefer_for` of a queue.
pub(crate) fn prefer(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<PreferPlan> {
    let patience = duration::if_any(table, "prefer_last_agent", PATIENCE, check);
    if table.has("prefer_for") && !table.has("prefer_last_agent") {
        let place = table.place_of("prefer_for");
        let way_out = "say for how long as well, such as prefer_last_agent = \"30s\", or take it out";
        check.findings.warn(&place, "nobody waits for the agent of the last time", way_out);
    }
    let within = table.duration("prefer_for", PREFER_FOR, check).value;
    patience.map(|patience| PreferPlan { patience, within })
}

/// `keep_place` of a queue.
pub(crate) fn keep_place(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<Duration> {
    duration::if_any(table, "keep_place", KEEP_PLACE, check)
}

/// Attributes that nobody has named, too many combinations of values, and steps that come too late.
pub(crate) fn check(read: &Read, check: &mut Check<'_>) {
    for queue in &read.queues {
        let mut spoken: BTreeSet<&str> = BTreeSet::new();
        for (needs, place) in requirements(queue) {
            for name in needs.variables() {
                if read.attributes.iter().any(|attribute| attribute.plan.name == name) {
                    spoken.insert(name);
                } else {
                    let known = read.attributes.iter().map(|attribute| attribute.plan.name.as_str());
                    let way_out = if read.attributes.is_empty() {
                        format!("add an [[attribute]] of that name, or write {name:?} if a skill is meant")
                    } else {
                        suggest::way_out(name, known)
                    };
                    check.findings.problem(place, format!("there is no attribute {}", quoted(name)), way_out);
                }
            }
        }
        let count = combinations(&spoken, &read.attributes).len();
        if count > MAX_COMBINATIONS {
            let what = format!("speaks of attributes with {count} combinations of values or more");
            let way_out = format!("choose fewer: {MAX_COMBINATIONS} at most in one queue");
            check.findings.problem(&queue.needs, what, way_out);
        }
        let late = queue.steps.iter().find(|step| step.plan.after >= queue.plan.max_wait);
        if let Some(step) = late {
            let wait = shown(queue.plan.max_wait);
            let what = format!("\"{}\" never comes: max_wait is {wait}", shown(step.plan.after));
            check.findings.warn(&step.after, what, "choose a shorter time, or a longer max_wait");
        }
    }
}

pub(crate) fn requirements(queue: &QueueRead) -> impl Iterator<Item = (&Requirement, &Place)> {
    let steps = queue.steps.iter().map(|step| (&step.plan.needs, &step.needs));
    [(&queue.plan.needs, &queue.needs)].into_iter().chain(steps)
}

pub(crate) type Values<'a> = BTreeMap<&'a str, &'a str>;

/// Every combination of values, one more than allowed at most.
pub(crate) fn combinations<'a>(spoken: &BTreeSet<&str>, attributes: &'a [AttributeRead]) -> Vec<Values<'a>> {
    let mut all: Vec<Values<'a>> = vec![BTreeMap::new()];
    for attribute in attributes.iter().filter(|attribute| spoken.contains(attribute.plan.name.as_str())) {
        let values = &attribute.plan.values;
        let each = all.iter().flat_map(|known| {
            values.iter().map(move |value| {
                let mut known = known.clone();
                known.insert(&attribute.plan.name, value);
                known
            })
        });
        all = each.take(MAX_COMBINATIONS + 1).collect();
    }
    all
}

/// Warns of what nobody can meet, at first or at a step, and of steps that let nobody else in.
pub(crate) fn able(read: &Read, kinds: &BTreeSet<&BTreeMap<String, u8>>, check: &mut Check<'_>) {
    let skills: BTreeSet<&str> = kinds.iter().flat_map(|kind| kind.keys()).map(String::as_str).collect();
    for queue in &read.queues {
        let mut before: Option<Vec<BTreeSet<usize>>> = None;
        let spoken: BTreeSet<&str> = requirements(queue).flat_map(|(needs, _)| needs.variables()).collect();
        let combinations = combinations(&spoken, &read.attributes);
        for (needs, place) in requirements(queue) {
            let resolved: Vec<Requirement> =
                combinations.iter().map(|values| needs.resolve(|name| values.get(name).copied())).collect();
            let able: Vec<BTreeSet<usize>> = resolved.iter().map(|needs| who(needs, kinds)).collect();
            if !warn_of_slip(needs, &skills, place, check) {
                let nobody = able.iter().zip(&resolved).find(|(able, _)| able.is_empty());
                if let Some((_, needs)) = nobody {
                    let what = format!("no agent meets {}", quoted(&needs.to_string()));
                    check.findings.warn(place, what, "give an agent these skills, or lower what is needed");
                } else if before.as_ref().is_some_and(|before| lets_nobody_in(before, &able)) {
                    let what = format!(
                        "{} lets nobody in who could not take the call before",
                        quoted(&needs.to_string())
                    );
                    check.findings.warn(place, what, "ask for less, or take the step out");
                }
            }
            before = Some(able);
        }
    }
}

/// Whether no step brings anybody for any combination of values.
fn lets_nobody_in(before: &[BTreeSet<usize>], able: &[BTreeSet<usize>]) -> bool {
    before.iter().zip(able).all(|(before, able)| able.is_subset(before))
}

/// The kinds of agents who meet a requirement.
pub(crate) fn who(needs: &Requirement, kinds: &BTreeSet<&BTreeMap<String, u8>>) -> BTreeSet<usize> {
    let met = kinds.iter().enumerate().filter(|(_, skills)| needs.is_met_by(skills));
    met.map(|(kind, _)| kind).collect()
}

/// A skill that nobody has and that differs by a slip from one that somebody has; whether there is one.
fn warn_of_slip(needs: &Requirement, skills: &BTreeSet<&str>, place: &Place, check: &mut Check<'_>) -> bool {
    let unknown = needs.skills().into_iter().filter(|skill| !skills.contains(skill));
    let slip =
        unknown.filter_map(|skill| Some((skill, suggest::nearest(skill, skills.iter().copied())?))).next();
    if let Some((skill, near)) = slip {
        let what = format!("no agent has the skill {}", quoted(skill));
        check.findings.warn(place, what, format!("did you mean {near:?}?"));
    }
    slip.is_some()
}
