//! Reads what the brain routes by: queues and entries.

use crate::{
    announce, audio, call_limit, callback,
    duration::{self, Span, shown},
    finding::Place,
    limits::{self, LimitsRead},
    model::{Announce, CallLimit},
    name, ringing,
    steps::{self, StepRead},
    table::{Check, Table, Typed, Wrong, quoted},
    uri,
};
use acd::{
    Requirement, Treatment,
    plan::{EntryHours, EntryPlan, QueuePlan, Strategy, Then},
    routing::ExtendPlan,
    skill::SkillError,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Bounds and defaults of a queue's times, in milliseconds.
pub(crate) const ANSWER_WITHIN: Span = Span::ms(1_000, 3_600_000, 20_000);
const SHORT: Span = Span::ms(0, 60_000, 5_000);
const MAX_WAIT: Span = Span::ms(1_000, 86_400_000, 600_000);
const RING: Span = Span::ms(1_000, 300_000, 15_000);
/// Never zero: a dead phone would be rung again without a pause.
const RONA_PAUSE: Span = Span::ms(100, 3_600_000, 10_000);
const WRAP_UP: Span = Span::ms(0, 14_400_000, 10_000);
/// By how much a wrap-up is made longer at once, and how long it may become.
const EXTEND: Span = Span::ms(1_000, 3_600_000, 30_000);
const WRAP_UP_MAX: Span = Span::ms(1_000, 86_400_000, 600_000);
const POP_BUDGET: Span = Span::ms(0, 5_000, 40);
/// Bounds and default of an entry's priority.
const PRIORITY: (u32, u32, u32) = (1, 10, 5);
/// The queue of a file that names none.
pub(crate) const ONLY_QUEUE: &str = "main";

const STRATEGIES: [(&str, Strategy); 11] = [
    ("longest-idle", Strategy::LongestIdle),
    ("least-occupied", Strategy::LeastOccupied),
    ("fewest-calls", Strategy::FewestCalls),
    ("most-skilled", Strategy::MostSkilled),
    ("least-skilled", Strategy::LeastSkilled),
    ("round-robin", Strategy::RoundRobin),
    ("top-down", Strategy::TopDown),
    ("weighted", Strategy::Weighted),
    ("fastest", Strategy::Fastest),
    ("ring-all", Strategy::RingAll),
    ("progressive", Strategy::Progressive),
];
const TREATMENTS: [(&str, Treatment); 3] =
    [("music", Treatment::Music), ("ringing", Treatment::Ringing), ("early-media", Treatment::EarlyMedia)];

/// A queue as typed.
pub(crate) struct QueueRead {
    pub plan: QueuePlan,
    pub steps: Vec<StepRead>,
    pub name: Place,
    pub needs: Place,
    pub then: Place,
    pub answer_within: Place,
    pub ring: Place,
    pub pop_budget: Place,
    pub prefer: Place,
    /// Music of its own.
    pub music: Option<PathBuf>,
    pub announce: Announce,
    pub callback: Option<callback::CallbackRead>,
    pub limits: LimitsRead,
    /// Where `max_wait` was typed, if it was.
    pub max_wait: Option<Place>,
}

/// An entry as typed.
pub(crate) struct EntryRead {
    pub plan: EntryPlan,
    pub limit: CallLimit,
    pub number: Place,
    pub queue: Place,
    pub hours: Place,
    pub closed: Place,
    pub priority: Place,
}

/// Every `[[queue]]`; without one, a queue that everybody serves.
pub(crate) fn queues(root: &mut Table<'_>, clips: Option<&Path>, check: &mut Check<'_>) -> Vec<QueueRead> {
    let given = root.has("queue");
    let tables = root.tables("queue", "name", check);
    if !given {
        let name = Typed { value: ONLY_QUEUE.to_owned(), place: root.place_of("queue") };
        return vec![queue(name, Table::absent(root.place_of("queue"), "[[queue]]"), clips, check)];
    }
    let named = tables.into_iter().map(|mut table| {
        let name = crate::needed_name(&mut table, "name", name::name, "name the queue", check);
        queue(name, table, clips, check)
    });
    named.collect()
}

fn queue(
    name: Typed<String>,
    mut table: Table<'_>,
    clips: Option<&Path>,
    check: &mut Check<'_>,
) -> QueueRead {
    let needs = table.read("needs", requirement, check);
    let strategy = table.choice("strategy", &STRATEGIES, Strategy::LongestIdle, check);
    let treatment = table.choice("treatment", &TREATMENTS, Treatment::Music, check);
    let answer_within = table.duration("answer_within", ANSWER_WITHIN, check);
    let short = table.duration("short", SHORT, check);
    let max_wait = table.duration("max_wait", MAX_WAIT, check);
    let then = table.read("then", then, check);
    let ring = table.duration("ring", RING, check);
    let (ring_most, ring_next) = ringing::several(&mut table, (strategy, ring.value), check);
    let rona_pause = table.duration("rona_pause", RONA_PAUSE, check);
    let wrap_up = table.duration("wrap_up", WRAP_UP, check);
    let pop_budget = table.duration("pop_budget", POP_BUDGET, check);
    let steps = steps::steps(&mut table, check);
    let callback = callback::callback(&mut table, check);
    let key = callback.as_ref().and_then(|read| read.way.key);
    let limits = limits::limits(&mut table, check);
    let read = QueueRead {
        plan: QueuePlan {
            name: name.value,
            needs: needs.map_or_else(Requirement::anybody, |needs| needs.value),
            strategy,
            treatment,
            answer_within: answer_within.value,
            short: short.value,
            max_wait: max_wait.value,
            then: then.map_or(Then::Refuse, |then| then.value),
            ring: ring.value,
            rona_pause: rona_pause.value,
            wrap_up: wrap_up.value,
            pop_budget: pop_budget.value,
            steps: steps.iter().map(|step| step.plan.clone()).collect(),
            prefer: steps::prefer(&mut table, check),
            keep_place: steps::keep_place(&mut table, check),
            callback: callback.as_ref().map(|read| read.plan),
            limits: limits.limits.clone(),
            ring_most,
            ring_next,
            extend: extend(&mut table, wrap_up.value, check),
        },
        limits,
        steps,
        name: name.place,
        needs: table.place_of("needs"),
        then: table.place_of("then"),
        answer_within: answer_within.place,
        ring: ring.place,
        pop_budget: pop_budget.place,
        prefer: table.place_of("prefer_last_agent"),
        music: audio::wav(&mut table, "music", check),
        announce: announce::announce(&mut table, clips, key, check),
        callback,
        max_wait: table.has("max_wait").then_some(max_wait.place),
    };
    table.close(check);
    read
}

/// `wrap_up_extend` and `wrap_up_max` of a queue.
fn extend(table: &mut Table<'_>, wrap_up: Duration, check: &mut Check<'_>) -> Option<ExtendPlan> {
    let by = duration::if_any(table, "wrap_up_extend", EXTEND, check);
    let typed = table.has("wrap_up_max");
    let most = table.duration("wrap_up_max", WRAP_UP_MAX, check);
    if typed && most.value < wrap_up {
        let what = format!("\"{}\" is shorter than wrap_up", shown(most.value));
        check.findings.problem(&most.place, what, format!("choose {} or more", shown(wrap_up)));
    }
    by.map(|by| ExtendPlan { by, most: most.value.max(wrap_up) })
}

pub(crate) fn requirement(text: &str) -> Result<Requirement, Wrong> {
    text.parse().map_err(|error: SkillError| {
        let spot = spot(text, &error).map_or_else(String::new, |column| format!(" (character {column})"));
        let way_out = match error {
            SkillError::Expected { .. } => "write it like \"billing >= 3 and not (trainee or temp)\"",
            SkillError::Level { .. } => "compare with 0 to 10",
            SkillError::TooLarge => "split the queue",
        };
        Wrong::new(format!("{} cannot be read: {error}{spot}", quoted(text)), way_out)
    })
}

/// Which character of `text` an error speaks of, from 1.
fn spot(text: &str, error: &SkillError) -> Option<usize> {
    let at = match error {
        SkillError::Expected { at, .. } => at,
        SkillError::Level { level } => level,
        SkillError::TooLarge => return None,
    };
    // The error quotes the rest of the text, so what ends the text is meant before what stands earlier.
    let trimmed = text.trim_end();
    let start =
        if trimmed.ends_with(at.as_str()) { trimmed.len() - at.len() } else { text.find(at.as_str())? };
    Some(text.get(..start)?.chars().count() + 1)
}

pub(crate) fn then(text: &str) -> Result<Then, Wrong> {
    match text.split_once(':') {
        None if text == "refuse" => Ok(Then::Refuse),
        Some(("queue", name)) if !name.is_empty() => Ok(Then::Queue(name.to_owned())),
        None | Some(_) => {
            let way_out = match text.strip_prefix("queue") {
                None if name::name(text).is_ok() && crate::suggest::nearest(text, ["refuse"]).is_none() => {
                    format!("choose \"refuse\", or \"queue:{text}\" if a queue is meant")
                }
                None | Some(_) => "choose \"refuse\" or \"queue:NAME\"".to_owned(),
            };
            Err(Wrong::new(format!("{} is unknown", quoted(text)), way_out))
        }
    }
}

/// Every `[[entry]]`; without one, every number leads to the first queue.
pub(crate) fn entries(root: &mut Table<'_>, queues: &[QueueRead], check: &mut Check<'_>) -> Vec<EntryRead> {
    let given = root.has("entry");
    let tables = root.tables("entry", "number", check);
    let only = || queues.first().map(|queue| queue.plan.name.clone()).unwrap_or_default();
    if given {
        let default = (queues.len() == 1).then(only);
        return tables.into_iter().map(|table| entry(table, default.as_deref(), check)).collect();
    }
    let priority = u8::try_from(PRIORITY.2).unwrap_or(u8::MAX);
    let plan = EntryPlan { number: "*".to_owned(), queue: only(), priority, hours: None };
    let (limit, place) = (CallLimit::default(), root.place_of("entry"));
    let [number, queue, priority, hours, closed] = std::array::from_fn(|_| place.clone());
    vec![EntryRead { plan, limit, number, queue, priority, hours, closed }]
}

fn entry(mut table: Table<'_>, only_queue: Option<&str>, check: &mut Check<'_>) -> EntryRead {
    let typed =
        table.needed_text("number", "write the number that callers dial, or \"*\" for the rest", check);
    if let Some(typed) = &typed {
        let _checked = typed.read(number, check);
    }
    let queue = match only_queue {
        Some(only) => table.text("queue", check).map_or(only, |queue| queue.value),
        None => {
            table.needed_text("queue", "name the queue it leads to", check).map_or("", |queue| queue.value)
        }
    };
    let priority = table.whole("priority", PRIORITY.2, (PRIORITY.0, PRIORITY.1), check);
    let limit = call_limit::call_limit(&mut table, check);
    let plan = EntryPlan {
        number: typed.map_or("", |number| number.value).to_owned(),
        queue: queue.to_owned(),
        priority: u8::try_from(priority).unwrap_or(u8::MAX),
        hours: hours(&mut table, check),
    };
    let [number, queue, priority, hours, closed] =
        ["number", "queue", "priority", "hours", "closed"].map(|key| table.place_of(key));
    let read = EntryRead { plan, limit, number, queue, priority, hours, closed };
    table.close(check);
    read
}

/// `hours` and `closed` of an entry.
fn hours(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<EntryHours> {
    let closed = table.read("closed", then, check).map_or(Then::Refuse, |then| then.value);
    let name = table.text("hours", check).map(|name| name.value.to_owned());
    if table.has("closed") && !table.has("hours") {
        let place = table.place_of("closed");
        check.findings.problem(
            &place,
            "is for an entry that goes by hours",
            "name them as hours, or take it out",
        );
    }
    name.map(|name| EntryHours { name, closed })
}

fn number(text: &str) -> Result<(), Wrong> {
    if text.len() <= name::MAX_NAME && (uri::is_user(text) || text.contains('#') && text.len() > 1) {
        return Ok(());
    }
    let way_out = "write the user part of the Request-URI alone: digits, letters, + and -, without spaces";
    Err(Wrong::new(format!("{} cannot be dialled", quoted(text)), way_out))
}
