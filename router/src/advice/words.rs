//! The answers of `sambung suggest` for a reader. Writing to a string cannot fail, so nothing is asked about that.

use std::{fmt::Write as _, path::Path};
use suggest::evaluate::{Comparison, Evaluation, Score, Split};
use suggest::value::{CallPriority, Class, Driver, Standing};
use suggest::{Cents, Counts, Model, Reason, Suggestion};

/// What is shown of a customer.
pub(super) struct Shown<'a> {
    pub customer: &'a str,
    pub standing: Standing,
    pub priority: Option<CallPriority>,
    pub likely_next: Vec<Suggestion>,
    pub fits_with: Vec<Suggestion>,
}

/// What has come of training.
pub(super) fn trained(model: &Model, path: &Path, bytes: usize) -> String {
    let (customers, products) = model.size();
    let last = model.last_day().map_or_else(String::new, |day| format!(", up to {day}"));
    let mut text =
        format!("{}: {customers} customers, {products} products{last}; {}\n", path.display(), size(bytes));
    text.push_str(&counts(&model.counts()));
    text.push('\n');
    text
}

fn size(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// What lines are, those that there are some of.
pub(super) fn counts(counts: &Counts) -> String {
    let named = [
        (counts.bought, "bought"),
        (counts.returned, "returned"),
        (counts.no_customer, "without a customer"),
        (counts.not_goods, "no goods"),
        (counts.free, "free"),
        (counts.correction, "corrections"),
        (counts.too_old, "too old"),
        (counts.future, "in the future"),
        (counts.no_room, "beyond the model's bounds"),
    ];
    let said = named.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}"));
    format!("lines: {}", said.collect::<Vec<_>>().join(", "))
}

impl Shown<'_> {
    pub fn text(&self) -> String {
        let mut text = format!("customer {}: {}\n", self.customer, standing(&self.standing));
        let priority = match &self.priority {
            Some(priority) => format!("priority {} ({})", priority.priority, priority.reasons.join(", ")),
            None => "the priority of the entry that was called".to_owned(),
        };
        let _ = writeln!(text, "calls get {priority}");
        for (name, list) in [("likely next", &self.likely_next), ("fits with", &self.fits_with)] {
            let _ = writeln!(text, "\n{name}");
            for (place, one) in (1..).zip(list) {
                let why = one.reasons.iter().map(reason).collect::<Vec<_>>().join("; ");
                let _ = writeln!(text, "{place:>3}  {:<12} {:<36} {why}", one.item_id, one.name);
            }
        }
        text
    }
}

fn standing(of: &Standing) -> String {
    let class = match of.class {
        Class::Potential => "potential",
        Class::Ordinary => "ordinary",
        Class::NotPotential => "not potential",
    };
    let drivers = of.drivers.iter().map(driver).collect::<Vec<_>>().join(", ");
    format!(
        "{class}, {} points: {drivers}\nvalue {} = worth {} less {} to serve; {} came back",
        of.points,
        money(of.value_cents),
        money(of.worth_cents),
        money(of.cost_to_serve_cents),
        money(of.returned_cents)
    )
}

fn driver(of: &Driver) -> String {
    match of {
        Driver::Recency { days: None, points, .. } => format!("no contact ever ({points})"),
        Driver::Recency { days: Some(days), by_phone, points } => {
            let how = if *by_phone { "call" } else { "order" };
            format!("last contact {days} days ago by {how} ({points})")
        }
        Driver::Frequency { orders, points } => format!("{orders} days with an order ({points})"),
        Driver::Money { cents, points } => format!("{} spent ({points})", money(*cents)),
    }
}

fn money(cents: Cents) -> String {
    format!("{:.2}", cents as f64 / 100.0)
}

fn reason(of: &Reason) -> String {
    match of {
        Reason::Bought { times: 1, last } => format!("bought once, on {last}"),
        Reason::Bought { times, last } => format!("bought {times} times, last {last}"),
        Reason::GoesWith { item_id, name, customers } => {
            let what = if name.is_empty() { item_id } else { name };
            format!("goes with {what}, which they bought; {customers} customers have both")
        }
        Reason::Selling { place } => format!("sells well now, number {place} of all"),
        Reason::Popular { customers } => format!("{customers} customers have it"),
    }
}

/// The table for a sales planner.
pub(super) fn evaluated(split: Split, of: &Evaluation) -> String {
    let mut text = format!(
        "Learnt up to {}; tried on the first order of every known customer after it, up to {}.\n\n",
        split.trained_to, split.tested_to
    );
    let _ = writeln!(
        text,
        "{:<44}{:>7}  {:>9}  {:>17}  {:>8}",
        "of ten suggestions", "orders", "HR@10", "95 % between", "NDCG@10"
    );
    comparison(&mut text, "likely_next", "any product", &of.likely_next);
    comparison(&mut text, "fits_with", "products new to them", &of.fits_with);
    let value = &of.value;
    let _ = writeln!(
        text,
        "Of what {} known customers spent then ({}), the fifth of the highest value spent {:.1} %.",
        value.customers,
        money(value.revenue_cents),
        value.by_value * 100.0
    );
    let _ = writeln!(
        text,
        "The fifth that had spent most before: {:.1} %. Knowing the future: {:.1} %.",
        value.by_spending * 100.0,
        value.perfect * 100.0
    );
    text
}

fn comparison(text: &mut String, list: &str, what: &str, of: &Comparison) {
    row(text, &format!("{list} ({what})"), &of.list);
    row(text, "  the most popular products instead", &of.popularity);
    let bounds = format!("{:.2} and {:.2}", of.ratio_low, of.ratio_high);
    let _ =
        writeln!(text, "{:<44}{:>7}  {:>9.2}  {bounds:>17}\n", "  times as many orders hit", "", of.ratio);
}

fn row(text: &mut String, name: &str, of: &Score) {
    let hit = &of.hit;
    let bounds = format!("{:.1} and {:.1}", hit.low * 100.0, hit.high * 100.0);
    let share = format!("{:.1} %", hit.rate * 100.0);
    let _ = writeln!(text, "{name:<44}{:>7}  {share:>9}  {bounds:>17}  {:>8.3}", hit.of, of.ndcg);
}
