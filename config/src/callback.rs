//! Reads how callers of a queue are called back: over which rules for numbers outside, at which key, how often.

use crate::{
    duration::Span,
    finding::Place,
    model::CallbackWay,
    name, suggest,
    table::{Check, Table, Typed, Wrong, quoted},
};
use acd::{callback::CallbackPlan, target::dialable};

/// Bounds and defaults, in milliseconds.
const PAUSE: Span = Span::ms(10_000, 86_400_000, 600_000);
const RING: Span = Span::ms(5_000, 300_000, 30_000);
const STANDS: Span = Span::ms(60_000, 604_800_000, 86_400_000);
/// How often a customer is called: least, most, default.
const ATTEMPTS: (u32, u32, u32) = (1, 10, 3);
/// Requests that stand at once, and that come about in an hour: least, most, default.
const MOST: (u32, u32, u32) = (1, 10_000, 500);
const HOURLY: (u32, u32, u32) = (1, 10_000, 200);

/// Callbacks of a queue as typed.
pub(crate) struct CallbackRead {
    pub plan: CallbackPlan,
    pub way: CallbackWay,
    /// Where each rule is named.
    rules: Vec<Place>,
}

/// `callback` and what belongs to it; none where nobody is called back.
pub(crate) fn callback(table: &mut Table<'_>, check: &mut Check<'_>) -> Option<CallbackRead> {
    let attempts = table.whole("callback_attempts", ATTEMPTS.2, (ATTEMPTS.0, ATTEMPTS.1), check);
    let pause = table.duration("callback_pause", PAUSE, check).value;
    let ring = table.duration("callback_ring", RING, check).value;
    let stands = table.duration("callback_stands", STANDS, check).value;
    let most = table.whole("callback_most", MOST.2, (MOST.0, MOST.1), check);
    let hourly = table.whole("callback_hourly", HOURLY.2, (HOURLY.0, HOURLY.1), check);
    let key = table.read("callback_key", key, check).map(|key| key.value);
    let from = table.read("callback_from", number, check).map(|from| from.value);
    let place = table.place_of("callback");
    let typed = table.texts("callback", check)?;
    if typed.is_empty() {
        let way_out =
            "name rules of [[outside]] that allow the numbers, such as [\"mobile\"], or take it out";
        check.findings.problem(&place, "allows no number to be called back", way_out);
    }
    let named = |rule: &Typed<&str>| rule.read(name::name, check);
    let (rules, places) = typed.iter().filter_map(named).map(|rule| (rule.value, rule.place)).unzip();
    let plan = CallbackPlan { attempts, pause, ring, stands };
    Some(CallbackRead { plan, way: CallbackWay { rules, key, from, most, hourly }, rules: places })
}

/// Every rule has to be there.
pub(crate) fn check<'a>(
    queues: impl Iterator<Item = &'a CallbackRead>,
    outside: &[&str],
    check: &mut Check<'_>,
) {
    for read in queues {
        let named = read.way.rules.iter().zip(&read.rules);
        for (rule, place) in named.filter(|(rule, _)| !outside.contains(&rule.as_str())) {
            let what = format!("there is no [[outside]] {}", quoted(rule));
            check.findings.problem(place, what, suggest::way_out(rule, outside.iter().copied()));
        }
    }
}

fn key(text: &str) -> Result<char, Wrong> {
    let mut all = text.chars();
    match (all.next(), all.next()) {
        (Some(key), None) if key.is_ascii_digit() || key == '*' || key == '#' => Ok(key),
        _ => Err(Wrong::new(format!("{} is no key", quoted(text)), "choose one of 0 to 9, * and #")),
    }
}

fn number(text: &str) -> Result<String, Wrong> {
    let way_out = "write it like \"1500\" or \"+62215550100\"";
    dialable(text).ok_or_else(|| Wrong::new(format!("{} is no number", quoted(text)), way_out))
}
