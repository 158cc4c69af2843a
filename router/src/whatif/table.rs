//! What came of it, for a planner: side by side on a screen, as CSV, as JSON.

use super::{Compared, Outcome, Range, tally::NAMES};
use crate::{http::stamp, why::words::clock};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// Which of the measures are shares, shown as per cent.
fn is_share(name: &str) -> bool {
    name == "sl_exclude_short" || name.ends_with("_ratio")
}

/// A table for each queue, and what was assumed.
#[must_use]
pub fn text(outcome: &Outcome, zone: &TimeZone, other: &str) -> String {
    let (from, to) = outcome.period;
    let mut text = format!(
        "{} to {}, {} seeds. Means over the seeds, and between what they lay; the difference is taken seed by seed.\n",
        clock(from, zone),
        clock(to, zone),
        outcome.seeds
    );
    for compared in &outcome.queues {
        text.push_str(&format!(
            "\n{:<18}{:>12}  {:>26}  {:>26}  {:>26}\n",
            compared.queue, "recorded", "rules of then", other, "difference"
        ));
        for (which, name) in NAMES.iter().enumerate() {
            let recorded = compared.recorded[which].map_or_else(dash, |value| shown(name, value));
            let [same, others, difference] =
                [compared.same[which], compared.other[which], compared.difference[which]]
                    .map(|range| range.map_or_else(dash, |range| spread(name, range)));
            text.push_str(&format!("{name:<18}{recorded:>12}  {same:>26}  {others:>26}  {difference:>26}\n"));
        }
    }
    text.push_str("\nAssumed:\n");
    outcome.assumed.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    text
}

fn dash() -> String {
    "–".to_owned()
}

fn shown(name: &str, value: f64) -> String {
    match name {
        _ if is_share(name) => format!("{:.1} %", value * 100.0),
        _ if name.ends_with("_s") => format!("{value:.1} s"),
        _ => format!("{value:.1}").trim_end_matches(".0").to_owned(),
    }
}

fn spread(name: &str, range: Range) -> String {
    let (mean, low, high) = (shown(name, range.mean), shown(name, range.low), shown(name, range.high));
    if low == high { mean } else { format!("{mean} ({} to {})", bare(&low), bare(&high)) }
}

/// Without its unit.
fn bare(text: &str) -> &str {
    text.split(' ').next().unwrap_or(text)
}

/// A line for each queue and measure.
///
/// # Errors
/// When a row cannot be written.
pub fn csv(outcome: &Outcome) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let sides = ["same", "other", "difference"];
    let ends = ["mean", "low", "high"];
    let columns = sides.iter().flat_map(|side| ends.iter().map(move |end| format!("{side}_{end}")));
    writer.write_record(["queue", "measure", "recorded"].map(str::to_owned).into_iter().chain(columns))?;
    for compared in &outcome.queues {
        for (which, name) in NAMES.iter().enumerate() {
            let ranges = [compared.same[which], compared.other[which], compared.difference[which]];
            let ends = ranges.into_iter().flat_map(|range| {
                [range.map(|range| range.mean), range.map(|range| range.low), range.map(|range| range.high)]
            });
            let values = [compared.recorded[which]].into_iter().chain(ends);
            let values = values.map(|value| value.map_or_else(String::new, |value| format!("{value:.6}")));
            let head = [safe(&compared.queue), (*name).to_owned()];
            writer.write_record(head.into_iter().chain(values))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A name that no spreadsheet takes for a formula.
fn safe(name: &str) -> String {
    let formula = name.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    if formula { format!("'{name}") } else { name.to_owned() }
}

/// One object.
#[must_use]
pub fn json(outcome: &Outcome, zone: &TimeZone) -> Value {
    let (from, to) = outcome.period;
    let queue = |compared: &Compared| {
        let measures = NAMES.iter().enumerate().map(|(which, name)| {
            let value = json!({
                "recorded": compared.recorded[which],
                "same": compared.same[which],
                "other": compared.other[which],
                "difference": compared.difference[which],
            });
            ((*name).to_owned(), value)
        });
        json!({ "queue": compared.queue, "measures": measures.collect::<Map<String, Value>>() })
    };
    json!({
        "from": stamp(from, zone),
        "to": stamp(to, zone),
        "seeds": outcome.seeds,
        "queues": outcome.queues.iter().map(queue).collect::<Vec<_>>(),
        "assumed": outcome.assumed,
    })
}
